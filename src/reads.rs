//! What the gateway may read: the present from views, the past from SQL.
//!
//! The views are read first and win where both have an order: whatever the read models'
//! lag, an acknowledged order is visible to its owner at once.

use std::net::IpAddr;
use std::sync::Arc;

use gateway::queries::{Queries, Read, ReadError};
use schemas::command::OrderRef;
use schemas::ids::{AccountId, Offset, SymbolId};
use schemas::page::{OrderPage, TradePage};
use schemas::report::{
    AccountReport, Depth, Directory, MarketUpdate, OrderReport, Top, TradeReport,
};
use schemas::units::Price;
use tokio::sync::broadcast;
use views::Views;

use crate::deny::DenyList;
use crate::history::History;
use crate::pipeline::clock::wall_clock;

/// Views, SQL and the deny list behind the gateway's port.
pub struct Reads {
    views: Arc<Views>,
    history: Arc<History>,
    market: broadcast::Sender<Arc<MarketUpdate>>,
    deny: Arc<DenyList>,
}

impl Reads {
    /// Joins what is read.
    pub fn new(
        views: Arc<Views>,
        history: Arc<History>,
        market: broadcast::Sender<Arc<MarketUpdate>>,
        deny: Arc<DenyList>,
    ) -> Reads {
        Reads {
            views,
            history,
            market,
            deny,
        }
    }
}

impl Queries for Reads {
    fn directory(&self) -> Arc<Directory> {
        self.views.directory()
    }

    fn depth(&self, symbol: SymbolId, limit: usize) -> Option<Depth> {
        self.views.depth(symbol, limit)
    }

    fn top(&self, symbol: SymbolId) -> Option<Top> {
        self.views.top(symbol)
    }

    fn recent_trades(&self, symbol: SymbolId, limit: usize) -> Vec<TradeReport> {
        self.views.recent_trades(symbol, limit)
    }

    fn last_price(&self, symbol: SymbolId) -> Option<Price> {
        self.views.last_price(symbol)
    }

    fn account(&self, account: AccountId) -> Option<AccountReport> {
        self.views.account(account)
    }

    fn open_orders(&self, account: AccountId, symbol: Option<SymbolId>) -> Vec<OrderReport> {
        self.views.open_orders(account, symbol)
    }

    fn order_counts(&self, account: AccountId) -> (u32, u32) {
        self.views.order_counts(account, wall_clock())
    }

    fn order(
        &self,
        account: AccountId,
        symbol: SymbolId,
        target: OrderRef,
    ) -> Read<'_, Option<OrderReport>> {
        Box::pin(async move {
            if let Some(order) = self.views.order(account, symbol, target) {
                return Ok(Some(order));
            }
            self.history
                .order(account, symbol, target)
                .await
                .map_err(|reason| ReadError { reason })
        })
    }

    fn orders(&self, page: OrderPage) -> Read<'_, Vec<OrderReport>> {
        Box::pin(async move {
            let present = self.views.orders(&page);
            let past = self
                .history
                .orders(&page)
                .await
                .map_err(|reason| ReadError { reason })?;
            Ok(page.merge(past, present))
        })
    }

    fn trades(&self, page: TradePage) -> Read<'_, Vec<TradeReport>> {
        Box::pin(async move {
            let present = self.views.trades(&page);
            let past = self
                .history
                .trades(&page)
                .await
                .map_err(|reason| ReadError { reason })?;
            Ok(page.merge(past, present))
        })
    }

    fn newest_offset(&self) -> Option<Offset> {
        self.views.next().0.checked_sub(1).map(Offset)
    }

    fn market_updates(&self) -> broadcast::Receiver<Arc<MarketUpdate>> {
        self.market.subscribe()
    }

    fn is_denied(&self, address: IpAddr, account: Option<AccountId>) -> bool {
        self.deny.is_denied(address, account)
    }
}
