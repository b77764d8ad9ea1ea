//! What the server says.

use std::borrow::Cow;

use crate::outgoing::Refused;

/// A reply of one line or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    lines: Vec<Cow<'static, str>>,
}

impl Reply {
    pub(super) fn new(code: u16, line: impl Into<Cow<'static, str>>) -> Self {
        Self { code, lines: vec![line.into()] }
    }

    pub(super) fn lines(code: u16, lines: Vec<Cow<'static, str>>) -> Self {
        Self { code, lines }
    }

    pub(super) fn ok() -> Self {
        Self::new(250, "2.0.0 OK")
    }

    pub(super) fn bad_sequence() -> Self {
        Self::new(503, "5.5.1 Bad sequence of commands")
    }

    pub(super) fn bad_arguments() -> Self {
        Self::new(501, "5.5.4 Invalid arguments")
    }

    pub(super) fn too_large() -> Self {
        Self::new(552, "5.3.4 Message size exceeds fixed maximum message size")
    }

    /// Whether it says that something went wrong.
    pub(super) fn is_bad(&self) -> bool {
        self.code >= 400
    }

    pub(super) fn write(&self, output: &mut Vec<u8>) {
        for (number, line) in self.lines.iter().enumerate() {
            let mark = if number + 1 < self.lines.len() { '-' } else { ' ' };
            output.extend_from_slice(format!("{}{mark}{line}\r\n", self.code).as_bytes());
        }
    }
}

impl From<&Refused> for Reply {
    fn from(refused: &Refused) -> Self {
        Self::new(refused.code, format!("{} {}", refused.status, refused.text))
    }
}
