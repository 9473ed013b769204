//! Zip archives, read member by member.
//!
//! Written here because the memory must stay flat whatever the directory claims, a damaged member
//! must yield what stands before the damage, and an archive whose end is missing must yield its
//! members. Layouts: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.

mod directory;
mod name;

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom, Take};

use crate::decode::Member;
use crate::limits::Budget;
use crate::object::{Aside, AsideReason, Entry};
use crate::{Cut, End, Error, Format, Limits, Log, Why, sniff};

use directory::{Found, Listing};

/// An archive and where its reading stands.
pub(crate) struct Archive<R> {
    reader: R,
    length: u64,
    listing: Listing,
    /// Something about the archive that is still to be told.
    note: Option<AsideReason>,
    members: usize,
    spent: u64,
    /// The parts that are taken, with the number that the next of that name gets.
    parts: HashMap<String, u32>,
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

impl<R: Read + Seek> Archive<R> {
    pub(crate) fn open(mut reader: R) -> Result<Self, Error> {
        let length = reader.seek(SeekFrom::End(0)).map_err(Error::Read)?;
        let directory = directory::find(&mut reader, length)?;
        let (listing, note) = match directory {
            Some(at) => (Listing::Directory { at }, None),
            None => (Listing::Headers { at: 0 }, Some(AsideReason::NoDirectory)),
        };
        Ok(Self { reader, length, listing, note, members: 0, spent: 0, parts: HashMap::new() })
    }

    pub(crate) fn next_entry<'a>(
        &'a mut self,
        limits: &'a Limits,
    ) -> Result<Option<Entry<'a>>, Error> {
        loop {
            if let Some(why) = self.note.take() {
                return Ok(Some(Entry::Aside(Aside { name: None, why })));
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
            if name::is_directory(&header.name) {
                self.listing.skip(header.data, header.packed);
                continue;
            }
            return self.entry(&header, limits).map(Some);
        }
    }

    fn is_too_dense(&self, limits: &Limits) -> bool {
        self.spent > limits.ratio_from && self.spent > self.length.saturating_mul(limits.max_ratio)
    }

    fn entry<'a>(&'a mut self, header: &Header, limits: &'a Limits) -> Result<Entry<'a>, Error> {
        let name = String::from_utf8_lossy(&header.name).into_owned();
        let aside = |name, why| Ok(Entry::Aside(Aside { name: Some(name), why }));
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
        let Some(decoder) = Member::new(header.method, header.expected, limits)? else {
            return aside(name, AsideReason::Method(header.method));
        };
        let (part, remark) = self.part(&name);
        self.reader.seek(SeekFrom::Start(data)).map_err(Error::Read)?;
        let reader: Take<&mut R> = (&mut self.reader).take(packed);
        let budget = Budget::of_member(limits, &mut self.spent, self.length);
        let mut log = Log::of_member(reader, decoder, budget, name.clone());
        log.fill()?;
        let inner = log.current().map_or(Format::Plain, sniff);
        if inner != Format::Plain {
            return aside(name, AsideReason::Nested(inner));
        }
        log.set_part(part, remark);
        Ok(Entry::Log(Box::new(log)))
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
