//! Syslog as it is found: RFC 5424, RFC 3164 and what is between them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::moment::{self, Format};
use super::{Run, arguments::Arguments};
use crate::grok::Outcome;
use crate::library::Library;

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clockd", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

const SEVERITIES: [&str; 8] =
    ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/// `parse_syslog`.
pub(super) fn syslog(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let zone = moment::zone(arguments)?;
    Ok(Box::new(move |text, at, _| {
        read(text, at, &zone)
            .map_or(Outcome::Missed, |fields| Outcome::Found(Value::Object(fields)))
    }))
}

fn read(text: &str, at: Timestamp, zone: &TimeZone) -> Option<Map<String, Value>> {
    let mut fields = Map::new();
    let text = uncounted(text.trim());
    let (priority, rest) = priority(text);
    if let Some(priority) = priority {
        let (facility, severity) = (priority / 8, priority % 8);
        if let Some(name) = FACILITIES.get(facility) {
            fields.insert("facility".to_owned(), (*name).into());
        }
        if let Some(name) = SEVERITIES.get(severity) {
            fields.insert("severity".to_owned(), (*name).into());
        }
    }
    match rest.split_once(' ').and_then(|(version, rest)| Some((version.parse::<u8>().ok()?, rest)))
    {
        Some((version, rest)) if priority.is_some() && (1..=9).contains(&version) => {
            fields.insert("version".to_owned(), version.into());
            new(rest, &mut fields)?;
        }
        _ => old(rest.trim_start(), at, zone, &mut fields)?,
    }
    Some(fields)
}

/// Without the length that RFC 6587 puts before a message.
fn uncounted(text: &str) -> &str {
    match text.split_once(' ') {
        Some((count, rest))
            if rest.starts_with('<') && count.bytes().all(|b| b.is_ascii_digit()) =>
        {
            rest
        }
        _ => text,
    }
}

fn priority(text: &str) -> (Option<usize>, &str) {
    let found = text.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    match found.and_then(|(number, rest)| Some((number.parse::<usize>().ok()?, rest))) {
        Some((number, rest)) if number < 192 => (Some(number), rest),
        _ => (None, text),
    }
}

/// The header of RFC 5424 after its version.
fn new(text: &str, fields: &mut Map<String, Value>) -> Option<()> {
    let mut rest = text;
    for name in ["timestamp", "hostname", "appname", "procid", "msgid"] {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after.trim_start();
        match (name, word) {
            (_, "-") => {}
            (_, "") => return None,
            ("timestamp", _) => {
                fields.insert(name.to_owned(), moment::value(word.parse().ok()?));
            }
            _ => put(fields, name, word),
        }
    }
    let rest = structured(rest, fields);
    let message = rest.trim_start().trim_start_matches('\u{feff}');
    fields.insert("message".to_owned(), message.into());
    Some(())
}

fn put(fields: &mut Map<String, Value>, name: &str, text: &str) {
    let number = if name == "procid" { text.parse::<i64>().ok() } else { None };
    fields.insert(name.to_owned(), number.map_or_else(|| text.into(), Value::from));
}

/// Structured data, if there is some: an object for each of its elements. What comes after it.
fn structured<'t>(text: &'t str, fields: &mut Map<String, Value>) -> &'t str {
    if let Some(rest) = text.strip_prefix('-') {
        if rest.is_empty() || rest.starts_with(' ') {
            return rest;
        }
        return text;
    }
    let mut rest = text;
    let mut found = Map::new();
    while rest.starts_with('[') {
        let Some((name, element, after)) = element(rest) else { return text };
        found.insert(name.to_owned(), Value::Object(element));
        rest = after;
    }
    fields.extend(found);
    rest
}

/// `[name key="value" …]`.
fn element(text: &str) -> Option<(&str, Map<String, Value>, &str)> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find([' ', ']'])?;
    let (name, mut rest) = inner.split_at(end);
    if name.is_empty() || name.contains(['=', '"']) {
        return None;
    }
    let mut values = Map::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(']') {
            return Some((name, values, after));
        }
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_start().strip_prefix('"')?;
        let (value, after) = value(after)?;
        if key.is_empty() || key.contains([' ', ']', '"']) {
            return None;
        }
        values.insert(key.to_owned(), value.into());
        rest = after;
    }
}

fn value(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((out, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                c @ ('"' | '\\' | ']') => out.push(c),
                c => out.extend(['\\', c]),
            },
            c => out.push(c),
        }
    }
    None
}

/// Times of RFC 3164 and its relatives, and how many words each has.
const TIMES: [(usize, &str); 6] = [
    (4, "%b %d %Y %H:%M:%S:"),
    (4, "%b %d %Y %H:%M:%S%.f"),
    (5, "%a %b %d %H:%M:%S %Y"),
    (4, "%a %b %d %H:%M:%S%.f"),
    (3, "%b %d %H:%M:%S%.f"),
    (3, "%b %d %H:%M:%S:"),
];

fn old(text: &str, at: Timestamp, zone: &TimeZone, fields: &mut Map<String, Value>) -> Option<()> {
    let (time, rest) = time(text, at, zone)?;
    fields.insert("timestamp".to_owned(), moment::value(time));
    let (host, rest) = rest.trim_start().split_once(' ').unwrap_or((rest.trim_start(), ""));
    // A line of one machine may have no name of it: then the tag is there, with its colon.
    let rest = if host.ends_with(':') || host.ends_with("]:") {
        text[text.len() - host.len() - rest.len() - usize::from(!rest.is_empty())..].trim_start()
    } else {
        if !matches!(host, "-" | "") {
            fields.insert("hostname".to_owned(), host.into());
        }
        rest.trim_start()
    };
    let rest = tag(rest, fields);
    let rest = structured(rest.trim_start(), fields);
    fields.insert("message".to_owned(), rest.trim_start().into());
    Some(())
}

fn time<'t>(text: &'t str, at: Timestamp, zone: &TimeZone) -> Option<(Timestamp, &'t str)> {
    let (word, rest) = text.split_once(' ')?;
    if let Ok(time) = word.trim_end_matches(':').parse::<Timestamp>() {
        return Some((time, rest));
    }
    TIMES.iter().find_map(|(words, format)| {
        let end = nth_word_end(text, *words)?;
        let format = Format::new(format, zone.clone()).ok()?;
        Some((format.read(&text[..end], at)?, &text[end..]))
    })
}

/// Where the word of this number ends.
fn nth_word_end(text: &str, number: usize) -> Option<usize> {
    let mut words = 0;
    let mut is_word = false;
    for (at, byte) in text.bytes().enumerate() {
        if byte == b' ' && is_word {
            words += 1;
            if words == number {
                return Some(at);
            }
        }
        is_word = byte != b' ';
    }
    (is_word && words + 1 == number).then_some(text.len())
}

/// `name[process]:`, `name:` or nothing of the kind.
fn tag<'t>(text: &'t str, fields: &mut Map<String, Value>) -> &'t str {
    let Some(end) = text.find([':', ' ', '[']) else { return text };
    let name = &text[..end];
    if name.is_empty() {
        return text;
    }
    if let Some(inner) = text[end..].strip_prefix('[')
        && let Some((process, after)) = inner.split_once(']')
        && let Some(after) =
            after.strip_prefix(':').or_else(|| after.starts_with(' ').then_some(after))
    {
        fields.insert("appname".to_owned(), name.into());
        put(fields, "procid", process);
        return after;
    }
    match text[end..].strip_prefix(':') {
        Some(after) if after.is_empty() || after.starts_with(' ') => {
            fields.insert("appname".to_owned(), name.into());
            after
        }
        _ => text,
    }
}
