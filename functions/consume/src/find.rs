//! What patterns find in an event.

use std::borrow::Cow;

use jiff::Timestamp;
use logmill_event::{Event, Number, Object, Value};
use logmill_grok::{Patterns, Scratch};
use logmill_model::Level;

/// The field that says which pattern it was.
const PATTERN: &str = "grok_pattern";

/// What came of an event.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Found {
    /// Whether a pattern fits.
    pub(crate) hit: bool,
    /// How many patterns were given up, since they would have taken too long.
    pub(crate) gave_up: usize,
}

/// Looks for the first pattern that fits, and puts what it finds among the event's other fields; a
/// field that is there already becomes a list of both.
pub(crate) fn find(
    patterns: &Patterns,
    event: &mut Event<'_>,
    at: Timestamp,
    scratch: &mut Scratch,
) -> Found {
    if patterns.is_empty() {
        return Found::default();
    }
    let found = patterns.find(|path| text(event, path), at, scratch);
    let gave_up = found.gave_up.len();
    let Some(hit) = found.hit else { return Found { hit: false, gave_up } };
    let overwritten: Vec<_> = patterns.overwritten(&hit).collect();
    let mut message = None;
    let name = hit.name.to_owned();
    if let serde_json::Value::Object(fields) = hit.value {
        for (name, value) in fields {
            let is_overwritten =
                overwritten.iter().any(|path| matches!(path, [one] if **one == *name));
            match value {
                serde_json::Value::String(text) if is_overwritten && name == "message" => {
                    message = Some(text);
                }
                value => {
                    if is_overwritten {
                        event.other.0.retain(|(other, _)| *other != name);
                    }
                    merge(&mut event.other, Cow::Owned(name), converted(value));
                }
            }
        }
    }
    if let Some(message) = message {
        event.message = Cow::Owned(message);
    }
    merge(&mut event.other, Cow::Borrowed(PATTERN), Value::Text(Cow::Owned(name)));
    Found { hit: true, gave_up }
}

/// The level that a pattern found, or that stands under another name than ours.
pub(crate) fn level(other: &Object<'_>) -> Option<Level> {
    let nested = match other.get("log") {
        Some(Value::Object(log)) => log.get("level"),
        _ => None,
    };
    let words = [other.get("log.level"), nested, other.get("level"), other.get("loglevel")];
    words.into_iter().flatten().find_map(|word| match word {
        Value::Text(word) => Level::from_word(word.trim()),
        _ => None,
    })
}

/// The text of a field that an entry reads.
fn text<'e>(event: &'e Event<'_>, path: &[Box<str>]) -> Option<&'e str> {
    let (first, rest) = path.split_first()?;
    if rest.is_empty() {
        let own = match &**first {
            "message" => return Some(&event.message),
            "service" => &event.service,
            "host" => &event.host,
            "client_ip" => &event.client_ip,
            _ => &None,
        };
        if let Some(own) = own {
            return Some(own);
        }
    }
    let (object, path) = match &**first {
        "payload" => (&event.payload, rest),
        "labels" => (&event.labels, rest),
        _ => (&event.other, path),
    };
    let (first, rest) = path.split_first()?;
    let value = rest.iter().try_fold(object.get(first)?, |value, name| match value {
        Value::Object(inner) => inner.get(name),
        _ => None,
    });
    match value? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn converted(value: serde_json::Value) -> Value<'static> {
    use serde_json::Value as Json;
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::String(text) => Value::Text(Cow::Owned(text)),
        Json::Array(items) => Value::List(items.into_iter().map(converted).collect()),
        Json::Object(fields) => Value::Object(Object(
            fields.into_iter().map(|(name, value)| (Cow::Owned(name), converted(value))).collect(),
        )),
        Json::Number(number) => number
            .as_u64()
            .map(Number::Unsigned)
            .or_else(|| number.as_i64().map(Number::Signed))
            .or_else(|| number.as_f64().map(Number::Float))
            .map_or(Value::Null, Value::Number),
    }
}

fn merge<'a>(object: &mut Object<'a>, name: Cow<'a, str>, value: Value<'a>) {
    let Some((_, before)) = object.0.iter_mut().find(|(known, _)| *known == name) else {
        object.0.push((name, value));
        return;
    };
    match (before, value) {
        (Value::Object(inner), Value::Object(more)) => {
            more.0.into_iter().for_each(|(name, value)| merge(inner, name, value));
        }
        (Value::List(items), Value::List(more)) => items.extend(more),
        (Value::List(items), one) => items.push(one),
        (before, value) => {
            let first = std::mem::replace(before, Value::Null);
            let rest = if let Value::List(more) = value { more } else { vec![value] };
            *before = Value::List(std::iter::once(first).chain(rest).collect());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(document: &str, json: &str) -> (String, Found) {
        let patterns = Patterns::compile(document).unwrap();
        let mut event = Event::read(json.as_bytes()).unwrap();
        let found = find(&patterns, &mut event, Timestamp::UNIX_EPOCH, &mut Scratch::default());
        (serde_json::to_string(&event).unwrap(), found)
    }

    #[test]
    fn the_first_pattern_that_fits_names_the_fields_and_itself() {
        let document = "[[entry]]\nname = \"no\"\nmatch = '^never$'\n\
            [[entry]]\nname = \"order\"\nmatch = '^order=%{INT:[order][id]:int} %{WORD:team}$'\n";
        let (json, outcome) =
            found(document, r#"{"message":"order=7 shop","team":"x","order":{"of":1}}"#);
        assert_eq!(
            json,
            r#"{"message":"order=7 shop","team":["x","shop"],"order":{"of":1,"id":7},"grok_pattern":"order"}"#
        );
        assert!(outcome.hit);
        let (json, outcome) = found(document, r#"{"message":"nothing"}"#);
        assert_eq!(
            (json.as_str(), outcome.hit),
            (r#"{"message":"nothing"}"#, false),
            "a miss is no error"
        );
    }

    #[test]
    fn an_entry_reads_other_fields_and_takes_the_place_of_the_message() {
        let document = "[[entry]]\nname = \"raw\"\nfield = \"payload.line\"\n\
            match = '^%{WORD:level}: %{GREEDYDATA:message}$'\noverwrite = [\"message\"]\n";
        let document = document.replace("\"payload.line\"", "\"[payload][line]\"");
        let (json, outcome) = found(&document, r#"{"message":"m","payload":{"line":"WARN: hot"}}"#);
        assert!(outcome.hit && json.starts_with(r#"{"message":"hot""#), "{json}");
        let event: Value<'_> = serde_json::from_str(&json).unwrap();
        let Value::Object(event) = event else { panic!("{json}") };
        assert_eq!(level(&event), Some(Level::Warn));
    }
}
