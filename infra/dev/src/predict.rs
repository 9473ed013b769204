//! The parser's output for every log of a corpus.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use logmill_parser::{Options, Parser, ndjson};
use logmill_unpack::{Entry, Limits, Object};

use crate::cases;
use crate::inputs::{self, Input};

/// `cargo predict ROOT OUT`.
pub(crate) fn run(root: &Path, out: &Path) -> Result<()> {
    let inputs = inputs::of_root(root)?;
    let (bad_cases, has_cases) = cases::predict(root, out)?;
    if inputs.is_empty() && !has_cases {
        bail!("{}: no file below <set>/logs or <set>/files", root.display());
    }
    refuse(bad_cases + predict(&inputs, out)?)
}

/// Fails if there were inputs that could not be used.
pub(crate) fn refuse(bad: usize) -> Result<()> {
    match bad {
        0 => Ok(()),
        count => bail!("{count} inputs could not be used; they are named above"),
    }
}

/// Writes the parser's output for `inputs` to `out/<set>/<base>.jsonl`, tells what could not be
/// used, and how long it took. An input that cannot be used does not stop the others; their number
/// is returned, so that the command fails at its end ([`refuse`]).
pub(crate) fn predict(inputs: &[Input], out: &Path) -> Result<usize> {
    let start = Instant::now();
    for input in inputs {
        let folder = out.join(&input.set);
        fs::create_dir_all(&folder)
            .with_context(|| format!("{}: cannot make this folder", folder.display()))?;
    }
    let mut bad = inputs::clashes(inputs);
    let mut bytes = 0;
    for (input, result) in inputs.iter().zip(inputs::in_parallel(inputs, |input| one(input, out))) {
        match result {
            Ok(done) => {
                bytes += done.bytes;
                for note in done.notes {
                    println!("{}: {note}", input.path.display());
                }
            }
            Err(error) => bad.push(format!("{}: {error:#}", input.path.display())),
        }
    }
    println!(
        "{} files, {:.1} MB, {:.1} s → {}",
        inputs.len(),
        megabytes(bytes),
        start.elapsed().as_secs_f64(),
        out.display()
    );
    for line in &bad {
        eprintln!("{line}");
    }
    Ok(bad.len())
}

#[allow(clippy::cast_precision_loss, reason = "for display")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// What came of one input.
#[derive(Default)]
struct Done {
    bytes: u64,
    notes: Vec<String>,
}

/// Parses one file; a panic of the parser becomes an error that is told with the file's name.
fn one(input: &Input, out: &Path) -> Result<Done> {
    let target = out.join(&input.set).join(format!("{}.jsonl", input.base));
    catch_unwind(AssertUnwindSafe(|| parse(&input.path, &target)))
        .unwrap_or_else(|_| Err(anyhow!("the parser panicked")))
}

fn parse(source: &Path, target: &Path) -> Result<Done> {
    let mut done = Done::default();
    let mut object = Object::open(File::open(source)?, Limits::default())?;
    let is_archive = object.is_archive();
    let output =
        File::create(target).with_context(|| format!("cannot write {}", target.display()))?;
    let mut sink = ndjson::Writer::new(BufWriter::new(output));
    while let Some(entry) = object.next_entry()? {
        let mut log = match entry {
            Entry::Log(log) => log,
            Entry::Aside(aside) => {
                done.notes.push(aside.to_string());
                continue;
            }
        };
        done.notes.extend(log.remark().map(str::to_owned));
        if let Some(what) = log.binary()? {
            done.notes.push(format!("{} is {what}, no log", log.name().unwrap_or("it")));
            continue;
        }
        sink.set_part(is_archive.then(|| log.part().to_owned()));
        let mut parser = Parser::new(Options::default());
        let end = log.read_to_end(|piece| {
            done.bytes += piece.len() as u64;
            parser.push(piece, &mut sink);
        })?;
        parser.finish(end.reason(), &mut sink);
    }
    sink.finish()?.flush().with_context(|| format!("cannot write {}", target.display()))?;
    Ok(done)
}
