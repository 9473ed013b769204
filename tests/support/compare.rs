//! The documents of a disturbed function beside those of an undisturbed one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::http;

const PREFIX: &str = "logmill";
const KINDS: [&str; 3] = ["logs", "builds", "tests"];

/// Documents by index and id; those under one place are the same document twice.
pub type Found = BTreeMap<(String, String), Vec<Value>>;

/// What is not as it should be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Difference {
    /// Documents that are missing.
    pub lost: usize,
    /// Documents that should not be there, or not again, and objects that were completed again.
    pub doubled: usize,
    /// Documents with another body.
    pub changed: usize,
}

impl Difference {
    /// Whether all is as it should be.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Adds another one's numbers.
    pub fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.changed += other.changed;
    }
}

/// All documents of these deployments in the search at `port`.
pub async fn documents(port: u16, deployments: Vec<String>) -> Found {
    documents_in(port, PREFIX.to_owned(), deployments).await
}

/// The same of indices whose names begin with `prefix`; they are found under the usual names.
pub async fn documents_in(port: u16, prefix: String, deployments: Vec<String>) -> Found {
    let reading = tokio::task::spawn_blocking(move || {
        let mut found = Found::new();
        for kind in KINDS {
            let index = format!("{prefix}-{kind}");
            let path = format!("/{index}/_refresh?ignore_unavailable=true");
            assert_eq!(http::post(port, &path, &json!({})).status, 200);
            let query = json!({ "size": 10_000, "query": { "terms": {
                "deployment_key": deployments,
            } } });
            let path = format!("/{index}/_search?ignore_unavailable=true");
            let answer = http::post(port, &path, &query).json();
            let hits = answer["hits"]["hits"].as_array().unwrap_or_else(|| panic!("{answer}"));
            for hit in hits {
                let text = |name: &str| hit[name].as_str().unwrap_or_default().to_owned();
                let index = text("_index").replacen(&prefix, PREFIX, 1);
                found.entry((index, text("_id"))).or_default().push(hit["_source"].clone());
            }
        }
        found
    });
    reading.await.expect("the search answers")
}

/// How what was found differs from what was wanted; `explain` is told of each place.
pub fn compare(
    found: &Found,
    wanted: &Found,
    mut explain: impl FnMut(&str, &(String, String), &[Value], &[Value]),
) -> Difference {
    let mut difference = Difference::default();
    for (place, wanted) in wanted {
        assert_eq!(wanted.len(), 1, "{place:?} is there twice undisturbed");
        let found = found.get(place).map(Vec::as_slice).unwrap_or_default();
        if found.is_empty() {
            explain("lost", place, found, wanted);
            difference.lost += 1;
        } else if found.len() > 1 {
            explain("doubled", place, found, wanted);
            difference.doubled += 1;
        } else if found != wanted {
            explain("changed", place, found, wanted);
            difference.changed += 1;
        }
    }
    for (place, found) in found {
        if !wanted.contains_key(place) {
            explain("too many", place, found, &[]);
            difference.doubled += found.len();
        }
    }
    difference
}
