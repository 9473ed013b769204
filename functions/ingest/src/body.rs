//! A request's body: read and unpacked within limits.

use std::io::Read;

use bytes::Bytes;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};
use http_body::Body;
use http_body_util::BodyExt as _;

use crate::answer::Refusal;
use crate::budget::{Share, Spent};

/// The largest window that zstd may ask for: 8 MB, as its format recommends to support.
const ZSTD_WINDOW: u32 = 23;
/// How much is unpacked at a time.
const PIECE: usize = 64 * 1024;

/// How a body is packed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Packed {
    Not,
    Gzip,
    Zlib,
    Zstd,
    Snappy,
}

/// Reads a body and unpacks it; neither has more than `most` bytes.
pub(crate) async fn read<B>(
    headers: &HeaderMap,
    body: B,
    most: usize,
    share: &mut Share,
) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let packed = packed(headers)?;
    let raw = collect(headers, body, most, share).await?;
    let unpacked = match packed {
        Packed::Not => return Ok(raw),
        Packed::Gzip => unpack(MultiGzDecoder::new(&*raw), "gzip", most, share),
        Packed::Zlib => unpack(ZlibDecoder::new(&*raw), "deflate", most, share),
        Packed::Zstd => {
            let decoder =
                zstd::stream::read::Decoder::with_buffer(&*raw).and_then(|mut decoder| {
                    decoder.window_log_max(ZSTD_WINDOW)?;
                    Ok(decoder)
                });
            let decoder = decoder.map_err(|error| damaged("zstd", &error))?;
            unpack(decoder, "zstd", most, share)
        }
        Packed::Snappy => return snappy(&raw, most, share),
    };
    unpacked.map(Bytes::from)
}

/// Unpacks a block of snappy, which Loki's senders do not announce.
pub(crate) fn snappy(raw: &[u8], most: usize, share: &mut Share) -> Result<Bytes, Refusal> {
    let length = snap::raw::decompress_len(raw).map_err(|error| damaged("snappy", &error))?;
    if length > most {
        return Err(too_large(most));
    }
    share.grow(length).map_err(spent)?;
    let unpacked = snap::raw::Decoder::new().decompress_vec(raw);
    unpacked.map(Bytes::from).map_err(|error| damaged("snappy", &error))
}

fn packed(headers: &HeaderMap) -> Result<Packed, Refusal> {
    let Some(value) = headers.get(CONTENT_ENCODING) else { return Ok(Packed::Not) };
    let value = value.to_str().unwrap_or("?").trim().to_ascii_lowercase();
    match value.as_str() {
        "" | "identity" => Ok(Packed::Not),
        "gzip" | "x-gzip" => Ok(Packed::Gzip),
        "deflate" => Ok(Packed::Zlib),
        "zstd" => Ok(Packed::Zstd),
        "snappy" => Ok(Packed::Snappy),
        _ => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Content-Encoding: {value}: send gzip, zstd, deflate or plain"),
        )),
    }
}

async fn collect<B>(
    headers: &HeaderMap,
    body: B,
    most: usize,
    share: &mut Share,
) -> Result<Bytes, Refusal>
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let announced = announced.and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
    if announced > most {
        return Err(too_large(most));
    }
    let mut body = std::pin::pin!(body);
    let mut read: Vec<u8> = Vec::new();
    let mut first: Option<Bytes> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Refusal::bad(format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = read.len() + first.as_ref().map_or(0, Bytes::len);
        if data.len() > most.saturating_sub(length) {
            return Err(too_large(most));
        }
        share.grow(data.len()).map_err(spent)?;
        match first.take() {
            None if read.is_empty() => first = Some(data),
            before => {
                read.extend_from_slice(&before.unwrap_or_default());
                read.extend_from_slice(&data);
            }
        }
    }
    Ok(first.unwrap_or_else(|| Bytes::from(read)))
}

fn unpack(
    mut packed: impl Read,
    name: &str,
    most: usize,
    share: &mut Share,
) -> Result<Vec<u8>, Refusal> {
    let mut unpacked = Vec::new();
    loop {
        // One byte over the limit tells that there is more.
        let piece = PIECE.min(most + 1 - unpacked.len());
        share.grow(piece).map_err(spent)?;
        let read = packed.by_ref().take(piece as u64).read_to_end(&mut unpacked);
        let read = read.map_err(|error| damaged(name, &error))?;
        if unpacked.len() > most {
            return Err(too_large(most));
        }
        if read < piece {
            return Ok(unpacked);
        }
    }
}

fn too_large(most: usize) -> Refusal {
    Refusal::too_large(format!(
        "the body has more than {most} bytes, unpacked: send fewer events at once, or raise \
         LOGMILL_INGEST_BODY_BYTES"
    ))
}

fn spent(Spent: Spent) -> Refusal {
    Refusal::too_many("too many requests are under way: send again later", 1)
}

fn damaged(name: &str, error: &dyn std::fmt::Display) -> Refusal {
    Refusal::bad(format!("the body is no whole {name}: {error}"))
}
