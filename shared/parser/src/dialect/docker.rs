//! Image builds: the layers of `docker build` (`Step 2/5 : RUN make`), of Podman and Buildah
//! (`STEP 2/5: RUN make`, `Error: building at STEP "RUN make": …`) and of BuildKit
//! (`#7 [build 2/4] RUN make`, whose steps `envelope::buildkit` tells), and what failed.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, RecordKind, Severity};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::steps::Nesting;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Docker {
    /// Whether a layer was seen, so that what was built is an image.
    in_build: bool,
    /// Whether a vertex of BuildKit said why the build failed, which the last line repeats.
    told: bool,
}

static CLASSIC: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:Step|STEP)\s+(\d+/\d+)\s*:\s*(.+)"));
static BUILDKIT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^#\d+ \[(?:\S+ )*(\d+/\d+)\] (.+)$"));

impl Dialect for Docker {
    const NAME: &'static str = "docker";
    const LITERALS: &'static [&'static str] = &[
        "Step ", "STEP ", "] FROM ", "] RUN ", "] COPY ", "] ADD ", "] WORKDIR ", "Successfully built ", "Successfully tagged ", "returned a non-zero code: ", "failed to solve", " ERROR: ",
        "[internal] load build definition", " naming to ",
    ];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        let layer = if text.starts_with('#') { BUILDKIT.captures(text) } else { None };
        if let Some(layer) =
            layer.or_else(|| (text.contains("Step ") || text.contains("STEP ")).then(|| CLASSIC.captures(text)).flatten())
        {
            report.kind(RecordKind::DockerLayer);
            report.field("docker_layer", &layer[1]);
            report.field("docker_instruction", &layer[2]);
            // `Step 1/2: Compile` is no instruction of a Dockerfile.
            let word = layer[2].split(' ').next().unwrap_or("");
            if !word.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return;
            }
            report.build_tool("docker");
            self.in_build = true;
            if text.starts_with("Step ") || text.starts_with("STEP ") {
                report.open_step(&format!("{} {}", &layer[1], &layer[2]), Nesting::Tool);
            }
        } else if self.in_build && text.starts_with("Successfully built ") {
            report.close_step(Nesting::Tool, Outcome::Success);
            report.verdict(Outcome::Success);
        } else if self.in_build && text.starts_with("Successfully tagged ") {
            report.verdict(Outcome::Success);
        } else if text.contains("returned a non-zero code: ")
            || text.contains("failed to solve")
            || text.starts_with("Error: building at STEP ")
            || text.starts_with("Error: error building at STEP ")
        {
            self.failed(text, report);
        } else if let Some(message) = vertex(text).and_then(|said| said.strip_prefix("ERROR: ")) {
            report.build_tool("docker");
            report.verdict(Outcome::Failed);
            report.error(Severity::Error, reason(message), message);
            self.told = true;
        } else if let Some(said) = vertex(text) {
            report.build_tool("docker");
            if said.starts_with("naming to ") {
                report.verdict(Outcome::Success);
            }
        }
    }
}

impl Docker {
    /// `The command '/bin/sh -c make' returned a non-zero code: 2`, `ERROR: failed to solve: …`
    fn failed(&mut self, text: &str, report: &mut Report<'_>) {
        report.close_step(Nesting::Tool, Outcome::Failed);
        report.verdict(Outcome::Failed);
        if std::mem::take(&mut self.told) && text.contains("failed to solve") {
            report.claim();
        } else {
            report.error(Severity::Error, reason(text), text);
        }
    }
}

/// What BuildKit says of a vertex: `#12 ERROR: process "/bin/sh -c make" did not complete
/// successfully: exit code: 2`.
fn vertex(text: &str) -> Option<&str> {
    let (number, said) = text.strip_prefix('#')?.split_once(' ')?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(said)
}

/// What a failed layer says by itself: that a command failed, its own output says better.
fn reason(message: &str) -> Reason {
    let has = |words: &[&str]| words.iter().any(|part| message.contains(part));
    if let Some((_, code)) = message.rsplit_once("exit code: ") {
        match code.trim() {
            // SIGKILL, which the kernel sends when memory runs out.
            "137" => Reason::Resource,
            "124" => Reason::Timeout,
            _ => Reason::Summary,
        }
    } else if has(&["parse error", "failed to compute cache key", "failed to calculate checksum", "failed to read dockerfile"]) {
        Reason::Configuration
    } else if has(&["pull access denied", "manifest unknown", "failed to resolve source metadata"]) {
        Reason::Dependency
    } else {
        Reason::Summary
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn layers_are_steps_and_the_last_one_failed() {
        let seen = read(
            "Step 1/2 : FROM debian\n ---> 1234\nStep 2/2 : RUN make\nmake: not found\n\
             The command '/bin/sh -c make' returned a non-zero code: 127\n",
        );
        assert_eq!(seen.steps, ["1-2 success 1/2 FROM debian", "3-4 failed 2/2 RUN make"]);
        assert_eq!(seen.records[0].fields.get("docker_layer"), Some("1/2"));
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn layers_of_podman_are_steps_too() {
        let seen = read(
            "STEP 1/2: FROM debian\nSTEP 2/2: RUN make\nmake: *** No rule to make target 'all'.  Stop.\n\
             Error: building at STEP \"RUN make\": while running runtime: exit status 2\n",
        );
        assert_eq!(seen.steps, ["1-1 success 1/2 FROM debian", "2-3 failed 2/2 RUN make"]);
        assert_eq!((seen.result, seen.explanation), ("failed", vec!["3-3 make configuration".to_owned()]));
    }

    #[test]
    fn an_image_that_is_not_there_is_the_reason_and_a_command_that_failed_is_not() {
        let seen = read(
            "#2 [internal] load metadata for docker.io/library/debiann:12\n\
             #2 ERROR: pull access denied, repository does not exist or may require authorization\n",
        );
        assert_eq!(seen.explanation, ["2-2 docker dependency"]);
        let seen = read(
            "#7 [build 2/4] RUN make\n#7 0.512 /bin/sh: 1: make: not found\n\
             #7 ERROR: process \"/bin/sh -c make\" did not complete successfully: exit code: 127\n\
             ERROR: failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 127\n",
        );
        assert_eq!(seen.explanation, ["2-2 shell command"]);
        assert_eq!(seen.result, "failed");
    }
}
