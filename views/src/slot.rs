//! One remembered order, as small as it can be: there are many, and each new one takes the
//! place of one that nobody has looked at for long.

use schemas::event::Event;
use schemas::ids::{AccountId, ClientOrderId, OrderId, SymbolId};
use schemas::instrument::{OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::report::{OrderExtras, OrderReport};
use schemas::units::{Amount, Price, Qty, TimeNs};

/// The owner of a place without an order.
const NOBODY: u32 = u32::MAX;
/// `open_at` of an order that is closed.
const CLOSED: u32 = u32::MAX;

/// One order and where its owner's lists have it.
pub(crate) struct Slot {
    /// What [`OrderReport`] says of it. What few orders have lies elsewhere.
    pub(crate) quote_qty: Amount,
    pub(crate) quote: Amount,
    pub(crate) price: Price,
    pub(crate) qty: Qty,
    pub(crate) executed: Qty,
    pub(crate) prevented: Qty,
    created: TimeNs,
    pub(crate) updated: TimeNs,
    order: OrderId,
    pub(crate) extras: Option<Box<OrderExtras>>,
    symbol: SymbolId,
    account: AccountId,
    /// Who owns it among the symbol's owners.
    pub(crate) owner: u32,
    /// Its place among the owner's open orders.
    pub(crate) open_at: u32,
    pub(crate) client_order: ClientOrderId,
    side: Side,
    order_type: OrderType,
    time_in_force: TimeInForce,
    self_trade: SelfTradePrevention,
    pub(crate) status: OrderStatus,
    /// Whether it stands in the book.
    pub(crate) rested: bool,
}

const _: () = assert!(size_of::<Slot>() <= 160, "two and a half lines of a cache");

impl Slot {
    /// An order of `owner`, at that place among those that are open.
    #[inline]
    pub(crate) fn new(report: &OrderReport, owner: u32, open_at: u32) -> Slot {
        Slot {
            quote_qty: report.quote_qty,
            quote: report.quote,
            price: report.price,
            qty: report.qty,
            executed: report.executed,
            prevented: report.prevented,
            created: report.created,
            updated: report.updated,
            order: report.order,
            extras: report.extras.map(Box::new),
            symbol: report.symbol,
            account: report.account,
            owner,
            open_at,
            client_order: report.client_order,
            side: report.side,
            order_type: report.order_type,
            time_in_force: report.time_in_force,
            self_trade: report.self_trade,
            status: report.status,
            rested: false,
        }
    }

    /// What fills the place of an order that is not remembered.
    pub(crate) fn vacant() -> Slot {
        Slot {
            quote_qty: Amount::ZERO,
            quote: Amount::ZERO,
            price: Price::ZERO,
            qty: Qty::ZERO,
            executed: Qty::ZERO,
            prevented: Qty::ZERO,
            created: TimeNs(0),
            updated: TimeNs(0),
            order: OrderId(0),
            extras: None,
            symbol: SymbolId(0),
            account: AccountId(0),
            owner: NOBODY,
            open_at: CLOSED,
            client_order: ClientOrderId::EMPTY,
            side: Side::Buy,
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTradePrevention::None,
            status: OrderStatus::New,
            rested: false,
        }
    }

    /// The whole order, for a reader.
    pub(crate) fn report(&self) -> OrderReport {
        OrderReport {
            symbol: self.symbol,
            order: self.order,
            account: self.account,
            client_order: self.client_order,
            side: self.side,
            order_type: self.order_type,
            time_in_force: self.time_in_force,
            self_trade: self.self_trade,
            status: self.status,
            price: self.price,
            qty: self.qty,
            quote_qty: self.quote_qty,
            executed: self.executed,
            quote: self.quote,
            prevented: self.prevented,
            created: self.created,
            updated: self.updated,
            extras: self.extras.as_deref().copied(),
        }
    }

    /// Takes a step of an order with terms.
    pub(crate) fn step(&mut self, event: &Event, time: TimeNs) {
        let mut report = self.report();
        report.step(event, time);
        let Slot { rested, .. } = *self;
        *self = Slot::new(&report, self.owner, self.open_at);
        self.rested = rested;
    }

    /// What an order that is not over still wants.
    #[inline]
    pub(crate) fn open(&self) -> Qty {
        Qty(self.qty.0 - self.executed.0 - self.prevented.0)
    }

    /// Whether there is an order.
    #[inline]
    pub(crate) fn is_taken(&self) -> bool {
        self.owner != NOBODY
    }

    /// The order is forgotten; whose it was.
    pub(crate) fn vacate(&mut self) -> usize {
        self.extras = None;
        std::mem::replace(&mut self.owner, NOBODY) as usize
    }

    /// Whether it can still trade.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.open_at != CLOSED
    }

    /// The order is over; where it stood among its owner's open ones.
    #[inline]
    pub(crate) fn close(&mut self) -> usize {
        debug_assert_ne!(self.open_at, CLOSED, "an order ends once");
        self.rested = false;
        std::mem::replace(&mut self.open_at, CLOSED) as usize
    }
}
