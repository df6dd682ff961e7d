//! Accounts of one trade group: what self-trade prevention does between them (ADR 0029).
//!
//! Orders of accounts of one group meet as orders of one account do: the taker's mode
//! decides. Each of the two accounts is told by a `TradePrevented` of its own, in which the
//! other order's quantity is zero; the taker's comes first. TRANSFER, said by both orders,
//! takes the quantity off both as DECREMENT does and moves it with its money between the two
//! accounts: base to the buyer, its notional at the maker's price to the seller. That is no
//! trade: no commission, no last price, no trade id.

use rkyv::{Archive, Deserialize, Serialize};

use crate::ids::{AccountId, OrderId, SymbolId};
use crate::units::{Amount, Price, Qty};
use crate::wire::wire_struct;

/// Puts an account into a trade group; 0 takes it out of any.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetTradeGroupV1 {
    pub account: AccountId,
    pub group: u32,
}

/// TRANSFER moved a prevented quantity and its money between two accounts of a group. Follows
/// what the two accounts are told of the match.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PreventedTransferred {
    pub symbol: SymbolId,
    pub group: u32,
    pub seller: AccountId,
    pub buyer: AccountId,
    pub taker_order: OrderId,
    pub maker_order: OrderId,
    /// The maker's.
    pub price: Price,
    /// To the buyer.
    pub qty: Qty,
    /// To the seller: price x qty in quote atoms.
    pub quote: Amount,
}
wire_struct!(PreventedTransferred {
    symbol,
    group,
    seller,
    buyer,
    taker_order,
    maker_order,
    price,
    qty,
    quote,
});
