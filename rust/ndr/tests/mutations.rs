//! Reports that something happened to: whatever it was, reading ends, does no more work than the text is long, does not
//! depend on how the bytes arrive, and finds no restriction that is not there. `PROPTEST_CASES` sets how many are tried.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::BufReader;
use std::ops::ControlFlow;

use proptest::prelude::*;
use proptest::sample::{select, Index};
use restricted_sender_ndr::message::DEEPEST;
use restricted_sender_ndr::{read, Class, Known};
use support::{from_a_person, Bounce, RESTRICTED};

/// What is inserted: whatever the reader looks for.
const TOKENS: &[&str] = &[
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\0",
    " ",
    "\t",
    "--outer\n",
    "\n--outer--\n",
    "--inner\n",
    "--",
    "From ",
    "From a 10:00:00\n",
    ">",
    "> ",
    "Content-Type: message/rfc822\n\n",
    "Content-Type: message/delivery-status\n\n",
    "Content-Type: multipart/mixed; boundary=outer\n\n",
    "Content-Type: multipart/mixed; boundary=\n\n",
    "Content-Transfer-Encoding: base64\n",
    "Content-Transfer-Encoding: quoted-printable\n",
    "charset=iso-2022-jp",
    "charset=utf-7",
    "charset=utf-16",
    "Final-Recipient: rfc822;",
    "Diagnostic-Code: smtp;",
    "Status: 5.1.8\n",
    "Action: delivered\n",
    "{LED=",
    "};",
    "{FQDN=",
    "550 5.1.8 ",
    "550-5.7.711 ",
    "5.7.",
    "AS(",
    ")",
    "[",
    "]",
    "'",
    "#",
    "<",
    ">",
    "&#x",
    ";",
    "<style>",
    "</style>",
    "mailto:",
    "@",
    "=?utf-8?B?",
    "?=",
    "=",
    "\u{e9}",
    "\u{1f600}",
    "Generating server:",
    "Date: ",
    "9999999999999999999",
    ":",
];

#[derive(Debug, Clone)]
enum Mutation {
    Insert(Index, &'static str),
    Delete(Index, usize),
    Copy(Index, usize, Index),
    Repeat(Index, usize, usize),
    Byte(Index, u8),
    Cut(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        4 => (any::<Index>(), select(TOKENS)).prop_map(|(at, token)| Mutation::Insert(at, token)),
        2 => (any::<Index>(), 1..200_usize).prop_map(|(at, length)| Mutation::Delete(at, length)),
        2 => (any::<Index>(), 1..400_usize, any::<Index>()).prop_map(|(from, length, to)| Mutation::Copy(from, length, to)),
        1 => (any::<Index>(), 1..60_usize, 2..60_usize).prop_map(|(from, length, times)| Mutation::Repeat(from, length, times)),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        1 => any::<Index>().prop_map(Mutation::Cut),
    ]
}

fn mutate(text: &mut Vec<u8>, mutation: &Mutation) {
    if text.is_empty() {
        return;
    }
    let length = text.len();
    let part = |text: &[u8], from: &Index, wanted: usize| {
        let from = from.index(length);
        text[from..length.min(from + wanted)].to_vec()
    };
    match mutation {
        Mutation::Insert(at, token) => drop(text.splice(at.index(length)..at.index(length), token.bytes())),
        Mutation::Delete(at, wanted) => drop(text.drain(at.index(length)..length.min(at.index(length) + wanted))),
        Mutation::Copy(from, wanted, to) => {
            let part = part(text, from, *wanted);
            drop(text.splice(to.index(length)..to.index(length), part));
        }
        Mutation::Repeat(from, wanted, times) => {
            let part = part(text, from, *wanted).repeat(*times);
            drop(text.splice(from.index(length)..from.index(length), part));
        }
        Mutation::Byte(at, byte) => text[at.index(length)] = *byte,
        Mutation::Cut(at) => text.truncate(at.index(length)),
    }
}

/// Well-formed reports of several shapes, with and without a restriction.
fn seeds() -> Vec<String> {
    let replies = [
        RESTRICTED,
        "501 5.1.8 Sender address rejected",
        "550;5.7.711 Access denied, bad inbound connector. AS(2204).",
    ];
    let mut seeds = Vec::new();
    for reply in replies {
        let bounce = Bounce::from_servers(reply, support::EXCHANGE, Some("mx.example.net"));
        let attached = format!(
            "Content-Type: multipart/mixed; boundary=fw\n\n--fw\nContent-Type: message/rfc822\n\n{}\n--fw--\n",
            bounce.message()
        );
        let html = format!(
            "{}Content-Type: text/html\n\n<p>a@example.com</p><p>Remote Server returned &#39;{reply}&#39;</p>",
            support::AUTOMATIC
        );
        seeds.extend([
            bounce.message(),
            bounce.only_text(),
            from_a_person("a@contoso.com", &attached),
            format!("From x Mon Nov 23 07:00:00 2026\n{}\nFrom y Mon Nov 23 07:00:00 2026\n{html}\n", bounce.message()),
            format!("[{{LED={reply} [host]}};{{MSG=}};{{FQDN=mx.example.net}};{{IP=192.0.2.1}}]"),
            bounce.status,
            html,
        ]);
    }
    seeds
}

/// What is read of a text, in words, and how much work it was.
fn told(text: &[u8], buffer: usize) -> (String, Vec<Class>, u64) {
    let (mut words, mut classes) = (String::new(), Vec::new());
    let work = read(BufReader::with_capacity(buffer, text), &Known::default(), &mut |report| {
        words.push_str(&format!("{report:?} {:?}\n", report.forward_text()));
        classes.push(report.class());
        ControlFlow::Continue(())
    });
    (words, classes, work.unwrap())
}

/// What is left of HTML: a tag can stand within a word.
fn without_tags(text: &str) -> String {
    text.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

fn letters(text: &str) -> String {
    text.split(|c: char| !c.is_alphanumeric()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_a_report(seed in select(seeds()), mutations in prop::collection::vec(mutation(), 1..12)) {
        let mut text = seed.into_bytes();
        for mutation in &mutations {
            mutate(&mut text, mutation);
        }
        let (words, classes, work) = told(&text, 64 << 10);
        prop_assert!(!classes.is_empty());
        let lines = text.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
        // Each line is looked at once and compared with each boundary that is open; what is encoded once more.
        let most = text.len() + 2 * lines * (1 + DEEPEST);
        prop_assert!(work <= most as u64, "{work} steps for {} bytes in {lines} lines", text.len());
        let (again, _, _) = told(&text, 3);
        prop_assert_eq!(words, again);
        let decoded = String::from_utf8_lossy(&text).to_lowercase();
        if ![&decoded, &without_tags(&decoded)].iter().any(|text| letters(text).contains("badoutboundsender")) {
            prop_assert!(!classes.contains(&Class::RestrictedSender));
        }
    }

    #[test]
    fn whatever_bytes_there_are(text in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(!told(&text, 64).1.is_empty());
    }
}
