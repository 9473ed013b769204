//! Which bytes lead to which check.

use std::sync::LazyLock;

use super::sieve::{Set, Sieve, Window};
use super::token::{TOKENS, Token};
use super::{Found, assignment, block, command, email, header, jwt, token, url};

/// Looks at a place where a trigger stands and adds what it finds.
type Check = fn(line: &[u8], at: usize, found: &mut Found);

#[derive(Clone, Copy)]
enum Trigger {
    Token(&'static Token),
    Check(Check),
}

/// Windows of four bytes: `[…]` is a set with ranges, `?` any byte, all else a byte in either case.
const CHECKS: &[(&str, Check)] = &[
    ("@???", at_sign),
    ("assw", assignment::password),
    ("assp", assignment::password),
    // `PASS |` and `passed` stand in every second line of a test's log.
    ("ass[=:\"'`\\_0-9>]", assignment::password),
    ("[_ey]pas", assignment::pass),
    ("-[p][a][s]", assignment::pass),
    ("fied", assignment::identified),
    ("uth\"", assignment::docker_auth),
    ("pwd?", assignment::noun),
    ("secr", assignment::noun),
    ("toke", assignment::noun),
    ("cred", assignment::noun),
    ("secu", assignment::noun),
    ("[_iste-]key", assignment::key),
    ("_aut", assignment::npm_auth),
    ("sig=", assignment::query),
    ("ure=", assignment::query),
    ("[?&]key", assignment::query_key),
    ("oriz", header::authorization),
    ("bear", header::bearer),
    ("ooki", header::cookie),
    ("---B", block::begin),
    ("LS0t", block::encoded),
    ("eyJ[a-zA-Z0-9]", jwt::check),
    ("/ser", url::webhook),
    ("/wor", url::webhook),
    ("/tri", url::webhook),
    ("hook", url::webhook),
    ("mysq", command::mysql),
    ("mari", command::mysql),
    ("curl", command::user_option),
    ("wget", command::user_option),
    ("ogin", command::login),
    ("shpa", command::sshpass),
    ("-cli", command::redis),
    ("-mas", command::add_mask),
    ("isse", command::secret_variable),
    (":AA[a-zA-Z0-9_-]", token::telegram),
    ("atla", token::terraform),
    ("[0-9]q~?", token::azure_secret),
    ("AZDO", token::azure_devops),
    (":APA", token::firebase),
    ("AC[0-9a-f][0-9a-f]", token::twilio),
    (" s.[a-z]", token::vault_legacy),
    ("[='\":]s.[a-z]", token::vault_legacy),
];

static SIEVE: LazyLock<Sieve<Trigger>> = LazyLock::new(|| {
    let checks = CHECKS.iter().map(|(window, check)| (parse(window), Trigger::Check(*check)));
    let tokens = TOKENS.iter().map(|token| (window_of(token), Trigger::Token(token)));
    Sieve::new(&checks.chain(tokens).collect::<Vec<_>>())
});

/// Adds everything in `line` that the literals of a rule announce.
pub(super) fn find(line: &[u8], found: &mut Found) {
    SIEVE.scan(line, |at, trigger| {
        if found.covers(at) {
            return;
        }
        match trigger {
            Trigger::Token(kind) => token::check(kind, line, at, found),
            Trigger::Check(check) => check(line, at, found),
        }
    });
}

fn at_sign(line: &[u8], at: usize, found: &mut Found) {
    if !url::user_part(line, at, found) {
        email::check(line, at, found);
    }
}

fn window_of(token: &Token) -> Window {
    let prefix = token.prefix.as_bytes();
    std::array::from_fn(|place| match prefix.get(place) {
        Some(&wanted) => std::array::from_fn(|b| b == usize::from(wanted)),
        None => std::array::from_fn(|b| u8::try_from(b).is_ok_and(|b| token.body.has(b))),
    })
}

fn parse(window: &str) -> Window {
    let mut sets = [[false; 256]; 4];
    let mut rest = window.as_bytes();
    for set in &mut sets {
        rest = match rest {
            [] | [b'?', ..] => {
                *set = [true; 256];
                rest.get(1..).unwrap_or_default()
            }
            [b'[', inner @ ..] => {
                let end = inner.iter().position(|&b| b == b']').unwrap_or(inner.len());
                let (members, behind) = inner.split_at(end);
                add_members(set, members);
                behind.get(1..).unwrap_or_default()
            }
            [b, behind @ ..] => {
                set[usize::from(b.to_ascii_lowercase())] = true;
                set[usize::from(b.to_ascii_uppercase())] = true;
                behind
            }
        };
    }
    sets
}

fn add_members(set: &mut Set, mut members: &[u8]) {
    loop {
        members = match members {
            [] => return,
            [from, b'-', to, behind @ ..] => {
                (*from..=*to).for_each(|b| set[usize::from(b)] = true);
                behind
            }
            [b, behind @ ..] => {
                set[usize::from(*b)] = true;
                behind
            }
        };
    }
}
