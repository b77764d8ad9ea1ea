using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security.Cryptography;
using RestrictedSender.PowerShell.Native;

namespace RestrictedSender.PowerShell;

/// <summary>
/// What every cmdlet does: start an operation, push what comes in, turn what it says into PowerShell's streams. A
/// cmdlet itself names its parameters and its objects, nothing else.
/// </summary>
public abstract class OperationCmdlet : PSCmdlet, IDisposable
{
    private readonly List<Running> _running = [];
    private volatile bool _stopping;
    private int _progressId;

    /// <summary>An operation under way, the session it belongs to, and the connection that it works on.</summary>
    private protected sealed class Running(
        Operation operation, Session? session, RestrictedSenderConnection? connection, ExchangeSession? exchange)
    {
        internal Operation Operation { get; } = operation;

        internal Session? Session { get; } = session;

        internal RestrictedSenderConnection? Connection { get; } = connection;

        /// <summary>Where the library lets cmdlets of Exchange run, where it has no way of its own.</summary>
        internal ExchangeSession? Exchange { get; } = exchange;
    }

    /// <summary>Makes the object of a row.</summary>
    private protected abstract object Read(Row row, RestrictedSenderConnection? connection);

    /// <summary>Starts an operation; without a connection the library says how to connect.</summary>
    private protected Running Start(RestrictedSenderConnection? connection, string name, Action<Operation> bind) =>
        Start(connection?.Session, connection, connection?.Exchange, name, bind);

    /// <summary>Starts an operation on a session that is not a connection yet.</summary>
    private protected Running StartOn(
        Session session, string name, Action<Operation> bind, ExchangeSession? exchange = null) =>
        Start(session, null, exchange, name, bind);

    /// <summary>Starts an operation that works without a connection. It keeps what it needs of its session.</summary>
    private protected Running StartAlone(string name, Action<Operation> bind)
    {
        try
        {
            var session = new Session();
            try
            {
                return StartOn(session, name, bind);
            }
            finally
            {
                session.Close();
            }
        }
        catch (RestrictedSenderException error)
        {
            ThrowTerminatingError(error.ToErrorRecord());
            throw;
        }
    }

    private Running Start(
        Session? session,
        RestrictedSenderConnection? connection,
        ExchangeSession? exchange,
        string name,
        Action<Operation> bind)
    {
        try
        {
            var running = new Running(new Operation(session, name), session, connection, exchange);
            _running.Add(running);
            bind(running.Operation);
            running.Operation.Start();
            return running;
        }
        catch (RestrictedSenderException error)
        {
            ThrowTerminatingError(error.ToErrorRecord(connection));
            throw;
        }
    }

    /// <summary>The connections to work on: those given, else the runspace's default, else none.</summary>
    private protected IReadOnlyList<RestrictedSenderConnection?> Chosen(RestrictedSenderConnection[]? given) =>
        given is { Length: > 0 } ? given : new[] { Default() };

    /// <summary>
    /// The runspace's default connection. Without one, the Exchange session that the admin has opened is used, and named
    /// before anything is done in it.
    /// </summary>
    private protected RestrictedSenderConnection? Default()
    {
        var connections = Connections.Here;
        if (connections.Default is { IsAutomatic: true } ended && !ended.Exchange!.IsOpen(this))
            connections.Close(ended);
        return connections.Default ?? (ExchangeSession.IsAnyOpen(this) ? Through() : null);
    }

    private RestrictedSenderConnection Through()
    {
        try
        {
            using var shell = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
            shell.AddCommand(new CmdletInfo("Connect-RestrictedSender", typeof(ConnectRestrictedSenderCommand)));
            var connection = shell.Invoke<RestrictedSenderConnection>().Single();
            connection.IsAutomatic = true;
            WriteWarning($"Using the Exchange session of this PowerShell: {connection.Organization}, {connection.Account}.");
            return connection;
        }
        catch (CmdletInvocationException error)
        {
            ThrowTerminatingError(error.ErrorRecord);
            throw;
        }
    }

    /// <summary>Pushes one item and handles all that the operation says to it.</summary>
    private protected void Push(Running running, Action<Operation> bind)
    {
        if (!_running.Contains(running))
            return;
        try
        {
            bind(running.Operation);
            running.Operation.Push();
        }
        catch (RestrictedSenderException error)
        {
            Fail(running, error);
        }
        Handle(running);
    }

    /// <summary>Ends the input of every operation and handles all that is still to come.</summary>
    private protected void Finish()
    {
        foreach (var running in _running.ToArray())
        {
            running.Operation.Finish();
            Handle(running);
        }
    }

    /// <summary>Ctrl-C, or the end of the pipeline: from another thread.</summary>
    protected override void StopProcessing()
    {
        _stopping = true;
        foreach (var running in _running.ToArray())
            running.Operation.Cancel();
    }

    /// <summary>Ends what is under way; the engine calls it also for a pipeline that was abandoned.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends what is under way.</summary>
    /// <param name="disposing">Whether it is called by <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        foreach (var running in _running)
            running.Operation.Dispose();
        _running.Clear();
    }

    /// <summary>Steps until the operation wants input or is done.</summary>
    private void Handle(Running running)
    {
        var operation = running.Operation;
        while (_running.Contains(running))
        {
            if (_stopping)
                operation.Cancel();
            switch (Step(running))
            {
                case Status.Row:
                    Write(operation.Rows(), running.Connection);
                    break;
                case Status.Progress:
                    ShowProgress(operation.Row());
                    break;
                case Status.Message:
                    Tell(operation.Row());
                    break;
                case Status.Request:
                    Serve(running);
                    break;
                case Status.Done:
                    End(running);
                    break;
                case Status.Input:
                    return;
            }
        }
    }

    private void Write(Rows rows, RestrictedSenderConnection? connection)
    {
        for (var index = 0L; index < rows.Count; index++)
            WriteObject(Read(rows[index], connection));
    }

    private Status Step(Running running)
    {
        try
        {
            return running.Operation.Step();
        }
        catch (RestrictedSenderException error)
        {
            Fail(running, error);
            return Status.Failed;
        }
    }

    /// <summary>
    /// An operation has failed: with one operation that ends the cmdlet, with several (one for each connection) the
    /// others go on.
    /// </summary>
    private void Fail(Running running, RestrictedSenderException error)
    {
        var alone = _running.Count == 1;
        End(running);
        if (_stopping)
            throw new PipelineStoppedException();
        if (alone)
            ThrowTerminatingError(error.ToErrorRecord(running.Connection));
        WriteError(error.ToErrorRecord(running.Connection));
    }

    private void End(Running running)
    {
        _running.Remove(running);
        running.Operation.Dispose();
        if (_progressId != 0)
            WriteProgress(new ProgressRecord(_progressId, " ", " ") { RecordType = ProgressRecordType.Completed });
        _progressId = 0;
    }

    private void Tell(Row row)
    {
        if (row.Type == RowType.Error)
        {
            WriteError(new RestrictedSenderException(new ErrorInfo(row)).ToErrorRecord());
            return;
        }
        row.Expect(RowType.Message);
        var isWarning = row.Integer() == 1;
        var text = row.Text()!;
        if (isWarning)
            WriteWarning(text);
        else
            WriteVerbose(text);
    }

    private void ShowProgress(Row row)
    {
        row.Expect(RowType.Progress);
        _progressId = 1;
        var record = new ProgressRecord(_progressId, row.Text()!, row.Text()!);
        if (row.Integer() is { } percent)
            record.PercentComplete = (int)percent;
        WriteProgress(record);
    }

    /// <summary>Does for the library what only the host of the session can do.</summary>
    private void Serve(Running running)
    {
        var operation = running.Operation;
        var row = operation.Row();
        if (row.Type == RowType.Cmdlet)
        {
            running.Exchange!.Serve(this, operation);
            return;
        }
        var whyNot = row.Type switch
        {
            RowType.Proxy => Bind("Proxy", SystemProxy.For(row.Text()!)),
            RowType.Sign => Sign(running, row),
            RowType.EnvironmentVariable => Bind("Value", Environment.GetEnvironmentVariable(row.Text()!)),
            RowType.Browse => SystemBrowser.Open(row.Text()!),
            _ => Confirm(operation, row),
        };
        if (whyNot is null)
            operation.Answer();
        else
            operation.Refuse(whyNot);

        string? Bind(string name, string? value)
        {
            operation.Bind(name, value);
            return null;
        }
    }

    /// <summary>Binds a signature by the certificate of the session, or tells why there is none.</summary>
    private static string? Sign(Running running, Row row)
    {
        var (algorithm, input) = (row.Text()!, row.Text()!);
        if (running.Session?.Certificate is not { } certificate)
            return "the connection has no certificate";
        try
        {
            running.Operation.Bind("Signature", certificate.Sign(algorithm, input));
            return null;
        }
        catch (Exception error) when (error is CryptographicException or ObjectDisposedException)
        {
            return error.Message;
        }
    }

    /// <summary>Binds whether a change may be made, or tells why nobody can be asked.</summary>
    private string? Confirm(Operation operation, Row row)
    {
        row.Expect(RowType.Confirm);
        var (caption, description, question) = (row.Text()!, row.Text()!, row.Text()!);
        try
        {
            operation.Bind("Confirmed", ShouldProcess(description, question, caption));
            return null;
        }
        catch (Exception error) when (error is HostException or PSInvalidOperationException)
        {
            // Nobody is there to ask: the library says what that means for the operation.
            return error.Message;
        }
    }
}
