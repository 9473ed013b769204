//! Numbers from the environment, and what is shown whether a test passes or not.

use std::io::Write as _;

/// A number from the environment.
pub fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
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
