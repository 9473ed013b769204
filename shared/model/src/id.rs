//! How deployments, objects and documents are named.
//!
//! Every name is computed from what it names: the same log has the same object key and the same
//! document ids for ever, so whatever arrives twice is written once. Keys and parts may hold any
//! text; in object keys and ids they are percent-encoded outside `[A-Za-z0-9._-]`.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::Timestamp;

/// The longest deployment key, in bytes.
const MAX_DEPLOYMENT_KEY: usize = 255;
/// The longest id that OpenSearch takes, in bytes.
const MAX_DOCUMENT_ID: usize = 512;
/// What is left as it is in a name: `[A-Za-z0-9._-]`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'_').remove(b'-');

/// The encoding of a key or part in object keys, user metadata and ids. The result holds only
/// `[A-Za-z0-9._%-]` and is never `.` or `..`, which some S3 clients would resolve as folders.
#[must_use]
pub fn encode(name: &str) -> String {
    if !name.is_empty() && name.bytes().all(|byte| byte == b'.') {
        return "%2E".repeat(name.len());
    }
    utf8_percent_encode(name, ENCODED).to_string()
}

/// What [`encode`] encoded. Text that is no valid encoding is returned as it stands.
#[must_use]
pub fn decode(encoded: &str) -> String {
    percent_decode_str(encoded)
        .decode_utf8()
        .map_or_else(|_| encoded.to_owned(), std::borrow::Cow::into_owned)
}

/// A deployment's key within 255 bytes: a longer one is cut and ends in the hash of the whole.
#[must_use]
pub fn deployment_key(wanted: &str) -> String {
    shorten(wanted, MAX_DEPLOYMENT_KEY)
}

/// The id of the document about line `line` of a log: a record, or a single test.
#[must_use]
pub fn line_document_id(deployment_key: &str, part: &str, line: u64) -> String {
    let id = format!("{}/{}/{line}", encode(deployment_key), encode(part));
    shorten(&id, MAX_DOCUMENT_ID)
}

/// The id of the build document of a log.
#[must_use]
pub fn build_document_id(deployment_key: &str, part: &str) -> String {
    shorten(&format!("{}/{}", encode(deployment_key), encode(part)), MAX_DOCUMENT_ID)
}

/// What stands for a Kafka cluster in ids: its name, an ARN for example, as 16 hexadecimal digits of its
/// hash.
#[must_use]
pub fn cluster(name: &str) -> String {
    hex(name, 8)
}

/// The id of the document about a record of a service's log, by its place in Kafka: `cluster` as
/// [`cluster`] makes it, and the record's time in milliseconds since 1970, for a topic may be made anew.
#[must_use]
pub fn kafka_document_id(
    cluster: &str,
    topic: &str,
    partition: i32,
    offset: i64,
    at_ms: i64,
) -> String {
    let topic = utf8_percent_encode(topic, ENCODED);
    shorten(&format!("{cluster}/{topic}/{partition}/{offset}/{at_ms}"), MAX_DOCUMENT_ID)
}

/// The id of the document about a record of a service's log, by the id that the service gave it.
#[must_use]
pub fn service_document_id(service: &str, id: &str) -> String {
    let (service, id) = (utf8_percent_encode(service, ENCODED), utf8_percent_encode(id, ENCODED));
    shorten(&format!("{service}/{id}"), MAX_DOCUMENT_ID)
}

/// What stands for an id that is made of what must not be shown.
#[must_use]
pub fn hidden(id: &str) -> String {
    hex(id, 16)
}

/// The beginning of a text's hash.
fn hex(text: &str, bytes: usize) -> String {
    Sha256::digest(text.as_bytes()).iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

/// `text`, or its beginning and its hash where it is longer than `max` bytes.
fn shorten(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let hash = hex(text, 16);
    let kept = text.floor_char_boundary(max - hash.len() - 1);
    format!("{}-{hash}", &text[..kept])
}

/// How an object is stored; its key ends accordingly.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Storage {
    /// The log as it is.
    #[default]
    Plain,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
    /// `.zip`, of one log or several.
    Zip,
}

impl Storage {
    const ALL: [Self; 4] = [Self::Plain, Self::Gzip, Self::Zstd, Self::Zip];

    const fn suffix(self) -> &'static str {
        match self {
            Self::Plain => ".log",
            Self::Gzip => ".log.gz",
            Self::Zstd => ".log.zst",
            Self::Zip => ".log.zip",
        }
    }
}

/// The place of a CI log in the bucket `deployment-logs`:
/// `year=YYYY/month=MM/day=DD/hour=HH/{deployment_key}.log`, or `…/{deployment_key}/{part}.log`
/// for a deployment with several.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ObjectKey {
    /// The deployment that the log belongs to.
    pub deployment_key: String,
    /// Which of its logs it is; `""` where there is only one.
    pub part: String,
    /// When the run was created, to the hour, UTC; none for an object outside the layout.
    pub hour: Option<DateTime>,
    /// How it is stored.
    pub storage: Storage,
}

impl ObjectKey {
    /// The key of a log in the layout.
    #[must_use]
    pub fn new(deployment: &str, part: &str, created_at: Timestamp, storage: Storage) -> Self {
        let created = Offset::UTC.to_datetime(created_at);
        Self {
            deployment_key: deployment_key(deployment),
            part: part.to_owned(),
            hour: Some(created.date().at(created.hour(), 0, 0, 0)),
            storage,
        }
    }

    /// Reads an object's key, already URL-decoded once if it comes from an S3 event. Every key is
    /// one: outside the layout, the key without its suffix names a deployment with one log.
    #[must_use]
    pub fn parse(key: &str) -> Self {
        Self::parse_layout(key).unwrap_or_else(|| {
            let (name, storage) =
                split_suffix(key).or_else(|| split_packed(key)).unwrap_or((key, Storage::Plain));
            Self { deployment_key: deployment_key(name), part: String::new(), hour: None, storage }
        })
    }

    fn parse_layout(key: &str) -> Option<Self> {
        let mut parts = key.splitn(5, '/');
        let mut number = |name: &str| -> Option<i16> {
            let digits = parts.next()?.strip_prefix(name)?.strip_prefix('=')?;
            let width = if name == "year" { 4 } else { 2 };
            (digits.len() == width && digits.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| digits.parse().ok())
                .flatten()
        };
        let (year, month) = (number("year")?, number("month")?);
        let (day, hour) = (number("day")?, number("hour")?);
        let small = |n: i16| i8::try_from(n).ok();
        let hour = DateTime::new(year, small(month)?, small(day)?, small(hour)?, 0, 0, 0).ok()?;
        let (name, storage) = split_suffix(parts.next()?)?;
        let (deployment, part) = name.split_once('/').unwrap_or((name, ""));
        if deployment.is_empty() || part.contains('/') {
            return None;
        }
        Some(Self {
            deployment_key: decode(deployment),
            part: decode(part),
            hour: Some(hour),
            storage,
        })
    }
}

impl std::fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(hour) = self.hour else {
            return write!(f, "{}{}", self.deployment_key, self.storage.suffix());
        };
        let (year, month, day) = (hour.year(), hour.month(), hour.day());
        write!(f, "year={year:04}/month={month:02}/day={day:02}/hour={:02}/", hour.hour())?;
        f.write_str(&encode(&self.deployment_key))?;
        if !self.part.is_empty() {
            write!(f, "/{}", encode(&self.part))?;
        }
        f.write_str(self.storage.suffix())
    }
}

/// A key without its suffix, and how the suffix says that it is stored.
fn split_suffix(key: &str) -> Option<(&str, Storage)> {
    Storage::ALL
        .into_iter()
        .find_map(|storage| Some((key.strip_suffix(storage.suffix())?, storage)))
        .filter(|(name, _)| !name.is_empty())
}

/// The same for what others upload: packed, whatever it was called before.
fn split_packed(key: &str) -> Option<(&str, Storage)> {
    [(".gz", Storage::Gzip), (".zst", Storage::Zstd), (".zip", Storage::Zip)]
        .into_iter()
        .find_map(|(suffix, storage)| Some((key.strip_suffix(suffix)?, storage)))
        .filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn storage() -> impl Strategy<Value = Storage> {
        prop::sample::select(Storage::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn a_log_is_found_under_the_key_it_was_stored_with(
            deployment in "\\PC{1,60}|[./%]{1,4}",
            part in "\\PC{0,60}|[./%]{1,4}",
            second in 0_i64..4_000_000_000,
            storage in storage(),
        ) {
            let at = Timestamp::from_second(second).unwrap();
            let key = ObjectKey::new(&deployment, &part, at, storage);
            prop_assert_eq!(ObjectKey::parse(&key.to_string()), key);
        }

        #[test]
        fn names_come_back_from_their_encoding(name in any::<String>()) {
            let encoded = encode(&name);
            prop_assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-%".contains(&b)));
            prop_assert_eq!(decode(&encoded), name);
        }

        #[test]
        fn different_lines_have_different_ids(
            a in ("[a/%]{0,3}", "[a/%]{0,3}", 0_u64..3),
            b in ("[a/%]{0,3}", "[a/%]{0,3}", 0_u64..3),
        ) {
            let id = |(key, part, line): &(String, String, u64)| line_document_id(key, part, *line);
            prop_assert_eq!(id(&a) == id(&b), a == b);
        }
    }

    #[test]
    fn a_record_has_one_id_however_often_it_comes_and_no_other_has_it() {
        let arn = cluster("arn:aws:kafka:eu-central-1:1:cluster/c/1");
        assert_eq!(arn.len(), 16);
        let id = kafka_document_id(&arn, "app-logs", 3, 17, 1_772_600_767_089);
        assert_eq!(id, format!("{arn}/app-logs/3/17/1772600767089"));
        let ids = [
            id,
            kafka_document_id(&arn, "app-logs", 31, 7, 1_772_600_767_089),
            kafka_document_id(&arn, "app-logs", 3, 17, 1_772_600_767_090),
            kafka_document_id(&cluster("b-1:9092"), "app-logs", 3, 17, 1_772_600_767_089),
            service_document_id("cart", "a/b"),
            service_document_id("cart/a", "b"),
            hidden(&service_document_id("cart", "a/b")),
            service_document_id(&"ä".repeat(128), &"é".repeat(255)),
        ];
        let all: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(all.len(), ids.len(), "{ids:?}");
        assert!(ids.iter().all(|id| id.len() <= MAX_DOCUMENT_ID));
    }

    #[test]
    fn long_names_are_cut_but_stay_apart() {
        let (a, b) = ("ä".repeat(300), format!("{}b", "ä".repeat(299)));
        let (a, b) = (deployment_key(&a), deployment_key(&b));
        assert!(a.len() <= MAX_DEPLOYMENT_KEY && b.len() <= MAX_DEPLOYMENT_KEY);
        assert_ne!(a, b);
        assert_eq!(deployment_key(&a), a, "a cut key stays as it is");
        assert!(line_document_id(&"k".repeat(255), &"ü".repeat(400), 1).len() <= MAX_DOCUMENT_ID);
    }

    #[test]
    fn objects_outside_the_layout_are_deployments_of_their_own() {
        let key = ObjectKey::parse("uploads/nightly build.log.gz");
        assert_eq!(key.deployment_key, "uploads/nightly build");
        assert_eq!((key.part.as_str(), key.hour, key.storage), ("", None, Storage::Gzip));
        assert_eq!(ObjectKey::parse("console.txt").deployment_key, "console.txt");
        assert_eq!(ObjectKey::parse("uploads/run.zip").deployment_key, "uploads/run");
        let bad_hour = ObjectKey::parse("year=2026/month=13/day=01/hour=00/x.log");
        assert_eq!(bad_hour.deployment_key, "year=2026/month=13/day=01/hour=00/x");
    }
}
