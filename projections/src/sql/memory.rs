//! What a sink remembers between batches, so that it need not ask its database.
//!
//! All of it can be read again: the directory, the newest candles, and the orders and
//! summaries that came up lately. After any failure it is thrown away.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use schemas::event::Event;
use schemas::ids::{AssetId, OrderId, SymbolId};
use schemas::instrument::SymbolKind;
use schemas::market::{Candle, Interval};
use schemas::report::{OrderReport, TradeReport};

use crate::error::SinkError;
use crate::orders::{OrderKey, named};
use crate::projection::Batch;
use crate::rows;
use crate::sql::candles::{self, SUMMARY_SPANS, Summary, SummaryKey, opened, span_name};
use crate::sql::database::{Statement, Transaction};
use crate::sql::ledger::Market;
use crate::sql::perpetual::PerpetualMemory;
use crate::sql::shard::Shard;

/// Orders and summaries kept at most; beyond, all are forgotten and read again.
const KEPT: usize = 100_000;
/// Rows asked for by one statement.
const ASKED: usize = 256;

/// See the module.
#[derive(Default, Debug)]
pub struct Memory {
    pub scales: BTreeMap<AssetId, u8>,
    pub markets: BTreeMap<SymbolId, Market>,
    pub orders: HashMap<OrderKey, OrderReport>,
    /// The newest candle of each interval.
    pub candles: HashMap<(SymbolId, Interval), Candle>,
    /// Symbols whose newest candles are known.
    pub charted: BTreeSet<SymbolId>,
    pub summaries: HashMap<SummaryKey, Summary>,
    pub perpetuals: PerpetualMemory,
}

impl Memory {
    /// Reads the directory.
    ///
    /// # Errors
    /// [`SinkError`] when the database cannot be read.
    pub async fn load(transaction: &mut Transaction) -> Result<Memory, SinkError> {
        let mut memory = Memory::default();
        let assets = Statement::new("SELECT asset, scale FROM assets");
        for row in transaction.rows(assets).await? {
            let asset = AssetId(rows::whole(&row, "asset")?);
            memory.scales.insert(asset, rows::whole(&row, "scale")?);
        }
        let symbols = Statement::new("SELECT symbol, kind, base, quote, qty_scale FROM symbols");
        for row in transaction.rows(symbols).await? {
            let symbol = SymbolId(rows::whole(&row, "symbol")?);
            let (base, quote) = (rows::whole(&row, "base")?, rows::whole(&row, "quote")?);
            let qty_scale = rows::whole(&row, "qty_scale")?;
            let kind: u8 = rows::whole(&row, "kind")?;
            memory.list(symbol, (AssetId(base), AssetId(quote)), qty_scale);
            memory.mark_kind(symbol, kind == SymbolKind::Perpetual as u8);
        }
        let listed = memory.markets.iter().filter(|(_, it)| it.is_perpetual);
        let listed: Vec<SymbolId> = listed.map(|(symbol, _)| *symbol).collect();
        memory.perpetuals = PerpetualMemory::load(transaction, &listed).await?;
        Ok(memory)
    }

    /// Notes a symbol; its assets were added before.
    pub fn list(&mut self, symbol: SymbolId, (base, quote): (AssetId, AssetId), qty_scale: u8) {
        let scale = self.scales.get(&base).copied().unwrap_or(qty_scale);
        let exponent = u32::from(scale.saturating_sub(qty_scale));
        let market = Market {
            base,
            quote,
            lot_atoms: 10_i128.pow(exponent),
            is_perpetual: false,
        };
        self.markets.insert(symbol, market);
    }

    /// Notes which kind a listed symbol is of.
    pub fn mark_kind(&mut self, symbol: SymbolId, is_perpetual: bool) {
        if let Some(market) = self.markets.get_mut(&symbol) {
            market.is_perpetual = is_perpetual;
        }
    }

    /// Brings every row that a batch changes and that is not at hand.
    ///
    /// # Errors
    /// [`SinkError`] when the database cannot be read.
    pub async fn bring(
        &mut self,
        transaction: &mut Transaction,
        batch: &Batch,
        shard: Shard,
    ) -> Result<(), SinkError> {
        let mut orders: BTreeMap<SymbolId, BTreeSet<OrderId>> = BTreeMap::new();
        let mut summaries: BTreeMap<SummaryPlace, BTreeSet<u32>> = BTreeMap::new();
        let mut symbols = BTreeSet::new();
        let mut created = BTreeSet::new();
        for answered in &batch.commands {
            for event in &answered.events {
                if let Event::OrderAccepted(accepted) = event {
                    created.insert((accepted.symbol, accepted.order));
                }
                for (key, account) in named(event).into_iter().flatten() {
                    let wanted = shard.has(account) && !created.contains(&key);
                    if wanted && !self.orders.contains_key(&key) {
                        orders.entry(key.0).or_default().insert(key.1);
                    }
                }
                let Event::Trade(trade) = event else { continue };
                symbols.insert(trade.symbol);
                for account in [trade.taker_account, trade.maker_account] {
                    for interval in SUMMARY_SPANS {
                        let key = SummaryKey {
                            symbol: trade.symbol,
                            interval,
                            open_time: opened(interval, answered.time),
                            account,
                        };
                        if shard.has(account) && !self.summaries.contains_key(&key) {
                            let place = (key.symbol, key.interval, key.open_time);
                            summaries.entry(place).or_default().insert(account.0);
                        }
                    }
                }
            }
        }
        for (symbol, ids) in orders {
            self.bring_orders(transaction, symbol, ids).await?;
        }
        for symbol in symbols {
            if self.charted.insert(symbol) {
                self.bring_candles(transaction, symbol).await?;
            }
        }
        for (place, accounts) in summaries {
            self.bring_summaries(transaction, place, accounts).await?;
        }
        Ok(())
    }

    async fn bring_orders(
        &mut self,
        transaction: &mut Transaction,
        symbol: SymbolId,
        ids: BTreeSet<OrderId>,
    ) -> Result<(), SinkError> {
        let ids: Vec<i64> = ids.into_iter().map(|order| order.0 as i64).collect();
        let columns = crate::sql::tables::ORDERS.column_list();
        let head = format!("SELECT {columns} FROM orders WHERE symbol = ?");
        for piece in ids.chunks(ASKED) {
            let statement = Statement::new(format!("{head} AND id IN ({})", marks(piece.len())));
            let mut statement = statement.bind(symbol.0);
            for id in piece {
                statement = statement.bind(*id);
            }
            for row in transaction.rows(statement).await? {
                let order = rows::order(&row)?;
                self.orders.insert((order.symbol, order.order), order);
            }
        }
        Ok(())
    }

    async fn bring_candles(
        &mut self,
        transaction: &mut Transaction,
        symbol: SymbolId,
    ) -> Result<(), SinkError> {
        let columns = crate::sql::tables::CANDLES.column_list();
        for interval in Interval::ALL {
            let text = format!(
                "SELECT {columns} FROM candles WHERE symbol = ? AND span = ? \
                 ORDER BY open_ns DESC LIMIT 1"
            );
            let statement = Statement::new(text)
                .bind(symbol.0)
                .bind(span_name(interval));
            if let Some(row) = transaction.rows(statement).await?.first() {
                let candle = candles::candle(row)?;
                self.candles.insert((symbol, interval), candle);
            }
        }
        Ok(())
    }

    async fn bring_summaries(
        &mut self,
        transaction: &mut Transaction,
        place: SummaryPlace,
        accounts: BTreeSet<u32>,
    ) -> Result<(), SinkError> {
        let (symbol, interval, open_time) = place;
        let accounts: Vec<u32> = accounts.into_iter().collect();
        let columns = crate::sql::tables::SUMMARY.column_list();
        let head = format!(
            "SELECT {columns} FROM trade_summary WHERE symbol = ? AND span = ? AND open_ns = ?"
        );
        for piece in accounts.chunks(ASKED) {
            let text = format!("{head} AND account IN ({})", marks(piece.len()));
            let mut statement = Statement::new(text)
                .bind(symbol.0)
                .bind(span_name(interval))
                .bind(open_time.0);
            for account in piece {
                statement = statement.bind(*account);
            }
            for row in transaction.rows(statement).await? {
                let key = SummaryKey {
                    symbol,
                    interval,
                    open_time,
                    account: schemas::ids::AccountId(rows::whole(&row, "account")?),
                };
                self.summaries.insert(key, Summary::read(&row)?);
            }
        }
        Ok(())
    }

    /// Takes one trade into its newest candles and summaries; what they are now.
    pub fn trade(&mut self, trade: &TradeReport, shard: Shard) -> Charted {
        let mut charted = Charted::default();
        for interval in Interval::ALL {
            let open_time = opened(interval, trade.time);
            let newest = self.candles.entry((trade.symbol, interval));
            let candle = newest
                .and_modify(|candle| {
                    if candle.open_time == open_time {
                        candle.add(trade);
                    } else {
                        *candle = Candle::new(open_time, trade);
                    }
                })
                .or_insert_with(|| Candle::new(open_time, trade));
            charted.candles.push((interval, *candle));
        }
        for (account, side) in trade
            .sides()
            .into_iter()
            .filter(|(account, _)| shard.has(*account))
        {
            for interval in SUMMARY_SPANS {
                let key = SummaryKey {
                    symbol: trade.symbol,
                    interval,
                    open_time: opened(interval, trade.time),
                    account,
                };
                let summary = self.summaries.entry(key).or_default();
                summary.add(trade, side);
                charted.summaries.push((key, *summary));
            }
        }
        charted
    }

    /// Keeps the open orders, and nothing at all when there are too many.
    pub fn tidy(&mut self) {
        self.orders.retain(|_, order| order.status.is_open());
        if self.orders.len() > KEPT {
            self.orders.clear();
        }
        if self.summaries.len() > KEPT {
            self.summaries.clear();
        }
    }
}

/// Symbol, interval and start of a span.
type SummaryPlace = (SymbolId, Interval, schemas::units::TimeNs);

/// What a trade changed.
#[derive(Default, Debug)]
pub struct Charted {
    pub candles: Vec<(Interval, Candle)>,
    pub summaries: Vec<(SummaryKey, Summary)>,
}

/// `?,?,?`.
pub fn marks(count: usize) -> String {
    vec!["?"; count].join(",")
}
