//! `Test-RestrictedSenderJournal`: does the chain of each journal hold?

use std::path::PathBuf;

use super::journal::{journals, verify};
use crate::error::Result;
use crate::file_work::on_a_thread;
use crate::host::{Host, Row};

/// Verifies the journals at these places: folders of all journals, folders of one organization, or single files. Hands
/// over what there is to say of each journal. A place without any journal is an item failure: "nothing there" must not
/// pass for "nothing wrong".
///
/// # Errors
/// When the caller has gone.
pub async fn test_journals(places: Vec<PathBuf>, host: &Host) -> Result<()> {
    for place in places {
        let found = match on_a_thread(move || journals(&place)).await? {
            Ok(found) => found,
            Err(error) => {
                host.item_failed(error).await?;
                continue;
            }
        };
        for journal in found {
            match on_a_thread(move || verify(&journal)).await? {
                Ok(verified) => host.row(Row::Journal(verified)).await?,
                Err(error) => host.item_failed(error).await?,
            }
        }
    }
    Ok(())
}
