//! Treeherder: which lines of a log of Mozilla's CI are errors.
//!
//! Logs of Mozilla's Buildbot and Taskcluster are read in Treeherder, and an error is what that
//! viewer shows as one: marks of the test harnesses, crashes, what sanitizers and compilers say, the
//! levels of mozharness. Tests there provoke errors of all other kinds on purpose. The rules are
//! those of the viewer's error parser; each line stands for itself.

use std::sync::LazyLock;

use logmill_model::{Level, Reason};
use regex::Regex;

/// One of these stands in every line that is an error by its text.
pub(crate) const LITERALS: [&str; 39] = [
    "TEST-UNEXPECTED-",
    "fatal error",
    "FATAL ERROR",
    "REFTEST ERROR",
    "PROCESS-CRASH",
    "Assertion failure:",
    "Assertion failed:",
    "###!!! ABORT:",
    "E/GeckoLinker",
    "SUMMARY: AddressSanitizer",
    "SUMMARY: LeakSanitizer",
    "SUMMARY: MemorySanitizer",
    "SUMMARY: ThreadSanitizer",
    "SUMMARY: UndefinedBehaviorSanitizer",
    "ThreadSanitizer: nested bug",
    "Automation Error:",
    "command timed out:",
    "wget: unable ",
    "TEST-VALGRIND-ERROR",
    "[  FAILED  ] ",
    "Hit MOZ_CRASH(",
    "YOU ARE LEAKING THE WORLD",
    // And of those below that are no plain terms.
    "TEST FAILED",
    ": ***",
    "Error: ",
    "Exception: ",
    "Remote Device Error:",
    "remoteFailed:",
    "rm: cannot ",
    "abort:",
    "Output exceeded ",
    "The web-page 'stop build' button",
    "Error -",
    ":error]",
    ":exception]",
    ": error:",
    " error",
    "ERROR 4",
    "ERROR 5",
];

/// Terms that make a line an error wherever they stand, the most telling first.
const TERMS: [(&str, Reason); 20] = [
    ("command timed out:", Reason::Timeout),
    ("Assertion failure:", Reason::Assertion),
    ("Assertion failed:", Reason::Assertion),
    ("###!!! ABORT:", Reason::Assertion),
    ("PROCESS-CRASH", Reason::Assertion),
    ("SUMMARY: AddressSanitizer", Reason::Assertion),
    ("SUMMARY: LeakSanitizer", Reason::Assertion),
    ("SUMMARY: MemorySanitizer", Reason::Assertion),
    ("SUMMARY: ThreadSanitizer", Reason::Assertion),
    ("SUMMARY: UndefinedBehaviorSanitizer", Reason::Assertion),
    ("ThreadSanitizer: nested bug", Reason::Assertion),
    ("TEST-UNEXPECTED-", Reason::Assertion),
    ("TEST-VALGRIND-ERROR", Reason::Assertion),
    ("REFTEST ERROR", Reason::Assertion),
    ("[  FAILED  ] ", Reason::Assertion),
    ("fatal error", Reason::Compiler),
    ("FATAL ERROR", Reason::Exception),
    ("E/GeckoLinker", Reason::Other),
    ("Automation Error:", Reason::Other),
    ("wget: unable ", Reason::Network),
];

/// Terms that the viewer has known since the tasks of Taskcluster; logs of Buildbot have them in
/// passing tests.
const LATER_TERMS: [(&str, Reason); 2] =
    [("Hit MOZ_CRASH(", Reason::Assertion), ("YOU ARE LEAKING THE WORLD", Reason::Assertion)];

/// How lines begin that are errors, the harness's own output before them taken off.
const BEGINNINGS: [(&str, Reason); 6] = [
    ("error: TEST FAILED", Reason::Summary),
    ("Remote Device Error:", Reason::Other),
    ("remoteFailed:", Reason::Network),
    ("rm: cannot ", Reason::Command),
    ("abort:", Reason::Command),
    ("The web-page 'stop build' button was pressed", Reason::Summary),
];

struct Patterns {
    passed: Regex,
    repeated: Regex,
    make: Regex,
    exception: Regex,
    shell: Regex,
    output: Regex,
    script: Regex,
    compiler: Regex,
    download: Regex,
    mozmake: Regex,
}

#[expect(clippy::unwrap_used, reason = "constant patterns, compiled by every test")]
static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns {
    passed: Regex::new("TEST-(?:INFO|PASS) |TEST-UNEXPECTED-WARNING").unwrap(),
    repeated: Regex::new("I[ /](?:Gecko|Robocop|TestRunner).*TEST-UNEXPECTED-").unwrap(),
    make: Regex::new(r"^g?make(?:\[[0-9]+\])?: \*\*\*").unwrap(),
    exception: Regex::new("^(?:[A-Za-z.]+Error|[A-Za-z.]*Exception): ").unwrap(),
    shell: Regex::new(r"^\[[\w.-]+:(?:error|exception)\]").unwrap(),
    output: Regex::new("^Output exceeded [0-9]+ bytes").unwrap(),
    script: Regex::new(r"\.js: line [0-9]+, col [0-9]+, Error -").unwrap(),
    compiler: Regex::new(r" error\([0-9]*\):|:[0-9]+: error:| error R?C[0-9]*:").unwrap(),
    download: Regex::new("ERROR [45][0-9][0-9]:").unwrap(),
    mozmake: Regex::new(r"mozmake\.(?:exe|EXE)(?:\[[0-9]+\])?: \*\*\*").unwrap(),
});

/// Why the line is an error; none if it is none. `level` is what mozharness says of it, and
/// `later` whether the log is one of Taskcluster.
pub(super) fn reason(text: &str, level: Option<Level>, later: bool) -> Option<Reason> {
    // Mozharness sets off what its commands say by one more space.
    let trimmed = if level.is_some() { text.trim() } else { text.trim_end() };
    if is_excluded(text, trimmed) {
        return None;
    }
    term(text, &TERMS)
        .or_else(|| if later { term(text, &LATER_TERMS) } else { None })
        .or_else(|| diagnostic(trimmed))
        .or_else(|| level.filter(|level| *level >= Level::Error).map(|_| logged(trimmed)))
}

/// Lines that the viewer leaves out whatever they hold: of tests that passed, and a device's copy of
/// what the harness says itself.
fn is_excluded(text: &str, trimmed: &str) -> bool {
    let patterns = &*PATTERNS;
    text.contains("TEST-") && (patterns.passed.is_match(text) || patterns.repeated.is_match(text))
        || text.contains("non-fatal error")
        || trimmed.starts_with("TimeoutException: ")
        || trimmed == "ImportError: No module named pygtk"
}

fn term(text: &str, terms: &[(&str, Reason)]) -> Option<Reason> {
    let (_, reason) = terms.iter().find(|(term, _)| text.contains(term))?;
    // How a crash ends the harness is no more than its result.
    let is_result = text.contains("| Exited with code ") && *reason == Reason::Assertion;
    Some(if is_result { Reason::Summary } else { *reason })
}

/// What make, compilers, scripts and programs say.
fn diagnostic(text: &str) -> Option<Reason> {
    let patterns = &*PATTERNS;
    if let Some((_, reason)) = BEGINNINGS.iter().find(|(start, _)| text.starts_with(start)) {
        return Some(in_time(text).unwrap_or(*reason));
    }
    if patterns.compiler.is_match(text) {
        Some(Reason::Compiler)
    } else if patterns.script.is_match(text) {
        Some(Reason::Lint)
    } else if patterns.exception.is_match(text) {
        Some(Reason::Exception)
    } else if patterns.make.is_match(text) || patterns.mozmake.is_match(text) {
        Some(Reason::Summary)
    } else if patterns.download.is_match(text) {
        Some(Reason::Network)
    } else if patterns.output.is_match(text) {
        Some(Reason::Resource)
    } else if patterns.shell.is_match(text) {
        Some(logged(text))
    } else {
        None
    }
}

/// Whether the line says that a time limit was passed.
fn in_time(text: &str) -> Option<Reason> {
    let late = ["time exceeded", "timed out"].iter().any(|words| text.contains(words));
    late.then_some(Reason::Timeout)
}

/// What a line says that a script logged as an error.
fn logged(text: &str) -> Reason {
    if let Some(late) = in_time(text) {
        return late;
    }
    let says_that = ["Return code: ", "exit status ", "Aborting task", "# TBPL "];
    if says_that.iter().any(|words| text.contains(words)) { Reason::Summary } else { Reason::Other }
}

#[cfg(test)]
mod tests {
    use logmill_model::{Level, Reason};

    use super::{LITERALS, reason};

    /// Lines of each kind, and what they are.
    const ERRORS: [(&str, Reason); 22] = [
        (
            "REFTEST TEST-UNEXPECTED-FAIL | file:///a/b.html | image comparison (==)",
            Reason::Assertion,
        ),
        (
            "TEST-UNEXPECTED-FAIL | automation.py | Exited with code 1 during test run",
            Reason::Summary,
        ),
        ("[Child 81] ###!!! ABORT: Main-thread-only object: file a.cpp, line 3", Reason::Assertion),
        ("SUMMARY: MemorySanitizer: use-of-uninitialized-value a.c:3", Reason::Assertion),
        ("[  FAILED  ] Suite.Case (3 ms)", Reason::Assertion),
        ("command timed out: 1200 seconds without output, attempting to kill", Reason::Timeout),
        ("a.cpp(7) : fatal error C1083: Cannot open include file", Reason::Compiler),
        ("z:/src/a.cpp:17:3: error: no member named 'b' in 'C'", Reason::Compiler),
        ("a.cpp(7): error C2065: 'b': undeclared identifier", Reason::Compiler),
        ("a.rc(7): error RC2104: undefined keyword", Reason::Compiler),
        ("urllib.error.URLError: database is locked", Reason::Exception),
        ("Exception: no device", Reason::Exception),
        ("gmake[2]: *** [a.o] Error 1", Reason::Summary),
        ("mozmake.exe[4]: *** [a.obj] Error 2", Reason::Summary),
        ("Output exceeded 52428800 bytes, remaining output has been truncated", Reason::Resource),
        ("src/a.js: line 3, col 9, Error - 'b' is not defined. (no-undef)", Reason::Lint),
        ("[taskcluster-image-build:error] no Dockerfile", Reason::Other),
        ("[test.sh:exception] it timed out", Reason::Timeout),
        ("2014-04-04 06:37:57 ERROR 404: Not Found.", Reason::Network),
        ("abort: no repository found", Reason::Command),
        ("rm: cannot remove `a': Is a directory", Reason::Command),
        ("remoteFailed: [Failure instance: connection lost]", Reason::Network),
    ];

    #[test]
    fn each_kind_of_error_is_known() {
        for (line, expected) in ERRORS {
            assert_eq!(reason(line, None, false), Some(expected), "{line}");
        }
    }

    #[test]
    fn a_line_that_is_an_error_is_found_by_the_prefilter() {
        for (line, _) in ERRORS {
            assert!(LITERALS.iter().any(|literal| line.contains(literal)), "{line}");
            assert!(crate::dialect::find(line).viewed, "{line}");
        }
    }

    #[test]
    fn what_the_viewer_leaves_out_is_no_error() {
        for line in [
            "110 INFO TEST-PASS | a.html | PROCESS-CRASH is shown",
            "TEST-UNEXPECTED-WARNING | a.js:3:1 | deprecated (mozilla/rule)",
            "I/GeckoDump(  730): 110 INFO TEST-UNEXPECTED-FAIL | a | b",
            "TimeoutException: page load",
            "  File \"a.py\", line 3",
            "KeyError:",
            "Caught Exception: Remote Device Error: no answer",
            "remove icons/: non-fatal error 39",
        ] {
            assert_eq!(reason(line, None, true), None, "{line}");
        }
    }

    #[test]
    fn the_level_of_the_script_makes_an_error_and_its_indentation_none() {
        assert_eq!(reason("could not parse", Some(Level::Error), true), Some(Reason::Other));
        assert_eq!(reason("Return code: 1", Some(Level::Error), true), Some(Reason::Summary));
        assert_eq!(reason("could not parse", Some(Level::Warn), true), None);
        assert_eq!(reason(" OSError: x", Some(Level::Info), true), Some(Reason::Exception));
        assert_eq!(reason(" OSError: x", None, true), None);
    }

    #[test]
    fn a_crash_on_purpose_in_a_log_of_buildbot_is_no_error() {
        let line = "Hit MOZ_CRASH(on purpose) at a.cpp:3";
        assert_eq!(reason(line, None, false), None);
        assert_eq!(reason(line, None, true), Some(Reason::Assertion));
    }
}
