//! What `parse` costs on Lambda: its start beside that of a function that does nothing, and a
//! terabyte of logs.
//!
//! A start is measured from the process's begin to its first question for an event, its CPU time by
//! what the kernel counted for its threads until then. The function that does nothing is this very
//! program, so that both are linked alike. The rate is that of the function's reading half, from the
//! gzipped log to the bodies that would be sent: S3, OpenSearch and TLS come on top of it.
//!
//! Without `--bench`, as under `cargo test --benches`, each is only tried.

#![recursion_limit = "256"]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench, which prints its figures and fails by panicking"
)]

#[path = "../../../shared/parser/benches/input.rs"]
mod input;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lambda_runtime::{Error, LambdaEvent, service_fn};
use logmill_parse::cost;
use logmill_runtime::config::Records;
use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;

const STARTS: usize = 20;
const SIZE: u64 = 100_000_000;
const SMALL_SIZE: u64 = 1_000_000;
/// What tells this program to be the function that does nothing.
const NOTHING: &str = "LOGMILL_BENCH_NOTHING";
/// Memory in MB with which a function has one processor for itself (Lambda developer guide,
/// "Configure Lambda function memory").
const MB_A_CPU: f64 = 1769.0;
/// US dollars for a GB-second on arm64 in us-east-1 (Lambda's price list, the first tier).
const GB_SECOND: f64 = 0.000_013_333_4;
/// US dollars for a million invocations.
const MILLION_CALLS: f64 = 0.20;
/// The log that one invocation reads, in MB: what a build writes is of this order.
const LOG_MB: f64 = 1.0;

/// What a start took.
#[derive(Clone, Copy)]
struct Start {
    wall: Duration,
    cpu: Duration,
}

#[tokio::main]
async fn nothing() {
    let handler = service_fn(async |event: LambdaEvent<Value>| Ok::<_, Error>(event.payload));
    lambda_runtime::run(handler).await.unwrap();
}

fn main() {
    if std::env::var_os(NOTHING).is_some() {
        return nothing();
    }
    let measures = std::env::args().any(|argument| argument == "--bench");
    starts(if measures { STARTS } else { 2 });
    terabyte(if measures { SIZE } else { SMALL_SIZE });
}

fn starts(number: usize) {
    let own = std::env::current_exe().unwrap();
    let (mut parse, mut nothing) = (Vec::new(), Vec::new());
    for _ in 0..number {
        parse.push(start(&mut Command::new(env!("CARGO_BIN_EXE_parse"))));
        nothing.push(start(Command::new(&own).env(NOTHING, "1")));
    }
    let (parse, nothing) = (median(&parse), median(&nothing));
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("start of a process until it asks for its first event, medians of {number}, in ms\n");
    println!("{:<22} {:>8} {:>8}", "", "CPU", "time");
    for (name, start) in [("parse", parse), ("one that does nothing", nothing)] {
        println!("{name:<22} {:>8.1} {:>8.1}", ms(start.cpu), ms(start.wall));
    }
    let more = |parse: Duration, nothing: Duration| ms(parse) - ms(nothing);
    let (cpu, wall) = (more(parse.cpu, nothing.cpu), more(parse.wall, nothing.wall));
    println!("{:<22} {cpu:>8.1} {wall:>8.1}\n", "parse takes more by");
}

fn median(starts: &[Start]) -> Start {
    let middle = |of: fn(&Start) -> Duration| {
        let mut times: Vec<Duration> = starts.iter().map(of).collect();
        times.sort_unstable();
        times[times.len() / 2]
    };
    Start { wall: middle(|start| start.wall), cpu: middle(|start| start.cpu) }
}

/// Starts a function, and ends it once it has asked for an event.
fn start(command: &mut Command) -> Start {
    let api = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = api.local_addr().unwrap().to_string();
    let command = command
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .env("AWS_LAMBDA_FUNCTION_NAME", "parse")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("LOGMILL_METRICS", "emf")
        // Amazon Linux has its certificate authorities in one file. Where there is a folder of them,
        // too, as in Debian, it would be read besides.
        .env("SSL_CERT_DIR", env!("CARGO_TARGET_TMPDIR"))
        .env("OPENSEARCH_SIGV4", "es")
        .env("OPENSEARCH_URL", "https://search.example")
        .env("LOGMILL_PARSE_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/1/parse")
        .stderr(Stdio::inherit());
    let since = Instant::now();
    let mut child = command.spawn().unwrap();
    let _connection = asked(&api);
    let start = Start { wall: since.elapsed(), cpu: cpu(&child) };
    child.kill().unwrap();
    child.wait().unwrap();
    start
}

/// Waits until a function asks for an event.
fn asked(api: &TcpListener) -> TcpStream {
    let (mut stream, _) = api.accept().unwrap();
    let mut head = [0; 64];
    stream.read_exact(&mut head).unwrap();
    let head = String::from_utf8_lossy(&head);
    assert!(head.starts_with("GET /2018-06-01/runtime/invocation/next"), "{head}");
    stream
}

/// What the kernel counted for the threads of a process (proc(5), `schedstat`: nanoseconds first).
fn cpu(child: &Child) -> Duration {
    let threads = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
    let nanoseconds = threads.map(|thread| {
        let text = fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|text| text.parse::<u64>().ok()).unwrap_or_default()
    });
    Duration::from_nanos(nanoseconds.sum())
}

fn terabyte(size: u64) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(folder).unwrap();
    let path = folder.join("terabyte.log.gz");
    let bytes = input::write(&path, size).unwrap();
    #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
    let mb = bytes as f64 / 1e6;
    println!(
        "a terabyte of such logs, by the rate at which {mb:.0} MB went through one core here,"
    );
    println!("at Lambda's prices on arm64 ({GB_SECOND} USD a GB-second, {MB_A_CPU} MB a core;");
    println!("{MILLION_CALLS:.2} USD a million invocations, {LOG_MB} MB each)\n");
    println!(
        "{:<10} {:>7} {:>12} {:>9} {:>9}",
        "records", "MB/s", "sent a MB", "work USD", "calls USD"
    );
    for (name, records) in Records::NAMES {
        let file = fs::File::open(&path).unwrap();
        let before = cpu_of_this_process();
        let sent = cost::cost(file, records).unwrap();
        let seconds = cpu_of_this_process() - before;
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
        let sent = sent.bytes as f64 / 1e6 / mb;
        let work = 1e6 / (mb / seconds) * MB_A_CPU / 1024.0 * GB_SECOND;
        let calls = 1e6 / LOG_MB / 1e6 * MILLION_CALLS;
        println!("{name:<10} {:>7.0} {sent:>9.2} MB {work:>9.3} {calls:>9.2}", mb / seconds);
        std::io::stdout().flush().unwrap();
    }
    fs::remove_file(path).unwrap();
}

fn cpu_of_this_process() -> f64 {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "seconds of a process")]
    let seconds = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
    seconds
}
