//! What the function that indexes service logs reads.

use super::read::Reader;
use super::{Endpoints, Faults, OpenSearch, Telemetry};

/// The most fields that are promoted.
const MOST_PROMOTED: usize = 200;

/// All that the function `consume` reads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Consume {
    /// Addresses that take the place of AWS' own.
    pub endpoints: Endpoints,
    /// How OpenSearch is reached.
    pub opensearch: OpenSearch,
    /// The bucket of the dead letters.
    pub dead_letter_bucket: String,
    /// What the process tells about itself.
    pub telemetry: Telemetry,
    /// Names of the masking rules that are switched off.
    pub mask_except: Vec<String>,
    /// The most bytes of one bulk request.
    pub bulk_bytes: usize,
    /// What is set for the events themselves.
    pub events: Events,
    /// Whether the mapping reads which records failed; else the function fails for all of them.
    pub reports_failures: bool,
}

/// What is set for the events of services.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Events {
    /// Topics whose messages may be lines of text.
    pub raw_topics: Vec<String>,
    /// Where the patterns are that name the fields of messages, in their order: `bundled`, the name
    /// of a bundled one, a path, or `s3://bucket/key`.
    pub patterns: Vec<String>,
    /// Where the databases of addresses are: paths, or `s3://bucket/key`.
    pub geoip: Vec<String>,
    /// The environment of events that do not say theirs.
    pub env: String,
    /// Paths of numbers that become fields `num.…`.
    pub numbers: Vec<String>,
    /// Paths of words that become fields `key.…`.
    pub words: Vec<String>,
}

impl Consume {
    /// Reads and checks all that the function `consume` needs.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&get);
        let consume = Self::from_reader(&mut reader);
        reader.finish(consume)
    }

    /// Checks all but the settings that refer to secrets ([`super::templates`]).
    ///
    /// # Errors
    /// All faults at once.
    pub fn check(get: impl Fn(&str) -> Option<String>) -> Result<(), Faults> {
        let mut reader = Reader::before_secrets(&get);
        Self::from_reader(&mut reader);
        reader.finish(())
    }

    fn from_reader(reader: &mut Reader<'_>) -> Self {
        Self {
            endpoints: Endpoints::from_reader(reader),
            opensearch: OpenSearch::from_reader(reader),
            dead_letter_bucket: reader.bucket("LOGMILL_DEAD_LETTER_BUCKET"),
            telemetry: Telemetry::from_reader(reader),
            mask_except: reader.list("LOGMILL_MASK_EXCEPT"),
            bulk_bytes: reader.number("LOGMILL_BULK_BYTES", 64 * 1024, 90 * 1024 * 1024),
            events: Events::from_reader(reader),
            reports_failures: reader
                .one_of("LOGMILL_PARTIAL_BATCHES", &[("off", false), ("on", true)]),
        }
    }
}

/// The topics of the service logs.
///
/// # Errors
/// All faults at once.
pub fn topics(get: impl Fn(&str) -> Option<String>) -> Result<Vec<String>, Faults> {
    const NAME: &str = "LOGMILL_TOPICS";
    let mut reader = Reader::new(&get);
    let topics = reader.list(NAME);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    for topic in &topics {
        if topic.len() > 249 || !topic.bytes().all(allowed) {
            let rule = "at most 249 of a-z, A-Z, 0-9, `-`, `_`, `.`";
            reader
                .fault_of(NAME, format!("names `{topic}`, which is no topic's name: give {rule}"));
        }
    }
    reader.finish(topics)
}

impl Events {
    /// Reads and checks what is set for the events of services.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&get);
        let events = Self::from_reader(&mut reader);
        reader.finish(events)
    }

    fn from_reader(reader: &mut Reader<'_>) -> Self {
        let (numbers, words) = promoted(reader);
        Self {
            raw_topics: reader.list("LOGMILL_RAW_TOPICS"),
            patterns: reader.list("LOGMILL_PATTERNS"),
            geoip: reader.list("LOGMILL_GEOIP"),
            env: reader.text("LOGMILL_ENV").unwrap_or_default(),
            numbers,
            words,
        }
    }
}

/// The paths of numbers and of words that are promoted.
fn promoted(reader: &mut Reader<'_>) -> (Vec<String>, Vec<String>) {
    const NAME: &str = "LOGMILL_PROMOTED";
    let (mut numbers, mut words) = (Vec::new(), Vec::new());
    let names = reader.list(NAME);
    if names.len() > MOST_PROMOTED {
        reader.fault_of(NAME, format!("has {} fields, {MOST_PROMOTED} at most", names.len()));
        return (numbers, words);
    }
    for name in &names {
        let of_parts = |path: &str| !path.split('.').any(str::is_empty);
        match name.split_once('.') {
            Some(("num", path)) if of_parts(path) => numbers.push(path.to_owned()),
            Some(("key", path)) if of_parts(path) => words.push(path.to_owned()),
            _ => {
                let example = "num.payload.duration_ms for a number, key.labels.team for a word";
                reader.fault_of(NAME, format!("names `{name}`: give {example}"));
            }
        }
        let inner = format!("{name}.");
        if let Some(other) = names.iter().find(|other| other.starts_with(&inner)) {
            let problem = format!("has `{name}` and `{other}`, of which one lies in the other");
            reader.fault_of(NAME, problem);
        }
    }
    (numbers, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Consume, Faults> {
        Consume::read(|name| {
            let search = [("OPENSEARCH_URL", "http://127.0.0.1:9200")];
            let mut all = settings.iter().chain(&search);
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn one_setting_is_enough_to_index_service_logs() {
        let consume = read(&[]).unwrap();
        assert_eq!(consume.events.raw_topics, ["logs.raw"]);
        assert_eq!(consume.events.patterns, ["bundled"]);
        assert_eq!((consume.events.env.as_str(), consume.events.geoip.len()), ("prod", 0));
        assert!(!consume.reports_failures, "else a mapping that cannot read it would lose records");
    }

    #[test]
    fn topics_are_those_of_either_name() {
        let read = |value: &'static str| {
            topics(move |name| (name == "KAFKA_INPUT_TOPIC").then(|| value.to_owned()))
        };
        assert_eq!(topics(|_| None).unwrap(), ["app-logs", "logs.raw"]);
        assert_eq!(read("orders").unwrap(), ["orders"]);
        let fault = read("a, b c").unwrap_err().to_string();
        assert!(fault.contains("KAFKA_INPUT_TOPIC (LOGMILL_TOPICS): names `b c`"), "{fault}");
    }

    #[test]
    fn the_former_systems_name_for_the_database_of_addresses_is_taken() {
        let consume = read(&[("GEOIP_DB_PATH", "/opt/GeoLite2-City.mmdb")]).unwrap();
        assert_eq!(consume.events.geoip, ["/opt/GeoLite2-City.mmdb"]);
    }

    #[test]
    fn promoted_fields_are_told_apart_and_wrong_ones_named() {
        let names = "num.payload.ms, key.labels.team,num.fields.http.response.status_code";
        let events = read(&[("LOGMILL_PROMOTED", names)]).unwrap().events;
        assert_eq!(events.numbers, ["payload.ms", "fields.http.response.status_code"]);
        assert_eq!(events.words, ["labels.team"]);
        for (names, problem) in [
            ("payload.ms", "names `payload.ms`: give num.payload.duration_ms"),
            ("num.a..b", "names `num.a..b`"),
            ("num.a,num.a.b", "has `num.a` and `num.a.b`"),
        ] {
            let faults = read(&[("LOGMILL_PROMOTED", names)]).unwrap_err().to_string();
            assert!(faults.contains(problem), "{faults}");
        }
        let many: Vec<_> = (0..201).map(|n| format!("num.a{n}")).collect();
        let faults = read(&[("LOGMILL_PROMOTED", &many.join(","))]).unwrap_err().to_string();
        assert!(faults.contains("201 fields, 200 at most"), "{faults}");
    }
}
