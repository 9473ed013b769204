//! E-mail addresses.

use super::text::{before, byte, is_one_of, is_token, part, run, run_back};
use super::{Found, Rule};

/// What the part behind the last full stop is when the text is a file (`icon@2x.png`) or a unit
/// (`getty@tty1.service`).
const NO_DOMAINS: &[&str] = &[
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "webp",
    "ico",
    "bmp",
    "js",
    "mjs",
    "cjs",
    "ts",
    "tsx",
    "jsx",
    "css",
    "scss",
    "less",
    "json",
    "xml",
    "html",
    "htm",
    "txt",
    "log",
    "yml",
    "yaml",
    "toml",
    "lock",
    "tgz",
    "gz",
    "bz",
    "xz",
    "zst",
    "tar",
    "zip",
    "jar",
    "war",
    "whl",
    "gem",
    "deb",
    "rpm",
    "exe",
    "dll",
    "dylib",
    "conf",
    "cfg",
    "ini",
    "service",
    "socket",
    "timer",
    "target",
    "mount",
    "slice",
    "scope",
    "path",
    "device",
    "swap",
    "local",
    "localhost",
    "internal",
    "cpp",
    "hpp",
    "java",
    "kt",
    "class",
    "snap",
    "map",
    "patch",
    "diff",
    "wasm",
    "node",
    "git",
    "vue",
    "bin",
    "dist",
];

/// Local parts that are no person.
const NOBODY: &[&str] = &["git", "hg", "noreply", "no-reply", "donotreply", "do-not-reply"];

/// An address around the `@` at `at`.
pub(super) fn check(line: &[u8], at: usize, found: &mut Found) {
    let mut start = run_back(line, at, 65, |b| is_token(b) || matches!(b, b'.' | b'+' | b'%'));
    if before(line, start) == b'\\' && matches!(byte(line, start), b'n' | b'r' | b't') {
        start += 1;
    } else if matches!(before(line, start), b'/' | b'@' | b'\\') {
        // What is left of a path or of a URL's user part.
        return;
    }
    let local = part(line, start, at);
    let outer = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let whole = local.len() <= 64 && outer(local.first()) && outer(local.last());
    if whole
        && !is_one_of(local, NOBODY)
        && let Some(end) = domain_end(line, at + 1)
    {
        found.add(start, end, Rule::Email);
    }
}

/// Where the domain at `start` ends, if it is one.
fn domain_end(line: &[u8], start: usize) -> Option<usize> {
    let mut end = run(line, start, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    while end > start && matches!(before(line, end), b'.' | b'-') {
        end -= 1;
    }
    let domain = part(line, start, end);
    let mut labels = domain.split(|&b| b == b'.');
    let top = labels.next_back()?;
    let whole = labels.clone().all(|label| !label.is_empty() && label.first() != Some(&b'-'));
    let is_top = (2..=18).contains(&top.len())
        && top.iter().all(u8::is_ascii_alphabetic)
        && !is_one_of(top, NO_DOMAINS);
    let closed = !matches!(byte(line, end), b'(' | b'_' | b'@' | b'[');
    let named = labels.next_back()?.iter().any(u8::is_ascii_alphabetic);
    (whole && is_top && closed && named && domain.len() <= 253).then_some(end)
}
