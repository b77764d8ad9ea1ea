//! `Test-SenderAccount`: the report of each sender or connector that the input names.

use std::collections::HashSet;

use tokio::sync::Mutex;

use super::catalog::{Row as Rule, CATALOG};
use super::dossier::Dossier;
use super::finding::{fact, Finding};
use super::frame::Frame;
use super::looks::Look;
use super::organization::Organization;
use super::reading::Reading;
use super::several::in_order;
use super::{verdict, Check, CheckState, Report, TestOptions};
use crate::connection::Connection;
use crate::error::{Code, Result};
use crate::host::{Host, Item, Row};
use crate::reason::Reason;
use crate::restriction::{Finding as Found, Key, Known, List, Target};

/// How many senders are worked on at the same time. All their requests together pass the gate of [`Organization`].
const SENDERS_AT_ONCE: usize = 4;

/// Checks what the input names and hands over one [`Report`] for each, in the order of the input.
///
/// # Errors
/// When the caller has gone. What names nobody is an item failure; whatever cannot be read is an `Unknown` check.
pub async fn test(connection: &Connection, options: &TestOptions, host: &Host) -> Result<()> {
    let examiner = Examiner::new(connection, options.clone(), host)?;
    let work = |item: Item| -> std::pin::Pin<Box<dyn std::future::Future<Output = Result<Report>> + Send + '_>> {
        let examiner = &examiner;
        Box::pin(async move { examiner.item(&item).await })
    };
    let take = |report: Result<Report>| async {
        match report {
            Ok(report) => host.row(Row::Account(report)).await,
            Err(error) if error.code() == Code::Cancelled => Err(error),
            Err(error) => host.item_failed(error).await,
        }
    };
    in_order(host, SENDERS_AT_ONCE, work, take).await
}

/// Who looks at the senders of one operation.
pub struct Examiner<'a> {
    connection: &'a Connection,
    options: TestOptions,
    host: &'a Host,
    organization: Organization<'a>,
    list: Mutex<List<'a>>,
}

/// What is asked about.
pub struct Asked {
    /// What it is listed by; what was named, where it is not listed.
    pub key: Key,
    /// What was named, as it was typed.
    pub named: String,
    /// What the list says of it, where it is listed.
    pub known: Option<Known>,
}

impl<'a> Examiner<'a> {
    /// Nothing is read yet.
    ///
    /// # Errors
    /// [`Code::InvalidDateRange`] where the block that the options name is still to come.
    pub fn new(connection: &'a Connection, options: TestOptions, host: &'a Host) -> Result<Self> {
        Frame::must_have_come(options.since, connection.now())?;
        let (organization, list) = (Organization::new(connection, host), Mutex::new(List::new(connection, host)));
        Ok(Self { connection, options, host, organization, list })
    }

    /// The report of an item.
    ///
    /// # Errors
    /// What the item does not name, and what keeps the list from being read.
    pub async fn item(&self, item: &Item) -> Result<Report> {
        let subject = self.asked(&item.target, item.number).await?;
        Ok(self.report(&subject).await?.0)
    }

    /// Who an item is about. A list that cannot be read leaves the moment of the block to the admin, or to an assumption
    /// that the report names: the evidence is there nevertheless.
    pub async fn asked(&self, target: &Target, number: u64) -> Result<Asked> {
        let key = target.key_in(self.connection.origin(), number)?;
        let named = key.to_string();
        if let Some(known) = &target.known {
            return Ok(Asked { key, named, known: Some(known.clone()) });
        }
        let mut list = self.list.lock().await;
        let found = Box::pin(list.find(&key)).await;
        let entry = match found {
            Ok(Found { entries, .. }) => entries.into_iter().next(),
            Err(error) if error.code() == Code::Cancelled => return Err(error),
            Err(error) => {
                let message = format!("Since when {key} is restricted could not be told: {error}");
                self.host.warn(message).await?;
                None
            }
        };
        Ok(match entry {
            Some(entry) => {
                let (key, known) = entry.into_known();
                Asked { key, named, known: Some(known) }
            }
            None => Asked { key, named, known: None },
        })
    }

    /// The report of a sender or connector, and what it rests on.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn report(&self, subject: &Asked) -> Result<(Report, Dossier)> {
        let now = self.connection.now();
        let is_connector = matches!(subject.key, Key::Connector(_));
        let known = subject.known.as_ref();
        let reason = known.map(|known| Reason::parse(known.reason.as_str()));
        let block_type = reason.as_ref().map(|reason| subject.key.block_type(reason));
        let frame = Frame::of(self.options.since, known.and_then(|known| known.since), now);
        let rules = self.rules(is_connector);
        let wanted: HashSet<_> = rules.iter().map(|rule| rule.name).collect();
        let look = self.options.checks.is_empty();
        let reading = Reading {
            organization: &self.organization,
            key: &subject.key,
            wanted: &wanted,
            look,
            frame: &frame,
            block_type,
        };
        let connector_name = known.and_then(|known| known.connector_name.as_deref());
        let dossier = Box::pin(reading.dossier(reason, connector_name)).await;
        let findings: Vec<_> =
            rules.iter().map(|rule| (rule.name, rule.finding(&dossier, &frame, is_connector))).collect();
        let look = Look::of(&dossier, &findings, block_type, is_connector, &frame);
        let checks: Vec<_> = rules
            .iter()
            .zip(findings)
            .map(|(rule, (name, finding))| {
                let drops = look.drops(name, &dossier, &finding);
                check(rule, if drops { dropped(&look, finding) } else { finding })
            })
            .collect();
        let verdict = verdict::of(&checks, is_connector);
        let report = Report {
            summary: verdict::summary(verdict, &checks, is_connector),
            unseen: checks.iter().filter_map(unseen).chain(untraced(&dossier)).collect(),
            key: subject.key.clone(),
            named: subject.named.clone(),
            connector_name: connector_name
                .map(str::to_owned)
                .or_else(|| dossier.connector.as_ref().map(|connector| connector.name.clone())),
            account: dossier.principal().map(str::to_owned),
            recipient_type: dossier.recipient().map(|known| known.kind.clone()).filter(|kind| !kind.is_empty()),
            verdict,
            looks_like: look.like,
            reasons: look.reasons,
            checks,
            block_type,
            since: frame.since,
            since_basis: frame.basis,
            baseline: frame.baseline,
            tested_at: now,
            origin: self.connection.origin().clone(),
        };
        // Whoever picks some checks, or another moment, asks something else.
        if self.options.checks.is_empty() && self.options.since.is_none() {
            self.connection.verdicts().note(&report, known.and_then(|known| known.since));
        }
        Ok((report, dossier))
    }

    /// The checks to make.
    fn rules(&self, is_connector: bool) -> Vec<&'static Rule> {
        let named = &self.options.checks;
        let wanted =
            |rule: &&Rule| if named.is_empty() { rule.belongs(is_connector) } else { named.contains(&rule.name) };
        CATALOG.iter().filter(wanted).collect()
    }
}

fn check(rule: &Rule, finding: Finding) -> Check {
    let Finding { state, seen, commands, objects, problem, recommendation } = finding;
    let recommendation = match state {
        CheckState::Failed => recommendation.unwrap_or_else(|| rule.recommendation.to_owned()),
        CheckState::Unknown => {
            let action = problem.as_ref().map(|error| format!("{} ", error.code().recommended_action()));
            format!("{}This check reads {}.", action.unwrap_or_default(), rule.needs)
        }
        CheckState::Passed | CheckState::NotApplicable => String::new(),
    };
    let commands = if state == CheckState::Failed { commands } else { Vec::new() };
    let (name, why, source, needs) = (rule.name, rule.why, rule.source, rule.needs);
    Check { name, state, seen, why, recommendation, commands, source, needs, problem, objects }
}

/// What failed for somebody who was taken over, and is not asked of whoever was not.
fn dropped(look: &Look, finding: Finding) -> Finding {
    let why = format!("It looks like {}, and nothing speaks for a takeover", look.like.name());
    let mut dropped = Finding::not_applicable(why);
    dropped.seen.extend(finding.seen.into_iter().map(|seen| fact(seen.at, seen.what)));
    dropped
}

/// The trace of a mailbox is read for its look, and is no check of its own.
fn untraced(dossier: &Dossier) -> Option<String> {
    let error = dossier.sent.as_ref()?.as_ref().err().filter(|_| dossier.is_sender())?;
    Some(format!("What it sent, which shows what it looks like: {error}"))
}

fn unseen(check: &Check) -> Option<String> {
    let why = check.seen.first().map(|fact| fact.what.as_str()).unwrap_or_default();
    let name = check.name.name();
    (check.state == CheckState::Unknown).then(|| format!("{name}: {why} It reads {}.", check.needs))
}
