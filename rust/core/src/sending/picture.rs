//! What a plot shows: what was measured, and what became of the senders by the list, the journal and the audit log.

use std::path::PathBuf;

use restricted_sender_limits::{Second, Until};
use time::{Duration, OffsetDateTime};

use super::agreement::Listed;
use super::analysis::Measured;
use super::blocks::{blocks, Block};
use super::course::Line;
use super::plot::{dated, plural, Event, Mark, Panel, Plot, PlotFile};
use super::sender::{Groups, Sending};
use super::shown::{One, MOST};
use crate::connection::Connection;
use crate::error::{Code, Result};
use crate::file_work::on_a_thread;
use crate::history::of_some;
use crate::history::search::LATENESS;
use crate::host::Host;
use crate::restriction::{Addresses, Key};

/// Where a plot is wanted.
#[derive(Debug, Clone)]
pub struct PlotTo {
    /// The full path of the file.
    pub path: PathBuf,
    /// Whether a file that is there is kept, and the operation refused.
    pub no_clobber: bool,
}

/// What a plot is made from.
pub struct Picture<'a> {
    pub connection: Option<&'a Connection>,
    /// The list of restricted entities, where it was read.
    pub listed: Option<&'a Listed>,
    /// The policy of a sender by name, where it is known.
    pub policy: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// What the trace begins with, where that was chosen.
    pub from: Option<Second>,
    /// Whose plot it is: the addresses and patterns that were named.
    pub named: &'a [String],
    pub summary: bool,
}

/// The blocks of a sender.
#[derive(Default)]
struct Past {
    /// The address that was listed, where it is another one than that of the sender.
    address: Option<String>,
    blocks: Vec<Block>,
}

/// What becomes of a block is looked for so long after the last moment that was measured: a release takes at most a day.
const AFTERWARDS: Duration = Duration::days(2);

impl Picture<'_> {
    /// Draws it and writes the file; that it cannot be written is an item failure.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn draw(&self, measured: &mut Measured, file: PlotFile, host: &Host) -> Result<()> {
        let plot = if self.summary { self.organization(measured) } else { self.senders(measured, host).await? };
        let written = on_a_thread(move || file.write(&plot.svg())).await?;
        match written {
            Ok(()) => Ok(()),
            Err(error) => host.item_failed(error).await,
        }
    }

    fn organization(&self, measured: &mut Measured) -> Plot {
        let organization = &measured.organization;
        let from = self.begins(organization.first, organization.at);
        let about = format!(
            "{} wrote {} to {}.",
            plural(organization.senders, "sender", "senders"),
            plural(organization.messages, "message", "messages"),
            plural(organization.recipients, "recipient", "recipients")
        );
        let lines = std::mem::take(&mut measured.lines);
        let mut notes = vec![not_counted(from)];
        if organization.external_limit.is_none() {
            notes.push(
                "The limit of the organization follows from its licences, whose number was not given.".to_owned(),
            );
        }
        let panel = Panel { heading: self.whose(), about, lines, marks: Vec::new(), blocked: Vec::new() };
        let panels = if organization.first.is_some() { vec![panel] } else { Vec::new() };
        Plot { about: self.whose(), from, at: organization.at, panels, notes }
    }

    async fn senders(&self, measured: &mut Measured, host: &Host) -> Result<Plot> {
        let at = measured.organization.at;
        let shown = std::mem::take(&mut measured.shown).all();
        let mut people = Vec::with_capacity(shown.len());
        for One { sender, lines, .. } in shown {
            if let Some(sending) = measured.senders.iter().find(|sending| sending.sender == sender) {
                people.push((sending, lines));
            }
        }
        let from = self.begins(people.iter().map(|(sending, _)| sending.first).min(), at);
        let mut notes = vec![not_counted(from)];
        let mut past = match self.connection {
            Some(connection) if !people.is_empty() => self.past(connection, &people, (from, at), host).await?,
            _ => Vec::new(),
        };
        notes.extend(match self.connection {
            None => Some("Without a connection, blocks, unblocks and releases are not known.".to_owned()),
            Some(connection) if OffsetDateTime::from(at) > connection.now().saturating_sub(LATENESS) => Some(
                "Blocks, unblocks and releases are those of the list, the journal and the audit log, whose records may \
                 arrive a day late."
                    .to_owned(),
            ),
            Some(_) => {
                Some("Blocks, unblocks and releases are those of the list, the journal and the audit log.".to_owned())
            }
        });
        past.resize_with(people.len(), Past::default);
        let panels = people.into_iter().zip(&past);
        let panels = panels.map(|((sending, lines), past)| self.panel(sending, lines, past, at)).collect();
        Ok(Plot { about: self.whose(), from, at, panels, notes })
    }

    /// Tells whom the plot leaves out. `wanted` are all that were asked for.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn tell_left_out(&self, measured: &Measured, wanted: usize, host: &Host) -> Result<()> {
        let shown = measured.shown.len();
        if self.summary || wanted <= shown {
            return Ok(());
        }
        host.warn(format!(
            "The plot shows {shown} of {wanted} senders, those who tripped a limit first and then the busiest: {} are \
             left out. -SenderAddress names up to {MOST} others.",
            wanted - shown
        ))
        .await
    }

    fn whose(&self) -> String {
        match self.connection {
            Some(connection) => connection.title(),
            None if self.summary || self.named.is_empty() => "A message trace".to_owned(),
            None => format!("A message trace, {}", self.named.join(", ")),
        }
    }

    /// Whole hours, unless the beginning was chosen.
    fn begins(&self, first: Option<Second>, at: Second) -> Second {
        const HOUR: u32 = 3600;
        let full = |second: Second| Second::of_unix_time(second.unix_time() / HOUR * HOUR);
        self.from.unwrap_or_else(|| full(first.unwrap_or(at)))
    }

    /// What is known of the restrictions of each, in their order. What cannot be read is a warning.
    async fn past(
        &self,
        connection: &Connection,
        people: &[(&Sending, Vec<Line>)],
        (from, at): (Second, Second),
        host: &Host,
    ) -> Result<Vec<Past>> {
        let senders: Vec<_> = people.iter().map(|(sending, _)| sending.sender.clone()).collect();
        let mut addresses = Vec::with_capacity(senders.len());
        for (found, sender) in Addresses::of_each(connection.exchange(host), &senders).await.into_iter().zip(&senders) {
            let known = match found {
                Ok(known) => known.unwrap_or_default(),
                Err(error) if error.code() == Code::Cancelled => return Err(error),
                Err(error) => {
                    host.warn(format!(
                        "The plot shows blocks of {sender} under this address alone: the others could not be read. {error}"
                    ))
                    .await?;
                    Addresses::default()
                }
            };
            addresses.push(known.after(sender));
        }
        let now = connection.now();
        let from = OffsetDateTime::from(from);
        let until = now.min(OffsetDateTime::from(at).saturating_add(AFTERWARDS));
        let keys: Vec<_> = addresses.iter().flatten().cloned().map(Key::Sender).collect();
        let mut history = None;
        if from <= until {
            let (told, gaps) = of_some(connection, &keys, from..=until, host).await?;
            for gap in gaps {
                host.warn(format!("The plot may lack blocks, unblocks and releases. {gap}")).await?;
            }
            history = Some(told);
        }
        let within = from..=until;
        let of = |address: &String| {
            let told = history.as_ref().map(|history| history.restrictions(&Key::Sender(address.clone())));
            let listed = self.listed.and_then(|listed| listed.since(address));
            blocks(told.unwrap_or_default(), listed, &within)
        };
        // Each address is listed by itself, and a mailbox by its user principal name: without blocks of its own, those of
        // the first of the person's other addresses that has any.
        let past = |all: &Vec<String>| {
            let found = all.iter().map(|address| (address, of(address))).find(|(_, blocks)| !blocks.is_empty());
            let (address, blocks) = found?;
            Some(Past { address: all.first().filter(|first| *first != address).map(|_| address.clone()), blocks })
        };
        Ok(addresses.iter().map(|all| past(all).unwrap_or_default()).collect())
    }

    fn panel(&self, sending: &Sending, lines: Vec<Line>, past: &Past, at: Second) -> Panel {
        let policy = match (self.connection, (self.policy)(&sending.sender)) {
            (_, Some(policy)) => format!("Outbound spam policy: {policy}."),
            (Some(_), None) => {
                "Which outbound spam policy applies is not known: the limit of the service alone.".to_owned()
            }
            (None, None) => "The limit of the service alone: without a connection, no policy is known.".to_owned(),
        };
        let accuracy = match sending.groups {
            Groups::None => "",
            Groups::AtMost | Groups::Doubtful => " With messages to groups, the counts are the most that it can be.",
        };
        let whose = match &past.address {
            Some(address) => format!(" Listed as {address}."),
            None => String::new(),
        };
        let about = format!(
            "{} to {} outside and {} inside. {policy}{whose}{accuracy}",
            plural(sending.messages, "message", "messages"),
            plural(sending.external, "recipient", "recipients"),
            plural(sending.internal, "recipient", "recipients")
        );
        let mut marks: Vec<_> = past.blocks.iter().flat_map(Block::marks).collect();
        marks.extend(sending.tripped.map(|tripped| {
            let detail = format!("{} by message {}", tripped.limit.name(), tripped.message_trace_id());
            Mark { event: Event::Tripped(tripped.limit), at: tripped.at, detail: Some(detail) }
        }));
        let last = marks.iter().map(|mark| mark.at).fold(at, Second::max);
        if let Some((limit, Until::At(again))) = sending.restricted {
            let detail = Some(format!("as {} is counted", limit.name()));
            marks.push(Mark { event: Event::CanSendAgain, at: again, detail });
        }
        let blocked = past.blocks.iter().filter_map(|block| block.time(last.into()));
        let blocked = blocked.map(|(from, until)| (from.into(), until.into())).collect();
        Panel { heading: sending.sender.clone(), about, lines, marks, blocked }
    }
}

fn not_counted(from: Second) -> String {
    format!(
        "What was sent before {} is not counted: windows that reach back beyond it may show too little.",
        dated(from)
    )
}
