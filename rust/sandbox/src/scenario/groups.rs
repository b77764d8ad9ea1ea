//! Contoso's groups, and who joined the story together with them. Whoever was there before is in no group but that of
//! all staff, so that the policies that hold for them stay theirs.

use time::OffsetDateTime;
use uuid::Uuid;

use super::people::People;
use super::{Teller, DOMAIN};
use crate::account::{Membership, MembershipKind};
use crate::directory::{Directory, Recipient, RecipientKind};
use crate::group::Groups;

/// Makes the numbers of the groups their own, so that the rest stays as it was told.
pub(super) const NUMBERS: u64 = u64::from_be_bytes(*b"ofgroups");

/// The group that everybody is in.
const ALL_STAFF: (&str, &str) = ("All Staff", "all.staff");

/// Groups by name and alias, and who is in them, by alias.
const GROUPS: [(&str, &str, RecipientKind, &[&str]); 6] = [
    (
        "Marketing",
        "marketing",
        RecipientKind::DistributionGroup,
        &["campaign.team", "patti.fernandez", "offers", "shop"],
    ),
    ("Campaign Team", "campaign.team", RecipientKind::DistributionGroup, &["campaigns", "pradeep.gupta", "agency"]),
    ("Interns", "interns", RecipientKind::SecurityGroup, &["pradeep.gupta"]),
    ("Partners", "partners", RecipientKind::DistributionGroup, &["agency", "press", "patti.fernandez"]),
    ("Project Falcon", "project.falcon", RecipientKind::UnifiedGroup, &["grady.archie", "patti.fernandez"]),
    ("Field Staff", "field.staff", RecipientKind::DynamicGroup, &[]),
];

impl Teller {
    /// Groups, contacts and people.
    pub(super) fn newcomers(&mut self) -> Vec<Recipient> {
        let shared = |user| Recipient { kind: RecipientKind::SharedMailbox, ..user };
        let shop = format!("shop@shop.{DOMAIN}");
        let mut all = vec![
            self.user("Grady Archie", "grady.archie", &[]),
            self.user("Patti Fernandez", "patti.fernandez", &[]),
            self.user("Pradeep Gupta", "pradeep.gupta", &[]),
            shared(self.user("Campaigns", "campaigns", &[])),
            shared(self.user("Offers", "offers", &[])),
            Recipient { upn: Some(shop.clone()), primary_address: shop, ..shared(self.user("Shop", "shop", &[])) },
            self.contact("Fabrikam agency", "agency", "agency@fabrikam.example"),
            self.contact("Adatum press office", "press", "press@adatum.example"),
        ];
        for (name, alias, kind, _) in GROUPS {
            all.push(Recipient { kind, upn: None, ..self.user(name, alias, &[]) });
        }
        all.iter_mut().for_each(|recipient| recipient.object_id = self.guid());
        all
    }

    fn contact(&mut self, name: &str, alias: &str, address: &str) -> Recipient {
        let contact = self.user(name, alias, &[]);
        Recipient { kind: RecipientKind::Contact, upn: None, primary_address: address.to_owned(), ..contact }
    }

    /// The accounts of those who joined, with all the groups that they are in.
    pub(super) fn welcome(
        &mut self,
        people: &mut People,
        directory: &Directory,
        groups: &Groups,
        newcomers: &[Uuid],
        founded: OffsetDateTime,
    ) {
        for recipient in newcomers.iter().filter_map(|guid| directory.of_guid(*guid)) {
            let Some(upn) = recipient.upn.clone() else { continue };
            let account = self.account(recipient.object_id, upn, &recipient.display_name, founded);
            let mail = Some(recipient.primary_address.clone());
            let member_of = memberships(directory, groups, recipient);
            people.accounts.push(crate::account::Account { mail, member_of, ..account });
        }
    }
}

/// Who is in which group: in that of all staff, whoever has a mailbox.
pub(super) fn gather(directory: &Directory) -> Groups {
    let mut groups = Groups::default();
    let mut add = |group: &str, member: &Recipient| {
        if let Some(group) = directory.find(group) {
            // The story fills no group, and only groups.
            let _ = groups.add(group, member);
        }
    };
    let has_mailbox =
        |recipient: &&Recipient| matches!(recipient.kind, RecipientKind::UserMailbox | RecipientKind::SharedMailbox);
    directory.recipients().iter().filter(has_mailbox).for_each(|recipient| add(ALL_STAFF.1, recipient));
    for (_, alias, _, members) in GROUPS {
        members.iter().filter_map(|member| directory.find(member)).for_each(|member| add(alias, member));
    }
    groups
}

fn memberships(directory: &Directory, groups: &Groups, recipient: &Recipient) -> Vec<Membership> {
    let names = [ALL_STAFF].into_iter().chain(GROUPS.map(|(name, alias, ..)| (name, alias)));
    let found = names.filter_map(|(name, alias)| {
        let group = directory.find(alias)?;
        let is_member = groups.expand(directory, group).iter().any(|member| member.guid == recipient.guid);
        is_member.then_some(Membership { id: group.object_id, name, kind: MembershipKind::Group })
    });
    found.collect()
}
