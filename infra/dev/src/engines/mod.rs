//! `cargo engines`: the engines that users have, on this machine, for the tests.
//!
//! They come from the package registries by the ordinary clients, run on loopback without a
//! container, with little memory and data that nobody keeps, and are known by a file each.

mod cache;
mod cloud;
mod dynamodb;
mod engine;
mod java;
mod kafka;
mod net;
mod opensearch;
mod packages;
mod postgres;
mod process;
mod security;
mod suites;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};
use rustix::process::Signal;

use cache::Cache;
use engine::{ENGINES, Engine, Started, Starting, named, running, started};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Install and start engines, and wait until they are ready
    ///
    /// Those that run stay as they are. Without names: all but those named `…-secure`.
    Up {
        /// Which; `status` lists them
        names: Vec<String>,
    },
    /// Stop engines and remove their data; what is installed stays
    Down {
        /// Which; all without names
        names: Vec<String>,
    },
    /// Send a signal to engines amid their work; their data stay
    Signal {
        /// What happens to them
        signal: Blow,
        /// Which
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Start engines that were killed where they were, with their data, and wait until they are ready
    Restart {
        /// Which
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// List the engines, and the variables by which tests find those that run
    Status,
    /// Print those variables for a shell: eval "$(cargo engines env)"
    Env,
    /// Run the tests that need engines
    ///
    /// Builds every test target `engines` of the workspace, starts the engines that they name and
    /// that do not run yet, runs them, and lists the suites.
    Test {
        /// For the tests: a part of the names of those to run, or an option such as --nocapture
        #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
        arguments: Vec<String>,
    },
}

/// What happens to an engine amid its work.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Blow {
    /// A power cut: it and all that it has started end at once
    Kill,
    /// It stands still
    Stop,
    /// It goes on
    Continue,
}

/// `cargo engines …`.
pub(crate) fn run(command: Command) -> Result<()> {
    let cache = Cache::open()?;
    match command {
        Command::Up { names } => {
            let plain = || ENGINES.into_iter().filter(|engine| !engine.is_on_request()).collect();
            up(&cache, &chosen(&names, plain)?)?;
            print_table(&cache);
            Ok(())
        }
        Command::Down { names } => down(&cache, &chosen(&names, || ENGINES.to_vec())?),
        Command::Signal { signal, names } => {
            chosen(&names, Vec::new)?.into_iter().try_for_each(|it| strike(&cache, it, signal))
        }
        Command::Restart { names } => restart(&cache, &chosen(&names, Vec::new)?),
        Command::Status => {
            print_table(&cache);
            for (name, value) in variables(&cache) {
                println!("{name}={value}");
            }
            Ok(())
        }
        Command::Env => {
            for (name, value) in variables(&cache) {
                println!("export {name}='{value}'");
            }
            Ok(())
        }
        Command::Test { arguments } => suites::test(&cache, &arguments),
    }
}

type Engines = Vec<&'static dyn Engine>;

fn chosen(names: &[String], all: impl FnOnce() -> Engines) -> Result<Engines> {
    if names.is_empty() { Ok(all()) } else { names.iter().map(|name| named(name)).collect() }
}

/// Installs and starts those that do not run, and waits until all answer.
fn up(cache: &Cache, engines: &[&'static dyn Engine]) -> Result<()> {
    let _lock = cache.lock()?;
    for engine in engines {
        if running(cache, *engine).is_none() && !Cache::is_complete(&engine.folder(cache)) {
            eprintln!("installing {} {}", engine.name(), engine.version());
            let since = Instant::now();
            engine.install(cache)?;
            eprintln!("installed {} in {:.1} s", engine.name(), since.elapsed().as_secs_f64());
        }
    }
    // All at once: the slowest takes longer than the others together.
    let starting: Result<Vec<Starting>> =
        engines.iter().map(|engine| Starting::begin(cache, *engine)).collect();
    engine::wait(cache, starting?)
}

fn down(cache: &Cache, engines: &[&'static dyn Engine]) -> Result<()> {
    let _lock = cache.lock()?;
    for engine in engines {
        if let Some(started) = started(cache, *engine) {
            engine::stop(cache, *engine, &started)?;
            println!("{:<18} stopped", engine.name());
        }
    }
    Ok(())
}

fn strike(cache: &Cache, engine: &dyn Engine, blow: Blow) -> Result<()> {
    let Some(Started { process, .. }) = running(cache, engine) else {
        bail!("{} does not run: `cargo engines status` lists those that do", engine.name());
    };
    match blow {
        Blow::Kill => process.cut_off(),
        Blow::Stop => process.send(Signal::STOP),
        Blow::Continue => process.send(Signal::CONT),
    }
}

fn restart(cache: &Cache, engines: &[&'static dyn Engine]) -> Result<()> {
    let _lock = cache.lock()?;
    let starting: Result<Vec<Starting>> =
        engines.iter().map(|engine| Starting::again(cache, *engine)).collect();
    engine::wait(cache, starting?)
}

/// What tests are told of the engines that run.
fn variables(cache: &Cache) -> BTreeMap<String, String> {
    let running = ENGINES.into_iter().filter_map(|engine| running(cache, engine));
    running.flat_map(|started| started.variables).collect()
}

fn print_table(cache: &Cache) {
    println!(
        "{:<18} {:<17} {:<16} {:>8} {:>12} {:>8}",
        "engine", "version", "address", "process", "ready after", "memory"
    );
    for engine in ENGINES {
        let (name, version) = (engine.name(), engine.version());
        let Some(started) = started(cache, engine) else {
            let installed = Cache::is_complete(&engine.folder(cache));
            let state = if installed { "not started" } else { "not installed" };
            println!("{name:<18} {version:<17} {state}");
            continue;
        };
        let address = format!("127.0.0.1:{}", started.place.port);
        let process = &started.process;
        if !process.is_alive() {
            println!(
                "{name:<18} {version:<17} {address:<16} {:>8} has ended by itself",
                process.pid
            );
            continue;
        }
        let seconds = started
            .ready_after
            .map_or_else(|| "not yet".to_owned(), |after| format!("{:.1} s", after.as_secs_f64()));
        let memory = process.memory().map_or_else(|| "?".to_owned(), |mb| format!("{mb} MB"));
        println!(
            "{name:<18} {version:<17} {address:<16} {:>8} {seconds:>12} {memory:>8}",
            process.pid
        );
    }
}
