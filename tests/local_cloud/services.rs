//! The logs of services: what is written to Kafka is found by search, once, and what is of no use is
//! kept.

use logmill_bus::{Connection, Message, Producer, ProducerSettings};
use serde_json::{Value, json};

use crate::binary::folder;
use crate::cloud::{Cloud, Ports};
use crate::http;

/// Writes messages to a topic, as any client of Kafka may.
fn produce(cloud: &Cloud, topic: &str, values: &[&str]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let connection = Connection::to(&format!("127.0.0.1:{}", cloud.ports.kafka));
        let producer = Producer::connect(&connection, &ProducerSettings::default()).unwrap();
        for value in values {
            producer.publish(&Message::new(topic, value.as_bytes())).await.unwrap();
        }
    });
}

/// The documents of a service.
fn found(cloud: &Cloud, service: &str) -> Vec<Value> {
    let body = json!({ "size": 100, "query": { "term": { "service": service } } });
    let answer = http::post(cloud.ports.search, "/logmill-logs/_search", &body).json();
    let hits = answer["hits"]["hits"].as_array().cloned().unwrap_or_default();
    hits.into_iter().map(|hit| hit["_source"].clone()).collect()
}

#[test]
fn an_event_in_kafka_is_found_by_search_and_what_is_none_is_kept_and_tried_again() {
    let folder = folder();
    let mut cloud = Cloud::start(&folder.path().join("data"));
    let event = json!({
        "timestamp": "2026-11-20T09:41:16.123Z", "service": "checkout", "level": "ERROR",
        "message": "payment of order 4711 failed", "trace_id": "4bf92f35", "labels": { "team": "shop" },
        "payload": { "reason": "card declined" },
    });
    produce(&cloud, "app-logs", &[&event.to_string(), "no event", &event.to_string()]);
    let line = "<34>Nov 20 09:41:16 web-1 sshd[4711]: Failed password for root";
    produce(&cloud, "logs.raw", &[line]);
    cloud.wait_until("both events are found", |cloud| found(cloud, "checkout").len() == 2);
    cloud.wait_until("the line is found", |cloud| found(cloud, "unknown").len() == 1);
    let document = found(&cloud, "checkout").remove(0);
    assert_eq!(document["trace_id"], "4bf92f35");
    assert_eq!(found(&cloud, "unknown")[0]["fields"]["grok_pattern"], "syslog");
    let search =
        cloud.run(&["search", "level=ERROR AND labels.team=shop 'card declined'"]).went_well();
    assert!(search.stdout.contains("order 4711"), "{search:?}");

    cloud.wait_until("the bad one is kept", |cloud| {
        cloud.run(&["dlq", "list", "--function", "consume"]).stdout.contains("not_an_event")
    });
    let list = cloud.run(&["dlq", "list", "--function", "consume"]).went_well();
    assert!(list.stdout.contains("app-logs-0, offset 1"), "{list:?}");
    let key = list.stdout.split(' ').next().unwrap().to_owned();
    let show = cloud.run(&["dlq", "show", &key]).went_well();
    assert!(show.stdout.contains("no event"), "{show:?}");
    // Nothing was mended: it fails again, and is open again.
    cloud.run(&["dlq", "replay", &key]).went_well();
    let show = cloud.run(&["dlq", "show", &key]).went_well();
    assert!(
        show.stdout.contains("\"times\": 2") && show.stdout.contains("\"replays\": 1"),
        "{show:?}"
    );
    cloud.run(&["dlq", "drop", &key]).went_well();
    assert_eq!(found(&cloud, "checkout").len(), 2);
}

/// What is archived of a topic, as it was sent.
fn archived(cloud: &Cloud, topic: &str) -> Vec<String> {
    let cat = cloud.run(&["archive", "cat", topic, "--values"]);
    cat.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn what_services_send_is_archived_once_whenever_the_process_dies() {
    let folder = folder();
    let data = folder.path().join("data");
    let soon = [("LOGMILL_ARCHIVE_SECONDS", "1".to_owned())];
    let mut sent = Vec::new();
    for round in 0..4 {
        let mut cloud = Cloud::start_with(&data, Ports::free(), &soon);
        cloud.wait_until_it_serves();
        let events: Vec<_> =
            (0..30).map(|n| format!(r#"{{"message":"round {round} event {n}"}}"#)).collect();
        produce(&cloud, "app-logs", &events.iter().map(String::as_str).collect::<Vec<_>>());
        sent.extend(events);
        if round == 3 {
            cloud.wait_until("all is archived", |cloud| {
                archived(cloud, "app-logs").len() >= sent.len()
            });
            assert_eq!(archived(&cloud, "app-logs"), sent, "each once, in order");
            let search = cloud.run(&["archive", "search", "ROUND 2 EVENT 17"]).went_well();
            assert!(search.stdout.contains(r#""offset":77"#), "{search:?}");
            let today = cloud.run(&["archive", "compact"]);
            assert!(today.stderr.contains("is not over"), "{today:?}");
        }
        cloud.kill();
    }
}

/// The value of a counter, all its labels together.
fn counted(cloud: &Cloud, name: &str) -> f64 {
    let metrics = http::get(cloud.ports.http, "/metrics").body;
    let of_name = |line: &&str| line.starts_with(name) && !line.starts_with('#');
    let value = |line: &str| line.rsplit_once(' ').and_then(|(_, value)| value.parse::<f64>().ok());
    metrics.lines().filter(of_name).filter_map(value).sum()
}

#[test]
fn an_event_by_http_is_found_archived_and_counted() {
    let folder = folder();
    let soon = [("LOGMILL_ARCHIVE_SECONDS", "1".to_owned())];
    let mut cloud = Cloud::start_with(&folder.path().join("data"), Ports::free(), &soon);
    cloud.wait_until_it_serves();
    let event = json!({ "service": "checkout", "level": "error", "message": "card expired" });
    let answer = http::post(cloud.ports.ingest, "/logs", &event);
    assert_eq!((answer.status, &answer.json()["accepted"]), (202, &json!(1)), "{answer:?}");
    cloud.wait_until("it is found", |cloud| {
        let search = cloud.run(&["search", "service=checkout level=ERROR 'card expired'"]);
        search.stdout.contains("checkout ERROR  card expired")
    });
    cloud.wait_until("it is archived", |cloud| archived(cloud, "app-logs").len() == 1);
    assert_eq!(archived(&cloud, "app-logs"), [event.to_string()], "as it was sent");
    for name in [
        "ingested_events_total",
        "logs_produced_total",
        "es_write_success_total",
        "archiver_messages_archived_total",
    ] {
        assert_eq!(counted(&cloud, name), 1.0, "{name}");
    }
    // An index that was lost comes back from the archive, each document under the id that it had.
    let gone = json!({ "query": { "term": { "service": "checkout" } } });
    http::post(cloud.ports.search, "/logmill-logs-*/_delete_by_query?refresh=true", &gone);
    assert!(found(&cloud, "checkout").is_empty());
    for _ in 0..2 {
        let restored = cloud.run(&["archive", "restore", "app-logs"]).went_well();
        assert!(restored.stdout.starts_with("1 records"), "{restored:?}");
    }
    cloud.wait_until("it is found again", |cloud| !found(cloud, "checkout").is_empty());
    assert_eq!(found(&cloud, "checkout").len(), 1);
}
