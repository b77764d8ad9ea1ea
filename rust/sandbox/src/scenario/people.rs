//! The people of Contoso as the directory and their mailboxes show them, and what some of them have been through.
//! Everything that is told of one person is told alike by all reads: the README has the table.

use std::sync::Arc;

use rand::Rng;
use time::{Duration, OffsetDateTime, UtcOffset};
use uuid::{uuid, Uuid};

use super::history::{ADMIN, HELPDESK};
use super::Teller;
use crate::account::{
    Account, Accounts, Consent, Membership, MembershipKind, Method, MethodKind, Risk, ServicePrincipal,
};
use crate::audit::{Actor, Occurrence};
use crate::directory::{Recipient, RecipientKind};
use crate::mailbox::{InboxRule, Mailbox, SweepRule};
use crate::restriction::{Entity, Reading, Restrictions};

/// Makes the numbers of the people their own, so that the rest stays as it was told.
pub(super) const NUMBERS: u64 = u64::from_be_bytes(*b"accounts");

/// Graph itself, in every organization.
const GRAPH_APP: Uuid = uuid!("00000003-0000-0000-c000-000000000000");
/// The organization that Microsoft's own applications belong to.
const MICROSOFT: Uuid = uuid!("f8cdef31-a31e-4b4a-93e4-5f571e91255a");

const GLOBAL_ADMINISTRATOR: Uuid = uuid!("62e90394-69f5-4237-9190-012177145e10");
const HELPDESK_ADMINISTRATOR: Uuid = uuid!("729827e3-9c14-49f7-bb1b-9608f156bbb8");

/// The hour of the night at which accounts are broken into, UTC.
const NIGHT: Duration = Duration::minutes(2 * 60 + 17);
/// It is over so long before the block.
const BEFORE_BLOCK: Duration = Duration::hours(3);

/// What an intruder wants nobody to see: answers to the spam.
const ANSWERS: &[&str] = &["undeliverable", "automatic reply", "spam", "phishing", "hacked", "invoice"];

pub(super) struct People {
    pub(super) accounts: Vec<Account>,
    apps: Apps,
}

/// The applications that somebody has consented to.
struct Apps {
    graph: Arc<ServicePrincipal>,
    all: Vec<Arc<ServicePrincipal>>,
}

impl Teller {
    /// Everybody, with nothing out of the ordinary.
    pub(super) fn people(&mut self, recipients: &[Recipient], founded: OffsetDateTime) -> People {
        let all_staff = recipients.iter().find(|recipient| recipient.kind == RecipientKind::DistributionGroup);
        let group =
            all_staff.map(|group| Membership { id: group.object_id, name: "All Staff", kind: MembershipKind::Group });
        let mut accounts: Vec<Account> = recipients
            .iter()
            .filter_map(|recipient| Some((recipient, recipient.upn.clone()?)))
            .map(|(recipient, upn)| {
                let account = self.account(recipient.object_id, upn, &recipient.display_name, founded);
                Account {
                    mail: Some(recipient.primary_address.clone()),
                    member_of: group.into_iter().collect(),
                    ..account
                }
            })
            .collect();
        let id = self.guid();
        let mut admin = self.account(id, ADMIN.to_owned(), "Contoso administrator", founded);
        admin.member_of.push(self.role("Global Administrator", GLOBAL_ADMINISTRATOR));
        accounts.push(admin);
        let graph = Arc::new(ServicePrincipal {
            id: self.guid(),
            app_id: GRAPH_APP,
            name: "Microsoft Graph",
            owner: MICROSOFT,
            created: founded,
        });
        People { accounts, apps: Apps { all: vec![Arc::clone(&graph)], graph } }
    }

    fn account(&mut self, id: Uuid, upn: String, display_name: &str, founded: OffsetDateTime) -> Account {
        let days = [self.random.gen_range(20..300), self.random.gen_range(310..900)];
        let [password_changed, method_added] = days.map(|days| self.at_work(days));
        Account {
            id,
            upn,
            display_name: display_name.to_owned(),
            mail: None,
            created: founded.saturating_add(Duration::days(30)),
            enabled: true,
            synchronized: false,
            password_changed,
            sessions_valid_from: password_changed,
            methods: vec![Method {
                id: self.guid(),
                kind: MethodKind::Authenticator { phone: "iPhone 14" },
                added: Some(method_added),
            }],
            member_of: Vec::new(),
            consents: Vec::new(),
            risk: None,
            password: None,
            mailbox: Mailbox::ordinary(password_changed),
        }
    }

    /// At some time of the working day, that many days ago.
    fn at_work(&mut self, days: i64) -> OffsetDateTime {
        let midnight = self.now.to_offset(UtcOffset::UTC).date().saturating_sub(Duration::days(days)).midnight();
        let at = Duration::hours(8).saturating_add(Duration::seconds(self.random.gen_range(0..9 * 3600)));
        midnight.assume_utc().saturating_add(at)
    }

    fn role(&mut self, name: &'static str, template: Uuid) -> Membership {
        Membership { id: self.guid(), name, kind: MembershipKind::Role { template } }
    }

    /// What the people who are restricted have been through, and one or two who are not.
    pub(super) fn tell_of(&mut self, people: &mut People, list: &mut Restrictions) {
        self.taken_over(people, list, "adele.vance@contoso.com");
        self.secured_again(people, list, "megan.bowen@contoso.onmicrosoft.com");
        self.comes_back(people, "isaiah.langer@contoso.com");
        people.change("o'brien@contoso.com", |account| {
            account.synchronized = true;
            account.methods.clear();
        });
        people.change("johanna.lorenz@contoso.com", |account| account.mailbox.smtp_auth_disabled = Some(false));
        let phone = Method { id: self.guid(), kind: MethodKind::Phone { number: "+1 4255550123" }, added: None };
        people.change("alex.wilber@contoso.com", |account| {
            account.methods.push(phone);
            account.mailbox.send_as.push("lidia.holloway@contoso.com");
        });
        let role = self.role("Helpdesk Administrator", HELPDESK_ADMINISTRATOR);
        let key = Method {
            id: self.guid(),
            kind: MethodKind::SecurityKey { name: "Blue key" },
            added: Some(self.at_work(180)),
        };
        people.change(HELPDESK, |account| {
            account.member_of.push(role);
            account.methods.push(key);
            account.mailbox.sweep_rules.push(SweepRule {
                id: 8_204_117,
                name: "Old newsletters",
                sender: "news@fabrikam.example",
                destination: "Deleted Items",
            });
            account.mailbox.rules.push(InboxRule {
                id: 3_377_102_994_211,
                name: "Tickets",
                enabled: true,
                from: &["tickets@fabrikam.example"],
                move_to: Some("Tickets"),
                ..InboxRule::default()
            });
        });
    }

    /// A sign-in from elsewhere at night; then everything that keeps an intruder in and the owner in the dark. Nothing
    /// of it has been undone.
    fn taken_over(&mut self, people: &mut People, list: &mut Restrictions, upn: &str) {
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
    fn secured_again(&mut self, people: &mut People, list: &mut Restrictions, upn: &str) {
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
    fn comes_back(&mut self, people: &mut People, upn: &str) {
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

impl People {
    /// On premises everybody is, and Microsoft 365 has a copy.
    pub(super) fn synchronize(&mut self) {
        self.accounts
            .iter_mut()
            .filter(|account| account.mail.is_some())
            .for_each(|account| account.synchronized = true);
    }

    pub(super) fn gather(self) -> Accounts {
        Accounts::new(self.accounts, self.apps.all)
    }

    fn find(&mut self, upn: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.upn.eq_ignore_ascii_case(upn))
    }

    fn change(&mut self, upn: &str, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.find(upn) {
            change(account);
        }
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
