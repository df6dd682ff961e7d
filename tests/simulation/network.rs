//! The lines between clients and the node: what is sent may be lost, late, doubled and
//! overtaken, and so may the answers. Clients wait, send the same bytes again, give up, and
//! keep what they were told.

use std::collections::{BTreeMap, VecDeque};

use gateway::auth::timing;
use journal::simulation::dice::Dice;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{OrderId, SymbolId};
use schemas::units::TimeNs;

use crate::model::{Violation, signed, window_of};
use crate::node::Ticket;
use crate::times::SECOND;

/// How long a client waits before it sends again.
const PATIENCE: u64 = 5 * SECOND;
/// How often it sends at most.
const TRIES: u32 = 3;
/// Requests that may be sent again by whoever has seen them.
const REMEMBERED: usize = 64;

/// What a client was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    Accepted(SymbolId, OrderId),
    /// Refused, or something else than a new order.
    Other,
}

/// What the events of a signed request tell its sender: how it was answered comes first, what
/// it set off comes later.
pub fn told(command: &Command, events: &[Event]) -> Told {
    if signed(&mut command.clone()).is_none() {
        return Told::Other;
    }
    for event in events {
        match event {
            Event::OrderAccepted(accepted) => {
                return Told::Accepted(accepted.symbol, accepted.order);
            }
            Event::OrderRejected(_)
            | Event::OrderListRejected(_)
            | Event::AmendRejected(_)
            | Event::ModifyRejected(_) => return Told::Other,
            _ => {}
        }
    }
    Told::Other
}

/// One signed request, as its bytes are.
#[derive(Clone)]
pub struct Request {
    pub ticket: Ticket,
    command: Command,
    /// The client's clock, in microseconds.
    sent_us: u64,
    window: Option<&'static str>,
}

/// Something on its way.
struct Flight<T> {
    due: u64,
    what: T,
}

struct Waiting {
    request: Request,
    since: u64,
    tries: u32,
}

/// See the module.
#[derive(Default)]
pub struct Network {
    to_node: Vec<Flight<Request>>,
    to_clients: Vec<Flight<(Ticket, Told)>>,
    waiting: BTreeMap<Ticket, Waiting>,
    /// The last requests.
    sent: VecDeque<Request>,
    /// Orders that clients were told of.
    pub ledger: BTreeMap<Ticket, (SymbolId, OrderId)>,
    pub met: Vec<&'static str>,
}

impl Network {
    /// A client signs a request and sends it.
    /// Its clock is nearly the venue's.
    pub fn send(
        &mut self,
        (ticket, command): (Ticket, Command),
        (now, venue): (u64, TimeNs),
        dice: &mut Dice,
    ) {
        let client_ns = match dice.below(4) {
            0 => venue.0 + dice.below(SECOND),
            1 => venue.0.saturating_sub(dice.below(3 * SECOND)),
            _ => venue.0,
        };
        let request = Request {
            ticket,
            command,
            sent_us: client_ns / 1_000,
            window: [None, Some("5000"), Some("60000"), Some("60000")][dice.below(4) as usize],
        };
        self.fly(&request, now, dice);
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back(request.clone());
        let waiting = Waiting {
            request,
            since: now,
            tries: 1,
        };
        self.waiting.insert(ticket, waiting);
    }

    /// Somebody sends again what was sent before, answered or not.
    pub fn repeat(&mut self, now: u64, dice: &mut Dice) {
        if self.sent.is_empty() {
            return;
        }
        let at = dice.below(self.sent.len() as u64) as usize;
        self.met.push("a client repeated a request");
        self.fly(&self.sent[at].clone(), now, dice);
    }

    fn fly(&mut self, request: &Request, now: u64, dice: &mut Dice) {
        let copies = match dice.below(20) {
            0 => {
                self.met.push("a request was lost");
                0
            }
            1..4 => {
                self.met.push("a request was doubled");
                2
            }
            _ => 1,
        };
        for copy in 0..copies {
            let due = now + delay(copy == 1, dice);
            if due != now {
                self.met.push("a request was late");
            }
            let what = request.clone();
            self.to_node.push(Flight { due, what });
        }
    }

    /// The node answers.
    pub fn answer(&mut self, told: (Ticket, Told), now: u64, dice: &mut Dice) {
        let copies = match dice.below(10) {
            0 => {
                self.met.push("an answer was lost");
                0
            }
            1 => {
                self.met.push("an answer was doubled");
                2
            }
            _ => 1,
        };
        for copy in 0..copies {
            let due = now + delay(copy == 1, dice);
            if due != now {
                self.met.push("an answer was late");
            }
            self.to_clients.push(Flight { due, what: told });
        }
    }

    /// When the next thing arrives.
    pub fn next_due(&self) -> Option<u64> {
        let requests = self.to_node.iter().map(|flight| flight.due);
        let answers = self.to_clients.iter().map(|flight| flight.due);
        requests.chain(answers).min()
    }

    /// Requests that arrive, with the time until which each may be journaled, which the edge
    /// has read; what the edge refuses is answered.
    pub fn arrive(&mut self, now: u64, venue: TimeNs, dice: &mut Dice) -> Vec<(Ticket, Command)> {
        let arrived = take_due(&mut self.to_node, now);
        let mut passed = Vec::new();
        for request in arrived {
            let ticket = request.ticket;
            match at_edge(request, venue) {
                Some(command) => passed.push((ticket, command)),
                None => {
                    self.met.push("the edge refused a time");
                    self.answer((ticket, Told::Other), now, dice);
                }
            }
        }
        passed
    }

    /// Answers that arrive; what clients do who have waited for long.
    ///
    /// # Errors
    /// When one request was told two orders.
    pub fn listen(&mut self, now: u64, dice: &mut Dice) -> Result<(), Violation> {
        for (ticket, told) in take_due(&mut self.to_clients, now) {
            if self.waiting.remove(&ticket).is_none() {
                self.met.push("an answer came to nobody who waits");
            }
            let Told::Accepted(symbol, order) = told else {
                continue;
            };
            let before = self.ledger.insert(ticket, (symbol, order));
            if before.is_some_and(|before| before != (symbol, order)) {
                let what = format!("request {ticket} was told {before:?} and then {told:?}");
                return Err(what);
            }
        }
        let late: Vec<Ticket> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| waiting.since + PATIENCE < now)
            .map(|(ticket, _)| *ticket)
            .collect();
        for ticket in late {
            let mut waiting = self.waiting.remove(&ticket).expect("it was just seen");
            if TRIES <= waiting.tries || dice.chance(1, 4) {
                self.met.push("a client gave up");
                continue;
            }
            self.met.push("a client sent the same bytes again");
            (waiting.since, waiting.tries) = (now, waiting.tries + 1);
            self.fly(&waiting.request.clone(), now, dice);
            self.waiting.insert(ticket, waiting);
        }
        Ok(())
    }
}

/// What the edge makes of a request: the real check of its time.
fn at_edge(request: Request, venue: TimeNs) -> Option<Command> {
    let until = timing::window(request.sent_us, request.window, venue);
    let mut command = request.command;
    if let Some(window) = window_of(&mut command) {
        *window = until.ok()?;
    }
    Some(command)
}

/// Mostly none; a copy is on its way for long now and then.
fn delay(is_copy: bool, dice: &mut Dice) -> u64 {
    match dice.below(if is_copy { 8 } else { 40 }) {
        0 => dice.below(SECOND),
        1 => 59 * SECOND + dice.below(2 * SECOND),
        2 => 60 * SECOND + dice.below(SECOND),
        3 => dice.below(100 * SECOND),
        4 => 30 * SECOND,
        _ => 0,
    }
}

/// What has arrived, in the order of arrival.
fn take_due<T>(flights: &mut Vec<Flight<T>>, now: u64) -> Vec<T> {
    let (mut due, rest): (Vec<_>, Vec<_>) = std::mem::take(flights)
        .into_iter()
        .partition(|flight| flight.due <= now);
    *flights = rest;
    due.sort_by_key(|flight| flight.due);
    due.into_iter().map(|flight| flight.what).collect()
}
