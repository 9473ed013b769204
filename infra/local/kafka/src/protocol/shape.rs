//! What is served, in which versions, and what each request looks like: the decoder makes room for as
//! many elements as a request names, so a request is walked first, and one that names more than it
//! holds is never decoded.

use kafka_protocol::messages::ApiKey;

/// The most elements of all arrays of a request.
const MOST_ELEMENTS: usize = 100_000;

/// The versions of a request that look the same: `b` a byte, `h` two, `i` four, `l` eight, `s` a text,
/// `B` bytes, `[…]` an array.
pub(crate) struct Shape {
    pub(crate) api: ApiKey,
    pub(crate) versions: (i16, i16),
    shape: &'static str,
}

const fn shape(api: ApiKey, first: i16, last: i16, shape: &'static str) -> Shape {
    Shape { api, versions: (first, last), shape }
}

/// All that is served (Kafka's protocol guide; none of it in a flexible version).
pub(crate) const SHAPES: [Shape; 29] = [
    // Old clients take a higher minimum for a broker that knows no compression.
    shape(ApiKey::Produce, 0, 2, "hi[s[iB]]"),
    shape(ApiKey::Produce, 3, 8, "shi[s[iB]]"),
    shape(ApiKey::Fetch, 4, 4, "iiiib[s[ili]]"),
    shape(ApiKey::Fetch, 5, 6, "iiiib[s[illi]]"),
    shape(ApiKey::Fetch, 7, 8, "iiiibii[s[illi]][s[i]]"),
    shape(ApiKey::Fetch, 9, 10, "iiiibii[s[iilli]][s[i]]"),
    shape(ApiKey::Fetch, 11, 11, "iiiibii[s[iilli]][s[i]]s"),
    shape(ApiKey::ListOffsets, 1, 1, "i[s[il]]"),
    shape(ApiKey::ListOffsets, 2, 3, "ib[s[il]]"),
    shape(ApiKey::ListOffsets, 4, 5, "ib[s[iil]]"),
    shape(ApiKey::Metadata, 0, 3, "[s]"),
    shape(ApiKey::Metadata, 4, 7, "[s]b"),
    shape(ApiKey::Metadata, 8, 8, "[s]bbb"),
    shape(ApiKey::OffsetCommit, 2, 4, "sisl[s[ils]]"),
    shape(ApiKey::OffsetCommit, 5, 5, "sis[s[ils]]"),
    shape(ApiKey::OffsetFetch, 1, 5, "s[s[i]]"),
    shape(ApiKey::FindCoordinator, 0, 0, "s"),
    shape(ApiKey::FindCoordinator, 1, 2, "sb"),
    shape(ApiKey::JoinGroup, 0, 0, "siss[sB]"),
    shape(ApiKey::JoinGroup, 1, 3, "siiss[sB]"),
    shape(ApiKey::Heartbeat, 0, 2, "sis"),
    shape(ApiKey::LeaveGroup, 0, 1, "ss"),
    shape(ApiKey::SyncGroup, 0, 2, "sis[sB]"),
    // Not read: all that it says is who the client is.
    shape(ApiKey::ApiVersions, 0, 3, ""),
    shape(ApiKey::CreateTopics, 2, 4, "[sih[i[i]][ss]]ib"),
    shape(ApiKey::DeleteTopics, 1, 3, "[s]i"),
    shape(ApiKey::InitProducerId, 0, 1, "si"),
    shape(ApiKey::DescribeConfigs, 1, 2, "[bs[s]]b"),
    shape(ApiKey::DescribeConfigs, 3, 3, "[bs[s]]bb"),
];

/// The versions of each request that are served.
pub(crate) fn served() -> Vec<(ApiKey, i16, i16)> {
    let mut served: Vec<(ApiKey, i16, i16)> = Vec::new();
    for Shape { api, versions: (first, last), .. } in SHAPES {
        match served.iter_mut().find(|(known, ..)| *known == api) {
            Some(known) => known.2 = last,
            None => served.push((api, first, last)),
        }
    }
    served
}

/// What a request of this key and version looks like, if it is served.
pub(crate) fn of(key: i16, version: i16) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| {
        shape.api as i16 == key && (shape.versions.0..=shape.versions.1).contains(&version)
    })
}

impl Shape {
    /// Whether the bytes hold all that they name.
    pub(crate) fn fits(&self, bytes: &[u8]) -> bool {
        let mut walk = Walk { rest: bytes, elements: 0 };
        walk.all(self.shape.as_bytes()).is_some()
    }
}

struct Walk<'a> {
    rest: &'a [u8],
    elements: usize,
}

impl Walk<'_> {
    fn skip(&mut self, length: usize) -> Option<&[u8]> {
        let (skipped, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(skipped)
    }

    fn length(&mut self) -> Option<i32> {
        self.skip(4)?.try_into().ok().map(i32::from_be_bytes)
    }

    fn all(&mut self, shape: &[u8]) -> Option<()> {
        let mut at = 0;
        while let Some(kind) = shape.get(at) {
            at += 1;
            match kind {
                b'[' => {
                    let inner = shape.get(at..)?;
                    let end = closing(inner)?;
                    self.array(inner.get(..end)?)?;
                    at += end + 1;
                }
                kind => self.one(*kind)?,
            }
        }
        Some(())
    }

    fn array(&mut self, shape: &[u8]) -> Option<()> {
        let count = match self.length()? {
            -1 => 0,
            count => usize::try_from(count).ok()?,
        };
        self.elements = self.elements.checked_add(count)?;
        if self.elements > MOST_ELEMENTS {
            return None;
        }
        (0..count).try_for_each(|_| self.all(shape))
    }

    fn one(&mut self, kind: u8) -> Option<()> {
        let length = match kind {
            b'b' => 1,
            b'h' => 2,
            b'i' => 4,
            b'l' => 8,
            b's' => i32::from(self.skip(2)?.try_into().ok().map(i16::from_be_bytes)?),
            _ => self.length()?,
        };
        self.skip(if length == -1 { 0 } else { usize::try_from(length).ok()? })?;
        Some(())
    }
}

/// Where the bracket is closed that was opened before this.
fn closing(shape: &[u8]) -> Option<usize> {
    let mut open = 1;
    shape.iter().position(|kind| {
        open += i32::from(*kind == b'[') - i32::from(*kind == b']');
        open == 0
    })
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::{
        CreateTopicsRequest, FetchRequest, JoinGroupRequest, ListOffsetsRequest, MetadataRequest,
        OffsetCommitRequest, OffsetFetchRequest, ProduceRequest, SyncGroupRequest,
    };
    use kafka_protocol::protocol::Decodable;

    use super::*;

    /// Bytes of a shape with two elements in each array.
    fn example(shape: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = shape;
        while let Some(kind) = rest.chars().next() {
            rest = &rest[1..];
            match kind {
                '[' => {
                    let end = closing(rest.as_bytes()).unwrap();
                    bytes.extend(2_i32.to_be_bytes());
                    bytes.extend([example(&rest[..end]), example(&rest[..end])].concat());
                    rest = &rest[end + 1..];
                }
                'b' => bytes.push(1),
                'h' => bytes.extend([0, 1]),
                'i' => bytes.extend([0, 0, 0, 1]),
                'l' => bytes.extend([0; 8]),
                's' => bytes.extend(b"\0\x03abc"),
                _ => bytes.extend(b"\0\0\0\x02xy"),
            }
        }
        bytes
    }

    fn decodes<T: Decodable>(bytes: &[u8], version: i16) -> bool {
        let mut bytes = bytes::Bytes::copy_from_slice(bytes);
        T::decode(&mut bytes, version).is_ok() && bytes.is_empty()
    }

    #[test]
    fn what_a_request_is_taken_for_is_what_the_decoder_reads() {
        for shape in &SHAPES {
            let bytes = example(shape.shape);
            assert!(shape.fits(&bytes), "{:?}", shape.api);
            for version in shape.versions.0..=shape.versions.1 {
                let decoded = match shape.api {
                    ApiKey::Produce if version >= 3 => decodes::<ProduceRequest>(&bytes, version),
                    ApiKey::Fetch => decodes::<FetchRequest>(&bytes, version),
                    ApiKey::ListOffsets => decodes::<ListOffsetsRequest>(&bytes, version),
                    ApiKey::Metadata => decodes::<MetadataRequest>(&bytes, version),
                    ApiKey::OffsetCommit => decodes::<OffsetCommitRequest>(&bytes, version),
                    ApiKey::OffsetFetch => decodes::<OffsetFetchRequest>(&bytes, version),
                    ApiKey::JoinGroup => decodes::<JoinGroupRequest>(&bytes, version),
                    ApiKey::SyncGroup => decodes::<SyncGroupRequest>(&bytes, version),
                    ApiKey::CreateTopics => decodes::<CreateTopicsRequest>(&bytes, version),
                    _ => true,
                };
                assert!(decoded, "{:?} {version}", shape.api);
            }
        }
    }

    #[test]
    fn a_request_that_names_more_than_it_holds_takes_no_memory() {
        for shape in SHAPES.iter().filter(|shape| !shape.shape.is_empty()) {
            let bytes = example(shape.shape);
            assert!(!shape.fits(&bytes[..bytes.len() - 1]), "{:?}", shape.api);
        }
        let metadata = of(ApiKey::Metadata as i16, 1).unwrap();
        for count in [i32::MAX, -2, i32::MIN, 200_000] {
            assert!(!metadata.fits(&count.to_be_bytes()), "{count}");
            let with_room = [&count.to_be_bytes()[..], &[0xff; 500_000]].concat();
            assert!(!metadata.fits(&with_room), "{count}");
        }
    }
}
