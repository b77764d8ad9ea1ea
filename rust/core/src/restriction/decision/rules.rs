//! The table of rules: when which step is the next one, what to say about it, and what says so.
//!
//! Exceeding a limit is an indicator of a compromised account: no advice forgets it, not even the one to wait.

use super::{Basis, Ending, Facts, NextStep, Unblock, Until};
use crate::evidence::Verdict;
use crate::reason::BlockType;

/// One row of the table. With the figures of the case before it, the advice is two or three sentences.
///
/// Texts may name `{until}` where the ending is known, and `{requested}`, `{expected}` and `{latest}` where an unblock
/// is on its way.
#[derive(Debug)]
pub struct Rule {
    /// Whether the row applies; the first that does decides.
    pub when: fn(&Facts) -> bool,
    pub next_step: NextStep,
    /// To the admin, after the figures of the case.
    pub advice: &'static str,
    /// To whoever is blocked: what happens next.
    pub user_message: &'static str,
    /// The document that the row follows.
    pub source: &'static str,
}

const USERS: &str = "Microsoft Learn, Remove blocked users from the Restricted entities page";
const CONNECTORS: &str = "Microsoft Learn, Remove blocked connectors from the Restricted entities page";
const POLICIES: &str = "Microsoft Learn, Configure outbound spam policies";
const LIMITS: &str = "Microsoft Learn, Exchange Online limits: sending limits";
const COMPROMISED: &str = "Microsoft Learn, Responding to a compromised email account";
const HIGH_RISK: &str = "Microsoft Learn, High-risk delivery pool for outbound messages; Responding to a compromised \
                         email account";

/// The rows, most particular first. The recipient rate leads them, because nothing ends it early, whatever was tried.
pub const RULES: &[Rule] = &[
    Rule {
        when: |facts| facts.block_type == BlockType::RecipientRate && ends(facts) && not_safe(facts),
        next_step: NextStep::SecureThenUnblock,
        advice: "The checks found signs of a compromised account: secure it now, before it may send again by \
                 itself at {until} at the latest. Unblocking earlier does not help: the service counts the \
                 recipients of the last 24 hours.",
        user_message: "Your administrator has to secure your account first: expect a new password and a second \
                       step when you sign in. You can send again by {until} at the latest.",
        source: LIMITS,
    },
    Rule {
        when: |facts| facts.block_type == BlockType::RecipientRate && ends(facts),
        next_step: NextStep::Wait,
        advice: "Unblocking does not help: the service counts the recipients of the last 24 hours, and by \
                 {until} at the latest none of those counts any more. Exceeding a limit is an indicator of a \
                 compromised account: secure it now, unless this was a mailing that you know of and that can be \
                 sent more slowly, or by a service made for bulk mail.",
        user_message: "It ends by itself by {until} at the latest; nobody can shorten it. If you did not write \
                       to so many people, tell your administrator at once: somebody else may be using your \
                       account.",
        source: LIMITS,
    },
    Rule {
        when: |facts| facts.unblock == Unblock::Refused,
        next_step: NextStep::ContactSupport,
        advice: "The service refuses a further unblock, because there were too many: only Microsoft Support can \
                 lift this now. Secure what sends here before you open the ticket, since exceeding a limit \
                 again and again is an indicator of a compromised account.",
        user_message: "Only Microsoft can lift this now, and your administrator has to ask for it; how long \
                       that takes cannot be said.",
        source: USERS,
    },
    Rule {
        when: is_overdue,
        next_step: NextStep::ContactSupport,
        advice: "The unblock of {requested} has not taken effect within 24 hours, the documented maximum: open \
                 a ticket with Microsoft Support, and do not unblock again, since the service counts unblocks. \
                 Make sure meanwhile that this is no compromised account.",
        user_message: "Your administrator has asked Microsoft to lift the block, and it takes longer than it \
                       should: now Microsoft has to help.",
        source: USERS,
    },
    Rule {
        when: |facts| is_on_its_way(facts) && not_safe(facts) && facts.block_type != BlockType::Connector,
        next_step: NextStep::Wait,
        advice: "The unblock of {requested} is on its way (usually until {expected}, at most until {latest}), \
                 but the checks found signs of a compromised account. Secure it now, or keep it from signing \
                 in, before it can send again; do not unblock again, since the service counts unblocks.",
        user_message: "Your administrator has lifted the block, which takes effect by {latest}. Your account \
                       has to be secured before: expect a new password and a second step when you sign in.",
        source: COMPROMISED,
    },
    Rule {
        when: is_on_its_way,
        next_step: NextStep::Wait,
        advice: "The unblock of {requested} is on its way: usually until {expected}, at most until {latest}. Do \
                 not repeat it, since the service counts unblocks; use the time to make sure that this is no \
                 compromised account.",
        user_message: "Your administrator has lifted the block. That usually takes effect by {expected}, at the \
                       latest by {latest}; then send again what came back.",
        source: USERS,
    },
    Rule {
        when: |facts| {
            facts.block_type == BlockType::RecipientRate && facts.ending == Ending::CannotTell && !not_safe(facts)
        },
        next_step: NextStep::Wait,
        advice: "Unblocking does not help: the service counts the recipients of the last 24 hours, so it ends \
                 by itself a day after they were written to. Exceeding a limit is an indicator of a compromised \
                 account: secure it now, unless this was a mailing that you know of.",
        user_message: "It ends by itself within a day; nobody can shorten it. If you did not write to so many \
                       people, tell your administrator at once: somebody else may be using your account.",
        source: LIMITS,
    },
    Rule {
        when: |facts| facts.block_type != BlockType::Connector && not_safe(facts),
        next_step: NextStep::SecureThenUnblock,
        advice: "The checks found signs of a compromised account. Reset the password, revoke the sessions, set \
                 up multi-factor authentication and undo what failed the checks; unblock when they pass.",
        user_message: SECURED,
        source: COMPROMISED,
    },
    Rule {
        when: |facts| facts.evidence == Some(Verdict::Safe),
        next_step: NextStep::Unblock,
        advice: "The checks found no sign of a compromised account: unblock. It takes usually an hour, at most \
                 24; what exceeded the limit will do so again unless it is changed.",
        user_message: "Your administrator can lift it now; that takes usually an hour, at most 24.",
        source: USERS,
    },
    Rule {
        when: |facts| facts.block_type == BlockType::Connector && ends(facts),
        next_step: NextStep::CheckConnector,
        advice: "Find out who changed the connector last, whether its certificate and source addresses are all \
                 yours, and what was relayed through it: a compromised account or server may be behind it. Do \
                 it before {until}, which the service names as the end; to unblock earlier takes up to an hour.",
        user_message: CONNECTOR_CHECKED,
        source: CONNECTORS,
    },
    Rule {
        when: |facts| facts.block_type == BlockType::Connector,
        next_step: NextStep::CheckConnector,
        advice: "Find out who changed the connector last, whether its certificate and source addresses are all \
                 yours, and what was relayed through it: a compromised account or server may be behind it. Then \
                 unblock, which takes up to an hour.",
        user_message: CONNECTOR_CHECKED,
        source: CONNECTORS,
    },
    Rule {
        when: |facts| facts.block_type == BlockType::Spam,
        next_step: NextStep::SecureThenUnblock,
        advice: "Treat it as a compromised account until you know better: reset the password, revoke the \
                 sessions, set up multi-factor authentication, remove foreign forwarding and inbox rules, then \
                 unblock. Mail judged spam left through the high-risk delivery pool, so some of it may never \
                 have arrived; what looks like it will leave that way again.",
        user_message: SECURED,
        source: HIGH_RISK,
    },
    Rule {
        when: |facts| {
            matches!(facts.ending, Ending::ByItself(Until { basis: Basis::Policy, .. }))
                && facts.block_type == BlockType::PolicyLimit
        },
        next_step: NextStep::Wait,
        advice: "The outbound spam policy blocks for the day: it ends by itself at {until}, and you can unblock \
                 earlier. Exceeding a limit is an indicator of a compromised account, and the end does not wait \
                 for it to be secured: find out before then what was sent.",
        user_message: UNTIL_TOMORROW,
        source: POLICIES,
    },
    Rule {
        when: |facts| facts.block_type == BlockType::PolicyLimit && ends(facts),
        next_step: NextStep::Wait,
        advice: "It seems to be a block for the day (TemporaryBlock is set), which ends by itself at {until}; \
                 you can unblock earlier. Exceeding a limit is an indicator of a compromised account, and the \
                 end does not wait for it to be secured: find out before then what was sent.",
        user_message: UNTIL_TOMORROW,
        source: POLICIES,
    },
    Rule {
        when: |facts| facts.ending == Ending::Passed,
        next_step: NextStep::FixSenderThenUnblock,
        advice: "It should have ended by itself and has not, so do not wait for it. Exceeding a limit is an \
                 indicator of a compromised account: find out what was sent and by whom, change what exceeds \
                 the limit, then unblock.",
        user_message: FIXED,
        source: POLICIES,
    },
    Rule {
        when: |facts| facts.ending == Ending::PolicyChanged,
        next_step: NextStep::FixSenderThenUnblock,
        advice: "Whether it ends by itself cannot be told, because the outbound spam policy was changed after \
                 the block, and a change does not lift it. Exceeding a limit is an indicator of a compromised \
                 account: find out what was sent and by whom, change what exceeds the limit, then unblock.",
        user_message: FIXED,
        source: POLICIES,
    },
    Rule {
        when: |facts| facts.ending == Ending::PolicyOnlyAlerts,
        next_step: NextStep::FixSenderThenUnblock,
        advice: "The outbound spam policy of this sender only alerts, so something else must have blocked, and \
                 whether it ends by itself cannot be told. Exceeding a limit is an indicator of a compromised \
                 account: find out what was sent and by whom, change what exceeds the limit, then unblock.",
        user_message: FIXED,
        source: POLICIES,
    },
    Rule {
        when: |facts| facts.block_type == BlockType::PolicyLimit && facts.ending == Ending::Open,
        next_step: NextStep::FixSenderThenUnblock,
        advice: "The outbound spam policy blocks until an admin unblocks; to raise its limit does not lift the \
                 block. Exceeding a limit is an indicator of a compromised account: find out what was sent and \
                 by whom, change what exceeds the limit, then unblock (which keeps the sender from being \
                 restricted again that day).",
        user_message: FIXED,
        source: POLICIES,
    },
    Rule {
        when: |facts| facts.block_type == BlockType::PolicyLimit,
        next_step: NextStep::FixSenderThenUnblock,
        advice: "Whether it ends by itself cannot be told from the list alone. Exceeding a limit is an \
                 indicator of a compromised account: find out what was sent and by whom, change what exceeds \
                 the limit, then unblock.",
        user_message: FIXED,
        source: POLICIES,
    },
];

/// The last row, for a reason that nobody knows: the procedure that Microsoft gives for every restricted user.
pub const OTHERWISE: Rule = Rule {
    when: |_| true,
    next_step: NextStep::SecureThenUnblock,
    advice: "Treat it as a compromised account until you know better: reset the password, revoke the sessions, \
             set up multi-factor authentication, remove foreign forwarding and inbox rules, then unblock.",
    user_message: SECURED,
    source: COMPROMISED,
};

/// A sentence that goes with the advice of any row.
pub struct Remark {
    pub when: fn(&Facts) -> bool,
    pub text: &'static str,
}

/// The remarks; the texts may name `{before}`, the number of unblocks before.
pub const REMARKS: &[Remark] = &[
    Remark {
        when: |facts| facts.unblock == Unblock::Refused && ends(facts) && facts.block_type != BlockType::RecipientRate,
        text: "Otherwise it should end by itself at {until}.",
    },
    Remark {
        when: |facts| facts.evidence == Some(Verdict::CannotTell),
        text: "Whether the account is safe could not be told: that is not a yes.",
    },
    Remark {
        when: |facts| facts.unblocked_before > 0 && facts.unblock != Unblock::Refused,
        text:
            "Known unblocks before: {before}; after a number that is not published the service refuses more, so remove \
               the cause first.",
    },
];

const SECURED: &str = "Your administrator has to secure your account first: expect a new password and a second step \
                       when you sign in. After that the block is lifted, which takes usually an hour, at most 24. If \
                       your Sent Items hold messages that you did not send, say so: somebody else may be using your \
                       account.";
const UNTIL_TOMORROW: &str = "It should end by itself at {until}; your administrator can lift it earlier. If you did \
                              not write to so many people, tell your administrator at once: somebody else may be \
                              using your account.";
const FIXED: &str = "Your administrator has to find out what was sent before the block is lifted, which then takes \
                     usually an hour, at most 24. Tell them what you were sending; if you did not write to so many \
                     people, say so at once: somebody else may be using your account.";
const CONNECTOR_CHECKED: &str = "Your administrator has to check it before the block is lifted, which then takes up \
                                 to an hour.";

/// Why something is blocked, and that mail still arrives, in plain words.
pub fn user_opening(block_type: BlockType) -> (&'static str, &'static str) {
    let why = match block_type {
        BlockType::Spam => {
            "Microsoft 365 has stopped your mailbox from sending, because many of the messages sent from it were \
             judged to be spam."
        }
        BlockType::RecipientRate => {
            "Microsoft 365 has stopped your mailbox from sending, because it wrote to more recipients than the \
             service allows in 24 hours."
        }
        BlockType::PolicyLimit => {
            "Microsoft 365 has stopped your mailbox from sending, because it wrote to more recipients than your \
             organization allows."
        }
        BlockType::Unknown => "Microsoft 365 has stopped your mailbox from sending.",
        BlockType::Connector => {
            "Microsoft 365 has stopped accepting mail from one of your organization's connectors: what devices, \
             applications and mail servers send through it comes back."
        }
    };
    let receiving = match block_type {
        BlockType::Connector => "Mailboxes can still receive mail.",
        _ => "You can still receive mail.",
    };
    (why, receiving)
}

fn is_overdue(facts: &Facts) -> bool {
    matches!(facts.unblock, Unblock::Overdue(_))
}

fn is_on_its_way(facts: &Facts) -> bool {
    matches!(facts.unblock, Unblock::OnItsWay(_))
}

fn ends(facts: &Facts) -> bool {
    matches!(facts.ending, Ending::ByItself(_))
}

fn not_safe(facts: &Facts) -> bool {
    facts.evidence == Some(Verdict::NotSafe)
}
