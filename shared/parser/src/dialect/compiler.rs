//! Compilers and linkers that write as GCC does, and those that write as Microsoft's do.
//!
//! `a.c:3:5: error: message` with a source excerpt behind it (GCC, Clang, many others),
//! `a.ts(3,5): error TS2322: message` (TypeScript, C#), `undefined reference to` (ld), and Kotlin's
//! `e: file:///app/Cart.kt:3:5 message`, before version 1.8 `e: /app/Cart.kt: (3, 5): message`.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Compiler {
    /// Behind a diagnostic: its excerpt may follow.
    in_excerpt: bool,
    /// Behind the line that names the function of a diagnostic.
    in_function: bool,
}

static DIAGNOSTIC: LazyLock<Regex> = LazyLock::new(|| pattern(
        r"^(?:##\[\w+\])?([^\s:()][^:()]*\.\w+|[A-Za-z]:[^:()]+)(?::(\d+)(?::(\d+))?: |\((\d+)(?:,(\d+))?\): |:(\d+):(\d+) - )(fatal error|error|warning|note)(?: ([A-Z]+\d+))?: (.+)$",
    ));

static KOTLIN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^([ew]): (?:file://)?(\S.*?\.kts?)(?::(\d+):(\d+) |: \((\d+), (\d+)\): )(.+)$"));

impl Dialect for Compiler {
    const NAME: &'static str = "compiler";
    const LITERALS: &'static [&'static str] = &[
        "error: ", "error TS", "error CS", "error C", "warning: ", "warning CS", "warning TS",
        ": In function ", ": In member function ", ": In constructor ", ": in function `", "undefined reference to", "multiple definition of", "ld returned ", "cannot find -l",
        ".kt:", ".kts:",
    ];

    fn awake(&self) -> bool {
        self.in_excerpt || self.in_function
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(found) = diagnostic(text) {
            self.diagnostic(&found, report);
        } else if let Some(found) = kotlin(text) {
            let failed = &found[1] == "e";
            if failed {
                report.verdict(Outcome::Failed);
            }
            let severity = if failed { Severity::Error } else { Severity::Warning };
            report.error(severity, Reason::Compiler, &found[7]);
            (self.in_excerpt, self.in_function) = (true, false);
        } else if is_function(text) {
            // `a.c: In function 'main':`: the diagnostic follows.
            if text.contains("/ld: ") && report.has_block() {
                report.extend();
            } else {
                report.suspect(text);
            }
            self.in_function = true;
        } else if text.contains("undefined reference to") || text.contains("multiple definition of") {
            self.in_excerpt = false;
            let message = text.rsplit_once(": ").map_or(text, |(_, message)| message);
            let message = if message.contains("reference") || message.contains("definition") { message } else { text };
            report.confirm(Severity::Error, Reason::Compiler, message);
        } else if text.contains("/ld: cannot find -l") {
            report.error(Severity::Error, Reason::Dependency, text);
        } else if text.contains("ld returned ") {
            report.verdict(Outcome::Failed);
            report.error(Severity::Error, Reason::Summary, text);
        } else if self.in_excerpt || self.in_function {
            self.in_function = false;
            self.in_excerpt &= is_excerpt(text);
            if self.in_excerpt {
                report.join();
                report.extend();
            }
        }
    }
}

/// A diagnostic with its place, tried only where a severity stands behind one.
fn diagnostic(text: &str) -> Option<Captures<'_>> {
    let severity = [": error", ": warning", ": note", ": fatal error", " - error"];
    severity.iter().any(|word| text.contains(word)).then(|| DIAGNOSTIC.captures(text)).flatten()
}

/// A diagnostic of Kotlin's compiler, tried only on lines that begin so.
fn kotlin(text: &str) -> Option<Captures<'_>> {
    (text.starts_with("e: ") || text.starts_with("w: ")).then(|| KOTLIN.captures(text)).flatten()
}

impl Compiler {
    fn diagnostic(&mut self, found: &Captures<'_>, report: &mut Report<'_>) {
        let message = &found[10];
        match &found[8] {
            "note" if report.has_block() => {
                report.join();
                report.extend();
            }
            "note" => return,
            "warning" => report.error(Severity::Warning, Reason::Compiler, message),
            _ => {
                report.verdict(Outcome::Failed);
                if self.in_function {
                    report.confirm(Severity::Error, Reason::Compiler, message);
                } else {
                    report.error(Severity::Error, Reason::Compiler, message);
                }
            }
        }
        (self.in_excerpt, self.in_function) = (true, false);
    }
}

/// `a.cpp: In member function 'int A::b()':`, `ld: a.o: in function `main':`
fn is_function(text: &str) -> bool {
    text.ends_with(':')
        && (text.contains(": In function ")
            || text.contains(": In member function ")
            || text.contains(": In constructor ")
            || text.contains(": in function `"))
}

/// `   12 |   int x = y;`, `      |           ^`, and Clang's excerpt without the bar.
fn is_excerpt(text: &str) -> bool {
    text.starts_with([' ', '\t']) && !text.trim_start().is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_diagnostic_is_explained_with_its_excerpt() {
        let seen = read(
            "a.c: In function 'main':\na.c:3:5: error: unknown type name 'in'\n    3 |     in x;\n      |     ^~\n\
             b.c:1:1: warning: unused\nmake: *** [Makefile:2: a.o] Error 1\n",
        );
        assert_eq!(seen.explanation, ["1-4 compiler compiler"]);
        assert_eq!(seen.errors[1], "5-5 warning unused");
    }

    #[test]
    fn typescript_and_the_linker_are_understood() {
        let seen = read("src/a.ts(3,5): error TS2322: Type 'string' is not assignable.\n");
        assert_eq!(seen.explanation, ["1-1 compiler compiler"]);
        let seen = read(
            "/usr/bin/ld: a.o: in function `main':\na.c:(.text+0x9): undefined reference to `total'\n\
             collect2: error: ld returned 1 exit status\n",
        );
        assert_eq!(seen.explanation, ["1-2 compiler compiler"]);
    }

    #[test]
    fn kotlin_s_compiler_is_understood_in_both_forms() {
        let seen = read(
            "w: file:///app/src/Cart.kt:1:5 Variable 'x' is never used\ne: file:///app/src/Cart.kt:12:5 Unresolved reference: total\n\
             e: /app/src/Tax.kt: (3, 9): Type mismatch: inferred type is Int but String was expected\n",
        );
        assert_eq!(
            seen.errors,
            [
                "1-1 warning Variable 'x' is never used",
                "2-2 error Unresolved reference: total",
                "3-3 error Type mismatch: inferred type is Int but String was expected"
            ]
        );
        assert_eq!(seen.explanation, ["2-2 compiler compiler", "3-3 compiler compiler"]);
    }
}
