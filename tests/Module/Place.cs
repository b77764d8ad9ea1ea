using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RestrictedSender.Module.Tests;

/// <summary>Where things are: what is tested is what build.ps1 puts into out, or RESTRICTEDSENDER_OUT.</summary>
internal static class Place
{
    /// <summary>The repository.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The folder that build.ps1 builds into.</summary>
    public static string Out { get; } =
        Environment.GetEnvironmentVariable("RESTRICTEDSENDER_OUT") ?? Path.Combine(Root, "out");

    /// <summary>The folder of the module.</summary>
    public static string Module { get; } = Path.Combine(Out, "RestrictedSender");

    public static string Manifest { get; } = Path.Combine(Module, "RestrictedSender.psd1");

    public static string Assembly { get; } = Path.Combine(Module, "RestrictedSender.dll");

    /// <summary>The native library within a module folder.</summary>
    public static string LibraryIn(string module) => Path.Combine(module, Platform, "restricted_sender" + LibraryEnd);

    /// <summary>The practice tenant's program.</summary>
    public static string Sandbox { get; } =
        Path.Combine(Out, "bin", "restricted-sender-sandbox" + (OperatingSystem.IsWindows() ? ".exe" : ""));

    /// <summary>How the shell is started, for what needs a process of its own; beside a runtime it is a program.</summary>
    public static ProcessStartInfo Shell(string script) =>
        File.Exists(Path.Combine(AppContext.BaseDirectory, "hostfxr.dll"))
            ? new(Path.Combine(AppContext.BaseDirectory, "Shell.exe"), [script])
            : new("dotnet", [Path.Combine(AppContext.BaseDirectory, "Shell.dll"), script]);

    /// <summary>Where the journals of these tests are.</summary>
    public static string Journals { get; } = Directory.CreateTempSubdirectory("RestrictedSender-tests-").FullName;

    private static string Platform =>
        (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")
        + "-" + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    private static string LibraryEnd =>
        OperatingSystem.IsWindows() ? ".dll" : OperatingSystem.IsMacOS() ? ".dylib" : ".so";

    private static string FindRoot([CallerFilePath] string here = "")
    {
        var folder = new FileInfo(here).Directory;
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Cargo.toml")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException($"No Cargo.toml above {here}.");
    }
}
