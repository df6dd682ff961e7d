//! What is read of the present: plain data that views keep, SQL stores and edges print.
//!
//! Nothing here decides anything; every field is copied from events.

use crate::event::{Event, OrderAccepted, Trade};
use crate::ids::{
    AccountId, AssetCode, AssetId, ClientOrderId, EventId, Offset, OrderId, OrderListId, SymbolId,
    SymbolName, TradeId,
};
use crate::instrument::{
    AccountState, ContingencyType, ExpiryReason, Filter, LotSize, NotionalFilter, OrderStage,
    OrderStatus, OrderType, PercentPrice, PriceFilter, SelfTradePrevention, Side, SymbolKind,
    SymbolState, TimeInForce, TrailingDelta, VenueLimits, VenueState,
};
use crate::order_command::OrderTerms;
use crate::order_event::OrderTermsAccepted;
use crate::peg::Pegged;
use crate::protection::Protection;
use crate::units::{Amount, Price, Qty, Rate, TimeNs};
use crate::wire::{Sink, Wire, wire_struct};

/// One order as its owner sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderReport {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub client_order: ClientOrderId,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTradePrevention,
    pub status: OrderStatus,
    /// Zero for a market order; of a pegged order the price that it has by now.
    pub price: Price,
    /// origQty; of a market order by quote what was executed.
    pub qty: Qty,
    /// Zero unless a market order by quote.
    pub quote_qty: Amount,
    pub executed: Qty,
    /// Executed quote amount (cummulativeQuoteQty).
    pub quote: Amount,
    pub prevented: Qty,
    /// When it was accepted, and when it last changed.
    pub created: TimeNs,
    pub updated: TimeNs,
    /// `None` for a plain order.
    pub extras: Option<OrderExtras>,
}

/// What an order with terms, or in a list, has beyond a plain one. Compact on purpose: the
/// fields are zero when absent and the accessors give an `Option`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderExtras {
    pub terms: OrderTerms,
    /// Zero = in no list (the dialect's orderListId -1).
    pub list: OrderListId,
    /// When a trailing order started to track; zero = not yet.
    pub trailing_time: TimeNs,
    /// When it started to work; zero = not yet (the dialect's workingTime -1).
    pub working_time: TimeNs,
    /// Of an iceberg what does not stand in the book.
    pub hidden: Qty,
    pub stage: OrderStage,
    pub expiry: ExpiryReason,
    /// `None` of an order with a price of its own.
    pub pegged: Option<Pegged>,
}

/// Set in the byte of the expiry when a peg follows; bytes of before have neither.
const PEG_FOLLOWS: u8 = 0x80;

impl Wire for OrderExtras {
    fn put(&self, out: &mut impl Sink) {
        self.terms.put(out);
        self.list.put(out);
        self.trailing_time.put(out);
        self.working_time.put(out);
        self.hidden.put(out);
        self.stage.put(out);
        match &self.pegged {
            None => self.expiry.put(out),
            Some(pegged) => {
                out.push(self.expiry as u8 | PEG_FOLLOWS);
                pegged.put(out);
            }
        }
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        let mut extras = OrderExtras {
            terms: Wire::take(input)?,
            list: Wire::take(input)?,
            trailing_time: Wire::take(input)?,
            working_time: Wire::take(input)?,
            hidden: Wire::take(input)?,
            stage: Wire::take(input)?,
            expiry: ExpiryReason::None,
            pegged: None,
        };
        let last = u8::take(input)?;
        extras.expiry = ExpiryReason::from_number(last & !PEG_FOLLOWS)?;
        if last & PEG_FOLLOWS != 0 {
            extras.pegged = Some(Wire::take(input)?);
        }
        Some(extras)
    }
}

impl OrderExtras {
    /// What `OrderTermsAccepted` says, at the time of its frame.
    pub fn accepted(accepted: &OrderTermsAccepted, time: TimeNs) -> OrderExtras {
        let works = accepted.stage == OrderStage::Working;
        OrderExtras {
            terms: accepted.terms,
            list: accepted.list.unwrap_or_default(),
            trailing_time: TimeNs(0),
            working_time: if works { time } else { TimeNs(0) },
            hidden: Qty::ZERO,
            stage: accepted.stage,
            expiry: ExpiryReason::None,
            pegged: None,
        }
    }

    /// Of a plain order that works since it was created.
    pub fn plain(created: TimeNs) -> OrderExtras {
        OrderExtras {
            terms: OrderTerms::default(),
            list: OrderListId(0),
            trailing_time: TimeNs(0),
            working_time: created,
            hidden: Qty::ZERO,
            stage: OrderStage::Working,
            expiry: ExpiryReason::None,
            pegged: None,
        }
    }

    /// When a trailing order started to track.
    pub fn trailing_time(&self) -> Option<TimeNs> {
        (self.trailing_time != TimeNs(0)).then_some(self.trailing_time)
    }
}

impl OrderReport {
    /// The list it belongs to.
    pub fn list(&self) -> Option<OrderListId> {
        let list = self.extras.map(|extras| extras.list)?;
        (list != OrderListId(0)).then_some(list)
    }

    /// Takes an event that tells a step of an order with terms
    /// ([`crate::order_event::step_of`]); every other one changes nothing.
    pub fn step(&mut self, event: &Event, time: TimeNs) {
        if let Event::OrderTermsAccepted(accepted) = event {
            self.extras = Some(OrderExtras::accepted(accepted, time));
            if accepted.stage == OrderStage::Pending {
                self.status = OrderStatus::PendingNew;
            }
            return;
        }
        // A plain order is placed, or expires, without terms.
        if matches!(event, Event::OrderActivated(_) | Event::OrderExpiring(_)) {
            let created = self.created;
            self.extras
                .get_or_insert_with(|| OrderExtras::plain(created));
        }
        let Some(extras) = &mut self.extras else {
            return;
        };
        match event {
            Event::TrailingStarted(_) => extras.trailing_time = time,
            Event::OrderActivated(activated) => {
                self.status = OrderStatus::New;
                extras.stage = activated.stage;
                if activated.stage == OrderStage::Working {
                    extras.working_time = time;
                }
            }
            Event::OrderTriggered(_) => {
                extras.stage = OrderStage::Working;
                extras.working_time = time;
            }
            Event::OrderSized(sized) => self.qty = sized.qty,
            Event::IcebergRefilled(refilled) => extras.hidden.0 -= refilled.shown.0,
            Event::OrderExpiring(expiring) => extras.expiry = expiring.reason,
            Event::OrderPegged(told) => {
                extras.pegged = Some(Pegged {
                    peg: told.peg,
                    limit: told.limit,
                    price: told.price,
                });
                let is_known = told.price != Price::ZERO;
                self.price = if is_known { told.price } else { told.limit };
            }
            _ => return,
        }
        self.updated = time;
    }

    /// What is left of it but does not stand in the book; zero unless it is an iceberg.
    pub fn hidden(&self) -> Qty {
        self.extras.map_or(Qty::ZERO, |extras| extras.hidden)
    }

    /// The price that its owner wrote; of a pegged order zero when he wrote none.
    pub fn written_price(&self) -> Price {
        let pegged = self.extras.and_then(|extras| extras.pegged);
        pegged.map_or(self.price, |pegged| pegged.limit)
    }

    /// When it started to work; `None` while it waits for a trigger or a working order.
    pub fn working_time(&self) -> Option<TimeNs> {
        match &self.extras {
            None => Some(self.created),
            Some(extras) => (extras.working_time != TimeNs(0)).then_some(extras.working_time),
        }
    }

    /// The dialect's isWorking: it was placed in the book, or did what it could at once.
    pub fn is_working(&self) -> bool {
        self.working_time().is_some()
    }
}

/// One order list as its owner sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderListReport {
    pub symbol: SymbolId,
    pub list: OrderListId,
    pub account: AccountId,
    pub list_client: ClientOrderId,
    pub contingency: ContingencyType,
    /// As placed; 0 beyond [`ContingencyType::legs`].
    pub orders: [OrderId; 3],
    /// listOrderStatus: ALL_DONE, else EXECUTING. listStatusType is ALL_DONE, else
    /// EXEC_STARTED.
    pub done: bool,
    /// When it was accepted (the dialect's transactionTime), and when it last changed.
    pub created: TimeNs,
    pub updated: TimeNs,
}

impl OrderReport {
    /// The order as it was accepted at `time`, before anything else happened to it.
    pub fn accepted(order: &OrderAccepted, time: TimeNs) -> OrderReport {
        OrderReport {
            symbol: order.symbol,
            order: order.order,
            account: order.account,
            client_order: order.client_order,
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
            status: OrderStatus::New,
            price: order.price,
            qty: order.qty,
            quote_qty: order.quote_qty,
            executed: Qty::ZERO,
            quote: Amount::ZERO,
            prevented: Qty::ZERO,
            created: time,
            updated: time,
            extras: None,
        }
    }
}

/// One trade, both sides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TradeReport {
    pub symbol: SymbolId,
    pub trade: TradeId,
    pub price: Price,
    pub qty: Qty,
    pub quote: Amount,
    pub time: TimeNs,
    pub taker_side: Side,
    pub taker_order: OrderId,
    pub taker_account: AccountId,
    pub taker_fee: Amount,
    pub maker_order: OrderId,
    pub maker_account: AccountId,
    pub maker_fee: Amount,
}

impl TradeReport {
    /// Whether as maker, for each side of it that is this account's, and this order's if one
    /// is named; the taker's first. A trade with oneself has two.
    pub fn roles(
        &self,
        account: AccountId,
        order: Option<OrderId>,
    ) -> impl Iterator<Item = bool> + use<> {
        let sides = [
            (false, self.taker_account, self.taker_order),
            (true, self.maker_account, self.maker_order),
        ];
        let own = sides.into_iter().filter(move |(_, owner, number)| {
            *owner == account && order.is_none_or(|order| order == *number)
        });
        own.map(|(is_maker, ..)| is_maker)
    }

    /// Both accounts, each with the side it traded on; the taker first.
    pub fn sides(&self) -> [(AccountId, Side); 2] {
        [
            (self.taker_account, self.taker_side),
            (self.maker_account, self.taker_side.opposite()),
        ]
    }

    /// The trade of that event, which happened at `time`.
    pub fn new(trade: &Trade, time: TimeNs) -> TradeReport {
        TradeReport {
            symbol: trade.symbol,
            trade: trade.trade,
            price: trade.price,
            qty: trade.qty,
            quote: trade.quote,
            time,
            taker_side: trade.taker_side,
            taker_order: trade.taker_order,
            taker_account: trade.taker_account,
            taker_fee: trade.taker_fee,
            maker_order: trade.maker_order,
            maker_account: trade.maker_account,
            maker_fee: trade.maker_fee,
        }
    }
}

/// An asset of the directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AssetReport {
    pub asset: AssetId,
    pub code: AssetCode,
    pub scale: u8,
}

/// A symbol of the directory with all its rules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SymbolReport {
    pub symbol: SymbolId,
    pub name: SymbolName,
    pub kind: SymbolKind,
    pub state: SymbolState,
    pub base: AssetId,
    pub quote: AssetId,
    /// Decimals of one price unit and of one quantity unit.
    pub price_scale: u8,
    pub qty_scale: u8,
    pub maker_fee: Rate,
    pub taker_fee: Rate,
    pub price: PriceFilter,
    pub lot_size: LotSize,
    pub market_lot_size: LotSize,
    pub notional: NotionalFilter,
    pub percent_price: PercentPrice,
    pub max_num_orders: u32,
    pub max_position: Qty,
    pub order_rules: OrderRules,
    pub protection: Protection,
    /// What its auction would give, if it is in one and orders cross.
    pub indicative: Option<Indicative>,
}

/// The indicative price of an auction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Indicative {
    pub price: Price,
    pub qty: Qty,
    /// What would be left at that price: positive of bids, negative of asks.
    pub surplus: i64,
}
wire_struct!(Indicative {
    price,
    qty,
    surplus
});

/// The filters of orders with terms; a zero disables that one ([`crate::instrument::Filter`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OrderRules {
    pub trailing_delta: TrailingDelta,
    pub iceberg_parts: u32,
    pub max_num_algo_orders: u32,
    pub max_num_iceberg_orders: u32,
    pub max_num_order_lists: u32,
    pub max_num_order_amends: u32,
}
wire_struct!(OrderRules {
    trailing_delta,
    iceberg_parts,
    max_num_algo_orders,
    max_num_iceberg_orders,
    max_num_order_lists,
    max_num_order_amends
});

impl OrderRules {
    /// Takes a filter that is one of these; false for every other.
    pub fn set(&mut self, filter: Filter) -> bool {
        match filter {
            Filter::TrailingDelta(filter) => self.trailing_delta = filter,
            Filter::IcebergParts(count) => self.iceberg_parts = count,
            Filter::MaxNumAlgoOrders(count) => self.max_num_algo_orders = count,
            Filter::MaxNumIcebergOrders(count) => self.max_num_iceberg_orders = count,
            Filter::MaxNumOrderLists(count) => self.max_num_order_lists = count,
            Filter::MaxNumOrderAmends(count) => self.max_num_order_amends = count,
            _ => return false,
        }
        true
    }
}

/// Everything a client may know of the venue's rules; swapped whole when one changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Directory {
    /// By asset id.
    pub assets: Vec<AssetReport>,
    /// By symbol id.
    pub symbols: Vec<SymbolReport>,
    pub limits: VenueLimits,
    /// (maker, taker) by tier; tier 0 is unused.
    pub tiers: Vec<(Rate, Rate)>,
    pub venue: Option<VenueState>,
    pub withdrawals: bool,
}

/// One account's present, without its orders.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountReport {
    pub account: AccountId,
    pub state: AccountState,
    pub tier: u8,
    /// Zero = in none.
    pub trade_group: u32,
    /// (asset, free, held), by asset id; only assets that ever moved.
    pub balances: Vec<(AssetId, Amount, Amount)>,
    pub updated: TimeNs,
}

/// One price level: price and open quantity.
pub type Level = (Price, Qty);

/// Best bid and best ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Top {
    pub bid: Option<Level>,
    pub ask: Option<Level>,
    /// As [`Depth::last_update`].
    pub last_update: u64,
}

/// The best levels of both sides, best first, as of one update id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Depth {
    /// Rises by one with each changed level of this symbol (the dialect's lastUpdateId).
    pub last_update: u64,
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
}

/// What one command changed on one symbol, for streams.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MarketUpdate {
    pub symbol: SymbolId,
    pub time: TimeNs,
    /// Update ids of the first and last level change; equal to `last_update` + 1 and
    /// `last_update` when no level changed.
    pub first_update: u64,
    pub last_update: u64,
    /// Absolute quantities after the command; zero removes the level.
    pub bids: Vec<Level>,
    pub asks: Vec<Level>,
    pub trades: Vec<TradeReport>,
    /// Orders by which positions were liquidated, as the command left them.
    pub forced: Vec<OrderReport>,
    /// Best bid and ask afterwards, and whether either changed.
    pub best_bid: Option<Level>,
    pub best_ask: Option<Level>,
    pub best_changed: bool,
}

/// An order list as its owner is told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListTold {
    pub report: OrderListReport,
    /// What each order is called; empty for those whose acceptance follows in the command.
    pub names: [ClientOrderId; 3],
}

/// One event as one account sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserEvent {
    /// Offset and number within the command: the dialect's execution id.
    pub id: EventId,
    pub event: Event,
    /// The account's own order right after the event; `None` when it is about no order. A
    /// trade between two orders of one account is told twice: the maker's, then the taker's.
    pub order: Option<OrderReport>,
    /// The list that the event begins or ends.
    pub list: Option<std::sync::Arc<ListTold>>,
}

/// Everything that one command did to one account, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserUpdate {
    pub offset: Offset,
    pub time: TimeNs,
    pub account: AccountId,
    /// Never empty.
    pub events: Vec<UserEvent>,
}

/// A piece of an account's past without a gap.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserPage {
    /// Ascending by offset.
    pub updates: Vec<std::sync::Arc<UserUpdate>>,
    /// The page is complete up to this offset; ask again from here.
    pub next: Offset,
    /// Whether that is as far as anything was visible when the page was asked for.
    pub is_last: bool,
}
