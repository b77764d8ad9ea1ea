//! The journal under several processes at once, some of which are killed in the middle of writing.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;

use restricted_sender_core::history::journal::{version, Event, Journal, Place, What};
use restricted_sender_core::restriction::Key;
use tempfile::TempDir;
use time::OffsetDateTime;

/// How often a process is killed.
const KILLS: u32 = 200;

/// Where the writing processes find their name and the journal.
const WRITER: &str = "RESTRICTEDSENDER_TEST_WRITER";
const FOLDER: &str = "RESTRICTEDSENDER_TEST_FOLDER";

/// What a writer says before the comment of an event that it was told is written.
const WRITTEN: &str = "written ";

/// Small files, so that processes also die while they begin a new one.
fn journal(folder: &Path) -> Journal {
    Journal::at(folder).rotating_at(20_000)
}

fn event(comment: &str) -> Event {
    Event {
        time: OffsetDateTime::UNIX_EPOCH,
        what: What::Requested,
        key: Key::Sender("megan@contoso.com".into()),
        organization: "contoso.onmicrosoft.com".into(),
        tenant_id: None,
        account: "App".into(),
        place: Place::here(),
        comment: Some(comment.into()),
        override_reason: None,
        action: None,
        before: None,
        request_id: None,
        error_code: None,
        detail: None,
        version: version(),
    }
}

/// Not a test: the program that the test below starts and kills. It writes until it is killed or nobody listens.
#[test]
#[ignore = "it is the program that another test starts"]
fn writer() {
    let (Ok(name), Some(folder)) = (std::env::var(WRITER), std::env::var_os(FOLDER)) else { return };
    let journal = journal(Path::new(&folder));
    let mut out = std::io::stdout();
    for number in 0.. {
        let comment = format!("{name}-{number}");
        journal.append(&event(&comment)).unwrap();
        if writeln!(out, "{WRITTEN}{comment}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
}

/// A process that writes.
struct Writer {
    process: Child,
    said: BufReader<ChildStdout>,
}

impl Writer {
    fn start(name: &str, folder: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "journal::writer", "--ignored", "--nocapture", "--test-threads=1"])
            .env(WRITER, name)
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        Self { process, said }
    }

    /// The comment of the next event that it was told is written; nothing when it has ended.
    fn written(&mut self) -> Option<String> {
        written(&mut self.said)
    }

    /// Goes on writing, and never stands still because nobody reads what it says.
    fn listen(mut self) -> (Child, JoinHandle<Vec<String>>) {
        assert!(self.written().is_some(), "it has begun");
        (self.process, std::thread::spawn(move || said(self.said)))
    }

    /// `kill -9`, and what it had said before.
    fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        said(self.said)
    }
}

fn written(said: &mut impl BufRead) -> Option<String> {
    loop {
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        // A line that was cut off by the kill may name another event than the writer meant.
        let line = line.strip_suffix('\n')?;
        // The harness announces the test on the line of its first word.
        if let Some((_, comment)) = line.split_once(WRITTEN) {
            return Some(comment.to_owned());
        }
    }
}

/// All that it says until it ends.
fn said(mut said: impl BufRead) -> Vec<String> {
    std::iter::from_fn(|| written(&mut said)).collect()
}

/// What a power failure would leave behind: the beginning of a line.
fn tear(folder: &Path) {
    use fs4::fs_std::FileExt;
    let lock = std::fs::File::open(folder.join("lock")).unwrap();
    lock.lock_exclusive().unwrap();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let last = files.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).max().unwrap();
    std::fs::OpenOptions::new().append(true).open(last).unwrap().write_all(b"{\"prev\":\"torn").unwrap();
}

fn torn_lines(files: &[PathBuf]) -> usize {
    files.iter().map(|file| std::fs::read_to_string(file).unwrap().matches("torn").count()).sum()
}

#[test]
fn killed_at_any_moment_the_chain_holds_and_nothing_written_is_missing() {
    let root = TempDir::new().unwrap();
    let others = ["first", "second"].map(|name| Writer::start(name, root.path()).listen());
    let mut written = BTreeSet::new();
    let mut tears = 0;
    for kill in 0..KILLS {
        let mut victim = Writer::start(&format!("victim{kill}"), root.path());
        for _ in 0..rand::random::<u8>() % 4 {
            written.extend(victim.written());
        }
        for _ in 0..rand::random::<u32>() % 200_000 {
            std::hint::spin_loop();
        }
        written.extend(victim.kill());
        if kill % 20 == 0 {
            tear(root.path());
            tears += 1;
        }
    }
    for (mut process, listening) in others {
        process.kill().unwrap();
        process.wait().unwrap();
        let said = listening.join().unwrap();
        assert!(!said.is_empty());
        written.extend(said);
    }

    let mut found = Vec::new();
    let journal = journal(root.path());
    journal.append(&event("the last")).unwrap();
    let verified = journal.read(|event| found.extend(event.comment)).unwrap();
    assert!(verified.is_intact() && verified.torn.is_none(), "{verified:?}");
    assert!(verified.files > 1, "{verified:?}");
    assert_eq!(torn_lines(&verified.set_aside), tears);
    assert_eq!(verified.unknown, 0);
    let all: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!(all.len(), found.len(), "an event was written twice");
    let missing: Vec<_> = written.difference(&all).collect();
    assert!(missing.is_empty(), "of {} written, {missing:?} are missing", written.len());
    assert!(written.iter().any(|comment| comment.starts_with("victim")));
}

/// Runs the shell script of docs/journal.md in a journal's folder.
#[cfg(unix)]
fn verify_by_hand(folder: &Path) -> (bool, String) {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/journal.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, script) = page.split_once("```sh\n").unwrap();
    let (script, _) = script.split_once("```").unwrap();
    let ran = Command::new("sh").args(["-c", script]).current_dir(folder).output().unwrap();
    (ran.status.success(), String::from_utf8(ran.stdout).unwrap())
}

#[cfg(unix)]
#[test]
fn an_auditor_can_verify_it_with_standard_tools() {
    let root = TempDir::new().unwrap();
    let journal = Journal::at(root.path()).rotating_at(1_000);
    for comment in ["one", "back\\slash and \"quotes\"", "zwei: ü", "three", "four", "five"] {
        journal.append(&event(comment)).unwrap();
    }
    let verified = journal.read(|_| {}).unwrap();
    assert!(verified.files > 1);
    let (holds, said) = verify_by_hand(root.path());
    assert!(holds && said.contains(&verified.head), "{said}");

    let first = root.path().join("000001.jsonl");
    std::fs::write(&first, std::fs::read_to_string(&first).unwrap().replacen("one", "two", 1)).unwrap();
    let (holds, said) = verify_by_hand(root.path());
    assert!(!holds && said.contains("The chain breaks before"), "{said}");
}
