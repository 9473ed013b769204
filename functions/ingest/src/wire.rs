//! Messages of protobuf, field by field: so that what repeats is taken one by one, and a body of
//! some megabytes does not become gigabytes of empty messages.

use prost::bytes::Buf;
use prost::encoding::DecodeContext;
use prost::encoding::{WireType, decode_key, decode_varint, skip_field};

/// The body is no message of protobuf.
pub(crate) type Damaged = prost::DecodeError;

/// Calls `take` with the number and the bytes of each field that has bytes; others are skipped.
pub(crate) fn fields<'a, E: From<Damaged>>(
    mut message: &'a [u8],
    mut take: impl FnMut(u32, &'a [u8]) -> Result<(), E>,
) -> Result<(), E> {
    while message.has_remaining() {
        let (number, wire) = decode_key(&mut message)?;
        if wire != WireType::LengthDelimited {
            skip_field(wire, number, &mut message, DecodeContext::default())?;
            continue;
        }
        let length = usize::try_from(decode_varint(&mut message)?).unwrap_or(usize::MAX);
        let Some((bytes, rest)) = message.split_at_checked(length) else {
            // The library's own way to say that bytes are missing.
            let cut: &[u8] = &[0x80];
            decode_varint(&mut &*cut)?;
            return Ok(());
        };
        message = rest;
        take(number, bytes)?;
    }
    Ok(())
}
