//! The people of Contoso as the directory and their mailboxes show them. Everything that is told of one person is told
//! alike by all reads: the README has the table.

use std::sync::Arc;

use rand::Rng;
use time::{Duration, OffsetDateTime, UtcOffset};
use uuid::{uuid, Uuid};

use super::history::{ADMIN, HELPDESK};
use super::Teller;
use crate::account::{Account, Accounts, Membership, MembershipKind, Method, MethodKind, ServicePrincipal};
use crate::directory::{Recipient, RecipientKind};
use crate::mailbox::{InboxRule, Mailbox, SweepRule};
use crate::restriction::Restrictions;

/// Makes the numbers of the people their own, so that the rest stays as it was told.
pub(super) const NUMBERS: u64 = u64::from_be_bytes(*b"accounts");

/// Graph itself, in every organization.
const GRAPH_APP: Uuid = uuid!("00000003-0000-0000-c000-000000000000");
/// The organization that Microsoft's own applications belong to.
const MICROSOFT: Uuid = uuid!("f8cdef31-a31e-4b4a-93e4-5f571e91255a");

const GLOBAL_ADMINISTRATOR: Uuid = uuid!("62e90394-69f5-4237-9190-012177145e10");
const HELPDESK_ADMINISTRATOR: Uuid = uuid!("729827e3-9c14-49f7-bb1b-9608f156bbb8");

pub(super) struct People {
    pub(super) accounts: Vec<Account>,
    pub(super) apps: Apps,
}

/// The applications that somebody has consented to.
pub(super) struct Apps {
    pub(super) graph: Arc<ServicePrincipal>,
    pub(super) all: Vec<Arc<ServicePrincipal>>,
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

    pub(super) fn account(&mut self, id: Uuid, upn: String, display_name: &str, founded: OffsetDateTime) -> Account {
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
    pub(super) fn at_work(&mut self, days: i64) -> OffsetDateTime {
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
}

impl People {
    /// On premises everybody is, and Microsoft 365 has a copy.
    pub(super) fn synchronize(&mut self) {
        self.accounts
            .iter_mut()
            .filter(|account| account.mail.is_some())
            .for_each(|account| account.synchronized = true);
    }

    pub(super) fn gather(self, seed: u64) -> Accounts {
        Accounts::new(self.accounts, self.apps.all, seed)
    }

    fn find(&mut self, upn: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.upn.eq_ignore_ascii_case(upn))
    }

    pub(super) fn change(&mut self, upn: &str, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.find(upn) {
            change(account);
        }
    }
}
