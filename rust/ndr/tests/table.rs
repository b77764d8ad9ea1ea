//! Every row of the table in each of the shapes that a refusal comes in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use restricted_sender_ndr::code::table::{Row, TABLE};
use restricted_sender_ndr::{Class, Confidence};
use support::{one, Bounce};

/// What a server says that means this row: with its code, and with its words where it has some.
fn replies(row: &Row) -> Vec<String> {
    let reply = if row.first.class == 4 { 451 } else { 550 };
    let words = row.phrases.first().copied().unwrap_or("no");
    let codes = if row.first.subject == row.last.subject { vec![row.first, row.last] } else { vec![row.first] };
    codes.into_iter().map(|code| format!("{reply} {code} {words}, AS(7)")).collect()
}

#[test]
fn every_row_is_read_in_every_shape() {
    for row in TABLE {
        for reply in replies(row) {
            let shapes = [
                ("report", Bounce::of(&reply).message()),
                ("text of a report", Bounce::of(&reply).only_text()),
                ("reply", reply.clone()),
                ("reply with semicolons", reply.replacen(' ', ";", 1)),
                ("tracking string", format!("[{{LED={reply} [host]}};{{MSG=}};{{FQDN=contoso.mail.protection.outlook.com}};{{IP=192.0.2.1}}]")),
                ("status part", Bounce::of(&reply).status),
            ];
            for (shape, text) in shapes {
                let report = one(text);
                assert_eq!(report.class(), row.class, "{shape}: {reply}");
                assert_eq!(report.next_step(), row.next_step, "{shape}: {reply}");
                assert_eq!(report.lifted_by(), Some(row.lifted_by), "{shape}: {reply}");
                assert_eq!(report.reply.antispam_code(), Some(7), "{shape}: {reply}");
                assert!(report.confidence >= Confidence::Medium, "{shape}: {reply}: {report:?}");
            }
        }
    }
}

#[test]
fn no_row_is_a_restriction_without_its_words() {
    for row in TABLE {
        let class = one(format!("550 {} Access denied", row.first)).class();
        assert_ne!(class, Class::RestrictedSender, "{}", row.code());
    }
}
