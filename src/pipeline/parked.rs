//! Commands that wait while orders are set off on the symbol that they are for.
//!
//! First in, first out, and nobody overtakes himself: as long as a command of an account
//! waits, its later ones wait behind it, and as long as one waits for a symbol to be free,
//! all for that symbol do. Who only waits behind himself keeps no symbol from others.
//! Nothing here decides which symbol is free; the engine does.

use std::collections::{BTreeMap, VecDeque};

use schemas::command::Command;
use schemas::ids::{AccountId, SymbolId};

use crate::pipeline::answers::Token;

/// Commands that wait at most, and those more that cancels and administration may.
const PARKED_MAX: usize = 4_096;
const PARKED_RESERVE: usize = PARKED_MAX / 16;

/// The queue is full.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

struct Waiting {
    command: Command,
    token: Token,
    /// The symbol that was not free when it came.
    wanted: Option<SymbolId>,
}

/// Who waits, in order.
#[derive(Default)]
pub struct Parked {
    queue: VecDeque<Waiting>,
    accounts: BTreeMap<AccountId, usize>,
    symbols: BTreeMap<SymbolId, usize>,
}

impl Parked {
    /// Whether nobody waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether others wait for the symbol of a command.
    pub fn wants_same(&self, command: &Command) -> bool {
        let symbol = command.trader().map(|(_, symbol)| symbol);
        symbol.is_some_and(|symbol| self.symbols.contains_key(&symbol))
    }

    /// Whether a command would overtake one of its account.
    pub fn holds_back(&self, command: &Command) -> bool {
        let account = command.trader().map(|(account, _)| account);
        account.is_some_and(|account| self.accounts.contains_key(&account))
    }

    /// Behind all others; `is_wanted` when its symbol is not free.
    ///
    /// # Errors
    /// [`Full`]; then it was not taken.
    pub fn put(
        &mut self,
        (command, token): (&Command, Token),
        is_wanted: bool,
    ) -> Result<(), Full> {
        let room = match command.may_use_reserve() {
            true => PARKED_MAX + PARKED_RESERVE,
            false => PARKED_MAX,
        };
        if self.queue.len() >= room {
            return Err(Full);
        }
        let mut wanted = None;
        if let Some((account, symbol)) = command.trader() {
            *self.accounts.entry(account).or_default() += 1;
            wanted = is_wanted.then_some(symbol);
        }
        if let Some(symbol) = wanted {
            *self.symbols.entry(symbol).or_default() += 1;
        }
        self.queue.push_back(Waiting {
            command: command.clone(),
            token,
            wanted,
        });
        Ok(())
    }

    /// Who waits longest.
    pub fn first(&self) -> Option<&Command> {
        self.queue.front().map(|first| &first.command)
    }

    /// Lets go of who waits longest.
    pub fn take(&mut self) -> Option<(Command, Token)> {
        let first = self.queue.pop_front()?;
        if let Some((account, _)) = first.command.trader() {
            count_down(&mut self.accounts, account);
        }
        if let Some(symbol) = first.wanted {
            count_down(&mut self.symbols, symbol);
        }
        Some((first.command, first.token))
    }
}

fn count_down<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K) {
    let count = counts.get_mut(&key).expect("it was counted");
    *count -= 1;
    if *count == 0 {
        counts.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::{Full, PARKED_MAX, PARKED_RESERVE, Parked};
    use schemas::command::{CancelAllV1, Command, CreateAccountV1};
    use schemas::ids::{AccountId, BusinessId, SymbolId};
    use schemas::units::TimeNs;

    fn cancel(account: u32, symbol: u32) -> Command {
        Command::CancelAll(CancelAllV1 {
            valid_until: TimeNs(0),
            account: AccountId(account),
            symbol: SymbolId(symbol),
        })
    }

    #[test]
    fn nobody_overtakes_himself_nor_the_first_for_a_symbol() {
        let mut parked = Parked::default();
        assert_eq!(parked.put((&cancel(7, 0), 1), true), Ok(()));
        assert_eq!(parked.put((&cancel(7, 1), 2), false), Ok(()));
        let waits = |parked: &Parked, command: &Command| {
            parked.wants_same(command) || parked.holds_back(command)
        };
        for (account, symbol, expected) in [(7, 2, true), (8, 0, true), (8, 1, false)] {
            let found = waits(&parked, &cancel(account, symbol));
            assert_eq!(found, expected, "account {account}, symbol {symbol}");
        }
        let administration = Command::CreateAccount(CreateAccountV1 {
            business: BusinessId::new("b").expect("short"),
        });
        assert!(!waits(&parked, &administration));
        assert_eq!(parked.take(), Some((cancel(7, 0), 1)));
        assert!(!waits(&parked, &cancel(8, 0)), "the symbol is free");
        assert!(waits(&parked, &cancel(7, 0)), "its second one waits");
        assert_eq!(parked.take(), Some((cancel(7, 1), 2)));
        assert!(parked.is_empty() && !waits(&parked, &cancel(7, 1)));
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut parked = Parked::default();
        for token in 0..PARKED_MAX + PARKED_RESERVE {
            assert_eq!(parked.put((&cancel(7, 0), token as u32), true), Ok(()));
        }
        assert_eq!(parked.put((&cancel(7, 0), 1), true), Err(Full));
    }
}
