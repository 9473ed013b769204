//! A connection as the settings name it.

use aws_config::SdkConfig;
use logmill_runtime::config::{Kafka, SaslMechanism};

use crate::connection::{Connection, Mechanism, Password, Sasl};

impl Connection {
    /// As the settings say; `sdk` has the credentials that sign tokens for MSK.
    #[must_use]
    pub fn configured(kafka: &Kafka, sdk: &SdkConfig) -> Self {
        Self {
            servers: kafka.servers.clone(),
            tls: kafka.protocol.is_tls(),
            ca_file: kafka.ca_file.clone(),
            sasl: kafka.protocol.is_sasl().then(|| sasl(kafka, sdk)),
        }
    }
}

fn sasl(kafka: &Kafka, sdk: &SdkConfig) -> Sasl {
    let mechanism = match kafka.mechanism {
        SaslMechanism::Plain => Mechanism::Plain,
        SaslMechanism::ScramSha256 => Mechanism::ScramSha256,
        SaslMechanism::ScramSha512 => Mechanism::ScramSha512,
        SaslMechanism::AwsMskIam => return Sasl::Iam(Box::new(sdk.clone())),
    };
    Sasl::Password(Password {
        mechanism,
        user: kafka.user.clone().unwrap_or_default(),
        password: kafka.password.clone().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn configured(protocol: &str, mechanism: &str) -> Connection {
        let kafka = Kafka::read(|name| {
            let value = match name {
                "KAFKA_BOOTSTRAP_SERVERS" => "b-1:9096",
                "KAFKA_SECURITY_PROTOCOL" => protocol,
                "KAFKA_SASL_MECHANISM" => mechanism,
                "KAFKA_SASL_USERNAME" => "me",
                "KAFKA_SASL_PASSWORD" => "hunter2",
                "KAFKA_CA_FILE" => "ca.pem",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let latest = aws_config::BehaviorVersion::latest();
        let sdk = SdkConfig::builder().behavior_version(latest).build();
        Connection::configured(&kafka.unwrap(), &sdk)
    }

    #[test]
    fn a_cluster_is_reached_as_its_settings_say() {
        let plain = configured("PLAINTEXT", "PLAIN");
        assert!(!plain.tls && plain.sasl.is_none(), "no name where nobody asks");
        let tls = configured("SSL", "PLAIN");
        assert!(tls.tls && tls.sasl.is_none() && tls.ca_file.as_deref() == Some("ca.pem"));
        let scram = configured("SASL_SSL", "SCRAM-SHA-512");
        let Some(Sasl::Password(password)) = &scram.sasl else { unreachable!("{scram:?}") };
        assert_eq!(password.mechanism, Mechanism::ScramSha512);
        assert_eq!((password.user.as_str(), password.password.as_str()), ("me", "hunter2"));
        assert!(matches!(configured("SASL_SSL", "AWS_MSK_IAM").sasl, Some(Sasl::Iam(_))));
    }
}
