//! The sleeping orders of one symbol, by the price that sets them off.

use std::collections::{BTreeMap, VecDeque};

use schemas::ids::OrderId;
use schemas::units::Price;

use super::tracking::{Tracking, Trailer};

/// Which way the price has to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    Falling = 0,
    Rising = 1,
}

impl Direction {
    /// Both, in the order in which they are looked at.
    pub const BOTH: [Direction; 2] = [Direction::Falling, Direction::Rising];

    /// The price as a key: what is reached first is smaller.
    #[inline]
    pub fn mirror(self, price: Price) -> i64 {
        match self {
            Direction::Falling => -price.0,
            Direction::Rising => price.0,
        }
    }
}

/// What a sleeping order waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// For a price that sets it off.
    Stop(Direction, Price),
    /// For a price at which it starts to track.
    Activation(Direction, Price),
    /// For the price to come back by its delta.
    Tracking(Direction),
    /// For the symbol's first trade, at which it starts to track.
    FirstTrade,
}

/// A trailing order that does not track yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiter {
    pub order: OrderId,
    pub delta: u32,
    /// Which way sets it off once it tracks.
    pub tracks: Direction,
}

/// A trailing order that has started to track, and its new place in the count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Started {
    pub order: OrderId,
    pub start: u64,
    pub tracks: Direction,
    /// It was told to track before, when there was no price yet.
    pub told: bool,
}

/// Every sleeping order of a symbol.
#[derive(Debug)]
pub struct TriggerBook {
    /// By mirrored trigger and arrival.
    stops: [BTreeMap<(i64, u64), OrderId>; 2],
    /// By mirrored stop price and arrival.
    waiting: [BTreeMap<(i64, u64), Waiter>; 2],
    /// By arrival.
    first_trade: BTreeMap<u64, Waiter>,
    pub(crate) tracking: [Tracking; 2],
    /// Set off, in that order, each with the trade's price; and pending orders to place.
    pub(crate) fired: VecDeque<(OrderId, Price)>,
    /// How many have arrived or started to track.
    pub(crate) arrivals: u64,
}

impl Default for TriggerBook {
    fn default() -> TriggerBook {
        TriggerBook {
            stops: Default::default(),
            waiting: Default::default(),
            first_trade: BTreeMap::new(),
            tracking: [Tracking::new(false), Tracking::new(true)],
            fired: VecDeque::new(),
            arrivals: 0,
        }
    }
}

impl TriggerBook {
    /// Whether no price can set anything off.
    #[inline]
    pub fn is_asleep(&self) -> bool {
        self.stops.iter().all(BTreeMap::is_empty)
            && self.waiting.iter().all(BTreeMap::is_empty)
            && self.tracking.iter().all(Tracking::is_empty)
            && self.first_trade.is_empty()
    }

    /// The number of the next arrival.
    pub fn next_arrival(&mut self) -> u64 {
        self.arrivals += 1;
        self.arrivals
    }

    /// Lays an order to sleep. `last` is the price from which one tracks that does so now.
    pub fn lay(&mut self, wait: Wait, (waiter, arrival): (Waiter, u64), last: Option<Price>) {
        match wait {
            Wait::Stop(direction, price) => {
                let key = (direction.mirror(price), arrival);
                self.stops[direction as usize].insert(key, waiter.order);
            }
            Wait::Activation(direction, price) => {
                let key = (direction.mirror(price), arrival);
                self.waiting[direction as usize].insert(key, waiter);
            }
            Wait::Tracking(direction) => {
                let last = last.expect("who tracks has seen a price");
                self.track(direction.mirror(last), waiter, arrival);
            }
            Wait::FirstTrade => {
                self.first_trade.insert(arrival, waiter);
            }
        }
    }

    fn track(&mut self, best: i64, waiter: Waiter, start: u64) {
        let trailer = Trailer {
            order: waiter.order,
            delta: waiter.delta,
            start,
        };
        self.tracking[waiter.tracks as usize].add(best, trailer);
    }

    /// Lets go of a sleeping order; false when it was set off already.
    pub fn wake(&mut self, wait: Wait, delta: u32, arrival: u64) -> bool {
        match wait {
            Wait::Stop(direction, price) => {
                let key = (direction.mirror(price), arrival);
                self.stops[direction as usize].remove(&key).is_some()
            }
            Wait::Activation(direction, price) => {
                let key = (direction.mirror(price), arrival);
                self.waiting[direction as usize].remove(&key).is_some()
            }
            Wait::Tracking(direction) => self.tracking[direction as usize].remove(delta, arrival),
            Wait::FirstTrade => self.first_trade.remove(&arrival).is_some(),
        }
    }

    /// A trade at this price: queues whom it sets off and gives who starts to track.
    pub fn watch(&mut self, price: Price) -> Vec<Started> {
        for direction in Direction::BOTH {
            let seen = direction.mirror(price);
            let stops = &mut self.stops[direction as usize];
            let mut due = Vec::new();
            if stops
                .first_key_value()
                .is_some_and(|((key, _), _)| *key <= seen)
            {
                let rest = stops.split_off(&(seen.saturating_add(1), 0));
                let reached = std::mem::replace(stops, rest);
                due.extend(
                    reached
                        .into_iter()
                        .map(|((key, at), order)| (key, at, order)),
                );
            }
            let tracking = &mut self.tracking[direction as usize];
            if !tracking.is_empty() {
                tracking.improve(seen);
                let stops_due = due.len();
                tracking.take_due(seen, &mut due);
                if due.len() > stops_due {
                    due.sort_unstable();
                }
            }
            self.fired
                .extend(due.into_iter().map(|(_, _, order)| (order, price)));
        }
        self.start_tracking(price)
    }

    fn start_tracking(&mut self, price: Price) -> Vec<Started> {
        let mut starting = Vec::new();
        while let Some((_, waiter)) = self.first_trade.pop_first() {
            starting.push((waiter, true));
        }
        for direction in Direction::BOTH {
            let seen = direction.mirror(price);
            let waiting = &mut self.waiting[direction as usize];
            while let Some(first) = waiting.first_entry() {
                if first.key().0 > seen {
                    break;
                }
                starting.push((first.remove(), false));
            }
        }
        let mut started = Vec::new();
        for (waiter, told) in starting {
            let start = self.next_arrival();
            self.track(waiter.tracks.mirror(price), waiter, start);
            started.push(Started {
                order: waiter.order,
                start,
                tracks: waiter.tracks,
                told,
            });
        }
        started
    }

    /// How many sleep.
    pub fn count(&self) -> usize {
        let stops: usize = self.stops.iter().map(BTreeMap::len).sum();
        let waiting: usize = self.waiting.iter().map(BTreeMap::len).sum();
        let groups = self.tracking.iter().flat_map(Tracking::groups);
        let tracking: usize = groups.map(|(_, group)| group.members.len()).sum();
        stops + waiting + tracking + self.first_trade.len()
    }

    /// Whether a trade at this price would set something off.
    pub fn is_due(&self, price: Price) -> bool {
        Direction::BOTH.into_iter().any(|direction| {
            let first = self.stops[direction as usize].first_key_value();
            first.is_some_and(|((key, _), _)| *key <= direction.mirror(price))
        })
    }
}
