//! Patterns as admins type them everywhere in PowerShell: `*`, `?`, `[abc]`, `[a-z]`, and a backtick before a
//! character that means itself. Without regard to case.

use regex::{Regex, RegexBuilder};

/// A pattern for addresses.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Whether the text is meant as a pattern.
    pub fn is_pattern(text: &str) -> bool {
        text.contains(['*', '?', '['])
    }

    /// Reads a pattern; `None` when a bracket is not closed or the pattern is of absurd size.
    pub fn parse(text: &str) -> Option<Self> {
        let mut regex = String::from("^");
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' => regex.push_str(".*"),
                '?' => regex.push('.'),
                '[' => {
                    regex.push('[');
                    let mut empty = true;
                    loop {
                        match chars.next()? {
                            ']' if !empty => break,
                            '-' if !empty => regex.push('-'),
                            c => regex.push_str(&regex_class_char(c)),
                        }
                        empty = false;
                    }
                    regex.push(']');
                }
                '`' => regex.push_str(&regex::escape(&chars.next()?.to_string())),
                c => regex.push_str(&regex::escape(&c.to_string())),
            }
        }
        regex.push('$');
        let regex =
            RegexBuilder::new(&regex).case_insensitive(true).dot_matches_new_line(true).size_limit(1 << 20).build();
        Some(Self { text: text.to_owned(), regex: regex.ok()? })
    }

    /// Whether the address fits.
    pub fn fits(&self, address: &str) -> bool {
        self.regex.is_match(address)
    }

    /// As the admin typed it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn regex_class_char(c: char) -> String {
    if c.is_ascii_punctuation() {
        format!("\\{c}")
    } else {
        c.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fits_as_powershell_does() {
        let cases = [
            ("*@contoso.com", "Megan@CONTOSO.com", true),
            ("*@contoso.com", "megan@contoso.com.example", false),
            ("m?gan@*", "megan@contoso.com", true),
            ("[a-m]*", "megan@contoso.com", true),
            ("[n-z]*", "megan@contoso.com", false),
            ("[m-]*", "-x", true),
            ("*.com", "megan@contosoxcom", false),
            ("me`*@*", "me*@contoso.com", true),
            ("me`*@*", "meg@contoso.com", false),
            ("[]m]*", "]", true),
        ];
        for (pattern, address, fits) in cases {
            assert_eq!(Pattern::parse(pattern).unwrap().fits(address), fits, "{pattern} {address}");
        }
        assert!(Pattern::parse("[abc").is_none());
        assert!(Pattern::parse("abc`").is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern_or_none(text in any::<String>()) {
            let _ = Pattern::parse(&text);
        }

        #[test]
        fn what_has_no_special_characters_fits_itself(text in "[^*?\\[\\]`]{0,40}") {
            prop_assert!(Pattern::parse(&text).unwrap().fits(&text));
        }
    }
}
