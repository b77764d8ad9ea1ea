using System.Diagnostics;
using System.Runtime.InteropServices;

namespace RestrictedSender.Shell.Tests;

/// <summary>What a run of the shell left behind.</summary>
public sealed record ShellResult(int ExitCode, string Output, string Error);

/// <summary>The shell as people start it: a real process with its own standard streams.</summary>
public sealed class ShellProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("shell-tests-");
    private readonly Process _process = new();

    private ShellProcess(string? script, string[] arguments, string[] before, (string Name, string Value)[] environment)
    {
        var start = _process.StartInfo;
        start.FileName = before.Length > 0 ? before[0] : "dotnet";
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var command = new List<string> { "dotnet", Path.Combine(AppContext.BaseDirectory, "Shell.dll") };
        if (script != null)
        {
            var path = Path.Combine(_folder.FullName, "script.ps1");
            File.WriteAllText(path, script);
            command.AddRange(arguments.TakeWhile(argument => argument == "-NonInteractive"));
            command.Add(path);
        }

        command.AddRange(script == null ? arguments : arguments.SkipWhile(argument => argument == "-NonInteractive"));
        foreach (var argument in before.Length > 0 ? [.. before[1..], string.Join(' ', command)] : command.Skip(1))
            start.ArgumentList.Add(argument);
        _process.Start();
    }

    /// <summary>Runs a script file to its end.</summary>
    public static ShellResult Run(string script, string[]? arguments = null, string input = "")
    {
        using var shell = new ShellProcess(script, arguments ?? [], [], []);
        return shell.Finish(input);
    }

    /// <summary>Runs a command line that names no script file of ours.</summary>
    public static ShellResult RunCommandLine(params string[] arguments)
    {
        using var shell = new ShellProcess(null, arguments, [], []);
        return shell.Finish("");
    }

    /// <summary>Runs a script with a pseudo-terminal for its streams.</summary>
    public static ShellResult RunOnTerminal(string script, params (string Name, string Value)[] environment)
    {
        // The same program by name, with other options.
        string[] terminal = OperatingSystem.IsMacOS() ? ["script", "-q", "/dev/null", "sh", "-c"] : ["script", "-qec"];
        using var shell = new ShellProcess(script, [], terminal, [("TERM", "xterm"), .. environment]);
        return shell.Finish("");
    }

    /// <summary>Starts a script and leaves it running.</summary>
    public static ShellProcess Start(string script) => new(script, [], [], []);

    /// <summary>The next line of output; what the script prints before it does what is to be stopped.</summary>
    public string ReadLine() => WithinLimit(_process.StandardOutput.ReadLineAsync()) ?? throw new EndOfStreamException();

    /// <summary>Sends a signal to the shell alone, as a service manager does.</summary>
    public void Signal(int number) => Assert.Equal(0, Kill(_process.Id, number));

    /// <summary>Waits for the end with standard input still open.</summary>
    public int WaitForExit()
    {
        WithinLimit(_process.WaitForExitAsync().ContinueWith(_ => true));
        return _process.ExitCode;
    }

    /// <summary>Gives the rest of the input, and waits for the end.</summary>
    public ShellResult Finish(string input)
    {
        _process.StandardInput.Write(input);
        _process.StandardInput.Close();
        var output = _process.StandardOutput.ReadToEndAsync();
        var error = _process.StandardError.ReadToEndAsync();
        WithinLimit(Task.WhenAll(output, error));
        return new ShellResult(WaitForExit(), output.Result.ReplaceLineEndings("\n"), error.Result.ReplaceLineEndings("\n"));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static T WithinLimit<T>(Task<T> task) => task.WaitAsync(Limit).GetAwaiter().GetResult();

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
