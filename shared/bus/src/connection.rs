//! How a cluster is reached: where it is, whether by TLS, and who we are.

use std::fmt;

use aws_config::SdkConfig;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};

/// How a cluster is reached.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Some of its brokers: `host:port`, separated by commas.
    pub servers: String,
    /// Whether by TLS.
    pub tls: bool,
    /// A file with the certificate authority to trust, as PEM; none: those of the system.
    pub ca_file: Option<String>,
    /// Who we are; none: nobody asks.
    pub sasl: Option<Sasl>,
}

/// Who we are.
#[derive(Clone, Debug)]
pub enum Sasl {
    /// A user with a password.
    Password(Password),
    /// An identity of AWS, as MSK takes it: tokens signed with the credentials of this configuration.
    Iam(Box<SdkConfig>),
}

/// A user with a password.
#[derive(Clone)]
pub struct Password {
    /// How it is shown.
    pub mechanism: Mechanism,
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password")
            .field("mechanism", &self.mechanism)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// How a password is shown to a broker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mechanism {
    /// As it is: only by TLS, or on this machine.
    Plain,
    /// By a challenge, with SHA-256.
    ScramSha256,
    /// By a challenge, with SHA-512.
    ScramSha512,
}

impl Mechanism {
    /// Its name in SASL.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

impl Connection {
    /// To these brokers, without TLS and without a name.
    #[must_use]
    pub fn to(servers: &str) -> Self {
        Self { servers: servers.to_owned(), tls: false, ca_file: None, sasl: None }
    }

    /// The settings of librdkafka that all clients have.
    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.servers).set("client.id", "logmill");
        // Its own messages say the same as ours, and say it on standard error.
        config.set_log_level(RDKafkaLogLevel::Emerg);
        let protocol = match (self.tls, &self.sasl) {
            (false, None) => "plaintext",
            (true, None) => "ssl",
            (false, Some(_)) => "sasl_plaintext",
            (true, Some(_)) => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        if self.tls {
            // OpenSSL of our own build knows no folder of certificates; librdkafka looks for one.
            config.set("ssl.ca.location", self.ca_file.as_deref().unwrap_or("probe"));
        }
        match &self.sasl {
            None => {}
            Some(Sasl::Password(password)) => {
                config.set("sasl.mechanism", password.mechanism.name());
                config.set("sasl.username", &password.user);
                config.set("sasl.password", &password.password);
            }
            Some(Sasl::Iam(_)) => {
                config.set("sasl.mechanism", "OAUTHBEARER");
            }
        }
        config
    }

    /// The configuration whose credentials sign tokens.
    pub(crate) fn iam(&self) -> Option<&SdkConfig> {
        match &self.sasl {
            Some(Sasl::Iam(config)) => Some(config),
            _ => None,
        }
    }
}
