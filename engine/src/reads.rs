//! Reading the state: for replay-tool, tests and benches. Nothing here is on the hot
//! path, so it allocates freely; handles do not leave.

use schemas::ids::{AccountId, AssetId, ClientOrderId, OrderId, OrderListId, SymbolId};
use schemas::instrument::{OrderStage, OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::order_command::OrderTerms;
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::apply::Engine;
use crate::lists::OrderList;
use crate::state::{Asset, Symbol};
use crate::trace::Trace;

/// One price of a book.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BookLevel {
    pub price: Price,
    /// Sum of what is open.
    pub qty: Qty,
    /// Number of orders.
    pub orders: u32,
}

/// One resting order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenOrder {
    pub symbol: SymbolId,
    pub order: OrderId,
    pub account: AccountId,
    pub client_order: ClientOrderId,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTradePrevention,
    pub price: Price,
    /// origQty = executed + prevented + open.
    pub qty: Qty,
    pub open: Qty,
    pub executed: Qty,
    pub prevented: Qty,
    /// Executed quote amount.
    pub quote: Amount,
    pub created: TimeNs,
    /// What it has beyond a plain order; `open` counts what an iceberg hides.
    pub extras: Option<OpenExtras>,
}

/// One open order with terms, or in a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenExtras {
    pub terms: OrderTerms,
    pub list: Option<OrderListId>,
    pub stage: OrderStage,
    /// Of an iceberg what does not stand in the book.
    pub hidden: Qty,
}

impl<T: Trace> Engine<T> {
    /// The prices of a side, best first; nothing for an unknown symbol.
    pub fn levels(&self, symbol: SymbolId, side: Side) -> Vec<BookLevel> {
        if self.state.symbol(symbol).is_none() {
            return Vec::new();
        }
        let totals = self.state.books.totals(symbol, side);
        let level = |(price, qty, orders)| BookLevel { price, qty, orders };
        totals.into_iter().map(level).collect()
    }

    /// Every resting order of a side, best price first, then first come.
    pub fn queue(&self, symbol: SymbolId, side: Side) -> Vec<OpenOrder> {
        if self.state.symbol(symbol).is_none() {
            return Vec::new();
        }
        let handles = self.state.books.queue(symbol, side);
        handles
            .into_iter()
            .map(|handle| self.open_order(handle))
            .collect()
    }

    /// Every open order of an account, by symbol and number.
    pub fn open_orders(&self, account: AccountId) -> Vec<OpenOrder> {
        let state = &self.state;
        let mut open = Vec::new();
        for symbol in state.symbols.iter() {
            let seat = state.seats.find(&state.tags, account, symbol.market.symbol);
            if let Some(seat) = seat {
                let handles = state.seats.orders(&state.books.orders, seat);
                open.extend(handles.into_iter().map(|handle| self.open_order(handle)));
            }
        }
        open
    }

    /// Every open order of a symbol that stands in no queue, by number.
    pub fn aside(&self, symbol: SymbolId) -> Vec<OpenOrder> {
        if self.state.symbol(symbol).is_none() {
            return Vec::new();
        }
        let handles = self.state.books.aside(symbol);
        handles
            .into_iter()
            .map(|handle| self.open_order(handle))
            .collect()
    }

    /// The open lists of the venue, by number.
    pub fn order_lists(&self) -> Vec<(OrderListId, OrderList)> {
        let lists = &self.state.terms.lists;
        lists.iter().map(|(id, list)| (*id, *list)).collect()
    }

    /// What an account has free and held of an asset.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> (Amount, Amount) {
        if usize::from(asset.0) >= self.state.assets.len() {
            return (Amount::ZERO, Amount::ZERO);
        }
        let balance = self.state.ledger.balance(account, asset);
        (balance.free, balance.held)
    }

    /// How many accounts there are, the venue's own included.
    pub fn accounts(&self) -> u32 {
        self.state.accounts.len() as u32
    }

    /// Everything listed, by number.
    pub fn symbols(&self) -> &[Symbol] {
        &self.state.symbols
    }

    /// Every asset, by number.
    pub fn assets(&self) -> &[Asset] {
        &self.state.assets
    }

    /// How many orders rest in all books.
    pub fn resting_orders(&self) -> usize {
        self.state.books.orders.count()
    }

    /// A picture of a book.
    pub fn draw(&self, symbol: SymbolId) -> String {
        self.state.books.draw(symbol)
    }

    fn open_order(&self, handle: u32) -> OpenOrder {
        let orders = &self.state.books.orders;
        let (order, details) = (orders.get(handle), orders.details(handle));
        OpenOrder {
            symbol: order.symbol,
            order: order.id,
            account: order.account,
            client_order: details.client_order,
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
            price: order.price,
            qty: details.qty,
            open: orders.total_open(handle),
            executed: orders.executed(handle),
            prevented: details.prevented,
            quote: details.quote,
            created: details.created,
            extras: orders.extras(handle).map(|extras| OpenExtras {
                terms: extras.terms,
                list: extras.list,
                stage: extras.stage,
                hidden: extras.hidden,
            }),
        }
    }
}
