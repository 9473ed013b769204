//! The documents' bodies: the parser's own types with their origin, written straight into the bulk
//! request.

use jiff::Timestamp;
use logmill_model::{Build, Explanation, Fields, LogError, Record, Step, TestCase, id};
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Serialize};

use crate::names::{TimeFault, place};
use crate::{Kind, Month};

/// The most steps of a build document.
pub const MAX_STEPS: usize = 2_000;
/// The most errors of a build document.
pub const MAX_ERRORS: usize = 1_000;
/// The most failed tests of a build document; each is a document of its own as well.
pub const MAX_FAILURES: usize = 200;
/// The most bytes of `text`, the searchable values beside the message.
pub const MAX_TEXT: usize = 32 * 1024;

/// Where the documents of one log come from; the same in each of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Origin {
    /// The deployment that the log belongs to.
    pub deployment_key: String,
    /// Which of its logs it is; `""` where there is only one.
    pub part: String,
    /// Where the log comes from: `github_actions`, `jenkins`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What is built or deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The object version that is parsed.
    pub generation: String,
    /// The parser that reads it.
    pub parser_version: String,
    /// The object's Last-Modified, so that a repeat writes the same.
    pub observed_at: Timestamp,
}

/// A document ready for a bulk request: where it belongs, and how it is written.
pub(crate) struct Document<B> {
    pub(crate) kind: Kind,
    pub(crate) month: Month,
    pub(crate) id: String,
    pub(crate) body: B,
}

/// The fields that every document has, around those of its kind.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    #[serde(rename = "@timestamp")]
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_fault: Option<&'static str>,
    #[serde(flatten)]
    origin: &'a Origin,
    #[serde(flatten)]
    own: Own<'a>,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    text: Texts<'a>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    text_cut: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Own<'a> {
    Record(RecordBody<'a>),
    Build(Box<BuildBody<'a>>),
    Test(&'a TestCase),
}

/// A record without its stamp, which is `@timestamp`, and without what it lacks.
#[derive(Serialize)]
struct RecordBody<'a> {
    line: u64,
    end_line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<logmill_model::Level>,
    kind: logmill_model::RecordKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_id: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Fields::is_empty")]
    fields: &'a Fields,
}

/// How many items the lists of a build document leave out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ListCuts {
    /// Steps.
    #[serde(rename = "steps_cut")]
    pub steps: u64,
    /// Errors.
    #[serde(rename = "errors_cut")]
    pub errors: u64,
    /// Failed tests.
    #[serde(rename = "failures_cut")]
    pub failures: u64,
}

/// What a build document is made of. Whoever gathers the lists keeps them within their limits.
#[derive(Clone, Copy, Debug)]
pub struct BuildParts<'a> {
    /// What kind of deployment it is, `build` for example.
    pub deployment_type: Option<&'a str>,
    /// What sums it up.
    pub build: &'a Build,
    /// Its steps: the first [`MAX_STEPS`] at most.
    pub steps: &'a [Step],
    /// Its errors: the first [`MAX_ERRORS`] at most.
    pub errors: &'a [LogError],
    /// Why it failed: the blocks that explain it, the most telling first.
    pub explanation: &'a [Explanation],
    /// Its failed tests: the first [`MAX_FAILURES`] at most.
    pub failures: &'a [TestCase],
    /// What the lists leave out.
    pub cut: ListCuts,
}

#[derive(Serialize)]
struct BuildBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_type: Option<&'a str>,
    result: logmill_model::Outcome,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    duration_s: Option<f64>,
    tools: &'a [String],
    frameworks: &'a [String],
    steps: Vec<StepBody<'a>>,
    errors: &'a [LogError],
    explanation: &'a [Explanation],
    tests: Option<logmill_model::TestCounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terraform: Option<logmill_model::TerraformRun>,
    failures: &'a [TestCase],
    metrics: Metrics,
    cuts: CutsBody<'a>,
}

#[derive(Serialize)]
struct StepBody<'a> {
    #[serde(flatten)]
    step: &'a Step,
    duration_s: Option<f64>,
}

#[derive(Serialize)]
struct Metrics {
    lines: u64,
    bytes: u64,
    records: u64,
    steps: u64,
    errors: u64,
    warnings: u64,
    error_rate: f64,
}

#[derive(Serialize)]
struct CutsBody<'a> {
    #[serde(flatten)]
    cuts: &'a logmill_model::Cuts,
    #[serde(flatten)]
    lists: ListCuts,
}

impl<'a> Document<Body<'a>> {
    pub(crate) fn record(origin: &'a Origin, record: &'a Record) -> Self {
        let id = id::line_document_id(&origin.deployment_key, &origin.part, record.line);
        let texts = Texts::new(record.fields.iter().map(|(_, value)| value));
        let own = Own::Record(RecordBody {
            line: record.line,
            end_line: record.end_line,
            level: record.level,
            kind: record.kind,
            step: record.step,
            template_id: record.template_id.as_deref(),
            message: &record.message,
            fields: &record.fields,
        });
        Self::new(Kind::Logs, origin, record.timestamp, id, own, texts)
    }

    pub(crate) fn test(origin: &'a Origin, at: Option<Timestamp>, test: &'a TestCase) -> Self {
        let id = id::line_document_id(&origin.deployment_key, &origin.part, test.line);
        let texts =
            Texts::new([Some(test.name.as_str()), test.classname.as_deref()].into_iter().flatten());
        Self::new(Kind::Tests, origin, at, id, Own::Test(test), texts)
    }

    pub(crate) fn build(origin: &'a Origin, parts: BuildParts<'a>) -> Self {
        let BuildParts { deployment_type, build, steps, errors, explanation, failures, cut } =
            parts;
        let id = id::build_document_id(&origin.deployment_key, &origin.part);
        let texts = Texts::new(
            explanation
                .iter()
                .map(|explanation| explanation.message.as_str())
                .chain(errors.iter().map(|error| error.message.as_str()))
                .chain(failures.iter().map(|test| test.name.as_str())),
        );
        let body = BuildBody {
            deployment_type,
            result: build.result,
            started_at: build.started_at,
            finished_at: build.finished_at,
            duration_s: build.duration_s(),
            tools: &build.tools,
            frameworks: &build.frameworks,
            steps: steps
                .iter()
                .map(|step| StepBody { step, duration_s: step.duration_s() })
                .collect(),
            errors,
            explanation,
            tests: build.tests,
            terraform: build.terraform,
            failures,
            metrics: Metrics {
                lines: build.lines,
                bytes: build.bytes,
                records: build.records,
                steps: build.steps,
                errors: build.errors,
                warnings: build.warnings,
                error_rate: build.error_rate(),
            },
            cuts: CutsBody { cuts: &build.cuts, lists: cut },
        };
        Self::new(Kind::Builds, origin, build.started_at, id, Own::Build(Box::new(body)), texts)
    }

    fn new(
        kind: Kind,
        origin: &'a Origin,
        stamp: Option<Timestamp>,
        id: String,
        own: Own<'a>,
        text: Texts<'a>,
    ) -> Self {
        let (at, month, fault) = place(stamp, origin.observed_at);
        let (time_fault, text_cut) = (fault.map(TimeFault::as_str), text.cut);
        let body = Body { at, time_fault, origin, own, text, text_cut };
        Self { kind, month, id, body }
    }
}

/// The values of `text`, each by itself, so that no phrase reaches from one into the next.
pub(crate) struct Texts<'a> {
    values: Vec<&'a str>,
    left: usize,
    pub(crate) cut: bool,
}

impl<'a> Texts<'a> {
    pub(crate) const fn empty() -> Self {
        Self { values: Vec::new(), left: MAX_TEXT, cut: false }
    }

    fn new(all: impl Iterator<Item = &'a str>) -> Self {
        let mut texts = Self::empty();
        all.for_each(|value| texts.push(value));
        texts
    }

    pub(crate) fn push(&mut self, value: &'a str) {
        let kept = value.floor_char_boundary(self.left);
        self.cut |= kept < value.len();
        if kept > 0 {
            self.values.push(&value[..kept]);
        }
        self.left -= kept;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl Serialize for Texts<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.values.len()))?;
        for value in &self.values {
            list.serialize_element(value)?;
        }
        list.end()
    }
}
