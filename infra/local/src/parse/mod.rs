//! `logmill parse`: logs in, a report or JSON lines out.

mod output;

use anyhow::Result;
use logmill_parser::{Assumed, Options, Parser};
use logmill_unpack::{End, Entry, Log};

use crate::cli::ParseArguments;
use crate::input::{self, Input};
use crate::notices::Notices;
use output::Output;

/// Parses one input after another. What cannot be used is told, and the others are parsed all the
/// same; an error means that the output cannot be written.
pub(crate) fn run(arguments: &ParseArguments, notices: &mut Notices) -> Result<()> {
    let inputs = arguments.inputs();
    let mut output = Output::open(arguments, inputs.len())?;
    for input in &inputs {
        let assumed = Assumed::until(input.written_at());
        let options = Options { masking: arguments.masking(), assumed };
        one(input, options, &mut output, notices)?;
        notices.progress.end();
        if output.is_broken() {
            break;
        }
    }
    output.finish(notices)
}

fn one(input: &Input, options: Options, output: &mut Output, notices: &mut Notices) -> Result<()> {
    let name = input.spoken();
    let mut object = match input.open(&mut notices.progress) {
        Ok(object) => object,
        Err(why) => {
            notices.error(&format!("{name}: {why}"));
            return Ok(());
        }
    };
    if let Err(why) = output.claim(input) {
        notices.error(&format!("{name}: {why}"));
        return Ok(());
    }
    let is_archive = object.is_archive();
    let mut logs = 0;
    while !output.is_broken() {
        match object.next_entry() {
            Ok(Some(Entry::Log(mut log))) => {
                if accept(&mut log, &name, notices) {
                    logs += 1;
                    parse(&mut log, is_archive, options, output, (&name, &mut *notices))?;
                }
            }
            Ok(Some(Entry::Aside(aside))) => notices.warning(&format!("{name}: {aside}")),
            Ok(None) => break,
            Err(error) => {
                notices.error(&format!("{name}: {}", input::unreadable(&error)));
                break;
            }
        }
    }
    if is_archive && logs == 0 {
        notices.error(&format!("{name}: the zip archive holds no log that can be read"));
    }
    output.end_input()
}

/// Whether it is a log; if it is not, that is told.
fn accept(log: &mut Log<'_>, name: &str, notices: &mut Notices) -> bool {
    // An error comes again with the first piece.
    let binary = log.binary().unwrap_or_default();
    match (binary, log.name()) {
        (None, _) => {
            if let Some(remark) = log.remark() {
                notices.remark(&format!("{name}: {remark}"));
            }
            return true;
        }
        (Some(what), None) => notices.error(&format!("{name} is {what}, not a log")),
        (Some(what), Some(member)) => {
            notices.warning(&format!("{name}: its member {member} is {what}, not a log"));
        }
    }
    false
}

fn parse(
    log: &mut Log<'_>,
    is_archive: bool,
    options: Options,
    output: &mut Output,
    (name, notices): (&str, &mut Notices),
) -> Result<()> {
    let part = is_archive.then(|| log.part().to_owned());
    let spoken = log.name().map_or_else(|| name.to_owned(), |member| format!("{name}, {member}"));
    output.begin_log(part)?;
    let mut parser = Parser::new(options);
    let mut cut = None;
    loop {
        match log.next_piece() {
            Ok(Some(piece)) => parser.push(piece, output),
            Ok(None) => break,
            Err(error) => {
                cut = Some(error.to_string());
                notices.error(&format!("{spoken}: {}", input::unreadable(&error)));
                break;
            }
        }
        if output.is_broken() {
            return Ok(());
        }
    }
    if let Some(End::Cut(end)) = log.end() {
        cut = Some(end.to_string());
        notices.warning(&format!("{spoken}: {}", input::cut(end)));
    }
    parser.finish(cut, output);
    notices.progress.end();
    output.end_log()
}
