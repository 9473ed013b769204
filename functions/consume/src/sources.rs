//! Where patterns and databases come from: what is bundled, files, and objects in S3.

use anyhow::Context as _;
use logmill_grok::{Fault, Naming, Patterns};
use logmill_model::Timestamp;
use logmill_objects::{GetOptions, Objects};
use logmill_runtime::cause::{Cause, TryAgain};
use logmill_runtime::config::Events;
use logmill_runtime::retry::Deadline;

use crate::{Database, Enrichment};

/// The largest document of patterns.
const MOST_PATTERNS: u64 = 4 * 1024 * 1024;
/// The largest database.
const MOST_DATABASE: u64 = 512 * 1024 * 1024;

/// Patterns and databases: those that are here, and where the others are.
#[derive(Clone, Debug)]
pub struct Sources {
    patterns: Vec<Source<Patterns>>,
    databases: Vec<Source<Database>>,
}

#[derive(Clone, Debug)]
enum Source<T> {
    Here(T),
    There { bucket: String, key: String },
}

impl Sources {
    /// Reads what the settings name, but for objects in S3.
    ///
    /// # Errors
    /// A file that cannot be read, or is broken; it is named.
    pub fn open(events: &Events) -> anyhow::Result<Self> {
        let patterns = events.patterns.iter().map(|name| {
            open(name, bundled, compiled).with_context(|| format!("LOGMILL_PATTERNS: {name}"))
        });
        let databases = events.geoip.iter().map(|name| {
            open(name, |_| Ok(None), database).with_context(|| format!("LOGMILL_GEOIP: {name}"))
        });
        Ok(Self {
            patterns: patterns.collect::<Result<_, _>>()?,
            databases: databases.collect::<Result<_, _>>()?,
        })
    }

    /// All of them.
    ///
    /// # Errors
    /// An object cannot be read, or is broken; it is named. An operator may have to put another.
    pub(crate) async fn load(
        &self,
        objects: &Objects,
        until: Deadline,
    ) -> Result<Enrichment, TryAgain> {
        let objects = objects.within(until);
        let mut patterns = Patterns::none();
        for source in &self.patterns {
            patterns = patterns.then(source.load(&objects, MOST_PATTERNS, compiled).await?);
        }
        let mut databases = Vec::new();
        for source in &self.databases {
            databases.push(source.load(&objects, MOST_DATABASE, database).await?);
        }
        Ok(Enrichment { patterns, databases })
    }
}

impl<T: Clone> Source<T> {
    async fn load(
        &self,
        objects: &Objects,
        most: u64,
        read: fn(Vec<u8>) -> anyhow::Result<T>,
    ) -> Result<T, TryAgain> {
        let (bucket, key) = match self {
            Self::Here(here) => return Ok(here.clone()),
            Self::There { bucket, key } => (bucket, key),
        };
        let name = format!("s3://{bucket}/{key}");
        let failed = |error: &logmill_objects::Error| TryAgain::after(error).about(&name);
        let body = objects.get(bucket, key, GetOptions::default()).await;
        let bytes = body.map_err(|error| failed(&error))?.collect(most).await;
        let bytes = bytes.map_err(|error| failed(&error))?;
        let began = Timestamp::now();
        let read = read(bytes.to_vec());
        tracing::info!(name, took = %Timestamp::now().duration_since(began), "loaded");
        read.map_err(|error| TryAgain::new(Cause::Other, format!("{name}: {error:#}")))
    }
}

/// A source by its name.
fn open<T>(
    name: &str,
    bundled: impl FnOnce(&str) -> anyhow::Result<Option<T>>,
    read: fn(Vec<u8>) -> anyhow::Result<T>,
) -> anyhow::Result<Source<T>> {
    if let Some(address) = name.strip_prefix("s3://") {
        let parts =
            address.split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty());
        let (bucket, key) = parts.context("is no address of an object: give s3://bucket/key")?;
        return Ok(Source::There { bucket: bucket.to_owned(), key: key.to_owned() });
    }
    if let Some(bundled) = bundled(name)? {
        return Ok(Source::Here(bundled));
    }
    let bytes = std::fs::read(name).context("cannot be read: give a file, or s3://bucket/key")?;
    read(bytes).map(Source::Here)
}

/// What comes with Logmill under a name; none if it is the name of a file.
fn bundled(name: &str) -> anyhow::Result<Option<Patterns>> {
    match name {
        "none" => return Ok(Some(Patterns::none())),
        "bundled" => return Ok(Some(Patterns::bundled(Naming::Ecs))),
        "legacy" => return Ok(Some(Patterns::bundled(Naming::Legacy))),
        _ if name.contains(['/', '.']) => return Ok(None),
        _ => {}
    }
    let all = Patterns::bundled(Naming::Ecs);
    if let Some(one) = all.named(name) {
        return Ok(Some(one));
    }
    let known: Vec<_> = all.names().collect();
    anyhow::bail!(
        "is no bundled pattern: give bundled, legacy, none, a path with `/` or `.` in it, s3://bucket/key, \
         or one of {}",
        known.join(", ")
    )
}

fn compiled(bytes: Vec<u8>) -> anyhow::Result<Patterns> {
    let text = String::from_utf8(bytes).context("is no UTF-8")?;
    Patterns::compile(&text).map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(Fault::to_string).collect();
        anyhow::anyhow!("does not compile: {}", faults.join("; "))
    })
}

fn database(bytes: Vec<u8>) -> anyhow::Result<Database> {
    Ok(Database::new(bytes)?)
}
