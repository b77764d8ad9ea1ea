using System.Diagnostics;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using RestrictedSender.PowerShell;
using static RestrictedSender.Bench.Figures;

namespace RestrictedSender.Bench;

/// <summary>
/// A million rows of the message trace through the pipeline of the engine, against all limits; beside a cmdlet that only
/// reads the same properties.
/// </summary>
internal static class TracePipeline
{
    private const int Rows = 1_000_000, PerMessage = 4, Rounds = 3;

    internal static void Run()
    {
        var state = InitialSessionState.CreateDefault2();
        state.Commands.Add(new SessionStateCmdletEntry("Measure-OutboundSending", typeof(MeasureOutboundSendingCommand), null));
        state.Commands.Add(new SessionStateCmdletEntry("Read-Trace", typeof(ReadTraceCommand), null));
        using var runspace = RunspaceFactory.CreateRunspace(state);
        runspace.Open();
        runspace.SessionStateProxy.SetVariable("rows", Objects());
        const string our = "$rows | Measure-OutboundSending -AcceptedDomain contoso.com -Summary", peer = "$rows | Read-Trace";
        List<double> ours = [], peers = [];
        for (var round = -1; round < Rounds; round++)
        {
            var (ourTime, peerTime) = (Time(() => Through(our)), Time(() => Through(peer)));
            if (round < 0)
                continue;
            ours.Add(ourTime);
            peers.Add(peerTime);
        }
        Tell("a million rows through the pipeline", $"{Median(ours):N0} ms");
        Tell("a cmdlet that reads the same properties", $"{Median(peers):N0} ms");
        Tell("times as long as that cmdlet", $"{Median(ours) / Median(peers):N2} (wanted: at most 1.5)");

        void Through(string script)
        {
            using var shell = System.Management.Automation.PowerShell.Create(runspace);
            var found = shell.AddScript(script).Invoke().Single();
            var count = found.BaseObject is OutboundSendingSummary summary ? summary.RecipientCount : (long)found.BaseObject;
            if (count != Rows || shell.HadErrors)
                throw new InvalidOperationException($"{count} rows instead of {Rows}: {shell.Streams.Error.FirstOrDefault()}");
        }
    }

    /// <summary>As the module of Exchange returns them.</summary>
    private static PSObject[] Objects()
    {
        var end = new DateTime(2026, 11, 28, 12, 0, 0, DateTimeKind.Utc);
        var rows = new PSObject[Rows];
        for (var row = 0; row < rows.Length; row++)
        {
            var message = row / PerMessage;
            var one = rows[row] = new PSObject();
            foreach (var (name, value) in new (string, object?)[]
            {
                ("MessageTraceId", new Guid(message, 7, 11, new byte[8])), ("MessageId", $"<{message:x}.message@contoso.com>"),
                ("Received", end.AddMilliseconds(-message * 864)), ("SenderAddress", $"sender{message % 2000}@contoso.com"),
                ("RecipientAddress", $"customer{row}@customer{row % 200}.example"), ("Subject", "Your order"),
                ("Status", "Delivered"), ("FromIP", "203.0.113.25"), ("ToIP", null), ("Size", 18_000),
            })
                one.Properties.Add(new PSNoteProperty(name, value));
        }
        return rows;
    }

    private static double Time(Action work)
    {
        GC.Collect();
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalMilliseconds;
    }
}
