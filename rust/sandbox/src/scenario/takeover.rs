//! How an intruder gets into an account, what they leave there, and what an admin does about it.

use std::sync::Arc;

use time::{Duration, OffsetDateTime, UtcOffset};

use super::history::ADMIN;
use super::people::People;
use super::Teller;
use crate::account::{Consent, Method, MethodKind, Risk, ServicePrincipal};
use crate::audit::{Actor, Occurrence};
use crate::mailbox::InboxRule;
use crate::restriction::{Entity, Reading, Restrictions};

/// The hour of the night at which accounts are broken into, UTC.
const NIGHT: Duration = Duration::minutes(2 * 60 + 17);
/// It is over so long before the block.
const BEFORE_BLOCK: Duration = Duration::hours(3);

/// What an intruder wants nobody to see: answers to the spam.
const ANSWERS: &[&str] = &["undeliverable", "automatic reply", "spam", "phishing", "hacked", "invoice"];

impl Teller {
    /// A sign-in from elsewhere at night; then everything that keeps an intruder in and the owner in the dark. Nothing
    /// of it has been undone.
    pub(super) fn taken_over(&mut self, people: &mut People, list: &mut Restrictions, upn: &str) {
        let Some(block) = blocked(list, upn, self.now) else { return };
        let night = night_before(block);
        let at = |minutes| night.saturating_add(Duration::minutes(minutes));
        let method =
            Method { id: self.guid(), kind: MethodKind::Authenticator { phone: "SM-A145F" }, added: Some(at(21)) };
        let consent =
            self.consent(people, ("Mail Migrator Pro", at(12)), "Mail.ReadWrite Mail.Send offline_access User.Read");
        let forwarding = "adele.vance.contoso@mailbox.example";
        let password_changed = self.at_work(412);
        people.change(upn, |account| {
            account.password_changed = password_changed;
            account.sessions_valid_from = password_changed;
            account.methods.push(method);
            account.consents.push(consent);
            account.risk = Some(Risk { level: "high", state: "atRisk", detail: "none", updated: at(8) });
            account.mailbox.rules.push(intruders_rule(at(26), true));
            account.mailbox.forwarding_address = Some(forwarding.to_owned());
            account.mailbox.deliver_and_forward = true;
            account.mailbox.full_access.push("nestor.wilke@contoso.com");
            account.mailbox.legacy_protocols = true;
            account.mailbox.changed = at(40);
        });
        let upn = upn.to_owned();
        let intruder = || Actor::Intruder(upn.clone());
        let log = list.audit(self.now);
        log.tell(night, Occurrence::SignIn { actor: intruder() });
        log.tell(
            at(12),
            Occurrence::Directory {
                operation: "Consent to application.",
                target: upn.clone(),
                changes: vec![
                    ("ConsentAction.Permissions", "Mail.ReadWrite Mail.Send offline_access User.Read".to_owned()),
                    ("TargetId.ServicePrincipalNames", "Mail Migrator Pro".to_owned()),
                ],
                actor: intruder(),
            },
        );
        log.tell(
            at(21),
            Occurrence::Directory {
                operation: "User registered security info.",
                target: upn.clone(),
                changes: vec![("StrongAuthenticationPhoneAppDetail", "SM-A145F".to_owned())],
                actor: intruder(),
            },
        );
        log.tell(at(26), rule_made(&upn));
        log.tell(
            at(31),
            Occurrence::Command {
                cmdlet: "Set-Mailbox",
                parameters: vec![
                    ("Identity", upn.clone()),
                    ("ForwardingSmtpAddress", format!("smtp:{forwarding}")),
                    ("DeliverToMailboxAndForward", "True".to_owned()),
                ],
                actor: intruder(),
            },
        );
        log.tell(
            at(40),
            Occurrence::Command {
                cmdlet: "Add-MailboxPermission",
                parameters: vec![
                    ("Identity", upn.clone()),
                    ("User", "nestor.wilke@contoso.com".to_owned()),
                    ("AccessRights", "FullAccess".to_owned()),
                ],
                actor: intruder(),
            },
        );
    }

    /// Was taken over, too; but since the block an admin has done all that Microsoft recommends.
    pub(super) fn secured_again(&mut self, people: &mut People, list: &mut Restrictions, upn: &str) {
        let Some(block) = blocked(list, upn, self.now) else { return };
        let night = night_before(block);
        let since = |minutes| block.saturating_add(Duration::minutes(minutes));
        people.change(upn, |account| {
            account.password_changed = since(40);
            account.sessions_valid_from = since(41);
            account.risk = Some(Risk {
                level: "none",
                state: "remediated",
                detail: "adminGeneratedTemporaryPassword",
                updated: since(42),
            });
            account.mailbox.rules.push(intruders_rule(night, false));
            account.mailbox.changed = since(52);
        });
        let upn = upn.to_owned();
        let admin = || Actor::Person(ADMIN.to_owned());
        let log = list.audit(self.now);
        log.tell(night, Occurrence::SignIn { actor: Actor::Intruder(upn.clone()) });
        log.tell(night.saturating_add(Duration::minutes(9)), rule_made(&upn));
        for (minutes, operation) in [(40, "Reset user password."), (41, "Update StsRefreshTokenValidFrom Timestamp.")] {
            let occurrence =
                Occurrence::Directory { operation, target: upn.clone(), changes: Vec::new(), actor: admin() };
            log.tell(since(minutes), occurrence);
        }
        log.tell(
            since(52),
            Occurrence::Command {
                cmdlet: "Disable-InboxRule",
                parameters: vec![("Identity", ".".to_owned()), ("Mailbox", upn)],
                actor: admin(),
            },
        );
    }

    /// Restricted again and again: every time the password was changed, and an application kept its way in.
    pub(super) fn comes_back(&mut self, people: &mut People, upn: &str) {
        let consented = self.at_work(132);
        let consent = self.consent(people, ("Free PDF Tools", consented), "Mail.Send offline_access User.Read");
        let password_changed = self.at_work(18);
        people.change(upn, |account| {
            account.password_changed = password_changed;
            account.sessions_valid_from = password_changed;
            account.consents.push(consent);
            account.risk = Some(Risk { level: "medium", state: "atRisk", detail: "none", updated: password_changed });
        });
    }

    /// A person lets an application of somebody unknown act in their name.
    fn consent(
        &mut self,
        people: &mut People,
        (name, created): (&'static str, OffsetDateTime),
        scope: &'static str,
    ) -> Consent {
        let client =
            Arc::new(ServicePrincipal { id: self.guid(), app_id: self.guid(), name, owner: self.guid(), created });
        people.apps.all.push(Arc::clone(&client));
        // The real ones look like this, and mean nothing to anybody.
        let id = self.guid().simple().to_string();
        Consent { id, client, resource: Arc::clone(&people.apps.graph), scope }
    }
}

fn intruders_rule(made: OffsetDateTime, enabled: bool) -> InboxRule {
    InboxRule {
        // Exchange's numbers are of this size, and mean nothing to anybody.
        id: made.unix_timestamp().unsigned_abs().wrapping_mul(7_919),
        name: ".",
        enabled,
        subject_or_body_contains: ANSWERS,
        delete: true,
        mark_as_read: true,
        stop: true,
        ..InboxRule::default()
    }
}

fn rule_made(upn: &str) -> Occurrence {
    Occurrence::Command {
        cmdlet: "New-InboxRule",
        parameters: vec![
            ("Mailbox", upn.to_owned()),
            ("Name", ".".to_owned()),
            ("SubjectOrBodyContainsWords", ANSWERS.join(";")),
            ("DeleteMessage", "True".to_owned()),
            ("MarkAsRead", "True".to_owned()),
            ("StopProcessingRules", "True".to_owned()),
        ],
        actor: Actor::Intruder(upn.to_owned()),
    }
}

/// When a sender was restricted, if it still is.
fn blocked(list: &mut Restrictions, sender: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    list.find(&Entity::sender(sender), Reading::First, now).map(|(_, entry)| entry.created)
}

/// The hour of the last night that was over well before the block.
fn night_before(block: OffsetDateTime) -> OffsetDateTime {
    let latest = block.to_offset(UtcOffset::UTC).saturating_sub(BEFORE_BLOCK);
    let night = latest.date().midnight().assume_utc().saturating_add(NIGHT);
    if night <= latest {
        night
    } else {
        night.saturating_sub(Duration::DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn nights_are_over_before_the_block() {
        for (block, night) in [
            (datetime!(2026-11-23 08:00 UTC), datetime!(2026-11-23 02:17 UTC)),
            (datetime!(2026-11-23 05:17 UTC), datetime!(2026-11-23 02:17 UTC)),
            (datetime!(2026-11-23 05:16 UTC), datetime!(2026-11-22 02:17 UTC)),
            (datetime!(2026-11-23 00:30 +2), datetime!(2026-11-22 02:17 UTC)),
        ] {
            assert_eq!(night_before(block), night, "{block}");
        }
    }
}
