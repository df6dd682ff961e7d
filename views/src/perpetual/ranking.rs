//! How early a position would be deleveraged, among all of its side of the symbol.
//!
//! Looks at every account, as deleveraging itself does; what one question costs grows with
//! the number of positions.

use std::cmp::Ordering;

use schemas::ids::{AccountId, AssetId, SymbolId};
use schemas::margin;
use schemas::perpetual::PositionSide;
use schemas::perpetual_report::DeleveragingRank;
use schemas::ranking::{Rank, RankedPool};
use schemas::units::{Amount, Qty};

use super::{Account, Contract, Perpetuals, Seat};

/// Quantiles told: 0 to 4.
const QUANTILES: usize = 5;

impl Perpetuals {
    /// The place of each position of an account.
    pub(crate) fn ranks(&self, account: AccountId) -> Vec<DeleveragingRank> {
        let Some(found) = self.accounts.get(&account) else {
            return Vec::new();
        };
        let mut ranks = Vec::new();
        for (symbol, seat) in &found.seats {
            let Some(contract) = self.contracts.get(symbol) else {
                continue;
            };
            for side in PositionSide::ALL {
                let size = seat.holdings[*side as usize].size;
                if size != Qty::ZERO {
                    ranks.push(DeleveragingRank {
                        symbol: *symbol,
                        side: *side,
                        quantile: self.quantile((account, *symbol, *side), contract),
                    });
                }
            }
        }
        ranks
    }

    /// Fifths of the side's positions, counted from the last one.
    fn quantile(
        &self,
        (account, symbol, side): (AccountId, SymbolId, PositionSide),
        contract: &Contract,
    ) -> u8 {
        let own = &self.accounts[&account];
        let is_long = own.seats[&symbol].holdings[side as usize].size.0 > 0;
        let rank = self.rank(own, (symbol, side), contract);
        let (mut all, mut before) = (0, 0);
        for (other, state) in &self.accounts {
            let Some(seat) = state.seats.get(&symbol) else {
                continue;
            };
            for place in PositionSide::ALL {
                let size = seat.holdings[*place as usize].size.0;
                if other.is_venue() || size == 0 || (size > 0) != is_long {
                    continue;
                }
                all += 1;
                let ties = (*other, *place as u8) < (account, side as u8);
                let theirs = self.rank(state, (symbol, *place), contract);
                before += usize::from(match theirs.compare(&rank) {
                    Ordering::Greater => true,
                    Ordering::Equal => ties,
                    Ordering::Less => false,
                });
            }
        }
        let behind = all - before.min(all);
        let quantile = (behind * QUANTILES).div_ceil(all.max(1)).max(1) - 1;
        u8::try_from(quantile).unwrap_or(0)
    }

    fn rank(
        &self,
        account: &Account,
        (symbol, side): (SymbolId, PositionSide),
        contract: &Contract,
    ) -> Rank {
        let seat = &account.seats[&symbol];
        let scale = self.scales.get(usize::from(contract.quote.0));
        let one = 10_i128.pow(scale.copied().unwrap_or(0).into());
        let (profit, maintenance) = worth(contract, seat, side);
        let pool = match seat.isolated {
            false => self.cross_pool(account, contract.quote),
            true => {
                let wallet = seat.holdings[side as usize].isolated.0;
                RankedPool {
                    wallet,
                    maintenance,
                    balance: wallet + profit,
                }
            }
        };
        Rank::new(&pool, profit, one)
    }

    fn cross_pool(&self, account: &Account, quote: AssetId) -> RankedPool {
        let wallet = account.wallets.get(&quote);
        let wallet = wallet.map_or(0, |(cross, ..)| cross.0);
        let mut pool = RankedPool {
            wallet,
            maintenance: 0,
            balance: wallet,
        };
        for (symbol, seat) in account.seats.iter().filter(|(_, seat)| !seat.isolated) {
            let Some(contract) = self.contracts.get(symbol) else {
                continue;
            };
            if contract.quote != quote {
                continue;
            }
            for side in PositionSide::ALL {
                let (profit, maintenance) = worth(contract, seat, *side);
                pool.balance += profit;
                pool.maintenance += maintenance;
            }
        }
        pool
    }
}

/// Unrealised profit and maintenance margin of a position at mark.
fn worth(contract: &Contract, seat: &Seat, side: PositionSide) -> (i128, i128) {
    let holding = seat.holdings[side as usize];
    let size = i128::from(holding.size.0);
    if size == 0 {
        return (0, 0);
    }
    let (mark, unit) = (contract.mark.mark, contract.quote_per_tick_lot);
    let value = |lots| margin::value(lots, mark, unit).unwrap_or_default();
    let maintenance = match contract.table.brackets().is_empty() {
        true => Amount::ZERO,
        false => contract.table.maintenance_rounded_up(value(size.abs())),
    };
    (value(size).0 - holding.cost.0, maintenance.0)
}
