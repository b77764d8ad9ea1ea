//! What files of every shape and encoding, and broken ones, come to.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use flate2::write::GzEncoder;
use flate2::Compression;
use tempfile::TempDir;
use time::macros::datetime;
use time::OffsetDateTime;

use super::*;
use crate::domains::Domains;
use crate::error::{Code, Result};

const ID: &str = "11111111-2222-3333-4444-5555555555";

/// What was read: rows by their time in seconds since 8 o'clock, sender, domain's number aside, and kind.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    rows: Vec<(i64, String, Kind, u128)>,
    tally: Tally,
    cut_off: Vec<bool>,
}

fn own() -> Domains {
    Domains::named(&["*.contoso.com".to_owned(), "contoso.onmicrosoft.com".to_owned()])
}

fn id(number: u32) -> String {
    format!("{ID}{number:02}")
}

fn try_read(files: &[&[u8]], order: Option<DateOrder>) -> Result<Read> {
    let folder = TempDir::new().unwrap();
    let book = Arc::new(Book::of(own()));
    let mut reader = Reader::new(&book, order, &|| false);
    let mut cut_off = Vec::new();
    for (number, bytes) in files.iter().enumerate() {
        let path = folder.path().join(format!("{number}.csv"));
        fs::write(&path, bytes).unwrap();
        cut_off.push(reader.read(&path)?.is_some());
    }
    let start = datetime!(2026-11-28 08:00 UTC);
    let (mut rows, mut tally) = (Vec::new(), Tally::default());
    for ledger in reader.finish() {
        for row in ledger.parts.iter().flat_map(Rows::iter) {
            let at = (OffsetDateTime::from(row.at) - start).whole_seconds();
            rows.push((at, book.senders.name(row.sender), row.recipient.kind(), row.message & 0xff));
        }
        tally.add(ledger.tally);
    }
    rows.sort_by(|one, other| (one.0, &one.1, one.2 as u8, one.3).cmp(&(other.0, &other.1, other.2 as u8, other.3)));
    for unusable in &mut tally.unusable {
        unusable.file = unusable.file.take().map(|file| PathBuf::from(file.file_name().unwrap()));
    }
    tally.unusable.sort_by_key(|unusable| unusable.line);
    Ok(Read { rows, tally, cut_off })
}

fn read(text: &str) -> Read {
    try_read(&[text.as_bytes()], None).unwrap()
}

fn refused(text: &str) -> String {
    let error = try_read(&[text.as_bytes()], None).unwrap_err();
    assert_eq!(error.code(), Code::TraceUnreadable);
    error.message.clone()
}

fn row(at: i64, sender: &str, kind: Kind, id: u128) -> (i64, String, Kind, u128) {
    (at, sender.to_owned(), kind, id)
}

fn defect(defect: Defect, count: u64, line: u64) -> Unusable {
    Unusable { defect, count, file: Some("0.csv".into()), line }
}

const HEADER: &str = r#""MessageTraceId","MessageId","Received","SenderAddress","RecipientAddress","Subject","Status","FromIP","ToIP","Size""#;

fn line(number: u32, received: &str, sender: &str, recipient: &str, subject: &str, status: &str) -> String {
    format!(
        r#""{}","<{number}@x>","{received}","{sender}","{recipient}","{subject}","{status}","203.0.113.1","","5""#,
        id(number)
    )
}

fn exported() -> String {
    [
        HEADER.to_owned(),
        line(
            2,
            "11/28/2026 8:01:00 AM",
            "Adele@Contoso.com",
            "customer@fabrikam.example",
            "An \"\"offer\"\", now",
            "Delivered",
        ),
        line(
            2,
            "11/28/2026 8:01:00 AM",
            "adele@contoso.com",
            "megan@print.contoso.com",
            "An \"\"offer\"\", now",
            "Failed",
        ),
        line(1, "11/28/2026 8:00:00 AM", "adele@contoso.com", "all@contoso.com", "two\r\nlines", "Expanded"),
        line(3, "11/28/2026 8:02:00 AM", "customer@fabrikam.example", "adele@contoso.com", "Re: offer", "Delivered"),
        line(4, "11/28/2026 8:03:00 AM", "", "adele@contoso.com", "Undeliverable", "Delivered"),
    ]
    .join("\r\n")
}

fn expected() -> Vec<(i64, String, Kind, u128)> {
    vec![
        row(0, "adele@contoso.com", Kind::Group, 1),
        row(60, "adele@contoso.com", Kind::Internal, 2),
        row(60, "adele@contoso.com", Kind::External, 2),
    ]
}

#[test]
fn what_export_csv_writes_of_the_trace() {
    let read = read(&exported());
    assert_eq!(read.rows, expected());
    assert_eq!(read.tally, Tally { lines: 5, inbound: 1, system: 1, ..Tally::default() });
}

#[test]
fn every_encoding_packed_or_not_of_every_culture() {
    let utf16 = |text: &str, mark: bool| {
        let mark = if mark { vec![0xff, 0xfe] } else { Vec::new() };
        mark.into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect::<Vec<_>>()
    };
    let packed = |bytes: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    let typed = format!("#TYPE Microsoft.Exchange.Management.FfoReporting.MessageTraceV2Data\r\n{}", exported());
    let german = exported().replace("\",\"", "\";\"").replace("11/28/2026 8:0", "28.11.2026 08:0").replace("0 AM", "0");
    let british = exported().replace("11/28/2026 8:0", "28/11/2026 08:0").replace("0 AM", "0");
    for (name, bytes) in [
        ("UTF-8 with a mark", [&b"\xef\xbb\xbf"[..], exported().as_bytes()].concat()),
        ("UTF-16 with a mark", utf16(&exported(), true)),
        ("UTF-16 without", utf16(&exported(), false)),
        ("with a type", typed.into_bytes()),
        ("packed", packed(exported().as_bytes())),
        ("packed UTF-16", packed(&utf16(&exported(), true))),
        ("two packed parts", [packed(&exported().as_bytes()[..300]), packed(&exported().as_bytes()[300..])].concat()),
        ("German", german.into_bytes()),
        ("British", british.into_bytes()),
        ("line feeds only", exported().replace("\r\n", "\n").into_bytes()),
        ("with empty lines", exported().replace("\"5\"\r\n", "\"5\"\r\n\r\n").into_bytes()),
    ] {
        let read = try_read(&[&bytes], None).unwrap();
        assert_eq!(read.rows, expected(), "{name}");
        assert_eq!((read.tally.lines, read.tally.unusable_count()), (5, 0), "{name}");
    }
}

#[test]
fn the_enhanced_summary_has_all_recipients_in_a_line() {
    let read = read(&format!(
        "origin_timestamp_utc,sender_address,recipient_status,message_subject,total_bytes,message_id,network_message_id,\
         original_client_ip,directionality,connector_id,delivery_priority\n\
         2026-11-28T08:00:00.1234567Z,adele@contoso.com,all@contoso.com##Receive; Expand,Hello,5,<1@x>,{},,Originating,,Normal\n\
         2026-11-28T08:01:00.0000000Z,adele@contoso.com,\"megan@print.contoso.com##Receive, Deliver;customer@fabrikam.example##Receive, Send\",\
         \"An offer, now\",5,<2@x>,{},,Originating,,Normal\n",
        id(1).replace('-', ""),
        id(2).replace('-', "")
    ));
    assert_eq!(read.rows[1..], expected()[1..]);
}

#[test]
fn the_extended_report_counts_what_is_received_and_tells_members() {
    let read = read(&format!(
        "date_time_utc,client_ip,source,event_id,network_message_id,recipient_address,related_recipient_address,sender_address\n\
         2026-11-28T08:00:00Z,,STOREDRIVER,RECEIVE,{0},all@contoso.com;customer@fabrikam.example,,adele@contoso.com\n\
         2026-11-28T08:00:01Z,,ROUTING,EXPAND,{0},member@fabrikam.example;megan@contoso.com,all@contoso.com,adele@contoso.com\n\
         2026-11-28T08:00:02Z,,SMTP,SEND,{0},customer@fabrikam.example,,adele@contoso.com\n",
        id(1)
    ));
    let adele = "adele@contoso.com";
    assert_eq!(
        read.rows,
        [row(0, adele, Kind::Internal, 1), row(0, adele, Kind::External, 1), row(1, adele, Kind::ExternalMember, 1),]
    );
    assert_eq!(read.tally, Tally { lines: 3, others: 1, ..Tally::default() });
}

#[test]
fn lines_of_no_use_are_counted_with_the_first_place() {
    let good =
        |number| line(number, "2026-11-28T08:00:00Z", "adele@contoso.com", "b@fabrikam.example", "x", "Delivered");
    let lines = [
        HEADER.to_owned(),
        good(1),
        "\"too\",\"few\"".to_owned(),
        good(2).replace("2026-11-28T08", "2026-13-28T08"),
        good(3).replace(&id(3), "not an id"),
        good(4).replace("b@fabrikam.example", "b"),
        good(5).replace("adele@contoso.com", "adele"),
        good(6).replace(&id(6), ""),
        good(7),
    ];
    let read = read(&lines.join("\n"));
    assert_eq!(read.rows.len(), 2);
    assert_eq!(
        read.tally.unusable,
        [
            defect(Defect::Fields, 1, 3),
            defect(Defect::Moment, 1, 4),
            defect(Defect::Message, 2, 5),
            defect(Defect::Recipient, 1, 6),
            defect(Defect::Sender, 1, 7),
        ]
    );
}

#[test]
fn a_file_that_was_cut_keeps_what_was_readable() {
    let whole = exported();
    let cut = &whole.as_bytes()[..whole.find("lines").unwrap() + 3];
    let read = try_read(&[cut], None).unwrap();
    assert_eq!(read.rows, expected()[1..]);
    // The line that was cut has a line feed within its subject, so two lines are of no use.
    assert_eq!(read.tally.unusable, [defect(Defect::Endless, 1, 4), defect(Defect::CutOff, 1, 5)]);

    let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
    gzip.write_all(whole.as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    let read = try_read(&[&packed[..packed.len() - 12]], None).unwrap();
    assert_eq!(read.cut_off, [true]);
}

#[test]
fn a_mark_where_none_may_stand_costs_its_line_and_nothing_else() {
    let header = HEADER.replace('"', "");
    let good = |number: u32, subject: &str| {
        let subject = format!("{number:03} {subject}");
        let filler = "x".repeat(200);
        format!(
            "{},<1@x>,2026-11-28T08:00:00Z,adele@contoso.com,b@fabrikam.example,{subject}{filler},Delivered,,,5",
            id(number % 100)
        )
    };
    // Long enough for several blocks, so that threads find the ends of records by counting marks.
    let mut lines: Vec<_> = (0..60_000).map(|number| good(number, "x")).collect();
    lines[1] = good(1, "a 3\" screw");
    lines[70] = good(70, "a \"quoted\" word");
    lines[20_000] = lines[20_000].replace(",20000 x", ",\"20000 x");
    let read = read(&format!("{header}\n{}\n", lines.join("\n")));
    assert_eq!(read.rows.len(), 59_999);
    assert_eq!(read.tally.unusable, [defect(Defect::Endless, 1, 20_002)]);
}

#[test]
fn records_with_lines_in_them_are_found_across_blocks() {
    let lines: Vec<_> = (0..40_000)
        .map(|number| {
            let subject = format!("\r\n\"\",\"\"{}\r\n", "x\n".repeat(number as usize % 120));
            line(number % 100, "2026-11-28T08:00:00Z", "adele@contoso.com", "b@fabrikam.example", &subject, "Delivered")
        })
        .collect();
    let read = read(&format!("{HEADER}\r\n{}", lines.join("\r\n")));
    assert_eq!((read.rows.len(), read.tally.unusable), (40_000, Vec::new()));
}

#[test]
fn dates_that_do_not_tell_their_order_are_asked_for() {
    let day = |date: &str| {
        format!("{HEADER}\n{}\n", line(1, date, "adele@contoso.com", "b@fabrikam.example", "x", "Delivered"))
    };
    assert!(refused(&day("05/11/2026 08:00:00")).contains("-DateOrder"));
    let mixed = format!(
        "{}{}",
        day("05/13/2026 08:00:00"),
        line(2, "13/05/2026 08:00:00", "adele@contoso.com", "b@x.example", "", "")
    );
    assert!(refused(&mixed).contains("-DateOrder"));
    let november = try_read(&[day("05/11/2026 08:00:00").as_bytes()], Some(DateOrder::DayFirst)).unwrap().rows[0].0;
    assert_eq!(november, -23 * 86_400);
    // What a later line tells counts for the first one too.
    let told = format!(
        "{}{}",
        day("05/11/2026 08:00:00"),
        line(2, "13/11/2026 08:00:00", "adele@contoso.com", "b@x.example", "", "")
    );
    assert_eq!(read(&told).rows[0].0, -23 * 86_400);
}

#[test]
fn what_is_no_trace_is_refused_with_what_is_known() {
    assert!(refused("").contains("it is empty"));
    assert!(refused("CreationDate,UserIds,Operations,AuditData\n1,2,3,4\n")
        .contains("Get-MessageTraceV2 piped to Export-Csv (Received, "));
    assert!(refused("Received,SenderAddress,RecipientAddress\n").contains("no column Status, MessageTraceId"));
    let missing =
        Reader::new(&Arc::new(Book::of(own())), None, &|| false).read(&PathBuf::from("nowhere/trace.csv")).unwrap_err();
    assert_eq!((missing.code(), missing.target.as_deref()), (Code::TraceUnreadable, Some("nowhere/trace.csv")));
}

#[test]
fn a_file_that_is_refused_leaves_what_was_read_of_others() {
    let folder = TempDir::new().unwrap();
    let (good, bad) = (folder.path().join("good.csv"), folder.path().join("bad.csv"));
    fs::write(&good, exported()).unwrap();
    fs::write(&bad, format!("{HEADER}\n{}", line(9, "05/11/2026 8:00", "adele@contoso.com", "b@x.example", "", "")))
        .unwrap();
    let book = Arc::new(Book::of(own()));
    let mut reader = Reader::new(&book, None, &|| false);
    reader.read(&good).unwrap();
    assert!(reader.read(&bad).is_err());
    let rows: usize = reader.finish().iter().flat_map(|ledger| &ledger.parts).map(Rows::count).sum();
    assert_eq!(rows, 3);
}
