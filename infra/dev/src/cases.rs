//! Lines whose fields are known, beside the pattern or the function that names them: each goes through
//! a document of patterns as users write it.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::panic::catch_unwind;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use jiff::Timestamp;
use logmill_grok::{Patterns, Scratch};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The sets, folders of the corpus; their output is one file each.
const PATTERNS: &str = "logstash_grok";
const FUNCTIONS: &str = "vrl_parse";

/// What one line of the truth says that is not the truth.
#[derive(Deserialize)]
struct Case {
    id: Value,
    #[serde(flatten)]
    work: Work,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Work {
    Pattern { pattern: String, mode: String, exact: bool, message: Value },
    Function { function: String, input: Value, args: Map<String, Value> },
}

/// Writes `out/<set>.jsonl` for each of the sets that `root` has; returns how many cases could
/// not be used, and whether there were such sets.
pub(crate) fn predict(root: &Path, out: &Path) -> Result<(usize, bool)> {
    let (mut bad, mut found) = (0, false);
    for set in [PATTERNS, FUNCTIONS] {
        let truth = root.join(set).join("truth.jsonl");
        if !truth.is_file() {
            continue;
        }
        found = true;
        let text = fs::read_to_string(&truth).with_context(|| truth.display().to_string())?;
        fs::create_dir_all(out).with_context(|| out.display().to_string())?;
        let target = out.join(format!("{set}.jsonl"));
        let file = File::create(&target).with_context(|| target.display().to_string())?;
        let mut writer = BufWriter::new(file);
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match one(line) {
                Ok(row) => writeln!(writer, "{row}")?,
                Err(error) => {
                    eprintln!("{}, line {}: {error:#}", truth.display(), at + 1);
                    bad += 1;
                }
            }
        }
        writer.flush().with_context(|| target.display().to_string())?;
    }
    Ok((bad, found))
}

fn one(line: &str) -> Result<Value> {
    let case: Case = serde_json::from_str(line).context("no case")?;
    let fields = catch_unwind(|| fields(&case.work)).map_err(|_| anyhow!("it panicked"))??;
    Ok(json!({"id": case.id, "fields": fields}))
}

fn fields(work: &Work) -> Result<Option<Value>> {
    let (document, input) = match work {
        Work::Pattern { pattern, mode, exact, message } => {
            (by_pattern(pattern, mode, *exact), message)
        }
        Work::Function { function, input, args } => (by_function(function, args)?, input),
    };
    let (Ok(patterns), Value::String(text)) = (Patterns::compile(&document), input) else {
        return Ok(None);
    };
    let mut scratch = Scratch::default();
    if matches!(work, Work::Function { .. }) {
        let found = patterns.find_in(text, Timestamp::now(), &mut scratch);
        return Ok(found.hit.map(|hit| hit.value));
    }
    let mut event = Map::from_iter([("message".to_owned(), input.clone())]);
    let found = patterns.enrich(&mut event, Timestamp::now(), &mut scratch);
    Ok(found.hit.is_some().then_some(Value::Object(event)))
}

fn by_pattern(pattern: &str, mode: &str, exact: bool) -> String {
    let names = if mode.starts_with("ecs") { "ecs" } else { "legacy" };
    let whole = if exact { format!("^%{{{pattern}}}$") } else { format!("%{{{pattern}}}") };
    format!("names = \"{names}\"\n[[entry]]\nmatch = {}\n", json!(whole))
}

fn by_function(function: &str, args: &Map<String, Value>) -> Result<String> {
    let mut entry = toml::Table::new();
    entry.insert("parse".to_owned(), function.into());
    let mut args = args.clone();
    args.retain(|_, value| !value.is_null());
    entry.insert("with".to_owned(), toml::Value::try_from(args).context("its arguments")?);
    let mut document = toml::Table::new();
    document.insert("entry".to_owned(), toml::Value::Array(vec![entry.into()]));
    toml::to_string(&document).context("its document")
}
