//! What `ctest -V` puts before the output of the test with this number: `1: text`.

use serde::{Deserialize, Serialize};

/// The tests that run.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Tests {
    running: Vec<u32>,
}

/// How many tests are known to run at once; the output of more is read as it stands.
const MAX_RUNNING: usize = 64;

impl Tests {
    /// Takes the number off. `1: Test command: …` says that its test begins.
    pub(super) fn peel<'a>(&mut self, text: &'a str) -> &'a str {
        if let Some(number) = (!self.running.is_empty()).then(|| ended(text)).flatten() {
            self.running.retain(|known| *known != number);
        }
        let Some((number, rest)) = numbered(text) else { return text };
        if !self.running.contains(&number) {
            if !rest.starts_with("Test command: ") || self.running.len() >= MAX_RUNNING {
                return text;
            }
            self.running.push(number);
        }
        rest
    }
}

/// `1: text`
fn numbered(text: &str) -> Option<(u32, &str)> {
    let first = text.as_bytes().first()?;
    let (number, rest) = first.is_ascii_digit().then(|| text.split_once(':')).flatten()?;
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(' ')? };
    Some((number.parse().ok()?, rest))
}

/// The number of `1/3 Test #1: cart_test ....   Passed    0.02 sec`.
fn ended(text: &str) -> Option<u32> {
    let (_, rest) = text.ends_with(" sec").then(|| text.split_once(" Test ")).flatten()?;
    let (number, _) = rest.trim_start().strip_prefix('#')?.split_once(':')?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Tests;

    #[test]
    fn only_the_output_of_a_test_that_runs_loses_its_number() {
        let mut tests = Tests::default();
        assert_eq!(tests.peel("1: text"), "1: text");
        assert_eq!(tests.peel("1: Test command: /app/cart"), "Test command: /app/cart");
        assert_eq!(tests.peel("1: text: more"), "text: more");
        assert_eq!(tests.peel("1:"), "");
        assert_eq!(tests.peel("2: text"), "2: text");
        assert_eq!(tests.peel("12:30 text"), "12:30 text");
        let end = "1/3 Test #1: cart ......   Passed    0.02 sec";
        assert_eq!((tests.peel(end), tests.peel("1: text")), (end, "1: text"));
    }
}
