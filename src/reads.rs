//! What the gateway may read: the present from views, the past from SQL.
//!
//! The views are read first and win where both have an order: whatever the read models'
//! lag, an acknowledged order is visible to its owner at once.

use std::net::IpAddr;
use std::sync::Arc;

use gateway::queries::{Queries, Read, ReadError};
use gateway::user_events::UserReceiver;
use schemas::command::OrderRef;
use schemas::ids::{AccountId, Offset, OrderId, SymbolId, TradeId};
use schemas::market::{AggregatePage, AggregateTrade, Candle, CandlePage, MarketWindow};
use schemas::order_change::{AmendmentReport, PreventedReport};
use schemas::page::{AmendmentPage, ListPage, ListRef, OrderPage, PreventedPage, TradePage};
use schemas::perpetual_report::{
    AccountPage, ContractReport, DeleveragingRank, FundingPage, FundingReport,
    FuturesAccountReport, IncomePage, IncomeReport, IndexSource, MarginChange, MarkReport,
    ModificationReport, PerpetualOrder, SymbolConfig, TradeProfit,
};
use schemas::price_candle::{PriceCandle, PriceCandlePage};
use schemas::report::{
    AccountReport, Depth, Directory, MarketUpdate, OrderListReport, OrderReport, Top, TradeReport,
    UserPage,
};
use schemas::search::{SearchPage, SearchQuery};
use schemas::units::{Price, TimeNs};
use tokio::sync::broadcast;
use views::Views;

use crate::history::History;
use crate::history_counts::Source;
use crate::index::Board;
use crate::live_config::LiveConfig;
use crate::market_history::MarketHistory;
use crate::node::Node;
use crate::outlets::Find;
use crate::perpetual_history::PerpetualHistory;
use crate::pipeline::clock::wall_clock;
use crate::user_events::feeds::UserFeeds;
use crate::user_events::past::{Past, Since};

/// Views, SQL and what the configuration says of the edge behind the gateway's port.
pub struct Reads {
    views: Arc<Views>,
    history: Arc<History>,
    market: broadcast::Sender<Arc<MarketUpdate>>,
    users: Arc<UserFeeds>,
    past: Past,
    live: Arc<LiveConfig>,
    find: Option<Find>,
    index: Arc<Board>,
}

impl Reads {
    /// Joins what is read.
    pub fn new(node: &Node, history: Arc<History>, live: Arc<LiveConfig>) -> Reads {
        Reads {
            views: node.views.clone(),
            history,
            market: node.market.clone(),
            users: node.users.clone(),
            past: Past::new(node.data_dir.clone(), node.pipeline.durable()),
            live,
            find: None,
            index: Arc::default(),
        }
    }

    fn market_history(&self) -> MarketHistory<'_> {
        MarketHistory {
            views: &self.views,
            history: &self.history,
        }
    }

    fn perpetual_history(&self) -> PerpetualHistory<'_> {
        PerpetualHistory {
            views: &self.views,
            history: &self.history,
        }
    }

    /// The same, and who says the index prices.
    pub fn with_index(mut self, index: Arc<Board>) -> Reads {
        self.index = index;
        self
    }

    /// The same, and searching.
    pub fn with_search(mut self, find: Option<Find>) -> Reads {
        self.find = find;
        self
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

    fn candles(&self, page: CandlePage) -> Read<'_, Vec<Candle>> {
        Box::pin(async move { self.market_history().candles(&page).await })
    }

    fn latest_candles(&self, page: &CandlePage) -> Vec<Candle> {
        self.views.candles(page)
    }

    fn window(&self, symbol: SymbolId, minute: TimeNs) -> MarketWindow {
        self.views.window(symbol, minute)
    }

    fn aggregates(&self, page: AggregatePage) -> Read<'_, Vec<AggregateTrade>> {
        Box::pin(async move { self.market_history().aggregates(&page).await })
    }

    fn trades_from(
        &self,
        symbol: SymbolId,
        from: TradeId,
        limit: usize,
    ) -> Read<'_, Vec<TradeReport>> {
        let market = self.market_history();
        Box::pin(async move { market.trades_from(symbol, from, limit).await })
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
            let asked = self.history.counts().ask();
            if let Some(order) = self.views.order(account, symbol, target) {
                asked.answered_by(Source::Views);
                return Ok(Some(order));
            }
            self.history
                .order(account, symbol, target)
                .await
                .map_err(|reason| ReadError { reason })
        })
    }

    fn order_list(&self, account: AccountId, named: ListRef) -> Option<OrderListReport> {
        self.views.order_list(account, named)
    }

    fn order_lists(&self, page: &ListPage) -> Vec<OrderListReport> {
        self.views.order_lists(page)
    }

    fn open_order_lists(&self, account: AccountId) -> Vec<OrderListReport> {
        self.views.open_order_lists(account)
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

    fn amendments(&self, page: AmendmentPage) -> Read<'_, Vec<AmendmentReport>> {
        Box::pin(async move {
            let present = self.views.amendments(&page);
            let past = self
                .history
                .amendments(&page)
                .await
                .map_err(|reason| ReadError { reason })?;
            Ok(page.merge(past, present))
        })
    }

    fn prevented(&self, page: PreventedPage) -> Read<'_, Vec<PreventedReport>> {
        Box::pin(async move {
            let present = self.views.prevented(&page);
            let past = self
                .history
                .prevented(&page)
                .await
                .map_err(|reason| ReadError { reason })?;
            Ok(page.merge(past, present))
        })
    }

    fn newest_offset(&self) -> Option<Offset> {
        self.views.next().0.checked_sub(1).map(Offset)
    }

    fn search(&self, query: SearchQuery) -> Read<'_, SearchPage> {
        let find = self.find.clone();
        Box::pin(async move {
            let unavailable = |reason: String| ReadError { reason };
            let find = find.ok_or_else(|| unavailable("this node has no search".to_string()))?;
            let found = tokio::task::spawn_blocking(move || find(&query)).await;
            let found = found.map_err(|error| unavailable(error.to_string()))?;
            found.map_err(unavailable)
        })
    }

    fn market_updates(&self) -> broadcast::Receiver<Arc<MarketUpdate>> {
        self.market.subscribe()
    }

    fn user_events(&self, account: AccountId) -> UserReceiver {
        self.users.subscribe(account)
    }

    fn user_events_since(
        &self,
        account: AccountId,
        from: Offset,
        limit: usize,
    ) -> Read<'_, UserPage> {
        // Read before memory is looked at: what is visible now is kept by then.
        let to = self.views.next();
        let since = Since {
            account,
            from,
            to,
            limit,
        };
        Box::pin(async move {
            if let Some(kept) = self.users.kept(account, from, limit) {
                let told = kept.updates.last().map(|update| update.offset.next());
                let next = if kept.is_last {
                    told.max(Some(to.max(from)))
                } else {
                    told
                };
                return Ok(UserPage {
                    updates: kept.updates,
                    next: next.unwrap_or(from),
                    is_last: kept.is_last,
                });
            }
            self.past
                .page(since)
                .await
                .map_err(|reason| ReadError { reason })
        })
    }

    fn contract(&self, symbol: SymbolId) -> Option<ContractReport> {
        self.views.contract(symbol)
    }

    fn mark(&self, symbol: SymbolId) -> Option<MarkReport> {
        self.views.mark(symbol)
    }

    fn index_sources(&self, symbol: SymbolId) -> Vec<IndexSource> {
        let directory = self.views.directory();
        let listed = directory.symbols.get(symbol.0 as usize);
        listed.map_or_else(Vec::new, |listed| self.index.of(listed.name.as_str()))
    }

    fn funding(&self, page: FundingPage) -> Read<'_, Vec<FundingReport>> {
        let past = self.perpetual_history();
        Box::pin(async move { past.funding(&page).await })
    }

    fn futures_account(&self, account: AccountId) -> Option<FuturesAccountReport> {
        self.views.futures_account(account)
    }

    fn symbol_config(&self, account: AccountId, symbol: SymbolId) -> Option<SymbolConfig> {
        Some(self.views.symbol_config(account, symbol))
    }

    fn income(&self, page: IncomePage) -> Read<'_, Vec<IncomeReport>> {
        let past = self.perpetual_history();
        Box::pin(async move { past.income(&page).await })
    }

    fn perpetual_orders(&self, orders: &[OrderReport]) -> Vec<Option<PerpetualOrder>> {
        self.views.perpetual_orders(orders)
    }

    fn perpetual_terms(&self, orders: Vec<OrderReport>) -> Read<'_, Vec<Option<PerpetualOrder>>> {
        let past = self.perpetual_history();
        Box::pin(async move { past.terms(&orders).await })
    }

    fn trade_profits(
        &self,
        account: AccountId,
        symbol: SymbolId,
        trades: Vec<TradeId>,
    ) -> Read<'_, Vec<Option<TradeProfit>>> {
        let past = self.perpetual_history();
        Box::pin(async move { past.profits((account, symbol), &trades).await })
    }

    fn forced_orders(&self, page: AccountPage) -> Read<'_, Vec<OrderReport>> {
        let past = self.perpetual_history();
        Box::pin(async move { past.forced_orders(&page).await })
    }

    fn modifications(
        &self,
        page: AccountPage,
        order: Option<OrderId>,
    ) -> Read<'_, Vec<ModificationReport>> {
        let past = self.perpetual_history();
        Box::pin(async move { past.modifications(&page, order).await })
    }

    fn margin_changes(&self, page: AccountPage, adds: Option<bool>) -> Read<'_, Vec<MarginChange>> {
        let past = self.perpetual_history();
        Box::pin(async move { past.margin_changes(&page, adds).await })
    }

    fn price_candles(&self, page: PriceCandlePage) -> Read<'_, Vec<PriceCandle>> {
        let past = self.perpetual_history();
        Box::pin(async move { past.price_candles(&page).await })
    }

    fn deleveraging_ranks(&self, account: AccountId) -> Vec<DeleveragingRank> {
        self.views.deleveraging_ranks(account)
    }

    fn is_denied(&self, address: IpAddr, account: Option<AccountId>) -> bool {
        self.live.is_denied(address, account)
    }

    fn requests_per_second(&self) -> u32 {
        self.live.requests_per_second()
    }
}
