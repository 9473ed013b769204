//! What a page shows of one log, collected while it is read.

use logmill_model::{Build, Explanation, Outcome, Step, TestCase, TestOutcome, TestSummary};
use logmill_parser::{Event, Sink};

use super::excerpts::Excerpts;

/// Failed tests that are named.
pub(super) const NAMED_TESTS: usize = 20;
/// Steps that are remembered: those that failed, those of the CI system, and others.
const FAILED_STEPS: usize = 200;
const OTHER_STEPS: usize = 1000;
/// Test frameworks that are told apart.
const FRAMEWORKS: usize = 16;

/// What one log said, as far as a page shows it. Its size does not grow with the log's.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(super) excerpts: Excerpts,
    /// In the order of their beginning, once the build is told.
    pub(super) steps: Vec<Step>,
    failed_steps: usize,
    other_steps: usize,
    /// One for each framework, its runs added up.
    pub(super) summaries: Vec<TestSummary>,
    pub(super) failed_tests: Vec<TestCase>,
    pub(super) failed_tests_unnamed: u64,
    pub(super) explanations: Vec<Explanation>,
    pub(super) build: Build,
}

impl Sink for Report {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Record(record) => self.excerpts.record(record),
            Event::Error(error) => self.excerpts.error(error),
            Event::Step(step) => self.step(step),
            Event::Test(test) => self.test(test),
            Event::TestSummary(summary) => self.summary(summary),
            Event::Terraform(_) => {}
            Event::Explanation(explanation) => self.explanations.push(explanation.clone()),
            Event::Build(build) => {
                self.build = build.clone();
                self.steps.sort_by_key(|step| step.number);
            }
        }
    }
}

impl Report {
    fn step(&mut self, step: &Step) {
        let (count, most) = match step.result {
            Outcome::Failed => (&mut self.failed_steps, FAILED_STEPS),
            _ => (&mut self.other_steps, OTHER_STEPS),
        };
        if *count < most {
            *count += 1;
            self.steps.push(step.clone());
        }
    }

    fn test(&mut self, test: &TestCase) {
        if matches!(test.result, TestOutcome::Pass | TestOutcome::Skip) {
            return;
        }
        // Many tools name a failed test again at their end.
        let same = |known: &TestCase| known.name == test.name && known.classname == test.classname;
        if self.failed_tests.iter().any(same) {
            return;
        }
        if self.failed_tests.len() < NAMED_TESTS {
            self.failed_tests.push(test.clone());
        } else {
            self.failed_tests_unnamed += 1;
        }
    }

    fn summary(&mut self, summary: &TestSummary) {
        let same = |known: &&mut TestSummary| known.framework == summary.framework;
        if let Some(sum) = self.summaries.iter_mut().find(same) {
            sum.run += summary.run;
            sum.passed += summary.passed;
            sum.failed += summary.failed;
            sum.skipped += summary.skipped;
            sum.duration_s = match (sum.duration_s, summary.duration_s) {
                (Some(sum), Some(more)) => Some(sum + more),
                (sum, more) => sum.or(more),
            };
        } else if self.summaries.len() < FRAMEWORKS {
            self.summaries.push(summary.clone());
        }
    }

    /// The names of a step and of those around it, the outermost first.
    pub(super) fn step_path(&self, number: u32) -> Vec<&str> {
        let mut path = Vec::new();
        let mut next = Some(number);
        while let Some(number) = next
            && let Ok(at) = self.steps.binary_search_by_key(&number, |step| step.number)
        {
            let step = &self.steps[at];
            path.push(step.name.as_str());
            next = step.parent.filter(|parent| *parent < number);
        }
        path.reverse();
        path
    }
}
