using System.Runtime.InteropServices;

namespace RestrictedSender.Shell;

/// <summary>Ctrl-C, SIGTERM and SIGHUP end the pipeline and what it started, and then the shell, whatever hangs.</summary>
internal sealed class StopSignals : IDisposable
{
    private const int ExitCodeBase = 128;
    private static readonly TimeSpan PipelineGrace = TimeSpan.FromSeconds(10);
    private readonly CancellationTokenSource _requested = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _lock = new();

    /// <summary>Listens from now on.</summary>
    public StopSignals()
    {
        Listen(PosixSignal.SIGINT, 2);
        Listen(PosixSignal.SIGTERM, 15);
        Listen(PosixSignal.SIGHUP, 1);
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _requested.Token;

    /// <summary>A signal has come.</summary>
    public bool Requested => _requested.IsCancellationRequested;

    /// <summary>128 and the number of the signal, as shells have it.</summary>
    public int ExitCode { get; private set; }

    /// <summary>Calls back when a signal comes, or at once if one has come already.</summary>
    public IDisposable OnStop(Action stop) => Token.Register(stop);

    /// <inheritdoc/>
    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private void Listen(PosixSignal signal, int number) =>
        _registrations.Add(PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true; // The runtime would end the process before the script's finally blocks.
            Stop(ExitCodeBase + number);
        }));

    private void Stop(int exitCode)
    {
        lock (_lock)
        {
            if (Requested)
                return;
            ExitCode = exitCode;
            _requested.Cancel();
        }

        // Not on the runtime's signal thread, which has more signals to deliver.
        _ = Task.Run(async () =>
        {
            await ChildProcesses.TerminateAsync();
            await Task.Delay(PipelineGrace);
            Environment.Exit(exitCode);
        });
    }
}
