//! Some files that are read on a thread of their own, while others are read on others.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use restricted_sender_ndr::{read, Known, Report};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::source::{unreadable, Item};
use super::NonDeliveryReport;
use crate::encoding::utf8;
use crate::error::{Error, Result};
use crate::file_work::{stopped, voice, Ear, Say, Voice};
use crate::host::{Host, Row};

/// How many rows cross over at once.
const TOGETHER: usize = 128;

/// How many such batches may lie unread.
const AHEAD: usize = 2;

/// Work under way.
pub(super) struct Job {
    ear: Ear,
    thread: JoinHandle<()>,
}

impl Job {
    pub(super) fn start(runtime: &Handle, items: Vec<Item>, accepted_domains: Arc<[String]>) -> Self {
        let (voice, ear) = voice(AHEAD);
        let thread = runtime.spawn_blocking(move || {
            let mut reading = Reading { voice, rows: Vec::new(), accepted_domains };
            // What nobody takes any more need not be read.
            let _ = items.into_iter().try_for_each(|item| reading.item(item));
            let _ = reading.hand_over();
        });
        Self { ear, thread }
    }

    /// Hands over what it reads, until it is done.
    pub(super) async fn tell(self, host: &Host) -> Result<()> {
        self.ear.tell(host).await?;
        self.thread.await.map_err(|error| stopped(&error))
    }
}

struct Reading {
    voice: Voice,
    rows: Vec<Row>,
    accepted_domains: Arc<[String]>,
}

impl Reading {
    fn item(&mut self, item: Item) -> ControlFlow<()> {
        match item {
            Item::File(path) => self.file(&path),
            Item::Text(text) => {
                let known = Known { accepted_domains: self.accepted_domains.to_vec(), ..text.known };
                // Memory can be read.
                self.reports(text.text.as_bytes(), &known, None).unwrap_or(ControlFlow::Continue(()))
            }
            Item::Unreadable(error) => self.failed(error),
        }
    }

    fn file(&mut self, path: &Path) -> ControlFlow<()> {
        let known = Known { accepted_domains: self.accepted_domains.to_vec(), ..Known::default() };
        let source: Arc<str> = path.display().to_string().into();
        let text = File::open(path).and_then(utf8).map(|text| BufReader::with_capacity(1 << 16, text));
        match text.and_then(|text| self.reports(text, &known, Some(&source))) {
            Ok(flow) => flow,
            Err(error) => self.failed(unreadable(path, &error)),
        }
    }

    fn reports(&mut self, text: impl BufRead, known: &Known, source: Option<&Arc<str>>) -> io::Result<ControlFlow<()>> {
        let mut flow = ControlFlow::Continue(());
        read(text, known, &mut |report: Report| {
            self.rows.push(Row::NonDelivery(NonDeliveryReport { report, source: source.cloned() }));
            if self.rows.len() >= TOGETHER {
                flow = self.hand_over();
            }
            flow
        })?;
        Ok(flow)
    }

    fn failed(&mut self, error: Error) -> ControlFlow<()> {
        self.hand_over()?;
        self.voice.say(Say::Failed(error))
    }

    fn hand_over(&mut self) -> ControlFlow<()> {
        if self.rows.is_empty() {
            return ControlFlow::Continue(());
        }
        let rows = std::mem::take(&mut self.rows);
        self.voice.say(Say::Rows(rows))
    }
}
