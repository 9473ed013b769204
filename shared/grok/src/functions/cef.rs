//! The Common Event Format of ArcSight.

use serde_json::{Map, Value};

use super::{Run, arguments::Arguments, plain};
use crate::library::Library;

const HEADER: [&str; 7] = [
    "cefVersion",
    "deviceVendor",
    "deviceProduct",
    "deviceVersion",
    "deviceEventClassId",
    "name",
    "severity",
];

/// `parse_cef`: the header's seven fields, then keys and values. What stands before `CEF:` is skipped.
pub(super) fn cef(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let translates = arguments.flag("translate_custom_fields", false)?;
    Ok(plain(move |text| {
        let mut rest = &text[text.find("CEF:")? + 4..];
        let mut fields = Map::new();
        for (at, name) in HEADER.iter().enumerate() {
            let end = unescaped(rest, '|');
            // A header may end without the bar that begins the extension.
            let end = if at + 1 == HEADER.len() { end.unwrap_or(rest.len()) } else { end? };
            fields.insert((*name).to_owned(), unescape(rest[..end].trim()).into());
            rest = rest.get(end + 1..).unwrap_or("");
        }
        extension(rest.trim(), &mut fields)?;
        if translates {
            translate(&mut fields);
        }
        Some(Value::Object(fields))
    }))
}

fn unescaped(text: &str, mark: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        if c == mark && !is_escaped {
            return Some(at);
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    None
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some(c @ ('\\' | '=' | '|' | '"')) => out.push(c),
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
        }
    }
    out
}

/// `key=value key=value`, where values may have spaces: a value ends before the last space that stands
/// before the next key.
fn extension(text: &str, fields: &mut Map<String, Value>) -> Option<()> {
    let mut rest = text;
    while !rest.is_empty() {
        let at = unescaped(rest, '=')?;
        let key = rest[..at].trim();
        if key.is_empty() || key.contains(char::is_whitespace) {
            return None;
        }
        let value = &rest[at + 1..];
        let end = match unescaped(value, '=') {
            Some(next) => value[..next].rfind(char::is_whitespace).unwrap_or(0),
            None => value.len(),
        };
        let text = value[..end].trim();
        let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        fields.insert(key.to_owned(), unescape(bare).into());
        rest = value[end..].trim_start();
    }
    Some(())
}

/// Puts the value of `cs1` under the name that `cs1Label` has.
fn translate(fields: &mut Map<String, Value>) {
    let labels: Vec<String> = fields.keys().filter(|key| key.ends_with("Label")).cloned().collect();
    for label in labels {
        let key = label.trim_end_matches("Label").to_owned();
        let is_custom = ["c6a", "cfp", "cn", "cs", "deviceCustomDate", "flexDate", "flexString"]
            .iter()
            .any(|kind| {
                key.strip_prefix(kind).is_some_and(|number| {
                    number.len() == 1 && number.as_bytes()[0].is_ascii_digit()
                })
            });
        if !is_custom || !fields.contains_key(&key) {
            continue;
        }
        if let (Some(value), Some(Value::String(name))) =
            (fields.remove(&key), fields.remove(&label))
        {
            fields.insert(name, value);
        }
    }
}
