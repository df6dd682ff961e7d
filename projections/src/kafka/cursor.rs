//! The cursor and who may move it, in the compacted topic `cursors`.
//!
//! Two keys: `projection` holds generation and offset and is written in the same transaction
//! as the messages; `claim` names the process that writes. A process that starts fences the
//! one before it (`init_transactions`), commits its claim, and reads the topic up to that
//! claim: whatever was committed before it was started stands before it, so that the cursor
//! it finds is the last one there will ever be from others.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset as At, TopicPartitionList};
use schemas::ids::Offset;
use schemas::units::TimeNs;
use serde_json::{Value, json};

use crate::error::SinkError;
use crate::kafka::client::{self, PATIENCE, Watched};
use crate::kafka::settings::Settings;
use crate::kafka::topics;

/// The key of the cursor.
pub const CURSOR_KEY: &str = "projection";
/// The key of the claim.
pub const CLAIM_KEY: &str = "claim";
/// How long the whole topic may take to read.
const READ_LIMIT: Duration = Duration::from_secs(45);

/// Where the topics stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cursor {
    /// Which set of topics; the first is 1.
    pub generation: u32,
    /// The first offset whose messages are not in them.
    pub next: Offset,
    /// The journal they tell of, in hex.
    pub journal: String,
    /// When the command before `next` came.
    pub time: Option<TimeNs>,
}

impl Cursor {
    /// The value of its record.
    pub fn value(&self) -> String {
        let mut value = json!({
            "v": 1, "generation": self.generation, "next": self.next.0, "journal": self.journal,
        });
        if let Some(time) = self.time {
            value["time_ns"] = time.0.to_string().into();
        }
        value.to_string()
    }

    /// Reads what [`Cursor::value`] wrote.
    pub fn parse(bytes: &[u8]) -> Option<Cursor> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        if value["v"] != 1 {
            return None;
        }
        Some(Cursor {
            generation: u32::try_from(value["generation"].as_u64()?).ok()?,
            next: Offset(value["next"].as_u64()?),
            journal: value["journal"].as_str()?.to_string(),
            time: time_of(&value),
        })
    }
}

/// Absent in what earlier builds wrote.
fn time_of(value: &Value) -> Option<TimeNs> {
    value["time_ns"].as_str()?.parse().ok().map(TimeNs)
}

/// What the topic says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Said {
    pub(crate) cursor: Option<Cursor>,
    /// `WRITER.NUMBER` of the newest session.
    pub(crate) claim: Option<String>,
}

/// Where to stop reading.
#[derive(Clone, Copy)]
pub(crate) enum Until<'w> {
    /// At this claim.
    Claim(&'w str),
    /// At what is the end now.
    End,
}

/// Reads the committed records from the beginning.
pub(crate) fn read(settings: &Settings, until: Until<'_>) -> Result<Said, SinkError> {
    let watched = Watched::default();
    let fail = |doing, error| client::failed(settings, &watched, (doing, error));
    let mut config = client::base(settings);
    config
        .set("group.id", settings.transactional_id())
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer<Watched> = config
        .create_with_context(watched.clone())
        .map_err(|error| fail("connect", error))?;
    let mut from = TopicPartitionList::new();
    let topic = topics::cursors(&settings.prefix);
    from.add_partition_offset(&topic, 0, At::Beginning)
        .map_err(|error| fail("read cursors", error))?;
    consumer
        .assign(&from)
        .map_err(|error| fail("read cursors", error))?;
    let mut said = Said::default();
    let (started, mut heard) = (Instant::now(), Instant::now());
    loop {
        if PATIENCE < heard.elapsed() || READ_LIMIT < started.elapsed() {
            let error = KafkaError::Global(rdkafka::types::RDKafkaErrorCode::OperationTimedOut);
            return Err(fail("read cursors", error));
        }
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(message)) => {
                heard = Instant::now();
                let value = message.payload().unwrap_or_default();
                match message.key() {
                    Some(key) if key == CURSOR_KEY.as_bytes() => {
                        said.cursor = Some(parsed(settings, value)?);
                    }
                    Some(key) if key == CLAIM_KEY.as_bytes() => {
                        let claim = String::from_utf8_lossy(value).into_owned();
                        let mine = matches!(until, Until::Claim(own) if own == claim);
                        said.claim = Some(claim);
                        if mine {
                            return Ok(said);
                        }
                    }
                    _ => {}
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => match until {
                Until::End => return Ok(said),
                // The marker of our own commit may not have arrived yet.
                Until::Claim(_) => {}
            },
            Some(Err(error)) => return Err(fail("read cursors", error)),
        }
    }
}

fn parsed(settings: &Settings, value: &[u8]) -> Result<Cursor, SinkError> {
    Cursor::parse(value).ok_or_else(|| SinkError::Refused {
        reason: format!(
            "the topic {} at {} holds a cursor of another build: {}",
            topics::cursors(&settings.prefix),
            settings.brokers,
            String::from_utf8_lossy(value)
        ),
        todo: "start the newer build, or choose another `prefix` in [kafka]".to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::Cursor;
    use schemas::ids::Offset;
    use schemas::units::TimeNs;

    #[test]
    fn a_cursor_reads_back_and_another_version_does_not() {
        let cursor = Cursor {
            generation: 3,
            next: Offset(1 << 40),
            journal: "00ff".to_string(),
            time: Some(TimeNs(u64::MAX)),
        };
        assert_eq!(Cursor::parse(cursor.value().as_bytes()), Some(cursor));
        let older = Cursor::parse(b"{\"v\":1,\"generation\":1,\"next\":5,\"journal\":\"\"}");
        assert_eq!(older.expect("it reads").time, None);
        for text in [
            "",
            "{}",
            "{\"v\":2,\"generation\":1,\"next\":0,\"journal\":\"\"}",
        ] {
            assert_eq!(Cursor::parse(text.as_bytes()), None, "{text}");
        }
    }
}
