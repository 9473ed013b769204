//! Who may send: tokens, looked up in the metadata and remembered for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use logmill_metadata::Entries;
use logmill_metadata::tokens::{self, Role};

use crate::answer::Refusal;

/// How long a token that was found is believed: so long a revoked one still works.
const BELIEVED: Duration = Duration::from_secs(60);
/// How long one that was not found is not looked up again.
const DOUBTED: Duration = Duration::from_secs(10);
/// How long one that was found is believed while the metadata is away.
const STALE: Duration = Duration::from_secs(600);
/// The most tokens that are remembered.
const REMEMBERED: usize = 10_000;

/// What is known of a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Known {
    Writer,
    Other,
    Nobody,
}

/// Who may send.
#[derive(Debug)]
pub(crate) struct Senders<S> {
    /// None: everyone.
    store: Option<S>,
    known: Mutex<HashMap<String, (Known, Instant)>>,
}

impl<S: Entries> Senders<S> {
    pub(crate) fn new(store: Option<S>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// The name under which a sender's rate is counted.
    pub(crate) async fn check(&self, headers: &HeaderMap, now: Instant) -> Result<String, Refusal> {
        let Some(store) = &self.store else { return Ok(String::new()) };
        let token = token(headers).ok_or_else(|| {
            unauthorized(
                "no token was sent: send `Authorization: Bearer TOKEN`; `logmill token \
                          create --role writer` makes one",
            )
        })?;
        let hash = tokens::hash(&token);
        let remembered = self.remembered(&hash);
        let fresh = remembered.filter(|(known, at)| {
            let lasts = if *known == Known::Nobody { DOUBTED } else { BELIEVED };
            now.saturating_duration_since(*at) < lasts
        });
        let known = match fresh {
            Some((known, _)) => known,
            None => match tokens::find(store, &hash).await {
                Ok(found) => {
                    let known = match found {
                        Some(token) if token.role == Role::Writer => Known::Writer,
                        Some(_) => Known::Other,
                        None => Known::Nobody,
                    };
                    self.remember(&hash, known, now);
                    known
                }
                Err(error) => match remembered {
                    Some((known, at))
                        if known != Known::Nobody && now.saturating_duration_since(at) < STALE =>
                    {
                        known
                    }
                    _ => {
                        tracing::warn!(%error, "a token cannot be looked up");
                        let why = "tokens cannot be looked up now: send again later";
                        return Err(Refusal::away(why, 5));
                    }
                },
            },
        };
        match known {
            Known::Writer => Ok(hash),
            Known::Other => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "this token may not send events: its role is not `writer`",
            )),
            Known::Nobody => Err(unauthorized("this token is unknown, or was revoked")),
        }
    }

    fn remembered(&self, hash: &str) -> Option<(Known, Instant)> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(hash).copied()
    }

    fn remember(&self, hash: &str, known: Known, now: Instant) {
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(hash.to_owned(), (known, now));
    }
}

fn unauthorized(why: &str) -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, why)
}

/// The token of a request, in any of the ways in which agents can send one.
fn token(headers: &HeaderMap) -> Option<String> {
    if let Some(key) = headers.get("x-api-key") {
        return Some(key.to_str().ok()?.trim().to_owned());
    }
    let (scheme, value) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let value = value.trim();
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(value.to_owned()),
        "basic" => password(value),
        // Elasticsearch's clients send `id:key` packed so, or what they were given.
        "apikey" => password(value).or_else(|| Some(value.to_owned())),
        _ => None,
    }
}

/// What stands behind the colon.
fn password(packed: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(packed).ok()?).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}
