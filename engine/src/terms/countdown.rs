//! The countdown after which an account's open orders on a symbol are cancelled.

use schemas::event::Event;
use schemas::ids::{AccountId, SymbolId};
use schemas::order_command::SetCountdownV1;
use schemas::units::TimeNs;

use crate::apply::Engine;
use crate::trace::Trace;

impl<T: Trace> Engine<T> {
    /// Starts, restarts or (with zero) stops it.
    pub(crate) fn set_countdown(&mut self, command: &SetCountdownV1) {
        let (account, symbol) = (command.account, command.symbol);
        if let Err(reason) = self.admit_cancel(account, symbol, command.valid_until) {
            return self.reject_cancel(account, symbol, reason);
        }
        let terms = &mut self.state.terms;
        if let Some(before) = terms.countdown_of.remove(&(account, symbol)) {
            terms.countdowns.remove(&before);
        }
        let mut due = TimeNs(0);
        if command.after_ns != 0 {
            due = TimeNs(self.state.now.0.saturating_add(command.after_ns));
            let key = (due, self.state.timers_made);
            self.state.timers_made += 1;
            terms.countdowns.insert(key, (account, symbol));
            terms.countdown_of.insert((account, symbol), key);
        }
        self.out.push(Event::CountdownSet {
            account,
            symbol,
            due,
        });
    }

    /// The earliest countdown ran out.
    pub(crate) fn elapse(&mut self) {
        let terms = &mut self.state.terms;
        let Some((_, (account, symbol))) = terms.countdowns.pop_first() else {
            return;
        };
        terms.countdown_of.remove(&(account, symbol));
        self.out.push(Event::CountdownElapsed { account, symbol });
        self.cancel_seat(account, symbol);
    }

    /// The account's countdown on the symbol: when it runs out.
    pub fn countdown(&self, account: AccountId, symbol: SymbolId) -> Option<TimeNs> {
        let found = self.state.terms.countdown_of.get(&(account, symbol));
        found.map(|(due, _)| *due)
    }
}
