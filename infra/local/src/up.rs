//! `logmill up`: the whole of Logmill in one process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::routing::get;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use logmill_parse::{Parse, Queue, Settings};
use logmill_runtime::config::{Batching, MetricsFormat, Records};
use logmill_runtime::telemetry;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::client::put::{self, Sent};
use crate::cloud::service_logs::{self, Archived, Feed};
use crate::cloud::{Cloud, bind, processing, triggers};
use crate::dispatch::{Dispatch, Environment};
use crate::endpoints::{BUCKET, Clients, Ports, url};
use crate::ingest;
use crate::notices::Notices;
use crate::variables::variables;
use crate::{stdout, timings};

/// How many logs are worked on at once.
const WORKERS: usize = 2;

/// `logmill up [FILE…]`
#[derive(clap::Args, Debug)]
pub(crate) struct UpArguments {
    /// Logs to put into the bucket; they may be plain, gzip, zstd or zip
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// The folder of the data
    #[arg(long, value_name = "DIR", default_value = "logmill-data")]
    data: PathBuf,
    /// End when the files are done, rather than go on serving
    #[arg(long)]
    exit: bool,
    /// Print where the time went once the files are done
    #[arg(long)]
    timings: bool,
    /// Which records of a log are indexed
    #[arg(long, value_name = "WHICH", default_value = "all", value_parser = records())]
    records: Records,
    /// Run the function elsewhere: at the address of `cargo lambda watch`, or as this executable
    #[arg(long, value_name = "URL|PATH", value_hint = clap::ValueHint::FilePath)]
    dispatch: Option<Dispatch>,
    /// Do not begin with a log when it is put, but when a processing event in Kafka names it
    #[arg(long, conflicts_with = "files")]
    no_s3_trigger: bool,
    /// How long a call of the function may take
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=900))]
    timeout: u64,
    #[command(flatten)]
    ports: Ports,
}

/// Starts everything, puts the files in and shows what became of them; then serves until Ctrl-C.
pub(crate) fn up(arguments: &UpArguments, notices: &mut Notices) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if !runtime.block_on(run(arguments))? {
        notices.error("not every file became documents; see above");
    }
    Ok(())
}

async fn run(arguments: &UpArguments) -> anyhow::Result<bool> {
    let (stop, stopping) = watch::channel(false);
    let ports = &arguments.ports;
    // s3s reports every answer that is no 200 as an error; and when all ends, Kafka may end before its
    // client, which tells senders by its answers when Kafka is away.
    let log = std::env::var("LOGMILL_LOG").ok().filter(|filter| !filter.trim().is_empty());
    let log =
        format!("{},s3s=off,dynoxide=error,logmill_bus=error", log.as_deref().unwrap_or("warn"));
    telemetry::start_log(&log, telemetry::LogFormat::of_stderr())?;
    let metrics = Arc::new(telemetry::Metrics::start(MetricsFormat::Prometheus, "up")?);
    let topics = logmill_runtime::config::topics(|name| std::env::var(name).ok())?;
    let batching = Batching::read(|name| std::env::var(name).ok())?;
    let page = bind(ports.http_port, "the page", "--http-port").await?;
    let events = bind(ports.ingest_port, "events", "--ingest-port").await?;
    let mut cloud = Cloud::start(&arguments.data, ports, &stopping).await?;
    let clients = Clients::local(ports)?;
    // Settings that cannot be are told before anything begins.
    let consume = clients.consume()?;
    cloud.migrate(&clients, &topics).await?;
    let ports_of_page = logmill_api::Ports {
        metadata: clients.metadata.clone(),
        documents: clients.documents.clone(),
    };
    let shown = metrics.clone();
    let rendered = get(move || async move { shown.render() });
    let router = logmill_api::router(ports_of_page).route("/metrics", rendered.clone());
    cloud.serve(page, router, &stopping);
    let ingest = ingest::router(ports, clients.metadata.clone())?.route("/metrics", rendered);
    cloud.serve(events, ingest, &stopping);

    let timeout = Duration::from_secs(arguments.timeout);
    let fed = service_logs::Fed { consume, queue: cloud.queue.clone(), timeout };
    let (kafka, stop_feeding) = (cloud.kafka.clone(), stopping.clone());
    let consuming = Feed::consume().with(fed, topics.clone(), kafka, ports.clone(), stop_feeding);
    let archived = Archived(Arc::new(clients.archive()));
    let (kafka, stop_feeding) = (cloud.kafka.clone(), stopping.clone());
    let archiving =
        Feed::archive(&batching).with(archived, topics, kafka, ports.clone(), stop_feeding);
    let mut triggers = Vec::from(start_triggers(arguments, &cloud, &clients, &stopping));
    triggers.extend([tokio::spawn(consuming), tokio::spawn(archiving)]);

    let mut well = true;
    if !arguments.files.is_empty() {
        let began = Instant::now();
        let sent = put::put(&clients, &arguments.files, None).await?;
        let ended = put::wait(&clients, sent).await?;
        well = ended.iter().all(Sent::is_completed) && ended.len() == arguments.files.len();
        let took = began.elapsed();
        stdout::write(put::table(&ended).as_bytes())?;
        if arguments.timings {
            stdout::write(timings::table(&metrics.render(), took).as_bytes())?;
        }
    }
    if !arguments.exit {
        let address = url(ports.http_port);
        let events = url(ports.ingest_port);
        let text = format!(
            "Logmill serves {address}/ until Ctrl-C. Services send their events to {events}:\n  \
             curl {events}/logs -d '{{\"service\":\"shop\",\"message\":\"hello\"}}'\n"
        );
        stdout::write(text.as_bytes())?;
        tokio::signal::ctrl_c().await?;
    }
    stop.send_replace(true);
    for trigger in triggers {
        // What is under way is finished, or comes again at the next start.
        let _ = tokio::time::timeout(Duration::from_secs(10), trigger).await;
    }
    cloud.close().await?;
    Ok(well)
}

/// Plays what AWS does between the parts.
fn start_triggers(
    arguments: &UpArguments,
    cloud: &Cloud,
    clients: &Clients,
    stop: &watch::Receiver<bool>,
) -> [JoinHandle<()>; 3] {
    let mut environments = environments(arguments, clients);
    let for_kafka = environments.split_off(WORKERS);
    let timeout = Duration::from_secs(arguments.timeout);
    let (queue, kafka) = (cloud.queue.clone(), cloud.kafka.clone());
    let switched_on = !arguments.no_s3_trigger;
    let notifying = triggers::notify(cloud.s3.clone(), queue.clone(), switched_on, stop.clone());
    let mapping = triggers::map(environments, queue.clone(), timeout, stop.clone());
    let (ports, stop) = (arguments.ports.clone(), stop.clone());
    let feeding = async move {
        for environment in for_kafka {
            let (kafka, queue) = (kafka.clone(), queue.clone());
            processing::feed(environment, (kafka, queue), &ports, timeout, stop.clone()).await;
        }
    };
    [tokio::spawn(notifying), tokio::spawn(mapping), tokio::spawn(feeding)]
}

/// The values of `--records`.
fn records() -> impl TypedValueParser<Value = Records> {
    PossibleValuesParser::new(Records::NAMES.map(|(name, _)| name)).map(|name| {
        let known = Records::NAMES.into_iter().find(|(known, _)| *known == name);
        known.map(|(_, records)| records).unwrap_or_default()
    })
}

/// Where the function runs: `WORKERS` times for its queue, and once for Kafka.
fn environments(arguments: &UpArguments, clients: &Clients) -> Vec<Environment> {
    let (parse, boot) = (Arc::new(function(clients, arguments.records)), boot_id());
    let environment = |_| match &arguments.dispatch {
        Some(dispatch) => {
            let mut variables = variables(&arguments.ports);
            variables.push(("LOGMILL_RECORDS".to_owned(), arguments.records.name().to_owned()));
            Environment::outside(dispatch, variables)
        }
        None => Environment::Here { parse: parse.clone(), boot: boot.clone() },
    };
    (0..=WORKERS).map(environment).collect()
}

fn function(clients: &Clients, records: Records) -> Parse<logmill_metadata_any::AnyStore> {
    Parse {
        objects: clients.objects.clone(),
        metadata: clients.metadata.clone(),
        documents: clients.documents.clone(),
        dead_letters: clients.dead_letters.clone(),
        queue: Queue { client: clients.queues.clone(), url: clients.queue_url.clone() },
        settings: Settings { records, ..Settings::of(BUCKET) },
    }
}

/// Names this start of the process, so that the leases of an earlier one are void.
fn boot_id() -> String {
    let now = logmill_model::Timestamp::now().as_microsecond();
    format!("{now:x}-{:x}", std::process::id())
}
