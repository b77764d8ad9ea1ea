using System.Diagnostics;
using System.Globalization;
using DuckDB.NET.Data;
using RestrictedSender.PowerShell;
using RestrictedSender.PowerShell.Native;
using static RestrictedSender.Bench.Figures;

namespace RestrictedSender.Bench;

/// <summary>
/// A trace of ten million rows, as Export-Csv writes it, through all limits; against DuckDB with two threads, which
/// computes a rolling count of 24 hours for each sender and nothing else.
/// </summary>
internal static class Trace
{
    private const int Rows = 10_000_000, Senders = 20_000, PerMessage = 4, Rounds = 3;

    internal static void Run()
    {
        var folder = Directory.CreateTempSubdirectory("RestrictedSender-bench-");
        try
        {
            var file = Path.Combine(folder.FullName, "trace.csv");
            Generate(file);
            Measure(file);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Measure(string file)
    {
        var before = Anonymous();
        var peak = 0L;
        using (new Timer(_ => peak = Math.Max(peak, Anonymous()), null, 0, 5))
            Ours(file);
        Peer(file);
        List<double> ours = [], peers = [];
        for (var round = 0; round < Rounds; round++)
        {
            ours.Add(Time(() => Ours(file)));
            peers.Add(Time(() => Peer(file)));
        }
        var (our, peer) = (Median(ours), Median(peers));
        Tell("ten million rows against every limit", $"{our:N0} ms");
        Tell("DuckDB, two threads, a rolling count of 24 hours", $"{peer:N0} ms");
        Tell("times as fast as DuckDB", $"{peer / our:N1} (wanted: at least 4)");
        Tell("size of the file", $"{new FileInfo(file).Length >> 20} MB");
        Tell("peak of anonymous memory, above that before", $"{(peak - before) >> 20} MB (wanted: at most 500)");
        Tell("for each million rows", $"{((peak - before) >> 20) / (Rows / 1_000_000.0):N1} MB");
    }

    private static void Ours(string file)
    {
        var session = new Session();
        using var operation = new Operation(session, "measure-outbound-sending");
        operation.Bind("Source", "Files");
        operation.Add("Path", [file]);
        operation.Add("AcceptedDomain", ["contoso.com"]);
        operation.Start();
        long senders = 0, recipients = 0;
        for (var status = operation.Step(); status != Status.Done; status = operation.Step())
        {
            if (status != Status.Row)
                continue;
            var rows = operation.Rows();
            for (var index = 0L; index < rows.Count; index++, senders++)
                recipients += new OutboundSending(rows[index]).RecipientCount;
        }
        session.Close();
        Expect(senders, recipients);
    }

    private static void Peer(string file)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:;threads=2");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            WITH rolling AS (
                SELECT SenderAddress, count(*) OVER (
                    PARTITION BY SenderAddress ORDER BY Received
                    RANGE BETWEEN INTERVAL 24 HOURS PRECEDING AND CURRENT ROW) AS recipients
                FROM read_csv('{file}', header = true, quote = '"', escape = '"', columns = {Columns}))
            SELECT count(*), sum(n)::BIGINT FROM (SELECT SenderAddress, count(*) AS n, max(recipients) FROM rolling GROUP BY ALL)
            """;
        using var reader = command.ExecuteReader();
        reader.Read();
        Expect(Convert.ToInt64(reader.GetValue(0), CultureInfo.InvariantCulture), Convert.ToInt64(reader.GetValue(1), CultureInfo.InvariantCulture));
    }

    private const string Columns = """
        {'MessageTraceId': 'VARCHAR', 'MessageId': 'VARCHAR', 'Received': 'TIMESTAMP', 'SenderAddress': 'VARCHAR',
         'RecipientAddress': 'VARCHAR', 'Subject': 'VARCHAR', 'Status': 'VARCHAR', 'FromIP': 'VARCHAR', 'ToIP': 'VARCHAR', 'Size': 'BIGINT'}
        """;

    private static void Expect(long senders, long recipients)
    {
        if ((senders, recipients) != (Senders, Rows))
            throw new InvalidOperationException($"{senders} senders with {recipients} recipients instead of {Senders} with {Rows}.");
    }

    /// <summary>Ten days, newest first, as Get-MessageTraceV2 shows them.</summary>
    private static void Generate(string path)
    {
        var end = new DateTime(2026, 11, 28, 12, 0, 0, DateTimeKind.Utc);
        var random = new Random(1);
        using var file = new StreamWriter(path, append: false, new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 1 << 20);
        file.NewLine = "\r\n";
        file.WriteLine("\"MessageTraceId\",\"MessageId\",\"Received\",\"SenderAddress\",\"RecipientAddress\",\"Subject\",\"Status\",\"FromIP\",\"ToIP\",\"Size\"");
        for (var row = 0; row < Rows; row += PerMessage)
        {
            var id = new Guid(row, 7, 11, BitConverter.GetBytes(random.NextInt64()));
            var received = end.AddMilliseconds(-row * 86.4).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            // Everybody once, then a few much more often than others.
            var sender = row < Senders * PerMessage ? row / PerMessage : (int)(Senders * Math.Pow(random.NextDouble(), 3));
            for (var recipient = 0; recipient < PerMessage; recipient++)
                file.Write($"\"{id}\",\"<{row:x}.message@contoso.com>\",\"{received}\",\"sender{sender}@contoso.com\",\"customer{random.Next(1_000_000)}@customer{random.Next(2000)}.example\",\"Your order, no. {row}\",\"Delivered\",\"203.0.113.25\",\"198.51.100.40\",\"18{row % 1000:000}\"\r\n");
        }
    }

    /// <summary>Memory of this process that no file is behind, in bytes.</summary>
    private static long Anonymous()
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private static double Time(Action work)
    {
        GC.Collect();
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalMilliseconds;
    }
}
