//! A reverse proxy on loopback, between a client and an engine, for HTTP/1.1 or (`sql`) Postgres.
//! What it does to each request, a script says.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::sql;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, for example.
    pub method: String,
    /// With its query.
    pub path: String,
    /// The operation of an AWS JSON protocol, `DynamoDB_20120810.PutItem` for example.
    pub target: String,
    /// The lines after the first, without those about the connection and the length.
    headers: Vec<String>,
    /// Its body.
    pub body: Vec<u8>,
    /// The requests before it of the same transaction of a database; empty outside of one.
    pub transaction: Vec<u8>,
}

impl Request {
    /// One that is not HTTP, after those of its transaction.
    pub fn raw(body: Vec<u8>, transaction: Vec<u8>) -> Self {
        let (method, path, target) = (String::new(), String::new(), String::new());
        Self { method, path, target, headers: Vec::new(), body, transaction }
    }

    /// Whether it ends a transaction of a database well: a simple query, which begins with a byte for
    /// its type and four for its length.
    pub fn is_commit(&self) -> bool {
        let begins = self.body.first() == Some(&b'Q') && !self.transaction.is_empty();
        begins && self.body.get(5..).is_some_and(|text| text.starts_with(b"COMMIT"))
    }

    /// Whether it writes many documents.
    pub fn is_bulk(&self) -> bool {
        self.path.split('?').next().is_some_and(|path| path.ends_with("/_bulk"))
    }

    fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        for header in &self.headers {
            text.push_str(header);
            text.push_str("\r\n");
        }
        text.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len()));
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// An answer as it is sent: head and body.
#[derive(Clone, Debug)]
pub struct Answer {
    head: String,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer of the proxy's own; `headers` are whole lines.
    pub fn new(status: u16, headers: &[&str], body: &str) -> Self {
        let mut head = format!("HTTP/1.1 {status} \r\n");
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        Self { head, body: body.as_bytes().to_vec() }
    }

    /// An answer that is not HTTP.
    pub fn raw(body: Vec<u8>) -> Self {
        Self { head: String::new(), body }
    }

    /// The status; 0 if the head has none.
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// The same without a body, as HEAD wants it.
    fn bodiless(self) -> Self {
        Self { body: Vec::new(), ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }
}

/// What is done to a request.
#[derive(Debug)]
pub enum Action {
    /// It is forwarded, after a pause.
    Forward(Duration),
    /// The connection is reset, and the engine never hears of it.
    Reset,
    /// The engine does it, and the connection is reset in place of its answer.
    LoseAnswer,
    /// The engine does it, and its answer ends in the middle.
    Truncate,
    /// Nothing is said for so long; then the connection is reset.
    Silence(Duration),
    /// It is answered so, and the engine never hears of it.
    Answer(Answer),
    /// The items of the bulk that are marked are forwarded; the others are answered as throttled.
    SomeItems(Vec<bool>),
    /// The engine gets half of it, then the connection ends.
    Half,
}

/// What says what is done.
pub trait Script: Send + Sync + 'static {
    /// What is done to this request, which may be changed before.
    fn act(&self, request: &mut Request) -> Action;

    /// Hears what the engine answered before the client does.
    fn answered(&self, _request: &Request, _answer: &Answer) {}
}

/// A proxy; it ends when it is dropped.
pub struct Proxy {
    /// Where it listens, on loopback.
    pub port: u16,
    serving: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What is spoken through a proxy.
#[derive(Clone, Copy)]
enum Protocol {
    Http,
    Postgres,
}

impl Proxy {
    /// Begins to serve before an engine that speaks HTTP, at a port of its own.
    pub async fn start(engine: u16, script: Arc<dyn Script>) -> Self {
        Self::serving(engine, script, Protocol::Http).await
    }

    /// The same before Postgres.
    pub async fn sql(engine: u16, script: Arc<dyn Script>) -> Self {
        Self::serving(engine, script, Protocol::Postgres).await
    }

    async fn serving(engine: u16, script: Arc<dyn Script>, protocol: Protocol) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let engine = SocketAddr::from((Ipv4Addr::LOCALHOST, engine));
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let script = Arc::clone(&script);
                connections.spawn(async move {
                    // A connection that breaks is what a proxy of this kind is for.
                    let _ = match protocol {
                        Protocol::Http => serve(stream, engine, script.as_ref()).await,
                        Protocol::Postgres => sql::serve(stream, engine, script.as_ref()).await,
                    };
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Self { port, serving }
    }
}

async fn serve(mut stream: TcpStream, engine: SocketAddr, script: &dyn Script) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(mut request) = read_request(&mut stream, &mut buffer).await? {
        let action = script.act(&mut request);
        let Some(answer) = carry_out(action, &request, engine, script).await? else {
            // The client sees an error, not an end.
            return stream.set_zero_linger();
        };
        stream.write_all(&answer).await?;
        if !is_whole(&answer, &request) {
            return stream.shutdown().await;
        }
    }
    Ok(())
}

/// The bytes that go to the client; none where the connection is reset.
async fn carry_out(
    action: Action,
    request: &Request,
    engine: SocketAddr,
    script: &dyn Script,
) -> io::Result<Option<Vec<u8>>> {
    let whole = async || -> io::Result<Answer> {
        let answer = forward(engine, request).await?;
        script.answered(request, &answer);
        Ok(answer)
    };
    match action {
        Action::Forward(pause) => {
            tokio::time::sleep(pause).await;
            Ok(Some(whole().await?.bytes()))
        }
        Action::Reset => Ok(None),
        Action::LoseAnswer => whole().await.map(|_| None),
        Action::Truncate => {
            let bytes = whole().await?.bytes();
            Ok(Some(bytes[..bytes.len() - bytes.len().div_ceil(4)].to_vec()))
        }
        Action::Silence(pause) => {
            tokio::time::sleep(pause).await;
            Ok(None)
        }
        Action::Answer(answer) if request.method == "HEAD" => Ok(Some(answer.bodiless().bytes())),
        Action::Answer(answer) => Ok(Some(answer.bytes())),
        Action::SomeItems(kept) => some_items(request, &kept, async |request| {
            let answer = forward(engine, &request).await?;
            script.answered(&request, &answer);
            Ok(answer)
        })
        .await
        .map(|answer| Some(answer.bytes())),
        Action::Half => {
            let bytes = request.bytes();
            let mut stream = TcpStream::connect(engine).await?;
            stream.write_all(&bytes[..bytes.len() - request.body.len() / 2]).await?;
            stream.shutdown().await?;
            Ok(None)
        }
    }
}

/// Forwards the items of a bulk that are marked, and answers the others as throttled, in order.
async fn some_items(
    request: &Request,
    kept: &[bool],
    forward: impl AsyncFnOnce(Request) -> io::Result<Answer>,
) -> io::Result<Answer> {
    let lines: Vec<&[u8]> = request.body.split_inclusive(|&byte| byte == b'\n').collect();
    let items: Vec<&[&[u8]]> = lines.chunks(2).collect();
    let is_kept = |at: usize| kept.get(at % kept.len().max(1)).copied().unwrap_or_default();
    let mut some = request.clone();
    let forwarded = items.iter().enumerate().filter(|(at, _)| is_kept(*at));
    some.body = forwarded.flat_map(|(_, lines)| lines.concat()).collect();
    let mut answers = Vec::new();
    if !some.body.is_empty() {
        let answer = forward(some).await?;
        if answer.status() != 200 {
            return Ok(answer);
        }
        let mut whole: Value = serde_json::from_slice(&answer.body)?;
        answers = whole["items"].as_array_mut().map(std::mem::take).unwrap_or_default();
    }
    let mut answers = answers.into_iter();
    let refused = json!({ "index": { "status": 429, "error": {
        "type": "es_rejected_execution_exception", "reason": "disturbed on purpose",
    } } });
    let all: Vec<Value> = (0..items.len())
        .map(|at| if is_kept(at) { answers.next().unwrap_or_default() } else { refused.clone() })
        .collect();
    let body = json!({ "took": 1, "errors": true, "items": all });
    Ok(Answer::new(200, &["content-type: application/json"], &body.to_string()))
}

/// Sends a request to the engine and reads its answer to the end.
async fn forward(engine: SocketAddr, request: &Request) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(engine).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&request.bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let end = head_end(&bytes).ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    // The client may go on with its connection.
    let kept = head.split_inclusive("\r\n").filter(|line| header(line).0 != "connection");
    Ok(Answer { head: kept.collect(), body: bytes.split_off(end) })
}

/// Whether the client can tell where this answer ends.
fn is_whole(answer: &[u8], request: &Request) -> bool {
    let Some(end) = head_end(answer) else { return false };
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut headers = head.split("\r\n").map(header);
    match headers.find(|(name, _)| name == "content-length") {
        Some((_, length)) => request.method == "HEAD" || length.parse() == Ok(answer.len() - end),
        None => answer.ends_with(b"0\r\n\r\n") || head.starts_with("HTTP/1.1 204"),
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// Name in lower case and value of a header's line.
fn header(line: &str) -> (String, &str) {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    (name.to_ascii_lowercase(), value.trim())
}

/// The next request of a connection; none at its end.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let end = loop {
        if let Some(end) = head_end(buffer) {
            break end;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut lines = head.split("\r\n").filter(|line| !line.is_empty());
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut request = Request {
        method: first.next().unwrap_or_default().to_owned(),
        path: first.next().unwrap_or_default().to_owned(),
        target: String::new(),
        headers: Vec::new(),
        body: Vec::new(),
        transaction: Vec::new(),
    };
    let mut length = 0;
    for line in lines {
        match header(line) {
            (name, value) if name == "content-length" => {
                length = value.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            }
            (name, _) if name == "connection" => {}
            (name, _) if name == "transfer-encoding" || name == "expect" => {
                panic!("this proxy does not know how to pass on: {line}")
            }
            (name, value) => {
                if name == "x-amz-target" {
                    value.clone_into(&mut request.target);
                }
                request.headers.push(line.to_owned());
            }
        }
    }
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    request.body = buffer[end..end + length].to_vec();
    buffer.drain(..end + length);
    Ok(Some(request))
}
