//! A market's past beyond what the views keep: trades and candles from SQL, aggregates made
//! of those trades.

use gateway::queries::ReadError;
use projections::error::SinkError;
use projections::market_reads;
use schemas::ids::{SymbolId, TradeId};
use schemas::market::{AggregatePage, AggregateTrade, Candle, CandlePage, ZoneShift};
use schemas::report::TradeReport;
use views::Views;
use views::aggregates::AggregateMark;

use crate::history::History;
use crate::history_counts::Source;

/// Trades read at once.
const PIECE: usize = 4_000;

/// Views and SQL of the same venue.
pub struct MarketHistory<'a> {
    pub views: &'a Views,
    pub history: &'a History,
}

impl MarketHistory<'_> {
    /// Public trades from an id on, ascending.
    ///
    /// # Errors
    /// When SQL is needed and cannot be read.
    pub async fn trades_from(
        &self,
        symbol: SymbolId,
        from: TradeId,
        limit: usize,
    ) -> Result<Vec<TradeReport>, ReadError> {
        if let Some(trades) = self.views.trades_from(symbol, from, limit) {
            return Ok(trades);
        }
        let mut trades = self.read(symbol, from, limit).await?;
        // Whatever SQL does not have yet, the views still have.
        let next = trades.last().map_or(from, |last| TradeId(last.trade.0 + 1));
        let rest = self.views.trades_from(symbol, next, limit - trades.len());
        trades.extend(rest.unwrap_or_default());
        Ok(trades)
    }

    /// A page of candles, ascending.
    ///
    /// # Errors
    /// When SQL is needed and cannot be read.
    pub async fn candles(&self, page: &CandlePage) -> Result<Vec<Candle>, ReadError> {
        if let Some(candles) = self.views.whole_candles(page) {
            return Ok(candles);
        }
        // From here on SQL has every span that is over by now.
        let caught_up = self.history.caught_up(self.views.next()).await;
        caught_up.map_err(|reason| ReadError { reason })?;
        let key = (page.symbol, page.source());
        let file = self.history.file();
        let asked = self.history.counts().ask();
        let kept = self.views.oldest_span(key.0, key.1);
        let oldest = market_reads::oldest_span(file, key).await.map_err(failed)?;
        let Some(oldest) = oldest.into_iter().chain(kept).min() else {
            return Ok(Vec::new());
        };
        let bounds = page.bounds(oldest);
        let between = (bounds.0, page.end_of(bounds));
        let (close, mut spans) = market_reads::spans(file, key, between)
            .await
            .map_err(failed)?;
        asked.answered_by(Source::File);
        // Read last and taken first: the views have what SQL does not have yet.
        let (newer_close, newer) = self.views.spans(key, between);
        if let Some(first) = newer.first() {
            let first = key.1.start(first.open_time, ZoneShift::UTC);
            spans.retain(|span| span.open_time < first);
        }
        let spans = spans.into_iter().chain(newer);
        Ok(page.rows(bounds, newer_close.or(close), spans))
    }

    /// A page of aggregate trades, ascending by id.
    ///
    /// # Errors
    /// When SQL is needed and cannot be read.
    pub async fn aggregates(&self, page: &AggregatePage) -> Result<Vec<AggregateTrade>, ReadError> {
        let present = self.views.aggregates(page);
        let first = self.views.first_aggregate(page.symbol);
        let oldest = self.views.aggregates(&AggregatePage {
            from: Some(first),
            start: None,
            end: None,
            limit: 1,
            ..*page
        });
        let is_whole = match (page.from, page.start) {
            (Some(from), _) => first <= from,
            (None, Some(start)) => oldest.first().is_none_or(|oldest| oldest.time < start),
            (None, None) => present.len() == page.limit,
        };
        if is_whole || first <= 1 {
            return Ok(present);
        }
        let Some(mark) = self.begin(page, first).await? else {
            return Ok(present);
        };
        let mut found = self.aggregate(page, mark, first).await?;
        found.extend(present);
        if page.ascends() {
            found.truncate(page.limit);
        } else {
            found.drain(..found.len().saturating_sub(page.limit));
        }
        Ok(found)
    }

    /// Where to begin, so that the page is covered from its beginning.
    async fn begin(
        &self,
        page: &AggregatePage,
        first: u64,
    ) -> Result<Option<AggregateMark>, ReadError> {
        let symbol = page.symbol;
        if let Some(from) = page.from {
            return Ok(self.views.aggregate_mark(symbol, Ok(from)));
        }
        if let Some(start) = page.start {
            let trade = self.first_trade_at(symbol, start).await?;
            let trade = trade.unwrap_or(TradeId(u64::MAX));
            return Ok(self.views.aggregate_mark(symbol, Err(trade)));
        }
        let end = match page.end {
            None => first,
            Some(end) => {
                let trade = self.first_trade_at(symbol, end).await?;
                let mark = trade.and_then(|trade| self.views.aggregate_mark(symbol, Err(trade)));
                mark.map_or(first, |mark| mark.id)
            }
        };
        let from = end.saturating_sub(page.limit as u64).max(1);
        let mark = self.views.aggregate_mark(symbol, Ok(from));
        Ok(mark.or_else(|| self.views.aggregate_mark(symbol, Ok(first))))
    }

    /// Aggregates from a mark up to the first that the views keep, as far as on the page.
    async fn aggregate(
        &self,
        page: &AggregatePage,
        mark: AggregateMark,
        before: u64,
    ) -> Result<Vec<AggregateTrade>, ReadError> {
        let mut found: Vec<AggregateTrade> = Vec::new();
        let mut running: Option<AggregateTrade> = None;
        let mut next = mark.first;
        loop {
            let trades = self.trades_from(page.symbol, next, PIECE).await?;
            let Some(last) = trades.last() else { break };
            next = TradeId(last.trade.0 + 1);
            for trade in &trades {
                if running.as_mut().is_some_and(|running| running.take(trade)) {
                    continue;
                }
                let id = running.map_or(mark.id, |running| running.id + 1);
                found.extend(running.filter(|over| page.holds(over)));
                let is_late = page.end.is_some_and(|end| end < trade.time);
                let is_enough = page.ascends() && page.limit <= found.len();
                if before <= id || is_late || is_enough {
                    return Ok(found);
                }
                running = Some(AggregateTrade::new(id, trade));
            }
        }
        found.extend(running.filter(|over| over.id < before && page.holds(over)));
        Ok(found)
    }

    async fn read(
        &self,
        symbol: SymbolId,
        from: TradeId,
        limit: usize,
    ) -> Result<Vec<TradeReport>, ReadError> {
        let read = self.history.trades_from(symbol, from, limit).await;
        read.map_err(|reason| ReadError { reason })
    }

    async fn first_trade_at(
        &self,
        symbol: SymbolId,
        time: schemas::units::TimeNs,
    ) -> Result<Option<TradeId>, ReadError> {
        let read = self.history.first_trade_at(symbol, time).await;
        read.map_err(|reason| ReadError { reason })
    }
}

fn failed(error: SinkError) -> ReadError {
    ReadError {
        reason: error.to_string(),
    }
}
