use std::collections::BTreeSet;
use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;
use time::macros::datetime;
use uuid::uuid;

use super::*;
use crate::restriction::Key;

fn event(comment: &str) -> Event {
    Event {
        time: datetime!(2026-11-25 03:10:00.5 UTC),
        what: What::Requested,
        key: Key::Sender("megan@contoso.com".into()),
        organization: "contoso.onmicrosoft.com".into(),
        tenant_id: Some("0c6c1eb9-0000-4000-8000-000000000001".into()),
        account: "App 5a2e8b1c-0000-4000-8000-00000000000a".into(),
        place: Place { machine: "ADMIN01".into(), user: "adele".into(), process: 4242 },
        comment: Some(comment.into()),
        override_reason: None,
        action: None,
        before: None,
        request_id: None,
        error_code: None,
        detail: None,
        version: event::version(),
    }
}

/// A journal in a folder of its own, with these events in files of about two lines each.
fn journal(comments: &[&str]) -> (TempDir, Journal) {
    let root = TempDir::new().unwrap();
    let journal = Journal::at(root.path().join("contoso")).rotating_at(600);
    for comment in comments {
        assert_eq!(journal.append(&event(comment)).unwrap(), None);
    }
    (root, journal)
}

fn read(journal: &Journal) -> (Vec<String>, Verified) {
    let mut comments = Vec::new();
    let verified = journal.read(|event| comments.push(event.comment.unwrap())).unwrap();
    (comments, verified)
}

fn path(journal: &Journal, file: &str) -> PathBuf {
    journal.folder().join(file)
}

/// Changes a file as a text editor would.
fn edit(journal: &Journal, file: &str, change: impl FnOnce(&str) -> String) {
    let path = path(journal, file);
    let text = fs::read_to_string(&path).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed, "nothing was changed");
    fs::write(path, changed).unwrap();
}

/// The one break of a journal: its file, its line and why.
fn the_break(journal: &Journal) -> (String, u64, String) {
    let (_, verified) = read(journal);
    assert!(!verified.is_intact());
    let [only] = verified.breaks.as_slice() else { panic!("{:?}", verified.breaks) };
    (only.file.file_name().unwrap().to_str().unwrap().to_owned(), only.line, only.why.clone())
}

#[test]
fn everything_of_an_event_comes_back() {
    let root = TempDir::new().unwrap();
    let journal = Journal::at(root.path());
    let failed = Event {
        what: What::Failed,
        key: Key::Connector(uuid!("5a2e8b1c-0000-4000-8000-00000000000a")),
        tenant_id: None,
        comment: Some("two\nlines, \"quoted\", \u{202e}ünï".into()),
        request_id: Some("r-1".into()),
        error_code: Some("RS4004".into()),
        detail: Some("only Support can help".into()),
        ..event("")
    };
    let events = [event("first"), failed, Event { comment: None, what: What::Released, ..event("") }];
    for event in &events {
        journal.append(event).unwrap();
    }
    let mut back = Vec::new();
    let verified = journal.read(|event| back.push(event)).unwrap();
    assert_eq!(back, events);
    assert_eq!((verified.files, verified.lines, verified.unknown), (1, 3, 0));
    assert_eq!(verified.covers, Some((events[0].time, events[2].time)));
    let text = fs::read_to_string(root.path().join("000001.jsonl")).unwrap();
    assert!(text.starts_with(&format!("{{\"prev\":\"{}\",\"time\":\"2026-11-25T03:10:00.5Z\",", "0".repeat(64))));
}

#[test]
fn a_text_of_absurd_length_is_cut_and_the_line_is_read() {
    let (_root, journal) = journal(&[&"ü".repeat(100_000), "next"]);
    let (comments, verified) = read(&journal);
    assert!(verified.is_intact());
    assert_eq!(comments[0], format!("{}...", "ü".repeat(4096)));
}

#[test]
fn a_full_file_is_followed_by_another_that_goes_on_with_the_chain() {
    let (_root, journal) = journal(&["1", "2", "3", "4", "5"]);
    let (comments, verified) = read(&journal);
    assert_eq!(comments, ["1", "2", "3", "4", "5"]);
    assert_eq!((verified.files, verified.lines, verified.breaks.len()), (3, 5, 0));
    assert!(verified.from_the_beginning);
    let last = fs::read_to_string(path(&journal, "000003.jsonl")).unwrap();
    assert_eq!(verified.head, event::Hash::of(last.trim_end().as_bytes()).digits());
}

#[test]
fn a_changed_line_shows_at_the_next() {
    let (_root, journal) = journal(&["1", "2", "3", "4", "5"]);
    edit(&journal, "000001.jsonl", |text| text.replacen("megan", "adele", 1));
    let (file, line, why) = the_break(&journal);
    assert_eq!((file.as_str(), line), ("000001.jsonl", 2));
    assert!(why.contains("the line before was changed"), "{why}");
}

#[test]
fn a_change_at_the_end_of_a_file_shows_in_the_next() {
    let (_root, journal) = journal(&["1", "2", "3", "4", "5"]);
    edit(&journal, "000001.jsonl", |text| text.replace("\"2\"", "\"8\""));
    assert_eq!(the_break(&journal).0, "000002.jsonl");
}

#[test]
fn a_line_that_was_removed_or_put_elsewhere_shows() {
    let (_root, shorter) = journal(&["1", "2", "3"]);
    edit(&shorter, "000001.jsonl", |text| text.split_inclusive('\n').skip(1).collect());
    let (_, verified) = read(&shorter);
    let first = &verified.breaks[0];
    assert_eq!((first.line, first.why.contains("first line")), (1, true), "{first}");

    let (_root, reversed) = journal(&["1", "2", "3"]);
    edit(&reversed, "000001.jsonl", |text| text.split_inclusive('\n').rev().collect());
    assert_eq!(read(&reversed).1.breaks.len(), 3, "both lines and the file after them");
}

#[test]
fn a_line_that_is_none_is_told_and_the_rest_is_read() {
    let (_root, journal) = journal(&["1", "2", "3"]);
    edit(&journal, "000001.jsonl", |text| text.replacen("{\"prev\"", "{prev", 1));
    let (comments, verified) = read(&journal);
    assert_eq!(comments, ["2", "3"]);
    assert_eq!((verified.unknown, verified.breaks[0].line), (1, 1));
    assert!(verified.breaks[0].why.contains("no line of a journal"), "{}", verified.breaks[0]);
}

#[test]
fn a_missing_file_is_named_and_missing_first_files_are_no_break() {
    let (_root, journal) = journal(&["1", "2", "3", "4", "5", "6", "7"]);
    fs::remove_file(path(&journal, "000002.jsonl")).unwrap();
    let (file, line, why) = the_break(&journal);
    assert_eq!((file.as_str(), line), ("000003.jsonl", 1));
    assert!(why.contains("000002.jsonl is missing"), "{why}");

    fs::remove_file(path(&journal, "000001.jsonl")).unwrap();
    let (comments, verified) = read(&journal);
    assert_eq!(comments, ["5", "6", "7"]);
    assert!(verified.is_intact() && !verified.from_the_beginning);
}

#[test]
fn a_line_of_a_later_version_is_kept_in_the_chain() {
    let (_root, journal) = journal(&["1"]);
    let first = fs::read(path(&journal, "000001.jsonl")).unwrap();
    let previous = event::Hash::of(first.trim_ascii_end());
    let later = format!("{{\"prev\":\"{}\",\"event\":\"Dreamt\"}}\n", previous.digits());
    edit(&journal, "000001.jsonl", |text| format!("{text}{later}"));
    assert_eq!(journal.append(&event("2")).unwrap(), None, "it is not torn");
    let (comments, verified) = read(&journal);
    assert_eq!((comments, verified.unknown, verified.is_intact()), (vec!["1".into(), "2".into()], 1, true));
}

#[test]
fn what_is_torn_is_told_set_aside_and_kept() {
    let (_root, journal) = journal(&["1"]);
    edit(&journal, "000001.jsonl", |text| format!("{text}{{\"prev\":\"00\n\0\0\0"));
    let (comments, verified) = read(&journal);
    assert_eq!((comments.len(), verified.is_intact()), (1, true));
    let torn = verified.torn.unwrap();
    assert_eq!((torn.line, torn.bytes), (2, 15));

    let set_aside = journal.append(&event("2")).unwrap().unwrap();
    assert_eq!(set_aside.bytes, 15);
    assert_eq!(fs::read(&set_aside.moved_to).unwrap(), b"{\"prev\":\"00\n\0\0\0\n");
    let (comments, verified) = read(&journal);
    assert_eq!((comments.len(), verified.is_intact(), verified.torn), (2, true, None));
    assert_eq!(verified.set_aside, [set_aside.moved_to]);
}

#[test]
fn an_old_file_that_ends_in_the_middle_of_a_line_is_a_break() {
    let (_root, journal) = journal(&["1", "2", "3"]);
    edit(&journal, "000001.jsonl", |text| text.trim_end().to_owned());
    let (file, line, why) = the_break(&journal);
    assert_eq!((file.as_str(), line, why.contains("cut off")), ("000001.jsonl", 2, true));
}

#[test]
fn a_line_without_an_end_in_sight_is_not_kept_in_memory() {
    let (_root, journal) = journal(&["1", "2", "3"]);
    edit(&journal, "000001.jsonl", |text| format!("{}{text}", "x".repeat(3 << 20)));
    let (comments, verified) = read(&journal);
    assert_eq!(comments, ["2", "3"]);
    assert!(verified.breaks[0].why.contains("longer than any line"), "{}", verified.breaks[0]);
}

#[test]
fn files_that_are_not_the_journals_are_left_alone() {
    let (_root, journal) = journal(&["1"]);
    for other in ["1.jsonl", "copy.jsonl", "000001.jsonl.bak", "+00002.jsonl"] {
        fs::write(path(&journal, other), "x").unwrap();
    }
    journal.append(&event("2")).unwrap();
    assert_eq!(read(&journal).1.files, 1);
}

#[test]
fn a_single_file_can_be_verified() {
    let (_root, journal) = journal(&["1", "2", "3"]);
    let second = verify(&path(&journal, "000002.jsonl")).unwrap();
    assert_eq!((second.lines, second.is_intact(), second.from_the_beginning), (1, true, false));
    assert!(verify(&path(&journal, "000001.jsonl")).unwrap().from_the_beginning);
}

#[test]
fn no_journal_is_an_error_that_names_the_folder() {
    let root = TempDir::new().unwrap();
    for folder in [root.path().to_owned(), root.path().join("nothing")] {
        let error = verify(&folder).unwrap_err();
        assert_eq!(error.code(), Code::JournalUnreadable);
        assert_eq!(error.target, Some(folder.display().to_string()));
    }
}

#[test]
fn what_cannot_be_written_is_an_error_that_names_the_folder() {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join("file"), "").unwrap();
    let folder = root.path().join("file").join("contoso");
    let error = Journal::at(&folder).append(&event("1")).unwrap_err();
    assert_eq!(error.code(), Code::JournalUnwritable);
    assert_eq!(error.target, Some(folder.display().to_string()));
    assert!(!error.causes.is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_that_says_so() {
    let (_root, journal) = journal(&[]);
    fs::create_dir_all(journal.folder()).unwrap();
    std::os::unix::fs::symlink("/dev/full", path(&journal, "000001.jsonl")).unwrap();
    let error = journal.append(&event("1")).unwrap_err();
    assert_eq!(error.code(), Code::JournalUnwritable);
    assert!(error.message.contains("No space left"), "{error}");
}

#[test]
fn an_organization_has_one_journal_whatever_it_was_called() {
    let origin = |organization: &str, tenant_id: Option<&str>| Origin {
        organization: organization.into(),
        tenant_id: tenant_id.map(str::to_owned),
        practice: false,
        portals: std::sync::Arc::default(),
    };
    let folder = |origin| Journal::of(Path::new("root"), &origin).folder().to_owned();
    assert_eq!(folder(origin("contoso.com", Some("T-1"))), folder(origin("contoso.onmicrosoft.com", Some("t-1"))));
    assert_eq!(folder(origin("Contoso.com", None)), Path::new("root").join("contoso.com"));
}

#[test]
fn threads_that_write_at_once_lose_nothing() {
    let (_root, journal) = journal(&[]);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let journal = &journal;
            scope.spawn(move || {
                for number in 0..25 {
                    journal.append(&event(&format!("{writer}-{number}"))).unwrap();
                }
            });
        }
    });
    let (comments, verified) = read(&journal);
    assert!(verified.is_intact(), "{:?}", verified.breaks);
    assert_eq!(comments.len(), 100);
    assert_eq!(comments.iter().collect::<BTreeSet<_>>().len(), 100);
}

#[test]
fn a_writer_that_gave_up_has_written_nothing() {
    let (_root, journal) = journal(&["1"]);
    let held = Lock::exclusive(journal.folder()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let hasty = journal.clone().with_patience(Duration::ZERO);
    let error = runtime.block_on(hasty.record(event("2"))).unwrap_err();
    assert_eq!(error.code(), Code::JournalUnwritable);
    assert!(error.message.contains("locked"), "{error}");
    drop(held);
    assert_eq!(runtime.block_on(journal.record(event("3"))).unwrap(), None);
    // Ends when the thread that had given up has ended too.
    drop(runtime);
    assert_eq!(read(&journal).0, ["1", "3"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// The file system may keep any number of bytes of what was written last, and may have filled up the rest.
    #[test]
    fn cut_off_anywhere_it_opens_verifies_and_goes_on(
        comments in prop::collection::vec("[a-zü\"\\n]{0,60}", 1..6),
        cut in any::<prop::sample::Index>(),
        filled in prop::collection::vec(prop_oneof![Just(0), Just(b'\n'), any::<u8>()], 0..20),
    ) {
        let (_root, journal) = journal(&comments.iter().map(String::as_str).collect::<Vec<_>>());
        let last = files::file(journal.folder(), *files::numbers(journal.folder()).unwrap().last().unwrap());
        let mut bytes = fs::read(&last).unwrap();
        let earlier = comments.len() - bytes.split_inclusive(|byte| *byte == b'\n').count();
        bytes.truncate(cut.index(bytes.len() + 1));
        bytes.extend(&filled);
        fs::write(&last, &bytes).unwrap();
        let whole_lines: Vec<_> = bytes
            .split_inclusive(|byte| *byte == b'\n')
            .take_while(|line| line.ends_with(b"\n") && event::previous(&line[..line.len() - 1]).is_ok())
            .collect();
        let whole = earlier + whole_lines.len();
        let torn = bytes.len() - whole_lines.concat().len();

        let (found, verified) = read(&journal);
        prop_assert!(verified.is_intact(), "{:?}", verified.breaks);
        prop_assert_eq!(&found[..], &comments[..whole]);
        prop_assert_eq!(verified.torn.map_or(0, |torn| torn.bytes), torn as u64);

        let set_aside = journal.append(&event("after")).unwrap();
        prop_assert_eq!(set_aside.as_ref().map_or(0, |aside| aside.bytes), torn as u64);
        if let Some(aside) = set_aside {
            let mut kept = bytes[bytes.len() - torn..].to_vec();
            kept.push(b'\n');
            prop_assert_eq!(fs::read(aside.moved_to).unwrap(), kept);
        }
        let (found, verified) = read(&journal);
        prop_assert!(verified.is_intact() && verified.torn.is_none(), "{:?}", verified);
        prop_assert_eq!(&found[..whole], &comments[..whole]);
        prop_assert_eq!(&found[whole..], ["after"]);
    }
}
