//! Random documents, from few values, so that random queries find some.

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use logmill_documents::Kind;
use logmill_query::field::{FIELDS, Field, FieldType, Kinds};
use serde_json::{Map, Value, json};

/// Words of messages: plain, short, with inner and outer points, capitals, other scripts.
const WORDS: &[&str] = &[
    "error",
    "Error:",
    "main.rs",
    "src/main.rs:12",
    "out",
    "of",
    "memory",
    "OutOfMemory",
    "time-out",
    "--no-verify",
    "v1.2.3-rc.1",
    "...maybe...",
    "ÄRGER",
    "straße",
    "İstanbul",
    "日本語のテキスト",
    "ΣΑΣ",
    "e\u{301}te",
    "\u{1F980}\u{1F980}\u{1F980}",
    "id=4711",
    "user@example",
    "FOO_BAR",
    "a",
    "ok",
    "\"quoted\"",
    "C:\\temp\\*.log",
    "١٢٣٤",
    "\u{10400}\u{10401}\u{10402}",
    "x\u{0}y\u{0}z",
    "failed",
    "failed,",
];

/// Values of keywords.
const NAMES: &[&str] = &[
    "",
    "a",
    "A",
    "shop",
    "shop-api",
    "shop api",
    "Unit Tests/linux",
    "ü",
    "z\u{10FFFF}",
    "\u{FFFD}x",
    "\"",
    "\\",
    "*",
    "a*",
    "1",
    "1.0",
    "true",
    "a.b",
    "null",
    "\u{1F980}",
    "\u{E000}",
];

/// The paths below flattened fields.
const PATHS: &[&str] = &["team", "a.b", "a.c", "deep.er.path", "Ü", "num", "with space"];

/// Paths of promoted fields.
pub(crate) const PROMOTED: &[&str] = &["one", "two.deep", "ü"];

/// When the documents are from: 2026-11-21T12:00:00Z.
pub(crate) fn noon() -> Timestamp {
    Timestamp::from_second(1_795_262_400).unwrap()
}

pub(crate) fn one<'a, T: ?Sized>(random: &mut Rng, from: &[&'a T]) -> &'a T {
    from[random.usize(..from.len())]
}

/// A random text of a message.
pub(crate) fn text(random: &mut Rng) -> String {
    if random.u8(..60) == 0 {
        return format!("long {} end", "x".repeat(random.usize(200..300)));
    }
    let words: Vec<_> = (0..random.usize(..7)).map(|_| one(random, WORDS)).collect();
    words.join(one(random, &[" ", "  ", "\n", ", ", "/", "\t"]))
}

/// A word that stands in some texts.
pub(crate) fn word(random: &mut Rng) -> &'static str {
    one(random, WORDS)
}

/// A value that some keywords have.
pub(crate) fn name(random: &mut Rng) -> &'static str {
    one(random, NAMES)
}

/// A number that some documents hold, as text.
pub(crate) fn number(random: &mut Rng) -> String {
    match random.u8(..8) {
        0 => "0".to_owned(),
        1 => "-3".to_owned(),
        2 => "2.5".to_owned(),
        3 => "9007199254740993".to_owned(),
        _ => random.u32(..20).to_string(),
    }
}

/// A moment around noon.
pub(crate) fn moment(random: &mut Rng) -> Timestamp {
    let minutes = match random.u8(..6) {
        0 => random.i64(-60 * 24 * 80..60 * 24),
        1 => 0,
        _ => random.i64(-300..300),
    };
    let span = SignedDuration::from_millis(minutes * 60_000 + random.i64(0..3) * 500);
    noon().checked_add(span).unwrap()
}

/// A path below a flattened field.
pub(crate) fn path(random: &mut Rng) -> &'static str {
    one(random, PATHS)
}

fn date(random: &mut Rng) -> Value {
    let at = moment(random);
    match random.u8(..12) {
        0 => json!(at.as_millisecond()),
        1 => json!(at.strftime("%Y-%m-%d").to_string()),
        2 => json!(at.strftime("%Y-%m-%dT%H:%M:%S+02:00").to_string()),
        3 => json!(format!("{}.123456789Z", at.strftime("%Y-%m-%dT%H:%M:%S"))),
        4 => json!(at.strftime("%Y-%m-%dT%H:%MZ").to_string()),
        5 => json!(at.strftime("%Y-%m-%dT%H:%M:%S").to_string()),
        6 => json!(at.as_millisecond().to_string()),
        _ => json!(at.to_string()),
    }
}

fn numeric(random: &mut Rng) -> Value {
    let text = number(random);
    match random.u8(..8) {
        0 => json!(text),
        1 => json!(random.f64() * 10.0),
        2 => Value::Null,
        _ => serde_json::from_str(&text).unwrap(),
    }
}

fn keyword(random: &mut Rng) -> Value {
    match random.u8(..25) {
        0 => json!(random.u8(..3)),
        1 => json!(random.bool()),
        2 => Value::Null,
        3 => json!("k".repeat(random.usize(7_999..8_002))),
        4 => json!(1.5),
        _ => json!(name(random)),
    }
}

fn flat(random: &mut Rng, depth: u8) -> Value {
    let mut object = Map::new();
    for _ in 0..random.u8(..4) {
        let value = match random.u8(..10) {
            0 if depth > 0 => flat(random, depth - 1),
            1 => json!([name(random), name(random)]),
            2 => json!(random.u8(..3)),
            3 => json!(random.bool()),
            4 => Value::Null,
            _ => json!(name(random)),
        };
        object.insert(path(random).to_owned(), value);
    }
    Value::Object(object)
}

/// One value of a field.
fn value(random: &mut Rng, field: &Field) -> Value {
    match field.field_type {
        FieldType::Keyword | FieldType::Flat => keyword(random),
        FieldType::Enum { values, .. } => json!(one(random, values)),
        FieldType::Text => json!(text(random)),
        FieldType::Date => date(random),
        FieldType::Number => numeric(random),
        FieldType::Boolean => match random.u8(..8) {
            0 => json!("true"),
            1 => json!(""),
            2 => Value::Null,
            _ => json!(random.bool()),
        },
    }
}

/// Whether documents of this kind carry the field.
pub(crate) fn carries(kind: Kind, field: &Field) -> bool {
    match field.kinds {
        // Records are in this part of the table for brevity; they have neither.
        Kinds::All if matches!(field.name, "duration_s" | "result") => kind != Kind::Logs,
        Kinds::All => true,
        Kinds::Logs => kind == Kind::Logs,
        Kinds::Builds => kind == Kind::Builds,
        Kinds::Tests => kind == Kind::Tests,
        Kinds::LogsAndTests => kind != Kind::Builds,
    }
}

/// Sets `path` (`a.b`) of a document.
fn set(document: &mut Value, path: &str, value: Value) {
    let mut at = document;
    for name in path.split('.') {
        at = &mut at[name];
    }
    *at = value;
}

/// What no field of its type takes.
fn misfit(random: &mut Rng, document: &mut Value) {
    let (path, value) = match random.u8(..8) {
        0 => ("line", json!("no number")),
        1 => ("@timestamp", json!("yesterday")),
        2 => ("text_cut", json!("perhaps")),
        3 => ("message", json!({ "an": "object" })),
        4 => ("labels", json!("no object")),
        5 => ("line", json!(1e30)),
        6 => ("part", json!({ "an": "object" })),
        _ => ("num", json!(5)),
    };
    document[path] = value;
}

/// A random document of a deployment; `unique` is its id.
pub(crate) fn document(random: &mut Rng, kind: Kind, key: &str, unique: &str) -> Value {
    let mut document = json!({ "deployment_key": key, "@timestamp": date(random) });
    for field in FIELDS.iter().filter(|field| carries(kind, field)) {
        if matches!(field.name, "deployment_key" | "@timestamp") || random.u8(..3) == 0 {
            continue;
        }
        let value = match random.u8(..14) {
            // Several dates of a document in one bucket are counted once by OpenSearch, and each
            // locally; no document of ours has several.
            0 if field.field_type != FieldType::Date => {
                json!([value(random, field), value(random, field)])
            }
            1 => json!([]),
            _ => value(random, field),
        };
        set(&mut document, field.name, value);
    }
    if kind == Kind::Logs {
        for root in ["labels", "fields", "payload"] {
            if random.bool() {
                document[root] = flat(random, 2);
            }
        }
        for path in PROMOTED {
            if random.bool() {
                set(&mut document, &format!("num.{path}"), numeric(random));
                set(&mut document, &format!("key.{path}"), keyword(random));
            }
        }
        document["geo"]["location"] = json!({ "lat": 52.5, "lon": 13.4 });
    }
    if random.bool() {
        document["nobody_maps_this"] = json!([{ "at": random.u8(..3) }]);
    }
    document["parser_version"] = json!(unique);
    if random.u8(..20) == 0 {
        misfit(random, &mut document);
    }
    document
}

/// The month that they are from.
pub(crate) fn month() -> logmill_documents::Month {
    logmill_documents::Month::of(noon())
}
