//! Patterns as functions: several in order, with definitions of their own.

use serde_json::Value;

use super::{Run, arguments::Arguments};
use crate::grok::{Grok, Outcome, Scratch};
use crate::library::Library;

/// `parse_grok`: one pattern.
pub(super) fn grok(arguments: &mut Arguments<'_>, library: &Library) -> Result<Run, String> {
    let pattern = arguments.needed_text("pattern")?;
    let grok = Grok::new(pattern, library).map_err(|fault| fault.to_string())?;
    Ok(Box::new(move |text, _, scratch| first(std::slice::from_ref(&grok), text, scratch)))
}

/// `parse_groks`: the first of several that fits; `aliases` are definitions for them.
pub(super) fn groks(arguments: &mut Arguments<'_>, library: &Library) -> Result<Run, String> {
    let patterns = arguments.texts("patterns")?.ok_or("the argument patterns is missing")?;
    let mut library = library.clone();
    if let Some(aliases) = arguments.value("aliases") {
        let aliases = aliases.as_object().ok_or("the argument aliases must be a table")?;
        for (name, pattern) in aliases {
            let pattern = pattern.as_str().ok_or("an alias must be a text")?;
            library.define(name, pattern).map_err(|fault| fault.to_string())?;
        }
    }
    let groks = patterns
        .into_iter()
        .map(|pattern| Grok::new(pattern, &library).map_err(|fault| fault.to_string()))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Box::new(move |text, _, scratch| first(&groks, text, scratch)))
}

fn first(groks: &[Grok], text: &str, scratch: &mut Scratch) -> Outcome<Value> {
    let mut outcome = Outcome::Missed;
    for grok in groks {
        match grok.parse_with(text, scratch, true) {
            Outcome::Found(fields) => return Outcome::Found(Value::Object(fields)),
            Outcome::Missed => {}
            Outcome::GaveUp => outcome = Outcome::GaveUp,
        }
    }
    outcome
}
