//! What the function `ingest` reads.

use super::read::Reader;
use super::{Database, Endpoints, Faults, Kafka, Telemetry};

/// Who may send events.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum IngestAuth {
    /// Everyone on this machine, else only who has a token.
    #[default]
    Auto,
    /// Only who has a token.
    Token,
    /// Everyone.
    Open,
}

/// How much events may weigh, and how fast they may come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IngestLimits {
    /// Who may send.
    pub auth: IngestAuth,
    /// The most bytes of a request's body, unpacked.
    pub body_bytes: usize,
    /// The most events a second of one token, on one instance; none: any number.
    pub events_per_second: Option<u32>,
    /// The most bytes a second of one token, on one instance, unpacked; none: any number.
    pub bytes_per_second: Option<u32>,
    /// The topic that events go to.
    pub topic: String,
}

impl IngestLimits {
    /// Reads and checks these settings.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&get);
        let limits = Self::from_reader(&mut reader);
        reader.finish(limits)
    }

    fn from_reader(reader: &mut Reader<'_>) -> Self {
        let auth =
            [("auto", IngestAuth::Auto), ("token", IngestAuth::Token), ("open", IngestAuth::Open)];
        Self {
            auth: reader.one_of("LOGMILL_INGEST_AUTH", &auth),
            body_bytes: reader.number("LOGMILL_INGEST_BODY_BYTES", 64 * 1024, 64 * 1024 * 1024),
            events_per_second: reader.optional_number("LOGMILL_INGEST_EVENTS", 1, u32::MAX),
            bytes_per_second: reader.optional_number("LOGMILL_INGEST_BYTES", 1, u32::MAX),
            topic: reader.topic("LOGMILL_INGEST_TOPIC"),
        }
    }
}

/// All that the function `ingest` reads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ingest {
    /// How Kafka is reached.
    pub kafka: Kafka,
    /// How much events may weigh, and how fast they may come.
    pub limits: IngestLimits,
    /// Addresses that take the place of AWS' own.
    pub endpoints: Endpoints,
    /// What the names of the metadata tables begin with; may be `""`.
    pub table_prefix: String,
    /// The database that takes the place of DynamoDB for the metadata.
    pub database: Option<Database>,
    /// What the process tells about itself.
    pub telemetry: Telemetry,
}

impl Ingest {
    /// Reads and checks all that the function `ingest` needs.
    ///
    /// # Errors
    /// All faults at once.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut reader = Reader::new(&get);
        let ingest = Self::from_reader(&mut reader);
        reader.finish(ingest)
    }

    /// Checks all but the settings that refer to secrets ([`super::templates`]), which are not known
    /// yet.
    ///
    /// # Errors
    /// All faults at once.
    pub fn check(get: impl Fn(&str) -> Option<String>) -> Result<(), Faults> {
        let mut reader = Reader::before_secrets(&get);
        Self::from_reader(&mut reader);
        reader.finish(())
    }

    fn from_reader(reader: &mut Reader<'_>) -> Self {
        Self {
            kafka: Kafka::from_reader(reader),
            limits: IngestLimits::from_reader(reader),
            endpoints: Endpoints::from_reader(reader),
            table_prefix: reader.table_prefix("LOGMILL_TABLE_PREFIX"),
            database: Database::from_reader(reader),
            telemetry: Telemetry::from_reader(reader),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SaslMechanism, SecurityProtocol, templates};
    use super::*;

    fn given<'a>(pairs: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + use<'a> {
        move |name| {
            let found = pairs.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn brokers_are_enough_to_start() {
        let ingest = Ingest::read(given(&[("KAFKA_BROKERS", "b-1:9092,b-2:9092")])).unwrap();
        assert_eq!(ingest.kafka.servers, "b-1:9092,b-2:9092");
        assert_eq!(ingest.kafka.protocol, SecurityProtocol::Plaintext);
        assert_eq!((ingest.limits.auth, ingest.limits.events_per_second), (IngestAuth::Auto, None));
        assert_eq!(
            (ingest.limits.topic.as_str(), ingest.limits.body_bytes),
            ("app-logs", 10 << 20)
        );
    }

    #[test]
    fn a_password_may_be_a_secret_and_is_not_printed() {
        let settings = [
            ("KAFKA_BOOTSTRAP_SERVERS", "b-1:9096"),
            ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
            ("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
            ("KAFKA_SASL_USERNAME", "logmill"),
            ("KAFKA_SASL_PASSWORD", "{secretsmanager:AmazonMSK_logmill#password}"),
        ];
        assert_eq!(Ingest::check(given(&settings)), Ok(()));
        assert_eq!(templates("ingest", given(&settings)).unwrap()[0].0, "KAFKA_SASL_PASSWORD");
        let mut settings = settings;
        settings[4].1 = "hunter2";
        let ingest = Ingest::read(given(&settings)).unwrap();
        assert_eq!(ingest.kafka.mechanism, SaslMechanism::ScramSha512);
        assert_eq!(ingest.kafka.password.as_deref(), Some("hunter2"));
        assert!(!format!("{ingest:?}").contains("hunter2"));
    }

    #[test]
    fn each_fault_of_the_bus_is_named_with_what_to_do() {
        let text = Ingest::read(given(&[
            ("KAFKA_BROKERS", "http://b-1"),
            ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
            ("LOGMILL_INGEST_TOPIC", "app logs"),
            ("LOGMILL_INGEST_AUTH", "none"),
        ]));
        let text = text.unwrap_err().to_string();
        for line in [
            "KAFKA_BROKERS (KAFKA_BOOTSTRAP_SERVERS): `http://b-1` is no list of brokers",
            "KAFKA_SASL_USERNAME: is not set: set it to the user",
            "KAFKA_SASL_PASSWORD: is not set: set it to the password",
            "LOGMILL_INGEST_TOPIC: `app logs` is no topic's name",
            "LOGMILL_INGEST_AUTH: `none` is unknown: give one of auto, token, open",
        ] {
            assert!(text.contains(line), "{line}\n---\n{text}");
        }
    }
}
