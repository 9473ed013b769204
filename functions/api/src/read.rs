//! What a request needs from the stores: a handful of requests, as many as can be at once.

use std::future::Future;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use logmill_documents::{Cursor, Documents, Hit, Kind, Search, Sort};
use logmill_metadata::{Deployment, Filter, Metadata, ObjectState, Status};
use logmill_model::{Explanation, Outcome, Summary, id};
use logmill_query::{Bound, Query, Scalar, Test};
use logmill_runtime::retry::Deadline;
use serde::Deserialize as _;

use crate::document::{self, BuildDocument, RecordDocument};
use crate::fault::Fault;
use crate::link::LOG_PAGE;
use crate::view::{BuildRow, Detail, Found, FoundRecord, Line, List, LogPage};

/// How long a page waits for its stores.
const PATIENCE: Duration = Duration::from_secs(10);
/// Objects of one deployment whose summaries a list reads.
const OBJECTS_IN_LIST: usize = 12;
/// Objects of one deployment whose summaries its own page reads.
const OBJECTS_ON_PAGE: usize = 200;
/// Requests to the metadata at once.
const AT_ONCE: usize = 16;
/// Lines that are shown before and behind an explanation.
const AROUND: u64 = 6;
/// The most lines of an explanation that are shown.
const EXPLAINED: u64 = 120;
/// Lines that are shown before and behind a hit.
const CONTEXT: u64 = 2;

/// A page of the list of builds.
pub(crate) async fn list<M: Metadata + Clone>(
    metadata: &M,
    filter: &Filter,
    after: Option<&str>,
    size: usize,
) -> Result<List, Fault> {
    let page = in_time(metadata.deployments(filter, after, size)).await?;
    let rows = stream::iter(page.deployments.into_iter().map(|deployment| {
        let metadata = metadata.clone();
        async move { row(&metadata, deployment, OBJECTS_IN_LIST).await }
    }));
    Ok(List { builds: rows.buffered(AT_ONCE).try_collect().await?, next: page.next })
}

/// One build: the log asked for, or the only one.
pub(crate) async fn build<M: Metadata + Clone>(
    metadata: &M,
    documents: &Documents,
    key: &str,
    part: Option<&str>,
) -> Result<Detail, Fault> {
    let deadline = Deadline::after(PATIENCE);
    let guess = part.unwrap_or_default();
    let (deployment, hit) =
        tokio::join!(known(metadata, key), build_document(documents, key, guess, deadline));
    let (build, mut hit) = match (deployment?, hit?) {
        (Some(build), hit) => (build, hit),
        (None, Some(hit)) => (bare(key), Some(hit)),
        (None, None) => return Err(unknown(key)),
    };
    let only = match build.logs.as_slice() {
        [log] if build.logs_more == 0 => Some(log.summary.part.clone()),
        [] if hit.is_some() => Some(String::new()),
        _ => None,
    };
    let Some(part) = part.map(str::to_owned).or(only) else {
        return Ok(Detail { build, ..Detail::default() });
    };
    if part != guess {
        hit = build_document(documents, key, &part, deadline).await?;
    }
    let known_part = build.logs.iter().any(|log| log.summary.part == part) || build.logs_more > 0;
    if hit.is_none() && !known_part && !build.logs.is_empty() {
        return Err(Fault::not_found(format!("The deployment {key} has no log {part:?}.")));
    }
    let around = match &hit {
        Some(hit) => {
            let blocks = read(hit)?.explanation;
            let around = blocks.iter().map(|block| around(documents, key, &part, block, deadline));
            futures_util::future::try_join_all(around).await?
        }
        None => Vec::new(),
    };
    let document = hit.map(|hit| hit.source);
    Ok(Detail { build, part: Some(part), document, around })
}

/// 500 lines of a log.
pub(crate) async fn log<M: Metadata + Clone>(
    metadata: &M,
    documents: &Documents,
    key: &str,
    part: &str,
    from: u64,
) -> Result<LogPage, Fault> {
    let deadline = Deadline::after(PATIENCE);
    let to = from.saturating_add(LOG_PAGE - 1);
    let (hits, hit) = tokio::join!(
        documents.lines(key, part, from, to, deadline),
        build_document(documents, key, part, deadline)
    );
    let (hits, hit) = (hits?, hit?);
    if hits.is_empty() && hit.is_none() && in_time(metadata.deployment(key)).await?.is_none() {
        return Err(unknown(key));
    }
    let document = hit.as_ref().map(read).transpose()?;
    let mut errors: Vec<_> = document
        .iter()
        .flat_map(|document| &document.errors)
        .filter(|error| error.severity >= logmill_model::Severity::Error)
        .map(|error| (error.line, error.end_line.max(error.line)))
        .collect();
    errors.sort_unstable();
    Ok(LogPage {
        deployment_key: key.to_owned(),
        part: part.to_owned(),
        from,
        lines_total: document.map(|document| document.metrics.lines),
        lines: document::lines(&hits, from, to),
        errors,
    })
}

/// What a search asks for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) query: Query,
    pub(crate) size: usize,
    pub(crate) after: Option<Cursor>,
}

/// A page of records, each with the lines around it.
pub(crate) async fn search(documents: &Documents, wanted: Wanted) -> Result<Found, Fault> {
    let deadline = Deadline::after(PATIENCE);
    let (size, after) = (wanted.size, wanted.after);
    let paged = after.is_some();
    let sought = Search { size, after, ..Search::new(Kind::Logs, wanted.query) };
    let page = documents.search(&sought, deadline).await.map_err(|error| {
        if paged && error.kind() == logmill_documents::ErrorKind::Refused {
            return Fault::request(format!("The place of this page is none: {error}"))
                .advice("Search again from the first page.");
        }
        Fault::from(error)
    })?;
    let records: Vec<_> = page
        .hits
        .iter()
        .map(|hit| RecordDocument::deserialize(&hit.source).unwrap_or_default())
        .collect();
    let context = context(documents, &records, deadline).await?;
    let next = page.next.and_then(|cursor| serde_json::to_string(&cursor).ok());
    let hits = page.hits.into_iter().zip(&records).map(|(hit, record)| {
        let (before, behind) = beside(&context, record);
        FoundRecord { document: hit.source, before, behind }
    });
    Ok(Found {
        hits: hits.collect(),
        total: page.total.value,
        total_is_exact: page.total.exact,
        next,
    })
}

/// The records beside these, by one request.
async fn context(
    documents: &Documents,
    records: &[RecordDocument],
    deadline: Deadline,
) -> Result<Vec<RecordDocument>, Fault> {
    let ranges: Vec<_> = records
        .iter()
        .filter_map(|record| {
            let key = record.deployment_key.as_deref()?;
            Some(Query::all_of([
                Query::is("deployment_key", key),
                Query::is("part", &record.part),
                number("end_line", Some(record.line.saturating_sub(CONTEXT)), None),
                number("line", None, Some(record.end_line.saturating_add(CONTEXT))),
            ]))
        })
        .collect();
    if ranges.is_empty() {
        return Ok(Vec::new());
    }
    let size = ranges.len() * (2 * CONTEXT as usize + 1);
    let query = Query::any_of(ranges);
    let sought = Search { sort: Sort::Line, size, ..Search::new(Kind::Logs, query) };
    let page = documents.search(&sought, deadline).await?;
    Ok(page.hits.iter().filter_map(|hit| RecordDocument::deserialize(&hit.source).ok()).collect())
}

/// The lines of `context` just before and just behind a record.
fn beside(context: &[RecordDocument], record: &RecordDocument) -> (Vec<Line>, Vec<Line>) {
    let of_log = |other: &&RecordDocument| {
        other.deployment_key == record.deployment_key
            && other.part == record.part
            && other.line != record.line
    };
    let near: Vec<_> = context.iter().filter(of_log).flat_map(document::record_lines).collect();
    let end = record.end_line.max(record.line);
    let within = |from: u64, to: u64| {
        let lines = near.iter().filter(move |line| (from..to).contains(&line.number));
        lines.cloned().collect::<Vec<_>>()
    };
    let before = within(record.line.saturating_sub(CONTEXT), record.line);
    (before, within(end + 1, end.saturating_add(CONTEXT + 1)))
}

#[expect(clippy::cast_precision_loss, reason = "line numbers stay far below 2^52")]
fn number(name: &str, from: Option<u64>, to: Option<u64>) -> Query {
    let bound =
        |at: Option<u64>| at.map_or(Bound::Open, |at| Bound::Included(Scalar::Number(at as f64)));
    Query::Field {
        name: name.to_owned(),
        test: Test::Within { lower: bound(from), upper: bound(to) },
    }
}

async fn around(
    documents: &Documents,
    key: &str,
    part: &str,
    block: &Explanation,
    deadline: Deadline,
) -> Result<Vec<Line>, Fault> {
    let from = block.line.saturating_sub(AROUND).max(1);
    let last = block.end_line.clamp(block.line, block.line.saturating_add(EXPLAINED));
    let to = last.saturating_add(AROUND);
    let hits = documents.lines(key, part, from, to, deadline).await?;
    Ok(document::lines(&hits, from, to))
}

async fn build_document(
    documents: &Documents,
    key: &str,
    part: &str,
    deadline: Deadline,
) -> Result<Option<Hit>, Fault> {
    Ok(documents.get(Kind::Builds, &id::build_document_id(key, part), deadline).await?)
}

/// The build document of a hit.
pub(crate) fn read(hit: &Hit) -> Result<BuildDocument, Fault> {
    BuildDocument::deserialize(&hit.source).map_err(|error| Fault::document(&hit.id, &error))
}

async fn known<M: Metadata + Clone>(metadata: &M, key: &str) -> Result<Option<BuildRow>, Fault> {
    match in_time(metadata.deployment(key)).await? {
        Some(deployment) => Ok(Some(row(metadata, deployment, OBJECTS_ON_PAGE).await?)),
        None => Ok(None),
    }
}

/// A deployment with its objects and their summaries, the worst `most` of them.
async fn row<M: Metadata + Clone>(
    metadata: &M,
    deployment: Deployment,
    most: usize,
) -> Result<BuildRow, Fault> {
    let mut objects = in_time(metadata.objects(&deployment.deployment_key)).await?;
    let more = objects.len().saturating_sub(most);
    if more > 0 {
        objects.sort_by_key(urgency);
        objects.truncate(most);
    }
    let read = stream::iter(objects.into_iter().map(|object| {
        let metadata = metadata.clone();
        async move {
            let summary = summary(&metadata, &object).await?;
            Ok::<_, Fault>((object, summary))
        }
    }));
    let objects = read.buffered(AT_ONCE).try_collect().await?;
    Ok(BuildRow::new(deployment, objects, more as u64))
}

/// What people want to see first.
fn urgency(object: &ObjectState) -> u8 {
    match (object.status, object.result) {
        (Status::Completed, Some(Outcome::Failed)) => 0,
        (Status::Failed, _) => 1,
        (Status::Processing, _) => 2,
        (Status::Completed, Some(Outcome::Cancelled)) => 3,
        (Status::Pending, _) => 4,
        _ => 5,
    }
}

/// The summary of an object with the generation it was written for. One that can't be read is as
/// good as none: the build document says the same.
async fn summary<M: Metadata>(
    metadata: &M,
    object: &ObjectState,
) -> Result<Option<(String, Summary)>, Fault> {
    if object.status != Status::Completed {
        return Ok(None);
    }
    let blob = in_time(metadata.summary(&object.deployment_key, &object.part)).await?;
    Ok(blob.and_then(|blob| match serde_json::from_slice(&blob.bytes) {
        Ok(summary) => Some((blob.generation, summary)),
        Err(error) => {
            tracing::warn!(key = object.deployment_key, %error, "a summary cannot be read");
            None
        }
    }))
}

/// A deployment that only its documents are known of.
fn bare(key: &str) -> BuildRow {
    let now = Timestamp::UNIX_EPOCH;
    let mut row = BuildRow::new(Deployment::new(key, now), Vec::new(), 0);
    row.status = Status::Completed;
    row
}

fn unknown(key: &str) -> Fault {
    Fault::not_found(format!("No deployment has the key {key}."))
        .advice("Its log may not have arrived yet, or its documents may have been deleted by age.")
}

/// The answer of the metadata, within the time that a page waits.
async fn in_time<T>(
    asked: impl Future<Output = Result<T, logmill_metadata::Error>>,
) -> Result<T, Fault> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Fault::late("The metadata")),
    }
}
