//! The venue said twice: a slow book and ledger written from the rules alone.
//!
//! Queues are `VecDeque`s in `BTreeMap`s, money is a plain map of `i128`; nothing is cached
//! and nothing is shared with the engine but the language of `schemas`. It carries nothing
//! over (`Continue`) and makes no snapshot.
//!
//! Reading order: this file (state, administration), `admit` (what is refused), `trade`
//! (matching, cancels), `money`.

pub mod admit;
pub mod trade;
pub mod money;

use std::collections::{BTreeMap, VecDeque};

use schemas::command::{AddSymbolV1, Command, RequestDigest, SetFilterV1};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetCode, AssetId, BusinessId, ClientOrderId, Offset, OrderId};
use schemas::ids::{SymbolId, SymbolName};
use schemas::instrument::{
    AccountState, Filter, LotSize, NotionalFilter, OrderType, PercentPrice, PriceFilter,
    SelfTradePrevention, Side, SymbolKind, SymbolState, TimeInForce, VenueLimits, VenueState,
};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

/// An order that stands in the book, or the taker of the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: u64,
    pub account: AccountId,
    pub client: ClientOrderId,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTradePrevention,
    pub price: i64,
    pub qty: i64,
    pub open: i64,
    pub executed: i64,
    pub quote: i128,
    pub prevented: i64,
}

/// One trade as the reference price needs it.
#[derive(Clone, Copy, Debug)]
pub struct Print {
    pub time: TimeNs,
    pub price: i64,
    pub qty: i64,
}

#[derive(Debug)]
pub struct Symbol {
    pub name: SymbolName,
    pub state: SymbolState,
    pub base: AssetId,
    pub quote: AssetId,
    /// Base atoms of one quantity unit.
    pub base_per_lot: i128,
    /// Quote atoms of one price unit times one quantity unit.
    pub quote_per_tick_lot: i128,
    pub opens_at: Option<TimeNs>,
    pub maker: i64,
    pub taker: i64,
    pub price: PriceFilter,
    pub lot: LotSize,
    pub market_lot: LotSize,
    pub notional: NotionalFilter,
    pub percent: PercentPrice,
    pub max_num_orders: u32,
    pub max_position: i64,
    pub bids: BTreeMap<i64, VecDeque<Order>>,
    pub asks: BTreeMap<i64, VecDeque<Order>>,
    pub next_order: u64,
    pub next_trade: u64,
    pub prints: Vec<Print>,
}

#[derive(Debug)]
pub struct Account {
    pub state: AccountState,
    pub tier: u8,
    pub per_10s: u32,
    pub per_day: u32,
    /// Orders that count, by the number of their 10 s window and of their day.
    pub in_10s: BTreeMap<u64, u32>,
    pub in_day: BTreeMap<u64, u32>,
}

/// The venue, naively.
#[derive(Debug)]
pub struct Naive {
    pub now: TimeNs,
    pub at: Offset,
    pub assets: Vec<(AssetCode, u8)>,
    pub symbols: Vec<Symbol>,
    pub accounts: Vec<Account>,
    pub balances: BTreeMap<(AccountId, AssetId), (i128, i128)>,
    pub tiers: BTreeMap<u8, (i64, i64)>,
    /// Of accounts that are in a trade group.
    pub groups: BTreeMap<AccountId, u32>,
    pub limits: VenueLimits,
    pub venue: VenueState,
    pub withdrawals: bool,
    /// What a business id did: when, and the account it made.
    pub done: BTreeMap<BusinessId, (Offset, Option<AccountId>)>,
    pub requests: BTreeMap<(AccountId, [u8; 16]), TimeNs>,
    pub events: Vec<Event>,
    /// What the last command answered.
    pub told: Vec<Event>,
}

pub type Refusal = Result<(), RejectReason>;

/// How long a signed request stays remembered.
pub const REQUEST_WINDOW_NS: u64 = 60_000_000_000;

impl Naive {
    pub fn new() -> Naive {
        let mut naive = Naive {
            now: TimeNs(0),
            at: Offset(0),
            assets: Vec::new(),
            symbols: Vec::new(),
            accounts: Vec::new(),
            balances: BTreeMap::new(),
            tiers: BTreeMap::new(),
            groups: BTreeMap::new(),
            limits: VenueLimits::default(),
            venue: VenueState::Open,
            withdrawals: true,
            done: BTreeMap::new(),
            requests: BTreeMap::new(),
            events: Vec::new(),
            told: Vec::new(),
        };
        for _ in 0..AccountId::FIRST_USER.0 {
            naive.accounts.push(Account::new());
        }
        naive
    }

    /// What the command should answer. `BalanceChanged` is left out: the caller compares
    /// all balances instead.
    pub fn apply(&mut self, at: Offset, now: TimeNs, command: &Command) -> Vec<Event> {
        assert!(self.now <= now, "time does not run backwards");
        self.events.clear();
        (self.at, self.now) = (at, now);
        self.open_due_symbols();
        match command {
            Command::Seal | Command::AdvanceClock | Command::Continue => {}
            Command::PlaceOrder(order) => self.place(order),
            Command::CancelOrder(cancel) => self.cancel(cancel),
            Command::CancelAll(cancel) => self.cancel_all(cancel),
            Command::CancelReplace(replace) => self.cancel_replace(replace),
            Command::AmendOrder(amend) => self.amend(amend),
            administrative => {
                if let Err(reason) = self.administer(administrative) {
                    self.events.push(Event::CommandRejected { reason });
                }
            }
        }
        // What is due already opens before anything else comes.
        self.open_due_symbols();
        self.told = self.events.clone();
        std::mem::take(&mut self.events)
    }

    fn open_due_symbols(&mut self) {
        let mut due: Vec<(TimeNs, SymbolId)> = self
            .symbols
            .iter()
            .enumerate()
            .filter_map(|(index, symbol)| {
                symbol.opens_at.map(|opens| (opens, SymbolId(index as u32)))
            })
            .filter(|(opens, _)| *opens <= self.now)
            .collect();
        due.sort();
        for (_, symbol) in due {
            let listed = &mut self.symbols[symbol.0 as usize];
            listed.opens_at = None;
            listed.state = SymbolState::Trading;
            self.events.push(Event::SymbolStateChanged {
                symbol,
                state: SymbolState::Trading,
            });
        }
    }

    fn administer(&mut self, command: &Command) -> Refusal {
        match command {
            Command::Skip(skip) => {
                self.events.push(Event::SkipRecorded {
                    offset: skip.offset,
                });
                Ok(())
            }
            Command::ActivateFormat(activate) => {
                if activate.format != schemas::event::EVENT_FORMAT {
                    return Err(RejectReason::UnknownFormat);
                }
                self.events.push(Event::FormatActivated {
                    format: activate.format,
                });
                Ok(())
            }
            Command::CreateAccount(_)
            | Command::SetAccountState(_)
            | Command::SetAccountTier(_)
            | Command::SetAccountLimits(_)
            | Command::SetTradeGroup(_)
            | Command::BindKey(_)
            | Command::UnbindKey(_) => self.administer_account(command),
            Command::Deposit(_) | Command::Withdraw(_) | Command::Transfer(_) => {
                self.administer_money(command)
            }
            rules => self.administer_rules(rules),
        }
    }

    fn administer_account(&mut self, command: &Command) -> Refusal {
        match command {
            Command::CreateAccount(create) => {
                // Said again, it tells the same number again.
                let business = create.business;
                let before = self.said_before(business).then(|| self.done[&business].1);
                let account = before.unwrap_or_else(|| {
                    let account = AccountId(self.accounts.len() as u32);
                    self.accounts.push(Account::new());
                    self.remember(business, Some(account));
                    Some(account)
                });
                if let Some(account) = account {
                    self.events
                        .push(Event::AccountCreated { account, business });
                }
            }
            Command::SetAccountState(set) => {
                self.client_account(set.account)?.state = set.state;
                self.events.push(Event::AccountStateChanged {
                    account: set.account,
                    state: set.state,
                });
            }
            Command::SetAccountTier(set) => {
                self.client_account(set.account)?.tier = set.tier;
                self.events.push(Event::AccountTierChanged {
                    account: set.account,
                    tier: set.tier,
                });
            }
            Command::SetAccountLimits(set) => {
                let account = self.client_account(set.account)?;
                account.per_10s = set.orders_per_10s;
                account.per_day = set.orders_per_day;
                self.events.push(Event::AccountLimitsChanged {
                    account: set.account,
                    orders_per_10s: set.orders_per_10s,
                    orders_per_day: set.orders_per_day,
                });
            }
            Command::SetTradeGroup(set) => {
                let (account, group) = (set.account, set.group);
                self.client_account(account)?;
                self.groups.retain(|member, _| *member != account);
                if group != 0 {
                    self.groups.insert(account, group);
                }
                self.events
                    .push(Event::TradeGroupChanged { account, group });
            }
            Command::BindKey(bind) => {
                self.client_account(bind.account)?;
                self.events.push(Event::KeyBound {
                    account: bind.account,
                    permissions: bind.permissions,
                    key: bind.key,
                });
            }
            Command::UnbindKey(unbind) => {
                self.client_account(unbind.account)?;
                self.events.push(Event::KeyUnbound {
                    account: unbind.account,
                    key: unbind.key,
                });
            }
            other => unreachable!("not about an account: {other:?}"),
        }
        Ok(())
    }

    fn client_account(&mut self, account: AccountId) -> Result<&mut Account, RejectReason> {
        if account.is_venue() {
            return Err(RejectReason::VenueAccount);
        }
        self.accounts
            .get_mut(account.0 as usize)
            .ok_or(RejectReason::UnknownAccount)
    }

    fn administer_rules(&mut self, command: &Command) -> Refusal {
        match command {
            Command::AddAsset(add) => {
                if add.code.is_empty() {
                    return Err(RejectReason::InvalidName);
                }
                if self.assets.iter().any(|(code, _)| *code == add.code) {
                    return Err(RejectReason::NameTaken);
                }
                if add.scale > 18 {
                    return Err(RejectReason::InvalidScale);
                }
                let asset = AssetId(self.assets.len() as u16);
                self.assets.push((add.code, add.scale));
                self.events.push(Event::AssetAdded {
                    asset,
                    code: add.code,
                    scale: add.scale,
                });
            }
            Command::AddSymbol(add) => return self.add_symbol(add),
            Command::SetFilter(set) => return self.set_filter(set),
            Command::SetSymbolFees(set) => {
                let (maker, taker) = (set.maker, set.taker);
                let listed = self.listed(set.symbol)?;
                valid_fees(maker, taker)?;
                (listed.maker, listed.taker) = (maker.0, taker.0);
                self.events.push(Event::SymbolFeesChanged {
                    symbol: set.symbol,
                    maker,
                    taker,
                });
            }
            Command::SetFeeTier(set) => {
                let (maker, taker) = (set.maker, set.taker);
                if set.tier == 0 {
                    return Err(RejectReason::InvalidFees);
                }
                valid_fees(maker, taker)?;
                self.tiers.insert(set.tier, (maker.0, taker.0));
                self.events.push(Event::FeeTierChanged {
                    tier: set.tier,
                    maker,
                    taker,
                });
            }
            Command::SetSymbolState(set) => return self.set_symbol_state(set.symbol, set.state),
            Command::SetVenueState(set) => {
                (self.venue, self.withdrawals) = (set.state, set.withdrawals);
                self.events.push(Event::VenueStateChanged {
                    state: set.state,
                    withdrawals: set.withdrawals,
                });
            }
            Command::SetVenueLimits(set) => {
                self.limits = set.limits;
                self.events
                    .push(Event::VenueLimitsChanged { limits: set.limits });
            }
            other => unreachable!("not a rule: {other:?}"),
        }
        Ok(())
    }

    fn add_symbol(&mut self, add: &AddSymbolV1) -> Refusal {
        if add.name.is_empty() {
            return Err(RejectReason::InvalidName);
        }
        let scale = |asset: AssetId| {
            let found = self.assets.get(usize::from(asset.0));
            found
                .map(|(_, scale)| u32::from(*scale))
                .ok_or(RejectReason::UnknownAsset)
        };
        let (base_scale, quote_scale) = (scale(add.base)?, scale(add.quote)?);
        if add.base == add.quote {
            return Err(RejectReason::UnknownAsset);
        }
        if self.symbols.iter().any(|symbol| symbol.name == add.name) {
            return Err(RejectReason::NameTaken);
        }
        let (price_scale, qty_scale) = (u32::from(add.price_scale), u32::from(add.qty_scale));
        if qty_scale > base_scale || price_scale + qty_scale > quote_scale {
            return Err(RejectReason::InvalidScale);
        }
        let symbol = SymbolId(self.symbols.len() as u32);
        self.symbols.push(Symbol {
            name: add.name,
            state: SymbolState::PreTrading,
            base: add.base,
            quote: add.quote,
            base_per_lot: 10_i128.pow(base_scale - qty_scale),
            quote_per_tick_lot: 10_i128.pow(quote_scale - price_scale - qty_scale),
            opens_at: (add.opens_at != TimeNs(0)).then_some(add.opens_at),
            maker: 0,
            taker: 0,
            price: PriceFilter::default(),
            lot: LotSize::default(),
            market_lot: LotSize::default(),
            notional: NotionalFilter::default(),
            percent: PercentPrice::default(),
            max_num_orders: 0,
            max_position: 0,
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            next_order: 1,
            next_trade: 1,
            prints: Vec::new(),
        });
        assert_eq!(
            add.kind,
            SymbolKind::Spot,
            "the streams list spot symbols only"
        );
        self.events.push(Event::SymbolAdded {
            symbol,
            name: add.name,
            kind: add.kind,
            base: add.base,
            quote: add.quote,
            price_scale: add.price_scale,
            qty_scale: add.qty_scale,
        });
        Ok(())
    }

    fn set_filter(&mut self, set: &SetFilterV1) -> Refusal {
        let listed = self.listed(set.symbol)?;
        if !valid_filter(&set.filter) {
            return Err(RejectReason::InvalidFilter);
        }
        match set.filter {
            Filter::Price(filter) => listed.price = filter,
            Filter::LotSize(filter) => listed.lot = filter,
            Filter::MarketLotSize(filter) => listed.market_lot = filter,
            Filter::Notional(filter) => listed.notional = filter,
            Filter::PercentPrice(filter) => listed.percent = filter,
            Filter::MaxNumOrders(count) => listed.max_num_orders = count,
            Filter::MaxPosition(qty) => listed.max_position = qty.0,
            _ => return Err(RejectReason::InvalidFilter),
        }
        self.events.push(Event::FilterChanged {
            symbol: set.symbol,
            filter: set.filter,
        });
        Ok(())
    }

    fn set_symbol_state(&mut self, symbol: SymbolId, state: SymbolState) -> Refusal {
        let listed = self.listed(symbol)?;
        let back = state == SymbolState::PreTrading && listed.state != state;
        if listed.state == SymbolState::Delisted || back {
            return Err(RejectReason::InvalidState);
        }
        listed.state = state;
        if state != SymbolState::PreTrading {
            listed.opens_at = None;
        }
        self.events
            .push(Event::SymbolStateChanged { symbol, state });
        if state == SymbolState::Delisted {
            // Best first, bids before asks.
            let listed = &self.symbols[symbol.0 as usize];
            let (bids, asks) = (listed.queue(Side::Buy), listed.queue(Side::Sell));
            let orders: Vec<u64> = bids.iter().chain(&asks).map(|order| order.id).collect();
            for order in orders {
                self.cancel_resting(symbol, order, ClientOrderId::EMPTY);
            }
        }
        Ok(())
    }

    pub fn listed(&mut self, symbol: SymbolId) -> Result<&mut Symbol, RejectReason> {
        self.symbols
            .get_mut(symbol.0 as usize)
            .ok_or(RejectReason::UnknownSymbol)
    }

    pub fn said_before(&mut self, business: BusinessId) -> bool {
        if business.is_empty() {
            return false;
        }
        let Some(at) = self.done.get(&business) else {
            return false;
        };
        self.events.push(Event::AlreadyDone { at: at.0 });
        true
    }

    pub fn remember(&mut self, business: BusinessId, account: Option<AccountId>) {
        if !business.is_empty() {
            self.done.insert(business, (self.at, account));
        }
    }

    pub fn seen_request(&self, account: AccountId, digest: RequestDigest) -> bool {
        digest != RequestDigest::default()
            && self
                .requests
                .get(&(account, digest.0))
                .is_some_and(|seen| self.now.0 - seen.0 < REQUEST_WINDOW_NS)
    }

    pub fn note_request(&mut self, account: AccountId, digest: RequestDigest) {
        if digest != RequestDigest::default() {
            self.requests.insert((account, digest.0), self.now);
        }
    }

    /// One account, or two of one trade group.
    pub fn same_owner(&self, one: AccountId, other: AccountId) -> bool {
        let groups = (self.groups.get(&one), self.groups.get(&other));
        one == other || (groups.0.is_some() && groups.0 == groups.1)
    }

    /// Every open order of the symbol: oldest first.
    pub fn open_orders_of_symbol(&self, symbol: SymbolId) -> Vec<u64> {
        let listed = &self.symbols[symbol.0 as usize];
        let mut orders: Vec<u64> = listed
            .bids
            .values()
            .chain(listed.asks.values())
            .flatten()
            .map(|order| order.id)
            .collect();
        orders.sort_unstable();
        orders
    }
}

impl Symbol {
    pub fn side_mut(&mut self, side: Side) -> &mut BTreeMap<i64, VecDeque<Order>> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Resting orders, best price first, then oldest first.
    pub fn queue(&self, side: Side) -> Vec<&Order> {
        match side {
            Side::Buy => self.bids.values().rev().flatten().collect(),
            Side::Sell => self.asks.values().flatten().collect(),
        }
    }

    pub fn order(&self, id: u64) -> Option<&Order> {
        self.bids
            .values()
            .chain(self.asks.values())
            .flatten()
            .find(|order| order.id == id)
    }

    pub fn quote_of(&self, price: i64, qty: i64) -> i128 {
        i128::from(price) * i128::from(qty) * self.quote_per_tick_lot
    }
}

impl Account {
    fn new() -> Account {
        Account {
            state: AccountState::Active,
            tier: 0,
            per_10s: 0,
            per_day: 0,
            in_10s: BTreeMap::new(),
            in_day: BTreeMap::new(),
        }
    }
}

fn valid_fees(maker: Rate, taker: Rate) -> Refusal {
    let bound = 100_000_000;
    if maker.0.abs() > bound || taker.0.abs() > bound || maker.0 + taker.0 < 0 {
        return Err(RejectReason::InvalidFees);
    }
    Ok(())
}

fn valid_filter(filter: &Filter) -> bool {
    let range = |min: i128, max: i128, step: i128| {
        min >= 0 && max >= 0 && step >= 0 && (max == 0 || min <= max)
    };
    match filter {
        Filter::Price(PriceFilter {
            min: Price(min),
            max: Price(max),
            tick: Price(tick),
        }) => range((*min).into(), (*max).into(), (*tick).into()),
        Filter::LotSize(lot) | Filter::MarketLotSize(lot) => {
            range(lot.min.0.into(), lot.max.0.into(), lot.step.0.into())
        }
        Filter::Notional(NotionalFilter {
            min: Amount(min),
            max: Amount(max),
            ..
        }) => range(*min, *max, 0),
        Filter::PercentPrice(percent) => {
            (percent.bid_up == 0 || percent.bid_down <= percent.bid_up)
                && (percent.ask_up == 0 || percent.ask_down <= percent.ask_up)
        }
        Filter::MaxNumOrders(_) => true,
        Filter::MaxPosition(Qty(qty)) => *qty >= 0,
        _ => true,
    }
}

/// The order id as schemas know it.
pub fn order_id(id: u64) -> OrderId {
    OrderId(id)
}
