//! Workload identity federation: another identity provider (a Kubernetes cluster, a build service) vouches for the app.

use std::path::Path;

use super::Secret;
use crate::error::{Code, Error, Result};

/// The largest token of a provider, in bytes.
const LARGEST_TOKEN: u64 = 64 * 1024;

/// The provider's token. It is short-lived, so the file is read anew each time.
pub async fn external_token(file: &Path) -> Result<Secret> {
    let path = file.to_owned();
    let refuse = |why: &str| {
        let message = format!("The token of the identity provider in {} {why}.", file.display());
        Error::new(Code::EnvironmentUnusable, message)
    };
    let read = tokio::task::spawn_blocking(move || {
        use std::io::Read;
        let mut text = String::new();
        std::fs::File::open(path)?.take(LARGEST_TOKEN).read_to_string(&mut text).map(|_| Secret::new(text))
    });
    let text = match read.await {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => return Err(refuse("cannot be read").caused_by(&error)),
        Err(error) => return Err(refuse("cannot be read").caused_by(&error)),
    };
    match text.reveal().trim() {
        "" => Err(refuse("is empty")),
        token => Ok(Secret::new(token.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_file_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        assert!(external_token(&file).await.unwrap_err().message.contains("cannot be read"));
        std::fs::write(&file, " \n").unwrap();
        assert!(external_token(&file).await.unwrap_err().message.contains("is empty"));
        for token in ["one", "two"] {
            std::fs::write(&file, format!("{token}\n")).unwrap();
            assert_eq!(external_token(&file).await.unwrap().reveal(), token);
        }
    }
}
