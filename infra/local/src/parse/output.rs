//! Where the events of a log go: to people, to a pipe, or to a file for each input.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, IsTerminal, Write, stderr};
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::{Context, Result};
use logmill_parser::{Event, Sink, ndjson};

use crate::cli::ParseArguments;
use crate::human::{self, Report, Tally};
use crate::input::Input;
use crate::notices::Notices;
use crate::stdout::{self, Bulk, CANNOT_WRITE};

/// The longest name of a file, in bytes, on the usual file systems.
const MAX_NAME: usize = 255;
const SUFFIX: &str = ".jsonl";

/// Takes the events of one log after another.
pub(crate) struct Output {
    to: To,
    /// The input at hand, for documents.
    name: String,
    /// Whether there are several inputs, so that each must be named.
    several: bool,
}

enum To {
    People(People),
    Pipe { writer: ndjson::Writer<BufWriter<Bulk>>, broken: Rc<Cell<bool>> },
    Folder(Folder),
}

struct People {
    width: usize,
    title: String,
    report: Report,
    tally: Tally,
}

struct Folder {
    path: PathBuf,
    /// The files that this run has written, and of which input.
    written: HashMap<String, String>,
    /// The file of the input at hand, made when its first log comes.
    file: PathBuf,
    writer: Option<ndjson::Writer<BufWriter<File>>>,
}

impl Output {
    /// Makes ready what the command line asks for.
    pub(crate) fn open(arguments: &ParseArguments, inputs: usize) -> Result<Self> {
        let to = if let Some(path) = arguments.out.clone() {
            fs::create_dir_all(&path)
                .with_context(|| format!("{}: this folder cannot be made", path.display()))?;
            let (written, file) = (HashMap::new(), PathBuf::new());
            To::Folder(Folder { path, written, file, writer: None })
        } else if arguments.for_people() {
            To::People(People {
                width: human::terminal_width(),
                title: String::new(),
                report: Report::default(),
                tally: Tally::default(),
            })
        } else {
            let (out, broken) = Bulk::open();
            To::Pipe { writer: ndjson::Writer::new(out), broken }
        };
        Ok(Self { to, name: String::new(), several: inputs > 1 })
    }

    /// Makes ready for `input`; the error is a sentence that says what to do.
    pub(crate) fn claim(&mut self, input: &Input) -> Result<(), String> {
        self.name = input.name();
        match &mut self.to {
            To::People(_) => {}
            To::Pipe { writer, .. } => writer.set_file(self.several.then(|| self.name.clone())),
            To::Folder(folder) => folder.claim(input)?,
        }
        Ok(())
    }

    /// Begins the next log of the input; a log of an archive has a part.
    pub(crate) fn begin_log(&mut self, part: Option<String>) -> Result<()> {
        match &mut self.to {
            To::People(people) => {
                people.title = match part {
                    Some(part) => format!("{} › {part}", self.name),
                    None if self.name == "-" => "standard input".to_owned(),
                    None => self.name.clone(),
                };
                people.report = Report::default();
            }
            To::Pipe { writer, .. } => writer.set_part(part),
            To::Folder(folder) => folder.writer()?.set_part(part),
        }
        Ok(())
    }

    /// Whether nobody can see what is written any more.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(&self.to, To::Pipe { broken, .. } if broken.get())
    }

    /// Ends the log at hand.
    pub(crate) fn end_log(&mut self) -> Result<()> {
        match &mut self.to {
            To::People(people) => people.print(),
            To::Pipe { writer, .. } if self.broken() => {
                let out = Bulk::open().0;
                std::mem::replace(writer, ndjson::Writer::new(out)).finish().context(CANNOT_WRITE)?;
                Ok(())
            }
            To::Pipe { .. } | To::Folder(_) => Ok(()),
        }
    }

    /// Ends the input at hand.
    pub(crate) fn end_input(&mut self) -> Result<()> {
        match &mut self.to {
            To::Folder(folder) => folder.end(),
            To::People(_) | To::Pipe { .. } => Ok(()),
        }
    }

    /// Ends the output.
    pub(crate) fn finish(self, notices: &Notices) -> Result<()> {
        match self.to {
            To::People(people) if self.several => people.sum_up(),
            To::People(_) => Ok(()),
            To::Pipe { writer, .. } => {
                writer.finish()?.flush().context(CANNOT_WRITE)
            }
            To::Folder(folder) => {
                if stderr().is_terminal() {
                    notices.tell(&folder.summary());
                }
                Ok(())
            }
        }
    }
}
