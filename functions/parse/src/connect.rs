//! The clients of the function, from its configuration.

use anyhow::Context as _;
use aws_config::SdkConfig;
use logmill_deadletter::DeadLetters;
use logmill_documents::{BulkLimits, Documents, Endpoint, Names, Signing};
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
    let endpoint = opensearch(&stores.opensearch, sdk)?;
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

/// The endpoint of OpenSearch, as its settings say.
///
/// # Errors
/// A certificate file that cannot be read, or signatures without credentials.
pub fn opensearch(settings: &config::OpenSearch, sdk: &SdkConfig) -> anyhow::Result<Endpoint> {
    let ca_pem = match &settings.ca_file {
        Some(path) => Some(std::fs::read(path).with_context(|| {
            format!("OPENSEARCH_CA_FILE: {path} cannot be read: give a file in PEM format")
        })?),
        None => None,
    };
    let service = match settings.sigv4 {
        config::Sigv4::Off => None,
        config::Sigv4::Es => Some("es"),
        config::Sigv4::Aoss => Some("aoss"),
    };
    let signing = service.map(|service| {
        let credentials = sdk.credentials_provider().context(
            "OPENSEARCH_SIGV4 needs AWS' credentials: give the function a role, or set \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )?;
        let region = sdk.region().context("OPENSEARCH_SIGV4 needs a region: set AWS_REGION")?;
        anyhow::Ok(Signing { service, region: region.to_string(), credentials })
    });
    Ok(Endpoint {
        url: settings.url.clone(),
        ca_pem,
        signing: signing.transpose()?,
        compress: settings.compress,
    })
}

/// All rules but those that are switched off.
fn masking(except: &[String]) -> anyhow::Result<Policy> {
    except.iter().try_fold(Policy::all(), |policy, name| {
        let rule: Rule = name.parse().context("LOGMILL_MASK_EXCEPT")?;
        Ok(policy.without(rule))
    })
}
