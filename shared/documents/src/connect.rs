//! How OpenSearch is reached: address, certificate, user or signature.

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_types::SdkConfig;
use aws_types::region::Region;
use logmill_runtime::config;
use opensearch::auth::Credentials;
use opensearch::cert::{Certificate, CertificateValidation};
use opensearch::http::Url;
use opensearch::http::transport::{SingleNodeConnectionPool, Transport, TransportBuilder};

use crate::client::PATIENCE;

/// How to reach OpenSearch.
#[derive(Clone, Default)]
pub struct Endpoint {
    /// Its address. A user and a password in it are used for basic authentication.
    pub url: String,
    /// A certificate authority to trust beside the system's, as PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// Who signs requests, where the engine is one of AWS'.
    pub signing: Option<Signing>,
    /// Whether bodies are compressed; by default unless the address is on this machine.
    pub compress: Option<bool>,
}

/// Requests are signed (AWS Signature Version 4) for one of AWS' services.
#[derive(Clone, Debug)]
pub struct Signing {
    /// `es` for domains of Amazon OpenSearch Service, `aoss` for Serverless.
    pub service: &'static str,
    /// Where the service is.
    pub region: String,
    /// Whose signature it is: Lambda's own credentials there.
    pub credentials: SharedCredentialsProvider,
}

/// A setting of OpenSearch that cannot be, named with what to do.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file with the certificate authority.
    #[error("OPENSEARCH_CA_FILE: {path} cannot be read ({source}): give a file in PEM format")]
    CaFile {
        /// Where it should be.
        path: String,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// Nobody to sign for.
    #[error(
        "OPENSEARCH_SIGV4 needs AWS' credentials: give the function a role, or set \
         AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    Credentials,
    /// Nowhere to sign for.
    #[error("OPENSEARCH_SIGV4 needs a region: set AWS_REGION")]
    Region,
}

impl Endpoint {
    /// The endpoint that the settings name; requests are signed by the configuration's credentials,
    /// where they say so.
    ///
    /// # Errors
    /// A certificate file that cannot be read, or signatures without credentials.
    pub fn from_settings(
        settings: &config::OpenSearch,
        sdk: &SdkConfig,
    ) -> Result<Self, SettingsError> {
        let read = |path: &String| {
            std::fs::read(path)
                .map_err(|source| SettingsError::CaFile { path: path.clone(), source })
        };
        let service = match settings.sigv4 {
            config::Sigv4::Off => None,
            config::Sigv4::Es => Some("es"),
            config::Sigv4::Aoss => Some("aoss"),
        };
        let signing = service.map(|service| {
            let credentials = sdk.credentials_provider().ok_or(SettingsError::Credentials)?;
            let region = sdk.region().ok_or(SettingsError::Region)?.to_string();
            Ok(Signing { service, region, credentials })
        });
        Ok(Self {
            url: settings.url.clone(),
            ca_pem: settings.ca_file.as_ref().map(read).transpose()?,
            signing: signing.transpose()?,
            compress: settings.compress,
        })
    }

    /// The endpoint at this address.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    pub(crate) fn compresses(&self) -> bool {
        self.compress.unwrap_or_else(|| {
            let url = Url::parse(&self.url).ok();
            let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
            !(host == "localhost" || host == "[::1]" || host.starts_with("127."))
        })
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = self.url.rsplit('@').next().unwrap_or_default();
        f.debug_struct("Endpoint").field("host", &host).finish_non_exhaustive()
    }
}

/// The transport of an endpoint, or what is wrong with its settings.
pub(crate) fn transport(endpoint: &Endpoint) -> Result<Transport, String> {
    let mut url = Url::parse(&endpoint.url).map_err(|error| error.to_string())?;
    let user = url.username().to_owned();
    let password = url.password().unwrap_or_default().to_owned();
    if !user.is_empty() {
        // Neither fails for an address with a host, and without one the parts are not there.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    let mut builder =
        TransportBuilder::new(SingleNodeConnectionPool::new(url)).disable_proxy().timeout(PATIENCE);
    match &endpoint.signing {
        Some(_) if !user.is_empty() => {
            return Err(
                "the address holds a user, and requests are signed: give one of them".into()
            );
        }
        Some(signing) => {
            let kept = Kept { provider: signing.credentials.clone(), last: Default::default() };
            let credentials = SharedCredentialsProvider::new(kept);
            let region = Region::new(signing.region.clone());
            builder = builder
                .service_name(signing.service)
                .auth(Credentials::AwsSigV4(credentials, region));
        }
        None if !user.is_empty() => {
            let plain = |text: &str| logmill_model::id::decode(text);
            builder = builder.auth(Credentials::Basic(plain(&user), plain(&password)));
        }
        None => {}
    }
    if let Some(pem) = &endpoint.ca_pem {
        let certificate = Certificate::from_pem(pem)
            .map_err(|error| format!("the certificate authority is no PEM: {error}"))?;
        builder = builder.cert_validation(CertificateValidation::Full(certificate));
    }
    builder.build().map_err(|error| error.to_string())
}

/// Credentials that are asked for again only when they run out: every request is signed, and a
/// provider may be a service that has to be asked.
#[derive(Debug)]
struct Kept {
    provider: SharedCredentialsProvider,
    last: tokio::sync::Mutex<Option<aws_credential_types::Credentials>>,
}

/// How long before their end credentials are renewed.
const RENEWED_BEFORE: std::time::Duration = std::time::Duration::from_secs(300);

impl ProvideCredentials for Kept {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.fresh())
    }
}

impl Kept {
    async fn fresh(&self) -> Result<aws_credential_types::Credentials, CredentialsError> {
        let mut last = self.last.lock().await;
        let soon = std::time::SystemTime::now() + RENEWED_BEFORE;
        // Those without an end are the environment's, which cost nothing to ask for.
        match last.as_ref().filter(|kept| kept.expiry().is_some_and(|end| end > soon)) {
            Some(kept) => Ok(kept.clone()),
            None => {
                let fresh = self.provider.provide_credentials().await?;
                *last = Some(fresh.clone());
                Ok(fresh)
            }
        }
    }
}
