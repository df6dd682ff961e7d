//! The projection into Kafka: messages and cursor in one transaction.
//!
//! A session is a producer that has fenced every earlier one and knows where the topics
//! stand. Whatever fails ends the session; the next [`Projection::cursor`] opens another,
//! which aborts what was left open, or finishes what was being committed, and reads the
//! cursor again. So no outcome is ever guessed. Who finds another process's claim where its
//! own should be stops for good and leaves the topics to it.
//!
//! Reading order: [`KafkaProjection`], `open`, `claim`, `write`.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::error::SinkError;
use crate::kafka::client::{self, PATIENCE, Watched};
use crate::kafka::cursor::{self, CLAIM_KEY, CURSOR_KEY, Cursor, Said, Until};
use crate::kafka::diagnosis;
use crate::kafka::packed;
use crate::kafka::settings::{Form, Settings};
use crate::kafka::topics::{self, TopicNames};
use crate::names::Names;
use crate::opening::Opening;
use crate::projection::{Batch, Projection};
use crate::telling::{Fact, Outgoing, Told, Topic};

/// The projection's name for operators.
pub const NAME: &str = "kafka";
/// Brokers end a transaction that a silent producer left open after so long.
const TRANSACTION_LIMIT: Duration = Duration::from_secs(60);
/// Messages that wait for the brokers inside librdkafka, and their kibibytes.
const QUEUE_MESSAGES: usize = 100_000;
const QUEUE_KIBIBYTES: usize = 64 * 1024;

/// Which process writes, and what it tells of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The journal, in hex: topics that tell of another one are not touched.
    pub journal: String,
    /// This process; different at every start.
    pub writer: String,
}

/// The projection into Kafka.
pub struct KafkaProjection {
    settings: Settings,
    identity: Identity,
    names: Names,
    told: Told,
    session: Option<Session>,
    /// Nobody answered last time.
    is_away: bool,
    /// Claims made: each has a number, so that the newest is told from those before it.
    claims: u64,
}

/// A producer that nobody has fenced yet.
struct Session {
    producer: ThreadedProducer<Watched>,
    watched: Watched,
    cursors: String,
    topics: TopicNames,
    at: Cursor,
}

/// What went wrong, and doing what.
type Failed = (&'static str, KafkaError);

impl KafkaProjection {
    /// Writes by these settings; `names` are those known so far.
    pub fn new(settings: Settings, identity: Identity, names: Names) -> KafkaProjection {
        KafkaProjection {
            settings,
            identity,
            names,
            told: Told::default(),
            session: None,
            is_away: false,
            claims: 0,
        }
    }

    /// Looks who wrote last, fences it, claims the topics and reads the cursor. Only a
    /// rebuild takes over topics that tell of another journal.
    async fn open(&mut self, rebuild: bool) -> Result<Session, SinkError> {
        topics::make_cursors(&self.settings).await?;
        let said = blocking(|| cursor::read(&self.settings, Until::End))?;
        self.check(&said, rebuild)?;
        let claim = format!("{}.{}", self.identity.writer, self.claims + 1);
        let session = blocking(|| self.claim(&claim))?;
        self.claims += 1;
        topics::make_generation(&self.settings, session.at.generation).await?;
        Ok(session)
    }

    /// Whether these topics are ours to write.
    fn check(&self, said: &Said, rebuild: bool) -> Result<(), SinkError> {
        let place = format!(
            "the topics {}* at Kafka {}",
            self.settings.prefix, self.settings.brokers
        );
        let claim = said.claim.as_deref().and_then(|it| it.rsplit_once('.'));
        let is_ours = claim.is_some_and(|(writer, _)| writer == self.identity.writer);
        if 0 < self.claims && !is_ours {
            return Err(SinkError::Refused {
                reason: format!("another node took over {place}; this one writes nothing more"),
                todo: "stop one of the two, or give it a `prefix` of its own in [kafka], and \
                       start it again"
                    .to_string(),
            });
        }
        match &said.cursor {
            Some(cursor) if cursor.journal != self.identity.journal && !rebuild => {
                Err(SinkError::Refused {
                    reason: format!("{place} tell of another journal, {}", cursor.journal),
                    todo: "choose another `prefix` in [kafka], or begin a new generation with \
                           `daybook projection rebuild kafka`"
                        .to_string(),
                })
            }
            _ => Ok(()),
        }
    }

    fn claim(&self, name: &str) -> Result<Session, SinkError> {
        let watched = Watched::default();
        let fail = |failed: Failed| client::failed(&self.settings, &watched, failed);
        let producer: ThreadedProducer<Watched> = producer_config(&self.settings)
            .create_with_context(watched.clone())
            .map_err(|error| fail(("connect", error)))?;
        producer
            .init_transactions(PATIENCE)
            .map_err(|error| fail(("begin transactions", error)))?;
        let cursors = topics::cursors(&self.settings.prefix);
        transaction(&producer, || {
            let record = BaseRecord::to(&cursors).partition(0);
            send(&producer, record.key(CLAIM_KEY).payload(name))
        })
        .map_err(fail)?;
        let said = cursor::read(&self.settings, Until::Claim(name))?;
        let at = said.cursor.unwrap_or_else(|| Cursor {
            generation: 1,
            next: Offset(0),
            journal: self.identity.journal.clone(),
            time: None,
        });
        Ok(Session {
            producer,
            watched,
            cursors,
            topics: TopicNames::of(&self.settings.prefix, at.generation),
            at,
        })
    }

    /// Ends the session; if another process is the reason, says so instead.
    fn failed(&mut self, session: &Session, failed: Failed) -> SinkError {
        let is_fenced = is_fenced(&failed.1);
        let error = client::failed(&self.settings, &session.watched, failed);
        if is_fenced && let Ok(said) = cursor::read(&self.settings, Until::End) {
            return self.check(&said, true).err().unwrap_or(error);
        }
        error
    }
}

impl Projection for KafkaProjection {
    fn name(&self) -> &str {
        NAME
    }

    async fn cursor(&mut self) -> Result<Offset, SinkError> {
        self.session = None;
        if self.is_away {
            // Clients that only fail again are not worth their threads.
            blocking(|| client::knock(&self.settings))?;
            self.is_away = false;
        }
        let session = match self.open(false).await {
            Ok(session) => session,
            Err(error) => {
                let error = diagnosis::explain(&self.settings, error);
                self.is_away = matches!(error, SinkError::Unreachable { .. });
                return Err(error);
            }
        };
        let next = session.at.next;
        self.session = Some(session);
        Ok(next)
    }

    async fn commit(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let expected = batch.from;
        let Some(mut session) = self.session.take() else {
            return Err(SinkError::Fenced { expected });
        };
        if session.at.next != expected {
            return Err(SinkError::Fenced { expected });
        }
        let outcome = blocking(|| {
            self.told.clear();
            for answered in &batch.commands {
                for (index, event) in answered.events.iter().enumerate() {
                    self.names.learn(event);
                    let fact = Fact {
                        offset: answered.offset,
                        index: u16::try_from(index).expect("a command's events fit u16"),
                        time: answered.time,
                        event,
                    };
                    self.told.tell(&self.names, fact);
                }
            }
            let at = Cursor {
                next: batch.next,
                time: batch.commands.last().map(|last| last.time),
                ..session.at.clone()
            };
            match session.write(&self.told, (batch, &at), self.settings.form) {
                Ok(()) => {
                    session.at = at;
                    self.session = Some(session);
                    Ok(())
                }
                Err(failed) => Err(self.failed(&session, failed)),
            }
        });
        match outcome {
            Ok(()) => Ok(()),
            Err(error) => {
                let error = diagnosis::explain(&self.settings, error);
                self.is_away = matches!(error, SinkError::Unreachable { .. });
                Err(error)
            }
        }
    }

    fn newest_time(&self) -> Option<TimeNs> {
        self.session.as_ref()?.at.time
    }

    async fn reset(&mut self) -> Result<(), SinkError> {
        self.session = None;
        let mut session = self.open(true).await?;
        let at = Cursor {
            generation: session.at.generation + 1,
            next: Offset(0),
            journal: self.identity.journal.clone(),
            time: None,
        };
        topics::make_generation(&self.settings, at.generation).await?;
        let written = blocking(|| session.move_to(&at));
        if let Err(failed) = written {
            return Err(blocking(|| self.failed(&session, failed)));
        }
        session.topics = TopicNames::of(&self.settings.prefix, at.generation);
        session.at = at;
        self.session = Some(session);
        Ok(())
    }

    fn begins_anywhere(&self) -> bool {
        true
    }

    /// A message tells what happened: what stood before needs none.
    async fn begin(&mut self, opening: &Opening) -> Result<(), SinkError> {
        let expected = Offset(0);
        let Some(mut session) = self.session.take() else {
            return Err(SinkError::Fenced { expected });
        };
        let at = Cursor {
            next: opening.next,
            ..session.at.clone()
        };
        let written = blocking(|| session.move_to(&at));
        if let Err(failed) = written {
            return Err(blocking(|| self.failed(&session, failed)));
        }
        session.at = at;
        self.session = Some(session);
        Ok(())
    }
}

impl Session {
    /// Every message, and the cursor after them.
    fn write(&self, told: &Told, (batch, at): (&Batch, &Cursor), form: Form) -> Result<(), Failed> {
        transaction(&self.producer, || {
            for message in told.messages() {
                self.put(&message, (batch, form))?;
            }
            self.cursor_record(at)
        })
        .map_err(|(doing, error)| (doing, self.watched.cause_of(error)))
    }

    fn put(&self, message: &Outgoing<'_>, (batch, form): (&Batch, Form)) -> Result<(), Failed> {
        let record = BaseRecord::to(self.topics.name(message.topic))
            .key(message.key)
            .timestamp(i64::try_from(message.time.as_millis()).unwrap_or(i64::MAX));
        // What everybody may see stays JSON: the packed event names accounts.
        if form == Form::Rkyv && message.topic != Topic::Market {
            let packed = packed::pack(fact_of(batch, message));
            return send(&self.producer, record.payload(packed.as_slice()));
        }
        send(&self.producer, record.payload(message.value))
    }

    fn cursor_record(&self, at: &Cursor) -> Result<(), Failed> {
        let value = at.value();
        let record = BaseRecord::to(&self.cursors).partition(0);
        send(
            &self.producer,
            record.key(CURSOR_KEY).payload(value.as_str()),
        )
    }

    fn move_to(&self, at: &Cursor) -> Result<(), Failed> {
        transaction(&self.producer, || self.cursor_record(at))
    }
}

fn fact_of<'b>(batch: &'b Batch, message: &Outgoing<'_>) -> Fact<'b> {
    let (offset, index) = (message.event.0 >> 16, message.event.0 & 0xffff);
    let answered = &batch.commands[(offset - batch.from.0) as usize];
    Fact {
        offset: answered.offset,
        index: index as u16,
        time: answered.time,
        event: &answered.events[index as usize],
    }
}

fn producer_config(settings: &Settings) -> ClientConfig {
    let mut config = client::base(settings);
    config
        .set("transactional.id", settings.transactional_id())
        .set(
            "transaction.timeout.ms",
            TRANSACTION_LIMIT.as_millis().to_string(),
        )
        .set("acks", "all")
        // The partitioner of the Java clients, so that both find a key in one partition.
        .set("partitioner", "murmur2_random")
        .set("compression.type", "lz4")
        .set("linger.ms", "2")
        .set("batch.num.messages", "10000")
        .set("queue.buffering.max.messages", QUEUE_MESSAGES.to_string())
        .set("queue.buffering.max.kbytes", QUEUE_KIBIBYTES.to_string());
    config
}

/// Begins, lets `fill` send, commits. A failure leaves the transaction to the next session.
fn transaction(
    producer: &ThreadedProducer<Watched>,
    fill: impl FnOnce() -> Result<(), Failed>,
) -> Result<(), Failed> {
    producer
        .begin_transaction()
        .map_err(|error| ("begin a transaction", error))?;
    fill()?;
    producer
        .commit_transaction(PATIENCE)
        .map_err(|error| ("commit", error))
}

/// Hands one message over; waits while the queue is full.
fn send<P: rdkafka::message::ToBytes + ?Sized, K: rdkafka::message::ToBytes + ?Sized>(
    producer: &ThreadedProducer<Watched>,
    record: BaseRecord<'_, K, P>,
) -> Result<(), Failed> {
    let started = Instant::now();
    let mut record = record;
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again))
                if started.elapsed() < PATIENCE =>
            {
                record = again;
                std::thread::sleep(Duration::from_millis(1));
            }
            Err((error, _)) => return Err(("send", error)),
        }
    }
}

/// What a producer is told when a newer one took its transactional id, or when the brokers
/// took it for dead.
fn is_fenced(error: &KafkaError) -> bool {
    if let KafkaError::Transaction(error) = error
        && error.is_fatal()
    {
        return true;
    }
    matches!(
        client::code_of(error),
        Some(
            RDKafkaErrorCode::Fenced
                | RDKafkaErrorCode::Fatal
                | RDKafkaErrorCode::InvalidProducerEpoch
                | RDKafkaErrorCode::ProducerFenced
        )
    )
}

/// librdkafka waits in its own way: the runtime is told that this thread is busy.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}
