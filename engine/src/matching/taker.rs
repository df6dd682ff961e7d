//! The order that walks, and the one function that decides its next step.

use schemas::command::{OrderSize, PlaceOrderV1};
use schemas::ids::{AccountId, ClientOrderId, OrderId};
use schemas::instrument::{OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

use crate::book::order::Order;
use crate::protection::fence::Fence;
use crate::risk::filters::step_of;
use crate::state::{Market, Symbol};

/// An order on its walk through the opposite side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Taker {
    pub market: Market,
    pub order: OrderId,
    pub account: AccountId,
    pub client_order: ClientOrderId,
    pub client_tag: u32,
    pub created: TimeNs,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTradePrevention,
    /// A market order by quote: `left` means nothing and `quote_left` rules.
    pub by_quote: bool,
    /// It lies aside in the slab while it walks.
    pub aside: bool,
    /// The last step was a decrement.
    pub decremented: bool,
    /// Self-trade prevention ended it.
    pub expired_in_match: bool,
    /// The worst price it trades at; of a market order, beyond every price.
    pub limit: Price,
    /// The worst price that the symbol's protection lets it trade at.
    pub fence: Fence,
    pub qty: Qty,
    pub left: Qty,
    pub quote_left: Amount,
    /// By quote: the price at which `level_left` was calculated.
    pub level_price: Price,
    pub level_left: Qty,
    /// By quote: quantities are cut to a multiple of this.
    pub step: i64,
    pub executed: Qty,
    pub quote: Amount,
    pub prevented: Qty,
    /// The trade group of its account; zero = none. It may have changed when it walks again.
    pub group: u32,
    /// What TRANSFER moved within the group, in base and in quote.
    pub moved_qty: Qty,
    pub moved_quote: Amount,
    /// What a market order may use up at most, in atoms of what it pays with.
    pub reserve: Amount,
    pub rate: Rate,
}

/// What happens between a taker and the best maker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// They do not trade, and nobody behind the maker will.
    Stop,
    Fill(Qty),
    ExpireTaker,
    ExpireMaker,
    ExpireBoth,
    Decrement(Qty),
    /// As a decrement, and the quantity moves within the group.
    Transfer(Qty),
}

impl Taker {
    /// The order at the start of its walk.
    #[inline]
    pub(crate) fn new(order: &PlaceOrderV1, symbol: &Symbol) -> Taker {
        let (by_quote, quote_left) = match order.size() {
            OrderSize::Base(_) => (false, Amount::ZERO),
            OrderSize::Quote(quote) => (true, quote),
        };
        let limit = match (order.order_type, order.side) {
            (OrderType::Market, Side::Buy) => Price(i64::MAX),
            (OrderType::Market, Side::Sell) => Price::ZERO,
            _ => order.price,
        };
        Taker {
            market: symbol.market,
            order: OrderId(symbol.next_order),
            account: order.account,
            client_order: order.client_order,
            client_tag: 0,
            created: TimeNs(0),
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
            by_quote,
            aside: false,
            decremented: false,
            expired_in_match: false,
            limit,
            fence: Fence::none(order.side),
            qty: order.qty,
            left: order.qty,
            quote_left,
            level_price: Price::ZERO,
            level_left: Qty::ZERO,
            step: step_of(symbol),
            executed: Qty::ZERO,
            quote: Amount::ZERO,
            prevented: Qty::ZERO,
            group: 0,
            moved_qty: Qty::ZERO,
            moved_quote: Amount::ZERO,
            reserve: Amount::ZERO,
            rate: symbol.taker,
        }
    }

    /// A resting order that walks again.
    pub(crate) fn of_order(order: &Order, symbol: &Symbol) -> Taker {
        Taker {
            market: symbol.market,
            order: order.id,
            account: order.account,
            client_order: ClientOrderId::EMPTY,
            client_tag: order.client_tag,
            created: TimeNs(0),
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
            by_quote: false,
            aside: false,
            decremented: false,
            expired_in_match: false,
            limit: order.price,
            fence: Fence::none(order.side),
            qty: order.open,
            left: order.open,
            quote_left: Amount::ZERO,
            level_price: Price::ZERO,
            level_left: Qty::ZERO,
            step: step_of(symbol),
            executed: Qty::ZERO,
            quote: Amount::ZERO,
            prevented: Qty::ZERO,
            group: 0,
            moved_qty: Qty::ZERO,
            moved_quote: Amount::ZERO,
            reserve: Amount::ZERO,
            rate: symbol.taker,
        }
    }

    /// Whether it trades at a maker's price.
    #[inline]
    pub(crate) fn reaches(&self, price: Price) -> bool {
        match self.side {
            Side::Buy => price <= self.limit.min(self.fence.price),
            Side::Sell => price >= self.limit.max(self.fence.price),
        }
    }

    /// How much it wants at that price.
    #[inline]
    fn wanted(&mut self, price: Price) -> Qty {
        if !self.by_quote {
            return self.left;
        }
        if self.level_price != price {
            self.level_price = price;
            self.level_left = affordable(&self.market, self.quote_left, (price, self.step));
        }
        self.level_left
    }

    /// Takes a quantity off what it still wants.
    #[inline]
    fn shrink(&mut self, qty: Qty, quote: Amount) {
        if self.by_quote {
            self.quote_left.0 -= quote.0;
            self.level_left.0 -= qty.0;
        } else {
            self.left.0 -= qty.0;
        }
    }

    /// A fill happened.
    #[inline]
    pub(crate) fn filled(&mut self, qty: Qty, quote: Amount) {
        self.shrink(qty, quote);
        self.decremented = false;
        self.executed.0 += qty.0;
        self.quote.0 += quote.0;
    }

    /// Self-trade prevention took a quantity off it.
    #[inline]
    pub(crate) fn prevented(&mut self, qty: Qty, quote: Amount) {
        self.shrink(qty, quote);
        self.decremented = true;
        self.prevented.0 += qty.0;
    }

    /// Nothing of it is left to trade; by quote: what is left buys less than a step at the
    /// price just looked at.
    #[inline]
    pub(crate) fn is_satisfied(&self) -> bool {
        if self.by_quote {
            let at = (self.level_price, self.step);
            let began = self.executed != Qty::ZERO || self.decremented;
            began && affordable(&self.market, self.quote_left, at) == Qty::ZERO
        } else {
            self.left == Qty::ZERO
        }
    }
}

/// The one decision of matching. It writes nothing but the taker's own sums by level.
#[inline]
pub(crate) fn next_step(taker: &mut Taker, maker: &Order) -> Step {
    if !taker.reaches(maker.price) {
        return Step::Stop;
    }
    let wanted = taker.wanted(maker.price);
    if wanted == Qty::ZERO {
        return Step::Stop;
    }
    let qty = wanted.min(maker.open);
    if maker.account != taker.account {
        return Step::Fill(qty);
    }
    prevention(taker.self_trade, qty)
}

/// What a taker's mode makes of a match with its own.
#[inline]
pub(crate) fn prevention(mode: SelfTradePrevention, qty: Qty) -> Step {
    match mode {
        SelfTradePrevention::None => Step::Fill(qty),
        SelfTradePrevention::ExpireTaker => Step::ExpireTaker,
        SelfTradePrevention::ExpireMaker => Step::ExpireMaker,
        SelfTradePrevention::ExpireBoth => Step::ExpireBoth,
        SelfTradePrevention::Decrement | SelfTradePrevention::Transfer => Step::Decrement(qty),
    }
}

/// The largest multiple of the step that `quote` buys at a price, rounded down.
#[inline]
pub(crate) fn affordable(market: &Market, quote: Amount, (price, step): (Price, i64)) -> Qty {
    let lot_costs = i128::from(price.0) * i128::from(market.quote_per_tick_lot);
    let lots = match (u64::try_from(quote.0), u64::try_from(lot_costs)) {
        (Ok(quote), Ok(lot_costs)) => i128::from(quote / lot_costs),
        _ => quote.0 / lot_costs,
    };
    let lots = i64::try_from(lots).unwrap_or(i64::MAX);
    Qty(lots - lots % step)
}
