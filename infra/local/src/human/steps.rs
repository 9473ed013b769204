//! The steps of a page, nested as they are, the dull ones of a long list left out.

use std::io::{self, Write};

use logmill_model::{Outcome, Step};

use super::report::Report;
use super::style::{BAD, DIM, HEADING, sign};
use super::text;

/// Lists up to this long are shown whole.
const SHORT: usize = 24;
/// Deeper steps are not indented further.
const DEEPEST: usize = 8;
/// Columns of the names at most, so that the durations stay near.
const NAMES: usize = 72;

pub(super) fn print(report: &Report, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let steps = &report.steps;
    if steps.is_empty() {
        return Ok(());
    }
    let depths = depths(steps);
    let shown = shown(steps, &depths);
    let names: Vec<String> = steps.iter().map(|step| text::line(&step.name)).collect();
    let longest = (0..steps.len())
        .filter(|&at| shown[at])
        .map(|at| 2 * depths[at] + text::width(&names[at]))
        .max()
        .unwrap_or_default();
    let column = longest.min(NAMES).min(width.saturating_sub(30)).max(8);
    writeln!(out, "\n{HEADING}Steps{HEADING:#}")?;
    let mut hidden = Hidden::default();
    for (at, step) in steps.iter().enumerate() {
        if !shown[at] {
            if !is_detail(steps, step) {
                hidden.add(depths[at], step.result);
            }
            continue;
        }
        hidden.print(out)?;
        print_step(step, (&names[at], depths[at]), column, out)?;
    }
    hidden.print(out)?;
    let missing = report.build.steps.saturating_sub(steps.len() as u64);
    if missing > 0 {
        writeln!(out, "  {DIM}… and {} more{DIM:#}", text::grouped(missing))?;
    }
    Ok(())
}

fn print_step(
    step: &Step,
    (name, depth): (&str, usize),
    column: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (sign, style) = sign(step.result);
    let room = column.saturating_sub(2 * depth);
    let name = text::cut(name, room);
    let indent = " ".repeat(2 * depth);
    let gap = " ".repeat(room.saturating_sub(text::width(&name)));
    let time = step.duration_s().map(text::duration).unwrap_or_default();
    let is_bad = step.result == Outcome::Failed;
    let (on, off) = if is_bad { (format!("{BAD}"), format!("{BAD:#}")) } else { <_>::default() };
    write!(out, "  {indent}{style}{sign}{style:#} {on}{name}{off}")?;
    if !time.is_empty() {
        write!(out, "{gap} {DIM}{time:>11}{DIM:#}")?;
    }
    if is_bad && step.errors > 0 {
        write!(out, "  {BAD}{}{BAD:#}", text::count(u64::from(step.errors), "error"))?;
    }
    writeln!(out)
}

/// How deep each step lies.
fn depths(steps: &[Step]) -> Vec<usize> {
    let mut depths: Vec<usize> = Vec::with_capacity(steps.len());
    for step in steps {
        let parent = parent(steps, step).and_then(|at| depths.get(at));
        depths.push(parent.map_or(0, |depth| (depth + 1).min(DEEPEST)));
    }
    depths
}

fn parent(steps: &[Step], step: &Step) -> Option<usize> {
    let number = step.parent?;
    steps.binary_search_by_key(&number, |step| step.number).ok()
}

/// Whether it is a part of a step that passed, and did not fail itself: nothing that anyone looks for.
fn is_detail(steps: &[Step], step: &Step) -> bool {
    let around = parent(steps, step).map(|at| steps[at].result);
    around == Some(Outcome::Success) && !is_bad(step)
}

fn is_bad(step: &Step) -> bool {
    matches!(step.result, Outcome::Failed | Outcome::Cancelled)
}

/// All but the details, where that is a short list. Of a long one: what did not pass, with all that it
/// lies in, and as many of the outermost steps as still make a short list.
fn shown(steps: &[Step], depths: &[usize]) -> Vec<bool> {
    let mut shown: Vec<bool> = steps.iter().map(|step| !is_detail(steps, step)).collect();
    if shown.iter().filter(|shown| **shown).count() <= SHORT {
        return shown;
    }
    shown = steps.iter().map(is_bad).collect();
    for at in (0..steps.len()).rev() {
        if shown[at]
            && let Some(around) = parent(steps, &steps[at])
        {
            shown[around] = true;
        }
    }
    let mut room = SHORT.saturating_sub(shown.iter().filter(|shown| **shown).count());
    for at in 0..steps.len() {
        if depths[at] == 0 && !shown[at] && room > 0 {
            shown[at] = true;
            room -= 1;
        }
    }
    shown
}

/// A run of steps that are left out.
#[derive(Default)]
struct Hidden {
    count: u64,
    depth: usize,
    all_passed: bool,
}

impl Hidden {
    fn add(&mut self, depth: usize, result: Outcome) {
        if self.count == 0 {
            (self.depth, self.all_passed) = (depth, true);
        }
        self.count += 1;
        self.depth = self.depth.min(depth);
        self.all_passed &= result == Outcome::Success;
    }

    fn print(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.count > 0 {
            let indent = " ".repeat(2 * self.depth);
            let passed = if self.all_passed { ", all passed" } else { "" };
            writeln!(out, "  {indent}{DIM}… {}{passed}{DIM:#}", text::count(self.count, "step"))?;
        }
        self.count = 0;
        Ok(())
    }
}
