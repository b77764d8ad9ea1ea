//! The little of DER that certificates need: walking through elements of definite length, without copying and without
//! recursion.

/// Universal tags, as they stand in the encoding.
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed: what a certificate's version stands in.
pub(crate) const CONTEXT_0: u8 = 0xa0;

/// What is left of an encoding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Der<'a>(pub(crate) &'a [u8]);

impl<'a> Der<'a> {
    /// The next element, whatever it is: its tag and contents.
    pub(crate) fn any(&mut self) -> Option<(u8, Der<'a>)> {
        let (tag, rest) = self.0.split_first()?;
        // Tags of more than one byte do not occur where we look.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            long @ 0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
                let length = bytes.iter().try_fold(0_usize, |length, byte| {
                    length.checked_mul(256).and_then(|length| length.checked_add(usize::from(*byte)))
                })?;
                (length, rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, Der(contents)))
    }

    /// The contents of the next element, which must have this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Option<Der<'a>> {
        self.any().filter(|(found, _)| *found == tag).map(|(_, contents)| contents)
    }

    /// Steps over an element with this tag if it is the next one.
    pub(crate) fn skip_optional(&mut self, tag: u8) {
        if self.0.first() == Some(&tag) {
            self.any();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_one_after_the_other() {
        let mut der = Der(&[0x02, 1, 7, 0x30, 0x81, 2, 0x02, 0, 0x06, 0]);
        assert_eq!(der.take(INTEGER).unwrap().0, [7]);
        assert_eq!(der.take(SEQUENCE).unwrap().0, [0x02, 0]);
        der.skip_optional(INTEGER);
        assert_eq!(der.take(OBJECT_IDENTIFIER).unwrap().0, [] as [u8; 0]);
        assert!(der.any().is_none());
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for wrong in [
            &[0x30_u8] as &[u8],
            &[0x30, 1],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0],
            &[0x30, 0x82, 1],
            &[0x1f, 1, 0],
        ] {
            assert!(Der(wrong).any().is_none(), "{wrong:x?}");
        }
    }
}
