//! What a CI system puts around the lines of the tools that it runs. It is peeled off before
//! anything else looks at a line.

pub(crate) mod github;

use jiff::Timestamp;

use crate::stamp::{self, Stamp};

/// A line without its envelope.
pub(crate) struct Peeled<'a> {
    /// What the tool wrote.
    pub(crate) body: &'a str,
    /// The stamp of the CI system or, where there is none, of the line itself.
    pub(crate) stamp: Option<Timestamp>,
    /// Whether a stamp was read without a zone.
    pub(crate) zone_assumed: bool,
    /// Whether the CI system stamped it.
    pub(crate) stamped: bool,
    /// A marker of the CI system in place of a tool's line.
    pub(crate) marker: Option<github::Marker<'a>>,
}

/// Peels `text`. GitHub's stamps have seven digits of a second and end in `Z `, which nothing else
/// writes, so that each line tells by itself whether it is stamped.
pub(crate) fn peel(text: &str) -> Peeled<'_> {
    let stamp = stamp::at_start(text);
    if let Some(stamp) = stamp.filter(|stamp| is_github(stamp, text)) {
        let body = text[stamp.length..].strip_prefix(' ').unwrap_or("");
        let body = body.trim_start_matches('\u{feff}');
        return Peeled {
            body,
            stamp: Some(stamp.time),
            zone_assumed: false,
            stamped: true,
            marker: github::marker(body),
        };
    }
    Peeled {
        body: text,
        stamp: stamp.map(|stamp| stamp.time),
        zone_assumed: stamp.is_some_and(|stamp| !stamp.zoned),
        stamped: false,
        marker: github::marker(text),
    }
}

fn is_github(stamp: &Stamp, text: &str) -> bool {
    stamp.fraction_digits == 7
        && stamp.length == 28
        && matches!(text.as_bytes().get(28), None | Some(b' '))
        && text.as_bytes()[27] == b'Z'
}
