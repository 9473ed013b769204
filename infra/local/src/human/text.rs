//! Text for a terminal: harmless, of a width, and numbers as people say them.

use std::borrow::Cow;

pub(crate) use logmill_api::text::readable;
pub(super) use logmill_api::text::{bytes, count, duration, grouped, lines};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns from one tab stop to the next.
const TAB: usize = 8;

/// A piece of a raw log, harmless, without its colours.
pub(crate) fn readable_bytes(piece: &[u8]) -> String {
    let text = String::from_utf8_lossy(piece);
    let text = anstream::adapter::strip_str(&text).to_string();
    readable(&text.replace("\r\n", "\n")).into_owned()
}

/// A line of a log: harmless, with its tabs as blanks and none at its end.
pub(super) fn line(text: &str) -> String {
    let text = readable(text.trim_end());
    let mut line = String::with_capacity(text.len());
    let mut column = 0;
    for c in text.chars() {
        if c == '\t' {
            let blanks = TAB - column % TAB;
            line.extend(std::iter::repeat_n(' ', blanks));
            column += blanks;
        } else {
            line.push(if c == '\n' { ' ' } else { c });
            column += c.width().unwrap_or_default();
        }
    }
    line
}

/// The columns that `text` takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The bytes of `text` that find room in `room` columns.
fn fitting(text: &str, room: usize) -> usize {
    let mut used = 0;
    let over = text.char_indices().find(|(_, c)| {
        used += c.width().unwrap_or_default();
        used > room
    });
    over.map_or(text.len(), |(at, _)| at)
}

/// `text` in at most `room` columns; what is cut off is told by `…`.
pub(super) fn cut(text: &str, room: usize) -> Cow<'_, str> {
    if width(text) <= room {
        return text.into();
    }
    let kept = fitting(text, room.saturating_sub(1));
    format!("{}…", text[..kept].trim_end()).into()
}

/// `text` in rows of at most `room` columns, broken at blanks where that leaves no row half empty;
/// the last of `most` rows is cut.
pub(super) fn wrap(text: &str, room: usize, most: usize) -> Vec<Cow<'_, str>> {
    let mut rows = Vec::new();
    let mut rest = text;
    while width(rest) > room && rows.len() + 1 < most {
        let full = fitting(rest, room).max(rest.chars().next().map_or(0, char::len_utf8));
        let blank = rest[..full].rfind(' ').filter(|&at| at > full / 2);
        let end = blank.map_or(full, |at| at + 1);
        rows.push(rest[..end].trim_end().into());
        rest = &rest[end..];
    }
    rows.push(cut(rest, room));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_log_commands_a_terminal() {
        assert_eq!(
            readable("a\x1b[2Jb\u{9b}c\x7f\u{202e}d\n"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}\u{fffd}d\n"
        );
        assert_eq!(line("a\tb\r"), "a       b");
        assert_eq!(
            readable_bytes("\x1b[31mred\x1b[0m\x07 \u{9b}2J\r\n".as_bytes()),
            "red \u{fffd}2J\n"
        );
    }

    #[test]
    fn long_lines_keep_within_the_page() {
        assert_eq!(cut("日本語の行", 6), "日本…");
        assert_eq!(cut("short", 5), "short");
        assert_eq!(wrap("one two three four", 9, 9), ["one two", "three", "four"]);
        assert_eq!(wrap("aaaaaaaaaaaaaa", 4, 2), ["aaaa", "aaa…"]);
        assert_eq!(wrap("", 4, 2), [""]);
    }
}
