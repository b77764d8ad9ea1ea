using System.Diagnostics;
using System.Runtime.InteropServices;

namespace RestrictedSender.Module.Tests;

/// <summary>Ctrl-C as it comes from a terminal, in a session of its own.</summary>
public sealed class ConsoleTests
{
    [Fact]
    public void Ctrl_C_ends_a_command_whose_request_hangs_and_runs_what_has_to_follow()
    {
        using var folder = new Folder();
        var start = Place.Shell(folder.Write("script.ps1", $$"""
            Import-Module '{{Place.Manifest}}'
            $connection = Connect-RestrictedSender -Sandbox -TimeScale 0 -WarningAction SilentlyContinue
            [Console]::WriteLine($connection.PracticeUri)
            [void] [Console]::ReadLine()
            try { Wait-RestrictedSender ceo@contoso.com } finally { [Console]::WriteLine('cleaned') }
            """));
        start.RedirectStandardInput = start.RedirectStandardOutput = true;
        // On Windows this gives it a console of its own, which is not shown: Ctrl-C goes to all processes of a console.
        start.CreateNoWindow = true;
        using var session = Process.Start(start)!;
        try
        {
            var tenant = new Tenant(session.StandardOutput.ReadLine()!);
            tenant.Fault("Get-BlockedSenderAddress", "hang");
            var before = tenant.Now;
            session.StandardInput.WriteLine();
            var limit = DateTime.UtcNow + Engine.Limit;
            while (tenant.Requests("Get-BlockedSenderAddress", before).Count == 0)
                Assert.True(DateTime.UtcNow < limit, "The list was never asked for.");
            PressCtrlC(session.Id);
            Assert.True(session.WaitForExit(Engine.Limit), "Ctrl-C did not end the session.");
            Assert.Equal("cleaned", session.StandardOutput.ReadToEnd().Trim());
            // 128 and the number of the signal, as shells have it.
            Assert.Equal(130, session.ExitCode);
        }
        finally
        {
            if (!session.HasExited)
                session.Kill(entireProcessTree: true);
        }
    }

    private static void PressCtrlC(int process)
    {
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(0, Kill(process, 2));
            return;
        }
        // Only a process of that console may press it, and is itself spared.
        FreeConsole();
        Assert.True(AttachConsole(process), Marshal.GetLastPInvokeErrorMessage());
        Assert.True(SetConsoleCtrlHandler(0, true), Marshal.GetLastPInvokeErrorMessage());
        Assert.True(GenerateConsoleCtrlEvent(0, 0), Marshal.GetLastPInvokeErrorMessage());
        FreeConsole();
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);

    [DllImport("kernel32", SetLastError = true)]
    private static extern bool FreeConsole();

    [DllImport("kernel32", SetLastError = true)]
    private static extern bool AttachConsole(int process);

    [DllImport("kernel32", SetLastError = true)]
    private static extern bool SetConsoleCtrlHandler(nint handler, bool add);

    [DllImport("kernel32", SetLastError = true)]
    private static extern bool GenerateConsoleCtrlEvent(int what, int group);
}
