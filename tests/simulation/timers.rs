//! What happens once happens once: slots of funding, countdowns, triggers, ends of orders.

use std::collections::{BTreeMap, BTreeSet};

use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{AccountId, OrderId, SymbolId};
use schemas::units::TimeNs;

use crate::model::{Entry, Violation};

/// Watches the events of a journal from its beginning on.
#[derive(Default)]
pub struct Timers {
    last: TimeNs,
    /// The newest slot of each contract.
    slots: BTreeMap<SymbolId, TimeNs>,
    countdowns: BTreeMap<(AccountId, SymbolId), TimeNs>,
    triggered: BTreeSet<(SymbolId, OrderId)>,
    done: BTreeSet<(SymbolId, OrderId)>,
    /// What was met.
    pub met: BTreeSet<&'static str>,
}

impl Timers {
    /// Takes one command with what it did.
    ///
    /// # Errors
    /// When time goes back, or something happens again.
    pub fn take(&mut self, entry: &Entry, events: &[Event]) -> Result<(), Violation> {
        if entry.time < self.last {
            let (time, last) = (entry.time.0, self.last.0);
            return Err(format!("time goes back from {last} to {time}"));
        }
        self.last = entry.time;
        for event in events {
            if !self.is_new(entry, event) {
                return Err(format!("it happens again: {event:?} at {}", entry.time.0));
            }
        }
        Ok(())
    }

    fn is_new(&mut self, entry: &Entry, event: &Event) -> bool {
        match event {
            // An operator may run funding whenever he likes.
            Event::FundingFixed(fixed) if !matches!(entry.command, Command::RunFunding(_)) => {
                self.met.insert("a slot of funding was paid");
                let before = self.slots.insert(fixed.symbol, fixed.slot);
                before.is_none_or(|before| before < fixed.slot)
            }
            Event::CountdownSet {
                account,
                symbol,
                due,
            } => {
                self.countdowns.insert((*account, *symbol), *due);
                true
            }
            Event::CountdownElapsed { account, symbol } => {
                self.met.insert("a countdown ran out");
                let due = self.countdowns.remove(&(*account, *symbol));
                due.is_some_and(|due| due.0 != 0 && due <= entry.time)
            }
            Event::OrderTriggered(step) => self.triggered.insert((step.symbol, step.order)),
            Event::OrderDone(done) => self.done.insert((done.symbol, done.order)),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::event::Event;
    use schemas::ids::{AccountId, SymbolId};
    use schemas::perpetual_event::FundingFixed;
    use schemas::units::{Price, Rate, TimeNs};

    use super::Timers;
    use crate::model::Entry;

    fn at(time: u64) -> Entry {
        Entry {
            time: TimeNs(time),
            command: schemas::command::Command::AdvanceClock,
            ticket: 0,
        }
    }

    #[test]
    fn what_happens_twice_is_found() {
        let slot = Event::FundingFixed(FundingFixed {
            symbol: SymbolId(2),
            slot: TimeNs(8),
            rate: Rate(1),
            mark: Price(1),
            premium: Rate(0),
        });
        let mut timers = Timers::default();
        assert_eq!(timers.take(&at(9), &[slot]), Ok(()));
        assert!(timers.take(&at(9), &[slot]).is_err(), "a slot again");
        let (account, symbol) = (AccountId(3), SymbolId(2));
        let set = Event::CountdownSet {
            account,
            symbol,
            due: TimeNs(20),
        };
        let elapsed = Event::CountdownElapsed { account, symbol };
        assert_eq!(timers.take(&at(10), &[set]), Ok(()));
        assert!(timers.take(&at(19), &[elapsed]).is_err(), "too early");
        assert!(timers.take(&at(21), &[elapsed]).is_err(), "again");
        assert!(timers.take(&at(8), &[]).is_err(), "time goes back");
    }
}
