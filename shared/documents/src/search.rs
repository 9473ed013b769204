//! Reading: search with paging, counts, aggregations, single documents, lines of a log.

use logmill_query::{Query, to_opensearch};
use logmill_runtime::retry::Deadline;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::Request;
use crate::{Documents, Error, ErrorKind, Kind};

/// The most hits of one page; the engine allows no more.
pub const MAX_PAGE: usize = 10_000;
/// Up to here, totals are counted exactly.
const COUNTED: u64 = 10_000;

/// The order of hits. Ties are broken by deployment, part and line, so an order is total and pages
/// neither repeat nor miss a document that was there all the time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Sort {
    /// The latest first.
    #[default]
    Newest,
    /// The earliest first.
    Oldest,
    /// By line: for the documents of one log.
    Line,
}

/// What to look for.
#[derive(Clone, Debug)]
pub struct Search {
    /// The documents to look among.
    pub kind: Kind,
    /// The condition; a time range is a part of it ([`Query::between`] on `@timestamp`).
    pub query: Query,
    /// The order.
    pub sort: Sort,
    /// The most hits, up to 10,000.
    pub size: usize,
    /// Where the page before ended: its [`Page::next`].
    pub after: Option<Cursor>,
}

impl Search {
    /// The 50 latest documents that fulfil the condition.
    #[must_use]
    pub fn new(kind: Kind, query: Query) -> Self {
        Self { kind, query, sort: Sort::Newest, size: 50, after: None }
    }
}

/// Where a page ended. Good only for the same search.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Cursor(Vec<Value>);

/// A document that was found.
#[derive(Clone, Debug, Deserialize)]
pub struct Hit {
    /// Its index.
    #[serde(rename = "_index")]
    pub index: String,
    /// Its id.
    #[serde(rename = "_id")]
    pub id: String,
    /// The document, without `text`.
    #[serde(rename = "_source")]
    pub source: Value,
    #[serde(default)]
    sort: Vec<Value>,
}

/// One page of hits.
#[derive(Clone, Debug)]
pub struct Page {
    /// The hits in their order.
    pub hits: Vec<Hit>,
    /// Where the next page begins; none where this page was not full.
    pub next: Option<Cursor>,
    /// How many documents fulfil the condition.
    pub total: Total,
}

/// A number of documents.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Total {
    /// The number, or 10,000 where there are more.
    pub value: u64,
    /// Whether that is all of them.
    pub exact: bool,
}

#[derive(Deserialize)]
struct Answer<H> {
    hits: AnswerHits<H>,
    #[serde(default)]
    aggregations: Value,
    #[serde(rename = "_shards")]
    shards: Option<Shards>,
    #[serde(default)]
    timed_out: bool,
}

#[derive(Deserialize)]
struct Shards {
    failed: u32,
    #[serde(default)]
    failures: Value,
}

#[derive(Deserialize)]
struct AnswerHits<H> {
    total: Option<AnswerTotal>,
    hits: Vec<H>,
}

#[derive(Deserialize)]
struct AnswerTotal {
    value: u64,
    relation: String,
}

impl Documents {
    /// One page of the documents that fulfil a condition. Without any index yet, nothing is found.
    ///
    /// # Errors
    /// Whatever keeps the engine from answering; a partial answer is an error too.
    pub async fn search(&self, search: &Search, deadline: Deadline) -> Result<Page, Error> {
        let size = search.size.min(MAX_PAGE);
        let mut body = json!({
            "query": to_opensearch(&search.query),
            "size": size,
            "sort": sort(search.kind, search.sort),
            "track_total_hits": COUNTED,
        });
        if let Some(Cursor(after)) = &search.after {
            body["search_after"] = json!(after);
        }
        let answer: Answer<Hit> = self.ask(search.kind, "_search", &body, deadline).await?;
        let hits = answer.hits.hits;
        let next = hits.last().filter(|_| hits.len() == size).map(|hit| Cursor(hit.sort.clone()));
        let total = answer.hits.total.map_or(Total { value: 0, exact: true }, |total| Total {
            value: total.value,
            exact: total.relation == "eq",
        });
        Ok(Page { hits, next, total })
    }

    /// How many documents fulfil a condition, exactly.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub async fn count(&self, kind: Kind, query: &Query, deadline: Deadline) -> Result<u64, Error> {
        #[derive(Deserialize)]
        struct Count {
            count: u64,
        }
        let request = self.request(kind, "_count", &json!({ "query": to_opensearch(query) }));
        let Count { count } = self.send(&request, deadline).await?;
        Ok(count)
    }

    /// Aggregations over the documents that fulfil a condition: `aggregations` of OpenSearch's
    /// answer, by the names that `aggs` gives; the helpers of [`crate::aggs`] write them.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub async fn aggregate(
        &self,
        kind: Kind,
        query: &Query,
        aggs: &Value,
        deadline: Deadline,
    ) -> Result<Value, Error> {
        let body = json!({
            "query": to_opensearch(query),
            "size": 0,
            "track_total_hits": true,
            "aggs": aggs,
        });
        let answer: Answer<Value> = self.ask(kind, "_search", &body, deadline).await?;
        Ok(answer.aggregations)
    }

    /// The document of this id, whichever month holds it; seen after a refresh.
    ///
    /// # Errors
    /// As [`Self::search`]; that there is none is no error.
    pub async fn get(
        &self,
        kind: Kind,
        id: &str,
        deadline: Deadline,
    ) -> Result<Option<Hit>, Error> {
        let body = json!({ "query": { "ids": { "values": [id] } }, "size": 1 });
        let answer: Answer<Hit> = self.ask(kind, "_search", &body, deadline).await?;
        Ok(answer.hits.hits.into_iter().next())
    }

    /// The records of a log that reach into the lines `from` to `to`, by line; at most 10,000.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub async fn lines(
        &self,
        deployment_key: &str,
        part: &str,
        from: u64,
        to: u64,
        deadline: Deadline,
    ) -> Result<Vec<Hit>, Error> {
        let body = json!({
            "query": { "bool": { "filter": [
                { "term": { "deployment_key": deployment_key } },
                { "term": { "part": part } },
                { "range": { "end_line": { "gte": from } } },
                { "range": { "line": { "lte": to } } },
            ] } },
            "size": MAX_PAGE,
            "sort": sort(Kind::Logs, Sort::Line),
            "track_total_hits": COUNTED,
        });
        let answer: Answer<Hit> = self.ask(Kind::Logs, "_search", &body, deadline).await?;
        Ok(answer.hits.hits)
    }

    fn request(&self, kind: Kind, what: &str, body: &Value) -> Request {
        let path = format!("/{}/{what}?ignore_unavailable=true", self.names.alias(kind));
        Request::post("searching", path).json(body)
    }

    async fn ask<H: DeserializeOwned>(
        &self,
        kind: Kind,
        what: &str,
        body: &Value,
        deadline: Deadline,
    ) -> Result<Answer<H>, Error> {
        let request = self.request(kind, what, body);
        let answer: Answer<H> = self.send(&request, deadline).await?;
        if answer.timed_out {
            return Err(
                request.fault(ErrorKind::Unavailable, "the engine's own time-out came first")
            );
        }
        match &answer.shards {
            Some(shards) if shards.failed > 0 => {
                let detail = format!("{} shards failed: {}", shards.failed, shards.failures);
                Err(request.fault(ErrorKind::Unavailable, detail))
            }
            _ => Ok(answer),
        }
    }
}

fn sort(kind: Kind, sort: Sort) -> Value {
    let by = |field: &str, order: &str| json!({ field: { "order": order } });
    let mut fields = match sort {
        Sort::Newest => vec![by("@timestamp", "desc")],
        Sort::Oldest => vec![by("@timestamp", "asc")],
        Sort::Line if kind != Kind::Builds => vec![by("line", "asc")],
        Sort::Line => Vec::new(),
    };
    fields.extend([by("deployment_key", "asc"), by("part", "asc")]);
    if kind != Kind::Builds && sort != Sort::Line {
        fields.push(by("line", "asc"));
    }
    Value::Array(fields)
}
