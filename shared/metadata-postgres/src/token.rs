//! IAM tokens of RDS: a signed request to connect, given in place of a password. A token lets
//! connections in for fifteen minutes; those that are open stay.

use std::time::{Duration, Instant, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use logmill_metadata::{Error, ErrorKind};
use logmill_presign::{self as presign, Signing, encoded};
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Mutex;

/// How long RDS takes a token.
const VALID: Duration = Duration::from_secs(900);
/// When a new one is made.
const RENEWED: Duration = Duration::from_secs(600);

/// Makes tokens for one user of one database.
#[derive(Debug)]
pub(crate) struct Tokens {
    sdk: SdkConfig,
    made: Mutex<Option<Instant>>,
}

impl Tokens {
    pub(crate) fn new(sdk: SdkConfig) -> Self {
        Self { sdk, made: Mutex::new(None) }
    }

    /// A new token for these options, if the last one is old.
    pub(crate) async fn renew(&self, options: &PgConnectOptions) -> Result<Option<String>, Error> {
        let mut made = self.made.lock().await;
        if made.is_some_and(|made| made.elapsed() < RENEWED) {
            return Ok(None);
        }
        let (Some(provider), Some(region)) = (self.sdk.credentials_provider(), self.sdk.region())
        else {
            return Err(denied("there are no credentials or no region (AWS_REGION)"));
        };
        let credentials = provider.provide_credentials().await;
        let credentials =
            credentials.map_err(|error| denied("the credentials can't be had").caused_by(error))?;
        let host = format!("{}:{}", options.get_host(), options.get_port());
        let user = options.get_username();
        let token = token(&host, user, region.as_ref(), credentials, SystemTime::now())?;
        *made = Some(Instant::now());
        Ok(Some(token))
    }
}

fn denied(why: &str) -> Error {
    let message = format!("LOGMILL_DATABASE_AUTH is `iam`, and no token can be signed: {why}");
    Error::new(ErrorKind::Denied, message)
}

/// The token: the presigned address of the action `connect`, without `https://`.
fn token(
    host: &str,
    user: &str,
    region: &str,
    credentials: Credentials,
    now: SystemTime,
) -> Result<String, Error> {
    let unsigned = format!("{host}/?Action=connect&DBUser={}", encoded(user));
    let signing = Signing { service: "rds-db", region, credentials, now, valid: VALID };
    let added = signing.query(&format!("https://{unsigned}")).map_err(|error| match error {
        presign::Error::Incomplete(error) => denied("the signature is incomplete").caused_by(error),
        presign::Error::Signing(error) => denied("host or user can't be signed").caused_by(error),
    })?;
    Ok(unsigned + &added)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_one_that_the_python_sdk_makes() {
        let keys = Credentials::new("AKIDEXAMPLE", "secret/key+", None, None, "test");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let host = "db.example.eu-central-1.rds.amazonaws.com:5432";
        let token = token(host, "log mill", "eu-central-1", keys, now).unwrap();
        // botocore 1.x, generate_db_auth_token, at the same moment.
        let signature = "0cff7a6283c8280dd9e9308a8273d01f09ffd6e5c5fdcd235bb20efd9dab1c85";
        let scope = "AKIDEXAMPLE%2F20260921%2Feu-central-1%2Frds-db%2Faws4_request";
        let mut parts: Vec<_> = token.split('&').collect();
        assert_eq!(parts.remove(0), format!("{host}/?Action=connect"));
        parts.sort_unstable();
        let wanted = [
            "DBUser=log%20mill",
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            &format!("X-Amz-Credential={scope}"),
            "X-Amz-Date=20260921T141320Z",
            "X-Amz-Expires=900",
            &format!("X-Amz-Signature={signature}"),
            "X-Amz-SignedHeaders=host",
        ];
        assert_eq!(parts, wanted);
    }
}
