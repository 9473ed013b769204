//! JSON Web Tokens.

use super::text::{begins_word, byte, decode_base64, holds_any_case, is_at, is_token, part, run};
use super::{Found, Rule};

/// The longest header that is looked at.
const HEADER: usize = 2048;

/// A token at `at`: base64url parts joined by full stops, the first of them JSON with an algorithm.
/// A second part is enough, for logs cut tokens short.
pub(super) fn check(line: &[u8], at: usize, found: &mut Found) {
    if !is_at(line, at, "eyJ") || !begins_word(line, at) {
        return;
    }
    // The header first: a line full of such begins must not be read to its end for each.
    let stop = run(part(line, 0, at + HEADER), at, is_token);
    if byte(line, stop) != b'.' {
        return;
    }
    let header = decode_base64(part(line, at, stop));
    if !holds_any_case(&header, "\"alg\"") && !holds_any_case(&header, "\"typ\"") {
        return;
    }
    let end = run(line, at, |b| is_token(b) || b == b'.');
    if end - stop > 10 {
        found.add(at, end, Rule::Jwt);
    }
}
