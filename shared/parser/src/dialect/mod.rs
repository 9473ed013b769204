//! The dialects of tools: what their lines mean.
//!
//! A dialect is one file: the literals by which its lines are found, its state, what it makes of a
//! line. One filter looks for the literals of all of them at once, so that a line that none of
//! them knows costs one pass (`prefilter`); a dialect sees a line that holds one of its literals, or every line
//! while it is awake. Adding one is its file and its line in the table below.

use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use crate::report::{Line, Report};

/// How one tool writes.
trait Dialect {
    /// The tool's name, as errors carry it.
    const NAME: &'static str;
    /// A line is shown to the dialect if it holds one of these, of at least four bytes.
    const LITERALS: &'static [&'static str];
    /// A line is shown to the dialect if it begins with one of these, however short.
    const STARTS: &'static [&'static str] = &[];

    /// Whether the next line is to be shown whatever it holds: only a line that the dialect was shown
    /// changes that.
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

mod counts;
mod prefilter;
mod titles;

pub(crate) use prefilter::{Found, find};

/// Whether every literal is long enough for the prefilter.
const fn all_are_searchable(literals: &[&str]) -> bool {
    let mut at = 0;
    while at < literals.len() {
        if literals[at].len() < prefilter::WINDOW {
            return false;
        }
        at += 1;
    }
    true
}

macro_rules! dialects {
    ($($module:ident :: $dialect:ident),* $(,)?) => {
        $(mod $module;)*

        /// The state of every dialect.
        #[derive(Clone, Debug, Default, Deserialize, Serialize)]
        pub(crate) struct Dialects {
            $($module: $module::$dialect,)*
            /// Those that are awake, a bit each, in the order of the table.
            awake: u64,
        }

        /// Where each dialect stands in the table.
        enum Place {
            $($dialect,)*
        }

        /// The literals of every dialect, in the order of the table.
        const TABLE: &[&[&str]] = &[$($module::$dialect::LITERALS,)*];
        const _: () = assert!(TABLE.len() <= 64, "the dialects do not fit into a u64");
        $(const _: () = assert!(
            all_are_searchable($module::$dialect::LITERALS),
            "a literal is shorter than the window by which it is found",
        );)*

        /// What lines of every dialect begin with, in the order of the table.
        const STARTS: &[&[&str]] = &[$($module::$dialect::STARTS,)*];

        impl Dialects {
            /// Shows the line to every dialect that it concerns.
            pub(crate) fn line(&mut self, found: &Found, report: &mut Report<'_>) {
                let mut concerned = found.dialects | self.awake;
                while concerned != 0 {
                    let at = concerned.trailing_zeros();
                    concerned &= concerned - 1;
                    $(
                        if at == Place::$dialect as u32 {
                            report.tool = $module::$dialect::NAME;
                            self.$module.line(report.line, report);
                            let awake = u64::from(self.$module.awake());
                            self.awake = self.awake & !(1 << at) | awake << at;
                        } else
                    )* {}
                }
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
    command::Command,
    tox::Tox,
    nox::Nox,
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
    sbt::Sbt,
    testng::TestNg,
    junit_console::JunitConsole,
    mocha::Mocha,
    vitest::Vitest,
    node_test::NodeTest,
    tap::Tap,
    playwright::Playwright,
    ava::Ava,
    karma::Karma,
    coverage::Coverage,
    pytest::Pytest,
    unittest::Unittest,
    jest::Jest,
    rspec::Rspec,
    minitest::Minitest,
    cucumber::Cucumber,
    // Behind those that print `Failures:`, too.
    jasmine::Jasmine,
    phpunit::Phpunit,
    gtest::Gtest,
    catch2::Catch2,
    dotnet::Dotnet,
    exunit::Exunit,
    xctest::Xctest,
    nextest::Nextest,
    cargo::Cargo,
    rust_test::RustTest,
    ginkgo::Ginkgo,
    gocheck::Gocheck,
    go_test::GoTest,
    go::Go,
    npm::Npm,
    yarn::Yarn,
    bundler::Bundler,
    cmake::Cmake,
    sanitizer::Sanitizer,
    compiler::Compiler,
    trace::Trace,
    make::Make,
    shell::Shell,
    generic::Generic,
}

#[cfg(test)]
pub(crate) mod tests;
