//! Fields that stand in a row: CSV, tokens, the parts of a URL.

use serde_json::{Map, Value, json};
use url::Url;
use url::form_urlencoded;

use super::pairs::add;
use super::{Run, arguments::Arguments, plain};
use crate::library::Library;

/// `parse_csv`: the fields of the first line, as RFC 4180 has them.
pub(super) fn csv(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let delimiter = arguments.text("delimiter")?.unwrap_or(",");
    let &[delimiter] = delimiter.as_bytes() else {
        return Err("the argument delimiter must be one character of ASCII".to_owned());
    };
    Ok(plain(move |text| Some(record(text, char::from(delimiter)))))
}

fn record(text: &str, delimiter: char) -> Value {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut characters = text.chars().peekable();
    let (mut is_quoted, mut is_new) = (false, true);
    if text.is_empty() {
        return Value::Array(Vec::new());
    }
    while let Some(c) = characters.next() {
        match c {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if is_new => is_quoted = true,
            c if c == delimiter && !is_quoted => {
                fields.push(Value::String(std::mem::take(&mut field)));
                is_new = true;
                continue;
            }
            '\r' | '\n' if !is_quoted => break,
            c => field.push(c),
        }
        is_new = false;
    }
    fields.push(Value::String(field));
    Value::Array(fields)
}

/// `parse_tokens`: what white space separates; quotes and brackets hold some together, `-` is null.
pub(super) fn tokens(_: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    Ok(plain(|text| {
        let mut tokens = Vec::new();
        let mut rest = text.trim_start();
        // Where one was not closed, none of those after it is looked at.
        let (mut has_quotes, mut has_brackets) = (true, true);
        while let Some(first) = rest.chars().next() {
            let end = match first {
                '"' if has_quotes => closing(&rest[1..], '"', &mut has_quotes),
                '[' if has_brackets => closing(&rest[1..], ']', &mut has_brackets),
                _ => None,
            };
            let (token, after) = match end {
                Some(end) => (&rest[1..=end], &rest[end + 2..]),
                None => {
                    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                    (&rest[..end], &rest[end..])
                }
            };
            tokens.push(match token {
                "" | "-" => Value::Null,
                token => Value::String(token.to_owned()),
            });
            rest = after.trim_start();
        }
        Some(Value::Array(tokens))
    }))
}

/// Where the first `end` stands that is not escaped.
fn closing(text: &str, end: char, has_some: &mut bool) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        if c == end && !is_escaped {
            return Some(at);
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    *has_some = false;
    None
}

/// `parse_query_string`: the names and values of a URL's query.
pub(super) fn query_string(_: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    Ok(plain(|text| {
        let mut fields = Map::new();
        let text = text.strip_prefix('?').unwrap_or(text);
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            add(&mut fields, name.into_owned(), value.into_owned().into());
        }
        Some(Value::Object(fields))
    }))
}

/// `parse_url`: the parts of a URL.
pub(super) fn url(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let known_ports = arguments.flag("default_known_ports", false)?;
    Ok(plain(move |text| {
        let url = Url::parse(text).ok()?;
        let port = if known_ports { url.port_or_known_default() } else { url.port() };
        let query: Map<String, Value> = url
            .query_pairs()
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect();
        Some(json!({
            "scheme": url.scheme(),
            "username": url.username(),
            "password": url.password().unwrap_or(""),
            "host": url.host_str(),
            "port": port,
            "path": url.path(),
            "query": query,
            "fragment": url.fragment(),
        }))
    }))
}
