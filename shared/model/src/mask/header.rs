//! Headers of HTTP that carry credentials.

use super::text::{
    Mix, before, begins_word, byte, is_at_any_case, is_base64, is_gap, is_one_of, is_quote,
    is_token, part, run, run_back,
};
use super::value::{is_placeholder, is_prose};
use super::{Found, Rule};

/// Schemes whose credentials are one word.
const WORD: &[&str] = &[
    "basic",
    "bearer",
    "token",
    "negotiate",
    "ntlm",
    "apikey",
    "api-key",
    "jwt",
    "splunk",
    "geniekey",
    "bot",
    "sso-key",
    "key",
    "snowflake",
    "apitoken",
    "api-token",
    "nodeid",
    "ssws",
];
/// Schemes whose credentials are a list of parameters up to the end.
const LIST: &[&str] = &[
    "digest",
    "oauth",
    "hawk",
    "mac",
    "signature",
    "aws4-hmac-sha256",
    "aws4-ecdsa-p256-sha256",
    "aws",
    "sharedkey",
    "sharedkeylite",
    "googlelogin",
    "hmac",
    "sharedaccesssignature",
];

/// Where the value behind a header's name is: behind `:` or `=`, inside quotes.
struct Value {
    start: usize,
    end: usize,
}

/// The value of the header whose name ends at `name`: `Name: v`, `"Name": "v"`, `Name=v`, and the
/// quote around the whole header in `-H "Name: v"` ends it.
fn value(line: &[u8], name: usize) -> Option<Value> {
    let mut at = name;
    at += usize::from(byte(line, at) == b'\\' && is_quote(byte(line, at + 1)));
    at += usize::from(is_quote(byte(line, at)));
    at = run(line, at, |b| b == b' ');
    if !matches!(byte(line, at), b':' | b'=') || byte(line, at + 1) == byte(line, at) {
        return None;
    }
    at = run(line, at + 1, |b| matches!(b, b' ' | b'\t' | b'>' | b'['));
    let escaped = byte(line, at) == b'\\' && is_quote(byte(line, at + 1));
    at += usize::from(escaped);
    if is_quote(byte(line, at)) {
        let quote = byte(line, at);
        let end = run(line, at + 1, |b| b != quote);
        return Some(Value { start: at + 1, end: end - usize::from(before(line, end) == b'\\') });
    }
    let low = run_back(line, name, 64, is_token);
    let outer = before(line, low);
    let end = if is_quote(outer) { run(line, at, |b| b != outer) } else { line.len() };
    let end = end - usize::from(end > at && before(line, end) == b'\\');
    Some(Value { start: at, end: end - usize::from(end > at && byte(line, end - 1) == b'\r') })
}

/// `Authorization` and `Proxy-Authorization`; `at` is inside the name.
pub(super) fn authorization(line: &[u8], at: usize, found: &mut Found) {
    let Some(start) = at.checked_sub(4) else { return };
    if !is_at_any_case(line, start, "authorization") {
        return;
    }
    let Some(value) = value(line, start + 13) else { return };
    let scheme = run(line, value.start, is_token).min(value.end);
    let name = part(line, value.start, scheme);
    let credentials = run(line, scheme, |b| b == b' ').min(value.end);
    let spaced = credentials > scheme;
    if spaced && is_one_of(name, LIST) {
        let text = part(line, credentials, value.end);
        if text.len() >= 8 && !is_placeholder(text) && text.contains(&b'=') {
            found.add(credentials, value.end, Rule::AuthorizationHeader);
        }
    } else if spaced && is_one_of(name, WORD) {
        add_word(line, credentials, value.end, 4, found);
    } else {
        // A token without a scheme; prose has no digits.
        let end = word_end(line, value.start, value.end);
        if Mix::of(part(line, value.start, end)).digits > 0 {
            add_word(line, value.start, value.end, 8, found);
        }
    }
}

/// `Bearer …` outside a header of that name.
pub(super) fn bearer(line: &[u8], at: usize, found: &mut Found) {
    let start = run(line, at + 6, |b| matches!(b, b' ' | b'\t'));
    if !is_at_any_case(line, at, "bearer") || !begins_word(line, at) || start == at + 6 {
        return;
    }
    let end = run(line, start, |b| is_base64(b) || matches!(b, b'.' | b'~' | b':'));
    if end - start >= 16 && Mix::of(part(line, start, end)).digits > 0 {
        add_word(line, start, end, 16, found);
    }
}

fn word_end(line: &[u8], start: usize, end: usize) -> usize {
    let stop = run(line, start, |b| {
        !is_gap(b) && !is_quote(b) && !matches!(b, b',' | b';' | b'\\' | b'<')
    });
    let mut stop = stop.min(end);
    while stop > start && matches!(byte(line, stop - 1), b')' | b']' | b'}') {
        stop -= 1;
    }
    stop
}

fn add_word(line: &[u8], start: usize, end: usize, least: usize, found: &mut Found) {
    let end = word_end(line, start, end);
    let text = part(line, start, end);
    if text.len() >= least && !is_placeholder(text) && !is_prose(text) {
        found.add(start, end, Rule::AuthorizationHeader);
    }
}

/// `Cookie` and `Set-Cookie`; `at` is inside the name.
pub(super) fn cookie(line: &[u8], at: usize, found: &mut Found) {
    let Some(start) = at.checked_sub(1) else { return };
    let colon = start + 6;
    let quoted = is_quote(byte(line, colon)) || byte(line, colon) == b'\\';
    if !is_at_any_case(line, start, "cookie") || !(byte(line, colon) == b':' || quoted) {
        return;
    }
    let Some(value) = value(line, colon) else { return };
    let name = run(line, value.start, |b| is_token(b) || b == b'.').min(value.end);
    if name == value.start || byte(line, name) != b'=' || byte(line, name + 1) == b'=' {
        return;
    }
    let low = run_back(line, start, 8, is_token);
    let setting = is_at_any_case(line, low, "set-");
    let first = run(line, name + 1, |b| b != b';' && !is_gap(b)).min(value.end);
    // What follows the first pair of `Set-Cookie` are attributes: `Path=/; HttpOnly`.
    let end = if setting { first } else { value.end };
    let text = part(line, name + 1, end);
    if text.len() >= 4 && !is_placeholder(text) {
        found.add(name + 1, end, Rule::Cookie);
    }
}
