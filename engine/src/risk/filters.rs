//! The symbol's filters, in their listed order (RULES, Order of checks).

use schemas::command::{OrderSize, PlaceOrderV1};
use schemas::instrument::{LotSize, OrderType, PriceFilter, Side};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty};

use crate::apply::Engine;
use crate::state::{Market, Symbol};
use crate::trace::{Note, Trace};

/// No price goes beyond this, whatever the filters say, in price units.
pub const PRICE_MAX: Price = Price(1 << 62);
/// Multipliers of PERCENT_PRICE_BY_SIDE are in 1e-4.
const PERCENT_ONE: i128 = 10_000;

/// An order that the new one replaces; it is counted as gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Replaced {
    pub orders: u32,
    pub bids: i128,
    /// Its seat, which the new order would take too.
    pub seat: Option<u32>,
}

impl<T: Trace> Engine<T> {
    /// All filters; on the way the notional of a limit order is calculated.
    ///
    /// # Errors
    /// The first filter that fails; SymbolFault when the notional leaves the ledger's range.
    #[inline]
    pub(crate) fn check_filters(
        &mut self,
        order: &PlaceOrderV1,
        replaced: Replaced,
    ) -> Result<Amount, RejectReason> {
        // One copy is cheaper than a borrow that lives across the notes.
        let index = order.symbol.0 as usize;
        if order.order_type != OrderType::Market {
            let price = order.price;
            let holds = price_holds(&self.state.symbols[index].price, price);
            self.rule("PRICE_FILTER", holds, RejectReason::PriceFilter)?;
        }
        if let OrderSize::Base(qty) = order.size() {
            let holds = lot_holds(&self.state.symbols[index].lot, qty);
            self.rule("LOT_SIZE", holds, RejectReason::LotSize)?;
            if order.order_type == OrderType::Market {
                let holds = lot_holds(&self.state.symbols[index].market_lot, qty);
                self.rule("MARKET_LOT_SIZE", holds, RejectReason::MarketLotSize)?;
            }
        }
        let notional = self.check_notional(order)?;
        if order.order_type != OrderType::Market {
            self.check_percent_price(order)?;
        }
        self.check_seat(order, replaced)?;
        Ok(notional)
    }

    /// The filters that a limit order's price may fail whatever its quantity.
    ///
    /// # Errors
    /// The first filter that fails.
    pub(crate) fn check_price_alone(&mut self, order: &PlaceOrderV1) -> Result<(), RejectReason> {
        let filter = self.state.symbols[order.symbol.0 as usize].price;
        let holds = price_holds(&filter, order.price);
        self.rule("PRICE_FILTER", holds, RejectReason::PriceFilter)?;
        self.check_percent_price(order)
    }

    /// LOT_SIZE alone.
    ///
    /// # Errors
    /// LotSize.
    pub(crate) fn check_lot(&mut self, order: &PlaceOrderV1) -> Result<(), RejectReason> {
        let filter = self.state.symbols[order.symbol.0 as usize].lot;
        let holds = lot_holds(&filter, order.qty);
        self.rule("LOT_SIZE", holds, RejectReason::LotSize)
    }

    /// The filters that a limit order's price may fail, for a price that was not its own
    /// when it was admitted.
    ///
    /// # Errors
    /// The first filter that fails.
    pub(crate) fn check_price_filters(&mut self, order: &PlaceOrderV1) -> Result<(), RejectReason> {
        let filter = self.state.symbols[order.symbol.0 as usize].price;
        let holds = price_holds(&filter, order.price);
        self.rule("PRICE_FILTER", holds, RejectReason::PriceFilter)?;
        self.check_notional(order)?;
        self.check_percent_price(order)
    }

    #[inline]
    fn rule(
        &mut self,
        rule: &'static str,
        holds: bool,
        reason: RejectReason,
    ) -> Result<(), RejectReason> {
        if holds {
            self.trace.note(Note::Passed { rule });
            return Ok(());
        }
        self.trace.note(Note::Failed { rule });
        Err(reason)
    }

    /// NOTIONAL: of a limit order at its price, of a market order at the reference price.
    #[inline]
    fn check_notional(&mut self, order: &PlaceOrderV1) -> Result<Amount, RejectReason> {
        let symbol = &self.state.symbols[order.symbol.0 as usize];
        let (market, filter) = (symbol.market, symbol.notional);
        if order.order_type != OrderType::Market {
            let notional = self.priced(&market, order.price, order.qty)?;
            let low = notional >= filter.min;
            let high = filter.max == Amount::ZERO || notional <= filter.max;
            self.rule("NOTIONAL", low && high, RejectReason::Notional)?;
            return Ok(notional);
        }
        if !filter.apply_min_to_market && !filter.apply_max_to_market {
            return Ok(Amount::ZERO);
        }
        let notional = match order.size() {
            OrderSize::Quote(quote) => quote,
            OrderSize::Base(qty) => match self.reference_price(order.symbol) {
                Some(price) => self.priced(&market, price, qty)?,
                None => return Ok(Amount::ZERO),
            },
        };
        let low = !filter.apply_min_to_market || notional >= filter.min;
        let high =
            !filter.apply_max_to_market || filter.max == Amount::ZERO || notional <= filter.max;
        self.rule("NOTIONAL", low && high, RejectReason::Notional)?;
        Ok(notional)
    }

    /// Quote atoms of an order that is not admitted yet.
    #[inline]
    pub(crate) fn priced(
        &mut self,
        market: &Market,
        price: Price,
        qty: Qty,
    ) -> Result<Amount, RejectReason> {
        let quote = market
            .notional(price, qty)
            .ok_or(RejectReason::SymbolFault)?;
        self.trace.note(Note::Notional {
            symbol: market.symbol,
            price,
            qty,
            quote_per_tick_lot: market.quote_per_tick_lot,
            quote,
        });
        Ok(quote)
    }

    /// PERCENT_PRICE_BY_SIDE; without a reference price it does not apply.
    #[inline]
    fn check_percent_price(&mut self, order: &PlaceOrderV1) -> Result<(), RejectReason> {
        let percent = self.state.symbols[order.symbol.0 as usize].percent;
        let (up, down) = match order.side {
            Side::Buy => (percent.bid_up, percent.bid_down),
            Side::Sell => (percent.ask_up, percent.ask_down),
        };
        if up == 0 && down == 0 {
            return Ok(());
        }
        let Some(reference) = self.reference_price(order.symbol) else {
            return Ok(());
        };
        let price = i128::from(order.price.0) * PERCENT_ONE;
        let reference = i128::from(reference.0);
        let low = price >= reference * i128::from(down);
        let high = up == 0 || price <= reference * i128::from(up);
        let reason = RejectReason::PercentPrice;
        self.rule("PERCENT_PRICE_BY_SIDE", low && high, reason)
    }

    /// MAX_NUM_ORDERS and MAX_POSITION.
    #[inline]
    fn check_seat(&mut self, order: &PlaceOrderV1, replaced: Replaced) -> Result<(), RejectReason> {
        let symbol = &self.state.symbols[order.symbol.0 as usize];
        let (max_num_orders, max_position) = (symbol.max_num_orders, symbol.max_position);
        let bounded_position = max_position != Qty::ZERO && order.side == Side::Buy;
        if max_num_orders == 0 && !bounded_position {
            return Ok(());
        }
        let seats = &self.state.seats;
        let place = replaced
            .seat
            .or_else(|| seats.find(&self.state.tags, order.account, order.symbol));
        let (count, bids) = place.map_or((0, 0), |place| {
            (seats.get(place).count, seats.get(place).bids)
        });
        if max_num_orders != 0 {
            let holds = count - replaced.orders < max_num_orders;
            self.rule("MAX_NUM_ORDERS", holds, RejectReason::MaxNumOrders)?;
        }
        if bounded_position {
            let market = self.state.symbols[order.symbol.0 as usize].market;
            let owned = self.state.ledger.balance(order.account, market.base);
            let wanted = match order.size() {
                OrderSize::Base(qty) => qty,
                OrderSize::Quote(_) => self.sweep(order).base_moved(),
            };
            let lots = bids - replaced.bids + i128::from(wanted.0);
            let would_own = owned.free.0 + owned.held.0 + lots * i128::from(market.lot_atoms);
            let holds = would_own <= market.base_atoms(max_position).0;
            self.rule("MAX_POSITION", holds, RejectReason::MaxPosition)?;
        }
        Ok(())
    }
}

#[inline]
pub(crate) fn price_holds(filter: &PriceFilter, price: Price) -> bool {
    price.0 > 0
        && price <= PRICE_MAX
        && price >= filter.min
        && (filter.max.0 == 0 || price <= filter.max)
        && (filter.tick.0 <= 1 || is_multiple(price.0, filter.tick.0))
}

/// LOT_SIZE and MARKET_LOT_SIZE; a zero disables that part.
#[inline]
pub(crate) fn lot_holds(filter: &LotSize, qty: Qty) -> bool {
    qty.0 > 0
        && qty >= filter.min
        && (filter.max.0 == 0 || qty <= filter.max)
        && (filter.step.0 <= 1 || is_multiple(qty.0, filter.step.0))
}

/// Both positive; the short division is several times faster.
#[inline]
pub(crate) fn is_multiple(number: i64, step: i64) -> bool {
    match (u32::try_from(number), u32::try_from(step)) {
        (Ok(number), Ok(step)) => number % step == 0,
        _ => number % step == 0,
    }
}

/// The quantity step that a market order by quote is cut to: at least one unit.
#[inline]
pub(crate) fn step_of(symbol: &Symbol) -> i64 {
    symbol.lot.step.0.max(1)
}
