//! ESLint, webpack, Rollup, Vite and esbuild: what they refuse.
//!
//! ESLint prints a file and its problems below, `  27:8  error  'x' is not defined  no-undef`, and
//! `✖ 2 problems (1 error, 1 warning)`; webpack `ERROR in ./src/a.js` and the message below; Rollup
//! `[!] …`; Vite `error during build:`; esbuild `✘ [ERROR] …`.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Bundler {
    /// Lines that may still belong to the message above.
    left: u8,
}

const MAX_LINES: u8 = 12;

static PROBLEM: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s+\d+:\d+\s+error\s+(\S.*)$"));

impl Dialect for Bundler {
    const NAME: &'static str = "bundler";
    const LITERALS: &'static [&'static str] = &[
        "  error  ", "✖ ", "ERROR in ", "compiled with ", "[!] ", "error during build:", "✘ [ERROR]",
    ];

    fn awake(&self) -> bool {
        self.left > 0
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(problem) = text.contains("  error  ").then(|| PROBLEM.captures(text)).flatten() {
            report.error(Severity::Error, Reason::Lint, &problem[1]);
        } else if text.starts_with("✖ ") && text.contains(" problem") {
            if !text.contains("(0 errors") {
                report.verdict(Outcome::Failed);
                report.error(Severity::Error, Reason::Summary, text);
            }
        } else if text.contains("compiled with ") && text.contains(" error") && text.starts_with("webpack ") {
            report.verdict(Outcome::Failed);
            report.error(Severity::Error, Reason::Summary, text);
        } else if text.starts_with("ERROR in ") || text.starts_with("[!] ") || text.starts_with("error during build:") || text.starts_with("✘ [ERROR]") {
            self.left = MAX_LINES;
            report.error(Severity::Error, Reason::Compiler, text);
        } else if self.left > 0 {
            self.left -= 1;
            if text.trim().is_empty() || text.trim_start().starts_with("at ") {
                self.left = 0;
            } else {
                report.join();
                if self.left + 1 == MAX_LINES { report.reword(text) } else { report.extend() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn what_cannot_be_bundled_is_the_reason() {
        let seen = read(include_str!("../../testdata/bundler.log"));
        assert_eq!(seen.explanation, ["1-2 bundler compiler"]);
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn what_a_linter_only_warns_of_fails_nothing() {
        let seen = read("/src/a.js\n  27:8  warning  too complex  complexity\n\n✖ 1 problem (0 errors, 1 warning)\n");
        assert!(seen.errors.iter().all(|error| !error.contains(" error ")), "{:?}", seen.errors);
        let seen = read("/src/a.js\n  1:1  error  'x' is not defined  no-undef\n\n✖ 1 problem (1 error, 0 warnings)\n");
        assert_eq!(seen.explanation, ["2-2 bundler lint"]);
    }
}
