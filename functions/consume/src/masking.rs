//! Masking of what a document shows of an event, and cutting of what engines do not take.

use std::borrow::Cow;

use logmill_event::{Number, Object, Value};
use logmill_model::mask::Values;

/// The most bytes of one value of a flattened field: Lucene takes no term over 32,766, path included.
pub(crate) const MOST_VALUE: usize = 30_000;
/// A number from here on may be that of a card.
const LONG: u64 = 100_000_000_000;

/// Masks and cuts, and counts both.
#[derive(Debug)]
pub(crate) struct Masking<'m> {
    values: &'m mut Values,
    pub(crate) cut: u64,
}

impl<'m> Masking<'m> {
    pub(crate) const fn new(values: &'m mut Values) -> Self {
        Self { values, cut: 0 }
    }

    pub(crate) fn text<'a>(&mut self, text: &mut Cow<'a, str>) {
        replace(text, |text| self.values.text(text));
    }

    pub(crate) fn optional<'a>(&mut self, text: &mut Option<Cow<'a, str>>) {
        if let Some(text) = text {
            self.text(text);
        }
    }

    /// All texts of an object by their names, and the names themselves.
    pub(crate) fn object(&mut self, object: &mut Object<'_>) {
        let mut renamed = false;
        for (name, value) in &mut object.0 {
            self.value(name, value);
            renamed |= replace(name, |name| self.values.text(name));
        }
        if renamed {
            keep_apart(object);
        }
    }

    fn value(&mut self, name: &str, value: &mut Value<'_>) {
        match value {
            Value::Text(text) => {
                replace(text, |text| self.values.named(name, text));
                if text.len() > MOST_VALUE {
                    let end = text.floor_char_boundary(MOST_VALUE);
                    match text {
                        Cow::Borrowed(text) => *text = &text[..end],
                        Cow::Owned(text) => text.truncate(end),
                    }
                    self.cut += 1;
                }
            }
            Value::Number(Number::Unsigned(number)) if *number >= LONG || tells(name) => {
                let text = number.to_string();
                if let Cow::Owned(masked) = self.values.named(name, &text) {
                    *value = Value::Text(Cow::Owned(masked));
                }
            }
            Value::List(items) => items.iter_mut().for_each(|item| self.value(name, item)),
            Value::Object(inner) => self.object(inner),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Whether a number of that name may be a secret.
fn tells(name: &str) -> bool {
    let name = name.as_bytes();
    ["pass", "secret", "pwd"]
        .iter()
        .any(|word| name.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes())))
}

/// Whether it changed.
fn replace<'a>(
    text: &mut Cow<'a, str>,
    mask: impl for<'t> FnOnce(&'t str) -> Cow<'t, str>,
) -> bool {
    let Cow::Owned(masked) = mask(text) else { return false };
    *text = Cow::Owned(masked);
    true
}

/// Numbers names that masking has made alike, for engines refuse an object with the same name twice.
fn keep_apart(object: &mut Object<'_>) {
    for at in 1..object.0.len() {
        let (before, rest) = object.0.split_at_mut(at);
        let Some((name, _)) = rest.first_mut() else { return };
        let alike = |name: &str| before.iter().any(|(other, _)| *other == name);
        if alike(name) {
            let mut number = 2;
            while alike(&format!("{name}-{number}")) {
                number += 1;
            }
            *name = Cow::Owned(format!("{name}-{number}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(json: &str) -> (String, u64) {
        let Ok(Value::Object(mut object)) = serde_json::from_str(json) else { panic!("{json}") };
        let mut values = Values::default();
        let mut masking = Masking::new(&mut values);
        masking.object(&mut object);
        (serde_json::to_string(&object).unwrap(), masking.cut)
    }

    #[test]
    fn secrets_are_found_however_deep_and_by_their_names() {
        let (json, _) = masked(
            r#"{"user":{"password":"hunter2!x","mails":["a@example.org","none"]},"n":4111111111111111,"ms":12}"#,
        );
        assert_eq!(
            json,
            r#"{"user":{"password":"[masked:password]","mails":["[masked:email]","none"]},"n":"[masked:card_number]","ms":12}"#
        );
    }

    #[test]
    fn names_that_are_personal_are_masked_and_stay_apart() {
        let (json, _) = masked(r#"{"a@example.org":1,"b@example.org":2,"c":3}"#);
        assert_eq!(json, r#"{"[masked:email]":1,"[masked:email]-2":2,"c":3}"#);
    }

    #[test]
    fn a_value_that_engines_refuse_is_cut_and_counted() {
        let (json, cut) = masked(&format!(r#"{{"stack":"{}"}}"#, "é".repeat(20_000)));
        assert_eq!((json.len(), cut), (MOST_VALUE + 12, 1));
    }
}
