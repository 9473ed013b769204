//! The function `ingest`, served on loopback.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use logmill_bus::{Connection, Producer};
use logmill_ingest::{Ingest, Reach, producer_settings};
use logmill_metadata_any::AnyStore;
use logmill_runtime::config::{IngestLimits, Kafka};

use crate::endpoints::{Places, Ports, sdk};

/// The function, writing to Kafka where the ports or the environment say that it is.
pub(crate) fn router(ports: &Ports, store: AnyStore) -> anyhow::Result<Router> {
    let variable = |name: &str| std::env::var(name).ok();
    let places = Places::from_environment(ports);
    let kafka = Kafka::read(|name| match name {
        "KAFKA_BOOTSTRAP_SERVERS" => Some(places.kafka.clone()),
        name => variable(name),
    })?;
    let limits = IngestLimits::read(variable)?;
    let connection = Connection::configured(&kafka, &sdk());
    let producer = Producer::connect(&connection, &producer_settings())?;
    let ingest = Ingest::new(producer, &limits, store, Reach::Loopback);
    Ok(Router::new().fallback(move |request: Request| {
        let ingest = ingest.clone();
        async move { ingest.answer(request).await.map(Body::from) }
    }))
}
