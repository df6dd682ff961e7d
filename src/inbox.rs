//! Commands of bulk feeders: from the topic `commands` through the port, answers to `answers`.
//!
//! Brokers that are away cost nothing but a line; what was read and not answered is read again,
//! and the engine knows what was done (ADR 0034).

use std::sync::Arc;
use std::time::Duration;

use gateway::bulk::{Bulk, Counts, Rights};
use gateway::call::Parts;
use projections::error::SinkError;
use projections::kafka::inbox::Inbox;
use projections::kafka::settings::Settings;
use schemas::ids::AccountId;
use tokio::sync::watch;
use tokio::task::{JoinHandle, block_in_place};

use crate::config::outlets::{Commands, Kafka};
use crate::outlets;

/// Messages that are on their way at once.
const BATCH: usize = 256;
/// How long to wait for a message; bounds how late a stop is noticed.
const WAIT: Duration = Duration::from_millis(100);
/// Between two tries to reach the brokers.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(5)];
/// Stands where a message has no producer.
const NOBODY: &str = "?";

/// Reads commands until `stopping`.
pub fn start(
    (kafka, commands): (&Kafka, &Commands),
    (parts, counts): (Parts, Arc<Counts>),
    stopping: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let settings = outlets::kafka_settings(kafka);
    let bulk = Bulk::new(parts, rights(commands), counts);
    tokio::spawn(run(settings, bulk, stopping))
}

fn rights(commands: &Commands) -> Rights {
    let producers = commands.producers.iter();
    let accounts = |ids: &[u32]| ids.iter().copied().map(AccountId).collect();
    producers
        .map(|(name, ids)| (name.clone(), accounts(ids)))
        .collect()
}

async fn run(settings: Settings, mut bulk: Bulk, mut stopping: watch::Receiver<bool>) {
    let mut pause = PAUSES[0];
    let mut told = String::new();
    while !*stopping.borrow() {
        let ended = serve(&settings, &mut bulk, (&mut stopping, &mut pause)).await;
        let Err(error) = ended else { return };
        let line = error.to_string();
        if line != told {
            tracing::warn!("commands from Kafka: {line}");
            told = line;
        }
        // Either way it is looked at again.
        drop(tokio::time::timeout(pause, stopping.changed()).await);
        pause = (pause * 2).min(PAUSES[1]);
    }
}

/// Serves until the brokers fail or the node stops.
async fn serve(
    settings: &Settings,
    bulk: &mut Bulk,
    (stopping, pause): (&mut watch::Receiver<bool>, &mut Duration),
) -> Result<(), SinkError> {
    let inbox = Inbox::open(settings).await?;
    while !*stopping.borrow() {
        let letters = block_in_place(|| inbox.take(BATCH, WAIT))?;
        if letters.is_empty() {
            continue;
        }
        let said = tokio::select! {
            said = bulk.take(&letters) => said,
            _ = stopping.changed() => return Ok(()),
        };
        // What was said is said again after the next start.
        let Ok(said) = said else { return Ok(()) };
        let answers: Vec<(String, String)> = letters
            .iter()
            .zip(&said)
            .map(|(letter, said)| {
                let producer = said.number.map(|number| number.producer);
                let key = producer.map_or(NOBODY.to_string(), |it| it.to_string());
                (key, said.json((letter.partition, letter.place)))
            })
            .collect();
        block_in_place(|| inbox.answer(&letters, &answers))?;
        *pause = PAUSES[0];
    }
    Ok(())
}
