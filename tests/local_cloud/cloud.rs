//! A running `logmill up` with a data folder and ports of its own.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use crate::binary::{self, Run};
use crate::http;

/// What must happen happens within this.
const PATIENCE: Duration = Duration::from_secs(60);

/// The ports of one `logmill up`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) s3: u16,
    pub(crate) dynamodb: u16,
    pub(crate) search: u16,
    pub(crate) sqs: u16,
    pub(crate) kafka: u16,
    pub(crate) ingest: u16,
}

impl Ports {
    /// Ports that nobody else has.
    pub(crate) fn free() -> Self {
        // All are held until all are known, so that they differ.
        let held = [(); 7]
            .map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port"));
        let [http, s3, dynamodb, search, sqs, kafka, ingest] =
            held.map(|listener| listener.local_addr().expect("it is bound").port());
        Self { http, s3, dynamodb, search, sqs, kafka, ingest }
    }

    /// The options that name them.
    pub(crate) fn options(&self) -> Vec<String> {
        [
            ("--http-port", self.http),
            ("--s3-port", self.s3),
            ("--dynamodb-port", self.dynamodb),
            ("--search-port", self.search),
            ("--sqs-port", self.sqs),
            ("--kafka-port", self.kafka),
            ("--ingest-port", self.ingest),
        ]
        .iter()
        .flat_map(|(option, port)| [(*option).to_owned(), port.to_string()])
        .collect()
    }
}

/// Runs a command with these ports.
pub(crate) fn run(ports: &Ports, arguments: &[&str]) -> Run {
    let options = ports.options();
    let all: Vec<&str> =
        arguments.iter().copied().chain(options.iter().map(String::as_str)).collect();
    binary::run(&all)
}

/// A process that serves; it is killed when nobody wants it any more.
pub(crate) struct Cloud {
    child: Child,
    pub(crate) ports: Ports,
    data: PathBuf,
}

impl Cloud {
    /// Starts one and waits until its page answers.
    pub(crate) fn start(data: &Path) -> Self {
        let mut cloud = Self::start_at(data, Ports::free());
        cloud.wait_until_it_serves();
        cloud
    }

    /// Starts one on these ports and waits for nothing.
    pub(crate) fn start_at(data: &Path, ports: Ports) -> Self {
        Self::start_with(data, ports, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn start_with(data: &Path, ports: Ports, variables: &[(&str, String)]) -> Self {
        Self::spawn(data, ports, &[], variables)
    }

    /// One whose bucket tells nobody of its changes; waits until its page answers.
    pub(crate) fn start_without_s3_trigger(data: &Path) -> Self {
        let mut cloud = Self::spawn(data, Ports::free(), &["--no-s3-trigger"], &[]);
        cloud.wait_until_it_serves();
        cloud
    }

    fn spawn(data: &Path, ports: Ports, more: &[&str], variables: &[(&str, String)]) -> Self {
        let options = ports.options();
        let data_option = data.to_str().expect("its path is UTF-8");
        let mut arguments = vec!["up", "--data", data_option];
        arguments.extend(options.iter().map(String::as_str));
        arguments.extend(more);
        let said = File::options().create(true).append(true).open(said(data));
        let said = said.expect("what it says can be kept");
        let child = binary::command(&arguments)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(said.try_clone().expect("a file has many handles"))
            .stderr(said)
            .spawn()
            .expect("the program can be started");
        Self { child, ports, data: data.to_owned() }
    }

    /// Waits until the page answers.
    pub(crate) fn wait_until_it_serves(&mut self) {
        let page = self.ports.http;
        let answers =
            || http::request(page, "GET", "/healthz", &[], "").is_ok_and(|it| it.status == 200);
        let until = Instant::now() + PATIENCE;
        while !answers() {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                panic!("`logmill up` ended with {status}:\n{}", self.said());
            }
            assert!(Instant::now() < until, "`logmill up` does not serve:\n{}", self.said());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the process said, over all its starts.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(said(&self.data)).unwrap_or_default()
    }

    /// Its process.
    pub(crate) fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits until it is gone, by whatever end.
    pub(crate) fn gone(&mut self, what: &str) {
        self.wait_until(what, |cloud| cloud.child.try_wait().expect("it is ours").is_some());
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it is ours");
    }

    /// Stops it as Ctrl-C does, and returns how it ended.
    pub(crate) fn stop(mut self) -> ExitStatus {
        rustix::process::kill_process(self.process(), Signal::INT).expect("it runs");
        let mut ended = None;
        self.wait_until("it ends after Ctrl-C", |cloud| {
            ended = cloud.child.try_wait().expect("it is ours");
            ended.is_some()
        });
        ended.expect("it has ended")
    }

    /// Waits until something is so.
    pub(crate) fn wait_until(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !so(self) {
            assert!(Instant::now() < until, "in vain waited until {what}:\n{}", self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs a command against it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run(&self.ports, arguments)
    }

    /// Puts files and waits until each has ended.
    pub(crate) fn put(&self, files: &[&str]) -> Run {
        let arguments: Vec<&str> = ["put"].into_iter().chain(files.iter().copied()).collect();
        self.run(&arguments)
    }

    /// The row of a deployment; null where there is none.
    pub(crate) fn row(&self, deployment_key: &str) -> Value {
        let builds = http::get(self.ports.http, "/api/builds?size=500").json();
        let builds = builds["builds"].as_array().expect("a list of builds");
        let row = builds.iter().find(|row| row["deployment_key"] == deployment_key);
        row.cloned().unwrap_or_default()
    }

    /// Waits until a deployment has ended, and returns its row.
    pub(crate) fn ended(&mut self, deployment_key: &str) -> Value {
        let mut row = Value::Null;
        self.wait_until(&format!("{deployment_key} has ended"), |cloud| {
            row = cloud.row(deployment_key);
            row["status"] == "COMPLETED" || row["status"] == "FAILED"
        });
        row
    }

    /// How many documents of a deployment an index has.
    pub(crate) fn count(&self, index: &str, deployment_key: &str) -> u64 {
        let query = json!({ "query": { "term": { "deployment_key": deployment_key } } });
        // Before the first document there is no index.
        let path = format!("/{index}/_count?ignore_unavailable=true");
        let answer = http::post(self.ports.search, &path, &query).json();
        answer["count"].as_u64().unwrap_or_else(|| panic!("no count: {answer}"))
    }

    /// Sends a message to parse's queue by hand.
    pub(crate) fn send(&self, body: &str) {
        let port = self.ports.sqs;
        let message = json!({
            "QueueUrl": format!("http://127.0.0.1:{port}/000000000000/logmill-parse"),
            "MessageBody": body,
        });
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", "AmazonSQS.SendMessage"),
        ];
        let answer = http::request(port, "POST", "/", &headers, &message.to_string());
        let answer = answer.expect("it answers");
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where is kept what the process says: beside its data.
fn said(data: &Path) -> PathBuf {
    data.with_extension("said")
}
