//! `logmill put FILE…`, and the same for the files of `logmill up`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use indicatif::ProgressBar;
use logmill_metadata::{Facts, Metadata as _, ObjectState, Status, Witness};
use logmill_model::id::{self, ObjectKey, Storage};
use logmill_model::{LogSummary, Outcome, Summary, Timestamp};
use logmill_objects::{Content, PutOptions};
use logmill_unpack::Format;

use crate::endpoints::Clients;

/// How often the metadata is asked whether a log is done.
const EVERY: Duration = Duration::from_millis(40);

/// A log that was put, and what became of it.
#[derive(Debug)]
pub(crate) struct Sent {
    file: PathBuf,
    deployment_key: String,
    part: String,
    /// The revision of its row before it was put.
    before: u64,
    state: Option<ObjectState>,
    summary: Option<Summary>,
}

impl Sent {
    /// Whether its documents are written.
    pub(crate) fn is_completed(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.status == Status::Completed)
    }
}

/// Puts files into the bucket, one deployment each, or a single one under this key. One that cannot
/// be read is named on standard error, and the others go on.
pub(crate) async fn put(
    clients: &Clients,
    files: &[PathBuf],
    key: Option<&str>,
) -> anyhow::Result<Vec<Sent>> {
    anyhow::ensure!(
        key.is_none() || files.len() == 1,
        "--key names one object: put one file with it"
    );
    let mut sent = Vec::new();
    for file in files {
        match put_one(clients, file, key).await {
            Ok(one) => sent.push(one),
            Err(error) => anstream::eprintln!("error: {}: {error:#}", file.display()),
        }
    }
    anyhow::ensure!(!sent.is_empty(), "none of the files could be put");
    Ok(sent)
}

async fn put_one(clients: &Clients, file: &Path, key: Option<&str>) -> anyhow::Result<Sent> {
    let metadata = std::fs::metadata(file)?;
    anyhow::ensure!(metadata.is_file(), "it is no file");
    let created_at = metadata.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    let created_at = created_at.unwrap_or_else(Timestamp::now);
    let (place, object_key) = match key {
        Some(key) => (ObjectKey::parse(key), key.to_owned()),
        None => {
            let place = ObjectKey::new(&name(file), "", created_at, storage(file)?);
            let object_key = place.to_string();
            (place, object_key)
        }
    };
    let ObjectKey { deployment_key, part, .. } = place;
    let state = clients.metadata.object(&deployment_key, &part).await?;
    let mut options = PutOptions::default();
    if key.is_none() {
        options.user_metadata = [
            ("created-at".to_owned(), created_at.to_string()),
            ("deployment-key".to_owned(), id::encode(&deployment_key)),
        ]
        .into();
    }
    clients
        .objects
        .put(&clients.bucket, &object_key, Content::File(file.to_owned()), options)
        .await?;
    if state.is_none() {
        // As who fetches logs does, so that a processing event finds it.
        let facts = Facts { s3_path: Some(object_key), ..Facts::default() };
        let now = Timestamp::now();
        clients.metadata.upsert_facts(&deployment_key, &facts, Witness::Log, now).await?;
    }
    Ok(Sent {
        file: file.to_owned(),
        deployment_key,
        part,
        before: state.map_or(0, |state| state.revision),
        state: None,
        summary: None,
    })
}

/// The deployment's key: the file's name without what says how it is stored.
fn name(file: &Path) -> String {
    let name = file.file_name().map_or_else(|| "log".into(), |name| name.to_string_lossy());
    let mut name = name.as_ref();
    for suffix in [".gz", ".zst", ".zip", ".log", ".txt"] {
        name = name.strip_suffix(suffix).filter(|rest| !rest.is_empty()).unwrap_or(name);
    }
    name.to_owned()
}

/// How the file is stored, by its content.
fn storage(file: &Path) -> anyhow::Result<Storage> {
    use std::io::Read as _;

    let mut head = Vec::new();
    std::fs::File::open(file).context("it cannot be read")?.take(16).read_to_end(&mut head)?;
    Ok(match logmill_unpack::sniff(&head) {
        Format::Gzip => Storage::Gzip,
        Format::Zstd => Storage::Zstd,
        Format::Zip => Storage::Zip,
        Format::Plain => Storage::Plain,
    })
}

/// Waits until every log has ended, with a progress bar on a terminal.
pub(crate) async fn wait(clients: &Clients, sent: Vec<Sent>) -> anyhow::Result<Vec<Sent>> {
    let bar = ProgressBar::new(sent.len() as u64);
    let mut sent = sent;
    for one in &mut sent {
        bar.set_message(one.file.display().to_string());
        while one.state.is_none() {
            let state = clients.metadata.object(&one.deployment_key, &one.part).await?;
            one.state =
                state.filter(|state| state.revision > one.before && state.status.has_ended());
            if one.state.is_none() {
                tokio::time::sleep(EVERY).await;
            }
        }
        let blob = clients.metadata.summary(&one.deployment_key, &one.part).await?;
        one.summary = blob.and_then(|blob| serde_json::from_slice(&blob.bytes).ok());
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(sent)
}

/// Each log with its result and why it failed.
pub(crate) fn table(sent: &[Sent]) -> String {
    let mut table = String::new();
    let width =
        sent.iter().map(|one| one.deployment_key.chars().count()).max().unwrap_or(0).min(48);
    for one in sent {
        let (mark, what) = verdict(one);
        // Writing to memory does not fail.
        let _ = writeln!(table, "{mark} {:width$}  {what}", one.deployment_key);
    }
    table
}

fn verdict(one: &Sent) -> (&'static str, String) {
    let state = one.state.as_ref();
    if let Some(error) = state.and_then(|state| state.error.as_deref()) {
        return ("!", format!("could not be parsed: {error}"));
    }
    let Some(summary) = &one.summary else { return ("?", String::new()) };
    let mark = match summary.result() {
        Outcome::Success => "✓",
        Outcome::Failed => "✗",
        Outcome::Cancelled | Outcome::Skipped => "-",
        Outcome::Unknown => "?",
    };
    let why = summary.logs.iter().find_map(reason);
    (mark, why.unwrap_or_else(|| summary.result().as_str().to_owned()))
}

/// Why a log's build failed, in one line.
fn reason(log: &LogSummary) -> Option<String> {
    let explanation = log.explanation.as_ref()?;
    let (what, line) = (&explanation.headline, explanation.headline_line);
    Some(format!("{what}  (line {line}, {})", explanation.reason.as_str()))
}
