//! The arguments of a function, as the document has them.

use serde_json::{Map, Value};

/// Arguments that have not been asked for yet are faults at the end.
pub(super) struct Arguments<'a> {
    with: &'a Map<String, Value>,
    asked: Vec<&'static str>,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(with: &'a Map<String, Value>) -> Self {
        Self { with, asked: Vec::new() }
    }

    pub(super) fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.asked.push(name);
        self.with.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<&'a str>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(format!("the argument {name} must be a text, not {other}")),
        }
    }

    pub(super) fn needed_text(&mut self, name: &'static str) -> Result<&'a str, String> {
        self.text(name)?
            .ok_or_else(|| format!("the argument {name} is missing: with = {{ {name} = \"…\" }}"))
    }

    /// One of several texts.
    pub(super) fn choice(
        &mut self,
        name: &'static str,
        choices: &[&'static str],
    ) -> Result<Option<&'static str>, String> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        choices.iter().find(|choice| **choice == text).map(|choice| Some(*choice)).ok_or_else(
            || format!("the argument {name} must be one of {}, not {text}", choices.join(", ")),
        )
    }

    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> Result<bool, String> {
        match self.value(name) {
            None => Ok(default),
            Some(Value::Bool(is)) => Ok(*is),
            Some(other) => Err(format!("the argument {name} must be true or false, not {other}")),
        }
    }

    pub(super) fn whole(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, String> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.as_u64().filter(|number| range.contains(number)).map(Some).ok_or_else(|| {
            let (low, high) = (range.start(), range.end());
            format!("the argument {name} must be a number from {low} to {high}, not {value}")
        })
    }

    pub(super) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<&'a str>>, String> {
        let fault = || format!("the argument {name} must be a list of texts");
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(values)) => values
                .iter()
                .map(|value| value.as_str().ok_or_else(fault))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(fault()),
        }
    }

    pub(super) fn finish(&self) -> Result<(), String> {
        let unknown = self.with.keys().find(|name| !self.asked.contains(&name.as_str()));
        match unknown {
            None => Ok(()),
            Some(name) if self.asked.is_empty() => {
                Err(format!("it has no argument {name}, nor any other"))
            }
            Some(name) => {
                Err(format!("it has no argument {name}; it has {}", self.asked.join(", ")))
            }
        }
    }
}
