//! Kafka, one node that is broker and controller, from Maven: a listener without and one with
//! passwords. Topics are not made by asking for them, so that tests see one that is missing.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::Cache;
use super::engine::{Engine, Place};
use super::process::Launch;
use super::{java, net, packages};

const POM: &str = include_str!("../../engines/kafka.xml");
const VERSION: &str = "4.1.1";
/// The user whom the second listener knows, by PLAIN and by SCRAM.
const USER: &str = "logmill";
const PASSWORD: &str = "secret";
/// The file that keeps the second listener's port.
const SASL_PORT: &str = "sasl-port";

const SETTINGS: &str = "process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
num.network.threads=2
num.io.threads=2
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=8388608
";

/// Kafka with its controller in the same process.
pub(crate) struct Kafka;

impl Kafka {
    fn java(&self, cache: &Cache, options: &[&str]) -> Result<(PathBuf, Vec<String>)> {
        let mut arguments: Vec<String> = options.iter().map(|&it| it.to_owned()).collect();
        arguments.extend(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"].map(str::to_owned));
        arguments.extend(["-cp".to_owned(), format!("{}/lib/*", self.folder(cache).display())]);
        Ok((java::home(cache)?.join("bin/java"), arguments))
    }

    /// Makes the folder of the log, with the users.
    fn format(&self, cache: &Cache, place: &Place) -> Result<()> {
        let (java, arguments) =
            self.java(cache, &["-Xmx128m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"])?;
        let mut format = Command::new(java);
        format.args(arguments).args(["kafka.tools.StorageTool", "format", "--ignore-formatted"]);
        format.args(["-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c"]);
        format.arg(place.folder.join("server.properties"));
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let user = format!("{mechanism}=[name={USER},password={PASSWORD}]");
            format.args(["--add-scram".to_owned(), user]);
        }
        packages::run(format, "Kafka's folder cannot be made")
    }
}

impl Engine for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn version(&self) -> &'static str {
        VERSION
    }

    fn folder(&self, cache: &Cache) -> PathBuf {
        cache.folder(&format!("kafka-{VERSION}"), POM)
    }

    fn install(&self, cache: &Cache) -> Result<()> {
        let java = java::home(cache)?;
        cache.install(&self.folder(cache), |folder| packages::maven(&java, POM, folder, &[]))
    }

    fn launch(&self, cache: &Cache, place: &Place) -> Result<Launch> {
        let sasl = net::free_port()?;
        fs::write(place.folder.join(SASL_PORT), sasl.to_string())?;
        let file = place.folder.join("server.properties");
        fs::write(&file, settings(place, sasl, net::free_port()?))
            .with_context(|| format!("cannot write {}", file.display()))?;
        self.format(cache, place)?;
        let (program, mut arguments) =
            self.java(cache, &["-Xmx256m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"])?;
        arguments.extend(["kafka.Kafka".to_owned(), file.display().to_string()]);
        Ok(Launch {
            program,
            arguments,
            variables: Vec::new(),
            folder: place.folder.clone(),
            refuses_root: false,
        })
    }

    fn is_ready(&self, place: &Place) -> bool {
        net::kafka_has_a_broker(place.port)
    }

    fn variables(&self, place: &Place) -> Vec<(&'static str, String)> {
        let sasl = fs::read_to_string(place.folder.join(SASL_PORT)).unwrap_or_default();
        vec![
            ("LOGMILL_ENGINE_KAFKA", format!("127.0.0.1:{}", place.port)),
            ("LOGMILL_ENGINE_KAFKA_SASL", format!("127.0.0.1:{sasl}")),
            ("LOGMILL_ENGINE_KAFKA_USER", USER.to_owned()),
            ("LOGMILL_ENGINE_KAFKA_PASS", PASSWORD.to_owned()),
        ]
    }
}

fn settings(place: &Place, sasl: u16, controller: u16) -> String {
    let listeners = format!("PLAINTEXT://127.0.0.1:{},SASL://127.0.0.1:{sasl}", place.port);
    format!(
        "{SETTINGS}\
         log.dirs={}/log\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners={listeners},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners={listeners}\n\
         listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.\
         PlainLoginModule required user_{USER}=\"{PASSWORD}\";\n",
        place.folder.display()
    )
}
