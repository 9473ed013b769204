//! How much of an input is unpacked before the rest of it is left alone.

use crate::end::Why;

/// How much is unpacked; an input may be made to burst whoever unpacks it. What a limit leaves out
/// is told in the log's [`crate::End`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes that come out of one object, all members of a zip together. Default: 64 GiB.
    pub max_bytes: u64,
    /// Bytes that may come out for each byte that went in. Default: 250; text of a build is packed
    /// 5 to 50 times smaller.
    pub max_ratio: u64,
    /// Output below which `max_ratio` is not looked at, for small and dull logs are packed very
    /// tightly. Default: 256 MiB.
    pub ratio_from: u64,
    /// Members of a zip, folders included. Default: 10,000.
    pub max_members: usize,
    /// Binary logarithm of the largest window that a zstd frame may ask for: what the unpacking of
    /// it holds in memory. Default: 27, 128 MiB, which `zstd --long` writes; `zstd -19` needs 23.
    pub max_zstd_window_log: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 64 << 30,
            max_ratio: 250,
            ratio_from: 256 << 20,
            max_members: 10_000,
            max_zstd_window_log: 27,
        }
    }
}

/// What came out so far, against the limits. The members of one zip hand it on.
#[derive(Debug)]
pub(crate) struct Budget<'a> {
    limits: &'a Limits,
    spent: Spent<'a>,
    /// Bytes of the whole archive; a log by itself counts what it consumes.
    archive: Option<u64>,
}

#[derive(Debug)]
enum Spent<'a> {
    Own(u64),
    Shared(&'a mut u64),
}

impl<'a> Budget<'a> {
    pub(crate) fn of_log(limits: &'a Limits, spent: u64) -> Self {
        Self { limits, spent: Spent::Own(spent), archive: None }
    }

    pub(crate) fn of_member(limits: &'a Limits, spent: &'a mut u64, archive: u64) -> Self {
        Self { limits, spent: Spent::Shared(spent), archive: Some(archive) }
    }

    /// Takes `more` bytes that came out of `consumed` bytes: how many of them may be kept, and why
    /// not all.
    pub(crate) fn take(&mut self, more: usize, consumed: u64) -> (usize, Option<Why>) {
        let spent = match &mut self.spent {
            Spent::Own(spent) => spent,
            Spent::Shared(spent) => spent,
        };
        let room = self.limits.max_bytes.saturating_sub(*spent);
        let more_bytes = u64::try_from(more).unwrap_or(u64::MAX);
        if more_bytes > room {
            *spent = self.limits.max_bytes;
            let keep = usize::try_from(room).unwrap_or(more);
            return (keep, Some(Why::TooLarge { limit: self.limits.max_bytes }));
        }
        *spent += more_bytes;
        let input = self.archive.unwrap_or(consumed);
        let allowed = input.saturating_mul(self.limits.max_ratio);
        if *spent > self.limits.ratio_from && *spent > allowed {
            return (more, Some(Why::TooDense { limit: self.limits.max_ratio }));
        }
        (more, None)
    }
}
