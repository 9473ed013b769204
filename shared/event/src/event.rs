//! Reading an event.

use std::borrow::Cow;

use jiff::Timestamp;
use logmill_model::Level;
use serde::Serialize;

use crate::fault::{Fault, Faults};
use crate::value::{Number, Object, Value};

/// The most bytes of an event.
pub const MAX_BYTES: usize = 1024 * 1024;
/// What the events of a service that says no name are of.
pub const UNKNOWN_SERVICE: &str = "unknown";

/// An event of a service, checked. Its texts are lent from its bytes where those need no unescaping.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Event<'a> {
    /// When it happened, if it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    /// Which service sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Cow<'a, str>>,
    /// How serious it is, if that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The level as it was spelled, if otherwise than [`Level::as_str`].
    #[serde(skip)]
    pub level_given: Option<Cow<'a, str>>,
    /// What happened.
    pub message: Cow<'a, str>,
    /// The machine it happened on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Cow<'a, str>>,
    /// The trace it is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<Cow<'a, str>>,
    /// The request it is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Cow<'a, str>>,
    /// Its own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    /// Whose request it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<Cow<'a, str>>,
    /// The environment, `prod` for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Cow<'a, str>>,
    /// The service's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Cow<'a, str>>,
    /// What it is to be found by.
    #[serde(skip_serializing_if = "Object::is_empty")]
    pub labels: Object<'a>,
    /// What belongs to it.
    #[serde(skip_serializing_if = "Object::is_empty")]
    pub payload: Object<'a>,
    /// Its other fields.
    #[serde(flatten)]
    pub other: Object<'a>,
}

impl<'a> Event<'a> {
    /// Reads and checks an event.
    ///
    /// # Errors
    /// All that is wrong with it; only the first if it is no JSON.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Faults> {
        if bytes.len() > MAX_BYTES {
            let what = format!("it has {} bytes, {MAX_BYTES} at most are taken", bytes.len());
            return Err(Faults::whole(what));
        }
        let value: Value<'a> = serde_json::from_slice(bytes).map_err(|error| no_json(&error))?;
        Self::of(value)
    }

    /// Checks an event that was read already.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn of(value: Value<'a>) -> Result<Self, Faults> {
        let Value::Object(Object(fields)) = value else {
            return Err(Faults::whole(format!("it is {}, not an object", value.kind())));
        };
        let mut reading = Reading::default();
        for (name, value) in fields {
            reading.field(name, value);
        }
        reading.finish()
    }
}

fn no_json(error: &serde_json::Error) -> Faults {
    let said = error.to_string();
    Faults::whole(if said.starts_with("recursion limit") {
        "it nests deeper than 127".to_owned()
    } else {
        format!("it is no JSON that engines take: {said}")
    })
}

#[derive(Default)]
struct Reading<'a> {
    event: Event<'a>,
    has_message: bool,
    /// `ts`, which gives way to `timestamp`.
    milliseconds: Option<Timestamp>,
    faults: Vec<Fault>,
}

impl<'a> Reading<'a> {
    fn field(&mut self, name: Cow<'a, str>, value: Value<'a>) {
        if value == Value::Null {
            return;
        }
        match &*name {
            "message" => self.message(value),
            "timestamp" => self.timestamp("timestamp", &value),
            "@timestamp" => self.timestamp("@timestamp", &value),
            "ts" => self.milliseconds(&value),
            "level" => self.level(value),
            "service" => self.event.service = self.text("service", value, 128),
            "host" => self.event.host = self.text("host", value, 255),
            "trace_id" => self.event.trace_id = self.text("trace_id", value, 64),
            "request_id" => self.event.request_id = self.text("request_id", value, 64),
            "id" => self.event.id = self.text("id", value, 255),
            "client_ip" => self.event.client_ip = self.text("client_ip", value, 255),
            "env" => self.event.env = self.text("env", value, 255),
            "version" => self.event.version = self.text("version", value, 255),
            "payload" => self.event.payload = self.object("payload", value),
            "labels" => self.labels(value),
            _ => self.event.other.0.push((name, value)),
        }
    }

    fn fault(&mut self, field: &'static str, what: impl Into<String>) {
        self.faults.push(Fault { field: Some(field), what: what.into() });
    }

    fn message(&mut self, value: Value<'a>) {
        self.has_message = true;
        match value {
            Value::Text(text) if text.is_empty() => {
                self.fault("message", "is empty: it says what happened");
            }
            Value::Text(text) => self.event.message = text,
            other => self.fault("message", format!("is {}, not a text", other.kind())),
        }
    }

    /// A text that is not empty; an empty one is as good as none.
    fn text(&mut self, field: &'static str, value: Value<'a>, most: usize) -> Option<Cow<'a, str>> {
        let Value::Text(text) = value else {
            self.fault(field, format!("is {}, not a text", value.kind()));
            return None;
        };
        // Bytes are at least as many as characters, and quickly counted.
        if text.len() > most {
            let length = text.chars().count();
            if length > most {
                self.fault(field, format!("has {length} characters, {most} at most are taken"));
                return None;
            }
        }
        (!text.is_empty()).then_some(text)
    }

    fn timestamp(&mut self, field: &'static str, value: &Value<'a>) {
        let Value::Text(text) = value else {
            let what = "not a text like 2026-03-04T05:06:07.089Z; milliseconds since 1970 are `ts`";
            return self.fault(field, format!("is {}, {what}", value.kind()));
        };
        match text.parse() {
            Ok(time) => self.event.timestamp = Some(time),
            Err(_) => self.fault(field, "is no time like 2026-03-04T05:06:07.089Z (RFC 3339)"),
        }
    }

    fn milliseconds(&mut self, value: &Value<'a>) {
        let time = match *value {
            Value::Number(Number::Unsigned(ms)) => i64::try_from(ms).ok().and_then(at),
            Value::Number(Number::Signed(ms)) => at(ms),
            #[allow(clippy::cast_possible_truncation, reason = "the cast stops at the ends of i64")]
            Value::Number(Number::Float(ms)) => at(ms as i64),
            _ => {
                let what = format!("is {}, not a number of milliseconds since 1970", value.kind());
                return self.fault("ts", what);
            }
        };
        match time {
            Some(time) => self.milliseconds = Some(time),
            None => self.fault("ts", "is no time: it counts milliseconds since 1970"),
        }
    }

    fn level(&mut self, value: Value<'a>) {
        let given = match value {
            Value::Text(text) => text,
            Value::Number(Number::Unsigned(number)) => Cow::Owned(number.to_string()),
            other => return self.fault("level", format!("is {}, not a word", other.kind())),
        };
        if given.len() > 64 {
            return self.fault("level", "has more than 64 bytes");
        }
        let level = Level::from_word(given.trim()).or_else(|| of_number(&given));
        if level.is_none_or(|level| level.as_str() != given) && !given.is_empty() {
            self.event.level_given = Some(given);
        }
        self.event.level = level;
    }

    fn object(&mut self, field: &'static str, value: Value<'a>) -> Object<'a> {
        match value {
            Value::Object(object) => object,
            other => {
                self.fault(field, format!("is {}, not an object", other.kind()));
                Object::default()
            }
        }
    }

    fn labels(&mut self, value: Value<'a>) {
        let labels = self.object("labels", value);
        if let Some((name, value)) = labels.0.iter().find(|(_, value)| !value.is_plain()) {
            let name = name.chars().take(100).collect::<String>();
            let what = format!("has {} in `{name}`; what nests is `payload`", value.kind());
            self.fault("labels", what);
        }
        self.event.labels = labels;
    }

    fn finish(mut self) -> Result<Event<'a>, Faults> {
        if !self.has_message {
            self.fault("message", "is missing: it says what happened");
        }
        if !self.faults.is_empty() {
            return Err(Faults(self.faults));
        }
        self.event.timestamp = self.event.timestamp.or(self.milliseconds);
        Ok(self.event)
    }
}

/// The time so many milliseconds after 1970.
fn at(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

/// The levels of pino and bunyan.
fn of_number(given: &str) -> Option<Level> {
    match given {
        "10" => Some(Level::Trace),
        "20" => Some(Level::Debug),
        "30" => Some(Level::Info),
        "40" => Some(Level::Warn),
        "50" => Some(Level::Error),
        "60" => Some(Level::Fatal),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(json: &str) -> String {
        Event::read(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_event_is_what_it_says() {
        let json = r#"{"timestamp":"2026-03-04T05:06:07.089Z","service":"cart","level":"warning",
            "message":"tr\u00e4ge","trace_id":"t1","request_id":"r1","host":"h1","client_ip":"192.0.2.7",
            "env":"test","version":"1.2","id":"e1","payload":{"ms":12.5,"of":[1,{"a":-2}]},
            "labels":{"team":"shop","n":1,"on":true},"extra":"kept","null":null,"ts":17}"#;
        let event = Event::read(json.as_bytes()).unwrap();
        assert_eq!(event.timestamp.unwrap().as_millisecond(), 1_772_600_767_089, "ts gives way");
        assert_eq!(
            (event.level, event.level_given.as_deref()),
            (Some(Level::Warn), Some("warning"))
        );
        assert_eq!(event.message, "träge");
        assert!(matches!(event.service, Some(Cow::Borrowed("cart"))), "lent, not copied");
        assert_eq!(event.other.0, [("extra".into(), Value::Text("kept".into()))]);
        let again = serde_json::to_string(&event).unwrap();
        assert!(again.contains(r#""payload":{"ms":12.5,"of":[1,{"a":-2}]}"#), "{again}");
        assert!(again.contains(r#""labels":{"team":"shop","n":1,"on":true}"#), "{again}");
        let first = Event { level_given: None, ..event.clone() };
        assert_eq!(Event::read(again.as_bytes()).unwrap(), first, "what is sent on is the same");
    }

    #[test]
    fn times_come_as_text_or_milliseconds_from_any_year() {
        for (json, ms) in [
            (r#"{"message":"m","ts":0}"#, 0),
            (r#"{"message":"m","ts":-1}"#, -1),
            (r#"{"message":"m","ts":1772600767089.9}"#, 1_772_600_767_089),
            (r#"{"message":"m","@timestamp":"2099-12-31T23:59:59+01:00"}"#, 4_102_441_199_000),
            (r#"{"message":"m","timestamp":"1970-01-01T00:00:00Z"}"#, 0),
        ] {
            let event = Event::read(json.as_bytes()).unwrap();
            assert_eq!(event.timestamp.unwrap().as_millisecond(), ms, "{json}");
        }
        assert_eq!(
            faults(r#"{"message":"m","ts":1e300}"#),
            "`ts` is no time: it counts milliseconds since 1970"
        );
        assert!(faults(r#"{"message":"m","timestamp":"yesterday"}"#).contains("RFC 3339"));
        assert!(faults(r#"{"message":"m","timestamp":1}"#).contains("are `ts`"));
    }

    #[test]
    fn levels_of_every_library_are_known_and_their_spelling_is_kept() {
        for (given, level, kept) in [
            (r#""ERROR""#, Some(Level::Error), None),
            (r#""err""#, Some(Level::Error), Some("err")),
            ("50", Some(Level::Error), Some("50")),
            (r#""audit""#, None, Some("audit")),
            (r#""""#, None, None),
        ] {
            let json = format!(r#"{{"message":"m","level":{given}}}"#);
            let event = Event::read(json.as_bytes()).unwrap();
            assert_eq!((event.level, event.level_given.as_deref()), (level, kept), "{given}");
        }
    }

    #[test]
    fn a_refusal_names_each_field_and_what_is_wrong_with_it() {
        let long = "é".repeat(129);
        let json = format!(
            r#"{{"service":"{long}","host":7,"labels":{{"a":[]}},"payload":"p","level":true}}"#
        );
        assert_eq!(
            faults(&json),
            "`service` has 129 characters, 128 at most are taken; `host` is a number, not a text; \
             `labels` has a list in `a`; what nests is `payload`; `payload` is a text, not an object; \
             `level` is a boolean, not a word; `message` is missing: it says what happened"
        );
        assert_eq!(faults("[1]"), "it is a list, not an object");
        assert_eq!(faults(r#"{"message":""}"#), "`message` is empty: it says what happened");
    }

    #[test]
    fn what_engines_do_not_take_is_refused_before_them() {
        assert!(faults(r#"{"message":"m","a":NaN}"#).contains("no JSON"));
        assert!(faults(r#"{"message":"m","message":"n"}"#).contains("`message` is given twice"));
        assert!(
            faults(r#"{"message":"m","payload":{"a":1,"a":2}}"#).contains("`a` is given twice")
        );
        let many: String = (0..40).map(|n| format!(r#""f{n}":1,"#)).collect();
        assert!(
            faults(&format!(r#"{{{many}"message":"m","f7":2}}"#)).contains("`f7` is given twice")
        );
        let deep = format!(r#"{{"message":"m","a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(faults(&deep), "it nests deeper than 127");
        let large = format!(r#"{{"message":"{}"}}"#, "m".repeat(MAX_BYTES));
        assert_eq!(faults(&large), "it has 1048590 bytes, 1048576 at most are taken");
        assert!(Event::read(b"{\"message\":\"\xff\"}").is_err());
        assert!(Event::read(b"").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Event::read(&bytes);
        }
    }
}
