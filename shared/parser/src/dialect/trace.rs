//! Exceptions and panics that nothing caught, with their stack traces.

use logmill_model::{Reason, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Trace {
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
enum Kind {
    #[default]
    None,
    /// A traceback whose exception is still to come.
    Python,
    /// Frames follow what was thrown.
    Thrown,
}

impl Dialect for Trace {
    const NAME: &'static str = "trace";
    const LITERALS: &'static [&'static str] = &[
        "Traceback (most recent call last)", "Exception in thread ", "panic: ", "panicked at",
        "Unhandled", "Uncaught ", "unhandled exception", "fatal error: ", "Caused by: ",
    ];

    fn awake(&self) -> bool {
        self.kind != Kind::None
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        if self.kind != Kind::None && line.in_trace {
            self.inside(line, text, report);
        } else if text.starts_with("Traceback (most recent call last)") {
            self.kind = Kind::Python;
            report.suspect(text);
        } else if is_thrown(text) {
            self.kind = Kind::Thrown;
            report.error(Severity::Error, Reason::Exception, text);
        } else {
            self.kind = Kind::None;
        }
    }
}

impl Trace {
    fn inside(&mut self, line: Line<'_>, text: &str, report: &mut Report<'_>) {
        let indented = text.len() < line.text.len();
        if text.is_empty() {
            report.hold();
        } else if self.kind == Kind::Python && !indented && !is_chain(text) {
            report.confirm(Severity::Error, python_reason(text), text);
            report.reword(text);
        } else {
            report.extend();
        }
    }
}

fn is_chain(text: &str) -> bool {
    text.starts_with("Traceback (most recent")
        || text.starts_with("During handling of")
        || text.starts_with("The above exception was")
}

fn is_thrown(text: &str) -> bool {
    text.starts_with("Exception in thread ")
        || text.starts_with("panic: ")
        || text.starts_with("fatal error: ")
        || (text.starts_with("thread '") && text.contains("panicked at"))
        || text.starts_with("Uncaught ")
        || text.starts_with("Unhandled")
        || text.starts_with("[UnhandledPromiseRejection")
}

fn python_reason(text: &str) -> Reason {
    if text.starts_with("ModuleNotFoundError") || text.starts_with("ImportError") {
        Reason::Dependency
    } else if text.starts_with("MemoryError") {
        Reason::Resource
    } else if text.contains("TimeoutError") {
        Reason::Timeout
    } else {
        Reason::Exception
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_traceback_is_explained_whole_with_the_exception_as_its_message() {
        let seen = read(
            "start\nTraceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\n\
             KeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\n\
             Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\nValueError: no x\n",
        );
        assert_eq!(seen.explanation, ["2-11 trace exception"]);
    }

    #[test]
    fn a_go_panic_is_an_error_of_its_own() {
        let seen = read("panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:5 +0x1d\nexit status 2\n");
        assert_eq!(seen.errors[0], "1-5 error panic: boom");
    }
}
