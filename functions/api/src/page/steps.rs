//! The steps of a build, each indented under the one that it is a part of, with a bar that shows
//! when it ran. Nothing recurses, so the depth of a log's steps costs no stack.

use std::collections::HashMap;

use logmill_model::{Outcome, Step};
use maud::{Markup, html};

use super::parts::{outcome, took};
use crate::document::BuildDocument;
use crate::link;
use crate::text::{count, grouped, readable};

/// Up to here, all steps stand open.
const OPEN: usize = 60;
/// Deeper steps are indented no further.
const DEEPEST: usize = 8;

/// The section of the steps.
pub(super) fn steps(key: &str, part: &str, document: &BuildDocument) -> Markup {
    let steps = &document.steps;
    if steps.is_empty() {
        return html! {};
    }
    let depths = depths(steps);
    let span = Span::of(steps);
    let place = Place { key, part, span };
    let all: Vec<_> = steps.iter().zip(depths).collect();
    let of_note = |step: &Step| step.result == Outcome::Failed || step.errors > 0;
    let noted: Vec<_> = all.iter().copied().filter(|(step, _)| of_note(step)).take(OPEN).collect();
    let cut = document.cuts.steps_cut;
    html! {
        section {
            h2 { "Steps " span.quiet { (grouped(steps.len() as u64 + cut)) } }
            @if all.len() <= OPEN {
                (rows(&place, &all))
            } @else {
                @if noted.is_empty() { p { "None of them failed." } } @else { (rows(&place, &noted)) }
                details { summary { "All " (count(all.len() as u64, "step")) } (rows(&place, &all)) }
            }
            @if cut > 0 { p.quiet { (grouped(cut)) " more are in the log only." } }
        }
    }
}

struct Place<'a> {
    key: &'a str,
    part: &'a str,
    span: Option<Span>,
}

fn rows(place: &Place<'_>, steps: &[(&Step, usize)]) -> Markup {
    html! {
        table.steps {
            thead { tr { th scope="col" { "Step" } th scope="col" { "Result" } th.num scope="col" { "Took" } th.bar scope="col" { "When" } th.num scope="col" { "Line" } } }
            tbody {
                @for (step, depth) in steps {
                    @let (class, sign, word) = outcome(step.result);
                    tr {
                        td class={ "d" (depth) } { (readable(&step.name)) @if step.errors > 0 { " " span.error { (count(step.errors.into(), "error")) } } }
                        td class={ "result " (class) } { span aria-hidden="true" { (sign) } " " (word) }
                        td.num { (took(step.duration_s())) }
                        td.bar { @if let Some(span) = place.span { (span.bar(step, class)) } }
                        td.num { a href=(link::line(place.key, place.part, step.start_line)) { (step.start_line) } }
                    }
                }
            }
        }
    }
}

/// The time that all steps took together, in seconds since the epoch.
#[derive(Clone, Copy)]
struct Span {
    start: f64,
    length: f64,
}

impl Span {
    fn of(steps: &[Step]) -> Option<Self> {
        let start = steps.iter().filter_map(|step| step.started_at).min()?;
        let end = steps.iter().filter_map(|step| step.finished_at).max()?;
        let length = end.duration_since(start).as_secs_f64();
        (length > 0.0).then(|| Self { start: start.as_duration().as_secs_f64(), length })
    }

    /// When a step ran, as a part of the whole.
    fn bar(self, step: &Step, class: &str) -> Markup {
        let Some((at, took)) = step.started_at.zip(step.duration_s()) else { return html! {} };
        let percent = |seconds: f64| (seconds / self.length * 100.0).clamp(0.0, 100.0);
        let from = percent(at.as_duration().as_secs_f64() - self.start).min(99.0);
        let width = percent(took).clamp(0.8, 100.0 - from);
        html! {
            svg class=(class) width="100%" height="10" aria-hidden="true" {
                rect.back x="0" y="4" width="100%" height="2" {}
                rect x=(format!("{from:.1}%")) y="0" width=(format!("{width:.1}%")) height="10" rx="2" {}
            }
        }
    }
}

/// How many steps each is inside of, at most [`DEEPEST`]. Only an earlier step can be a parent, so
/// forged parents make no circle.
fn depths(steps: &[Step]) -> Vec<usize> {
    let mut of: HashMap<u32, usize> = HashMap::with_capacity(steps.len());
    let mut depths = Vec::with_capacity(steps.len());
    for step in steps {
        let parent = step.parent.and_then(|parent| of.get(&parent));
        let depth = parent.map_or(0, |depth| (depth + 1).min(DEEPEST));
        of.insert(step.number, depth);
        depths.push(depth);
    }
    depths
}
