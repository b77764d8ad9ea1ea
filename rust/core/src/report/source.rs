//! What reports are read from, one after the other: files, all files of a folder, texts.

use std::fs::{self, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

use restricted_sender_ndr::Known;

use crate::error::{Code, Error};

/// Something that reports are read from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file, or a folder for all files in it.
    Path(PathBuf),
    /// A text with what is known besides it.
    Text(Text),
}

/// A text.
#[derive(Debug, Clone)]
pub struct Text {
    /// A message, a reply of a server, a tracking status, or a text that was copied from a report.
    pub text: String,
    /// What is known besides.
    pub known: Known,
}

/// One piece of work.
#[derive(Debug)]
pub(super) enum Item {
    File(PathBuf),
    Text(Text),
    Unreadable(Error),
}

/// Looks into folders as it goes, so that a folder of a million files is never held in memory.
pub(super) struct Items {
    sources: std::vec::IntoIter<Source>,
    folder: Option<(PathBuf, ReadDir)>,
}

impl Items {
    pub(super) fn of(sources: Vec<Source>) -> Self {
        Self { sources: sources.into_iter(), folder: None }
    }

    fn of_path(&mut self, path: PathBuf) -> Option<Item> {
        if !path.is_dir() {
            return Some(Item::File(path));
        }
        match fs::read_dir(&path) {
            Ok(entries) => {
                self.folder = Some((path, entries));
                None
            }
            Err(error) => Some(Item::Unreadable(unreadable(&path, &error))),
        }
    }

    /// The next file of the folder that is open; its folders are passed over.
    fn in_folder(&mut self) -> Option<Item> {
        let (folder, entries) = self.folder.as_mut()?;
        for entry in entries {
            let file = entry.and_then(|entry| Ok((entry.file_type()?.is_dir(), entry.path())));
            match file {
                Ok((true, _)) => {}
                Ok((false, path)) => return Some(Item::File(path)),
                Err(error) => {
                    let error = unreadable(folder, &error);
                    self.folder = None;
                    return Some(Item::Unreadable(error));
                }
            }
        }
        self.folder = None;
        None
    }
}

impl Iterator for Items {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.in_folder() {
                return Some(item);
            }
            let item = match self.sources.next()? {
                Source::Path(path) => self.of_path(path),
                Source::Text(text) => Some(Item::Text(text)),
            };
            if item.is_some() {
                return item;
            }
        }
    }
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Error {
    let path = path.display().to_string();
    Error::new(Code::ReportUnreadable, format!("{path} cannot be read: {error}.")).about(path).caused_by(error)
}
