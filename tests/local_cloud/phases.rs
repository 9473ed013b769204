//! A power cut in each phase of the work on a log costs nothing and doubles nothing.
//!
//! A proxy stands between the functions of `logmill up` and its engines. It knows a phase by the
//! request, and kills the process at that moment.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::binary::folder;
use crate::bucket::Bucket;
use crate::cloud::{Cloud, Ports};
use crate::kills::{Log, completed, documents, given, log, put, undisturbed};
use crate::phase::Phase;
use crate::proxy::{Action, Answer, Proxy, Request, Script};

/// How many logs are put before each kill.
const LOGS: usize = 3;

/// What is to be killed, and when.
struct Aim {
    process: Pid,
    phase: Phase,
    /// How many such moments are let pass.
    skip: usize,
    /// How long an engine commits before.
    pause: Duration,
}

/// Kills the process at the moment it aims at, once.
#[derive(Default)]
struct Killer {
    aim: Mutex<Option<Aim>>,
}

impl Killer {
    /// The aim, if this is the moment.
    fn shoot(&self, request: &Request, answered: bool) -> Option<Aim> {
        let mut aim = self.aim.lock().unwrap();
        let it = aim.as_mut()?;
        if it.phase.is_answered() != answered || !it.phase.is_at(request) {
            return None;
        }
        if it.skip > 0 {
            it.skip -= 1;
            return None;
        }
        aim.take()
    }
}

fn kill(process: Pid) {
    kill_process(process, Signal::KILL).expect("it runs");
}

impl Script for Killer {
    fn act(&self, request: &mut Request) -> Action {
        let Some(aim) = self.shoot(request, false) else { return Action::Forward(Duration::ZERO) };
        match aim.phase {
            Phase::BulkHalfSent => {
                // The half that was sent is on its way when the process ends.
                thread::spawn(move || {
                    thread::sleep(aim.pause);
                    kill(aim.process);
                });
                Action::Half
            }
            Phase::EngineCommits => {
                thread::spawn(move || {
                    thread::sleep(aim.pause);
                    kill(aim.process);
                });
                Action::Forward(Duration::ZERO)
            }
            _ => {
                kill(aim.process);
                Action::Reset
            }
        }
    }

    fn answered(&self, request: &Request, answer: &Answer) {
        if answer.status() == 200
            && let Some(aim) = self.shoot(request, true)
        {
            kill(aim.process);
        }
    }
}

/// A `logmill up` whose clients go through the killer.
struct Stand {
    killer: Arc<Killer>,
    ports: Ports,
    variables: Vec<(&'static str, String)>,
    _proxies: Vec<Proxy>,
    _runtime: Runtime,
}

impl Stand {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (killer, ports) = (Arc::<Killer>::default(), Ports::free());
        let (mut variables, mut proxies) = (Vec::new(), Vec::new());
        for (variable, port) in
            [("AWS_ENDPOINT_URL_DYNAMODB", ports.dynamodb), ("OPENSEARCH_URL", ports.search)]
        {
            let script = Arc::clone(&killer);
            let proxy = runtime.block_on(Proxy::start(port, script));
            variables.push((variable, format!("http://127.0.0.1:{}", proxy.port)));
            proxies.push(proxy);
        }
        Self { killer, ports, variables, _proxies: proxies, _runtime: runtime }
    }

    fn start(&self, data: &Path) -> Cloud {
        let mut cloud = Cloud::start_with(data, self.ports, &self.variables);
        cloud.wait_until_it_serves();
        cloud
    }

    /// Puts logs while the process is killed in this phase; returns the next one.
    fn kill_in(
        &self,
        phase: Phase,
        logs: &[Log],
        mut cloud: Cloud,
        data: &Path,
        random: &mut Rng,
    ) -> Cloud {
        let aim = Aim {
            process: cloud.process(),
            phase,
            skip: random.usize(..logs.len()),
            pause: Duration::from_micros(random.u64(..20_000)),
        };
        *self.killer.aim.lock().unwrap() = Some(aim);
        thread::scope(|scope| {
            let port = self.ports.s3;
            let putting = scope.spawn(move || put(logs, port));
            cloud.gone(phase.name());
            assert!(self.killer.aim.lock().unwrap().is_none(), "it ended:\n{}", cloud.said());
            // Whoever puts goes on as soon as there is a bucket again.
            let cloud = self.start(data);
            putting.join().expect("the logs can be put");
            cloud
        })
    }
}

/// What a phase cost.
#[derive(Default)]
struct Cost {
    kills: usize,
    lost: usize,
    doubled: usize,
}

type Documents = BTreeMap<(String, String), Value>;

fn of_phase(documents: &Documents, number: usize) -> Documents {
    let is_of = |document: &Value| {
        let key = document["deployment_key"].as_str().unwrap_or_default();
        key.starts_with(&format!("phase-{number}-"))
    };
    let some = documents.iter().filter(|(_, document)| is_of(document));
    some.map(|(place, document)| (place.clone(), document.clone())).collect()
}

#[test]
fn kills_in_every_phase_lose_no_log_and_double_none() {
    let seed = given("LOGMILL_KILLS_SEED", u64::from(std::process::id()));
    let times = usize::try_from(given("LOGMILL_KILLS_PER_PHASE", 1)).unwrap();
    // Not by `println`, which is shown only when the test fails.
    let mut terminal = std::io::stderr();
    let _ = writeln!(terminal, "LOGMILL_KILLS_SEED={seed}: {times} kills in each phase");
    let mut random = Rng::with_seed(seed);
    let folder = folder();
    let data = folder.path().join("data");
    let stand = Stand::new();
    let (mut cloud, mut all) = (stand.start(&data), Vec::new());
    for (number, phase) in Phase::ALL.into_iter().enumerate() {
        for time in 0..times {
            let logs: Vec<Log> = (0..LOGS)
                .map(|at| Log {
                    key: format!("phase-{number}-{time}-{at}"),
                    versions: vec![log(at, &mut random)],
                })
                .collect();
            cloud = stand.kill_in(phase, &logs, cloud, &data, &mut random);
            all.extend(logs);
        }
    }
    completed(&mut cloud, &all);
    let found = documents(&cloud, &all);
    assert_eq!(cloud.run(&["dlq", "list"]).went_well().stdout, "No dead letters.\n");
    let listed = Bucket::at(stand.ports.s3).list();
    assert_eq!(listed.len(), all.len());
    assert!(cloud.stop().success());
    let wanted = undisturbed(&data.join("s3"), &folder.path().join("again"), &listed, &all);

    let _ = writeln!(terminal, "{:<48} {:>5} {:>5} {:>7}", "phase", "kills", "lost", "doubled");
    let mut clean = true;
    for (number, phase) in Phase::ALL.into_iter().enumerate() {
        let (found, wanted) = (of_phase(&found, number), of_phase(&wanted, number));
        assert!(wanted.len() > LOGS * times, "{phase:?} has documents");
        let cost = Cost {
            kills: times,
            lost: wanted.iter().filter(|(place, it)| found.get(*place) != Some(*it)).count(),
            doubled: found.keys().filter(|place| !wanted.contains_key(*place)).count(),
        };
        let Cost { kills, lost, doubled } = cost;
        clean &= lost + doubled == 0;
        let _ = writeln!(terminal, "{:<48} {kills:>5} {lost:>5} {doubled:>7}", phase.name());
    }
    assert!(clean, "see the table, with seed {seed}");
}
