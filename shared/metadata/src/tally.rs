//! The objects of a deployment in numbers, so that its status follows from its own row and the
//! one object that changes, whatever the number of its objects.

use logmill_model::Outcome;
use serde::{Deserialize, Serialize};

use crate::types::Status;

/// How many objects a deployment has of each kind.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Tally {
    /// PENDING.
    pub pending: u32,
    /// PROCESSING.
    pub processing: u32,
    /// FAILED: could not be processed.
    pub unprocessed: u32,
    /// COMPLETED, the build was a success.
    pub success: u32,
    /// COMPLETED, the build failed.
    pub failed: u32,
    /// COMPLETED, the build was cancelled.
    pub cancelled: u32,
    /// COMPLETED, the build was skipped.
    pub skipped: u32,
    /// COMPLETED, without evidence of how the build ended.
    pub unknown: u32,
}

impl Tally {
    fn slot(&mut self, status: Status, result: Option<Outcome>) -> &mut u32 {
        match (status, result.unwrap_or_default()) {
            (Status::Pending, _) => &mut self.pending,
            (Status::Processing, _) => &mut self.processing,
            (Status::Failed, _) => &mut self.unprocessed,
            (Status::Completed, Outcome::Success) => &mut self.success,
            (Status::Completed, Outcome::Failed) => &mut self.failed,
            (Status::Completed, Outcome::Cancelled) => &mut self.cancelled,
            (Status::Completed, Outcome::Skipped) => &mut self.skipped,
            (Status::Completed, Outcome::Unknown) => &mut self.unknown,
        }
    }

    /// Counts an object.
    pub fn add(&mut self, status: Status, result: Option<Outcome>) {
        let slot = self.slot(status, result);
        *slot = slot.saturating_add(1);
    }

    /// Takes an object out again.
    pub fn remove(&mut self, status: Status, result: Option<Outcome>) {
        let slot = self.slot(status, result);
        *slot = slot.saturating_sub(1);
    }

    /// COMPLETED objects.
    #[must_use]
    pub const fn completed(&self) -> u32 {
        self.success + self.failed + self.cancelled + self.skipped + self.unknown
    }

    /// All objects that were seen.
    #[must_use]
    pub const fn seen(&self) -> u32 {
        self.pending + self.processing + self.unprocessed + self.completed()
    }

    /// The status of a deployment with these objects, of which `expected` are known to exist.
    /// COMPLETED or FAILED once all have ended; PENDING if nobody works and somebody should begin.
    #[must_use]
    pub fn status(&self, expected: Option<u32>) -> Status {
        let ended = self.unprocessed + self.completed();
        if self.processing > 0 {
            Status::Processing
        } else if self.pending > 0 || ended == 0 {
            Status::Pending
        } else if ended < expected.unwrap_or(0) {
            Status::Processing
        } else if self.unprocessed > 0 {
            Status::Failed
        } else {
            Status::Completed
        }
    }

    /// The worst result so far: failed, cancelled, unknown, success, skipped. None before the
    /// first object was completed.
    #[must_use]
    pub const fn result(&self) -> Option<Outcome> {
        if self.failed > 0 {
            Some(Outcome::Failed)
        } else if self.cancelled > 0 {
            Some(Outcome::Cancelled)
        } else if self.unknown > 0 {
            Some(Outcome::Unknown)
        } else if self.success > 0 {
            Some(Outcome::Success)
        } else if self.skipped > 0 {
            Some(Outcome::Skipped)
        } else {
            None
        }
    }
}
