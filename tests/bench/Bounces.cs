using System.Diagnostics;
using System.Text;
using MimeKit;
using RestrictedSender.PowerShell;
using RestrictedSender.PowerShell.Native;
using static RestrictedSender.Bench.Figures;

namespace RestrictedSender.Bench;

/// <summary>
/// Delivery reports of 4 KB to objects, classification and advice included, against MimeKit's parsing of the same
/// messages, which classifies nothing. Both on one core; then a folder of many files on all cores, with the memory.
/// </summary>
internal static class Bounces
{
    private const int Reports = 2_000, Rounds = 11, Files = 20_000;

    private static readonly string[] Replies =
    [
        "550 5.1.8 Access denied, bad outbound sender AS(42004)", "501 5.1.8 Sender address rejected",
        "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found", "550;5.7.711 Access denied, bad inbound connector. AS(2204).",
        "550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please visit the portal",
    ];

    internal static void Run()
    {
        var reports = Enumerable.Range(0, Reports).Select(number => Encoding.UTF8.GetBytes(Report(number))).ToList();
        OnOneCore(() => Compare(reports));
        Folder(reports);
    }

    private static void Compare(List<byte[]> reports)
    {
        List<double> ourTimes = [], peerTimes = [];
        for (var round = -3; round < Rounds; round++)
        {
            var (our, peer) = (Time(() => Ours(reports)), Time(() => Peer(reports)));
            if (round < 0)
                continue;
            ourTimes.Add(our);
            peerTimes.Add(peer);
        }
        var (ourTime, peerTime) = (Median(ourTimes), Median(peerTimes));
        Tell("size of a report", $"{reports.Average(report => report.Length):N0} bytes");
        Tell("reports a second to objects, on one core", $"{Reports * 1000 / ourTime:N0}");
        Tell("MimeKit, same messages, on one core", $"{Reports * 1000 / peerTime:N0}");
        Tell("times as fast as MimeKit", $"{peerTime / ourTime:N1} (wanted: at least 3)");
    }

    private static int Ours(List<byte[]> reports) => Read(operation =>
    {
        foreach (var report in reports)
            operation.Add("Text", report);
    });

    private static int Read(Action<Operation> bind)
    {
        var session = new Session();
        using var operation = new Operation(session, "convert-from-non-delivery-report");
        bind(operation);
        operation.Start();
        var failed = 0;
        while (operation.Step() == Status.Row)
        {
            var rows = operation.Rows();
            for (var index = 0L; index < rows.Count; index++)
            {
                if (new NonDeliveryReport(rows[index]).RecipientAddress is not null)
                    failed++;
            }
        }
        session.Close();
        return failed;
    }

    private static int Peer(List<byte[]> reports)
    {
        var failed = 0;
        foreach (var report in reports)
        {
            using var stream = new MemoryStream(report, writable: false);
            var status = MimeMessage.Load(stream).BodyParts.OfType<MessageDeliveryStatus>().Single();
            if (status.StatusGroups[1]["Final-Recipient"] is not null)
                failed++;
        }
        return failed;
    }

    /// <summary>What a folder takes must not grow with the number of its files.</summary>
    private static void Folder(List<byte[]> reports)
    {
        var folder = Directory.CreateTempSubdirectory("RestrictedSender-bench-");
        try
        {
            for (var number = 0; number < Files; number++)
                File.WriteAllBytes(Path.Combine(folder.FullName, $"{number}.eml"), reports[number % Reports]);
            var before = Footprint.Now();
            var watch = Stopwatch.StartNew();
            var failed = Read(operation => operation.Add("Path", [folder.FullName]));
            Expect(failed, Files);
            Tell($"files a second, {Environment.ProcessorCount} cores", $"{Files / watch.Elapsed.TotalSeconds:N0}");
            Tell("before the folder", before.ToString());
            Tell($"after {Files:N0} files", Footprint.Now().ToString());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Report(int number)
    {
        var reply = Replies[number % Replies.Length];
        var headers = string.Concat(Enumerable.Range(0, 18).Select(line =>
            $"X-MS-Exchange-Diagnostics-{line}: 1;AM6PR01MB{number:D4};25:A6g22C0jeA1WrsaVTM9bGrQOTxiSP+UiEZ\n"));
        return $"""
            From: Microsoft Outlook <postmaster@contoso.com>
            To: <sender{number}@contoso.com>
            Date: Mon, 23 Nov 2026 08:00:00 +0100
            Subject: Undeliverable: Hello
            Message-ID: <ndr{number}@contoso.com>
            {headers}Auto-Submitted: auto-replied
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status;
            	boundary="c937c40e-f7bd-4f90-a218-6adf396a4aac"

            --c937c40e-f7bd-4f90-a218-6adf396a4aac
            Content-Type: multipart/alternative; boundary="f74f55f5-fadf-4f68-ba8c-a879ccba3d3e"

            --f74f55f5-fadf-4f68-ba8c-a879ccba3d3e
            Content-Type: text/plain; charset="us-ascii"
            Content-Transfer-Encoding: quoted-printable

            Delivery has failed to these recipients or groups:

            r@example.com<mailto:r@example.com>
            Your message couldn't be delivered because you weren't recognized as a vali=
            d sender. Remote Server returned '{reply}'

            --f74f55f5-fadf-4f68-ba8c-a879ccba3d3e--

            --c937c40e-f7bd-4f90-a218-6adf396a4aac
            Content-Type: message/delivery-status

            Reporting-MTA: dns;AM6PR01MB0001.eurprd01.prod.outlook.com
            Arrival-Date: Mon, 23 Nov 2026 07:00:00 +0000

            Final-Recipient: rfc822;r@example.com
            Action: failed
            Status: 5.0.0
            Diagnostic-Code: smtp;{reply}

            --c937c40e-f7bd-4f90-a218-6adf396a4aac
            Content-Type: message/rfc822

            {headers}From: Sender <sender{number}@contoso.com>
            To: <r@example.com>
            Message-ID: <m{number}@contoso.com>
            MIME-Version: 1.0
            Content-Type: text/plain

            Hello

            --c937c40e-f7bd-4f90-a218-6adf396a4aac--
            """;
    }

    private static void OnOneCore(Action work)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsWindows())
        {
            Tell("one core", "not on this system: both sides may use all of them");
            work();
            return;
        }
        using var process = Process.GetCurrentProcess();
        var all = process.ProcessorAffinity;
        process.ProcessorAffinity = 1;
        work();
        process.ProcessorAffinity = all;
    }

    private static double Time(Func<int> work)
    {
        GC.Collect();
        var watch = Stopwatch.StartNew();
        Expect(work(), Reports);
        return watch.Elapsed.TotalMilliseconds;
    }

    private static void Expect(int failed, int wanted)
    {
        if (failed != wanted)
            throw new InvalidOperationException($"{failed} reports instead of {wanted}.");
    }
}
