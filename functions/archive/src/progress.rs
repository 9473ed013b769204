//! How far partitions are archived.

use logmill_kafka_event::Record;
use logmill_metadata::{Commit, Entries, Entry, EntryKind, Error, ErrorKind, MAX_NAME};
use logmill_model::id;
use serde_json::json;

/// How often is tried to note how far a partition is while others do the same.
const TRIES: u32 = 20;

/// A partition of a topic of a cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Partition {
    pub(crate) cluster: String,
    pub(crate) topic: String,
    pub(crate) number: i32,
}

impl Partition {
    pub(crate) fn of(cluster: &str, record: &Record<'_>) -> Self {
        let topic = record.topic.clone().into_owned();
        Self { cluster: cluster.to_owned(), topic, number: record.partition }
    }

    fn name(&self) -> String {
        let name = format!("{}/{}/{}", self.topic, self.number, self.cluster);
        if name.len() <= MAX_NAME { name } else { id::deployment_key(&name) }
    }

    fn entry(&self, revision: u64, next: i64) -> Entry {
        let (cluster, topic, partition) = (&self.cluster, &self.topic, self.number);
        Entry {
            kind: EntryKind::Archived,
            name: self.name(),
            revision,
            value: json!({
                "cluster": cluster, "topic": topic, "partition": partition, "next": next
            }),
        }
    }
}

fn next(entry: Option<&Entry>) -> i64 {
    entry.and_then(|entry| entry.value["next"].as_i64()).unwrap_or(0)
}

/// The first offset that is not archived.
pub(crate) async fn read<S: Entries>(store: &S, partition: &Partition) -> Result<i64, Error> {
    let entry = store.entry(EntryKind::Archived, &partition.name()).await?;
    Ok(next(entry.as_ref()))
}

/// Notes that all before `to` is archived; never sets it back.
pub(crate) async fn advance<S: Entries>(
    store: &S,
    partition: &Partition,
    to: i64,
) -> Result<(), Error> {
    for _ in 0..TRIES {
        let known = store.entry(EntryKind::Archived, &partition.name()).await?;
        if next(known.as_ref()) >= to {
            return Ok(());
        }
        let revision = known.map_or(0, |known| known.revision) + 1;
        if store.put_entry(&partition.entry(revision, to)).await? == Commit::Written {
            return Ok(());
        }
    }
    let message = format!(
        "how far partition {} of `{}` is archived was changed by others each of {TRIES} times; try \
         again later",
        partition.number, partition.topic
    );
    Err(Error::new(ErrorKind::Contended, message))
}
