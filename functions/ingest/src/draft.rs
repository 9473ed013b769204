//! An event in the making, from what another protocol says.

use std::borrow::Cow;

use jiff::Timestamp;
use logmill_event::{Number, Object, Value};

/// The most characters of a service's name, and of the other names that an event has.
const SERVICE: usize = 128;
const NAME: usize = 255;
const TRACE: usize = 64;

/// The fields of an event. A name that is there already is not given twice, and what says nothing is
/// left out.
#[derive(Debug, Default)]
pub(crate) struct Draft<'a>(Object<'a>);

impl<'a> Draft<'a> {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    pub(crate) fn set(&mut self, name: &'static str, value: Value<'a>) {
        let says_nothing = match &value {
            Value::Null => true,
            Value::Text(text) => text.is_empty(),
            Value::Object(object) => object.is_empty(),
            _ => false,
        };
        if !says_nothing && !self.has(name) {
            self.0.0.push((Cow::Borrowed(name), value));
        }
    }

    pub(crate) fn text(&mut self, name: &'static str, text: impl Into<Cow<'a, str>>) {
        self.set(name, Value::Text(text.into()));
    }

    /// A name that events have in this field, cut where it is longer than they may have it: no
    /// agent can do anything about it, and the whole of it stands among the attributes.
    pub(crate) fn name(&mut self, field: &'static str, name: &str) {
        let most = match field {
            "service" => SERVICE,
            "trace_id" | "request_id" => TRACE,
            _ => NAME,
        };
        self.text(field, name.chars().take(most).collect::<String>());
    }

    /// The time, in nanoseconds since 1970; 0 is none.
    pub(crate) fn nanoseconds(&mut self, nanoseconds: u64) {
        if nanoseconds > 0
            && let Ok(time) = Timestamp::from_nanosecond(i128::from(nanoseconds))
        {
            self.text("timestamp", time.to_string());
        }
    }

    pub(crate) fn into_fields(self) -> Object<'a> {
        self.0
    }
}

/// Adds a field to an object, if its name is not there yet.
pub(crate) fn push<'a>(object: &mut Object<'a>, name: Cow<'a, str>, value: Value<'a>) {
    if object.get(&name).is_none() {
        object.0.push((name, value));
    }
}

/// A number as JSON has it; NaN and the infinite become their names.
pub(crate) fn float<'a>(number: f64) -> Value<'a> {
    if number.is_finite() {
        Value::Number(Number::Float(number))
    } else {
        Value::Text(number.to_string().into())
    }
}

/// A number as JSON has it.
pub(crate) fn integer<'a>(number: i64) -> Value<'a> {
    Value::Number(u64::try_from(number).map_or(Number::Signed(number), Number::Unsigned))
}
