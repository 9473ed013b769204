//! Tokens for Amazon MSK (MSK developer guide, "IAM access control"): the presigned address of
//! `kafka-cluster:Connect`, in base64 for URLs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logmill_presign::{self as presign, Signing};
use rdkafka::client::OAuthToken;

/// How long a token is good.
const VALID: Duration = Duration::from_secs(900);

/// A token of the credentials that there are now.
pub(crate) async fn token(config: &SdkConfig) -> Result<OAuthToken, String> {
    let region = config.region().ok_or("no region is set: set AWS_REGION")?;
    let provider = config.credentials_provider().ok_or("there are no AWS credentials")?;
    let credentials = provider.provide_credentials().await;
    let credentials =
        credentials.map_err(|error| format!("the AWS credentials cannot be had: {error}"))?;
    signed(region.as_ref(), credentials, SystemTime::now())
}

fn signed(region: &str, credentials: Credentials, now: SystemTime) -> Result<OAuthToken, String> {
    let principal_name = credentials.access_key_id().to_owned();
    let address = format!("https://kafka.{region}.amazonaws.com/?Action=kafka-cluster%3AConnect");
    let signing = Signing { service: "kafka-cluster", region, credentials, now, valid: VALID };
    let added = signing.query(&address).map_err(|error| match error {
        presign::Error::Incomplete(error) => {
            format!("the token's signature is incomplete: {error}")
        }
        presign::Error::Signing(error) => format!("the token cannot be signed: {error}"),
    })?;
    let until = now + VALID;
    let lifetime_ms = until.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Ok(OAuthToken {
        token: URL_SAFE_NO_PAD.encode(format!("{address}{added}&User-Agent=logmill")),
        principal_name,
        lifetime_ms: i64::try_from(lifetime_ms).unwrap_or(i64::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn msk_finds_in_a_token_what_it_asks_for() {
        let session = Some("session+/=".to_owned());
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", session, None, "test");
        let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let token = signed("eu-west-1", credentials, now).unwrap();
        let address = String::from_utf8(URL_SAFE_NO_PAD.decode(&token.token).unwrap()).unwrap();
        let host = "https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect&";
        assert!(address.starts_with(host), "{address}");
        for part in [
            "&X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "&X-Amz-Credential=AKIDEXAMPLE%2F20260921%2Feu-west-1%2Fkafka-cluster%2Faws4_request",
            "&X-Amz-Date=20260921T141320Z",
            "&X-Amz-Expires=900",
            "&X-Amz-SignedHeaders=host",
            "&X-Amz-Security-Token=session%2B%2F%3D",
            "&User-Agent=logmill",
        ] {
            assert!(address.contains(part), "{part}\n{address}");
        }
        let signature = address.split("&X-Amz-Signature=").nth(1).unwrap();
        assert_eq!(signature.split('&').next().unwrap().len(), 64);
        assert_eq!(token.lifetime_ms, 1_790_000_900_000);
    }
}
