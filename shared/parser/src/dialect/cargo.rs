//! Cargo and rustc: diagnostics with their source excerpt, what Cargo cannot build.
//!
//! A diagnostic begins with `error[E0308]: …` or `error: …` and ends at the first empty line.

use logmill_model::{Outcome, Reason, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Cargo {
    /// Whether Cargo has spoken, so that a bare `error: …` is its own.
    seen: bool,
    /// What the lines up to the next empty one belong to.
    block: Block,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
enum Block {
    #[default]
    None,
    Error,
    Warning,
    /// Behind a bare `error: …`, which is rustc's only if ` --> ` follows.
    Unknown,
}

impl Dialect for Cargo {
    const NAME: &'static str = "cargo";
    const LITERALS: &'static [&'static str] = &[
        "error[E", "error: ", "warning: ", "   Compiling ", "    Checking ", "    Finished ",
        " --> ", "    Updating ", "     Running ",
    ];

    fn awake(&self) -> bool {
        self.block != Block::None
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(rest) = text.strip_prefix("error") {
            self.error(text, rest, report);
        } else if let Some(message) = text.strip_prefix("warning: ") {
            self.block = if self.seen { Block::Warning } else { Block::None };
            if self.seen && !is_summary(text) {
                report.error(Severity::Warning, Reason::Compiler, message);
            }
        } else if self.block != Block::None {
            self.details(text, report);
        } else {
            self.status(text, report);
        }
    }
}

impl Cargo {
    fn error(&mut self, text: &str, rest: &str, report: &mut Report<'_>) {
        let coded = rest.starts_with("[E") || rest.starts_with("[clippy");
        let Some((_, message)) = rest.split_once(": ").filter(|(head, _)| coded || head.is_empty())
        else {
            return;
        };
        if is_summary(text) {
            if self.seen {
                report.verdict(Outcome::Failed);
                report.error(Severity::Error, Reason::Summary, message);
            }
        } else if coded || self.seen {
            report.error(Severity::Error, reason(message, coded), message);
            self.block = Block::Error;
        } else {
            self.block = Block::Unknown;
        }
    }

    /// A line of a diagnostic.
    fn details(&mut self, text: &str, report: &mut Report<'_>) {
        if self.block == Block::Unknown {
            if !text.trim_start().starts_with("--> ") {
                self.block = Block::None;
                return;
            }
            report.build_tool("cargo");
            report.adopt(Severity::Error, Reason::Compiler);
            self.block = Block::Error;
            report.join();
            return;
        }
        if text.is_empty() {
            self.block = Block::None;
        } else {
            report.join();
            report.extend();
        }
    }

    fn status(&mut self, text: &str, report: &mut Report<'_>) {
        let word = text.trim_start();
        let is = |name: &str| word.starts_with(name) && text.starts_with("    ");
        if is("Finished ") || text.starts_with("   Compiling ") || is("Checking ") {
            self.seen = true;
            report.build_tool("cargo");
            if is("Finished ") {
                report.verdict(Outcome::Success);
            }
        } else if is("Running ") || is("Updating ") {
            self.seen |= text.ends_with(" index") || text.contains("target/");
        }
    }
}

/// Lines that say how many diagnostics there were, not what is wrong.
fn is_summary(text: &str) -> bool {
    text.contains("could not compile")
        || text.contains("aborting due to")
        || text.contains("test failed, to rerun")
        || text.contains("target failed:")
        || text.contains("targets failed:")
        || (text.contains(" generated ") && text.contains("warning"))
        || text.contains("build failed, waiting for other jobs")
        || text.contains("process didn't exit successfully")
        || text.contains("warnings emitted")
        || text.contains("warning emitted")
}

fn reason(message: &str, coded: bool) -> Reason {
    let has = |part: &str| message.contains(part);
    if coded {
        Reason::Compiler
    } else if has("no matching package")
        || has("failed to select a version")
        || has("failed to get ")
        || has("failed to download")
        || has("failed to load source for dependency")
        || has("no such command")
    {
        Reason::Dependency
    } else if has("failed to parse manifest")
        || has("could not find `Cargo.toml`")
        || has("failed to parse")
        || has("lock file")
    {
        Reason::Configuration
    } else {
        Reason::Compiler
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_diagnostic_is_explained_with_its_excerpt_and_warnings_are_not() {
        let seen = read(include_str!("../../testdata/cargo.log"));
        assert_eq!(seen.explanation, ["9-16 cargo compiler"]);
        assert_eq!(seen.tools, ["cargo"]);
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn a_bare_error_is_rustc_s_only_with_its_place() {
        let with = read("error: expected `;`\n --> src/main.rs:1:2\n  |\n\n");
        assert_eq!(with.errors, ["1-3 error expected `;`"]);
        let without = read("error: pathspec 'x' did not match\nnext\n");
        assert_eq!(without.errors, ["1-1 error pathspec 'x' did not match"]);
    }
}
