//! Sanitizers of Clang and GCC, and Valgrind: what a program did wrong with its memory or its threads.
//!
//! `==123==ERROR: AddressSanitizer: heap-use-after-free on address …` (`LeakSanitizer`, `WARNING:
//! ThreadSanitizer: data race`, …) with its stacks up to `SUMMARY: AddressSanitizer: …`;
//! `cart.c:3:5: runtime error: …` of UBSan; `==123== Invalid read of size 4` of Valgrind with the lines
//! behind it, up to an empty one.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Sanitizer {
    block: Option<Block>,
    /// How many lines the block may have yet.
    left: u32,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum Block {
    /// Up to the `SUMMARY: `.
    Sanitizer,
    /// Up to a line with nothing behind `==123==`.
    Valgrind,
}

/// The most lines of a block.
const MAX_LINES: u32 = 200;

static SANITIZER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:==\d+==)?(?:ERROR|WARNING): (\w*Sanitizer|libFuzzer): (.+)$"));
static RUNTIME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\S+:\d+(?::\d+)?: runtime error: (.+)$"));
static VALGRIND: LazyLock<Regex> = LazyLock::new(|| pattern(r"^==\d+==(?: (.*))?$"));

/// What Valgrind's tools find.
const FOUND: [&str; 11] = [
    "Invalid read of size ", "Invalid write of size ", "Invalid free()", "Mismatched free()", "Jump to the invalid address",
    "Conditional jump or move depends on uninitialised", "Use of uninitialised value", "Syscall param ",
    "Source and destination overlap", "Process terminating with default action", "Possible data race during ",
];

/// What lines of a sanitizer's block begin with, where they are not indented.
const PARTS: [&str; 16] = [
    "READ of size", "WRITE of size", "0x", "freed by", "previously allocated", "allocated by", "Direct leak",
    "Indirect leak", "Thread T", "The signal is", "Hint:", "HINT:", "Address 0x", "SCARINESS:", "Uninitialized",
    "Objects leaked",
];

impl Dialect for Sanitizer {
    const NAME: &'static str = "sanitizer";
    const LITERALS: &'static [&'static str] = &[
        "Sanitizer: ", "libFuzzer: ", ": runtime error: ", "definitely lost in loss record", "Invalid read of size ",
        "Invalid write of size ", "Invalid free()", "Mismatched free()", "Jump to the invalid address",
        "Conditional jump or move depends on", "Use of uninitialised value", "Syscall param ",
        "Source and destination overlap", "Process terminating with default action", "Possible data race during ", "ERROR SUMMARY: ",
    ];

    fn awake(&self) -> bool {
        self.block.is_some()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(found) = SANITIZER.captures(text) {
            report.verdict(Outcome::Failed);
            self.begin(Block::Sanitizer, &found[2], report);
        } else if let Some(found) = text.contains(": runtime error: ").then(|| RUNTIME.captures(text)).flatten() {
            self.begin(Block::Sanitizer, &found[1], report);
        } else if let Some(said) = valgrind(text).filter(|said| is_found(said)) {
            self.begin(Block::Valgrind, said, report);
        } else if valgrind(text).is_some_and(|said| said.starts_with("ERROR SUMMARY: ")) {
            // The errors themselves stand above.
            report.claim();
        } else if let Some(block) = self.block {
            self.inside(block, text, report);
        }
    }
}

impl Sanitizer {
    fn begin(&mut self, block: Block, message: &str, report: &mut Report<'_>) {
        (self.block, self.left) = (Some(block), MAX_LINES);
        report.error(Severity::Error, Reason::Assertion, message);
    }

    fn inside(&mut self, block: Block, text: &str, report: &mut Report<'_>) {
        self.left = self.left.saturating_sub(1);
        let is_end = text.starts_with("SUMMARY: ");
        let is_part = match block {
            Block::Sanitizer => {
                is_end || text.is_empty() || text.starts_with([' ', '\t']) || is_of_process(text) || PARTS.iter().any(|part| text.starts_with(part))
            }
            Block::Valgrind => valgrind(text).is_some_and(|said| !said.trim().is_empty()),
        };
        if !is_part || self.left == 0 {
            self.block = None;
            return;
        }
        report.join();
        if text.is_empty() { report.hold() } else { report.extend() }
        if is_end {
            self.block = None;
        }
    }
}

/// Whether the line begins with `==123==`.
fn is_of_process(text: &str) -> bool {
    text.strip_prefix("==").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// What stands behind `==123==`.
fn valgrind(text: &str) -> Option<&str> {
    let found = text.starts_with("==").then(|| VALGRIND.captures(text)).flatten()?;
    Some(found.get(1).map_or("", |said| said.as_str()))
}

fn is_found(said: &str) -> bool {
    FOUND.iter().any(|found| said.starts_with(found)) || said.contains(" definitely lost in loss record ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_finding_is_explained_from_its_first_line_to_its_summary() {
        let seen = read(include_str!("../../testdata/sanitizer.log"));
        assert_eq!(
            seen.errors,
            [
                "3-21 error heap-use-after-free on address 0x602000000014 at pc 0x5636d00cd1d6 bp 0x7ffe2fd6b2a0 sp 0x7ffe2fd6b298",
                "26-33 error detected memory leaks",
                "34-34 error signed integer overflow: 2147483647 + 1 cannot be represented in type 'int'",
                "36-53 error data race (pid=21161)",
                "61-68 error Invalid read of size 4",
                "89-91 error 8 bytes in 1 blocks are definitely lost in loss record 1 of 1"
            ]
        );
        assert_eq!(seen.result, "failed");
        assert_eq!(seen.explanation.len(), 6, "{:?}", seen.explanation);
    }

    #[test]
    fn a_block_without_a_summary_ends_where_other_lines_begin() {
        let seen = read("==1==ERROR: AddressSanitizer: SEGV on unknown address\n    #0 0x55 in main a.c:2\ncart: gone\n    indented\n");
        assert_eq!(seen.errors, ["1-2 error SEGV on unknown address"]);
    }

    #[test]
    fn a_panic_of_go_is_none_of_a_sanitizer() {
        let seen = read("panic: runtime error: index out of range [3] with length 2\n");
        assert_eq!(seen.explanation, ["1-1 trace exception"]);
    }
}
