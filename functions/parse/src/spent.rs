//! Where the time of parsing goes.

use std::time::{Duration, Instant};

use logmill_runtime::telemetry::names;

/// What takes time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// Waiting for the object's bytes, and unpacking them.
    Reading,
    /// Parsing and masking.
    Parsing,
    /// Writing documents as JSON into bulks.
    Documents,
    /// Waiting until the engine has taken the bulks before.
    Waiting,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Reading, Self::Parsing, Self::Documents, Self::Waiting];

    const fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Parsing => "parsing",
            Self::Documents => "documents",
            Self::Waiting => "waiting",
        }
    }
}

/// The time of each stage, for one object.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent([Duration; 4]);

impl Spent {
    pub(crate) fn add(&mut self, stage: Stage, time: Duration) {
        self.0[stage as usize] += time;
    }

    /// Does something and counts its time.
    pub(crate) fn time<T>(&mut self, stage: Stage, what: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = what();
        self.add(stage, began.elapsed());
        done
    }

    /// What all stages took together.
    pub(crate) fn total(&self) -> Duration {
        self.0.iter().sum()
    }

    /// Tells the metrics.
    pub(crate) fn tell(&self) {
        for stage in Stage::ALL {
            let seconds = self.0[stage as usize].as_secs_f64();
            metrics::histogram!(names::PARSE_STAGE_SECONDS, "stage" => stage.name())
                .record(seconds);
        }
    }
}
