//! The way of a command through the node.
//!
//! ```text
//! gateways --try_publish--> IN ring
//!   core  sequencer: offset, time, append; engine: apply       -> OUT ring
//!   sync  (in `journal`) fdatasync loop, publishes `durable`
//!   gate  waits for durable; chain, event log, views, answers
//! ```
//!
//! On two cores the sequencer and the engine share one thread. No thread here ever waits
//! for a client, a projection or a snapshot.
//!
//! Reading order: `ring`, `log`, `clock`, `parked`, `core`, `gate`, then `answers`, `counts`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use disruptor::Producer;
use gateway::submit::{Pending, Submit, SubmitError};
use journal::sync::Durable;
use parking_lot::Mutex;
use schemas::command::Command;
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::fault::CORE_THREAD;
use crate::pipeline::answers::Token;
use crate::pipeline::core::{Core, End, Shared};
use crate::pipeline::counts::Counts;
use crate::pipeline::gate::{ChainAt, Gate};
use crate::pipeline::ring::InputProducer;

pub mod ring;
pub mod log;
pub mod clock;
pub mod parked;
pub mod core;
pub mod gate;
pub mod answers;
pub mod counts;

/// A running pipeline, as everyone but its threads sees it.
pub struct Pipeline {
    producer: Mutex<Option<InputProducer>>,
    capacity: u64,
    shared: Arc<Shared>,
    durable: Durable,
    chain_at: Arc<Mutex<ChainAt>>,
    fault: Option<Offset>,
}

/// The threads to wait for after a stop.
pub struct Threads {
    pub core: JoinHandle<End>,
    pub gate: JoinHandle<()>,
}

/// Everything that [`Pipeline::start`] needs.
pub struct Parts {
    pub core: Core,
    pub gate: Gate,
    pub producer: InputProducer,
    /// Commands in the ring.
    pub capacity: usize,
    /// The node stands before this command, a fault of ours: administration only.
    pub fault: Option<Offset>,
}

impl Pipeline {
    /// Starts the core and the gate.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(parts: Parts) -> std::io::Result<(Pipeline, Threads)> {
        let Parts {
            core,
            gate,
            producer,
            capacity,
            fault,
        } = parts;
        let shared = core.shared.clone();
        shared.faulted.store(fault.is_some(), Ordering::Release);
        let (durable, chain_at) = (gate.durable.clone(), gate.chain_at.clone());
        let thread = |name: &str| std::thread::Builder::new().name(name.to_string());
        let gate = thread("gate").spawn(move || gate.run())?;
        let core = thread(CORE_THREAD).spawn(move || core.run())?;
        let pipeline = Pipeline {
            producer: Mutex::new(Some(producer)),
            capacity: capacity as u64,
            shared,
            durable,
            chain_at,
            fault,
        };
        Ok((pipeline, Threads { core, gate }))
    }

    /// Publishes a command that nobody waits for.
    ///
    /// # Errors
    /// [`SubmitError`] when the ring is full or the node is stopping.
    pub fn push(&self, command: Command) -> Result<(), SubmitError> {
        self.publish(command, 0)
    }

    /// Asks the core to stop after what it has taken.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        drop(self.producer.lock().take());
        self.shared.input_bell.ring();
    }

    /// How many commands are durable.
    pub fn durable(&self) -> Durable {
        self.durable.clone()
    }

    /// How many commands have visible effects.
    pub fn visible(&self) -> Offset {
        Offset(self.shared.visible.load(Ordering::Acquire))
    }

    /// The chain when the node was last idle.
    pub fn chain_at(&self) -> ChainAt {
        *self.chain_at.lock()
    }

    /// Commands published and not yet taken.
    pub fn waiting(&self) -> u64 {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Whether orders are refused for lack of room on the disk.
    pub fn is_disk_full(&self) -> bool {
        self.shared.disk_full.load(Ordering::Relaxed)
    }

    /// Whether projections stand still because the event log could not be written.
    pub fn is_event_log_failed(&self) -> bool {
        self.shared.event_log_failed.load(Ordering::Acquire)
    }

    /// What passed the gate since the start.
    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// The command that a fault of ours makes the node stand before.
    pub fn fault(&self) -> Option<Offset> {
        self.fault
    }

    /// Journals a skip while the node stands before a fault; answered when durable.
    ///
    /// # Errors
    /// [`SubmitError`] when it was not taken.
    pub async fn journal_skip(&self, command: Command) -> Result<Offset, SubmitError> {
        // Looked at before the push: the sync may be faster than we are.
        let (durable, before) = (self.durable.clone(), self.durable.get());
        self.push(command)?;
        let wait = move || durable.wait_past(before, std::time::Duration::from_secs(10));
        match tokio::task::spawn_blocking(wait).await {
            Ok(after) if before < after => Ok(Offset(after - 1)),
            _ => Err(SubmitError::Stopped),
        }
    }

    /// A sixteenth of the ring is kept for cancels and administration.
    fn has_room(&self, command: &Command) -> bool {
        let waiting = self.shared.waiting.load(Ordering::Acquire);
        command.may_use_reserve() || waiting < self.capacity - self.capacity / 16
    }

    fn publish(&self, command: Command, token: Token) -> Result<(), SubmitError> {
        let mut producer = self.producer.lock();
        let producer = producer.as_mut().ok_or(SubmitError::Stopped)?;
        // Under the lock, or two orders at once would both see the last place.
        if !self.has_room(&command) {
            return Err(SubmitError::Busy);
        }
        self.shared.waiting.fetch_add(1, Ordering::Relaxed);
        let published = producer.try_publish(|slot| {
            slot.command = command;
            slot.token = token;
        });
        if published.is_err() {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(SubmitError::Busy);
        }
        self.shared.input_bell.ring();
        Ok(())
    }
}

impl Submit for Pipeline {
    fn submit(&self, command: Command) -> Result<Pending, SubmitError> {
        if self.shared.faulted.load(Ordering::Relaxed) {
            return Err(SubmitError::Faulted);
        }
        if self.shared.broken.load(Ordering::Relaxed) {
            return Err(SubmitError::Stopped);
        }
        let (token, pending) = self.shared.answers.expect();
        if let Err(error) = self.publish(command, token) {
            self.shared.answers.take(token);
            return Err(error);
        }
        Ok(pending)
    }

    fn now(&self) -> TimeNs {
        let ahead = self.shared.clock_ahead_ns.load(Ordering::Relaxed);
        TimeNs(clock::wall_clock().0.saturating_add_signed(ahead))
    }
}
