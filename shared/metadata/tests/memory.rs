//! The rules by themselves: the suite on rows in memory.

#![expect(clippy::unwrap_used, reason = "a test, which fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use logmill_metadata::{
    Blob, BlobChange, BlobKind, Change, Commit, Deployment, Entries, Entry, EntryKind, Error,
    Filter, Loaded, ObjectState, Order, Page, Store, check_limit, check_name, check_page,
};

type Key = (String, String);

#[derive(Default)]
struct Rows {
    deployments: BTreeMap<String, Deployment>,
    objects: BTreeMap<Key, ObjectState>,
    summaries: BTreeMap<Key, Blob>,
    checkpoints: BTreeMap<Key, Blob>,
    entries: BTreeMap<Key, Entry>,
}

#[derive(Default)]
struct Memory(Mutex<Rows>);

impl Memory {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap()
    }
}

fn key(deployment_key: &str, part: &str) -> Key {
    (deployment_key.to_owned(), part.to_owned())
}

fn change_blob(blobs: &mut BTreeMap<Key, Blob>, key: Key, change: &BlobChange) {
    match change {
        BlobChange::Keep => {}
        BlobChange::Put(blob) => drop(blobs.insert(key, blob.clone())),
        BlobChange::Delete => drop(blobs.remove(&key)),
    }
}

impl Entries for Memory {
    async fn entry(&self, kind: EntryKind, name: &str) -> Result<Option<Entry>, Error> {
        check_name(kind, name)?;
        Ok(self.rows().entries.get(&key(kind.as_str(), name)).cloned())
    }

    async fn put_entry(&self, entry: &Entry) -> Result<Commit, Error> {
        check_name(entry.kind, &entry.name)?;
        let key = key(entry.kind.as_str(), &entry.name);
        let mut rows = self.rows();
        if rows.entries.get(&key).map_or(0, |known| known.revision) + 1 != entry.revision {
            return Ok(Commit::Conflict);
        }
        rows.entries.insert(key, entry.clone());
        Ok(Commit::Written)
    }

    async fn delete_entry(&self, kind: EntryKind, name: &str) -> Result<(), Error> {
        check_name(kind, name)?;
        self.rows().entries.remove(&key(kind.as_str(), name));
        Ok(())
    }

    async fn entries(
        &self,
        kind: EntryKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        check_limit(limit)?;
        let rows = self.rows();
        let of_kind = rows.entries.values().filter(|entry| entry.kind == kind);
        let later = of_kind.filter(|entry| after.is_none_or(|after| entry.name.as_str() > after));
        Ok(later.take(limit).cloned().collect())
    }
}

impl Store for Memory {
    async fn plan(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    async fn migrate(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn load(&self, deployment_key: &str, part: Option<&str>) -> Result<Loaded, Error> {
        tokio::task::yield_now().await;
        let rows = self.rows();
        Ok(Loaded {
            deployment: rows.deployments.get(deployment_key).cloned(),
            object: part.and_then(|part| rows.objects.get(&key(deployment_key, part)).cloned()),
        })
    }

    async fn commit(&self, change: &Change) -> Result<Commit, Error> {
        tokio::task::yield_now().await;
        let mut rows = self.rows();
        let deployment = change.deployment.as_ref().is_none_or(|new| {
            let known = rows.deployments.get(&new.deployment_key);
            known.map_or(0, |known| known.revision) + 1 == new.revision
        });
        let object = change.object.as_ref().is_none_or(|new| {
            let known = rows.objects.get(&key(&new.deployment_key, &new.part));
            known.map_or(0, |known| known.revision) + 1 == new.revision
        });
        if !deployment || !object {
            return Ok(Commit::Conflict);
        }
        if let Some(new) = &change.deployment {
            rows.deployments.insert(new.deployment_key.clone(), new.clone());
        }
        if let Some(new) = &change.object {
            let key = key(&new.deployment_key, &new.part);
            rows.objects.insert(key.clone(), new.clone());
            change_blob(&mut rows.summaries, key.clone(), &change.summary);
            change_blob(&mut rows.checkpoints, key, &change.checkpoint);
        }
        Ok(Commit::Written)
    }

    async fn objects(&self, deployment_key: &str) -> Result<Vec<ObjectState>, Error> {
        let rows = self.rows();
        let all = rows.objects.values();
        Ok(all.filter(|object| object.deployment_key == deployment_key).cloned().collect())
    }

    async fn blob(
        &self,
        kind: BlobKind,
        deployment_key: &str,
        part: &str,
    ) -> Result<Option<Blob>, Error> {
        let rows = self.rows();
        let blobs = match kind {
            BlobKind::Summary => &rows.summaries,
            BlobKind::Checkpoint => &rows.checkpoints,
        };
        Ok(blobs.get(&key(deployment_key, part)).cloned())
    }

    async fn deployments(
        &self,
        filter: &Filter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page, Error> {
        check_page(cursor, limit)?;
        let newest = filter.order == Order::NewestFirst;
        let mut found: Vec<_> = self
            .rows()
            .deployments
            .values()
            .filter(|row| {
                let beyond = |cursor: &str| {
                    if newest {
                        row.place().as_str() < cursor
                    } else {
                        row.place().as_str() > cursor
                    }
                };
                (filter.status.is_empty() || filter.status.contains(&row.status))
                    && (filter.application.is_none() || row.application_name == filter.application)
                    && filter.from.is_none_or(|from| row.listed_at() >= from)
                    && filter.to.is_none_or(|to| row.listed_at() < to)
                    && filter.unchanged_since.is_none_or(|time| row.status_since < time)
                    && cursor.is_none_or(beyond)
            })
            .cloned()
            .collect();
        found.sort_by_key(Deployment::place);
        if newest {
            found.reverse();
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(Deployment::place);
        Ok(Page { deployments: found, next })
    }

    async fn delete(&self, deployment_key: &str) -> Result<(), Error> {
        let mut rows = self.rows();
        rows.deployments.remove(deployment_key);
        rows.objects.retain(|key, _| key.0 != deployment_key);
        rows.summaries.retain(|key, _| key.0 != deployment_key);
        rows.checkpoints.retain(|key, _| key.0 != deployment_key);
        Ok(())
    }
}

async fn make() -> Memory {
    Memory::default()
}

logmill_metadata::conformance_tests!(make);
