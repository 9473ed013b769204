//! How often bytes occur in logs: filters look for the rare ones.

/// About how often `byte` occurs in logs, as a part of 1.
#[must_use]
pub const fn of(byte: u8) -> f64 {
    match byte {
        b' ' => 0.12,
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 0.055,
        b'a'..=b'z' | b'0'..=b'9' | b'.' | b'/' | b'-' | b'_' | b':' => 0.02,
        b'A'..=b'Z' => 0.006,
        0x80.. => 0.0005,
        _ => 0.003,
    }
}
