using System.Net.Security;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace RestrictedSender.Module.Tests;

/// <summary>
/// A bad day from end to end, with a mail client as people have: it sends until the service restricts the sender; the
/// module shows the restriction, finds the message that did it, and lifts it; and mail flows again.
/// </summary>
public sealed class MailFlowTests() : Connected("-Scenario Empty")
{
    private const string Sender = "diego.siciliani@contoso.com";

    [Fact]
    public void A_sender_is_blocked_by_what_it_sends_and_sends_again_after_the_unblock()
    {
        using var client = SignedIn();
        var (last, refusal) = SendUntilRefused(client);
        Assert.Equal("Access denied, bad outbound sender AS(42004)", refusal.Message[(refusal.Message.IndexOf(' ') + 1)..]);
        Assert.StartsWith("5.1.8 ", refusal.Message);

        var listed = Run("Get-RestrictedSender").One;
        Assert.Equal((Sender, "PolicyLimit"), (listed.Text("SenderAddress"), listed.Text("BlockType")));
        var sending = Run($"Measure-OutboundSending -SenderAddress {Sender}").One;
        Assert.Equal(last, sending.Text("MessageTraceId"));
        Assert.Equal("ExternalPerHour", sending.Text("TrippedLimit"));
        Assert.Equal(listed.Value("ExternalRecipientsToday"), sending.Value("ExternalRecipientCount"));
        Assert.Equal(("PolicyLimit", true), (sending.Text("BlockType"), sending.Value("AgreesWithReason")));

        Assert.Equal("Released", Run($"Unblock-RestrictedSender {Sender} -Confirm:$false -Wait").One.Text("Outcome"));
        var unproven = Run($"Wait-RestrictedSender {Sender} -Proof Sent -TimeoutSec 600");
        Assert.Equal("Released", unproven.Good[0].Text("Outcome"));
        Assert.Contains("no message of it to anybody outside", Assert.Single(unproven.Warnings));

        // The hour that passed meanwhile has ended the first session.
        using var later = SignedIn();
        var message = Send(later, "It works again", recipients: 1);
        var proven = Run($"Wait-RestrictedSender {Sender} -Proof Sent").One;
        Assert.Equal(("Proven", message), (proven.Text("Outcome"), proven.Text("MessageTraceId")));
        Assert.Equal("customer0@fabrikam.example", proven.Text("RecipientAddress"));
        var history = Run($"Get-RestrictedSenderHistory {Sender}").Good;
        Assert.Contains(message, history.Single(row => row.Text("Event") == "Proven").Text("Detail"));
    }

    [Fact]
    public void A_test_message_is_sent_only_with_consent()
    {
        using (var client = SignedIn())
            SendUntilRefused(client);
        Run($"Unblock-RestrictedSender {Sender} -Confirm:$false");
        Engine["password"] = ConnectTests.Secure(Password);
        const string wait = $"Wait-RestrictedSender {Sender} -TestRecipient me@fabrikam.example -SmtpServer $c.PracticeSmtpAddress"
            + $" -Credential ([pscredential]::new('{Sender}', $password))";
        Engine["c"] = Connection;
        Assert.Equal("Released", Run($"{wait} -WhatIf").Good[0].Text("Outcome"));
        var line = Assert.Single(Engine.Host.Lines, line => line.StartsWith("What if: ", StringComparison.Ordinal));
        Assert.Contains($"a test message from {Sender} to me@fabrikam.example", line);

        var proven = Run($"{wait} -Confirm:$false").One;
        Assert.Equal(("Proven", "me@fabrikam.example"), (proven.Text("Outcome"), proven.Text("RecipientAddress")));
        Assert.DoesNotContain(Password, proven.Text("SupportText"));
    }

    /// <summary>The message trace id of the last message that went out, and the refusal of the next one.</summary>
    private static (string Last, SmtpCommandException Refusal) SendUntilRefused(SmtpClient client)
    {
        var last = "";
        for (var message = 0; message < 100; message++)
        {
            try
            {
                last = Send(client, $"Offer {message}", recipients: 100);
            }
            catch (SmtpCommandException refusal)
            {
                return (last, refusal);
            }
        }
        throw new InvalidOperationException("Nothing is refused.");
    }

    /// <summary>Hands a message over; returns the message trace id that the service answers with.</summary>
    private static string Send(SmtpClient client, string subject, int recipients)
    {
        using var message = new MimeMessage
        {
            From = { new MailboxAddress("Diego", Sender) },
            Subject = subject,
            Body = new TextPart { Text = "Hello" },
        };
        for (var number = 0; number < recipients; number++)
            message.Bcc.Add(new MailboxAddress("", $"customer{number}@fabrikam.example"));
        // 2.0.0 OK <id> ...
        return client.Send(message).Split(' ').First(word => Guid.TryParse(word, out _));
    }

    private string Password => Tenant.Account(Sender).GetProperty("password").GetString()!;

    private SmtpClient SignedIn()
    {
        var address = Connection.Text("PracticeSmtpAddress").Split(':');
        var client = new SmtpClient { ServerCertificateValidationCallback = (_, certificate, _, errors) => errors != SslPolicyErrors.RemoteCertificateNotAvailable };
        client.Connect(address[0], int.Parse(address[1], System.Globalization.CultureInfo.InvariantCulture), SecureSocketOptions.StartTls);
        client.Authenticate(Sender, Password);
        return client;
    }
}
