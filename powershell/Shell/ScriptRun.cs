using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;

namespace RestrictedSender.Shell;

/// <summary>One run of what the command line names, with the exit code that <c>pwsh</c> would give it.</summary>
internal sealed class ScriptRun(ShellHost host, Runspace runspace, StopSignals stop)
{
    private const int Failed = 1;
    private const string ExitAsLastStatement = "\nif (-not $?) { exit 1 }";

    /// <summary>Runs to the end, to the first uncaught error, or until a signal stops it.</summary>
    public int Run(Arguments arguments)
    {
        using var pipeline = PowerShell.Create(runspace);
        using var stopping = stop.OnStop(() => pipeline.BeginStop(null, null));
        var failed = false;
        try
        {
            Fill(pipeline, arguments);
            pipeline.Invoke();
        }
        catch (PipelineStoppedException)
        {
            failed = true;
        }
        catch (RuntimeException e)
        {
            failed = true;
            if (!stop.Requested)
                Show(e);
        }

        if (stop.Requested)
            return stop.ExitCode;
        if (host.ExitCode is { } exitCode)
            return exitCode;
        return failed ? Failed : 0;
    }

    private void Fill(PowerShell pipeline, Arguments arguments)
    {
        if (arguments.Command != null)
            pipeline.AddScript(arguments.Command + ExitAsLastStatement);
        else
            pipeline.AddCommand(DefineScript(arguments.ScriptPath));
        foreach (var parameter in arguments.ScriptParameters)
            pipeline.Commands.Commands[0].Parameters.Add(parameter);
        // Formatted output and errors in the order in which they happen.
        pipeline.Commands.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        pipeline.AddCommand("Out-Default");
    }

    /// <summary>
    /// Makes the script a function: the engine tells its host of an <c>exit</c> in a function, but keeps one in a script
    /// file to itself, where only $LASTEXITCODE shows it, as it does that of any native command.
    /// </summary>
    private string DefineScript(string path)
    {
        var script = Parser.ParseFile(path, out _, out var errors);
        if (errors.Length > 0)
            throw new ParseException(errors);
        var name = Path.GetFileName(path);
        runspace.SessionStateProxy.InvokeProvider.Item.Set($"Function:{name}", script.GetScriptBlock());
        return name;
    }

    /// <summary>An uncaught error has left the pipeline already, so its record is formatted by another one.</summary>
    private void Show(RuntimeException error)
    {
        using var pipeline = PowerShell.Create(runspace);
        pipeline.AddCommand("Out-Default");
        host.Terminal.OutputIsError = true;
        try
        {
            pipeline.Invoke(new ArrayList { error.ErrorRecord });
        }
        finally
        {
            host.Terminal.OutputIsError = false;
        }
    }
}
