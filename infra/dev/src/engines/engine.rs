//! What an engine is to the commands, and which there are.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::cache::{self, Cache};
use super::process::{LOOK, Launch, Process};
use super::{cloud, dynamodb, kafka, net, opensearch, packages, postgres};

/// How long an engine may take until it is ready, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(240);

/// The engines: a new one is one file and one line.
pub(crate) const ENGINES: [&dyn Engine; 7] = [
    &opensearch::OpenSearch { secure: false },
    &opensearch::OpenSearch { secure: true },
    &postgres::Postgres { secure: false },
    &postgres::Postgres { secure: true },
    &dynamodb::DynamoDb,
    &cloud::Cloud,
    &kafka::Kafka,
];

/// Where an engine runs.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Place {
    /// Its port on loopback.
    pub(crate) port: u16,
    /// Its data; empty when it starts.
    pub(crate) folder: PathBuf,
}

/// A server that others made and that tests run against.
pub(crate) trait Engine: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;
    /// The version that is installed, and no other.
    fn version(&self) -> &'static str;
    /// Where it is installed.
    fn folder(&self, cache: &Cache) -> PathBuf;
    /// Installs it from a package registry.
    fn install(&self, cache: &Cache) -> Result<()>;
    /// Prepares an empty place, and says how it is started there.
    fn launch(&self, cache: &Cache, place: &Place) -> Result<Launch>;
    /// Asks it whether it is ready.
    fn is_ready(&self, place: &Place) -> bool;
    /// What tests are told of it; the first one names it.
    fn variables(&self, place: &Place) -> Vec<(&'static str, String)>;

    /// Removes what one that was killed leaves and another one stumbles over.
    fn clear_up(&self, _place: &Place) -> Result<()> {
        Ok(())
    }

    /// Whether it is started only when it is named, or a test names it.
    fn is_on_request(&self) -> bool {
        false
    }

    /// The signal that it ends orderly by.
    fn stop_signal(&self) -> Signal {
        Signal::TERM
    }

    /// The variable that tests find it by.
    fn variable(&self) -> &'static str {
        let nowhere = Place { port: 0, folder: PathBuf::new() };
        self.variables(&nowhere).first().map_or("", |(name, _)| name)
    }
}

/// An engine that was started, as its file keeps it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Started {
    pub(crate) process: Process,
    pub(crate) place: Place,
    /// How long it took until it was ready; none until then.
    pub(crate) ready_after: Option<Duration>,
    pub(crate) variables: BTreeMap<String, String>,
    /// How it was started, so that a test may start it again.
    pub(crate) launch: Launch,
}

/// The engine with a name.
pub(crate) fn named(name: &str) -> Result<&'static dyn Engine> {
    ENGINES.into_iter().find(|engine| engine.name() == name).with_context(|| {
        let names: Vec<&str> = ENGINES.iter().map(|engine| engine.name()).collect();
        format!("there is no engine `{name}`: one of {}", names.join(", "))
    })
}

/// What is known of an engine that was started, whether or not it still runs.
pub(crate) fn started(cache: &Cache, engine: &dyn Engine) -> Option<Started> {
    let state = fs::read(cache.state(engine.name())).ok()?;
    serde_json::from_slice(&state).ok()
}

/// An engine that runs.
pub(crate) fn running(cache: &Cache, engine: &dyn Engine) -> Option<Started> {
    started(cache, engine).filter(|started| started.process.is_alive())
}

/// An engine on its way up, or up already.
pub(crate) struct Starting {
    engine: &'static dyn Engine,
    /// None if another command started it.
    child: Option<Child>,
    since: Instant,
    started: Started,
}

impl Starting {
    /// Takes up an engine that runs, else starts it in an empty place.
    pub(crate) fn begin(cache: &Cache, engine: &'static dyn Engine) -> Result<Self> {
        if let Some(started) = running(cache, engine) {
            return Ok(Self { engine, child: None, since: Instant::now(), started });
        }
        let place = Place { port: net::free_port()?, folder: cache.data(engine.name()) };
        cache::clear(&place.folder)?;
        let launch = engine.launch(cache, &place)?;
        Self::launch(cache, engine, place, launch)
    }

    /// Starts an engine that was killed where it was, with its data.
    pub(crate) fn again(cache: &Cache, engine: &'static dyn Engine) -> Result<Self> {
        let name = engine.name();
        let Some(Started { process, place, launch, .. }) = started(cache, engine) else {
            bail!("{name} was not started: `cargo engines up {name}` does that");
        };
        if process.is_alive() {
            bail!("{name} runs: `cargo engines signal kill {name}` ends it amid its work");
        }
        engine.clear_up(&place)?;
        Self::launch(cache, engine, place, launch)
    }

    fn launch(
        cache: &Cache,
        engine: &'static dyn Engine,
        place: Place,
        launch: Launch,
    ) -> Result<Self> {
        let since = Instant::now();
        let mut child = launch.start(&cache.log(engine.name()))?;
        let Some(process) = Process::of(child.id()) else {
            let status = child.wait()?;
            bail!("{} ended at once ({status}):\n{}", engine.name(), said(cache, engine));
        };
        let variables = engine.variables(&place).into_iter();
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).collect();
        let started = Started { process, place, ready_after: None, variables, launch };
        let starting = Self { engine, child: Some(child), since, started };
        starting.save(cache)?;
        Ok(starting)
    }

    /// Whether it answers; an error if it has ended or takes too long.
    fn is_ready(&mut self, cache: &Cache) -> Result<bool> {
        let name = self.engine.name();
        if self.engine.is_ready(&self.started.place) {
            if self.started.ready_after.is_none() {
                self.started.ready_after = Some(self.since.elapsed());
                self.save(cache)?;
            }
            return Ok(true);
        }
        if let Some(status) = self.child.as_mut().map(Child::try_wait).transpose()?.flatten() {
            bail!("{name} ended ({status}):\n{}", said(cache, self.engine));
        }
        if !self.started.process.is_alive() {
            bail!("{name} has ended:\n{}", said(cache, self.engine));
        }
        if self.since.elapsed() > PATIENCE {
            let said = said(cache, self.engine);
            stop(cache, self.engine, &self.started)?;
            bail!("{name} is not ready after {} s:\n{said}", PATIENCE.as_secs());
        }
        Ok(false)
    }

    fn save(&self, cache: &Cache) -> Result<()> {
        let file = cache.state(self.engine.name());
        fs::write(&file, serde_json::to_vec_pretty(&self.started)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }
}

/// Waits until all are ready.
pub(crate) fn wait(cache: &Cache, mut starting: Vec<Starting>) -> Result<()> {
    loop {
        let mut waiting = Vec::new();
        for mut engine in starting {
            if !engine.is_ready(cache)? {
                waiting.push(engine);
            }
        }
        if waiting.is_empty() {
            return Ok(());
        }
        starting = waiting;
        thread::sleep(LOOK);
    }
}

/// Ends an engine and removes what it kept.
pub(crate) fn stop(cache: &Cache, engine: &dyn Engine, started: &Started) -> Result<()> {
    started.process.stop(engine.stop_signal()).with_context(|| engine.name().to_owned())?;
    cache::remove(&started.place.folder)?;
    if let Some(all) = started.place.folder.parent() {
        // The last one that goes takes their common folder with it.
        let _ = fs::remove_dir(all);
    }
    fs::remove_file(cache.state(engine.name()))?;
    Ok(())
}

fn said(cache: &Cache, engine: &dyn Engine) -> String {
    let log = cache.log(engine.name());
    let said = fs::read(&log).unwrap_or_default();
    format!("{}\n({})", packages::last_lines(&String::from_utf8_lossy(&said), 20), log.display())
}
