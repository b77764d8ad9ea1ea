using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace RestrictedSender.Shell;

/// <summary>Runs one script or one command in the PowerShell engine, for machines without pwsh.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        // The engine reports loaded modules to its maker unless told otherwise.
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");
        SpeakEnglishByDefault();
        try
        {
            return Run(Arguments.Parse(args));
        }
        catch (UsageException e)
        {
            Console.Error.WriteLine(e.Message);
            return UsageException.ExitCode;
        }
    }

    /// <summary>
    /// Where the system names no language, the engine would break the lines of tables inside words. Without language
    /// data there is nothing to choose.
    /// </summary>
    private static void SpeakEnglishByDefault()
    {
        var noLanguages = AppContext.TryGetSwitch("System.Globalization.Invariant", out var invariant) && invariant;
        if (CultureInfo.CurrentCulture.Equals(CultureInfo.InvariantCulture) && !noLanguages)
            CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = CultureInfo.GetCultureInfo("en-US");
    }

    private static int Run(Arguments arguments)
    {
        using var stop = new StopSignals();
        var host = new ShellHost(arguments.NonInteractive, stop.Token);
        if (!host.Terminal.Colors)
            PSStyle.Instance.OutputRendering = OutputRendering.PlainText;

        using var runspace = RunspaceFactory.CreateRunspace(host, Session());
        runspace.Open();
        Runspace.DefaultRunspace = runspace;

        var exitCode = new ScriptRun(host, runspace, stop).Run(arguments);
        host.Terminal.ClearProgress();
        return exitCode;
    }

    private static InitialSessionState Session()
    {
        // CreateDefault wants the assemblies of the full product, which the engine's package does not have.
        var session = InitialSessionState.CreateDefault2();
        session.ThreadOptions = PSThreadOptions.ReuseThread;
        if (OperatingSystem.IsWindows())
            session.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.Bypass;
        return session;
    }
}
