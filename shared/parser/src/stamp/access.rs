//! The stamp of a web server's access log, which stands in brackets behind the client:
//! `192.0.2.1 - frank [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326`; uwsgi's is in the form
//! of `ctime`.

use memchr::memchr_iter;

use super::{Stamp, WITHIN, words};

/// How many brackets are looked into.
const MOST: usize = 3;

/// The stamp in one of the first pairs of brackets.
pub(super) fn stamp(bytes: &[u8]) -> Option<Stamp> {
    let head = &bytes[..bytes.len().min(WITHIN)];
    memchr_iter(b'[', head).take(MOST).find_map(|at| {
        let inner = &bytes[at + 1..];
        let stamp = match inner.first()? {
            b'0'..=b'9' if inner.get(2) == Some(&b'/') => words::day_first(inner),
            b'A'..=b'Z' => words::at_start(inner).filter(|s| s.lacks == super::Lacks::Nothing),
            _ => None,
        }?;
        let closed = bytes.get(at + 1 + stamp.length) == Some(&b']');
        closed.then(|| stamp.behind(at + 1))
    })
}
