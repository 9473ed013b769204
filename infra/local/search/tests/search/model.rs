//! Random changes and queries against a plain model in memory. The seed is printed; run again with
//! `LOGMILL_SEED`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::client::{Server, template};

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}

const WORDS: [&str; 5] = ["error", "main.rs", "timeout", "java", "ok"];

fn document(random: &mut Random) -> Value {
    let words: Vec<_> = (0..random.below(4)).map(|_| WORDS[random.below(5) as usize]).collect();
    let mut document = json!({ "message": words.join(" "), "line": random.below(20) });
    if random.below(3) > 0 {
        document["service"] = json!(format!("s{}", random.below(4)));
    }
    if random.below(2) > 0 {
        document["labels"] = json!({ "team": format!("t{}", random.below(3)) });
    }
    document
}

fn query(random: &mut Random, depth: u64) -> Value {
    match random.below(if depth == 0 { 6 } else { 8 }) {
        0 => json!({ "term": { "service": format!("s{}", random.below(5)) } }),
        1 => json!({ "range": { "line": { "gte": random.below(20), "lt": random.below(20) } } }),
        2 => json!({ "term": { "labels.team": format!("t{}", random.below(4)) } }),
        3 => {
            json!({ "exists": { "field": (["service", "labels", "labels.team"][random.below(3) as usize]) } })
        }
        4 => json!({ "match": { "message": (WORDS[random.below(4) as usize]) } }),
        5 => json!({ "prefix": { "service": (["s", "s1", "x"][random.below(3) as usize]) } }),
        _ => {
            let mut part = |max| -> Vec<Value> {
                (0..random.below(max)).map(|_| query(random, depth - 1)).collect()
            };
            let (filter, not, should) = (part(3), part(2), part(3));
            let minimum = u64::from(!should.is_empty());
            json!({ "bool": { "filter": filter, "must_not": not, "should": should, "minimum_should_match": minimum } })
        }
    }
}

fn matches(query: &Value, document: &Value) -> bool {
    let (kind, body) = query.as_object().unwrap().iter().next().unwrap();
    let (field, value) = body.as_object().unwrap().iter().next().unwrap();
    let of = |field: &str| document.pointer(&format!("/{}", field.replace('.', "/"))).cloned();
    match kind.as_str() {
        "term" => of(field).as_ref() == Some(value),
        "exists" => of(value.as_str().unwrap()).is_some(),
        "prefix" => of(field)
            .is_some_and(|text| text.as_str().unwrap().starts_with(value.as_str().unwrap())),
        "match" => of(field)
            .is_some_and(|text| text.as_str().unwrap().split(' ').any(|word| word == value)),
        "range" => {
            let line = of(field).unwrap().as_u64().unwrap();
            line >= value["gte"].as_u64().unwrap() && line < value["lt"].as_u64().unwrap()
        }
        _ => {
            let all = |key: &str| body[key].as_array().unwrap();
            let count = all("should").iter().filter(|query| matches(query, document)).count();
            all("filter").iter().all(|query| matches(query, document))
                && !all("must_not").iter().any(|query| matches(query, document))
                && (all("should").is_empty() || count > 0)
        }
    }
}

#[test]
fn random_queries_find_what_a_plain_model_finds() {
    let seed = std::env::var("LOGMILL_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from(std::process::id()) * 7_919 + 1);
    println!("LOGMILL_SEED={seed}");
    let mut random = Random(seed);
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::start(data.path());
    server.ok("PUT", "/_index_template/t", &template());
    let mut model: BTreeMap<String, Value> = BTreeMap::new();
    for round in 0..12 {
        let mut body = String::new();
        for _ in 0..40 {
            let number = random.below(150);
            let (index, id) = (format!("t-{}", number % 3), format!("{number:03}"));
            if random.below(4) == 0 {
                body.push_str(&format!(
                    "{}\n",
                    json!({ "delete": { "_index": index, "_id": id } })
                ));
                model.remove(&id);
            } else {
                let document = document(&mut random);
                body.push_str(&format!(
                    "{}\n{document}\n",
                    json!({ "index": { "_index": index, "_id": id } })
                ));
                model.insert(id, document);
            }
        }
        assert_eq!(server.send("POST", "/_bulk", &body).0, 200);
        if round % 4 == 3 {
            drop(server);
            server = Server::start(data.path());
        }
        server.ok("POST", "/_refresh", &Value::Null);
        for _ in 0..15 {
            let query = query(&mut random, 3);
            let wanted: Vec<_> = model
                .iter()
                .filter(|(_, document)| matches(&query, document))
                .map(|(id, _)| id.clone())
                .collect();
            assert_eq!(server.found("t", &query), wanted, "seed {seed}: {query}");
        }
    }
}
