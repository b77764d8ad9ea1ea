//! Where journals are kept: by the platform's convention for data that a program writes about its own doings, unless
//! the admin names a folder.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::files;
use crate::error::{Code, Error, Result};

/// The environment variable that names the folder of all journals, for accounts that run scheduled tasks.
pub const VARIABLE: &str = "RESTRICTEDSENDER_JOURNAL";

/// The folder of all journals: `chosen`, else what [`VARIABLE`] names, else the platform's place: `%LOCALAPPDATA%` on
/// Windows, `~/Library/Application Support` on macOS, `$XDG_STATE_HOME` or `~/.local/state` elsewhere, and in it
/// `RestrictedSender/Journal`. `variable` looks up an environment variable, `std::env::var_os` outside tests.
///
/// # Errors
/// [`Code::JournalUnwritable`] where a folder is named that is not absolute (it would be another one for every
/// process), and where the account has no home.
pub fn root(chosen: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(named) = chosen.map(Path::to_owned).or_else(|| variable(VARIABLE)) {
        if named.is_absolute() {
            return Ok(named);
        }
        let message = format!("The journal's folder must be named in full, and '{}' is not.", named.display());
        return Err(Error::new(Code::JournalUnwritable, message).about(named.display().to_string()));
    }
    let home = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library").join("Application Support"))
    } else {
        // The XDG base directory specification: a relative path is to be ignored.
        let state = variable("XDG_STATE_HOME").filter(|path| path.is_absolute());
        state.or_else(|| variable("HOME").map(|home| home.join(".local").join("state")))
    };
    let home = home.filter(|path| path.is_absolute()).ok_or_else(|| {
        Error::new(Code::JournalUnwritable, "This account has no home folder to keep a journal in, and none was named.")
    })?;
    Ok(home.join("RestrictedSender").join("Journal"))
}

/// Where there are journals at `path`: in it, where it is the folder of one organization or a single file, else in the
/// folders below it, in the order of their names.
///
/// # Errors
/// [`Code::JournalUnreadable`] where `path` cannot be read, and where there is no journal.
pub fn journals(path: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |why: String| {
        let path = path.display().to_string();
        Error::new(Code::JournalUnreadable, format!("There is no journal in {path}{why}.")).about(path)
    };
    let found = below(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => unreadable(String::new()),
        _ => unreadable(format!(" that can be read: {error}")).caused_by(&error),
    })?;
    if found.is_empty() {
        return Err(unreadable(String::new()));
    }
    Ok(found)
}

fn below(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if path.is_file() || !files::numbers(path)?.is_empty() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let folder = entry?.path();
        if folder.is_dir() && !files::numbers(&folder)?.is_empty() {
            found.push(folder);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Names that Windows keeps for devices, also with anything after a dot.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Longer names are shortened: file systems stop at 255, Windows' whole paths traditionally at 260.
const LONGEST: usize = 100;

/// The name of an organization's folder. Domains and ids come out as they are, in lower case; whatever a file system
/// could take amiss is written as `%` and two digits, so that different organizations never share a folder.
pub fn folder_name(organization: &str) -> String {
    let organization = organization.trim().to_lowercase();
    let device = organization.split('.').next().is_some_and(|stem| DEVICES.contains(&stem));
    let last = organization.len().saturating_sub(1);
    let mut name = String::with_capacity(organization.len());
    for (at, byte) in organization.bytes().enumerate() {
        let plain = match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => !(device && at == 0),
            // A leading dot hides a folder or leads out of it; Windows drops one at the end.
            b'.' => at != 0 && at != last,
            _ => false,
        };
        if plain {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    if name.is_empty() {
        return "%".to_owned();
    }
    if name.len() > LONGEST {
        // The tilde occurs in no other name.
        name = format!("{}~{:x}", &name[..LONGEST - 65], Sha256::digest(&name));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn variables<'a>(known: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
        move |name| known.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
    }

    fn absolute(text: &str) -> String {
        if cfg!(windows) {
            format!("C:{text}")
        } else {
            text.to_owned()
        }
    }

    #[test]
    fn what_is_named_goes_before_the_convention() {
        let (option, environment, home) = (absolute("/option"), absolute("/environment"), absolute("/home"));
        let known = [(VARIABLE, environment.as_str()), ("HOME", &home), ("LOCALAPPDATA", &home)];
        assert_eq!(root(Some(Path::new(&option)), variables(&known)).unwrap(), Path::new(&option));
        assert_eq!(root(None, variables(&known)).unwrap(), Path::new(&environment));
        let by_convention = root(None, variables(&known[1..])).unwrap();
        assert!(by_convention.starts_with(&home) && by_convention.ends_with("RestrictedSender/Journal"));
        let blank = [(VARIABLE, ""), ("HOME", &home), ("LOCALAPPDATA", &home)];
        assert_eq!(root(None, variables(&blank)).unwrap(), by_convention, "an empty variable names nothing");
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_state_folder_goes_before_home_unless_it_is_relative() {
        let in_state = root(None, variables(&[("XDG_STATE_HOME", "/state"), ("HOME", "/home")])).unwrap();
        assert_eq!(in_state, Path::new("/state/RestrictedSender/Journal"));
        let in_home = root(None, variables(&[("XDG_STATE_HOME", "state"), ("HOME", "/home")])).unwrap();
        assert_eq!(in_home, Path::new("/home/.local/state/RestrictedSender/Journal"));
    }

    #[test]
    fn a_relative_folder_and_a_missing_home_are_errors() {
        let relative = root(Some(Path::new("journal")), variables(&[])).unwrap_err();
        assert_eq!((relative.code(), relative.target.as_deref()), (Code::JournalUnwritable, Some("journal")));
        assert_eq!(root(None, variables(&[(VARIABLE, "journal")])).unwrap_err().code(), Code::JournalUnwritable);
        assert_eq!(root(None, variables(&[])).unwrap_err().code(), Code::JournalUnwritable);
    }

    #[test]
    fn names_of_organizations_are_those_of_folders() {
        let long = "a".repeat(300);
        let shortened = folder_name(&long);
        for (organization, folder) in [
            ("contoso.onmicrosoft.com", "contoso.onmicrosoft.com"),
            (" Contoso.COM ", "contoso.com"),
            ("con.example", "%63on.example"),
            ("NUL", "%6eul"),
            ("console.example", "console.example"),
            ("..", "%2e%2e"),
            ("../contoso.com", "%2e.%2fcontoso.com"),
            ("a\\b:c", "a%5cb%3ac"),
            ("contoso.com.", "contoso.com%2e"),
            ("100%", "100%25"),
            ("bücher.example", "b%c3%bccher.example"),
            ("", "%"),
            (&long, &shortened),
        ] {
            assert_eq!(folder_name(organization), folder, "{organization}");
        }
        assert_eq!(shortened.len(), LONGEST);
        assert_ne!(shortened, folder_name(&"a".repeat(301)));
    }

    proptest! {
        #[test]
        fn every_name_is_safe_everywhere(organization in any::<String>()) {
            let name = folder_name(&organization);
            prop_assert!(!name.is_empty() && name.len() <= LONGEST);
            prop_assert!(name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'%' | b'~')));
            prop_assert!(!name.starts_with('.') && !name.ends_with('.'));
            prop_assert!(!DEVICES.contains(&name.split('.').next().unwrap()));
        }

        #[test]
        fn different_organizations_have_different_folders(one in "[a-c%./25e]{0,6}", other in "[a-c%./25e]{0,6}") {
            prop_assert_eq!(one == other, folder_name(&one) == folder_name(&other));
        }
    }
}
