//! One run: logs are put, and every engine fails in passing, by a plan. Nothing may be lost, nothing
//! doubled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fastrand::Rng;
use futures_util::future::{join, join_all};
use logmill_metadata::{Metadata as _, ObjectState, Owner, Reopen, Status};
use logmill_model::Timestamp;
use logmill_objects::{Content, Objects, PutOptions};
use serde_json::Value;

use crate::compare::{Difference, compare, documents};
use crate::embedded::{BUCKET, Engines, Function, Ports};
use crate::event;
use crate::faults::delivery::Delivery;
use crate::faults::inputs::{self, Input};
use crate::faults::kill::Killer;
use crate::faults::outcome::{Delivered, Outcome};
use crate::faults::plan::{Heard, Plan};
use crate::proxy::Proxy;
use crate::queue::{Message, RunQueue};
use crate::refusal::Engine;

/// More than any lease of a run lasts.
const LEASE: Duration = Duration::from_secs(90);
/// A run that goes round so often goes round for ever.
const ROUNDS: usize = 3000;
/// How many messages are passed over at most, and come later.
const PASSED_OVER: usize = 2;

/// One run.
pub struct Run<'e> {
    name: String,
    queue: RunQueue,
    engines: &'e Engines,
    random: Rng,
    inputs: Vec<Input>,
    function: Function,
    plans: Vec<Arc<Plan>>,
    heard: Arc<Heard>,
    /// How far its clock is ahead.
    ahead: Duration,
    /// The latest message of each object.
    latest: BTreeMap<String, String>,
    /// Versions that are still to be put.
    waiting: Vec<(usize, usize)>,
    delivery: Delivery,
    invoked: usize,
    is_calm: bool,
    /// Takes an engine away for a while.
    killer: Option<Arc<Killer>>,
    failed_calls: usize,
    late: Duration,
    _proxies: Vec<Proxy>,
}

impl<'e> Run<'e> {
    /// Puts proxies with the plans of a seed before the engines.
    pub async fn start(engines: &'e Engines, seed: u64) -> Self {
        Self::start_with(engines, seed, |engine, heard| Plan::new(seed, engine, heard)).await
    }

    /// One before engines that nothing disturbs but that one of them goes away for a while. A message
    /// whose call fails then waits until it is there again, as it waits in a queue.
    pub async fn start_before(engines: &'e Engines, seed: u64, killer: &Arc<Killer>) -> Self {
        let plan = |engine, heard: &_| Plan::of_kill(engine, heard, killer);
        let mut run = Self::start_with(engines, seed, plan).await;
        run.killer = Some(Arc::clone(killer));
        run
    }

    async fn start_with(
        engines: &'e Engines,
        seed: u64,
        plan: impl Fn(Engine, &Arc<Heard>) -> Plan,
    ) -> Self {
        let mut random = Rng::with_seed(seed);
        let name = format!("faults-{seed}{}", engines.tag);
        let heard = Arc::<Heard>::default();
        let (mut plans, mut proxies, mut at) = (Vec::new(), Vec::new(), Ports::new());
        for (&engine, &port) in &engines.ports {
            let plan = Arc::new(plan(engine, &heard));
            let script = Arc::clone(&plan);
            let proxy = match engine {
                Engine::Postgres => Proxy::sql(port, script).await,
                _ => Proxy::start(port, script).await,
            };
            at.insert(engine, proxy.port);
            plans.push(plan);
            proxies.push(proxy);
        }
        engines.objects.create_bucket(&name).await.unwrap();
        let queue = engines.queue(&name).await;
        let function = engines.function(&at, &queue, &name, random.usize(5..25));
        let inputs = inputs::of_run(&name, &mut random);
        Self {
            name,
            queue,
            engines,
            random,
            inputs,
            function,
            plans,
            heard,
            ahead: Duration::ZERO,
            latest: BTreeMap::new(),
            waiting: Vec::new(),
            delivery: Delivery::default(),
            invoked: 0,
            is_calm: false,
            killer: None,
            failed_calls: 0,
            late: Duration::ZERO,
            _proxies: proxies,
        }
    }

    /// Plays it to its end.
    pub async fn play(mut self) -> Outcome {
        let since = Instant::now();
        self.work().await;
        self.finish(since).await
    }

    /// Puts all objects, and plays the queue until it is empty.
    pub async fn work(&mut self) {
        for (at, input) in self.inputs.iter().enumerate() {
            self.waiting.extend((1..input.versions.len()).map(|version| (at, version)));
        }
        for at in 0..self.inputs.len() {
            let body = put(&self.engines.objects, &self.inputs[at], 0).await;
            self.send(at, body).await;
        }
        self.drain().await;
    }

    /// Replays what was given up, and compares; `since` is when the work began.
    pub async fn finish(mut self, since: Instant) -> Outcome {
        self.calm_down();
        let (failed_first, needless_letters) = self.replay_failed().await;
        self.drain().await;
        let took = since.elapsed();
        let (difference, reasons) = self.judge().await;
        let injected = self.heard.injected.lock().unwrap().clone();
        let delivered =
            Delivered { thrice: self.delivery.thrice(), out_of_order: self.delivery.out_of_order };
        Outcome {
            injected,
            difference,
            failed_first,
            needless_letters,
            took,
            late: self.late,
            failed_calls: self.failed_calls,
            delivered,
            cut: *self.heard.cut.lock().unwrap(),
            reasons,
        }
    }

    /// Ends the faults.
    fn calm_down(&mut self) {
        self.plans.iter().for_each(|plan| plan.end());
        self.is_calm = true;
    }

    async fn send(&mut self, at: usize, body: String) {
        // S3 and SQS deliver at least once.
        for _ in 0..self.delivery.send(&body, &mut self.random) {
            self.queue.send(&body).await;
        }
        self.latest.insert(self.inputs[at].key.clone(), body);
    }

    /// Plays the queue until it is empty.
    async fn drain(&mut self) {
        for _ in 0..ROUNDS {
            let most = self.random.usize(1..4);
            let messages = self.receive(most).await;
            if messages.is_empty() && self.waiting.is_empty() && !self.delivery.keeps() {
                return;
            }
            // At the latest when nothing else is left.
            let must = messages.is_empty() && self.waiting.is_empty();
            if let Some(late) = self.delivery.late(must, &mut self.random) {
                self.queue.send(&late).await;
            }
            self.round(&messages).await;
        }
        panic!("{}: the queue does not get empty in {ROUNDS} rounds", self.name);
    }

    /// At most so many messages, not always the first ones of those that are there.
    async fn receive(&mut self, most: usize) -> Vec<Message> {
        let mut messages = self.queue.receive(most + self.random.usize(..=PASSED_OVER)).await;
        self.random.shuffle(&mut messages);
        let later = messages.split_off(most.min(messages.len()));
        join_all(later.iter().map(|message| self.queue.release(message))).await;
        messages.iter().for_each(|message| self.delivery.deliver(&message.body));
        messages
    }

    /// Calls the function for each message at once; meanwhile a newer version may be put.
    async fn round(&mut self, messages: &[Message]) {
        let sent_before = self.heard.sent.load(Ordering::Relaxed);
        let next =
            if messages.is_empty() || self.random.u8(..3) == 0 { self.waiting.pop() } else { None };
        let left = match self.random.u8(..8) {
            // Without faults nothing but a busy machine keeps it from ending.
            _ if self.is_calm => 60_000..60_001,
            // So little that a log is gone on with by the next one.
            0 => 550..1_500,
            _ => 8_000..12_000,
        };
        let left = Duration::from_millis(self.random.u64(left));
        let calls: Vec<_> = messages
            .iter()
            .map(|message| {
                self.invoked += 1;
                let owner = format!("{}-{}", self.name, self.invoked);
                (message, event::invocation(&owner, self.ahead, left))
            })
            .collect();
        let function = &self.function;
        let working = join_all(calls.iter().map(|(message, invocation)| async move {
            let since = Instant::now();
            let again = event::deliver(function, &message.body, invocation).await;
            (again, since.elapsed().saturating_sub(left))
        }));
        let pause = Duration::from_millis(self.random.u64(..30));
        let (objects, inputs) = (&self.engines.objects, &self.inputs);
        let putting = async {
            let (at, version) = next?;
            // Some moment while the others work.
            tokio::time::sleep(pause).await;
            Some((at, put(objects, &inputs[at], version).await))
        };
        let (answers, replaced) = join(working, putting).await;
        if let Some((at, body)) = replaced {
            self.send(at, body).await;
        }
        for (message, (again, late)) in messages.iter().zip(answers) {
            self.late = self.late.max(late);
            if again {
                self.failed_calls += 1;
                if let Some(killer) = &self.killer {
                    killer.while_gone().await;
                }
                self.queue.release(message).await;
            } else {
                self.queue.delete(message).await;
            }
        }
        if self.heard.sent.load(Ordering::Relaxed) > sent_before {
            // Somebody waits for a lease. No call is under way, so all that are left are orphans.
            self.ahead += LEASE;
        }
    }

    async fn state(&self, input: &Input) -> ObjectState {
        let found = self.engines.metadata.object(&input.deployment_key, &input.part).await;
        let found = found.unwrap();
        found.unwrap_or_else(|| panic!("{}: {} has no row", self.name, input.key))
    }

    /// What was given up after five attempts is a dead letter, and is replayed as a person would.
    async fn replay_failed(&self) -> (usize, usize) {
        let letters =
            logmill_deadletter::DeadLetters::new(self.engines.objects.clone(), &self.name);
        let page = letters.list(None, None, 1000).await.unwrap();
        let mut dead: Vec<String> = Vec::new();
        for entry in page.entries {
            let letter = entry.letter.unwrap();
            assert_eq!(letter.reason.kind, "attempts", "{}: {letter:?}", self.name);
            dead.push(letter.place.key.unwrap());
        }
        let (mut failed, mut needless) = (0, 0);
        for input in &self.inputs {
            let state = self.state(input).await;
            match state.status {
                Status::Completed => needless += usize::from(dead.contains(&input.key)),
                Status::Failed => {
                    assert!(
                        dead.contains(&input.key),
                        "{}: {} has no letter",
                        self.name,
                        input.key
                    );
                    failed += 1;
                    self.reopen(input).await;
                }
                other => panic!("{}: {} is left {other:?}", self.name, input.key),
            }
        }
        (failed, needless)
    }

    async fn reopen(&self, input: &Input) {
        let owner = Owner::new("a person");
        let now = Timestamp::now() + jiff::SignedDuration::try_from(self.ahead + LEASE).unwrap();
        let metadata = &self.engines.metadata;
        let reopened = metadata.reopen(&input.deployment_key, &input.part, &owner, now).await;
        assert_eq!(reopened.unwrap(), Reopen::Reopened, "{}", input.key);
        let body = self.latest[&input.key].clone();
        self.queue.send(&body).await;
    }

    /// Compares with what an undisturbed function makes of the same objects.
    async fn judge(&self) -> (Difference, Vec<String>) {
        let calm = &self.engines.calm;
        let mut reasons = Vec::new();
        let mut difference = Difference::default();
        let mut replays = BTreeMap::new();
        for input in &self.inputs {
            let state = self.state(input).await;
            assert_eq!(state.status, Status::Completed, "{}: {state:?}", self.name);
            let generation = state.generation();
            if state.replays > 0 {
                let plain = generation.rsplit_once('-').unwrap().0.to_owned();
                replays.insert(plain, generation);
            }
            let invocation = event::invocation(&self.name, Duration::ZERO, LEASE);
            let again = event::deliver(calm, &self.latest[&input.key], &invocation).await;
            assert!(!again, "{} fails undisturbed", input.key);
            let times = self.completions(input, &state).await;
            // The answer to the write may have ended with the engine, unheard.
            let is_unheard = self.killer.is_some() && times == 0;
            if times != 1 && !is_unheard {
                reasons.push(format!("{} was completed {times} times", input.key));
                difference.doubled += 1;
            }
        }
        let keys: Vec<String> = self.inputs.iter().map(|one| one.deployment_key.clone()).collect();
        let found = documents(self.engines.ports[&Engine::Search], keys.clone()).await;
        let mut wanted = documents(self.engines.calm_search, keys).await;
        for document in wanted.values_mut().flatten() {
            let generation = document["generation"].as_str().unwrap_or_default();
            if let Some(replayed) = replays.get(generation) {
                document["generation"] = Value::from(replayed.as_str());
            }
        }
        difference.add(compare(&found, &wanted, |what, place, found, wanted| {
            reasons.push(format!("{what}: {place:?}\n  found  {found:?}\n  wanted {wanted:?}"));
        }));
        (difference, reasons)
    }

    /// How often this version of an object came to be COMPLETED.
    async fn completions(&self, input: &Input, state: &ObjectState) -> usize {
        if let Some(database) = &self.engines.database {
            return database.completions(state).await;
        }
        let version = &state.version;
        let sequencer = version.sequencer.as_deref().unwrap_or_default();
        let generation = format!("{} {sequencer} {}", version.etag, state.replays);
        let row = format!("object#{}", input.part);
        let completed = self.heard.completed.lock().unwrap();
        let this = |it: &&[String; 4]| {
            it[0] == input.deployment_key && it[1] == row && it[2] == generation
        };
        completed.iter().filter(this).count()
    }
}

/// Puts a version of an object and returns its event.
async fn put(objects: &Objects, input: &Input, version: usize) -> String {
    let options = PutOptions { user_metadata: input.metadata.clone(), ..PutOptions::default() };
    let content = Content::from(input.versions[version].clone());
    let done = objects.put(BUCKET, &input.key, content, options).await.unwrap();
    event::notification(&input.key, &done.etag, &format!("{:016X}", version + 1))
}
