//! Moments as exports write them: ISO 8601, or as a culture of Windows writes dates, in UTC either way.

use std::ops::BitOrAssign;

use restricted_sender_limits::Second;

/// What stands first in a date that does not begin with the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// 11/28/2026.
    MonthFirst,
    /// 28/11/2026.
    DayFirst,
}

/// What the dates of a file say about their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// A date makes sense only with the month first.
    pub month_first: bool,
    /// A date makes sense only with the day first.
    pub day_first: bool,
    /// A date makes sense either way, and means another day.
    pub either: bool,
}

impl BitOrAssign for Evidence {
    fn bitor_assign(&mut self, other: Self) {
        self.month_first |= other.month_first;
        self.day_first |= other.day_first;
        self.either |= other.either;
    }
}

impl Evidence {
    const MONTH_FIRST: Self = Self { month_first: true, day_first: false, either: false };
    const DAY_FIRST: Self = Self { month_first: false, day_first: true, either: false };
    const EITHER: Self = Self { month_first: false, day_first: false, either: true };
    const NONE: Self = Self { month_first: false, day_first: false, either: false };
}

/// Reads a moment. The evidence is told even where the moment makes no sense in the order that is assumed.
pub fn read(text: &[u8], assumed: DateOrder) -> (Option<Second>, Evidence) {
    let mut text = Text(text.trim_ascii());
    let Some((year, month, day, evidence)) = text.date(assumed) else { return (None, Evidence::NONE) };
    let second = text.time().and_then(|(time, offset)| {
        let days = days_since_1970(year, month, day)?;
        u32::try_from(days * 86_400 + i64::from(time) - offset).ok().map(Second::of_unix_time)
    });
    (second, evidence)
}

/// What is still to be read.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    /// Year, month and day, and what they say about their order.
    fn date(&mut self, assumed: DateOrder) -> Option<(u32, u32, u32, Evidence)> {
        let (first, digits) = self.number()?;
        let separator = self.separator()?;
        let (second, _) = self.number()?;
        self.separator()?;
        let (third, third_digits) = self.number()?;
        if digits == 4 {
            return Some((first, second, third, Evidence::NONE));
        }
        let year = if third_digits <= 2 { 2000 + third } else { third };
        let (order, evidence) = match (first, second) {
            // Nobody writes the month first and points between.
            _ if separator == b'.' => (DateOrder::DayFirst, Evidence::NONE),
            (1..=12, 13..) => (assumed, Evidence::MONTH_FIRST),
            (13.., 1..=12) => (assumed, Evidence::DAY_FIRST),
            _ if first == second => (assumed, Evidence::NONE),
            _ => (assumed, Evidence::EITHER),
        };
        Some(match order {
            DateOrder::MonthFirst => (year, first, second, evidence),
            DateOrder::DayFirst => (year, second, first, evidence),
        })
    }

    /// The second of the day, and how many seconds the clock that it was read from is ahead of UTC.
    fn time(&mut self) -> Option<(u32, i64)> {
        self.space();
        if self.0.is_empty() {
            return Some((0, 0));
        }
        let (mut hour, _) = self.number()?;
        let point = self.separator()?;
        let (minute, _) = self.number()?;
        let mut second = 0;
        if matches!(self.0.first(), Some(byte) if *byte == point) {
            self.0 = &self.0[1..];
            second = self.number()?.0;
            if let Some(b'.' | b',') = self.0.first() {
                self.0 = &self.0[1..];
                // Less than a second counts for nothing.
                while self.0.first().is_some_and(u8::is_ascii_digit) {
                    self.0 = &self.0[1..];
                }
            }
        }
        self.space();
        let half = match self.0 {
            [b'a' | b'A', ..] => Some(0),
            [b'p' | b'P', ..] => Some(12),
            _ => None,
        };
        if let Some(half) = half {
            if !(1..=12).contains(&hour) || !is_half_of_day(self.0) {
                return None;
            }
            hour = hour % 12 + half;
        } else {
            let offset = self.offset()?;
            return (hour < 24 && minute < 60 && second <= 60).then_some((hour * 3600 + minute * 60 + second, offset));
        }
        (minute < 60 && second <= 60).then_some((hour * 3600 + minute * 60 + second, 0))
    }

    fn offset(&mut self) -> Option<i64> {
        let sign = match self.0 {
            [] | [b'Z' | b'z'] | b"UTC" | b"GMT" => return Some(0),
            [b'+', ..] => 1,
            [b'-', ..] => -1,
            _ => return None,
        };
        self.0 = &self.0[1..];
        let (hours, _) = self.number()?;
        self.separator()?;
        let (minutes, _) = self.number()?;
        (self.0.is_empty() && hours <= 14 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
    }

    /// A number of at most four digits, and how many it has.
    fn number(&mut self) -> Option<(u32, usize)> {
        let digits = self.0.iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=4).contains(&digits) {
            return None;
        }
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        Some((number.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')), digits))
    }

    /// What stands between two numbers, and spaces after it.
    fn separator(&mut self) -> Option<u8> {
        let (&separator, rest) = self.0.split_first()?;
        if !matches!(separator, b'/' | b'-' | b'.' | b':') {
            return None;
        }
        self.0 = rest.trim_ascii_start();
        Some(separator)
    }

    /// What stands between date and time, or time and half of the day: spaces, of which Windows knows several.
    fn space(&mut self) {
        loop {
            self.0 = match self.0 {
                [b' ' | b'T' | b'.' | b',', rest @ ..] | [0xc2, 0xa0, rest @ ..] | [0xe2, 0x80, 0xaf, rest @ ..] => {
                    rest
                }
                _ => return,
            };
        }
    }
}

fn is_half_of_day(text: &[u8]) -> bool {
    [&b"am"[..], b"pm", b"a.m.", b"p.m.", b"a. m.", b"p. m."].iter().any(|known| text.eq_ignore_ascii_case(known))
}

/// Nothing for a day that there is not.
fn days_since_1970(year: u32, month: u32, day: u32) -> Option<i64> {
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = time::Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    Some(i64::from(date.to_julian_day() - time::Date::from_ordinal_date(1970, 1).ok()?.to_julian_day()))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn every_way_to_write_a_moment() {
        let expected = datetime!(2026-11-28 20:03:12 UTC);
        for text in [
            "2026-11-28T20:03:12.1234567Z",
            "2026-11-28T20:03:12",
            "2026-11-28 20:03:12",
            "2026-11-28T21:33:12+01:30",
            "11/28/2026 8:03:12 PM",
            "11/28/2026 8:03:12\u{202f}PM",
            "11/28/26 8:03:12 PM",
            "2026/11/28 20:03:12",
            "2026. 11. 28. 20:03:12",
        ] {
            let (second, _) = read(text.as_bytes(), DateOrder::MonthFirst);
            assert_eq!(second.map(OffsetDateTime::from), Some(expected), "{text}");
        }
        for text in [
            "28/11/2026 20:03:12",
            "28.11.2026 20:03:12",
            "28-11-2026 20:03:12",
            "28.11.2026 20.03.12",
            "28/11/2026 8:03:12 p.\u{a0}m.",
            "28/11/2026, 20:03:12",
            "28/11/2026 8:03:12 pm",
        ] {
            let (second, _) = read(text.as_bytes(), DateOrder::DayFirst);
            let known = !text.contains('\u{a0}');
            assert_eq!(second.map(OffsetDateTime::from), known.then_some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment() {
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-02-30 10:00",
            "11/28/2026 13:00 PM",
            "11/28/2026 25:00",
            "2026-11-28T20:03:12+99:00",
            "2026-11-28T20:03:12 or so",
            "20261128",
            "1969-12-31",
            "11/28/2026 8:61",
        ] {
            assert_eq!(read(text.as_bytes(), DateOrder::MonthFirst).0, None, "{text}");
        }
    }

    #[test]
    fn dates_tell_their_order_or_that_they_do_not() {
        let evidence = |text: &str| read(text.as_bytes(), DateOrder::MonthFirst).1;
        assert_eq!(evidence("11/28/2026 8:03"), Evidence::MONTH_FIRST);
        assert_eq!(evidence("28/11/2026 8:03"), Evidence::DAY_FIRST);
        assert_eq!(evidence("05/11/2026 8:03"), Evidence::EITHER);
        assert_eq!(evidence("11/11/2026 8:03"), Evidence::NONE);
        assert_eq!(evidence("05.11.2026 8:03"), Evidence::NONE);
        assert_eq!(evidence("2026-11-05 8:03"), Evidence::NONE);
    }
}
