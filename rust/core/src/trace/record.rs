//! Records of comma-separated text (RFC 4180), told apart without copying them.

use memchr::{memchr, memchr3};

use super::shape::{Columns, Place, PLACES};

/// A field as it stands in the text, without the quotation marks around it. Those inside are still doubled, which no
/// address, identifier or moment needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Field<'a> {
    pub raw: &'a [u8],
}

/// A record, as far as it is needed.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Where it begins in the text.
    pub at: usize,
    /// How many fields it has.
    pub fields: usize,
    places: [Field<'a>; PLACES],
}

impl<'a> Record<'a> {
    /// The field of that place; empty where the shape has none.
    pub fn field(&self, place: Place) -> Field<'a> {
        self.places[place as usize]
    }
}

/// Takes records off a text, one after the other.
#[derive(Debug)]
pub struct Records<'a> {
    text: &'a [u8],
    at: usize,
    delimiter: u8,
    beginning: Option<Beginning<'a>>,
    /// Whether a quotation mark stood where none may: whoever finds records by counting them goes wrong after it.
    pub is_odd: bool,
}

/// What stands in a record before its recipients.
#[derive(Debug)]
struct Beginning<'a> {
    text: &'a [u8],
    record: Record<'a>,
}

/// How a field ends.
enum End {
    Field,
    Record,
    /// The text ends within quotation marks.
    Open,
}

impl<'a> Records<'a> {
    pub fn of(text: &'a [u8], delimiter: u8) -> Self {
        Self { text, at: 0, delimiter, beginning: None, is_odd: false }
    }

    /// Where the next record begins.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next record; nothing at the end of the text, and where the text ends within quotation marks: then the
    /// position stays where that record begins. Empty lines are no records.
    pub fn next(&mut self, columns: &Columns) -> Option<Record<'a>> {
        self.skip_empty_lines();
        let at = self.at;
        if at >= self.text.len() {
            return None;
        }
        // Records that begin with the same text have the same first fields. Lines of one message mostly follow each other.
        let mut record = match &self.beginning {
            Some(beginning) if self.text[at..].starts_with(beginning.text) => {
                self.at += beginning.text.len();
                Record { at, ..beginning.record }
            }
            _ => Record { at, fields: 0, places: [Field::default(); PLACES] },
        };
        loop {
            let place = columns.place(record.fields);
            if place == Some(Place::Recipients) {
                self.beginning = Some(Beginning { text: &self.text[at..self.at], record });
            }
            let (raw, end) = self.field();
            if let Some(place) = place {
                record.places[place as usize] = Field { raw };
            }
            record.fields += 1;
            match end {
                End::Field => {}
                End::Record => return Some(record),
                End::Open => {
                    self.at = record.at;
                    return None;
                }
            }
        }
    }

    /// The fields of a header.
    pub fn header(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        loop {
            let (raw, end) = self.field();
            names.push(String::from_utf8_lossy(raw).into_owned());
            if !matches!(end, End::Field) {
                return names;
            }
        }
    }

    /// Whether the text ends within the quotation marks of the record that the position is at.
    pub fn is_within_marks(&self) -> bool {
        self.at < self.text.len()
    }

    /// Leaves the rest of the line out, whatever stands there.
    pub fn skip_line(&mut self) {
        self.is_odd = true;
        self.at = memchr(b'\n', &self.text[self.at..]).map_or(self.text.len(), |at| self.at + at + 1);
    }

    fn skip_empty_lines(&mut self) {
        while let Some(b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    /// Takes a field off, and what ends it.
    fn field(&mut self) -> (&'a [u8], End) {
        let begins = self.at;
        if self.text.get(begins) != Some(&b'"') {
            return self.plain(begins);
        }
        let mut from = begins + 1;
        loop {
            let Some(quote) = memchr(b'"', &self.text[from..]).map(|at| from + at) else {
                self.at = self.text.len();
                return (&self.text[begins..], End::Open);
            };
            match self.text.get(quote + 1) {
                Some(b'"') => from = quote + 2,
                Some(next) if *next == self.delimiter => {
                    self.at = quote + 2;
                    return (&self.text[begins + 1..quote], End::Field);
                }
                None | Some(b'\n') => {
                    self.at = self.text.len().min(quote + 2);
                    return (&self.text[begins + 1..quote], End::Record);
                }
                Some(b'\r') if matches!(self.text.get(quote + 2), None | Some(b'\n')) => {
                    self.at = self.text.len().min(quote + 3);
                    return (&self.text[begins + 1..quote], End::Record);
                }
                // Something stands after the closing mark: all of it is the field.
                Some(_) => {
                    self.is_odd = true;
                    self.at = quote + 1;
                    let (_, end) = self.plain(begins);
                    return (self.until_end(begins, &end), end);
                }
            }
        }
    }

    /// Takes off what stands before the next delimiter or the end of the line.
    fn plain(&mut self, begins: usize) -> (&'a [u8], End) {
        let mut from = self.at;
        let end = loop {
            match memchr3(self.delimiter, b'\n', b'"', &self.text[from..]).map(|at| from + at) {
                Some(quote) if self.text[quote] == b'"' => {
                    self.is_odd = true;
                    from = quote + 1;
                }
                Some(at) if self.text[at] == self.delimiter => {
                    self.at = at + 1;
                    break End::Field;
                }
                Some(at) => {
                    self.at = at + 1;
                    break End::Record;
                }
                None => {
                    self.at = self.text.len();
                    break End::Record;
                }
            }
        };
        (self.until_end(begins, &end), end)
    }

    /// What stands between `begins` and the end of a field that was just taken off.
    fn until_end(&self, begins: usize, end: &End) -> &'a [u8] {
        let raw = &self.text[begins..self.at];
        match end {
            End::Field => raw.strip_suffix(&[self.delimiter]).unwrap_or(raw),
            _ => {
                let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
                raw.strip_suffix(b"\r").unwrap_or(raw)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_begin_alike_have_the_fields_that_each_has_alone() {
        let tails = ["a@x.example,", "a@x.example,b,c", "\"a\nb\"", "", ",,", "\"a"];
        let beginnings = [
            "2026-11-28,me@contoso.com,",
            "2026-11-28,\"me@contoso.com\",",
            "2026-11-28,me@contoso.com",
            ",",
            "\"\n\",",
        ];
        let lines: Vec<_> =
            beginnings.iter().flat_map(|begin| tails.iter().map(move |tail| format!("{begin}{tail}\n"))).collect();
        for header in ["Received,SenderAddress,RecipientAddress", "RecipientAddress,Received,SenderAddress"] {
            let names: Vec<_> = format!("{header},Status,MessageTraceId").split(',').map(str::to_owned).collect();
            let columns = Columns::of(&names).unwrap();
            for (first, second) in lines.iter().flat_map(|first| lines.iter().map(move |second| (first, second))) {
                let fields = |record: &Record<'_>| {
                    let texts: Vec<_> =
                        record.places.iter().map(|field| String::from_utf8_lossy(field.raw).into_owned()).collect();
                    (record.fields, texts)
                };
                let both = format!("{first}{second}");
                let mut records = Records::of(both.as_bytes(), b',');
                let Some(_) = records.next(&columns) else { continue };
                let after = records.position();
                let mut alone = Records::of(&both.as_bytes()[after..], b',');
                let expected = alone.next(&columns).map(|record| fields(&record));
                assert_eq!(records.next(&columns).map(|record| fields(&record)), expected, "{both:?}");
                assert_eq!(records.position(), after + alone.position(), "{both:?}");
            }
        }
    }
}
