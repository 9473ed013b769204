//! `Idempotency-Key`: a request that is sent again is stored once.

use std::borrow::Cow;

use http::HeaderMap;
use logmill_event::{Object, Value};

use crate::answer::Refusal;

/// Its header.
const HEADER: &str = "idempotency-key";
/// The most characters of a key: an event's id has 255, the index among them.
const MOST: usize = 200;

/// What names a request and all its repetitions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key of a request, if it has one.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let Some(value) = headers.get(HEADER) else { return Ok(None) };
        let bad = || {
            Refusal::bad(format!(
                "Idempotency-Key: give 1 to {MOST} visible characters of ASCII, such as a UUID"
            ))
        };
        let key = value.to_str().map_err(|_| bad())?.trim();
        if key.is_empty() || key.len() > MOST {
            return Err(bad());
        }
        Ok(Some(Self(key.to_owned())))
    }

    /// An event that has no id, with one made of the key and its place in the request.
    pub(crate) fn with_id(&self, index: usize, json: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
        let id = format!("{}-{index}", self.0);
        let value: Value<'_> = serde_json::from_slice(json)?;
        let Value::Object(Object(fields)) = value else { return Ok(json.to_vec()) };
        if fields.iter().all(|(name, _)| name != "id")
            && let Some(rest) = json.strip_prefix(b"{")
        {
            // The rest stays as it was sent.
            let mut with_id = br#"{"id":"#.to_vec();
            serde_json::to_writer(&mut with_id, &id)?;
            with_id.push(b',');
            with_id.extend_from_slice(rest);
            return Ok(with_id);
        }
        // An id that says nothing makes room.
        let mut fields: Vec<_> = fields.into_iter().filter(|(name, _)| name != "id").collect();
        fields.insert(0, (Cow::Borrowed("id"), Value::Text(Cow::Owned(id))));
        serde_json::to_vec(&Value::Object(Object(fields)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_id_is_added_and_the_rest_stays_as_it_was_sent() {
        let key = IdempotencyKey(r#"a"b"#.to_owned());
        let with =
            |json: &str| String::from_utf8(key.with_id(7, json.as_bytes()).unwrap()).unwrap();
        assert_eq!(with(r#"{ "n": 1.50 }"#), r#"{"id":"a\"b-7", "n": 1.50 }"#);
        assert_eq!(with(r#"{"id":null,"n":1}"#), r#"{"id":"a\"b-7","n":1}"#);
        assert_eq!(with(r#"{"n":1,"id":""}"#), r#"{"id":"a\"b-7","n":1}"#);
    }

    #[test]
    fn a_key_that_would_be_cut_is_refused() {
        let of = |key: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, http::HeaderValue::from_bytes(key).unwrap());
            IdempotencyKey::of(&headers)
        };
        assert_eq!(of(b" k1 ").unwrap(), Some(IdempotencyKey("k1".to_owned())));
        for bad in [&b""[..], b"\xff", &[b'k'; 201]] {
            assert!(of(bad).unwrap_err().message.contains("Idempotency-Key"));
        }
    }
}
