//! What is known of a deployment and of each of its objects.

use logmill_model::{Outcome, Timestamp};
use serde::{Deserialize, Serialize};

use crate::tally::Tally;
use crate::version::Version;

/// How far a deployment or an object is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Known, and nobody has begun.
    #[default]
    Pending,
    /// Taken by a worker, now or before; not ended.
    Processing,
    /// Its documents are written. What the log says of its build is the result, not this.
    Completed,
    /// It could not be processed; the error says why.
    Failed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Processing, Self::Completed, Self::Failed];

    /// The name as rows carry it, `PENDING` for example.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }

    /// Whether nothing more will happen by itself.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed)
    }
}

/// A row of `deployment_metadata`: one run of a pipeline, or one rollout.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Deployment {
    /// Names the same run for ever.
    pub deployment_key: String,
    /// Where its log is: the key of the first object that was seen, unless the facts say better.
    pub s3_path: Option<String>,
    /// The worst of its objects; ended when all that are expected have.
    pub status: Status,
    /// Since when it has that status.
    pub status_since: Timestamp,
    /// When the run was created, as its source says.
    pub created_at: Option<Timestamp>,
    /// When this row was made.
    pub seen_at: Timestamp,
    /// When the last of its objects ended; none while one has not.
    pub processed_at: Option<Timestamp>,
    /// The application it builds or deploys.
    pub application_name: Option<String>,
    /// What kind of run: `build`, `rollout`, ….
    pub deployment_type: Option<String>,
    /// Where it comes from: `github_actions`, `gitlab`, ….
    pub source: Option<String>,
    /// The run's number or address at its source.
    pub run: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// The branch or tag.
    pub branch: Option<String>,
    /// Who or what started it.
    pub actor: Option<String>,
    /// How many objects it has, if somebody said so; else as many as were seen.
    pub objects_expected: Option<u32>,
    /// The worst result of the objects that were completed so far.
    pub result: Option<Outcome>,
    /// Why an object failed to be processed; the first one that did.
    pub error: Option<String>,
    /// Which part `error` is about.
    pub error_part: Option<String>,
    /// Its objects, counted by status and result.
    pub tally: Tally,
    /// Grows by one with each change, from 1; what conditional writes compare.
    pub revision: u64,
}

impl Deployment {
    /// A deployment of which only the key is known, PENDING.
    #[must_use]
    pub fn new(deployment_key: &str, now: Timestamp) -> Self {
        Self {
            deployment_key: deployment_key.to_owned(),
            status_since: now,
            seen_at: now,
            ..Self::default()
        }
    }

    /// The time that lists are ordered by: when the run was created, else when the row was made.
    #[must_use]
    pub fn listed_at(&self) -> Timestamp {
        self.created_at.unwrap_or(self.seen_at)
    }

    /// The place in a list, which orders like the text: the time to the millisecond, UTC, `#`, and
    /// the key, so that no two deployments share one. A page's cursor is such a place.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{:.3}#{}", self.listed_at(), self.deployment_key)
    }
}

/// Which object: a log or a zip of several.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ObjectRef {
    /// The deployment it belongs to.
    pub deployment_key: String,
    /// Which of its logs it is; `""` where there is only one.
    pub part: String,
    /// Its key in the bucket.
    pub object_key: String,
}

/// Who works on an object: unique to one invocation of a function, for whoever takes an object
/// again under the same name is taken to repeat a call whose answer was lost.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Owner(String);

impl Owner {
    /// An invocation in the cloud, by its request id.
    #[must_use]
    pub fn new(request: impl Into<String>) -> Self {
        Self(request.into())
    }

    /// An invocation inside a local process: `local-{boot}/{request}`. `boot` names one start of
    /// the process and holds no `/`; a lease of another boot is void, since that process is dead.
    #[must_use]
    pub fn local(boot: &str, request: &str) -> Self {
        Self(format!("local-{boot}/{request}"))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The boot id, if it is a local one.
    #[must_use]
    pub fn boot(&self) -> Option<&str> {
        Some(self.0.strip_prefix("local-")?.split_once('/')?.0)
    }
}

/// The right to work on an object until a time.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lease {
    /// Who has it.
    pub owner: Owner,
    /// When it ends by itself.
    pub until: Timestamp,
}

impl Lease {
    /// Whether `other` must respect it: it has not ended, and its owner is not of another boot of
    /// the process that `other` runs in.
    #[must_use]
    pub fn binds(&self, other: &Owner, now: Timestamp) -> bool {
        let dead = matches!((self.owner.boot(), other.boot()), (Some(a), Some(b)) if a != b);
        self.until > now && !dead
    }
}

/// A row of `deployment_objects`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ObjectState {
    /// The deployment it belongs to.
    pub deployment_key: String,
    /// Which of its logs it is.
    pub part: String,
    /// Its key in the bucket.
    pub object_key: String,
    /// How far it is.
    pub status: Status,
    /// The newest version that is known, which the status is about.
    pub version: Version,
    /// Who works on it.
    #[serde(default)]
    pub lease: Option<Lease>,
    /// How often this version was taken since it last made progress, this time included.
    pub attempts: u32,
    /// How often work on this version was continued from a checkpoint by a new message.
    pub continuations: u32,
    /// How often this version was replayed.
    pub replays: u32,
    /// What the log says of its build, once COMPLETED.
    #[serde(default)]
    pub result: Option<Outcome>,
    /// Why it is FAILED.
    #[serde(default)]
    pub error: Option<String>,
    /// Who ended it.
    #[serde(default)]
    pub ended_by: Option<Owner>,
    /// When it came to this status.
    pub status_since: Timestamp,
    /// Grows by one with each change, from 1; what conditional writes compare.
    pub revision: u64,
}

impl ObjectState {
    /// What the documents of this object carry: computed from the version, so that every attempt
    /// writes the same; another version or a replay has another one.
    #[must_use]
    pub fn generation(&self) -> String {
        let second = self.version.last_modified.as_second();
        let generation = format!("{}-{second}", self.version.etag);
        if self.replays == 0 { generation } else { format!("{generation}-{}", self.replays) }
    }
}

/// What may be known of a deployment apart from its processing; a field that is none is left as
/// it stands.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the fields of Deployment")]
pub struct Facts {
    pub s3_path: Option<String>,
    pub created_at: Option<Timestamp>,
    pub application_name: Option<String>,
    pub deployment_type: Option<String>,
    pub source: Option<String>,
    pub run: Option<String>,
    pub commit: Option<String>,
    pub branch: Option<String>,
    pub actor: Option<String>,
    pub objects_expected: Option<u32>,
}

/// Who states facts, and so whose stand where two differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Witness {
    /// The system that ran it: overwrites what stands there.
    Source,
    /// The object's own metadata, or the log: fills only what is missing.
    Log,
}

/// What a list of deployments shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Only these; all if empty.
    pub status: Vec<Status>,
    /// Only of this application.
    pub application: Option<String>,
    /// Only those listed at this time (see [`Deployment::listed_at`]) or later.
    pub from: Option<Timestamp>,
    /// Only those listed before this time.
    pub to: Option<Timestamp>,
    /// Only those that came to their status before this time.
    pub unchanged_since: Option<Timestamp>,
    /// The order.
    pub order: Order,
}

/// The order of a list, by [`Deployment::place`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Order {
    #[default]
    NewestFirst,
    OldestFirst,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// At most as many as were asked for.
    pub deployments: Vec<Deployment>,
    /// Where the next page begins; none if there is none.
    pub next: Option<String>,
}

/// What a worker leaves in a row of its own beside the object's.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum BlobKind {
    /// What the build document says, to be read without the search engine.
    Summary,
    /// Where to go on.
    Checkpoint,
}

/// The content of such a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Blob {
    /// The [`ObjectState::generation`] it was written for.
    pub generation: String,
    /// At most [`MAX_BLOB`] bytes.
    pub bytes: Vec<u8>,
}

/// The most bytes of a summary or checkpoint: 256 KiB.
pub const MAX_BLOB: usize = 256 * 1024;

/// The most bytes of an error that a row keeps; the rest is cut.
pub const MAX_ERROR: usize = 4 * 1024;

/// What [`take`](crate::Metadata::take) answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Take {
    /// Work on it.
    Taken(Box<Taken>),
    /// Another owner works on this version or an older one: come again then, which is no attempt.
    Held {
        /// When the lease ends at the latest.
        until: Timestamp,
    },
    /// This version has ended; there is nothing to do.
    Finished {
        /// COMPLETED or FAILED.
        status: Status,
    },
    /// A newer version is known; this one is not parsed any more.
    Newer {
        /// That one.
        version: Version,
    },
}

/// An object that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// Its row, as it stands now: attempts, continuations, generation.
    pub object: ObjectState,
    /// Where the last worker stopped, for this same generation.
    pub checkpoint: Option<Vec<u8>>,
}

/// What [`reopen`](crate::Metadata::reopen) answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reopen {
    /// It is PENDING; send it a message.
    Reopened,
    /// Somebody works on it now.
    Held {
        /// When the lease ends at the latest.
        until: Timestamp,
    },
    /// There is no such row.
    Unknown,
}
