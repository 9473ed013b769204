//! Terraform, OpenTofu and what runs them (Terragrunt): what a plan would change, what was applied,
//! and why it failed.
//!
//! A plan ends in `Plan: 1 to add, 0 to change, 2 to destroy.` or `No changes. …`, an application in
//! `Apply complete! Resources: 1 added, …` or `Destroy complete! …`. Diagnostics stand in a box of
//! `╷ │ ╵` since 0.15, in bare lines before and where colours are off; `-json` has one object a line
//! (developer.hashicorp.com/terraform/internals/machine-readable-ui).

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TerraformRun};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::errors::PastBlock;
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Terraform {
    /// The run as far as it is known.
    run: Option<Run>,
    /// The last line that only Terraform prints.
    sign: Option<u64>,
    /// In a diagnostic.
    block: Option<Block>,
    /// A bare `Error: ` in a log that was not Terraform's so far, and what follows.
    past: Option<PastBlock>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
struct Run {
    told: TerraformRun,
    planned: bool,
    applied: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum Block {
    /// In a box; ends at `╵`.
    Box,
    /// In bare lines, the last of which were empty so many times.
    Bare { empty: u8 },
    /// Behind a bare `Error: ` that may be another tool's.
    Suspected,
}

/// How many lines without a sign of Terraform may stand before an `Error: ` that is its own.
const REACH: u64 = 500;

static COUNT: LazyLock<Regex> = LazyLock::new(|| pattern(
        r"(\d+) (?:to )?(add|change|destroy|import|added|changed|destroyed|imported)\b",
    ));
static PLACE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s+on \S+\.(?:tf|tofu|tfvars)(?:\.json)? line \d+"));

impl Dialect for Terraform {
    const NAME: &'static str = "terraform";
    const LITERALS: &'static [&'static str] = &[
        "Plan: ", "No changes. ", "Changes to Outputs:", "Apply complete! ", "Destroy complete! ", "Error: ",
        "│ Warning: ", ": Refreshing state...", "Refreshing Terraform state", ": Creating...", ": Still ",
        "Initializing the backend", "Initializing provider plugins", "Initializing modules", "Terraform will perform",
        "Terraform used the selected providers", "OpenTofu used the selected providers", ": Reading...",
        ": Destroying...", ": Modifying...", "Error refreshing state", "Error applying plan", "Error running plan",
        "\"type\":\"change_summary\"", "\"type\":\"diagnostic\"", "Releasing state lock", "Acquiring state lock",
        "terraform plan", "terraform apply", "terraform destroy", "tofu plan", "tofu apply",
    ];

    fn awake(&self) -> bool {
        self.block.is_some()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = unwrapped(line.text);
        if let Some(block) = self.block
            && self.inside(block, text, line.number, report)
        {
            return;
        }
        if let Some(rest) = text.strip_prefix("│ ").or_else(|| text.strip_prefix("| ")) {
            self.boxed(rest, line.number, report);
        } else if text.starts_with("Plan: ") || text.starts_with("No changes. ") {
            self.plan(text, line.number, report);
        } else if text.starts_with("Changes to Outputs:") {
            self.outputs(line.number, report);
        } else if text.starts_with("Apply complete! ") || text.starts_with("Destroy complete! ") {
            self.applied(text, line.number, report);
        } else if let Some(message) = text.strip_prefix("Error: ") {
            self.bare(message, line.number, report);
        } else if is_old_error(text) {
            self.error(text, line.number, report);
            self.block = Some(Block::Bare { empty: 0 });
        } else if text.starts_with('{') {
            self.json(text, line.number, report);
        } else if !text.contains("Error: ") {
            self.sign = Some(line.number);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        if self.block.is_some_and(|block| block != Block::Suspected) {
            self.tell_past(report);
        }
        self.end_run(report);
    }
}

/// The line without what Terragrunt puts before it: `12:00:01.234 STDOUT [unit] terraform: …`, and
/// `[unit] …` in its older versions.
fn unwrapped(text: &str) -> &str {
    if text.contains(" STDOUT ") || text.contains(" STDERR ") {
        let inner = text.split_once("terraform: ").or_else(|| text.split_once("tofu: "));
        return inner.map_or(text, |(_, inner)| inner);
    }
    let inner = text.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    inner.filter(|(unit, _)| !unit.contains(' ')).map_or(text, |(_, inner)| inner)
}

/// The first words of errors before 0.12, which have no `Error: ` of their own.
fn is_old_error(text: &str) -> bool {
    ["Error refreshing state: ", "Error applying plan:", "Error running plan: "]
        .iter()
        .any(|words| text.starts_with(words))
}

impl Terraform {
    /// Whether the line belongs to the open diagnostic.
    fn inside(&mut self, block: Block, text: &str, number: u64, report: &mut Report<'_>) -> bool {
        let empty = text.trim().is_empty();
        match block {
            Block::Box => {
                let Some(rest) = text.strip_prefix('│').or_else(|| text.strip_prefix('|')) else {
                    self.block = None;
                    return text.starts_with('╵');
                };
                if rest.trim_start().starts_with("Error: ") || rest.trim_start().starts_with("Warning: ") {
                    return false;
                }
                report.join();
                if rest.trim().is_empty() { report.hold() } else { report.extend() }
                report.claim();
                true
            }
            Block::Bare { empty: before } if empty && before == 0 => {
                self.block = Some(Block::Bare { empty: 1 });
                report.hold();
                true
            }
            Block::Bare { .. } if empty || is_end(text) => {
                self.block = None;
                self.tell_past(report);
                false
            }
            Block::Bare { .. } => {
                self.block = Some(Block::Bare { empty: 0 });
                report.join();
                if let Some(past) = &mut self.past {
                    past.extend(number, text);
                    report.claim();
                }
                report.extend();
                true
            }
            Block::Suspected if empty => true,
            Block::Suspected => {
                let confirmed = PLACE.is_match(text);
                self.block = confirmed.then_some(Block::Bare { empty: 0 });
                if let Some(past) = self.past.as_mut().filter(|_| confirmed) {
                    past.extend(number, text);
                    self.begin_error(number, report);
                } else {
                    self.past = None;
                }
                confirmed
            }
        }
    }

    fn tell_past(&mut self, report: &mut Report<'_>) {
        if let Some(past) = self.past.take() {
            report.past_error(&past, Severity::Error, Reason::Configuration);
        }
    }

    fn boxed(&mut self, rest: &str, number: u64, report: &mut Report<'_>) {
        if let Some(message) = rest.strip_prefix("Error: ") {
            self.error(message, number, report);
            self.block = Some(Block::Box);
        } else if let Some(message) = rest.strip_prefix("Warning: ") {
            self.sign = Some(number);
            report.error(Severity::Warning, Reason::Other, message);
            self.block = Some(Block::Box);
        }
    }

    fn bare(&mut self, message: &str, number: u64, report: &mut Report<'_>) {
        if message.starts_with("Terraform exited with code") || message.starts_with("Process completed with") {
            return;
        }
        let near = self.sign.is_some_and(|sign| number.saturating_sub(sign) < REACH);
        if near || is_old_error(message) {
            self.error(message, number, report);
            self.block = Some(Block::Bare { empty: 0 });
        } else {
            self.past = Some(PastBlock::new(number, report.line.text));
            self.block = Some(Block::Suspected);
        }
    }

    fn error(&mut self, message: &str, number: u64, report: &mut Report<'_>) {
        self.begin_error(number, report);
        report.error(Severity::Error, reason(message), message);
    }

    fn begin_error(&mut self, number: u64, report: &mut Report<'_>) {
        self.sign = Some(number);
        let run = self.run.get_or_insert_default();
        if !run.planned && !run.applied && !run.told.error {
            run.told.line = number;
        }
        run.told.error = true;
        run.told.no_changes = false;
        report.build_tool("terraform");
        report.verdict(Outcome::Failed);
    }

    fn plan(&mut self, text: &str, number: u64, report: &mut Report<'_>) {
        let unchanged = text.starts_with("No changes. ");
        let ours = ["Infrastructure is", "Your infrastructure", "No objects"];
        if unchanged && self.sign.is_none() && !ours.iter().any(|words| text.contains(words)) {
            return;
        }
        let mut told = counts(text);
        if !unchanged && !text.as_bytes().get(6).is_some_and(u8::is_ascii_digit) {
            return;
        }
        told.line = number;
        told.no_changes = (told.add, told.change, told.destroy) == (0, 0, 0);
        if let Some(run) = self.run {
            let same = TerraformRun { line: told.line, ..run.told } == told;
            // What is planned and then applied is planned twice.
            if run.applied || run.told.error || run.planned && !same {
                self.end_run(report);
            }
        }
        self.run = Some(Run { told, planned: true, applied: false });
        self.ended(number, report);
    }

    fn outputs(&mut self, number: u64, report: &mut Report<'_>) {
        let run = self.run.get_or_insert_default();
        if !run.planned {
            run.told.line = number;
        }
        run.planned = true;
        run.told.no_changes = false;
        self.ended(number, report);
    }

    fn applied(&mut self, text: &str, number: u64, report: &mut Report<'_>) {
        if self.run.is_some_and(|run| run.applied || run.told.error) {
            self.end_run(report);
        }
        let run = self.run.get_or_insert_default();
        let counted = counts(text);
        let outputs_only = run.planned && !run.told.no_changes;
        let nothing = (counted.add, counted.change, counted.destroy) == (0, 0, 0);
        run.told = TerraformRun { line: number, no_changes: nothing && !outputs_only, ..counted };
        run.applied = true;
        self.ended(number, report);
    }

    fn ended(&mut self, number: u64, report: &mut Report<'_>) {
        self.sign = Some(number);
        report.build_tool("terraform");
        report.verdict(Outcome::Success);
        report.claim();
    }

    fn end_run(&mut self, report: &mut Report<'_>) {
        if let Some(run) = self.run.take() {
            report.terraform(&run.told);
        }
    }

    fn json(&mut self, text: &str, number: u64, report: &mut Report<'_>) {
        let Ok(said) = serde_json::from_str::<serde_json::Value>(text) else { return };
        let message = said["@message"].as_str().unwrap_or("");
        match said["type"].as_str() {
            Some("change_summary") => match said["changes"]["operation"].as_str() {
                Some("apply" | "destroy") => self.applied(message, number, report),
                _ => self.plan(message, number, report),
            },
            Some("diagnostic") if said["@level"] == "error" => {
                let message = message.strip_prefix("Error: ").unwrap_or(message);
                self.error(message, number, report);
            }
            Some("diagnostic") => report.error(Severity::Warning, Reason::Other, message),
            _ => {}
        }
    }
}

/// What the text says of the numbers of resources.
fn counts(text: &str) -> TerraformRun {
    let mut run = TerraformRun::default();
    for count in COUNT.captures_iter(text) {
        let number = count[1].parse().unwrap_or(0);
        match &count[2] {
            "add" | "added" => run.add = number,
            "change" | "changed" => run.change = number,
            "destroy" | "destroyed" => run.destroy = number,
            _ => run.import = number,
        }
    }
    run
}

/// A line that ends the text of a bare diagnostic.
fn is_end(text: &str) -> bool {
    text.starts_with("Error: ")
        || text.starts_with("Warning: ")
        || text.starts_with("Terraform does not automatically")
        || text.starts_with("Releasing state lock")
}

fn reason(message: &str) -> Reason {
    let has = |words: &[&str]| words.iter().any(|part| message.contains(part));
    if has(&["provider packages", "install provider", "download module", "Module not installed", "plugin"]) {
        Reason::Dependency
    } else if has(&["timeout", "timed out", "deadline exceeded"]) {
        Reason::Timeout
    } else if has(&["dial tcp", "no such host", "connection refused", "connection reset"]) {
        Reason::Network
    } else if has(&["Invalid", "Unsupported", "Missing", "undeclared", "Duplicate", "required", "not found"]) {
        Reason::Configuration
    } else {
        Reason::Command
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_plan_says_what_would_change_and_its_error_why_it_failed() {
        let seen = read(include_str!("../../testdata/terraform.log"));
        assert_eq!(seen.terraform, ["add 2 change 0 destroy 1 import 1, error"]);
        assert_eq!(seen.explanation, ["10-17 terraform command"]);
        assert_eq!(seen.tools, ["terraform"]);
    }

    #[test]
    fn what_was_applied_counts_and_not_what_was_planned_before() {
        let seen = read(
            "Plan: 2 to add, 0 to change, 0 to destroy.\nPlan: 2 to add, 0 to change, 0 to destroy.\n\
             a.b: Creating...\nApply complete! Resources: 2 added, 0 changed, 0 destroyed.\n\
             Plan: 0 to add, 0 to change, 2 to destroy.\nDestroy complete! Resources: 2 destroyed.\n",
        );
        assert_eq!(
            seen.terraform,
            ["add 2 change 0 destroy 0 import 0", "add 0 change 0 destroy 2 import 0"]
        );
        assert_eq!(seen.result, "success");
    }

    #[test]
    fn nothing_to_do_is_told_from_a_change_of_outputs() {
        let told = |log: &str| read(log).terraform.join("; ");
        let none = "add 0 change 0 destroy 0 import 0, no changes";
        assert_eq!(told("No changes. Your infrastructure matches the configuration.\n"), none);
        assert_eq!(told("Plan: 0 to add, 0 to change, 0 to destroy.\n"), none);
        assert_eq!(told("Changes to Outputs:\n  + a = 1\n"), "add 0 change 0 destroy 0 import 0");
        assert_eq!(told("No changes. Nothing to commit.\nPlan: next week\n"), "");
    }

    #[test]
    fn errors_without_a_box_and_of_terragrunt_are_terraform_s_too() {
        let seen = read(
            "x\nError: Unsupported argument\n\n  on main.tf line 3, in resource \"a\" \"b\":\n   3:   nam = 1\n\n\
             An argument named \"nam\" is not expected here.\n\n\nnext\n",
        );
        assert_eq!(seen.terraform, ["add 0 change 0 destroy 0 import 0, error"]);
        assert_eq!(seen.explanation, ["2-7 terraform configuration"]);
        let seen = read("12:00:01.234 STDERR [net] terraform: │ Error: creating VPC: denied\n");
        assert_eq!(seen.explanation, ["1-1 terraform command"]);
        let seen = read("Error: Cannot find module 'x'\n    at a.js:1:2\n");
        assert!(seen.terraform.is_empty());
    }

    #[test]
    fn the_machine_readable_form_is_read_as_the_other_one() {
        let seen = read(
            "{\"@level\":\"info\",\"@message\":\"Plan: 1 to add, 0 to change, 0 to destroy.\",\"changes\":{\"operation\":\"plan\"},\"type\":\"change_summary\"}\n\
             {\"@level\":\"error\",\"@message\":\"Error: creating S3 Bucket: denied\",\"type\":\"diagnostic\"}\n",
        );
        assert_eq!(seen.terraform, ["add 1 change 0 destroy 0 import 0, error"]);
    }
}
