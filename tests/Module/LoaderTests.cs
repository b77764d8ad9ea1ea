using System.Diagnostics;
using System.Reflection;

namespace RestrictedSender.Module.Tests;

/// <summary>A test of what only Windows, or what stands for it, has.</summary>
public sealed class WindowsFactAttribute : FactAttribute
{
    public WindowsFactAttribute() => Skip = OperatingSystem.IsWindows() ? null : "Only Windows has this.";
}

/// <summary>As <see cref="WindowsFactAttribute"/>, for a test with cases.</summary>
public sealed class WindowsTheoryAttribute : TheoryAttribute
{
    public WindowsTheoryAttribute() => Skip = OperatingSystem.IsWindows() ? null : "Only Windows has this.";
}

/// <summary>A test that needs the share of the system's drive, which Windows gives to its administrators.</summary>
public sealed class ShareFactAttribute : FactAttribute
{
    public ShareFactAttribute() => Skip = !OperatingSystem.IsWindows() ? "Only Windows has this."
        : Directory.Exists(@"\\localhost\C$\") ? null
        : @"\\localhost\C$ cannot be opened.";
}

/// <summary>How the module comes to its native half in Windows PowerShell 5.1, as far as that can be tried elsewhere.</summary>
public sealed class LoaderTests(HouseRulesTests.Imported imported) : IClassFixture<HouseRulesTests.Imported>
{
    [Theory]
    [InlineData(".NET Framework 4.7.3163.0", true)]
    [InlineData(".NET Framework 4.8.9310.0", true)]
    [InlineData(".NET Core 3.1.32", false)]
    [InlineData(".NET 8.0.22", false)]
    [InlineData(".NET 10.0.12", false)]
    public void Only_Windows_PowerShell_is_led_to_the_library(string framework, bool led) =>
        Assert.Equal(led, Call("Library", "IsLoadedByFullPath", framework));

    [WindowsTheory]
    [MemberData(nameof(Folders.Names), MemberType = typeof(Folders))]
    public void A_library_is_loaded_by_its_full_path_from_any_folder(string name)
    {
        var place = Directory.CreateTempSubdirectory("loader-tests-").FullName;
        var folder = Directory.CreateDirectory(Path.Combine(place, name)).FullName;
        // By another name, since the one of the module is loaded; it stays so, and the file with it.
        var file = Path.Combine(folder, $"copy-{Guid.NewGuid():N}.dll");
        File.Copy(Place.LibraryIn(Place.Module), file);
        Call("Interop", "LoadByFullPath", file);
        using var process = Process.GetCurrentProcess();
        Assert.Contains(process.Modules.Cast<ProcessModule>(), module => module.ModuleName == Path.GetFileName(file));
    }

    [WindowsFact]
    public void What_cannot_be_loaded_by_its_full_path_is_said_as_the_system_says_it()
    {
        var missing = Path.Combine(Place.Module, "missing.dll");
        var error = Assert.Throws<DllNotFoundException>(() => Call("Interop", "LoadByFullPath", missing));
        Assert.NotEmpty(error.Message);
    }

    [WindowsFact]
    public void The_library_says_what_it_is_and_of_which_version()
    {
        var library = FileVersionInfo.GetVersionInfo(Place.LibraryIn(Place.Module));
        Assert.Equal("RestrictedSender", library.ProductName);
        Assert.Equal(FileVersionInfo.GetVersionInfo(Place.Assembly).ProductVersion, library.ProductVersion);
        Assert.Equal("restricted_sender.dll", library.OriginalFilename);
    }

    private object? Call(string type, string method, string argument) =>
        imported.Type(type).GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!
            .Invoke(null, BindingFlags.DoNotWrapExceptions, null, [argument], null);
}

/// <summary>Names of folders that programs for Windows stumble over.</summary>
public static class Folders
{
    /// <summary>One by which every full path is longer than the 260 letters that Windows traditionally allows.</summary>
    private static readonly string Long = string.Join(Path.DirectorySeparatorChar, Enumerable.Repeat(new string('l', 50), 6));

    public static TheoryData<string> Names => ["plain", "Prüfung der Absender é", Long];
}
