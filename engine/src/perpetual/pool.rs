//! What backs positions together, and whether it is enough.

use schemas::ids::{AccountId, AssetId, SymbolId};
use schemas::margin;
use schemas::perpetual::PositionSide;
use schemas::ranking::RankedPool;
use schemas::units::{Amount, Price, Rate};

use super::{Contract, Due, Leg, Pool};
use crate::apply::Engine;
use crate::state::Market;
use crate::trace::Trace;

/// Sums over a pool at the mark prices of the moment, in atoms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// The wallet, or the margin beside an isolated position.
    pub wallet: i128,
    /// Unrealised, of all positions.
    pub profit: i128,
    /// Initial margin of positions and open orders.
    pub needed: i128,
    pub maintenance: i128,
    /// Not flat.
    pub positions: u32,
    /// The part of the balance at which it is called for margin; zero = never.
    pub margin_call: Rate,
    /// Of one position at least nobody knows what it is worth: it is not liquidated.
    pub is_starved: bool,
}

impl Sums {
    /// Margin balance.
    pub fn balance(&self) -> i128 {
        self.wallet + self.profit
    }

    /// What ranks its positions.
    pub fn ranked(&self) -> RankedPool {
        RankedPool {
            wallet: self.wallet,
            maintenance: self.maintenance,
            balance: self.balance(),
        }
    }

    /// Whether it is to be liquidated (RULES, Perpetuals).
    pub fn is_due(&self) -> bool {
        self.positions != 0 && self.balance() <= self.maintenance
    }

    /// What a new order may use.
    pub fn available(&self) -> i128 {
        self.balance() - self.needed
    }

    /// What can leave the wallet: unrealised profit never does.
    pub fn withdrawable(&self) -> i128 {
        (self.wallet + self.profit.min(0) - self.needed).max(0)
    }
}

/// |lots| at the mark price, in quote atoms. Admission of orders and of prices keeps it in
/// range.
#[inline]
pub(crate) fn worth(lots: i128, mark: Price, market: &Market) -> i128 {
    let value = margin::value(lots.abs(), mark, market.quote_per_tick_lot);
    value.expect("admission saw to it").0
}

impl Contract {
    /// Initial margin of a position with its orders, rounded up.
    pub(crate) fn needed(&self, leg: &Leg, market: &Market, leverage: u32) -> i128 {
        let lots = margin::exposure(leg.holding.size, leg.bids, leg.asks);
        let mark = self.mark.unwrap_or(Price::ZERO);
        margin::margin_rounded_up(Amount(worth(lots, mark, market)), leverage).0
    }

    /// Maintenance margin of a position, rounded up.
    pub(crate) fn maintenance(&self, leg: &Leg, market: &Market) -> i128 {
        let mark = self.mark.unwrap_or(Price::ZERO);
        let notional = worth(i128::from(leg.holding.size.0), mark, market);
        let table = self.table.as_ref();
        table.map_or(0, |table| table.maintenance_rounded_up(Amount(notional)).0)
    }

    /// Unrealised profit of a position; exact.
    pub(crate) fn profit(&self, leg: &Leg, market: &Market) -> i128 {
        let mark = self.mark.unwrap_or(Price::ZERO);
        let profit = margin::unrealised(&leg.holding, mark, market.quote_per_tick_lot);
        profit.expect("admission saw to it").0
    }
}

impl<T: Trace> Engine<T> {
    /// The sums of a pool.
    pub fn pool(&self, pool: Pool) -> Sums {
        match pool {
            Pool::Cross(account, asset) => self.cross_pool(account, asset),
            Pool::Isolated(account, symbol, side) => self.isolated_pool((account, symbol, side)),
        }
    }

    fn cross_pool(&self, account: AccountId, asset: AssetId) -> Sums {
        let perpetuals = &self.state.perpetuals;
        let mut sums = Sums {
            wallet: perpetuals.wallets.balance(account, asset).free.0,
            ..Sums::default()
        };
        let symbols = perpetuals.trader(account).map_or(&[][..], |it| &it.symbols);
        for symbol in symbols {
            let market = &self.state.symbols[symbol.0 as usize].market;
            let contract = &perpetuals.contracts[symbol];
            let Some(desk) = contract.desk(account) else {
                continue;
            };
            if market.quote != asset {
                continue;
            }
            let leverage = contract.leverage(account);
            for leg in desk.legs.iter().filter(|leg| !leg.is_idle()) {
                let needed = contract.needed(leg, market, leverage);
                if desk.isolated {
                    // The position stands on its own margin; its orders do not yet.
                    let alone = Leg {
                        bids: 0,
                        asks: 0,
                        ..*leg
                    };
                    sums.needed += needed - contract.needed(&alone, market, leverage);
                    continue;
                }
                sums.needed += needed;
                if !leg.holding.is_flat() {
                    sums.profit += contract.profit(leg, market);
                    sums.maintenance += contract.maintenance(leg, market);
                    sums.positions += 1;
                    sums.guarded_by(&contract.guard);
                }
            }
        }
        sums
    }

    fn isolated_pool(&self, (account, symbol, side): (AccountId, SymbolId, PositionSide)) -> Sums {
        let market = &self.state.symbols[symbol.0 as usize].market;
        let contract = &self.state.perpetuals.contracts[&symbol];
        let leg = contract.leg(account, side);
        if leg.holding.is_flat() {
            return Sums::default();
        }
        let mut sums = Sums {
            wallet: leg.holding.isolated.0,
            profit: contract.profit(&leg, market),
            needed: 0,
            maintenance: contract.maintenance(&leg, market),
            positions: 1,
            ..Sums::default()
        };
        sums.guarded_by(&contract.guard);
        sums
    }

    /// The pool that a position belongs to.
    pub(crate) fn pool_of(&self, account: AccountId, symbol: SymbolId, side: PositionSide) -> Pool {
        let contract = &self.state.perpetuals.contracts[&symbol];
        let market = &self.state.symbols[symbol.0 as usize].market;
        match contract.desk(account).is_some_and(|desk| desk.isolated) {
            true => Pool::Isolated(account, symbol, side),
            false => Pool::Cross(account, market.quote),
        }
    }

    /// Positions of a pool, by symbol and side.
    pub(crate) fn positions_of(&self, pool: Pool) -> Vec<(SymbolId, PositionSide)> {
        let (account, asset) = match pool {
            Pool::Isolated(_, symbol, side) => return vec![(symbol, side)],
            Pool::Cross(account, asset) => (account, asset),
        };
        let perpetuals = &self.state.perpetuals;
        let symbols = perpetuals.trader(account).map_or(&[][..], |it| &it.symbols);
        let mut found = Vec::new();
        for symbol in symbols {
            let desk = perpetuals.contracts[symbol].desk(account);
            let market = &self.state.symbols[symbol.0 as usize].market;
            let Some(desk) = desk.filter(|it| !it.isolated && market.quote == asset) else {
                continue;
            };
            let live = PositionSide::ALL.iter().copied();
            let live = live.filter(|side| !desk.legs[*side as usize].holding.is_flat());
            found.extend(live.map(|side| (*symbol, side)));
        }
        found
    }

    /// Looks at every pool that may have suffered: due ones are queued, the others get
    /// their places in the index.
    #[cold]
    #[inline(never)]
    pub(crate) fn look_at_pools(&mut self) {
        let mut suffered = std::mem::take(&mut self.state.perpetuals.suffered);
        suffered.sort_unstable();
        suffered.dedup();
        for pool in suffered {
            self.look_at(pool);
        }
    }

    pub(crate) fn look_at(&mut self, pool: Pool) {
        if pool.account().is_venue() {
            return;
        }
        let sums = self.pool(pool);
        if sums.is_due() && !sums.is_starved {
            let due = &mut self.state.perpetuals.due;
            if !due.iter().any(|known| known.pool == pool) {
                due.push_back(Due {
                    pool,
                    started: false,
                });
            }
        }
        let was_called = self.call_if_thin(pool, &sums);
        self.index(pool, sums.positions, sums.slack(was_called));
    }

    /// Gives each position of a pool the price up to which it cannot be the reason for a
    /// liquidation or a call for margin: its share of the slack, at its own speed. A rise
    /// costs a short its loss and at most as much maintenance again.
    fn index(&mut self, pool: Pool, positions: u32, slack: i128) {
        let account = pool.account();
        let share = slack / i128::from(positions.max(1));
        let positions = match pool {
            Pool::Cross(..) => self.desks_of(account),
            Pool::Isolated(_, symbol, side) => vec![(symbol, side)],
        };
        for (symbol, side) in positions {
            let market = self.state.symbols[symbol.0 as usize].market;
            if self.pool_of(account, symbol, side) != pool {
                continue;
            }
            let perpetuals = &mut self.state.perpetuals;
            let leg = perpetuals.contracts[&symbol].leg(account, side);
            let contract = perpetuals
                .contracts
                .get_mut(&symbol)
                .expect("it was listed");
            if let Some(safe) = leg.safe {
                contract.falling.remove(&(safe, account, side));
                contract.rising.remove(&(safe, account, side));
            }
            let mark = contract.mark.unwrap_or(Price::ZERO);
            let size = leg.holding.size.0;
            let speed = i128::from(size).abs() * i128::from(market.quote_per_tick_lot);
            let safe = match size.signum() {
                0 => None,
                1 => {
                    let by = i64::try_from(share / speed).unwrap_or(i64::MAX);
                    let safe = mark.0.saturating_sub(by);
                    contract.falling.insert((safe, account, side));
                    Some(safe)
                }
                _ => {
                    let by = i64::try_from(share / (2 * speed)).unwrap_or(i64::MAX);
                    let safe = mark.0.saturating_add(by);
                    contract.rising.insert((safe, account, side));
                    Some(safe)
                }
            };
            perpetuals.leg_mut((account, symbol, side)).safe = safe;
        }
    }

    /// Every place that an account has, flat or not.
    fn desks_of(&self, account: AccountId) -> Vec<(SymbolId, PositionSide)> {
        let trader = self.state.perpetuals.trader(account);
        let symbols = trader.map_or(&[][..], |trader| &trader.symbols);
        let sides = |symbol: &SymbolId| {
            let symbol = *symbol;
            PositionSide::ALL.iter().map(move |side| (symbol, *side))
        };
        symbols.iter().flat_map(sides).collect()
    }
}
