//! The document in which a user says what lines look like.
//!
//! ```toml
//! names = "ecs"                      # the bundled patterns' names of fields: "ecs" or "legacy"
//!
//! [patterns]                         # patterns of one's own, which may stand in one another
//! ORDER = 'order=%{INT:[order][id]:int}'
//!
//! [[entry]]                          # tried in this order; the first that fits wins
//! name = "order"                     # what `grok_pattern` says; by default the pattern or function
//! match = '^%{ORDER} from %{IP:client_ip}$'
//!
//! [[entry]]
//! parse = "parse_nginx_log"          # a function
//! with = { format = "combined" }     # its arguments
//! field = "message"                  # the field that it reads, by default this one
//! types = { status = "string" }      # other types than it gives: string, int, float, bool
//! ```

use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::Fault;
use crate::field::{Field, Kind};
use crate::functions::Function;
use crate::grok::Grok;
use crate::library::{Library, Naming};
use crate::patterns::{Entry, Patterns, Work};

/// The most bytes of a document.
const MAX_BYTES: usize = 4 << 20;

/// Compiles a document.
///
/// # Errors
/// All that is wrong with it, by line.
pub(crate) fn compile(text: &str) -> Result<Patterns, Vec<Fault>> {
    if text.len() > MAX_BYTES {
        let what = format!("a document of patterns has at most {MAX_BYTES} bytes");
        return Err(vec![Fault::pattern(what)]);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, faults: Vec::new(), library: Library::empty() };
    for error in errors {
        let at = error.span().unwrap_or_default();
        reader.fault(&at, error.message().to_owned());
    }
    let entries = reader.document(table.get_ref());
    if reader.faults.is_empty() {
        return Ok(Patterns::new(entries));
    }
    reader.faults.sort_by_key(Fault::line);
    reader.faults.dedup();
    Err(reader.faults)
}

struct Reader<'a> {
    text: &'a str,
    faults: Vec<Fault>,
    library: Library,
}

/// An entry as it was read, where each part of it stands.
#[derive(Default)]
struct Draft {
    name: Option<String>,
    pattern: Option<(String, Range<usize>)>,
    function: Option<(String, Range<usize>)>,
    with: Map<String, Value>,
    field: Option<Field>,
    target: Option<Field>,
    types: Vec<(Field, Kind)>,
    overwrite: Vec<Field>,
    keep_empty: bool,
}

impl Reader<'_> {
    fn fault(&mut self, at: &Range<usize>, what: String) {
        let before = self.text.as_bytes().get(..at.start).unwrap_or_default();
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        self.faults.push(Fault::pattern(what).at_line(line));
    }

    fn text(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                self.fault(&value.span(), format!("{key} must be a text in quotes"));
                None
            }
        }
    }

    fn document(&mut self, table: &DeTable<'_>) -> Vec<Entry> {
        let mut naming = Naming::default();
        if let Some(value) = table.get("names") {
            match self.text(value, "names").as_deref() {
                Some("ecs") | None => {}
                Some("legacy") => naming = Naming::Legacy,
                Some(other) => {
                    let what = format!("names must be \"ecs\" or \"legacy\", not \"{other}\"");
                    self.fault(&value.span(), what);
                }
            }
        }
        self.library = Library::bundled(naming).clone();
        let mut entries = Vec::new();
        for (key, value) in table {
            match &**key.get_ref() {
                "names" => {}
                "patterns" => {}
                "entry" => entries = self.entries(value),
                other => self.unknown(key, other, "names, patterns and entry"),
            }
        }
        if let Some(value) = table.get("patterns") {
            self.definitions(value);
        }
        entries.into_iter().filter_map(|(draft, at)| self.entry(draft, &at)).collect()
    }

    fn unknown(&mut self, key: &Spanned<std::borrow::Cow<'_, str>>, name: &str, known: &str) {
        self.fault(&key.span(), format!("there is no key {name} here; there are {known}"));
    }

    /// Adds the patterns, then compiles each, so that one that nothing uses yet is seen, too.
    fn definitions(&mut self, value: &Spanned<DeValue<'_>>) {
        let DeValue::Table(table) = value.get_ref() else {
            return self
                .fault(&value.span(), "patterns must be a table: NAME = 'pattern'".to_owned());
        };
        let mut added = Vec::new();
        for (key, value) in table {
            let Some(pattern) = self.text(value, key.get_ref()) else { continue };
            match self.library.define(key.get_ref(), &pattern) {
                Ok(()) => added.push((pattern, value.span())),
                Err(fault) => self.fault(&key.span(), fault.what().to_owned()),
            }
        }
        for (pattern, at) in added {
            if let Err(fault) = Grok::new(&pattern, &self.library) {
                self.fault(&at, fault.what().to_owned());
            }
        }
    }

    fn entries(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(Draft, Range<usize>)> {
        let DeValue::Array(entries) = value.get_ref() else {
            self.fault(&value.span(), "an entry begins with [[entry]]".to_owned());
            return Vec::new();
        };
        let mut drafts = Vec::new();
        for entry in entries.iter() {
            match entry.get_ref() {
                DeValue::Table(table) => drafts.push((self.draft(table), entry.span())),
                _ => self.fault(&entry.span(), "an entry begins with [[entry]]".to_owned()),
            }
        }
        drafts
    }

    fn draft(&mut self, table: &DeTable<'_>) -> Draft {
        let mut draft = Draft::default();
        for (key, value) in table {
            match &**key.get_ref() {
                "name" => draft.name = self.text(value, "name"),
                "match" => {
                    draft.pattern = self.text(value, "match").map(|text| (text, value.span()));
                }
                "parse" => {
                    draft.function = self.text(value, "parse").map(|text| (text, value.span()));
                }
                "with" => match json(value.get_ref()) {
                    Value::Object(with) => draft.with = with,
                    _ => self.fault(&value.span(), "with must be a table of arguments".to_owned()),
                },
                "field" => draft.field = self.field(value, "field"),
                "target" => draft.target = self.field(value, "target"),
                "types" => draft.types = self.types(value),
                "overwrite" => draft.overwrite = self.overwrite(value),
                "keep_empty" => match value.get_ref() {
                    DeValue::Boolean(keep) => draft.keep_empty = *keep,
                    _ => self.fault(&value.span(), "keep_empty must be true or false".to_owned()),
                },
                other => self.unknown(
                    key,
                    other,
                    "name, match, parse, with, field, target, types, overwrite and keep_empty",
                ),
            }
        }
        draft
    }

    fn field(&mut self, value: &Spanned<DeValue<'_>>, key: &str) -> Option<Field> {
        let text = self.text(value, key)?;
        match Field::new(&text) {
            Ok(field) => Some(field),
            Err(what) => {
                self.fault(&value.span(), what);
                None
            }
        }
    }

    fn types(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(Field, Kind)> {
        let DeValue::Table(table) = value.get_ref() else {
            self.fault(&value.span(), "types must be a table: field = \"int\"".to_owned());
            return Vec::new();
        };
        let mut types = Vec::new();
        for (key, value) in table {
            let Some(kind) = self.text(value, key.get_ref()) else { continue };
            match (Field::new(key.get_ref()), Kind::new(&kind)) {
                (Ok(field), Some(kind)) => types.push((field, kind)),
                (Err(what), _) => self.fault(&key.span(), what),
                (_, None) => {
                    let what =
                        format!("there is no type {kind}; there are int, float, bool and string");
                    self.fault(&value.span(), what);
                }
            }
        }
        types
    }

    fn overwrite(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<Field> {
        let DeValue::Array(names) = value.get_ref() else {
            self.fault(&value.span(), "overwrite must be a list of fields".to_owned());
            return Vec::new();
        };
        names.iter().filter_map(|name| self.field(name, "overwrite")).collect()
    }

    fn entry(&mut self, draft: Draft, at: &Range<usize>) -> Option<Entry> {
        let (work, default_name) = match (draft.pattern, draft.function) {
            (Some((pattern, at)), None) => match Grok::new(&pattern, &self.library) {
                Ok(grok) => (Work::Match(Box::new(grok)), pattern),
                Err(fault) => {
                    self.fault(&at, fault.what().to_owned());
                    return None;
                }
            },
            (None, Some((function, at))) => {
                match Function::new(&function, &draft.with, &self.library) {
                    Ok(work) => (Work::Parse(work), function),
                    Err(what) => {
                        self.fault(&at, what);
                        return None;
                    }
                }
            }
            _ => {
                self.fault(at, "an entry needs either match or parse".to_owned());
                return None;
            }
        };
        let field = match draft.field {
            Some(field) => field,
            None => Field::new("message").ok()?,
        };
        Some(Entry {
            name: draft.name.unwrap_or(default_name),
            field,
            work,
            target: draft.target,
            types: draft.types,
            overwrite: draft.overwrite,
            keep_empty: draft.keep_empty,
        })
    }
}

/// A value of the document as JSON, for the arguments of a function.
fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(is) => Value::Bool(*is),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(values) => values.iter().map(|value| json(value.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())))
            .collect::<Map<_, _>>()
            .into(),
    }
}
