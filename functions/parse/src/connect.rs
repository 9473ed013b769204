//! The clients of the function, from its configuration.

use anyhow::Context as _;
use aws_config::SdkConfig;
use logmill_deadletter::DeadLetters;
use logmill_documents::{BulkLimits, Documents, Endpoint, Names};
use logmill_metadata_any::AnyStore;
use logmill_model::mask::{Policy, Rule};
use logmill_objects::Objects;
use logmill_runtime::config;

use crate::{Parse, Queue, Settings};

/// The function with its clients. Nothing is sent yet.
///
/// # Errors
/// A setting that cannot be, named with what to do.
pub fn parse(config: &config::Parse, sdk: &SdkConfig) -> anyhow::Result<Parse<AnyStore>> {
    let stores = &config.stores;
    // The SDK knows nothing of the setting's alias.
    let objects = match &stores.endpoints.s3 {
        Some(url) => Objects::connect_to(sdk, url),
        None => Objects::connect(sdk),
    };
    let endpoint = Endpoint::from_settings(&stores.opensearch, sdk)?;
    let names = Names::default().with_logs_alias(&stores.read_alias);
    Ok(Parse {
        metadata: AnyStore::connect(sdk, &stores.table_prefix, stores.database.as_ref())?,
        documents: Documents::connect(&endpoint, names).context("OPENSEARCH_URL")?,
        dead_letters: DeadLetters::new(objects.clone(), &stores.dead_letter_bucket),
        queue: Queue { client: aws_sdk_sqs::Client::new(sdk), url: config.queue_url.clone() },
        settings: Settings {
            bucket: stores.bucket.clone(),
            masking: masking(&config.mask_except)?,
            bulk: BulkLimits { bytes: config.bulk_bytes, ..BulkLimits::default() },
            max_attempts: config.max_attempts,
            max_continuations: config.max_continuations,
            records: config.records,
        },
        objects,
    })
}

/// All rules but those that are switched off.
fn masking(except: &[String]) -> anyhow::Result<Policy> {
    except.iter().try_fold(Policy::all(), |policy, name| {
        let rule: Rule = name.parse().context("LOGMILL_MASK_EXCEPT")?;
        Ok(policy.without(rule))
    })
}
