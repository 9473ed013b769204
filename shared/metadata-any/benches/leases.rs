//! Leases a second that 16 workers take, each of a new log and its deployment: on dynoxide (what
//! `logmill up` serves), on Postgres and on DynamoDB Local, three rounds in turn.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench, which prints its figures and fails by panicking"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use logmill_given::engine;
use logmill_metadata::{Metadata as _, ObjectRef, Owner, Store as _, Take, Version};
use logmill_metadata_any::AnyStore;
use logmill_model::Timestamp;
use logmill_runtime::config::{Database, DatabaseAuth};

const WORKERS: u32 = 16;
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);

fn sdk(endpoint: &str) -> SdkConfig {
    let keys = Credentials::new("local", "local", None, None, "bench");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .endpoint_url(endpoint)
        .build()
}

/// dynoxide with its rows in a file, served over HTTP as in `logmill up`.
async fn dynoxide(folder: &std::path::Path) -> String {
    let file = folder.join("dynamodb.sqlite");
    let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    address
}

/// One round: how many leases a second.
async fn round(store: &AnyStore, number: usize) -> f64 {
    let taken = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let (store, taken) = (store.clone(), taken.clone());
        workers.spawn(async move {
            let owner = Owner::new(format!("worker-{worker}"));
            for log in 0_u64.. {
                if began.elapsed() >= ROUND {
                    break;
                }
                let object = ObjectRef {
                    deployment_key: format!("{number}-{worker}-{log}"),
                    part: String::new(),
                    object_key: format!("{number}/{worker}/{log}.log"),
                };
                let now = Timestamp::now();
                let version =
                    Version { etag: "etag".to_owned(), sequencer: None, last_modified: now };
                let until = now + Duration::from_secs(60);
                let take = store.take(&object, &version, &owner, now, until).await.unwrap();
                assert!(matches!(take, Take::Taken(_)), "{take:?}");
                taken.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    workers.join_all().await;
    let taken = taken.load(Ordering::Relaxed) as f64;
    taken / began.elapsed().as_secs_f64()
}

#[tokio::main]
async fn main() {
    let (postgres, dynamodb) =
        (engine("LOGMILL_ENGINE_POSTGRES"), engine("LOGMILL_ENGINE_DYNAMODB"));
    let folder = tempfile::tempdir().unwrap();
    let prefix = format!("bench{}-", Timestamp::now().as_second());
    let database = Database { url: postgres, auth: DatabaseAuth::Password, connections: WORKERS };
    let local = sdk(&dynoxide(folder.path()).await);
    let stores = [
        ("dynoxide", AnyStore::connect(&local, &prefix, None).unwrap()),
        ("Postgres", AnyStore::connect(&local, &prefix, Some(&database)).unwrap()),
        ("DynamoDB Local", AnyStore::connect(&sdk(&dynamodb), &prefix, None).unwrap()),
    ];
    for (_, store) in &stores {
        store.migrate().await.unwrap();
    }
    let mut figures = [const { Vec::new() }; 3];
    for number in 0..ROUNDS {
        for ((_, store), figures) in stores.iter().zip(&mut figures) {
            figures.push(round(store, number).await);
        }
    }
    println!(
        "leases a second, {WORKERS} workers, {ROUNDS} rounds of {} s in turn:",
        ROUND.as_secs()
    );
    for ((name, _), figures) in stores.iter().zip(&figures) {
        let each: Vec<_> = figures.iter().map(|figure| format!("{figure:6.0}")).collect();
        println!("{name:<15} {}", each.join(" "));
    }
}
