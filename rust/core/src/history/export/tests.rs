use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A record of the audit log, as `AuditData` has it.
fn record(number: usize) -> String {
    format!(
        r#"{{"CreationTime":"2026-11-02T08:{:02}:00","Id":"a-{number}","Operation":"HygieneTenantEvents","RecordType":51,"Event":"Listed","EventId":11,"EventValue":"user{number}@contoso.com","Reason":"says \"{{[}}]\\\" ü;"}}"#,
        number % 60
    )
}

const OTHER: &str = r#"{"Operation":"MailItemsAccessed","Reason":{"a":[1,{"b":"}"}]}}"#;

/// Rows of a CSV file with the columns of `Search-UnifiedAuditLog`.
fn csv_of(records: &[String], delimiter: &str) -> String {
    let columns = ["RecordType", "CreationDate", "UserIds", "Operations", "AuditData", "Identity"];
    let mut text = columns.map(|column| format!("\"{column}\"")).join(delimiter) + "\r\n";
    for record in records {
        let quoted = format!("\"{}\"", record.replace('"', "\"\""));
        let row = ["\"HygieneEvent\"", "\"11/2/2026 8:00:00 AM\"", "\"a, b\"", "", &quoted, "\"x\"\r\n"];
        text += &row.join(delimiter);
    }
    text
}

fn records(count: usize) -> Vec<String> {
    (0..count).map(record).collect()
}

fn read_bytes(bytes: &[u8]) -> Result<(Vec<AuditEvent>, Export)> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("export");
    fs::write(&path, bytes).unwrap();
    let mut events = Vec::new();
    let export = read_export(&path, |event| {
        events.push(event);
        ControlFlow::Continue(())
    })?;
    assert_eq!(export.events, events.len() as u64);
    Ok((events, export))
}

fn read(text: &str) -> (Vec<AuditEvent>, Export) {
    read_bytes(text.as_bytes()).unwrap()
}

fn unusable(defect: Defect, count: u64, first_line: u64) -> Unusable {
    Unusable { defect, count, first_line }
}

fn expected(count: usize) -> Vec<AuditEvent> {
    records(count).iter().map(|record| AuditEvent::read(record.as_bytes()).unwrap().unwrap()).collect()
}

fn utf16(text: &str, mark: bool, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mark = mark.then_some(0xfeff);
    mark.into_iter().chain(text.encode_utf16()).flat_map(to_bytes).collect()
}

#[test]
fn every_encoding_of_every_form_is_read() {
    // Enough for several buffers, so that characters lie across their ends.
    let all = records(700);
    for text in [csv_of(&all, ","), format!("[\n  {}\n]\n", all.join(",\n  ")), all.join("\n")] {
        let with_mark = format!("\u{feff}{text}");
        for (encoding, bytes) in [
            ("UTF-8", text.clone().into_bytes()),
            ("UTF-8 with a mark", with_mark.into_bytes()),
            ("UTF-16LE", utf16(&text, false, u16::to_le_bytes)),
            ("UTF-16LE with a mark", utf16(&text, true, u16::to_le_bytes)),
            ("UTF-16BE", utf16(&text, false, u16::to_be_bytes)),
            ("UTF-16BE with a mark", utf16(&text, true, u16::to_be_bytes)),
        ] {
            let (events, export) = read_bytes(&bytes).unwrap();
            assert!(events == expected(700), "{encoding}: {export:?}");
            assert_eq!(export, Export { records: 700, events: 700, others: 0, unusable: vec![] }, "{encoding}");
        }
    }
}

#[test]
fn a_csv_file_is_read_with_any_delimiter_and_with_a_type_line() {
    for delimiter in [",", ";", "\t"] {
        assert_eq!(read(&csv_of(&records(3), delimiter)).0, expected(3), "{delimiter}");
    }
    let unix = csv_of(&[record(0), "{".into()], ",").replace("\r\n", "\n");
    assert_eq!(read(&unix).1.unusable, [unusable(Defect::NotJson, 1, 3)]);
    let mut rows = records(2);
    rows.push("{\"Operation\":".into());
    let (events, export) =
        read(&format!("#TYPE Selected.System.Management.Automation.PSCustomObject\r\n{}", csv_of(&rows, ",")));
    assert_eq!(events, expected(2));
    assert_eq!(export.unusable, [unusable(Defect::NotJson, 1, 5)]);
}

#[test]
fn what_cannot_be_used_is_counted_by_reason_with_its_first_line() {
    let cut_off = record(9)[..150].to_owned();
    let rows = [record(0), cut_off.clone(), OTHER.into(), String::new(), record(1), cut_off, "two\nlines".into()];
    let (events, export) = read(&(csv_of(&rows, ",") + "\"too short\",\"row\"\r\n"));
    assert_eq!(events, expected(2));
    assert_eq!((export.records, export.others), (8, 1));
    assert_eq!(export.unusable, [unusable(Defect::NotJson, 3, 3), unusable(Defect::NoAuditData, 2, 5)]);
}

#[test]
fn objects_that_are_damaged_take_no_other_with_them() {
    let whole = record(0);
    for (damage, defects) in [
        (record(9)[..120].to_owned(), 1),
        (record(9)[..record(9).len() - 1].to_owned(), 1),
        ("{\"Operation\":\"x\",\"a\":{\"b\":[1,2".to_owned(), 1),
        ("nonsense".to_owned(), 1),
        ("7, true, \"text\"".to_owned(), 3),
    ] {
        let (events, export) = read(&format!("{whole}\n{damage}\n{}\n", record(1)));
        assert_eq!(events, expected(2), "{damage}");
        assert_eq!(export.unusable, [unusable(Defect::NotJson, defects, 2)], "{damage}");
    }
    let (events, export) = read(&format!("[{whole},\n{OTHER},\n{{\"a\":1}},\n{}", &record(2)[..100]));
    assert_eq!((events.len(), export.records, export.others), (1, 4, 1));
    assert_eq!(export.unusable, [unusable(Defect::NoAuditData, 1, 3), unusable(Defect::NotJson, 1, 4)]);
}

#[test]
fn a_record_without_an_end_does_not_fill_the_memory() {
    let endless = "x".repeat(LARGEST_RECORD + (1 << 17));
    let (events, export) = read(&format!("{{\"a\":\"{endless}\"}}\n{}", record(0)));
    assert_eq!(events, expected(1));
    assert_eq!(export.unusable, [unusable(Defect::TooLarge, 1, 1)]);
    let error = read_bytes(format!("{}\"{endless}", csv_of(&records(1), ",")).as_bytes()).unwrap_err();
    assert_eq!(error.code(), Code::ExportUnreadable);
    assert!(error.message.contains("quotation mark"), "{error}");
}

#[test]
fn a_file_that_is_no_export_is_an_error_that_says_why() {
    for (bytes, why) in [
        (&b""[..], "it is empty"),
        (b"\xef\xbb\xbf \r\n", "it is empty"),
        (b"SenderAddress,Reason\r\na@contoso.com,x\r\n", "no column AuditData"),
        (b"\x7fELF\x02\x01", "no column AuditData"),
    ] {
        let error = read_bytes(bytes).unwrap_err();
        assert_eq!(error.code(), Code::ExportUnreadable);
        assert!(error.message.contains(why), "{error}");
        assert!(error.target.is_some());
    }
    let error = read_export(Path::new("nowhere/audit.csv"), |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!((error.code(), error.target.as_deref()), (Code::ExportUnreadable, Some("nowhere/audit.csv")));
}

#[test]
fn a_reader_that_has_had_enough_ends_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("export");
    for text in [csv_of(&records(5), ","), records(5).join("\n")] {
        fs::write(&path, text).unwrap();
        let export = read_export(&path, |_| ControlFlow::Break(())).unwrap();
        assert_eq!((export.records, export.events), (1, 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), like_json in any::<bool>()) {
        let mut file = if like_json { b"[{\"".to_vec() } else { b"AuditData\n\"".to_vec() };
        file.extend(bytes);
        let _ = read_bytes(&file);
    }

    #[test]
    fn an_export_that_is_cut_off_anywhere_keeps_the_records_before(cut in any::<prop::sample::Index>()) {
        let text = records(4).join("\n");
        let cut = cut.index(text.len());
        let Some(kept) = text.get(..cut).filter(|kept| !kept.is_empty()) else { return Ok(()) };
        let whole = kept.matches("\"}").count();
        let (events, export) = read(kept);
        prop_assert_eq!(&events[..], &expected(4)[..whole]);
        prop_assert_eq!(export.records - export.events, u64::from(!kept.ends_with("\"}") && !kept.ends_with('\n')));
    }
}
