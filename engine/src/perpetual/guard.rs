//! What protects those who trade a contract: price protection of conditional orders, calls
//! for margin, and no liquidation while too few sources say what the index price is.
//!
//! ```text
//! pool looked at ─ maintenance >= part of its balance ─ not called yet ─▶ queue of calls ─▶ told
//!  └ below nine tenths of that part: may be called again
//! ```
//!
//! All of it is off until a command says otherwise, so that older journals give what they
//! gave. It is kept in a section of its own, for the same reason.

use std::collections::{BTreeSet, VecDeque};

use schemas::event::Event;
use schemas::ids::SymbolId;
use schemas::instrument::{SymbolKind, SymbolState};
use schemas::margin;
use schemas::perpetual::{MarginType, PositionSide};
use schemas::perpetual_command::{SetContractGuardV1, SetIndexSourcesV1};
use schemas::perpetual_event::MarginCalled;
use schemas::reject::RejectReason;
use schemas::units::{Amount, RATE_ONE, Rate};
use schemas::wire::Wire;

use super::pool::Sums;
use super::{Contract, Pool};
use crate::admin::Verdict;
use crate::apply::Engine;
use crate::state::State;
use crate::trace::{Note, Trace};

/// Its name; it stands behind all other sections.
pub const SECTION: &str = "guards";

/// A pool is called again only after it was below this part (in tenths) of what calls it.
const CALM_TENTHS: i64 = 9;

/// What protects those who trade a contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Guard {
    /// Zero = orders with price protection are like others.
    pub trigger_protect: Rate,
    /// Zero = nobody is called.
    pub margin_call: Rate,
    /// Too few sources of the index price live: nothing is liquidated.
    pub is_starved: bool,
}

/// Pools that were called for margin.
#[derive(Default, Debug)]
pub(crate) struct Calls {
    /// Called, or about to be, and not calm since.
    called: BTreeSet<Pool>,
    /// Yet to be told, in turn.
    queue: VecDeque<Pool>,
}

impl Calls {
    /// Whether a pool was called and not calm since.
    #[inline]
    pub(super) fn has(&self, pool: Pool) -> bool {
        !self.called.is_empty() && self.called.contains(&pool)
    }

    /// Whether any call is yet to be told.
    #[inline]
    pub(crate) fn is_waiting(&self) -> bool {
        !self.queue.is_empty()
    }
}

/// Whether maintenance margin reaches a part of the margin balance.
fn reaches(sums: &Sums, part: Rate) -> bool {
    let part = i128::from(part.0);
    let (whole, rest) = (
        sums.balance().div_euclid(RATE_ONE),
        sums.balance().rem_euclid(RATE_ONE),
    );
    sums.positions != 0 && sums.maintenance >= whole * part + margin::div_up(rest * part, RATE_ONE)
}

impl Sums {
    /// What the pool may lose before somebody is to be told or it is due.
    pub(super) fn slack(&self, was_called: bool) -> i128 {
        let balance = match was_called || self.margin_call == Rate(0) {
            true => self.balance(),
            false => {
                let part = i128::from(self.margin_call.0);
                let (whole, rest) = (
                    self.balance().div_euclid(RATE_ONE),
                    self.balance().rem_euclid(RATE_ONE),
                );
                whole * part + rest * part / RATE_ONE
            }
        };
        (balance - self.maintenance).max(0)
    }

    /// Counts in what a contract with a position asks for.
    pub(super) fn guarded_by(&mut self, guard: &Guard) {
        self.is_starved |= guard.is_starved;
        let call = guard.margin_call;
        if call != Rate(0) && (self.margin_call == Rate(0) || call < self.margin_call) {
            self.margin_call = call;
        }
    }
}

impl<T: Trace> Engine<T> {
    /// Another protection; everybody's margin is looked at with it.
    pub(crate) fn set_contract_guard(&mut self, command: &SetContractGuardV1) -> Verdict {
        let (symbol, trigger_protect) = (command.symbol, command.trigger_protect);
        let margin_call = command.margin_call;
        let is_part = |rate: Rate| (0..=RATE_ONE).contains(&i128::from(rate.0));
        let contract = self.state.perpetuals.contracts.get_mut(&symbol);
        let contract = contract.ok_or(RejectReason::InvalidContract)?;
        if !is_part(trigger_protect) || !is_part(margin_call) {
            return Err(RejectReason::InvalidContract);
        }
        contract.guard.trigger_protect = trigger_protect;
        contract.guard.margin_call = margin_call;
        self.out.push(Event::ContractGuarded {
            symbol,
            trigger_protect,
            margin_call,
        });
        self.look_at_holders(symbol);
        Ok(())
    }

    /// So many sources of the index price live.
    pub(crate) fn set_index_sources(&mut self, command: &SetIndexSourcesV1) -> Verdict {
        let (symbol, live, needed) = (command.symbol, command.live, command.needed);
        let listed = self
            .state
            .symbol(symbol)
            .filter(|listed| listed.kind == SymbolKind::Perpetual)
            .ok_or(RejectReason::UnknownSymbol)?;
        if listed.state == SymbolState::Delisted {
            return Err(RejectReason::InvalidState);
        }
        if !self.state.perpetuals.contracts.contains_key(&symbol) {
            return Err(RejectReason::InvalidContract);
        }
        self.out.push(Event::IndexSourcesChanged {
            symbol,
            live,
            needed,
        });
        self.feed(symbol, live >= needed);
        Ok(())
    }

    /// The index price of a contract is known (again), or not. Who was due meanwhile is
    /// looked at again.
    pub(super) fn feed(&mut self, symbol: SymbolId, is_fed: bool) {
        let contracts = &mut self.state.perpetuals.contracts;
        let contract = contracts.get_mut(&symbol).expect("the contract exists");
        let was_starved = std::mem::replace(&mut contract.guard.is_starved, !is_fed);
        if was_starved && is_fed {
            self.look_at_holders(symbol);
        }
    }

    /// Queues a pool whose margin is thin, once; forgets one that is calm again. Returns
    /// whether it counts as called.
    pub(super) fn call_if_thin(&mut self, pool: Pool, sums: &Sums) -> bool {
        let calls = &mut self.state.perpetuals.calls;
        let part = sums.margin_call;
        if part != Rate(0) && reaches(sums, part) {
            if calls.called.insert(pool) {
                calls.queue.push_back(pool);
            }
            return true;
        }
        if calls.called.is_empty() {
            return false;
        }
        if part == Rate(0) || !reaches(sums, Rate(part.0 * CALM_TENTHS / 10)) {
            calls.called.remove(&pool);
            return false;
        }
        calls.called.contains(&pool)
    }

    /// Called pools with a position on a contract are looked at with every mark price: only
    /// so it shows that one is calm again.
    pub(super) fn look_at_called(&mut self, symbol: SymbolId) {
        if self.state.perpetuals.calls.called.is_empty() {
            return;
        }
        let quote = self.state.symbols[symbol.0 as usize].market.quote;
        let contract = &self.state.perpetuals.contracts[&symbol];
        let concerns = |pool: &&Pool| match pool {
            Pool::Isolated(_, of, _) => *of == symbol,
            Pool::Cross(account, asset) => {
                *asset == quote && contract.desk(*account).is_some_and(|desk| !desk.isolated)
            }
        };
        let calls = &self.state.perpetuals.calls.called;
        let pools: Vec<Pool> = calls.iter().filter(concerns).copied().collect();
        for pool in pools {
            self.state.perpetuals.note_suffered(pool);
        }
    }

    /// Tells the calls that wait, as many as the frame holds.
    pub(crate) fn tell_calls(&mut self) {
        while self.state.perpetuals.calls.is_waiting() && !self.is_full() {
            self.steps += 1;
            let queue = &mut self.state.perpetuals.calls.queue;
            let Some(pool) = queue.pop_front() else {
                return;
            };
            let sums = self.pool(pool);
            if sums.margin_call == Rate(0) || !reaches(&sums, sums.margin_call) {
                // It was helped meanwhile.
                self.state.perpetuals.calls.called.remove(&pool);
                continue;
            }
            for (symbol, side) in self.positions_of(pool) {
                let told = self.margin_called(pool, (symbol, side));
                self.out.push(Event::MarginCalled(told));
            }
        }
    }

    fn margin_called(&self, pool: Pool, (symbol, side): (SymbolId, PositionSide)) -> MarginCalled {
        let contract = &self.state.perpetuals.contracts[&symbol];
        let market = &self.state.symbols[symbol.0 as usize].market;
        let leg = contract.leg(pool.account(), side);
        let (margin_type, cross) = match pool {
            Pool::Cross(account, asset) => {
                let wallets = &self.state.perpetuals.wallets;
                (MarginType::Cross, wallets.balance(account, asset).free)
            }
            Pool::Isolated(..) => (MarginType::Isolated, Amount::ZERO),
        };
        MarginCalled {
            account: pool.account(),
            symbol,
            side,
            margin_type,
            holding: leg.holding,
            mark: contract.mark.unwrap_or_default(),
            unrealised: Amount(contract.profit(&leg, market)),
            maintenance: Amount(contract.maintenance(&leg, market)),
            cross,
        }
    }

    /// Whether an order with price protection may be set off: last and mark price do not
    /// differ by more than the contract's part of the mark.
    pub(super) fn check_protection(&mut self, symbol: SymbolId) -> Result<(), RejectReason> {
        const RULE: &str = "price protection: |last - mark| <= triggerProtect x mark";
        let contract = &self.state.perpetuals.contracts[&symbol];
        let part = i128::from(contract.guard.trigger_protect.0);
        let last = self.state.symbols[symbol.0 as usize].last_trade;
        let (Some(last), Some(mark)) = (last, contract.mark) else {
            return Ok(());
        };
        let apart = i128::from(last.0.abs_diff(mark.0));
        if part != 0 && apart * RATE_ONE > i128::from(mark.0) * part {
            self.trace.note(Note::Failed { rule: RULE });
            return Err(RejectReason::PercentPrice);
        }
        self.trace.note(Note::Passed { rule: RULE });
        Ok(())
    }

    /// Who has margin as thin as that is on the list.
    pub(super) fn is_called(&self, pool: Pool, sums: &Sums) -> bool {
        sums.margin_call == Rate(0)
            || !reaches(sums, sums.margin_call)
            || self.state.perpetuals.calls.has(pool)
    }
}

impl Contract {
    /// What protects those who trade it.
    pub fn guard(&self) -> Guard {
        self.guard
    }
}

/// Whether there is anything to write.
pub(crate) fn is_needed(state: &State) -> bool {
    let perpetuals = &state.perpetuals;
    let is_set = |contract: &Contract| contract.guard != Guard::default();
    perpetuals.contracts.values().any(is_set)
        || !perpetuals.calls.called.is_empty()
        || perpetuals.calls.is_waiting()
}

/// Writes the section.
pub(crate) fn put(state: &State, out: &mut Vec<u8>) {
    let contracts = &state.perpetuals.contracts;
    let set: Vec<_> = contracts
        .iter()
        .filter(|(_, contract)| contract.guard != Guard::default())
        .collect();
    (set.len() as u64).put(out);
    for (symbol, contract) in set {
        symbol.put(out);
        contract.guard.trigger_protect.put(out);
        contract.guard.margin_call.put(out);
        contract.guard.is_starved.put(out);
    }
    let calls = &state.perpetuals.calls;
    (calls.called.len() as u64).put(out);
    for pool in &calls.called {
        pool.put(out);
    }
    (calls.queue.len() as u64).put(out);
    for pool in &calls.queue {
        pool.put(out);
    }
}

/// Reads the section; contracts and accounts are there already.
pub(crate) fn take(state: &mut State, input: &mut &[u8]) -> Option<()> {
    for _ in 0..u64::take(input)? {
        let symbol = SymbolId::take(input)?;
        let contract = state.perpetuals.contracts.get_mut(&symbol)?;
        contract.guard = Guard {
            trigger_protect: Wire::take(input)?,
            margin_call: Wire::take(input)?,
            is_starved: Wire::take(input)?,
        };
    }
    for _ in 0..u64::take(input)? {
        let pool = take_pool(state, input)?;
        state.perpetuals.calls.called.insert(pool);
    }
    for _ in 0..u64::take(input)? {
        let pool = take_pool(state, input)?;
        state.perpetuals.calls.queue.push_back(pool);
    }
    Some(())
}

fn take_pool(state: &State, input: &mut &[u8]) -> Option<Pool> {
    let pool = Pool::take(input)?;
    match pool {
        Pool::Cross(account, asset) => {
            state.account(account)?;
            state.assets.get(usize::from(asset.0))?;
        }
        Pool::Isolated(account, symbol, _) => {
            state.account(account)?;
            state.perpetuals.contracts.get(&symbol)?;
        }
    }
    Some(pool)
}
