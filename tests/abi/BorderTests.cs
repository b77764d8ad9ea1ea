using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit;

namespace RestrictedSender.Abi.Tests;

/// <summary>
/// Compiles border.c with the machine's C compiler against the packaged library and the committed header, and runs it.
/// </summary>
public sealed class BorderTests : IDisposable
{
    private static readonly string Root = FindRoot();
    private readonly string _folder = Directory.CreateTempSubdirectory("border-").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [NeedsFact("cc")]
    public void A_C_host_is_served_and_none_of_its_mistakes_hurts()
    {
        var (exit, output) = Run(Compile());
        Assert.True(exit == 0, output);
        Assert.Matches(@"\d+ checks, 0 failed", output);
        Assert.DoesNotContain("panicked", output);
    }

    [NeedsFact("cc", "valgrind")]
    public void Valgrind_sees_no_error_and_no_leak()
    {
        var (exit, output) = Valgrind();
        Assert.True(exit == 0, output);
        Assert.Matches(@"\d+ checks, 0 failed", output);
    }

    [NeedsFact("cc", "valgrind")]
    public void Valgrind_would_see_a_leak() => Assert.Contains("definitely lost", FailingValgrind("leak"));

    [NeedsFact("cc", "valgrind")]
    public void Valgrind_would_see_a_use_after_close() =>
        Assert.Contains("Invalid read", FailingValgrind("use-after-close"));

    [SanitizedFact]
    public void The_address_sanitizer_sees_no_error_and_no_leak()
    {
        var (exit, output) = Run(CompileSanitized());
        Assert.True(exit == 0, output);
        Assert.Matches(@"\d+ checks, 0 failed", output);
    }

    [SanitizedTheory]
    [InlineData("use-after-close", "heap-use-after-free")]
    [InlineData("leak", "LeakSanitizer: detected memory leaks")]
    public void The_address_sanitizer_is_on_in_the_library_and_sees_a_planted_defect(string defect, string finding)
    {
        var (_, symbols) = Run("nm", "-D", "--undefined-only", Sanitized!);
        Assert.Contains("__asan_report_load", symbols);
        var (exit, output) = Run(CompileSanitized(), defect);
        Assert.NotEqual(0, exit);
        Assert.Contains(finding, output);
    }

    private string FailingValgrind(string defect)
    {
        var (exit, output) = Valgrind(defect);
        Assert.Equal(9, exit);
        return output;
    }

    /// <summary>
    /// Looks for wrong reads and writes and for leaks. Not for values that were never set: valgrind does not follow all
    /// instructions of the cryptography's hand-written assembly and reports what that has set.
    /// </summary>
    private (int Exit, string Output) Valgrind(params string[] arguments) => Run("valgrind", [
        "--quiet", "--error-exitcode=9", "--undef-value-errors=no", "--leak-check=full",
        "--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect",
        $"--suppressions={Root}/tests/abi/valgrind.supp", Compile(), .. arguments,
    ]);

    /// <summary>The library that build.ps1 has built with the address sanitizer, where the toolchain has one.</summary>
    private static string? Sanitized =>
        Environment.GetEnvironmentVariable("RESTRICTEDSENDER_SANITIZED") is { Length: > 0 } file ? file : null;

    private string CompileSanitized() => Compile(Sanitized!, "-fsanitize=address");

    private string Compile() => Compile(Packaged());

    /// <summary>This system's own: the one for Windows may lie beside it.</summary>
    private static string Packaged()
    {
        var system = OperatingSystem.IsMacOS() ? "osx" : "linux";
        var folder = $"{system}-{RuntimeInformation.OSArchitecture}".ToLowerInvariant();
        return Directory.GetFiles(Path.Combine(Root, "out", "RestrictedSender", folder), "restricted_sender.*").Single();
    }

    private string Compile(string library, params string[] more)
    {
        var program = Path.Combine(_folder, "border");
        var (exit, output) = Run("cc", [
            "-std=c11", "-Wall", "-Wextra", "-Werror", "-g", $"-I{Root}/rust/abi/include", $"{Root}/tests/abi/border.c",
            "-o", program, "-pthread", $"-L{Path.GetDirectoryName(library)}", $"-l:{Path.GetFileName(library)}",
            $"-Wl,-rpath,{Path.GetDirectoryName(library)}", .. more,
        ]);
        Assert.True(exit == 0, output);
        return program;
    }

    private static (int Exit, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Cargo.toml")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The repository was not found.");
        return folder;
    }

    /// <summary>A test that is skipped, saying so, where the machine lacks a program that it needs.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class NeedsFactAttribute : FactAttribute
    {
        public NeedsFactAttribute(params string[] programs)
        {
            var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
            var missing = programs.Where(program => !folders.Any(folder => File.Exists(Path.Combine(folder, program)))).ToArray();
            if (missing.Length > 0)
                Skip = $"needs {string.Join(" and ", missing)}";
        }
    }

    private const string NotSanitized = "needs ./build.ps1 Test, and a toolchain with the address sanitizer";

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SanitizedFactAttribute : FactAttribute
    {
        public SanitizedFactAttribute() => Skip = Sanitized is null ? NotSanitized : null;
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SanitizedTheoryAttribute : TheoryAttribute
    {
        public SanitizedTheoryAttribute() => Skip = Sanitized is null ? NotSanitized : null;
    }
}
