//! Lines that can be pasted into PowerShell: whatever an intruder named a rule, it stays one inert text.

/// A text as PowerShell's literal. PowerShell takes four typographic marks for the straight quote, too; each ends the
/// text unless it is doubled (about_Quoting_Rules).
pub fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for letter in text.chars() {
        if matches!(letter, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            literal.push(letter);
        }
        literal.push(letter);
    }
    literal.push('\'');
    literal
}

/// `cmdlet` with these parameters and their texts, and then `end` as it is.
pub fn line(cmdlet: &str, parameters: &[(&str, &str)], end: &str) -> String {
    let mut line = cmdlet.to_owned();
    for (name, value) in parameters {
        line.push_str(&format!(" -{name} {}", quoted(value)));
    }
    if !end.is_empty() {
        line.push(' ');
        line.push_str(end);
    }
    line
}

/// The line that gives an account of Active Directory another password, on premises. (`Set-ADAccountPassword` itself knows
/// nobody by the user principal name.)
pub fn on_premises_reset(principal: &str) -> String {
    let filter = format!("(userPrincipalName={principal})");
    line("Get-ADUser", &[("LDAPFilter", &filter)], "| Set-ADAccountPassword -Reset")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_one_text() {
        assert_eq!(quoted("o'brien@contoso.com"), "'o''brien@contoso.com'");
        assert_eq!(quoted("x\u{2019}; Remove-Mailbox a #"), "'x\u{2019}\u{2019}; Remove-Mailbox a #'");
        assert_eq!(quoted("$(whoami)`n\"x\""), "'$(whoami)`n\"x\"'");
        assert_eq!(
            line("Disable-InboxRule", &[("Mailbox", "a@b.c"), ("Identity", "a\\1")], "-Confirm:$false"),
            "Disable-InboxRule -Mailbox 'a@b.c' -Identity 'a\\1' -Confirm:$false"
        );
    }
}
