//! Connections that are cut at every message of the work on a log.

use logmill_metadata::{
    Metadata as _, ObjectRef, Owner, Progress, Status, Store as _, Take, Version,
};
use logmill_metadata_postgres::Postgres;
use logmill_model::{Outcome, Timestamp};

use crate::proxy::{Cut, Proxy};
use crate::{address_at, database, execute, made, server, store};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// Takes a log, pauses, takes it again from the checkpoint, completes it; `true` if the proxy cut.
async fn work(calm: &Postgres, prefix: &str, cut_at: u32, cut: Cut) -> bool {
    let server = server();
    let host = server.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let proxy = Proxy::start(host, cut_at, cut).await;
    // In the clear every message has an answer.
    let url = format!("{}?sslmode=disable", address_at(proxy.port, database().await));
    let store = store(&url, prefix);
    // The connection stands before the first message counts.
    store.load("warm", None).await.unwrap();
    proxy.arm();
    let key = format!("{cut:?}-{cut_at}");
    let object = ObjectRef {
        deployment_key: key.clone(),
        part: String::new(),
        object_key: "run.log".to_owned(),
    };
    let version = Version { etag: "e".to_owned(), sequencer: None, last_modified: at(0) };
    let (first, second) = (Owner::new("first"), Owner::new("second"));
    let Take::Taken(taken) = store.take(&object, &version, &first, at(0), at(100)).await.unwrap()
    else {
        panic!("{cut:?} at {cut_at}: a new log is free");
    };
    assert_eq!(taken.object.attempts, 1, "{cut:?} at {cut_at}");
    store.pause(&object, &version, &first, b"here", Progress::default()).await.unwrap();
    let again = store.take(&object, &version, &second, at(1), at(101)).await.unwrap();
    let Take::Taken(taken) = again else { panic!("{cut:?} at {cut_at}: {again:?}") };
    assert_eq!(taken.checkpoint.as_deref(), Some(b"here".as_slice()), "{cut:?} at {cut_at}");
    assert_eq!((taken.object.attempts, taken.object.continuations), (1, 1), "{cut:?} at {cut_at}");
    store.complete(&object, &version, &second, b"{}", Outcome::Failed, at(2)).await.unwrap();

    let row = calm.object(&key, "").await.unwrap().unwrap();
    assert_eq!((row.status, row.revision), (Status::Completed, 4), "{cut:?} at {cut_at}");
    let deployment = calm.deployment(&key).await.unwrap().unwrap();
    assert_eq!((deployment.tally.failed, deployment.tally.seen()), (1, 1), "{cut:?} at {cut_at}");
    proxy.has_cut()
}

/// A failover amid a transaction: nothing is done twice, nothing is lost, nobody is told that a
/// lease is gone that is his.
#[tokio::test]
async fn a_connection_cut_at_any_message_loses_nothing_and_doubles_nothing() {
    let (calm, prefix) = made().await;
    for cut in [Cut::Request, Cut::Answer] {
        let mut cuts = 0;
        while work(&calm, &prefix, cuts, cut).await {
            cuts += 1;
            assert!(cuts < 200, "the work has an end");
        }
        assert!(cuts >= 20, "{cut:?}: only {cuts} messages were cut");
        println!("{cut:?}: cut at each of {cuts} messages");
    }
}

/// A server that restarts fails no call that comes after.
#[tokio::test]
async fn all_connections_killed_at_once_cost_no_call() {
    let (store, prefix) = made().await;
    let mut running = tokio::task::JoinSet::new();
    for number in 0..4 {
        let store = store.clone();
        running.spawn(async move { store.load(&format!("run-{number}"), None).await });
    }
    for done in running.join_all().await {
        done.unwrap();
    }
    let database = database().await;
    let kill = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' \
         AND application_name = 'logmill' AND query LIKE '%{prefix}%'"
    );
    execute("postgres", &kill).await;
    store.load("run", None).await.unwrap();
    let page = store.deployments(&logmill_metadata::Filter::default(), None, 1).await.unwrap();
    assert_eq!(page.deployments, []);
}
