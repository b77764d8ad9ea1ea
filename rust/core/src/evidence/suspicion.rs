//! What intruders do, as data. Sources: Microsoft Learn, "Alert classification for suspicious inbox manipulation rules" and
//! "Suspicious inbox forwarding rules" (names, folders and words that are seen in attacks), "Investigate and remediate
//! illicit consent grants" (permissions).

/// Folders in which nobody looks: mail that is moved there is hidden. Names of Exchange in English; mailboxes of other
/// languages have others (?), and a rule that moves there is seen by its other marks or not at all.
pub const HIDING_PLACES: [&str; 9] = [
    "Deleted Items",
    "Archive",
    "RSS Feeds",
    "RSS Subscriptions",
    "Junk Email",
    "Junk E-mail",
    "Conversation History",
    "Notes",
    "Recoverable Items",
];

/// Words by which intruders pick the mail that would give them away, or that money is in.
pub const WORDS: [&str; 24] = [
    "account",
    "bank",
    "compromised",
    "deposit",
    "docusign",
    "fraud",
    "hack",
    "helpdesk",
    "invoice",
    "iban",
    "malware",
    "mailer-daemon",
    "password",
    "payment",
    "payroll",
    "phish",
    "postmaster",
    "security",
    "spam",
    "suspicious",
    "undeliverable",
    "virus",
    "wire",
    "w-2",
];

/// Permissions over mail that an intruder's app asks for.
pub const MAIL_PERMISSIONS: [&str; 11] = [
    "Mail.Send",
    "Mail.Send.Shared",
    "Mail.ReadWrite",
    "Mail.ReadWrite.Shared",
    "Mail.Read",
    "MailboxSettings.ReadWrite",
    "full_access_as_app",
    "full_access_as_user",
    "EWS.AccessAsUser.All",
    "SMTP.Send",
    "IMAP.AccessAsUser.All",
];

/// The inbox rules that Exchange makes by itself: their names, or the beginning of them.
const OWN_RULES: [&str; 3] = ["Junk E-Mail Rule", "Microsoft.Exchange.OOF.", "Delegate Rule -"];

/// Whether Exchange made the inbox rule of that name by itself.
pub fn is_own_rule(name: &str) -> bool {
    OWN_RULES.iter().any(|own| name.get(..own.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(own)))
}

/// Whether a rule's name says nothing: empty, or without a letter or digit, as intruders name theirs.
pub fn says_nothing(name: &str) -> bool {
    !name.chars().any(char::is_alphanumeric)
}

/// Whether a folder is one in which nobody looks.
pub fn is_hiding_place(folder: &str) -> bool {
    // `mailbox:\Parent\Folder`, or the bare name.
    let last = folder.rsplit(['\\', '/', ':']).next().unwrap_or(folder).trim();
    HIDING_PLACES.iter().any(|place| place.eq_ignore_ascii_case(last))
}

/// The words of [`WORDS`] that occur in these.
pub fn giveaways(words: &[String]) -> Vec<&'static str> {
    let words: Vec<_> = words.iter().map(|word| word.to_lowercase()).collect();
    WORDS.iter().copied().filter(|known| words.iter().any(|word| word.contains(known))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exchange_makes_itself_is_told_by_name() {
        assert!(is_own_rule("Junk E-mail Rule") && is_own_rule("Microsoft.Exchange.OOF.InternalSenders.Global"));
        assert!(is_own_rule("Delegate Rule -1234") && !is_own_rule("Junk") && !is_own_rule("My Delegate Rule -1"));
    }

    #[test]
    fn names_and_folders_and_words_of_intruders_are_known() {
        assert!(says_nothing(".") && says_nothing("") && says_nothing(" ...") && !says_nothing("a."));
        assert!(
            is_hiding_place("megan:\\RSS Feeds") && is_hiding_place("deleted items") && !is_hiding_place("Projects")
        );
        assert_eq!(giveaways(&["Invoices".into(), "lunch".into()]), ["invoice"]);
    }
}
