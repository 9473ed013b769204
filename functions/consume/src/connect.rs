//! The clients of the function, from its configuration.

use std::sync::Arc;

use anyhow::Context as _;
use aws_config::SdkConfig;
use logmill_deadletter::DeadLetters;
use logmill_documents::{BulkLimits, Documents, Endpoint, Names};
use logmill_model::mask::{Policy, Rule};
use logmill_objects::Objects;
use logmill_runtime::config;

use crate::{Consume, Settings, Sources};

/// The function with its clients. Nothing is sent yet.
///
/// # Errors
/// A setting that cannot be, a file that is broken; named with what to do.
pub fn consume(config: &config::Consume, sdk: &SdkConfig) -> anyhow::Result<Consume> {
    // The SDK knows nothing of the setting's alias.
    let objects = match &config.endpoints.s3 {
        Some(url) => Objects::connect_to(sdk, url),
        None => Objects::connect(sdk),
    };
    let endpoint = Endpoint::from_settings(&config.opensearch, sdk)?;
    let masking = config.mask_except.iter().try_fold(Policy::all(), |policy, name| {
        let rule: Rule = name.parse().context("LOGMILL_MASK_EXCEPT")?;
        anyhow::Ok(policy.without(rule))
    })?;
    let bulk = BulkLimits { bytes: config.bulk_bytes, ..BulkLimits::default() };
    let settings = Settings { masking, bulk, ..settings(&config.events, config.reports_failures) };
    Ok(Consume {
        documents: Documents::connect(&endpoint, Names::default()).context("OPENSEARCH_URL")?,
        dead_letters: DeadLetters::new(objects.clone(), &config.dead_letter_bucket),
        sources: Sources::open(&config.events)?,
        loaded: Arc::default(),
        settings,
        objects,
    })
}

/// What is set for events, and the defaults of all else.
#[must_use]
pub fn settings(events: &config::Events, reports_failures: bool) -> Settings {
    Settings {
        raw_topics: events.raw_topics.clone(),
        env: events.env.clone(),
        numbers: events.numbers.clone(),
        words: events.words.clone(),
        masking: Policy::all(),
        bulk: BulkLimits::default(),
        reports_failures,
    }
}
