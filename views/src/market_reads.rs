//! Reads of candles, windows, aggregate trades, order lists and changes of orders.

use schemas::ids::{AccountId, SymbolId, TradeId};
use schemas::market::{AggregatePage, AggregateTrade, Candle, CandlePage, Interval, MarketWindow};
use schemas::order_change::{AmendmentReport, PreventedReport};
use schemas::page::{AmendmentPage, ListPage, ListRef, PreventedPage};
use schemas::report::{OrderListReport, OrderReport, TradeReport};
use schemas::units::{Price, TimeNs};

use crate::Views;
use crate::aggregates::AggregateMark;

impl Views {
    /// A page of candles as far as they are remembered, ascending; those without a trade
    /// are flat at the price before. Empty for a symbol that never traded.
    pub fn candles(&self, page: &CandlePage) -> Vec<Candle> {
        let market = self.market(page.symbol);
        market.map_or_else(Vec::new, |market| market.lock().candles.page(page))
    }

    /// The same, unless candles belong on the page that are not remembered.
    pub fn whole_candles(&self, page: &CandlePage) -> Option<Vec<Candle>> {
        let Some(market) = self.market(page.symbol) else {
            return Some(Vec::new());
        };
        let market = market.lock();
        let candles = &market.candles;
        candles.is_whole(page).then(|| candles.page(page))
    }

    /// When the oldest remembered span of an interval opened, in UTC.
    pub fn oldest_span(&self, symbol: SymbolId, interval: Interval) -> Option<TimeNs> {
        self.market(symbol)?.lock().candles.oldest(interval)
    }

    /// The price before `from`, and the remembered spans with trades that open from there
    /// on and before `until`; the running second is a span of its own, the last.
    pub fn spans(
        &self,
        (symbol, interval): (SymbolId, Interval),
        between: (TimeNs, TimeNs),
    ) -> (Option<Price>, Vec<Candle>) {
        let market = self.market(symbol);
        market.map_or((None, Vec::new()), |market| {
            market.lock().candles.between(interval, between)
        })
    }

    /// What was traded since a full minute, at most seven days back.
    pub fn window(&self, symbol: SymbolId, minute: TimeNs) -> MarketWindow {
        let Some(market) = self.market(symbol) else {
            return MarketWindow::default();
        };
        let market = market.lock();
        MarketWindow {
            traded: market.candles.since(minute),
            previous_close: market.candles.close_before_minute(minute),
            last: market.trades.last().copied(),
        }
    }

    /// A page of aggregate trades as far as they are remembered, ascending by id.
    pub fn aggregates(&self, page: &AggregatePage) -> Vec<AggregateTrade> {
        let market = self.market(page.symbol);
        market.map_or_else(Vec::new, |market| market.lock().aggregates.page(page))
    }

    /// The id of the oldest remembered aggregate trade; above every id without one.
    pub fn first_aggregate(&self, symbol: SymbolId) -> u64 {
        let market = self.market(symbol);
        market.map_or(u64::MAX, |market| market.lock().aggregates.first_id())
    }

    /// Where aggregation can begin to make the aggregate of that id, or of that trade.
    pub fn aggregate_mark(
        &self,
        symbol: SymbolId,
        target: Result<u64, TradeId>,
    ) -> Option<AggregateMark> {
        let market = self.market(symbol)?;
        let market = market.lock();
        match target {
            Ok(id) => market.aggregates.mark_before(id),
            Err(trade) => market.aggregates.mark_before_trade(trade),
        }
    }

    /// Public trades from an id on as far as they are remembered, ascending; `None` when
    /// older ones than remembered are asked for.
    pub fn trades_from(
        &self,
        symbol: SymbolId,
        from: TradeId,
        limit: usize,
    ) -> Option<Vec<TradeReport>> {
        let market = self.market(symbol)?;
        market.lock().trades.from(from, limit)
    }

    /// One order list of this account as far as it is remembered; by client id the newest.
    pub fn order_list(&self, account: AccountId, named: ListRef) -> Option<OrderListReport> {
        self.lists.lock().find(account, named)
    }

    /// A page of this account's order lists as far as they are remembered, ascending.
    pub fn order_lists(&self, page: &ListPage) -> Vec<OrderListReport> {
        self.lists.lock().page(page)
    }

    /// This account's open order lists, ascending.
    pub fn open_order_lists(&self, account: AccountId) -> Vec<OrderListReport> {
        self.lists.lock().open(account)
    }

    /// A page of an order's amendments as far as they are remembered, ascending.
    pub fn amendments(&self, page: &AmendmentPage) -> Vec<AmendmentReport> {
        let market = self.market(page.symbol);
        market.map_or_else(Vec::new, |market| {
            market.lock().order_changes.amendments(page)
        })
    }

    /// A page of prevented matches as far as they are remembered, ascending.
    pub fn prevented(&self, page: &PreventedPage) -> Vec<PreventedReport> {
        let market = self.market(page.symbol);
        market.map_or_else(Vec::new, |market| {
            market.lock().order_changes.prevented(page)
        })
    }

    /// Every open order of a symbol, ascending, each with whether it stands in the book.
    pub fn standing_orders(&self, symbol: SymbolId) -> Vec<(OrderReport, bool)> {
        let Some(market) = self.market(symbol) else {
            return Vec::new();
        };
        let market = market.lock();
        let open = market.orders.iter().filter(|it| it.status.is_open());
        open.map(|slot| (slot.report(), slot.rested)).collect()
    }
}
