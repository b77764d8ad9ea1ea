//! `Measure-OutboundSending`: what was sent, by a trace from files, from the pipeline or from the service itself.

use std::path::PathBuf;
use std::sync::Arc;

use restricted_sender_limits::{Second, Settings};
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

use super::agreement::Agreement;
use super::analysis::{analyse, Scale};
use super::asked::{busiest_first, Asked};
use super::files::read_files;
use super::organization::Organization;
use super::picture::{Picture, PlotTo};
use super::plot::PlotFile;
use super::quota::Quota;
use super::sender::Sending;
use super::service::{self, Question, Stopped};
use crate::connection::{Connection, Origin};
use crate::domains::Domains;
use crate::error::{Code, Error, Result};
use crate::file_work::on_a_thread;
use crate::host::{Host, Row};
use crate::limits;
use crate::restriction::{second, Pattern};
use crate::trace::{Book, DateOrder, Ledger, Sheets, Tally};

/// Where the trace comes from.
#[derive(Debug)]
pub enum Source {
    /// Files that it was exported to.
    Files(Vec<PathBuf>),
    /// Objects that come through the pipeline, each text a table of comma-separated values with a header.
    Pipeline,
    /// The service: what was sent between these moments.
    Service {
        /// Nothing for two days before the end.
        start: Option<OffsetDateTime>,
        /// Nothing for now.
        end: Option<OffsetDateTime>,
    },
}

/// What is asked for.
#[derive(Debug)]
pub struct Options {
    /// Where the trace comes from.
    pub source: Source,
    /// The order of dates in files and texts, where they do not tell it.
    pub date_order: Option<DateOrder>,
    /// The organization's own domains; empty to ask the connection.
    pub accepted_domains: Vec<String>,
    /// How many licences for Exchange Online the organization has; 0 for a trial.
    pub license_count: Option<u32>,
    /// The moment to look from; nothing for the end of what the service is asked for, or that of the last row.
    pub at: Option<OffsetDateTime>,
    /// Addresses or patterns of the senders to show; all where there is none.
    pub senders: Vec<String>,
    /// Whether to hand over the organization as a whole instead of each sender.
    pub summary: bool,
    /// How to count where the service does not say.
    pub settings: Settings,
    /// Where to draw it; nothing for no plot.
    pub plot: Option<PlotTo>,
}

/// A sender, measured, with what the organization says of it.
#[derive(Debug, Clone)]
pub struct SenderMeasured {
    /// What was sent.
    pub sending: Sending,
    /// The policy that applies; nothing where that is not known.
    pub policy: Option<String>,
    /// What the list of restricted entities says; nothing where it was not asked.
    pub listed: Option<Agreement>,
    /// The moment that was looked from.
    pub at: OffsetDateTime,
    /// The organization, where one was asked.
    pub origin: Option<Arc<Origin>>,
}

/// The organization, measured.
#[derive(Debug, Clone)]
pub struct OrganizationMeasured {
    /// What was sent.
    pub sending: Organization,
    /// The organization, where one was asked.
    pub origin: Option<Arc<Origin>>,
}

/// Measures what was sent, and hands over a row for each sender, the busiest first, or one for the organization.
///
/// # Errors
/// [`Code::AcceptedDomainsUnknown`] where nobody says which addresses are the organization's own. [`Code::PlotExists`]
/// and [`Code::PlotUnwritable`], before anything is read. What keeps the trace from being read; of several files those
/// that cannot be read are item failures, and so is a service that stops answering when it has told enough to measure.
pub async fn measure(connection: Option<&Connection>, options: Options, host: &Host) -> Result<()> {
    let plot = match options.plot.clone() {
        Some(to) => Some(on_a_thread(move || PlotFile::prepare(&to.path, to.no_clobber)).await??),
        None => None,
    };
    let own = own_domains(connection, &options.accepted_domains, host).await?;
    let patterns = options.senders.iter().map(|text| pattern(text)).collect::<Result<Vec<_>>>()?;
    let book = Arc::new(Book::of(own));
    let mut at = options.at;
    let ledgers = match &options.source {
        Source::Files(files) => read_files(files.clone(), &book, options.date_order, host).await?,
        Source::Pipeline => vec![read_pipeline(&book, options.date_order, host).await?],
        Source::Service { start, end } => {
            let connection = connection.ok_or_else(|| Error::new(Code::NotConnected, "No trace is given."))?;
            let end = end.unwrap_or_else(|| connection.now());
            let at = *at.get_or_insert(end);
            let question = Question { start: *start, end: Some(end), senders: &options.senders };
            let read = service::read(connection, &book, question, &mut Quota::default(), host).await?;
            if let Some(stopped) = read.stopped {
                go_on_without(stopped, at, connection, host).await?;
            }
            vec![read.ledger]
        }
    };
    warn(&ledgers, host).await?;
    let asked = match connection {
        Some(connection) => {
            let senders = busiest_first(&ledgers, book.senders.all());
            Some(Asked::of(connection, &senders, host).await?)
        }
        None => None,
    };
    let (service, has_licences) = (limits::service_limits(options.license_count), options.license_count.is_some());
    let (settings, policies) = (options.settings, asked.as_ref().map(|asked| asked.policies.clone()));
    let (patterns, is_plotted) = (Arc::new(patterns), plot.is_some());
    let wanted = {
        let patterns = Arc::clone(&patterns);
        move |sender: &str| patterns.is_empty() || patterns.iter().any(|one| one.fits(sender))
    };
    let plotted = wanted.clone();
    let mut measured = on_a_thread(move || {
        let policies = policies.unwrap_or_default();
        let policy = |sender: &str| policies.get(sender).map(|(_, policy)| *policy);
        let plotted: Option<&(dyn Fn(&str) -> bool + Sync)> = if is_plotted { Some(&plotted) } else { None };
        let scale = Scale { at: at.map(Into::into), service, has_licences, settings, policy: &policy, plotted };
        analyse(&book, ledgers, &scale)
    })
    .await?;
    if let Some(file) = plot {
        let policy = |sender: &str| asked.as_ref()?.policies.get(sender).map(|(name, _)| name.clone());
        let picture = Picture {
            connection,
            listed: asked.as_ref().and_then(|asked| asked.listed.as_ref()),
            policy: &policy,
            from: begins(&options.source, measured.organization.at.into()),
            named: &options.senders,
            summary: options.summary,
        };
        let count = measured.senders.iter().filter(|sending| wanted(&sending.sender)).count();
        picture.tell_left_out(&measured, count, host).await?;
        picture.draw(&mut measured, file, host).await?;
    }
    let origin = connection.map(|connection| Arc::clone(connection.origin()));
    if options.summary {
        let sending = measured.organization;
        return host.row(Row::OrganizationMeasured(OrganizationMeasured { sending, origin })).await;
    }
    let at = OffsetDateTime::from(measured.organization.at);
    let rows = measured.senders.into_iter().filter(|sending| wanted(&sending.sender)).map(|sending| {
        let policy = asked.as_ref().and_then(|asked| Some(asked.policies.get(&sending.sender)?.0.clone()));
        let listed = asked
            .as_ref()
            .and_then(|asked| Some(asked.listed.as_ref()?.of(&sending, asked.addresses(&sending.sender), &service)));
        Ok(Row::SenderMeasured(SenderMeasured { sending, policy, listed, at, origin: origin.clone() }))
    });
    host.each(rows).await?;
    Ok(())
}

async fn own_domains(connection: Option<&Connection>, named: &[String], host: &Host) -> Result<Domains> {
    match connection {
        _ if !named.is_empty() => Ok(Domains::named(named)),
        Some(connection) => Domains::of(connection.exchange(host)).await,
        None => Err(Error::new(
            Code::AcceptedDomainsUnknown,
            "Which senders are the organization's own, and which recipients are outside, is not known.",
        )),
    }
}

/// What a plot begins with, where the service was asked.
fn begins(source: &Source, at: OffsetDateTime) -> Option<Second> {
    match source {
        Source::Service { start, .. } => Some(start.unwrap_or_else(|| at.saturating_sub(service::USUAL)).into()),
        Source::Files(_) | Source::Pipeline => None,
    }
}

fn pattern(text: &str) -> Result<Pattern> {
    Pattern::parse(text)
        .ok_or_else(|| Error::new(Code::InvalidAddress, format!("'{text}' is no pattern: a bracket is not closed.")))
}

async fn read_pipeline(book: &Arc<Book>, order: Option<DateOrder>, host: &Host) -> Result<Ledger> {
    let mut sheets = Sheets::new(book, order);
    while let Some(text) = host.next_text().await? {
        sheets.add(&text)?;
    }
    sheets.finish()
}

/// Says how far the trace was read, and what is left of it. What is used at a moment takes the day before it.
///
/// # Errors
/// That of the service, where less was read.
async fn go_on_without(stopped: Stopped, at: OffsetDateTime, connection: &Connection, host: &Host) -> Result<()> {
    let Stopped { start, at: reached, error } = stopped;
    let organization = connection.organization();
    let down_to = second(reached.into()).unwrap_or_default();
    if reached > Second::from(at.saturating_sub(Duration::DAY)) {
        return Err(error.with(|details| {
            let why = "Nothing is measured, since what is used takes a whole day.";
            details.message = format!(
                "The trace of {organization} was read down to {down_to} and no further. {why} {}",
                details.message
            );
        }));
    }
    let exact = |moment: OffsetDateTime| {
        moment.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z")).unwrap_or_default()
    };
    let rest = format!("-StartDate {} -EndDate {}", exact(start.to_offset(UtcOffset::UTC)), exact(reached.into()));
    let message = format!(
        "The trace of {organization} was read down to {down_to} and no further. What was sent from then on is measured; \
         {rest} goes on with what was sent before. {error}"
    );
    host.item_failed(Error::new(Code::TraceIncomplete, message).because_of(&error).about(organization)).await
}

/// Tells what became of lines that are not counted.
async fn warn(ledgers: &[Ledger], host: &Host) -> Result<()> {
    let mut tally = Tally::default();
    ledgers.iter().for_each(|ledger| tally.add(ledger.tally.clone()));
    for unusable in &tally.unusable {
        let place = match &unusable.file {
            Some(file) => format!("line {} of {}", unusable.line, file.display()),
            None => format!("number {}", unusable.line),
        };
        let (count, defect) = (unusable.count, unusable.defect);
        host.warn(format!("{count} of {} lines could not be used: they {defect}. The first is {place}.", tally.lines))
            .await?;
    }
    let (inbound, system, others) = (tally.inbound, tally.system, tally.others);
    host.detail(format!(
        "Of {} lines {inbound} are about mail from outside, {system} about mail of the service itself, and {others} about \
         later events.",
        tally.lines
    ))
    .await
}
