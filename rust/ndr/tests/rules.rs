//! The rules that decide what a report is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use restricted_sender_ndr::{Class, Confidence, Direction, Known, LiftedBy, NextStep};
use support::{from_a_person, one, reports, reports_knowing, Bounce, AUTOMATIC, EXCHANGE, RESTRICTED, TRACE_ID};

#[test]
fn a_report_tells_everything() {
    let report = one(Bounce::from_servers(RESTRICTED, EXCHANGE, Some("contoso.mail.protection.outlook.com")).message());
    assert_eq!((report.class(), report.confidence), (Class::RestrictedSender, Confidence::High));
    assert_eq!(report.direction, Direction::RefusedByMicrosoft);
    assert_eq!(report.sender.as_deref(), Some("sender@contoso.com"));
    assert_eq!(report.recipient.as_deref(), Some("recipient@example.com"));
    assert_eq!((report.reply.code, report.reply.status.unwrap().to_string().as_str()), (Some(550), "5.1.8"));
    assert_eq!(report.reply.antispam_code(), Some(42004));
    assert_eq!(report.reply.text, RESTRICTED);
    assert_eq!(report.generating_server.as_deref(), Some(EXCHANGE));
    assert_eq!(report.remote_server.as_deref(), Some("contoso.mail.protection.outlook.com"));
    assert_eq!(
        (report.message_trace_id.as_deref(), report.message_id.as_deref()),
        (Some(TRACE_ID), Some("m1@contoso.com"))
    );
    assert_eq!(report.reported_at.unwrap().unix_timestamp(), 1_795_417_200);
    assert_eq!((report.next_step(), report.lifted_by()), (NextStep::SecureThenUnblock, Some(LiftedBy::Admin)));
    assert!(!report.is_quoted);
}

#[test]
fn the_code_without_its_words_is_no_restriction_whoevers_template_surrounds_it() {
    for reply in [
        "501 5.1.8 Sender address rejected",
        "553 5.1.8 <sender@contoso.com>... Domain of sender address sender@contoso.com does not exist",
        "550 5.1.8",
        "550 5.1.8 Access denied",
    ] {
        for bounce in [Bounce::of(reply), Bounce::from_servers(reply, EXCHANGE, Some("mx.example.net"))] {
            assert!(bounce.text.contains("suspected of sending spam"));
            assert_eq!(one(bounce.message()).class(), Class::OtherRefusal, "{reply}");
            assert_eq!(one(bounce.only_text()).class(), Class::OtherRefusal, "{reply}");
        }
    }
}

#[test]
fn who_refused_is_not_who_reported() {
    let report = one(Bounce::from_servers("550 5.7.708 no", EXCHANGE, Some("mx.example.net")).message());
    assert_eq!(report.class(), Class::OtherRefusal, "another server's 5.7.708 is not Microsoft's");
    assert_eq!(report.generating_server.as_deref(), Some(EXCHANGE));
    assert_eq!(report.remote_server.as_deref(), Some("mx.example.net"));
    let hybrid =
        one(Bounce::from_servers(RESTRICTED, "exchange.contoso.com", Some("contoso.mail.protection.outlook.com"))
            .message());
    assert_eq!((hybrid.class(), hybrid.confidence), (Class::RestrictedSender, Confidence::High));
    let foreign = one(Bounce::from_servers(RESTRICTED, EXCHANGE, Some("mx.example.net")).message());
    assert_eq!((foreign.class(), foreign.confidence), (Class::RestrictedSender, Confidence::Low));
}

#[test]
fn a_forwarded_report_is_found_and_marked() {
    let attached = format!(
        "Content-Type: multipart/mixed; boundary=fw\n\n--fw\nContent-Type: text/plain\n\nPlease help!\n--fw\nContent-Type: message/rfc822\n\n{}\n--fw--\n",
        Bounce::of(RESTRICTED).message()
    );
    let report = one(from_a_person("helpdesk@contoso.com", &attached));
    assert_eq!(
        (report.class(), report.is_quoted, report.confidence),
        (Class::RestrictedSender, true, Confidence::Medium)
    );
    assert_eq!(report.sender.as_deref(), Some("sender@contoso.com"));
    assert_eq!(report.direction, Direction::RefusedByMicrosoft);
}

#[test]
fn a_quoted_report_is_found_and_its_reader_is_not_its_sender() {
    let quoted = Bounce::of(RESTRICTED).text.lines().map(|line| format!("> {line}\n")).collect::<String>();
    let report = one(from_a_person("helpdesk@contoso.com", &format!("\nLook:\n\n{quoted}")));
    assert_eq!((report.class(), report.is_quoted, report.confidence), (Class::RestrictedSender, true, Confidence::Low));
    assert_eq!(report.sender.as_deref(), Some("sender@contoso.com"));
    let nobody = one(from_a_person("helpdesk@contoso.com", &format!("\nI got this: {RESTRICTED}\n")));
    assert_eq!((nobody.class(), nobody.sender), (Class::RestrictedSender, None));
}

#[test]
fn what_a_report_returns_is_not_read_as_a_report() {
    let mut bounce = Bounce::of("550 5.1.1 User unknown");
    bounce.returned = format!("{}Content-Type: text/plain\n\nRemote Server returned '{RESTRICTED}'\n", bounce.returned);
    assert_eq!(one(bounce.message()).class(), Class::RecipientProblem);
}

#[test]
fn the_returned_message_tells_its_sender_before_the_address_of_the_report() {
    let mut bounce = Bounce::of(RESTRICTED);
    bounce.returned = bounce.returned.replace("Sender <sender@contoso.com>", "Boss <boss@contoso.com>");
    assert_eq!(one(bounce.message()).sender.as_deref(), Some("boss@contoso.com"));
    bounce.returned = "Subject: nobody\n".into();
    assert_eq!(one(bounce.message()).sender.as_deref(), Some("sender@contoso.com"));
}

#[test]
fn each_recipient_has_an_outcome() {
    let mut bounce = Bounce::of(RESTRICTED);
    bounce.status.push_str("Final-Recipient: rfc822;b@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;550 5.1.1 User unknown\n\nFinal-Recipient: rfc822;c@example.com\nAction: delivered\nStatus: 2.0.0\n\nFinal-Recipient: rfc822;d@example.com\nAction: delayed\nStatus: 4.4.7\n");
    let reports = reports(bounce.message());
    let outcomes: Vec<_> =
        reports.iter().map(|report| (report.recipient.as_deref().unwrap(), report.class())).collect();
    assert_eq!(
        outcomes,
        [
            ("recipient@example.com", Class::RestrictedSender),
            ("b@example.com", Class::RecipientProblem),
            ("d@example.com", Class::OtherRefusal),
        ]
    );
    assert!(reports[2].confidence_reason.contains("only late"));
}

#[test]
fn the_machine_readable_part_decides_in_every_language() {
    let mut bounce = Bounce::of(RESTRICTED);
    for text in [
        "Fehler bei der Zustellung an folgende Empf\u{e4}nger:\n\nIhre Nachricht konnte nicht zugestellt werden. 550 5.1.1 Benutzer unbekannt\n",
        "\u{6b21}\u{306e}\u{53d7}\u{4fe1}\u{8005}\u{3078}\u{306e}\u{914d}\u{4fe1}\u{306b}\u{5931}\u{6557}\u{3057}\u{307e}\u{3057}\u{305f}\n",
    ] {
        bounce.text = text.into();
        let report = one(bounce.message());
        assert_eq!((report.class(), report.confidence), (Class::RestrictedSender, Confidence::High));
    }
}

#[test]
fn without_the_machine_readable_part_the_text_is_less_sure() {
    let report = one(Bounce::of(RESTRICTED).only_text());
    assert_eq!(
        (report.class(), report.confidence, report.is_quoted),
        (Class::RestrictedSender, Confidence::Medium, false)
    );
    assert_eq!(report.sender.as_deref(), Some("sender@contoso.com"));
    assert_eq!(report.recipient.as_deref(), Some("recipient@example.com"));
    assert_eq!(report.generating_server.as_deref(), Some(EXCHANGE));
    assert_eq!(report.message_id.as_deref(), Some("m1@contoso.com"));
}

#[test]
fn the_form_of_a_tracking_log_is_read() {
    let status = format!("[{{LED={RESTRICTED} [AM6PR01.eurprd01.prod.outlook.com]}};{{MSG=}};{{FQDN=contoso.mail.protection.outlook.com}};{{IP=192.0.2.1}};{{LRT=11/23/2026 7:00:00 AM}}]");
    let known = Known { sender: Some("sender@contoso.com".into()), ..Known::default() };
    let reports = reports_knowing(status, &known);
    assert_eq!((reports[0].class(), reports[0].confidence), (Class::RestrictedSender, Confidence::High));
    assert_eq!(reports[0].sender.as_deref(), Some("sender@contoso.com"));
    assert_eq!(reports[0].remote_server.as_deref(), Some("contoso.mail.protection.outlook.com"));
    assert_eq!((reports[0].ip_address, reports[0].reply.antispam_code()), (None, Some(42004)));
}

#[test]
fn the_form_of_a_connector_is_read() {
    let reply = "550;5.7.711 Access denied, bad inbound connector. AS(2204).";
    for report in [one(reply), one(Bounce::of(reply).message()), one(Bounce::of(reply).only_text())] {
        assert_eq!(report.class(), Class::RestrictedConnector);
        assert_eq!((report.reply.code, report.reply.antispam_code()), (Some(550), Some(2204)));
        assert_eq!(report.next_step(), NextStep::CheckConnector);
    }
}

#[test]
fn an_outsider_refused_by_us_is_told_where_to_delist() {
    let reply = "550 5.7.606 Access denied, banned sending IP [192.0.2.9]. To request removal from this list please visit https://sender.office.com/";
    let bounce = Bounce::from_servers(reply, "mail.fabrikam.com", Some("contoso-com.mail.protection.outlook.com"));
    let message = bounce
        .message()
        .replace("recipient@example.com", "ceo@contoso.com")
        .replace("sender@contoso.com", "adele@fabrikam.com");
    let attached = format!(
        "Content-Type: multipart/mixed; boundary=fw\n\n--fw\nContent-Type: message/rfc822\n\n{message}\n--fw--\n"
    );
    let report = one(from_a_person("postmaster@contoso.com", &attached));
    assert_eq!((report.class(), report.direction), (Class::BannedIP, Direction::RefusedByUs));
    assert_eq!(report.ip_address.unwrap().to_string(), "192.0.2.9");
    assert_eq!(report.delist_url().as_deref(), Some("https://sender.office.com"));
    let forward = report.forward_text().unwrap();
    for said in [
        "To: adele@fabrikam.com",
        "We cannot lift the ban",
        "https://sender.office.com",
        "192.0.2.9",
        "press Delist IP",
    ] {
        assert!(forward.contains(said), "{said}: {forward}");
    }
}

#[test]
fn a_ban_that_the_portal_cannot_lift_names_whom_to_write_to() {
    let report = one("550 5.7.511 Access denied, banned sender[192.0.2.9]. To request removal from this list please forward this message to delist@messaging.microsoft.com. For more information");
    assert_eq!((report.class(), report.lifted_by()), (Class::BannedSender, Some(LiftedBy::DelistMail)));
    assert_eq!(report.delist_url().as_deref(), Some("mailto:delist@messaging.microsoft.com"));
    let forward = report.forward_text().unwrap();
    assert!(
        forward.contains("delist@messaging.microsoft.com") && !forward.contains("https://sender.office.com"),
        "{forward}"
    );
}

#[test]
fn everybody_gets_a_text_of_their_own() {
    let text = |reply: &str| one(Bounce::of(reply).message()).forward_text().unwrap();
    let blocked = text(RESTRICTED);
    assert!(blocked.starts_with("To: sender@contoso.com\n") && blocked.contains("change your password"), "{blocked}");
    assert!(blocked.contains(TRACE_ID) && blocked.contains("Answer of the server: 550 5.1.8"), "{blocked}");
    assert!(text("550 5.7.705 Access denied, tenant has exceeded threshold").starts_with("To: Microsoft Support\n"));
    assert!(text("550 5.1.1 User unknown").contains("You are not blocked."));
    assert!(one("Hello").forward_text().is_none());
}

#[test]
fn what_is_no_report_says_why() {
    for (text, why) in [
        (String::new(), "It is empty."),
        ("Good morning".into(), "It is a text without a status code such as 550 5.1.8."),
        (from_a_person("a@b.c", "\nGood morning\n"), "It is a message without a delivery report in it."),
    ] {
        let report = one(text);
        assert_eq!((report.class(), report.confidence_reason.as_str()), (Class::NotAReport, why));
        assert_eq!((report.next_step(), report.lifted_by()), (NextStep::Nothing, None));
    }
    let mut delivered = Bounce::of("250 2.0.0 ok");
    delivered.status = delivered.status.replace("Action: failed", "Action: delivered");
    assert!(one(delivered.message()).confidence_reason.contains("nothing failed"));
    let outlook = one(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0");
    assert!(outlook.confidence_reason.contains(".eml"));
    let absence =
        format!("{}Content-Type: text/plain\n\nI am away.\n", AUTOMATIC.replace("X-MS-Exchange-Message-Is-Ndr:\n", ""));
    assert_eq!(one(absence).class(), Class::NotAReport);
}

#[test]
fn a_report_without_any_code_is_a_refusal_nobody_can_name() {
    let mut bounce = Bounce::of(RESTRICTED);
    bounce.text = "It did not work.".into();
    let report = one(bounce.only_text());
    assert_eq!((report.class(), report.confidence), (Class::OtherRefusal, Confidence::Low));
}
