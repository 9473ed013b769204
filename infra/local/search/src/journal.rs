//! A write-ahead journal of one index: what was acknowledged and not yet committed by tantivy.
//!
//! A batch is one frame: `length u32, CRC-32 u32, operations`, little-endian; an operation is
//! `kind u8 (0 delete, 1 put), id length u32, id, source length u32, source`. A frame that was cut
//! by a crash is cut off at the next start: nobody was told that it was kept. Files are called
//! `journal.N`; a commit begins the next and removes those before it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;
use crate::sync::Mutex;

const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

const PREFIX: &str = "journal.";
const HEAD: usize = 8;
/// The largest frame that is believed, far above a bulk request.
const MAX_FRAME: usize = 1 << 30;

/// One acknowledged change.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Operation {
    /// The document is this, whatever was there before.
    Put { id: String, source: Vec<u8> },
    /// There is no such document.
    Delete { id: String },
}

/// Encodes operations into a frame.
#[derive(Debug)]
pub(crate) struct Frame(Vec<u8>);

impl Frame {
    pub(crate) fn new() -> Self {
        Self(vec![0; HEAD])
    }

    pub(crate) fn put(&mut self, id: &str, source: &[u8]) {
        self.0.push(1);
        self.bytes(id.as_bytes());
        self.bytes(source);
    }

    pub(crate) fn delete(&mut self, id: &str) {
        self.0.push(0);
        self.bytes(id.as_bytes());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == HEAD
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn finish(&mut self) -> &[u8] {
        let body = &self.0[HEAD..];
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
        let sum = CRC.checksum(body).to_le_bytes();
        self.0[..4].copy_from_slice(&length);
        self.0[4..HEAD].copy_from_slice(&sum);
        &self.0
    }
}

/// A file that is being appended to, and how far it is on the disk.
#[derive(Debug)]
struct Open {
    file: File,
    written: AtomicU64,
    synced: Mutex<u64>,
}

/// What must be on the disk before an answer is given.
#[derive(Debug)]
#[must_use]
pub(crate) struct Pending {
    open: Arc<Open>,
    end: u64,
}

impl Pending {
    /// Waits until the frame is on the disk. Those who wait together share one `fdatasync`.
    pub(crate) fn sync(&self) -> std::io::Result<()> {
        let mut synced = self.open.synced.lock();
        if *synced >= self.end {
            return Ok(());
        }
        let written = self.open.written.load(Ordering::Acquire);
        self.open.file.sync_data()?;
        *synced = written;
        Ok(())
    }
}

/// The journal of an index.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    number: u64,
    open: Arc<Open>,
}

impl Journal {
    /// Opens the journal in `folder`, handing every operation in it to `replay`, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], and what `replay` returns.
    pub(crate) fn open(
        folder: &Path,
        mut replay: impl FnMut(Operation) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut numbers = numbers(folder)?;
        numbers.sort_unstable();
        for number in &numbers {
            read(&path(folder, *number), &mut replay)?;
        }
        let number = numbers.last().map_or(0, |last| last + 1);
        Ok(Self { folder: folder.to_owned(), number, open: create(folder, number)? })
    }

    /// Appends a frame. It is not durable before [`Pending::sync`].
    pub(crate) fn append(&mut self, frame: &mut Frame) -> std::io::Result<Pending> {
        let bytes = frame.finish();
        let before = self.open.written.load(Ordering::Acquire);
        if let Err(error) = (&self.open.file).write_all(bytes) {
            // What was written of it is cut off again, or the frames behind it would be lost with it.
            self.open.file.set_len(before)?;
            return Err(error);
        }
        let end = before + bytes.len() as u64;
        self.open.written.store(end, Ordering::Release);
        Ok(Pending { open: Arc::clone(&self.open), end })
    }

    /// The bytes since the last rotation.
    pub(crate) fn bytes(&self) -> u64 {
        self.open.written.load(Ordering::Acquire)
    }

    /// Begins a new file; [`Journal::forget`] then removes those before it.
    pub(crate) fn rotate(&mut self) -> Result<(), Error> {
        self.open = create(&self.folder, self.number + 1)?;
        self.number += 1;
        Ok(())
    }

    /// Removes every file but the newest: tantivy has committed what they hold.
    pub(crate) fn forget(&self) -> Result<(), Error> {
        for number in numbers(&self.folder)? {
            if number < self.number {
                let path = path(&self.folder, number);
                std::fs::remove_file(&path).map_err(Error::io(&path))?;
            }
        }
        Ok(())
    }
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{PREFIX}{number}"))
}

fn create(folder: &Path, number: u64) -> Result<Arc<Open>, Error> {
    let path = path(folder, number);
    let file =
        OpenOptions::new().create_new(true).append(true).open(&path).map_err(Error::io(&path))?;
    sync_folder(folder)?;
    Ok(Arc::new(Open { file, written: AtomicU64::new(0), synced: Mutex::new(0) }))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io(folder))
}

fn numbers(folder: &Path) -> Result<Vec<u64>, Error> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder))? {
        let name = entry.map_err(Error::io(folder))?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    Ok(numbers)
}

fn read(path: &Path, replay: &mut impl FnMut(Operation) -> Result<(), Error>) -> Result<(), Error> {
    let mut file = std::io::BufReader::new(File::open(path).map_err(Error::io(path))?);
    let mut body = Vec::new();
    let mut head = [0; HEAD];
    loop {
        if file.read_exact(&mut head).is_err() {
            return Ok(());
        }
        let [a, b, c, d, e, f, g, h] = head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if length > MAX_FRAME {
            return Ok(());
        }
        body.clear();
        let read =
            file.by_ref().take(length as u64).read_to_end(&mut body).map_err(Error::io(path))?;
        if read < length || CRC.checksum(&body) != u32::from_le_bytes([e, f, g, h]) {
            return Ok(());
        }
        let mut rest = body.as_slice();
        while !rest.is_empty() {
            let damaged = || Error::Damaged {
                path: path.to_owned(),
                reason: "a frame holds no whole operations".to_owned(),
            };
            replay(operation(&mut rest).ok_or_else(damaged)?)?;
        }
    }
}

fn operation(rest: &mut &[u8]) -> Option<Operation> {
    let (kind, tail) = rest.split_first()?;
    *rest = tail;
    let id = String::from_utf8(bytes(rest)?.to_vec()).ok()?;
    match kind {
        0 => Some(Operation::Delete { id }),
        1 => Some(Operation::Put { id, source: bytes(rest)?.to_vec() }),
        _ => None,
    }
}

fn bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first_chunk::<4>()?;
    let (bytes, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *rest = tail;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replayed(folder: &Path) -> Vec<Operation> {
        let mut found = Vec::new();
        Journal::open(folder, |operation| {
            found.push(operation);
            Ok(())
        })
        .unwrap();
        found
    }

    #[test]
    fn what_was_acknowledged_is_read_again_and_a_torn_end_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), |_| Ok(())).unwrap();
        let mut frame = Frame::new();
        frame.put("a", b"{}");
        frame.delete("b");
        journal.append(&mut frame).unwrap().sync().unwrap();
        drop(journal);
        let mut file = OpenOptions::new().append(true).open(path(folder.path(), 0)).unwrap();
        file.write_all(&[9, 0, 0, 0, 1, 2, 3, 4, 1]).unwrap();
        let wanted = || {
            vec![
                Operation::Put { id: "a".to_owned(), source: b"{}".to_vec() },
                Operation::Delete { id: "b".to_owned() },
            ]
        };
        assert_eq!(replayed(folder.path()), wanted());
        assert_eq!(replayed(folder.path()), wanted(), "a second start finds the same");
    }

    #[test]
    fn only_what_was_committed_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), |_| Ok(())).unwrap();
        let mut frame = Frame::new();
        frame.delete("before");
        journal.append(&mut frame).unwrap().sync().unwrap();
        journal.rotate().unwrap();
        let mut frame = Frame::new();
        frame.delete("after");
        journal.append(&mut frame).unwrap().sync().unwrap();
        journal.forget().unwrap();
        assert_eq!(replayed(folder.path()), [Operation::Delete { id: "after".to_owned() }]);
    }
}
