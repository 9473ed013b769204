//! Taking the envelope off a line, layer by layer: the system's stamp, the container engine's, the
//! markers.

use jiff::Timestamp;
use logmill_model::Cuts;

use super::container::{self, Part};
use super::{Ci, Marker, Peeled, System, azure, buildkite, detect, gitlab, teamcity, travis};
use crate::clean::clean;
use crate::stamp::{self, Assumed, Stamp};
use crate::steps::MAIN;

/// Memory for what is unpacked of a line.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    unpacked: String,
    cleaned: String,
}

/// What the layers so far said.
#[derive(Default)]
struct Layers {
    stamp: Option<Timestamp>,
    stamped: bool,
    continues: bool,
    part: Option<Part>,
}

impl Ci {
    /// Takes the envelope off a line: `bytes` as it stands in the log, `text` without terminal codes.
    pub(crate) fn peel<'a>(
        &mut self,
        bytes: &[u8],
        text: &'a str,
        buffers: &'a mut Buffers,
        assumed: &Assumed,
        cuts: &mut Cuts,
    ) -> Peeled<'a> {
        if let Some(peeled) = self.mozilla(text, assumed, cuts) {
            return peeled;
        }
        let mut layers = Layers::default();
        if let Some(sent_at) = buildkite::stamp_of_bytes(bytes)
            && self.is(System::Buildkite)
        {
            (layers.stamp, layers.stamped) = (Some(sent_at), true);
        }
        let outer = self.outer(text, &mut layers, assumed, cuts);
        let text = self.inner(outer, buffers, &mut layers, assumed, cuts);
        self.follow(&mut layers);
        if let Some(line) = teamcity_line(self, text) {
            layers.stamp = self.clock.instant(&line.stamp, assumed, cuts).or(layers.stamp);
            let marker = Some(Marker { system: System::Teamcity, text: line.kind });
            return layers.peeled(line.body, marker);
        }
        let (marker, body) = self.find_marker(text);
        let told = marker.and_then(|marker| match marker.system {
            System::Gitlab => gitlab::stamp(marker.text),
            System::Travis => travis::stamp(marker.text),
            _ => None,
        });
        if let Some(told) = told.filter(|_| !layers.stamped) {
            self.clock.note(told);
            (layers.stamp, layers.stamped) = (Some(told), true);
        }
        let peeled = layers.peeled(body, marker);
        if marker.is_some() {
            return peeled;
        }
        let peeled = self.buildkit.peel(peeled);
        Peeled { body: self.ctest.peel(peeled.body), ..peeled }
    }

    /// Takes a CI system's stamp off. GitHub's have seven digits of a second and end in `Z `, which
    /// nothing else writes, so that each line tells by itself whether it is stamped.
    fn outer<'a>(
        &mut self,
        text: &'a str,
        layers: &mut Layers,
        assumed: &Assumed,
        cuts: &mut Cuts,
    ) -> (&'a str, Option<Stamp>) {
        if let Some((at, length)) = buildkite::stamp(text)
            && self.is(System::Buildkite)
        {
            (layers.stamp, layers.stamped) = (Some(at), true);
            return (text[length..].trim_start_matches('\u{7}'), None);
        }
        let Some(stamp) = stamp::at_start(text) else {
            return (self.jenkins_clock(text, layers, assumed, cuts), None);
        };
        let body = if is_github(&stamp, text) {
            let body = text[stamp.length..].strip_prefix(' ').unwrap_or("");
            let body = body.trim_start_matches('\u{feff}');
            let system = if azure::is_begin(body) { System::Azure } else { System::Github };
            self.system.get_or_insert(system);
            Some(body)
        } else if let Some((length, continues)) = gitlab::prefix(&stamp, text) {
            self.system.get_or_insert(System::Gitlab);
            layers.continues = continues;
            text.get(stamp.length + length..)
        } else {
            jenkins_body(text, &stamp).filter(|body| self.is_jenkins(body))
        };
        let Some(body) = body else { return (text, Some(stamp)) };
        layers.stamped = true;
        layers.stamp = stamp.instant();
        (body, None)
    }

    /// `12:00:00  text`: the Timestamper plug-in's other form.
    fn jenkins_clock<'a>(
        &mut self,
        text: &'a str,
        layers: &mut Layers,
        assumed: &Assumed,
        cuts: &mut Cuts,
    ) -> &'a str {
        let stamp = stamp::time_of_day(text.as_bytes());
        let body = stamp.and_then(|stamp| text[stamp.length..].strip_prefix("  "));
        let Some((stamp, body)) = stamp.zip(body).filter(|(_, body)| self.is_jenkins(body)) else {
            return text;
        };
        layers.stamped = true;
        layers.stamp = self.clock.instant(&stamp, assumed, cuts);
        body
    }

    /// Takes off what a container's engine or the tool itself put before the text, whose stamp was
    /// read if it is not a system's.
    fn inner<'a>(
        &mut self,
        (text, stamp): (&'a str, Option<Stamp>),
        buffers: &'a mut Buffers,
        layers: &mut Layers,
        assumed: &Assumed,
        cuts: &mut Cuts,
    ) -> &'a str {
        let branch = self.jenkins.branch_prefix(text);
        let text = &text[branch..];
        if let Some((part, stamp)) = container::docker(text, &mut buffers.unpacked) {
            layers.part = Some(part);
            layers.stamp = layers.stamp.or_else(|| stamp.instant());
            return clean(buffers.unpacked.as_bytes(), &mut buffers.cleaned, cuts);
        }
        // The stamp of a system is taken; behind it only a container's matters.
        let is_digit = text.as_bytes().first().is_some_and(u8::is_ascii_digit);
        let again = if layers.stamped { is_digit } else { branch > 0 };
        let stamp = if again { stamp::at_start(text) } else { stamp };
        let Some(stamp) = stamp else { return text };
        if let Some((part, length)) = container::cri(&stamp, text).filter(|_| stamp.is_zoned()) {
            layers.part = Some(part);
            layers.stamp = layers.stamp.or_else(|| stamp.instant());
            return &text[stamp.length + length..];
        }
        if !layers.stamped {
            layers.stamp = self.clock.instant(&stamp, assumed, cuts);
        }
        text
    }

    /// Whether the part of a line follows another part of it.
    fn follow(&mut self, layers: &mut Layers) {
        let before = self.partial.take();
        if let Some(part) = layers.part {
            layers.continues |= before == Some(part.stream);
            self.partial = part.is_partial.then_some(part.stream);
        }
    }

    /// Whether the log is, or may yet be, that system's.
    fn is(&mut self, system: System) -> bool {
        *self.system.get_or_insert(system) == system
    }

    fn is_jenkins(&mut self, body: &str) -> bool {
        match self.system {
            None => detect::system(body) == Some(System::Jenkins),
            Some(system) => system == System::Jenkins,
        }
    }
}

impl Layers {
    fn peeled<'a>(&self, body: &'a str, marker: Option<Marker<'a>>) -> Peeled<'a> {
        let &Self { stamp, stamped, continues, .. } = self;
        Peeled { body, stamp, stamped, continues, level: None, marker, lane: MAIN, repeats: false }
    }
}

/// A line of TeamCity's log; the letter before its colon.
struct TeamcityLine<'a> {
    stamp: Stamp,
    kind: &'a str,
    body: &'a str,
}

fn teamcity_line<'a>(ci: &mut Ci, text: &'a str) -> Option<TeamcityLine<'a>> {
    let teamcity::Line { stamp, kind, body } = teamcity::line(text)?;
    ci.is(System::Teamcity).then_some(TeamcityLine { stamp, kind, body })
}

/// What follows `[2024-05-01T12:00:00.123Z] `.
fn jenkins_body<'a>(text: &'a str, stamp: &Stamp) -> Option<&'a str> {
    let behind = text.get(stamp.length..)?;
    let stamped = text.starts_with('[') && stamp.fraction_digits == 3 && stamp.is_zoned();
    behind.strip_prefix(']').filter(|_| stamped).map(|body| body.strip_prefix(' ').unwrap_or(body))
}

fn is_github(stamp: &Stamp, text: &str) -> bool {
    stamp.fraction_digits == 7
        && stamp.length == 28
        && matches!(text.as_bytes().get(28), None | Some(b' '))
        && text.as_bytes()[27] == b'Z'
}
