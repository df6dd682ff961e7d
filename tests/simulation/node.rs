//! One life of the node: the real log, engine, event log and gate order, stepped.

use std::collections::VecDeque;

use daybook::pipeline::log::{CommandLog, LocalLog};
use engine::apply::{Engine, Outcome, Stamp};
use engine::chain::Chain;
use journal::event_log::EventLog;
use journal::sync::Durable;
use journal::writer::AppendError;
use schemas::command::Command;
use schemas::event::{Event, encode_events};
use schemas::ids::Offset;
use schemas::units::TimeNs;

/// How often a wait for the disk is repeated before it counts as none.
const PATIENCE: u32 = 200;

/// Names a request of a client; 0 = nobody waits.
pub type Ticket = u64;

/// A command that was applied and is not out yet.
pub struct Applied {
    pub stamp: Stamp,
    pub ticket: Ticket,
    pub events: Vec<Event>,
}

/// What one life owns. It is gone with the crash.
pub struct Node {
    pub log: Box<LocalLog>,
    pub durable: Durable,
    pub engine: Engine,
    pub outcome: Outcome,
    pub chain: Chain,
    /// `None` after a failed write, as in the gate.
    pub event_log: Option<EventLog>,
    pub out: VecDeque<Applied>,
    pub sealed: bool,
    encoded: Vec<u8>,
}

/// What became of one command.
pub enum Taken {
    /// It has this offset.
    At(Offset),
    /// The disk is full.
    Refused,
    /// The log takes nothing any more.
    Broken,
}

impl Node {
    /// From what a start has made.
    pub fn new(log: LocalLog, rebuilt: daybook::node::Rebuilt) -> Node {
        let durable = log.durable();
        let engine = rebuilt.replayer.engine;
        let outcome = Outcome {
            more: engine.more(),
            wake_at: engine.wake_at(),
        };
        Node {
            log: Box::new(log),
            durable,
            engine,
            outcome,
            chain: rebuilt.replayer.chain,
            event_log: Some(rebuilt.event_log),
            out: VecDeque::new(),
            sealed: false,
            encoded: Vec::new(),
        }
    }

    /// Sequencer and engine: append, then apply.
    pub fn take(&mut self, time: TimeNs, command: &Command, ticket: Ticket) -> Taken {
        let mut waited = 0;
        let offset = loop {
            match self.log.append(time, command) {
                Ok(offset) => break offset,
                Err(AppendError::LagBound | AppendError::NotReady) if waited < PATIENCE => {
                    waited += 1;
                    self.log.publish();
                    self.durable
                        .wait_past(self.durable.get(), std::time::Duration::ZERO);
                    if self.durable.failed().is_some() {
                        return Taken::Broken;
                    }
                }
                Err(AppendError::Full) => return Taken::Refused,
                Err(_) => return Taken::Broken,
            }
        };
        let stamp = Stamp { offset, time };
        let mut events = Vec::new();
        self.outcome = self.engine.apply(stamp, command, &mut events);
        self.sealed = matches!(command, Command::Seal);
        self.out.push_back(Applied {
            stamp,
            ticket,
            events,
        });
        Taken::At(offset)
    }

    /// The gate's next command that may go out: durable, unless the canary does not care.
    pub fn next_out(&mut self, careless: bool) -> Option<(Applied, u64)> {
        let front = self.out.front()?;
        if !careless && self.durable.get() <= front.stamp.offset.0 {
            return None;
        }
        let applied = self.out.pop_front()?;
        self.encoded.clear();
        encode_events(&applied.events, &mut self.encoded);
        self.chain.absorb(applied.stamp, &self.encoded);
        if let Some(log) = &mut self.event_log {
            let Stamp { offset, time } = applied.stamp;
            if log.append(offset, time, &self.encoded).is_err() {
                self.event_log = None;
            }
        }
        let value = self.chain.value();
        Some((applied, value))
    }

    /// The event log is written out when the gate has nothing to do.
    pub fn flush(&mut self) {
        let flushed = self.event_log.as_mut().map(EventLog::flush);
        if flushed.is_some_and(|flushed| flushed.is_err()) {
            self.event_log = None;
        }
    }
}
