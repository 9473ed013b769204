//! The whole chain: an S3 client puts logs, the bucket tells the queue, the function is called with
//! what the queue holds, and documents are in OpenSearch.

use std::time::{Duration, Instant};

use logmill_deadletter::DeadLetters;
use logmill_documents::{Documents, Endpoint, Names};
use logmill_metadata::{Metadata, Status};
use logmill_objects::{Content, Objects, PutOptions};
use logmill_parse::{Parse, Settings};
use logmill_runtime::retry::Deadline;
use serde_json::{Value, json};

use crate::cloud::{Cloud, config};
use crate::compare::{self, Found};
use crate::embedded::{BUCKET, Engines};
use crate::logs::{self, Log};
use crate::real::port;
use crate::{engine, event};

/// Longer than a log takes, on a machine that does much else.
const LONG: Duration = Duration::from_secs(120);

/// The function on engines that are not ours.
struct Real<M> {
    cloud: Cloud,
    function: Parse<M>,
    search: u16,
}

impl<M: Metadata> Real<M> {
    async fn start(name: &str, metadata: M) -> Self {
        let at = engine("LOGMILL_ENGINE_CLOUD");
        let cloud = Cloud::create(&at, name).await;
        let search = engine("LOGMILL_ENGINE_OPENSEARCH");
        let documents = Documents::connect(&Endpoint::new(&search), Names::default()).unwrap();
        documents.migrate(Deadline::after(LONG)).await.unwrap();
        let objects = Objects::connect_to(&config(&at), &at);
        let function = Parse {
            metadata,
            documents,
            dead_letters: DeadLetters::new(objects.clone(), &cloud.letters),
            queue: cloud.queue.clone(),
            settings: Settings::of(&cloud.bucket),
            objects,
        };
        Self { cloud, function, search: port(&search) }
    }

    /// Calls the function with what the queue holds, until that many objects were told and are done.
    async fn drain(&self, objects: usize) {
        let until = Instant::now() + LONG;
        let mut done = 0;
        while done < objects {
            assert!(Instant::now() < until, "{done} of {objects} objects after {LONG:?}");
            for message in self.cloud.receive().await {
                let body = message.body.as_deref().unwrap();
                let id = message.message_id.as_deref().unwrap();
                let invocation = event::invocation(id, Duration::ZERO, LONG);
                let again = event::deliver(&self.function, body, &invocation).await;
                assert!(!again, "{body} is to be delivered again");
                self.cloud.delete(&message).await;
                // A bucket that is told to notify a queue tries that by an event of no object.
                done += records(body);
            }
        }
    }

    /// The documents of these deployments, when all of them have ended well.
    async fn documents(&self, deployments: &[String]) -> Found {
        assert_eq!(self.cloud.dead_letters().await, Vec::<String>::new());
        for deployment in deployments {
            let row = self.function.metadata.deployment(deployment).await.unwrap();
            let row = row.unwrap_or_else(|| panic!("{deployment} has no row"));
            assert_eq!(row.status, Status::Completed, "{row:?}");
        }
        plain(compare::documents(self.search, deployments.to_vec()).await)
    }
}

fn records(body: &str) -> usize {
    let body: Value = serde_json::from_str(body).unwrap();
    body["Records"].as_array().map_or(0, Vec::len)
}

/// The documents of the same objects, in these versions, in engines of our own.
async fn expected(versions: &[&Log]) -> Found {
    let engines = Engines::start().await;
    for (number, log) in versions.iter().enumerate() {
        let content = Content::from(log.content.clone());
        let put = engines.objects.put(BUCKET, &log.key, content, PutOptions::default());
        let etag = put.await.unwrap().etag;
        let body = event::notification(&log.key, &etag, &format!("{number:016X}"));
        let invocation = event::invocation(&format!("calm-{number}"), Duration::ZERO, LONG);
        assert!(!event::deliver(&engines.calm, &body, &invocation).await, "{}", log.key);
    }
    let deployments = versions.iter().map(|log| log.deployment_key()).collect();
    plain(compare::documents(engines.calm_search, deployments).await)
}

/// Documents without what the time of the put decides. Two puts have two times.
fn plain(mut found: Found) -> Found {
    for document in found.values_mut().flatten() {
        let observed = document["observed_at"].clone();
        assert!(observed.is_string() && document["generation"].is_string(), "{document}");
        document["generation"] = json!("the version's");
        for value in document.as_object_mut().unwrap().values_mut() {
            if *value == observed {
                *value = json!("when it was put");
            }
        }
    }
    found
}

fn assert_same(found: &Found, wanted: &Found) {
    let mut reasons = Vec::new();
    let difference = compare::compare(found, wanted, |what, place, found, wanted| {
        reasons.push(format!("{what}: {place:?}\n  found  {found:?}\n  wanted {wanted:?}"));
    });
    assert!(difference.is_none(), "{difference:?}\n{}", reasons[..reasons.len().min(5)].join("\n"));
}

/// A name that no other run uses: engines outlive the tests.
fn unique(name: &str) -> String {
    format!("{name}-{:08x}", fastrand::u32(..))
}

/// Every example goes through the chain.
pub(crate) async fn examples_become_the_same_documents<M: Metadata>(
    name: &str,
    store: impl AsyncFn(&str) -> M,
) {
    let name = &unique(name);
    let real = Real::start(name, store(name).await).await;
    let logs = logs::examples(name);
    for log in &logs {
        real.cloud.put(&log.key, &log.content).await;
    }
    real.drain(logs.len()).await;
    let deployments: Vec<String> = logs.iter().map(Log::deployment_key).collect();
    let found = real.documents(&deployments).await;
    assert!(found.len() > 2_000, "only {} documents", found.len());
    assert_same(&found, &expected(&logs.iter().collect::<Vec<_>>()).await);
}

/// A log is put, put again as it is, then in a newer version that is shorter.
pub(crate) async fn versions_are_one_set_of_documents<M: Metadata>(
    name: &str,
    store: impl AsyncFn(&str) -> M,
) {
    let name = &unique(name);
    let real = Real::start(name, store(name).await).await;
    let version = |example| Log { key: format!("{name}.log"), content: logs::example(example) };
    let [first, newer] = [version("github-maven-test-failed.log"), version("go-passed.log")];
    let deployments = [first.deployment_key()];
    for log in [&first, &first] {
        real.cloud.put(&log.key, &log.content).await;
        real.drain(1).await;
    }
    let found = real.documents(&deployments).await;
    assert_same(&found, &expected(&[&first]).await);
    real.cloud.put(&newer.key, &newer.content).await;
    real.drain(1).await;
    let found = real.documents(&deployments).await;
    assert_same(&found, &expected(&[&newer]).await);
}
