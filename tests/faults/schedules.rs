//! Schedules of events: S3 tells of each change at least once, in any order, also much later.
//! Whatever the order, a log is there once, as its newest version says.
//!
//! `cargo soak schedules` plays 1,000; `LOGMILL_SCHEDULES_SEED` repeats one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fastrand::Rng;
use futures_util::StreamExt as _;
use futures_util::future::{join, join_all};
use logmill_metadata::{Metadata as _, ObjectState, Status};
use logmill_objects::{Content, PutOptions};

use crate::compare::{Difference, Found, compare, documents};
use crate::embedded::{BUCKET, Engines, Function};
use crate::event;
use crate::faults::inputs;
use crate::faults::plan::{Heard, Slow};
use crate::given;
use crate::proxy::Proxy;
use crate::queue::RunQueue;
use crate::refusal::Engine;

/// More than any schedule takes.
const LONG: Duration = Duration::from_secs(120);
/// A schedule that takes more steps takes them for ever.
const STEPS: usize = 1000;
/// How many schedules share engines.
const SHARING: usize = 100;
/// How many are played at once.
const AT_ONCE: usize = 24;

/// A change of the object.
#[derive(Clone, Debug)]
enum Change {
    Put(Vec<u8>),
    Delete,
}

/// An event that was not delivered, or not often enough.
#[derive(Clone, Debug)]
struct Event {
    body: String,
    what: String,
}

/// The newest version.
#[derive(Clone, Debug)]
struct Newest {
    etag: String,
    sequencer: String,
}

/// One schedule.
struct Schedule<'e> {
    key: String,
    name: String,
    engines: &'e Engines,
    random: Rng,
    changes: Vec<Change>,
    changed: usize,
    pool: Vec<Event>,
    /// None after a deletion.
    newest: Option<Newest>,
    queue: RunQueue,
    function: Function,
    heard: Arc<Heard>,
    invoked: AtomicUsize,
    told: Vec<String>,
    _proxies: Vec<Proxy>,
}

/// The changes of a schedule, in their order.
fn changes(random: &mut Rng) -> Vec<Change> {
    let mut contents: Vec<Vec<u8>> = Vec::new();
    let mut changes = Vec::new();
    for _ in 0..random.usize(1..5) {
        let again = !contents.is_empty() && random.u8(..5) == 0;
        let content = if again {
            contents[random.usize(..contents.len())].clone()
        } else {
            inputs::log(random.usize(1..14), random)
        };
        contents.push(content.clone());
        changes.push(Change::Put(content));
        if random.u8(..5) == 0 {
            changes.push(Change::Delete);
        }
    }
    changes
}

/// The sequencer of the change at this place: growing, of any length.
fn sequencer(at: usize, random: &mut Rng) -> String {
    let more: String = (0..random.usize(..9)).map(|_| random.digit(16)).collect();
    format!("0055AED6{:02X}{}", 2 * at + 1, more.to_ascii_uppercase())
}

impl<'e> Schedule<'e> {
    async fn start(engines: &'e Engines, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let name = format!("schedule-{seed}");
        let heard = Arc::<Heard>::default();
        let (mut proxies, mut at) = (Vec::new(), engines.ports.clone());
        for engine in Engine::ALL {
            let slow = Arc::new(Slow::new(random.u64(..), engine, &heard));
            let proxy = Proxy::start(engines.ports[&engine], slow).await;
            at.insert(engine, proxy.port);
            proxies.push(proxy);
        }
        let queue = engines.queue(&name).await;
        let function = engines.function(&at, &queue, &name, random.usize(2..6));
        Self {
            key: format!("{name}.log"),
            name,
            engines,
            changes: changes(&mut random),
            random,
            changed: 0,
            pool: Vec::new(),
            newest: None,
            queue,
            function,
            heard,
            invoked: 0.into(),
            told: Vec::new(),
            _proxies: proxies,
        }
    }

    async fn play(mut self) -> (Difference, Vec<String>) {
        for _ in 0..STEPS {
            if self.changed == self.changes.len() && self.pool.is_empty() {
                return self.judge().await;
            }
            self.step().await;
        }
        panic!("{}: {STEPS} steps were not enough:\n{}", self.name, self.told.join("\n"));
    }

    /// Delivers some events at once; meanwhile the object may be changed.
    async fn step(&mut self) {
        let events = self.choose();
        let more = self.changed < self.changes.len();
        let changing = more && (events.is_empty() || self.random.u8(..3) == 0);
        self.told.push(format!("{:?}", events.iter().map(|one| &one.what).collect::<Vec<_>>()));
        // Any moment of the work that is under way.
        let pause = Duration::from_millis(self.random.u64(..300));
        let sequencer = sequencer(self.changed, &mut self.random);
        let this = &*self;
        let working = join_all(events.iter().map(|one| async move {
            // Not all of them arrive in the same moment.
            let invoked = this.invoked.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(invoked as u64 % 7 * 4)).await;
            let owner = format!("{}-{invoked}", this.name);
            let invocation = event::invocation(&owner, Duration::ZERO, LONG);
            event::deliver(&this.function, &one.body, &invocation).await
        }));
        let overlapping = async {
            if !changing {
                return None;
            }
            tokio::time::sleep(pause).await;
            let (event, newest) = this.change(&sequencer).await;
            // Its own event may come while the others are worked on.
            if this.invoked.load(Ordering::Relaxed).is_multiple_of(2) {
                return Some((event, newest, true));
            }
            let owner = format!("{}-early", event.what);
            let invocation = event::invocation(&owner, Duration::ZERO, LONG);
            let again = event::deliver(&this.function, &event.body, &invocation).await;
            Some((event, newest, again))
        };
        let (answers, changed) = join(working, overlapping).await;
        for (one, again) in events.into_iter().zip(answers) {
            if again {
                self.pool.push(one);
            }
        }
        if let Some((event, newest, wanted)) = changed {
            self.told.push(format!("changed: {}, early: {}", event.what, !wanted));
            self.changed += 1;
            self.newest = newest;
            let copies = usize::from(wanted) + self.random.usize(..3);
            self.pool.extend(std::iter::repeat_n(event, copies));
        }
        self.take_back().await;
    }

    /// Some events of the pool; sometimes all copies of one.
    fn choose(&mut self) -> Vec<Event> {
        let mut chosen = Vec::new();
        for _ in 0..self.random.usize(..4).min(self.pool.len()) {
            let at = self.random.usize(..self.pool.len());
            chosen.push(self.pool.swap_remove(at));
        }
        if let Some(one) = chosen.first().cloned()
            && self.random.u8(..4) == 0
        {
            self.pool.extend(chosen.drain(1..));
            chosen = vec![one.clone(), one.clone(), one];
        }
        chosen
    }

    /// What the function sent to its own queue.
    async fn take_back(&mut self) {
        for message in self.queue.receive(10).await {
            self.queue.delete(&message).await;
            self.told.push("a message came back".to_owned());
            self.pool.push(Event { body: message.body, what: "again".to_owned() });
        }
    }

    /// Changes the object.
    async fn change(&self, sequencer: &str) -> (Event, Option<Newest>) {
        let what = format!("{}@{sequencer}", self.changed);
        match &self.changes[self.changed] {
            Change::Put(content) => {
                let content = Content::from(content.clone());
                let put =
                    self.engines.objects.put(BUCKET, &self.key, content, PutOptions::default());
                let etag = put.await.unwrap().etag;
                let body = event::notification(&self.key, &etag, sequencer);
                let newest = Newest { etag, sequencer: sequencer.to_owned() };
                (Event { body, what: format!("put {what}") }, Some(newest))
            }
            Change::Delete => {
                self.engines.objects.delete(BUCKET, &self.key).await.unwrap();
                let body = event::removal(&self.key, sequencer);
                (Event { body, what: format!("delete {what}") }, None)
            }
        }
    }

    async fn judge(mut self) -> (Difference, Vec<String>) {
        let key = self.name.clone();
        let state = self.engines.metadata.object(&key, "").await.unwrap();
        let found = documents(self.engines.ports[&Engine::Search], vec![key.clone()]).await;
        let mut difference = match self.newest.take() {
            Some(newest) => self.judge_newest(&newest, state.as_ref(), &found).await,
            None => self.judge_deleted(&found),
        };
        for completed in self.completed_twice() {
            self.told.push(format!("COMPLETED twice: {completed}"));
            difference.doubled += 1;
        }
        let head =
            format!("LOGMILL_SCHEDULES=1 LOGMILL_SCHEDULES_SEED={}:", &key["schedule-".len()..]);
        self.told.insert(0, head);
        (difference, self.told)
    }

    async fn judge_newest(
        &mut self,
        newest: &Newest,
        state: Option<&ObjectState>,
        found: &Found,
    ) -> Difference {
        let mut difference = Difference::default();
        let is_newest = state.is_some_and(|state| {
            state.status == Status::Completed
                && state.version.etag == newest.etag
                && state.version.sequencer.as_ref() == Some(&newest.sequencer)
        });
        if !is_newest {
            self.told.push(format!("the newest is {newest:?}, the row is {state:?}"));
            difference.lost += 1;
        }
        let body = event::notification(&self.key, &newest.etag, &newest.sequencer);
        let invocation = event::invocation(&self.name, Duration::ZERO, LONG);
        let again = event::deliver(&self.engines.calm, &body, &invocation).await;
        assert!(!again, "{} fails undisturbed", self.key);
        let wanted = documents(self.engines.calm_search, vec![self.name.clone()]).await;
        let told = &mut self.told;
        difference.add(compare(found, &wanted, |what, place, found, wanted| {
            told.push(format!("{what}: {place:?}\n  found  {found:?}\n  wanted {wanted:?}"));
        }));
        difference
    }

    /// After a deletion the documents of the version that was parsed last stay: of one, that is.
    fn judge_deleted(&mut self, found: &Found) -> Difference {
        let mut generations: Vec<_> =
            found.values().flatten().map(|document| document["generation"].to_string()).collect();
        generations.sort();
        generations.dedup();
        let more = generations.len().saturating_sub(1);
        if more > 0 {
            self.told.push(format!("documents of several versions are left: {generations:?}"));
        }
        Difference { doubled: more, ..Difference::default() }
    }

    /// Versions that came to be COMPLETED by more than one write.
    fn completed_twice(&self) -> Vec<String> {
        let completed = self.heard.completed.lock().unwrap();
        let mut versions: Vec<&String> = completed.iter().map(|it| &it[2]).collect();
        versions.sort();
        let twice = versions.windows(2).filter(|two| two[0] == two[1]);
        twice.map(|two| two[0].clone()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_of_events_end_with_the_newest_version_once() {
    let first = given::seed("LOGMILL_SCHEDULES_SEED");
    let number = given::number("LOGMILL_SCHEDULES", 20);
    given::say(&format!("LOGMILL_SCHEDULES_SEED={first}: {number} schedules"));
    let seeds: Vec<u64> = (first..first + number).collect();
    let (mut sum, mut bad) = (Difference::default(), Vec::new());
    for seeds in seeds.chunks(SHARING) {
        let engines = &Engines::start().await;
        let playing = futures_util::stream::iter(seeds)
            .map(|&seed| async move { Schedule::start(engines, seed).await.play().await })
            .buffer_unordered(AT_ONCE);
        for (difference, told) in playing.collect::<Vec<_>>().await {
            sum.add(difference);
            if !difference.is_none() {
                bad.push(told.join("\n"));
            }
        }
    }
    let Difference { lost, doubled, changed } = sum;
    given::say(&format!("{number} schedules: lost {lost}, doubled {doubled}, changed {changed}"));
    assert!(
        bad.is_empty(),
        "{} schedules, of them:\n{}",
        bad.len(),
        bad[..bad.len().min(3)].join("\n\n")
    );
}
