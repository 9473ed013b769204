//! The shell and the kernel: commands that are not there, processes that were killed, resources that
//! ran out, services that do not answer.

use logmill_model::{Reason, Severity};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Shell {}

/// What a line holds, and what it means. The first that fits counts.
const SIGNS: &[(&str, Reason)] = &[
    ("command not found", Reason::Command),
    ("No space left on device", Reason::Resource),
    ("Cannot allocate memory", Reason::Resource),
    ("Out of memory", Reason::Resource),
    ("OutOfMemoryError", Reason::Resource),
    ("JavaScript heap out of memory", Reason::Resource),
    ("Segmentation fault", Reason::Exception),
    ("Aborted (core dumped)", Reason::Exception),
    ("Could not resolve host", Reason::Network),
    ("Temporary failure in name resolution", Reason::Network),
    ("Connection refused", Reason::Network),
    ("Connection timed out", Reason::Network),
    ("Permission denied", Reason::Command),
];

impl Dialect for Shell {
    const NAME: &'static str = "shell";
    const LITERALS: &'static [&'static str] = &[
        "command not found", ": not found", "No space left on device", "Cannot allocate memory", "Out of memory",
        "OutOfMemoryError", "heap out of memory", "Segmentation fault", "Aborted (core dumped)",
        "Could not resolve host", "Temporary failure in name resolution", "Connection refused",
        "Connection timed out", "Permission denied", "No such file or directory", "Killed",
    ];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if is_shell_error(text) || text.trim_end().ends_with("Killed") && is_killed(text) {
            let reason = if text.contains("Killed") { Reason::Resource } else { Reason::Command };
            report.error(Severity::Error, reason, text);
        } else if let Some((_, reason)) = SIGNS.iter().find(|(sign, _)| text.contains(sign)) {
            // A log line that mentions it may well have been handled: the level decides.
            let reason = if line.is_bad() || !line.has_level() { *reason } else { return };
            report.error(Severity::Error, reason, text);
        }
    }
}

/// `bash: line 3: kubectl: command not found`, `/bin/sh: 1: kubectl: not found`,
/// `./deploy.sh: line 12: conf/x.env: No such file or directory`
fn is_shell_error(text: &str) -> bool {
    let said = [": not found", ": No such file or directory", ": command not found", ": Permission denied"]
        .iter()
        .any(|end| text.trim_end().ends_with(end));
    let place = text.split(": ").nth(1).unwrap_or("");
    let line = place.strip_prefix("line ").unwrap_or(place);
    said && !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// `deploy.sh: line 9:  4711 Killed   java -jar …`, or the word alone.
fn is_killed(text: &str) -> bool {
    text.trim() == "Killed" || text.contains(": line ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_missing_command_and_a_missing_file_are_told() {
        let seen = read("./deploy.sh: line 12: conf/x.env: No such file or directory\n/bin/sh: 1: helm: not found\n");
        assert_eq!(seen.errors.len(), 2);
        assert_eq!(seen.explanation, ["2-2 shell command"]);
    }

    #[test]
    fn what_a_log_only_informs_about_is_no_error() {
        assert!(read("INFO retrying after Connection refused\n").errors.is_empty());
    }
}
