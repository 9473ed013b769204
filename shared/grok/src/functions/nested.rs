//! Values within values: JSON, Ruby's hashes, the line protocol of InfluxDB. Their depth is bounded.

use jiff::Timestamp;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::pairs::quoted;
use super::{Run, arguments::Arguments, moment, plain};
use crate::library::Library;

/// How deep values may stand in one another, as in `serde_json`.
pub(super) const MAX_DEPTH: usize = 128;

/// `parse_json`: JSON; what is deeper than `max_depth` stays the text that it is.
pub(super) fn json(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    arguments.flag("lossy", true)?;
    Ok(match arguments.whole("max_depth", 1..=MAX_DEPTH as u64)? {
        None => plain(|text| serde_json::from_str(text).ok()),
        Some(depth) => plain(move |text| {
            let raw: &RawValue = serde_json::from_str(text).ok()?;
            layers(raw, depth)
        }),
    })
}

fn layers(raw: &RawValue, depth: u64) -> Option<Value> {
    let text = raw.get();
    let is_nested = text.starts_with(['{', '[']);
    if !is_nested {
        return serde_json::from_str(text).ok();
    }
    if depth == 0 {
        // Nested deeper than serde_json reads, it would be no value.
        return Some(text.into());
    }
    if text.starts_with('[') {
        let values: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        return values.into_iter().map(|value| layers(value, depth - 1)).collect();
    }
    let values: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let values: Option<Map<String, Value>> =
        values.into_iter().map(|(key, value)| Some((key, layers(value, depth - 1)?))).collect();
    values.map(Value::Object)
}

/// `parse_ruby_hash`: what Ruby's `inspect` prints of a hash.
pub(super) fn ruby_hash(_: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    Ok(plain(|text| {
        let mut reader = Ruby { rest: text.trim() };
        let value = reader.hash(0)?;
        reader.rest.trim().is_empty().then_some(value)
    }))
}

struct Ruby<'t> {
    rest: &'t str,
}

impl Ruby<'_> {
    fn skip(&mut self, text: &str) -> bool {
        self.rest = self.rest.trim_start();
        let is = self.rest.starts_with(text);
        self.rest = if is { &self.rest[text.len()..] } else { self.rest };
        is
    }

    fn hash(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH || !self.skip("{") {
            return None;
        }
        let mut fields = Map::new();
        while !self.skip("}") {
            let key = self.key()?;
            let value = self.value(depth + 1)?;
            fields.insert(key, value);
            if !self.skip(",") {
                return self.skip("}").then_some(Value::Object(fields));
            }
        }
        Some(Value::Object(fields))
    }

    fn key(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start();
        let key = match quoted(self.rest) {
            Some((key, rest)) => {
                self.rest = rest;
                key
            }
            None => {
                self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
                if let Some((key, rest)) = quoted(self.rest) {
                    self.rest = rest;
                    key
                } else {
                    self.word()?.to_owned()
                }
            }
        };
        (self.skip("=>") || self.skip(":")).then_some(key)
    }

    fn word(&mut self) -> Option<&str> {
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || "_-+.?!@$".contains(c)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('{') {
            return self.hash(depth);
        }
        if self.skip("[") {
            return self.list(depth);
        }
        if let Some((text, rest)) = quoted(self.rest) {
            self.rest = rest;
            return Some(text.into());
        }
        if let Some(rest) = self.rest.strip_prefix(':') {
            self.rest = rest;
            if let Some((text, rest)) = quoted(rest) {
                self.rest = rest;
                return Some(text.into());
            }
            return self.word().map(Value::from);
        }
        match self.word()? {
            "nil" => Some(Value::Null),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            number if number.contains(['.', 'e', 'E']) => {
                serde_json::Number::from_f64(number.parse().ok()?).map(Value::Number)
            }
            number => number.parse::<i64>().ok().map(Value::from),
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut values = Vec::new();
        while !self.skip("]") {
            values.push(self.value(depth + 1)?);
            if !self.skip(",") {
                return self.skip("]").then_some(Value::Array(values));
            }
        }
        Some(Value::Array(values))
    }
}

/// The most tags of a line's metrics together: each metric has all of them.
const MAX_TAGS: usize = 100_000;

/// `parse_influxdb`: a gauge for each field of each line of InfluxDB's line protocol.
pub(super) fn influxdb(_: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    Ok(plain(|text| {
        let mut metrics = Vec::new();
        for line in
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            influx_line(line, &mut metrics)?;
        }
        (!metrics.is_empty()).then_some(Value::Array(metrics))
    }))
}

fn influx_line(line: &str, metrics: &mut Vec<Value>) -> Option<()> {
    let parts = split(line, ' ');
    let (head, fields, time) = match parts[..] {
        [head, fields] => (head, fields, None),
        [head, fields, time] => (head, fields, Some(time)),
        _ => return None,
    };
    let mut head = split(head, ',').into_iter();
    let name = bare(head.next()?);
    let tags: Option<Map<String, Value>> = head
        .map(|tag| {
            let pair = split(tag, '=');
            let &[key, value] = pair.as_slice() else { return None };
            Some((bare(key), Value::String(bare(value))))
        })
        .collect();
    let tags = tags?;
    let time = match time {
        Some(time) => Some(Timestamp::from_nanosecond(time.parse().ok()?).ok()?),
        None => None,
    };
    let fields = split(fields, ',');
    if fields.len().saturating_mul(tags.len() + 1) > MAX_TAGS {
        return None;
    }
    for field in fields {
        let pair = split(field, '=');
        let &[key, value] = pair.as_slice() else { return None };
        let mut metric = json!({
            "name": format!("{name}_{}", bare(key)),
            "kind": "absolute",
            "gauge": {"value": influx_number(value)?},
        });
        if !tags.is_empty() {
            metric["tags"] = Value::Object(tags.clone());
        }
        if let Some(time) = time {
            metric["timestamp"] = moment::value(time);
        }
        metrics.push(metric);
    }
    Some(())
}

fn influx_number(text: &str) -> Option<f64> {
    match text {
        "t" | "T" | "true" | "True" | "TRUE" => return Some(1.0),
        "f" | "F" | "false" | "False" | "FALSE" => return Some(0.0),
        _ => {}
    }
    let digits = text.strip_suffix(['i', 'u']).unwrap_or(text);
    digits.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// The parts between marks that are neither escaped nor in quotes.
fn split(text: &str, mark: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut is_escaped, mut is_quoted) = (0, false, false);
    for (at, c) in text.char_indices() {
        if c == mark && !is_escaped && !is_quoted {
            parts.push(&text[start..at]);
            start = at + c.len_utf8();
        }
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn bare(text: &str) -> String {
    text.replace("\\,", ",").replace("\\=", "=").replace("\\ ", " ")
}
