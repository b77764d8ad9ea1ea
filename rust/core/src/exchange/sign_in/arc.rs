//! Azure Arc: the agent on the machine answers only who can read a file that it has just written.
//!
//! The file's name comes in the answer, so it is believed only within the agent's own folder: anybody who can listen on
//! the agent's port could else make us read any file to him.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::Secret;
use crate::error::{Code, Error, Result};
use crate::host::Host;

/// Where the agent listens when no variable tells.
pub const ADDRESS: &str = "http://localhost:40342/metadata/identity/oauth2/token";

/// The largest key file, in bytes.
const LARGEST_KEY: u64 = 4096;

/// The folder in which the agent keeps its keys.
#[derive(Debug, Clone)]
pub struct Keys(PathBuf);

impl Keys {
    /// The folder of this system.
    pub async fn here(host: &Host) -> Result<Self> {
        if !cfg!(windows) {
            return Ok(Self("/var/opt/azcmagent/tokens".into()));
        }
        let data = host.environment_variable("ProgramData").await?;
        let data = data.as_ref().map_or(r"C:\ProgramData", Secret::reveal);
        Ok(Self(Path::new(data).join("AzureConnectedMachineAgent").join("Tokens")))
    }

    #[cfg(test)]
    pub fn within(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The key in the file that the agent's challenge names.
    pub async fn named_by(&self, challenge: Option<&str>) -> Result<Secret> {
        let realm = challenge.and_then(|challenge| challenge.split_once("realm=")).map(|(_, realm)| realm.trim());
        let Some(realm) = realm else { return Err(refuse("names no file with a key")) };
        let path = PathBuf::from(realm.trim_matches('"'));
        let folder = self.0.clone();
        let read = tokio::task::spawn_blocking(move || read(&folder, &path)).await;
        read.unwrap_or_else(|_| Err(refuse("could not be heard")))
    }
}

/// Whether the agent is installed here.
pub async fn has_agent(host: &Host) -> Result<bool> {
    if !cfg!(windows) {
        return Ok(Path::new("/opt/azcmagent/bin/himds").exists());
    }
    let programs = host.environment_variable("ProgramFiles").await?;
    let programs = programs.as_ref().map_or(r"C:\Program Files", Secret::reveal);
    Ok(Path::new(programs).join("AzureConnectedMachineAgent").join("himds.exe").exists())
}

fn read(folder: &Path, path: &Path) -> Result<Secret> {
    let shown = path.display();
    if path.parent() != Some(folder) || path.extension().is_none_or(|extension| extension != "key") {
        return Err(refuse(&format!("names {shown}, which is no key file in {}; it was not read", folder.display())));
    }
    let unreadable = |error: std::io::Error| {
        refuse(&format!(
            "names {shown}, which cannot be read: the account that runs this must be an administrator or in the group himds"
        ))
        .caused_by(&error)
    };
    // A link could lead out of the folder again.
    let about = std::fs::symlink_metadata(path).map_err(unreadable)?;
    if !about.is_file() || about.len() > LARGEST_KEY {
        return Err(refuse(&format!(
            "names {shown}, which is no file of at most {LARGEST_KEY} bytes; it was not read"
        )));
    }
    let mut key = String::new();
    std::fs::File::open(path).and_then(|file| file.take(LARGEST_KEY).read_to_string(&mut key)).map_err(unreadable)?;
    let key = Secret::new(key);
    // It becomes part of a header.
    match key.reveal().trim() {
        text if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err(refuse(&format!("names {shown}, which holds no key")))
        }
        text => Ok(Secret::new(text.to_owned())),
    }
}

fn refuse(why: &str) -> Error {
    Error::new(Code::ManagedIdentityUnavailable, format!("The agent of Azure Arc on this machine {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn named(folder: &Path, challenge: &str) -> Result<Secret> {
        Keys::within(folder).named_by(Some(challenge)).await
    }

    #[tokio::test]
    async fn only_small_key_files_in_the_agents_own_folder_are_read() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("tokens");
        std::fs::create_dir_all(folder.join("within")).unwrap();
        let write = |name: &str, content: &str| std::fs::write(folder.join(name), content).unwrap();
        write("good.key", "a2V5\n");
        write("limit.key", &"k".repeat(4096));
        write("large.key", &"k".repeat(4097));
        write("good.txt", "a2V5");
        write("empty.key", " ");
        write("odd.key", "a\u{7}b");
        write("within/deep.key", "a2V5");
        write("../outside.key", "a2V5");
        std::fs::create_dir(folder.join("folder.key")).unwrap();

        let at = |name: &str| format!("Basic realm={}", folder.join(name).display());
        assert_eq!(named(&folder, &at("good.key")).await.unwrap().reveal(), "a2V5");
        assert_eq!(named(&folder, &at("limit.key")).await.unwrap().reveal().len(), 4096);
        let quoted = format!("Basic realm=\"{}\"", folder.join("good.key").display());
        assert!(named(&folder, &quoted).await.is_ok());

        let wrong = [
            "large.key",
            "good.txt",
            "empty.key",
            "odd.key",
            "within/deep.key",
            "../outside.key",
            "folder.key",
            "missing.key",
            "within/../good.key",
        ];
        let wrong = wrong.into_iter().map(at).chain(["Basic".to_owned(), "Basic realm=".to_owned()]);
        for challenge in wrong {
            let error = named(&folder, &challenge).await.unwrap_err();
            assert_eq!(error.code(), Code::ManagedIdentityUnavailable, "{challenge}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("secret"), "a2V5").unwrap();
        let folder = home.path().join("tokens");
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::symlink(home.path().join("secret"), folder.join("link.key")).unwrap();
        let challenge = format!("Basic realm={}", folder.join("link.key").display());
        assert!(named(&folder, &challenge).await.unwrap_err().message.contains("not read"));
    }
}
