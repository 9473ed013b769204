//! One run: random documents, changes and questions, from one seed.

use std::time::Duration;

use fastrand::Rng;
use logmill_documents::{BulkLimits, BulkWriter, Kind, Origin, Search, Sort};
use logmill_model::{Fields, Level, Record, RecordKind};
use logmill_query::{Query, to_opensearch};
use logmill_runtime::retry::Deadline;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answers::{difference, values};
use crate::engine::{Answer, Pair, read};
use crate::{documents, queries, requests};

/// Differences after which a run is given up.
const ENOUGH: usize = 5;

/// One run of a seed.
pub(crate) struct Run<'a> {
    pair: &'a Pair,
    random: Rng,
    /// What its documents are, but for some.
    kind: Kind,
    key: String,
    /// What differs.
    pub(crate) differences: Vec<String>,
    /// How many answers were compared.
    pub(crate) compared: u64,
}

/// A request for the page behind these values, which stay as the engine wrote them.
fn behind(body: &Value, after: &str) -> String {
    let body = body.to_string();
    let open = body.strip_suffix('}').unwrap();
    format!("{open},\"search_after\":{after}}}")
}

/// The sort values of the last hit of an answer, as the engine wrote them.
fn last_sort(answer: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        hits: Hits<'a>,
    }
    #[derive(Deserialize)]
    struct Hits<'a> {
        #[serde(borrow)]
        hits: Vec<Hit<'a>>,
    }
    #[derive(Deserialize)]
    struct Hit<'a> {
        #[serde(borrow)]
        sort: &'a RawValue,
    }
    let answer: Answer<'_> = serde_json::from_str(answer).ok()?;
    answer.hits.hits.last().map(|hit| hit.sort.get().to_owned())
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

impl<'a> Run<'a> {
    /// All of it.
    pub(crate) async fn of(pair: &'a Pair, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let kind = match random.u8(..10) {
            0 | 1 => Kind::Builds,
            2 => Kind::Tests,
            _ => Kind::Logs,
        };
        let key = format!("run-{seed}");
        let mut run = Self { pair, random, kind, key, differences: Vec::new(), compared: 0 };
        run.write().await;
        run.write_records().await;
        let point = run.open_point().await;
        for _ in 0..4 {
            run.ask().await;
        }
        run.write().await;
        run.ask_point(point).await;
        run.delete().await;
        for _ in 0..2 {
            run.ask().await;
        }
        run
    }

    fn enough(&self) -> bool {
        self.differences.len() >= ENOUGH
    }

    fn kind(&mut self) -> Kind {
        if self.random.u8(..20) == 0 { Kind::Logs } else { self.kind }
    }

    /// Keeps where the answers to a request differ.
    fn compare(&mut self, request: &str, answers: &[Answer; 2]) {
        self.compared += 1;
        if let Some(difference) = difference(answers) {
            self.differ(request, &difference);
        }
    }

    fn differ(&mut self, request: &str, difference: &str) {
        let short = |text: &str| text.chars().take(1_500).collect::<String>();
        self.differences.push(format!("{}\n    {}", short(request), short(difference)));
    }

    fn same(&mut self, what: &str, [local, real]: [Value; 2]) {
        self.compared += 1;
        if let Some(difference) = values("", &local, &real) {
            self.differ(what, &difference);
        }
    }

    /// Sends a request to both and compares the answers; that of OpenSearch comes back.
    async fn send(&mut self, method: &str, path: &str, body: &Value) -> [Answer; 2] {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let answers = self.pair.both(method, path, &text).await;
        self.compare(&format!("{method} {path} {text}"), &answers);
        answers
    }

    /// Random changes of random documents, and what each item came to.
    async fn write(&mut self) {
        let mut body = String::new();
        for _ in 0..self.random.usize(1..40) {
            let kind = self.kind();
            let month = if self.random.bool() { "2026.11" } else { "2026.10" };
            let index = format!("{}{month}", self.pair.names.pattern(kind).trim_end_matches('*'));
            let id = format!("{}/{}", self.key, self.random.u8(..40));
            let action = documents::one(&mut self.random, &["index", "index", "create", "delete"]);
            let head = json!({ action: { "_index": index, "_id": id } });
            body.push_str(&format!("{head}\n"));
            if action != "delete" {
                let unique = format!("{id}/{index}");
                let document = documents::document(&mut self.random, kind, &self.key, &unique);
                body.push_str(&format!("{document}\n"));
            }
        }
        let answers = self.pair.both("POST", "/_bulk?refresh=true", &body).await;
        self.compared += 1;
        let [local, real] = answers.each_ref().map(|answer| &answer.1["items"]);
        let (local, real) = (local.as_array().unwrap(), real.as_array().unwrap());
        assert_eq!(local.len(), real.len());
        let sources: Vec<&str> = body.lines().collect();
        for (local, real) in local.iter().zip(real) {
            if let Some(difference) = values("", local, real) {
                let id = local.as_object().unwrap().values().next().unwrap()["_id"].to_string();
                let at = sources.iter().position(|line| line.contains(&id)).unwrap();
                let source = sources.get(at + 1).copied().unwrap_or_default();
                let request = format!("{local} of {source}");
                self.differ(&request, &format!("{difference} {}", real["index"]["error"]));
            }
        }
    }

    /// Records as `parse` writes them.
    async fn write_records(&mut self) {
        let origin = self.origin("g1");
        let mut writer = BulkWriter::new(self.pair.names.clone(), BulkLimits::default());
        for line in 1..self.random.u64(2..30) {
            let mut fields = Fields::default();
            if self.random.bool() {
                fields.insert("maven_phase", documents::name(&mut self.random));
            }
            let record = Record {
                line,
                end_line: line + self.random.u64(..3),
                timestamp: self.random.bool().then(|| documents::moment(&mut self.random)),
                level: self.random.choice([None, Some(Level::Warn), Some(Level::Error)]).unwrap(),
                kind: RecordKind::Text,
                step: self.random.choice([None, Some(1), Some(7)]).unwrap(),
                message: documents::text(&mut self.random),
                template_id: None,
                fields,
            };
            writer.record(&origin, &record).unwrap();
        }
        let bulk = writer.take();
        let mut results = Vec::new();
        for engine in [&self.pair.local, &self.pair.real] {
            let written = engine.documents.write(bulk.clone(), soon()).await.unwrap();
            engine.documents.refresh(soon()).await.unwrap();
            results.push(json!([written.written, written.rejected.len()]));
        }
        let [local, real] = <[Value; 2]>::try_from(results).unwrap();
        self.same("records written", [local, real]);
    }

    fn origin(&self, generation: &str) -> Origin {
        Origin {
            deployment_key: self.key.clone(),
            part: "a".to_owned(),
            source: Some("jenkins".to_owned()),
            application: None,
            generation: generation.to_owned(),
            parser_version: "1".to_owned(),
            observed_at: documents::noon(),
        }
    }

    /// A random query, three times of four about this run's documents only.
    fn query(&mut self, kind: Kind) -> (String, Query) {
        let (text, query) = queries::query(&mut self.random, kind);
        if self.random.u8(..4) == 0 {
            return (text, query);
        }
        (text, Query::all_of([Query::is("deployment_key", &self.key), query]))
    }

    /// A question of each sort about one query.
    async fn ask(&mut self) {
        if self.enough() {
            return;
        }
        let kind = self.kind();
        let (text, query) = self.query(kind);
        let alias = self.pair.names.alias(kind);
        let lenient = "?ignore_unavailable=true";
        let dsl = to_opensearch(&query);
        let before = self.differences.len();
        let count = format!("/{alias}/_count{lenient}");
        self.send("POST", &count, &json!({ "query": dsl })).await;
        if self.differences.len() > before {
            // All other answers differ for the same reason.
            self.differences.push(format!("    as people write it: {text}"));
            return;
        }
        self.pages(&format!("/{alias}/_search{lenient}"), kind, &dsl, None).await;
        self.typed(kind, query).await;
        let aggs = requests::aggregations(&mut self.random, kind);
        for (name, one) in aggs.as_object().unwrap() {
            if self.random.bool() {
                continue;
            }
            let body = json!({ "query": dsl, "size": 0, "aggs": { (name.as_str()): one } });
            let path = format!("/{alias}/_search{lenient}");
            if one.get("percentiles").is_some() {
                self.percentiles(&path, &dsl, one).await;
            } else if one.pointer("/aggs/inner/percentiles").is_none() {
                self.send("POST", &path, &body).await;
            }
        }
    }

    /// The first pages of a random search.
    async fn pages(&mut self, path: &str, kind: Kind, dsl: &Value, point: Option<&[String; 2]>) {
        let mut body = requests::search(&mut self.random, kind, dsl);
        let mut after: Option<[String; 2]> = None;
        for _ in 0..3 {
            let with = |at: usize| {
                let mut body = body.clone();
                if let Some(points) = point {
                    body["pit"] = json!({ "id": points[at], "keep_alive": "1m" });
                }
                after.as_ref().map_or(body.to_string(), |after| behind(&body, &after[at]))
            };
            let (local, real) = (with(0), with(1));
            let answers = tokio::join!(
                self.pair.local.send_text("POST", path, &local),
                self.pair.real.send_text("POST", path, &real),
            );
            let last = [last_sort(&answers.0.1), last_sort(&answers.1.1)];
            self.compare(&format!("POST {path} {real}"), &[read(answers.0), read(answers.1)]);
            let [Some(local), Some(real)] = last else { return };
            if self.enough() {
                return;
            }
            after = Some([local, real]);
            // Where it need not count, OpenSearch 3.4 loses documents that lack a keyword behind
            // those that have it, or fails; what Logmill sorts by is never missing.
            body["track_total_hits"] = json!(true);
        }
    }

    /// The same query by the client that Logmill uses.
    async fn typed(&mut self, kind: Kind, query: Query) {
        let sort = self.random.choice([Sort::Newest, Sort::Oldest, Sort::Line]).unwrap();
        let search = Search { kind, query, sort, size: 5, after: None };
        let (local, real) = tokio::join!(
            self.pair.local.documents.search(&search, soon()),
            self.pair.real.documents.search(&search, soon()),
        );
        let shown = [local.unwrap(), real.unwrap()]
            .map(|page| json!([page.total.value, page.total.exact, page.hits.len()]));
        self.same(&format!("{search:?}"), shown);
    }

    /// Percentiles are approximations of different kinds: each has to lie near the right place.
    async fn percentiles(&mut self, path: &str, dsl: &Value, percentiles: &Value) {
        let field = &percentiles["percentiles"]["field"];
        let terms =
            json!({ "terms": { "field": field, "size": 1000, "order": { "_key": "asc" } } });
        let body = json!({ "query": dsl, "size": 0, "aggs": { "it": percentiles, "all": terms } });
        let answers = self.pair.both("POST", path, &body.to_string()).await;
        self.compared += 1;
        let [local, real] = answers.each_ref().map(|answer| &answer.1["aggregations"]);
        let mut sorted = Vec::new();
        for bucket in real["all"]["buckets"].as_array().into_iter().flatten() {
            let count = usize::try_from(bucket["doc_count"].as_u64().unwrap()).unwrap();
            sorted.extend(std::iter::repeat_n(bucket["key"].as_f64().unwrap(), count));
        }
        for (percent, part) in [("50.0", 0.5), ("95.0", 0.95)] {
            for (engine, answer) in [("the local search", local), ("OpenSearch", real)] {
                let found = answer["it"]["values"][percent].as_f64();
                if !near(&sorted, part, found) {
                    self.differences.push(format!(
                        "{body}\n    {engine}: {percent} % is {found:?} of {sorted:?}, {}",
                        answer["it"]
                    ));
                }
            }
        }
    }

    async fn open_point(&mut self) -> Option<[String; 2]> {
        if self.random.bool() {
            return None;
        }
        let alias = self.pair.names.alias(Kind::Logs);
        let path = format!("/{alias}/_search/point_in_time?keep_alive=1m");
        let answers = self.pair.both("POST", &path, "").await;
        assert_eq!((answers[0].0, answers[1].0), (200, 200), "{answers:?}");
        Some(answers.map(|answer| answer.1["pit_id"].as_str().unwrap().to_owned()))
    }

    /// What was there when the point in time was opened is there still.
    async fn ask_point(&mut self, point: Option<[String; 2]>) {
        let Some(point) = point else { return };
        for _ in 0..2 {
            let (_, query) = self.query(Kind::Logs);
            let dsl = to_opensearch(&query);
            self.pages("/_search", Kind::Logs, &dsl, Some(&point)).await;
        }
        let close = |id: &str| json!({ "pit_id": [id] }).to_string();
        let path = "/_search/point_in_time";
        let (local, real) = (close(&point[0]), close(&point[1]));
        let closed: [Answer; 2] = tokio::join!(
            self.pair.local.send("DELETE", path, &local),
            self.pair.real.send("DELETE", path, &real),
        )
        .into();
        let closed =
            closed.map(|(status, answer)| (status, answer["pits"][0]["successful"].clone()));
        self.compare(path, &closed);
    }

    /// Older generations, then what a query finds.
    async fn delete(&mut self) {
        let generation = documents::name(&mut self.random);
        let origin = Origin {
            part: documents::name(&mut self.random).to_owned(),
            ..self.origin(generation)
        };
        let mut deleted = Vec::new();
        for engine in [&self.pair.local, &self.pair.real] {
            let count = engine.documents.delete_other_generations(&origin, soon()).await.unwrap();
            deleted.push(json!(count));
        }
        let [local, real] = <[Value; 2]>::try_from(deleted).unwrap();
        self.same(&format!("deleted, all but {origin:?}"), [local, real]);
        let (_, query) = queries::query(&mut self.random, Kind::Logs);
        let query = Query::all_of([Query::is("deployment_key", &self.key), query]);
        let path = format!("/{}/_delete_by_query?refresh=true", self.pair.names.alias(Kind::Logs));
        self.send("POST", &path, &json!({ "query": to_opensearch(&query) })).await;
    }
}

/// Whether `found` lies within a few places of where `part` of the sorted values end.
fn near(sorted: &[f64], part: f64, found: Option<f64>) -> bool {
    if sorted.is_empty() {
        return found.is_none();
    }
    let Some(found) = found else { return false };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a place in a short list"
    )]
    let place = (part * (sorted.len() - 1) as f64).round() as usize;
    let about = 2 + sorted.len() / 8;
    let (low, high) =
        (sorted[place.saturating_sub(about)], sorted[(place + about).min(sorted.len() - 1)]);
    let slack = |value: f64| value.abs() * 0.03 + 1e-6;
    found >= low - slack(low) && found <= high + slack(high)
}
