//! Orders whose price comes from the book (ADR 0029).
//!
//! A **peg** names a level of the book: the best price of the order's own side or of the
//! other one, or one so many levels behind it. It is read once, when the order goes to work:
//! a LIMIT or LIMIT_MAKER at once, a contingent or pending one when it is set off or placed.
//! From then on the price stands. Until then the order is reckoned with `order.price`, else
//! its stop price, else the last price.

use rkyv::{Archive, Deserialize, Serialize};

use crate::ids::{AccountId, OrderId, SymbolId};
use crate::order_command::{CancelReplaceWithTermsV1, PlaceOrderListV1, PlaceOrderWithTermsV1};
use crate::units::Price;
use crate::wire::{numbered, wire_struct};

numbered! {
    /// Which side of the book gives the price.
    PegPriceType {
        /// The order is not pegged.
        None = 0,
        /// The order's own side.
        Primary = 1,
        /// The opposite side.
        Market = 2,
    }
}

/// The level of the book that gives an order its price. All zero: none.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peg {
    pub price_type: PegPriceType,
    /// So many price levels behind the best one, 0 to [`Peg::OFFSET_MAX`].
    pub offset: u8,
}
wire_struct!(Peg { price_type, offset });

impl Peg {
    /// The order has a price of its own.
    pub const NONE: Peg = Peg {
        price_type: PegPriceType::None,
        offset: 0,
    };
    /// The deepest level that may be named.
    pub const OFFSET_MAX: u8 = 100;

    /// Whether there is a peg.
    #[inline]
    pub fn is_some(&self) -> bool {
        self.price_type != PegPriceType::None
    }
}

/// A new order with a peg; `new.order.price` is the worst price it may get, zero = any. Its
/// type is LIMIT (PRIMARY only good till cancelled), LIMIT_MAKER (PRIMARY only),
/// STOP_LOSS_LIMIT or TAKE_PROFIT_LIMIT.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlacePeggedV1 {
    pub new: PlaceOrderWithTermsV1,
    pub peg: Peg,
}

/// As [`CancelReplaceWithTermsV1`], for a new order with a peg. The book is read as after the
/// cancel.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReplacePeggedV1 {
    pub replace: CancelReplaceWithTermsV1,
    pub peg: Peg,
}

/// As [`PlaceOrderListV1`], with a peg for each order or [`Peg::NONE`].
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlacePeggedListV1 {
    pub list: PlaceOrderListV1,
    pub pegs: [Peg; 3],
}

/// Follows the `OrderTermsAccepted` of a pegged order, and again when a waiting one gets its
/// price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderPegged {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub peg: Peg,
    /// The worst price the owner accepts; zero = any.
    pub limit: Price,
    /// The price that it has from here on; zero = the book was not read yet.
    pub price: Price,
}
wire_struct!(OrderPegged {
    symbol,
    order,
    account,
    peg,
    limit,
    price
});

/// What is known of an order's peg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pegged {
    pub peg: Peg,
    /// The worst price the owner accepts; zero = any.
    pub limit: Price,
    /// Zero = the book was not read yet.
    pub price: Price,
}
wire_struct!(Pegged { peg, limit, price });
