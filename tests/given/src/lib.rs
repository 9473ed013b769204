//! What tests are given by the environment, and what they show whether they pass or not. A crate of
//! its own, and without dependencies, because tests of crates below and above each other use it.

#![allow(clippy::panic, reason = "a test fails by panicking, its helpers too")]

use std::io::Write as _;

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where an engine is, as `cargo engines test` says it by the variable `name`.
pub fn engine(name: &str) -> String {
    variable(name).unwrap_or_else(|| {
        panic!(
            "{name} is not set: `cargo engines up` starts the engines and `cargo engines test` runs \
             this test against them; for a bench, `cargo engines env` prints it"
        )
    })
}

/// A number from the environment.
pub fn number(name: &str, otherwise: u64) -> u64 {
    let parse = |text: String| {
        text.parse().unwrap_or_else(|_| panic!("{name}: `{text}` is no whole number"))
    };
    variable(name).map_or(otherwise, parse)
}

/// The seed that `name` gives, or one of this process's own.
pub fn seed(name: &str) -> u64 {
    number(name, u64::from(std::process::id()))
}

/// Shows a line; `println` is shown only when the test fails.
pub fn say(line: &str) {
    // A closed terminal is no failure.
    let _ = writeln!(std::io::stderr(), "{line}");
}
