//! The messages of each sender, put together from rows of the trace.

use restricted_sender_limits::{Recipients, Second};

use crate::trace::{Kind, Row};

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    pub at: Second,
    pub id: u128,
    pub recipients: Recipients,
    /// Of the recipients, those who may be members of a group that the message went to, groups within it included, and
    /// then count for nobody: the trace does not tell them from recipients. (?)
    pub may_be_members: Recipients,
}

/// Puts rows in order and drops those that are there twice. Returns how many they were.
pub fn put_in_order(rows: &mut Vec<Row>) -> u64 {
    // Of a recipient that is named in several ways, the one that counts comes first.
    // Most rows differ in the first of these already.
    rows.sort_unstable_by(|one, other| {
        let by_name = one.sender().cmp(&other.sender()).then_with(|| one.message.cmp(&other.message));
        let by_recipient =
            || one.recipient.cmp(&other.recipient).then_with(|| rank(one.kind()).cmp(&rank(other.kind())));
        by_name.then_with(by_recipient).then_with(|| one.at.cmp(&other.at))
    });
    let all = rows.len();
    rows.dedup_by_key(|row| (row.sender(), row.message, row.recipient));
    (all - rows.len()) as u64
}

/// Hands over the messages of each sender, in the order of their time. The rows are in order.
pub fn each_sender(rows: &[Row], mut each: impl FnMut(u32, &[Message])) {
    let mut messages = Vec::new();
    for of_sender in rows.chunk_by(|one, other| one.sender() == other.sender()) {
        messages.clear();
        messages.extend(of_sender.chunk_by(|one, other| one.message == other.message).map(message));
        messages.sort_unstable_by_key(|message: &Message| (message.at, message.id));
        each(of_sender[0].sender(), &messages);
    }
}

fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Group => 0,
        Kind::Internal | Kind::External => 1,
        Kind::ExternalMember => 2,
    }
}

/// A message to groups only as far as it is known: rows of one that were expanded stand beside those of its members.
fn message(rows: &[Row]) -> Message {
    let (mut recipients, mut direct, mut groups) = (Recipients::default(), Recipients::default(), 0);
    let (mut at, mut are_members_told) = (rows[0].at, false);
    for row in rows {
        at = at.min(row.at);
        match row.kind() {
            Kind::Internal => direct.internal += 1,
            Kind::External => direct.external += 1,
            Kind::Group => groups += 1,
            Kind::ExternalMember => {
                are_members_told = true;
                recipients.expanded_external += 1;
            }
        }
    }
    direct.expanded_external = direct.external;
    recipients.internal += direct.internal + groups;
    recipients.external += direct.external;
    recipients.expanded_external += direct.expanded_external;
    let may_be_members = if groups > 0 && !are_members_told {
        Recipients { internal: direct.internal + groups - 1, ..direct }
    } else {
        Recipients::default()
    };
    Message { at, id: rows[0].message, recipients, may_be_members }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: u32 = 1_800_000_000;

    fn row(message: u128, recipient: u64, seconds: u32, sender: u32, kind: Kind) -> Row {
        Row::new(message, recipient, Second::of_unix_time(NOON + seconds), sender, kind)
    }

    fn messages(mut rows: Vec<Row>) -> (Vec<(u32, Vec<Message>)>, u64) {
        let (mut all, dropped) = (Vec::new(), put_in_order(&mut rows));
        each_sender(&rows, |sender, messages| all.push((sender, messages.to_vec())));
        (all, dropped)
    }

    #[test]
    fn rows_of_a_message_are_one_message_and_none_counts_twice() {
        let (all, dropped) = messages(vec![
            row(2, 1, 60, 5, Kind::External),
            row(1, 1, 0, 5, Kind::Internal),
            row(1, 2, 0, 5, Kind::External),
            // The same again, from an export that overlaps, and as a later event tells of it.
            row(1, 2, 0, 5, Kind::External),
            row(1, 2, 3, 5, Kind::External),
            row(1, 2, 0, 4, Kind::External),
        ]);
        assert_eq!(dropped, 2);
        let one = |at: u32, id, internal, external| Message {
            at: Second::of_unix_time(NOON + at),
            id,
            recipients: Recipients { internal, external, expanded_external: external },
            may_be_members: Recipients::default(),
        };
        assert_eq!(all, [(4, vec![one(0, 1, 0, 1)]), (5, vec![one(0, 1, 1, 1), one(60, 2, 0, 1)])]);
    }

    #[test]
    fn a_group_counts_once_and_who_stands_beside_it_may_be_its_member() {
        let (all, _) = messages(vec![
            row(1, 1, 0, 5, Kind::Group),
            row(1, 2, 0, 5, Kind::External),
            row(1, 3, 0, 5, Kind::Internal),
        ]);
        let message = all[0].1[0];
        assert_eq!(message.recipients, Recipients { internal: 2, external: 1, expanded_external: 1 });
        assert_eq!(message.may_be_members, Recipients { internal: 1, external: 1, expanded_external: 1 });
    }

    #[test]
    fn of_several_groups_all_but_one_may_be_within_others() {
        let (all, _) = messages(vec![row(1, 1, 0, 5, Kind::Group), row(1, 2, 0, 5, Kind::Group)]);
        let message = all[0].1[0];
        assert_eq!((message.recipients.internal, message.may_be_members.internal), (2, 1));
    }

    #[test]
    fn the_extended_report_tells_who_is_a_member() {
        let (all, dropped) = messages(vec![
            row(1, 1, 0, 5, Kind::Internal),
            row(1, 2, 1, 5, Kind::ExternalMember),
            row(1, 3, 1, 5, Kind::ExternalMember),
            row(1, 3, 0, 5, Kind::External),
        ]);
        let message = all[0].1[0];
        assert_eq!(dropped, 1);
        assert_eq!(message.recipients, Recipients { internal: 1, external: 1, expanded_external: 2 });
        assert_eq!(message.may_be_members, Recipients::default());
    }
}
