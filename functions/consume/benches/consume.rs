//! What it takes to make documents of events: from the event of a Kafka mapping to the bodies of bulk
//! requests, which nobody sends. Beside it a loop in Python, where there is one (`LOGMILL_PYTHON`, by
//! default `python3`, with the package `maxminddb`).

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench tells its figures"
)]
#![recursion_limit = "256"]

#[path = "../tests/consume/mmdb.rs"]
mod mmdb;

use std::process::Command;
use std::time::{Duration, Instant};

use logmill_consume::{Database, Enrichment, Preparer, Settings, connect};
use logmill_documents::{BulkLimits, BulkWriter, Names};
use logmill_grok::{Naming, Patterns};
use logmill_kafka_event::{Batch, Item, Record, TimestampType, record_json};
use logmill_model::Timestamp;
use logmill_runtime::config::Events;
use serde_json::{Value, json};

const EVENTS: u32 = 5_000;
const NETWORKS: u32 = 1_000_000;
const ROUNDS: usize = 15;
const PYTHON: &str = include_str!("consume.py");

fn main() {
    let events: Vec<String> = (0..EVENTS).map(event).collect();
    let bytes: usize = events.iter().map(String::len).sum();
    let batch = batch(&events);
    println!(
        "{EVENTS} events, {} bytes of JSON each; one core, the best of {ROUNDS} rounds\n",
        bytes / events.len()
    );
    let settings = connect::settings(&Events::read(|_| None).expect("the defaults"), true);
    let plain = Enrichment { patterns: Patterns::none(), databases: Vec::new() };
    let began = Instant::now();
    let database = mmdb::database("GeoLite2-City", (0..NETWORKS).map(network));
    let file = tempfile::NamedTempFile::new().expect("a place for the database");
    std::fs::write(file.path(), &database).expect("the database is written");
    let size = database.len() >> 20;
    let database = Database::new(database).expect("it is one");
    println!("a database of {NETWORKS} networks, {size} MB, made in {:.1?}", began.elapsed());
    let patterns = || Patterns::bundled(Naming::Ecs);
    let all = Enrichment { patterns: patterns(), databases: vec![database.clone()] };
    let grok = Enrichment { patterns: patterns(), databases: Vec::new() };
    let geo = Enrichment { patterns: Patterns::none(), databases: vec![database] };
    tell("the mapping's event, read", reading(&batch), bytes);
    tell("validation, masking, ids", measure(&batch, &settings, &plain), bytes);
    tell("… and GeoIP", measure(&batch, &settings, &geo), bytes);
    tell("… and grok", measure(&batch, &settings, &grok), bytes);
    let ours = measure(&batch, &settings, &all);
    tell("… and both", ours, bytes);
    python(&events, file.path(), ours, bytes);
}

/// An access log line in an event, as a sender of many services ships it.
fn event(number: u32) -> String {
    let [a, b, c, d] = address(number.wrapping_mul(7_919));
    let message = format!(
        "{a}.{b}.{c}.{d} - - [22/Nov/2026:10:{:02}:{:02} +0000] \"GET /api/orders/{number}?page=2 HTTP/1.1\" {} {} \"https://shop.example/cart\" \"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"",
        number / 60 % 60,
        number % 60,
        [200, 304, 404, 500][number as usize % 4],
        number * 13 % 50_000,
    );
    json!({
        "timestamp": format!("2026-11-22T10:{:02}:{:02}.{:03}Z", number / 60 % 60, number % 60, number % 1000),
        "service": "shop-frontend",
        "level": "INFO",
        "message": message,
        "trace_id": format!("4bf92f3577b34da6a3ce929d{number:08x}"),
        "request_id": format!("req-{number}"),
        "host": format!("web-{}", number % 40),
        "client_ip": format!("{a}.{b}.{c}.{d}"),
        "payload": { "duration_ms": number % 900, "user": format!("u{number}"), "cached": number.is_multiple_of(2) },
        "labels": { "env": "prod", "team": "shop", "version": "2.4.1" },
    })
    .to_string()
}

/// One of the networks' addresses.
fn address(number: u32) -> [u8; 4] {
    let network = number % NETWORKS;
    ((16 << 24) + (network << 8) + number % 250).to_be_bytes()
}

fn network(number: u32) -> ([u8; 4], u8, Value) {
    let [a, b, c, _] = ((16_u32 << 24) + (number << 8)).to_be_bytes();
    let name = format!("City {number}");
    let (latitude, longitude) = (f64::from(number % 90), f64::from(number % 180));
    ([a, b, c, 0], 24, mmdb::city("GB", &name, latitude + 0.5, longitude + 0.25))
}

/// The event of a mapping.
fn batch(events: &[String]) -> String {
    let record = |(at, event): (usize, &String)| {
        let record = Record {
            topic: "app-logs".into(),
            partition: 0,
            offset: at as i64,
            timestamp: Timestamp::from_millisecond(1_795_167_676_417 + at as i64).ok(),
            timestamp_type: TimestampType::Create,
            key: Some(b"shop-frontend".to_vec()),
            value: Some(event.as_bytes().to_vec()),
            headers: Vec::new(),
        };
        record_json(&record).get().to_owned()
    };
    let records: Vec<String> = events.iter().enumerate().map(record).collect();
    format!(
        r#"{{"eventSource":"aws:kafka","eventSourceArn":"arn:aws:kafka:eu-central-1:1:cluster/c/1","records":{{"app-logs-0":[{}]}}}}"#,
        records.join(",")
    )
}

/// The processor's time that this process has had: what others do on the machine does not count.
fn spent() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The best of some rounds.
fn measure(event: &str, settings: &Settings, enrichment: &Enrichment) -> Duration {
    let round = |_| {
        let began = spent();
        let batch = Batch::read(event).expect("it is one");
        let mut writer = BulkWriter::new(Names::default(), BulkLimits::default());
        let mut preparer = Preparer::new(settings, enrichment, &batch.cluster);
        let mut written = 0;
        for (at, item) in batch.items.iter().enumerate() {
            let Item::Record(record) = item else { panic!("it is a record") };
            preparer.add(record, &mut writer, at).expect("it is an event");
            if writer.is_full() {
                written += writer.take().len();
            }
        }
        written += writer.take().len();
        assert_eq!(written, EVENTS as usize);
        spent().saturating_sub(began)
    };
    (0..ROUNDS).map(round).min().unwrap_or_default()
}

/// What of it is the reading of the mapping's event, base64 and all.
fn reading(event: &str) -> Duration {
    let round = |_| {
        let began = spent();
        let batch = Batch::read(event).expect("it is one");
        assert_eq!(batch.items.len(), EVENTS as usize);
        spent().saturating_sub(began)
    };
    (0..ROUNDS).map(round).min().unwrap_or_default()
}

fn tell(what: &str, time: Duration, bytes: usize) {
    let rate = bytes as f64 / time.as_secs_f64() / 1e6;
    let each = time.as_nanos() / u128::from(EVENTS);
    println!("{what:40} {rate:7.1} MB/s  {each:6} ns an event");
}

fn python(events: &[String], database: &std::path::Path, ours: Duration, bytes: usize) {
    let program = std::env::var("LOGMILL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let lines = tempfile::NamedTempFile::new().expect("a place for the events");
    std::fs::write(lines.path(), events.join("\n")).expect("the events are written");
    let ran = Command::new(&program).arg("-c").arg(PYTHON).arg(lines.path()).arg(database).output();
    let said = ran.map(|ran| String::from_utf8_lossy(&ran.stdout).trim().to_owned());
    match said.ok().and_then(|said| said.parse::<f64>().ok()) {
        Some(seconds) => {
            tell("Python: json, re, maxminddb", Duration::from_secs_f64(seconds), bytes);
            println!("\n{:.1} times as fast as that loop", seconds / ours.as_secs_f64());
        }
        None => println!("\n{program} has no package maxminddb: nothing to compare with"),
    }
}
