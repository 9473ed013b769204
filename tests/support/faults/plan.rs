//! Which request is disturbed, and how: drawn from a seed before the first one comes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;

use crate::faults::kill::Killer;
use crate::proxy::{Action, Answer, Request, Script};
use crate::refusal::{Engine, Refusal, refuse};

/// The longest pause before a request is forwarded.
const LATENCY_MS: u64 = 60;
/// The longest time that an engine keeps a bulk waiting: longer than all the work on a small log.
const STALL_MS: u64 = 900;
/// How long a half-open connection lasts.
const SILENCE: Duration = Duration::from_millis(150);

/// A way to disturb a request.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Fault {
    /// A pause.
    Latency,
    /// The engine never hears of it.
    ResetBefore,
    /// The engine does it, and nobody hears that.
    AnswerLost,
    /// Nothing is said; then the connection is gone.
    HalfOpen,
    /// 429
    TooManyRequests,
    /// 500
    Internal,
    /// 503
    Unavailable,
    /// Some items of a bulk are refused.
    PartialBulk,
    /// Several requests are refused, one after the other.
    Throttling,
    /// The answer ends in the middle.
    Truncated,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Latency,
        Self::ResetBefore,
        Self::AnswerLost,
        Self::HalfOpen,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
        Self::PartialBulk,
        Self::Throttling,
        Self::Truncated,
    ];

    /// Its name in a table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::ResetBefore => "reset before the engine hears",
            Self::AnswerLost => "answer lost after the write",
            Self::HalfOpen => "half-open connection",
            Self::TooManyRequests => "429",
            Self::Internal => "500",
            Self::Unavailable => "503",
            Self::PartialBulk => "some items of a bulk refused",
            Self::Throttling => "throttled for a while",
            Self::Truncated => "answer cut",
        }
    }
}

/// What one request gets: a fault, and a number for what the fault leaves open.
type Drawn = Option<(Fault, u64)>;

/// The faults of one engine in one run.
pub struct Plan {
    engine: Engine,
    drawn: Vec<Drawn>,
    next: AtomicUsize,
    over: AtomicBool,
    heard: Arc<Heard>,
    killer: Option<Arc<Killer>>,
}

/// What all engines of a run were asked for.
#[derive(Debug, Default)]
pub struct Heard {
    /// How often each fault was injected, before which engine.
    pub injected: Mutex<BTreeMap<(Fault, Engine), usize>>,
    /// How often a database's connection ended amid a transaction, and before the answer to COMMIT.
    pub cut: Mutex<Cut>,
    /// How many messages the function has sent.
    pub sent: AtomicUsize,
    /// Each row that came to be COMPLETED, by deployment, row, generation and revision.
    pub completed: Mutex<std::collections::BTreeSet<[String; 4]>>,
}

/// How often a database's connection ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cut {
    /// Amid a transaction, COMMIT not counted.
    pub amid: usize,
    /// When COMMIT was sent, before its answer.
    pub at_commit: usize,
}

impl Plan {
    /// The plan of an engine in the run with this seed.
    pub fn new(seed: u64, engine: Engine, heard: &Arc<Heard>) -> Self {
        let mut random = Rng::with_seed(seed ^ (engine as u64 + 1).wrapping_mul(0x9E37_79B9));
        // One run of four is so bad, so long that objects are given up and replayed.
        let is_bad = seed.is_multiple_of(4);
        let rate = if is_bad { 0.7 } else { 0.04 + 0.5 * random.f64() };
        let requests = if is_bad { random.usize(100..160) } else { random.usize(20..90) };
        let mut drawn = Vec::with_capacity(requests);
        while drawn.len() < requests {
            if random.f64() >= rate {
                drawn.push(None);
                continue;
            }
            let fault = Fault::ALL[random.usize(..Fault::ALL.len())];
            let times = if fault == Fault::Throttling { random.usize(2..6) } else { 1 };
            drawn.extend((0..times).map(|_| Some((fault, random.u64(..)))));
        }
        Self {
            engine,
            drawn,
            next: 0.into(),
            over: false.into(),
            heard: Arc::clone(heard),
            killer: None,
        }
    }

    /// No faults, but an engine that goes away for a while.
    pub fn of_kill(engine: Engine, heard: &Arc<Heard>, killer: &Arc<Killer>) -> Self {
        Self {
            engine,
            drawn: Vec::new(),
            next: 0.into(),
            over: true.into(),
            heard: Arc::clone(heard),
            killer: Some(Arc::clone(killer)),
        }
    }

    /// Ends the faults.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    fn next(&self, request: &Request) -> Drawn {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        let (fault, number) = self.drawn.get(at).copied().flatten()?;
        if self.over.load(Ordering::Relaxed) {
            return None;
        }
        let fault = match (fault, request.is_bulk()) {
            (Fault::PartialBulk, false) => Fault::TooManyRequests,
            // Few requests are bulks, so that they get their share.
            (_, true) if number.is_multiple_of(3) => Fault::PartialBulk,
            (fault, _) => fault,
        };
        *self.heard.injected.lock().unwrap().entry((fault, self.engine)).or_default() += 1;
        if fault != Fault::Latency && !request.transaction.is_empty() {
            let mut cut = self.heard.cut.lock().unwrap();
            *(if request.is_commit() { &mut cut.at_commit } else { &mut cut.amid }) += 1;
        }
        Some((fault, number))
    }
}

impl Script for Plan {
    fn act(&self, request: &mut Request) -> Action {
        if self.engine == Engine::Sqs {
            without_delay(request);
        }
        if let Some(action) = self.killer.as_ref().and_then(|it| it.act(self.engine, request)) {
            return action;
        }
        let Some((fault, number)) = self.next(request) else {
            return Action::Forward(Duration::ZERO);
        };
        let refused = |refusal| Action::Answer(refuse(self.engine, refusal));
        match fault {
            Fault::Latency => Action::Forward(Duration::from_millis(number % LATENCY_MS)),
            Fault::ResetBefore => Action::Reset,
            Fault::AnswerLost => Action::LoseAnswer,
            Fault::HalfOpen => Action::Silence(SILENCE),
            Fault::TooManyRequests => refused(Refusal::TooMany),
            Fault::Internal => refused(Refusal::Internal),
            Fault::Unavailable => refused(Refusal::Unavailable),
            Fault::PartialBulk => {
                Action::SomeItems((0..61).map(|bit| number >> bit & 1 == 1).collect())
            }
            Fault::Throttling => refused(Refusal::Throttled),
            Fault::Truncated => Action::Truncate,
        }
    }

    fn answered(&self, request: &Request, answer: &Answer) {
        self.heard.hear(self.engine, request, answer);
        // Not an answer that refuses; those of a database have no status.
        if let Some(killer) = &self.killer
            && matches!(answer.status(), 0 | 200)
        {
            killer.answered(request);
        }
    }
}

impl Heard {
    fn hear(&self, engine: Engine, request: &Request, answer: &Answer) {
        if answer.status() != 200 {
            return;
        }
        if request.target.ends_with(".SendMessage") {
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
        if engine == Engine::DynamoDb {
            self.completed.lock().unwrap().extend(completed(request));
        }
    }
}

/// Engines that take requests and never answer.
pub struct Silent;

impl Script for Silent {
    fn act(&self, _request: &mut Request) -> Action {
        Action::Silence(Duration::from_secs(3600))
    }
}

/// An engine that only takes its time, as seeded, so that calls overlap in many ways.
pub struct Slow {
    engine: Engine,
    random: Mutex<Rng>,
    /// The longest pause, in milliseconds.
    most: u64,
    heard: Arc<Heard>,
}

impl Slow {
    /// The pauses of a seed.
    pub fn new(seed: u64, engine: Engine, heard: &Arc<Heard>) -> Self {
        let mut random = Rng::with_seed(seed);
        let most = random.u64(1..30);
        Self { engine, random: Mutex::new(random), most, heard: Arc::clone(heard) }
    }
}

impl Script for Slow {
    fn act(&self, request: &mut Request) -> Action {
        if self.engine == Engine::Sqs {
            without_delay(request);
        }
        let mut random = self.random.lock().unwrap();
        let stalls = request.is_bulk() && random.u8(..10) == 0;
        let pause = if stalls { random.u64(..STALL_MS) } else { random.u64(..self.most) };
        Action::Forward(Duration::from_millis(pause))
    }

    fn answered(&self, request: &Request, answer: &Answer) {
        self.heard.hear(self.engine, request, answer);
    }
}

/// A message is visible at once: the test moves the clock itself when there is nothing else to do.
fn without_delay(request: &mut Request) {
    let Ok(mut body) = serde_json::from_slice::<Value>(&request.body) else { return };
    if let Some(delay) = body.get_mut("DelaySeconds") {
        *delay = 0.into();
        request.body = body.to_string().into_bytes();
    }
}

/// The objects that a request to DynamoDB writes as COMPLETED.
pub fn completed(request: &Request) -> Vec<[String; 4]> {
    let Ok(body) = serde_json::from_slice::<Value>(&request.body) else { return Vec::new() };
    let puts = match body["TransactItems"].as_array() {
        Some(items) => items.iter().map(|item| item["Put"]["Item"].clone()).collect(),
        None => vec![body["Item"].clone()],
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let is_object = |item: &&Value| {
        let row = item["row"]["S"].as_str().unwrap_or_default();
        row.starts_with("object#") && item["status"]["S"] == "COMPLETED"
    };
    let name = |item: &Value| {
        let version = &item["version"]["M"];
        let generation = format!(
            "{} {} {}",
            text(&version["etag"]["S"]),
            text(&version["sequencer"]["S"]),
            text(&item["replays"]["N"])
        );
        let row = text(&item["row"]["S"]);
        [text(&item["deployment_key"]["S"]), row, generation, text(&item["revision"]["N"])]
    };
    puts.iter().filter(is_object).map(name).collect()
}
