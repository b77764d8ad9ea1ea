//! What lies behind a restriction. Not every one is a takeover: a relay, a device or a scheduled job that outgrew a limit
//! needs no password reset.
//!
//! The look excuses a sender from the checks that only make sense after a takeover ([`EXCUSED`]) where three things
//! come together: a limit was exceeded (no mail was judged spam), nothing that was seen speaks for a takeover, and there is
//! positive evidence: the rhythm of the restrictions, or mail that comes from where it came from before anything happened.
//! A look that rests on less than that excuses nobody, so that a takeover that looks like a mailing is still told to
//! change the password.

use std::collections::{BTreeMap, HashSet};

use time::Duration;

use super::catalog::CATALOG;
use super::dossier::{Dossier, Has};
use super::facts::Sent;
use super::finding::Finding;
use super::frame::Frame;
use super::judge::account::lacks_second_step;
use super::judge::sent::{is_before, subject, Pattern};
use super::{CheckName, CheckState, LooksLike};
use crate::history::rhythm::Rhythm;
use crate::reason::BlockType;

/// What a sender is excused from that was not taken over.
pub const EXCUSED: [CheckName; 2] = [CheckName::PasswordChanged, CheckName::SessionsRevoked];

/// The checks whose failure is a sign of a takeover, or of an abused connector, by itself.
const SIGNS: [CheckName; 12] = [
    CheckName::AuthenticationMethods,
    CheckName::Forwarding,
    CheckName::InboxRules,
    CheckName::SweepRules,
    CheckName::FullAccess,
    CheckName::SendAs,
    CheckName::AppConsents,
    CheckName::AdminRoles,
    CheckName::UserRisk,
    CheckName::SentFrom,
    CheckName::ConnectorIdentity,
    CheckName::ConnectorRelayed,
];

/// What it looks like, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub like: LooksLike,
    pub reasons: Vec<String>,
    /// Whether it [excuses](EXCUSED).
    pub excuses: bool,
}

impl Look {
    /// The look of a sender or connector with these findings.
    pub fn of(
        dossier: &Dossier,
        findings: &[(CheckName, Finding)],
        block_type: Option<BlockType>,
        is_connector: bool,
        frame: &Frame,
    ) -> Self {
        let signs = signs(dossier, findings);
        if !signs.is_empty() {
            return Self { like: LooksLike::Takeover, reasons: signs, excuses: false };
        }
        let told = |like, reasons, excuses| Self { like, reasons, excuses };
        if is_connector {
            let why = "It is a connector: a mail server, a device or an application sends through it.".to_owned();
            return told(LooksLike::RelayOrDevice, vec![why], false);
        }
        if let (Has::No(_), Has::No(why)) = (dossier.has_mailbox(), dossier.has_account()) {
            if block_type.is_none() {
                let what = format!("It is not restricted, and it may be a typing error: {why}.");
                return told(LooksLike::Unclear, vec![what], false);
            }
            // There is nothing that it would have to be excused from.
            return told(LooksLike::RelayOrDevice, vec![format!("Nobody can sign in as it: {why}.")], false);
        }
        if !block_type.is_some_and(BlockType::is_over_a_limit) {
            return told(LooksLike::Unclear, vec![unclear(block_type).to_owned()], false);
        }
        if let Some(Ok(Some(rhythm))) = &dossier.rhythm {
            return told(LooksLike::ScheduledJob, vec![format!("It was restricted {rhythm}.")], true);
        }
        let Some(Ok(sent)) = &dossier.sent else {
            return told(LooksLike::Unclear, vec!["What it sent could not be read.".to_owned()], false);
        };
        let pattern = Pattern::of(&lately(sent, frame)).filter(Pattern::is_uniform);
        let Some(pattern) = pattern else {
            return told(LooksLike::Unclear, vec!["What it sent shows no clear pattern.".to_owned()], false);
        };
        let steady = is_steady(sent, frame);
        let mut reasons = vec![format!(
            "A limit was exceeded; messages looked at: {}, different subjects: {}, addresses of origin: {}.",
            pattern.messages, pattern.subjects, pattern.addresses
        )];
        if steady {
            reasons.push("They came from where its mail came from before.".to_owned());
        }
        if let Some(rhythm) = rhythm_of_mail(sent, frame) {
            reasons.push(format!("It wrote {rhythm}."));
            return told(LooksLike::ScheduledJob, reasons, steady);
        }
        let by_password = matches!(&dossier.protocols, Some(Ok(protocols)) if protocols.smtp_off == Some(false));
        if by_password {
            reasons.push("SMTP AUTH is on for this mailbox by itself, as devices and applications need it.".to_owned());
            return told(LooksLike::RelayOrDevice, reasons, steady);
        }
        told(LooksLike::BulkSender, reasons, steady)
    }

    /// Whether a check is dropped because of the look.
    pub fn drops(&self, name: CheckName, dossier: &Dossier, finding: &Finding) -> bool {
        let failed = finding.state == CheckState::Failed;
        let is_machine = matches!(self.like, LooksLike::RelayOrDevice | LooksLike::ScheduledJob);
        let lacks = name == CheckName::AuthenticationMethods && is_machine && lacks_second_step(dossier);
        self.excuses && failed && (EXCUSED.contains(&name) || lacks)
    }
}

fn unclear(block_type: Option<BlockType>) -> &'static str {
    match block_type {
        Some(BlockType::Spam) => "Its mail was judged spam, and nothing shows who sent it.",
        None => "It is not restricted, so there is no reason to look at.",
        _ => "The reason of the restriction is not known to this version.",
    }
}

/// What speaks for a takeover: the first suspicious fact of each failed check that is a sign of it. That there is no
/// second step is a weakness and no sign.
fn signs(dossier: &Dossier, findings: &[(CheckName, Finding)]) -> Vec<String> {
    let is_sign = |name: CheckName, finding: &Finding| {
        let weakness = name == CheckName::AuthenticationMethods && lacks_second_step(dossier);
        finding.state == CheckState::Failed && SIGNS.contains(&name) && !weakness
    };
    let said = |finding: &Finding| finding.seen.iter().find(|fact| fact.is_suspicious).map(|fact| format!("{fact}."));
    findings.iter().filter(|(name, finding)| is_sign(*name, finding)).filter_map(|(_, finding)| said(finding)).collect()
}

fn lately(sent: &[Sent], frame: &Frame) -> Vec<Sent> {
    sent.iter().filter(|message| !is_before(message, frame)).cloned().collect()
}

/// Whether each of its messages tells where it came from, and all of those that are new came from where older ones of the
/// same subject did.
fn is_steady(sent: &[Sent], frame: &Frame) -> bool {
    let (before, new): (Vec<_>, Vec<_>) = sent.iter().partition(|message| is_before(message, frame));
    let kinds: HashSet<_> = before.iter().map(|message| (message.from, subject(message))).collect();
    !new.is_empty()
        && new.iter().all(|message| message.from.is_some() && kinds.contains(&(message.from, subject(message))))
}

/// The rhythm of the mail before, one moment for each day on which there was any.
fn rhythm_of_mail(sent: &[Sent], frame: &Frame) -> Option<String> {
    let mut days = BTreeMap::new();
    for at in sent.iter().filter_map(|message| message.at).filter(|at| *at < frame.since - Duration::DAY) {
        let first = days.entry(at.date()).or_insert(at);
        *first = at.min(*first);
    }
    let moments: Vec<_> = days.into_values().collect();
    Rhythm::of(&moments).map(|rhythm| rhythm.to_string())
}

/// Which checks there are in all that decide about such an entity.
pub fn deciding(is_connector: bool) -> impl Iterator<Item = CheckName> {
    CATALOG
        .iter()
        .filter(move |row| row.belongs(is_connector))
        .map(|row| row.name)
        .filter(|name| !name.is_informational())
}
