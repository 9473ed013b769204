//! What users lose when OpenSearch takes no documents for a while, or one of them never.

use std::time::Duration;

use logmill_deadletter::{DeadLetter, DeadLetters, Input};
use logmill_documents::{Kind, Month, Names};
use logmill_metadata::{Metadata as _, ObjectState, Owner, Reopen, Status};
use logmill_model::Timestamp;
use logmill_objects::{Content, PutOptions};
use serde_json::{Value, json};

use crate::compare::{self, Found};
use crate::disturbed::addresses;
use crate::embedded::{self, BUCKET, Engines, Function};
use crate::real::Rows;
use crate::{engine, event, http};

/// More than any call takes.
const LONG: Duration = Duration::from_secs(60);

/// A function with indices, dead letters and a queue of a test's own.
struct Bench {
    engines: Engines,
    function: Function,
    name: String,
    search: u16,
}

/// A log that was put.
struct Put {
    deployment: String,
    body: String,
}

impl Bench {
    async fn start(name: &str) -> Self {
        let rows = Rows::DynamoDb(engine("LOGMILL_ENGINE_DYNAMODB"));
        let engines = Engines::real(&addresses(rows)).await;
        let name = format!("{name}{}", engines.tag);
        engines.objects.create_bucket(&name).await.unwrap();
        let queue = engines.queue(&name).await;
        let mut function = engines.function(&engines.ports, &queue, &name, 1000);
        let search = engines.ports[&crate::refusal::Engine::Search];
        function.documents = embedded::documents_in(search, Names::new(&name)).with_replicas(0);
        let deadline = logmill_runtime::retry::Deadline::after(LONG);
        function.documents.migrate(deadline).await.unwrap();
        Self { engines, function, name, search }
    }

    async fn put(&self, what: &str, log: &str) -> Put {
        let deployment = format!("{}-{what}", self.name);
        let key = format!("{deployment}.log");
        let content = Content::from(log.as_bytes().to_vec());
        let put = self.engines.objects.put(BUCKET, &key, content, PutOptions::default());
        let etag = put.await.unwrap().etag;
        Put { deployment, body: event::notification(&key, &etag, "01") }
    }

    /// Calls the function; whether the message is to be delivered again.
    async fn deliver(&self, put: &Put) -> bool {
        let owner = format!("{}-{:x}", self.name, fastrand::u64(..));
        let invocation = event::invocation(&owner, Duration::ZERO, LONG);
        event::deliver(&self.function, &put.body, &invocation).await
    }

    async fn state(&self, put: &Put) -> ObjectState {
        let found = self.function.metadata.object(&put.deployment, "").await.unwrap();
        found.unwrap_or_else(|| panic!("{} has no row", put.deployment))
    }

    async fn letters(&self) -> Vec<DeadLetter> {
        let letters = DeadLetters::new(self.engines.objects.clone(), &self.name);
        let page = letters.list(None, None, 1000).await.unwrap();
        page.entries.into_iter().map(|entry| entry.letter.unwrap()).collect()
    }

    /// What is in OpenSearch.
    async fn found(&self, put: &Put) -> Found {
        let deployments = vec![put.deployment.clone()];
        compare::documents_in(self.search, self.name.clone(), deployments).await
    }

    /// What would be there, had nothing been in the way.
    async fn wanted(&self, put: &Put) -> Found {
        let invocation = event::invocation("calm", Duration::ZERO, LONG);
        assert!(!event::deliver(&self.engines.calm, &put.body, &invocation).await);
        let deployments = vec![put.deployment.clone()];
        let mut wanted = compare::documents(self.engines.calm_search, deployments).await;
        let generation = self.state(put).await.generation();
        for document in wanted.values_mut().flatten() {
            document["generation"] = json!(generation);
        }
        wanted
    }

    fn send(&self, method: &str, path: &str, body: &Value) {
        let headers = [("content-type", "application/json")];
        let answer = http::request(self.search, method, path, &headers, &body.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{method} {path}: {answer:?}");
    }

    /// Sets or lifts the block that OpenSearch sets above its flood-stage watermark.
    fn block(&self, on: &Value) {
        let settings = json!({ "index.blocks.read_only_allow_delete": on });
        self.send("PUT", &format!("/{}-*/_settings", self.name), &settings);
    }

    fn remove_indices(&self) {
        self.send("DELETE", &format!("/{}-*", self.name), &json!({}));
        for kind in Kind::ALL {
            let template = self.function.documents.names().template(kind);
            self.send("DELETE", &format!("/_index_template/{template}"), &json!({}));
        }
    }
}

/// A log of so many lines, none with a level.
fn log(lines: usize) -> String {
    (1..=lines).map(|line| format!("step {line} of the work is done\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_that_come_while_opensearch_is_full_are_there_once_it_has_room() {
    let bench = Bench::start("full").await;
    let before = bench.put("before", &log(5)).await;
    assert!(!bench.deliver(&before).await);
    bench.block(&json!(true));
    let waits = bench.put("waits", &log(40)).await;
    let is_given_up = bench.put("given-up", &log(30)).await;
    for _ in 0..2 {
        assert!(bench.deliver(&waits).await, "it is not done, so it is to be delivered again");
    }
    while bench.deliver(&is_given_up).await {}
    assert_eq!(bench.state(&waits).await.status, Status::Processing);
    let state = bench.state(&is_given_up).await;
    assert_eq!(state.status, Status::Failed);
    let letters = bench.letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    for said in [state.error.as_deref().unwrap_or_default(), &letters[0].reason.message] {
        assert!(said.contains("add disk space in the engine's cluster"), "{said}");
    }
    bench.block(&Value::Null);
    assert!(!bench.deliver(&waits).await);
    let now = Timestamp::now();
    let (metadata, person) = (&bench.function.metadata, Owner::new("a person"));
    let reopened = metadata.reopen(&is_given_up.deployment, "", &person, now);
    assert_eq!(reopened.await.unwrap(), Reopen::Reopened);
    assert!(!bench.deliver(&is_given_up).await);
    for put in [&before, &waits, &is_given_up] {
        assert_eq!(bench.state(put).await.status, Status::Completed);
        assert_eq!(bench.found(put).await, bench.wanted(put).await, "{}", put.deployment);
    }
    bench.remove_indices();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_of_500_that_the_index_refuses_is_kept_aside_and_costs_no_other() {
    let bench = Bench::start("misfit").await;
    // Somebody made the month's index before Logmill did.
    let index = bench.function.documents.names().index(Kind::Logs, Month::of(Timestamp::now()));
    let mapping = json!({ "mappings": { "properties": { "level": { "type": "integer" } } } });
    bench.send("PUT", &format!("/{index}"), &mapping);
    let lines = log(250) + "ERROR: the disk is on fire\n" + &log(249);
    let put = bench.put("misfit", &lines).await;
    assert!(!bench.deliver(&put).await, "no retry would mend it");
    assert_eq!(bench.state(&put).await.status, Status::Completed);
    let (found, mut wanted) = (bench.found(&put).await, bench.wanted(&put).await);
    let records =
        wanted.keys().filter(|(place, _)| *place == index.replacen(&bench.name, "logmill", 1));
    assert_eq!(records.count(), 500);
    wanted.retain(|_, documents| documents[0]["level"] != "ERROR");
    assert_eq!(found, wanted);
    let letters = bench.letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0].reason.kind, "document_rejected");
    assert!(letters[0].reason.message.contains("level"), "{:?}", letters[0].reason);
    let Input::Text { data } = &letters[0].input else { panic!("{:?}", letters[0].input) };
    assert!(data.contains("the disk is on fire"), "{data}");
    bench.remove_indices();
}
