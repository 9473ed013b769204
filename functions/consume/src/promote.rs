//! Values that become fields with types.

use std::borrow::Cow;

use logmill_event::{Number, Object, Value};

/// Where promoted values are looked for.
#[derive(Clone, Copy)]
pub(crate) struct Roots<'e, 'a> {
    pub(crate) labels: &'e Object<'a>,
    pub(crate) payload: &'e Object<'a>,
    pub(crate) fields: &'e Object<'a>,
}

impl<'e, 'a> Roots<'e, 'a> {
    /// The value at a path: `payload.ms` in the payload, `labels.team` in the labels, `fields.x` or
    /// `x` in the other fields.
    fn get(self, path: &str) -> Option<&'e Value<'a>> {
        match path.split_once('.') {
            Some(("payload", rest)) => get(self.payload, rest),
            Some(("labels", rest)) => get(self.labels, rest),
            Some(("fields", rest)) => get(self.fields, rest),
            _ => get(self.fields, path),
        }
    }

    /// The numbers at some paths; texts that are numbers count.
    pub(crate) fn numbers<'p>(self, paths: &'p [String]) -> Object<'p> {
        self.collect(paths, number)
    }

    /// The words at some paths; numbers and truth values count by their texts.
    pub(crate) fn words<'p>(self, paths: &'p [String]) -> Object<'p>
    where
        'e: 'p,
    {
        self.collect(paths, word)
    }

    fn collect<'p>(
        self,
        paths: &'p [String],
        of: impl Fn(&'e Value<'a>) -> Option<Value<'p>>,
    ) -> Object<'p> {
        let found = paths.iter().filter_map(|path| {
            let value = match self.get(path)? {
                Value::List(items) => {
                    let items: Vec<_> = items.iter().filter_map(&of).collect();
                    (!items.is_empty()).then_some(Value::List(items))
                }
                one => of(one),
            };
            Some((Cow::Borrowed(path.as_str()), value?))
        });
        Object(found.collect())
    }
}

fn get<'e, 'a>(object: &'e Object<'a>, path: &str) -> Option<&'e Value<'a>> {
    object.get(path).or_else(|| {
        path.match_indices('.').find_map(|(dot, _)| match object.get(&path[..dot]) {
            Some(Value::Object(inner)) => get(inner, &path[dot + 1..]),
            _ => None,
        })
    })
}

fn number<'p>(value: &Value<'_>) -> Option<Value<'p>> {
    match value {
        Value::Number(number) => Some(Value::Number(*number)),
        Value::Text(text) => {
            let number: f64 = text.trim().parse().ok()?;
            number.is_finite().then_some(Value::Number(Number::Float(number)))
        }
        _ => None,
    }
}

fn word<'p, 'e: 'p>(value: &'e Value<'_>) -> Option<Value<'p>> {
    match value {
        Value::Text(text) => Some(Value::Text(Cow::Borrowed(text))),
        Value::Number(_) | Value::Bool(_) => {
            serde_json::to_string(value).ok().map(|text| Value::Text(Cow::Owned(text)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(json: &str) -> Object<'_> {
        let Ok(Value::Object(object)) = serde_json::from_str(json) else { panic!("{json}") };
        object
    }

    #[test]
    fn promoted_values_keep_their_types_wherever_they_stand() {
        let labels = object(r#"{"team":"shop","tier":3}"#);
        let payload = object(r#"{"ms":"12.5","of":{"n":[1,"x","2"]},"a.b":7,"nan":"NaN"}"#);
        let fields = object(r#"{"http":{"status":404}}"#);
        let roots = Roots { labels: &labels, payload: &payload, fields: &fields };
        let paths =
            |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let wanted = paths(&[
            "payload.ms",
            "payload.of.n",
            "payload.a.b",
            "payload.nan",
            "http.status",
            "fields.http.status",
            "labels.team",
            "payload.missing",
        ]);
        let json = serde_json::to_string(&roots.numbers(&wanted)).unwrap();
        assert_eq!(
            json,
            r#"{"payload.ms":12.5,"payload.of.n":[1,2.0],"payload.a.b":7,"http.status":404,"fields.http.status":404}"#
        );
        let wanted = paths(&["labels.team", "labels.tier", "payload.of"]);
        let json = serde_json::to_string(&roots.words(&wanted)).unwrap();
        assert_eq!(json, r#"{"labels.team":"shop","labels.tier":"3"}"#);
    }
}
