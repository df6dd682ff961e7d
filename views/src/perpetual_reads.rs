//! What is read of perpetual contracts.

use schemas::ids::{AccountId, SymbolId, TradeId};
use schemas::perpetual_report::{
    ContractReport, DeleveragingRank, FundingPage, FundingReport, FuturesAccountReport, IncomePage,
    IncomeReport, MarkReport, PerpetualOrder, SymbolConfig, TradeProfit,
};
use schemas::report::OrderReport;

use crate::Views;

impl Views {
    /// The rules of a perpetual; `None` when there is no such one.
    pub fn contract(&self, symbol: SymbolId) -> Option<ContractReport> {
        self.perpetuals.lock().contract(symbol)
    }

    /// Index, mark, funding and open interest of a perpetual.
    pub fn mark(&self, symbol: SymbolId) -> Option<MarkReport> {
        self.perpetuals.lock().mark_of(symbol)
    }

    /// A page of funding slots as far as they are remembered, ascending by time, and whether
    /// none that was forgotten belongs on it.
    pub fn funding(&self, page: &FundingPage) -> (Vec<FundingReport>, bool) {
        let perpetuals = self.perpetuals.lock();
        let slots = perpetuals.slots(page);
        let is_whole = perpetuals.slots_since(page).is_none_or(|since| {
            let is_full = page.limit <= slots.len();
            let newest = slots.first().filter(|_| is_full).map(|slot| slot.time);
            page.start.or(newest).is_some_and(|first| since <= first)
        });
        (slots, is_whole)
    }

    /// Futures wallets and positions of an account; `None` when it has none.
    pub fn futures_account(&self, account: AccountId) -> Option<FuturesAccountReport> {
        let open = self.open_orders(account, None);
        self.perpetuals.lock().account(account, &open)
    }

    /// What an account chose for a perpetual, or what everybody has.
    pub fn symbol_config(&self, account: AccountId, symbol: SymbolId) -> SymbolConfig {
        self.perpetuals.lock().symbol_config(account, symbol)
    }

    /// A page of an account's income as far as it is remembered, ascending by time.
    pub fn income(&self, page: &IncomePage) -> Vec<IncomeReport> {
        self.perpetuals.lock().income_of(page)
    }

    /// What orders on perpetuals have beside their reports, one by one.
    pub fn perpetual_orders(&self, orders: &[OrderReport]) -> Vec<Option<PerpetualOrder>> {
        self.perpetuals.lock().terms(orders)
    }

    /// How early each position of an account would be deleveraged.
    pub fn deleveraging_ranks(&self, account: AccountId) -> Vec<DeleveragingRank> {
        self.perpetuals.lock().ranks(account)
    }

    /// What single trades realised for an account, one by one.
    pub fn trade_profits(
        &self,
        account: AccountId,
        symbol: SymbolId,
        trades: &[TradeId],
    ) -> Vec<Option<TradeProfit>> {
        self.perpetuals.lock().profits(account, symbol, trades)
    }
}
