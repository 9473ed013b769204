//! The bytes that go in: a buffer over the reader that can look ahead, and keeps its failures apart
//! from what is wrong with the data.

use std::io::{self, Read};

use crate::Error;

/// Bytes that are read at once.
const BUFFER: usize = 64 * 1024;

pub(crate) struct Source<'a> {
    reader: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    consumed: u64,
}

impl<'a> Source<'a> {
    pub(crate) fn new(reader: Box<dyn Read + 'a>) -> Self {
        Self::behind(0, reader)
    }

    /// A source of which `consumed` bytes were consumed before.
    pub(crate) fn behind(consumed: u64, reader: Box<dyn Read + 'a>) -> Self {
        Self { reader, buffer: vec![0; BUFFER], begin: 0, end: 0, consumed }
    }

    /// What is at hand, read anew if nothing is; empty at the end only.
    pub(crate) fn fill(&mut self) -> Result<&[u8], Error> {
        self.peek(1)
    }

    /// At least the next `want` bytes (at most 64 KiB), fewer at the end only.
    pub(crate) fn peek(&mut self, want: usize) -> Result<&[u8], Error> {
        if self.end - self.begin < want {
            self.buffer.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
            while self.end < want {
                match read(&mut self.reader, &mut self.buffer[self.end..])? {
                    0 => break,
                    more => self.end += more,
                }
            }
        }
        Ok(&self.buffer[self.begin..self.end])
    }

    /// Goes on behind the next `count` bytes, which must be at hand.
    pub(crate) fn consume(&mut self, count: usize) {
        self.begin = (self.begin + count).min(self.end);
        self.consumed += count as u64;
    }

    /// Fills all of `to`; `false` if the data ends before.
    pub(crate) fn copy(&mut self, to: &mut [u8]) -> Result<bool, Error> {
        let mut filled = 0;
        while filled < to.len() {
            let count = self.copy_some(&mut to[filled..])?;
            if count == 0 {
                return Ok(false);
            }
            filled += count;
        }
        Ok(true)
    }

    /// Fills as much of `to` as is at hand; 0 at the end only.
    pub(crate) fn copy_some(&mut self, to: &mut [u8]) -> Result<usize, Error> {
        let data = self.fill()?;
        let count = data.len().min(to.len());
        to[..count].copy_from_slice(&data[..count]);
        self.consume(count);
        Ok(count)
    }

    /// Bytes that were consumed so far.
    pub(crate) fn consumed(&self) -> u64 {
        self.consumed
    }
}

/// Reads once, again after an interruption.
pub(crate) fn read(reader: &mut impl Read, to: &mut [u8]) -> Result<usize, Error> {
    loop {
        match reader.read(to) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map_err(Error::Read),
        }
    }
}
