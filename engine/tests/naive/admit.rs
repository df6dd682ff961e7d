//! What is refused, in the order of RULES: window, symbol, shape, states, filters, order
//! rate, duplicates, money, would match.

use schemas::command::{OrderSize, PlaceOrderV1};
use schemas::ids::{AccountId, ClientOrderId, SymbolId};
use schemas::instrument::{
    AccountState, LotSize, OrderType, SelfTradePrevention, Side, SymbolState, TimeInForce,
    VenueState,
};
use schemas::reject::RejectReason;
use schemas::units::TimeNs;

use super::{Naive, Refusal, Symbol};

/// What a sweep of the present book would do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sweep {
    pub filled: i64,
    /// Quote atoms of the fills.
    pub quote: i128,
    pub prevented: i64,
    /// Of what was prevented, what moved within a trade group.
    pub moved: i64,
    pub moved_quote: i128,
}

impl Sweep {
    fn gives(&self) -> i64 {
        self.filled + self.moved
    }

    fn costs(&self) -> i128 {
        self.quote + self.moved_quote
    }
}

const TEN_SECONDS_NS: u64 = 10_000_000_000;
const DAY_NS: u64 = 86_400_000_000_000;

impl Naive {
    /// Window, symbol, states, order rate, shape: what needs neither filters nor money.
    /// (The gateway has looked at the shape before anything is journaled.)
    pub fn admit_states(&self, order: &PlaceOrderV1) -> Refusal {
        self.in_time(order.valid_until)?;
        self.may_trade(order.account, order.symbol)?;
        self.admit_rate(order.account)?;
        shape(order)
    }

    pub fn may_trade(&self, account: AccountId, symbol: SymbolId) -> Refusal {
        let listed = self
            .symbols
            .get(symbol.0 as usize)
            .ok_or(RejectReason::UnknownSymbol)?;
        if self.venue != VenueState::Open || listed.state != SymbolState::Trading {
            return Err(RejectReason::MarketClosed);
        }
        self.known(account, symbol)?;
        if account.is_venue() {
            return Err(RejectReason::VenueAccount);
        }
        self.frozen(account)
    }

    pub fn in_time(&self, valid_until: TimeNs) -> Refusal {
        if valid_until != TimeNs(0) && valid_until < self.now {
            return Err(RejectReason::TooLate);
        }
        Ok(())
    }

    pub fn known(&self, account: AccountId, symbol: SymbolId) -> Result<&Symbol, RejectReason> {
        let listed = self
            .symbols
            .get(symbol.0 as usize)
            .ok_or(RejectReason::UnknownSymbol)?;
        if self.accounts.get(account.0 as usize).is_none() {
            return Err(RejectReason::UnknownAccount);
        }
        Ok(listed)
    }

    pub fn frozen(&self, account: AccountId) -> Refusal {
        match self.accounts[account.0 as usize].state {
            AccountState::Active => Ok(()),
            AccountState::Frozen => Err(RejectReason::AccountFrozen),
        }
    }

    /// The filters in their listed order.
    pub fn admit_filters(&self, order: &PlaceOrderV1, replaced: Option<u64>) -> Refusal {
        let symbol = &self.symbols[order.symbol.0 as usize];
        let market = order.order_type == OrderType::Market;
        if !market {
            symbol.price_in_filter(order.price.0)?;
        }
        if let OrderSize::Base(qty) = order.size() {
            in_lot(qty.0, &symbol.lot, RejectReason::LotSize)?;
            if market {
                in_lot(qty.0, &symbol.market_lot, RejectReason::MarketLotSize)?;
            }
        }
        self.admit_notional(order, symbol)?;
        self.admit_percent(order, symbol)?;
        self.admit_counts(order, symbol, replaced)
    }

    fn admit_notional(&self, order: &PlaceOrderV1, symbol: &Symbol) -> Refusal {
        let filter = &symbol.notional;
        let market = order.order_type == OrderType::Market;
        let notional = match order.size() {
            OrderSize::Quote(amount) => Some(amount.0),
            OrderSize::Base(qty) if market => self
                .reference(symbol)
                .map(|price| symbol.quote_of(price, qty.0)),
            OrderSize::Base(qty) => Some(symbol.quote_of(order.price.0, qty.0)),
        };
        let Some(notional) = notional else {
            return Ok(());
        };
        let low = notional < filter.min.0 && (!market || filter.apply_min_to_market);
        let high =
            filter.max.0 > 0 && notional > filter.max.0 && (!market || filter.apply_max_to_market);
        if low || high {
            Err(RejectReason::Notional)
        } else {
            Ok(())
        }
    }

    fn admit_percent(&self, order: &PlaceOrderV1, symbol: &Symbol) -> Refusal {
        let percent = &symbol.percent;
        if order.order_type == OrderType::Market {
            return Ok(());
        }
        let Some(reference) = self.reference(symbol) else {
            return Ok(());
        };
        let (up, down) = match order.side {
            Side::Buy => (percent.bid_up, percent.bid_down),
            Side::Sell => (percent.ask_up, percent.ask_down),
        };
        // price <=> reference x multiplier / 10,000, by cross-multiplication.
        let (price, reference) = (i128::from(order.price.0) * 10_000, i128::from(reference));
        let above = up > 0 && price > reference * i128::from(up);
        let below = down > 0 && price < reference * i128::from(down);
        if above || below {
            Err(RejectReason::PercentPrice)
        } else {
            Ok(())
        }
    }

    /// The mean price of the last minutes, the running one included, rounded down to the
    /// price unit; else the last trade's.
    pub fn reference(&self, symbol: &Symbol) -> Option<i64> {
        let minutes = u64::from(symbol.percent.minutes);
        let since = (self.now.0 / 60_000_000_000 + 1).saturating_sub(minutes) * 60_000_000_000;
        let mut sums = (0, 0);
        for print in symbol
            .prints
            .iter()
            .filter(|print| minutes > 0 && since <= print.time.0)
        {
            sums.0 += i128::from(print.price) * i128::from(print.qty);
            sums.1 += i128::from(print.qty);
        }
        if sums.1 > 0 {
            return Some((sums.0 / sums.1) as i64);
        }
        symbol.prints.last().map(|last| last.price)
    }

    /// `replaced` counts as gone.
    fn admit_counts(
        &self,
        order: &PlaceOrderV1,
        symbol: &Symbol,
        replaced: Option<u64>,
    ) -> Refusal {
        let own = |side: Side| {
            symbol
                .queue(side)
                .into_iter()
                .filter(|resting| resting.account == order.account)
                .filter(|resting| Some(resting.id) != replaced)
        };
        let open = own(Side::Buy).count() + own(Side::Sell).count();
        if symbol.max_num_orders > 0 && open >= symbol.max_num_orders as usize {
            return Err(RejectReason::MaxNumOrders);
        }
        if symbol.max_position > 0 && order.side == Side::Buy {
            let (free, held) = self.balance(order.account, symbol.base);
            let bids: i64 = own(Side::Buy).map(|resting| resting.open).sum();
            let wanted = match order.size() {
                OrderSize::Base(qty) => qty.0,
                OrderSize::Quote(_) => self.sweep(order).gives(),
            };
            let position = free + held + i128::from(bids + wanted) * symbol.base_per_lot;
            if position > i128::from(symbol.max_position) * symbol.base_per_lot {
                return Err(RejectReason::MaxPosition);
            }
        }
        Ok(())
    }

    pub fn admit_rate(&self, account: AccountId) -> Refusal {
        let (in_10s, in_day) = self.orders_placed(account);
        let owner = &self.accounts[account.0 as usize];
        let pick = |own: u32, venue: u32| if own == 0 { venue } else { own };
        if in_10s >= pick(owner.per_10s, self.limits.orders_per_10s)
            || in_day >= pick(owner.per_day, self.limits.orders_per_day)
        {
            return Err(RejectReason::TooManyOrders);
        }
        Ok(())
    }

    /// Orders that count in the running 10 s and day.
    pub fn orders_placed(&self, account: AccountId) -> (u32, u32) {
        let owner = &self.accounts[account.0 as usize];
        let (window, day) = windows(self.now);
        (
            owner.in_10s.get(&window).copied().unwrap_or(0),
            owner.in_day.get(&day).copied().unwrap_or(0),
        )
    }

    pub fn count_order(&mut self, account: AccountId) {
        let (window, day) = windows(self.now);
        let owner = &mut self.accounts[account.0 as usize];
        *owner.in_10s.entry(window).or_insert(0) += 1;
        *owner.in_day.entry(day).or_insert(0) += 1;
    }

    /// A maker's first fill gives its order back, whenever it was placed.
    pub fn give_back(&mut self, account: AccountId) {
        let (window, day) = windows(self.now);
        let owner = &mut self.accounts[account.0 as usize];
        let counts = [owner.in_10s.get_mut(&window), owner.in_day.get_mut(&day)];
        for count in counts.into_iter().flatten() {
            *count = count.saturating_sub(1);
        }
    }

    pub fn admit_duplicate(&self, order: &PlaceOrderV1) -> Refusal {
        if self.seen_request(order.account, order.request)
            || self.client_is_open(order.account, order.symbol, order.client_order)
        {
            return Err(RejectReason::DuplicateOrder);
        }
        Ok(())
    }

    pub fn client_is_open(
        &self,
        account: AccountId,
        symbol: SymbolId,
        client: ClientOrderId,
    ) -> bool {
        let listed = &self.symbols[symbol.0 as usize];
        !client.is_empty()
            && listed
                .bids
                .values()
                .chain(listed.asks.values())
                .flatten()
                .any(|order| order.account == account && order.client == client)
    }

    pub fn admit_money(&self, order: &PlaceOrderV1) -> Refusal {
        let symbol = &self.symbols[order.symbol.0 as usize];
        let quote_free = self.balance(order.account, symbol.quote).0;
        let base_free = self.balance(order.account, symbol.base).0;
        let base_of = |qty: i64| i128::from(qty) * symbol.base_per_lot;
        let enough = match (order.order_type, order.side, order.size()) {
            (OrderType::Market, Side::Buy, OrderSize::Base(_)) => {
                quote_free >= self.sweep(order).costs()
            }
            (OrderType::Market, Side::Buy, OrderSize::Quote(amount)) => quote_free >= amount.0,
            (OrderType::Market, Side::Sell, OrderSize::Quote(_)) => {
                base_free >= base_of(self.sweep(order).gives())
            }
            (_, Side::Sell, _) => base_free >= base_of(order.qty.0),
            (_, Side::Buy, _) => quote_free >= symbol.quote_of(order.price.0, order.qty.0),
        };
        if enough {
            Ok(())
        } else {
            Err(RejectReason::InsufficientBalance)
        }
    }

    pub fn admit_maker(&self, order: &PlaceOrderV1) -> Refusal {
        let symbol = &self.symbols[order.symbol.0 as usize];
        let best = symbol
            .queue(order.side.opposite())
            .first()
            .map(|maker| maker.price);
        let crosses = best.is_some_and(|best| meets(order.side, order.price.0, best));
        if order.order_type == OrderType::LimitMaker && crosses {
            return Err(RejectReason::WouldMatch);
        }
        Ok(())
    }

    /// A market order by quote needs something to buy, and money for one step of it.
    pub fn admit_quote_order(&self, order: &PlaceOrderV1) -> Refusal {
        let OrderSize::Quote(amount) = order.size() else {
            return Ok(());
        };
        let symbol = &self.symbols[order.symbol.0 as usize];
        let queue = symbol.queue(order.side.opposite());
        let best = queue.first().ok_or(RejectReason::NoLiquidity)?;
        if symbol.affordable(amount.0, best.price) == 0 {
            return Err(RejectReason::LotSize);
        }
        Ok(())
    }

    /// What would trade now, self-trade prevention included; changes nothing.
    pub fn sweep(&self, order: &PlaceOrderV1) -> Sweep {
        let symbol = &self.symbols[order.symbol.0 as usize];
        let limit = (order.order_type != OrderType::Market).then_some(order.price.0);
        let mut left = order.qty.0;
        let mut budget = match order.size() {
            OrderSize::Quote(amount) => Some(Budget::new(amount.0)),
            OrderSize::Base(_) => None,
        };
        let mut sweep = Sweep::default();
        for maker in symbol.queue(order.side.opposite()) {
            if limit.is_some_and(|limit| !meets(order.side, limit, maker.price)) {
                break;
            }
            let wanted = budget
                .as_mut()
                .map_or(left, |budget| budget.wanted(symbol, maker.price));
            if wanted == 0 {
                break;
            }
            let qty = wanted.min(maker.open);
            let own = self.same_owner(maker.account, order.account);
            let transfer = SelfTradePrevention::Transfer;
            let moves = own && maker.account != order.account && maker.self_trade == transfer;
            match order.self_trade {
                SelfTradePrevention::ExpireTaker | SelfTradePrevention::ExpireBoth if own => {
                    break;
                }
                SelfTradePrevention::ExpireMaker if own => continue,
                SelfTradePrevention::Decrement | SelfTradePrevention::Transfer if own => {
                    sweep.prevented += qty;
                    if moves && order.self_trade == transfer {
                        sweep.moved += qty;
                        sweep.moved_quote += symbol.quote_of(maker.price, qty);
                    }
                }
                _ => {
                    sweep.filled += qty;
                    sweep.quote += symbol.quote_of(maker.price, qty);
                }
            }
            match &mut budget {
                Some(budget) => budget.spend(symbol, qty),
                None => left -= qty,
            }
        }
        sweep
    }
}

/// The money of a market order by quote, and what of the present level it still wants.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    money: i128,
    /// 0 before the first level.
    price: i64,
    level: i64,
}

impl Budget {
    pub fn new(money: i128) -> Budget {
        Budget {
            money,
            price: 0,
            level: 0,
        }
    }

    /// Per level floor(rest / price) to the step, calculated once.
    pub fn wanted(&mut self, symbol: &Symbol, price: i64) -> i64 {
        if self.price != price {
            self.price = price;
            self.level = symbol.affordable(self.money, price);
        }
        self.level
    }

    pub fn spend(&mut self, symbol: &Symbol, qty: i64) {
        self.money -= symbol.quote_of(self.price, qty);
        self.level -= qty;
    }

    /// Whether the rest buys less than a step at the price last looked at.
    pub fn is_spent(&self, symbol: &Symbol) -> bool {
        symbol.affordable(self.money, self.price) == 0
    }
}

impl Symbol {
    fn price_in_filter(&self, price: i64) -> Refusal {
        let filter = &self.price;
        let low = price <= 0 || price < filter.min.0;
        let high = filter.max.0 > 0 && price > filter.max.0;
        let off = filter.tick.0 > 0 && price % filter.tick.0 != 0;
        if low || high || off {
            Err(RejectReason::PriceFilter)
        } else {
            Ok(())
        }
    }

    /// How much a market order by quote takes for so much money at one price: whole steps.
    pub fn affordable(&self, money: i128, price: i64) -> i64 {
        let step = i128::from(self.lot.step.0.max(1));
        let lots = money / self.quote_of(price, 1) / step * step;
        i64::try_from(lots).unwrap_or(i64::MAX)
    }
}

/// Which 10 s and which day a time falls into.
pub fn windows(time: TimeNs) -> (u64, u64) {
    (time.0 / TEN_SECONDS_NS, time.0 / DAY_NS)
}

/// Whether a taker of `side` limited at `limit` trades with a maker at `price`.
pub fn meets(side: Side, limit: i64, price: i64) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}

pub fn in_lot(qty: i64, filter: &LotSize, reason: RejectReason) -> Refusal {
    let low = qty <= 0 || qty < filter.min.0;
    let high = filter.max.0 > 0 && qty > filter.max.0;
    let off = filter.step.0 > 0 && qty % filter.step.0 != 0;
    if low || high || off {
        Err(reason)
    } else {
        Ok(())
    }
}

/// Type, time in force, price and quantities must make sense together.
fn shape(order: &PlaceOrderV1) -> Refusal {
    let by_quote = order.quote_qty.0 != 0;
    let sensible = match order.order_type {
        OrderType::Market => {
            order.price.0 == 0
                && order.qty.0 >= 0
                && by_quote == (order.qty.0 == 0)
                && order.quote_qty.0 >= 0
        }
        OrderType::Limit => !by_quote,
        OrderType::LimitMaker => !by_quote && order.time_in_force == TimeInForce::Gtc,
        _ => false,
    };
    if sensible {
        Ok(())
    } else {
        Err(RejectReason::InvalidOrder)
    }
}
