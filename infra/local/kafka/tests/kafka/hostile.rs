//! Bytes that no client sends: the broker closes the connection and serves the others.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use logmill_local_kafka::Options;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::suite::client::{Sent, create, producer, send};
use crate::{broker, strict};

/// Sends bytes, closes the sending half, and reads all that is answered.
fn talk(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    // The broker may have closed it in the middle.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

fn frame(body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], body].concat()
}

/// A request with its head.
fn request(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let head = [&key.to_be_bytes()[..], &version.to_be_bytes(), &[0, 0, 0, 7], b"\0\x02me"];
    frame(&[&head.concat(), body].concat())
}

async fn still_serves(address: &str, topic: &str) {
    let sent = send(&producer(address, &[]), topic, None, &[Sent::text("k", "v")]).await;
    assert!(sent[0].is_ok(), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_stop_nobody_else() {
    let broker = broker(strict()).await;
    create(&broker.address, "topic", 1, &[]).await.unwrap();
    let mut runner =
        TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    let cases = (bytes, prop::option::of((0_i16..60, 0_i16..13)), any::<bool>());
    let address = broker.address.clone();
    runner
        .run(&cases, |(bytes, api, whole)| {
            let bytes = match api {
                Some((key, version)) => request(key, version, &bytes),
                None if whole => frame(&bytes),
                None => bytes,
            };
            talk(&address, &bytes);
            Ok(())
        })
        .unwrap();
    still_serves(&broker.address, "topic").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_that_nothing_follows_takes_no_memory() {
    let broker = broker(strict()).await;
    create(&broker.address, "topic", 1, &[]).await.unwrap();
    for length in [-1_i32, i32::MIN, i32::MAX, (32 << 20) + 1] {
        assert_eq!(talk(&broker.address, &length.to_be_bytes()), [0; 0], "{length}");
    }
    // As many as there may be, each of which names 32 MB.
    let mut open = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(&broker.address).unwrap();
        stream.write_all(&(32_i32 << 20).to_be_bytes()).unwrap();
        stream.write_all(&[0; 100]).unwrap();
        open.push(stream);
    }
    still_serves(&broker.address, "topic").await;
    let memory = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = memory.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    assert!(peak.is_none_or(|kb| kb < 2_000_000), "{peak:?} kB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrays_that_name_more_than_they_hold_close_the_connection() {
    let broker = broker(strict()).await;
    for (key, version, before) in
        [(3, 1, &b""[..]), (0, 7, b"\xff\xff\0\x01\0\0\0\0"), (19, 2, b"")]
    {
        for count in [i32::MAX, 1_000_000, -7] {
            let body = [before, &count.to_be_bytes(), b"\0\x01a"].concat();
            assert_eq!(talk(&broker.address, &request(key, version, &body)), [0; 0], "{key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_broken_is_refused_and_leaves_nothing() {
    let broker = broker(strict()).await;
    create(&broker.address, "topic", 1, &[]).await.unwrap();
    for batch in [&b""[..], &[0; 61], &[2; 200], b"\0\0\0\0\0\0\0\0\x7f\xff\xff\xff\0\0\0\0\x02"] {
        let length = u32::try_from(batch.len()).unwrap().to_be_bytes();
        let body = [
            &b"\xff\xff\xff\xff\0\0\x03\xe8\0\0\0\x01\0\x05topic\0\0\0\x01\0\0\0\0"[..],
            &length,
            batch,
        ]
        .concat();
        let answer = talk(&broker.address, &request(0, 7, &body));
        // Length, correlation, one topic, its name, one partition, its number; then the error.
        let code = answer.get(27..29).map(|code| i16::from_be_bytes([code[0], code[1]]));
        assert!(code.is_some_and(|code| code == 2 || code == 43), "{answer:?}");
    }
    assert_eq!(broker.kafka.offsets("topic", 0).unwrap(), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_there_may_be_are_closed_at_once() {
    let broker = broker(Options { connections: 3, ..strict() }).await;
    let metadata = request(3, 1, b"\0\0\0\0");
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&broker.address).unwrap();
        stream.write_all(&metadata).unwrap();
        let mut answer = [0; 8];
        stream.read_exact(&mut answer).unwrap();
        open.push(stream);
    }
    assert_eq!(talk(&broker.address, &metadata), [0; 0]);
    drop(open);
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while talk(&broker.address, &metadata).is_empty() {
        assert!(std::time::Instant::now() < until, "no room was made");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_from_the_future_is_told_what_is_served() {
    let broker = broker(strict()).await;
    let answer = talk(&broker.address, &request(18, 99, b"\x02a\x02b\0"));
    // Length and correlation, error 35, then as many keys as there are.
    assert_eq!(answer[4..10], [0, 0, 0, 7, 0, 35]);
    assert_eq!(answer.len() - 14, 6 * usize::from(answer[13]));
    assert_eq!(talk(&broker.address, &request(24, 0, b"")), [0; 0], "transactions are not served");
}
