//! The gate thread: nothing leaves before it is durable.
//!
//! For each durable command, in order: encode its events, take them into the chain, write
//! the event log, bring the views up to date, and only then answer the client. A failed
//! write to the event log stops projections, never trading.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use disruptor::Polling;
use engine::apply::Stamp;
use engine::chain::Chain;
use gateway::submit::{Receipt, SubmitError};
use journal::event_log::EventLog;
use journal::sync::Durable;
use schemas::event::{Event, EventEncoder};
use schemas::ids::Offset;
use schemas::report::MarketUpdate;
use tokio::sync::broadcast;
use views::Views;
use views::users::UserSink;

use crate::pipeline::clock::wall_clock;
use crate::pipeline::core::Shared;
use crate::pipeline::ring::{Output, OutputPoller};
use crate::user_events::feeds::UserFeeds;

/// Applied commands taken at once.
const BATCH: u64 = 1_024;
/// The longest sleep; bounds how late a stop is noticed.
const PARK: Duration = Duration::from_millis(100);

/// The chain at some offset, for whoever asks.
#[derive(Clone, Copy, Debug)]
pub struct ChainAt {
    pub next: Offset,
    pub value: u64,
}

/// The state of the gate thread.
pub struct Gate {
    pub output: OutputPoller,
    pub durable: Durable,
    pub chain: Chain,
    /// `None` after a failed write: the log is a cache, a restart makes it again.
    pub event_log: Option<EventLog>,
    pub views: Arc<Views>,
    pub market: broadcast::Sender<Arc<MarketUpdate>>,
    pub users: Arc<UserFeeds>,
    pub shared: Arc<Shared>,
    pub chain_at: Arc<parking_lot::Mutex<ChainAt>>,
}

/// Everything of [`Gate`] but the poller.
struct Door {
    durable: Durable,
    durable_seen: u64,
    chain: Chain,
    event_log: Option<EventLog>,
    views: Arc<Views>,
    market: broadcast::Sender<Arc<MarketUpdate>>,
    users: Arc<UserFeeds>,
    shared: Arc<Shared>,
    encoder: EventEncoder,
    updates: Vec<Arc<MarketUpdate>>,
}

impl Gate {
    /// Runs until the core is gone and everything it left is out, or until a sync failed.
    pub fn run(self) {
        let Gate {
            mut output,
            durable,
            chain,
            event_log,
            views,
            market,
            users,
            shared,
            chain_at,
        } = self;
        let mut door = Door {
            durable_seen: durable.get(),
            durable,
            chain,
            event_log,
            views,
            market,
            users,
            shared,
            encoder: EventEncoder::default(),
            updates: Vec::new(),
        };
        let mut last = None;
        loop {
            let polled = match output.take(BATCH) {
                Ok(mut batch) => {
                    let mut broken = false;
                    for applied in &mut batch {
                        if !door.wait_for(applied.offset) {
                            broken = true;
                            break;
                        }
                        door.let_out(applied);
                        last = Some(applied.offset);
                    }
                    if broken {
                        Err(Polling::Shutdown)
                    } else {
                        Ok(())
                    }
                }
                Err(polling) => Err(polling),
            };
            match polled {
                Ok(()) => {}
                Err(Polling::Shutdown) => break,
                Err(Polling::NoEvents) => {
                    door.flush();
                    if let Some(offset) = last.take() {
                        *chain_at.lock() = ChainAt {
                            next: offset.next(),
                            value: door.chain.value(),
                        };
                    }
                    door.park(&output);
                }
            }
        }
        door.close();
    }
}

impl Door {
    /// Waits until `offset` is durable; false when a sync failed.
    #[inline]
    fn wait_for(&mut self, offset: Offset) -> bool {
        if offset.0 < self.durable_seen {
            return true;
        }
        self.flush();
        loop {
            self.durable_seen = self
                .durable
                .wait_past(self.durable_seen.max(offset.0), PARK);
            if offset.0 < self.durable_seen {
                return true;
            }
            if self.durable.failed().is_some() {
                return false;
            }
        }
    }

    /// Makes one durable command visible and answers it.
    fn let_out(&mut self, applied: &Output) {
        let Output {
            offset,
            time,
            token,
            events,
        } = applied;
        let stamp = Stamp {
            offset: *offset,
            time: *time,
        };
        self.write_event_log(stamp, events);
        let want_updates = self.market.receiver_count() > 0;
        let mut telling = self.users.begin(stamp.offset);
        let wanted = views::Wanted {
            updates: want_updates.then_some(&mut self.updates),
            users: telling.as_mut().map(|telling| telling as &mut dyn UserSink),
        };
        self.views.apply(stamp.offset, stamp.time, events, wanted);
        if let Some(telling) = telling {
            telling.finish(stamp.time);
        }
        for update in self.updates.drain(..) {
            // Nobody listening is no error.
            drop(self.market.send(update));
        }
        self.shared.visible.store(offset.0 + 1, Ordering::Release);
        self.shared.counts.count(events);
        if let Some(sender) = self.shared.answers.take(*token) {
            let receipt = Receipt {
                offset: *offset,
                time: *time,
                events: events.clone(),
            };
            let waited = wall_clock().0.saturating_sub(time.0);
            self.shared.counts.answer(Duration::from_nanos(waited));
            // Who no longer waits finds out by the client order id.
            drop(sender.send(Ok(receipt)));
        }
    }

    /// Takes the events of a command into the chain and appends them to the log.
    fn write_event_log(&mut self, at: Stamp, events: &[Event]) {
        let encoded = self.encoder.encode(events);
        self.chain.absorb(at, encoded);
        let Some(log) = &mut self.event_log else {
            return;
        };
        if let Err(error) = log.append(at.offset, at.time, encoded) {
            tracing::error!(%error, offset = at.offset.0, "the event log stops; trading goes on");
            self.shared.event_log_failed.store(true, Ordering::Release);
            self.event_log = None;
        }
    }

    fn flush(&mut self) {
        let Some(log) = &mut self.event_log else {
            return;
        };
        if let Err(error) = log.flush() {
            tracing::error!(%error, "the event log stops; trading goes on");
            self.shared.event_log_failed.store(true, Ordering::Release);
            self.event_log = None;
        }
    }

    fn park(&self, output: &OutputPoller) {
        let deadline = Some(Instant::now() + PARK);
        self.shared
            .output_bell
            .wait(deadline, || output.has_available());
    }

    fn close(mut self) {
        self.flush();
        self.shared.answers.refuse_all(SubmitError::Stopped);
    }
}
