//! Perpetual contracts: another clearing over the same books.
//!
//! ```text
//! command ─ admit ─ walk ─ settle ─▶ positions, wallets ─ touched pools ─▶ healthy? index : due
//! mark price ─ index of safe prices ─▶ pools looked at ─▶ healthy? index : due ─ liquidate
//! ```
//!
//! A position is a size and an exact cost. Wallets are a ledger of their own, in which the
//! account CLEARING is the counterparty of every position: it owns minus the sum of all
//! costs. No wallet is ever below zero (ADR 0024). Margin is computed, not held.
//!
//! Absent on purpose: margin in several assets, scanning all accounts for one that is due.
//!
//! Reading order: this file (the state), `wallet`, `pool`, `rules`, `admit`, `place`, `walk`,
//! `modify`, `conditional`, `traders`, `prices`, `funding`, `liquidate`, `deleverage`, `settle`,
//! `guard`, `section`, `reads`.

pub mod wallet;
pub mod pool;
pub mod rules;
pub mod admit;
pub mod place;
pub mod walk;
pub mod modify;
pub mod conditional;
pub mod traders;
pub mod prices;
pub mod funding;
pub mod liquidate;
pub mod deleverage;
pub mod settle;
pub mod guard;
pub mod section;
pub mod reads;
pub mod check;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use schemas::ids::{AccountId, AssetId, OrderId, SymbolId};
use schemas::margin::Table;
use schemas::perpetual::{ContractSpec, Holding, PositionSide};
use schemas::units::{Price, Rate, TimeNs};

use self::conditional::Waiting;
use self::guard::{Calls, Guard};
use crate::clearing::ledger::Ledger;
use crate::triggers::trigger_book::TriggerBook;

/// One position and the open orders for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Leg {
    pub holding: Holding,
    /// Open lots of orders that count for margin: all but the reduce-only ones.
    pub bids: i128,
    pub asks: i128,
    /// Open reduce-only orders.
    pub reducing: u32,
    /// While the mark price stays on its side of this, the position cannot be the reason
    /// for a liquidation; made anew, in no snapshot.
    pub safe: Option<i64>,
}

impl Leg {
    /// Neither position nor order.
    pub fn is_idle(&self) -> bool {
        self.holding.is_flat() && self.bids == 0 && self.asks == 0 && self.reducing == 0
    }
}

/// One account on one contract.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Desk {
    /// Zero = the contract's.
    pub leverage: u32,
    /// Each position stands on margin of its own.
    pub isolated: bool,
    /// By position side.
    pub legs: [Leg; 3],
}

/// A perpetual.
#[derive(Debug)]
pub struct Contract {
    pub spec: ContractSpec,
    /// Empty until it was set; then the contract can be traded.
    pub table: Option<Table>,
    pub index: Option<Price>,
    pub mark: Option<Price>,
    /// Middle of the book minus index at the last samples, oldest first.
    pub basis: VecDeque<i64>,
    /// Sum of number x premium (1e-12) of this interval's samples, and of the numbers.
    pub weighted: i128,
    pub weights: i128,
    pub last_funding: Rate,
    pub next_funding: TimeNs,
    pub(crate) guard: Guard,
    /// By account.
    pub(crate) desks: Vec<Option<Box<Desk>>>,
    /// Lots long of all accounts; as many are short.
    pub longs: i128,
    /// Conditional orders by mark price.
    pub(crate) triggers: TriggerBook,
    /// Positions by safe price: those that fear a fall, and those that fear a rise.
    pub(crate) falling: BTreeSet<(i64, AccountId, PositionSide)>,
    pub(crate) rising: BTreeSet<(i64, AccountId, PositionSide)>,
}

/// One account's futures side.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trader {
    /// Hedge mode; else one-way.
    pub hedge: bool,
    /// Contracts on which it has a desk, ascending.
    pub symbols: Vec<SymbolId>,
}

/// What backs positions together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Pool {
    /// The futures wallet of an asset with all cross positions paid in it.
    Cross(AccountId, AssetId),
    /// One isolated position.
    Isolated(AccountId, SymbolId, PositionSide),
}

impl Pool {
    /// Whose it is.
    pub fn account(&self) -> AccountId {
        match self {
            Pool::Cross(account, _) | Pool::Isolated(account, _, _) => *account,
        }
    }
}

/// A pool that is being liquidated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    pub pool: Pool,
    /// It was told.
    pub started: bool,
}

/// What a timer does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timer {
    /// Samples the premium.
    Sample(SymbolId),
    /// Pays funding.
    Fund(SymbolId),
    /// Expires an order good till then; perhaps it is gone already.
    Expire(SymbolId, OrderId),
}

/// The state of all perpetuals.
#[derive(Default, Debug)]
pub struct Perpetuals {
    pub(crate) contracts: BTreeMap<SymbolId, Contract>,
    /// By account.
    pub(crate) traders: Vec<Option<Box<Trader>>>,
    /// Free = cross wallet, held = beside isolated positions.
    pub(crate) wallets: Ledger,
    /// By due time and arrival in the count of all timers.
    pub(crate) timers: BTreeMap<(TimeNs, u64), Timer>,
    /// Conditional orders that sleep.
    pub(crate) waiting: BTreeMap<(SymbolId, OrderId), Waiting>,
    /// Pools to liquidate, in turn.
    pub(crate) due: VecDeque<Due>,
    /// Positions that moved in the running command.
    pub(crate) moved: Vec<(AccountId, SymbolId, PositionSide)>,
    /// Pools that are called for margin.
    pub(crate) calls: Calls,
    /// Pools whose health may have suffered in the running command.
    pub(crate) suffered: Vec<Pool>,
}

impl Contract {
    /// A contract under these rules, without a price.
    pub(crate) fn new(spec: ContractSpec) -> Contract {
        Contract {
            spec,
            table: None,
            index: None,
            mark: None,
            basis: VecDeque::new(),
            weighted: 0,
            weights: 0,
            last_funding: Rate(0),
            next_funding: TimeNs(0),
            guard: Guard::default(),
            desks: Vec::new(),
            longs: 0,
            triggers: TriggerBook::default(),
            falling: BTreeSet::new(),
            rising: BTreeSet::new(),
        }
    }

    /// What an account has here, if it ever did anything.
    #[inline]
    pub fn desk(&self, account: AccountId) -> Option<&Desk> {
        self.desks.get(account.0 as usize)?.as_deref()
    }

    /// One position; an empty one if there is none.
    #[inline]
    pub fn leg(&self, account: AccountId, side: PositionSide) -> Leg {
        let desk = self.desk(account);
        desk.map_or(Leg::default(), |desk| desk.legs[side as usize])
    }

    /// The leverage of an account.
    #[inline]
    pub fn leverage(&self, account: AccountId) -> u32 {
        match self.desk(account).map_or(0, |desk| desk.leverage) {
            0 => self.spec.default_leverage,
            own => own,
        }
    }

    /// Every desk from an account on.
    pub(crate) fn desks_from(&self, from: AccountId) -> impl Iterator<Item = (AccountId, &Desk)> {
        let desks = self.desks.iter().enumerate().skip(from.0 as usize);
        desks.filter_map(|(account, desk)| Some((AccountId(account as u32), desk.as_deref()?)))
    }

    /// Every desk, by account.
    pub fn all_desks(&self) -> impl Iterator<Item = (AccountId, &Desk)> {
        let desks = self.desks.iter().enumerate();
        desks.filter_map(|(account, desk)| Some((AccountId(account as u32), desk.as_deref()?)))
    }
}

impl Perpetuals {
    /// Whether pools are to be liquidated or called for margin yet.
    #[inline]
    pub(crate) fn is_unfinished(&self) -> bool {
        !self.due.is_empty() || self.calls.is_waiting()
    }

    /// Whether the running command has moved anything here.
    #[inline]
    pub(crate) fn is_touched(&self) -> bool {
        self.touched_count() != 0 || !self.suffered.is_empty()
    }

    /// At most so many events follow at the end of the command.
    #[inline]
    pub(crate) fn touched_count(&self) -> usize {
        self.moved.len() + self.wallets.touched_count()
    }

    /// The account's futures side.
    pub(crate) fn trader(&self, account: AccountId) -> Option<&Trader> {
        self.traders.get(account.0 as usize)?.as_deref()
    }

    /// The account's futures side, which comes to be.
    pub(crate) fn trader_mut(&mut self, account: AccountId) -> &mut Trader {
        let index = account.0 as usize;
        if self.traders.len() <= index {
            self.traders.resize_with(index + 1, || None);
        }
        self.traders[index].get_or_insert_default()
    }

    /// What an account has on a contract, which comes to be. The contract exists.
    pub(crate) fn desk_mut(&mut self, account: AccountId, symbol: SymbolId) -> &mut Desk {
        let index = account.0 as usize;
        let contract = self.contracts.get(&symbol).expect("the contract exists");
        if contract.desk(account).is_none() {
            let symbols = &mut self.trader_mut(account).symbols;
            if let Err(place) = symbols.binary_search(&symbol) {
                symbols.insert(place, symbol);
            }
        }
        let contract = self
            .contracts
            .get_mut(&symbol)
            .expect("the contract exists");
        if contract.desks.len() <= index {
            contract.desks.resize_with(index + 1, || None);
        }
        contract.desks[index].get_or_insert_default()
    }

    /// One position, which comes to be.
    #[inline]
    pub(crate) fn leg_mut(
        &mut self,
        (account, symbol, side): (AccountId, SymbolId, PositionSide),
    ) -> &mut Leg {
        &mut self.desk_mut(account, symbol).legs[side as usize]
    }

    /// A position moved: it is told at the end of the command.
    #[inline]
    pub(crate) fn note_moved(&mut self, key: (AccountId, SymbolId, PositionSide)) {
        if !self.moved.contains(&key) || self.moved.len() > 16 {
            self.moved.push(key);
        }
    }

    /// Health is looked at before the command ends.
    #[inline]
    pub(crate) fn note_suffered(&mut self, pool: Pool) {
        if self.suffered.last() != Some(&pool) {
            self.suffered.push(pool);
        }
    }

    /// Whether any pool of the account is being liquidated.
    #[inline]
    pub(crate) fn is_due(&self, account: AccountId) -> bool {
        !self.due.is_empty() && self.due.iter().any(|due| due.pool.account() == account)
    }
}
