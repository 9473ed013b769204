//! Text for a terminal: harmless, of a width, and numbers as people say them.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns from one tab stop to the next.
const TAB: usize = 8;

/// `text` without anything that a terminal would obey or that turns the reading direction; each such
/// character becomes U+FFFD. Tabs and line ends stay.
pub(crate) fn readable(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| {
        c.is_control() && c != '\n' && c != '\t'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().any(harmful) {
        text.chars().map(|c| if harmful(c) { '\u{fffd}' } else { c }).collect::<String>().into()
    } else {
        text.into()
    }
}

/// The same for a piece of a raw log, whose colours are taken out.
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

/// A duration as people say it: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`.
pub(super) fn duration(seconds: f64) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "never negative, and too long a time may be cut"
    )]
    let whole = seconds.round() as u64;
    match whole {
        _ if seconds < 0.05 => "0 s".to_owned(),
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

/// A number of bytes as people say it: `812 bytes`, `14 kB`, `3.2 MB`.
#[allow(clippy::cast_precision_loss, reason = "for display")]
pub(super) fn bytes(bytes: u64) -> String {
    let amount = bytes as f64;
    match bytes {
        0..1000 => count(bytes, "byte"),
        1000..9950 => format!("{:.1} kB", amount / 1e3),
        9950..999_500 => format!("{:.0} kB", amount / 1e3),
        999_500..999_950_000 => format!("{:.1} MB", amount / 1e6),
        _ => format!("{:.1} GB", amount / 1e9),
    }
}

/// A number of things: `1 line`, `12,345 lines`.
pub(super) fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// A number with its digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// One line or several: `line 7`, `lines 7–12`.
pub(super) fn lines(first: u64, last: u64) -> String {
    if first == last { format!("line {first}") } else { format!("lines {first}–{last}") }
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

    #[test]
    fn numbers_are_said_as_people_do() {
        assert_eq!(duration(0.01), "0 s");
        assert_eq!(duration(0.44), "0.4 s");
        assert_eq!(duration(59.7), "1 min 00 s");
        assert_eq!(duration(3725.0), "1 h 02 min");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(9_967), "10 kB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(count(1_234_567, "line"), "1,234,567 lines");
        assert_eq!(lines(7, 12), "lines 7–12");
    }
}
