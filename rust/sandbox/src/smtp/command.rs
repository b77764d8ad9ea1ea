//! What a client can say.

use std::net::IpAddr;

use super::reply::Reply;

/// The longest command line, in bytes without its end. RFC 5321 says 512, extensions more.
pub(super) const LONGEST: usize = 2048;

/// The longest address, in bytes (RFC 5321: 64 before the `@`, 255 after it).
const LONGEST_ADDRESS: usize = 320;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `EHLO`, or `HELO` without extensions.
    Hello {
        is_extended: bool,
    },
    StartTls,
    Auth {
        mechanism: String,
        initial: Option<String>,
    },
    /// The address is empty where reports come from.
    Mail {
        from: String,
        size: Option<u64>,
    },
    Recipient(String),
    Data,
    Reset,
    Nothing,
    Verify,
    Help,
    Quit,
    /// Where a drill's mail comes from (Postfix's extension).
    ClientAddress(IpAddr),
}

impl Command {
    /// Reads a line; `Err` is what to say to it.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Reply> {
        let line = std::str::from_utf8(line).ok().filter(|line| !line.chars().any(char::is_control));
        let line = line.ok_or_else(|| Reply::new(500, "5.5.2 Command line is no text"))?;
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" if rest.is_empty() => Err(Reply::bad_arguments()),
            "EHLO" => Ok(Self::Hello { is_extended: true }),
            "HELO" => Ok(Self::Hello { is_extended: false }),
            "STARTTLS" if rest.is_empty() => Ok(Self::StartTls),
            "AUTH" => auth(rest),
            "MAIL" => mail(rest),
            "RCPT" => recipient(rest),
            "DATA" if rest.is_empty() => Ok(Self::Data),
            "RSET" if rest.is_empty() => Ok(Self::Reset),
            "QUIT" if rest.is_empty() => Ok(Self::Quit),
            "STARTTLS" | "DATA" | "RSET" | "QUIT" => Err(Reply::bad_arguments()),
            "NOOP" => Ok(Self::Nothing),
            "VRFY" => Ok(Self::Verify),
            "HELP" => Ok(Self::Help),
            "XCLIENT" => client_address(rest).ok_or_else(Reply::bad_arguments),
            _ => Err(Reply::new(500, "5.3.3 Unrecognized command")),
        }
    }
}

fn auth(rest: &str) -> Result<Command, Reply> {
    let mut words = rest.split_ascii_whitespace();
    let mechanism = words.next().ok_or_else(Reply::bad_arguments)?.to_ascii_uppercase();
    let initial = words.next().map(str::to_owned);
    match words.next() {
        Some(_) => Err(Reply::bad_arguments()),
        None => Ok(Command::Auth { mechanism, initial }),
    }
}

fn mail(rest: &str) -> Result<Command, Reply> {
    let (from, parameters) = path(rest, "FROM:").ok_or_else(Reply::bad_arguments)?;
    let mut size = None;
    for parameter in parameters.split_ascii_whitespace() {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
            ("SIZE", digits) => size = Some(digits.parse().map_err(|_| Reply::bad_arguments())?),
            ("BODY", "7BIT" | "8BITMIME") | ("SMTPUTF8", "") | ("AUTH", _) => {}
            _ => return Err(Reply::new(555, "5.5.4 Unsupported parameter")),
        }
    }
    Ok(Command::Mail { from: from.to_owned(), size })
}

fn recipient(rest: &str) -> Result<Command, Reply> {
    match path(rest, "TO:") {
        Some((to, "")) if !to.is_empty() => Ok(Command::Recipient(to.to_owned())),
        Some((to, _)) if !to.is_empty() => Err(Reply::new(555, "5.5.4 Unsupported parameter")),
        _ => Err(Reply::new(501, "5.1.3 Invalid address")),
    }
}

/// The address of `FROM:<ann@contoso.com> …`, and what follows it. A route before it, which nobody uses, is ignored.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (found, rest) = rest.split_at_checked(keyword.len())?;
    let (address, parameters) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    let address = match address.strip_prefix('@') {
        Some(route) => route.split_once(':')?.1,
        None => address,
    };
    let is_good = address.is_empty() || is_address(address);
    (found.eq_ignore_ascii_case(keyword) && is_good).then(|| (address, parameters.trim()))
}

fn is_address(address: &str) -> bool {
    let parts = address.rsplit_once('@');
    address.len() <= LONGEST_ADDRESS
        && parts.is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty())
        && !address.contains([' ', '<', ','])
}

/// `ADDR=203.0.113.45` or `ADDR=IPV6:2001:db8::1`; other attributes change nothing.
fn client_address(rest: &str) -> Option<Command> {
    let mut attributes = rest.split_ascii_whitespace().filter_map(|attribute| attribute.split_once('='));
    let (_, value) = attributes.find(|(name, _)| name.eq_ignore_ascii_case("ADDR"))?;
    let is_v6 = value.get(..5).is_some_and(|prefix| prefix.eq_ignore_ascii_case("IPV6:"));
    let text = if is_v6 { value.get(5..)? } else { value };
    text.parse().ok().map(Command::ClientAddress)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(line: &str) -> u16 {
        Command::parse(line.as_bytes()).unwrap_err().code
    }

    #[test]
    fn commands_in_any_case() {
        let mail = |from: &str, size| Ok(Command::Mail { from: from.to_owned(), size });
        for (line, expected) in [
            ("ehlo [127.0.0.1]", Ok(Command::Hello { is_extended: true })),
            ("MAIL FROM:<Ann@contoso.com>", mail("Ann@contoso.com", None)),
            ("mail from: <ann@contoso.com> SIZE=12 body=8bitmime SMTPUTF8", mail("ann@contoso.com", Some(12))),
            ("MAIL FROM:<>", mail("", None)),
            ("MAIL FROM:<@relay.example,@b.example:ann@contoso.com>", mail("ann@contoso.com", None)),
            ("Rcpt To:<ann@fabrikam.example>", Ok(Command::Recipient("ann@fabrikam.example".to_owned()))),
            ("AUTH plain =", Ok(Command::Auth { mechanism: "PLAIN".to_owned(), initial: Some("=".to_owned()) })),
            ("XCLIENT NAME=x ADDR=IPV6:2001:db8::1", Ok(Command::ClientAddress("2001:db8::1".parse().unwrap()))),
            ("noop whatever", Ok(Command::Nothing)),
        ] {
            assert_eq!(Command::parse(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        for (line, expected) in [
            ("", 500),
            ("BDAT 12", 500),
            ("EHLO", 501),
            ("DATA now", 501),
            ("MAIL FROM ann@contoso.com", 501),
            ("MAIL FROM:ann@contoso.com", 501),
            ("MAIL FROM:<ann@contoso.com> SIZE=x", 501),
            ("MAIL FROM:<ann@contoso.com> RET=FULL", 555),
            ("RCPT TO:<>", 501),
            ("RCPT TO:<ann>", 501),
            ("RCPT TO:<ann@contoso.com> NOTIFY=NEVER", 555),
            ("RCPT TO:<ann bob@contoso.com>", 501),
            ("AUTH", 501),
            ("AUTH PLAIN a b", 501),
            ("XCLIENT ADDR=everywhere", 501),
            ("NOOP \u{7}", 500),
        ] {
            assert_eq!(code(line), expected, "{line}");
        }
        assert_eq!(Command::parse(b"NOOP \xff").unwrap_err().code, 500);
        assert_eq!(code(&format!("RCPT TO:<{}@contoso.com>", "x".repeat(400))), 501);
    }
}
