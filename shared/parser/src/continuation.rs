//! Which lines go on with the record before them, by the structure of stack traces.

use serde::{Deserialize, Serialize};

/// What the lines before have begun.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
enum Trace {
    #[default]
    None,
    /// Frames of the JVM, of JavaScript and .NET: indented `at …`.
    At,
    /// Between `Traceback (most recent call last):` and the exception.
    Python,
    /// Behind a Python exception: another may follow as its cause.
    PythonEnd,
    /// A Go panic's goroutines.
    Go,
    /// Behind `thread '…' panicked at …:`, whose next line is the message.
    RustMessage,
    /// Behind a Rust panic's message: perhaps a backtrace.
    Rust,
}

/// Follows stack traces from line to line.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Continuation {
    trace: Trace,
}

impl Continuation {
    /// Whether `text` goes on with the record before it. `logged` says that this record is an
    /// application's log event, with a level or stamp of its own, so that whatever is indented
    /// below it belongs to it.
    pub(crate) fn joins(&mut self, text: &str, logged: bool) -> bool {
        let joins = self.joins_trace(text);
        joins || (logged && text.starts_with([' ', '\t']) && !text.trim().is_empty())
    }

    fn joins_trace(&mut self, text: &str) -> bool {
        let trimmed = text.trim_start();
        let indented = trimmed.len() < text.len();
        let (trace, joins) = match self.trace {
            _ if trimmed.starts_with("Traceback (most recent call last)") => {
                (Trace::Python, self.trace == Trace::PythonEnd)
            }
            Trace::Python if indented || trimmed.is_empty() => (Trace::Python, true),
            Trace::Python => (Trace::PythonEnd, true),
            Trace::PythonEnd if trimmed.is_empty() => (Trace::PythonEnd, true),
            Trace::PythonEnd
                if trimmed.starts_with("During handling of the above exception")
                    || trimmed.starts_with("The above exception was the direct cause") =>
            {
                (Trace::PythonEnd, true)
            }
            Trace::Go if is_go_trace(text, trimmed) => (Trace::Go, true),
            Trace::RustMessage => (Trace::Rust, true),
            Trace::Rust if is_rust_trace(trimmed, indented) => (Trace::Rust, true),
            Trace::Rust if trimmed.starts_with("note: ") => (Trace::None, true),
            _ if trimmed.starts_with("goroutine ") && trimmed.ends_with("]:") => (Trace::Go, false),
            _ if trimmed.starts_with("panic: ") || trimmed.starts_with("fatal error: ") => {
                (Trace::Go, false)
            }
            _ if trimmed.starts_with("thread '") && trimmed.contains("panicked at") => {
                (Trace::RustMessage, false)
            }
            _ if indented && trimmed.starts_with("at ") && trimmed.len() > 3 => (Trace::At, true),
            Trace::At if is_cause(trimmed) => (Trace::At, true),
            _ => (Trace::None, false),
        };
        self.trace = trace;
        joins
    }
}

fn is_cause(trimmed: &str) -> bool {
    trimmed.starts_with("Caused by:")
        || trimmed.starts_with("Suppressed:")
        || trimmed.starts_with("[CIRCULAR REFERENCE:")
        || (trimmed.starts_with("... ") && trimmed.ends_with(" more"))
}

fn is_go_trace(text: &str, trimmed: &str) -> bool {
    text.starts_with('\t')
        || trimmed.is_empty()
        || trimmed.starts_with("goroutine ")
        || trimmed.starts_with("created by ")
        || trimmed.starts_with("[signal ")
        || trimmed.starts_with("panic: ")
        || (trimmed.ends_with(')') && trimmed.contains('(') && !trimmed.contains(' '))
}

fn is_rust_trace(trimmed: &str, indented: bool) -> bool {
    (indented && (trimmed.starts_with("left: ") || trimmed.starts_with("right: ")))
        || trimmed.starts_with("assertion `")
        || trimmed.starts_with("stack backtrace:")
        || (indented && trimmed.starts_with(|first: char| first.is_ascii_digit()))
        || (indented && trimmed.starts_with("at "))
}

#[cfg(test)]
mod tests {
    use super::Continuation;

    /// The lines of `text` that begin a record.
    fn beginnings(text: &str) -> Vec<&str> {
        let mut continuation = Continuation::default();
        text.lines().filter(|line| !continuation.joins(line, false)).collect()
    }

    #[test]
    fn a_java_trace_with_its_causes_is_one_record() {
        let text = "java.io.IOException: a\n\tat a.B.c(B.java:1)\n\t... 3 more\n\
                    Caused by: b.C: x\n\tat d.E.f(E.java:2)\nnext";
        assert_eq!(beginnings(text), ["java.io.IOException: a", "next"]);
    }

    #[test]
    fn a_python_trace_with_the_exception_it_replaced_is_one_record() {
        let text = "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    f()\n\
                    KeyError: 'x'\n\nDuring handling of the above exception, another exception occurred:\n\n\
                    Traceback (most recent call last):\n  File \"a.py\", line 3\nValueError: y\nnext";
        assert_eq!(beginnings(text), ["Traceback (most recent call last):", "next"]);
    }

    #[test]
    fn go_and_rust_panics_are_one_record_each() {
        let text = "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:5 +0x1d\nexit status 2\n\
                    thread 'main' panicked at src/main.rs:2:5:\nassertion `left == right` failed\n  left: 1\n right: 2\n\
                    note: run with `RUST_BACKTRACE=1`\nnext";
        assert_eq!(
            beginnings(text),
            ["panic: boom", "exit status 2", "thread 'main' panicked at src/main.rs:2:5:", "next"]
        );
    }
}
