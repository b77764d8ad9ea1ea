//! Texts in the picture: what XML can carry, how wide it is, how moments and numbers are written.

use restricted_sender_limits::Second;
use time::macros::format_description;
use time::OffsetDateTime;

/// A text as XML carries it. Addresses are whatever a stranger wrote: what XML has no way to write, and what turns the
/// direction of reading around, becomes a replacement character.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(' '),
            '\u{FFFE}' | '\u{FFFF}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                escaped.push('\u{FFFD}');
            }
            c if c.is_control() => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text of at most so many characters; where some are missing, its end says so.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// A text in lines of so many characters, broken between words; a word that is longer has a line of its own.
pub fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// How wide a text may be at most, at a size of letters in the same unit: no usual font is wider on average.
pub fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| if c.is_ascii() { 0.7 * size } else { 1.2 * size }).sum()
}

/// A number with commas between the thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// So many of something.
pub fn plural(count: u64, one: &str, several: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { several })
}

/// The day, as `28 Nov`.
pub fn day(at: Second) -> String {
    let at = OffsetDateTime::from(at);
    let day = at.format(format_description!("[day padding:none] [month repr:short]"));
    day.unwrap_or_else(|_| at.date().to_string())
}

/// The time of the day, as `11:03`.
pub fn hour(at: Second) -> String {
    let at = OffsetDateTime::from(at);
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// Day and time to the second where that is not a full minute, as `28 Nov 11:03:42`.
pub fn moment(at: Second) -> String {
    let second = OffsetDateTime::from(at).second();
    let seconds = if second == 0 { String::new() } else { format!(":{second:02}") };
    format!("{} {}{seconds}", day(at), hour(at))
}

/// Day, year and time, as `2026-11-28 11:03 UTC`.
pub fn dated(at: Second) -> String {
    let date = OffsetDateTime::from(at).date();
    format!("{:04}-{:02}-{:02} {} UTC", date.year(), u8::from(date.month()), date.day(), hour(at))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn whatever_a_stranger_wrote_is_text_and_nothing_else() {
        assert_eq!(
            escaped("\"><script>alert('x')</script>&amp;@contoso.com"),
            "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;@contoso.com"
        );
        assert_eq!(
            escaped("a\0b\u{1b}[31mc\u{FFFE}d\u{202E}e\u{85}f\r\ng"),
            "a\u{FFFD}b\u{FFFD}[31mc\u{FFFD}d\u{FFFD}e\u{FFFD}f\u{FFFD} g"
        );
        assert_eq!(escaped("]]><!-- \u{1F4E7} 営業@contoso.com"), "]]&gt;&lt;!-- \u{1F4E7} 営業@contoso.com");
    }

    #[test]
    fn long_texts_are_cut_and_wrapped() {
        assert_eq!((cut("営業部", 2), cut("営業部", 3)), ("営業...".to_owned(), "営業部".to_owned()));
        assert_eq!(wrapped("one two three fourteen", 7), ["one two", "three", "fourteen"]);
        assert!(wrapped("  ", 9).is_empty());
    }

    #[test]
    fn numbers_and_moments_are_written_as_people_write_them() {
        assert_eq!([0, 999, 1000, 10_000, 1_234_567].map(grouped), ["0", "999", "1,000", "10,000", "1,234,567"]);
        assert_eq!(
            (plural(1, "mark", "marks"), plural(1000, "mark", "marks")),
            ("1 mark".into(), "1,000 marks".into())
        );
        let at = Second::from(datetime!(2026-11-08 09:03:07 UTC));
        assert_eq!((day(at), hour(at), moment(at)), ("8 Nov".into(), "09:03".into(), "8 Nov 09:03:07".into()));
        assert_eq!(moment(datetime!(2026-11-28 11:00 UTC).into()), "28 Nov 11:00");
        assert_eq!(dated(at), "2026-11-08 09:03 UTC");
    }
}
