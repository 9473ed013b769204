//! Reads a sample of a dialect and shows what was found, short enough to be compared with.

use logmill_model::Record;

use crate::{Event, Options, Parser};

/// What was found in a log.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) records: Vec<Record>,
    /// `first-last result name`
    pub(crate) steps: Vec<String>,
    /// The dialects that found errors.
    finders: Vec<String>,
    /// `first-last severity message`
    pub(crate) errors: Vec<String>,
    /// `result class name`
    pub(crate) tests: Vec<String>,
    /// `framework n run n passed n failed n skipped`
    pub(crate) summaries: Vec<String>,
    /// `first-last tool reason`
    pub(crate) explanation: Vec<String>,
    /// `add n change n destroy n import n`, then `no changes` and `error`, each if it is so.
    pub(crate) terraform: Vec<String>,
    /// `line why` of the failed tests that say why.
    pub(crate) messages: Vec<String>,
    pub(crate) tools: Vec<String>,
    pub(crate) result: &'static str,
}

pub(crate) fn read(log: &str) -> Seen {
    let mut seen = Seen::default();
    let mut sink = |event: Event<'_>| match event {
        Event::Record(record) => seen.records.push(record.clone()),
        Event::Step(step) => seen.steps.push(format!(
            "{}-{} {} {}",
            step.start_line,
            step.end_line,
            step.result.as_str(),
            step.name
        )),
        Event::Error(error) => {
            seen.finders.push(error.tool.clone());
            seen.errors.push(format!(
                "{}-{} {} {}",
                error.line,
                error.end_line,
                format!("{:?}", error.severity).to_lowercase(),
                error.message
            ));
        }
        Event::Test(test) => {
            seen.messages.extend(test.message.iter().map(|why| format!("{} {why}", test.line)));
            seen.tests.push(format!(
                "{} {} {}",
                test.result.as_str(),
                test.classname.as_deref().unwrap_or("-"),
                test.name
            ));
        }
        Event::Terraform(run) => {
            let said = if run.no_changes { ", no changes" } else { "" };
            let error = if run.error { ", error" } else { "" };
            seen.terraform.push(format!(
                "add {} change {} destroy {} import {}{said}{error}",
                run.add, run.change, run.destroy, run.import
            ));
        }
        Event::TestSummary(summary) => seen.summaries.push(format!(
            "{} {} run {} passed {} failed {} skipped",
            summary.framework, summary.run, summary.passed, summary.failed, summary.skipped
        )),
        Event::Explanation(why) => seen.explanation.push(format!(
            "{}-{} {} {}",
            why.line,
            why.end_line,
            why.tool,
            why.reason.as_str()
        )),
        Event::Build(build) => {
            seen.tools.clone_from(&build.tools);
            seen.result = build.result.as_str();
        }
    };
    let mut parser = Parser::new(Options::default());
    parser.push(log.as_bytes(), &mut sink);
    parser.finish(None, &mut sink);
    seen
}

#[test]
fn every_dialect_has_a_sample_in_which_it_finds_something() {
    for (file, name) in super::FILES {
        let path = format!("{}/testdata/{file}.log", env!("CARGO_MANIFEST_DIR"));
        let log = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let seen = read(&log);
        // These find no errors, only fields or tools.
        let field = match *name {
            "phrase" => "build_step",
            "access_log" => "status",
            _ => "",
        };
        let fields = seen.records.iter().any(|record| record.fields.get(field).is_some());
        let tools = *name == "command" && !seen.tools.is_empty();
        assert!(fields || tools || seen.finders.iter().any(|finder| finder == name), "{path}");
    }
}
