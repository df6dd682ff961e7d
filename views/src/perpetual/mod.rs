//! Perpetual contracts: rules, prices, funding, positions, futures wallets, income.
//!
//! Behind one lock, since one command may move many accounts here. What depends on the mark
//! price is made when it is read, by `schemas::margin`. Absent on purpose: the orders, which
//! lie with their symbol as all others; history beyond the newest entries.
//!
//! Reading order: this file (what is kept, and the events), `account` (what is read of one
//! account), `ranking`, `saved`.

mod account;
mod ranking;
mod saved;

use std::collections::{BTreeMap, VecDeque};

use schemas::event::{Event, Trade};
use schemas::ids::{AccountId, AssetId, EventId, OrderId, SymbolId, TradeId};
use schemas::income::{self, IncomeAt};
use schemas::instrument::SymbolKind;
use schemas::margin::Table;
use schemas::perpetual::{Bracket, ContractSpec, Holding, MarginType, PositionSide};
use schemas::perpetual_event::{FundingFixed, PerpetualAccepted, PremiumSampled, TradeSettled};
use schemas::perpetual_report::{
    ContractReport, FundingPage, FundingReport, IncomePage, IncomeReport, MarkReport,
    PerpetualOrder, TradeProfit,
};
use schemas::report::OrderReport;
use schemas::units::{Amount, Qty, TimeNs};

/// So many slots of a symbol are remembered: a year of three a day.
const SLOTS_KEPT: usize = 1_100;
/// So many entries of an account's income are remembered.
const INCOME_KEPT: usize = if cfg!(test) { 50 } else { 1_000 };
/// So many trades of an account on a symbol keep what they realised.
const PROFITS_KEPT: usize = if cfg!(test) { 50 } else { 1_000 };
/// So many orders of a symbol that are over keep their terms.
const TERMS_KEPT: usize = if cfg!(test) { 200 } else { 1_000 };

/// One perpetual.
#[derive(Default)]
struct Contract {
    quote: AssetId,
    /// Quote atoms of one price unit times one quantity unit.
    quote_per_tick_lot: u64,
    spec: ContractSpec,
    /// Rows of a table that is being told.
    told: Vec<Bracket>,
    table: Table,
    mark: MarkReport,
    /// Longs of all accounts; an account with two positions counts with its long one.
    longs: i128,
    slots: VecDeque<FundingReport>,
    orders: BTreeMap<OrderId, PerpetualOrder>,
}

/// One account on one perpetual.
#[derive(Clone, Copy, Default)]
struct Seat {
    /// Zero = the contract's.
    leverage: u32,
    isolated: bool,
    /// By position side.
    holdings: [Holding; 3],
    updated: TimeNs,
}

/// One account's futures side.
#[derive(Default)]
struct Account {
    hedge: bool,
    /// Cross and isolated by asset, and when either last changed.
    wallets: BTreeMap<AssetId, (Amount, Amount, TimeNs)>,
    seats: BTreeMap<SymbolId, Seat>,
    income: VecDeque<IncomeReport>,
    profits: BTreeMap<SymbolId, BTreeMap<TradeId, TradeProfit>>,
    updated: TimeNs,
}

/// All perpetual contracts and everyone's part in them.
#[derive(Default)]
pub(crate) struct Perpetuals {
    contracts: BTreeMap<SymbolId, Contract>,
    accounts: BTreeMap<AccountId, Account>,
    /// Decimals by asset id, to know what a unit is worth.
    scales: Vec<u8>,
    /// The trade that the next `TradeSettled` belongs to.
    last_trade: Option<Trade>,
}

/// Which event of which frame.
#[derive(Clone, Copy)]
pub(crate) struct When {
    pub(crate) id: EventId,
    pub(crate) time: TimeNs,
}

impl Perpetuals {
    /// Takes an event that moves an order or tells of a trade.
    pub(crate) fn market(&mut self, when: When, event: &Event) {
        match event {
            Event::Trade(trade) if self.contracts.contains_key(&trade.symbol) => {
                self.last_trade = Some(*trade);
            }
            Event::TradeSettled(settled) => self.settled(when, event, settled),
            Event::PerpetualAccepted(accepted) => self.accepted(accepted),
            Event::OrderTriggered(step) => {
                if let Some(contract) = self.contracts.get_mut(&step.symbol)
                    && let Some(order) = contract.orders.get_mut(&step.order)
                {
                    order.waits = false;
                    order.triggered = when.time;
                }
            }
            _ => {}
        }
    }

    /// Takes every other event; false for one that is none of a perpetual's.
    pub(crate) fn apply(&mut self, when: When, event: &Event) -> bool {
        match event {
            Event::AssetAdded { scale, .. } => {
                self.scales.push(*scale);
                return false;
            }
            Event::SymbolAdded { kind, .. } => {
                if *kind == SymbolKind::Perpetual {
                    self.list(event);
                }
                return false;
            }
            Event::ContractChanged { symbol, spec } => {
                if let Some(contract) = self.contracts.get_mut(symbol) {
                    contract.spec = *spec;
                    contract.mark.interest = spec.interest;
                }
            }
            Event::BracketChanged {
                symbol,
                number,
                count,
                bracket,
            } => self.bracket(*symbol, (*number, *count), *bracket),
            Event::IndexPriceSet(set) => self.mark(set.symbol, |mark| {
                (mark.index, mark.time) = (set.price, when.time);
            }),
            Event::MarkPriceChanged(changed) => self.mark(changed.symbol, |mark| {
                (mark.mark, mark.time) = (changed.mark, when.time);
            }),
            Event::PremiumSampled(sampled) => self.sampled(sampled),
            Event::FundingFixed(fixed) => self.fixed(fixed),
            other => return self.account_event(when, other),
        }
        true
    }

    fn account_event(&mut self, when: When, event: &Event) -> bool {
        match event {
            Event::FundingPaid(_)
            | Event::FuturesTransferred(_)
            | Event::LiquidationFee(_)
            | Event::PositionTakenOver(_) => self.earn(when, event, None),
            Event::WalletChanged(it) => {
                let account = self.accounts.entry(it.account).or_default();
                let wallet = (it.cross, it.isolated, when.time);
                account.wallets.insert(it.asset, wallet);
                account.updated = when.time;
            }
            Event::PositionChanged(it) => {
                self.position(when, (it.account, it.symbol), (it.side, it.holding));
            }
            Event::LeverageChanged {
                account,
                symbol,
                leverage,
            } => self.seat(*account, *symbol).leverage = *leverage,
            Event::MarginTypeChanged {
                account,
                symbol,
                margin_type,
            } => self.seat(*account, *symbol).isolated = *margin_type == MarginType::Isolated,
            Event::PositionModeChanged { account, hedge } => {
                self.accounts.entry(*account).or_default().hedge = *hedge;
            }
            Event::MarginAdjusted(_)
            | Event::LiquidationStarted(_)
            | Event::LiquidationOrdered(_)
            | Event::InsuranceDeposited { .. }
            | Event::ModifyRejected(_)
            | Event::ContractSettled(_)
            | Event::ContractGuarded { .. }
            | Event::IndexSourcesChanged { .. }
            | Event::MarginCalled(_) => {}
            _ => return false,
        }
        true
    }

    fn list(&mut self, event: &Event) {
        let Event::SymbolAdded {
            symbol,
            quote,
            price_scale,
            qty_scale,
            ..
        } = event
        else {
            return;
        };
        let scale = self.scales.get(usize::from(quote.0)).copied().unwrap_or(0);
        let exponent = scale.saturating_sub(price_scale.saturating_add(*qty_scale));
        let contract = Contract {
            quote: *quote,
            quote_per_tick_lot: 10_u64.checked_pow(exponent.into()).unwrap_or(1),
            mark: MarkReport {
                symbol: *symbol,
                ..MarkReport::default()
            },
            ..Contract::default()
        };
        self.contracts.insert(*symbol, contract);
    }

    fn bracket(&mut self, symbol: SymbolId, (number, count): (u8, u8), bracket: Bracket) {
        let Some(contract) = self.contracts.get_mut(&symbol) else {
            return;
        };
        contract.told.truncate(usize::from(number));
        contract.told.push(bracket);
        if contract.told.len() == usize::from(count) {
            let told = std::mem::take(&mut contract.told);
            contract.table = Table::new(&told).unwrap_or_default();
        }
    }

    fn mark(&mut self, symbol: SymbolId, change: impl FnOnce(&mut MarkReport)) {
        if let Some(contract) = self.contracts.get_mut(&symbol) {
            change(&mut contract.mark);
        }
    }

    fn sampled(&mut self, sampled: &PremiumSampled) {
        self.mark(sampled.symbol, |mark| {
            mark.premium = sampled.premium;
            mark.predicted_funding = sampled.predicted;
            mark.next_funding = sampled.next_funding;
        });
    }

    fn fixed(&mut self, fixed: &FundingFixed) {
        let Some(contract) = self.contracts.get_mut(&fixed.symbol) else {
            return;
        };
        contract.mark.last_funding = fixed.rate;
        contract.slots.push_back(FundingReport {
            symbol: fixed.symbol,
            time: fixed.slot,
            rate: fixed.rate,
            mark: fixed.mark,
        });
        if contract.slots.len() > SLOTS_KEPT {
            contract.slots.pop_front();
        }
    }

    fn accepted(&mut self, accepted: &PerpetualAccepted) {
        let Some(contract) = self.contracts.get_mut(&accepted.symbol) else {
            return;
        };
        let order = PerpetualOrder {
            symbol: accepted.symbol,
            order: accepted.order,
            terms: accepted.terms,
            stop_price: accepted.stop_price,
            callback: accepted.callback,
            waits: accepted.waits,
            triggered: TimeNs(0),
        };
        contract.orders.insert(accepted.order, order);
    }

    /// The terms of orders that are over are forgotten with the oldest ones; `is_open` says
    /// which must stay.
    pub(crate) fn forget_terms(&mut self, symbol: SymbolId, is_open: impl Fn(OrderId) -> bool) {
        if let Some(contract) = self.contracts.get_mut(&symbol)
            && contract.orders.len() > 2 * TERMS_KEPT
        {
            let over: Vec<_> = contract.orders.keys().copied().collect();
            for order in &over[..TERMS_KEPT] {
                if !is_open(*order) {
                    contract.orders.remove(order);
                }
            }
        }
    }

    fn settled(&mut self, when: When, event: &Event, settled: &TradeSettled) {
        let trade = self.last_trade.take();
        self.earn(when, event, trade.as_ref());
        let sides = [
            (
                settled.maker_account,
                settled.maker_position,
                settled.maker_realised,
            ),
            (
                settled.taker_account,
                settled.taker_position,
                settled.taker_realised,
            ),
        ];
        for (account, position, realised) in sides {
            let account = self.accounts.entry(account).or_default();
            let profits = account.profits.entry(settled.symbol).or_default();
            let profit = TradeProfit {
                trade: settled.trade,
                realised,
                position,
            };
            profits.insert(settled.trade, profit);
            if profits.len() > PROFITS_KEPT {
                profits.pop_first();
            }
        }
    }

    fn earn(&mut self, when: When, event: &Event, trade: Option<&Trade>) {
        let contract = income::symbol_of(event).and_then(|symbol| self.contracts.get(&symbol));
        let at = IncomeAt {
            id: when.id,
            time: when.time,
            quote: contract.map(|contract| contract.quote).unwrap_or_default(),
        };
        for entry in income::entries(at, event, trade) {
            self.income(entry);
        }
    }

    fn income(&mut self, entry: IncomeReport) {
        let income = &mut self.accounts.entry(entry.account).or_default().income;
        income.push_back(entry);
        if income.len() > INCOME_KEPT {
            income.pop_front();
        }
    }

    fn seat(&mut self, account: AccountId, symbol: SymbolId) -> &mut Seat {
        let account = self.accounts.entry(account).or_default();
        account.seats.entry(symbol).or_default()
    }

    fn position(
        &mut self,
        when: When,
        (account, symbol): (AccountId, SymbolId),
        (side, holding): (PositionSide, Holding),
    ) {
        let seat = self.seat(account, symbol);
        seat.updated = when.time;
        let before = std::mem::replace(&mut seat.holdings[side as usize], holding);
        if let Some(contract) = self.contracts.get_mut(&symbol) {
            let long = |holding: &Holding| i128::from(holding.size.0.max(0));
            contract.longs += long(&holding) - long(&before);
        }
    }

    /// The rules of a perpetual; `None` when there is no such one.
    pub(crate) fn contract(&self, symbol: SymbolId) -> Option<ContractReport> {
        let contract = self.contracts.get(&symbol)?;
        Some(ContractReport {
            symbol,
            spec: contract.spec,
            brackets: contract.table.brackets().to_vec(),
        })
    }

    /// Its prices and funding.
    pub(crate) fn mark_of(&self, symbol: SymbolId) -> Option<MarkReport> {
        let contract = self.contracts.get(&symbol)?;
        let longs = i64::try_from(contract.longs).unwrap_or(i64::MAX);
        Some(MarkReport {
            open_interest: Qty(longs),
            ..contract.mark
        })
    }

    /// A page of slots, ascending by time.
    pub(crate) fn slots(&self, page: &FundingPage) -> Vec<FundingReport> {
        let wanted = |symbol: &SymbolId| page.symbol.is_none_or(|wanted| wanted == *symbol);
        let contracts = self.contracts.iter().filter(|(symbol, _)| wanted(symbol));
        let mut slots: Vec<FundingReport> = contracts
            .flat_map(|(_, contract)| contract.slots.iter().copied())
            .filter(|slot| page.start.is_none_or(|start| start <= slot.time))
            .filter(|slot| page.end.is_none_or(|end| slot.time <= end))
            .collect();
        slots.sort_by_key(|slot| (slot.time, slot.symbol));
        page_of(slots, page.start.is_some(), page.limit)
    }

    /// Slots of every perpetual of a page are remembered from then on; `None` = all are.
    pub(crate) fn slots_since(&self, page: &FundingPage) -> Option<TimeNs> {
        let contracts = self.contracts.iter();
        let full = contracts.filter(|(symbol, contract)| {
            page.symbol.is_none_or(|wanted| wanted == **symbol)
                && SLOTS_KEPT <= contract.slots.len()
        });
        full.filter_map(|(_, contract)| contract.slots.front())
            .map(|slot| slot.time)
            .max()
    }

    /// A page of an account's income, ascending by time.
    pub(crate) fn income_of(&self, page: &IncomePage) -> Vec<IncomeReport> {
        let Some(account) = self.accounts.get(&page.account) else {
            return Vec::new();
        };
        let entries = account.income.iter().copied().filter(|entry| {
            page.symbol
                .is_none_or(|symbol| entry.symbol == Some(symbol))
                && page.kind.is_none_or(|kind| entry.kind == kind)
                && page.start.is_none_or(|start| start <= entry.time)
                && page.end.is_none_or(|end| entry.time <= end)
        });
        page_of(entries.collect(), page.start.is_some(), page.limit)
    }

    /// What single trades realised for an account.
    pub(crate) fn profits(
        &self,
        account: AccountId,
        symbol: SymbolId,
        trades: &[TradeId],
    ) -> Vec<Option<TradeProfit>> {
        let account = self.accounts.get(&account);
        let profits = account.and_then(|account| account.profits.get(&symbol));
        let find = |trade: &TradeId| profits.and_then(|profits| profits.get(trade)).copied();
        trades.iter().map(find).collect()
    }

    /// What orders have beside their reports.
    pub(crate) fn terms(&self, orders: &[OrderReport]) -> Vec<Option<PerpetualOrder>> {
        let find = |order: &OrderReport| {
            let contract = self.contracts.get(&order.symbol)?;
            contract.orders.get(&order.order).copied()
        };
        orders.iter().map(find).collect()
    }
}

/// The first `limit` of a list, or the last ones.
fn page_of<T>(mut all: Vec<T>, from_start: bool, limit: usize) -> Vec<T> {
    if from_start {
        all.truncate(limit);
        return all;
    }
    let skipped = all.len().saturating_sub(limit);
    all.split_off(skipped)
}
