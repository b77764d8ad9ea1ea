//! The judges: each looks at the dossier and says what came of its check. They ask nobody, and take the time as an
//! argument.

pub mod access;
pub mod account;
pub mod connector;
pub mod mailbox;
pub mod organization;
pub mod sent;

/// What was read, or the finding that it was not.
macro_rules! read {
    ($part:expr) => {
        match &$part {
            Some(Ok(read)) => read,
            Some(Err(error)) => return $crate::evidence::finding::Finding::unreadable(error),
            None => return $crate::evidence::finding::Finding::unread(),
        }
    };
}
pub(crate) use read;

/// What is there, or the finding that it is not.
macro_rules! there {
    ($found:expr) => {
        match $found {
            Ok(found) => found,
            Err(finding) => return *finding,
        }
    };
}
pub(crate) use there;

#[cfg(test)]
mod tests;
