//! How Kafka is reached.

use super::read::Reader;

/// How a connection to Kafka is kept secret, and whether it says who we are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "the protocols have these names")]
pub enum SecurityProtocol {
    #[default]
    Plaintext,
    Ssl,
    SaslPlaintext,
    SaslSsl,
}

impl SecurityProtocol {
    /// Whether by TLS.
    #[must_use]
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    /// Whether brokers ask who we are.
    #[must_use]
    pub const fn is_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

/// How we say who we are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(missing_docs, reason = "the mechanisms have these names")]
pub enum SaslMechanism {
    #[default]
    Plain,
    ScramSha256,
    ScramSha512,
    /// By AWS' credentials, as MSK takes them.
    AwsMskIam,
}

/// How Kafka is reached.
#[derive(Clone, Eq, PartialEq)]
pub struct Kafka {
    /// Some of its brokers: `host:port`, separated by commas.
    pub servers: String,
    /// Whether by TLS, and whether with a name.
    pub protocol: SecurityProtocol,
    /// How we say who we are.
    pub mechanism: SaslMechanism,
    /// The user.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<String>,
    /// A file with the certificate authority to trust, as PEM.
    pub ca_file: Option<String>,
}

impl std::fmt::Debug for Kafka {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kafka")
            .field("servers", &self.servers)
            .field("protocol", &self.protocol)
            .field("mechanism", &self.mechanism)
            .field("user", &self.user)
            .field("ca_file", &self.ca_file)
            .finish_non_exhaustive()
    }
}

impl Kafka {
    /// Reads and checks the settings of Kafka.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, super::Faults> {
        let mut reader = Reader::new(&get);
        let kafka = Self::from_reader(&mut reader);
        reader.finish(kafka)
    }

    pub(super) fn from_reader(reader: &mut Reader<'_>) -> Self {
        let protocols = [
            ("PLAINTEXT", SecurityProtocol::Plaintext),
            ("SSL", SecurityProtocol::Ssl),
            ("SASL_PLAINTEXT", SecurityProtocol::SaslPlaintext),
            ("SASL_SSL", SecurityProtocol::SaslSsl),
        ];
        let mechanisms = [
            ("PLAIN", SaslMechanism::Plain),
            ("SCRAM-SHA-256", SaslMechanism::ScramSha256),
            ("SCRAM-SHA-512", SaslMechanism::ScramSha512),
            ("AWS_MSK_IAM", SaslMechanism::AwsMskIam),
        ];
        let servers = reader.servers("KAFKA_BOOTSTRAP_SERVERS");
        let protocol = reader.one_of("KAFKA_SECURITY_PROTOCOL", &protocols);
        let mechanism = reader.one_of("KAFKA_SASL_MECHANISM", &mechanisms);
        let by_password = protocol.is_sasl() && mechanism != SaslMechanism::AwsMskIam;
        let user = reader.text_if(by_password, "KAFKA_SASL_USERNAME");
        let password = reader.text_if(by_password, "KAFKA_SASL_PASSWORD");
        Self { servers, protocol, mechanism, user, password, ca_file: reader.text("KAFKA_CA_FILE") }
    }
}
