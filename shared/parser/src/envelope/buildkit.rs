//! BuildKit's plain progress: `docker build --progress=plain`, `docker buildx bake`.
//!
//! What it runs, a vertex, has a number. `#12 [builder 3/7] RUN make` stands before its lines behind
//! an empty one, again after each turn that another vertex had; `#12 0.400 text` is what its command
//! printed 0.4 seconds after it began; `#12 DONE 3.2s`, `#12 CACHED`, `#12 CANCELED` and
//! `#12 ERROR: why` end it, though it may come back. Behind a failed build the last ten lines of the
//! vertex that failed stand once more, between lines of dashes. As `util/progress/progressui` of
//! BuildKit writes it.

use logmill_model::Outcome;
use serde::{Deserialize, Serialize};

use super::Peeled;
use crate::report::Report;
use crate::steps::MAIN;

/// The line before and behind what is shown once more.
const DASHES: &str = "------";
/// The most lines that are shown once more.
const EXCERPT: u8 = 10;
/// What says which builder is used, and never ends.
const BUILDER: &str = "building with \"";
/// From which lane on those of the first vertices are over.
const LATER: u32 = 4;

/// The build of an image, or of several.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Build {
    /// Whether a vertex was seen.
    active: bool,
    /// Whether the line before was empty.
    behind_empty: bool,
    /// The greatest lane of a vertex so far.
    last: u32,
    /// Whether output of vertices was shown, which an excerpt repeats then.
    shown: bool,
    excerpt: Excerpt,
    /// What the line at hand says of its vertex.
    #[serde(skip)]
    said: Said,
}

/// Where in the lines behind a failed build the last line stood.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
enum Excerpt {
    #[default]
    Outside,
    /// At a line of dashes.
    Begin,
    /// Within, with so many lines to come at most.
    Inside(u8),
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Said {
    #[default]
    Nothing,
    /// Its name.
    Name,
    /// How it ended, and after how many seconds.
    End(Outcome, Option<f64>),
}

impl Build {
    /// Takes off what stands before a command's output.
    pub(super) fn peel<'a>(&mut self, peeled: Peeled<'a>) -> Peeled<'a> {
        let text = peeled.body;
        let behind_empty = std::mem::replace(&mut self.behind_empty, text.is_empty());
        self.said = Said::Nothing;
        if self.excerpt != Excerpt::Outside || text == DASHES {
            return self.excerpt(peeled);
        }
        let Some((lane, rest)) = numbered(text) else { return peeled };
        if let Some(body) = output(rest) {
            self.shown = true;
            return Peeled { body, lane: if self.active { lane } else { MAIN }, ..peeled };
        }
        self.said = match end(rest) {
            Some((outcome, seconds)) => Said::End(outcome, seconds),
            None if is_name(rest) || self.active && behind_empty && rest != "..." => Said::Name,
            None => Said::Nothing,
        };
        self.active |= self.said == Said::Name;
        Peeled { lane: if self.active { lane } else { MAIN }, ..peeled }
    }

    /// Follows what is shown once more.
    fn excerpt<'a>(&mut self, peeled: Peeled<'a>) -> Peeled<'a> {
        let text = peeled.body;
        let (next, body) = match self.excerpt {
            Excerpt::Outside => (Excerpt::Begin, text),
            Excerpt::Begin if text.starts_with(" > ") && self.active => {
                (Excerpt::Inside(EXCERPT), text)
            }
            Excerpt::Inside(left) if left > 0 && text != DASHES => {
                let rest = numbered(text).map_or(text, |(_, rest)| rest);
                (Excerpt::Inside(left - 1), output(rest).unwrap_or(text))
            }
            Excerpt::Begin | Excerpt::Inside(_) => (Excerpt::Outside, text),
        };
        self.excerpt = next;
        Peeled { body, repeats: self.shown && matches!(next, Excerpt::Inside(_)), ..peeled }
    }

    /// Opens and ends the steps of vertices.
    pub(super) fn read(&mut self, peeled: &Peeled<'_>, report: &mut Report<'_>) {
        if peeled.lane == MAIN {
            return;
        }
        match self.said {
            Said::Nothing => {}
            Said::Name => {
                let Some((lane, name)) = numbered(report.line.text) else { return };
                let is_first = self.last >= LATER && lane < LATER && begins(name);
                if is_first && !report.runs_lane() {
                    report.close_lanes();
                    self.last = 0;
                }
                self.last = self.last.max(lane);
                if !name.starts_with(BUILDER) {
                    report.open_lane(name);
                }
            }
            Said::End(outcome, seconds) => report.end_lane(outcome, seconds),
        }
    }
}

/// The lane and the text of `#12 text`: that of vertex 0 is the one behind the main lane.
fn numbered(text: &str) -> Option<(u32, &str)> {
    let rest = text.strip_prefix('#')?;
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at_checked(length)?;
    let number: u32 = number.parse().ok()?;
    Some((number.checked_add(MAIN + 1)?, rest.strip_prefix(' ')?))
}

/// The text of `0.400 text`: five characters of time, three digits behind the point later on.
fn output(text: &str) -> Option<&str> {
    let length = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (time, rest) = text.split_at_checked(length)?;
    let (whole, fraction) = time.split_once('.')?;
    let is_time =
        !whole.is_empty() && !fraction.contains('.') && (length == 5 || fraction.len() == 3);
    if !is_time {
        return None;
    }
    if rest.is_empty() { Some("") } else { rest.strip_prefix(' ') }
}

/// How a vertex ended.
fn end(text: &str) -> Option<(Outcome, Option<f64>)> {
    let seconds = |time: &str| time.trim().strip_suffix('s')?.parse().ok();
    match text {
        "DONE" => Some((Outcome::Success, None)),
        "CACHED" => Some((Outcome::Success, None)),
        "CANCELED" => Some((Outcome::Cancelled, None)),
        _ if text.starts_with("ERROR: ") => Some((Outcome::Failed, None)),
        _ => text.strip_prefix("DONE ").map(|time| (Outcome::Success, seconds(time))),
    }
}

/// Whether a vertex is named so that nothing else looks alike.
fn is_name(text: &str) -> bool {
    begins(text) || text.starts_with("[internal] ") || text.starts_with("[auth] ") || {
        // `[linux/amd64 builder 3/7] RUN make`
        let place = text.strip_prefix('[').and_then(|text| text.split_once("] "));
        let step = place.and_then(|(place, _)| place.rsplit(' ').next()?.split_once('/'));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
        step.is_some_and(|(at, of)| is_number(at) && is_number(of))
    }
}

/// Whether a build begins with this vertex.
fn begins(text: &str) -> bool {
    let starts = |prefix| text.starts_with(prefix);
    starts(BUILDER)
        || starts("[internal] booting buildkit")
        || starts("[internal] load build definition")
        || starts("[internal] load .dockerignore")
}

#[cfg(test)]
mod tests {
    use crate::dialect::tests::read;
    use crate::{Event, Options, Parser};

    #[test]
    fn layers_that_run_side_by_side_are_steps_with_results_of_their_own() {
        let seen = read(include_str!("../../testdata/buildkit.log"));
        let steps: Vec<&str> = seen.steps.iter().map(|step| &step[..step.len().min(40)]).collect();
        assert_eq!(
            steps,
            [
                "31-52 failed [test 3/3] RUN pytest -q",
                "26-44 success [lint 1/1] RUN make lint |",
                "23-24 success [base 2/3] COPY . .",
                "15-17 success [internal] load build cont",
                "11-21 success [base 1/3] FROM docker.io/",
                "8-9 success [internal] load metadata for",
                "4-6 success [internal] load build defini",
            ]
        );
    }

    #[test]
    fn a_test_run_in_a_layer_is_a_test_run_and_what_is_shown_once_more_counts_once() {
        let seen = read(include_str!("../../testdata/buildkit.log"));
        assert_eq!(seen.tests, ["fail tests/test_cart.py tests.test_cart::test_total"]);
        assert_eq!(seen.summaries, ["pytest 2 run 1 passed 1 failed 0 skipped"]);
        assert_eq!(seen.explanation, ["37-39 pytest assertion"]);
        let told = seen.errors.iter().filter(|error| error.contains("assert 3 == 4")).count();
        assert_eq!(told, 1, "{:?}", seen.errors);
    }

    /// The number, parent, begin and end of each step, and what the build came to.
    fn steps(log: &str) -> Vec<String> {
        let mut seen = Vec::new();
        let mut sink = |event: Event<'_>| match event {
            Event::Step(step) => {
                let time = |at: Option<logmill_model::Timestamp>| at.map(|at| at.to_string());
                seen.push(format!(
                    "{} in {:?} {} {:?} {:?}",
                    step.name,
                    step.parent,
                    step.result.as_str(),
                    time(step.started_at),
                    time(step.finished_at)
                ));
            }
            Event::Build(build) => {
                seen.push(format!(
                    "{} {} dropped",
                    build.result.as_str(),
                    build.cuts.steps_dropped
                ));
            }
            _ => {}
        };
        let mut parser = Parser::new(Options::default());
        parser.push(log.as_bytes(), &mut sink);
        parser.finish(None, &mut sink);
        seen
    }

    #[test]
    fn a_layer_lies_in_the_step_of_the_job_and_its_seconds_say_when_it_began() {
        let log = "2026-03-04T10:15:20.0000000Z ##[group]Run docker build .\n\
                   2026-03-04T10:15:20.0000000Z ##[endgroup]\n\
                   2026-03-04T10:15:21.0000000Z #1 [internal] load build definition from Dockerfile\n\
                   2026-03-04T10:15:22.5000000Z #1 DONE 2.0s\n\
                   2026-03-04T10:15:23.0000000Z #2 exporting to image\n\
                   2026-03-04T10:15:23.0000000Z ##[group]Run true\n";
        assert_eq!(
            steps(log)[0],
            "[internal] load build definition from Dockerfile in Some(1) success \
             Some(\"2026-03-04T10:15:20.5Z\") Some(\"2026-03-04T10:15:22.5Z\")"
        );
    }

    #[test]
    fn a_layer_that_survived_its_errors_fails_no_build() {
        let seen = read(
            "#1 [1/1] RUN make lint || true\n#1 0.100 a.c:3:5: error: unknown type name 'in'\n\
             #1 0.200 make: *** [Makefile:2: lint] Error 1\n#1 DONE 0.3s\n\n\
             #2 exporting to image\n#2 naming to docker.io/library/shop done\n#2 DONE 0.1s\n",
        );
        assert_eq!((seen.result, seen.explanation), ("success", vec![]));
    }

    #[test]
    fn a_second_build_has_steps_of_its_own() {
        let build = "#1 [internal] load build definition from Dockerfile\n#1 DONE 0.0s\n\n\
                     #3 [1/2] FROM debian\n#3 DONE 0.1s\n\n#4 [2/2] RUN make\n#4 DONE 0.1s\n\n";
        let seen = steps(&format!("{build}{build}"));
        let begins = |name: &str| seen.iter().filter(|step| step.starts_with(name)).count();
        assert_eq!((begins("[internal]"), begins("[1/2]"), begins("[2/2]")), (2, 2, 2), "{seen:?}");
    }

    #[test]
    fn layers_without_number_are_counted_and_not_kept() {
        let log: String = (1..200).map(|at| format!("#{at} [{at}/200] RUN make\n\n")).collect();
        let seen = steps(&log);
        assert_eq!((seen.len(), seen[64].as_str()), (65, "unknown 135 dropped"));
    }

    #[test]
    fn an_excerpt_of_output_that_was_not_shown_is_read() {
        let seen = read(
            "#7 [2/2] RUN make\n#7 ERROR: process \"/bin/sh -c make\" did not complete successfully: exit code: 2\n\
             ------\n > [2/2] RUN make:\n0.301 cart.c:3:5: error: unknown type name 'in'\n------\n",
        );
        assert_eq!(seen.explanation, ["5-5 compiler compiler"]);
    }

    #[test]
    fn what_only_looks_alike_is_left_as_it_is() {
        let log = "#0 /app/cart.php(3): add()\n#12 DONE 3.2s\n#1 fix\n";
        let seen = read(log);
        assert!(seen.steps.is_empty());
        assert_eq!(seen.records[0].message, "#0 /app/cart.php(3): add()");
    }
}
