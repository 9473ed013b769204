//! The top of a page: which log, how it ended, and its measures.

use std::io::{self, Write};

use super::report::Report;
use super::style::{DIM, NAME, verdict};
use super::text;

pub(super) fn print(
    title: &str,
    report: &Report,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let build = &report.build;
    let (word, style) = verdict(build.result);
    let title = text::line(title);
    let title = text::cut(&title, width.saturating_sub(text::width(word) + 2));
    writeln!(out, "{style}{word}{style:#}  {NAME}{title}{NAME:#}")?;
    let facts = facts(report).join(" · ");
    writeln!(out, "  {DIM}{}{DIM:#}", text::cut(&facts, width.saturating_sub(2)))
}

fn facts(report: &Report) -> Vec<String> {
    let build = &report.build;
    let mut facts = Vec::new();
    let mut tools: Vec<&str> = Vec::new();
    for tool in build.tools.iter().chain(&build.frameworks) {
        if !tools.contains(&tool.as_str()) {
            tools.push(tool);
        }
    }
    if !tools.is_empty() {
        facts.push(text::line(&tools.join(", ")));
    }
    if let Some(started) = build.started_at {
        facts.push(started.strftime("%F %R UTC").to_string());
    }
    if let Some(seconds) = build.duration_s() {
        facts.push(text::duration(seconds));
    }
    if build.lines == 0 {
        facts.push("the log is empty".to_owned());
    } else {
        facts.push(text::count(build.lines, "line"));
        facts.push(text::bytes(build.bytes));
    }
    facts
}
