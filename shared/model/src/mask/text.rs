//! Looking at bytes of a line: runs, borders, literals.

/// The byte at `at`; 0 behind the end.
pub(super) fn byte(line: &[u8], at: usize) -> u8 {
    line.get(at).copied().unwrap_or(0)
}

/// The byte in front of `at`; 0 at the line's begin.
pub(super) fn before(line: &[u8], at: usize) -> u8 {
    at.checked_sub(1).map_or(0, |at| byte(line, at))
}

/// `line[from..to]`, cut to what is there.
pub(super) fn part(line: &[u8], from: usize, to: usize) -> &[u8] {
    let to = to.min(line.len());
    line.get(from.min(to)..to).unwrap_or_default()
}

/// Where the run of bytes that `is` accepts, beginning at `from`, ends.
pub(super) fn run(line: &[u8], from: usize, is: impl Fn(u8) -> bool) -> usize {
    let rest = part(line, from, line.len());
    from + rest.iter().position(|&b| !is(b)).unwrap_or(rest.len())
}

/// Where the run that ends at `to` begins; looks back at most `limit` bytes.
pub(super) fn run_back(line: &[u8], to: usize, limit: usize, is: impl Fn(u8) -> bool) -> usize {
    let low = to.saturating_sub(limit);
    let head = part(line, low, to);
    low + head.iter().rposition(|&b| !is(b)).map_or(0, |at| at + 1)
}

/// Whether `literal` stands at `at`.
pub(super) fn is_at(line: &[u8], at: usize, literal: &str) -> bool {
    part(line, at, line.len()).starts_with(literal.as_bytes())
}

/// The same, whatever the case.
pub(super) fn is_at_any_case(line: &[u8], at: usize, literal: &str) -> bool {
    part(line, at, at.saturating_add(literal.len())).eq_ignore_ascii_case(literal.as_bytes())
}

/// Whether `text` holds `literal`, given in lower case, whatever its case there.
pub(super) fn holds_any_case(text: &[u8], literal: &str) -> bool {
    text.windows(literal.len()).any(|window| window.eq_ignore_ascii_case(literal.as_bytes()))
}

/// Whether `text` is one of `words`, whatever its case.
pub(super) fn is_one_of(text: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
}

/// Letters, digits and `_`.
pub(super) const fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// What URL-safe base64 and most tokens are made of.
pub(super) const fn is_token(b: u8) -> bool {
    is_word(b) || b == b'-'
}

/// Both alphabets of base64, and its padding.
pub(super) const fn is_base64(b: u8) -> bool {
    is_token(b) || matches!(b, b'+' | b'/' | b'=')
}

/// Quotes of all kinds.
pub(super) const fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

/// White space and control bytes: where a word ends in any format. Includes ESC, which begins a
/// terminal code.
pub(super) const fn is_gap(b: u8) -> bool {
    b <= b' ' || b == 0x7f
}

/// Whether a token may begin at `at`: no part of a longer word. An escape (`\n`), an encoded byte
/// (`%3D`) and a terminal code (`ESC[31m`) in front of it are no words.
pub(super) fn begins_word(line: &[u8], at: usize) -> bool {
    let last = before(line, at);
    if !is_word(last) {
        return true;
    }
    let second = before(line, at.saturating_sub(1));
    if matches!(last, b'n' | b'r' | b't') && second == b'\\' {
        return true;
    }
    if last.is_ascii_hexdigit() && second.is_ascii_hexdigit() {
        return before(line, at.saturating_sub(2)) == b'%';
    }
    if last == b'm' {
        let code = run_back(line, at - 1, 16, |b| b.is_ascii_digit() || b == b';');
        return before(line, code) == b'[' && before(line, code.saturating_sub(1)) == 0x1b;
    }
    false
}

/// What a text is made of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mix {
    pub(super) lower: usize,
    pub(super) upper: usize,
    pub(super) digits: usize,
    /// Everything else, non-ASCII bytes included.
    pub(super) other: usize,
}

impl Mix {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut mix = Self::default();
        for b in text {
            match b {
                b'a'..=b'z' => mix.lower += 1,
                b'A'..=b'Z' => mix.upper += 1,
                b'0'..=b'9' => mix.digits += 1,
                _ => mix.other += 1,
            }
        }
        mix
    }

    pub(super) const fn letters(self) -> usize {
        self.lower + self.upper
    }
}

/// The first bytes that base64 `text`, of either alphabet, stands for: as many as are whole.
pub(super) fn decode_base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0);
    for b in text {
        let value = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}
