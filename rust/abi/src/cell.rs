//! A cell: one value as C reads it.

use libc::c_char;
use time::OffsetDateTime;

/// The type of a cell's value, and of a column or parameter.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsCellType {
    /// No value.
    Null = 0,
    /// `value.integer` is 0 or 1.
    Bool = 1,
    /// `value.integer`.
    Int64 = 2,
    /// `value.real`.
    Double = 3,
    /// `value.integer` is a moment in UTC, in units of 100 nanoseconds since the beginning of the year 1.
    Ticks = 4,
    /// `value.text` points to `length` bytes of UTF-8; there is no final zero.
    Text = 5,
    /// `value.items` points to `length` cells.
    List = 6,
}

/// One value of a row.
#[repr(C)]
pub struct RsCell {
    /// An `RsCellType`: it says which member of the value is meaningful.
    pub cell_type: i32,
    /// The value.
    pub value: RsValue,
    /// The number of bytes of a text, or of cells of a list.
    pub length: i64,
}

/// The value of a cell. Only the member that the cell's type names may be read.
#[repr(C)]
#[derive(Clone, Copy)]
pub union RsValue {
    /// The value of a bool, an integer or a moment.
    pub integer: i64,
    /// The value of a double.
    pub real: f64,
    /// The bytes of a text.
    pub text: *const c_char,
    /// The cells of a list.
    pub items: *const RsCell,
}

/// .NET's ticks of 1970-01-01 00:00 UTC.
const UNIX_EPOCH_TICKS: i64 = 621_355_968_000_000_000;

/// Ticks in a second.
const SECOND: i64 = 10_000_000;

/// A moment as .NET counts it; what lies before the year 1 becomes its beginning.
pub fn ticks(moment: OffsetDateTime) -> i64 {
    (moment.unix_timestamp() * SECOND + i64::from(moment.nanosecond() / 100) + UNIX_EPOCH_TICKS).max(0)
}

/// The moment of .NET's ticks; nothing for numbers beyond the year 9999.
pub fn moment(ticks: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos((i128::from(ticks) - i128::from(UNIX_EPOCH_TICKS)) * 100).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn ticks_are_those_of_dotnet() {
        assert_eq!(ticks(datetime!(2026-11-23 08:00:00.1234567 UTC)), 639_310_176_001_234_567);
        assert_eq!(ticks(datetime!(0001-01-01 00:00 UTC)), 0);
        assert_eq!(ticks(datetime!(0001-01-01 00:00:00.5 UTC)), 5_000_000);
        assert_eq!(ticks(datetime!(-0001-01-01 00:00 UTC)), 0);
        assert_eq!(moment(639_310_176_001_234_567), Some(datetime!(2026-11-23 08:00:00.1234567 UTC)));
        assert_eq!(moment(i64::MAX), None);
    }
}
