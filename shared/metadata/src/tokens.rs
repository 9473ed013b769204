//! Tokens, by which those are known who may send or read. Only their hashes are kept: who reads the
//! metadata cannot use them. A token has 256 random bits, so a plain hash of it cannot be searched for.

use std::fmt::Write as _;

use logmill_model::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::entries::{Entries, Entry, EntryKind, MAX_ENTRIES};
use crate::error::{Error, ErrorKind};
use crate::store::Commit;

/// How tokens begin, so that people and masks know one.
pub const PREFIX: &str = "logmill_";
/// The fewest characters by which a hash is named.
const SHORTEST: usize = 8;

/// What a token is good for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sends events.
    Writer,
}

/// A token, without itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    /// The SHA-256 of the token, in hexadecimal; its beginning serves as its name among people.
    pub hash: String,
    /// Whose it is.
    pub name: String,
    /// What it is good for.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an entry says of a token.
#[derive(Deserialize, Serialize)]
struct Kept {
    name: String,
    role: Role,
    created_at: Timestamp,
}

/// The hash under which a token is kept.
#[must_use]
pub fn hash(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Makes a token out of 32 random bytes, and keeps its hash. The token itself is what is returned:
/// nobody can tell it again.
///
/// # Errors
/// The store's; `Invalid` if these bytes were used before.
pub async fn create(
    store: &impl Entries,
    random: [u8; 32],
    name: &str,
    role: Role,
    now: Timestamp,
) -> Result<String, Error> {
    let mut token = PREFIX.to_owned();
    for byte in random {
        let _ = write!(token, "{byte:02x}");
    }
    let kept = Kept { name: name.to_owned(), role, created_at: now };
    let value = serde_json::to_value(kept)
        .map_err(|error| Error::new(ErrorKind::Invalid, "a token").caused_by(error))?;
    let entry = Entry { kind: EntryKind::Token, name: hash(&token), revision: 1, value };
    match store.put_entry(&entry).await? {
        Commit::Written => Ok(token),
        // An earlier try of this call may have been written and its answer lost.
        Commit::Conflict if store.entry(EntryKind::Token, &entry.name).await? == Some(entry) => {
            Ok(token)
        }
        Commit::Conflict => {
            Err(Error::new(ErrorKind::Invalid, "this token is there already: make another"))
        }
    }
}

/// The token of a hash; none if there is none, or it was revoked.
///
/// # Errors
/// The store's; `Damaged` if its entry cannot be read.
pub async fn find(store: &impl Entries, hash: &str) -> Result<Option<Token>, Error> {
    store.entry(EntryKind::Token, hash).await?.map(read).transpose()
}

/// All tokens, by hash.
///
/// # Errors
/// As [`find`].
pub async fn list(store: &impl Entries) -> Result<Vec<Token>, Error> {
    let mut all: Vec<Token> = Vec::new();
    loop {
        let after = all.last().map(|token| token.hash.clone());
        let page = store.entries(EntryKind::Token, after.as_deref(), MAX_ENTRIES).await?;
        let is_last = page.len() < MAX_ENTRIES;
        for entry in page {
            all.push(read(entry)?);
        }
        if is_last {
            return Ok(all);
        }
    }
}

/// Deletes the token whose hash begins so, and returns it; functions that know it go on to believe it
/// for a minute.
///
/// # Errors
/// `Invalid` if `hash` is shorter than 8 characters, or begins none or several; as [`find`].
pub async fn revoke(store: &impl Entries, hash: &str) -> Result<Token, Error> {
    let invalid = |message: String| Error::new(ErrorKind::Invalid, message);
    if hash.len() < SHORTEST {
        return Err(invalid(format!("give {SHORTEST} characters of the token's id at least")));
    }
    let found: Vec<_> =
        list(store).await?.into_iter().filter(|token| token.hash.starts_with(hash)).collect();
    let [token] = found.as_slice() else {
        return Err(invalid(format!("{} tokens have an id that begins with {hash}", found.len())));
    };
    store.delete_entry(EntryKind::Token, &token.hash).await?;
    Ok(token.clone())
}

fn read(entry: Entry) -> Result<Token, Error> {
    let Entry { name: hash, value, .. } = entry;
    let kept: Kept = serde_json::from_value(value).map_err(|error| {
        let message = format!("the token {hash} is not as Logmill writes it: delete its entry");
        Error::new(ErrorKind::Damaged, message).caused_by(error)
    })?;
    Ok(Token { hash, name: kept.name, role: kept.role, created_at: kept.created_at })
}
