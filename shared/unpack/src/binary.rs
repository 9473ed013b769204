//! Data that is no log at all.

/// What binary files begin with.
const MAGICS: [(&[u8], &str); 31] = [
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "an ELF executable"),
    (b"\xca\xfe\xba\xbe", "a Java class or a macOS executable"),
    (b"\xcf\xfa\xed\xfe", "a macOS executable"),
    (b"\0asm", "a WebAssembly module"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"LPKSHHRH", "a systemd journal (`journalctl --file` prints it)"),
    (b"ElfFile\0", "a Windows event log"),
    (b"\x1f\x8b\x08", "a gzip stream inside another archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd stream inside another archive"),
    (b"PK\x03\x04", "a zip archive inside another archive"),
    (b"PK\x05\x06", "a zip archive inside another archive"),
    (b"\xfd7zXZ\0", "an xz archive (`xz -d` unpacks it)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x04\x22\x4d\x18", "an LZ4 stream (`lz4 -d` unpacks it)"),
    (b"\x1f\x9d", "a compress stream (`gzip -d` unpacks it)"),
    (b"BZh11AY&SY", "a bzip2 archive (`bzip2 -d` unpacks it)"),
    (b"BZh61AY&SY", "a bzip2 archive (`bzip2 -d` unpacks it)"),
    (b"BZh91AY&SY", "a bzip2 archive (`bzip2 -d` unpacks it)"),
    (b"!<arch>\n", "a static library or a Debian package"),
    (b"PAR1", "a Parquet file"),
    (b"\xff\xfe\0\0", "UTF-32 text, which must be saved as UTF-8"),
    (b"\0\0\xfe\xff", "UTF-32 text, which must be saved as UTF-8"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"RIFF", "a RIFF file: sound, video or an image"),
    (b"OggS", "a sound or video file"),
];

/// Magics that are also plain words, so that more must speak for them.
const WORDS: [&[u8]; 3] = [b"PAR1", b"RIFF", b"OggS"];

/// How much of a log is looked at.
const HEAD: usize = 8 * 1024;

/// What the data is if it is no log, judged by its first 8 KiB, decompressed: `a PNG image`. A few
/// control bytes are no reason, for terminals and faulty disks leave them in logs.
///
/// ```
/// assert_eq!(logmill_unpack::looks_binary(b"%PDF-1.7\n%\xe2\xe3"), Some("a PDF document"));
/// assert_eq!(logmill_unpack::looks_binary(b"\x1b[31mFAILED\x1b[0m\n"), None);
/// ```
#[must_use]
pub fn looks_binary(head: &[u8]) -> Option<&'static str> {
    let head = &head[..head.len().min(HEAD)];
    let controls = head.iter().filter(|&&byte| is_control(byte)).count();
    let found = MAGICS
        .iter()
        .find(|(magic, _)| head.starts_with(magic) && (controls > 0 || !WORDS.contains(magic)));
    if let Some((_, what)) = found {
        return Some(what);
    }
    if head.get(257..262) == Some(b"ustar") && controls > 0 {
        return Some("a tar archive (`tar -x` unpacks it)");
    }
    if controls <= 4 || controls * 20 <= head.len() {
        return None;
    }
    let zeros = |odd: usize| head.iter().skip(odd).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    if even.max(odd) * 10 >= half * 8 && even.min(odd) * 10 <= half {
        return Some("UTF-16 text without a byte order mark, which must be saved as UTF-8");
    }
    Some("binary data")
}

/// A byte that text has no use for; terminals use BEL, BS, TAB, the line ends and ESC.
fn is_control(byte: u8) -> bool {
    matches!(byte, 0..=6 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)
}

#[cfg(test)]
mod tests {
    use super::looks_binary;

    #[test]
    fn logs_are_logs_even_with_colours_progress_bars_and_a_few_nul_bytes() {
        assert_eq!(looks_binary(b""), None);
        assert_eq!(looks_binary(b"RIFF raff is how it begins\n"), None);
        let mut log = b"\x1b[2K\r\x08\x08 12 %\n".repeat(100);
        log.extend_from_slice(&[0; 20]);
        assert_eq!(looks_binary(&log), None);
        assert_eq!(looks_binary("größer als 日本語\n".repeat(50).as_bytes()), None);
        assert_eq!(looks_binary(&b"latin1 \xe4\xf6\xfc\n".repeat(50)), None);
    }

    #[test]
    fn files_that_are_no_logs_are_named() {
        assert_eq!(looks_binary(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Some("a PNG image"));
        assert_eq!(looks_binary(b"\x7fELF\x02\x01\x01"), Some("an ELF executable"));
        assert_eq!(looks_binary(b"\xff\xfe\0\0a\0\0\0").map(|what| &what[..6]), Some("UTF-32"));
        assert_eq!(looks_binary(&[b'a', 0].repeat(40)).map(|what| &what[..6]), Some("UTF-16"));
        assert_eq!(looks_binary(&(0..=255).collect::<Vec<u8>>()), Some("binary data"));
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert!(looks_binary(&tar).is_some_and(|what| what.starts_with("a tar")));
    }
}
