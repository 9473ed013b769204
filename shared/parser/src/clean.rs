//! Bytes of a line → readable text: valid UTF-8 without terminal codes.

use logmill_model::Cuts;
use memchr::{memchr3, memmem};

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text of a line: bad UTF-8 becomes U+FFFD; terminal codes (CSI, OSC and the short ones of
/// ECMA-48), NUL, byte order marks at the start and `\r` at the end are taken out. A line that
/// needs none of this is lent as it is; others are built in `buffer`.
pub(crate) fn clean<'a>(bytes: &'a [u8], buffer: &'a mut String, cuts: &mut Cuts) -> &'a str {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let valid = std::str::from_utf8(bytes);
    let text = match &valid {
        Ok(text) if memchr3(ESCAPE, 0, BELL, bytes).is_none() => text,
        _ => {
            buffer.clear();
            if let Ok(text) = valid {
                strip(text, buffer, cuts);
            } else {
                cuts.invalid_utf8_lines += 1;
                strip(&String::from_utf8_lossy(bytes), buffer, cuts);
            }
            buffer.as_str()
        }
    };
    text.trim_start_matches(BYTE_ORDER_MARK)
}

/// What a terminal shows in the end of a line that was overwritten by `\r`: the last part with
/// text in it. A progress bar that ends in `\r\n` has been cut at the last `\r` already.
pub(crate) fn last_overwrite(text: &str) -> &str {
    if !text.contains('\r') {
        return text;
    }
    text.rsplit('\r').find(|part| !part.trim().is_empty()).unwrap_or("")
}

fn strip(text: &str, out: &mut String, cuts: &mut Cuts) {
    let mut rest = text;
    while let Some(at) = memchr3(ESCAPE, 0, BELL, rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let code = &rest[at..];
        let length = match code.as_bytes()[0] {
            ESCAPE => escape_length(code.as_bytes()),
            0 => {
                cuts.nul_bytes += 1;
                1
            }
            _ => 1,
        };
        // A code that swallows the first byte of a longer character is malformed: keep the character.
        let end = (1..=length).rev().find(|&end| code.is_char_boundary(end)).unwrap_or(1);
        rest = &code[end..];
    }
    out.push_str(rest);
}

/// The length of the escape sequence at the start of `code`, at least 1.
fn escape_length(code: &[u8]) -> usize {
    match code.get(1) {
        // A console note of Jenkins: hidden text between two codes.
        Some(b'[') if code.starts_with(b"\x1b[8mha:") => {
            let end = memmem::find(code, b"\x1b[0m").map(|end| end + 4);
            end.unwrap_or(code.len())
        }
        Some(b'[') => {
            let parameters = code[2..].iter().take_while(|byte| (0x20..0x40).contains(*byte));
            let end = 2 + parameters.count();
            end + usize::from(code.get(end).is_some_and(|byte| (0x40..0x7f).contains(byte)))
        }
        // OSC and the other strings: to BEL or ESC \, or to the end of the line.
        Some(b']' | b'P' | b'_' | b'^') => {
            let end = code[2..].iter().position(|&byte| byte == BELL || byte == ESCAPE);
            end.map_or(code.len(), |end| {
                2 + end + if code[2 + end] == BELL { 1 } else { 2 }.min(code.len() - 2 - end)
            })
        }
        Some(b'(' | b')') => 3.min(code.len()),
        Some(0x20..0x7f) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(bytes: &[u8]) -> String {
        clean(bytes, &mut String::new(), &mut Cuts::default()).to_owned()
    }

    #[test]
    fn colours_links_and_titles_do_not_hide_text() {
        assert_eq!(cleaned(b"\x1b[1;31merror\x1b[0m: x\x1b[K"), "error: x");
        assert_eq!(cleaned(b"\x1b]8;;https://a\x1b\\link\x1b]8;;\x1b\\ end"), "link end");
        assert_eq!(cleaned(b"\x1b]0;title\x07text\x1b(B"), "text");
        assert_eq!(cleaned(b"\x1b[8mha:////4AAAA=\x1b[0m[Pipeline] sh"), "[Pipeline] sh");
        assert_eq!(cleaned(b"\x1b[8mhidden\x1b[0m text"), "hidden text");
        assert_eq!(cleaned(b"\x1b"), "");
        assert_eq!(cleaned("\u{1b}ä".as_bytes()), "ä");
    }

    #[test]
    fn bad_bytes_are_repaired_and_counted() {
        let (mut buffer, mut cuts) = (String::new(), Cuts::default());
        assert_eq!(clean(b"\xef\xbb\xbfa\xff\0b\r", &mut buffer, &mut cuts), "a\u{fffd}b");
        assert_eq!((cuts.invalid_utf8_lines, cuts.nul_bytes), (1, 1));
    }

    #[test]
    fn a_progress_bar_reads_as_its_last_state() {
        assert_eq!(last_overwrite("10%\r50%\r100% done\r"), "100% done");
        assert_eq!(last_overwrite("plain"), "plain");
        assert_eq!(last_overwrite("\r\r"), "");
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(
            prop_oneof![Just(ESCAPE), Just(b'['), Just(b']'), Just(0), Just(b'\r'), any::<u8>()], 0..80)
        ) {
            let text = cleaned(&bytes);
            prop_assert!(!text.contains(['\0', '\x1b']));
        }
    }
}
