//! One signed request (AWS JSON 1.1: Secrets Manager API reference, `GetSecretValue`; Systems
//! Manager API reference, `GetParameter`).

use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use logmill_runtime::config::{SecretRef, SecretStore};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::subject;
use crate::{Error, ErrorKind, Secrets};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// What is asked, of whom.
struct Asked {
    service: &'static str,
    target: &'static str,
    body: Value,
}

impl Asked {
    fn of(reference: &SecretRef) -> Self {
        let name = &reference.name;
        match reference.store {
            SecretStore::SecretsManager => Self {
                service: "secretsmanager",
                target: "secretsmanager.GetSecretValue",
                body: json!({ "SecretId": name }),
            },
            SecretStore::ParameterStore => Self {
                service: "ssm",
                target: "AmazonSSM.GetParameter",
                body: json!({ "Name": name, "WithDecryption": true }),
            },
        }
    }
}

/// Both services' answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    secret_string: Option<String>,
    parameter: Option<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: String,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default, rename = "__type")]
    code: String,
    #[serde(default, alias = "Message")]
    message: String,
}

impl Secrets {
    /// What is kept under a name, as text.
    pub(crate) async fn read(&self, reference: &SecretRef) -> Result<String, Error> {
        let other = |reason: String| Error::new(ErrorKind::Other, subject(reference), reason);
        let asked = Asked::of(reference);
        let region = self.region(reference)?;
        let address = self.address(reference.store, asked.service, &region);
        let body = asked.body.to_string();
        let headers = [("content-type", CONTENT_TYPE), ("x-amz-target", asked.target)];
        let signable = SignableRequest::new(
            "POST",
            &address,
            headers.into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        );
        let signable = signable.map_err(|error| other(format!("{address}: {error}")))?;
        let signed = self.sign(reference, signable, asked.service, &region).await?;
        let mut request = self.http.post(&address).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        for (name, value) in signed {
            request = request.header(name, value);
        }
        let unavailable = |error: reqwest::Error| {
            let reason = format!("{address} cannot be reached ({error})");
            Error::new(ErrorKind::Unavailable, subject(reference), reason)
        };
        let response = request.send().await.map_err(unavailable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unavailable)?;
        if !status.is_success() {
            let refusal: Refusal = serde_json::from_slice(&bytes).unwrap_or_default();
            let code = refusal.code.rsplit('#').next().unwrap_or_default();
            return Err(Error::of_answer(reference, status.as_u16(), code, &refusal.message));
        }
        let answer: Answer = serde_json::from_slice(&bytes)
            .map_err(|_| other(format!("{address} answered what is no answer")))?;
        let text = answer.secret_string.or(answer.parameter.map(|parameter| parameter.value));
        text.ok_or_else(|| {
            let reason = "it holds no text: store it as text (SecretString)".to_owned();
            Error::new(ErrorKind::Shape, subject(reference), reason)
        })
    }

    /// The region of an ARN, else the function's.
    fn region(&self, reference: &SecretRef) -> Result<String, Error> {
        let of_arn = reference.name.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2));
        let own = self.sdk.region().map(AsRef::as_ref);
        of_arn.filter(|region| !region.is_empty()).or(own).map(str::to_owned).ok_or_else(|| {
            let reason = "no region is known: set AWS_REGION, or give the ARN".to_owned();
            Error::new(ErrorKind::Other, subject(reference), reason)
        })
    }

    fn address(&self, store: SecretStore, service: &str, region: &str) -> String {
        let own = match store {
            SecretStore::SecretsManager => self.endpoints.secrets_manager.as_deref(),
            SecretStore::ParameterStore => self.endpoints.ssm.as_deref(),
        };
        let partition = if region.starts_with("cn-") { ".cn" } else { "" };
        own.or(self.sdk.endpoint_url()).map_or_else(
            || format!("https://{service}.{region}.amazonaws.com{partition}/"),
            |address| format!("{}/", address.trim_end_matches('/')),
        )
    }

    /// The headers that sign a request.
    async fn sign(
        &self,
        reference: &SecretRef,
        request: SignableRequest<'_>,
        service: &str,
        region: &str,
    ) -> Result<Vec<(String, String)>, Error> {
        let denied = |reason: String| Error::new(ErrorKind::Denied, subject(reference), reason);
        let Some(provider) = self.sdk.credentials_provider() else {
            return Err(denied("there are no credentials to read it with".to_owned()));
        };
        let credentials = provider.provide_credentials().await;
        let credentials =
            credentials.map_err(|error| denied(format!("no credentials can be had: {error}")))?;
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| denied(format!("the signature is incomplete: {error}")))?;
        let signed = sign(request, &parameters.into())
            .map_err(|error| denied(format!("the request cannot be signed: {error}")))?;
        let (instructions, _) = signed.into_parts();
        let (headers, _) = instructions.into_parts();
        Ok(headers
            .into_iter()
            .map(|header| (header.name().to_owned(), header.value().to_owned()))
            .collect())
    }
}
