//! The messages of each sender, put together from rows of the trace.

use restricted_sender_limits::{Recipients, Second};

use crate::trace::{Gathered, Kind, Recipient};

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

/// Hands over the messages of each sender, in the order of their time, and each recipient of them, as they were known at a
/// moment. Returns how many rows there were twice, whenever that was.
pub fn each_sender(
    rows: &mut Gathered,
    at: Second,
    mut recipient: impl FnMut(Recipient),
    mut each: impl FnMut(u32, &[Message]),
) -> u64 {
    rows.heads.sort_unstable_by_key(|head| (head.sender, head.message));
    let (mut messages, mut of_message, mut duplicates) = (Vec::new(), Vec::new(), 0);
    for of_sender in rows.heads.chunk_by(|one, other| one.sender == other.sender) {
        messages.clear();
        for heads in of_sender.chunk_by(|one, other| one.message == other.message) {
            of_message.clear();
            for head in heads {
                of_message.extend(rows.recipients(head).iter().map(|recipient| (*recipient, head.at)));
            }
            of_message.sort_unstable();
            let all = of_message.len();
            of_message.dedup_by_key(|(recipient, _)| recipient.who());
            duplicates += (all - of_message.len()) as u64;
            of_message.retain(|row| row.1 <= at);
            of_message.iter().for_each(|row| recipient(row.0));
            messages.extend(message(heads[0].message, &of_message));
        }
        messages.sort_unstable_by_key(|message: &Message| (message.at, message.id));
        if !messages.is_empty() {
            each(of_sender[0].sender, &messages);
        }
    }
    duplicates
}

/// A message to groups only as far as it is known: rows of one that were expanded stand beside those of its members.
/// Nothing where there is no row of it.
fn message(id: u128, rows: &[(Recipient, Second)]) -> Option<Message> {
    let (mut recipients, mut direct, mut groups) = (Recipients::default(), Recipients::default(), 0);
    let mut are_members_told = false;
    for (recipient, _) in rows {
        match recipient.kind() {
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
    let at = rows.iter().map(|row| row.1).min()?;
    Some(Message { at, id, recipients, may_be_members })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Row, Rows};

    const NOON: u32 = 1_800_000_000;

    fn row(message: u128, recipient: u64, seconds: u32, sender: u32, kind: Kind) -> Row {
        let at = Second::of_unix_time(NOON + seconds);
        Row { message, at, sender, recipient: Recipient::new(recipient, 0, kind) }
    }

    /// What is known at that second of the messages of each sender, of how many rows, and how many there were twice.
    fn messages_at(seconds: u32, rows: Vec<Row>) -> (Vec<(u32, Vec<Message>)>, u64, u64) {
        let (mut gathered, mut all) = (Gathered::default(), Vec::new());
        let mut in_pieces = Rows::default();
        rows.into_iter().for_each(|row| in_pieces.push(row));
        gathered.add(in_pieces);
        let (at, mut recipients) = (Second::of_unix_time(NOON + seconds), 0);
        let each = |sender, messages: &[Message]| all.push((sender, messages.to_vec()));
        let dropped = each_sender(&mut gathered, at, |_| recipients += 1, each);
        (all, recipients, dropped)
    }

    fn messages(rows: Vec<Row>) -> (Vec<(u32, Vec<Message>)>, u64) {
        let (all, _, dropped) = messages_at(u32::MAX / 4, rows);
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
    fn what_was_sent_later_than_the_moment_is_not_known_yet() {
        let rows = || {
            vec![
                row(1, 1, 0, 5, Kind::External),
                row(1, 2, 9, 5, Kind::External),
                row(1, 2, 9, 5, Kind::External),
                row(2, 1, 9, 5, Kind::External),
                row(3, 1, 9, 6, Kind::External),
            ]
        };
        let (all, recipients, dropped) = messages_at(8, rows());
        let external = |of: &(u32, Vec<Message>)| of.1.iter().map(|one| one.recipients.external).collect::<Vec<_>>();
        assert_eq!((all.iter().map(external).collect::<Vec<_>>(), dropped), (vec![vec![1]], 1));
        let (all, more, dropped) = messages_at(9, rows());
        assert_eq!((recipients, more), (1, 4));
        assert_eq!((all.iter().map(external).collect::<Vec<_>>(), dropped), (vec![vec![2, 1], vec![1]], 1));
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
