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
use crate::stdout::{Bulk, CANNOT_WRITE};

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
    People(Box<People>),
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
            To::People(Box::new(People {
                width: human::terminal_width(),
                title: String::new(),
                report: Report::default(),
                tally: Tally::default(),
            }))
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
            To::Pipe { writer, .. } => writer.finish().map(drop).context(CANNOT_WRITE),
            To::Folder(folder) => {
                if stderr().is_terminal() {
                    let (files, path) = (folder.written.len(), folder.path.display());
                    let s = if files == 1 { "" } else { "s" };
                    notices.tell(&format!("{files} file{s} written to {path}"));
                }
                Ok(())
            }
        }
    }
}

impl Sink for Output {
    fn event(&mut self, event: Event<'_>) {
        match &mut self.to {
            To::People(people) => people.report.event(event),
            To::Pipe { writer, .. } => writer.event(event),
            To::Folder(folder) => {
                if let Some(writer) = &mut folder.writer {
                    writer.event(event);
                }
            }
        }
    }
}

impl People {
    fn print(&mut self) -> Result<()> {
        let mut text = Vec::new();
        if !self.tally.is_empty() {
            text.push(b'\n');
        }
        let report = std::mem::take(&mut self.report);
        self.tally.count(&report);
        human::print(&self.title, &report, self.width, &mut text)?;
        write_styled(&text)
    }

    fn sum_up(&self) -> Result<()> {
        let mut text = Vec::new();
        self.tally.print(&mut text)?;
        write_styled(&text)
    }
}

/// Writes text with terminal codes, without them where they are not wanted.
fn write_styled(text: &[u8]) -> Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text).and_then(|()| out.flush()).context(CANNOT_WRITE)
}

impl Folder {
    fn claim(&mut self, input: &Input) -> Result<(), String> {
        let name = file_name(&input.base_name());
        self.file = self.path.join(&name);
        match self.written.insert(name.clone(), input.spoken()) {
            None => Ok(()),
            Some(other) => {
                let file = self.file.display();
                let why = format!(
                    "its output would overwrite that of {other}, {file}; parse it into another folder"
                );
                self.written.insert(name, other);
                Err(why)
            }
        }
    }

    fn writer(&mut self) -> Result<&mut ndjson::Writer<BufWriter<File>>> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let file = File::create(&self.file).with_context(|| self.cannot_write())?;
                ndjson::Writer::new(BufWriter::with_capacity(64 * 1024, file))
            }
        };
        Ok(self.writer.insert(writer))
    }

    fn end(&mut self) -> Result<()> {
        match self.writer.take() {
            Some(writer) => writer.finish().map(drop).with_context(|| self.cannot_write()),
            None => Ok(()),
        }
    }

    fn cannot_write(&self) -> String {
        format!("{}: it cannot be written", self.file.display())
    }
}

/// The name of the file for an input: without `.gz` or `.zst`, one that every system takes, with
/// `.jsonl` behind.
fn file_name(base: &str) -> String {
    let stem = base.strip_suffix(".gz").or_else(|| base.strip_suffix(".zst")).unwrap_or(base);
    let safe: String = stem
        .chars()
        .map(|c| if c.is_control() || "/\\:*?\"<>|\u{fffd}".contains(c) { '_' } else { c })
        .collect();
    let kept = safe.floor_char_boundary(MAX_NAME - SUFFIX.len());
    format!("{}{SUFFIX}", &safe[..kept])
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn outputs_have_names_that_every_system_takes() {
        assert_eq!(file_name("build.log.gz"), "build.log.jsonl");
        assert_eq!(file_name("build.log.zst"), "build.log.jsonl");
        assert_eq!(file_name("run.zip"), "run.zip.jsonl");
        assert_eq!(file_name("Run a (3.11)"), "Run a (3.11).jsonl");
        assert_eq!(file_name("a\u{1b}[2J:b\nc"), "a_[2J_b_c.jsonl");
        assert_eq!(file_name(&"ä".repeat(200)).len(), 254);
    }
}
