//! Names of members: which are safe, and which log they name.

use crate::object::AsideReason;

/// The general purpose bits of a member that needs a password, strong encryption included.
pub(super) const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;

/// Bytes that a path may have.
const LONGEST: usize = 1024;

pub(super) fn is_directory(name: &[u8]) -> bool {
    name.ends_with(b"/")
}

/// Why no member should have this name. Nothing is ever written by such a name here, but others
/// make object keys, file names and pages of it.
pub(super) fn refusal(name: &[u8]) -> Option<AsideReason> {
    if name.len() > LONGEST {
        return Some(AsideReason::LongPath);
    }
    let drive = matches!(name, [letter, b':', ..] if letter.is_ascii_alphabetic());
    let forbidden = name.iter().any(|&byte| byte < 0x20 || byte == 0x7f || byte == b'\\');
    let climbs = name.split(|&byte| byte == b'/').any(|component| component == b"..");
    let unsafe_path = name.is_empty() || name.starts_with(b"/") || drive || forbidden || climbs;
    unsafe_path.then_some(AsideReason::UnsafePath)
}

/// The part that the member's log is: its path without an extension such as `.txt` or `.log`.
pub(super) fn part(name: &str) -> &str {
    let file = name.rfind('/').map_or(0, |at| at + 1);
    match name[file..].rfind('.') {
        Some(at) if at > 0 && is_extension(&name[file + at + 1..]) => &name[..file + at],
        _ => name,
    }
}

/// The job whose whole log a member is in the archive of a run of GitHub's workflows: `0_build.txt`.
pub(super) fn job(name: &[u8]) -> Option<&[u8]> {
    numbered(name).filter(|job| !job.contains(&b'/'))
}

/// The job one of whose steps a member is there: `build/2_Run tests.txt`. The same lines stand in
/// the job's whole log, if the archive has it.
pub(super) fn job_of_step(name: &[u8]) -> Option<&[u8]> {
    let at = name.iter().position(|&byte| byte == b'/')?;
    let (job, step) = (&name[..at], &name[at + 1..]);
    numbered(step).filter(|step| !step.contains(&b'/')).map(|_| job)
}

/// What stands between a number and the extension, `2_` and `.txt`.
fn numbered(name: &[u8]) -> Option<&[u8]> {
    let digits = name.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = name[digits..].strip_prefix(b"_")?.strip_suffix(b".txt")?;
    (digits > 0 && !rest.is_empty()).then_some(rest)
}

/// A few letters or digits, not digits alone: `release 1.2` is a whole name.
fn is_extension(text: &str) -> bool {
    (1..=6).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::{job, job_of_step, part, refusal};

    #[test]
    fn logs_of_jobs_and_of_their_steps_are_told_apart() {
        assert_eq!(job(b"0_build (ubuntu, 3.11).txt"), Some(&b"build (ubuntu, 3.11)"[..]));
        assert_eq!(job_of_step(b"build/12_Run tests.txt"), Some(&b"build"[..]));
        for name in ["build.txt", "0_.txt", "_build.txt", "0_build.log", "build/0_build.txt"] {
            assert_eq!(job(name.as_bytes()), None, "{name}");
        }
        for name in ["0_build.txt", "build/system.txt", "a/b/2_Run.txt", "build/2_a/b.txt"] {
            assert_eq!(job_of_step(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn the_part_is_the_path_without_its_extension() {
        assert_eq!(part("0_build (ubuntu, 3.11).txt"), "0_build (ubuntu, 3.11)");
        assert_eq!(part("build/2_Run tests.txt"), "build/2_Run tests");
        assert_eq!(part("v1.2/job"), "v1.2/job");
        assert_eq!(part("release 1.2"), "release 1.2");
        assert_eq!(part(".log"), ".log");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["../a", "a/../../b", "/etc/passwd", "C:/a", "c:a", "a\\b", "a\0b", "", "a\x1b"]
        {
            assert!(refusal(name.as_bytes()).is_some(), "{name:?}");
        }
        for name in ["a..b/c", "...", "build: test.txt", "größe/日.txt"] {
            assert!(refusal(name.as_bytes()).is_none(), "{name:?}");
        }
    }
}
