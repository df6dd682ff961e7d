//! What is read of one account at the mark prices of the moment.

use std::collections::BTreeMap;

use schemas::ids::{AccountId, AssetId, SymbolId};
use schemas::instrument::Side;
use schemas::margin;
use schemas::perpetual::{MarginType, PositionSide};
use schemas::perpetual_report::{
    FuturesAccountReport, FuturesBalance, PositionReport, SymbolConfig,
};
use schemas::report::OrderReport;
use schemas::units::{Amount, Qty};

use super::{Account, Contract, Perpetuals, Seat};
use crate::market::open_of;

/// Open lots that count for margin, by position side: bids and asks.
type Open = BTreeMap<(SymbolId, PositionSide), (i128, i128)>;

impl Perpetuals {
    /// One account; `None` when it never had anything to do with futures.
    pub(crate) fn account(
        &self,
        account: AccountId,
        open: &[OrderReport],
    ) -> Option<FuturesAccountReport> {
        let found = self.accounts.get(&account);
        let open = self.open_lots(open);
        if found.is_none() && open.is_empty() {
            return None;
        }
        let empty = Account::default();
        let found = found.unwrap_or(&empty);
        let mut positions = self.positions(account, found, &open);
        let mut balances = self.balances(found, &positions);
        self.set_liquidation_prices(&mut positions, &balances);
        balances.sort_by_key(|balance| balance.asset);
        let chosen = |(_, seat): &(&SymbolId, &Seat)| seat.leverage != 0 || seat.isolated;
        let configs = found.seats.iter().filter(chosen);
        let configs = configs.map(|(symbol, seat)| self.config(*symbol, seat));
        Some(FuturesAccountReport {
            account,
            hedge: found.hedge,
            balances,
            positions,
            configs: configs.collect(),
            updated: found.updated,
        })
    }

    /// What an account chose for a symbol, or what everybody has.
    pub(crate) fn symbol_config(&self, account: AccountId, symbol: SymbolId) -> SymbolConfig {
        let account = self.accounts.get(&account);
        let seat = account.and_then(|account| account.seats.get(&symbol));
        self.config(symbol, &seat.copied().unwrap_or_default())
    }

    fn config(&self, symbol: SymbolId, seat: &Seat) -> SymbolConfig {
        let contract = self.contracts.get(&symbol);
        let usual = contract.map_or(1, |contract| contract.spec.default_leverage);
        SymbolConfig {
            symbol,
            leverage: match seat.leverage {
                0 => usual,
                own => own,
            },
            margin_type: match seat.isolated {
                true => MarginType::Isolated,
                false => MarginType::Cross,
            },
        }
    }

    fn open_lots(&self, orders: &[OrderReport]) -> Open {
        let mut open = Open::new();
        for report in orders {
            let Some(contract) = self.contracts.get(&report.symbol) else {
                continue;
            };
            let Some(order) = contract.orders.get(&report.order) else {
                continue;
            };
            let side = order.terms.position_side;
            let lots = open.entry((report.symbol, side)).or_default();
            if order.waits || order.terms.reduce_only || order.terms.close_position {
                continue;
            }
            match report.side {
                Side::Buy => lots.0 += i128::from(open_of(report).0),
                Side::Sell => lots.1 += i128::from(open_of(report).0),
            }
        }
        open
    }

    fn positions(&self, account: AccountId, found: &Account, open: &Open) -> Vec<PositionReport> {
        let mut keys: Vec<(SymbolId, PositionSide)> = open.keys().copied().collect();
        for (symbol, seat) in &found.seats {
            let live = PositionSide::ALL.iter().copied();
            let live = live.filter(|side| !seat.holdings[*side as usize].is_flat());
            keys.extend(live.map(|side| (*symbol, side)));
        }
        keys.sort_unstable();
        keys.dedup();
        let report = |(symbol, side)| {
            let contract = self.contracts.get(&symbol)?;
            let seat = found.seats.get(&symbol).copied().unwrap_or_default();
            let lots = open.get(&(symbol, side)).copied().unwrap_or_default();
            let config = self.config(symbol, &seat);
            Some(position(contract, (account, side), (&seat, config), lots))
        };
        keys.into_iter().filter_map(report).collect()
    }

    fn balances(&self, found: &Account, positions: &[PositionReport]) -> Vec<FuturesBalance> {
        let mut balances: BTreeMap<AssetId, FuturesBalance> = BTreeMap::new();
        for (asset, (cross, isolated, updated)) in &found.wallets {
            let balance = FuturesBalance {
                asset: *asset,
                cross: *cross,
                isolated: *isolated,
                updated: *updated,
                ..FuturesBalance::default()
            };
            balances.insert(*asset, balance);
        }
        let mut needed: BTreeMap<AssetId, i128> = BTreeMap::new();
        for it in positions {
            let Some(contract) = self.contracts.get(&it.symbol) else {
                continue;
            };
            let balance = balances.entry(contract.quote).or_default();
            balance.asset = contract.quote;
            balance.position_margin.0 += it.position_margin.0;
            balance.order_margin.0 += it.order_margin.0;
            balance.maintenance.0 += it.maintenance.0;
            let needed = needed.entry(contract.quote).or_default();
            *needed += it.order_margin.0;
            match it.margin_type {
                MarginType::Cross => {
                    balance.cross_unrealised.0 += it.unrealised.0;
                    *needed += it.position_margin.0;
                }
                MarginType::Isolated => balance.isolated_unrealised.0 += it.unrealised.0,
            }
        }
        for (asset, balance) in &mut balances {
            let needed = needed.get(asset).copied().unwrap_or(0);
            let profit = balance.cross_unrealised.0;
            let available = balance.cross.0 + profit - needed;
            balance.available = Amount(available.max(0));
            let certain = balance.cross.0 + profit.min(0) - needed;
            balance.withdrawable = Amount(certain.max(0));
        }
        balances.into_values().collect()
    }

    fn set_liquidation_prices(
        &self,
        positions: &mut [PositionReport],
        balances: &[FuturesBalance],
    ) {
        let mut pools: BTreeMap<AssetId, i128> = BTreeMap::new();
        for it in positions.iter() {
            if let Some(contract) = self.contracts.get(&it.symbol)
                && it.margin_type == MarginType::Cross
            {
                let pool = pools.entry(contract.quote).or_default();
                *pool += it.unrealised.0 - it.maintenance.0;
            }
        }
        for it in positions.iter_mut().filter(|it| !it.holding.is_flat()) {
            let Some(contract) = self.contracts.get(&it.symbol) else {
                continue;
            };
            let balance = match it.margin_type {
                MarginType::Isolated => it.holding.isolated,
                MarginType::Cross => {
                    let wallet = balances.iter().find(|known| known.asset == contract.quote);
                    let wallet = wallet.map_or(0, |wallet| wallet.cross.0);
                    let others = pools.get(&contract.quote).copied().unwrap_or(0);
                    Amount(wallet + others - it.unrealised.0 + it.maintenance.0)
                }
            };
            let bracket = (&contract.table, it.notional);
            let unit = contract.quote_per_tick_lot;
            it.liquidation = margin::liquidation_price(&it.holding, balance, bracket, unit);
        }
    }
}

fn position(
    contract: &Contract,
    (account, side): (AccountId, PositionSide),
    (seat, config): (&Seat, SymbolConfig),
    (bids, asks): (i128, i128),
) -> PositionReport {
    let holding = seat.holdings[side as usize];
    let (mark, unit) = (contract.mark.mark, contract.quote_per_tick_lot);
    let worth = |lots: i128| margin::value(lots, mark, unit).unwrap_or_default();
    let size = i128::from(holding.size.0);
    let notional = worth(size.abs());
    let position_margin = margin::margin_rounded_up(notional, config.leverage);
    let all = worth(margin::exposure(holding.size, bids, asks));
    let all = margin::margin_rounded_up(all, config.leverage);
    let maintenance = match holding.size == Qty::ZERO || contract.table.brackets().is_empty() {
        true => Amount::ZERO,
        false => contract.table.maintenance_rounded_up(notional),
    };
    PositionReport {
        account,
        symbol: config.symbol,
        side,
        holding,
        leverage: config.leverage,
        margin_type: config.margin_type,
        mark,
        notional,
        unrealised: Amount(worth(size).0 - holding.cost.0),
        position_margin,
        order_margin: Amount((all.0 - position_margin.0).max(0)),
        maintenance,
        bid_notional: worth(bids),
        ask_notional: worth(asks),
        liquidation: None,
        updated: seat.updated,
    }
}
