//! The port out: what a handler may read. The root implements it over views and SQL.
//!
//! No read enters the engine's thread. Reads that may need SQL return a future.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

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

use crate::auth::life::Life;
use crate::user_events::UserReceiver;

/// A read that may wait for SQL.
pub type Read<'a, T> = Pin<Box<dyn Future<Output = Result<T, ReadError>> + Send + 'a>>;

/// The history could not be read; the present still can.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("history is not available: {reason}")]
pub struct ReadError {
    pub reason: String,
}

/// What handlers read.
pub trait Queries: Send + Sync + 'static {
    /// Assets, symbols, filters, fees, limits; cheap to call.
    fn directory(&self) -> Arc<Directory>;
    /// The best `limit` levels of each side; `None` for an unknown symbol.
    fn depth(&self, symbol: SymbolId, limit: usize) -> Option<Depth>;
    /// Best bid and ask.
    fn top(&self, symbol: SymbolId) -> Option<Top>;
    /// The newest `limit` public trades, ascending.
    fn recent_trades(&self, symbol: SymbolId, limit: usize) -> Vec<TradeReport>;
    /// A page of candles, ascending; empty for a symbol that never traded.
    fn candles(&self, page: CandlePage) -> Read<'_, Vec<Candle>>;
    /// A page of the newest candles, ascending, at once: those of old may be missing.
    fn latest_candles(&self, page: &CandlePage) -> Vec<Candle>;
    /// What was traded since a full minute, at most seven days back.
    fn window(&self, symbol: SymbolId, minute: TimeNs) -> MarketWindow;
    /// A page of aggregate trades, ascending by id.
    fn aggregates(&self, page: AggregatePage) -> Read<'_, Vec<AggregateTrade>>;
    /// Public trades from an id on, ascending.
    fn trades_from(
        &self,
        symbol: SymbolId,
        from: TradeId,
        limit: usize,
    ) -> Read<'_, Vec<TradeReport>>;
    /// Price of the last trade.
    fn last_price(&self, symbol: SymbolId) -> Option<Price>;
    /// Balances and state.
    fn account(&self, account: AccountId) -> Option<AccountReport>;
    /// Open orders, ascending by symbol and id.
    fn open_orders(&self, account: AccountId, symbol: Option<SymbolId>) -> Vec<OrderReport>;
    /// Orders in the running 10 s and day.
    fn order_counts(&self, account: AccountId) -> (u32, u32);
    /// One order of this account, open or closed; by client id the newest. A mismatch of id
    /// and client id, or another account's order, is `None`.
    fn order(
        &self,
        account: AccountId,
        symbol: SymbolId,
        target: OrderRef,
    ) -> Read<'_, Option<OrderReport>>;
    /// One order list of this account, open or remembered; by client id the newest. A
    /// mismatch of both, or another account's list, is `None`.
    fn order_list(&self, account: AccountId, named: ListRef) -> Option<OrderListReport>;
    /// A page of this account's order lists as far as they are remembered, ascending.
    fn order_lists(&self, page: &ListPage) -> Vec<OrderListReport>;
    /// This account's open order lists, ascending.
    fn open_order_lists(&self, account: AccountId) -> Vec<OrderListReport>;
    /// A page of this account's orders, ascending by id.
    fn orders(&self, page: OrderPage) -> Read<'_, Vec<OrderReport>>;
    /// A page of this account's trades, ascending by id.
    fn trades(&self, page: TradePage) -> Read<'_, Vec<TradeReport>>;
    /// A page of one order's amendments, ascending.
    fn amendments(&self, page: AmendmentPage) -> Read<'_, Vec<AmendmentReport>>;
    /// A page of this account's prevented matches, ascending.
    fn prevented(&self, page: PreventedPage) -> Read<'_, Vec<PreventedReport>>;
    /// Documents by any of their words; those who have no index say so.
    fn search(&self, query: SearchQuery) -> Read<'_, SearchPage> {
        let reason = format!("nothing is indexed here ({} asked for)", query.limit);
        Box::pin(async { Err(ReadError { reason }) })
    }
    /// Everything that changes on any symbol's market from now on.
    fn market_updates(&self) -> broadcast::Receiver<Arc<MarketUpdate>>;
    /// Everything that happens to an account from now on, each command with its offset.
    /// Never dropped silently; an account that nobody asked for costs nothing.
    fn user_events(&self, account: AccountId) -> UserReceiver;
    /// What happened to an account from an offset on, at most `limit` commands (at least
    /// one) and without a gap: element for element what [`Queries::user_events`] gave.
    fn user_events_since(
        &self,
        account: AccountId,
        from: Offset,
        limit: usize,
    ) -> Read<'_, UserPage>;
    /// The newest offset that these reads include, for `X-Daybook-Offset`; `None` if the
    /// implementation does not tell.
    fn newest_offset(&self) -> Option<Offset> {
        None
    }
    /// How many requests a second an address may send, whatever they weigh; 0 = as many as
    /// the weight allows.
    fn requests_per_second(&self) -> u32 {
        0
    }
    /// The rules of a perpetual; `None` when there is no such one.
    fn contract(&self, _symbol: SymbolId) -> Option<ContractReport> {
        None
    }
    /// Index, mark, funding and open interest of a perpetual.
    fn mark(&self, _symbol: SymbolId) -> Option<MarkReport> {
        None
    }
    /// Who says what the index price of a perpetual is; none where an operator does.
    fn index_sources(&self, _symbol: SymbolId) -> Vec<IndexSource> {
        Vec::new()
    }
    /// A page of funding slots, ascending by time.
    fn funding(&self, _page: FundingPage) -> Read<'_, Vec<FundingReport>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// Futures wallets and positions at the mark prices of this moment; `None` for an
    /// account that never had any.
    fn futures_account(&self, _account: AccountId) -> Option<FuturesAccountReport> {
        None
    }
    /// What an account chose for a perpetual, or what everybody has.
    fn symbol_config(&self, _account: AccountId, _symbol: SymbolId) -> Option<SymbolConfig> {
        None
    }
    /// A page of an account's income, ascending by time.
    fn income(&self, _page: IncomePage) -> Read<'_, Vec<IncomeReport>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// What orders on perpetuals have beside their reports, one by one, as far as it is
    /// remembered; that of open orders always is.
    fn perpetual_orders(&self, orders: &[OrderReport]) -> Vec<Option<PerpetualOrder>> {
        vec![None; orders.len()]
    }
    /// The same of orders however old.
    fn perpetual_terms(&self, orders: Vec<OrderReport>) -> Read<'_, Vec<Option<PerpetualOrder>>> {
        Box::pin(async move { Ok(self.perpetual_orders(&orders)) })
    }
    /// What single trades on a perpetual realised for an account, one by one.
    fn trade_profits(
        &self,
        _account: AccountId,
        _symbol: SymbolId,
        trades: Vec<TradeId>,
    ) -> Read<'_, Vec<Option<TradeProfit>>> {
        Box::pin(async move { Ok(vec![None; trades.len()]) })
    }
    /// A page of the orders by which an account was liquidated, ascending by time.
    fn forced_orders(&self, _page: AccountPage) -> Read<'_, Vec<OrderReport>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// A page of modifications, of one order or of all, ascending by time.
    fn modifications(
        &self,
        _page: AccountPage,
        _order: Option<OrderId>,
    ) -> Read<'_, Vec<ModificationReport>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// A page of margin put beside isolated positions (`adds`), taken back, or both.
    fn margin_changes(
        &self,
        _page: AccountPage,
        _adds: Option<bool>,
    ) -> Read<'_, Vec<MarginChange>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// A page of candles of mark, index or premium, ascending.
    fn price_candles(&self, _page: PriceCandlePage) -> Read<'_, Vec<PriceCandle>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    /// How early each position of an account would be deleveraged.
    fn deleveraging_ranks(&self, _account: AccountId) -> Vec<DeleveragingRank> {
        Vec::new()
    }
    /// Whether the `[deny]` list names the address or the account.
    fn is_denied(&self, address: IpAddr, account: Option<AccountId>) -> bool;
}

/// One API key as the gateway needs it.
///
/// A request asks for it anew each time. A session that stays open keeps it and ends when
/// [`Life::over`] says so: `() = key.life.over() => …` in its `select!`.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub key: String,
    pub account: AccountId,
    pub secret: Secret,
    pub may_read: bool,
    pub may_trade: bool,
    pub may_withdraw: bool,
    /// FIX sessions of every kind.
    pub may_fix: bool,
    /// FIX sessions that only listen.
    pub may_fix_read: bool,
    /// Empty = from anywhere.
    pub addresses: Vec<IpAddr>,
    /// Ends when the key is revoked.
    pub life: Life,
}

/// What proves possession of a key.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The shared secret of HMAC-SHA256.
    Hmac(Vec<u8>),
    /// The public point of Ed25519.
    Ed25519(Vec<u8>),
    /// The public key of RSA, as PKCS#1 in DER.
    Rsa(Vec<u8>),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Looks keys up; an in-memory read, never SQL.
pub trait Keys: Send + Sync + 'static {
    /// The key, unless unknown or revoked.
    fn find(&self, key: &str) -> Option<Arc<ApiKey>>;
}
