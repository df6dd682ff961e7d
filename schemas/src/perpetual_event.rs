//! What happened to perpetual contracts, the positions in them and the futures wallets.
//!
//! An order on a perpetual has the events of every order ([`crate::event`]); its
//! `OrderAccepted` is followed by [`PerpetualAccepted`]. Each `Trade` is followed by one
//! [`TradeSettled`]; both commissions of such a trade are in the quote asset. A reduce-only
//! order that is clipped is told as `OrderAmended`. Positions and wallets that a command
//! moved are told once each, at its end, before the spot balances.

use crate::ids::{AccountId, AssetId, BusinessId, ClientOrderId, OrderId, SymbolId, TradeId};
use crate::instrument::Side;
use crate::perpetual::{
    Holding, MarginType, PerpetualTerms, PositionSide, PriceSource, TakeoverCause, WalletDirection,
};
use crate::units::{Amount, Price, Qty, Rate, TimeNs};
use crate::wire::wire_struct;

/// Follows the `OrderAccepted` of every order on a perpetual.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PerpetualAccepted {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub terms: PerpetualTerms,
    /// Zero = none.
    pub stop_price: Price,
    /// In BIPS; zero = not trailing.
    pub callback: u32,
    /// It sleeps until its trigger is reached.
    pub waits: bool,
}
wire_struct!(PerpetualAccepted {
    symbol,
    order,
    account,
    terms,
    stop_price,
    callback,
    waits
});

/// An order has another price or quantity. It left its level, where `old_open` stood;
/// trades, a rest or an end follow, as of a new order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderModified {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub side: Side,
    pub old_price: Price,
    pub new_price: Price,
    pub old_qty: Qty,
    pub new_qty: Qty,
    pub old_open: Qty,
    pub executed: Qty,
    /// How often it was modified, this time included.
    pub count: u32,
}
wire_struct!(OrderModified {
    symbol,
    order,
    account,
    side,
    old_price,
    new_price,
    old_qty,
    new_qty,
    old_open,
    executed,
    count
});

/// What a trade on a perpetual realised, before commission.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TradeSettled {
    pub symbol: SymbolId,
    pub trade: TradeId,
    pub taker_account: AccountId,
    pub taker_position: PositionSide,
    pub taker_realised: Amount,
    pub maker_account: AccountId,
    pub maker_position: PositionSide,
    pub maker_realised: Amount,
}
wire_struct!(TradeSettled {
    symbol,
    trade,
    taker_account,
    taker_position,
    taker_realised,
    maker_account,
    maker_position,
    maker_realised
});

/// A position is now this. Once per command and position that moved, at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PositionChanged {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub side: PositionSide,
    pub holding: Holding,
}
wire_struct!(PositionChanged {
    account,
    symbol,
    side,
    holding
});

/// A futures wallet is now this. Once per command and (account, asset) that moved, at its
/// end. Also of the venue's accounts: FEES, INSURANCE, ROUNDING, CLEARING, FUTURES.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WalletChanged {
    pub account: AccountId,
    pub asset: AssetId,
    /// What backs the cross positions and can be taken out as far as nothing needs it.
    pub cross: Amount,
    /// What was put beside isolated positions, all together.
    pub isolated: Amount,
}
wire_struct!(WalletChanged {
    account,
    asset,
    cross,
    isolated
});

/// Money moved between the two wallets of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FuturesTransferred {
    pub account: AccountId,
    pub asset: AssetId,
    pub amount: Amount,
    pub direction: WalletDirection,
    pub business: BusinessId,
}
wire_struct!(FuturesTransferred {
    account,
    asset,
    amount,
    direction,
    business
});

/// An index price was set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IndexPriceSet {
    pub symbol: SymbolId,
    pub price: Price,
    pub source: PriceSource,
}
wire_struct!(IndexPriceSet {
    symbol,
    price,
    source
});

/// The mark price is another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MarkPriceChanged {
    pub symbol: SymbolId,
    pub mark: Price,
}
wire_struct!(MarkPriceChanged { symbol, mark });

/// The premium was sampled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PremiumSampled {
    pub symbol: SymbolId,
    /// Of this moment.
    pub premium: Rate,
    /// The funding rate if nothing changed until the slot.
    pub predicted: Rate,
    pub next_funding: TimeNs,
}
wire_struct!(PremiumSampled {
    symbol,
    premium,
    predicted,
    next_funding
});

/// A position paid (negative) or received funding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FundingPaid {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub side: PositionSide,
    pub size: Qty,
    pub amount: Amount,
}
wire_struct!(FundingPaid {
    account,
    symbol,
    side,
    size,
    amount
});

/// A slot's funding is fixed; the payments of every position follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FundingFixed {
    pub symbol: SymbolId,
    /// The slot, or the frame's time when an operator ran it.
    pub slot: TimeNs,
    pub rate: Rate,
    pub mark: Price,
    /// The time-weighted premium it was made of.
    pub premium: Rate,
}
wire_struct!(FundingFixed {
    symbol,
    slot,
    rate,
    mark,
    premium
});

/// A contract ends at a final price; cancels, takeovers and wallets follow, in this and the
/// next frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContractSettled {
    pub symbol: SymbolId,
    pub price: Price,
}
wire_struct!(ContractSettled { symbol, price });

/// Margin was put beside an isolated position, or taken back (negative).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MarginAdjusted {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub side: PositionSide,
    pub amount: Amount,
}
wire_struct!(MarginAdjusted {
    account,
    symbol,
    side,
    amount
});

/// A position of a pool that is called for margin; all of the pool's follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MarginCalled {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub side: PositionSide,
    pub margin_type: MarginType,
    pub holding: Holding,
    pub mark: Price,
    pub unrealised: Amount,
    pub maintenance: Amount,
    /// The cross wallet; zero for an isolated position.
    pub cross: Amount,
}
wire_struct!(MarginCalled {
    account,
    symbol,
    side,
    margin_type,
    holding,
    mark,
    unrealised,
    maintenance,
    cross
});

/// A pool is due: its margin balance does not exceed its maintenance margin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LiquidationStarted {
    pub account: AccountId,
    /// The isolated position; `None` = the cross pool of that asset.
    pub position: Option<SymbolId>,
    pub asset: AssetId,
    pub balance: Amount,
    pub maintenance: Amount,
}
wire_struct!(LiquidationStarted {
    account,
    position,
    asset,
    balance,
    maintenance
});

/// A forced order goes into the book: an IOC limit at the bankruptcy price. Its
/// `OrderAccepted` follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LiquidationOrdered {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub side: PositionSide,
    pub client_order: ClientOrderId,
    pub price: Price,
    pub qty: Qty,
}
wire_struct!(LiquidationOrdered {
    account,
    symbol,
    side,
    client_order,
    price,
    qty
});

/// The fee of a liquidation, paid into the insurance fund.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LiquidationFee {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub amount: Amount,
}
wire_struct!(LiquidationFee {
    account,
    symbol,
    amount
});

/// A position, or a part of it, changed hands outside the book, without a fee.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PositionTakenOver {
    pub symbol: SymbolId,
    pub from: AccountId,
    pub from_side: PositionSide,
    /// The insurance account, or who is deleveraged.
    pub to: AccountId,
    pub to_side: PositionSide,
    pub cause: TakeoverCause,
    /// The part of `from`'s position: negative when that was short.
    pub size: Qty,
    pub price: Price,
    pub quote: Amount,
    pub from_realised: Amount,
    pub to_realised: Amount,
}
wire_struct!(PositionTakenOver {
    symbol,
    from,
    from_side,
    to,
    to_side,
    cause,
    size,
    price,
    quote,
    from_realised,
    to_realised
});
