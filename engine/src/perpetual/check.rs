//! The identities of perpetuals, over the whole state. Slow on purpose.

use std::collections::BTreeMap;

use schemas::ids::{AccountId, AssetId, SymbolId};
use schemas::instrument::{Side, SymbolKind};
use schemas::perpetual::PositionSide;

use super::{Leg, Pool};
use crate::apply::Engine;
use crate::state::State;
use crate::trace::Trace;

/// An identity of perpetuals that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Broken {
    #[error("futures wallets of asset {} sum to {sum} instead of zero", asset.0)]
    WalletSum { asset: AssetId, sum: i128 },
    #[error("the futures wallet of account {} in asset {} holds {amount}", account.0, asset.0)]
    NegativeWallet {
        account: AccountId,
        asset: AssetId,
        amount: i128,
    },
    #[error("FUTURES has {spot} on the spot side and {futures} on the other, asset {}", asset.0)]
    Door {
        asset: AssetId,
        spot: i128,
        futures: i128,
    },
    #[error("symbol {}: {longs} lots are long, {shorts} short, {known} known", symbol.0)]
    OpenInterest {
        symbol: SymbolId,
        longs: i128,
        shorts: i128,
        known: i128,
    },
    #[error("CLEARING owns {owned} of asset {} and all positions cost {cost}", asset.0)]
    Clearing {
        asset: AssetId,
        owned: i128,
        cost: i128,
    },
    #[error("account {} has {beside} beside positions that say {said}", account.0)]
    Isolated {
        account: AccountId,
        beside: i128,
        said: i128,
    },
    #[error("account {} on symbol {}: orders are counted as {counted:?}, are {open:?}",
        account.0, symbol.0)]
    Counted {
        account: AccountId,
        symbol: SymbolId,
        counted: (i128, i128, u32),
        open: (i128, i128, u32),
    },
    #[error("account {} is due and neither queued nor in work", pool.account().0)]
    Forgotten { pool: Pool },
    #[error("account {} has thin margin and is not called", pool.account().0)]
    Uncalled { pool: Pool },
    #[error("account {} on symbol {} is in the index at another price than it knows",
        account.0, symbol.0)]
    Index {
        account: AccountId,
        symbol: SymbolId,
    },
}

/// All of them.
///
/// # Errors
/// The first that does not hold.
pub(crate) fn check<T: Trace>(engine: &Engine<T>) -> Result<(), Broken> {
    let state = &engine.state;
    if state.perpetuals.contracts.is_empty() {
        return Ok(());
    }
    wallets_sum(state)?;
    positions_match(state)?;
    orders_are_counted(state)?;
    who_is_due_is_queued(engine)
}

fn wallets_sum(state: &State) -> Result<(), Broken> {
    let mut sums: BTreeMap<AssetId, i128> = BTreeMap::new();
    for (asset, account, balance) in state.perpetuals.wallets.balances() {
        *sums.entry(asset).or_default() += balance.free.0 + balance.held.0;
        let amount = balance.free.0.min(balance.held.0);
        if amount < 0 && !account.is_venue() {
            return Err(Broken::NegativeWallet {
                account,
                asset,
                amount,
            });
        }
        if account == AccountId::FUTURES {
            let spot = state.ledger.balance(account, asset).free.0;
            if spot != -balance.free.0 {
                return Err(Broken::Door {
                    asset,
                    spot,
                    futures: balance.free.0,
                });
            }
        }
    }
    match sums.into_iter().find(|(_, sum)| *sum != 0) {
        Some((asset, sum)) => Err(Broken::WalletSum { asset, sum }),
        None => Ok(()),
    }
}

fn positions_match(state: &State) -> Result<(), Broken> {
    let perpetuals = &state.perpetuals;
    let mut costs: BTreeMap<AssetId, i128> = BTreeMap::new();
    let mut beside: BTreeMap<(AccountId, AssetId), i128> = BTreeMap::new();
    for (symbol, contract) in &perpetuals.contracts {
        let asset = state.symbols[symbol.0 as usize].market.quote;
        let (mut longs, mut shorts) = (0_i128, 0_i128);
        for (account, desk) in contract.all_desks() {
            for (leg, side) in desk.legs.iter().zip(PositionSide::ALL) {
                let size = i128::from(leg.holding.size.0);
                longs += size.max(0);
                shorts -= size.min(0);
                *costs.entry(asset).or_default() += leg.holding.cost.0;
                *beside.entry((account, asset)).or_default() += leg.holding.isolated.0;
                let place = leg.safe.map(|safe| (safe, account, *side));
                let known = place.is_none_or(|place| match size > 0 {
                    true => contract.falling.contains(&place),
                    false => contract.rising.contains(&place),
                });
                let is_listed = place.is_some() == (size != 0) || account.is_venue();
                if !known || !is_listed {
                    let symbol = *symbol;
                    return Err(Broken::Index { account, symbol });
                }
            }
        }
        if longs != shorts || longs != contract.longs {
            return Err(Broken::OpenInterest {
                symbol: *symbol,
                longs,
                shorts,
                known: contract.longs,
            });
        }
    }
    for (asset, cost) in costs {
        let owned = perpetuals
            .wallets
            .balance(AccountId::CLEARING, asset)
            .free
            .0;
        if owned != -cost {
            return Err(Broken::Clearing { asset, owned, cost });
        }
    }
    for ((account, asset), said) in beside {
        let held = perpetuals.wallets.balance(account, asset).held.0;
        if held != said {
            return Err(Broken::Isolated {
                account,
                beside: held,
                said,
            });
        }
    }
    Ok(())
}

fn orders_are_counted(state: &State) -> Result<(), Broken> {
    let mut open: BTreeMap<(SymbolId, AccountId, PositionSide), (i128, i128, u32)> =
        BTreeMap::new();
    for symbol in state.symbols.iter() {
        if symbol.kind != SymbolKind::Perpetual {
            continue;
        }
        for side in [Side::Buy, Side::Sell] {
            for handle in state.books.queue(symbol.market.symbol, side) {
                let order = state.books.orders.get(handle);
                let key = (order.symbol, order.account, order.position);
                let sums = open.entry(key).or_default();
                match (order.reducing, side) {
                    (true, _) => sums.2 += 1,
                    (false, Side::Buy) => sums.0 += i128::from(order.open.0),
                    (false, Side::Sell) => sums.1 += i128::from(order.open.0),
                }
            }
        }
    }
    for (symbol, contract) in &state.perpetuals.contracts {
        for (account, desk) in contract.all_desks() {
            for (leg, side) in desk.legs.iter().zip(PositionSide::ALL) {
                let Leg {
                    bids,
                    asks,
                    reducing,
                    ..
                } = *leg;
                let found = open.remove(&(*symbol, account, *side)).unwrap_or_default();
                if (bids, asks, reducing) != found {
                    return Err(Broken::Counted {
                        account,
                        symbol: *symbol,
                        counted: (bids, asks, reducing),
                        open: found,
                    });
                }
            }
        }
    }
    match open.into_iter().next() {
        None => Ok(()),
        Some(((symbol, account, _), found)) => Err(Broken::Counted {
            account,
            symbol,
            counted: (0, 0, 0),
            open: found,
        }),
    }
}

fn who_is_due_is_queued<T: Trace>(engine: &Engine<T>) -> Result<(), Broken> {
    let perpetuals = &engine.state.perpetuals;
    if !engine.state.work.is_empty() {
        return Ok(());
    }
    for (symbol, contract) in &perpetuals.contracts {
        for (account, desk) in contract.all_desks() {
            for (leg, side) in desk.legs.iter().zip(PositionSide::ALL) {
                if leg.holding.is_flat() || account.is_venue() {
                    continue;
                }
                let pool = engine.pool_of(account, *symbol, *side);
                let is_known = perpetuals.due.iter().any(|due| due.pool == pool);
                let sums = engine.pool(pool);
                if !engine.is_called(pool, &sums) {
                    return Err(Broken::Uncalled { pool });
                }
                if sums.is_due() && !sums.is_starved && !is_known {
                    return Err(Broken::Forgotten { pool });
                }
            }
        }
    }
    Ok(())
}
