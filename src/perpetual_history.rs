//! Perpetual contracts beyond what the views remember: the rest comes from SQL.
//!
//! Where the views do not suffice the read models are waited for, so that whoever has an
//! answer reads its effect here too. Only the file of this node is asked.

use std::collections::BTreeMap;

use gateway::queries::ReadError;
use projections::error::SinkError;
use projections::perpetual_reads as reads;
use projections::sql::database::Database;
use schemas::ids::{AccountId, OrderId, SymbolId, TradeId};
use schemas::perpetual_report::{
    AccountPage, FundingPage, FundingReport, IncomePage, IncomeReport, MarginChange,
    ModificationReport, PerpetualOrder, TradeProfit,
};
use schemas::price_candle::{PriceCandle, PriceCandlePage};
use schemas::report::OrderReport;
use views::Views;

use crate::history::History;

/// Views and SQL of the same venue.
#[derive(Clone, Copy)]
pub struct PerpetualHistory<'a> {
    pub views: &'a Views,
    pub history: &'a History,
}

impl PerpetualHistory<'_> {
    /// A page of an account's income, ascending by time.
    ///
    /// # Errors
    /// When SQL is needed and cannot be read.
    pub async fn income(self, page: &IncomePage) -> Result<Vec<IncomeReport>, ReadError> {
        let present = self.views.income(page);
        // The newest ones are all remembered; a page that is full of them needs no more.
        if page.start.is_none() && page.limit <= present.len() {
            return Ok(present);
        }
        self.read(async |database| reads::income(database, page).await)
            .await
    }

    /// What orders have beside their reports, one by one.
    ///
    /// # Errors
    /// When SQL is needed and cannot be read.
    pub async fn terms(
        self,
        orders: &[OrderReport],
    ) -> Result<Vec<Option<PerpetualOrder>>, ReadError> {
        let mut found = self.views.perpetual_orders(orders);
        let mut missing: BTreeMap<SymbolId, Vec<OrderId>> = BTreeMap::new();
        for (order, found) in orders.iter().zip(&found) {
            if found.is_none() && self.views.contract(order.symbol).is_some() {
                missing.entry(order.symbol).or_default().push(order.order);
            }
        }
        for (symbol, ids) in missing {
            let read = async |database: &Database| reads::terms(database, symbol, &ids).await;
            let told = self.read(read).await?;
            for (order, found) in orders.iter().zip(&mut found) {
                let is_it =
                    |it: &&PerpetualOrder| (it.symbol, it.order) == (order.symbol, order.order);
                *found = found.or_else(|| told.iter().find(is_it).copied());
            }
        }
        Ok(found)
    }

    /// What trades realised for an account, one by one.
    ///
    /// # Errors
    /// When SQL is needed and cannot be read.
    pub async fn profits(
        self,
        (account, symbol): (AccountId, SymbolId),
        trades: &[TradeId],
    ) -> Result<Vec<Option<TradeProfit>>, ReadError> {
        let mut found = self.views.trade_profits(account, symbol, trades);
        let missing = trades
            .iter()
            .zip(&found)
            .filter(|(_, found)| found.is_none());
        let missing: Vec<TradeId> = missing.map(|(trade, _)| *trade).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let key = (account, symbol);
        let read = async |database: &Database| reads::profits(database, key, &missing).await;
        let told = self.read(read).await?;
        for (trade, found) in trades.iter().zip(&mut found) {
            *found = found.or_else(|| told.iter().find(|it| it.trade == *trade).copied());
        }
        Ok(found)
    }

    /// A page of the orders by which an account was liquidated, ascending by time.
    ///
    /// # Errors
    /// When SQL cannot be read.
    pub async fn forced_orders(self, page: &AccountPage) -> Result<Vec<OrderReport>, ReadError> {
        self.read(async |database| reads::forced_orders(database, page).await)
            .await
    }

    /// A page of an account's modifications, ascending by time.
    ///
    /// # Errors
    /// When SQL cannot be read.
    pub async fn modifications(
        self,
        page: &AccountPage,
        order: Option<OrderId>,
    ) -> Result<Vec<ModificationReport>, ReadError> {
        self.read(async |database| reads::modifications(database, page, order).await)
            .await
    }

    /// A page of what an account put beside isolated positions, ascending by time.
    ///
    /// # Errors
    /// When SQL cannot be read.
    pub async fn margin_changes(
        self,
        page: &AccountPage,
        adds: Option<bool>,
    ) -> Result<Vec<MarginChange>, ReadError> {
        self.read(async |database| reads::margin_changes(database, page, adds).await)
            .await
    }

    /// A page of funding slots, ascending by time.
    ///
    /// # Errors
    /// When SQL is needed and cannot be read.
    pub async fn funding(self, page: &FundingPage) -> Result<Vec<FundingReport>, ReadError> {
        let (present, is_whole) = self.views.funding(page);
        if is_whole {
            return Ok(present);
        }
        let read = async |database: &Database| reads::funding(database, page).await;
        Ok(page.merge(self.read(read).await?, present))
    }

    /// A page of candles of a price, ascending.
    ///
    /// # Errors
    /// When SQL cannot be read.
    pub async fn price_candles(
        self,
        page: &PriceCandlePage,
    ) -> Result<Vec<PriceCandle>, ReadError> {
        self.read(async |database| reads::price_candles(database, page).await)
            .await
    }

    async fn read<T>(
        self,
        read: impl AsyncFnOnce(&Database) -> Result<T, SinkError>,
    ) -> Result<T, ReadError> {
        let caught_up = self.history.caught_up(self.views.next()).await;
        caught_up.map_err(|reason| ReadError { reason })?;
        let found = read(self.history.file()).await;
        found.map_err(|error| ReadError {
            reason: error.to_string(),
        })
    }
}
