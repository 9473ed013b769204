//! Reading an object from anywhere in it, by blocking code: what a zip needs, whose index stands at
//! its end.

use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::body::GetOptions;
use crate::client::{Head, Objects};
use crate::error::Error;

/// How much one request fetches, in bytes. Requests begin at multiples of it, so that small steps
/// back cost nothing.
pub const WINDOW: u64 = 1024 * 1024;

/// One version of an object as a file. It holds two windows at most: the one being read and, while
/// it is read from front to back, the one after, which is fetched meanwhile.
///
/// Only for threads that may block (`tokio::task::spawn_blocking`), never for the async ones. Its
/// `io::Error`s hold this crate's, which [`Error::find`] finds again.
#[derive(Debug)]
pub struct RangeReader {
    objects: Objects,
    bucket: String,
    key: String,
    etag: String,
    size: u64,
    runtime: Handle,
    at: u64,
    window: Window,
    ahead: Option<Ahead>,
}

#[derive(Debug, Default)]
struct Window {
    start: u64,
    bytes: Bytes,
}

/// A window under way.
#[derive(Debug)]
struct Ahead {
    start: u64,
    task: JoinHandle<Result<Bytes, Error>>,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl RangeReader {
    /// A reader at the beginning of the version that `head` saw; if the object is replaced, reading
    /// fails with [`crate::ErrorKind::Changed`]. Nothing is fetched yet. `runtime` is where the
    /// requests run: `Handle::current()` of the async code that starts the blocking one.
    #[must_use]
    pub fn new(objects: &Objects, bucket: &str, key: &str, head: &Head, runtime: Handle) -> Self {
        Self {
            objects: objects.clone(),
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            etag: head.etag.clone(),
            size: head.size,
            runtime,
            at: 0,
            window: Window::default(),
            ahead: None,
        }
    }

    /// What of the window lies at and after the position.
    fn here(&self) -> &[u8] {
        let skipped = self.at.checked_sub(self.window.start).map(usize::try_from);
        match skipped {
            Some(Ok(skipped)) => self.window.bytes.get(skipped..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Fetches the window of the position, and begins with the next one if this one follows the last.
    fn fetch(&mut self) -> Result<(), Error> {
        let start = self.at / WINDOW * WINDOW;
        let last_end = self.window.start + self.window.bytes.len() as u64;
        let onwards = start == last_end && start > 0;
        // The last window is let go before the next one comes.
        self.window = Window::default();
        let ahead = self.ahead.take().filter(|ahead| ahead.start == start);
        let bytes = match ahead {
            Some(mut ahead) => match self.runtime.block_on(&mut ahead.task) {
                Ok(fetched) => fetched?,
                // The task was cut off with its runtime; the request below says the same.
                Err(_) => self.runtime.block_on(self.request(start))?,
            },
            None => self.runtime.block_on(self.request(start))?,
        };
        let next = start + bytes.len() as u64;
        self.window = Window { start, bytes };
        if onwards && next < self.size {
            let task = self.runtime.spawn(self.request(next));
            self.ahead = Some(Ahead { start: next, task });
        }
        Ok(())
    }

    /// The window that begins at `start`.
    fn request(&self, start: u64) -> impl Future<Output = Result<Bytes, Error>> + Send + 'static {
        let (objects, bucket, key) = (self.objects.clone(), self.bucket.clone(), self.key.clone());
        let options = GetOptions {
            if_match: Some(self.etag.clone()),
            range: Some(start..(start + WINDOW).min(self.size)),
        };
        async move { objects.get(&bucket, &key, options).await?.collect(WINDOW).await }
    }
}

impl Read for RangeReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() || self.at >= self.size {
            return Ok(0);
        }
        if self.here().is_empty() {
            self.fetch()?;
        }
        let here = self.here();
        let taken = here.len().min(into.len());
        into[..taken].copy_from_slice(&here[..taken]);
        self.at += taken as u64;
        Ok(taken)
    }
}

impl Seek for RangeReader {
    /// Moves the position; beyond the end is allowed, and reads nothing there.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let before = || io::Error::new(io::ErrorKind::InvalidInput, "seek before the beginning");
        self.at = target.ok_or_else(before)?;
        Ok(self.at)
    }
}
