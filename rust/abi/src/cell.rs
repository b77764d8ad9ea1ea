//! Rows as C reads them: an array of cells, each with its type and its value.

use libc::c_char;
use time::OffsetDateTime;

use restricted_sender_core::exchange::Value;

/// The type of a cell's value, and of a column or parameter.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsCellType {
    /// No value.
    Null = 0,
    /// `integer` is 0 or 1.
    Bool = 1,
    /// `integer`.
    Int64 = 2,
    /// `real`.
    Double = 3,
    /// `integer` is a moment in UTC, in units of 100 nanoseconds since the beginning of the year 1.
    Ticks = 4,
    /// `text` points to `length` bytes of UTF-8; there is no final zero.
    Text = 5,
    /// `items` points to `length` cells.
    List = 6,
}

/// One value of a row. Only the members that its type names are meaningful.
#[repr(C)]
#[derive(Debug)]
pub struct RsCell {
    /// An `RsCellType`.
    pub cell_type: i32,
    /// The value of a bool, an integer or a moment.
    pub integer: i64,
    /// The value of a double.
    pub real: f64,
    /// The bytes of a text.
    pub text: *const c_char,
    /// The cells of a list.
    pub items: *const RsCell,
    /// The number of bytes or cells.
    pub length: i64,
}

/// A value on its way to C, still owned.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Moment(OffsetDateTime),
    Text(String),
    Static(&'static str),
    List(Vec<Cell>),
}

/// A row with its cells and the view of them that C reads.
#[derive(Debug)]
pub struct RowView {
    views: Vec<RsCell>,
    /// What the views point to: never changed after the views are made, and moved only as a whole (the text and the
    /// lists lie on the heap and stay where they are).
    _cells: Vec<Cell>,
    _lists: Vec<RowView>,
}

// SAFETY: the pointers lead only to the row's own `_cells` and `_lists`, which are never changed while it lives.
unsafe impl Send for RowView {}
// SAFETY: as above; sharing a row only ever reads it.
unsafe impl Sync for RowView {}

impl RowView {
    /// A view of the cells.
    pub fn new(mut cells: Vec<Cell>) -> Self {
        let mut lists = Vec::new();
        let views = cells.iter_mut().map(|cell| view(cell, &mut lists)).collect();
        Self { views, _cells: cells, _lists: lists }
    }

    /// Pointer to the first cell; valid as long as the row.
    pub fn pointer(&self) -> *const RsCell {
        self.views.as_ptr()
    }

    /// Number of cells.
    pub fn length(&self) -> i64 {
        length(self.views.len())
    }

    /// The type of each cell.
    #[cfg(test)]
    pub fn types(&self) -> impl Iterator<Item = i32> + '_ {
        self.views.iter().map(|view| view.cell_type)
    }
}

fn view(cell: &mut Cell, lists: &mut Vec<RowView>) -> RsCell {
    let mut view = RsCell {
        cell_type: cell.cell_type() as i32,
        integer: 0,
        real: 0.0,
        text: std::ptr::null(),
        items: std::ptr::null(),
        length: 0,
    };
    match cell {
        Cell::Null => {}
        Cell::Bool(value) => view.integer = i64::from(*value),
        Cell::Int(value) => view.integer = *value,
        Cell::Real(value) => view.real = *value,
        Cell::Moment(moment) => view.integer = ticks(*moment),
        Cell::Text(text) => (view.text, view.length) = (text.as_ptr().cast(), length(text.len())),
        Cell::Static(text) => (view.text, view.length) = (text.as_ptr().cast(), length(text.len())),
        Cell::List(items) if items.is_empty() => {}
        Cell::List(items) => {
            let list = RowView::new(std::mem::take(items));
            (view.items, view.length) = (list.pointer(), list.length());
            lists.push(list);
        }
    }
    view
}

fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// .NET's ticks of 1970-01-01 00:00 UTC.
const UNIX_EPOCH_TICKS: i128 = 621_355_968_000_000_000;

fn ticks(moment: OffsetDateTime) -> i64 {
    i64::try_from(moment.unix_timestamp_nanos().div_euclid(100) + UNIX_EPOCH_TICKS).unwrap_or(0).max(0)
}

/// The moment of .NET's ticks; nothing for numbers beyond the year 9999.
pub fn moment(ticks: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos((i128::from(ticks) - UNIX_EPOCH_TICKS) * 100).ok()
}

impl Cell {
    fn cell_type(&self) -> RsCellType {
        match self {
            Self::Null => RsCellType::Null,
            Self::Bool(_) => RsCellType::Bool,
            Self::Int(_) => RsCellType::Int64,
            Self::Real(_) => RsCellType::Double,
            Self::Moment(_) => RsCellType::Ticks,
            Self::Text(_) | Self::Static(_) => RsCellType::Text,
            Self::List(_) => RsCellType::List,
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&'static str> for Cell {
    fn from(text: &'static str) -> Self {
        Self::Static(text)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<OffsetDateTime> for Cell {
    fn from(moment: OffsetDateTime) -> Self {
        Self::Moment(moment)
    }
}

impl From<Vec<String>> for Cell {
    fn from(texts: Vec<String>) -> Self {
        Self::List(texts.into_iter().map(Self::Text).collect())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Int(value) => Self::Int(value),
            Value::Real(value) => Self::Real(value),
            Value::Date(moment) => Self::Moment(moment),
            Value::Text(text) | Value::Json(text) => Self::Text(text),
            Value::List(values) => Self::List(values.into_iter().map(Self::from).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn ticks_are_those_of_dotnet() {
        assert_eq!(ticks(datetime!(2026-11-23 08:00:00.1234567 UTC)), 639_310_176_001_234_567);
        assert_eq!(ticks(datetime!(0001-01-01 00:00 UTC)), 0);
        assert_eq!(moment(639_310_176_001_234_567), Some(datetime!(2026-11-23 08:00:00.1234567 UTC)));
        assert_eq!(moment(i64::MAX), None);
    }

    #[test]
    fn views_stay_good_when_the_row_moves() {
        let row = RowView::new(vec![
            "short".into(),
            String::from("owned").into(),
            vec![String::from("a"), String::from("b")].into(),
            Cell::Null,
        ]);
        let address = row.views[1].text;
        let moved = Box::new(row);
        assert_eq!(moved.length(), 4);
        assert_eq!(moved.views[1].text, address);
        assert_eq!(moved.views[2].length, 2);
        assert_eq!(moved.views[2].items, moved._lists[0].pointer());
        assert_eq!(moved.views[3].cell_type, RsCellType::Null as i32);
    }
}
