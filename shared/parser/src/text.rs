//! Cutting text where a character ends.

/// The beginning of `text` that is at most `max` bytes long.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// Appends `line` to `text` as a new line, as far as `max` bytes in all allow. Returns whether all of
/// it found room.
pub(crate) fn append_line(text: &mut String, line: &str, max: usize) -> bool {
    let Some(room) = max.checked_sub(text.len() + 1) else { return false };
    text.push('\n');
    text.push_str(cut(line, room));
    line.len() <= room
}
