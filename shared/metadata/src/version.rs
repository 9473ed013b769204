//! Versions of an object: which of two is newer.

use std::cmp::Ordering;

use logmill_model::Timestamp;
use serde::{Deserialize, Serialize};

/// One version of an object in S3.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Version {
    /// The ETag, without quotes.
    pub etag: String,
    /// The sequencer of the S3 event: a hexadecimal value that grows with each change of the same
    /// key. None where the version is known from a HEAD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequencer: Option<String>,
    /// The object's Last-Modified. Compared to the second, for that is what the header holds.
    pub last_modified: Timestamp,
}

/// How a version stands to the one that is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Relation {
    /// It is the same one.
    Same,
    /// It came later.
    Newer,
    /// It came before, or can't be told to be later.
    Older,
}

impl Version {
    /// How this version stands to `known`, a version of the same key. By the sequencers, if both
    /// have one; else it is newer if its ETag differs and its Last-Modified is later.
    #[must_use]
    pub fn relation_to(&self, known: &Self) -> Relation {
        match (&self.sequencer, &known.sequencer) {
            (Some(this), Some(known)) => match compare_sequencers(this, known) {
                Ordering::Equal => Relation::Same,
                Ordering::Greater => Relation::Newer,
                Ordering::Less => Relation::Older,
            },
            _ => self.relation_by_time(known),
        }
    }

    /// The same without sequencers, which do not compare between different keys.
    #[must_use]
    pub fn relation_by_time(&self, known: &Self) -> Relation {
        if self.etag == known.etag {
            Relation::Same
        } else if self.last_modified.as_second() > known.last_modified.as_second() {
            Relation::Newer
        } else {
            Relation::Older
        }
    }
}

/// The order of two sequencers of one key. They may differ in length; as the S3 user guide (Event
/// message structure) says, the shorter one is padded with zeros on the right and then both are
/// compared as text. They begin with the time, so the first digits weigh most. Upper and lower
/// case are the same digit.
#[must_use]
pub fn compare_sequencers(a: &str, b: &str) -> Ordering {
    let digits = |text: &str| {
        let upper = text.trim().to_ascii_uppercase();
        upper.trim_end_matches('0').to_owned()
    };
    digits(a).cmp(&digits(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(etag: &str, sequencer: Option<&str>, second: i64) -> Version {
        let last_modified = Timestamp::from_second(second).unwrap();
        Version { etag: etag.into(), sequencer: sequencer.map(Into::into), last_modified }
    }

    #[test]
    fn a_later_upload_is_newer_whatever_the_lengths_of_its_sequencer() {
        let order = compare_sequencers;
        assert_eq!(order("0055AED6DCD90281E5", "0055AED6DCD90281E6"), Ordering::Less);
        assert_eq!(order("0055AED6DCD90281", "0055AED6DCD90281E5"), Ordering::Less);
        assert_eq!(order("0055AED6DD", "0055AED6DCD90281E5"), Ordering::Greater);
        assert_eq!(order("0055aed6dc", "0055AED6DC00"), Ordering::Equal);
    }

    #[test]
    fn without_a_sequencer_only_another_content_of_a_later_second_is_newer() {
        let known = version("a", Some("01"), 100);
        assert_eq!(version("a", None, 200).relation_to(&known), Relation::Same);
        assert_eq!(version("b", None, 101).relation_to(&known), Relation::Newer);
        assert_eq!(version("b", None, 100).relation_to(&known), Relation::Older);
        assert_eq!(version("a", Some("02"), 1).relation_to(&known), Relation::Newer);
    }
}
