//! Keys and values: `level=info msg="it works"`, and what is like it.

use serde_json::{Map, Value};

use super::{Run, arguments::Arguments, plain};
use crate::library::Library;

/// How keys and values are written.
struct Shape {
    between: String,
    after: String,
    is_lenient: bool,
    accepts_keys: bool,
}

/// `parse_key_value`.
pub(super) fn key_value(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let between = arguments.text("key_value_delimiter")?.unwrap_or("=").to_owned();
    let after = arguments.text("field_delimiter")?.unwrap_or(" ").to_owned();
    if between.is_empty() || after.is_empty() {
        return Err("a delimiter must not be empty".to_owned());
    }
    let whitespace = arguments.choice("whitespace", &["lenient", "strict"])?;
    let shape = Shape {
        between,
        after,
        is_lenient: whitespace != Some("strict"),
        accepts_keys: arguments.flag("accept_standalone_key", true)?,
    };
    Ok(plain(move |text| shape.read(text)))
}

/// `parse_logfmt`.
pub(super) fn logfmt(_: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let shape = Shape {
        between: "=".to_owned(),
        after: " ".to_owned(),
        is_lenient: true,
        accepts_keys: true,
    };
    Ok(plain(move |text| shape.read(text)))
}

/// Adds a value; those of one key become a list.
pub(super) fn add(fields: &mut Map<String, Value>, key: String, value: Value) {
    match fields.get_mut(&key) {
        None => {
            fields.insert(key, value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(before) => *before = Value::Array(vec![before.take(), value]),
    }
}

impl Shape {
    fn read(&self, text: &str) -> Option<Value> {
        let mut fields = Map::new();
        let mut rest = text.trim();
        if rest.is_empty() {
            return None;
        }
        // Where a quote was not closed, none of those after it is looked at.
        let mut has_quotes = true;
        while !rest.is_empty() {
            let (key, after_key) = self.key(rest, &mut has_quotes)?;
            let spaces = if self.is_lenient { after_key.trim_start() } else { after_key };
            let value = match spaces.strip_prefix(self.between.as_str()) {
                Some(value) => {
                    let (value, after) = self.value(value, &mut has_quotes)?;
                    rest = after;
                    Value::String(value)
                }
                None if self.accepts_keys => {
                    rest = after_key;
                    Value::Bool(true)
                }
                None => return None,
            };
            if !key.is_empty() {
                add(&mut fields, key, value);
            }
            rest = self.next(rest)?;
        }
        (!fields.is_empty()).then_some(Value::Object(fields))
    }

    /// What comes after the end of a field.
    fn next<'t>(&self, rest: &'t str) -> Option<&'t str> {
        let trimmed = if self.is_lenient { rest.trim_start() } else { rest };
        if trimmed.is_empty() {
            return Some(trimmed);
        }
        // White space between fields may be of any kind and length.
        if self.after.trim().is_empty() && self.is_lenient {
            let is_apart = trimmed.len() < rest.len();
            return is_apart.then_some(trimmed).or_else(|| rest.strip_prefix(self.after.as_str()));
        }
        let mut rest = trimmed.strip_prefix(self.after.as_str())?;
        while let Some(more) = rest.strip_prefix(self.after.as_str()) {
            rest = more;
        }
        Some(if self.is_lenient { rest.trim_start() } else { rest })
    }

    fn key<'t>(&self, text: &'t str, has_quotes: &mut bool) -> Option<(String, &'t str)> {
        if let Some((key, rest)) = quoted_once(text, has_quotes) {
            return Some((key, rest));
        }
        // Not two searches: each may look at all of the rest for every key.
        let is_end = |at: &usize| {
            let rest = &text[*at..];
            rest.starts_with(self.between.as_str()) || rest.starts_with(self.after.as_str())
        };
        let mut places = text.char_indices().map(|(at, _)| at);
        let end = places.find(is_end).unwrap_or(text.len());
        let key = text[..end].trim_end();
        let rest = if self.is_lenient { &text[key.len()..] } else { &text[end..] };
        Some((key.to_owned(), rest))
    }

    fn value<'t>(&self, text: &'t str, has_quotes: &mut bool) -> Option<(String, &'t str)> {
        let is_by_space = self.after.trim().is_empty() && text.starts_with(self.after.as_str());
        let text = match self.is_lenient {
            true if is_by_space => self.skip_to_value(text),
            true => text.trim_start(),
            false => text,
        };
        if let Some((value, rest)) = quoted_once(text, has_quotes) {
            let is_end = rest.is_empty()
                || rest.starts_with(self.after.as_str())
                || (self.is_lenient && rest.trim_start().is_empty())
                || (self.is_lenient && rest.trim_start().starts_with(self.after.as_str()));
            if is_end {
                return Some((value, rest));
            }
        }
        let end = text.find(self.after.as_str()).unwrap_or(text.len());
        Some((text[..end].trim_end_matches([' ', '\t']).to_owned(), &text[end..]))
    }

    /// Where fields are apart by white space, a value may stand after some, unless it is empty: then
    /// what comes is the next key.
    fn skip_to_value<'t>(&self, text: &'t str) -> &'t str {
        let next = text.trim_start();
        let word = next.find(char::is_whitespace).unwrap_or(next.len());
        if next[..word].contains(self.between.as_str()) && !next.starts_with('"') {
            text
        } else {
            next
        }
    }
}

/// As [`quoted`], until a quote is not closed.
fn quoted_once<'t>(text: &'t str, has_quotes: &mut bool) -> Option<(String, &'t str)> {
    if !*has_quotes || !text.starts_with(['"', '\'']) {
        return None;
    }
    let found = quoted(text);
    *has_quotes = found.is_some();
    found
}

/// A text in double quotes, without them and its escapes, and what comes after.
pub(super) fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let mut out = String::new();
    let mut characters = text[1..].char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => match characters.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                c @ ('"' | '\'' | '\\') => out.push(c),
                c => out.extend(['\\', c]),
            },
            c if c == quote => return Some((out, &text[at + 2..])),
            c => out.push(c),
        }
    }
    None
}
