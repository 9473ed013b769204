//! What a container's engine puts around a line: Kubernetes' CRI,
//! `2024-05-01T12:00:00.123456789Z stdout F text`, where `P` marks a part of a longer line; and Docker's
//! `{"log":"text\n","stream":"stdout","time":"2024-05-01T12:00:00.123456789Z"}`, where a part has no
//! line end.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::stamp::{self, Stamp};

/// Whose parts of a line follow one another.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum Stream {
    Out,
    Err,
}

/// Where the parts of a line are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) stream: Stream,
    /// Whether another part of the line follows.
    pub(super) is_partial: bool,
}

/// ` stdout F ` behind `stamp`: the line's part and the length of that.
pub(super) fn cri(stamp: &Stamp, text: &str) -> Option<(Part, usize)> {
    let rest = text.get(stamp.length..)?;
    let stream = if rest.starts_with(" stdout ") {
        Stream::Out
    } else if rest.starts_with(" stderr ") {
        Stream::Err
    } else {
        return None;
    };
    let tags = &rest[8..];
    let is_partial = match tags.as_bytes() {
        [b'F', b' ' | b':', ..] | [b'F'] => false,
        [b'P', b' ' | b':', ..] | [b'P'] => true,
        _ => return None,
    };
    let length = tags.find(' ').map_or(tags.len(), |end| end + 1);
    Some((Part { stream, is_partial }, 8 + length))
}

#[derive(Deserialize)]
struct DockerLine<'a> {
    #[serde(borrow)]
    log: Cow<'a, str>,
    #[serde(borrow, default)]
    stream: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
}

/// A line of Docker's `json-file` driver: its text goes into `buffer`.
pub(super) fn docker(text: &str, buffer: &mut String) -> Option<(Part, Stamp)> {
    if !text.starts_with("{\"log\":\"") {
        return None;
    }
    let line: DockerLine<'_> = serde_json::from_str(text).ok()?;
    let stamp = stamp::at_start(&line.time).filter(Stamp::is_zoned)?;
    let stream = if line.stream == "stderr" { Stream::Err } else { Stream::Out };
    let body = line.log.strip_suffix('\n');
    buffer.clear();
    buffer.push_str(body.unwrap_or(&line.log));
    Some((Part { stream, is_partial: body.is_none() }, stamp))
}
