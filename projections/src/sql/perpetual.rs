//! What perpetual contracts add to a batch's rows.
//!
//! Income is made by [`schemas::income`], as the views make theirs. Candles of mark, index
//! and premium lie in every shard, as those of trades do; open interest counts the longs of
//! the shard's accounts.

use std::collections::{BTreeMap, HashMap};

use schemas::event::{Event, Trade};
use schemas::ids::{AccountId, AssetId, EventId, OrderId, SymbolId};
use schemas::income::{self, IncomeAt};
use schemas::market::Interval;
use schemas::perpetual::{Holding, PositionSide};
use schemas::perpetual_event::{
    LiquidationOrdered, PerpetualAccepted, PositionTakenOver, TradeSettled,
};
use schemas::price_candle::{PriceCandle, PriceSeries, value_of};
use schemas::units::{Amount, TimeNs};

use crate::error::SinkError;
use crate::orders::When;
use crate::rows::{number as numbered, whole};
use crate::sql::candles::{opened, span_name};
use crate::sql::database::{Row, Statement, Transaction, Value};
use crate::sql::perpetual_tables as tables;
use crate::sql::shard::Shard;
use crate::sql::tables::Rows;

/// The span of open interest.
const INTEREST_SPAN: Interval = Interval::Minutes5;
/// What stands for no symbol.
const NO_SYMBOL: i64 = -1;

/// One candle: symbol, interval, when it began, of what.
type CandleKey = (SymbolId, Interval, TimeNs, PriceSeries);

/// What a sink remembers of perpetuals between batches.
#[derive(Default, Debug)]
pub struct PerpetualMemory {
    /// Longs by position; those that are none are not here.
    longs: HashMap<(AccountId, SymbolId, PositionSide), i64>,
    interest: BTreeMap<SymbolId, i128>,
    /// The newest candle of each interval.
    candles: HashMap<(SymbolId, Interval, PriceSeries), PriceCandle>,
}

/// A batch's rows of perpetuals.
pub struct PerpetualFold {
    shard: Shard,
    /// The trade that the next `TradeSettled` belongs to.
    trade: Option<Trade>,
    /// The forced order whose `OrderAccepted` follows.
    forced: Option<LiquidationOrdered>,
    orders: Rows,
    profits: Rows,
    modifications: Rows,
    income: Rows,
    margin: Rows,
    slots: Rows,
    payments: Rows,
    liquidations: Rows,
    forced_orders: Rows,
    takeovers: Rows,
    insurance: Rows,
    positions: BTreeMap<(AccountId, SymbolId, PositionSide), (Holding, TimeNs)>,
    wallets: BTreeMap<(AccountId, AssetId), (Amount, Amount, TimeNs)>,
    interest: BTreeMap<(SymbolId, TimeNs), i128>,
    candles: BTreeMap<CandleKey, PriceCandle>,
}

impl PerpetualMemory {
    /// Reads the longs, and the newest candles of those symbols.
    ///
    /// # Errors
    /// [`SinkError`] when the database cannot be read.
    pub async fn load(
        transaction: &mut Transaction,
        symbols: &[SymbolId],
    ) -> Result<PerpetualMemory, SinkError> {
        let mut memory = PerpetualMemory::default();
        let text = "SELECT account, symbol, side, size FROM positions WHERE size > 0";
        for row in transaction.rows(Statement::new(text)).await? {
            let key = position_key(&row)?;
            memory.hold(key, whole(&row, "size")?);
        }
        let columns = tables::PRICE_CANDLES.column_list();
        let text = format!(
            "SELECT {columns} FROM price_candles WHERE symbol = ? AND span = ? AND series = ? \
             ORDER BY open_ns DESC LIMIT 1"
        );
        for symbol in symbols {
            for (interval, series) in every_candle() {
                let statement = Statement::new(text.clone())
                    .bind(symbol.0)
                    .bind(span_name(interval))
                    .bind(series as i64);
                if let Some(row) = transaction.rows(statement).await?.first() {
                    let candle = price_candle(row)?;
                    memory.candles.insert((*symbol, interval, series), candle);
                }
            }
        }
        Ok(memory)
    }

    /// Notes what a position is now; the open interest of its symbol.
    fn hold(&mut self, key: (AccountId, SymbolId, PositionSide), size: i64) -> i128 {
        let long = size.max(0);
        let before = match long {
            0 => self.longs.remove(&key),
            long => self.longs.insert(key, long),
        };
        let interest = self.interest.entry(key.1).or_default();
        *interest += i128::from(long) - i128::from(before.unwrap_or(0));
        *interest
    }
}

impl PerpetualFold {
    /// No row yet.
    pub fn of(shard: Shard) -> PerpetualFold {
        PerpetualFold {
            shard,
            trade: None,
            forced: None,
            orders: Rows::of(&tables::PERPETUAL_ORDERS),
            profits: Rows::of(&tables::TRADE_PROFITS),
            modifications: Rows::of(&tables::ORDER_MODIFICATIONS),
            income: Rows::of(&tables::INCOME),
            margin: Rows::of(&tables::MARGIN_CHANGES),
            slots: Rows::of(&tables::FUNDING_SLOTS),
            payments: Rows::of(&tables::FUNDING_PAYMENTS),
            liquidations: Rows::of(&tables::LIQUIDATIONS),
            forced_orders: Rows::of(&tables::FORCED_ORDERS),
            takeovers: Rows::of(&tables::TAKEOVERS),
            insurance: Rows::of(&tables::INSURANCE),
            positions: BTreeMap::new(),
            wallets: BTreeMap::new(),
            interest: BTreeMap::new(),
            candles: BTreeMap::new(),
        }
    }

    /// Takes an event; `quote` is the quote asset of the symbol of which it makes income.
    pub fn event(
        &mut self,
        memory: &mut PerpetualMemory,
        (when, id): (When, EventId),
        (event, quote): (&Event, AssetId),
    ) {
        let at = IncomeAt {
            id,
            time: when.time,
            quote,
        };
        self.income(at, event);
        if let Some(value) = value_of(event) {
            self.price(memory, when.time, value);
        }
        match event {
            Event::Trade(trade) => self.trade = Some(*trade),
            Event::LiquidationOrdered(forced) => self.forced = Some(*forced),
            Event::OrderAccepted(accepted) => {
                let forced = self.forced.take_if(|forced| {
                    forced.account == accepted.account
                        && forced.client_order == accepted.client_order
                });
                if let Some(forced) = forced {
                    self.forced_order(when, accepted.order, &forced);
                }
            }
            Event::PerpetualAccepted(accepted) => self.accepted(accepted),
            Event::TradeSettled(settled) => self.settled(settled),
            Event::PositionChanged(it) => {
                let key = (it.account, it.symbol, it.side);
                if self.shard.has(it.account) {
                    let interest = memory.hold(key, it.holding.size.0);
                    let span = (it.symbol, opened(INTEREST_SPAN, when.time));
                    self.interest.insert(span, interest);
                    self.positions.insert(key, (it.holding, when.time));
                }
            }
            Event::PositionTakenOver(it) => self.taken_over(when, id, it),
            other => self.account_event(when, id, other),
        }
    }

    fn account_event(&mut self, when: When, id: EventId, event: &Event) {
        let (id, time) = (Value::from(id.0), Value::from(when.time.0));
        match event {
            Event::OrderModified(it) if self.shard.has(it.account) => self.modifications.push([
                id,
                it.symbol.0.into(),
                it.order.0.into(),
                it.account.0.into(),
                it.old_price.0.into(),
                it.new_price.0.into(),
                it.old_qty.0.into(),
                it.new_qty.0.into(),
                it.count.into(),
                time,
            ]),
            Event::MarginAdjusted(it) if self.shard.has(it.account) => self.margin.push([
                id,
                it.account.0.into(),
                it.symbol.0.into(),
                (it.side as i64).into(),
                it.amount.0.into(),
                time,
            ]),
            Event::FundingFixed(it) => self.slots.push([
                id,
                it.symbol.0.into(),
                it.slot.0.into(),
                it.rate.0.into(),
                it.mark.0.into(),
                it.premium.0.into(),
            ]),
            Event::FundingPaid(it) if self.shard.has(it.account) => self.payments.push([
                id,
                it.account.0.into(),
                it.symbol.0.into(),
                (it.side as i64).into(),
                it.size.0.into(),
                it.amount.0.into(),
                time,
            ]),
            Event::LiquidationStarted(it) if self.shard.has(it.account) => {
                self.liquidations.push([
                    id,
                    it.account.0.into(),
                    it.position
                        .map_or(NO_SYMBOL, |symbol| symbol.0.into())
                        .into(),
                    u32::from(it.asset.0).into(),
                    it.balance.0.into(),
                    it.maintenance.0.into(),
                    time,
                ]);
            }
            Event::WalletChanged(it) if self.shard.has(it.account) => {
                if it.account == AccountId::INSURANCE {
                    let asset = u32::from(it.asset.0).into();
                    self.insurance.push([id, asset, it.cross.0.into(), time]);
                }
                let wallet = (it.cross, it.isolated, when.time);
                self.wallets.insert((it.account, it.asset), wallet);
            }
            _ => {}
        }
    }

    fn income(&mut self, at: IncomeAt, event: &Event) {
        let entries = income::entries(at, event, self.trade.as_ref());
        let entries = entries.iter().enumerate();
        for (line, entry) in entries.filter(|(_, entry)| self.shard.has(entry.account)) {
            self.income.push([
                entry.id.0.into(),
                (line as i64).into(),
                entry.account.0.into(),
                entry
                    .symbol
                    .map_or(NO_SYMBOL, |symbol| symbol.0.into())
                    .into(),
                (entry.kind as i64).into(),
                u32::from(entry.asset.0).into(),
                entry.amount.0.into(),
                entry.trade.map_or(0, |trade| trade.0).into(),
                entry.time.0.into(),
            ]);
        }
    }

    fn price(
        &mut self,
        memory: &mut PerpetualMemory,
        time: TimeNs,
        (symbol, series, value): (SymbolId, PriceSeries, i64),
    ) {
        for interval in Interval::ALL {
            let open_time = opened(interval, time);
            let newest = memory.candles.entry((symbol, interval, series));
            let candle = newest
                .and_modify(|candle| match candle.open_time == open_time {
                    true => candle.add(value),
                    false => *candle = PriceCandle::new(open_time, value),
                })
                .or_insert_with(|| PriceCandle::new(open_time, value));
            let key = (symbol, interval, open_time, series);
            self.candles.insert(key, *candle);
        }
    }

    fn forced_order(&mut self, when: When, order: OrderId, forced: &LiquidationOrdered) {
        if self.shard.has(forced.account) {
            self.forced_orders.push([
                forced.symbol.0.into(),
                order.0.into(),
                forced.account.0.into(),
                (forced.side as i64).into(),
                when.time.0.into(),
            ]);
        }
    }

    fn accepted(&mut self, it: &PerpetualAccepted) {
        if !self.shard.has(it.account) {
            return;
        }
        self.orders.push([
            it.symbol.0.into(),
            it.order.0.into(),
            it.account.0.into(),
            it.terms.good_till.0.into(),
            (it.terms.position_side as i64).into(),
            (it.terms.working_type as i64).into(),
            (it.terms.price_match as i64).into(),
            i64::from(it.terms.reduce_only).into(),
            i64::from(it.terms.close_position).into(),
            i64::from(it.terms.price_protect).into(),
            it.stop_price.0.into(),
            it.callback.into(),
            i64::from(it.waits).into(),
        ]);
    }

    fn settled(&mut self, it: &TradeSettled) {
        if self.shard.has(it.taker_account) || self.shard.has(it.maker_account) {
            self.profits.push([
                it.symbol.0.into(),
                it.trade.0.into(),
                it.taker_account.0.into(),
                (it.taker_position as i64).into(),
                it.taker_realised.0.into(),
                it.maker_account.0.into(),
                (it.maker_position as i64).into(),
                it.maker_realised.0.into(),
            ]);
        }
    }

    fn taken_over(&mut self, when: When, id: EventId, it: &PositionTakenOver) {
        if !self.shard.has(it.from) && !self.shard.has(it.to) {
            return;
        }
        self.takeovers.push([
            id.0.into(),
            it.symbol.0.into(),
            it.from.0.into(),
            (it.from_side as i64).into(),
            it.to.0.into(),
            (it.to_side as i64).into(),
            (it.cause as i64).into(),
            it.size.0.into(),
            it.price.0.into(),
            it.quote.0.into(),
            it.from_realised.0.into(),
            it.to_realised.0.into(),
            when.time.0.into(),
        ]);
    }

    /// The rows, in the order in which they are written.
    pub fn finish(self) -> Vec<Rows> {
        let mut positions = Rows::of(&tables::POSITIONS);
        for ((account, symbol, side), (holding, time)) in self.positions {
            positions.push([
                account.0.into(),
                symbol.0.into(),
                (side as i64).into(),
                holding.size.0.into(),
                holding.cost.0.into(),
                holding.isolated.0.into(),
                time.0.into(),
            ]);
        }
        let mut wallets = Rows::of(&tables::WALLETS);
        for ((account, asset), (cross, isolated, time)) in self.wallets {
            wallets.push([
                account.0.into(),
                u32::from(asset.0).into(),
                cross.0.into(),
                isolated.0.into(),
                time.0.into(),
            ]);
        }
        let mut interest = Rows::of(&tables::OPEN_INTEREST);
        for ((symbol, open_time), lots) in self.interest {
            let span = span_name(INTEREST_SPAN);
            interest.push([
                symbol.0.into(),
                span.into(),
                open_time.0.into(),
                lots.into(),
            ]);
        }
        let mut candles = Rows::of(&tables::PRICE_CANDLES);
        for ((symbol, interval, open_time, series), candle) in self.candles {
            candles.push([
                symbol.0.into(),
                span_name(interval).into(),
                open_time.0.into(),
                (series as i64).into(),
                candle.open.into(),
                candle.high.into(),
                candle.low.into(),
                candle.close.into(),
                candle.count.into(),
            ]);
        }
        vec![
            self.orders,
            self.profits,
            self.modifications,
            self.income,
            self.margin,
            self.slots,
            self.payments,
            self.liquidations,
            self.forced_orders,
            self.takeovers,
            self.insurance,
            positions,
            wallets,
            interest,
            candles,
        ]
    }
}

fn position_key(row: &Row) -> Result<(AccountId, SymbolId, PositionSide), SinkError> {
    let side = numbered(row, "side", PositionSide::from_number)?;
    let account = AccountId(whole(row, "account")?);
    Ok((account, SymbolId(whole(row, "symbol")?), side))
}

fn every_candle() -> impl Iterator<Item = (Interval, PriceSeries)> {
    let series = PriceSeries::ALL.iter().copied();
    Interval::ALL
        .into_iter()
        .flat_map(move |interval| series.clone().map(move |series| (interval, series)))
}

/// A candle from a row of `price_candles`.
///
/// # Errors
/// [`SinkError::Row`] when a value does not fit.
pub fn price_candle(row: &Row) -> Result<PriceCandle, SinkError> {
    Ok(PriceCandle {
        open_time: TimeNs(whole(row, "open_ns")?),
        open: row.whole("open")?,
        high: row.whole("high")?,
        low: row.whole("low")?,
        close: row.whole("close")?,
        count: whole(row, "number")?,
    })
}
