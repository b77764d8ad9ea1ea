using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;

namespace RestrictedSender.Module.Tests;

/// <summary>What a script left in each stream. Thrown is the terminating error that ended it.</summary>
internal sealed record Outcome(
    IReadOnlyList<PSObject> Output,
    IReadOnlyList<ErrorRecord> Errors,
    ErrorRecord? Thrown,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<string> Verbose,
    IReadOnlyList<ProgressRecord> Progress)
{
    /// <summary>The output of a script that neither failed nor complained.</summary>
    public IReadOnlyList<PSObject> Good
    {
        get
        {
            Assert.Null(Thrown);
            Assert.Empty(Errors);
            return Output;
        }
    }

    /// <summary>The only object of such a script.</summary>
    public PSObject One => Assert.Single(Good);

    /// <summary>The only error, terminating or not.</summary>
    public ErrorRecord Error => Assert.Single(Thrown is null ? Errors : [.. Errors, Thrown]);
}

/// <summary>A runspace of the real engine with the module imported from out, as an admin's session has it.</summary>
internal sealed class Engine : IDisposable
{
    /// <summary>Nothing takes so long; what does, hangs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private static int _open;

    private readonly Runspace _runspace;

    public Engine(bool withHost = true)
    {
        // The journal of whoever runs the tests is theirs.
        Environment.SetEnvironmentVariable("RESTRICTEDSENDER_JOURNAL", Place.Journals);
        // Not CreateDefault: that one wants the modules that come with pwsh.
        var state = InitialSessionState.CreateDefault2();
        state.ThrowOnRunspaceOpenError = true;
        // As on an admin's machine; without a policy Windows runs no script and reads no view.
        if (OperatingSystem.IsWindows())
            state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.RemoteSigned;
        state.Commands.Add(new SessionStateCmdletEntry("Select-First", typeof(SelectFirstCommand), null));
        state.Commands.Add(new SessionStateCmdletEntry("Format-List", typeof(FormatListCommand), null));
        state.ImportPSModule([Place.Manifest]);
        _runspace = withHost ? RunspaceFactory.CreateRunspace(Host, state) : RunspaceFactory.CreateRunspace(state);
        _runspace.Open();
        Interlocked.Increment(ref _open);
    }

    public RecordingHost Host { get; } = new();

    /// <summary>A variable of the session.</summary>
    public object? this[string name]
    {
        get => _runspace.SessionStateProxy.GetVariable(name);
        set => _runspace.SessionStateProxy.SetVariable(name, value);
    }

    /// <summary>Runs a script to its end; hanging is a failure.</summary>
    public Outcome Run(string script)
    {
        // A terminating error at the top of a script would land among the others, and the next statement would run.
        this["Thrown"] = null;
        using var shell = Prepare($"try {{\n{script}\n}} catch {{ $Thrown = $_ }}");
        var output = new PSDataCollection<PSObject>();
        var running = shell.BeginInvoke<PSObject, PSObject>(null, output);
        if (!running.AsyncWaitHandle.WaitOne(Limit))
        {
            shell.BeginStop(null, null);
            Assert.Fail($"Hangs: {script}");
        }
        shell.EndInvoke(running);
        return new Outcome(
            [.. output],
            [.. shell.Streams.Error],
            this["Thrown"] is PSObject wrapped ? (ErrorRecord)wrapped.BaseObject : (ErrorRecord?)this["Thrown"],
            [.. shell.Streams.Warning.Select(warning => warning.Message)],
            [.. shell.Streams.Verbose.Select(verbose => verbose.Message)],
            [.. shell.Streams.Progress]);
    }

    /// <summary>A script that the test starts and stops by itself.</summary>
    public System.Management.Automation.PowerShell Prepare(string script)
    {
        var shell = System.Management.Automation.PowerShell.Create(_runspace);
        shell.AddScript(script);
        return shell;
    }

    /// <summary>Connects to a practice tenant of its own, whose time stands still.</summary>
    public (PSObject Connection, Tenant Tenant) Connect(string more = "")
    {
        var made = Run($"Connect-RestrictedSender -Sandbox -TimeScale 0 -WarningAction SilentlyContinue {more}");
        var connection = Assert.Single(made.Good);
        return (connection, new Tenant(connection.Text("PracticeUri")));
    }

    /// <summary>Ends the runspace as hosts do: without disconnecting.</summary>
    public void Close()
    {
        _runspace.Dispose();
        Interlocked.Decrement(ref _open);
    }

    public void Dispose()
    {
        Run("Disconnect-RestrictedSender");
        Close();
        if (_open == 0)
            NativeHost.ExpectNothingOpen();
    }
}

/// <summary>An engine that is connected to a practice tenant of its own.</summary>
public abstract class Connected : IDisposable
{
    private protected Connected(string more = "") => (Connection, Tenant) = Engine.Connect(more);

    private protected Engine Engine { get; } = new();

    private protected PSObject Connection { get; }

    private protected Tenant Tenant { get; }

    private protected Outcome Run(string script) => Engine.Run(script);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        Engine.Dispose();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Reading objects by the names that admins use.</summary>
internal static class Reading
{
    public static object? Value(this PSObject? row, string name)
    {
        Assert.NotNull(row);
        var property = row.Properties[name];
        Assert.True(property is not null, $"no property {name}");
        return property.Value is PSObject wrapped ? wrapped.BaseObject : property.Value;
    }

    public static string Text(this PSObject? row, string name) => row.Value(name)?.ToString() ?? "";

    public static IEnumerable<string> Texts(this IEnumerable<PSObject> rows, string name) =>
        rows.Select(row => row.Text(name));

    /// <summary>The stable part of an error's id, for example <c>RS4001.NotListed</c>.</summary>
    public static string Id(this ErrorRecord? error) => error?.FullyQualifiedErrorId.Split(',')[0] ?? "no error";
}

/// <summary>Ends the pipeline after the first object, by what <c>Select-Object -First 1</c> throws.</summary>
[Cmdlet(VerbsCommon.Select, "First")]
public sealed class SelectFirstCommand : PSCmdlet
{
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        WriteObject(InputObject);
        const string internalException = "System.Management.Automation.StopUpstreamCommandsException";
        var type = typeof(PSCmdlet).Assembly.GetType(internalException, throwOnError: true)!;
        throw (Exception)Activator.CreateInstance(type, this)!;
    }
}

/// <summary>Shows objects by the list view of their type, as the cmdlet of that name; the bare engine has none.</summary>
[Cmdlet(VerbsCommon.Format, "List")]
public sealed class FormatListCommand : Microsoft.PowerShell.Commands.Internal.Format.OuterFormatTableAndListBase
{
    public FormatListCommand()
    {
        const string parts = "Microsoft.PowerShell.Commands.Internal.Format.";
        const BindingFlags hidden = BindingFlags.Instance | BindingFlags.NonPublic;
        var assembly = typeof(PSCmdlet).Assembly;
        var list = Enum.Parse(assembly.GetType(parts + "FormatShape", throwOnError: true)!, "List");
        var type = assembly.GetType(parts + "InnerFormatShapeCommand", throwOnError: true)!;
        assembly.GetType(parts + "FrontEndCommandBase", throwOnError: true)!.GetField("implementation", hidden)!
            .SetValue(this, Activator.CreateInstance(type, hidden, null, [list], null));
    }
}
