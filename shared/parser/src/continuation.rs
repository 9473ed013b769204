//! Which lines go on with the record before them, by the structure of stack traces, of compilers'
//! diagnostics and of what tests say of a failed assertion.

use serde::{Deserialize, Serialize};

/// What the lines before have begun.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
enum Trace {
    #[default]
    None,
    /// Frames of the JVM, of JavaScript and .NET: indented `at …`.
    At,
    /// Behind a frame of Node that opens the error's own fields: `at … {`, until `}`.
    NodeFields,
    /// Behind the place at which Node stopped, `/app/a.js:3`: code, a caret, the error.
    NodeCode(u8),
    /// Between `Traceback (most recent call last):` and the exception.
    Python,
    /// Behind a Python exception: another may follow as its cause.
    PythonEnd,
    /// Within a Python exception group, whose lines stand behind bars.
    PythonGroup,
    /// A Go panic's goroutines.
    Go,
    /// Behind what a Go test logged: what is indented deeper belongs to it.
    GoTest,
    /// Behind `thread '…' panicked at …:`, whose next line is the message.
    RustMessage,
    /// Behind a Rust panic's message: perhaps a backtrace.
    Rust,
    /// Frames of Ruby: indented `from app.rb:3:in …`.
    Ruby,
    /// PHP's numbered frames behind `Stack trace:`.
    Php,
    /// Frames of Elixir and Erlang: indented `(app 1.0) lib/a.ex:3: …`.
    Elixir,
    /// A compiler's excerpt of the source: lines with a number and a bar.
    Excerpt,
    /// What pytest says of an assertion: lines behind an `E`.
    Assertion,
}

/// The most lines between the place at which Node stopped and its error.
const NODE_CODE: u8 = 5;

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
        let trimmed = text.trim_start();
        let line = Shape { text, trimmed, indented: trimmed.len() < text.len() };
        let joins = if let Some(next) = self.trace.goes_on(&line) {
            self.trace = next;
            true
        } else if let Some(next) = line.goes_on_with_anything() {
            self.trace = next;
            true
        } else {
            self.trace = line.begins();
            false
        };
        joins || (logged && line.indented && !trimmed.trim_end().is_empty())
    }
}

/// A line as continuation looks at it.
struct Shape<'a> {
    text: &'a str,
    trimmed: &'a str,
    indented: bool,
}

impl Trace {
    /// What it is after this line, if the line goes on with it.
    fn goes_on(self, line: &Shape<'_>) -> Option<Self> {
        let Shape { text, trimmed, indented } = *line;
        let starts = |prefix: &str| trimmed.starts_with(prefix);
        let (goes_on, next) = match self {
            Self::None => return None,
            Self::At => (!line.is_frame() && line.is_cause(), Self::At),
            Self::NodeFields if starts("}") => (true, Self::None),
            Self::NodeFields => (indented, Self::NodeFields),
            Self::NodeCode(NODE_CODE) => return None,
            Self::NodeCode(lines) if is_node_error(trimmed) && !indented => (lines > 0, Self::At),
            Self::NodeCode(lines) => (true, Self::NodeCode(lines + 1)),
            Self::Python if is_traceback(trimmed) => (true, Self::Python),
            Self::Python if indented || trimmed.is_empty() => (true, Self::Python),
            Self::Python => (true, Self::PythonEnd),
            Self::PythonEnd if is_traceback(trimmed) => (true, Self::Python),
            Self::PythonEnd => (
                trimmed.is_empty()
                    || starts("During handling of the above exception")
                    || starts("The above exception was the direct cause"),
                Self::PythonEnd,
            ),
            Self::PythonGroup => (indented && (starts("|") || starts("+")), Self::PythonGroup),
            Self::Go => (is_go_trace(text, trimmed), Self::Go),
            Self::GoTest => (text.starts_with("        "), Self::GoTest),
            Self::RustMessage => (true, Self::Rust),
            Self::Rust if starts("note: ") => (true, Self::None),
            Self::Rust => (is_rust_trace(trimmed, indented), Self::Rust),
            Self::Ruby => (indented && starts("from "), Self::Ruby),
            Self::Php if starts("thrown in ") => (indented, Self::None),
            Self::Php => {
                (starts("Stack trace:") || starts("Next ") || is_php_frame(trimmed), Self::Php)
            }
            Self::Elixir => (indented && is_elixir_frame(trimmed), Self::Elixir),
            Self::Excerpt if starts("note: ") || starts("help: ") => (!indented, Self::Excerpt),
            Self::Excerpt => (
                (indented && (starts("= ") || starts("|") || starts("::: ")))
                    || starts("...")
                    || is_excerpt(trimmed),
                Self::Excerpt,
            ),
            Self::Assertion => (text.starts_with("E  "), Self::Assertion),
        };
        goes_on.then_some(next)
    }
}

impl Shape<'_> {
    /// What begins here and goes on with whatever is before it: frames tell by themselves that they
    /// are some.
    fn goes_on_with_anything(&self) -> Option<Trace> {
        if !self.indented {
            return None;
        }
        let trimmed = self.trimmed;
        match trimmed.as_bytes().first()? {
            b'a' if self.is_frame() => {
                Some(if trimmed.ends_with('{') { Trace::NodeFields } else { Trace::At })
            }
            b'-' if trimmed.starts_with("--> ") && trimmed.contains(':') => Some(Trace::Excerpt),
            b'-' if trimmed.starts_with("--- End of ") => Some(Trace::At),
            b'0'..=b'9' | b'>' | b'|' if is_excerpt(trimmed) => Some(Trace::Excerpt),
            // A sanitizer's frame.
            b'#' if is_php_frame(trimmed) && trimmed.contains(" 0x") => Some(Trace::At),
            // gcc's `In file included from a.h:1,`
            b'f' if trimmed.starts_with("from ") && trimmed.contains(':') => Some(Trace::Ruby),
            b'^' | b'~' if trimmed.trim_end().bytes().all(|byte| matches!(byte, b'^' | b'~')) => {
                Some(Trace::None)
            }
            _ => None,
        }
    }

    /// What begins with this line, which goes on with nothing.
    fn begins(&self) -> Trace {
        let trimmed = self.trimmed;
        let starts = |prefix: &str| trimmed.starts_with(prefix);
        let Some(first) = trimmed.as_bytes().first() else { return Trace::None };
        match first {
            b'T' if is_traceback(trimmed) => Trace::Python,
            b'+' if starts("+ Exception Group Traceback") => Trace::PythonGroup,
            b'g' if starts("goroutine ") && trimmed.ends_with("]:") => Trace::Go,
            b'p' if starts("panic: ") => Trace::Go,
            b'f' if starts("fatal error: ") => Trace::Go,
            b't' if starts("thread '") && trimmed.contains("panicked at") => Trace::RustMessage,
            b'P' | b'F' if is_php_error(trimmed) => Trace::Php,
            b'*' if starts("** (") => Trace::Elixir,
            b'E' if self.text.starts_with("E   ") => Trace::Assertion,
            b'U' if starts("Unhandled exception. ") => Trace::At,
            b'/' | b'n' if is_node_place(trimmed) => Trace::NodeCode(0),
            _ if is_go_test_log(self.text) => Trace::GoTest,
            _ if is_ruby_error(trimmed) => Trace::Ruby,
            _ => Trace::None,
        }
    }

    /// `at shop.Cart.add(Cart.java:3)`
    fn is_frame(&self) -> bool {
        self.indented && self.trimmed.starts_with("at ") && self.trimmed.len() > 3
    }

    fn is_cause(&self) -> bool {
        let trimmed = self.trimmed;
        trimmed.starts_with("Caused by:")
            || trimmed.starts_with("Suppressed:")
            || trimmed.starts_with("[CIRCULAR REFERENCE:")
            || trimmed.starts_with("--- End of ")
            || (self.indented && trimmed.starts_with("---> "))
            || (trimmed.starts_with("... ") && trimmed.ends_with(" more"))
            // The last words of Node behind an error.
            || (trimmed.starts_with("Node.js v") && trimmed.len() < 20)
    }
}

fn is_traceback(trimmed: &str) -> bool {
    trimmed.starts_with("Traceback (most recent call last)")
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

/// `    cart_test.go:12: want 3`
fn is_go_test_log(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("    ").filter(|rest| !rest.starts_with(' ')) else {
        return false;
    };
    let file = rest.split(':').next().unwrap_or(rest);
    file.ends_with("_test.go") && file.len() < rest.len() && !file.contains(' ')
}

fn is_rust_trace(trimmed: &str, indented: bool) -> bool {
    (indented && (trimmed.starts_with("left: ") || trimmed.starts_with("right: ")))
        || trimmed.starts_with("assertion `")
        || trimmed.starts_with("stack backtrace:")
        || (indented && trimmed.starts_with(|first: char| first.is_ascii_digit()))
        || (indented && trimmed.starts_with("at "))
}

/// `PHP Fatal error:  Uncaught Exception: no cart in /app/cart.php:3`
fn is_php_error(trimmed: &str) -> bool {
    let error = trimmed.strip_prefix("PHP ").unwrap_or(trimmed);
    error.strip_prefix("Fatal error: ").is_some_and(|it| it.trim_start().starts_with("Uncaught "))
}

/// `#0 /app/cart.php(3): add()`, `#1 {main}`
fn is_php_frame(trimmed: &str) -> bool {
    let digits = trimmed.strip_prefix('#').map(|rest| rest.trim_start_matches(digit));
    digits.is_some_and(|rest| rest.starts_with(' ') && rest.len() + 1 < trimmed.len())
}

/// `cart.rb:3:in 'Cart#add': no price (RuntimeError)`
fn is_ruby_error(trimmed: &str) -> bool {
    let Some((place, method)) = trimmed.split_once(' ') else { return false };
    let file = place.strip_suffix(":in").map(|line| line.trim_end_matches(digit));
    file.is_some_and(|file| file.ends_with(".rb:")) && method.starts_with(['`', '\''])
}

/// `(shop 0.1.0) lib/cart.ex:3: Cart.add/1`, `lib/cart.exs:3: (file)`
fn is_elixir_frame(trimmed: &str) -> bool {
    trimmed.starts_with('(')
        || [".ex:", ".exs:", ".erl:"].iter().any(|extension| trimmed.contains(extension))
}

/// `/app/cart.js:3`, `node:internal/modules/cjs/loader:936`
fn is_node_place(trimmed: &str) -> bool {
    let place = trimmed.trim_end();
    let Some((file, line)) = place.rsplit_once(':') else { return false };
    let is_code = file.starts_with("node:internal/")
        || [".js", ".mjs", ".cjs", ".ts", ".mts"].iter().any(|it| file.ends_with(it));
    is_code && !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// `TypeError: x is not a function`, `Error [ERR_X]: …`, `Error: …`
fn is_node_error(trimmed: &str) -> bool {
    let name = trimmed.split([':', ' ']).next().unwrap_or(trimmed);
    name.ends_with("Error") && name.len() < trimmed.len()
}

/// `12 | let x = 1;`, `> 12 | let x`, `| ^^^`
fn is_excerpt(trimmed: &str) -> bool {
    let rest = trimmed.strip_prefix("> ").unwrap_or(trimmed).trim_start_matches(' ');
    let bar = rest.trim_start_matches(digit);
    let (numbered, bar) = (bar.len() < rest.len(), bar.trim_start_matches(' '));
    bar.strip_prefix('|').is_some_and(|code| {
        let marks = code.trim_start_matches(' ').as_bytes().first();
        numbered || matches!(marks, Some(b'^' | b'~'))
    })
}

const fn digit(it: char) -> bool {
    it.is_ascii_digit()
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
        let group = "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1\n\
                     \u{20} | ExceptionGroup: two (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n\
                     \u{20}   | ValueError: y\n    +------------------------------------\nnext";
        assert_eq!(beginnings(group).len(), 2);
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

    #[test]
    fn an_error_that_ends_node_is_one_record_from_its_place_to_its_fields() {
        let text = "/app/cart.js:3\n  throw new Error('no price');\n  ^\n\nError: no price\n    \
                    at add (/app/cart.js:3:9)\n    at main (/app/cart.js:9:1) {\n  code: 'E1'\n}\n\nnext";
        assert_eq!(beginnings(text), ["/app/cart.js:3", "", "next"]);
        let listed = "/app/cart.js:3\nunrelated\n1\n2\n3\n4\nnext";
        assert_eq!(beginnings(listed).len(), 2, "and no list of places goes on for ever");
    }

    #[test]
    fn traces_of_dotnet_ruby_php_and_elixir_are_one_record_each() {
        let text = "Unhandled exception. System.InvalidOperationException: a\n ---> System.IO.IOException: b\n   \
                    at Cart.Add() in /app/Cart.cs:line 3\n   --- End of inner exception stack trace ---\n   at Program.Main()\n\
                    cart.rb:3:in `add': no price (RuntimeError)\n\tfrom cart.rb:9:in `<main>'\n\
                    PHP Fatal error:  Uncaught Exception: no price in /app/cart.php:3\nStack trace:\n#0 /app/cart.php(9): add()\n#1 {main}\n  thrown in /app/cart.php on line 3\n\
                    ** (RuntimeError) no price\n    (shop 0.1.0) lib/cart.ex:3: Cart.add/1\n    lib/main.exs:9: (file)\nnext";
        let begin: Vec<&str> =
            beginnings(text).into_iter().map(|line| line.split(' ').next().unwrap_or("")).collect();
        assert_eq!(begin, ["Unhandled", "cart.rb:3:in", "PHP", "**", "next"]);
    }

    #[test]
    fn a_compiler_s_message_is_one_record_with_its_excerpt() {
        let text = "error[E0382]: borrow of moved value: `a`\n  --> src/main.rs:3:5\n   |\n2  |     let b = a;\n   \
                    |             - value moved here\n   = note: move occurs\nhelp: consider cloning\n   |\n2  |     let b = a.clone();\n\n\
                    In file included from a.h:1,\n                 from b.c:2:\n\
                    c.h:3:5: error: unknown type name 'in'\n    3 |     in x;\n      |     ^~\nnext";
        assert_eq!(
            beginnings(text),
            [
                "error[E0382]: borrow of moved value: `a`",
                "",
                "In file included from a.h:1,",
                "c.h:3:5: error: unknown type name 'in'",
                "next"
            ]
        );
    }

    #[test]
    fn what_a_test_says_of_its_assertion_is_one_record() {
        let text = "E       assert 1 == 2\nE        +  where 1 = f()\n\ncart_test.py:3: AssertionError\n    \
                    cart_test.go:12: \n        \tError:      \tNot equal: \n        \t            \texpected: 1\n\
                    --- FAIL: TestAdd (0.00s)";
        assert_eq!(
            beginnings(text),
            [
                "E       assert 1 == 2",
                "",
                "cart_test.py:3: AssertionError",
                "    cart_test.go:12: ",
                "--- FAIL: TestAdd (0.00s)"
            ]
        );
    }
}
