//! What a bucket holds, in the order of the keys' bytes.

use super::{Change, Fault};
use rusqlite::params;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    /// Empty for none.
    pub(crate) delimiter: String,
    /// Begin after this key, or after this common prefix.
    pub(crate) after: String,
    pub(crate) most: usize,
}

/// One item of the answer.
#[derive(Clone, Debug)]
pub(crate) enum Listed {
    Object { key: String, size: u64, etag: String, modified_ms: i64 },
    Prefix(String),
}

impl Listed {
    /// What the next listing begins after.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Object { key, .. } => key,
            Self::Prefix(prefix) => prefix,
        }
    }
}

impl Change<'_> {
    /// The items, and whether there are more. A common prefix costs one look, however many keys
    /// are under it.
    pub(crate) fn list(&self, listing: &Listing) -> Result<(Vec<Listed>, bool), Fault> {
        self.need_bucket(&listing.bucket)?;
        let prefix = listing.prefix.as_bytes();
        // The first key that may be in the answer.
        let mut from = prefix.to_vec();
        if !listing.after.is_empty() {
            let after = listing.after.as_bytes();
            let whole_prefix =
                common_prefix(listing, &listing.after) == Some(listing.after.as_str());
            let next = if whole_prefix { successor(after) } else { Some([after, &[0]].concat()) };
            let Some(next) = next else { return Ok((Vec::new(), false)) };
            from = from.max(next);
        }
        let mut items = Vec::new();
        let mut page = self.db.prepare_cached(
            "SELECT key, size, etag, modified_ms FROM objects \
             WHERE bucket = ?1 AND key >= ?2 AND (?3 IS NULL OR key < ?3) ORDER BY key LIMIT ?4",
        )?;
        let end = successor(prefix);
        'pages: loop {
            // One more than asked for, to know whether there are more.
            let wanted = listing.most.saturating_sub(items.len()) + 1;
            let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
            let mut rows = page.query(params![listing.bucket, from, end, limit])?;
            let mut seen = 0;
            while let Some(row) = rows.next()? {
                if items.len() == listing.most {
                    return Ok((items, true));
                }
                seen += 1;
                let raw: Vec<u8> = row.get(0)?;
                let key = String::from_utf8_lossy(&raw).into_owned();
                if let Some(common) = common_prefix(listing, &key) {
                    items.push(Listed::Prefix(common.to_owned()));
                    match successor(common.as_bytes()) {
                        Some(next) => from = next,
                        None => return Ok((items, false)),
                    }
                    continue 'pages;
                }
                from = [raw.as_slice(), &[0]].concat();
                let (size, etag, modified_ms) = (row.get(1)?, row.get(2)?, row.get(3)?);
                items.push(Listed::Object { key, size, etag, modified_ms });
            }
            if seen < wanted {
                return Ok((items, false));
            }
        }
    }
}

/// The prefix under which a key is rolled up, if it is.
fn common_prefix<'a>(listing: &Listing, key: &'a str) -> Option<&'a str> {
    if listing.delimiter.is_empty() {
        return None;
    }
    let rest = key.strip_prefix(listing.prefix.as_str())?;
    let at = rest.find(listing.delimiter.as_str())?;
    key.get(..listing.prefix.len() + at + listing.delimiter.len())
}

/// The first bytes that come after everything that begins so; none for the empty prefix.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.last_mut() {
        if *last < u8::MAX {
            *last += 1;
            return Some(next);
        }
        next.pop();
    }
    None
}
