//! Values of variables, fields and options whose name says that they are secret.

use super::text::{
    before, byte, decode_base64, holds_any_case, is_at, is_at_any_case, is_base64, is_gap,
    is_quote, is_token, is_word, part, run, run_back,
};
use super::value::is_placeholder;
use super::verdict::{JUDGED, Kind, Place, Separator, is_secret};
use super::{Found, Rule};

/// How far a name reaches to either side of the noun in it.
const NAME: usize = 80;

/// The nouns, longer ones first.
const NOUNS: &[(&str, Kind)] = &[
    ("passphrase", Kind::Password),
    ("password", Kind::Password),
    ("passwort", Kind::Password),
    ("passwd", Kind::Password),
    ("passwrd", Kind::Password),
    ("pass", Kind::Pass),
    ("pwd", Kind::Pass),
    ("secret", Kind::Token),
    ("token", Kind::Token),
    ("credentials", Kind::Weak),
    ("credential", Kind::Weak),
    ("creds", Kind::Weak),
    ("cred", Kind::Weak),
    ("secure", Kind::Cipher),
];

/// What may follow the noun in a name that still means the secret itself.
const TAILS: &[&str] = &[
    "base",
    "value",
    "plain",
    "plaintext",
    "b64",
    "base64",
    "old",
    "new",
    "current",
    "text",
    "raw",
];

/// What makes a key a secret one: `api_key`, not `cache_key`.
const KEYS: &[&str] = &[
    "api",
    "access",
    "private",
    "secret",
    "account",
    "sign",
    "crypt",
    "master",
    "auth",
    "shared",
    "storage",
    "deploy",
    "webhook",
    "license",
    "hmac",
    "aes",
    "jwt",
    "session",
    "subscription",
    "admin",
    "service",
    "app_",
    "ssh_",
    "write_",
    "ingest",
];

/// A noun such as `password` at `at`.
pub(super) fn noun(line: &[u8], at: usize, found: &mut Found) {
    for (noun, kind) in NOUNS {
        if is_at_any_case(line, at, noun) {
            return assigned(line, at, at + noun.len(), *kind, found);
        }
    }
}

/// `password` and its kin; `at` is the second byte of it.
pub(super) fn password(line: &[u8], at: usize, found: &mut Found) {
    if let Some(start) = at.checked_sub(1) {
        noun(line, start, found);
    }
}

/// `_pass`, `-pass`, as in `DB_PASS = x` and `-storepass x`; `at` is the byte in front of it.
pub(super) fn pass(line: &[u8], at: usize, found: &mut Found) {
    // Names without a separator right behind them only: the others have a trigger of their own.
    if matches!(byte(line, at + 5), b' ' | b'\t') && before(line, at) != b'T' {
        noun(line, at + 1, found);
    }
}

/// `…_key`, `…Key`; `at` is the byte in front of `key`.
pub(super) fn key(line: &[u8], at: usize, found: &mut Found) {
    let start = run_back(line, at + 1, NAME, is_name);
    let head = part(line, start, at + 1);
    if KEYS.iter().any(|word| holds_any_case(head, word)) && !holds_any_case(head, "public") {
        assigned(line, at + 1, at + 4, Kind::Key, found);
    }
}

/// `_auth=` of npm's configuration.
pub(super) fn npm_auth(line: &[u8], at: usize, found: &mut Found) {
    if is_at(line, at, "_auth=") && !is_word(before(line, at)) {
        basic(line, at + 6, found);
    }
}

/// `"auth": "…"` of Docker's configuration; `at` is the second byte of the name.
pub(super) fn docker_auth(line: &[u8], at: usize, found: &mut Found) {
    if at > 1 && is_at(line, at - 1, "auth\"") && is_quote(byte(line, at - 2)) {
        let value = run(line, at + 4, |b| matches!(b, b' ' | b':'));
        basic(line, value + usize::from(is_quote(byte(line, value))), found);
    }
}

/// `user:password` as base64 at `start`.
fn basic(line: &[u8], start: usize, found: &mut Found) {
    let end = run(line, start, is_base64);
    let text = decode_base64(part(line, start, start.saturating_add(JUDGED).min(end)));
    let readable = text.iter().all(|b| (b' '..=b'~').contains(b));
    if end - start >= 8 && readable && text.contains(&b':') {
        found.add(start, end, Rule::Token);
    }
}

/// `IDENTIFIED BY 'secret'` of SQL; `at` is inside the first word.
pub(super) fn identified(line: &[u8], at: usize, found: &mut Found) {
    let quote = at + 8;
    if is_at_any_case(line, at, "fied by ") && matches!(byte(line, quote), b'\'' | b'"') {
        let end = close_quote(line, quote + 1, (byte(line, quote), false));
        if !is_placeholder(part(line, quote + 1, end)) {
            found.add(quote + 1, end, Rule::Password);
        }
    }
}

/// `sig=` and `…signature=` in a URL; `at` is the last four bytes of it.
pub(super) fn query(line: &[u8], at: usize, found: &mut Found) {
    let start = run_back(line, at + 3, NAME, is_token);
    let name = part(line, start, at + 3);
    if name.eq_ignore_ascii_case(b"sig") || name.to_ascii_lowercase().ends_with(b"signature") {
        query_value(line, start, at + 4, found);
    }
}

/// `key=` in a URL; `at` is the byte in front of it.
pub(super) fn query_key(line: &[u8], at: usize, found: &mut Found) {
    if is_at(line, at + 1, "key=") {
        query_value(line, at + 1, at + 5, found);
    }
}

fn query_value(line: &[u8], name: usize, start: usize, found: &mut Found) {
    if !is_parameter(line, name) {
        return;
    }
    let end =
        run(line, start, |b| is_token(b) || matches!(b, b'%' | b'.' | b'~' | b'+' | b'/' | b'='));
    let value = part(line, start, end);
    if value.len() >= 12 && value.iter().any(u8::is_ascii_digit) && !is_placeholder(value) {
        found.add(start, end, Rule::UrlSecret);
    }
}

/// Whether the name at `name` is a parameter of a URL: behind `?`, or behind `&` in any form.
fn is_parameter(line: &[u8], name: usize) -> bool {
    matches!(before(line, name), b'?' | b'&')
        || before(line, name) == b';' && is_at(line, name.saturating_sub(5), "&amp;")
        || is_at(line, name.saturating_sub(6), "\\u0026")
}

const fn is_name(b: u8) -> bool {
    is_word(b) || matches!(b, b'-' | b'.')
}

/// The value of the name around the noun `line[at..end]`.
fn assigned(line: &[u8], at: usize, end: usize, kind: Kind, found: &mut Found) {
    // `--- PASS: TestAdd (0.00s)` of Go's tests.
    if kind == Kind::Pass && part(line, 0, at).ends_with(b"--- ") {
        return;
    }
    let Some(name_end) = name_end(line, end) else { return };
    let start = run_back(line, at, NAME, is_name);
    // A terminal code in front of the name is none of it.
    let code = run(line, start, |b| b.is_ascii_digit());
    let coded = before(line, start) == b'[' || before(line, start) == b';';
    let start = if coded && byte(line, code) == b'm' { code + 1 } else { start };
    // `bypass`, `compass`: a short noun is a word of its own.
    if kind == Kind::Pass && is_inside_word(line, at) {
        return;
    }
    let Some((separator, value)) = separator(line, start, name_end) else { return };
    let spaced = value > name_end + 1;
    let (start_of_value, quote) = open_quote(line, value);
    let find_end = |line: &[u8]| match quote {
        Some(quote) => close_quote(line, start_of_value, quote),
        None => bare_end(line, start_of_value, separator),
    };
    // A line full of such names must not be judged at length for each of them.
    let reach = if found.judged > JUDGED * 64 { JUDGED / 8 } else { JUDGED };
    let near = part(line, 0, start_of_value + reach);
    let stop = find_end(near);
    let place = Place {
        kind,
        separator,
        name: part(line, start, name_end),
        noun: part(line, at, end),
        quoted: quote.is_some(),
        spaced,
        parameter: is_parameter(line, start),
        head: part(line, 0, start),
        tail: part(line, stop, line.len()),
    };
    let text = part(line, start_of_value, stop);
    found.judged += text.len();
    if is_secret(text, &place) {
        let stop = if stop < near.len() { stop } else { find_end(line) };
        found.add(start_of_value, stop, place.rule());
    }
}

/// Where the name goes on to behind its noun; `None` if it is the name of something else, such as
/// `password_file`.
fn name_end(line: &[u8], end: usize) -> Option<usize> {
    let stop = run(part(line, 0, end + NAME), end, is_token);
    let tail = part(line, end, stop);
    let word = tail.strip_prefix(b"_").or_else(|| tail.strip_prefix(b"-")).unwrap_or(tail);
    let known = word.iter().all(u8::is_ascii_digit)
        || TAILS.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
    known.then_some(stop)
}

fn is_inside_word(line: &[u8], at: usize) -> bool {
    if ["store", "key", "db", "user"].iter().any(|head| {
        at.checked_sub(head.len()).is_some_and(|start| is_at_any_case(line, start, head))
    }) {
        return false;
    }
    let (last, first) = (before(line, at), byte(line, at));
    last.is_ascii_lowercase() && first.is_ascii_lowercase()
        || last.is_ascii_uppercase() && first.is_ascii_uppercase()
}

/// What stands between the name and its value, and where the value begins.
fn separator(line: &[u8], start: usize, name_end: usize) -> Option<(Separator, usize)> {
    let mut at = name_end;
    let quoted =
        is_quote(byte(line, at)) || byte(line, at) == b'\\' && is_quote(byte(line, at + 1));
    if quoted {
        at += if byte(line, at) == b'\\' { 2 } else { 1 };
        at += usize::from(byte(line, at) == b']');
    }
    let blank = |b: u8| b == b' ' || b == b'\t';
    let behind = run(line, at, blank);
    let value = |at: usize| run(line, at, blank);
    match (byte(line, behind), byte(line, behind + 1)) {
        (b'=', b'=' | b'~') | (b':', b':') => None,
        (b'=', b'>') => Some((Separator::Colon, value(behind + 2))),
        (b':', b'=') => Some((Separator::Equals, value(behind + 2))),
        (b'=', _) => Some((Separator::Equals, value(behind + 1))),
        (b':', _) => Some((Separator::Colon, value(behind + 1))),
        (b'>', _) if before(line, start) == b'<' && at == behind => {
            Some((Separator::Tag, behind + 1))
        }
        // `{"name": "DB_PASSWORD", "value": "…"}` and `<add key="Password" value="…"/>`
        _ if quoted => pair(line, at),
        _ if behind == at => None,
        _ if before(line, start) == b'-' || byte(line, start) == b'-' => {
            Some((Separator::Option, behind))
        }
        _ if follows_word(line, start, &["login"], 2) => Some((Separator::Option, behind)),
        (b'\'', _) if follows_word(line, start, &["with", "encrypted", "by"], 1) => {
            Some((Separator::Equals, behind))
        }
        _ => None,
    }
}

/// Where the value of a pair begins whose name is a value itself.
fn pair(line: &[u8], at: usize) -> Option<(Separator, usize)> {
    let start = run(line, at, |b| matches!(b, b',' | b' ' | b'\\'));
    let start = start + usize::from(is_quote(byte(line, start)));
    if start == at || !is_at_any_case(line, start, "value") {
        return None;
    }
    let end = run(line, start + 5, |b| matches!(b, b'\\' | b'"' | b'\'' | b' '));
    let value = run(line, end + 1, |b| b == b' ');
    matches!(byte(line, end), b':' | b'=').then_some((Separator::Equals, value))
}

/// Whether one of `words` stands `distance` words in front of `start`.
fn follows_word(line: &[u8], start: usize, words: &[&str], distance: usize) -> bool {
    let head = part(line, start.saturating_sub(128), start);
    let word = head.split(|&b| is_gap(b)).filter(|word| !word.is_empty()).rev().nth(distance - 1);
    word.is_some_and(|word| words.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes())))
}

/// A quote in front of a value: the byte, and whether it is escaped.
type Quote = (u8, bool);

/// Where a value begins behind its quote, if it has one; `b"…"` and the like have.
fn open_quote(line: &[u8], value: usize) -> (usize, Option<Quote>) {
    let prefixed = matches!(byte(line, value), b'b' | b'u' | b'r' | b'f' | b'@' | b'B');
    let at = value + usize::from(prefixed && is_quote(byte(line, value + 1)));
    let escaped = byte(line, at) == b'\\';
    let quote = byte(line, at + usize::from(escaped));
    if is_quote(quote) {
        (at + 1 + usize::from(escaped), Some((quote, escaped)))
    } else {
        (value, None)
    }
}

/// Where the quoted value that begins at `start` ends; the line's end if the quote is not closed.
fn close_quote(line: &[u8], start: usize, (quote, escaped): Quote) -> usize {
    let mut at = start;
    while at < line.len() {
        let b = byte(line, at);
        if b == quote && !escaped {
            return at;
        }
        if b == b'\\' {
            if escaped && byte(line, at + 1) == quote {
                return at;
            }
            at += 1;
        }
        at += 1;
    }
    line.len()
}

/// Where an unquoted value ends. A password may hold any byte, so `,`, `;` and `&` end it only
/// where another assignment or nothing follows, and brackets only at its end.
fn bare_end(line: &[u8], start: usize, separator: Separator) -> usize {
    let mut end = start;
    while end < line.len() {
        let b = byte(line, end);
        let ends = match b {
            _ if is_gap(b) => true,
            b'"' | b'\'' | b'`' => closes(byte(line, end + 1)),
            b'\\' => is_quote(byte(line, end + 1)) || is_escaped_end(line, end),
            b'<' => is_at(line, end, "</") || separator == Separator::Tag,
            b',' | b';' | b'&' | b'|' => closes(byte(line, end + 1)) || is_field(line, end + 1),
            _ => false,
        };
        if ends {
            break;
        }
        end += 1;
    }
    let call = part(line, start, end).contains(&b'(');
    while end > start + 1
        && !call
        && matches!(byte(line, end - 1), b')' | b']' | b'}' | b',' | b';')
    {
        end -= 1;
    }
    end
}

/// `\n`, `\r` and `\t`, where a text of several lines stands on one.
fn is_escaped_end(line: &[u8], at: usize) -> bool {
    matches!(byte(line, at + 1), b'n' | b'r' | b't')
        && (at + 2 >= line.len()
            || !byte(line, at + 2).is_ascii_lowercase()
            || is_field(line, at + 2))
}

const fn closes(b: u8) -> bool {
    is_gap(b) || matches!(b, b',' | b';' | b')' | b']' | b'}' | b'"' | b'\'' | b'>' | b'\\' | b'|')
}

/// Whether another `name=` or `"name":` begins at `at`.
fn is_field(line: &[u8], at: usize) -> bool {
    let start = run(line, at, |b| is_quote(b) || matches!(b, b'{' | b' '));
    let end = run(line, start, |b| is_name(b) || b == b' ');
    let behind = run(line, end, is_quote);
    end > start && end - start <= 40 && matches!(byte(line, behind), b'=' | b':')
}
