//! Tokens in memory; that engines keep them so the conformance suite of the metadata sees to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use logmill_metadata::{Commit, Entries, Entry, EntryKind, Error, ErrorKind};

#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    rows: Arc<Mutex<BTreeMap<String, Entry>>>,
    /// How often an entry was looked up.
    pub(crate) asked: Arc<AtomicUsize>,
    /// Whether it fails.
    pub(crate) away: Arc<AtomicBool>,
}

impl Entries for Memory {
    async fn entry(&self, _: EntryKind, name: &str) -> Result<Option<Entry>, Error> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "it is away"));
        }
        Ok(self.rows.lock().unwrap().get(name).cloned())
    }

    async fn put_entry(&self, entry: &Entry) -> Result<Commit, Error> {
        self.rows.lock().unwrap().insert(entry.name.clone(), entry.clone());
        Ok(Commit::Written)
    }

    async fn delete_entry(&self, _: EntryKind, name: &str) -> Result<(), Error> {
        self.rows.lock().unwrap().remove(name);
        Ok(())
    }

    async fn entries(
        &self,
        _: EntryKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        let rows = self.rows.lock().unwrap();
        let later =
            rows.values().filter(|entry| after.is_none_or(|after| entry.name.as_str() > after));
        Ok(later.take(limit).cloned().collect())
    }
}
