//! Reading an object from anywhere in it, by blocking code: what a zip needs, whose index stands at
//! its end.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::body::GetOptions;
use crate::client::{Head, Objects};
use crate::error::{Action, Error, ErrorKind};

/// How much one request fetches, in bytes.
pub const WINDOW: u64 = 1024 * 1024;
/// Requests begin at multiples of it, so that small steps back cost nothing and what is wanted of
/// the end is near where the request begins.
const STEP: u64 = 64 * 1024;

/// One version of an object as a file. It holds two windows at most: the one being read and, while
/// it is read from front to back, the one after, which is fetched meanwhile. What came of a window
/// can be read before the rest of it: however slow the network, a reader goes on bit by bit.
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
    window: Option<Window>,
    ahead: Option<Window>,
}

/// A window, whole or under way.
#[derive(Debug)]
struct Window {
    /// What it covers of the object.
    range: Range<u64>,
    /// Whether it follows the one before.
    onwards: bool,
    /// What came of it.
    bytes: BytesMut,
    /// What comes of it; holds no more than the window.
    pieces: UnboundedReceiver<Result<Bytes, Error>>,
    /// Tells when all of it came; taken by the window after it.
    done: Option<oneshot::Receiver<()>>,
    task: AbortHandle,
}

impl Window {
    /// Whether it covers the position, and comes to it next: what lies further on is sooner fetched
    /// by a request of its own.
    fn comes_to(&self, at: u64) -> bool {
        self.range.contains(&at) && at <= self.range.start + self.bytes.len() as u64 + STEP
    }

    /// Waits for more of it, and takes all that is there. False if no more comes.
    fn wait(&mut self, runtime: &Handle) -> Result<bool, Error> {
        let Some(piece) = runtime.block_on(self.pieces.recv()) else { return Ok(false) };
        self.bytes.extend_from_slice(&piece?);
        while let Ok(piece) = self.pieces.try_recv() {
            self.bytes.extend_from_slice(&piece?);
        }
        Ok(true)
    }
}

impl Drop for Window {
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
            window: None,
            ahead: None,
        }
    }

    /// What is at hand of the window at and after the position.
    fn here(&self) -> &[u8] {
        let Some(window) = &self.window else { return &[] };
        let skipped = self.at.checked_sub(window.range.start).map(usize::try_from);
        match skipped {
            Some(Ok(skipped)) => window.bytes.get(skipped..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Waits until something at the position is at hand.
    fn fetch(&mut self) -> Result<(), Error> {
        while self.here().is_empty() {
            let mut window = match self.window.take() {
                Some(window) if window.comes_to(self.at) => window,
                // The last window is let go before the next one comes.
                last => self.next_window(last.map(|last| last.range.end)),
            };
            let next = window.range.end;
            if window.onwards && next < self.size && self.ahead.is_none() {
                self.ahead = Some(self.request(next, true, window.done.take()));
            }
            if !window.wait(&self.runtime)? {
                let (key, reason) = (&self.key, "reading it was cut off");
                let kind = ErrorKind::Unavailable;
                return Err(Error::new(kind, Action::Get, &self.bucket, key, reason));
            }
            self.window = Some(window);
        }
        Ok(())
    }

    /// The window of the position, where the one before ended at `last`.
    fn next_window(&mut self, last: Option<u64>) -> Window {
        match self.ahead.take() {
            Some(ahead) if ahead.range.contains(&self.at) => ahead,
            _ => self.request(self.at / STEP * STEP, last == Some(self.at), None),
        }
    }

    /// Begins to fetch the window that begins at `start`, once the one before it is there.
    fn request(&self, start: u64, onwards: bool, before: Option<oneshot::Receiver<()>>) -> Window {
        let range = start..(start + WINDOW).min(self.size);
        let length = range.end - range.start;
        let (objects, bucket, key) = (self.objects.clone(), self.bucket.clone(), self.key.clone());
        let options = GetOptions { if_match: Some(self.etag.clone()), range: Some(range.clone()) };
        let (send, pieces) = mpsc::unbounded_channel();
        let (came, done) = oneshot::channel();
        let task = self.runtime.spawn(async move {
            if let Some(before) = before {
                // One that failed is as good as one that came.
                let _ = before.await;
            }
            let fetched = async {
                let mut body = objects.get(&bucket, &key, options).await?.of_length(length)?;
                while let Some(piece) = body.next().await? {
                    // Nobody who listens is no error: the reader went elsewhere.
                    let _ = send.send(Ok(piece));
                }
                Ok(())
            };
            if let Err(error) = fetched.await {
                let _ = send.send(Err(error));
            }
            let _ = came.send(());
        });
        let bytes = BytesMut::with_capacity(usize::try_from(length).unwrap_or_default());
        Window { range, onwards, bytes, pieces, done: Some(done), task: task.abort_handle() }
    }
}

impl Read for RangeReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() || self.at >= self.size {
            return Ok(0);
        }
        self.fetch()?;
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
