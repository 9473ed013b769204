//! Markers that stand before the text of a line, each ended by `\r`: GitLab's sections and Travis'
//! folds. `section_end:1560896353:a\rsection_start:1560896353:b\r$ make`

/// Splits the markers that begin with one of `words` from the text behind them.
pub(super) fn split<'a>(text: &'a str, words: &[&str]) -> (&'a str, &'a str) {
    let mut rest = text;
    while words.iter().any(|word| rest.starts_with(word)) {
        rest = rest.find(['\r', ' ']).map_or("", |end| &rest[end + 1..]);
    }
    (&text[..text.len() - rest.len()], rest)
}

/// The single markers of what [`split`] found.
pub(super) fn each(markers: &str) -> impl Iterator<Item = &str> {
    markers.split(['\r', ' ']).filter(|marker| !marker.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_parted_from_the_text_behind_them() {
        let words = ["section_start:", "section_end:"];
        let cases = [
            ("section_end:1:a\rsection_start:2:b\r$ make", 2, "$ make"),
            ("section_start:2:b\r\rJob", 1, "\rJob"),
            ("section_start:2:b", 1, ""),
            ("a section_start:2:b\r", 0, "a section_start:2:b\r"),
            ("", 0, ""),
        ];
        for (text, markers, body) in cases {
            let (found, rest) = split(text, &words);
            assert_eq!((each(found).count(), rest), (markers, body), "{text}");
        }
    }
}
