using System.Text;
using MimeKit;

namespace RestrictedSender.Module.Tests;

/// <summary>
/// The same well-formed reports, read by ConvertFrom-NonDeliveryReport and by MimeKit: sender, recipients and status are
/// equal. What varies is how they are written; the numbers of a report choose it.
/// </summary>
public sealed class MimeKitTests : IDisposable
{
    private const int Reports = 240;

    private static readonly string[] LineEnds = ["\n", "\r\n"];
    private static readonly string[] Returned = ["message/rfc822", "text/rfc822-headers"];
    private static readonly (string Parameter, string Line)[] Boundaries =
    [
        ("b", "b"), ("\"=_b (1)\"", "=_b (1)"), ("\"--=_Part_7\"", "--=_Part_7"), ("9c3f; charset=\"utf-8\"", "9c3f"),
        ("\"b+c:d\"", "b+c:d"),
    ];
    private static readonly string[] Names =
        ["", "Adele ", "\"Vance, Adele <x@y>\" ", "=?utf-8?B?QWTDqGxl?= ", "=?iso-2022-jp?B?GyRCJUYbKEI=?= ", "\"a\\\"b\" "];
    private static readonly string[] Senders =
        ["adele@contoso.com", "o'brien+x@sub.contoso.com", "a.b_c=d@contoso.co.uk", "\u00fcmit@contoso.com"];
    private static readonly string[] Replies =
    [
        "550 5.1.8 Access denied, bad outbound sender AS(42004)", "550 5.7.708 Access denied, traffic not accepted from this IP",
        "550 5.1.1\r\n User\r\n\tunknown", "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited",
    ];

    private readonly Engine _engine = new();
    private readonly Folder _folder = new();

    [Fact]
    public void Sender_recipients_and_status_are_those_that_MimeKit_reads()
    {
        var files = Enumerable.Range(0, Reports)
            .Select(number => _folder.Write($"{number:000}.eml", Report(number)))
            .ToArray();
        _engine["files"] = files.Select(file => new FileInfo(file)).ToArray();
        var ours = _engine.Run("$files | ConvertFrom-NonDeliveryReport").Good
            .Select(row => (row.Text("Source"), row.Text("SenderAddress"), row.Text("RecipientAddress"), row.Text("EnhancedStatus")))
            .ToList();
        Assert.Equal(files.SelectMany(ByMimeKit), ours);
    }

    private static IEnumerable<(string, string, string, string)> ByMimeKit(string file)
    {
        var message = MimeMessage.Load(file);
        var parts = message.BodyParts.ToList();
        var status = parts.OfType<MessageDeliveryStatus>().Single();
        var original = parts.OfType<MessagePart>().SingleOrDefault()?.Message!.From
            ?? parts.OfType<TextRfc822Headers>().Single().Message!.From;
        var sender = original.Mailboxes.Single().Address;
        foreach (var recipient in status.StatusGroups.Skip(1))
            yield return (file, sender, recipient["Final-Recipient"]!.Split(';')[1].Trim(), recipient["Status"]!.Trim());
    }

    private static string Report(int number)
    {
        T Of<T>(T[] choices, int divisor) => choices[number / divisor % choices.Length];
        var (boundary, line) = Of(Boundaries, 3);
        var text = new StringBuilder();
        text.Append($"From: postmaster@contoso.com\nTo: <{Of(Senders, 1)}>\nSubject: Undeliverable\nMIME-Version: 1.0\n");
        text.Append($"Content-Type: multipart/report; report-type=delivery-status;\n\tboundary={boundary}\n\n");
        text.Append("This is a MIME message.\n\n");
        text.Append($"--{line}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n");
        text.Append("It failed =E2=80=93 550 5.1.2 is not what counts.\n\n");
        text.Append($"--{line}\nContent-Type: message/delivery-status\n\nReporting-MTA: dns;mx.contoso.com\n\n");
        for (var recipient = 0; recipient <= number % 3; recipient++)
        {
            var reply = Replies[(number + recipient) % Replies.Length].Replace("\r\n", "\n");
            var status = reply.Split(' ', '\n')[1];
            var space = recipient % 2 == 0 ? "" : " ";
            text.Append($"Final-Recipient: rfc822;{space}r{recipient}.{number}@example.com\nAction: failed\n");
            text.Append($"Status: {status}\nDiagnostic-Code: smtp;{space}{reply}\nRemote-MTA: dns;mx.example.com\n\n");
        }
        text.Append($"--{line}\nContent-Type: {Of(Returned, 2)}\n\nReceived: from x by y\n with z;\n Mon, 23 Nov 2026 07:00:00 +0000\n");
        text.Append($"From: {Of(Names, 1)}<{Of(Senders, 5)}>\nTo: r@example.com\nMessage-ID:\n <m{number}@contoso.com>\n\n");
        text.Append($"--{line}--\n");
        return text.ToString().Replace("\n", Of(LineEnds, 7));
    }

    public void Dispose()
    {
        _engine.Dispose();
        _folder.Dispose();
    }
}
