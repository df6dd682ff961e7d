//! Everything that a snapshot holds, in one struct.
//!
//! No behaviour beyond reading and small sums; who changes what stands in the topic's
//! own module. `sections` writes it in a fixed order and `root` hashes that.

use std::collections::{BTreeMap, VecDeque};

use schemas::ids::{
    AccountId, AssetCode, AssetId, BusinessId, KeyId, Offset, OrderId, SymbolId, SymbolName,
};
use schemas::instrument::{
    AccountState, LotSize, NotionalFilter, PercentPrice, PriceFilter, SymbolKind, SymbolState,
    VenueLimits, VenueState,
};
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

use crate::book::Books;
use crate::clearing::fees::Rates;
use crate::clearing::ledger::Ledger;
use crate::groups::Groups;
use crate::lists::purse::Purses;
use crate::lookup::{Lookup, Tags};
use crate::matching::carried::Work;
use crate::pegs::Pegs;
use crate::perpetual::Perpetuals;
use crate::producers::Producers;
use crate::protection::Guard;
use crate::risk::corridor::Corridor;
use crate::risk::order_counts::{OrderCounts, Windows};
use crate::risk::reference_price::PriceWindow;
use crate::risk::requests::Requests;
use crate::risk::seats::Seats;
use crate::terms::Terms;

/// One asset of the ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asset {
    pub asset: AssetId,
    pub code: AssetCode,
    /// Decimals of one unit.
    pub scale: u8,
}

/// What calculations with a symbol's numbers need; small enough to be copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Market {
    pub symbol: SymbolId,
    pub base: AssetId,
    pub quote: AssetId,
    /// Quote atoms of one price unit times one quantity unit.
    pub quote_per_tick_lot: u64,
    /// Base atoms of one quantity unit.
    pub lot_atoms: u64,
}

/// One listed symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Symbol {
    pub market: Market,
    pub name: SymbolName,
    pub kind: SymbolKind,
    pub price_scale: u8,
    pub qty_scale: u8,
    pub state: SymbolState,
    pub opens_at: TimeNs,
    pub price: PriceFilter,
    pub lot: LotSize,
    pub market_lot: LotSize,
    pub notional: NotionalFilter,
    pub percent: PercentPrice,
    /// 0 = no bound.
    pub max_num_orders: u32,
    /// 0 = no bound.
    pub max_position: Qty,
    pub maker: Rate,
    pub taker: Rate,
    pub last_trade: Option<Price>,
    /// The numbers that the next order and the next trade get.
    pub next_order: u64,
    pub next_trade: u64,
}

/// Every listed symbol, by number, and what follows from each.
#[derive(Default, Debug)]
pub(crate) struct Symbols {
    listed: Vec<Symbol>,
    corridors: Vec<Corridor>,
}

/// One account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Account {
    pub state: AccountState,
    /// 0 = the symbol's own rates.
    pub tier: u8,
    /// 0 = the venue's limit.
    pub orders_per_10s: u32,
    /// 0 = the venue's limit.
    pub orders_per_day: u32,
    pub counts: OrderCounts,
}

/// What an applied business id stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Done {
    pub at: Offset,
    /// The account created by it.
    pub account: Option<AccountId>,
}

/// The state of the venue after `next` frames.
#[derive(Debug)]
pub struct State {
    pub(crate) next: Offset,
    pub(crate) now: TimeNs,
    pub(crate) format: u32,
    pub(crate) venue: VenueState,
    pub(crate) withdrawals: bool,
    pub(crate) limits: VenueLimits,
    pub(crate) assets: Vec<Asset>,
    pub(crate) symbols: Symbols,
    pub(crate) windows: Vec<PriceWindow>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) tiers: BTreeMap<u8, Rates>,
    pub(crate) ledger: Ledger,
    pub(crate) books: Books,
    pub(crate) seats: Seats,
    /// Client order ids of open orders.
    pub(crate) clients: Lookup,
    pub(crate) requests: Requests,
    pub(crate) businesses: BTreeMap<BusinessId, Done>,
    pub(crate) keys: BTreeMap<(AccountId, KeyId), u32>,
    /// Symbols that open by themselves, by due time and arrival.
    pub(crate) timers: BTreeMap<(TimeNs, u64), SymbolId>,
    pub(crate) timers_made: u64,
    /// Bounded work carried over to the next frame.
    pub(crate) work: VecDeque<Work>,
    /// Everything that plain orders do not have.
    pub(crate) terms: Terms,
    /// Pegs of orders that wait.
    pub(crate) pegs: Pegs,
    /// What working orders have bought for the others of their lists.
    pub(crate) purses: Purses,
    /// Trade groups of accounts that are in one.
    pub(crate) groups: Groups,
    /// How far producers of numbered commands are.
    pub(crate) producers: Producers,
    /// What protects symbols; nothing until a rule says so.
    pub(crate) guard: Guard,
    /// Contracts, positions and futures wallets.
    pub(crate) perpetuals: Perpetuals,
    pub(crate) tags: Tags,
}

impl Account {
    /// An account as it is created.
    pub const NEW: Account = Account {
        state: AccountState::Active,
        tier: 0,
        orders_per_10s: 0,
        orders_per_day: 0,
        counts: OrderCounts::NONE,
    };

    /// Whether one order more stays within the account's limits, or the venue's.
    #[inline]
    pub(crate) fn may_order(&self, limits: &VenueLimits, windows: &Windows) -> bool {
        let per_10s = match self.orders_per_10s {
            0 => limits.orders_per_10s,
            own => own,
        };
        let per_day = match self.orders_per_day {
            0 => limits.orders_per_day,
            own => own,
        };
        let (in_10s, in_1d) = self.counts.at(windows);
        in_10s < per_10s && in_1d < per_day
    }
}

impl State {
    /// An empty venue: its own accounts, nothing listed, trading and withdrawals on.
    pub fn new(seed: u64) -> State {
        State {
            next: Offset(0),
            now: TimeNs(0),
            format: schemas::event::EVENT_FORMAT,
            venue: VenueState::Open,
            withdrawals: true,
            limits: VenueLimits::default(),
            assets: Vec::new(),
            symbols: Symbols::default(),
            windows: Vec::new(),
            accounts: vec![Account::NEW; AccountId::FIRST_USER.0 as usize],
            tiers: BTreeMap::new(),
            ledger: Ledger::default(),
            books: Books::default(),
            seats: Seats::default(),
            clients: Lookup::default(),
            requests: Requests::default(),
            businesses: BTreeMap::new(),
            keys: BTreeMap::new(),
            timers: BTreeMap::new(),
            timers_made: 0,
            work: VecDeque::new(),
            terms: Terms::default(),
            pegs: Pegs::new(),
            purses: Purses::new(),
            groups: Groups::new(),
            producers: Producers::new(),
            guard: Guard::default(),
            perpetuals: Perpetuals::default(),
            tags: Tags::new(seed),
        }
    }

    #[inline]
    pub(crate) fn symbol(&self, symbol: SymbolId) -> Option<&Symbol> {
        self.symbols.get(symbol.0 as usize)
    }

    #[inline]
    pub(crate) fn account(&self, account: AccountId) -> Option<&Account> {
        self.accounts.get(account.0 as usize)
    }

    /// Appends a listed symbol and opens its book.
    pub(crate) fn push_symbol(&mut self, symbol: Symbol) {
        self.symbols.listed.push(symbol);
        self.symbols.corridors.push(Corridor::UNKNOWN);
        self.windows.push(PriceWindow::default());
        self.books.add_symbol();
        self.terms.add_symbol();
    }

    /// Appends an asset and makes room in the ledger.
    pub(crate) fn push_asset(&mut self, asset: Asset) {
        self.assets.push(asset);
        self.ledger.add_asset();
        self.perpetuals.wallets.add_asset();
    }
}

impl std::ops::Deref for Symbols {
    type Target = [Symbol];

    #[inline]
    fn deref(&self) -> &[Symbol] {
        &self.listed
    }
}

impl Symbols {
    /// A symbol whose rules, state or last price change: its corridor is made anew.
    #[inline]
    pub fn change(&mut self, symbol: SymbolId) -> &mut Symbol {
        self.corridors[symbol.0 as usize] = Corridor::UNKNOWN;
        &mut self.listed[symbol.0 as usize]
    }

    /// The number of the next order.
    #[inline]
    pub fn number_order(&mut self, symbol: SymbolId) -> OrderId {
        let listed = &mut self.listed[symbol.0 as usize];
        let order = OrderId(listed.next_order);
        listed.next_order += 1;
        order
    }

    /// What is known of a symbol's rules, perhaps out of date.
    #[inline]
    pub fn corridor(&self, symbol: SymbolId) -> Option<&Corridor> {
        self.corridors.get(symbol.0 as usize)
    }

    /// A corridor made anew.
    pub fn set_corridor(&mut self, symbol: SymbolId, corridor: Corridor) {
        self.corridors[symbol.0 as usize] = corridor;
    }
}

impl Market {
    /// The one place where ticks meet lots. `None` when it cannot be owned by anybody.
    #[inline]
    pub fn notional(&self, price: Price, qty: Qty) -> Option<Amount> {
        debug_assert!(price.0 >= 0 && qty.0 >= 0, "admission saw to it");
        let tick_lots = u128::from(price.0 as u64) * u128::from(qty.0 as u64);
        if let Ok(tick_lots) = u64::try_from(tick_lots) {
            let quote = u128::from(tick_lots) * u128::from(self.quote_per_tick_lot);
            return (quote <= SUPPLY_MAX).then_some(Amount(quote as i128));
        }
        let quote = tick_lots.checked_mul(u128::from(self.quote_per_tick_lot))?;
        (quote <= SUPPLY_MAX).then_some(Amount(quote as i128))
    }

    /// [`Market::notional`] in 64 bits, which is nearly always enough; else `None`.
    #[inline]
    pub(crate) fn short_notional(&self, price: Price, qty: Qty) -> Option<u64> {
        let tick_lots = (price.0 as u64).checked_mul(qty.0 as u64)?;
        tick_lots.checked_mul(self.quote_per_tick_lot)
    }

    /// [`Market::base_atoms`] in 64 bits, which is nearly always enough; else `None`.
    #[inline]
    pub(crate) fn short_base_atoms(&self, qty: Qty) -> Option<u64> {
        (qty.0 as u64).checked_mul(self.lot_atoms)
    }

    /// Base atoms of a quantity.
    #[inline]
    pub fn base_atoms(&self, qty: Qty) -> Amount {
        Amount(i128::from(qty.0) * i128::from(self.lot_atoms))
    }
}

const SUPPLY_MAX: u128 = crate::clearing::ledger::SUPPLY_MAX.0 as u128;
