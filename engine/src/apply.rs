//! [`Engine::apply`]: one match, all control flow.
//!
//! ```text
//! frame ─ carried work ─ timers due ─ its command ─ orders set off ─ balances ─▶ events
//! ```

use schemas::command::Command;
use schemas::event::{BalanceChanged, CancelRejected, Event, OrderRejected};
use schemas::ids::Offset;
use schemas::reject::RejectReason;
use schemas::units::TimeNs;

use crate::perpetual::Timer;
use crate::risk::order_counts::Windows;
use crate::state::State;
use crate::trace::{NoTrace, Trace};
use crate::triggers::fire::FIRES_PER_FRAME;

/// Which frame of the journal, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    pub offset: Offset,
    pub time: TimeNs,
}

/// What the caller has to journal next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Bounded work was carried over: journal a `Continue`.
    pub more: bool,
    /// The earliest timer: journal an `AdvanceClock` then.
    pub wake_at: Option<TimeNs>,
}

/// Events that one command makes at most.
pub const EVENTS_MAX: usize = 65_535;
/// Kept back for what follows the last step: an end, a rest, refusals, balances.
const EVENTS_RESERVE: usize = 64;

/// A deliberate fault; the tests prove that they notice it.
#[doc(hidden)]
#[cfg(feature = "planted-faults")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlantedFault {
    Lifo,
    FeeOneAtomOff,
    HoldNotReleased,
    /// A position's cost follows from a whole average price.
    EntryAveraged,
    /// Who receives funding gets an atom more.
    FundingRounding,
    /// A notional counts for the bracket above.
    BracketOffByOne,
}

/// The venue: a state and the one function that changes it.
#[derive(Debug)]
pub struct Engine<T: Trace = NoTrace> {
    pub(crate) state: State,
    pub(crate) trace: T,
    /// Events of the running command, appended to what the caller had.
    pub(crate) out: Vec<Event>,
    /// Where the running command's events begin.
    out_start: usize,
    pub(crate) windows: Windows,
    pub(crate) events_max: usize,
    /// Orders that may be set to work in this frame yet.
    pub(crate) fires_left: usize,
    pub(crate) fires_max: usize,
    /// The earliest timer as the last frame left it.
    wake_at: Option<TimeNs>,
    /// Steps of bounded work done in this frame; the first is always done.
    pub(crate) steps: usize,
    #[cfg(feature = "planted-faults")]
    pub(crate) planted: Option<PlantedFault>,
}

impl Engine {
    /// An empty venue. `seed` only scatters hash maps: nothing visible depends on it.
    pub fn new(seed: u64) -> Engine {
        Engine::with_trace(seed, NoTrace)
    }
}

impl<T: Trace> Engine<T> {
    /// An empty venue whose steps are heard by `trace`.
    pub fn with_trace(seed: u64, trace: T) -> Self {
        Self::with_state(State::new(seed), trace)
    }

    pub(crate) fn with_state(state: State, trace: T) -> Self {
        Engine {
            wake_at: earliest_timer(&state),
            state,
            trace,
            out: Vec::new(),
            out_start: 0,
            windows: Windows::default(),
            events_max: EVENTS_MAX - EVENTS_RESERVE,
            fires_left: 0,
            fires_max: FIRES_PER_FRAME,
            steps: 0,
            #[cfg(feature = "planted-faults")]
            planted: None,
        }
    }

    /// The same venue between two frames, heard by another trace.
    pub fn heard_by<U: Trace>(self, trace: U) -> Engine<U> {
        Engine {
            events_max: self.events_max,
            fires_max: self.fires_max,
            ..Engine::with_state(self.state, trace)
        }
    }

    /// What hears the steps.
    pub fn trace(&self) -> &T {
        &self.trace
    }

    /// What hears the steps.
    pub fn trace_mut(&mut self) -> &mut T {
        &mut self.trace
    }

    /// The offset of the next frame.
    #[inline]
    pub fn next(&self) -> Offset {
        self.state.next
    }

    /// The time of the last frame.
    #[inline]
    pub fn now(&self) -> TimeNs {
        self.state.now
    }

    /// The earliest timer.
    #[inline]
    pub fn wake_at(&self) -> Option<TimeNs> {
        self.wake_at
    }

    /// Whether bounded work is carried over.
    #[inline]
    pub fn more(&self) -> bool {
        !self.state.work.is_empty()
            || !self.state.terms.firing.is_empty()
            || self.state.perpetuals.is_unfinished()
            || self.wake_at().is_some_and(|due| due <= self.state.now)
    }

    /// Whether what was carried over goes before every command: a walk, a sweep of cancels,
    /// or a timer that is due.
    #[inline]
    pub fn must_go_on(&self) -> bool {
        !self.state.work.is_empty() || self.wake_at().is_some_and(|due| due <= self.state.now)
    }

    /// Whether the command has to wait until orders that were set off on its symbol had
    /// their turn; said now it would be refused as busy.
    #[inline]
    pub fn must_wait(&self, command: &Command) -> bool {
        !self.state.terms.firing.is_empty() && self.is_firing_for(command)
    }

    /// Applies one command and appends what happened to `out`.
    ///
    /// # Panics
    /// When `at` is not the next frame or goes back in time, and when an invariant is
    /// broken past the point of no return.
    pub fn apply(&mut self, at: Stamp, command: &Command, out: &mut Vec<Event>) -> Outcome {
        self.begin(at, out);
        if self.more() {
            self.catch_up();
        }
        let firing = &self.state.terms.firing;
        let is_free = firing.is_empty() || !self.is_firing_for(command);
        if self.state.work.is_empty() && is_free {
            self.run(command);
        } else {
            self.refuse(command, RejectReason::Busy);
        }
        if !self.state.terms.firing.is_empty() {
            self.fire();
        }
        if self.state.perpetuals.is_touched() || self.state.perpetuals.is_unfinished() {
            self.look_at_pools();
            self.tell_calls();
            self.liquidate();
            self.tell_calls();
            self.tell_perpetuals();
        }
        self.end(out)
    }

    /// Stands for `apply` at an offset that an audited `Skip` names.
    ///
    /// # Panics
    /// As [`Engine::apply`].
    pub fn skip(&mut self, at: Stamp, out: &mut Vec<Event>) -> Outcome {
        self.begin(at, out);
        self.out.push(Event::CommandSkipped);
        self.end(out)
    }

    /// Lowers the bound of events per command, so that tests reach it.
    #[doc(hidden)]
    pub fn limit_events(&mut self, events_max: usize) {
        self.events_max = events_max;
    }

    /// What [`Engine::limit_events`] set.
    #[doc(hidden)]
    pub fn events_bound(&self) -> usize {
        self.events_max
    }

    /// Plants a fault.
    #[doc(hidden)]
    #[cfg(feature = "planted-faults")]
    pub fn plant(&mut self, fault: PlantedFault) {
        self.planted = Some(fault);
        self.state.books.last_in_first_out = fault == PlantedFault::Lifo;
    }

    /// Whether a fault is planted; then nothing takes a short way around it.
    #[inline]
    pub(crate) fn is_faulty(&self) -> bool {
        #[cfg(feature = "planted-faults")]
        return self.planted.is_some();
        #[cfg(not(feature = "planted-faults"))]
        false
    }

    #[inline]
    fn begin(&mut self, at: Stamp, out: &mut Vec<Event>) {
        assert_eq!(at.offset, self.state.next, "the journal is gapless");
        assert!(
            self.state.now <= at.time,
            "the sequencer's clock is monotonic"
        );
        self.state.next = at.offset.next();
        self.state.now = at.time;
        std::mem::swap(&mut self.out, out);
        self.out_start = self.out.len();
        self.steps = 0;
        self.fires_left = self.fires_max;
        debug_assert!(out.is_empty(), "no events are left over");
        debug_assert_eq!(
            self.wake_at,
            earliest_timer(&self.state),
            "no frame, no change"
        );
        self.windows.advance(at.time);
        self.state.requests.expire(&self.state.tags, at.time);
    }

    /// Tells the balances that moved and hands the events over.
    #[inline]
    fn end(&mut self, out: &mut Vec<Event>) -> Outcome {
        if !self.state.guard.auctions.is_empty() {
            self.watch_auctions(self.out_start);
        }
        let events = &mut self.out;
        self.state.ledger.drain_touched(|account, asset, balance| {
            events.push(Event::BalanceChanged(BalanceChanged {
                account,
                asset,
                free: balance.free,
                held: balance.held,
            }));
        });
        assert!(
            events.len() - self.out_start <= EVENTS_MAX,
            "event ids have 16 bits"
        );
        std::mem::swap(&mut self.out, out);
        let wake_at = earliest_timer(&self.state);
        self.wake_at = wake_at;
        let is_due = wake_at.is_some_and(|due| due <= self.state.now);
        Outcome {
            more: is_due
                || !self.state.work.is_empty()
                || !self.state.terms.firing.is_empty()
                || self.state.perpetuals.is_unfinished(),
            wake_at,
        }
    }

    /// Whether the command may make no further step of bounded work.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        let made = self.out.len() - self.out_start + self.state.ledger.touched_count();
        let made = made + self.state.perpetuals.touched_count();
        made >= self.events_max && self.steps > 0
    }

    /// What was carried over runs before anything else, then the timers that are due.
    #[cold]
    #[inline(never)]
    fn catch_up(&mut self) {
        self.run_carried();
        while self.state.work.is_empty() && !self.is_full() && self.run_timer() {}
        self.fire();
    }

    /// Runs the earliest timer, if it is due.
    fn run_timer(&mut self) -> bool {
        let first = first_timer(&self.state).filter(|(due, _)| *due <= self.state.now);
        let Some(first) = first else {
            return false;
        };
        self.steps += 1;
        if self.state.terms.countdowns.contains_key(&first) {
            self.elapse();
        } else if let Some(timer) = self.state.perpetuals.timers.remove(&first) {
            match timer {
                Timer::Sample(symbol) => self.sample_premium(symbol, first.0),
                Timer::Fund(symbol) => self.fund(symbol, first.0),
                Timer::Expire(symbol, order) => self.expire_by_date(symbol, order),
            }
        } else if let Some(symbol) = self.state.timers.remove(&first) {
            self.open_by_timer(symbol);
        }
        true
    }

    #[inline]
    pub(crate) fn run(&mut self, command: &Command) {
        match command {
            Command::PlaceOrder(command) => self.place(command),
            Command::CancelOrder(command) => self.cancel(command),
            Command::CancelReplace(command) => self.cancel_replace(command),
            Command::AmendOrder(command) => self.amend(command),
            Command::CancelAll(command) => self.cancel_all(command),
            Command::Seal | Command::AdvanceClock | Command::Continue => (),
            Command::PlaceOrderWithTerms(command) => self.place_with_terms(command),
            Command::CancelOrderIf(command) => self.cancel_if(command),
            Command::CancelReplaceWithTerms(command) => self.cancel_replace_with_terms(command),
            Command::ReplaceRest(command) => self.replace_rest(command),
            Command::PlaceOrderList(command) => self.place_list(command),
            Command::PlacePegged(command) => self.place_pegged(command),
            Command::ReplacePegged(command) => self.replace_pegged(command),
            Command::PlacePeggedList(command) => self.place_pegged_list(command),
            Command::PlacePayingList(command) => self.place_paying_list(command),
            Command::CancelOrderList(command) => self.cancel_list(command),
            Command::SetCountdown(command) => self.set_countdown(command),
            Command::PlacePerpetual(command) => self.place_perpetual(command),
            Command::ModifyOrder(command) => self.modify_order(command),
            Command::Numbered(numbered) => self.run_numbered(numbered),
            administration => self.administer(administration),
        }
    }

    /// Refuses a command as what it asks for is refused: when bounded work is still going
    /// on, nothing else may come between.
    #[cold]
    #[inline(never)]
    fn refuse(&mut self, command: &Command, reason: RejectReason) {
        let reject = |order: &schemas::command::PlaceOrderV1| {
            Event::OrderRejected(OrderRejected {
                account: order.account,
                symbol: order.symbol,
                client_order: order.client_order,
                reason,
            })
        };
        match command {
            Command::Seal | Command::AdvanceClock | Command::Continue => (),
            Command::PlaceOrder(order) => self.out.push(reject(order)),
            Command::CancelReplace(replace) => self.out.push(reject(&replace.order)),
            Command::PlaceOrderWithTerms(place) => self.out.push(reject(&place.order)),
            Command::PlacePegged(place) => self.out.push(reject(&place.new.order)),
            Command::ReplacePegged(peg) => self.out.push(reject(&peg.replace.new.order)),
            Command::PlacePerpetual(place) => self.out.push(reject(&place.order)),
            Command::ModifyOrder(modify) => {
                self.out.push(Event::ModifyRejected(CancelRejected {
                    account: modify.account,
                    symbol: modify.symbol,
                    reason,
                }));
            }
            Command::CancelReplaceWithTerms(replace) | Command::ReplaceRest(replace) => {
                self.out.push(reject(&replace.new.order));
            }
            Command::PlaceOrderList(list) => self.reject_list(list, reason),
            Command::PlacePeggedList(peg) | Command::PlacePayingList(peg) => {
                self.reject_list(&peg.list, reason);
            }
            Command::CancelOrderIf(cancel) => {
                self.reject_cancel(cancel.cancel.account, cancel.cancel.symbol, reason);
            }
            Command::CancelOrderList(cancel) => {
                self.reject_cancel(cancel.account, cancel.symbol, reason);
            }
            Command::SetCountdown(countdown) => {
                self.reject_cancel(countdown.account, countdown.symbol, reason);
            }
            Command::AmendOrder(amend) => self.reject_amend(amend, reason),
            Command::CancelOrder(cancel) => {
                self.reject_cancel(cancel.account, cancel.symbol, reason);
            }
            Command::CancelAll(cancel) => {
                self.reject_cancel(cancel.account, cancel.symbol, reason);
            }
            _ => self.out.push(Event::CommandRejected { reason }),
        }
    }
}

/// When the first of all timers is due.
#[inline]
fn earliest_timer(state: &State) -> Option<TimeNs> {
    first_timer(state).map(|(due, _)| due)
}

/// The first of all timers: when it is due, and its number among all.
#[inline]
fn first_timer(state: &State) -> Option<(TimeNs, u64)> {
    let (openings, countdowns) = (&state.timers, &state.terms.countdowns);
    let perpetuals = &state.perpetuals.timers;
    if openings.is_empty() && countdowns.is_empty() && perpetuals.is_empty() {
        return None;
    }
    let first = [
        openings.first_key_value().map(|(key, _)| *key),
        countdowns.first_key_value().map(|(key, _)| *key),
        perpetuals.first_key_value().map(|(key, _)| *key),
    ];
    first.into_iter().flatten().min()
}
