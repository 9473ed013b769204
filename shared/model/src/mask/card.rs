//! Numbers of payment cards.

use super::text::{before, byte, part, run, run_back};
use super::{Found, Rule};

/// A number has at least 13 digits and no two separators in a row, so of two bytes in a row at
/// least one is a digit at every such step.
const STEP: usize = 12;

/// Adds the card numbers in `line`.
pub(super) fn find(line: &[u8], found: &mut Found) {
    let mut at = 0;
    while let Some([first, second]) = line.get(at..at + 2) {
        let digit = if first.is_ascii_digit() {
            at
        } else if second.is_ascii_digit() {
            at + 1
        } else {
            at += STEP;
            continue;
        };
        // Of a number around this digit, six bytes are on one of its sides.
        let before = part(line, digit.saturating_sub(6), digit);
        let behind = part(line, digit, digit + 7);
        if !before.iter().all(|&b| is_part(b)) && !behind.iter().all(|&b| is_part(b)) {
            at += STEP;
            continue;
        }
        let start = run_back(line, digit, 24, is_part);
        let end = run(line, digit, is_part);
        check_run(line, start, end, found);
        at = end.max(at) + STEP;
    }
}

fn is_part(b: u8) -> bool {
    b.is_ascii_digit() || matches!(b, b' ' | b'-')
}

/// Looks for a number in a run of digits and separators.
fn check_run(line: &[u8], start: usize, end: usize, found: &mut Found) {
    let mut at = start;
    while at + 13 <= end {
        let group = run(line, at, |b| b.is_ascii_digit()).min(end);
        if group == at {
            at += 1;
            continue;
        }
        let stop = match group - at {
            13..=19 => Some(group),
            4 => grouped(line, at, end),
            _ => None,
        };
        if let Some(stop) = stop.filter(|&stop| stands_alone(line, at, stop)) {
            let digits: Vec<u8> = part(line, at, stop)
                .iter()
                .filter(|b| b.is_ascii_digit())
                .map(|b| b - b'0')
                .collect();
            if is_issued(&digits) && has_checksum(&digits) {
                found.add(at, stop, Rule::CardNumber);
                at = stop;
                continue;
            }
        }
        at = group;
    }
}

/// Where a number written in groups ends: 4-4-4-4 (a last group of 1 to 3 for longer ones), 4-6-5
/// and 4-6-4, with the same separator throughout.
fn grouped(line: &[u8], start: usize, end: usize) -> Option<usize> {
    let separator = byte(line, start + 4);
    let mut at = start + 4;
    let mut sizes = Vec::with_capacity(5);
    while at < end && byte(line, at) == separator && sizes.len() < 4 {
        let stop = run(line, at + 1, |b| b.is_ascii_digit());
        if stop == at + 1 {
            break;
        }
        sizes.push(stop - at - 1);
        at = stop;
    }
    match sizes[..] {
        [4, 4, 4] | [6, 5] | [6, 4] | [4, 4, 4, 1..=3] => Some(at),
        // What follows the number is another one: `4111 1111 1111 1111 2027`.
        [4, 4, 4, _] if separator == b' ' => Some(start + 19),
        [6, 5, _] if separator == b' ' => Some(start + 17),
        [6, 4, _] if separator == b' ' => Some(start + 16),
        _ => None,
    }
}

/// Whether the number is no part of a longer word, path, address, version or list of numbers.
fn stands_alone(line: &[u8], start: usize, end: usize) -> bool {
    let (head, tail) = (before(line, start), byte(line, end));
    let open = !head.is_ascii_alphanumeric()
        && !matches!(head, b'_' | b'.' | b'/' | b'#' | b'@' | b'-' | b'+' | b'%' | b'\\' | 0x80..);
    let goes_on = match tail {
        b'.' | b':' => byte(line, end + 1).is_ascii_alphanumeric(),
        b'_' | b'/' | b'-' | b'@' | b'%' | b'+' | 0x80.. => true,
        _ => tail.is_ascii_alphanumeric(),
    };
    open && !goes_on
}

/// Whether an issuer gives out numbers with this begin and length.
fn is_issued(digits: &[u8]) -> bool {
    let head = digits.iter().take(6).fold(0u32, |sum, d| sum * 10 + u32::from(*d));
    let lengths = match head {
        // Visa
        400_000..=499_999 => [13, 16, 19].as_slice(),
        // Mastercard
        510_000..=559_999 | 222_100..=272_099 => &[16],
        // American Express
        340_000..=349_999 | 370_000..=379_999 => &[15],
        // Discover
        601_100..=601_199 | 644_000..=659_999 => &[16, 19],
        // JCB
        352_800..=358_999 => &[16, 19],
        // Diners Club
        300_000..=305_999 | 360_000..=369_999 | 380_000..=399_999 => &[14],
        // UnionPay
        620_000..=629_999 | 810_000..=817_199 => &[16, 17, 18, 19],
        // Mir
        220_000..=220_499 => &[16, 17, 18, 19],
        // Maestro and RuPay
        500_000..=509_999 | 560_000..=589_999 | 606_900..=608_599 | 676_000..=676_999 => &[16],
        _ => &[],
    };
    lengths.contains(&digits.len())
}

/// The checksum of ISO/IEC 7812-1, Luhn's.
fn has_checksum(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| match (place % 2, u32::from(digit) * 2) {
            (0, _) => u32::from(digit),
            (_, double) => double / 10 + double % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}
