//! One index: its tantivy folder, its journal and its mapping.
//!
//! A change goes to the journal, then to tantivy's writer; the answer waits for the journal only.
//! A commit makes changes searchable and the journal short. Changes that are not yet committed are
//! known by id, so that creation, updates and lookups see them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::schema::{IndexRecordOption, Value as _};
use tantivy::{
    DocAddress, DocSet as _, Index, IndexReader, IndexWriter, ReloadPolicy, Searcher,
    TantivyDocument,
};

use crate::Options;
use crate::document::{self, Built};
use crate::error::{ApiError, ApiResult, Error};
use crate::journal::{Frame, Journal, Operation, sync_folder};
use crate::mapping::Mapping;
use crate::schema::{Fields, schema, tokenizers};
use crate::spent::timed;
use crate::sync::{Mutex, RwLock};

const META: &str = "index.json";
const ENGINE: &str = "tantivy";

/// What an index was created with.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Meta {
    pub(crate) settings: Value,
    pub(crate) mappings: Value,
    pub(crate) aliases: Vec<String>,
    pub(crate) created_ms: i64,
}

/// A change to be applied.
pub(crate) enum Change {
    /// Write the document; with `create`, only if there is none.
    Put { id: String, source: Vec<u8>, built: Box<Built>, create: bool },
    /// Remove the document; with `unless_changed`, not if it was changed since the last commit.
    Delete { id: String, unless_changed: bool },
}

/// What a change came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Created,
    Updated,
    Deleted,
    NotFound,
    Conflict,
}

/// One index, open.
pub(crate) struct Shard {
    pub(crate) name: String,
    pub(crate) fields: Fields,
    folder: PathBuf,
    options: Options,
    meta: RwLock<(Arc<Meta>, Arc<Mapping>)>,
    index: Index,
    reader: IndexReader,
    write: Mutex<Writing>,
    /// Changed since the last commit: the source, or `None` for deleted.
    changed: Mutex<HashMap<String, Option<Arc<[u8]>>>>,
    dirty_since: Mutex<Option<Instant>>,
}

struct Writing {
    writer: Option<IndexWriter>,
    journal: Journal,
    used: Instant,
    /// A write failed half-way: the writer has to be made anew from the journal.
    broken: bool,
}

impl Shard {
    /// Makes the folder of a new index; it appears whole or not at all.
    pub(crate) fn create(folder: &Path, name: &str, meta: &Meta) -> Result<(), Error> {
        let parent = folder.parent().unwrap_or(folder);
        let making = parent.join(format!(".creating-{name}"));
        if making.exists() {
            fs::remove_dir_all(&making).map_err(Error::io(&making))?;
        }
        let engine = making.join(ENGINE);
        fs::create_dir_all(&engine).map_err(Error::io(&engine))?;
        Index::create_in_dir(&engine, schema().0).map_err(Error::engine(name))?;
        write_json(&making.join(META), meta)?;
        fs::rename(&making, folder).map_err(Error::io(folder))?;
        sync_folder(parent)
    }

    /// Opens an index, and commits what its journal holds.
    pub(crate) fn open(folder: &Path, name: &str, options: &Options) -> Result<Self, Error> {
        let path = folder.join(META);
        let bytes = fs::read(&path).map_err(Error::io(&path))?;
        let damaged = |reason: String| Error::Damaged { path: path.clone(), reason };
        let meta: Meta =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let mapping = Mapping::parse(&meta.mappings).map_err(|error| damaged(error.reason))?;
        let mut index = Index::open_in_dir(folder.join(ENGINE)).map_err(Error::engine(name))?;
        let (schema, fields) = schema();
        if index.schema() != schema {
            return Err(damaged("its engine folder has another schema".to_owned()));
        }
        index.set_tokenizers(tokenizers());
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()
            .map_err(Error::engine(name))?;
        let mut writer = None;
        let mut replayed = 0_u64;
        let journal = Journal::open(folder, |operation| {
            replayed += 1;
            if writer.is_none() {
                writer = Some(new_writer(&index, options).map_err(Error::engine(name))?);
            }
            let Some(writer) = &writer else { return Ok(()) };
            replay(writer, fields, &mapping, operation).map_err(Error::engine(name))
        })?;
        let write = Mutex::new(Writing { writer, journal, used: Instant::now(), broken: false });
        let shard = Self {
            name: name.to_owned(),
            fields,
            folder: folder.to_owned(),
            options: options.clone(),
            meta: RwLock::new((Arc::new(meta), Arc::new(mapping))),
            index,
            reader,
            write,
            changed: Mutex::default(),
            dirty_since: Mutex::new((replayed > 0).then(Instant::now)),
        };
        if replayed > 0 {
            tracing::info!(index = name, operations = replayed, "search: replayed the journal");
        }
        // Also removes the journals of earlier runs.
        shard.commit_locked(&mut shard.write.lock())?;
        Ok(shard)
    }

    pub(crate) fn meta(&self) -> Arc<Meta> {
        Arc::clone(&self.meta.read().0)
    }

    pub(crate) fn mapping(&self) -> Arc<Mapping> {
        Arc::clone(&self.meta.read().1)
    }

    /// Builds a document, adding the fields that dynamic mapping finds in it.
    pub(crate) fn build(&self, id: &str, source: &[u8]) -> ApiResult<Built> {
        // A document of new fields inside new fields settles after a few turns.
        for _ in 0..8 {
            let mapping = self.mapping();
            match document::build(&self.fields, &mapping, id, source)? {
                Ok(built) => return Ok(built),
                Err(additions) => self.change_mapping(|mapping| mapping.with(&additions))?,
            }
        }
        Err(ApiError::mapper(format!("the mapping of document [{id}] keeps changing")))
    }

    fn change_mapping(&self, change: impl FnOnce(&Mapping) -> ApiResult<Mapping>) -> ApiResult<()> {
        let mut held = self.meta.write();
        let mapping = change(&held.1)?;
        let meta = Meta { mappings: mapping.raw().clone(), ..Meta::clone(&held.0) };
        write_json(&self.folder.join(META), &meta)?;
        *held = (Arc::new(meta), Arc::new(mapping));
        Ok(())
    }

    /// Applies changes in their order and returns what each came to, once all are durable.
    ///
    /// # Errors
    ///
    /// 503 if the journal or the engine cannot write; then some may have been applied.
    pub(crate) fn apply(&self, changes: Vec<Change>) -> ApiResult<Vec<Outcome>> {
        let mut writing = self.write.lock();
        self.apply_locked(&mut writing, changes).and_then(|(outcomes, pending)| {
            drop(writing);
            if let Some(pending) = pending {
                timed("journal", || pending.sync())?;
            }
            Ok(outcomes)
        })
    }

    fn apply_locked(
        &self,
        writing: &mut Writing,
        changes: Vec<Change>,
    ) -> ApiResult<(Vec<Outcome>, Option<crate::journal::Pending>)> {
        self.recover(writing)?;
        if writing.writer.is_none() {
            let writer =
                new_writer(&self.index, &self.options).map_err(Error::engine(&self.name))?;
            writing.writer = Some(writer);
        }
        writing.used = Instant::now();
        let searcher = self.reader.searcher();
        let mut frame = Frame::new();
        let mut outcomes = Vec::with_capacity(changes.len());
        let mut documents = Vec::with_capacity(changes.len());
        let mut changed = self.changed.lock();
        for change in changes {
            let id = match &change {
                Change::Put { id, .. } | Change::Delete { id, .. } => id,
            };
            let pending = changed.get(id).map(Option::is_some);
            let exists = match pending {
                Some(exists) => exists,
                None => self.locate(&searcher, id)?.is_some(),
            };
            // Tantivy has to look for an older version only if one may be there.
            let replace = exists || pending.is_some();
            match change {
                Change::Put { create: true, .. } if exists => outcomes.push(Outcome::Conflict),
                Change::Delete { unless_changed: true, .. } if pending.is_some() => {
                    outcomes.push(Outcome::Conflict);
                }
                Change::Put { id, source, built, .. } => {
                    frame.put(&id, &source);
                    outcomes.push(if exists { Outcome::Updated } else { Outcome::Created });
                    changed.insert(id.clone(), Some(built.source.into()));
                    documents.push((id, Some(built.document), replace));
                }
                Change::Delete { id, .. } if exists => {
                    frame.delete(&id);
                    outcomes.push(Outcome::Deleted);
                    changed.insert(id.clone(), None);
                    documents.push((id, None, true));
                }
                Change::Delete { .. } => outcomes.push(Outcome::NotFound),
            }
        }
        drop(changed);
        if frame.is_empty() {
            return Ok((outcomes, None));
        }
        let pending = writing.journal.append(&mut frame)?;
        self.dirty_since.lock().get_or_insert_with(Instant::now);
        if let Err(error) = timed("indexing", || self.write_documents(writing, documents)) {
            writing.broken = true;
            return Err(error);
        }
        if writing.journal.bytes() > self.options.journal_bytes {
            self.commit_locked(writing)?;
        }
        Ok((outcomes, Some(pending)))
    }

    fn write_documents(
        &self,
        writing: &Writing,
        documents: Vec<(String, Option<TantivyDocument>, bool)>,
    ) -> ApiResult<()> {
        let Some(writer) = &writing.writer else { return Ok(()) };
        for (id, document, replace) in documents {
            if replace {
                writer.delete_term(self.fields.id_term(&id));
            }
            if let Some(document) = document {
                writer.add_document(document)?;
            }
        }
        Ok(())
    }

    /// Removes what `select` finds among the searchable documents, in one go with it; returns how
    /// many were found, removed, and left because they were changed since.
    pub(crate) fn delete_matching(
        &self,
        select: impl FnOnce(&Searcher) -> ApiResult<Vec<String>>,
    ) -> ApiResult<(usize, usize, usize)> {
        let mut writing = self.write.lock();
        let ids = select(&self.reader.searcher())?;
        let total = ids.len();
        let changes =
            ids.into_iter().map(|id| Change::Delete { id, unless_changed: true }).collect();
        let (outcomes, pending) = self.apply_locked(&mut writing, changes)?;
        drop(writing);
        if let Some(pending) = pending {
            pending.sync()?;
        }
        let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        Ok((total, count(Outcome::Deleted), count(Outcome::Conflict)))
    }

    /// Makes every change so far searchable.
    pub(crate) fn refresh(&self) -> ApiResult<()> {
        if self.dirty_since.lock().is_some() {
            self.commit_locked(&mut self.write.lock())?;
        }
        Ok(())
    }

    /// Refreshes if a change has been waiting for longer than the refresh interval.
    pub(crate) fn refresh_if_due(&self) -> ApiResult<()> {
        if self.dirty_for() >= self.options.refresh_interval { self.refresh() } else { Ok(()) }
    }

    fn dirty_for(&self) -> Duration {
        self.dirty_since.lock().map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Commits what has waited for long, and closes a writer that has been idle for long.
    pub(crate) fn tidy(&self) -> Result<(), Error> {
        if self.dirty_for() >= self.options.commit_interval {
            self.commit_locked(&mut self.write.lock())?;
        }
        let Some(mut writing) = self.write.try_lock() else { return Ok(()) };
        let idle = writing.used.elapsed() >= self.options.idle_writer;
        if idle
            && self.dirty_since.lock().is_none()
            && let Some(writer) = writing.writer.take()
        {
            writer.wait_merging_threads().map_err(Error::engine(&self.name))?;
        }
        Ok(())
    }

    /// Commits, and waits for merges: for a clean stop.
    pub(crate) fn close(&self) -> Result<(), Error> {
        let mut writing = self.write.lock();
        self.commit_locked(&mut writing)?;
        match writing.writer.take() {
            Some(writer) => writer.wait_merging_threads().map_err(Error::engine(&self.name)),
            None => Ok(()),
        }
    }

    fn commit_locked(&self, writing: &mut Writing) -> Result<(), Error> {
        self.recover(writing)?;
        writing.journal.rotate()?;
        if let Some(writer) = &mut writing.writer {
            let committed = timed("commit", || writer.commit().and_then(|_| self.reader.reload()));
            if let Err(error) = committed {
                writing.broken = true;
                return Err(Error::engine(&self.name)(error));
            }
        }
        self.changed.lock().clear();
        *self.dirty_since.lock() = None;
        writing.journal.forget()
    }

    /// After a failed write: a new writer, fed from the journal.
    fn recover(&self, writing: &mut Writing) -> Result<(), Error> {
        if !writing.broken {
            return Ok(());
        }
        // The lock on the folder goes with the old writer.
        drop(writing.writer.take());
        let writer = new_writer(&self.index, &self.options).map_err(Error::engine(&self.name))?;
        let mapping = self.mapping();
        writing.journal = Journal::open(&self.folder, |operation| {
            replay(&writer, self.fields, &mapping, operation).map_err(Error::engine(&self.name))
        })?;
        writing.writer = Some(writer);
        writing.broken = false;
        tracing::warn!(index = self.name, "search: a writer was made anew from its journal");
        Ok(())
    }

    /// A view of what is searchable now.
    pub(crate) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// The newest source of a document, searchable or not yet.
    pub(crate) fn get(&self, id: &str) -> ApiResult<Option<Arc<[u8]>>> {
        if let Some(changed) = self.changed.lock().get(id) {
            return Ok(changed.clone());
        }
        // A commit in between moves it from there to here.
        self.find(&self.reader.searcher(), id)
    }

    fn find(&self, searcher: &Searcher, id: &str) -> ApiResult<Option<Arc<[u8]>>> {
        let Some(address) = self.locate(searcher, id)? else { return Ok(None) };
        let document: TantivyDocument = searcher.doc(address)?;
        Ok(Some(source_of(&document, self.fields).into()))
    }

    fn locate(&self, searcher: &Searcher, id: &str) -> ApiResult<Option<DocAddress>> {
        let term = self.fields.id_term(id);
        for (segment_ord, segment) in (0_u32..).zip(searcher.segment_readers()) {
            let inverted = segment.inverted_index(self.fields.id)?;
            let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)?
            else {
                continue;
            };
            while postings.doc() != tantivy::TERMINATED {
                let doc = postings.doc();
                if segment.alive_bitset().is_none_or(|alive| alive.is_alive(doc)) {
                    return Ok(Some(DocAddress::new(segment_ord, doc)));
                }
                postings.advance();
            }
        }
        Ok(None)
    }
}

/// The stored source of a document.
pub(crate) fn source_of(document: &TantivyDocument, fields: Fields) -> &[u8] {
    document.get_first(fields.source).and_then(|value| value.as_bytes()).unwrap_or_default()
}

fn new_writer(index: &Index, options: &Options) -> tantivy::Result<IndexWriter> {
    let writer_options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .num_merge_threads(1)
        .memory_budget_per_thread(options.writer_bytes)
        .build();
    let writer = index.writer_with_options(writer_options)?;
    let mut policy = LogMergePolicy::default();
    policy.set_max_docs_before_merge(2_000_000);
    policy.set_del_docs_ratio_before_merge(0.3);
    writer.set_merge_policy(Box::new(policy));
    Ok(writer)
}

fn replay(
    writer: &IndexWriter,
    fields: Fields,
    mapping: &Mapping,
    operation: Operation,
) -> tantivy::Result<()> {
    match operation {
        Operation::Delete { id } => {
            writer.delete_term(fields.id_term(&id));
        }
        Operation::Put { id, source } => {
            writer.delete_term(fields.id_term(&id));
            // It was built before it was acknowledged, by a mapping that only grows.
            match document::build(&fields, mapping, &id, &source) {
                Ok(Ok(built)) => {
                    writer.add_document(built.document)?;
                }
                Ok(Err(_)) => {
                    return Err(tantivy::TantivyError::InternalError(format!(
                        "document {id} has fields that the mapping does not have"
                    )));
                }
                Err(error) => return Err(tantivy::TantivyError::InternalError(error.reason)),
            }
        }
    }
    Ok(())
}

/// Writes a JSON file that is there whole or not at all.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let damaged = |error: serde_json::Error| Error::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let bytes = serde_json::to_vec_pretty(value).map_err(damaged)?;
    let temporary = path.with_extension("new");
    let write = || {
        fs::write(&temporary, &bytes)?;
        fs::File::open(&temporary)?.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(Error::io(path))?;
    sync_folder(path.parent().unwrap_or(path))
}
