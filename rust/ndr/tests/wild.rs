//! Input as it comes: any line ends, charsets and encodings, broken and huge messages.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::{BufReader, Read};
use std::ops::ControlFlow;

use restricted_sender_ndr::message::{DEEPEST, KEPT};
use restricted_sender_ndr::{read, Class, Confidence, Known};
use support::{from_a_person, one, reports, Bounce, AUTOMATIC, HEADERS, RESTRICTED};

#[test]
fn any_line_ends_read_alike() {
    let message = Bounce::of(RESTRICTED).message();
    let mixed: String = message
        .split_inclusive('\n')
        .zip(["\r", "\n", "\r\n"].iter().cycle())
        .map(|(line, end)| line.replace('\n', end))
        .collect();
    for text in [message.clone(), message.replace('\n', "\r\n"), message.replace('\n', "\r"), mixed] {
        let report = one(&text);
        assert_eq!((report.class(), report.reply.text.as_str()), (Class::RestrictedSender, RESTRICTED));
        assert_eq!(report.sender.as_deref(), Some("sender@contoso.com"));
    }
}

#[test]
fn charsets_and_transfer_encodings_are_decoded() {
    let text = |kind: &str, encoding: &str, body: &[u8]| {
        let mut message =
            format!("{AUTOMATIC}Content-Type: {kind}\nContent-Transfer-Encoding: {encoding}\n\n").into_bytes();
        message.extend_from_slice(body);
        one(message)
    };
    let quoted = format!("a=40example.com=0ARemote Server returned '{}'", RESTRICTED.replace("bad", "b=\nad"));
    assert_eq!(
        text("text/plain; charset=utf-8", "quoted-printable", quoted.as_bytes()).class(),
        Class::RestrictedSender
    );
    // "550 5.1.8 Access denied, bad outbound sender"
    let base64 = b"NTUwIDUuMS44IEFjY2VzcyBk\nZW5pZWQsIGJhZCBvdXRib3VuZCBzZW5kZXI=\n";
    assert_eq!(text("text/plain; charset=utf-8", "base64", base64).class(), Class::RestrictedSender);
    let japanese = [b"\x1b$B$^$7$?\x1b(B\nRemote Server returned '", RESTRICTED.as_bytes(), b"'\n"].concat();
    assert_eq!(text("text/plain; charset=iso-2022-jp", "7bit", &japanese).class(), Class::RestrictedSender);
    let latin = [b"Zustellung unm\xf6glich\n", RESTRICTED.as_bytes()].concat();
    assert_eq!(text("text/plain; charset=windows-1252", "8bit", &latin).class(), Class::RestrictedSender);
    let html =
        format!("<p>a@example.com<br>Remote&nbsp;Server returned &#39;{}&#39;</p>", RESTRICTED.replace(' ', "&#32;"));
    assert_eq!(text("text/html; charset=utf-8", "7bit", html.as_bytes()).class(), Class::RestrictedSender);
}

#[test]
fn an_encoded_machine_readable_part_is_decoded() {
    let bounce = Bounce::of(RESTRICTED);
    let quoted = bounce.status.replace("=", "=3D").replace("bad outbound", "bad =\noutbound");
    let message = bounce
        .message()
        .replace("message/delivery-status\n", "message/delivery-status\nContent-Transfer-Encoding: quoted-printable\n")
        .replace(&bounce.status, &quoted);
    assert_eq!(one(message).reply.text, RESTRICTED);
}

#[test]
fn a_report_that_is_attached_in_base64_is_read() {
    let inner = Bounce::of(RESTRICTED).message();
    let attached = format!("Content-Type: multipart/mixed; boundary=fw\n\n--fw\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{}\n--fw--\n", base64(inner.as_bytes()));
    let report = one(from_a_person("a@contoso.com", &attached));
    assert_eq!((report.class(), report.is_quoted), (Class::RestrictedSender, true));
}

#[test]
fn broken_messages_are_read_as_far_as_they_go() {
    let message = Bounce::of(RESTRICTED).message();
    for (broken, what) in [
        (message.replace("--outer--", ""), "no end"),
        (message.replace("boundary=\"outer\"", "x=y"), "no boundary named"),
        (message.replace("\tboundary=\"outer\"", "boundary=\"outer\""), "a header that is not folded"),
        (message.replace("--outer\n", "--other\n"), "parts that do not begin"),
        (message.replace("550 5.1.8", "550\0 5.1.8"), "a zero in the reply"),
        (message.replace("multipart/report; report-type=delivery-status", "multipart/mixed"), "another type"),
        (message.split("--outer\nContent-Type: message/rfc822").next().unwrap().to_owned(), "nothing returned"),
        (message.replace("--inner--\n", ""), "an inner part without end"),
        (format!("\n\r\n{message}"), "empty lines before it"),
    ] {
        let all = reports(&broken);
        assert!(all.iter().any(|report| report.class() == Class::RestrictedSender), "{what}: {all:#?}");
    }
}

#[test]
fn an_mbox_file_has_many_messages() {
    let bounce =
        |reply: &str| format!("From MAILER-DAEMON Mon Nov 23 07:00:00 2026\n{}\n", Bounce::of(reply).message());
    let person =
        format!("From adele Mon Nov 23 07:00:00 2026\n{}\n", from_a_person("a@b.c", "\nFrom here on\n>From there\n"));
    let mbox = [bounce(RESTRICTED), person, bounce("550 5.1.1 User unknown")].concat();
    let read = reports(mbox).iter().map(|report| (report.message_number, report.class())).collect::<Vec<_>>();
    assert_eq!(read, [(1, Class::RestrictedSender), (2, Class::NotAReport), (3, Class::RecipientProblem)]);
}

#[test]
fn a_copied_text_is_read_without_any_headers() {
    let bounce = Bounce::of(RESTRICTED);
    for text in [&bounce.text, &bounce.status, &format!("Diagnostic-Code: smtp;{RESTRICTED}\n")] {
        assert_eq!(one(text).class(), Class::RestrictedSender, "{text}");
    }
    let outlook = format!("From:\tMicrosoft Outlook <postmaster@contoso.com>\nSent:\tMonday, November 23, 2026 8:00 AM\nTo:\tsender@contoso.com\nSubject:\tUndeliverable: Hello\n\n{}", bounce.text);
    assert_eq!(one(outlook).sender.as_deref(), Some("sender@contoso.com"));
}

/// A message with an attachment of any size in the middle, made while it is read.
fn with_attachment(megabytes: u64) -> impl Read {
    let bounce = Bounce::of(RESTRICTED);
    let status = format!("\n--outer\nContent-Type: message/delivery-status\n\n{}\n--outer--\n", bounce.status);
    let start =
        format!("{HEADERS}--outer\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n");
    std::io::Cursor::new(start).chain(Lines { left: megabytes << 20 }).chain(std::io::Cursor::new(status))
}

/// So many bytes of lines.
struct Lines {
    left: u64,
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        const LINE: &[u8] = b"VGhpcyBpcyBhIGxpbmUgb2YgYW4gYXR0YWNobWVudCB0aGF0IG5vYm9keSB3YW50cyB0byBrZWVw\n";
        let length = buffer.len().min(LINE.len()).min(usize::try_from(self.left).unwrap());
        buffer[..length].copy_from_slice(&LINE[..length]);
        self.left -= length as u64;
        Ok(length)
    }
}

#[test]
fn an_attachment_passes_by() {
    let mut classes = Vec::new();
    let work = read(BufReader::new(with_attachment(50)), &Known::default(), &mut |report| {
        classes.push(report.class());
        ControlFlow::Continue(())
    });
    assert_eq!(classes, [Class::RestrictedSender]);
    assert!((50 << 20..52 << 20).contains(&work.unwrap()));
}

#[test]
fn a_hundred_thousand_headers_pass_by() {
    let headers: String = (0..100_000).map(|number| format!("X-Header-{number}: {number}\n folded\n")).collect();
    let message = Bounce::of(RESTRICTED).message();
    assert_eq!(one(format!("{headers}{message}")).class(), Class::RestrictedSender);
    let long = format!("Subject: x\n{}{message}", " folded again\n".repeat(100_000));
    assert_eq!(one(long).class(), Class::RestrictedSender);
}

#[test]
fn of_a_text_no_more_is_read_than_a_report_has() {
    let late = format!("{AUTOMATIC}Content-Type: text/plain\n\n{}\n{RESTRICTED}\n", "x\n".repeat(KEPT / 2));
    let report = one(&late);
    assert_eq!((report.class(), report.confidence), (Class::OtherRefusal, Confidence::Low));
    let person = one(late.replace(AUTOMATIC, "From: a@b.c\n"));
    assert!(person.confidence_reason.contains("too large"), "{}", person.confidence_reason);
}

#[test]
fn messages_in_messages_end() {
    let mut message = Bounce::of(RESTRICTED).message();
    for level in 0..100 {
        message = from_a_person("a@b.c", &format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\nContent-Type: message/rfc822\n\n{message}\n--b{level}--\n"));
    }
    // How deep the report lies is beyond what is read; that it is not found is said, and nothing hangs.
    let report = one(message);
    assert_eq!(report.class(), Class::NotAReport);
    assert!(report.confidence_reason.contains("too large"), "{}", report.confidence_reason);
}

#[test]
fn multiparts_in_multiparts_end() {
    let nested = |depth: usize| {
        let report = "\n550 5.1.1 User unknown\n".to_owned();
        let wrap = |inner, level| {
            format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n{inner}\n--b{level}--\n")
        };
        one(format!("From: postmaster@b.c\n{}", (0..depth).fold(report, wrap)))
    };
    assert_eq!(nested(DEEPEST).class(), Class::RecipientProblem);
    assert!(nested(DEEPEST + 1).confidence_reason.contains("too large"));
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * place)) as usize & 63] as char;
            text.push(if place <= three.len() { letter } else { '=' });
        }
        if text.len() % 77 == 76 {
            text.push('\n');
        }
    }
    text
}
