//! Which indices, aliases, templates and points in time there are, and which of them a name means.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tantivy::Searcher;

use crate::Options;
use crate::error::{ApiError, ApiResult, Error};
use crate::mapping::{Mapping, wildcard};
use crate::shard::{Meta, Shard, write_json};
use crate::sync::{Mutex, RwLock};
use crate::template;

const TEMPLATES: &str = "templates.json";
const INDICES: &str = "indices";

/// Everything in a data folder.
pub(crate) struct Catalog {
    folder: PathBuf,
    options: Options,
    indices: RwLock<BTreeMap<String, Slot>>,
    /// Held while an index is made, opened or deleted.
    making: Mutex<()>,
    templates: RwLock<Map<String, Value>>,
    points: Mutex<HashMap<String, Point>>,
    next_point: AtomicU64,
    boot: i64,
}

struct Slot {
    aliases: Vec<String>,
    shard: Option<Arc<Shard>>,
}

struct Point {
    views: Arc<Vec<View>>,
    keep: Duration,
    until: Instant,
}

/// An index as it was at one moment.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) shard: Arc<Shard>,
    pub(crate) mapping: Arc<Mapping>,
    pub(crate) searcher: Searcher,
}

impl View {
    fn of(shard: Arc<Shard>) -> Self {
        Self { mapping: shard.mapping(), searcher: shard.searcher(), shard }
    }
}

/// How names that mean nothing are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lenience {
    /// A name without an index is left out.
    pub(crate) ignore_unavailable: bool,
    /// A pattern may mean nothing.
    pub(crate) allow_no_indices: bool,
}

impl Default for Lenience {
    fn default() -> Self {
        Self { ignore_unavailable: false, allow_no_indices: true }
    }
}

impl Catalog {
    pub(crate) fn open(data: &Path, options: Options) -> Result<Self, Error> {
        let folder = data.join(INDICES);
        fs::create_dir_all(&folder).map_err(Error::io(&folder))?;
        let mut indices = BTreeMap::new();
        for entry in fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let path = entry.map_err(Error::io(&folder))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if name.starts_with('.') {
                // An index that was being made or deleted when the process ended.
                fs::remove_dir_all(&path).map_err(Error::io(&path))?;
                continue;
            }
            let file = path.join("index.json");
            let meta: Meta = read_json(&file)?;
            indices.insert(name.to_owned(), Slot { aliases: meta.aliases, shard: None });
        }
        let file = data.join(TEMPLATES);
        let templates = if file.exists() { read_json(&file)? } else { Map::new() };
        Ok(Self {
            folder: data.to_owned(),
            options,
            indices: RwLock::new(indices),
            making: Mutex::new(()),
            templates: RwLock::new(templates),
            points: Mutex::default(),
            next_point: AtomicU64::new(0),
            boot: jiff::Timestamp::now().as_microsecond(),
        })
    }

    fn index_folder(&self, name: &str) -> PathBuf {
        self.folder.join(INDICES).join(name)
    }

    /// The index `name` (no alias, no pattern), opened if it was not yet.
    fn shard(&self, name: &str) -> ApiResult<Option<Arc<Shard>>> {
        match self.indices.read().get(name) {
            None => return Ok(None),
            Some(Slot { shard: Some(shard), .. }) => return Ok(Some(Arc::clone(shard))),
            Some(_) => {}
        }
        let _making = self.making.lock();
        match self.indices.read().get(name) {
            None => return Ok(None),
            Some(Slot { shard: Some(shard), .. }) => return Ok(Some(Arc::clone(shard))),
            Some(_) => {}
        }
        let shard = Arc::new(Shard::open(&self.index_folder(name), name, &self.options)?);
        if let Some(slot) = self.indices.write().get_mut(name) {
            slot.shard = Some(Arc::clone(&shard));
        }
        Ok(Some(shard))
    }

    /// The index that a document for `name` goes to: that index, the only one behind that alias, or
    /// a new one.
    pub(crate) fn for_write(&self, name: &str) -> ApiResult<Arc<Shard>> {
        if let Some(shard) = self.shard(name)? {
            return Ok(shard);
        }
        match self.behind_alias(name).as_slice() {
            [] => {}
            [one] => return self.shard(one)?.ok_or_else(|| ApiError::no_index(name)),
            _ => {
                let reason = format!(
                    "no write index is defined for alias [{name}]. The write index may be explicitly disabled using is_write_index=false or the alias points to multiple indices without one being designated as a write index"
                );
                return Err(ApiError::bad(reason));
            }
        }
        match self.create(name, &json!({})) {
            Err(error) if error.kind != "resource_already_exists_exception" => Err(error),
            _ => self.shard(name)?.ok_or_else(|| ApiError::no_index(name)),
        }
    }

    fn behind_alias(&self, alias: &str) -> Vec<String> {
        let indices = self.indices.read();
        let behind = indices.iter().filter(|(_, slot)| slot.aliases.iter().any(|own| own == alias));
        behind.map(|(name, _)| name.clone()).collect()
    }

    /// Makes the index `name`.
    pub(crate) fn create(&self, name: &str, body: &Value) -> ApiResult<()> {
        check_name(name)?;
        let _making = self.making.lock();
        if self.indices.read().contains_key(name) {
            let reason = format!("index [{name}] already exists");
            return Err(ApiError::new(400, "resource_already_exists_exception", reason));
        }
        if !self.behind_alias(name).is_empty() {
            let reason = format!("Invalid index name [{name}], already exists as alias");
            return Err(ApiError::new(400, "invalid_index_name_exception", reason));
        }
        let mut meta = template::resolve(&self.templates.read(), name, body)?;
        meta.created_ms = jiff::Timestamp::now().as_millisecond();
        let folder = self.index_folder(name);
        Shard::create(&folder, name, &meta)?;
        let shard = Arc::new(Shard::open(&folder, name, &self.options)?);
        let slot = Slot { aliases: meta.aliases, shard: Some(shard) };
        self.indices.write().insert(name.to_owned(), slot);
        Ok(())
    }

    /// Deletes the indices that `expression` means.
    pub(crate) fn delete(&self, expression: &str, lenience: Lenience) -> ApiResult<()> {
        for name in expression.split(',') {
            if !self.behind_alias(name).is_empty() {
                let reason = format!(
                    "The provided expression [{name}] matches an alias, specify the corresponding concrete indices instead."
                );
                return Err(ApiError::bad(reason));
            }
        }
        for name in self.names(expression, lenience)? {
            let _making = self.making.lock();
            if self.indices.write().remove(&name).is_none() {
                continue;
            }
            let folder = self.index_folder(&name);
            let number = self.next_point.fetch_add(1, Ordering::Relaxed);
            let gone = self.folder.join(INDICES).join(format!(".deleting-{number}-{name}"));
            fs::rename(&folder, &gone).map_err(Error::io(&folder))?;
            // Searches that still run keep the files open; what stays is removed at the next start.
            let _ = fs::remove_dir_all(&gone);
        }
        Ok(())
    }

    /// The names of the indices that `expression` (names, aliases, patterns, `_all`) means.
    pub(crate) fn names(&self, expression: &str, lenience: Lenience) -> ApiResult<Vec<String>> {
        let indices = self.indices.read();
        let mut found = std::collections::BTreeSet::new();
        for part in expression.split(',') {
            let part = if matches!(part, "_all" | "") { "*" } else { part };
            if part.starts_with('-') {
                return Err(ApiError::bad(format!(
                    "[{part}]: exclusions are not served by the local search"
                )));
            }
            let before = found.len();
            let matching = indices.iter().filter(|(name, slot)| {
                wildcard(part, name) || slot.aliases.iter().any(|alias| wildcard(part, alias))
            });
            let mut any = false;
            for (name, _) in matching {
                any = true;
                found.insert(name.clone());
            }
            let pattern = part.contains('*');
            let missing = !any && found.len() == before;
            let allowed =
                if pattern { lenience.allow_no_indices } else { lenience.ignore_unavailable };
            if missing && !allowed {
                return Err(ApiError::no_index(part));
            }
        }
        Ok(found.into_iter().collect())
    }

    /// The open indices that `expression` means.
    pub(crate) fn shards(
        &self,
        expression: &str,
        lenience: Lenience,
    ) -> ApiResult<Vec<Arc<Shard>>> {
        let mut shards = Vec::new();
        for name in self.names(expression, lenience)? {
            shards.extend(self.shard(&name)?);
        }
        Ok(shards)
    }

    /// What a search of `expression` sees now.
    pub(crate) fn views(&self, expression: &str, lenience: Lenience) -> ApiResult<Vec<View>> {
        let shards = self.shards(expression, lenience)?;
        shards.into_iter().map(|shard| shard.refresh_if_due().map(|()| View::of(shard))).collect()
    }

    /// Stores a template.
    pub(crate) fn put_template(&self, name: &str, body: Value) -> ApiResult<()> {
        template::check(name, &body)?;
        let mut templates = self.templates.write();
        let mut changed = templates.clone();
        changed.insert(name.to_owned(), body);
        write_json(&self.folder.join(TEMPLATES), &changed)?;
        *templates = changed;
        Ok(())
    }

    /// Removes a template; false if there was none.
    pub(crate) fn delete_template(&self, name: &str) -> ApiResult<bool> {
        let mut templates = self.templates.write();
        let mut changed = templates.clone();
        if changed.remove(name).is_none() {
            return Ok(false);
        }
        write_json(&self.folder.join(TEMPLATES), &changed)?;
        *templates = changed;
        Ok(true)
    }

    /// The templates whose names fit `pattern`.
    pub(crate) fn templates(&self, pattern: &str) -> Vec<(String, Value)> {
        let templates = self.templates.read();
        let matching = templates.iter().filter(|(name, _)| wildcard(pattern, name));
        matching.map(|(name, body)| (name.clone(), body.clone())).collect()
    }

    /// Opens a point in time and returns its id.
    pub(crate) fn open_point(&self, views: Vec<View>, keep: Duration) -> ApiResult<String> {
        let mut points = self.points.lock();
        let now = Instant::now();
        points.retain(|_, point| point.until > now);
        if points.len() >= self.options.points_in_time {
            let reason = format!(
                "Trying to create too many Point In Time contexts. Must be less than or equal to: [{}]",
                self.options.points_in_time
            );
            return Err(ApiError::new(429, "rejected_execution_exception", reason));
        }
        let number = self.next_point.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:x}-{number:x}", self.boot);
        points.insert(id.clone(), Point { views: Arc::new(views), keep, until: now + keep });
        Ok(id)
    }

    /// What a point in time sees; its life begins anew, with another length if one is given.
    pub(crate) fn point(&self, id: &str, keep: Option<Duration>) -> ApiResult<Arc<Vec<View>>> {
        let mut points = self.points.lock();
        let now = Instant::now();
        points.retain(|_, point| point.until > now);
        let point = points.get_mut(id).ok_or_else(|| {
            let reason = format!("No search context found for id [{id}]");
            ApiError::new(404, "search_context_missing_exception", reason)
        })?;
        point.keep = keep.unwrap_or(point.keep);
        point.until = now + point.keep;
        Ok(Arc::clone(&point.views))
    }

    /// Closes points in time, all of them for `None`; returns those closed.
    pub(crate) fn close_points(&self, ids: Option<&[String]>) -> Vec<String> {
        let mut points = self.points.lock();
        let ids = ids.map_or_else(|| points.keys().cloned().collect(), <[String]>::to_vec);
        ids.into_iter().filter(|id| points.remove(id).is_some()).collect()
    }

    fn opened(&self) -> Vec<Arc<Shard>> {
        self.indices.read().values().filter_map(|slot| slot.shard.clone()).collect()
    }

    /// Commits what has waited for long, and frees what is idle.
    pub(crate) fn tidy(&self) {
        for shard in self.opened() {
            if let Err(error) = shard.tidy() {
                tracing::error!(%error, "search: a commit failed; it is tried again");
            }
        }
        let now = Instant::now();
        self.points.lock().retain(|_, point| point.until > now);
    }

    /// Commits everything and closes the writers.
    pub(crate) fn close(&self) -> Result<(), Error> {
        self.opened().iter().try_for_each(|shard| shard.close())
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = fs::read(path).map_err(Error::io(path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::Damaged { path: path.to_owned(), reason: error.to_string() })
}

/// Whether OpenSearch would take the name; as its folder's name it is then harmless.
fn check_name(name: &str) -> ApiResult<()> {
    let reason = if name.is_empty() || name.len() > 255 {
        "must not be empty or longer than 255 bytes"
    } else if name.starts_with(['_', '-', '+', '.']) {
        "must not start with '_', '-', '+' or '.'"
    } else if name.chars().any(char::is_uppercase) {
        "must be lowercase"
    } else if name.contains(|c: char| r##"\/*?"<>|,#: "##.contains(c) || c.is_control()) {
        "must not contain the following characters [ , \", *, \\, <, |, ,, >, /, ?, #, :]"
    } else {
        return Ok(());
    };
    let mut error = ApiError::new(
        400,
        "invalid_index_name_exception",
        format!("Invalid index name [{name}], {reason}"),
    );
    error.index = Some(name.to_owned());
    Err(error)
}
