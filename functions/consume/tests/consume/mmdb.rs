//! Writes a database in MaxMind's format (MaxMind DB file format specification 2.0), of networks of
//! IPv4, for tests and benches: none is shipped.

use serde_json::{Map, Value, json};

/// The size of a record of the search tree, in bits.
const RECORD: usize = 32;
/// What stands between the tree and the data.
const SEPARATOR: usize = 16;

/// A database of networks, each an address and the length of its prefix.
pub(crate) fn database(
    kind: &str,
    networks: impl IntoIterator<Item = ([u8; 4], u8, Value)>,
) -> Vec<u8> {
    let (mut nodes, mut data, mut places) = (vec![[Slot::Nothing; 2]], Vec::new(), Vec::new());
    for (address, prefix, value) in networks {
        places.push(data.len());
        encode(&value, &mut data);
        let (bits, mut node) = (u32::from_be_bytes(address), 0);
        for depth in 0..prefix {
            let side = (bits >> (31 - depth) & 1) as usize;
            if depth + 1 == prefix {
                nodes[node][side] = Slot::Data(places.len() - 1);
            } else {
                let next = match nodes[node][side] {
                    Slot::Node(next) => next,
                    _ => {
                        nodes.push([Slot::Nothing; 2]);
                        nodes.len() - 1
                    }
                };
                nodes[node][side] = Slot::Node(next);
                node = next;
            }
        }
    }
    let mut file = Vec::new();
    for slot in nodes.iter().flatten() {
        let record = match slot {
            Slot::Nothing => nodes.len(),
            Slot::Node(node) => *node,
            Slot::Data(at) => nodes.len() + SEPARATOR + places[*at],
        };
        file.extend_from_slice(&u32::try_from(record).unwrap().to_be_bytes());
    }
    file.extend_from_slice(&[0; SEPARATOR]);
    file.append(&mut data);
    file.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    metadata(kind, nodes.len(), &mut file);
    file
}

#[derive(Clone, Copy)]
enum Slot {
    Nothing,
    Node(usize),
    Data(usize),
}

fn metadata(kind: &str, nodes: usize, file: &mut Vec<u8>) {
    let fields: [(&str, Value); 8] = [
        ("binary_format_major_version", json!(2)),
        ("binary_format_minor_version", json!(0)),
        ("build_epoch", json!(1_772_600_767)),
        ("database_type", json!(kind)),
        ("description", json!({ "en": "for tests" })),
        ("ip_version", json!(4)),
        ("node_count", json!(nodes)),
        ("record_size", json!(RECORD)),
    ];
    let mut map: Map<String, Value> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    map.insert("languages".to_owned(), json!(["en"]));
    encode(&Value::Object(map), file);
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::String(text) => {
            control(2, text.len(), out);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Number(number) if number.is_f64() => {
            control(3, 8, out);
            out.extend_from_slice(&number.as_f64().unwrap().to_be_bytes());
        }
        Value::Number(number) => {
            let bytes = u32::try_from(number.as_u64().unwrap()).unwrap().to_be_bytes();
            control(6, 4, out);
            out.extend_from_slice(&bytes);
        }
        Value::Object(fields) => {
            control(7, fields.len(), out);
            for (name, value) in fields {
                encode(&json!(name), out);
                match (name.as_str(), value.as_u64()) {
                    ("build_epoch", Some(number)) => {
                        control(9, 8, out);
                        out.extend_from_slice(&number.to_be_bytes());
                    }
                    ("ip_version" | "record_size", Some(number)) => short(number, out),
                    (name, Some(number)) if name.starts_with("binary_format") => short(number, out),
                    _ => encode(value, out),
                }
            }
        }
        Value::Array(items) => {
            control(11, items.len(), out);
            items.iter().for_each(|item| encode(item, out));
        }
        Value::Null | Value::Bool(_) => unreachable!("databases have no such values"),
    }
}

/// A number of 16 bits, as the format wants some.
fn short(number: u64, out: &mut Vec<u8>) {
    control(5, 2, out);
    out.extend_from_slice(&u16::try_from(number).unwrap().to_be_bytes());
}

/// The byte that says type and size, and what follows it.
fn control(kind: u8, size: usize, out: &mut Vec<u8>) {
    assert!(size < 285, "longer than this writes");
    let short = u8::try_from(size.min(29)).unwrap();
    if kind > 7 {
        out.extend_from_slice(&[short, kind - 7]);
    } else {
        out.push(kind << 5 | short);
    }
    if size >= 29 {
        out.push(u8::try_from(size - 29).unwrap());
    }
}

/// A city as GeoLite2 has it.
pub(crate) fn city(country: &str, name: &str, latitude: f64, longitude: f64) -> Value {
    json!({
        "city": { "geoname_id": 2_643_743, "names": { "de": name, "en": name } },
        "continent": { "code": "EU", "names": { "en": "Europe" } },
        "country": { "iso_code": country, "names": { "de": country, "en": country } },
        "location": { "latitude": latitude, "longitude": longitude, "time_zone": "Europe/London" },
        "subdivisions": [{ "iso_code": "ENG", "names": { "en": "England" } }],
    })
}
