//! The format of a dead letter.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use logmill_model::{Timestamp, id};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version of the format that is written. Readers refuse a later one.
pub const FORMAT: u32 = 1;
/// The largest input that a letter holds, in bytes: more than any event that Lambda brings. Of a larger
/// one only the place is kept.
pub const MOST_INLINE: usize = 8 * 1024 * 1024;

/// One dead letter, as it stands in the bucket.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DeadLetter {
    /// The version of this format.
    pub format: u32,
    /// The function that gave up.
    pub function: String,
    /// Why it gave up.
    pub reason: Reason,
    /// When it did for the first time.
    pub first_at: Timestamp,
    /// When it did for the last time.
    pub last_at: Timestamp,
    /// How often it did.
    pub times: u64,
    /// How often it tried before it gave up the last time.
    pub attempts: u32,
    /// When the input came to be, by its own account; the letter lies under this day.
    pub occurred_at: Timestamp,
    /// Where the input came from.
    pub place: Place,
    /// The input itself.
    pub input: Input,
    /// When it was replayed for the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed_at: Option<Timestamp>,
    /// How often it was replayed.
    #[serde(default)]
    pub replays: u64,
}

/// Why a function gave up.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reason {
    /// A word for programs, such as `not_a_log`; part of the letter's id.
    pub kind: String,
    /// A sentence for people, masked.
    pub message: String,
}

/// Where an input came from; what is not known is left out.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Place {
    /// The object's bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The object's key, decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The object's version: its `ETag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The queue that brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// The queue's message id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The topic that brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The topic's partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<i32>,
    /// The partition's offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// The cluster of the topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The key of the topic's record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_key: Option<Input>,
    /// The headers of the topic's record, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
}

/// A header of a record of a topic.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value, if it has one.
    pub value: Option<Input>,
}

/// The input of a function.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "encoding", rename_all = "lowercase")]
pub enum Input {
    /// Text as it was.
    Text {
        /// The input.
        data: String,
    },
    /// Bytes that are no UTF-8.
    Base64 {
        /// The input in standard base64 with padding.
        data: String,
    },
    /// An input that is not held here: it is larger than [`MOST_INLINE`]. Its place has it.
    Omitted {
        /// Its size in bytes.
        bytes: u64,
    },
}

/// A failure to be kept: what becomes a letter.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// The function that gives up.
    pub function: String,
    /// Why.
    pub reason: Reason,
    /// How often it tried.
    pub attempts: u32,
    /// When the input came to be, by its own account: the event's time, the object's Last-Modified,
    /// the broker's or the queue's time stamp. Never the present time, or a repeat would be another
    /// letter.
    pub occurred_at: Timestamp,
    /// Where it came from.
    pub place: Place,
    /// The input.
    pub input: Vec<u8>,
}

impl Input {
    /// The input as a letter holds it.
    #[must_use]
    pub fn new(input: Vec<u8>) -> Self {
        if input.len() > MOST_INLINE {
            return Self::Omitted { bytes: input.len() as u64 };
        }
        match String::from_utf8(input) {
            Ok(data) => Self::Text { data },
            Err(error) => Self::Base64 { data: STANDARD.encode(error.as_bytes()) },
        }
    }

    /// The input as it came; none where it is not held, or where someone spoiled its base64.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text { data } => Some(data.clone().into_bytes()),
            Self::Base64 { data } => STANDARD.decode(data).ok(),
            Self::Omitted { .. } => None,
        }
    }
}

impl Failure {
    /// The key of its letter: `{function}/YYYY/MM/DD/{id}.json`, the day of `occurred_at` in UTC. The
    /// id is a hash of the function, the reason's kind, and what names the input: its object and
    /// version; else its topic, partition and offset; else the input itself. The message that brought
    /// it does not count, for an event may come twice.
    #[must_use]
    pub fn key(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |part: &[u8]| {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        };
        add(self.function.as_bytes());
        add(self.reason.kind.as_bytes());
        let place = &self.place;
        match (&place.bucket, &place.key, &place.topic, place.offset) {
            (Some(bucket), Some(key), ..) => {
                let version = place.version.as_deref().unwrap_or_default();
                for part in ["object", bucket, key, version] {
                    add(part.as_bytes());
                }
            }
            (_, _, Some(topic), Some(offset)) => {
                add(b"topic");
                add(topic.as_bytes());
                add(&place.partition.unwrap_or_default().to_be_bytes());
                add(&offset.to_be_bytes());
                if let Some(cluster) = &place.cluster {
                    add(cluster.as_bytes());
                }
            }
            _ => {
                add(b"input");
                add(&self.input);
            }
        }
        let hash: String =
            hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let day = self.occurred_at.strftime("%Y/%m/%d");
        format!("{}/{day}/{hash}.json", id::encode(&self.function))
    }

    /// The letter of its first occurrence.
    #[must_use]
    pub fn into_letter(self, now: Timestamp) -> DeadLetter {
        DeadLetter {
            format: FORMAT,
            function: self.function,
            reason: self.reason,
            first_at: now,
            last_at: now,
            times: 1,
            attempts: self.attempts,
            occurred_at: self.occurred_at,
            place: self.place,
            input: Input::new(self.input),
            replayed_at: None,
            replays: 0,
        }
    }
}

impl DeadLetter {
    /// Whether it waits for someone: it was never replayed, or has failed again since.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.replayed_at.is_none_or(|replayed| replayed < self.last_at)
    }

    /// The letter after `again`, the same failure once more: the first time, the counts and the
    /// trace of replays stay, the rest is the newer one's.
    #[must_use]
    pub(crate) fn repeated(&self, again: &Self) -> Self {
        Self {
            first_at: self.first_at.min(again.first_at),
            last_at: self.last_at.max(again.last_at),
            times: self.times.saturating_add(again.times),
            replayed_at: self.replayed_at,
            replays: self.replays,
            ..again.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failure() -> Failure {
        Failure {
            function: "parse".to_owned(),
            reason: Reason { kind: "not_a_log".to_owned(), message: "it is a PNG".to_owned() },
            attempts: 1,
            occurred_at: "2026-03-09T23:59:59.5Z".parse().unwrap(),
            place: Place {
                bucket: Some("deployment-logs".to_owned()),
                key: Some("a b.png".to_owned()),
                version: Some("e1".to_owned()),
                message_id: Some("m1".to_owned()),
                ..Place::default()
            },
            input: b"{}".to_vec(),
        }
    }

    #[test]
    fn an_event_that_comes_twice_is_one_letter() {
        let key = failure().key();
        assert!(key.starts_with("parse/2026/03/09/") && key.ends_with(".json"), "{key}");
        let mut twice = failure();
        twice.place.message_id = Some("m2".to_owned());
        twice.input = b"{ }".to_vec();
        twice.reason.message = "still a PNG".to_owned();
        assert_eq!(twice.key(), key);
    }

    #[test]
    fn different_failures_are_different_letters() {
        let changes: [fn(&mut Failure); 7] = [
            |_| (),
            |failure| failure.reason.kind = "other".to_owned(),
            |failure| failure.place.version = Some("e2".to_owned()),
            |failure| failure.place.key = Some("a b.pn".to_owned()),
            |failure| failure.function = "archive".to_owned(),
            |failure| failure.place = Place::default(),
            |failure| {
                let place =
                    Place { topic: Some("t".to_owned()), offset: Some(1), ..Place::default() };
                failure.place = place;
            },
        ];
        let keys: std::collections::BTreeSet<_> = changes
            .iter()
            .map(|change| {
                let mut failure = failure();
                change(&mut failure);
                failure.key()
            })
            .collect();
        assert_eq!(keys.len(), changes.len());
    }

    #[test]
    fn the_format_stays_readable() {
        let now = "2026-03-10T00:00:01Z".parse().unwrap();
        let letter = failure().into_letter(now);
        let json = serde_json::to_value(&letter).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "format": 1,
                "function": "parse",
                "reason": { "kind": "not_a_log", "message": "it is a PNG" },
                "first_at": "2026-03-10T00:00:01Z",
                "last_at": "2026-03-10T00:00:01Z",
                "times": 1,
                "attempts": 1,
                "occurred_at": "2026-03-09T23:59:59.5Z",
                "place": {
                    "bucket": "deployment-logs",
                    "key": "a b.png",
                    "version": "e1",
                    "message_id": "m1",
                },
                "input": { "encoding": "text", "data": "{}" },
                "replays": 0,
            })
        );
        assert_eq!(serde_json::from_value::<DeadLetter>(json).unwrap(), letter);
    }

    #[test]
    fn an_input_too_large_is_named_and_not_cut() {
        assert_eq!(Input::new(vec![b'a'; MOST_INLINE]).bytes().unwrap().len(), MOST_INLINE);
        let large = Input::new(vec![b'a'; MOST_INLINE + 1]);
        assert_eq!(large, Input::Omitted { bytes: MOST_INLINE as u64 + 1 });
        assert_eq!(large.bytes(), None);
    }

    #[test]
    fn a_letter_that_fails_again_after_its_replay_is_open_again() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut letter = failure().into_letter(at(10));
        assert!(letter.is_open());
        letter.replayed_at = Some(at(20));
        letter.replays = 1;
        assert!(!letter.is_open());
        let again = letter.repeated(&failure().into_letter(at(30)));
        assert!(again.is_open());
        assert_eq!((again.times, again.replays), (2, 1));
        assert_eq!((again.first_at, again.last_at), (at(10), at(30)));
    }

    proptest! {
        #[test]
        fn no_byte_of_an_input_is_lost(input: Vec<u8>) {
            let held = serde_json::to_string(&Input::new(input.clone())).unwrap();
            let read: Input = serde_json::from_str(&held).unwrap();
            prop_assert_eq!(read.bytes(), Some(input));
        }
    }
}
