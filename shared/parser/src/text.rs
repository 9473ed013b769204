//! Cutting text where a character ends.

/// The beginning of `text` that is at most `max` bytes long.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// Appends `line` to `text` as a new line, as far as `max` bytes in all allow.
pub(crate) fn append_line(text: &mut String, line: &str, max: usize) {
    if let Some(room) = max.checked_sub(text.len() + 1) {
        text.push('\n');
        text.push_str(cut(line, room));
    }
}
