using System.Diagnostics;
using System.Management.Automation;
using System.Text;

namespace RestrictedSender.Module.Tests;

/// <summary>A native half that is missing or wrong. A process loads one copy, so each has its own process.</summary>
public sealed class LibraryTests
{
    [Theory]
    [InlineData("Get-RestrictedSender")]
    [InlineData("Unblock-RestrictedSender x@contoso.com -Confirm:$false")]
    public void A_missing_library_is_said_to_be_missing_and_where(string script)
    {
        var seen = InAProcess(File.Delete, script);
        Assert.Equal(("RS9004", "LibraryUnusable"), (seen.Code, seen.Name));
        Assert.Contains("restricted_sender", seen.Message);
        Assert.Contains("missing", seen.Message);
    }

    [Fact]
    public void What_is_no_library_is_refused()
    {
        var seen = InAProcess(file => File.WriteAllText(file, "not a library"), "Connect-RestrictedSender -Sandbox");
        Assert.Equal(("RS9004", "LibraryUnusable"), (seen.Code, seen.Name));
        Assert.Contains("damaged or not for this processor", seen.Message);
    }

    [Fact]
    public void A_library_for_another_processor_is_said_to_be_one()
    {
        var seen = InAProcess(MakeForeign, "Connect-RestrictedSender -Sandbox");
        Assert.Equal(("RS9004", "LibraryUnusable"), (seen.Code, seen.Name));
        Assert.Contains("not for this processor", seen.Message);
        Assert.Contains("processor", seen.Action);
    }

    [Fact]
    public void A_second_copy_of_the_module_is_refused_and_both_are_named()
    {
        var seen = WithASecondCopy();
        Assert.Equal(("RS9005", "SecondCopy"), (seen.Code, seen.Name));
        Assert.Contains(Place.Module, seen.Message);
        Assert.Contains("module-tests-", seen.Message);
    }

    [Fact]
    public void A_library_of_another_version_is_refused_and_both_versions_are_named()
    {
        var version = FileVersionInfo.GetVersionInfo(Place.Assembly).ProductVersion!.Split('+')[0];
        var other = new string([.. version.Select(letter => char.IsDigit(letter) ? '7' : letter)]);
        var seen = InAProcess(file => Replace(file, version, other), "Connect-RestrictedSender -Sandbox");
        Assert.Equal(("RS9004", "LibraryUnusable"), (seen.Code, seen.Name));
        Assert.Contains(version, seen.Message);
        Assert.Contains(other, seen.Message);
    }

    [Fact]
    public void A_library_elsewhere_on_the_search_path_is_no_substitute()
    {
        var seen = InAProcess(PutElsewhere, "Connect-RestrictedSender -Sandbox");
        Assert.Equal(("RS9004", "LibraryUnusable"), (seen.Code, seen.Name));
        Assert.Contains("missing", seen.Message);
    }

    [Theory]
    [MemberData(nameof(Folders.Names), MemberType = typeof(Folders))]
    public void A_module_works_from_any_folder(string name)
    {
        var folder = Directory.CreateTempSubdirectory("module-tests-");
        try
        {
            var module = Path.Combine(folder.FullName, name, "RestrictedSender");
            Copy(Place.Module, module);
            var output = RunScript(folder.FullName, $"""
                Import-Module '{module}/RestrictedSender.psd1'
                $null = Connect-RestrictedSender -Sandbox
                @(Get-RestrictedSender).Count
                """);
            Assert.Equal("11", output.Trim().Split('\n')[^1]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Letters_beyond_ASCII_leave_a_process_as_they_are()
    {
        using var folder = new Folder();
        var missing = Path.Combine(folder.Name, "Größe é");
        // In the script, through the library and back: a file name that an error repeats.
        var output = RunScript(folder.Name, $$"""
            Import-Module '{{Place.Manifest}}'
            'Prüfung é'
            try { Test-RestrictedSenderJournal '{{missing}}' -ErrorAction Stop } catch { $_.TargetObject }
            """);
        Assert.Equal(["Prüfung é", missing], output.Trim().Split('\n'));
    }

    internal static Seen WithoutTheLibrary() => InAProcess(File.Delete, "Connect-RestrictedSender -Sandbox");

    internal static Seen WithASecondCopy() =>
        InAProcess(_ => { }, "Connect-RestrictedSender -Sandbox", $"Import-Module '{Place.Manifest}'");

    /// <summary>The right library in the wrong place, under every name that a loader might look for.</summary>
    private static void PutElsewhere(string file)
    {
        var elsewhere = Directory.CreateDirectory(Elsewhere(Path.GetFullPath(Path.Combine(file, "../../..")))).FullName;
        foreach (var prefix in new[] { "", "lib" })
            File.Copy(file, Path.Combine(elsewhere, prefix + Path.GetFileName(file)));
        File.Delete(file);
    }

    /// <summary>A folder that every process here has on its search path for libraries.</summary>
    private static string Elsewhere(string folder) => Path.Combine(folder, "elsewhere");

    /// <summary>Runs a script on a spoilt copy of the module and returns its error.</summary>
    private static Seen InAProcess(Action<string> spoil, string script, string before = "")
    {
        var folder = Directory.CreateTempSubdirectory("module-tests-");
        try
        {
            var module = Path.Combine(folder.FullName, "RestrictedSender");
            Copy(Place.Module, module);
            spoil(Place.LibraryIn(module));
            var lines = RunScript(folder.FullName, $$"""
                {{before}}
                Import-Module '{{module}}/RestrictedSender.psd1'
                try { {{script}} } catch {
                    $_.FullyQualifiedErrorId.Split(',')[0]
                    [int] $_.CategoryInfo.Category
                    $_.ErrorDetails.RecommendedAction
                    $_.Exception.Message
                }
                """).Split('\n', 4);
            Assert.True(lines.Length == 4, string.Join('\n', lines));
            var id = lines[0].Split('.');
            return new Seen(id[0], id[1], (ErrorCategory)int.Parse(lines[1]), lines[3].Trim(), lines[2], null);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Runs a script in a process of its own and returns what it prints.</summary>
    private static string RunScript(string folder, string script)
    {
        var file = Path.Combine(folder, "script.ps1");
        File.WriteAllText(file, script);
        var start = Place.Shell(file);
        start.RedirectStandardOutput = true;
        var variable = OperatingSystem.IsWindows() ? "PATH" : OperatingSystem.IsMacOS() ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH";
        start.Environment[variable] = Elsewhere(folder) + Path.PathSeparator + Environment.GetEnvironmentVariable(variable);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd().ReplaceLineEndings("\n");
        process.WaitForExit();
        return output;
    }

    /// <summary>Gives a library the mark of another processor: in ELF, Mach-O or PE, whichever it is.</summary>
    private static void MakeForeign(string file)
    {
        var bytes = File.ReadAllBytes(file);
        var mark = bytes[0] switch
        {
            0x7f => 18,
            (byte)'M' => BitConverter.ToInt32(bytes, 0x3c) + 4,
            _ => 4,
        };
        // No such processor.
        (bytes[mark], bytes[mark + 1]) = (0x77, 0x77);
        File.WriteAllBytes(file, bytes);
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    /// <summary>Every occurrence of a text by another one of its length.</summary>
    private static void Replace(string file, string text, string other)
    {
        var bytes = File.ReadAllBytes(file).AsSpan();
        var (from, to) = (Encoding.ASCII.GetBytes(text), Encoding.ASCII.GetBytes(other));
        var rest = bytes;
        while (rest.IndexOf(from) is var index and >= 0)
        {
            to.CopyTo(rest[index..]);
            rest = rest[(index + to.Length)..];
        }
        File.WriteAllBytes(file, bytes);
    }
}
