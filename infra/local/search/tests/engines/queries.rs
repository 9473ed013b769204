//! Random queries, as people write them.

use fastrand::Rng;
use logmill_documents::Kind;
use logmill_query::Query;
use logmill_query::field::{FIELDS, Field, FieldType};

use crate::documents::{PROMOTED, carries, moment, name, number, one, path, word};

/// A random query that the filter language takes, about documents of this kind.
pub(crate) fn query(random: &mut Rng, kind: Kind) -> (String, Query) {
    loop {
        let depth = random.u8(..4);
        let text = tree(random, kind, depth);
        if let Ok(query) = logmill_query::parse(&text) {
            return (text, query);
        }
    }
}

fn tree(random: &mut Rng, kind: Kind, depth: u8) -> String {
    if depth == 0 || random.u8(..4) == 0 {
        return leaf(random, kind);
    }
    let mut part = || tree(random, kind, depth - 1);
    let (first, second) = (part(), part());
    match random.u8(..6) {
        0 => format!("({first} OR {second})"),
        1 => format!("{first} OR {second}"),
        2 => format!("NOT ({first})"),
        3 => format!("-({first} {second})"),
        4 => format!("({first}) AND {second}"),
        _ => format!("{first} {second}"),
    }
}

fn leaf(random: &mut Rng, kind: Kind) -> String {
    if random.u8(..4) == 0 {
        return words(random);
    }
    if kind == Kind::Logs && random.u8(..4) == 0 {
        return match random.u8(..3) {
            0 => {
                let root = one(random, &["labels", "fields", "payload"]);
                if random.u8(..6) == 0 {
                    return format!("{root}=*");
                }
                let field = format!("{root}.{}", path(random));
                keyword(random, &field)
            }
            1 => {
                let field = format!("num.{}", one(random, PROMOTED));
                numeric(random, &field)
            }
            _ => {
                let field = format!("key.{}", one(random, PROMOTED));
                keyword(random, &field)
            }
        };
    }
    let fields: Vec<&Field> = FIELDS.iter().filter(|field| carries(kind, field)).collect();
    let field = fields[random.usize(..fields.len())];
    let shown = field.alias.filter(|_| random.bool()).unwrap_or(field.name);
    if random.u8(..8) == 0 {
        return format!("{shown}=*");
    }
    match field.field_type {
        FieldType::Keyword | FieldType::Flat => keyword(random, shown),
        FieldType::Enum { values, ordered } => {
            let value = one(random, values);
            if ordered {
                let operator = one(random, &["=", ">=", "<", "<=", ">"]);
                return format!("{shown}{operator}{value}");
            }
            format!("{shown}=({value} OR {})", one(random, values))
        }
        FieldType::Text => format!("{shown}={}", words(random)),
        FieldType::Date => date(random, shown),
        FieldType::Number => numeric(random, shown),
        FieldType::Boolean => format!("{shown}={}", random.bool()),
    }
}

fn words(random: &mut Rng) -> String {
    match random.u8(..5) {
        0 => {
            let word = word(random);
            let end = word.char_indices().nth(random.usize(3..6)).map_or(word.len(), |(at, _)| at);
            format!("{}*", quoted(&word[..end]))
        }
        1 | 2 => {
            let several: Vec<_> = (0..random.usize(2..4)).map(|_| word(random)).collect();
            quoted(&several.join(" "))
        }
        _ => quoted(word(random)),
    }
}

fn keyword(random: &mut Rng, field: &str) -> String {
    let value = quoted(name(random));
    match random.u8(..6) {
        0 => format!("{field}={value}*"),
        1 => format!("{field}=({value} OR {})", quoted(name(random))),
        2 => format!("{field}!={value}"),
        3 => format!("{field}=*"),
        _ => format!("{field}={value}"),
    }
}

fn numeric(random: &mut Rng, field: &str) -> String {
    let (value, other) = (number(random), number(random));
    match random.u8(..4) {
        0 => format!("{field}={value}"),
        1 => format!("{field}:[{value} TO {other}}}"),
        2 => format!("{field}:{{* TO {other}]"),
        _ => format!("{field}{}{value}", one(random, &[">", ">=", "<", "<="])),
    }
}

fn date(random: &mut Rng, field: &str) -> String {
    let mut value = || {
        let at = moment(random);
        if random.u8(..4) == 0 { at.strftime("%Y-%m-%d").to_string() } else { at.to_string() }
    };
    let (from, to) = (value(), value());
    match random.u8(..3) {
        0 => format!("{field}=\"{from}\""),
        1 => format!("{field}:[\"{from}\" TO \"{to}\"}}"),
        _ => format!("{field}{}\"{from}\"", one(random, &[">", ">=", "<", "<="])),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
