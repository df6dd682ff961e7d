//! The core thread: sequencer and engine, fused.
//!
//! Each command gets its time and offset, is appended to the log, and only then applied;
//! its events go to the gate, which lets nobody hear of them before they are durable. The
//! thread spins briefly, then parks; an idle venue costs next to nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use disruptor::{Polling, Producer};
use engine::apply::{Engine, Outcome, Stamp};
use gateway::submit::SubmitError;
use journal::bell::Bell;
use journal::sync::Durable;
use journal::writer::AppendError;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::Offset;
use schemas::units::TimeNs;

use crate::pipeline::answers::{Answers, Token};
use crate::pipeline::clock::Clock;
use crate::pipeline::counts::Counts;
use crate::pipeline::log::CommandLog;
use crate::pipeline::parked::Parked;
use crate::pipeline::ring::{Input, InputPoller, OutputProducer};

/// Commands taken from the ring at once.
const BATCH: u64 = 256;
/// Commands that waited and are taken for each one that did not.
const RELEASED: u32 = 4;
/// Looks at a full ring of events before sleeping.
const SPINS: u32 = 200;
/// Everything durable for this long: a seal is due (DESIGN §2).
const SEAL_AFTER: Duration = Duration::from_millis(1);
/// Room for events that a place of the ring keeps.
const EVENTS_KEPT: usize = 1_024;
/// The longest sleep; bounds how late a stop is noticed.
const PARK: Duration = Duration::from_millis(500);

/// What the threads share.
#[derive(Default)]
pub struct Shared {
    pub answers: Answers,
    /// Rung when a command was published.
    pub input_bell: Bell,
    /// Rung when events were published or the ring of events has room again.
    pub output_bell: Bell,
    /// Commands published whose places in the ring are not free again.
    pub waiting: AtomicU64,
    /// Commands applied, and commands whose effects are visible.
    pub applied: AtomicU64,
    pub visible: AtomicU64,
    /// How far the venue's clock is ahead of the wall clock, in nanoseconds.
    pub clock_ahead_ns: AtomicI64,
    /// The command under way, for the panic hook; `u64::MAX` = none.
    pub under_way: AtomicU64,
    /// Stop after what was taken.
    pub stop: AtomicBool,
    /// No room for orders.
    pub disk_full: AtomicBool,
    /// A fault of ours waits for an operator.
    pub faulted: AtomicBool,
    /// A write to the event log failed: projections stand still until a restart.
    pub event_log_failed: AtomicBool,
    /// A sync failed: no more answers.
    pub broken: AtomicBool,
    /// What passed the gate.
    pub counts: Counts,
}

/// The state of the core thread.
pub struct Core {
    pub log: Box<dyn CommandLog>,
    pub engine: Engine,
    pub clock: Clock,
    pub input: InputPoller,
    pub output: OutputProducer,
    pub shared: Arc<Shared>,
    /// Panics before applying this offset: a planted fault of ours, for tests only.
    pub planted_fault: Option<Offset>,
}

/// What the core knows between two commands.
struct Turn {
    core: Seat,
    durable: Durable,
    outcome: Outcome,
    parked: Parked,
    sealed: bool,
    quiet_since: Option<Instant>,
}

/// Everything of [`Core`] but the poller, so that a batch can be borrowed meanwhile.
struct Seat {
    log: Box<dyn CommandLog>,
    engine: Engine,
    clock: Clock,
    output: OutputProducer,
    shared: Arc<Shared>,
    events: Vec<Event>,
    planted_fault: Option<Offset>,
}

/// Why the core thread ended.
#[derive(Debug)]
pub enum End {
    /// Asked to; the log is closed.
    Stopped,
    /// The log cannot go on.
    Broken(journal::error::SyncFailure),
}

impl Core {
    /// Runs until asked to stop or until the log breaks.
    pub fn run(self) -> End {
        let Core {
            log,
            engine,
            clock,
            mut input,
            output,
            shared,
            planted_fault,
        } = self;
        let durable = log.durable();
        let outcome = Outcome {
            more: engine.more(),
            wake_at: engine.wake_at(),
        };
        let seat = Seat {
            log,
            engine,
            clock,
            output,
            shared,
            events: Vec::new(),
            planted_fault,
        };
        let mut turn = Turn {
            core: seat,
            durable,
            outcome,
            parked: Parked::default(),
            sealed: false,
            quiet_since: None,
        };
        loop {
            // The places of a batch are free when the borrow of it ends, and only then do
            // they count as free: the share kept for cancels is of the ring as it is.
            let taken = match input.take(BATCH) {
                Ok(mut batch) => Ok(turn.work(&mut batch)),
                Err(polling) => Err(polling),
            };
            match taken {
                Ok(taken) => turn.core.shared.count_taken(taken),
                Err(Polling::Shutdown) => break,
                Err(Polling::NoEvents) => {
                    if turn.core.shared.stop.load(Ordering::Acquire) {
                        break;
                    }
                    turn.idle(&input);
                }
            }
            if turn.durable.failed().is_some() {
                break;
            }
        }
        turn.end()
    }
}

impl Shared {
    fn count_taken(&self, commands: u64) {
        self.waiting.fetch_sub(commands, Ordering::Release);
    }
}

impl Turn {
    /// Sequences every command of a batch; how many there were.
    fn work<'a>(&mut self, batch: impl Iterator<Item = &'a Input>) -> u64 {
        let mut taken = 0;
        let mut batch = batch.peekable();
        while let Some(input) = batch.next() {
            if let Some(after) = batch.peek() {
                self.core.engine.foresee(&after.command);
            }
            if self.outcome.more || !self.parked.is_empty() {
                self.take_between(input);
            } else {
                self.answer(&input.command, input.token);
            }
            taken += 1;
        }
        self.core.log.publish();
        let shared = &self.core.shared;
        shared
            .clock_ahead_ns
            .store(self.core.clock.ahead_ns(), Ordering::Relaxed);
        shared.output_bell.ring();
        self.quiet_since = None;
        taken
    }

    /// Sequences one command; who sent it hears if that was not possible.
    fn answer(&mut self, command: &Command, token: Token) {
        if let Err(error) = self.sequence(command, token) {
            self.core.shared.answers.refuse(token, error);
        }
    }

    /// A command arrives while bounded work is going on (ADR 0025).
    ///
    /// Walks, sweeps of cancels and timers go before everything. Orders that were set off
    /// have their turn a slice a frame: only who wants their symbol waits for them, and
    /// whoever waits pushes them on by a frame, so that the others never do.
    #[cold]
    #[inline(never)]
    fn take_between(&mut self, input: &Input) {
        while self.core.engine.must_go_on() && self.sequence(&Command::Continue, 0).is_ok() {}
        self.release(RELEASED);
        let command = &input.command;
        let is_wanted = self.core.engine.must_wait(command) || self.parked.wants_same(command);
        if !is_wanted && !self.parked.holds_back(command) {
            return self.answer(command, input.token);
        }
        let given = (command, input.token);
        if self.parked.put(given, is_wanted).is_err() {
            let answers = &self.core.shared.answers;
            answers.refuse(input.token, SubmitError::Busy);
        }
        self.go_on();
    }

    /// One frame for what was set off; without one the waiting get their refusals.
    fn go_on(&mut self) -> bool {
        let went_on = self.outcome.more && self.sequence(&Command::Continue, 0).is_ok();
        if self.outcome.more && !went_on {
            while let Some((command, token)) = self.parked.take() {
                self.answer(&command, token);
            }
        }
        went_on
    }

    /// Takes the first of the waiting whose turn came; whether there was one.
    fn release(&mut self, at_most: u32) -> bool {
        let mut released = false;
        for _ in 0..at_most {
            let first = self.parked.first();
            if first.is_none_or(|command| self.core.engine.must_wait(command)) {
                break;
            }
            let (command, token) = self.parked.take().expect("it was just seen");
            self.answer(&command, token);
            released = true;
        }
        released
    }

    /// Appends and applies one command.
    fn sequence(&mut self, command: &Command, token: Token) -> Result<(), SubmitError> {
        let core = &mut self.core;
        if core.shared.faulted.load(Ordering::Relaxed) && !matches!(command, Command::Skip(_)) {
            return Err(SubmitError::Faulted);
        }
        let time = core.clock.now();
        let offset = core.append(time, command, &self.durable)?;
        self.sealed = matches!(command, Command::Seal);
        if core.shared.faulted.load(Ordering::Relaxed) {
            // The engine stands before the faulty command; the skip works at the next start.
            return Ok(());
        }
        core.shared.under_way.store(offset.0, Ordering::Relaxed);
        assert!(
            core.planted_fault != Some(offset),
            "a planted fault at offset {}",
            offset.0
        );
        self.outcome = core
            .engine
            .apply(Stamp { offset, time }, command, &mut core.events);
        core.shared.under_way.store(u64::MAX, Ordering::Relaxed);
        core.hand_over(offset, time, token);
        core.shared.applied.store(offset.0 + 1, Ordering::Release);
        Ok(())
    }

    /// Nothing to take: bounded work, timers and the seal; then spin, then park.
    fn idle(&mut self, input: &InputPoller) {
        if self.go_on() | self.release(RELEASED) {
            self.flush();
            return;
        }
        let now = self.core.clock.now();
        if self.outcome.wake_at.is_some_and(|due| due <= now)
            && self.sequence(&Command::AdvanceClock, 0).is_ok()
        {
            self.flush();
            return;
        }
        let shared = &self.core.shared;
        shared
            .clock_ahead_ns
            .store(self.core.clock.ahead_ns(), Ordering::Relaxed);
        let timeout = self.until_seal(now);
        self.core
            .shared
            .disk_full
            .store(self.core.log.is_full(), Ordering::Relaxed);
        let stop = &self.core.shared.stop;
        let ready = || input.has_available() || stop.load(Ordering::Acquire);
        let deadline = Some(Instant::now() + timeout);
        self.core.shared.input_bell.wait(deadline, ready);
    }

    /// Seals the journal when everything has been durable for a moment; says how long to
    /// sleep until something is due.
    fn until_seal(&mut self, now: TimeNs) -> Duration {
        let mut timeout = PARK;
        // What is due already was just refused: it is tried again after the usual pause.
        if let Some(due) = self.outcome.wake_at.filter(|due| now < *due) {
            timeout = timeout.min(Duration::from_nanos(due.0.saturating_sub(now.0)));
        }
        let next = self.core.log.next();
        if self.sealed || next.0 == 0 || self.core.shared.faulted.load(Ordering::Relaxed) {
            return timeout;
        }
        let quiet = *self.quiet_since.get_or_insert_with(Instant::now);
        let all_durable = self.durable.get() >= next.0;
        if all_durable && quiet.elapsed() >= SEAL_AFTER {
            if self.sequence(&Command::Seal, 0).is_ok() {
                self.flush();
            }
            return timeout;
        }
        timeout.min(SEAL_AFTER)
    }

    fn flush(&mut self) {
        self.core.log.publish();
        self.core.shared.output_bell.ring();
    }

    fn end(mut self) -> End {
        // What was taken is done, what waits included.
        while !self.parked.is_empty() && self.durable.failed().is_none() {
            self.go_on();
            self.release(RELEASED);
        }
        self.core.log.publish();
        self.core.shared.output_bell.ring();
        let next = self.core.log.next().0;
        if self.durable.failed().is_none() {
            let mut seen = self.durable.get();
            while seen < next && self.durable.failed().is_none() {
                seen = self.durable.wait_past(seen, PARK);
            }
        }
        match self.core.log.close() {
            Ok(()) => End::Stopped,
            Err(error) => {
                self.core.shared.broken.store(true, Ordering::Release);
                End::Broken(error)
            }
        }
    }
}

impl Seat {
    /// Appends; waits while too much is not yet durable.
    fn append(
        &mut self,
        time: TimeNs,
        command: &Command,
        durable: &Durable,
    ) -> Result<Offset, SubmitError> {
        loop {
            match self.log.append(time, command) {
                Ok(offset) => return Ok(offset),
                Err(AppendError::LagBound | AppendError::NotReady) => {
                    self.log.publish();
                    self.shared.output_bell.ring();
                    durable.wait_past(durable.get(), Duration::from_millis(10));
                    if durable.failed().is_some() {
                        return Err(SubmitError::Stopped);
                    }
                }
                Err(AppendError::Full) => {
                    self.shared.disk_full.store(true, Ordering::Relaxed);
                    return Err(SubmitError::DiskFull);
                }
                Err(_) => return Err(SubmitError::Stopped),
            }
        }
    }

    /// Hands the events to the gate; waits for room, for the gate never waits for us.
    fn hand_over(&mut self, offset: Offset, time: TimeNs, token: Token) {
        let events = &mut self.events;
        let mut spins = 0_u32;
        loop {
            let published = self.output.try_publish(|slot| {
                slot.offset = offset;
                slot.time = time;
                slot.token = token;
                std::mem::swap(&mut slot.events, events);
            });
            if published.is_ok() {
                break;
            }
            self.log.publish();
            self.shared.output_bell.ring();
            spins += 1;
            if spins > SPINS {
                std::thread::sleep(Duration::from_micros(50));
            }
            if self.log.durable().failed().is_some() {
                // Nothing more gets out; the loop ends at its next look.
                return;
            }
        }
        // What one huge command needed is not kept by every place of the ring.
        self.events.clear();
        self.events.shrink_to(EVENTS_KEPT);
    }
}
