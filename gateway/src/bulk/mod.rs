//! Bulk feeders: commands that a producer numbered, from a queue and not from a connection.
//!
//! A message is what the WebSocket API calls a request, with a producer and a number in place
//! of a signature (ADR 0034). It goes through the same handlers, in the order of the queue,
//! many at a time; the engine takes each number once. Nothing is remembered here that a
//! restart must not lose: the newest numbers only spare the journal repetitions.
//!
//! ```text
//! no number in it, too long, nobody's   told, not journaled
//! said before, or too early             told by the engine, changes nothing
//! the next one                          done or refused: the number is used up
//! ```
//!
//! Reading order: `message`, `port`, this file.

pub mod message;
pub mod port;

use std::collections::{BTreeMap, BTreeSet};
use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use schemas::command::{Command, RequestDigest};
use schemas::ids::AccountId;
use schemas::numbered::Producer;
use schemas::units::TimeNs;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::auth::Caller;
use crate::bulk::message::{MESSAGE_BYTES_MAX, Number, Wish};
use crate::bulk::port::{Fate, NumberedPort};
use crate::call::{App, Call, Outcome, Parts};
use crate::error::ApiError;
use crate::router::Access;
use crate::submit::Submit;
use crate::wire::clock::TimeUnit;

/// Which accounts each producer may act for.
pub type Rights = BTreeMap<String, BTreeSet<AccountId>>;

/// How long a message waits that met a full ring, a full disk or a fault.
const PAUSE: Duration = Duration::from_millis(5);

/// The node is stopping; what was said is said again after the next start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the node is stopping")]
pub struct Stopped;

/// Takes the messages of all producers.
pub struct Bulk {
    app: Arc<App>,
    rights: Rights,
    /// The newest number of each producer, as far as it was heard here.
    newest: BTreeMap<Producer, u64>,
    counts: Arc<Counts>,
}

/// Messages since the start by what became of them, for operators.
#[derive(Default)]
pub struct Counts {
    by_word: [AtomicU64; Verdict::WORDS.len()],
}

/// The answer to one message.
#[derive(Clone, PartialEq, Debug)]
pub struct Said {
    /// Absent when the message has none.
    pub number: Option<Number>,
    pub verdict: Verdict,
}

/// What became of a message.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// The number is used up, with what the endpoint answers.
    Taken(Outcome),
    /// The number was used up before.
    Repeated {
        newest: u64,
    },
    /// A number between is missing: say all from `newest` + 1 on again.
    Gap {
        newest: u64,
    },
    /// Nobody's, or too long: nothing was journaled.
    Denied(String),
    Malformed(String),
    Oversized {
        bytes: usize,
    },
}

type Work = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A message on its way.
struct Begun {
    index: usize,
    number: Number,
    port: Arc<NumberedPort>,
    work: Work,
}

impl Bulk {
    /// Nothing heard yet.
    pub fn new(parts: Parts, rights: Rights, counts: Arc<Counts>) -> Bulk {
        Bulk {
            counts,
            app: Arc::new(App::new(parts)),
            rights,
            newest: BTreeMap::new(),
        }
    }

    /// Takes messages in their order; returns when each has its final answer, which may be
    /// long while the disk is full or a fault waits.
    ///
    /// # Errors
    /// [`Stopped`]; some may be done already.
    pub async fn take(&mut self, messages: &[impl AsRef<[u8]>]) -> Result<Vec<Said>, Stopped> {
        let messages: Vec<&[u8]> = messages.iter().map(AsRef::as_ref).collect();
        let read: Vec<_> = messages.iter().map(|bytes| self.read(bytes)).collect();
        let mut said: Vec<Option<Said>> = Vec::with_capacity(read.len());
        let mut numbers = Vec::with_capacity(read.len());
        for one in read {
            numbers.push(one.as_ref().ok().copied());
            said.push(one.err().map(|it| *it));
        }
        loop {
            self.round(&messages, &numbers, &mut said).await?;
            if said.iter().all(Option::is_some) {
                let said: Vec<Said> = said.into_iter().flatten().collect();
                self.counts.add(&said);
                return Ok(said);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whose message it is, or the answer to one that is nobody's.
    fn read(&self, bytes: &[u8]) -> Result<Number, Box<Said>> {
        let without = |verdict| {
            Box::new(Said {
                number: None,
                verdict,
            })
        };
        if MESSAGE_BYTES_MAX < bytes.len() {
            let bytes = bytes.len();
            return Err(without(Verdict::Oversized { bytes }));
        }
        let number = message::number(bytes).map_err(|why| without(Verdict::Malformed(why)))?;
        if self.rights.contains_key(number.producer.as_str()) {
            return Ok(number);
        }
        let why = format!("no producer `{}` is configured", number.producer);
        Err(Box::new(number.met(Verdict::Denied(why))))
    }

    fn newest_of(&self, producer: &Producer) -> u64 {
        self.newest.get(producer).copied().unwrap_or(0)
    }

    /// Says every message that has no answer yet, until one is to wait.
    async fn round(
        &mut self,
        messages: &[&[u8]],
        numbers: &[Option<Number>],
        said: &mut [Option<Said>],
    ) -> Result<(), Stopped> {
        let mut under_way = Vec::new();
        for (index, number) in numbers.iter().enumerate() {
            let (Some(number), None) = (*number, &said[index]) else {
                continue;
            };
            let newest = self.newest_of(&number.producer);
            if number.sequence <= newest {
                said[index] = Some(number.met(Verdict::Repeated { newest }));
                continue;
            }
            let begun = self.begin((index, number), messages[index]).await;
            let is_to_wait = begun.port.fate() == Fate::Later;
            under_way.push(begun);
            if is_to_wait {
                break;
            }
        }
        // Producers of whom an earlier message waits: what follows it is not missing.
        let mut waiting = BTreeSet::new();
        for begun in under_way {
            let (index, number) = (begun.index, begun.number);
            let outcome = begun.work.await;
            let verdict = match begun.port.fate() {
                Fate::Taken(offset) => {
                    self.newest.insert(number.producer, number.sequence);
                    Some(Verdict::Taken(at(outcome, offset)))
                }
                Fate::Refused { newest } => {
                    let known = self.newest.entry(number.producer).or_default();
                    *known = newest.max(*known);
                    let is_ahead = newest < number.sequence;
                    match is_ahead && waiting.contains(&number.producer) {
                        true => None,
                        false if is_ahead => Some(Verdict::Gap { newest }),
                        false => Some(Verdict::Repeated { newest }),
                    }
                }
                Fate::Stopped => return Err(Stopped),
                // Asked: an answer that did not come in time; the engine knows.
                Fate::Later | Fate::Asked | Fate::Unasked => None,
            };
            if verdict.is_none() {
                waiting.insert(number.producer);
            }
            said[index] = verdict.map(|verdict| number.met(verdict));
        }
        Ok(())
    }

    /// Lets a message get as far as the sequencer, so that they come there in their order.
    async fn begin(&self, (index, number): (usize, Number), bytes: &[u8]) -> Begun {
        let inner = self.app.parts.submit.clone();
        let port = Arc::new(NumberedPort::new(inner, number));
        let wish = message::wish(bytes).and_then(|wish| self.admit(number, wish));
        let mut work: Work = match wish {
            Ok(wish) => self.work(wish, port.clone()),
            Err(error) => Box::pin(ready(Err(error))),
        };
        let early = poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending if port.fate() != Fate::Unasked => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        if let Some(outcome) = early.await {
            // Refused before there was a command: the number is used up all the same.
            let taken = match port.fate() {
                Fate::Unasked => port.submit(Command::AdvanceClock).ok(),
                _ => None,
            };
            work = Box::pin(async move {
                if let Some(taken) = taken {
                    drop(taken.await);
                }
                outcome
            });
        }
        Begun {
            index,
            number,
            port,
            work,
        }
    }

    /// Whether the producer may act for that account.
    fn admit(&self, number: Number, wish: Wish) -> Result<Wish, ApiError> {
        let rights = self.rights.get(number.producer.as_str());
        if rights.is_some_and(|accounts| accounts.contains(&wish.account)) {
            return Ok(wish);
        }
        let (producer, account) = (number.producer, wish.account.0);
        let hint = format!("producer `{producer}` may not act for account {account}");
        Err(crate::error::rejected_key().hint(hint))
    }

    fn work(&self, wish: Wish, port: Arc<NumberedPort>) -> Work {
        let caller = Caller {
            account: wish.account,
            // Numbers stand against repetition; what waits in a queue is not late.
            valid_until: TimeNs(0),
            request: RequestDigest::default(),
            may_trade: true,
            is_bound_to_addresses: false,
        };
        let call = Call {
            app: self.app.clone(),
            parameters: wish.parameters,
            unit: TimeUnit::default(),
            directory: self.app.parts.queries.directory(),
            product: wish.route.product(),
            port,
        };
        Box::pin(async move {
            match wish.route.access {
                Access::Trade(handler) => handler(&call, &caller).await,
                _ => Err(crate::error::not_supported("only methods of trading")),
            }
        })
    }
}

/// The outcome of the command at that offset.
fn at(outcome: Outcome, offset: schemas::ids::Offset) -> Outcome {
    match outcome {
        Ok(answer) => Ok(answer.at(offset)),
        Err(error) => Err(error.at(offset)),
    }
}

impl Counts {
    fn add(&self, said: &[Said]) {
        for said in said {
            self.by_word[said.verdict.number()].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each word of `status` with how often it was said.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.by_word.iter().map(|it| it.load(Ordering::Relaxed));
        Verdict::WORDS.into_iter().zip(counts)
    }
}

impl Number {
    fn met(self, verdict: Verdict) -> Said {
        Said {
            number: Some(self),
            verdict,
        }
    }
}

impl Said {
    /// The answer by `schemas/kafka/commands.v1.json`, for the message at that place.
    pub fn json(&self, (partition, offset): (i32, i64)) -> String {
        let mut said = json!({
            "v": 1,
            "status": self.verdict.word(),
            "message": { "partition": partition, "offset": offset },
        });
        if let Some(number) = &self.number {
            said["producer"] = number.producer.as_str().into();
            said["sequence"] = number.sequence.into();
        }
        match &self.verdict {
            Verdict::Taken(Ok(answer)) => {
                said["offset"] = answer.offset.map_or(Value::Null, |at| at.0.into());
                return with(said, "result", &answer.body);
            }
            Verdict::Taken(Err(error)) => {
                said["offset"] = error.offset.map_or(Value::Null, |at| at.0.into());
                return with(said, "error", &error.body());
            }
            Verdict::Repeated { newest } => said["newest"] = (*newest).into(),
            Verdict::Gap { newest } => {
                said["newest"] = (*newest).into();
                said["expected"] = newest.saturating_add(1).into();
            }
            Verdict::Denied(why) | Verdict::Malformed(why) => said["reason"] = why.clone().into(),
            Verdict::Oversized { bytes } => {
                said["reason"] =
                    format!("{bytes} bytes, at most {MESSAGE_BYTES_MAX} are read").into();
            }
        }
        said.to_string()
    }
}

/// One member more, which is JSON text already.
fn with(said: Value, name: &str, text: &str) -> String {
    let is_json = serde_json::from_str::<&RawValue>(text).is_ok();
    let mut whole = said.to_string();
    whole.pop();
    let text = if is_json { text } else { "null" };
    whole.extend([",\"", name, "\":", text, "}"]);
    whole
}

impl Verdict {
    const WORDS: [&str; 7] = [
        "done",
        "refused",
        "repeated",
        "gap",
        "denied",
        "malformed",
        "oversized",
    ];

    const fn number(&self) -> usize {
        match self {
            Verdict::Taken(Ok(_)) => 0,
            Verdict::Taken(Err(_)) => 1,
            Verdict::Repeated { .. } => 2,
            Verdict::Gap { .. } => 3,
            Verdict::Denied(_) => 4,
            Verdict::Malformed(_) => 5,
            Verdict::Oversized { .. } => 6,
        }
    }

    /// The word for `status`.
    pub const fn word(&self) -> &'static str {
        Verdict::WORDS[self.number()]
    }
}
