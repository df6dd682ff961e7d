//! `/fapi/v2|v3/account`, `balance`, `positionRisk`: wallets and positions.

use schemas::ids::AssetId;
use schemas::instrument::AccountState;
use schemas::perpetual::{MarginType, PositionSide};
use schemas::perpetual_report::{FuturesAccountReport, FuturesBalance, PositionReport};
use schemas::report::{AssetReport, SymbolReport};
use schemas::units::{Amount, TimeNs};

use crate::auth::Caller;
use crate::call::{Answer, Call, Outcome};
use crate::wire::account::{rates, untouched};
use crate::wire::futures::account::{
    AccountAsset, BalanceRow, FuturesAccountAnswer, Permissions, Totals,
};
use crate::wire::futures::market::mark_of;
use crate::wire::futures::position::{Shown, notional_max};
use crate::wire::grid::Grid;
use crate::wire::order_change::trade_group_id;
use crate::wire::symbol_query::listed_of;

/// Leverage of an account that chose none, where no contract says another.
const LEVERAGE: u32 = 20;

/// `v2/balance` and `v3/balance`.
pub async fn balance(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&[])?;
    let account = read(call, caller);
    let assets = assets(call, &account);
    let rows: Vec<BalanceRow> = assets
        .iter()
        .map(|(asset, balance)| BalanceRow::new(asset, call.unit, (caller.account.0, balance)))
        .collect();
    Ok(Answer::json(&rows))
}

/// `v2/account`: with every perpetual.
pub async fn account_v2(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&["useV2"])?;
    let account = read(call, caller);
    let spot = call.queries().account(caller.account);
    let spot = spot.unwrap_or_else(|| untouched(caller.account));
    let permissions = Permissions {
        fee_tier: spot.tier,
        fee_burn: false,
        can_trade: spot.state == AccountState::Active,
        can_deposit: true,
        can_withdraw: call.directory.withdrawals,
        update_time: 0,
        multi_assets_margin: false,
        trade_group_id: trade_group_id(spot.trade_group),
    };
    let grids = grids(call);
    let positions = every(call, (caller, &account), &grids);
    let assets = assets(call, &account);
    let rows = shown(call, caller, (&grids, &positions));
    Ok(Answer::json(&FuturesAccountAnswer {
        permissions: Some(permissions),
        totals: totals(&assets),
        assets: asset_rows(call, &assets),
        positions: rows.iter().map(Shown::account_v2).collect(),
    }))
}

/// `v3/account`: with live positions alone.
pub async fn account_v3(call: &Call, caller: &Caller) -> Outcome {
    call.parameters.only(&[])?;
    let account = read(call, caller);
    let grids = grids(call);
    let assets = assets(call, &account);
    let rows = shown(call, caller, (&grids, &account.positions));
    Ok(Answer::json(&FuturesAccountAnswer {
        permissions: None,
        totals: totals(&assets),
        assets: asset_rows(call, &assets),
        positions: rows.iter().map(Shown::account_v3).collect(),
    }))
}

/// `v2/positionRisk`: every perpetual.
pub async fn position_risk_v2(call: &Call, caller: &Caller) -> Outcome {
    let wanted = wanted(call)?;
    let account = read(call, caller);
    let grids = grids(call);
    let positions = every(call, (caller, &account), &grids);
    let rows = shown(call, caller, (&grids, &positions));
    let rows = rows.iter().filter(|row| is_wanted(row, &wanted));
    Ok(Answer::json(&rows.map(Shown::risk_v2).collect::<Vec<_>>()))
}

/// `v3/positionRisk`: live positions, and symbols with open orders.
pub async fn position_risk_v3(call: &Call, caller: &Caller) -> Outcome {
    let wanted = wanted(call)?;
    let account = read(call, caller);
    let grids = grids(call);
    let rows = shown(call, caller, (&grids, &account.positions));
    let rows = rows.iter().filter(|row| is_wanted(row, &wanted));
    Ok(Answer::json(&rows.map(Shown::risk_v3).collect::<Vec<_>>()))
}

/// The account's futures side; of one that never had any an empty one.
pub fn read(call: &Call, caller: &Caller) -> FuturesAccountReport {
    let found = call.queries().futures_account(caller.account);
    found.unwrap_or_else(|| FuturesAccountReport {
        account: caller.account,
        ..FuturesAccountReport::default()
    })
}

fn wanted(call: &Call) -> Result<Option<SymbolReport>, crate::error::ApiError> {
    call.parameters.only(&["symbol"])?;
    match call.parameters.optional("symbol")? {
        None => Ok(None),
        Some(_) => call.symbol().map(Some),
    }
}

fn is_wanted(row: &Shown<'_>, wanted: &Option<SymbolReport>) -> bool {
    wanted.is_none_or(|symbol| symbol.symbol == row.position.symbol)
}

fn grids(call: &Call) -> Vec<Grid> {
    call.grids(listed_of(&call.directory, call.product))
}

/// A row for each perpetual: one in one-way mode, long and short in hedge mode.
fn every(
    call: &Call,
    (caller, account): (&Caller, &FuturesAccountReport),
    grids: &[Grid],
) -> Vec<PositionReport> {
    let sides: &[PositionSide] = match account.hedge {
        true => &[PositionSide::Long, PositionSide::Short],
        false => &[PositionSide::Both],
    };
    let mut rows = Vec::new();
    for grid in grids {
        for side in sides {
            let live = account
                .positions
                .iter()
                .find(|position| (position.symbol, position.side) == (grid.symbol.symbol, *side));
            rows.push(match live {
                Some(live) => *live,
                None => flat(call, caller, (grid, *side)),
            });
        }
    }
    rows
}

/// What an account without a position has on a perpetual.
fn flat(call: &Call, caller: &Caller, (grid, side): (&Grid, PositionSide)) -> PositionReport {
    let symbol = grid.symbol.symbol;
    let queries = call.queries();
    let config = queries.symbol_config(caller.account, symbol);
    PositionReport {
        account: caller.account,
        symbol,
        side,
        holding: schemas::perpetual::Holding::default(),
        leverage: config.map_or(LEVERAGE, |config| config.leverage),
        margin_type: config.map_or(MarginType::Cross, |config| config.margin_type),
        mark: mark_of(queries.mark(symbol)),
        notional: Amount::ZERO,
        unrealised: Amount::ZERO,
        position_margin: Amount::ZERO,
        order_margin: Amount::ZERO,
        maintenance: Amount::ZERO,
        bid_notional: Amount::ZERO,
        ask_notional: Amount::ZERO,
        liquidation: None,
        updated: TimeNs(0),
    }
}

fn shown<'a>(
    call: &Call,
    caller: &Caller,
    (grids, positions): (&'a [Grid], &'a [PositionReport]),
) -> Vec<Shown<'a>> {
    let account = call.queries().account(caller.account);
    let tier = account.map_or(0, |account| account.tier);
    let rows = positions.iter().filter_map(|position| {
        let grid = grids
            .iter()
            .find(|grid| grid.symbol.symbol == position.symbol)?;
        let contract = call.queries().contract(position.symbol);
        let (_, taker_fee) = rates(&call.directory, tier, Some(&grid.symbol));
        Some(Shown {
            grid,
            unit: call.unit,
            position,
            most: notional_max(contract.as_ref(), position.leverage),
            taker_fee,
        })
    });
    rows.collect()
}

/// Every asset that margin is paid in, and what the account has of it.
fn assets(call: &Call, account: &FuturesAccountReport) -> Vec<(AssetReport, FuturesBalance)> {
    let mut rows: Vec<(AssetReport, FuturesBalance)> = Vec::new();
    let margin = listed_of(&call.directory, call.product).map(|symbol| symbol.quote);
    let owned = account.balances.iter().map(|balance| balance.asset);
    for asset in margin.chain(owned) {
        if rows.iter().any(|(other, _)| other.asset == asset) {
            continue;
        }
        let Some(report) = call.directory.assets.get(usize::from(asset.0)) else {
            continue;
        };
        rows.push((*report, balance_of(account, asset)));
    }
    rows
}

fn balance_of(account: &FuturesAccountReport, asset: AssetId) -> FuturesBalance {
    let found = account
        .balances
        .iter()
        .find(|balance| balance.asset == asset);
    found.copied().unwrap_or(FuturesBalance {
        asset,
        ..FuturesBalance::default()
    })
}

fn asset_rows<'a>(
    call: &Call,
    assets: &'a [(AssetReport, FuturesBalance)],
) -> Vec<AccountAsset<'a>> {
    assets
        .iter()
        .map(|(asset, balance)| AccountAsset::new(asset, call.unit, balance))
        .collect()
}

/// Margin is kept in one asset, that of the first perpetual.
fn totals(assets: &[(AssetReport, FuturesBalance)]) -> Totals {
    match assets.first() {
        None => Totals::new(0, &FuturesBalance::default()),
        Some((asset, balance)) => Totals::new(asset.scale, balance),
    }
}
