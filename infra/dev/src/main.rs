//! The developers' commands: `cargo predict`, `cargo truth`, `cargo soak`, `cargo engines`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks there")]

mod cases;
mod engines;
mod inputs;
mod predict;
mod sabotage;
mod soak;
mod truth;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The developers' commands.
#[derive(Parser)]
#[command(name = "logmill-dev", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the parser over the logs of a corpus
    ///
    /// Reads every file below ROOT/SET/logs and ROOT/SET/files, for every SET, and writes what the
    /// parser finds to OUT/SET/FILE.jsonl, FILE without .gz, one JSON object a line.
    Predict {
        /// A folder of sets
        root: PathBuf,
        /// Where the output goes
        out: PathBuf,
    },
    /// Score the parser, and compare with the best figures it ever had
    ///
    /// Reads the corpus that the environment variable LOGMILL_CORPUS names and the logs in
    /// tests/explain, and compares with every committed version of tests/truth.toml. Exits with 1
    /// when a figure is lower than its best without a reason in that file; with the environment
    /// variable CI set, when one is higher than the file says, too.
    Truth {
        /// Write the figures to tests/truth.toml
        #[arg(long)]
        write: bool,
        /// Score a copy of the corpus instead, with other names, dates, colours and line ends
        ///
        /// Each score must stay within 0.02, or one log, of that of the unchanged corpus.
        #[arg(long, conflicts_with = "write")]
        mutated: bool,
        /// What chooses the changes; the clock does, if it is not given
        #[arg(long, requires = "mutated")]
        seed: Option<u64>,
    },
    /// Run what takes too long for every change
    Soak {
        /// What to run: a name of the list that `cargo soak` prints, or `all`
        name: Option<String>,
    },
    /// Install, start and stop the engines that users have, and run the tests that need them
    Engines {
        #[command(subcommand)]
        command: engines::Command,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Predict { root, out } => predict::run(&root, &out),
        Command::Truth { mutated: true, seed, .. } => truth::run_mutated(seed),
        Command::Truth { write, .. } => truth::run(write),
        Command::Soak { name } => soak::run(name.as_deref()),
        Command::Engines { command } => engines::run(command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
