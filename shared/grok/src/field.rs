//! What a capture is called, and what becomes of its text.

use serde_json::{Map, Value};

/// Where a captured text goes, and as what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    path: Box<[Box<str>]>,
    kind: Kind,
}

/// What a captured text is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It stays what it is.
    Text,
    /// `int`, `integer`, `long`: the whole number that it begins with.
    Int,
    /// `float`, `double`: the number that it begins with.
    Float,
    /// `bool`, `boolean`.
    Bool,
}

impl Field {
    /// Reads `name`, `name:type` or `[outer][inner]:type`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let (name, kind) = match text.rsplit_once(':') {
            Some((name, kind)) => (name, Kind::new(kind).ok_or_else(|| unknown_kind(text, kind))?),
            None => (text, Kind::Text),
        };
        // Patterns of the field have "?" and the like at the end of some names.
        let name = name.trim_end_matches('?');
        let path: Box<[Box<str>]> = match name.strip_prefix('[') {
            Some(inner) => inner
                .trim_end_matches(']')
                .split("][")
                .map(|part| part.trim_end_matches('?').into())
                .collect(),
            None => [name.into()].into(),
        };
        if path.iter().any(|part| part.is_empty() || part.contains(['[', ']'])) {
            return Err(format!("\"{text}\" is no field: write name, or [outer][inner]"));
        }
        Ok(Self { path, kind })
    }

    /// The names from the outermost to its own.
    #[must_use]
    pub fn path(&self) -> &[Box<str>] {
        &self.path
    }

    /// What its text is made into.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether it holds what only the pattern itself needs: `[@metadata][…]`.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        &*self.path[0] == "@metadata"
    }

    /// Whether patterns name so an address of which one may ask where it is.
    #[must_use]
    pub fn is_address(&self) -> bool {
        is_address(&self.path)
    }

    /// The value that `text` becomes.
    #[must_use]
    pub fn value(&self, text: &str) -> Value {
        self.kind.value(text)
    }

    /// Puts a value under its path. What is there already and the new one become a list.
    pub fn put(&self, value: Value, fields: &mut Map<String, Value>) {
        put(fields, &self.path, value);
    }
}

fn unknown_kind(text: &str, kind: &str) -> String {
    format!("\"{text}\": there is no type {kind}; there are int, float, bool and string")
}

fn put(fields: &mut Map<String, Value>, path: &[Box<str>], value: Value) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        match fields.get_mut(&**first) {
            None => {
                fields.insert(first.to_string(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(before) => *before = Value::Array(vec![before.take(), value]),
        }
        return;
    }
    let inner = fields.entry(first.to_string()).or_insert_with(|| Value::Object(Map::new()));
    match inner {
        Value::Object(inner) => put(inner, rest, value),
        // The outer name has a value of its own; nothing is lost.
        _ => put(fields, &[path.join(".").into()], value),
    }
}

impl Kind {
    /// The type that `name` stands for.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        match name {
            "int" | "integer" | "long" => Some(Self::Int),
            "float" | "double" | "number" => Some(Self::Float),
            "bool" | "boolean" => Some(Self::Bool),
            "string" | "keyword" | "text" => Some(Self::Text),
            _ => None,
        }
    }

    /// `text` as this type; a number too large for it, or what is no truth value, stays text.
    #[must_use]
    pub fn value(self, text: &str) -> Value {
        let value = match self {
            Self::Text => None,
            Self::Int => whole(text),
            Self::Float => real(text),
            Self::Bool => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "1" => Some(Value::Bool(true)),
                "false" | "f" | "no" | "n" | "0" => Some(Value::Bool(false)),
                _ => None,
            },
        };
        value.unwrap_or_else(|| Value::String(text.to_owned()))
    }
}

/// The whole number at the beginning of `text`, 0 if there is none.
fn whole(text: &str) -> Option<Value> {
    let text = text.trim_start();
    let sign = usize::from(text.starts_with(['+', '-']));
    let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Some(0.into());
    }
    text[..sign + digits].parse::<i64>().ok().map(Value::from)
}

/// The number at the beginning of `text`, 0 if there is none.
fn real(text: &str) -> Option<Value> {
    let text = text.trim_start();
    let bytes = text.as_bytes();
    let digits =
        |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut end = usize::from(text.starts_with(['+', '-']));
    end += digits(end);
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits((end + 1 + sign).min(bytes.len()));
        end += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    let number: f64 = text[..end].parse().unwrap_or(0.0);
    serde_json::Number::from_f64(number).map(Value::Number)
}

/// The fields by which bundled patterns, functions and their users name the address of a client or of
/// another machine, dotted, in the order in which one asks them.
pub const ADDRESSES: [&str; 16] = [
    "client_ip",
    "clientip",
    "client.ip",
    "client.address",
    "source.ip",
    "source.address",
    "remote_addr",
    "remote_ip",
    "remote_host",
    "client",
    "client_host",
    "src_ip",
    "srcaddr",
    "ip_address",
    "ip",
    "host.ip",
];

fn is_address(path: &[Box<str>]) -> bool {
    let dotted = path.join(".");
    ADDRESSES.contains(&dotted.as_str())
}

/// The first of the [`ADDRESSES`] of `fields` that is an IP address: where it comes from may be asked.
#[must_use]
pub fn address(fields: &Map<String, Value>) -> Option<std::net::IpAddr> {
    ADDRESSES.iter().find_map(|name| {
        let text = match fields.get(*name) {
            Some(Value::String(text)) => text,
            _ => {
                let (outer, inner) = name.split_once('.')?;
                fields.get(outer)?.get(inner)?.as_str()?
            }
        };
        text.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Field, Kind, address};

    #[test]
    fn a_nested_name_goes_into_objects_and_a_repeated_one_into_a_list() {
        let mut fields = Map::new();
        let field = Field::new("[http][response][status_code]:int").unwrap();
        field.put(field.value("404"), &mut fields);
        let message = Field::new("message").unwrap();
        message.put("a".into(), &mut fields);
        message.put("b".into(), &mut fields);
        assert_eq!(
            Value::Object(fields),
            json!({"http": {"response": {"status_code": 404}}, "message": ["a", "b"]})
        );
    }

    #[test]
    fn a_name_within_a_name_that_has_a_value_is_not_lost() {
        let mut fields = Map::new();
        Field::new("error").unwrap().put("E1".into(), &mut fields);
        Field::new("[error][code]").unwrap().put(7.into(), &mut fields);
        assert_eq!(Value::Object(fields), json!({"error": "E1", "error.code": 7}));
    }

    #[test]
    fn numbers_are_what_a_text_begins_with_and_too_large_ones_stay_text() {
        assert_eq!(Kind::Int.value("12.7"), json!(12));
        assert_eq!(Kind::Int.value("-"), json!(0));
        assert_eq!(Kind::Int.value("99999999999999999999"), json!("99999999999999999999"));
        assert_eq!(Kind::Float.value("-1.5e3x"), json!(-1500.0));
        assert_eq!(Kind::Float.value("1e"), json!(1.0));
        assert_eq!(Kind::Bool.value("YES"), json!(true));
        assert_eq!(Kind::Bool.value("maybe"), json!("maybe"));
    }

    #[test]
    fn a_field_that_cannot_be_is_refused() {
        for text in ["", "[]", "[a]]b[", "a:colour", "[a[b]]"] {
            assert!(Field::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_client_of_a_bundled_pattern_is_found_under_each_of_its_names() {
        for fields in [
            json!({"clientip": "192.0.2.1"}),
            json!({"source": {"address": "192.0.2.1"}}),
            json!({"client_ip": "-", "client": {"ip": "192.0.2.1"}}),
            json!({"remote_addr": "192.0.2.1"}),
        ] {
            let found = address(fields.as_object().unwrap()).map(|ip| ip.to_string());
            assert_eq!(found.as_deref(), Some("192.0.2.1"), "{fields}");
        }
        assert_eq!(address(json!({"client": "example.org"}).as_object().unwrap()), None);
    }
}
