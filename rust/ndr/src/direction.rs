//! Who refused whose mail.

use crate::address;
use crate::code::table::Row;
use crate::code::Class;
use crate::name::named;

named! {
    /// Whose mail was refused, and by whom.
    Direction {
        /// Ours, by Microsoft, on the way out.
        RefusedByMicrosoft,
        /// Ours, by the recipient's side.
        RefusedByRecipient,
        /// An outsider's, by our organization.
        RefusedByUs,
        /// It cannot be told.
        Unknown,
    }
}

/// What tells a direction.
pub(crate) struct Signs<'a> {
    pub(crate) row: &'static Row,
    pub(crate) sender: Option<&'a str>,
    pub(crate) recipient: Option<&'a str>,
    /// The domains of the organization that reads it, where they are known.
    pub(crate) accepted_domains: &'a [String],
    /// Whoever got the message that was read: the sender of what was refused, or somebody it was forwarded to.
    pub(crate) holder: Option<&'a str>,
    /// Whether it was forwarded or quoted.
    pub(crate) is_quoted: bool,
    /// Whether a server that is not Microsoft's was refused by one of Microsoft's: ours on premises or an outsider's.
    pub(crate) entered_microsoft: bool,
}

impl Signs<'_> {
    pub(crate) fn direction(&self) -> Direction {
        if self.row.class == Class::NotAReport {
            return Direction::Unknown;
        }
        // A report comes back to whoever sent the message, unless an outsider sends its file in.
        let came_back = self.holder.is_some() && !self.is_quoted && !self.entered_microsoft;
        match (is_on_the_way_out(self.row), self.is_ours(self.sender), self.is_ours(self.recipient)) {
            (true, Some(false), _) => Direction::Unknown,
            (true, _, _) => Direction::RefusedByMicrosoft,
            (false, Some(true), _) => Direction::RefusedByRecipient,
            (false, Some(false), Some(true)) => Direction::RefusedByUs,
            (false, None, _) if came_back => Direction::RefusedByRecipient,
            _ => Direction::Unknown,
        }
    }

    /// Whether an address is of the organization that reads the report, as far as that can be told.
    fn is_ours(&self, address: Option<&str>) -> Option<bool> {
        let domain = address::domain(address?)?;
        if !self.accepted_domains.is_empty() {
            return Some(self.accepted_domains.iter().any(|ours| ours.eq_ignore_ascii_case(domain)));
        }
        // Only of what somebody forwarded can it be told by whom it was forwarded to.
        let holder = address::domain(self.holder.filter(|_| self.is_quoted)?)?;
        Some(holder.eq_ignore_ascii_case(domain))
    }
}

/// Whether only Microsoft gives this, to mail that leaves an organization.
fn is_on_the_way_out(row: &Row) -> bool {
    use crate::code::NextStep::ContactSupport;
    matches!(
        row.class,
        Class::RestrictedSender
            | Class::RestrictedConnector
            | Class::RecipientRateLimit
            | Class::SubmissionQuota
            | Class::TenantLimit
            | Class::TenantBlocked
            | Class::ForwardingBlocked
            | Class::UnregisteredDomain
    ) || row.next_step == ContactSupport
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::table::rows;

    fn signs<'a>(status: &str, accepted_domains: &'a [String]) -> Signs<'a> {
        Signs {
            row: rows(status.parse().unwrap())[0],
            sender: Some("a@contoso.com"),
            recipient: Some("b@example.com"),
            accepted_domains,
            holder: Some("a@contoso.com"),
            is_quoted: false,
            entered_microsoft: false,
        }
    }

    #[test]
    fn what_comes_back_was_ours() {
        assert_eq!(signs("5.1.8", &[]).direction(), Direction::RefusedByMicrosoft);
        assert_eq!(signs("5.1.1", &[]).direction(), Direction::RefusedByRecipient);
        assert_eq!(Signs { holder: None, ..signs("5.1.1", &[]) }.direction(), Direction::Unknown);
        assert_eq!(Signs { entered_microsoft: true, ..signs("5.7.606", &[]) }.direction(), Direction::Unknown);
    }

    #[test]
    fn an_outsider_forwards_what_we_refused() {
        let forwarded = |holder| Signs { holder: Some(holder), is_quoted: true, ..signs("5.7.606", &[]) };
        assert_eq!(forwarded("postmaster@EXAMPLE.com").direction(), Direction::RefusedByUs);
        assert_eq!(forwarded("admin@contoso.com").direction(), Direction::RefusedByRecipient);
        assert_eq!(forwarded("x@fabrikam.com").direction(), Direction::Unknown);
    }

    #[test]
    fn our_domains_decide_where_they_are_known() {
        let (ours, theirs) = (["contoso.com".to_owned()], ["example.com".to_owned()]);
        assert_eq!(signs("5.7.606", &ours).direction(), Direction::RefusedByRecipient);
        assert_eq!(signs("5.7.606", &theirs).direction(), Direction::RefusedByUs);
        assert_eq!(signs("5.1.8", &theirs).direction(), Direction::Unknown, "an outsider is restricted, and not by us");
    }
}
