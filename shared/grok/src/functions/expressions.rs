//! Regular expressions in the syntax of the `regex` crate, which takes time in proportion to a text.

use regex::{Captures, Regex};
use serde_json::{Map, Value};

use super::{Run, arguments::Arguments, plain};
use crate::library::Library;

/// `parse_regex`: the named captures of the first match.
pub(super) fn regex(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let (regex, numeric) = read(arguments)?;
    Ok(plain(move |text| Some(fields(&regex, &regex.captures(text)?, numeric))))
}

/// `parse_regex_all`: those of every match.
pub(super) fn regex_all(arguments: &mut Arguments<'_>, _: &Library) -> Result<Run, String> {
    let (regex, numeric) = read(arguments)?;
    Ok(plain(move |text| {
        Some(regex.captures_iter(text).map(|captures| fields(&regex, &captures, numeric)).collect())
    }))
}

fn read(arguments: &mut Arguments<'_>) -> Result<(Regex, bool), String> {
    let pattern = arguments.needed_text("pattern")?;
    let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
    Ok((regex, arguments.flag("numeric_groups", false)?))
}

fn fields(regex: &Regex, captures: &Captures<'_>, numeric: bool) -> Value {
    let value = |at: usize| captures.get(at).map_or(Value::Null, |found| found.as_str().into());
    let mut fields = Map::new();
    for (at, name) in regex.capture_names().enumerate() {
        if numeric {
            fields.insert(at.to_string(), value(at));
        }
        if let Some(name) = name {
            fields.insert(name.to_owned(), value(at));
        }
    }
    Value::Object(fields)
}
