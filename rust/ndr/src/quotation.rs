//! Text as it was before somebody quoted it or wrote it in HTML.

use std::borrow::Cow;

/// Without the marks of a quotation (`> `) before its lines.
pub(crate) fn unquoted(text: &str) -> Cow<'_, str> {
    if !text.contains('>') || !text.lines().any(|line| line.starts_with('>')) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        plain.push_str(line.trim_start_matches(['>', ' ']));
        plain.push('\n');
    }
    Cow::Owned(plain)
}

/// Tags that begin a new line.
const LINES: &[&str] =
    &["br", "p", "div", "tr", "li", "hr", "pre", "table", "h1", "h2", "h3", "h4", "/p", "/div", "/pre"];

/// The text of HTML: without tags, styles and scripts, and with its entities as characters.
pub(crate) fn of_html(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some((before, tagged)) = rest.split_once('<') {
        push(&mut text, before);
        let Some((tag, after)) = tagged.split_once('>') else {
            // A tag without end, or a bare sign.
            rest = "";
            break;
        };
        let name = tag.split([' ', '\t', '\r', '\n', '/']).find(|part| !part.is_empty()).unwrap_or_default();
        let name = if tag.starts_with('/') { format!("/{name}") } else { name.to_owned() }.to_ascii_lowercase();
        if LINES.contains(&name.as_str()) {
            text.push('\n');
        }
        rest = match name.as_str() {
            "style" | "script" => after_closing(after, &name),
            _ => after,
        };
        // An address can stand in the link only.
        if let Some(address) = tag.split_once("mailto:").and_then(|(_, link)| link.split(['"', '\'', '?', ' ']).next())
        {
            text.push_str(address);
            text.push(' ');
        }
    }
    push(&mut text, rest);
    text
}

/// What follows a style or script.
fn after_closing<'a>(text: &'a str, name: &str) -> &'a str {
    let closes =
        |place: &usize| text[place + 2..].get(..name.len()).is_some_and(|closing| closing.eq_ignore_ascii_case(name));
    text.match_indices("</").map(|(place, _)| place).find(closes).map_or("", |place| &text[place..])
}

fn push(text: &mut String, raw: &str) {
    let mut rest = raw;
    while let Some((before, entity)) = rest.split_once('&') {
        text.push_str(before);
        rest = entity;
        let end = entity.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';');
        match end.and_then(|end| Some((character(&entity[..end])?, end))) {
            Some((character, end)) => {
                text.push(character);
                rest = &entity[end + 1..];
            }
            None => text.push('&'),
        }
    }
    text.push_str(rest);
}

/// No entity that is known is longer.
const LONGEST_ENTITY: usize = 9;

fn character(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_loses_its_marks() {
        assert_eq!(unquoted("a\n> > b\n>c"), "a\nb\nc\n");
        assert_eq!(unquoted("a > b"), "a > b");
    }

    #[test]
    fn html_becomes_text() {
        let html = "<html><style>p { x: '5.1.8' }</style><p>Remote Server returned&#32;&#x27;550&nbsp;5.1.8<br/>&lt;x&gt; &unknown; & more</p><a href=\"mailto:a@b.c?x\">A</a> <cut";
        assert_eq!(of_html(html).trim(), "Remote Server returned '550 5.1.8\n<x> &unknown; & more\na@b.c A");
    }

    #[test]
    fn torn_html_ends() {
        assert_eq!(of_html("a<style>b"), "a");
        assert_eq!(of_html("a < b"), "a ");
    }
}
