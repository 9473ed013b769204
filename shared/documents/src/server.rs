//! What engine answers.

use std::fmt;

use serde_json::Value;

/// A distribution of the engine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Distribution {
    /// OpenSearch.
    OpenSearch,
    /// Elasticsearch, of which version 8 is written for.
    Elasticsearch,
}

/// What an engine says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Server {
    /// Whose it is.
    pub distribution: Distribution,
    /// Its version, `3.4.0` for example.
    pub version: String,
}

impl Server {
    /// Reads the answer to `GET /`.
    pub(crate) fn of(answer: &Value) -> Option<Self> {
        let version = answer["version"]["number"].as_str()?.to_owned();
        let distribution = match answer["version"]["distribution"].as_str() {
            Some("opensearch") => Distribution::OpenSearch,
            // Elasticsearch names none.
            _ => Distribution::Elasticsearch,
        };
        Some(Self { distribution, version })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.distribution {
            Distribution::OpenSearch => "OpenSearch",
            Distribution::Elasticsearch => "Elasticsearch",
        };
        write!(f, "{name} {}", self.version)
    }
}
