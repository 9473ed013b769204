//! `logmill`: reads the logs of builds and says why they failed.

#![recursion_limit = "256"]

mod cli;
mod client;
mod cloud;
mod cost;
mod dispatch;
mod endpoints;
mod human;
mod ingest;
mod input;
mod mask;
mod notices;
mod parse;
mod progress;
mod stdout;
mod timings;
mod up;
mod variables;

use std::process::ExitCode;

use clap::Parser;

use cli::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.color.to_stream().write_global();
    let mut notices = notices::Notices::default();
    match run(arguments.command, &mut notices) {
        Ok(()) if notices.left_out() => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        // Who reads on has seen enough: `logmill parse x | head`.
        Err(error) if stdout::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            notices.error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, notices: &mut notices::Notices) -> anyhow::Result<()> {
    match command {
        Command::Parse(arguments) => parse::run(&arguments, notices),
        Command::Mask(arguments) => mask::run(&arguments, notices),
        Command::Completions { shell } => cli::completions(shell),
        Command::Cost { files } => cost::run(&files),
        Command::Up(arguments) => up::up(&arguments, notices),
        other => client::run(other),
    }
}
