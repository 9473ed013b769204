//! Secrets among the arguments of commands.

use super::text::{
    before, begins_word, byte, is_at, is_at_any_case, is_gap, is_quote, is_token, part, run,
};
use super::value::{is_metavariable, is_placeholder, is_prose};
use super::{Found, Rule};

/// How far behind a command its options are looked for.
const REACH: usize = 2048;

/// Commands in one line whose options are looked at: a line full of them is no shell's.
const COMMANDS: usize = 64;

/// One argument of a command line, without its quotes.
struct Argument {
    start: usize,
    end: usize,
}

/// The arguments behind `at`, up to the end of the command.
fn arguments<'a>(
    line: &'a [u8],
    at: usize,
    found: &mut Found,
) -> impl Iterator<Item = Argument> + use<'a> {
    found.commands += 1;
    let limit = if found.commands > COMMANDS { 0 } else { line.len().min(at + REACH) };
    let mut next = at;
    std::iter::from_fn(move || {
        let start = run(line, next, |b| is_gap(b) || b == b',');
        if start >= limit || matches!(byte(line, start), b'|' | b';' | b'&') {
            return None;
        }
        let quote = byte(line, start);
        let argument = if is_quote(quote) {
            Argument { start: start + 1, end: run(line, start + 1, |b| b != quote) }
        } else {
            Argument { start, end: run(line, start, |b| !is_gap(b)) }
        };
        next = argument.end + usize::from(is_quote(quote));
        Some(argument)
    })
}

/// Whether the word that ends at `end` is a command: nothing but a path stands in front of it.
fn is_command(line: &[u8], start: usize) -> bool {
    begins_word(line, start) && !matches!(before(line, start), b'-' | b'.' | b'@')
}

fn add(line: &[u8], start: usize, end: usize, found: &mut Found) {
    let text = part(line, start, end);
    if text.len() >= 3 && !is_placeholder(text) && !is_prose(text) && !is_metavariable(text) {
        found.add(start, end, Rule::CommandPassword);
    }
}

/// `mysql -psecret`, and the same for its kin.
pub(super) fn mysql(line: &[u8], at: usize, found: &mut Found) {
    if !is_command(line, at) || !(is_at(line, at, "mysql") || is_at(line, at, "mariadb")) {
        return;
    }
    let name = run(line, at, is_token);
    if !is_gap(byte(line, name)) {
        return;
    }
    for Argument { start, end } in arguments(line, name, found) {
        if is_at(line, start, "-p") && !part(line, start, end).contains(&b'=') {
            let quoted = usize::from(is_quote(byte(line, start + 2)));
            add(line, start + 2 + quoted, end - quoted, found);
        }
    }
}

/// `curl -u user:password`, `--user`, `--proxy-user`.
pub(super) fn user_option(line: &[u8], at: usize, found: &mut Found) {
    if !is_command(line, at) || !is_gap(byte(line, at + 4)) {
        return;
    }
    let mut expected = false;
    for Argument { start, end } in arguments(line, at + 4, found) {
        let text = part(line, start, end);
        let glued = text.strip_prefix(b"-u").or_else(|| text.strip_prefix(b"--user="));
        let user = if expected { Some(text) } else { glued.filter(|text| !text.is_empty()) };
        expected = matches!(text, b"-u" | b"--user" | b"-U" | b"--proxy-user" | b"-su" | b"-fsSLu");
        let Some(user) = user else { continue };
        if let Some(colon) = user.iter().position(|&b| b == b':') {
            let quoted = usize::from(user.last().is_some_and(|&b| is_quote(b)));
            add(line, end - user.len() + colon + 1, end - quoted, found);
        }
    }
}

/// `docker login -p secret`; `at` is inside `login`.
pub(super) fn login(line: &[u8], at: usize, found: &mut Found) {
    let Some(start) = at.checked_sub(1) else { return };
    if !is_at(line, start, "login") || !begins_word(line, start) || byte(line, at + 4) != b' ' {
        return;
    }
    let mut expected = false;
    for Argument { start, end } in arguments(line, at + 4, found) {
        if expected {
            add(line, start, end, found);
        }
        expected = part(line, start, end) == b"-p";
    }
}

/// `sshpass -p secret`; `at` is inside the name.
pub(super) fn sshpass(line: &[u8], at: usize, found: &mut Found) {
    let Some(start) = at.checked_sub(1) else { return };
    if !is_at(line, start, "sshpass ") || !is_command(line, start) {
        return;
    }
    let mut arguments = arguments(line, at + 6, found);
    let Some(first) = arguments.next() else { return };
    if part(line, first.start, first.end) == b"-p" {
        if let Some(second) = arguments.next() {
            add(line, second.start, second.end, found);
        }
    } else if is_at(line, first.start, "-p") {
        let quoted = usize::from(is_quote(byte(line, first.start + 2)));
        add(line, first.start + 2 + quoted, first.end - quoted, found);
    }
}

/// `redis-cli -a secret`; `at` is the hyphen.
pub(super) fn redis(line: &[u8], at: usize, found: &mut Found) {
    if !is_at(line, at, "-cli ") || !line.get(..at).is_some_and(|head| head.ends_with(b"redis")) {
        return;
    }
    let mut expected = false;
    for Argument { start, end } in arguments(line, at + 5, found) {
        if expected {
            add(line, start, end, found);
        }
        expected = matches!(part(line, start, end), b"-a" | b"--pass");
    }
}

/// `::add-mask::value`, with which a workflow asks for a value to be masked.
pub(super) fn add_mask(line: &[u8], at: usize, found: &mut Found) {
    let Some(start) = at.checked_sub(5) else { return };
    if is_at_any_case(line, start, "::add-mask::") {
        add(line, start + 12, line.len(), found);
    } else if is_at_any_case(line, start, "#[add-mask]") {
        add(line, start + 11, line.len(), found);
    }
}

/// `##vso[task.setvariable …;issecret=true]value`; `at` is `issecret`.
pub(super) fn secret_variable(line: &[u8], at: usize, found: &mut Found) {
    if is_at_any_case(line, at, "issecret=true") {
        let close = run(line, at, |b| b != b']' && !is_gap(b));
        if byte(line, close) == b']' {
            add(line, close + 1, line.len(), found);
        }
    }
}
