//! The dialects of tools: what their lines mean.
//!
//! A dialect is one file: the literals by which its lines are found, its state, what it makes of a
//! line. One automaton looks for the literals of all of them at once, so that a line that none of
//! them knows costs one pass; a dialect sees a line that holds one of its literals, or every line
//! while it is awake. Adding one is its file and its line in the table below.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use logmill_model::Level;
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use crate::envelope::VIEWER_LITERALS;
use crate::level;
use crate::report::{Line, Report};

/// How one tool writes.
trait Dialect {
    /// The tool's name, as errors carry it.
    const NAME: &'static str;
    /// A line is shown to the dialect if it holds one of these.
    const LITERALS: &'static [&'static str];

    /// Whether the next line is to be shown whatever it holds.
    fn awake(&self) -> bool {
        false
    }

    /// Reads a line.
    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>);

    /// Tells what waited for lines that do not come any more: the step or the log is over.
    fn end(&mut self, _report: &mut Report<'_>) {}
}

/// What `pattern` captures in `text`, tried only where `text` holds a literal of it: looking for
/// groups costs a hundred times as much as looking for a literal.
fn captured<'t>(pattern: &Regex, text: &'t str, literal: &str) -> Option<Captures<'t>> {
    if text.contains(literal) { pattern.captures(text) } else { None }
}

mod titles;

mod counts;

macro_rules! dialects {
    ($($module:ident :: $dialect:ident),* $(,)?) => {
        $(mod $module;)*

        /// The state of every dialect.
        #[derive(Clone, Debug, Default, Deserialize, Serialize)]
        pub(crate) struct Dialects {
            $($module: $module::$dialect,)*
        }

        /// The literals of every dialect, in the order of the table.
        const TABLE: &[&[&str]] = &[$($module::$dialect::LITERALS,)*];

        impl Dialects {
            /// Shows the line to every dialect that it concerns.
            pub(crate) fn line(&mut self, found: &Found, report: &mut Report<'_>) {
                let mut bit = 1_u64;
                $(
                    if found.dialects & bit != 0 || self.$module.awake() {
                        report.tool = $module::$dialect::NAME;
                        self.$module.line(report.line, report);
                    }
                    bit <<= 1;
                )*
                let _ = bit;
            }

            /// Tells every dialect that nothing follows, and forgets what they know.
            pub(crate) fn end(&mut self, report: &mut Report<'_>) {
                $(
                    report.tool = $module::$dialect::NAME;
                    self.$module.end(report);
                )*
                *self = Self::default();
            }
        }

        /// The file and the name of each dialect.
        #[cfg(test)]
        const FILES: &[(&str, &str)] = &[$((stringify!($module), $module::$dialect::NAME),)*];
    };
}

// Of two that could read a line, the more special one stands first; `generic` stands last.
dialects! {
    access_log::AccessLog,
    teamcity::Teamcity,
    helm::Helm,
    ansible::Ansible,
    terraform::Terraform,
    docker::Docker,
    sonar::Sonar,
    phrase::Phrase,
    maven::Maven,
    ant::Ant,
    surefire::Surefire,
    gradle_test::GradleTest,
    gradle::Gradle,
    mozlog::Mozlog,
    mocha::Mocha,
    pytest::Pytest,
    unittest::Unittest,
    jest::Jest,
    rspec::Rspec,
    minitest::Minitest,
    cucumber::Cucumber,
    phpunit::Phpunit,
    gtest::Gtest,
    catch2::Catch2,
    dotnet::Dotnet,
    exunit::Exunit,
    xctest::Xctest,
    nextest::Nextest,
    cargo::Cargo,
    rust_test::RustTest,
    go_test::GoTest,
    go::Go,
    npm::Npm,
    cmake::Cmake,
    compiler::Compiler,
    trace::Trace,
    make::Make,
    shell::Shell,
    generic::Generic,
}

/// What the prefilter found in a line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    /// The dialects that it concerns, a bit each, in the order of the table.
    dialects: u64,
    /// The level that it states.
    pub(crate) level: Option<Level>,
    /// Whether a CI system's viewer may show it as an error.
    pub(crate) viewed: bool,
}

/// The literals that say what level a line has stand behind those of the dialects.
const LEVEL: u8 = u8::MAX;
/// And behind these, those of the viewer of a CI system.
const VIEWER: u8 = u8::MAX - 1;

struct Prefilter {
    automaton: Option<AhoCorasick>,
    /// For each literal, the dialect that asked for it.
    owners: Vec<u8>,
}

static PREFILTER: LazyLock<Prefilter> = LazyLock::new(|| {
    let mut literals: Vec<&str> = Vec::new();
    let mut owners = Vec::new();
    for (dialect, wanted) in (0_u8..).zip(TABLE) {
        literals.extend(*wanted);
        owners.resize(literals.len(), dialect);
    }
    literals.extend(level::LITERALS);
    owners.resize(literals.len(), LEVEL);
    literals.extend(VIEWER_LITERALS);
    owners.resize(literals.len(), VIEWER);
    // Some hundred short literals are far from what an automaton cannot hold.
    let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&literals).ok();
    Prefilter { automaton, owners }
});

/// Looks for every literal in `text`.
pub(crate) fn find(text: &str) -> Found {
    let mut found = Found::default();
    let Some(automaton) = &PREFILTER.automaton else {
        return Found { dialects: u64::MAX, level: None, viewed: true };
    };
    for hit in automaton.find_overlapping_iter(text) {
        match PREFILTER.owners[hit.pattern().as_usize()] {
            LEVEL if found.level.is_none() => found.level = level::at(text, hit.start()),
            LEVEL => {}
            VIEWER => found.viewed = true,
            dialect => found.dialects |= 1 << dialect,
        }
    }
    found
}

#[cfg(test)]
pub(crate) mod tests;
