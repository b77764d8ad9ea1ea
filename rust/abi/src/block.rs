//! Rows on their way to C: the cells of several rows of one type, one row after the other, with the texts that they
//! point to. A page of a list crosses the border as one block, made on the thread that read the page.

use libc::c_char;
use time::OffsetDateTime;

use restricted_sender_core::exchange::{Secret, Value};
use zeroize::Zeroizing;

use crate::cell::{ticks, RsCell, RsCellType, RsValue};
use crate::row::RsRowType;

/// Rows of one type.
pub struct Block {
    row_type: RsRowType,
    rows: i64,
    cells: Vec<RsCell>,
    texts: Texts,
    lists: Vec<Vec<RsCell>>,
    /// Wiped when the block goes.
    secrets: Vec<Zeroizing<Vec<u8>>>,
}

// SAFETY: the pointers in its cells lead only to the block's own texts, secrets and lists (and to constants), whose memory
// stays where it is when the block moves and is never written again once a cell points to it.
unsafe impl Send for Block {}
// SAFETY: as above; sharing a block only ever reads it.
unsafe impl Sync for Block {}

impl Block {
    /// An empty block with room for `rows`.
    pub fn new(row_type: RsRowType, rows: usize) -> Self {
        let columns = crate::row::columns(row_type as i32).map_or(0, <[_]>::len);
        Self {
            row_type,
            rows: 0,
            cells: Vec::with_capacity(rows * columns),
            texts: Texts::default(),
            lists: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// A block of one row.
    pub fn of<T>(row_type: RsRowType, fill: fn(&mut Self, &T), value: &T) -> Self {
        let mut block = Self::new(row_type, 1);
        block.row(|block| fill(block, value));
        block
    }

    /// Adds a row, whose cells `fill` puts.
    pub fn row(&mut self, fill: impl FnOnce(&mut Self)) {
        fill(self);
        self.rows += 1;
    }

    /// Adds a cell to the row.
    pub fn put(&mut self, value: impl Put) {
        value.put(self);
    }

    /// What the rows are.
    pub fn row_type(&self) -> RsRowType {
        self.row_type
    }

    /// Pointer to the first cell of the first row; valid as long as the block.
    pub fn pointer(&self) -> *const RsCell {
        self.cells.as_ptr()
    }

    /// Number of rows.
    pub fn rows(&self) -> i64 {
        self.rows
    }

    /// Number of cells of each row.
    pub fn columns(&self) -> i64 {
        length(self.cells.len()) / self.rows.max(1)
    }

    fn push(&mut self, cell_type: RsCellType, value: RsValue, length: i64) {
        self.cells.push(RsCell { cell_type: cell_type as i32, value, length });
    }

    fn push_integer(&mut self, cell_type: RsCellType, integer: i64) {
        self.push(cell_type, RsValue { integer }, 0);
    }

    fn push_text(&mut self, text: *const c_char, bytes: usize) {
        self.push(RsCellType::Text, RsValue { text }, length(bytes));
    }

    /// The types of the cells of the first row.
    #[cfg(test)]
    pub fn types(&self) -> impl Iterator<Item = i32> + '_ {
        self.cells.iter().map(|cell| cell.cell_type).take(usize::try_from(self.columns()).unwrap())
    }
}

fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// The bytes of texts. Each piece of memory keeps its place: it is filled and never grown.
#[derive(Default)]
struct Texts {
    pieces: Vec<Vec<u8>>,
    /// The shared texts that are here already: where each came from, and where it is.
    shared: Vec<(*const u8, usize, *const c_char)>,
}

/// One piece holds the texts of a hundred rows or more.
const PIECE: usize = 32 * 1024;

/// No type of row has more shared texts than this; looking further back would find nothing.
const SHARED_IN_A_ROW: usize = 8;

impl Texts {
    fn keep(&mut self, text: &str) -> *const c_char {
        let fits = |piece: &&mut Vec<u8>| piece.capacity() - piece.len() >= text.len();
        let piece = match self.pieces.last_mut().filter(fits) {
            Some(piece) => piece,
            None => {
                // A block of few rows needs no whole piece.
                let capacity = if self.pieces.is_empty() { PIECE / 32 } else { PIECE };
                self.pieces.push(Vec::with_capacity(capacity.max(text.len())));
                let last = self.pieces.len() - 1;
                &mut self.pieces[last]
            }
        };
        let start = piece.len();
        piece.extend_from_slice(text.as_bytes());
        piece[start..].as_ptr().cast()
    }

    fn keep_once(&mut self, text: &str) -> *const c_char {
        let (from, length) = (text.as_ptr(), text.len());
        let mut latest = self.shared.iter().rev().take(SHARED_IN_A_ROW);
        if let Some((_, _, place)) = latest.find(|(source, size, _)| (*source, *size) == (from, length)) {
            return *place;
        }
        let place = self.keep(text);
        self.shared.push((from, length, place));
        place
    }
}

/// A value that can become a cell.
pub trait Put {
    /// Adds it to the row.
    fn put(self, block: &mut Block);
}

/// A text that many rows of a block share, so that it is the same place in memory for all of them. It must live, where
/// it is, until the block is complete.
pub struct Shared<'a>(pub &'a str);

/// A constant text: the same place in memory for all rows ever.
pub struct Name(pub &'static str);

/// Cells within a cell: put by the function.
pub struct List<F: FnOnce(&mut Block)>(pub F);

impl Put for &str {
    fn put(self, block: &mut Block) {
        let text = block.texts.keep(self);
        block.push_text(text, self.len());
    }
}

impl Put for Shared<'_> {
    fn put(self, block: &mut Block) {
        let text = block.texts.keep_once(self.0);
        block.push_text(text, self.0.len());
    }
}

impl Put for Name {
    fn put(self, block: &mut Block) {
        block.push_text(self.0.as_ptr().cast(), self.0.len());
    }
}

impl Put for &String {
    fn put(self, block: &mut Block) {
        self.as_str().put(block);
    }
}

impl Put for String {
    fn put(self, block: &mut Block) {
        self.as_str().put(block);
    }
}

impl Put for &Secret {
    fn put(self, block: &mut Block) {
        let bytes = Zeroizing::new(self.reveal().as_bytes().to_vec());
        block.push_text(bytes.as_ptr().cast(), bytes.len());
        block.secrets.push(bytes);
    }
}

impl Put for bool {
    fn put(self, block: &mut Block) {
        block.push_integer(RsCellType::Bool, i64::from(self));
    }
}

impl Put for i64 {
    fn put(self, block: &mut Block) {
        block.push_integer(RsCellType::Int64, self);
    }
}

impl Put for f64 {
    fn put(self, block: &mut Block) {
        block.push(RsCellType::Double, RsValue { real: self }, 0);
    }
}

impl Put for OffsetDateTime {
    fn put(self, block: &mut Block) {
        block.push_integer(RsCellType::Ticks, ticks(self));
    }
}

impl<F: FnOnce(&mut Block)> Put for List<F> {
    fn put(self, block: &mut Block) {
        let outer = std::mem::take(&mut block.cells);
        (self.0)(block);
        let items = std::mem::replace(&mut block.cells, outer);
        block.push(RsCellType::List, RsValue { items: items.as_ptr() }, length(items.len()));
        block.lists.push(items);
    }
}

impl Put for &[String] {
    fn put(self, block: &mut Block) {
        block.put(List(|block: &mut Block| self.iter().for_each(|text| block.put(text))));
    }
}

impl<T: Put> Put for Option<T> {
    fn put(self, block: &mut Block) {
        match self {
            Some(value) => value.put(block),
            None => block.push_integer(RsCellType::Null, 0),
        }
    }
}

impl Put for &Value {
    fn put(self, block: &mut Block) {
        match self {
            Value::Null => None::<i64>.put(block),
            Value::Bool(value) => value.put(block),
            Value::Int(value) => value.put(block),
            Value::Real(value) => value.put(block),
            Value::Date(moment) => moment.put(block),
            Value::Text(text) | Value::Json(text) => text.put(block),
            Value::List(values) => {
                block.put(List(|block: &mut Block| values.iter().for_each(|value| block.put(value))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cell: &RsCell) -> &str {
        assert_eq!(cell.cell_type, RsCellType::Text as i32);
        // SAFETY: the type says that it is a text.
        let pointer = unsafe { cell.value.text };
        // SAFETY: the block of the cell lives for the whole test, and its texts were UTF-8.
        let bytes = unsafe { std::slice::from_raw_parts(pointer.cast(), usize::try_from(cell.length).unwrap()) };
        std::str::from_utf8(bytes).unwrap()
    }

    fn items(cell: &RsCell) -> &[RsCell] {
        assert_eq!(cell.cell_type, RsCellType::List as i32);
        // SAFETY: the type says that it is a list.
        let pointer = unsafe { cell.value.items };
        // SAFETY: the block of the cell lives for the whole test, with its lists.
        unsafe { std::slice::from_raw_parts(pointer, usize::try_from(cell.length).unwrap()) }
    }

    #[test]
    fn texts_stay_good_while_rows_are_added_and_when_the_block_moves() {
        let mut block = Block::new(RsRowType::Message, 1);
        let long = "x".repeat(PIECE + 1);
        for number in 0..5000 {
            block.row(|block| {
                block.put(format!("text {number}"));
                block.put(long.as_str());
            });
        }
        let moved = Box::new(block);
        assert_eq!((moved.rows(), moved.columns()), (5000, 2));
        for (number, row) in moved.cells.chunks(2).enumerate() {
            assert_eq!(text(&row[0]), format!("text {number}"));
            assert_eq!(text(&row[1]).len(), PIECE + 1);
        }
    }

    #[test]
    fn shared_texts_and_names_lie_in_one_place() {
        let organization = String::from("contoso");
        let mut block = Block::new(RsRowType::Message, 2);
        for _ in 0..2 {
            block.row(|block| {
                block.put(Shared(&organization));
                block.put(Name("Spam"));
                block.put("Spam");
            });
        }
        // SAFETY: all cells are texts.
        let places: Vec<_> = block.cells.iter().map(|cell| unsafe { cell.value.text }).collect();
        assert_eq!(places[0..2], places[3..5]);
        assert_ne!(places[2], places[5]);
        assert_eq!(text(&block.cells[3]), "contoso");
    }

    #[test]
    fn lists_keep_their_cells() {
        let mut block = Block::new(RsRowType::Message, 1);
        let deep = Value::List(vec![Value::Text("a".into()), Value::List(vec![Value::Text("b".into())])]);
        block.row(|block| {
            block.put(&deep);
            block.put([].as_slice());
        });
        assert_eq!(block.columns(), 2);
        let outer = items(&block.cells[0]);
        assert_eq!((outer.len(), text(&outer[0])), (2, "a"));
        let inner = items(&outer[1]);
        assert_eq!((inner.len(), text(&inner[0])), (1, "b"));
        assert_eq!((block.cells[1].cell_type, block.cells[1].length), (RsCellType::List as i32, 0));
    }
}
