//! A batch of events as rows: which rows of which tables it adds and changes.
//!
//! Pure: the database is asked before ([`Memory::bring`]) and written afterwards, so that
//! the reconciler makes the same rows from the same events and compares.

use std::collections::BTreeMap;

use schemas::event::{Event, OrderDone, Trade, TradePrevented};
use schemas::ids::{AccountId, AssetId, EventId, OrderId, SymbolId};
use schemas::income;
use schemas::instrument::{AccountState, SymbolKind, SymbolState};
use schemas::market::{Candle, Interval};
use schemas::order_change::{AmendmentReport, PreventedReport};
use schemas::report::TradeReport;
use schemas::trade_group::PreventedTransferred;
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::error::SinkError;
use crate::orders::{Orders, When, named, step_of};
use crate::projection::{Answered, Batch};
use crate::rows;
use crate::sql::candles::{Summary, SummaryKey, candle_row};
use crate::sql::database::{Statement, Value};
use crate::sql::ledger::{Line, group_lines, payment, payment_lines, trade_lines};
use crate::sql::memory::Memory;
use crate::sql::perpetual::PerpetualFold;
use crate::sql::shard::Shard;
use crate::sql::tables::{self, Rows};

/// What a batch comes to.
pub struct Folded {
    /// In the order in which they are written.
    pub rows: Vec<Rows>,
    /// Changes of single rows, after the rows.
    pub updates: Vec<Statement>,
}

/// Folds batches one after the other.
pub struct Fold<'a> {
    memory: &'a mut Memory,
    shard: Shard,
    orders: Orders,
    directory: Vec<Rows>,
    order_events: Rows,
    trades: Rows,
    ledger: Rows,
    transfers: Rows,
    prevented: Vec<PreventedReport>,
    amendments: Rows,
    lists: Rows,
    balances: BTreeMap<(AccountId, AssetId), (Amount, Amount)>,
    candles: BTreeMap<(SymbolId, Interval, TimeNs), Candle>,
    summaries: BTreeMap<SummaryKey, Summary>,
    updates: Vec<Statement>,
    perpetuals: PerpetualFold,
}

/// One step in the life of an order.
struct Step {
    key: (SymbolId, OrderId),
    account: AccountId,
    kind: &'static str,
    price: Price,
    qty: Qty,
    /// 0 = it was no trade.
    trade: u64,
}

/// Folds a batch; `memory` holds what it touches, and afterwards what it became.
///
/// # Errors
/// [`SinkError::UnknownOrder`] and [`SinkError::UnknownSymbol`] for what nobody told of.
pub fn fold(memory: &mut Memory, shard: Shard, batch: &Batch) -> Result<Folded, SinkError> {
    let mut fold = Fold {
        orders: Orders::of(shard),
        memory,
        shard,
        directory: Vec::new(),
        order_events: Rows::of(&tables::ORDER_EVENTS),
        trades: Rows::of(&tables::TRADES),
        ledger: Rows::of(&tables::LEDGER),
        transfers: Rows::of(&tables::TRANSFERS),
        prevented: Vec::new(),
        amendments: Rows::of(&tables::AMENDMENTS),
        lists: Rows::of(&tables::ORDER_LISTS),
        balances: BTreeMap::new(),
        candles: BTreeMap::new(),
        summaries: BTreeMap::new(),
        updates: Vec::new(),
        perpetuals: PerpetualFold::of(shard),
    };
    for answered in &batch.commands {
        for (index, event) in answered.events.iter().enumerate() {
            fold.event(answered, index as u16, event)?;
        }
    }
    Ok(fold.finish())
}

impl Fold<'_> {
    fn event(&mut self, answered: &Answered, index: u16, event: &Event) -> Result<(), SinkError> {
        let when = When {
            offset: answered.offset,
            time: answered.time,
        };
        let id = EventId::new(when.offset, index);
        for (key, _) in named(event).into_iter().flatten() {
            if !self.orders.has(key)
                && let Some(order) = self.memory.orders.get(&key)
            {
                self.orders.bring(*order);
            }
        }
        self.orders.apply(when, event)?;
        let quoted = income::symbol_of(event).and_then(|symbol| self.memory.markets.get(&symbol));
        let quote = quoted.map_or_else(AssetId::default, |market| market.quote);
        let perpetuals = &mut self.memory.perpetuals;
        self.perpetuals
            .event(perpetuals, (when, id), (event, quote));
        match event {
            Event::Trade(trade) => self.trade(when, id, trade)?,
            Event::BalanceChanged(balance) if self.shard.has(balance.account) => {
                let key = (balance.account, balance.asset);
                self.balances.insert(key, (balance.free, balance.held));
            }
            Event::TradePrevented(prevented) => self.prevented(when, id, prevented),
            Event::PreventedTransferred(moved) => self.transferred(when, id, moved)?,
            Event::OrderAccepted(accepted) => {
                let (kind, price, qty) = ("accepted", accepted.price, accepted.qty);
                let key = (accepted.symbol, accepted.order);
                self.step(
                    when,
                    id,
                    &Step::new(key, accepted.account, kind).of(price, qty),
                );
            }
            Event::OrderAmended(amended) => {
                let key = (amended.symbol, amended.order);
                let step = Step::new(key, amended.account, "amended");
                self.step(when, id, &step.of(amended.price, amended.new_qty));
                if self.shard.has(amended.account) {
                    let report = AmendmentReport::new((id, when.time), amended);
                    self.amendments.push(rows::amendment_values(&report));
                }
            }
            Event::OrderDone(done) => {
                let kind = rows::status_word(done.status);
                let step = Step::new((done.symbol, done.order), done.account, kind);
                self.step(when, id, &step.of(done.price, done.open));
                self.ended(when, done);
            }
            Event::OrderListAccepted(list) if self.shard.has(list.account) => {
                self.lists.push(rows::list_values(list, when.time));
            }
            _ => {
                self.administration(when, event);
                self.money(when, id, event);
            }
        }
        if let Some((key, account, kind)) = step_of(event) {
            self.step(when, id, &Step::new(key, account, kind));
        }
        Ok(())
    }

    fn step(&mut self, when: When, event: EventId, step: &Step) {
        if !self.shard.has(step.account) {
            return;
        }
        self.order_events.push([
            step.key.0.0.into(),
            step.key.1.0.into(),
            event.0.into(),
            step.account.0.into(),
            when.time.0.into(),
            step.kind.into(),
            step.price.0.into(),
            step.qty.0.into(),
            step.trade.into(),
        ]);
    }

    fn trade(&mut self, when: When, id: EventId, trade: &Trade) -> Result<(), SinkError> {
        let report = TradeReport::new(trade, when.time);
        let symbol = trade.symbol;
        let sides = [
            (trade.taker_order, trade.taker_account),
            (trade.maker_order, trade.maker_account),
        ];
        for (order, account) in sides {
            let mut step = Step::new((symbol, order), account, "trade");
            step.trade = trade.trade.0;
            self.step(when, id, &step.of(trade.price, trade.qty));
        }
        if sides
            .into_iter()
            .any(|(_, account)| self.shard.has(account))
        {
            self.trades.push(rows::trade_values(&report));
        }
        let market = self.memory.markets.get(&symbol);
        let market = *market.ok_or(SinkError::UnknownSymbol {
            symbol: symbol.0,
            offset: when.offset,
        })?;
        for line in trade_lines((id, when.time), &market, trade) {
            self.line(&line);
        }
        self.chart(&report);
        Ok(())
    }

    /// What a trade group moved among its accounts is no trade, but postings.
    fn transferred(
        &mut self,
        when: When,
        id: EventId,
        moved: &PreventedTransferred,
    ) -> Result<(), SinkError> {
        let market = self.memory.markets.get(&moved.symbol);
        let market = *market.ok_or(SinkError::UnknownSymbol {
            symbol: moved.symbol.0,
            offset: when.offset,
        })?;
        for line in group_lines((id, when.time), &market, moved) {
            self.line(&line);
        }
        Ok(())
    }

    fn chart(&mut self, report: &TradeReport) {
        let charted = self.memory.trade(report, self.shard);
        for (interval, candle) in charted.candles {
            let key = (report.symbol, interval, candle.open_time);
            self.candles.insert(key, candle);
        }
        self.summaries.extend(charted.summaries);
    }

    fn line(&mut self, line: &Line) {
        if self.shard.has(line.account) {
            self.ledger.push(line.row());
        }
    }

    fn money(&mut self, when: When, id: EventId, event: &Event) {
        let Some(payment) = payment(event) else {
            return;
        };
        for line in payment_lines((id, when.time), &payment) {
            self.line(&line);
        }
        if self.shard.has(payment.from) || self.shard.has(payment.to) {
            self.transfers.push([
                id.0.into(),
                payment.from.0.into(),
                payment.to.0.into(),
                u32::from(payment.asset.0).into(),
                payment.amount.0.into(),
                payment.kind.into(),
                payment.business.to_string().into(),
                when.time.0.into(),
            ]);
        }
    }

    fn prevented(&mut self, when: When, id: EventId, prevented: &TradePrevented) {
        let symbol = prevented.symbol;
        for (order, qty) in [
            (prevented.taker_order, prevented.taker_prevented),
            (prevented.maker_order, prevented.maker_prevented),
        ] {
            let key = (symbol, order);
            if self.orders.is_of(key, prevented.account) {
                let step = Step::new(key, prevented.account, "prevented");
                self.step(when, id, &step.of(prevented.price, qty));
            }
        }
        if self.shard.has(prevented.account) {
            let report = PreventedReport::new((id, when.time), prevented);
            self.prevented.push(report);
        }
    }

    /// An order that self-trade prevention ended: the newest match of the command that names
    /// it took what was left.
    fn ended(&mut self, when: When, done: &OrderDone) {
        let begin = EventId::new(when.offset, 0);
        let newest = self.prevented.iter_mut().rev();
        newest
            .take_while(|met| begin <= met.id)
            .any(|met| met.take(done));
    }

    /// Assets, symbols and accounts.
    fn administration(&mut self, when: When, event: &Event) {
        let mut rows = None;
        let now = Value::from(when.time.0);
        match *event {
            Event::AssetAdded { asset, code, scale } => {
                self.memory.scales.insert(asset, scale);
                let mut row = Rows::of(&tables::ASSETS);
                row.push([
                    u32::from(asset.0).into(),
                    code.to_string().into(),
                    u32::from(scale).into(),
                ]);
                rows = Some(row);
            }
            Event::SymbolAdded {
                symbol,
                name,
                kind,
                base,
                quote,
                price_scale,
                qty_scale,
            } => {
                self.memory.list(symbol, (base, quote), qty_scale);
                let is_perpetual = kind == SymbolKind::Perpetual;
                self.memory.mark_kind(symbol, is_perpetual);
                let mut row = Rows::of(&tables::SYMBOLS);
                row.push([
                    symbol.0.into(),
                    name.to_string().into(),
                    (kind as i64).into(),
                    u32::from(base.0).into(),
                    u32::from(quote.0).into(),
                    u32::from(price_scale).into(),
                    u32::from(qty_scale).into(),
                    (SymbolState::PreTrading as i64).into(),
                    0_i64.into(),
                    0_i64.into(),
                ]);
                rows = Some(row);
            }
            Event::AccountCreated { account, business } if self.shard.has(account) => {
                let mut row = Rows::of(&tables::ACCOUNTS);
                row.push([
                    account.0.into(),
                    business.to_string().into(),
                    (AccountState::Active as i64).into(),
                    0_i64.into(),
                    0_i64.into(),
                    0_i64.into(),
                    now.clone(),
                    now,
                ]);
                rows = Some(row);
            }
            _ => self.updates.extend(rows::update(when, event)),
        }
        self.directory.extend(rows);
    }

    fn finish(self) -> Folded {
        let mut orders = Rows::of(&tables::ORDERS);
        for order in self.orders.touched() {
            orders.push(rows::order_values(order));
            self.memory
                .orders
                .insert((order.symbol, order.order), *order);
        }
        let mut balances = Rows::of(&tables::BALANCES);
        for ((account, asset), (free, held)) in self.balances {
            balances.push([
                account.0.into(),
                u32::from(asset.0).into(),
                free.0.into(),
                held.0.into(),
            ]);
        }
        let mut candles = Rows::of(&tables::CANDLES);
        for ((symbol, interval, _), candle) in &self.candles {
            candles.push(candle_row(*symbol, *interval, candle));
        }
        let mut summaries = Rows::of(&tables::SUMMARY);
        for (key, summary) in &self.summaries {
            summaries.push(summary.row(key));
        }
        let mut prevented = Rows::of(&tables::PREVENTED);
        for met in &self.prevented {
            prevented.push(rows::prevented_values(met));
        }
        let mut rows = self.directory;
        rows.extend([
            orders,
            self.lists,
            self.order_events,
            self.trades,
            self.ledger,
            self.transfers,
            prevented,
            self.amendments,
            balances,
            candles,
            summaries,
        ]);
        rows.extend(self.perpetuals.finish());
        rows.retain(|rows| !rows.is_empty());
        Folded {
            rows,
            updates: self.updates,
        }
    }
}

impl Step {
    fn new(key: (SymbolId, OrderId), account: AccountId, kind: &'static str) -> Step {
        Step {
            key,
            account,
            kind,
            price: Price::ZERO,
            qty: Qty::ZERO,
            trade: 0,
        }
    }

    fn of(mut self, price: Price, qty: Qty) -> Step {
        (self.price, self.qty) = (price, qty);
        self
    }
}
