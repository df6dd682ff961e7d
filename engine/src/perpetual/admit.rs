//! Whether an order on a perpetual may enter: every reason to refuse, in order.

use schemas::command::PlaceOrderV1;
use schemas::ids::SymbolId;
use schemas::instrument::{
    AccountState, OrderType, Side, SymbolKind, SymbolState, TimeInForce, VenueState,
};
use schemas::margin;
use schemas::perpetual::{PerpetualTerms, PositionSide, PriceMatch};
use schemas::perpetual_command::PlacePerpetualV1;
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty, RATE_ONE};

use super::Pool;
use super::pool::worth;
use crate::apply::Engine;
use crate::clearing::fees::fee_rounded_up_to_exchange;
use crate::risk::filters::{lot_holds, price_holds};
use crate::trace::{Note, Trace};

/// An order as it may enter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fitted {
    /// Its price is known, and a reduce-only quantity is clipped.
    pub order: PlaceOrderV1,
    pub terms: PerpetualTerms,
    pub client_tag: u32,
    /// A fill-or-kill order that would fall short.
    pub killed: bool,
}

/// An order that is changed: what it counts now is counted as gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counted {
    pub orders: u32,
    pub lots: i128,
}

impl<T: Trace> Engine<T> {
    pub(crate) fn admit_perpetual(
        &mut self,
        command: &PlacePerpetualV1,
    ) -> Result<Fitted, RejectReason> {
        let mut order = command.order;
        let terms = command.terms;
        self.check_window(order.valid_until)?;
        self.check_perpetual_open(&order)?;
        let account = &self.state.accounts[order.account.0 as usize];
        if !account.may_order(&self.state.limits, &self.windows) {
            return Err(RejectReason::TooManyOrders);
        }
        check_shape(command, self.state.now.0)?;
        if terms.price_match != PriceMatch::None {
            order.price = self.matched_price(order.symbol, order.side, terms.price_match)?;
        }
        self.check_perpetual_filters(&order, terms.reduce_only, Counted::default())?;
        self.check_position_side(&order, &terms)?;
        let client_tag = self.free_tag(order.account, order.symbol, &order.client_order)?;
        self.check_request(order.account, &order.request)?;
        if self.state.perpetuals.is_due(order.account) {
            return Err(RejectReason::Liquidating);
        }
        if is_reducing(&order, &terms) {
            order.qty = self.clipped(&order, terms.position_side)?;
        } else {
            self.check_margin(&order, terms.position_side, Counted::default())?;
        }
        if order.order_type == OrderType::LimitMaker && self.would_match(&order) {
            return Err(RejectReason::WouldMatch);
        }
        let killed = order.time_in_force == TimeInForce::Fok && self.falls_short(&order);
        Ok(Fitted {
            order,
            terms,
            client_tag,
            killed,
        })
    }

    /// Symbol, venue, account, and the first index price.
    pub(crate) fn check_perpetual_open(&self, order: &PlaceOrderV1) -> Result<(), RejectReason> {
        let listed = self.state.symbol(order.symbol);
        let listed = listed.ok_or(RejectReason::UnknownSymbol)?;
        let is_open = listed.state == SymbolState::Trading
            && self.state.venue == VenueState::Open
            && listed.kind == SymbolKind::Perpetual;
        if !is_open {
            return Err(RejectReason::MarketClosed);
        }
        let account = self.state.account(order.account);
        let account = account.ok_or(RejectReason::UnknownAccount)?;
        if order.account.is_venue() {
            return Err(RejectReason::VenueAccount);
        }
        if account.state == AccountState::Frozen {
            return Err(RejectReason::AccountFrozen);
        }
        let contract = self.state.perpetuals.contracts.get(&order.symbol);
        let is_priced = contract.is_some_and(|it| it.mark.is_some() && it.table.is_some());
        match is_priced {
            true => Ok(()),
            false => Err(RejectReason::NoIndexPrice),
        }
    }

    /// The filters that perpetuals have; percent of the mark price.
    pub(crate) fn check_perpetual_filters(
        &mut self,
        order: &PlaceOrderV1,
        reduce_only: bool,
        gone: Counted,
    ) -> Result<(), RejectReason> {
        let symbol = self.state.symbols[order.symbol.0 as usize];
        let contract = &self.state.perpetuals.contracts[&order.symbol];
        let mark = contract.mark.ok_or(RejectReason::NoIndexPrice)?;
        let is_market = order.order_type == OrderType::Market;
        let price = if is_market { mark } else { order.price };
        if !is_market && !price_holds(&symbol.price, price) {
            return Err(RejectReason::PriceFilter);
        }
        if !lot_holds(&symbol.lot, order.qty) {
            return Err(RejectReason::LotSize);
        }
        if is_market && !lot_holds(&symbol.market_lot, order.qty) {
            return Err(RejectReason::MarketLotSize);
        }
        let notional = self.priced(&symbol.market, price, order.qty)?;
        let filter = symbol.notional;
        let binds = !is_market || filter.apply_min_to_market;
        if binds && !reduce_only && notional < filter.min {
            return Err(RejectReason::Notional);
        }
        if filter.max != Amount::ZERO && notional > filter.max {
            return Err(RejectReason::Notional);
        }
        if !is_market {
            let (up, down) = match order.side {
                Side::Buy => (symbol.percent.bid_up, symbol.percent.bid_down),
                Side::Sell => (symbol.percent.ask_up, symbol.percent.ask_down),
            };
            let (price, mark) = (i128::from(price.0) * 10_000, i128::from(mark.0));
            if price < mark * i128::from(down) || (up != 0 && price > mark * i128::from(up)) {
                self.trace.note(Note::Failed {
                    rule: "PERCENT_PRICE",
                });
                return Err(RejectReason::PercentPrice);
            }
        }
        let seats = &self.state.seats;
        let seat = seats.find(&self.state.tags, order.account, order.symbol);
        let count = seat.map_or(0, |place| seats.get(place).count) - gone.orders;
        if symbol.max_num_orders != 0 && count >= symbol.max_num_orders {
            return Err(RejectReason::MaxNumOrders);
        }
        Ok(())
    }

    /// The side of the position fits the account's mode.
    pub(crate) fn check_position_side(
        &self,
        order: &PlaceOrderV1,
        terms: &PerpetualTerms,
    ) -> Result<(), RejectReason> {
        let trader = self.state.perpetuals.trader(order.account);
        let is_hedging = trader.is_some_and(|trader| trader.hedge);
        if is_hedging != (terms.position_side != PositionSide::Both) {
            return Err(RejectReason::PositionSide);
        }
        if is_hedging && terms.reduce_only {
            return Err(RejectReason::InvalidOrder);
        }
        Ok(())
    }

    /// What a reduce-only order can close at most.
    ///
    /// # Errors
    /// ReduceOnly when it would open or turn a position.
    fn clipped(&self, order: &PlaceOrderV1, side: PositionSide) -> Result<Qty, RejectReason> {
        let contract = &self.state.perpetuals.contracts[&order.symbol];
        let size = contract.leg(order.account, side).holding.size.0;
        let closes = match order.side {
            Side::Buy => -size,
            Side::Sell => size,
        };
        if closes <= 0 {
            return Err(RejectReason::ReduceOnly);
        }
        Ok(Qty(order.qty.0.min(closes)))
    }

    /// RULES, Perpetuals: initial margin, open loss and taker fee, then brackets and bounds.
    /// An order that does not raise what is needed is never refused for margin.
    pub(crate) fn check_margin(
        &mut self,
        order: &PlaceOrderV1,
        side: PositionSide,
        gone: Counted,
    ) -> Result<(), RejectReason> {
        let symbol = &self.state.symbols[order.symbol.0 as usize];
        let market = symbol.market;
        let contract = &self.state.perpetuals.contracts[&order.symbol];
        let mark = contract.mark.ok_or(RejectReason::NoIndexPrice)?;
        let leg = contract.leg(order.account, side);
        let leverage = contract.leverage(order.account);
        let before = margin::exposure(leg.holding.size, leg.bids, leg.asks);
        let qty = i128::from(order.qty.0);
        let (mut bids, mut asks) = (leg.bids, leg.asks);
        match order.side {
            Side::Buy => bids += qty - gone.lots,
            Side::Sell => asks += qty - gone.lots,
        }
        let after = margin::exposure(leg.holding.size, bids, asks);
        // Whatever happens to these lots, at whatever price of this range, can be counted.
        let most = (contract.longs + after + qty).saturating_mul(4);
        let highest = Price(order.price.0.max(mark.0));
        margin::value(most, highest, market.quote_per_tick_lot).ok_or(RejectReason::SymbolFault)?;
        if after <= before {
            return Ok(());
        }
        let (loss, fee) = self.cost_of_entry(order, mark);
        let contract = &self.state.perpetuals.contracts[&order.symbol];
        let needed = |lots| {
            let notional = Amount(worth(lots, mark, &market));
            margin::margin_rounded_up(notional, leverage).0
        };
        let (now, then) = (needed(before), needed(after));
        let sums = self.pool(Pool::Cross(order.account, market.quote));
        let left = sums.available() - (then - now) - loss - fee;
        self.trace.note(Note::Margin {
            account: order.account,
            symbol: order.symbol,
            needed: Amount(then),
            left: Amount(left),
        });
        if left < 0 {
            return Err(RejectReason::InsufficientMargin);
        }
        let notional = Amount(worth(after, mark, &market));
        let cap = contract
            .table
            .as_ref()
            .and_then(|it| it.notional_max(leverage));
        if cap.is_some_and(|cap| notional > cap) {
            return Err(RejectReason::LeverageLimit);
        }
        let spec = &contract.spec;
        let over = |bound: Qty, lots: i128| bound != Qty::ZERO && lots > i128::from(bound.0);
        if over(spec.max_position, after) || over(spec.max_open_interest, contract.longs + qty) {
            return Err(RejectReason::MaxOpenInterest);
        }
        Ok(())
    }

    /// What the order loses against the mark price when it fills, and its taker fee.
    fn cost_of_entry(&self, order: &PlaceOrderV1, mark: Price) -> (i128, i128) {
        let symbol = &self.state.symbols[order.symbol.0 as usize];
        let market = symbol.market;
        let rate = self.rates_of(order.account, symbol).taker;
        let (lots, quote) = match order.order_type {
            OrderType::Market => {
                let swept = self.sweep(order);
                (swept.executed, swept.quote.0)
            }
            _ => (order.qty, worth(order.qty.0.into(), order.price, &market)),
        };
        let value = worth(lots.0.into(), mark, &market);
        let loss = match order.side {
            Side::Buy => quote - value,
            Side::Sell => value - quote,
        };
        let fee = fee_rounded_up_to_exchange(Amount(quote), rate).0;
        debug_assert!(fee <= quote.max(1) * RATE_ONE, "a rate is below 100 %");
        (loss.max(0), fee.max(0))
    }

    /// RULES, priceMatch: the n-th best price of a side.
    pub(crate) fn matched_price(
        &self,
        symbol: SymbolId,
        side: Side,
        by: PriceMatch,
    ) -> Result<Price, RejectReason> {
        let (side, number) = match by {
            PriceMatch::None => return Err(RejectReason::InvalidOrder),
            PriceMatch::Opponent => (side.opposite(), 1),
            PriceMatch::Opponent5 => (side.opposite(), 5),
            PriceMatch::Opponent10 => (side.opposite(), 10),
            PriceMatch::Opponent20 => (side.opposite(), 20),
            PriceMatch::Queue => (side, 1),
            PriceMatch::Queue5 => (side, 5),
            PriceMatch::Queue10 => (side, 10),
            PriceMatch::Queue20 => (side, 20),
        };
        let books = &self.state.books;
        let mut at = books.best(symbol, side);
        let (mut seen, mut last) = (0, None);
        while let Some(handle) = at {
            let price = books.orders.get(handle).price;
            if last != Some(price) {
                (seen, last) = (seen + 1, Some(price));
            }
            if seen == number {
                return Ok(price);
            }
            at = books.after(handle);
        }
        Err(RejectReason::NoPriceMatch)
    }
}

/// Whether the order can only make a position smaller: by its flag, or in hedge mode by its
/// side.
pub(crate) fn is_reducing(order: &PlaceOrderV1, terms: &PerpetualTerms) -> bool {
    terms.reduce_only || closes(order.side, terms.position_side)
}

/// In hedge mode a sell closes the long position and a buy the short one.
pub(crate) fn closes(side: Side, position: PositionSide) -> bool {
    matches!(
        (side, position),
        (Side::Sell, PositionSide::Long) | (Side::Buy, PositionSide::Short)
    )
}

/// Type, time in force, price, quantity and terms fit together.
fn check_shape(command: &PlacePerpetualV1, now_ns: u64) -> Result<(), RejectReason> {
    let (order, terms) = (&command.order, &command.terms);
    let is_matched = terms.price_match != PriceMatch::None;
    let type_fits = match order.order_type {
        OrderType::Limit => true,
        OrderType::LimitMaker => order.time_in_force == TimeInForce::Gtc,
        OrderType::Market => order.price == Price::ZERO && !is_matched,
        _ => false,
    };
    let date_fits = terms.good_till.0 == 0
        || (terms.good_till.0 > now_ns
            && order.order_type == OrderType::Limit
            && order.time_in_force == TimeInForce::Gtc);
    let fits = type_fits
        && date_fits
        && order.quote_qty == Amount::ZERO
        && order.qty.0 >= 0
        && order.price.0 >= 0
        && (!is_matched || order.price == Price::ZERO)
        && !terms.close_position
        && command.stop_price == Price::ZERO
        && command.callback == 0;
    match fits {
        true => Ok(()),
        false => Err(RejectReason::InvalidOrder),
    }
}
