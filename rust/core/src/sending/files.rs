//! Reads the trace from files and folders that it was exported to.

use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::file_work::{telling, Say};
use crate::host::Host;
use crate::trace::{Book, DateOrder, Ledger, Reader};

/// Reads what lies in these files, and in folders of this name. Of several files those that cannot be read are item
/// failures.
///
/// # Errors
/// [`Code::TraceUnreadable`] for a file alone or a folder; [`Code::Cancelled`] when the caller has gone.
pub async fn read_files(
    files: Vec<PathBuf>,
    book: &Arc<Book>,
    order: Option<DateOrder>,
    host: &Host,
) -> Result<Vec<Ledger>> {
    let (book, alone) = (Arc::clone(book), files.len() == 1);
    telling(host, move |voice| {
        let unwanted = || voice.is_unheard();
        let mut reader = Reader::new(&book, order, &unwanted);
        for path in &within(files)? {
            let something = match reader.read(path) {
                Ok(None) => continue,
                Ok(Some(why)) => {
                    let path = path.display();
                    Say::Warning(format!("{path} could be read only so far: {why}. What stands before that counts."))
                }
                Err(error) if alone => return Err(error),
                Err(error) => Say::Failed(error),
            };
            if voice.say(something).is_break() {
                break;
            }
        }
        Ok(reader.finish())
    })
    .await
}

/// The files themselves, and those in folders whose names end as exports' do.
fn within(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    const ENDS: [&str; 3] = [".csv", ".csv.gz", ".gz"];
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path);
            continue;
        }
        let unreadable = |error: &std::io::Error| {
            let folder = path.display().to_string();
            Error::new(Code::TraceUnreadable, format!("The folder {folder} cannot be read: {error}."))
                .about(folder)
                .caused_by(error)
        };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&path).map_err(|error| unreadable(&error))? {
            let entry = entry.map_err(|error| unreadable(&error))?.path();
            let name = entry.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
            if entry.is_file() && ENDS.iter().any(|end| name.ends_with(end)) {
                found.push(entry);
            }
        }
        if found.is_empty() {
            let folder = path.display().to_string();
            let message = format!("The folder {folder} holds no file that ends with .csv or .gz.");
            return Err(Error::new(Code::TraceUnreadable, message).about(folder));
        }
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}
