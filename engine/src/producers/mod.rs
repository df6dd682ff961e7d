//! Commands that producers number 1, 2, 3 …: each is done once, in order, for ever (ADR 0034).
//!
//! The newest number of each producer is state, so that a command which was journaled and not
//! acknowledged is known as said, after whatever restart. A command that is refused for what
//! it asks for has used its number; one that met bounded work has not and is said again.
//!
//! Reading order: this file, `section`.

pub mod section;

use std::collections::BTreeMap;

use schemas::event::Event;
use schemas::numbered::{Numbered, Producer};
use schemas::reject::RejectReason;

use crate::apply::Engine;
use crate::trace::Trace;

/// The newest number of each producer; never zero.
pub(crate) type Producers = BTreeMap<Producer, u64>;

/// Producers there can be; edges know them by name, so that this only bounds the state.
pub const PRODUCERS_MAX: usize = 4_096;

impl<T: Trace> Engine<T> {
    /// The newest number of a producer that was taken; 0 before its first.
    pub fn newest_of(&self, producer: &Producer) -> u64 {
        self.state.producers.get(producer).copied().unwrap_or(0)
    }

    /// Runs a producer's next command; refuses one that was said before, or too early.
    pub(crate) fn run_numbered(&mut self, numbered: &Numbered) {
        let (producer, sequence) = (*numbered.producer(), numbered.sequence());
        let last = self.newest_of(&producer);
        if last.checked_add(1) != Some(sequence) {
            return self.out.push(Event::SequenceRefused {
                producer,
                sequence,
                last,
            });
        }
        if let Err(reason) = self.may_begin(&producer, last) {
            return self.out.push(Event::CommandRejected { reason });
        }
        self.state.producers.insert(producer, sequence);
        self.run(numbered.command());
    }

    fn may_begin(&self, producer: &Producer, last: u64) -> Result<(), RejectReason> {
        if producer.is_empty() {
            return Err(RejectReason::InvalidName);
        }
        if last == 0 && self.state.producers.len() >= PRODUCERS_MAX {
            return Err(RejectReason::NoMoreIds);
        }
        Ok(())
    }
}
