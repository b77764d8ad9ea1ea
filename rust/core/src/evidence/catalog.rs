//! The table of checks: what each reads and what that takes, why it matters, what to do, which document says so, and who
//! judges. The order of the rows is that of [`CheckName`].

use super::dossier::{Dossier, Has};
use super::finding::Finding;
use super::frame::Frame;
use super::judge::{access, account, connector, mailbox, organization, sent};
use super::{CheckName, Source};

/// What a check is about, which decides for whom it makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The account that signs in.
    Account,
    /// The mailbox.
    Mailbox,
    /// A sender that has neither, or none here.
    Outside,
    /// A connector.
    Connector,
    /// What all mail of the organization runs through.
    Organization,
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    pub name: CheckName,
    pub about: About,
    pub needs: &'static str,
    pub why: &'static str,
    pub recommendation: &'static str,
    pub source: Source,
    pub judge: fn(&Dossier, &Frame) -> Finding,
}

const COMPROMISED: Source = Source {
    title: "Microsoft Learn, Responding to a compromised email account",
    url: "https://learn.microsoft.com/defender-office-365/responding-to-a-compromised-email-account",
};
const INBOX_RULES: Source = Source {
    title: "Microsoft Learn, Alert classification for suspicious inbox manipulation rules",
    url: "https://learn.microsoft.com/defender-xdr/alert-grading-playbook-inbox-manipulation-rules",
};
const CONSENTS: Source = Source {
    title: "Microsoft Learn, Detect and remediate illicit consent grants",
    url: "https://learn.microsoft.com/defender-office-365/detect-and-remediate-illicit-consent-grants",
};
const RISK: Source = Source {
    title: "Microsoft Learn, Remediate risks and unblock users",
    url: "https://learn.microsoft.com/entra/id-protection/howto-identity-protection-remediate-unblock",
};
const AUDIT: Source = Source {
    title: "Microsoft Learn, Manage mailbox auditing",
    url: "https://learn.microsoft.com/purview/audit-mailboxes",
};
const CONNECTORS: Source = Source {
    title: "Microsoft Learn, Respond to a compromised connector",
    url: "https://learn.microsoft.com/defender-office-365/connectors-detect-respond-to-compromise",
};

/// The checks.
pub const CATALOG: &[Row] = &[
    Row {
        name: CheckName::PasswordChanged,
        about: About::Account,
        needs: "Microsoft Graph User.Read.All",
        why: "Whoever had the password when the mail was sent still has it until it is changed.",
        recommendation: "Reset the password, and the app passwords; hand the new one over in person or by phone, not by mail.",
        source: COMPROMISED,
        judge: account::password_changed,
    },
    Row {
        name: CheckName::SessionsRevoked,
        about: About::Account,
        needs: "Microsoft Graph User.Read.All",
        why: "A changed password does not end the sessions that are open.",
        recommendation: "Revoke the sessions after the password was changed.",
        source: COMPROMISED,
        judge: account::sessions_revoked,
    },
    Row {
        name: CheckName::SignInState,
        about: About::Account,
        needs: "Microsoft Graph User.Read.All",
        why: "An account that may not sign in cannot be used while it is being secured.",
        recommendation: "Keep the account from signing in until it is secured, and let it in again then.",
        source: COMPROMISED,
        judge: account::sign_in_state,
    },
    Row {
        name: CheckName::AuthenticationMethods,
        about: About::Account,
        needs: "Microsoft Graph UserAuthenticationMethod.Read.All",
        why: "Without a second step a stolen password is enough; with one that the intruder has added, the account stays theirs.",
        recommendation: "Set up multi-factor authentication, and remove the methods that the owner of the account does not know.",
        source: COMPROMISED,
        judge: account::authentication_methods,
    },
    Row {
        name: CheckName::Forwarding,
        about: About::Mailbox,
        needs: "Exchange Get-Mailbox and Get-AcceptedDomain (role View-Only Recipients)",
        why: "Forwarding keeps the intruder reading after the password was changed.",
        recommendation: "Turn the forwarding off.",
        source: COMPROMISED,
        judge: mailbox::forwarding,
    },
    Row {
        name: CheckName::InboxRules,
        about: About::Mailbox,
        needs: "Exchange Get-InboxRule and Get-AcceptedDomain (role View-Only Recipients)",
        why: "Intruders hide the answers to what they send, and pass on what they look for, with inbox rules.",
        recommendation: "Turn off the rules that the owner of the mailbox does not know.",
        source: INBOX_RULES,
        judge: mailbox::inbox_rules,
    },
    Row {
        name: CheckName::SweepRules,
        about: About::Mailbox,
        needs: "Exchange Get-SweepRule (role View-Only Recipients) and, where there are any, Search-UnifiedAuditLog (role \
                View-Only Audit Logs)",
        why: "Sweep rules hide mail as inbox rules do.",
        recommendation: "Turn off the sweep rules that the owner of the mailbox does not know.",
        source: INBOX_RULES,
        judge: mailbox::sweep_rules,
    },
    Row {
        name: CheckName::FullAccess,
        about: About::Mailbox,
        needs: "Exchange Get-MailboxPermission (role View-Only Recipients) and, where there are any, Search-UnifiedAuditLog \
                (role View-Only Audit Logs)",
        why: "Whoever may open the mailbox needs no password of it.",
        recommendation: "Remove the permissions that nobody can explain, and look at the account that has them.",
        source: COMPROMISED,
        judge: access::full_access,
    },
    Row {
        name: CheckName::SendAs,
        about: About::Mailbox,
        needs: "Exchange Get-RecipientPermission and Get-Mailbox (role View-Only Recipients) and, where there are any, \
                Search-UnifiedAuditLog (role View-Only Audit Logs)",
        why: "Whoever may send as it, or on its behalf, may be who sent.",
        recommendation: "Remove the permissions that nobody can explain, and look at the account that has them.",
        source: COMPROMISED,
        judge: access::send_as,
    },
    Row {
        name: CheckName::AppConsents,
        about: About::Account,
        needs: "Microsoft Graph Directory.Read.All and, where an app has permissions over mail, Exchange \
                Search-UnifiedAuditLog (role View-Only Audit Logs)",
        why: "An app that was given access to the mail keeps it whatever happens to the password.",
        recommendation: "Revoke the consent, and block the app if nobody knows it.",
        source: CONSENTS,
        judge: access::app_consents,
    },
    Row {
        name: CheckName::AdminRoles,
        about: About::Account,
        needs: "Microsoft Graph Directory.Read.All and, where there are any, Exchange Search-UnifiedAuditLog (role View-Only \
                Audit Logs)",
        why: "An account with a role is a way into the whole organization.",
        recommendation: "Remove the account from the role until it is secured.",
        source: COMPROMISED,
        judge: account::admin_roles,
    },
    Row {
        name: CheckName::UserRisk,
        about: About::Account,
        needs: "Microsoft Graph IdentityRiskyUser.Read.All (and Microsoft Entra ID P2)",
        why: "Microsoft Entra knows of leaked passwords and of sign-ins that do not fit.",
        recommendation: "Investigate the risk in Microsoft Entra ID Protection.",
        source: RISK,
        judge: account::user_risk,
    },
    Row {
        name: CheckName::Protocols,
        about: About::Mailbox,
        needs: "Exchange Get-CASMailbox (role View-Only Recipients)",
        why: "Old protocols take no second step; spam is often submitted by SMTP AUTH.",
        recommendation: "Turn off the protocols that nobody needs.",
        source: COMPROMISED,
        judge: mailbox::protocols,
    },
    Row {
        name: CheckName::MailboxAudit,
        about: About::Mailbox,
        needs: "Exchange Get-Mailbox and Get-MailboxAuditBypassAssociation (role View-Only Recipients)",
        why: "What is not recorded cannot be looked into.",
        recommendation: "Turn mailbox auditing on.",
        source: AUDIT,
        judge: mailbox::mailbox_audit,
    },
    Row {
        name: CheckName::SentFrom,
        about: About::Outside,
        needs: "Exchange Get-MessageTraceV2 and Get-InboundConnector (roles View-Only Recipients, View-Only Configuration)",
        why: "Nobody signs in as such a sender: what matters is whether somebody else sends in its name.",
        recommendation: "Find the machine of that address. If it is yours, clean it or add the address to the connector; if it \
                         is not, find out how it gets in.",
        source: CONNECTORS,
        judge: sent::sent_from,
    },
    Row {
        name: CheckName::ConnectorChanges,
        about: About::Connector,
        needs: "Exchange Get-InboundConnector (role View-Only Configuration)",
        why: "Intruders make connectors, or change them, to relay through them.",
        recommendation: "Ask who changed it; if nobody did, turn it off, and secure the account that did.",
        source: CONNECTORS,
        judge: connector::changes,
    },
    Row {
        name: CheckName::ConnectorIdentity,
        about: About::Connector,
        needs: "Exchange Get-InboundConnector and Get-AcceptedDomain (roles View-Only Configuration, View-Only Recipients)",
        why: "A connector that takes mail from anybody, or by somebody else's certificate, relays for them.",
        recommendation: "Restrict it to your own certificate or addresses; turn it off meanwhile.",
        source: CONNECTORS,
        judge: connector::identity,
    },
    Row {
        name: CheckName::ConnectorRelayed,
        about: About::Connector,
        needs: "Exchange Get-MessageTraceV2, Get-InboundConnector and Get-AcceptedDomain (roles View-Only Recipients, View-Only \
                Configuration)",
        why: "What went through it shows who uses it.",
        recommendation: "Find the machine or account that sent it, and stop it before the connector is unblocked.",
        source: CONNECTORS,
        judge: connector::relayed,
    },
    Row {
        name: CheckName::TransportRules,
        about: About::Organization,
        needs: "Exchange Get-TransportRule (role View-Only Configuration)",
        why: "A mail flow rule takes the mail of everybody elsewhere.",
        recommendation: "Ask who changed the rule; turn it off if nobody knows it.",
        source: COMPROMISED,
        judge: organization::transport_rules,
    },
    Row {
        name: CheckName::Connectors,
        about: About::Organization,
        needs: "Exchange Get-InboundConnector and Get-OutboundConnector (role View-Only Configuration)",
        why: "A connector that was made or changed lately may be another way in.",
        recommendation: "Ask who changed the connector; turn it off if nobody knows it.",
        source: CONNECTORS,
        judge: organization::connectors,
    },
];

impl Row {
    /// Whether the check is one of a connector's report, or of a sender's.
    pub fn belongs(&self, is_connector: bool) -> bool {
        match self.about {
            About::Organization => true,
            About::Connector => is_connector,
            About::Account | About::Mailbox | About::Outside => !is_connector,
        }
    }

    /// What came of the check, also where it makes no sense for this sender.
    pub fn finding(&self, dossier: &Dossier, frame: &Frame, is_connector: bool) -> Finding {
        if !self.belongs(is_connector) {
            let what = if is_connector { "a connector" } else { "no connector" };
            return Finding::not_applicable(format!("It is {what}."));
        }
        let missing = match self.about {
            About::Account => dossier.has_account(),
            About::Mailbox => dossier.has_mailbox(),
            About::Outside => match dossier.has_mailbox() {
                Has::Yes => Has::No("it has a mailbox here, which the other checks are about"),
                // Whether it has one decides what its addresses mean.
                Has::Unknown => return unknown_recipient(dossier),
                Has::No(_) => Has::Yes,
            },
            About::Connector | About::Organization => Has::Yes,
        };
        match missing {
            Has::No(why) => Finding::not_applicable(why),
            Has::Yes | Has::Unknown => (self.judge)(dossier, frame),
        }
    }
}

fn unknown_recipient(dossier: &Dossier) -> Finding {
    match &dossier.recipient {
        Some(Err(error)) => Finding::unreadable(error),
        _ => Finding::unclear("Exchange does not say what kind of recipient it is."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_its_row_in_the_order_of_the_names() {
        let names: Vec<_> = CATALOG.iter().map(|row| row.name).collect();
        assert_eq!(names, CheckName::ALL);
        for row in CATALOG {
            for text in [row.why, row.recommendation] {
                assert!(text.ends_with('.'), "{text}");
            }
            assert!(row.source.url.starts_with("https://learn.microsoft.com/"), "{}", row.source.url);
        }
    }
}
