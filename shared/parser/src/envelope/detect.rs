//! Which CI system a line is of, and whether it is a marker.

use super::{
    Ci, Marker, System, azure, buildkite, circle, github, gitlab, jenkins, sections, teamcity,
    travis,
};

/// The system that alone says `text`. Most lines differ from all of that in their first byte.
pub(super) fn system(text: &str) -> Option<System> {
    let bytes = text.as_bytes();
    let system = match bytes.first()? {
        b'R' | b's' if gitlab::is_begin(text) => System::Gitlab,
        b't' if travis::WORDS.iter().any(|word| text.starts_with(word)) => System::Travis,
        b'S' | b'[' | b'B' | b'R' | b'P' if jenkins::is_begin(text) => System::Jenkins,
        b'B' | b'L' if circle::is_begin(text) => System::Circle,
        b'C' | b'E' if circle::exit_code(text).is_some() => System::Circle,
        b'B' if teamcity::is_begin(text) => System::Teamcity,
        b'~' if buildkite::is_begin(text) => System::Buildkite,
        b'_' if buildkite::stamp(text).is_some() => System::Buildkite,
        b'#' if azure::is_command(text) => System::Azure,
        _ => return None,
    };
    Some(system)
}

impl Ci {
    /// The marker that `text` is or begins with, and the tool's text behind it.
    pub(super) fn find_marker<'a>(&mut self, text: &'a str) -> (Option<Marker<'a>>, &'a str) {
        if self.system.is_none() {
            self.system = system(text);
        }
        let whole = |system: System| (Some(Marker { system, text }), text);
        match self.system {
            Some(System::Gitlab) => prefixed(text, System::Gitlab, &gitlab::WORDS)
                .unwrap_or_else(|| pick(gitlab::is_verdict(text), text, System::Gitlab)),
            Some(System::Travis) => prefixed(text, System::Travis, &travis::WORDS)
                .unwrap_or_else(|| pick(travis::is_verdict(text), text, System::Travis)),
            Some(System::Jenkins) => pick(jenkins::is_marker(text), text, System::Jenkins),
            Some(System::Circle) => pick(circle::exit_code(text).is_some(), text, System::Circle),
            Some(System::Buildkite) => pick(buildkite::is_marker(text), text, System::Buildkite),
            Some(System::Azure) if azure::is_marker(text) => whole(System::Azure),
            // Their lines are told by what stands before them, which was peeled off.
            Some(
                System::Teamcity | System::Buildbot | System::Taskcluster | System::Mozharness,
            ) => (None, text),
            Some(System::Github | System::Azure) | None => {
                pick(github::is_marker(text), text, System::Github)
            }
        }
    }
}

fn pick(is_marker: bool, text: &str, system: System) -> (Option<Marker<'_>>, &str) {
    (is_marker.then_some(Marker { system, text }), text)
}

/// Markers before the text of a line; where text that had no line end stands before them, behind it.
fn prefixed<'a>(
    text: &'a str,
    system: System,
    words: &[&str],
) -> Option<(Option<Marker<'a>>, &'a str)> {
    let (markers, body) = sections::split(text, words);
    if !markers.is_empty() {
        return Some((Some(Marker { system, text: markers }), body));
    }
    if !text.contains('\r') {
        return None;
    }
    let at = words.iter().filter_map(|word| text.find(word)).min()?;
    let (body, rest) = text.split_at(at);
    let (markers, _) = sections::split(rest, words);
    Some((Some(Marker { system, text: markers }), body))
}
