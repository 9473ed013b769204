//! The answer to a batch.

use serde::Serialize;

/// What of a batch is to be delivered again: in each partition that is named here, the record at the
/// named offset and all behind it. Nothing named: all is done.
///
/// Lambda reads it only where the mapping says `ReportBatchItemFailures`, which it can in provisioned
/// mode; elsewhere the function must fail for the batch to come again.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Answer {
    #[serde(rename = "batchItemFailures")]
    failures: Vec<Failure>,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Failure {
    #[serde(rename = "itemIdentifier")]
    item: ItemIdentifier,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct ItemIdentifier {
    /// `topic-partition`, as the event names it.
    partition: String,
    offset: i64,
}

impl Answer {
    /// Names a record that is to be delivered again.
    pub fn fail(&mut self, topic: &str, partition: i32, offset: i64) {
        let partition = format!("{topic}-{partition}");
        let known = self.failures.iter_mut().find(|failure| failure.item.partition == partition);
        match known {
            Some(failure) => failure.item.offset = failure.item.offset.min(offset),
            None => self.failures.push(Failure { item: ItemIdentifier { partition, offset } }),
        }
    }

    /// Whether nothing is to be delivered again.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.failures.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_comes_again_from_its_first_failed_record_on() {
        let mut answer = Answer::default();
        assert!(answer.is_done());
        assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"batchItemFailures":[]}"#);
        for (partition, offset) in [(0, 17), (1, 4), (0, 12), (0, 15)] {
            answer.fail("app-logs", partition, offset);
        }
        assert!(!answer.is_done());
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"batchItemFailures":[{"itemIdentifier":{"partition":"app-logs-0","offset":12}},{"itemIdentifier":{"partition":"app-logs-1","offset":4}}]}"#
        );
    }
}
