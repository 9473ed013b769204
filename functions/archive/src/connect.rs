//! The clients of the function, from its configuration.

use aws_config::SdkConfig;
use logmill_deadletter::DeadLetters;
use logmill_metadata_any::AnyStore;
use logmill_objects::Objects;
use logmill_runtime::config;

use crate::{Archive, Settings};

/// The function with its clients. Nothing is sent yet.
///
/// # Errors
/// A setting that cannot be, named with what to do.
pub fn archive(config: &config::Archive, sdk: &SdkConfig) -> anyhow::Result<Archive<AnyStore>> {
    // The SDK knows nothing of the setting's alias.
    let objects = match &config.endpoints.s3 {
        Some(url) => Objects::connect_to(sdk, url),
        None => Objects::connect(sdk),
    };
    Ok(Archive {
        metadata: AnyStore::connect(sdk, &config.table_prefix, config.database.as_ref())?,
        dead_letters: DeadLetters::new(objects.clone(), &config.dead_letter_bucket),
        objects,
        settings: Settings {
            bucket: config.bucket.clone(),
            reports_failures: config.reports_failures,
        },
    })
}
