//! The file that a plot is written to: whole, or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::error::{Code, Error, Result};

/// A file that is going to be written. A draft of it lies beside it meanwhile, so that whoever may not write there hears
/// of it before anything is measured; dropped unwritten, it leaves nothing behind.
#[derive(Debug)]
pub struct PlotFile {
    path: PathBuf,
    no_clobber: bool,
    draft: Draft,
}

/// A file that is removed when it is dropped, unless it was moved.
#[derive(Debug)]
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // Where it was moved, nothing is there.
        let _ = fs::remove_file(&self.0);
    }
}

impl PlotFile {
    /// Makes sure that the file can be written.
    ///
    /// # Errors
    /// [`Code::PlotExists`] where there is one already and must not be overwritten; [`Code::PlotUnwritable`].
    pub fn prepare(path: &Path, no_clobber: bool) -> Result<Self> {
        let unwritable = |why: &str| unwritable(path, why);
        // A relative path would mean another place for every process, and paths of other providers are none of files.
        if !path.is_absolute() {
            return Err(unwritable("it is not the full path of a file"));
        }
        let (Some(folder), Some(_)) = (path.parent(), path.file_name()) else {
            return Err(unwritable("it names no file"));
        };
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(unwritable("it is a folder")),
            Ok(_) if no_clobber => return Err(exists(path)),
            Ok(found) if !found.is_file() => return Err(unwritable("it is no ordinary file")),
            Ok(found) if found.permissions().readonly() => return Err(unwritable("the file is write-protected")),
            _ if !folder.is_dir() => return Err(unwritable("its folder does not exist")),
            Ok(_) | Err(_) => {}
        }
        let draft = Draft(folder.join(format!(".plot-{}.tmp", Uuid::new_v4())));
        File::create_new(&draft.0).map_err(|error| unwritable(&error.to_string()).caused_by(&error))?;
        Ok(Self { path: path.to_owned(), no_clobber, draft })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare): it may have come into being meanwhile.
    pub fn write(self, text: &str) -> Result<()> {
        self.try_write(text).map_err(|error| {
            if self.no_clobber && error.kind() == io::ErrorKind::AlreadyExists {
                return exists(&self.path);
            }
            unwritable(&self.path, &error.to_string()).caused_by(&error)
        })
    }

    fn try_write(&self, text: &str) -> io::Result<()> {
        let mut draft = File::options().write(true).truncate(true).open(&self.draft.0)?;
        draft.write_all(text.as_bytes())?;
        draft.sync_all()?;
        // Windows does not move what is open.
        drop(draft);
        if self.no_clobber {
            // Whoever comes first has the name; what is moved over is then an empty file of our own.
            File::create_new(&self.path)?;
        }
        fs::rename(&self.draft.0, &self.path).inspect_err(|_| {
            if self.no_clobber {
                let _ = fs::remove_file(&self.path);
            }
        })
    }
}

fn exists(path: &Path) -> Error {
    let path = path.display().to_string();
    Error::new(Code::PlotExists, format!("The file {path} exists already, and -NoClobber keeps it.")).about(path)
}

fn unwritable(path: &Path, why: &str) -> Error {
    let path = path.display().to_string();
    Error::new(Code::PlotUnwritable, format!("The plot cannot be written to {path}: {why}.")).about(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn it_is_written_whole_and_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ceo [1] é.svg");
        for text in ["a long text", "short"] {
            PlotFile::prepare(&path, false).unwrap().write(text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        drop(PlotFile::prepare(&path, false).unwrap());
        assert_eq!(names(folder.path()), ["ceo [1] é.svg"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");
    }

    #[test]
    fn what_is_there_is_kept_also_where_it_came_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plot.svg");
        let late = PlotFile::prepare(&path, true).unwrap();
        PlotFile::prepare(&path, true).unwrap().write("first").unwrap();
        assert_eq!(late.write("second").unwrap_err().code(), Code::PlotExists);
        let error = PlotFile::prepare(&path, true).unwrap_err();
        assert_eq!((error.code(), error.target.as_deref()), (Code::PlotExists, path.to_str()));
        assert_eq!((fs::read_to_string(&path).unwrap(), names(folder.path()).len()), ("first".to_owned(), 1));
    }

    #[test]
    fn a_place_where_nothing_can_be_written_is_told_before() {
        let folder = tempfile::tempdir().unwrap();
        let said = |path: &Path| {
            let error = PlotFile::prepare(path, false).unwrap_err();
            assert_eq!(error.code(), Code::PlotUnwritable);
            error.message.clone()
        };
        assert!(said(folder.path()).contains("it is a folder"));
        assert!(said(&folder.path().join("none").join("plot.svg")).contains("its folder does not exist"));
        assert!(said(Path::new("plot.svg")).contains("not the full path"));
        let kept = folder.path().join("kept.svg");
        fs::write(&kept, "kept").unwrap();
        let mut permissions = fs::metadata(&kept).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&kept, permissions).unwrap();
        assert!(said(&kept).contains("write-protected"));
        assert_eq!(names(folder.path()), ["kept.svg"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_replaced() {
        let error = PlotFile::prepare(Path::new("/dev/null"), false).unwrap_err();
        assert!(error.message.contains("no ordinary file"), "{error}");
    }
}
