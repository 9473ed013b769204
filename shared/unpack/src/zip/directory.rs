//! Where the members of an archive are: by its directory, or, when that is missing, by the headers
//! before each member's data.

use std::io::{Read, Seek, SeekFrom};

use super::Header;
use crate::Error;
use crate::source::read;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// The length of the record that ends an archive, and the longest comment behind it.
const END_LENGTH: usize = 22;
const LONGEST_COMMENT: u64 = 65_535;

/// How the members are found, and where the next one is looked for.
pub(super) enum Listing {
    Directory { at: u64 },
    Headers { at: u64 },
    Ended,
}

/// What stands at that place.
pub(super) enum Found {
    Member(Header),
    End,
    Damage,
}

/// The place of the directory's first entry; `None` if there is no directory.
pub(super) fn find<R: Read + Seek>(reader: &mut R, length: u64) -> Result<Option<u64>, Error> {
    let from = length.saturating_sub(LONGEST_COMMENT + END_LENGTH as u64);
    let mut tail = Vec::new();
    reader.seek(SeekFrom::Start(from)).map_err(Error::Read)?;
    reader.take(length - from).read_to_end(&mut tail).map_err(Error::Read)?;
    let is_end = |&at: &usize| {
        let record = &tail[at..];
        record.starts_with(&END) && END_LENGTH + usize::from(u16_at(record, 20)) <= record.len()
    };
    let Some(end) = (0..(tail.len() + 1).saturating_sub(END_LENGTH)).rev().find(is_end) else {
        return Ok(None);
    };
    let record = &tail[end..];
    let at = match zip64_directory(reader, from + end as u64)? {
        Some(at) => at,
        None => u64::from(u32_at(record, 16)),
    };
    let mut signature = [0; 4];
    let whole = read_at(reader, at, &mut signature)?;
    // An archive of no members has nothing but its end.
    let begins = whole && (signature == CENTRAL || signature == END || signature == END_64);
    Ok(begins.then_some(at))
}

/// The place of the directory as the zip64 records before the end at `end` say it.
fn zip64_directory<R: Read + Seek>(reader: &mut R, end: u64) -> Result<Option<u64>, Error> {
    let mut locator = [0; 20];
    let Some(at) = end.checked_sub(20) else { return Ok(None) };
    if !read_at(reader, at, &mut locator)? || !locator.starts_with(&LOCATOR_64) {
        return Ok(None);
    }
    let mut record = [0; 56];
    if !read_at(reader, u64_at(&locator, 8), &mut record)? || !record.starts_with(&END_64) {
        return Ok(None);
    }
    Ok(Some(u64_at(&record, 48)))
}

impl Listing {
    /// The next member, of an archive of `length` bytes.
    pub(super) fn next<R: Read + Seek>(
        &mut self,
        reader: &mut R,
        length: u64,
    ) -> Result<Found, Error> {
        match self {
            Self::Directory { at } => central(reader, at),
            Self::Headers { at } => headers(reader, at, length),
            Self::Ended => Ok(Found::End),
        }
    }

    /// Goes on behind a member's data, when only the members' own headers are at hand.
    pub(super) fn skip(&mut self, data: Option<u64>, packed: Option<u64>) {
        if let (Self::Headers { at }, Some(data)) = (self, data) {
            *at = data.saturating_add(packed.unwrap_or(0));
        }
    }
}

/// The names that the directory at `at` holds, as far as it is whole, of at most `limit` members.
pub(super) fn names<R: Read + Seek>(
    reader: &mut R,
    mut at: u64,
    limit: usize,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut names = Vec::new();
    while names.len() < limit
        && let Some(Some(entry)) = entry(reader, &mut at)?
    {
        names.push(entry.name);
    }
    Ok(names)
}

/// An entry of the directory as it stands there.
struct Raw {
    fixed: [u8; 46],
    name: Vec<u8>,
    extra: Vec<u8>,
}

/// The directory's entry at `at`, which moves behind it; `Some(None)` at its end, `None` where it is
/// damaged.
fn entry<R: Read + Seek>(reader: &mut R, at: &mut u64) -> Result<Option<Option<Raw>>, Error> {
    let mut fixed = [0; 46];
    if !read_at(reader, *at, &mut fixed)? && !fixed.starts_with(&END) {
        return Ok(None);
    }
    if fixed.starts_with(&END) || fixed.starts_with(&END_64) {
        return Ok(Some(None));
    }
    if !fixed.starts_with(&CENTRAL) {
        return Ok(None);
    }
    let mut name = vec![0; usize::from(u16_at(&fixed, 28))];
    let mut extra = vec![0; usize::from(u16_at(&fixed, 30))];
    let comment = u64::from(u16_at(&fixed, 32));
    if !fill(reader, &mut name)? || !fill(reader, &mut extra)? {
        return Ok(None);
    }
    *at = (*at + 46 + comment).saturating_add((name.len() + extra.len()) as u64);
    Ok(Some(Some(Raw { fixed, name, extra })))
}

/// The member of the directory's entry at `at`, which moves behind it.
fn central<R: Read + Seek>(reader: &mut R, at: &mut u64) -> Result<Found, Error> {
    let Raw { fixed, name, extra } = match entry(reader, at)? {
        Some(Some(entry)) => entry,
        Some(None) => return Ok(Found::End),
        None => return Ok(Found::Damage),
    };
    let mut wide = Zip64::new(&extra);
    let length = wide.value(u32_at(&fixed, 24));
    let packed = wide.value(u32_at(&fixed, 20));
    let place = wide.value(u32_at(&fixed, 42));

    let mut local = [0; 30];
    let is_local = read_at(reader, place, &mut local)? && local.starts_with(&LOCAL);
    let skip = 30 + u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
    // The upper byte of "made by" is 3 for Unix, where the upper half of the attributes is the mode.
    let mode = u32_at(&fixed, 38) >> 16;
    Ok(Found::Member(Header {
        name,
        flags: u16_at(&fixed, 8),
        method: u16_at(&fixed, 10),
        expected: Some((u32_at(&fixed, 16), length)),
        packed: Some(packed),
        symbolic_link: fixed[5] == 3 && mode & 0o170_000 == 0o120_000,
        data: is_local.then(|| place.saturating_add(skip)),
    }))
}

/// The member whose own header stands at `at`, or behind a descriptor there; `at` stays.
fn headers<R: Read + Seek>(reader: &mut R, at: &mut u64, length: u64) -> Result<Found, Error> {
    let mut window = [0; 28];
    reader.seek(SeekFrom::Start(*at)).map_err(Error::Read)?;
    let filled = fill_some(reader, &mut window)?;
    let descriptor = if window.starts_with(&DESCRIPTOR) { [4, 16, 24] } else { [0, 12, 20] };
    let begins =
        |&skip: &usize| window[..filled].get(skip..).is_some_and(|w| w.starts_with(&LOCAL));
    let Some(skip) = [0].into_iter().chain(descriptor).find(begins) else {
        return Ok(Found::End);
    };
    let place = *at + skip as u64;
    let mut fixed = [0; 30];
    if !read_at(reader, place, &mut fixed)? {
        return Ok(Found::End);
    }
    let mut name = vec![0; usize::from(u16_at(&fixed, 26))];
    let mut extra = vec![0; usize::from(u16_at(&fixed, 28))];
    if !fill(reader, &mut name)? || !fill(reader, &mut extra)? {
        return Ok(Found::End);
    }
    let flags = u16_at(&fixed, 6);
    let mut wide = Zip64::new(&extra);
    let size = wide.value(u32_at(&fixed, 22));
    let packed = wide.value(u32_at(&fixed, 18));
    let data = place + 30 + (name.len() + extra.len()) as u64;
    // Bit 3: the lengths stand behind the data.
    let known = flags & 8 == 0;
    Ok(Found::Member(Header {
        name,
        flags,
        method: u16_at(&fixed, 8),
        expected: known.then(|| (u32_at(&fixed, 14), size)),
        packed: known.then(|| packed.min(length.saturating_sub(data))),
        symbolic_link: false,
        data: Some(data),
    }))
}

/// The values of the zip64 extra field, each of which stands there only if its 32-bit field is
/// full, in the order: length, packed length, place.
struct Zip64<'a>(&'a [u8]);

impl<'a> Zip64<'a> {
    fn new(mut extra: &'a [u8]) -> Self {
        while extra.len() >= 4 {
            let size = usize::from(u16_at(extra, 2));
            let Some(data) = extra.get(4..4 + size) else { break };
            if u16_at(extra, 0) == 1 {
                return Self(data);
            }
            extra = &extra[4 + size..];
        }
        Self(&[])
    }

    fn value(&mut self, short: u32) -> u64 {
        if short != u32::MAX || self.0.len() < 8 {
            return u64::from(short);
        }
        let value = u64_at(self.0, 0);
        self.0 = &self.0[8..];
        value
    }
}

/// Fills all of `to` from `at` on; `false` if the archive ends before, with zeros for the rest.
fn read_at<R: Read + Seek>(reader: &mut R, at: u64, to: &mut [u8]) -> Result<bool, Error> {
    // Beyond this no system seeks, and nothing can stand there.
    if at > i64::MAX as u64 {
        return Ok(false);
    }
    reader.seek(SeekFrom::Start(at)).map_err(Error::Read)?;
    fill(reader, to)
}

fn fill(reader: &mut impl Read, to: &mut [u8]) -> Result<bool, Error> {
    Ok(fill_some(reader, to)? == to.len())
}

fn fill_some(reader: &mut impl Read, to: &mut [u8]) -> Result<usize, Error> {
    let mut filled = 0;
    while filled < to.len() {
        match read(reader, &mut to[filled..])? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(filled)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

/// The bytes at `at`, zeros beyond the end.
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    for (to, from) in array.iter_mut().zip(bytes.iter().skip(at)) {
        *to = *from;
    }
    array
}
