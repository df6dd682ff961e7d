//! What was promised, as clients know it: which commands were answered, and with what.

use std::collections::BTreeMap;

use schemas::command::{Command, CommandBuffer, RequestDigest};
use schemas::event::Event;
use schemas::ids::{OrderId, SymbolId};
use schemas::numbered::{Numbered, Producer};
use schemas::reject::RejectReason;
use schemas::units::TimeNs;

use crate::network::{Told, told};
use crate::node::Ticket;

/// A request that was repeated within this time is refused, in nanoseconds.
const ONCE_WITHIN_NS: u64 = 60_000_000_000;

/// One appended command.
#[derive(Clone, Debug)]
pub struct Entry {
    pub time: TimeNs,
    pub command: Command,
    /// Whose request it was; 0 = the node's own.
    pub ticket: Ticket,
}

/// The journal as it should be, and how much of it was answered.
#[derive(Default)]
pub struct Model {
    pub entries: Vec<Entry>,
    /// The chain after each answered command: one number for all effects so far.
    pub answered: Vec<u64>,
}

/// What is wrong.
pub type Violation = String;

impl Entry {
    /// Whether a frame is this command.
    pub fn is(&self, frame: &journal::frame::Frame<'_>) -> bool {
        let mut buffer = CommandBuffer::new();
        let length = self.command.encode(&mut buffer);
        frame.kind == self.command.kind()
            && frame.ver == self.command.ver()
            && frame.time == self.time
            && frame.payload == buffer.first(length)
    }
}

impl Model {
    /// Offsets below this were answered.
    pub fn promised(&self) -> u64 {
        self.answered.len() as u64
    }

    /// After a start everything that is there can be seen, so all of it is promised.
    pub fn settle(&mut self, chains: Vec<u64>) {
        self.entries.truncate(chains.len());
        self.answered = chains;
    }
}

/// The signed request that a new order came by.
pub fn request_of(command: &mut Command) -> Option<&mut RequestDigest> {
    match command {
        Command::PlaceOrder(order) => Some(&mut order.request),
        Command::PlaceOrderWithTerms(place) => Some(&mut place.order.request),
        Command::PlacePegged(place) => Some(&mut place.new.order.request),
        Command::PlaceOrderList(list) => Some(&mut list.request),
        Command::PlacePeggedList(pegged) | Command::PlacePayingList(pegged) => {
            Some(&mut pegged.list.request)
        }
        Command::PlacePerpetual(place) => Some(&mut place.order.request),
        _ => None,
    }
}

/// The same of every command that is refused when it comes again.
pub fn signed(command: &mut Command) -> Option<&mut RequestDigest> {
    match command {
        Command::CancelReplace(replace) => Some(&mut replace.order.request),
        Command::CancelReplaceWithTerms(replace) | Command::ReplaceRest(replace) => {
            Some(&mut replace.new.order.request)
        }
        Command::ReplacePegged(pegged) => Some(&mut pegged.replace.new.order.request),
        Command::AmendOrder(amend) => Some(&mut amend.request),
        Command::ModifyOrder(modify) => Some(&mut modify.request),
        command => request_of(command),
    }
}

/// Until when such a command may be journaled; zero = whenever.
pub fn window_of(command: &mut Command) -> Option<&mut TimeNs> {
    Some(match command {
        Command::PlaceOrder(order) => &mut order.valid_until,
        Command::PlaceOrderWithTerms(place) => &mut place.order.valid_until,
        Command::PlacePegged(place) => &mut place.new.order.valid_until,
        Command::PlaceOrderList(list) => &mut list.valid_until,
        Command::PlacePeggedList(pegged) | Command::PlacePayingList(pegged) => {
            &mut pegged.list.valid_until
        }
        Command::PlacePerpetual(place) => &mut place.order.valid_until,
        Command::CancelReplace(replace) => &mut replace.order.valid_until,
        Command::CancelReplaceWithTerms(replace) | Command::ReplaceRest(replace) => {
            &mut replace.new.order.valid_until
        }
        Command::ReplacePegged(pegged) => &mut pegged.replace.new.order.valid_until,
        Command::CancelOrder(cancel) => &mut cancel.valid_until,
        Command::CancelAll(cancel) => &mut cancel.valid_until,
        Command::AmendOrder(amend) => &mut amend.valid_until,
        Command::ModifyOrder(modify) => &mut modify.valid_until,
        _ => return None,
    })
}

/// Notices a signed request that was executed twice.
#[derive(Default)]
pub struct OnceOnly {
    /// The newest number of each producer that did something or was refused for itself.
    numbers: BTreeMap<Producer, u64>,
    /// What each request became, and when.
    pub executed: BTreeMap<Ticket, (TimeNs, SymbolId, OrderId)>,
}

impl OnceOnly {
    /// Takes one command with what it did.
    ///
    /// # Errors
    /// When the request was executed before: ever, if it says how long it is valid, and
    /// within a minute otherwise.
    pub fn take(&mut self, entry: &Entry, events: &[Event]) -> Result<(), Violation> {
        if let Command::Numbered(numbered) = &entry.command {
            return self.number(numbered, events);
        }
        let mut command = entry.command.clone();
        let Told::Accepted(symbol, order) = told(&command, events) else {
            return Ok(());
        };
        if entry.ticket == 0 {
            return Ok(());
        }
        let has_window = window_of(&mut command).is_some_and(|until| until.0 != 0);
        if !has_window && signed(&mut command).is_none_or(|request| request.is_none()) {
            return Ok(());
        }
        let now = (entry.time, symbol, order);
        match self.executed.insert(entry.ticket, now) {
            Some(before) if has_window || entry.time.0 - before.0.0 <= ONCE_WITHIN_NS => {
                Err(format!(
                    "request {} was executed twice: {before:?} and {now:?}",
                    entry.ticket
                ))
            }
            _ => Ok(()),
        }
    }

    /// Every number of a producer is used once, and in order.
    fn number(&mut self, numbered: &Numbered, events: &[Event]) -> Result<(), Violation> {
        let newest = self.numbers.entry(*numbered.producer()).or_default();
        let sequence = numbered.sequence();
        let is_put_off = events.iter().any(|event| {
            let busy = RejectReason::Busy;
            matches!(event, Event::CommandRejected { reason } if *reason == busy)
                || matches!(event, Event::CommandSkipped)
        });
        let refused = events.iter().find_map(|event| match event {
            Event::SequenceRefused { last, .. } => Some(*last),
            _ => None,
        });
        let is_next = sequence == *newest + 1;
        match refused {
            Some(last) if last == *newest && !is_next => Ok(()),
            None if is_put_off => Ok(()),
            None if is_next => {
                *newest = sequence;
                Ok(())
            }
            _ => Err(format!(
                "number {sequence} after {newest} was met by {events:?}"
            )),
        }
    }
}
