namespace RestrictedSender.Shell.Tests;

/// <summary>A signal ends the pipeline, runs its finally blocks, and leaves no process behind.</summary>
public sealed class StopTests
{
    private const int Interrupt = 2;
    private const int Terminate = 15;

    [Theory]
    [InlineData(Interrupt, 130)]
    [InlineData(Terminate, 143)]
    public void ASignalStopsAPipeline(int signal, int exitCode)
    {
        using var shell = ShellProcess.Start("""
            try { [Console]::WriteLine('ready'); while ($true) { [Threading.Thread]::Sleep(10) } } finally { [Console]::WriteLine('cleaned') }
            """);
        Assert.Equal("ready", shell.ReadLine());
        shell.Signal(signal);
        var result = shell.Finish("");
        Assert.Equal((exitCode, "cleaned\n", ""), (result.ExitCode, result.Output, result.Error));
    }

    /// <summary>The child's own child is one of ours too; both hold the pipe that the end of output waits for.</summary>
    [Theory]
    [InlineData("sh -c 'echo ready; sleep 600; echo never'", Interrupt, 130)]
    [InlineData("sh -c 'echo ready; sleep 600; echo never'", Terminate, 143)]
    [InlineData("sh -c 'trap \"\" TERM; echo ready; while :; do sleep 1; done'", Terminate, 143)]
    public void ASignalEndsChildProcesses(string command, int signal, int exitCode)
    {
        using var shell = ShellProcess.Start(command + "; 'never'");
        Assert.Equal("ready", shell.ReadLine());
        shell.Signal(signal);
        var result = shell.Finish("");
        Assert.Equal((exitCode, ""), (result.ExitCode, result.Output));
    }

    [Fact]
    public void ASignalEndsAWaitForInput()
    {
        using var shell = ShellProcess.Start("""
            try { [Console]::WriteLine('ready'); $Host.UI.ReadLine() } finally { [Console]::WriteLine('cleaned') }
            """);
        Assert.Equal("ready", shell.ReadLine());
        shell.Signal(Terminate);
        Assert.Equal("cleaned", shell.ReadLine()); // Not merely ended by force.
        Assert.Equal(143, shell.WaitForExit());
    }
}
