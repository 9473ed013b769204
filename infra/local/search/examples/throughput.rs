//! Prints how fast record documents go in by HTTP bulk requests of 1,000 with answers that mean
//! durable, and how long one takes from its put to a search that finds it:
//! `cargo run --release -p logmill-local-search --example throughput [documents]`.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use logmill_local_search::{LocalSearch, Options};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let documents = std::env::args().nth(1).map_or(Ok(200_000), |count| count.parse())?;
    let data = tempfile::tempdir()?;
    let search = LocalSearch::open(data.path(), Options::default())?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let mut client = Client::new(TcpStream::connect(listener.local_addr()?)?)?;
    let router = search.router();
    runtime.spawn(async move { axum::serve(listener, router).await });
    client.send("PUT", "/_index_template/logs", TEMPLATE)?;

    let bodies: Vec<String> = (0..documents / 1_000).map(|batch| body(batch * 1_000)).collect();
    let bytes: usize = bodies.iter().map(String::len).sum();
    let started = Instant::now();
    for body in &bodies {
        let answer = client.send("POST", "/_bulk", body)?;
        if !answer.contains("\"errors\":false") {
            return Err(answer.chars().take(400).collect::<String>().into());
        }
    }
    let acknowledged = started.elapsed();
    client.send("POST", "/logs/_refresh", "")?;
    let searchable = started.elapsed();
    let rate = |time: std::time::Duration| documents as f64 / time.as_secs_f64();
    println!("documents            {documents} of {} bytes", bytes / documents.max(1));
    println!("acknowledged         {:>9.0} /s, {acknowledged:.1?}", rate(acknowledged));
    println!("searchable           {:>9.0} /s, {searchable:.1?}", rate(searchable));

    let mut times = Vec::new();
    for number in 0..20 {
        let started = Instant::now();
        client.send("POST", "/_bulk?refresh=true", &body(documents + number * 1_000))?;
        client.send(
            "POST",
            "/logs/_search",
            r#"{"query":{"match":{"message":"connection"}},"size":1}"#,
        )?;
        times.push(started.elapsed());
    }
    times.sort();
    println!("1,000 put → found    {:.1?} median, {:.1?} worst", times[10], times[19]);
    for (name, query) in [("page of a log", PAGE), ("words", WORDS), ("histogram by level", CHART)]
    {
        let started = Instant::now();
        client.send("POST", "/logs/_search", query)?;
        println!("{name:<20} {:.1?}", started.elapsed());
    }
    search.flush()?;
    Ok(())
}

const PAGE: &str = r#"{"query":{"bool":{"filter":[{"term":{"deployment_key":"github-7"}},{"range":{"line":{"gte":1,"lte":500}}}]}},"sort":[{"line":{"order":"asc"}}],"size":500}"#;
const WORDS: &str = r#"{"query":{"match":{"message":{"query":"connection refused","operator":"and"}}},"sort":[{"@timestamp":{"order":"desc"}}],"size":50,"track_total_hits":true}"#;
const CHART: &str = r#"{"size":0,"aggs":{"t":{"date_histogram":{"field":"@timestamp","fixed_interval":"1m"},"aggs":{"l":{"terms":{"field":"level"}}}}}}"#;
const TEMPLATE: &str = r#"{"index_patterns":["logs-*"],"template":{"aliases":{"logs":{}},"mappings":{"dynamic":false,"properties":{"@timestamp":{"type":"date"},"observed_at":{"type":"date"},"service":{"type":"keyword"},"level":{"type":"keyword"},"kind":{"type":"keyword"},"deployment_key":{"type":"keyword"},"part":{"type":"keyword"},"source":{"type":"keyword"},"generation":{"type":"keyword"},"line":{"type":"long"},"end_line":{"type":"long"},"step":{"type":"long"},"message":{"type":"text"},"fields":{"type":"flat_object"}}}}}"#;

/// A bulk body of 1,000 records.
fn body(first: usize) -> String {
    let mut body = String::new();
    for number in first..first + 1_000 {
        let deployment = number / 5_000;
        let at = 1_780_000_000_000_u64 + number as u64 * 37;
        let level = ["INFO", "INFO", "DEBUG", "WARN", "ERROR"][number % 5];
        // Writing to a text cannot fail.
        let _ = writeln!(
            body,
            r#"{{"index":{{"_index":"logs-2026.05","_id":"github-{deployment}//{number}"}}}}
{{"@timestamp":{at},"observed_at":{at},"service":"shop","level":"{level}","kind":"log","deployment_key":"github-{deployment}","part":"","source":"github_actions","generation":"abc{deployment}","line":{number},"end_line":{number},"step":{},"message":"worker {} connection to 10.0.{}.{}:5432 refused after {number} ms, retrying src/pool.rs:{}","fields":{{"maven_phase":"compile","thread":"main-{}"}}}}"#,
            number % 12,
            number % 64,
            number % 256,
            number % 251,
            number % 997,
            number % 16,
        );
    }
    body
}

struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn new(stream: TcpStream) -> Result<Self, Failure> {
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream) })
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> Result<String, Failure> {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: local\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.reader.get_mut().write_all(request.as_bytes())?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            if line == "\r\n" || line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut answer = vec![0; length];
        self.reader.read_exact(&mut answer)?;
        Ok(String::from_utf8(answer)?)
    }
}
