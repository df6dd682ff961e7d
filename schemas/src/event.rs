//! What happened: a pure function of the commands before it.
//!
//! One command gives zero or more events; they lie together in one frame of the event
//! log, in this explicit encoding: one tag byte, then the fields in the order declared.
//! A new field means a new tag. Amounts are absolute where the name says balance, and
//! what moved everywhere else.

use crate::ids::{
    AccountId, AssetCode, AssetId, BusinessId, ClientOrderId, KeyId, Offset, OrderId, SymbolId,
    SymbolName, TradeId,
};
use crate::instrument::{
    AccountState, Filter, OrderStatus, OrderType, SelfTradePrevention, Side, SymbolKind,
    SymbolState, TimeInForce, VenueLimits, VenueState,
};
use crate::numbered::Producer;
use crate::order_event::{
    IcebergRefilled, OrderActivated, OrderExpiring, OrderListAccepted, OrderListDone,
    OrderListRejected, OrderSized, OrderStep, OrderTermsAccepted,
};
use crate::peg::OrderPegged;
use crate::perpetual::{Bracket, ContractSpec, MarginType};
use crate::perpetual_event::{
    ContractSettled, FundingFixed, FundingPaid, FuturesTransferred, IndexPriceSet, LiquidationFee,
    LiquidationOrdered, LiquidationStarted, MarginAdjusted, MarginCalled, MarkPriceChanged,
    OrderModified, PerpetualAccepted, PositionChanged, PositionTakenOver, PremiumSampled,
    TradeSettled, WalletChanged,
};
use crate::protection::{AuctionIndicative, AuctionUncrossed, BreakerTripped, OrderCalled};
use crate::reject::RejectReason;
use crate::trade_group::PreventedTransferred;
use crate::units::{Amount, Price, Qty, Rate, TimeNs};
use crate::wire::{Room, Sink, Wire, wire_struct};

/// An order passed every check. Trades and a rest or an end follow in the same command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderAccepted {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub client_order: ClientOrderId,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTradePrevention,
    /// Zero for a market order.
    pub price: Price,
    /// Zero for a market order by quote.
    pub qty: Qty,
    /// Zero unless a market order by quote.
    pub quote_qty: Amount,
    /// Orders of this account in the running 10 s and day, this one included.
    pub orders_10s: u32,
    pub orders_1d: u32,
}
wire_struct!(OrderAccepted {
    symbol,
    order,
    account,
    client_order,
    side,
    order_type,
    time_in_force,
    self_trade,
    price,
    qty,
    quote_qty,
    orders_10s,
    orders_1d,
});

/// What is left of an order now stands in the book, last at its price.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderRested {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub side: Side,
    pub price: Price,
    /// Open quantity.
    pub open: Qty,
}
wire_struct!(OrderRested {
    symbol,
    order,
    account,
    side,
    price,
    open
});

/// Two orders met. Each side's commission is in the asset that it receives (the buyer
/// base, the seller quote) and already taken; negative is a rebate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trade {
    pub symbol: SymbolId,
    pub trade: TradeId,
    pub price: Price,
    pub qty: Qty,
    /// price x qty in quote atoms.
    pub quote: Amount,
    pub taker_side: Side,
    pub taker_order: OrderId,
    pub taker_account: AccountId,
    pub taker_fee: Amount,
    pub maker_order: OrderId,
    pub maker_account: AccountId,
    pub maker_fee: Amount,
    /// What the maker still has open; at zero the maker is FILLED and no [`OrderDone`] follows.
    pub maker_open: Qty,
}
wire_struct!(Trade {
    symbol,
    trade,
    price,
    qty,
    quote,
    taker_side,
    taker_order,
    taker_account,
    taker_fee,
    maker_order,
    maker_account,
    maker_fee,
    maker_open,
});

/// An order is over, for another reason than a maker's last fill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderDone {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub side: Side,
    /// FILLED (a taker), CANCELED, EXPIRED or EXPIRED_IN_MATCH.
    pub status: OrderStatus,
    /// Zero for a market order.
    pub price: Price,
    /// What was open until now; zero when FILLED.
    pub open: Qty,
    /// Of `open`, what self-trade prevention took (EXPIRED_IN_MATCH), else zero.
    pub prevented: Qty,
    /// Whether `open` stood in the book, so that the level at `price` shrinks by it.
    pub rested: bool,
    /// What the client called the cancel; empty when it was none.
    pub cancel_client: ClientOrderId,
}
wire_struct!(OrderDone {
    symbol,
    order,
    account,
    side,
    status,
    price,
    open,
    prevented,
    rested,
    cancel_client,
});

/// Self-trade prevention took the same quantity off both, without a trade (DECREMENT), or
/// expired one or both; the ends, if any, follow as [`OrderDone`]. Two accounts of one trade
/// group are told apart ([`crate::trade_group`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TradePrevented {
    pub symbol: SymbolId,
    pub account: AccountId,
    pub taker_order: OrderId,
    pub maker_order: OrderId,
    pub maker_side: Side,
    pub price: Price,
    /// Taken off the taker by this event (DECREMENT only), already prevented quantity.
    pub taker_prevented: Qty,
    /// Taken off the maker in the book by this event (DECREMENT only).
    pub maker_prevented: Qty,
    pub mode: SelfTradePrevention,
}
wire_struct!(TradePrevented {
    symbol,
    account,
    taker_order,
    maker_order,
    maker_side,
    price,
    taker_prevented,
    maker_prevented,
    mode,
});

/// An order's quantity was lowered; it kept its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderAmended {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub side: Side,
    pub price: Price,
    pub old_qty: Qty,
    pub new_qty: Qty,
    pub executed: Qty,
    /// Executed quote amount so far.
    pub quote: Amount,
    /// Open quantity afterwards.
    pub open: Qty,
    pub old_client: ClientOrderId,
    pub new_client: ClientOrderId,
}
wire_struct!(OrderAmended {
    symbol,
    order,
    account,
    side,
    price,
    old_qty,
    new_qty,
    executed,
    quote,
    open,
    old_client,
    new_client,
});

/// A balance is now this. Once per command and (account, asset) that moved, at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BalanceChanged {
    pub account: AccountId,
    pub asset: AssetId,
    pub free: Amount,
    /// Held by open orders.
    pub held: Amount,
}
wire_struct!(BalanceChanged {
    account,
    asset,
    free,
    held
});

/// An order was refused; nothing else happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderRejected {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub client_order: ClientOrderId,
    pub reason: RejectReason,
}
wire_struct!(OrderRejected {
    account,
    symbol,
    client_order,
    reason
});

/// A cancel or an amendment was refused; nothing else happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelRejected {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub reason: RejectReason,
}
wire_struct!(CancelRejected {
    account,
    symbol,
    reason
});

macro_rules! events {
    ($(
        $(#[$meta:meta])* $tag:literal => $name:ident
            $( ($payload:ident) )? $( { $($field:ident : $type:ty),* $(,)? } )?
    ),* $(,)?) => {
        /// What happened, in the past tense.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Event {
            $($(#[$meta])* $name $( ($payload) )? $( { $($field: $type),* } )?,)*
        }

        impl Event {
            /// The name of the event, for people.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(events!(
                        @pattern $name $( ($payload) )? $( { $($field),* } )?
                    ) => stringify!($name),)*
                }
            }
        }

        impl Wire for Event {
            #[inline]
            fn put(&self, out: &mut impl Sink) {
                match self {
                    $(events!(@bind payload $name $( ($payload) )? $( { $($field),* } )?) => {
                        out.push($tag);
                        $( <$payload as Wire>::put(payload, out); )?
                        $( $($field.put(out);)* )?
                    })*
                }
            }
            #[inline]
            fn take(input: &mut &[u8]) -> Option<Self> {
                Some(match u8::take(input)? {
                    $($tag => Event::$name
                        $( (<$payload as Wire>::take(input)?) )?
                        $( { $($field: Wire::take(input)?),* } )?,)*
                    _ => return None,
                })
            }
        }
    };
    (@pattern $name:ident ($payload:ident)) => { Event::$name(_) };
    (@pattern $name:ident { $($field:ident),* }) => { Event::$name { .. } };
    (@pattern $name:ident) => { Event::$name };
    (@bind $bound:ident $name:ident ($payload:ident)) => { Event::$name($bound) };
    (@bind $bound:ident $name:ident { $($field:ident),* }) => { Event::$name { $($field),* } };
    (@bind $bound:ident $name:ident) => { Event::$name };
}

events! {
    /// The command at this offset hit a fault of ours and an operator stepped over it.
    1 => CommandSkipped,
    /// An administrative command was refused.
    2 => CommandRejected { reason: RejectReason },
    /// This business id was applied before, at that offset.
    3 => AlreadyDone { at: Offset },
    /// The skip of that offset is on record.
    4 => SkipRecorded { offset: Offset },
    5 => FormatActivated { format: u32 },
    10 => AssetAdded { asset: AssetId, code: AssetCode, scale: u8 },
    11 => SymbolAdded {
        symbol: SymbolId, name: SymbolName, kind: SymbolKind, base: AssetId, quote: AssetId,
        price_scale: u8, qty_scale: u8,
    },
    12 => FilterChanged { symbol: SymbolId, filter: Filter },
    13 => SymbolFeesChanged { symbol: SymbolId, maker: Rate, taker: Rate },
    14 => SymbolStateChanged { symbol: SymbolId, state: SymbolState },
    15 => VenueStateChanged { state: VenueState, withdrawals: bool },
    16 => FeeTierChanged { tier: u8, maker: Rate, taker: Rate },
    17 => VenueLimitsChanged { limits: VenueLimits },
    20 => AccountCreated { account: AccountId, business: BusinessId },
    21 => AccountStateChanged { account: AccountId, state: AccountState },
    22 => AccountTierChanged { account: AccountId, tier: u8 },
    23 => AccountLimitsChanged {
        account: AccountId, orders_per_10s: u32, orders_per_day: u32,
    },
    24 => KeyBound { account: AccountId, permissions: u32, key: KeyId },
    25 => KeyUnbound { account: AccountId, key: KeyId },
    /// 0 = in no group.
    26 => TradeGroupChanged { account: AccountId, group: u32 },
    30 => Deposited { account: AccountId, asset: AssetId, amount: Amount, business: BusinessId },
    31 => Withdrawn { account: AccountId, asset: AssetId, amount: Amount, business: BusinessId },
    32 => Transferred {
        from: AccountId, to: AccountId, asset: AssetId, amount: Amount, business: BusinessId,
    },
    33 => BalanceChanged(BalanceChanged),
    40 => OrderAccepted(OrderAccepted),
    41 => OrderRejected(OrderRejected),
    42 => OrderRested(OrderRested),
    43 => Trade(Trade),
    44 => OrderDone(OrderDone),
    45 => TradePrevented(TradePrevented),
    46 => OrderAmended(OrderAmended),
    47 => CancelRejected(CancelRejected),
    48 => AmendRejected(CancelRejected),
    49 => OrderTermsAccepted(OrderTermsAccepted),
    /// A trailing order tracks from here on; `price` is the best one so far, zero before the
    /// symbol's first trade.
    50 => TrailingStarted(OrderStep),
    51 => OrderActivated(OrderActivated),
    /// The last trade's `price` reached the trigger: the order works from here on.
    52 => OrderTriggered(OrderStep),
    53 => IcebergRefilled(IcebergRefilled),
    54 => OrderExpiring(OrderExpiring),
    55 => OrderListAccepted(OrderListAccepted),
    56 => OrderListDone(OrderListDone),
    57 => OrderListRejected(OrderListRejected),
    /// Open orders of the account on the symbol are cancelled then; zero = switched off.
    58 => CountdownSet { account: AccountId, symbol: SymbolId, due: TimeNs },
    /// The countdown ran out; the cancels follow, in this command and the next ones.
    59 => CountdownElapsed { account: AccountId, symbol: SymbolId },
    60 => ContractChanged { symbol: SymbolId, spec: ContractSpec },
    /// Row `number` (from 0) of a table of `count`; all rows follow each other.
    61 => BracketChanged { symbol: SymbolId, number: u8, count: u8, bracket: Bracket },
    62 => IndexPriceSet(IndexPriceSet),
    63 => MarkPriceChanged(MarkPriceChanged),
    64 => PremiumSampled(PremiumSampled),
    65 => FundingFixed(FundingFixed),
    66 => FundingPaid(FundingPaid),
    67 => FuturesTransferred(FuturesTransferred),
    68 => WalletChanged(WalletChanged),
    69 => PositionChanged(PositionChanged),
    70 => PerpetualAccepted(PerpetualAccepted),
    71 => OrderModified(OrderModified),
    72 => TradeSettled(TradeSettled),
    73 => LeverageChanged { account: AccountId, symbol: SymbolId, leverage: u32 },
    74 => MarginTypeChanged {
        account: AccountId, symbol: SymbolId, margin_type: MarginType,
    },
    75 => PositionModeChanged { account: AccountId, hedge: bool },
    76 => MarginAdjusted(MarginAdjusted),
    77 => LiquidationStarted(LiquidationStarted),
    78 => LiquidationOrdered(LiquidationOrdered),
    79 => LiquidationFee(LiquidationFee),
    80 => PositionTakenOver(PositionTakenOver),
    81 => InsuranceDeposited { asset: AssetId, amount: Amount, business: BusinessId },
    /// A modification was refused; nothing else happened.
    82 => ModifyRejected(CancelRejected),
    90 => ContractSettled(ContractSettled),
    /// See the command `SetContractGuard`.
    91 => ContractGuarded { symbol: SymbolId, trigger_protect: Rate, margin_call: Rate },
    /// See the command `SetIndexSources`.
    92 => IndexSourcesChanged { symbol: SymbolId, live: u32, needed: u32 },
    93 => MarginCalled(MarginCalled),
    83 => OrderPegged(OrderPegged),
    84 => PreventedTransferred(PreventedTransferred),
    /// Not the number after `last`, which is the newest of that producer's that was taken: it
    /// was said before when it is not above it, else something is missing between the two.
    85 => SequenceRefused { producer: Producer, sequence: u64, last: u64 },
    86 => OrderSized(OrderSized),
    120 => OrderCalled(OrderCalled),
    121 => BreakerTripped(BreakerTripped),
    122 => AuctionIndicative(AuctionIndicative),
    123 => AuctionUncrossed(AuctionUncrossed),
}

/// The kind number of an event frame in the event log.
pub const EVENT_FRAME_KIND: u16 = 0x4556;
/// The version of the event encoding that this build writes (`ActivateFormat`).
pub const EVENT_FORMAT: u32 = 1;

/// Appends the events of one command: their count as u32, then each.
pub fn encode_events(events: &[Event], out: &mut Vec<u8>) {
    (events.len() as u32).put(out);
    for event in events {
        event.put(out);
    }
}

/// Room for the longest event; a text is written whole before what lies behind it.
const EVENT_ROOM: usize = 256;

/// Encodes commands one after the other into the same memory, without growing on the way.
#[derive(Clone, Default, Debug)]
pub struct EventEncoder {
    /// What was written last, and room behind it.
    bytes: Vec<u8>,
}

impl EventEncoder {
    /// The events of one command as [`encode_events`] writes them.
    #[inline]
    pub fn encode(&mut self, events: &[Event]) -> &[u8] {
        let most = size_of::<u32>() + events.len() * EVENT_ROOM;
        if self.bytes.len() < most {
            self.bytes.resize(most, 0);
        }
        let (count, _) = self.bytes.split_first_chunk_mut().expect("just made");
        *count = (events.len() as u32).to_le_bytes();
        let mut end = size_of::<u32>();
        for event in events {
            let room = self.bytes[end..].first_chunk_mut().expect("just made");
            let mut room = Room::<EVENT_ROOM>::new(room);
            event.put(&mut room);
            end += room.length();
        }
        &self.bytes[..end]
    }
}

/// Reads what [`encode_events`] wrote, all of it; `None` if the bytes mean nothing.
pub fn decode_events(mut bytes: &[u8]) -> Option<Vec<Event>> {
    let input = &mut bytes;
    let count = u32::take(input)?;
    let mut events = Vec::with_capacity((count as usize).min(input.len()));
    for _ in 0..count {
        events.push(Event::take(input)?);
    }
    input.is_empty().then_some(events)
}

const _: () = assert!(
    size_of::<Event>() <= 160,
    "the hot path writes events by the million"
);
