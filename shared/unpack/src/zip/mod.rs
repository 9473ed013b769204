//! Zip archives, read member by member.
//!
//! Written here because the memory must stay flat whatever the directory claims, a damaged member
//! must yield what stands before the damage, and an archive whose end is missing must yield its
//! members. Layouts: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.

mod directory;
mod name;

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek, SeekFrom, Take};

use crate::decode::Member;
use crate::limits::Budget;
use crate::object::{Aside, AsideReason, Entry};
use crate::{Cut, End, Error, Format, Limits, Log, Mark, Why, sniff};

use directory::{Found, Listing};

/// An archive and where its reading stands.
pub(crate) struct Archive<R> {
    reader: R,
    length: u64,
    listing: Listing,
    /// Something about the archive that is still to be told.
    note: Option<AsideReason>,
    members: usize,
    /// What the members unpacked to, and how much of that before the last one.
    spent: u64,
    spent_before: u64,
    /// The member that was handed out last.
    last: Option<Packed>,
    /// The parts that are taken, with the number that the next of that name gets.
    parts: HashMap<String, u32>,
    /// The jobs whose whole log the archive has.
    jobs: HashSet<Vec<u8>>,
}

/// What a header says of a member.
pub(crate) struct Header {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    /// Checksum and length of what must come out.
    expected: Option<(u32, u64)>,
    /// Bytes in the archive; `None` when only unpacking tells.
    packed: Option<u64>,
    symbolic_link: bool,
    /// Where its data begins; `None` if no member begins where its header should stand.
    data: Option<u64>,
}

/// A member that can be unpacked.
#[derive(Clone)]
struct Packed {
    name: String,
    part: String,
    remark: Option<String>,
    method: u16,
    expected: Option<(u32, u64)>,
    data: u64,
    length: u64,
}

/// What stands at a place of the directory.
enum Listed {
    Packed(Packed),
    Aside(Aside),
}

impl<R: Read + Seek> Archive<R> {
    pub(crate) fn open(mut reader: R, limits: &Limits) -> Result<Self, Error> {
        let length = reader.seek(SeekFrom::End(0)).map_err(Error::Read)?;
        let directory = directory::find(&mut reader, length)?;
        let names = match directory {
            Some(at) => directory::names(&mut reader, at, limits.max_members)?,
            None => Vec::new(),
        };
        let jobs = names.iter().filter_map(|name| name::job(name)).map(<[u8]>::to_vec).collect();
        let (listing, note) = match directory {
            Some(at) => (Listing::Directory { at }, None),
            None => (Listing::Headers { at: 0 }, Some(AsideReason::NoDirectory)),
        };
        Ok(Self {
            reader,
            length,
            listing,
            note,
            members: 0,
            spent: 0,
            spent_before: 0,
            last: None,
            parts: HashMap::new(),
            jobs,
        })
    }

    /// Goes behind the next `entries`, which unpacked to `spent` bytes.
    pub(crate) fn skip(&mut self, entries: u64, spent: u64, limits: &Limits) -> Result<(), Error> {
        for _ in 0..entries {
            if self.next_listed(limits)?.is_none() {
                break;
            }
        }
        self.spent = spent;
        Ok(())
    }

    /// What the members so far unpacked to.
    pub(crate) fn spent(&self) -> u64 {
        self.spent
    }

    /// What the members before the last one unpacked to.
    pub(crate) fn spent_before(&self) -> u64 {
        self.spent_before
    }

    /// The next entry; a log of which a part was read before stands at `mark`.
    pub(crate) fn next_entry<'a>(
        &'a mut self,
        mark: &Mark,
        limits: &'a Limits,
    ) -> Result<Option<Entry<'a>>, Error> {
        self.last = None;
        self.spent_before = self.spent;
        let packed = match self.next_listed(limits)? {
            None => return Ok(None),
            Some(Listed::Aside(aside)) => return Ok(Some(Entry::Aside(aside))),
            Some(Listed::Packed(packed)) => packed,
        };
        self.last = Some(packed.clone());
        let name = packed.name.clone();
        let Some(mut log) = self.unpack(packed, limits)? else { return Ok(None) };
        if mark.unpacked > 0 {
            log.skip_to(mark)?;
            return Ok(Some(Entry::Log(Box::new(log))));
        }
        log.fill()?;
        let inner = log.current().map_or(Format::Plain, sniff);
        if inner != Format::Plain {
            let why = AsideReason::Nested(inner);
            return Ok(Some(Entry::Aside(Aside { name: Some(name), why })));
        }
        Ok(Some(Entry::Log(Box::new(log))))
    }

    /// The member that was handed out last, once more.
    pub(crate) fn again<'a>(&'a mut self, limits: &'a Limits) -> Result<Option<Log<'a>>, Error> {
        let Some(packed) = self.last.clone() else { return Ok(None) };
        self.spent = self.spent_before;
        self.unpack(packed, limits)
    }

    fn unpack<'a>(
        &'a mut self,
        packed: Packed,
        limits: &'a Limits,
    ) -> Result<Option<Log<'a>>, Error> {
        let Some(decoder) = Member::new(packed.method, packed.expected, limits)? else {
            return Ok(None);
        };
        self.reader.seek(SeekFrom::Start(packed.data)).map_err(Error::Read)?;
        let reader: Take<&mut R> = (&mut self.reader).take(packed.length);
        let budget = Budget::of_member(limits, &mut self.spent, self.length);
        let mut log = Log::of_member(reader, decoder, budget, packed.name);
        log.set_part(packed.data, packed.part, packed.remark);
        Ok(Some(log))
    }

    fn next_listed(&mut self, limits: &Limits) -> Result<Option<Listed>, Error> {
        loop {
            if let Some(why) = self.note.take() {
                return Ok(Some(Listed::Aside(Aside { name: None, why })));
            }
            let header = match self.listing.next(&mut self.reader, self.length)? {
                Found::Member(header) => header,
                Found::End => return Ok(None),
                Found::Damage => {
                    self.listing = Listing::Ended;
                    self.note = Some(AsideReason::DirectoryCut);
                    continue;
                }
            };
            if self.members >= limits.max_members {
                self.listing = Listing::Ended;
                self.note = Some(AsideReason::TooManyMembers(limits.max_members));
                continue;
            }
            if self.spent >= limits.max_bytes || self.is_too_dense(limits) {
                self.listing = Listing::Ended;
                self.note = Some(AsideReason::TooLarge(limits.max_bytes));
                continue;
            }
            self.members += 1;
            if name::is_directory(&header.name) || self.is_told(&header) {
                self.listing.skip(header.data, header.packed);
                continue;
            }
            return self.listed(&header, limits).map(Some);
        }
    }

    /// Whether the member is the log of a step and the archive has the whole log of its job, too.
    /// Without a directory that is known only where the job's log came first.
    fn is_told(&mut self, header: &Header) -> bool {
        if let Some(job) = name::job(&header.name) {
            self.jobs.insert(job.to_vec());
        }
        let is_step = name::job_of_step(&header.name).is_some_and(|job| self.jobs.contains(job));
        is_step && header.packed.is_some()
    }

    fn is_too_dense(&self, limits: &Limits) -> bool {
        self.spent > limits.ratio_from && self.spent > self.length.saturating_mul(limits.max_ratio)
    }

    fn listed(&mut self, header: &Header, limits: &Limits) -> Result<Listed, Error> {
        let name = String::from_utf8_lossy(&header.name).into_owned();
        let aside = |name, why| Ok(Listed::Aside(Aside { name: Some(name), why }));
        let Some(data) = header.data else {
            return aside(name, AsideReason::NoMember);
        };
        let packed = match header.packed {
            Some(packed) => packed,
            // Neither a directory nor a length: unpacking it once tells where it ends.
            None => match self.measure(data, header, limits)? {
                Some(packed) => packed,
                None => {
                    self.listing = Listing::Ended;
                    return aside(name, AsideReason::NoLength);
                }
            },
        };
        self.listing.skip(Some(data), Some(packed));
        if let Some(why) = refusal(header) {
            return aside(name, why);
        }
        if !Member::is_known(header.method) {
            return aside(name, AsideReason::Method(header.method));
        }
        let (part, remark) = self.part(&name);
        let (method, expected) = (header.method, header.expected);
        Ok(Listed::Packed(Packed { name, part, remark, method, expected, data, length: packed }))
    }

    /// The part of the member of this name, and what to say if another has it already.
    fn part(&mut self, name: &str) -> (String, Option<String>) {
        let wanted = name::part(name);
        let Some(next) = self.parts.get(wanted).copied() else {
            self.parts.insert(wanted.to_owned(), 2);
            return (wanted.to_owned(), None);
        };
        let mut number = next;
        let mut part = format!("{wanted}~{number}");
        while self.parts.contains_key(&part) {
            number += 1;
            part = format!("{wanted}~{number}");
        }
        self.parts.insert(wanted.to_owned(), number + 1);
        self.parts.insert(part.clone(), 2);
        let remark = format!(
            "the archive holds several members for \"{}\"; this one is kept as \"{}\"",
            wanted.escape_debug(),
            part.escape_debug()
        );
        (part, Some(remark))
    }

    /// The packed length of a member that only its own compression ends; `None` if nothing does.
    fn measure(
        &mut self,
        data: u64,
        header: &Header,
        limits: &Limits,
    ) -> Result<Option<u64>, Error> {
        if header.method == 0 || header.flags & name::ENCRYPTED != 0 {
            return Ok(None);
        }
        let Some(decoder) = Member::new(header.method, None, limits)? else {
            return Ok(None);
        };
        self.reader.seek(SeekFrom::Start(data)).map_err(Error::Read)?;
        let mut spent = self.spent;
        let budget = Budget::of_member(limits, &mut spent, self.length);
        let mut log = Log::of_member(&mut self.reader, decoder, budget, String::new());
        let end = log.read_to_end(|_| {})?;
        let rest = self.length.saturating_sub(data);
        // Frames of zstd are followed by the descriptor, which is no frame.
        let whole = matches!(end, End::Complete | End::Cut(Cut { why: Why::Trailing(_), .. }));
        Ok(Some(if whole { log.consumed() } else { rest }))
    }
}

/// Why a member must not be unpacked, whatever it holds.
fn refusal(header: &Header) -> Option<AsideReason> {
    if header.flags & name::ENCRYPTED != 0 {
        return Some(AsideReason::Encrypted);
    }
    if header.symbolic_link {
        return Some(AsideReason::SymbolicLink);
    }
    name::refusal(&header.name)
}
