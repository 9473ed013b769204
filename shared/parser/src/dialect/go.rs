//! The go command: what `go build`, `go vet` and `go test` say of code that does not compile, and of
//! modules that are missing.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, captured};
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Go {
    /// In the block of compiler messages behind `# package`.
    compiling: bool,
}

static COMPILER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:vet: )?(\S+\.go):(\d+)(?::(\d+))?: (.+)$"));
impl Dialect for Go {
    const NAME: &'static str = "go";
    const LITERALS: &'static [&'static str] = &[
        ".go:", "go: "
    ];
    const STARTS: &'static [&'static str] = &["# "];

    fn awake(&self) -> bool {
        self.compiling
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(package) = text.strip_prefix("# ") {
            self.compiling = is_package(package);
        } else if let Some(found) =
            captured(&COMPILER, text, ".go:").filter(|found| self.compiling || found.get(3).is_some())
        {
            // Linters write the same lines, and need not fail the build.
            if self.compiling {
                report.build_tool("go");
                report.verdict(Outcome::Failed);
                report.error(Severity::Error, Reason::Compiler, &found[4]);
            } else {
                report.error(Severity::Error, Reason::Lint, &found[4]);
            }
        } else if let Some(rest) = text.strip_prefix("go: ") {
            module(rest, report);
        } else if self.compiling && text.starts_with('\t') {
            // `have (int)` and `want (string)` below a type error.
            report.join();
            report.extend();
        } else {
            self.compiling = false;
        }
    }
}

/// A package path, as `go build` puts it behind `# `: no heading of a document.
fn is_package(text: &str) -> bool {
    let path = text.split(' ').next().unwrap_or("");
    (path == text || text[path.len()..].starts_with(" [")) && !path.is_empty() && !path.starts_with('#')
}

fn module(rest: &str, report: &mut Report<'_>) {
    if rest.starts_with("downloading ") || rest.starts_with("finding ") || rest.starts_with("found ") {
        return;
    }
    let missing = ["not found", "no required module", "unknown revision", "invalid version", "cannot find", "missing go.sum"];
    if missing.iter().any(|words| rest.contains(words)) {
        report.build_tool("go");
        report.verdict(Outcome::Failed);
        report.error(Severity::Error, Reason::Dependency, rest);
    } else if rest.starts_with("errors parsing") || rest.contains(": error") || rest.contains("requires go >=") {
        report.verdict(Outcome::Failed);
        report.error(Severity::Error, Reason::Configuration, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn what_does_not_compile_is_explained_by_the_compiler() {
        let seen = read("# example.com/shop/ship\n./rate.go:7:12: undefined: zone\nFAIL\texample.com/shop/ship [build failed]\n");
        assert_eq!(seen.explanation, ["2-2 go compiler"]);
    }
}
