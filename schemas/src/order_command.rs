//! Commands for orders with terms: contingent, trailing, iceberg, in lists, by countdown.
//!
//! The plain order ([`PlaceOrderV1`]) stays the small one of the hot path. What is archived
//! is fixed in size, so absent parts are zero or empty in it, as their docs say; accessors
//! give an `Option`.
//!
//! What the engine makes of them (RULES where Binance's documents are silent):
//!
//! * **Contingent.** Funds are put on hold at placement: a limit at its price, a market sell
//!   its quantity, a market buy `stop_price` (or, trailing without one, the last price) x qty.
//!   The stop price has to lie on the right side of the last price ([`RejectReason`]
//!   WouldTrigger); without any trade so far every stop price is accepted. It is set off by
//!   the first trade whose price reaches it, in the same command after the trade loop, in
//!   the order in which the price reaches the triggers, then first come; then it acts as a
//!   new order that was admitted already. A market buy whose sweep costs more than its owner
//!   has free then, expires. Triggers sleep while the symbol or the venue is not open.
//! * **Trailing** (`trailing_delta` in BIPS). It starts to track at the first trade that
//!   reaches `stop_price`, or at once when there is none; it is set off when the price
//!   comes back from the best price seen by the delta, compared exactly.
//! * **Iceberg.** Only `iceberg_qty` of the rest stands in the book; when that part is
//!   traded away the next one joins the queue last.
//! * **Lists.** OCO: when one leg trades or is set off the other one expires, in the same
//!   command; both share one hold, that of the one that needs more. OTO, OTOCO: pending
//!   orders hold nothing; they are placed when the working order is FILLED, with every check
//!   of a new order, and expire when one fails. Cancelling one order cancels the list; a
//!   working order that ends otherwise expires its pending ones. Each leg counts as an
//!   order; none is amended by itself (InOrderList).
//! * **One pays the other** (OPO, OPOCO: `PlacePayingList`). An OTO or OTOCO whose working order
//!   buys and whose pending orders sell; these come with quantity zero. What each trade of the
//!   working order brings is on hold for them at once: all of it while the commission can be
//!   taken from what else is free, else what is left of it. When the working order is FILLED the
//!   sum, rounded down to whole steps of the lot filters and to their largest quantity, is the
//!   quantity of each pending order, and the rest is free. Then, not before, the filters judge
//!   it. When the list ends before, what was on hold is free again.
//!
//! [`RejectReason`]: crate::reject::RejectReason

use rkyv::{Archive, Deserialize, Serialize};

use crate::command::{CancelOrderV1, OrderRef, PlaceOrderV1, RequestDigest};
use crate::ids::{AccountId, ClientOrderId, OrderListId, SymbolId};
use crate::instrument::{
    CancelReplaceMode, CancelRestriction, ContingencyType, OrderType, SelfTradePrevention, Side,
    TimeInForce,
};
use crate::units::{Price, Qty, TimeNs};
use crate::wire::wire_struct;

/// What an order has beyond a plain one. All zero: nothing.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OrderTerms {
    /// The trigger, or of a trailing order the price from which it tracks; zero = none.
    pub stop_price: Price,
    /// What stands in the book at a time; zero = all of it.
    pub iceberg_qty: Qty,
    /// The client's label; zero = none.
    pub strategy_id: u64,
    /// The client's label; zero = none.
    pub strategy_type: u32,
    /// In BIPS (1e-4); zero = not trailing.
    pub trailing_delta: u32,
}
wire_struct!(OrderTerms {
    stop_price,
    iceberg_qty,
    strategy_id,
    strategy_type,
    trailing_delta
});

impl OrderTerms {
    /// The stop price, if one was given.
    #[inline]
    pub fn stop_price(&self) -> Option<Price> {
        (self.stop_price != Price::ZERO).then_some(self.stop_price)
    }

    /// The visible part, if it is an iceberg.
    #[inline]
    pub fn iceberg_qty(&self) -> Option<Qty> {
        (self.iceberg_qty != Qty::ZERO).then_some(self.iceberg_qty)
    }

    /// The delta in BIPS, if it trails.
    #[inline]
    pub fn trailing_delta(&self) -> Option<u32> {
        (self.trailing_delta != 0).then_some(self.trailing_delta)
    }

    /// The client's strategy id, if it gave one.
    #[inline]
    pub fn strategy_id(&self) -> Option<u64> {
        (self.strategy_id != 0).then_some(self.strategy_id)
    }

    /// The client's strategy type, if it gave one.
    #[inline]
    pub fn strategy_type(&self) -> Option<u32> {
        (self.strategy_type != 0).then_some(self.strategy_type)
    }
}

/// A new order with terms. `order.order_type` may be any; LIMIT, LIMIT_MAKER and MARKET may
/// have labels, the first two may be icebergs (time in force GTC). STOP_LOSS and
/// TAKE_PROFIT have `order.qty`, price 0, no quote quantity and time in force GTC.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlaceOrderWithTermsV1 {
    pub order: PlaceOrderV1,
    pub terms: OrderTerms,
}

/// Cancel one order if it has a status.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelOrderIfV1 {
    pub cancel: CancelOrderV1,
    pub restriction: CancelRestriction,
}

/// As [`crate::command::CancelReplaceV1`], for a new order with terms or a restricted
/// cancel. The cancel of an order of a list cancels the list.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelReplaceWithTermsV1 {
    /// The new order; its account and symbol are also those of the cancelled one.
    pub new: PlaceOrderWithTermsV1,
    pub target: OrderRef,
    pub cancel_client: ClientOrderId,
    pub mode: CancelReplaceMode,
    pub restriction: CancelRestriction,
}

/// One order of a list.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListLegV1 {
    /// Zero for an order that acts as a market order.
    pub price: Price,
    /// In base; a market order by quote cannot be in a list.
    pub qty: Qty,
    pub terms: OrderTerms,
    pub client_order: ClientOrderId,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
}

impl ListLegV1 {
    /// The third leg of a list of two.
    pub const NONE: ListLegV1 = ListLegV1 {
        price: Price::ZERO,
        qty: Qty::ZERO,
        terms: OrderTerms {
            stop_price: Price::ZERO,
            iceberg_qty: Qty::ZERO,
            strategy_id: 0,
            strategy_type: 0,
            trailing_delta: 0,
        },
        client_order: ClientOrderId::EMPTY,
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
    };
}

/// A new order list, accepted or refused whole.
///
/// OCO: `legs` are above and below, both with the same side and quantity, one of them
/// STOP_LOSS or STOP_LOSS_LIMIT and the other LIMIT_MAKER, TAKE_PROFIT or
/// TAKE_PROFIT_LIMIT; the old form of the endpoint maps to it (SELL: LIMIT_MAKER above, stop
/// below; BUY the other way). OTO: working (LIMIT, LIMIT_MAKER) and pending (any type).
/// OTOCO: working, then the pending pair as in an OCO.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlaceOrderListV1 {
    /// Those beyond [`ContingencyType::legs`] are [`ListLegV1::NONE`].
    pub legs: [ListLegV1; 3],
    pub valid_until: TimeNs,
    pub account: AccountId,
    pub symbol: SymbolId,
    pub request: RequestDigest,
    /// Unique among the account's open lists on the whole venue; empty = none.
    pub list_client: ClientOrderId,
    pub contingency: ContingencyType,
    pub self_trade: SelfTradePrevention,
}

impl PlaceOrderListV1 {
    /// One leg as an order of its own.
    #[inline]
    pub fn leg(&self, index: usize) -> PlaceOrderWithTermsV1 {
        let leg = &self.legs[index];
        PlaceOrderWithTermsV1 {
            order: PlaceOrderV1 {
                quote_qty: crate::units::Amount::ZERO,
                price: leg.price,
                qty: leg.qty,
                valid_until: self.valid_until,
                account: self.account,
                symbol: self.symbol,
                request: RequestDigest::default(),
                client_order: leg.client_order,
                side: leg.side,
                order_type: leg.order_type,
                time_in_force: leg.time_in_force,
                self_trade: self.self_trade,
            },
            terms: leg.terms,
        }
    }
}

/// Cancel every order of a list: by number (0 = not given), by the client's id (empty = not
/// given), or by both, which must then name the same list.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelOrderListV1 {
    pub list: OrderListId,
    pub valid_until: TimeNs,
    pub account: AccountId,
    pub symbol: SymbolId,
    pub list_client: ClientOrderId,
    /// What the client calls this cancel.
    pub cancel_client: ClientOrderId,
}

/// Cancel every open order of the account on the symbol `after_ns` from this frame's time,
/// unless set again before; 0 = switch the countdown off.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetCountdownV1 {
    pub after_ns: u64,
    pub valid_until: TimeNs,
    pub account: AccountId,
    pub symbol: SymbolId,
}
