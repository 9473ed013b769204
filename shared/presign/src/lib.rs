//! Addresses signed by AWS credentials in their query (Signature Version 4), which RDS and MSK take in
//! place of a password.

use std::fmt::Display;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningError, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a query keeps as it is (RFC 3986, unreserved).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Why an address is not signed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something of the signature is missing.
    #[error("{0}")]
    Incomplete(#[source] v4::signing_params::BuildError),
    /// The address cannot be signed.
    #[error("{0}")]
    Signing(#[source] SigningError),
}

/// Who signs what.
#[derive(Debug)]
pub struct Signing<'a> {
    /// The service's name in signatures: `rds-db`.
    pub service: &'a str,
    /// The region: `eu-central-1`.
    pub region: &'a str,
    /// Whose signature it is.
    pub credentials: Credentials,
    /// When it is signed.
    pub now: SystemTime,
    /// How long the signature is good.
    pub valid: Duration,
}

impl Signing<'_> {
    /// What is added to the address, which has a query already: `&X-Amz-Algorithm=…&…`.
    ///
    /// # Errors
    /// If the credentials or the address cannot be used.
    pub fn query(self, address: &str) -> Result<String, Error> {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(self.valid);
        let identity = self.credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.now)
            .settings(settings)
            .build()
            .map_err(Error::Incomplete)?;
        let none = std::iter::empty();
        let request = SignableRequest::new("GET", address, none, SignableBody::Bytes(&[]));
        let signed = request.and_then(|request| sign(request, &parameters.into()));
        let (instructions, _) = signed.map_err(Error::Signing)?.into_parts();
        let (_, added) = instructions.into_parts();
        Ok(added.iter().map(|(name, value)| format!("&{name}={}", encoded(value))).collect())
    }
}

/// A value as a query has it.
pub fn encoded(value: &str) -> impl Display {
    utf8_percent_encode(value, QUERY)
}
