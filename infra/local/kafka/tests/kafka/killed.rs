//! Kills of the process, at any moment, under a producer that goes on.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rdkafka::Offset;

use crate::suite::client::{Sent, producer, read, reader, send};

/// The broker as a process of its own, beside this test's executable.
fn executable() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(Path::parent).unwrap().join("examples/serve_kafka");
    assert!(
        built.is_file(),
        "{} is not built: `cargo build --example serve_kafka`",
        built.display()
    );
    built
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL: nothing is flushed or closed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(file: &Path, address: &str) -> (Process, String) {
    let mut child = Command::new(executable())
        .arg(file)
        .arg(address)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert!(!said.is_empty(), "the broker did not start");
    (Process(child), said.trim().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_kills_is_there_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kafka.sqlite");
    let (broker, address) = start(&file, "127.0.0.1:0");
    let settings = [
        ("linger.ms", "1"),
        ("batch.num.messages", "20"),
        ("reconnect.backoff.max.ms", "100"),
        ("compression.type", "lz4"),
    ];
    let producer = producer(&address, &settings);
    let messages: Vec<Sent> =
        (0..30_000).map(|n| Sent::text("key", &format!("{n} {}", "x".repeat(100)))).collect();
    let sending = {
        let (producer, messages) = (producer.clone(), messages.clone());
        tokio::spawn(async move { send(&producer, "topic", None, &messages).await })
    };
    let mut broker = Some(broker);
    let mut kills = 0;
    while !sending.is_finished() && kills < 8 {
        tokio::time::sleep(std::time::Duration::from_millis(fastrand::u64(20..400))).await;
        drop(broker.take());
        kills += 1;
        broker = Some(start(&file, &address).0);
    }
    let sent = sending.await.unwrap();
    assert!(kills >= 2, "the producer was done before it was disturbed");
    for (offset, sent) in (0..).zip(&sent) {
        assert_eq!(*sent, Ok((0, offset)), "each one is acknowledged, where it stands");
    }
    let read = read(&reader(&address, "topic", 0, Offset::Beginning), messages.len());
    for (offset, (read, sent)) in (0..).zip(read.iter().zip(&messages)) {
        assert_eq!((read.0, &read.1), (offset, sent));
    }
    logmill_given::say(&format!("{kills} kills, {} messages once each", messages.len()));
}
