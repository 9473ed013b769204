//! Events as lines of JSON, one object a line.
//!
//! Every line has a `kind` (`record`, `step`, `error`, `test`, `test_summary`, `terraform`,
//! `explanation`, `build`) and, but for the build, a `line_number` from 1; a block of lines has an
//! `end_line_number`. What is not known is left out.

mod record_line;

use std::io::{self, Write};

use logmill_model::{
    Build, Cuts, Explanation, LogError, Record, Severity, Step, TerraformRun, TestCase, TestCounts,
    TestSummary, Timestamp,
};
use serde::Serialize;

use crate::event::{Event, Sink};

/// Writes events as NDJSON.
pub struct Writer<W> {
    out: W,
    place: Place,
    error: Option<io::Error>,
    /// Memory for the line at hand.
    line: Vec<u8>,
    stamps: record_line::Stamps,
}

/// Where a line comes from, when that is not plain.
#[derive(Clone, Debug, Default)]
struct Place {
    file: Option<String>,
    part: Option<String>,
}

impl<W: Write> Writer<W> {
    /// Writes to `out`, which should be buffered.
    pub fn new(out: W) -> Self {
        Self {
            out,
            place: Place::default(),
            error: None,
            line: Vec::new(),
            stamps: record_line::Stamps::default(),
        }
    }

    /// Says in each line from which file it comes.
    pub fn set_file(&mut self, file: Option<String>) {
        self.place.file = file;
    }

    /// Says in each line from which log of an archive it comes.
    pub fn set_part(&mut self, part: Option<String>) {
        self.place.part = part;
    }

    /// Ends the output.
    ///
    /// # Errors
    /// The first error of the writing beneath; nothing was written after it.
    pub fn finish(mut self) -> io::Result<W> {
        match self.error {
            Some(error) => Err(error),
            None => self.out.flush().map(|()| self.out),
        }
    }

    /// Nearly every line is a record: it is written by hand, several times faster than by serde.
    fn write_record(&mut self, record: &Record) -> io::Result<()> {
        self.line.clear();
        record_line::write(record, &mut self.stamps, &mut self.line);
        self.close()
    }

    /// Writes an object with the kind in front of what `view` has.
    fn write(&mut self, kind: &'static str, view: impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, &view)?;
        self.line.pop();
        write!(self.out, "{{\"kind\":\"{kind}\",")?;
        self.out.write_all(&self.line[1..])?;
        self.line.clear();
        self.close()
    }

    /// Ends an object with where it comes from, and writes what is at hand.
    fn close(&mut self) -> io::Result<()> {
        if let Some(file) = &self.place.file {
            record_line::text(",\"file\":", file, &mut self.line);
        }
        if let Some(part) = &self.place.part {
            record_line::text(",\"part\":", part, &mut self.line);
        }
        self.line.extend_from_slice(b"}\n");
        self.out.write_all(&self.line)
    }
}

impl<W: Write> Sink for Writer<W> {
    fn event(&mut self, event: Event<'_>) {
        if self.error.is_some() {
            return;
        }
        let written = match event {
            Event::Record(record) => self.write_record(record),
            Event::Step(step) => self.write("step", StepView::of(step)),
            Event::Error(error) => self.write("error", ErrorView::of(error)),
            Event::Test(test) => self.write("test", TestView::of(test)),
            Event::TestSummary(summary) => self.write("test_summary", SummaryView::of(summary)),
            Event::Terraform(run) => self.write("terraform", TerraformView::of(run)),
            Event::Explanation(explanation) => {
                self.write("explanation", ExplanationView::of(explanation))
            }
            Event::Build(build) => self.write("build", BuildView::of(build)),
        };
        self.error = written.err();
    }
}

/// The last line of a block, where it is not the first.
fn end_line(first: u64, last: u64) -> Option<u64> {
    (last != first).then_some(last)
}

#[derive(Serialize)]
struct StepView<'a> {
    number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<u32>,
    name: &'a str,
    result: &'static str,
    line_number: u64,
    start_line: u64,
    end_line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_s: Option<f64>,
    errors: u32,
}

impl<'a> StepView<'a> {
    fn of(step: &'a Step) -> Self {
        Self {
            number: step.number,
            parent: step.parent,
            name: &step.name,
            result: step.result.as_str(),
            line_number: step.start_line,
            start_line: step.start_line,
            end_line: step.end_line,
            started_at: step.started_at,
            finished_at: step.finished_at,
            duration_s: step.duration_s(),
            errors: step.errors,
        }
    }
}

#[derive(Serialize)]
struct ErrorView<'a> {
    line_number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line_number: Option<u64>,
    severity: Severity,
    reason: &'static str,
    message: &'a str,
    tool: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_id: Option<&'a str>,
}

impl<'a> ErrorView<'a> {
    fn of(error: &'a LogError) -> Self {
        Self {
            line_number: error.line,
            end_line_number: end_line(error.line, error.end_line),
            severity: error.severity,
            reason: error.reason.as_str(),
            message: &error.message,
            tool: &error.tool,
            step: error.step,
            template_id: error.template_id.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct TestView<'a> {
    line_number: u64,
    framework: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    classname: Option<&'a str>,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl<'a> TestView<'a> {
    fn of(test: &'a TestCase) -> Self {
        Self {
            line_number: test.line,
            framework: &test.framework,
            name: &test.name,
            classname: test.classname.as_deref(),
            result: test.result.as_str(),
            duration_s: test.duration_s,
            message: test.message.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct SummaryView<'a> {
    line_number: u64,
    framework: &'a str,
    run: u64,
    passed: u64,
    failed: u64,
    skipped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_s: Option<f64>,
}

impl<'a> SummaryView<'a> {
    fn of(summary: &'a TestSummary) -> Self {
        Self {
            line_number: summary.line,
            framework: &summary.framework,
            run: summary.run,
            passed: summary.passed,
            failed: summary.failed,
            skipped: summary.skipped,
            duration_s: summary.duration_s,
        }
    }
}

#[derive(Serialize)]
struct TerraformView {
    line_number: u64,
    add: u64,
    change: u64,
    destroy: u64,
    import: u64,
    no_changes: bool,
    error: bool,
}

impl TerraformView {
    fn of(run: &TerraformRun) -> Self {
        Self {
            line_number: run.line,
            add: run.add,
            change: run.change,
            destroy: run.destroy,
            import: run.import,
            no_changes: run.no_changes,
            error: run.error,
        }
    }
}

#[derive(Serialize)]
struct ExplanationView<'a> {
    line_number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line_number: Option<u64>,
    reason: &'static str,
    tool: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    headline: &'a str,
    message: &'a str,
}

impl<'a> ExplanationView<'a> {
    fn of(explanation: &'a Explanation) -> Self {
        Self {
            line_number: explanation.line,
            end_line_number: end_line(explanation.line, explanation.end_line),
            reason: explanation.reason.as_str(),
            tool: &explanation.tool,
            step: explanation.step,
            headline: &explanation.headline,
            message: &explanation.message,
        }
    }
}

/// The tool and the framework are the first seen; all of them stand in the lists.
#[derive(Serialize)]
struct BuildView<'a> {
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    framework: Option<&'a str>,
    tools: &'a [String],
    frameworks: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_s: Option<f64>,
    lines: u64,
    bytes: u64,
    records: u64,
    steps: u64,
    errors: u64,
    warnings: u64,
    error_rate: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tests: Option<TestCounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terraform: Option<TerraformRun>,
    cuts: &'a Cuts,
    parser_version: &'static str,
}

impl<'a> BuildView<'a> {
    fn of(build: &'a Build) -> Self {
        Self {
            result: build.result.as_str(),
            tool: build.tools.first().map(String::as_str),
            framework: build.frameworks.first().map(String::as_str),
            tools: &build.tools,
            frameworks: &build.frameworks,
            started_at: build.started_at,
            finished_at: build.finished_at,
            duration_s: build.duration_s(),
            lines: build.lines,
            bytes: build.bytes,
            records: build.records,
            steps: build.steps,
            errors: build.errors,
            warnings: build.warnings,
            error_rate: build.error_rate(),
            tests: build.tests,
            terraform: build.terraform,
            cuts: &build.cuts,
            parser_version: crate::VERSION,
        }
    }
}
