using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RestrictedSender.PowerShell;
using RestrictedSender.PowerShell.Native;
using static RestrictedSender.Bench.Figures;

namespace RestrictedSender.Bench;

/// <summary>
/// The history of 100,000 records of an exported audit log as objects, against the least that anybody would have to do:
/// File.ReadLines and System.Text.Json's parse of AuditData, which puts nothing together.
/// </summary>
internal static class History
{
    private const int Records = 100_000, Senders = 5_000, Rounds = 5;

    internal static void Run()
    {
        var folder = Directory.CreateTempSubdirectory("RestrictedSender-bench-");
        try
        {
            var export = Path.Combine(folder.FullName, "audit.csv");
            Generate(export);
            Measure(export, folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Measure(string export, string journals)
    {
        var before = Peak();
        Expect(Ours(export, journals));
        var grown = Peak() - before;
        Expect(Peer(export));
        List<double> ourTimes = [], peerTimes = [];
        for (var round = 0; round < Rounds; round++)
        {
            ourTimes.Add(Time(() => Ours(export, journals)));
            peerTimes.Add(Time(() => Peer(export)));
        }
        var (our, peer) = (Median(ourTimes), Median(peerTimes));
        Tell("history of 100,000 records to objects", $"{our:N0} ms");
        Tell("File.ReadLines and JsonDocument.Parse, same file", $"{peer:N0} ms");
        Tell("time as a multiple of that", $"{our / peer:N2}");
        Tell("size of the file", $"{new FileInfo(export).Length >> 20} MB");
        Tell("growth of the peak working set by the first history", $"{grown >> 20} MB");
    }

    private static int Ours(string export, string journals)
    {
        var session = new Session();
        using var operation = new Operation(session, "get-restricted-sender-history");
        operation.Add("Path", [export]);
        operation.Bind("JournalPath", journals);
        operation.Start();
        var events = 0;
        while (operation.Step() == Status.Row)
        {
            var rows = operation.Rows();
            for (var index = 0L; index < rows.Count; index++)
            {
                if (new HistoryEvent(rows[index]).RestrictedSince is not null)
                    events++;
            }
        }
        session.Close();
        return events;
    }

    private static int Peer(string export)
    {
        var events = 0;
        foreach (var line in File.ReadLines(export).Skip(1))
        {
            var field = line.Substring(line.IndexOf(",\"", StringComparison.Ordinal) + 2).TrimEnd('"').Replace("\"\"", "\"");
            using var record = JsonDocument.Parse(field);
            if (record.RootElement.GetProperty("EventValue").GetString() is not null)
                events++;
        }
        return events;
    }

    /// <summary>Listings and releases in turn, newest first, as the portal exports them.</summary>
    private static void Generate(string export)
    {
        var end = new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc);
        using var file = new StreamWriter(export, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        file.WriteLine("RecordId,AuditData");
        for (var number = 0; number < Records; number++)
        {
            var listed = number / Senders % 2 == 1;
            var record = JsonSerializer.Serialize(new
            {
                CreationTime = end.AddMinutes(-number).ToString("s", CultureInfo.InvariantCulture),
                Id = new Guid(number, 0, 0, new byte[8]),
                Operation = "HygieneTenantEvents",
                OrganizationId = Guid.Empty,
                RecordType = 51,
                UserType = 4,
                Version = 1,
                Workload = "Exchange",
                UserId = "Tenant",
                Event = listed ? "Listed" : "Delisted",
                EventId = 11,
                EventValue = $"sender{number % Senders}@contoso.com",
                Reason = listed ? "OutboundSpamLast24Hours=842;OutboundMailLast24Hours=1203;OutboundSpamPercent=70;" : "",
            });
            file.Write($"{number},\"");
            file.Write(record.Replace("\"", "\"\""));
            file.WriteLine('"');
        }
    }

    private static void Expect(int events)
    {
        if (events != Records)
            throw new InvalidOperationException($"{events} records instead of {Records}.");
    }

    private static double Time(Func<int> work)
    {
        var watch = Stopwatch.StartNew();
        Expect(work());
        return watch.Elapsed.TotalMilliseconds;
    }

    private static long Peak()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
