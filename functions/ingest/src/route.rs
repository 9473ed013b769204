//! Requests: which is which, and what all have in common.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::ORIGIN;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use logmill_bus::Producer;
use logmill_metadata::Entries;
use logmill_runtime::config::{IngestAuth, IngestLimits};
use logmill_runtime::telemetry::names;

use crate::answer::{Answer, Refusal};
use crate::batch::Batch;
use crate::budget::{Budget, Share};
use crate::key::IdempotencyKey;
use crate::otlp::{self, Encoding};
use crate::publish::{Publisher, Sent};
use crate::rate::Rates;
use crate::senders::Senders;
use crate::{body, bulk, loki, native};

/// The most bytes of all requests under way together.
pub const MEMORY: usize = 48 * 1024 * 1024;
/// How long Kafka is waited for by who only asks whether it is there.
const READY: Duration = Duration::from_secs(2);

/// From where requests can come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// From this machine only.
    Loopback,
    /// From anywhere.
    Anywhere,
}

/// The function, with what it needs; `S` holds the tokens. Cheap to clone.
#[derive(Debug)]
pub struct Ingest<S> {
    shared: Arc<Shared<S>>,
}

impl<S> Clone for Ingest<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

#[derive(Debug)]
struct Shared<S> {
    publisher: Publisher,
    limits: IngestLimits,
    budget: Arc<Budget>,
    rates: Rates,
    senders: Senders<S>,
}

/// What a request with events speaks.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Protocol {
    Native,
    Otlp,
    Loki,
    /// With the index that the address names.
    Bulk(Option<String>),
}

impl Protocol {
    const fn name(&self) -> &'static str {
        match self {
            Self::Native => "logs",
            Self::Otlp => "otlp",
            Self::Loki => "loki",
            Self::Bulk(_) => "bulk",
        }
    }

    /// By its address.
    fn of(path: &str) -> Option<Self> {
        match path {
            "/logs" => Some(Self::Native),
            "/v1/logs" => Some(Self::Otlp),
            "/loki/api/v1/push" => Some(Self::Loki),
            "/_bulk" => Some(Self::Bulk(None)),
            _ => {
                let index = path.strip_prefix('/')?.strip_suffix("/_bulk")?;
                (!index.contains('/')).then(|| Self::Bulk(Some(index.to_owned())))
            }
        }
    }

    /// A refusal in its own words.
    fn refusal(&self, parts: &Parts, refusal: &Refusal) -> Answer {
        match self {
            Self::Native => Answer::refusal(refusal),
            Self::Otlp => {
                let encoding = Encoding::of(&parts.headers).unwrap_or(Encoding::Protobuf);
                otlp::refusal(encoding, refusal)
            }
            Self::Loki => loki::refusal(refusal),
            Self::Bulk(_) => bulk::refusal(refusal),
        }
    }
}

/// A request whose body was read.
struct Asked<'a> {
    parts: &'a Parts,
    body: &'a Bytes,
    sender: &'a str,
}

impl<S: Entries> Ingest<S> {
    /// The function, with a producer ([`crate::producer_settings`]) and where the tokens are.
    #[must_use]
    pub fn new(producer: Producer, limits: &IngestLimits, store: S, reach: Reach) -> Self {
        let is_open = match limits.auth {
            IngestAuth::Open => true,
            IngestAuth::Token => false,
            IngestAuth::Auto => reach == Reach::Loopback,
        };
        let shared = Shared {
            publisher: Publisher::new(producer, &limits.topic),
            budget: Budget::new(MEMORY),
            rates: Rates::new(limits.events_per_second, limits.bytes_per_second),
            senders: Senders::new((!is_open).then_some(store)),
            limits: limits.clone(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Answers a request.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Bytes>
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let (parts, body) = request.into_parts();
        self.route(&parts, body).await.into_response()
    }

    async fn route<B>(&self, parts: &Parts, body: B) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let path = parts.uri.path();
        if let Some(protocol) = Protocol::of(path) {
            if matches!(parts.method, Method::POST | Method::PUT) {
                return self.take(&protocol, parts, body).await;
            }
            let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "events are sent by POST");
            return protocol.refusal(parts, &refusal);
        }
        match (&parts.method, path) {
            (&Method::GET | &Method::HEAD, "/healthz") => Answer::text(StatusCode::OK, "ok\n"),
            (&Method::GET | &Method::HEAD, "/readyz" | "/ready") => self.ready().await,
            (&Method::GET | &Method::HEAD, "/") => bulk::banner(),
            (&Method::GET, "/_license" | "/_xpack") => bulk::licence(),
            (_, path) => Answer::refusal(&Refusal::new(
                StatusCode::NOT_FOUND,
                format!("there is nothing at {path}: events go to /logs"),
            )),
        }
    }

    async fn ready(&self) -> Answer {
        match self.shared.publisher.check(READY).await {
            Ok(()) => Answer::text(StatusCode::OK, "ok\n"),
            Err(error) => Answer::text(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        }
    }

    /// Takes the events of a request, whatever protocol it speaks.
    async fn take<B>(&self, protocol: &Protocol, parts: &Parts, body: B) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let began = Instant::now();
        let mut share = self.shared.budget.share();
        let answer = match self.read(parts, body, &mut share).await {
            Ok((body, sender)) => {
                let asked = Asked { parts, body: &body, sender: &sender };
                let answer = match protocol {
                    Protocol::Native => self.native(&asked).await,
                    Protocol::Otlp => self.otlp(&asked).await,
                    Protocol::Loki => self.loki(&asked, &mut share).await,
                    Protocol::Bulk(index) => self.bulk(&asked, index.as_deref(), began).await,
                };
                answer.unwrap_or_else(|refusal| protocol.refusal(parts, &refusal))
            }
            Err(refusal) => protocol.refusal(parts, &refusal),
        };
        let name = protocol.name();
        let status = answer.status.as_str().to_owned();
        metrics::counter!(names::INGEST_REQUESTS, "protocol" => name, "status" => status)
            .increment(1);
        metrics::histogram!(names::INGEST_SECONDS, "protocol" => name)
            .record(began.elapsed().as_secs_f64());
        answer
    }

    /// The body, unpacked, and who sent it.
    async fn read<B>(
        &self,
        parts: &Parts,
        body: B,
        share: &mut Share,
    ) -> Result<(Bytes, String), Refusal>
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        not_of_a_page(parts)?;
        let sender = self.shared.senders.check(&parts.headers, Instant::now()).await?;
        let body = body::read(&parts.headers, body, self.shared.limits.body_bytes, share).await?;
        Ok((body, sender))
    }

    async fn native(&self, asked: &Asked<'_>) -> Result<Answer, Refusal> {
        let mut batch = Batch::new(IdempotencyKey::of(&asked.parts.headers)?);
        native::read(&asked.parts.headers, asked.body, &mut batch)?;
        let is_partial = asked.parts.uri.query().is_some_and(|query| {
            query.split('&').any(|pair| matches!(pair, "partial" | "partial=true" | "partial=1"))
        });
        if !batch.bad.is_empty() && !is_partial {
            count("rejected", batch.seen);
            return Ok(native::refused(&batch));
        }
        let beside = native::beside(&batch);
        let sent = self.publish(batch, asked).await?;
        Ok(native::published(&sent, beside))
    }

    async fn otlp(&self, asked: &Asked<'_>) -> Result<Answer, Refusal> {
        let encoding = Encoding::of(&asked.parts.headers)?;
        let mut batch = Batch::new(IdempotencyKey::of(&asked.parts.headers)?);
        otlp::read(encoding, asked.body, &mut batch)?;
        let rejected = otlp::rejected(&batch);
        let sent = self.publish(batch, asked).await?;
        Ok(otlp::published(encoding, &sent, rejected))
    }

    async fn loki(&self, asked: &Asked<'_>, share: &mut Share) -> Result<Answer, Refusal> {
        let headers = &asked.parts.headers;
        let mut batch = Batch::new(IdempotencyKey::of(headers)?);
        if loki::is_json(headers)? {
            loki::json(asked.body, &mut batch)?;
        } else if headers.contains_key(http::header::CONTENT_ENCODING) {
            loki::protobuf(asked.body, &mut batch)?;
        } else {
            let unpacked = body::snappy(asked.body, self.shared.limits.body_bytes, share)?;
            loki::protobuf(&unpacked, &mut batch)?;
        }
        let bad = batch.bad.first().map(|bad| format!("entry {}: {}", bad.index, bad.faults));
        let sent = self.publish(batch, asked).await?;
        if let Some(error) = &sent.error {
            return Err(Refusal::of_bus(error));
        }
        // Those that are good were taken; an agent gives the others up when it hears 400.
        match bad {
            Some(bad) => Err(Refusal::bad(bad)),
            None => Ok(Answer::empty(StatusCode::NO_CONTENT)),
        }
    }

    async fn bulk(
        &self,
        asked: &Asked<'_>,
        index: Option<&str>,
        began: Instant,
    ) -> Result<Answer, Refusal> {
        let headers = &asked.parts.headers;
        let mut batch = Batch::new(IdempotencyKey::of(headers)?);
        let items = bulk::read(headers, asked.body, index, &mut batch)?;
        let bad: Vec<_> = batch.bad.iter().map(|bad| (bad.index, bad.faults.to_string())).collect();
        let sent = self.publish(batch, asked).await?;
        if sent.accepted() == 0
            && let Some(error) = &sent.error
        {
            return Err(Refusal::of_bus(error));
        }
        Ok(bulk::published(&items, &bad, &sent, began.elapsed()))
    }

    /// Publishes the good ones of a batch, if the sender may send so many.
    async fn publish(&self, batch: Batch<'_>, asked: &Asked<'_>) -> Result<Sent, Refusal> {
        let (good, bad) = (batch.good.len(), batch.bad.len());
        let rates = &self.shared.rates;
        rates.take(asked.sender, good, asked.body.len(), Instant::now()).map_err(|wait| {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            Refusal::too_many("this sender sends faster than it may: send again later", seconds)
        })?;
        let sent = self.shared.publisher.publish(batch.good).await;
        count("accepted", sent.accepted());
        count("failed", good - sent.accepted());
        count("rejected", bad);
        count("empty", batch.empty);
        Ok(sent)
    }
}

fn count(result: &'static str, events: usize) {
    if events > 0 {
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        metrics::counter!(names::INGESTED_EVENTS, "result" => result).increment(events);
    }
}

/// A page of somebody else, open in a browser on this machine, must not write here: browsers send
/// such requests without asking, and name the page.
fn not_of_a_page(parts: &Parts) -> Result<(), Refusal> {
    let Some(origin) = parts.headers.get(ORIGIN) else { return Ok(()) };
    let host = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let name = host.map(|(_, host)| host.rsplit_once(':').map_or(host, |(name, _)| name));
    if matches!(name, Some("localhost" | "127.0.0.1" | "[::1]")) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "pages of other places may not send events here"))
}
