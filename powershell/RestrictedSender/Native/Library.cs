using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Reflection;
using System.Runtime.InteropServices;

namespace RestrictedSender.PowerShell.Native;

/// <summary>Finds the native half of the module beside this assembly and makes sure that it is the right one.</summary>
internal static class Library
{
    /// <summary>The code of an unusable library: the one error that cannot come from the library.</summary>
    internal const string UnusableCode = "RS9004";

    /// <summary>The name that goes with <see cref="UnusableCode"/>.</summary>
    internal const string UnusableName = "LibraryUnusable";

    /// <summary>The code of a second copy of the module, which only the module itself can see.</summary>
    internal const string SecondCopyCode = "RS9005";

    /// <summary>The name that goes with <see cref="SecondCopyCode"/>.</summary>
    internal const string SecondCopyName = "SecondCopy";

    private const string Remedy =
        "Install the module again, for this operating system and processor, and start a new PowerShell session.";

    private static readonly Lazy<ErrorInfo?> Problem = new(Check);

    /// <summary>Throws a clear error unless the library is there and of this module's version.</summary>
    internal static void Require()
    {
        if (Problem.Value is { } problem)
            throw new RestrictedSenderException(problem);
    }

    /// <summary>
    /// Throws a clear error when another copy of the module was imported than the one that runs: PowerShell keeps the
    /// first assembly of a name and takes it, without a word, for every further copy.
    /// </summary>
    /// <param name="modules">The modules of this name that the session has imported.</param>
    internal static void RequireOneCopy(IEnumerable<PSModuleInfo> modules)
    {
        var other = modules.Select(module => module.ModuleBase)
            .FirstOrDefault(folder => !Normal(folder).Equals(Normal(Folder), StringComparison.OrdinalIgnoreCase));
        if (other is null)
            return;
        throw new RestrictedSenderException(new ErrorInfo
        {
            Code = SecondCopyCode,
            Name = SecondCopyName,
            Category = ErrorCategory.InvalidOperation,
            Message = $"This session runs the copy of RestrictedSender in {Folder}; the one in {other} was imported "
                + "besides and cannot run here.",
            RecommendedAction = "Start a new PowerShell session and import the copy that you want there.",
        });
    }

    private static string Folder => Path.GetDirectoryName(typeof(Library).Assembly.Location) ?? ".";

    private static string Normal(string folder) =>
        Path.GetFullPath(folder).TrimEnd(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar);

    private static ErrorInfo? Check()
    {
        var file = FullPath(Folder);
        try
        {
            if (IsLoadedByFullPath(RuntimeInformation.FrameworkDescription))
                Interop.LoadByFullPath(file);
            var found = Interop.Version();
            var wanted = typeof(Library).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
                ?.InformationalVersion.Split('+')[0];
            return found == wanted
                ? null
                : Unusable($"The native library {file} is of version {found}, the module of version {wanted}.");
        }
        catch (DllNotFoundException) when (!File.Exists(file))
        {
            return Unusable($"The native library {file} is missing.");
        }
        catch (DllNotFoundException error)
        {
            return Unusable($"The native library {file} is damaged or not for this processor: {error.Message}");
        }
        catch (BadImageFormatException error)
        {
            return Unusable($"The native library {file} is not for this processor: {error.Message}");
        }
        catch (EntryPointNotFoundException error)
        {
            return Unusable($"The native library {file} is of another version: {error.Message}");
        }
    }

    private static ErrorInfo Unusable(string message) => new()
    {
        Code = UnusableCode,
        Name = UnusableName,
        Category = ErrorCategory.NotInstalled,
        Message = message,
        RecommendedAction = Remedy,
    };

    /// <summary>
    /// Whether the module has to lead to its library, given what the runtime calls itself. PowerShell 7, on .NET (and
    /// .NET Core before it), finds it in the folder of the platform by itself; Windows PowerShell, on .NET Framework, does not.
    /// </summary>
    private static bool IsLoadedByFullPath(string framework) =>
        framework.StartsWith(".NET Framework ", StringComparison.Ordinal);

    /// <summary>Where the library of this platform lies, given the folder of the module.</summary>
    private static string FullPath(string folder)
    {
        var (os, extension) = RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? ("win", "dll")
            : RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? ("osx", "dylib")
            : ("linux", "so");
        var processor = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        return Path.Combine(folder, $"{os}-{processor}", $"{Interop.LibraryName}.{extension}");
    }
}
