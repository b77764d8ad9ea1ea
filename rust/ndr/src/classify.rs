//! Which row of the table a refusal belongs to, and how sure that is.

use crate::code::table::{rows, Row, TABLE};
use crate::code::{Class, EnhancedStatus};
use crate::name::named;
use crate::server::{is_microsoft, named_in};
use crate::smtp_reply::Reply;

named! {
    /// How sure a class is.
    Confidence {
        /// It rests on a guess.
        Low,
        /// Something that would make it sure is missing.
        Medium,
        /// What was read says so.
        High,
    }
}

/// What a refusal is.
#[derive(Debug, Clone, Copy)]
pub struct Classified {
    /// Its row.
    pub row: &'static Row,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why, as the end of a sentence.
    pub because: &'static str,
}

/// How a row's codes relate to the code of a refusal, the closest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Relation {
    AnotherCode,
    NoCode,
    InRange,
    Exact,
}

/// Finds the row of a refusal: its text beats its code, an exact code beats a range. `refused_by` is the server that
/// refused, where that is known: the service's own codes mean nothing in the mouth of another server.
#[must_use]
pub fn classify(reply: &Reply, refused_by: Option<&str>) -> Classified {
    let foreign = refused_by.is_some_and(|host| !is_microsoft(host)) && named_in(&reply.text).is_none();
    if let Some((relation, row)) = by_text(reply, foreign) {
        let (confidence, because) = match (relation, foreign) {
            (_, true) => (Confidence::Low, "code and text are Microsoft's, but another server is said to have refused"),
            (Relation::Exact | Relation::InRange, false) => (Confidence::High, "code and text agree"),
            (Relation::NoCode, false) => (Confidence::Medium, "the text says so, and there is no code"),
            (Relation::AnotherCode, false) => {
                (Confidence::Medium, "the text says so, beside a code that means another thing")
            }
        };
        return Classified { row, confidence, because };
    }
    by_code(reply, refused_by, foreign)
}

/// The row whose phrase stands in the text; of several the one that is closest to the code, then the longest phrase.
fn by_text(reply: &Reply, foreign: bool) -> Option<(Relation, &'static Row)> {
    let text = reply.text.to_ascii_lowercase();
    let found = TABLE.iter().filter_map(|row| {
        let (place, phrase) = row.phrases.iter().enumerate().find(|(_, phrase)| text.contains(**phrase))?;
        let relation = relation(row, reply.status);
        let enough = match relation {
            Relation::Exact | Relation::InRange => true,
            Relation::NoCode => !foreign,
            Relation::AnotherCode => !foreign && place == 0,
        };
        enough.then_some((relation, phrase.len(), row))
    });
    // Of equals the first one of the table.
    let best = found.reduce(|best, next| if (next.0, next.1) > (best.0, best.1) { next } else { best });
    best.map(|(relation, _, row)| (relation, row))
}

fn relation(row: &Row, status: Option<EnhancedStatus>) -> Relation {
    match status {
        None => Relation::NoCode,
        Some(status) if !row.has(status) => Relation::AnotherCode,
        Some(_) if row.is_exact() => Relation::Exact,
        Some(_) => Relation::InRange,
    }
}

fn by_code(reply: &Reply, refused_by: Option<&str>, foreign: bool) -> Classified {
    let for_now =
        reply.status.map(|status| status.class == 4).or(reply.code.map(|code| code < 500)).unwrap_or_default();
    let rest = EnhancedStatus::new(if for_now { 4 } else { 5 }, 0, 0);
    let candidates = rows(reply.status.unwrap_or(rest));
    let stands_alone = |row: &&&Row| !(row.needs_phrase || foreign && row.is_of_the_service());
    // A foreign server's words for one of the service's own codes: no more than that something was refused.
    let row =
        candidates.iter().find(stands_alone).copied().or_else(|| rows(rest).first().copied()).unwrap_or(&TABLE[0]);
    let (confidence, because) = match (row.is_of_the_service(), refused_by.is_some_and(is_microsoft)) {
        (true, true) if row.is_exact() => (Confidence::High, "a server of Microsoft gave this code"),
        (true, _) => (Confidence::Medium, "the code says so, and the text does not"),
        (false, _) if reply.status.is_none() => (Confidence::Low, "there is no code that says more"),
        (false, _) if row.class == Class::OtherRefusal => {
            (Confidence::High, "neither code nor text is one of Microsoft's restrictions")
        }
        (false, _) => (Confidence::High, "the code says so"),
    };
    Classified { row, confidence, because }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Confidence::{High, Low, Medium};

    const OURS: Option<&str> = Some("contoso.mail.protection.outlook.com");
    const THEIRS: Option<&str> = Some("mx.example.net");

    fn class(text: &str, refused_by: Option<&str>) -> (Class, Confidence) {
        let classified = classify(&Reply::parse(text), refused_by);
        (classified.row.class, classified.confidence)
    }

    #[test]
    fn a_restriction_is_the_code_with_its_words() {
        let restriction = "550 5.1.8 Access denied, bad outbound sender AS(42004)";
        assert_eq!(class(restriction, OURS), (Class::RestrictedSender, High));
        assert_eq!(class(restriction, None), (Class::RestrictedSender, High));
        assert_eq!(class("501 5.1.8 Sender address rejected", OURS), (Class::OtherRefusal, High));
        assert_eq!(class("553 5.1.8 Domain of sender address a@b does not exist", THEIRS).0, Class::OtherRefusal);
        assert_eq!(class("550 5.1.8", None).0, Class::OtherRefusal);
    }

    #[test]
    fn the_text_beats_the_code() {
        assert_eq!(class("550 5.7.1 Access denied, bad outbound sender", None), (Class::RestrictedSender, Medium));
        assert_eq!(class("550 5.7.711 Access denied, banned sending IP [192.0.2.1]", OURS), (Class::BannedIP, Medium));
        assert_eq!(class("550 Access denied, bad outbound sender", None), (Class::RestrictedSender, Medium));
        assert_eq!(class("554 5.7.1 a bad outbound sender policy", None).0, Class::OtherRefusal);
    }

    #[test]
    fn a_foreign_server_cannot_speak_for_microsoft() {
        assert_eq!(class("550 5.7.708 no", THEIRS).0, Class::OtherRefusal);
        assert_eq!(class("550 5.7.1 Access denied, bad outbound sender", THEIRS).0, Class::OtherRefusal);
        assert_eq!(class("550 5.1.8 Access denied, bad outbound sender", THEIRS), (Class::RestrictedSender, Low));
        let relayed = "550 5.1.8 Access denied, bad outbound sender [AM6PR01.eurprd01.prod.outlook.com]";
        assert_eq!(class(relayed, THEIRS), (Class::RestrictedSender, High));
    }

    #[test]
    fn ambiguous_pairs_are_told_apart() {
        for (text, expected) in [
            ("550 5.2.2 Submission quota exceeded", Class::SubmissionQuota),
            ("550 5.2.2 STOREDRV.Deliver: mailbox full", Class::RecipientProblem),
            (
                "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
                Class::SubmissionQuota,
            ),
            ("550 5.7.502 Access denied, banned sender", Class::BannedSender),
            ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", Class::BannedIP),
            ("550 5.7.705 Access denied, tenant has exceeded threshold", Class::TenantBlocked),
            ("550 5.7.708 Access denied, traffic not accepted from this IP", Class::BannedIP),
            ("550 5.7.711 Access denied, bad inbound connector. AS(2204).", Class::RestrictedConnector),
            ("550 5.7.712 Access denied, tenant has exceeded threshold", Class::TenantBlocked),
            (
                "550 5.1.90 Your message can't be sent because you've reached your daily limit",
                Class::RecipientRateLimit,
            ),
            ("550 5.1.9 no", Class::RecipientProblem),
            ("550 5.7.1 Client host rejected: Access denied", Class::OtherRefusal),
            ("451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited", Class::TemporaryLimit),
            ("450 4.7.1 greylisted", Class::OtherRefusal),
        ] {
            assert_eq!(class(text, None).0, expected, "{text}");
        }
        let advice = |text: &str| classify(&Reply::parse(text), None).row.code();
        assert_eq!(advice("550 5.7.511 Access denied, banned sender[192.0.2.1]"), "5.7.511");
        assert_eq!(advice("550 5.7.503 Access denied, banned sender"), "5.7.502-5.7.503");
    }
}
