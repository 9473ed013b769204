//! An engine that takes requests and never answers costs an invocation its time, no more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use logmill_metadata::Metadata as _;
use logmill_objects::{Content, PutOptions};

use crate::embedded::{BUCKET, Engines, patient};
use crate::event;
use crate::faults::plan::Silent;
use crate::proxy::Proxy;
use crate::refusal::Engine;

/// The time of the invocations.
const LEFT: Duration = Duration::from_secs(5);

/// Handles a log whose `silent` engine never answers; how long that took.
async fn handle(engines: &Engines, silent: Engine) -> Duration {
    let proxy = Proxy::start(engines.ports[&silent], Arc::new(Silent)).await;
    let mut ports = engines.ports.clone();
    ports.insert(silent, proxy.port);
    let name = format!("silent-{silent:?}").to_ascii_lowercase();
    let key = format!("{name}.log");
    let content = Content::from(b"first line\nsecond line\n".to_vec());
    let put = engines.objects.put(BUCKET, &key, content, PutOptions::default()).await.unwrap();
    let body = event::notification(&key, &put.etag, "01");
    if silent == Engine::Sqs {
        // Only a message that has to wait is sent anew.
        hold(engines, &name, &put.etag).await;
    }
    let started = Instant::now();
    let invocation = event::invocation(&name, Duration::ZERO, LEFT);
    let again = event::deliver(&patient(&ports), &body, &invocation).await;
    let took = started.elapsed();
    assert!(again, "{silent:?}: it is to be delivered again");
    took
}

/// Somebody else works on the log.
async fn hold(engines: &Engines, name: &str, etag: &str) {
    let other = event::invocation("another", Duration::ZERO, LEFT);
    let object = logmill_metadata::ObjectRef {
        deployment_key: name.to_owned(),
        part: String::new(),
        object_key: format!("{name}.log"),
    };
    let version = logmill_metadata::Version {
        etag: etag.to_owned(),
        sequencer: Some("01".to_owned()),
        last_modified: other.now,
    };
    let until = other.now + jiff::SignedDuration::from_secs(60);
    let metadata = &engines.metadata;
    metadata.take(&object, &version, &other.owner, other.now, until).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_never_answers_holds_no_invocation_past_its_time() {
    let engines = &Engines::start().await;
    let took = join_all(Engine::ALL.map(|engine| handle(engines, engine))).await;
    for (engine, took) in Engine::ALL.into_iter().zip(took) {
        assert!(took < LEFT, "{engine:?}: {took:?}");
    }
}
