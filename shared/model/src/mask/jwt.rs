//! JSON Web Tokens.

use super::text::{begins_word, decode_base64, holds_any_case, is_at, is_token, part, run};
use super::{Found, Rule};

/// The longest header that is looked at.
const HEADER: usize = 2048;

/// A token at `at`: base64url parts joined by full stops, the first of them JSON with an algorithm.
/// A second part is enough, for logs cut tokens short.
pub(super) fn check(line: &[u8], at: usize, found: &mut Found) {
    if !is_at(line, at, "eyJ") || !begins_word(line, at) {
        return;
    }
    let end = run(line, at, |b| is_token(b) || b == b'.');
    let text = part(line, at, end);
    let Some(stop) = text.iter().position(|&b| b == b'.') else { return };
    let payload = text.len() - stop - 1;
    if payload < 10 {
        return;
    }
    let header = decode_base64(part(text, 0, stop.min(HEADER)));
    if holds_any_case(&header, "\"alg\"") || holds_any_case(&header, "\"typ\"") {
        found.add(at, end, Rule::Jwt);
    }
}
