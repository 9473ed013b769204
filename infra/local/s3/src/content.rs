//! The content files: written once under a new name, never changed. A name in the table means a
//! whole file; a file without a row is swept when the storage is opened.

use crate::attributes::{Algorithm, Sums};
use crate::error::Error;
use bytes::Bytes;
use futures_util::StreamExt as _;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3Result, s3_error};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// How many pieces of a body may wait for the disk.
const WAITING: usize = 16;
/// How much is read at once when files are joined or copied.
const BLOCK: usize = 256 * 1024;

/// The folder of content files.
#[derive(Debug)]
pub(crate) struct Contents {
    root: PathBuf,
    boot: u128,
    next: AtomicU64,
}

/// A whole content file that no row names yet: dropped without [`Written::keep`], it is removed.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) sums: Sums,
    path: PathBuf,
    kept: bool,
}

impl Written {
    /// A row names it now.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }

    /// The MD5 in hexadecimal: the ETag of a single put.
    pub(crate) fn etag(&self) -> String {
        hex(&self.md5)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if !self.kept {
            remove(&self.path);
        }
    }
}

enum Piece {
    Data(Bytes),
    End,
}

impl Contents {
    /// Opens the folder, making what is missing, and removes what was being written when the
    /// process ended.
    pub(crate) fn open(root: PathBuf) -> Result<Self, Error> {
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::Files { path, source }
        };
        let tmp = root.join("tmp");
        if tmp.exists() {
            fs::remove_dir_all(&tmp).map_err(fail(&tmp))?;
        }
        fs::create_dir_all(&tmp).map_err(fail(&tmp))?;
        for shard in 0..=255_u8 {
            let folder = root.join(format!("{shard:02x}"));
            fs::create_dir_all(&folder).map_err(fail(&folder))?;
        }
        let boot = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos());
        Ok(Self { root, boot, next: AtomicU64::new(0) })
    }

    /// Removes the files that no row names; returns how many.
    pub(crate) fn sweep(&self, named: &HashSet<String>) -> Result<usize, Error> {
        let mut removed = 0;
        for shard in 0..=255_u8 {
            let folder = self.root.join(format!("{shard:02x}"));
            let fail = |source| Error::Files { path: folder.clone(), source };
            for entry in fs::read_dir(&folder).map_err(fail)? {
                let entry = entry.map_err(fail)?;
                if !entry.file_name().to_str().is_some_and(|name| named.contains(name)) {
                    remove(&entry.path());
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    /// Where a content file lies.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        let shard = name.get(name.len().saturating_sub(2)..).unwrap_or("00");
        self.root.join(shard).join(name)
    }

    /// Removes a file that no row names any more. Those who read it read on.
    pub(crate) fn remove(&self, name: &str) {
        remove(&self.path(name));
    }

    /// Stores a request's body; off the async threads, in flat memory.
    pub(crate) async fn receive(
        self: &Arc<Self>,
        body: Option<StreamingBlob>,
        algorithms: Vec<Algorithm>,
    ) -> S3Result<Written> {
        let (sender, mut pieces) = mpsc::channel(WAITING);
        let contents = Arc::clone(self);
        let writer = tokio::task::spawn_blocking(move || {
            contents.write(&algorithms, |file| {
                loop {
                    match pieces.blocking_recv() {
                        Some(Piece::Data(data)) => file.add(&data)?,
                        Some(Piece::End) => return Ok(()),
                        None => return Err(io::ErrorKind::UnexpectedEof.into()),
                    }
                }
            })
        });
        let mut fault = None;
        if let Some(mut body) = body {
            while let Some(piece) = body.next().await {
                match piece {
                    Ok(data) => {
                        if sender.send(Piece::Data(data)).await.is_err() {
                            break; // the writer failed and says why
                        }
                    }
                    Err(error) => {
                        fault = Some(body_fault(error));
                        break;
                    }
                }
            }
        }
        if fault.is_none() {
            // If the writer has failed, its own error is the one to report.
            let _ = sender.send(Piece::End).await;
        }
        drop(sender);
        let written = writer.await.map_err(S3Error::internal_error)?;
        match fault {
            Some(fault) => Err(fault),
            None => written.map_err(S3Error::internal_error),
        }
    }

    /// Joins content files, or the given range of each, to one. This blocks.
    pub(crate) fn join(
        &self,
        files: &[(String, u64, u64)],
        algorithms: &[Algorithm],
    ) -> io::Result<Written> {
        self.write(algorithms, |target| {
            let mut block = vec![0; BLOCK];
            for (name, start, length) in files {
                let mut file = File::open(self.path(name))?;
                io::Seek::seek(&mut file, io::SeekFrom::Start(*start))?;
                let mut source = file.take(*length);
                loop {
                    let read = source.read(&mut block)?;
                    let Some(data) = block.get(..read).filter(|data| !data.is_empty()) else {
                        break;
                    };
                    target.add(data)?;
                }
            }
            Ok(())
        })
    }

    /// Gives a content file a second name, without copying where the file system can. This blocks.
    pub(crate) fn link(&self, name: &str, size: u64) -> io::Result<Written> {
        let new = self.new_name();
        let path = self.path(&new);
        if fs::hard_link(self.path(name), &path).is_err() {
            return self.join(&[(name.to_owned(), 0, size)], &[]);
        }
        sync_folder(&path)?;
        let sums = Sums::default();
        Ok(Written { name: new, size, md5: [0; 16], sums, path, kept: false })
    }

    fn write(
        &self,
        algorithms: &[Algorithm],
        fill: impl FnOnce(&mut Target) -> io::Result<()>,
    ) -> io::Result<Written> {
        let name = self.new_name();
        let tmp = self.root.join("tmp").join(&name);
        let path = self.path(&name);
        let mut target = Target::create(&tmp, algorithms)?;
        let done = fill(&mut target)
            .and_then(|()| target.file.sync_data())
            .and_then(|()| fs::rename(&tmp, &path))
            .and_then(|()| sync_folder(&path));
        if let Err(error) = done {
            remove(&tmp);
            return Err(error);
        }
        Ok(Written {
            name,
            size: target.size,
            md5: target.md5.finalize(),
            sums: target.sums.finalize().into(),
            path,
            kept: false,
        })
    }

    /// A name that was never given: the nanosecond of the start and a counter.
    pub(crate) fn new_name(&self) -> String {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:032x}{n:08x}", self.boot)
    }
}

/// A file that is being written, with what is computed of it on the way.
struct Target {
    file: File,
    size: u64,
    md5: Md5,
    sums: ChecksumHasher,
}

impl Target {
    fn create(path: &Path, algorithms: &[Algorithm]) -> io::Result<Self> {
        let wants = |algorithm| algorithms.contains(&algorithm);
        let sums = ChecksumHasher {
            crc32: wants(Algorithm::Crc32).then(Crc32::new),
            crc32c: wants(Algorithm::Crc32c).then(Crc32c::new),
            sha1: wants(Algorithm::Sha1).then(Sha1::new),
            sha256: wants(Algorithm::Sha256).then(Sha256::new),
            crc64nvme: wants(Algorithm::Crc64nvme).then(Crc64Nvme::new),
        };
        let file = File::create_new(path)?;
        Ok(Self { file, size: 0, md5: Md5::new(), sums })
    }

    fn add(&mut self, data: &[u8]) -> io::Result<()> {
        self.md5.update(data);
        self.sums.update(data);
        self.size += data.len() as u64;
        self.file.write_all(data)
    }
}

/// What a body that breaks off is answered with.
fn body_fault(error: s3s::StdError) -> S3Error {
    let text = format!("{error:?}");
    if text.contains("ChecksumMismatch") || text.contains("Sha256") || text.contains("sha256") {
        let code = s3s::S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into());
        let text = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        let mut fault = S3Error::with_message(code, text);
        fault.set_status_code(axum::http::StatusCode::BAD_REQUEST);
        return fault;
    }
    if text.contains("SignatureMismatch") {
        return s3_error!(
            SignatureDoesNotMatch,
            "The request signature we calculated does not match the signature you provided."
        );
    }
    let mut fault = s3_error!(
        IncompleteBody,
        "You did not provide the number of bytes specified by the Content-Length HTTP header"
    );
    fault.set_source(error);
    fault
}

/// Makes a new name in a folder durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        // The next start sweeps it.
        tracing::warn!(path = %path.display(), %error, "a content file could not be removed");
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
