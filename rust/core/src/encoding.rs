//! Text files as they come from Windows: UTF-8 or UTF-16, with and without the mark that says so.

use std::io::{self, Read};

use encoding_rs::{Decoder, UTF_16BE, UTF_16LE};

/// The text of a file as UTF-8, without a byte order mark. UTF-16 is told by its mark, or by the zeros of its first
/// character: these files begin with an ASCII character.
pub fn utf8<R: Read>(mut file: R) -> io::Result<Utf8<R>> {
    let mut start = Vec::with_capacity(3);
    file.by_ref().take(3).read_to_end(&mut start)?;
    let (encoding, mark) = match start.as_slice() {
        [0xef, 0xbb, 0xbf] => (None, 3),
        [0xff, 0xfe, ..] => (Some(UTF_16LE), 2),
        [0xfe, 0xff, ..] => (Some(UTF_16BE), 2),
        [first, 0, ..] if *first != 0 => (Some(UTF_16LE), 0),
        [0, second, ..] if *second != 0 => (Some(UTF_16BE), 0),
        _ => (None, 0),
    };
    start.drain(..mark);
    let bytes = io::Cursor::new(start).chain(file);
    Ok(match encoding {
        None => Utf8::Plain(bytes),
        Some(encoding) => Utf8::Decoded(Box::new(Decoded {
            bytes,
            decoder: encoding.new_decoder_without_bom_handling(),
            encoded: vec![0; 1 << 15],
            text: Vec::with_capacity(1 << 16),
            given: 0,
            ended: false,
        })),
    })
}

/// A file's text, see [`utf8`].
pub enum Utf8<R> {
    /// It is UTF-8 already, or something that whoever parses it will refuse.
    Plain(Bytes<R>),
    /// It is UTF-16.
    Decoded(Box<Decoded<R>>),
}

type Bytes<R> = io::Chain<io::Cursor<Vec<u8>>, R>;

/// Text on its way from another encoding.
pub struct Decoded<R> {
    bytes: Bytes<R>,
    decoder: Decoder,
    encoded: Vec<u8>,
    /// Decoded text, of which the first `given` bytes have been read.
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Decoded<R> {
    /// Decodes the next piece. What is no UTF-16 becomes the replacement character.
    fn decode(&mut self) -> io::Result<()> {
        let read = self.bytes.read(&mut self.encoded)?;
        self.ended = read == 0;
        let most = self.decoder.max_utf8_buffer_length(read).unwrap_or(4 * read + 16);
        self.text.resize(most, 0);
        let (_, _, written, _) = self.decoder.decode_to_utf8(&self.encoded[..read], &mut self.text, self.ended);
        self.text.truncate(written);
        self.given = 0;
        Ok(())
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(bytes) => bytes.read(buffer),
            Self::Decoded(decoded) => {
                while decoded.given == decoded.text.len() && !decoded.ended {
                    decoded.decode()?;
                }
                let count = buffer.len().min(decoded.text.len() - decoded.given);
                buffer[..count].copy_from_slice(&decoded.text[decoded.given..decoded.given + count]);
                decoded.given += count;
                Ok(count)
            }
        }
    }
}
