//! Reading the state of perpetuals: for replay-tool and tests.

use schemas::ids::{AccountId, AssetId, SymbolId};
use schemas::perpetual::{Holding, PositionSide};
use schemas::units::{Amount, Price};

use super::{Contract, Leg, Pool};
use crate::apply::Engine;
use crate::trace::Trace;

/// One position, and where its pool stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenPosition {
    pub symbol: SymbolId,
    pub side: PositionSide,
    pub holding: Holding,
    pub leverage: u32,
    pub isolated: bool,
    pub mark: Price,
    pub unrealised: Amount,
    pub maintenance: Amount,
}

impl<T: Trace> Engine<T> {
    /// The contract of a symbol.
    pub fn contract(&self, symbol: SymbolId) -> Option<&Contract> {
        self.state.perpetuals.contracts.get(&symbol)
    }

    /// A futures wallet: cross, and beside isolated positions.
    pub fn wallet(&self, account: AccountId, asset: AssetId) -> (Amount, Amount) {
        if usize::from(asset.0) >= self.state.assets.len() {
            return (Amount::ZERO, Amount::ZERO);
        }
        let balance = self.state.perpetuals.wallets.balance(account, asset);
        (balance.free, balance.held)
    }

    /// Every futures wallet that is not empty.
    pub fn wallets(&self) -> Vec<(AssetId, AccountId, Amount, Amount)> {
        let all = self.state.perpetuals.wallets.balances();
        let row = |(asset, account, it): (_, _, crate::clearing::ledger::Balance)| {
            (asset, account, it.free, it.held)
        };
        all.into_iter().map(row).collect()
    }

    /// One position with its orders' sums.
    pub fn leg(&self, account: AccountId, symbol: SymbolId, side: PositionSide) -> Leg {
        let contract = self.state.perpetuals.contracts.get(&symbol);
        contract.map_or(Leg::default(), |contract| contract.leg(account, side))
    }

    /// The positions of an account, by symbol and side.
    pub fn open_positions(&self, account: AccountId) -> Vec<OpenPosition> {
        let mut open = Vec::new();
        for (symbol, contract) in &self.state.perpetuals.contracts {
            let market = &self.state.symbols[symbol.0 as usize].market;
            for side in PositionSide::ALL {
                let leg = contract.leg(account, *side);
                if leg.holding.is_flat() {
                    continue;
                }
                open.push(OpenPosition {
                    symbol: *symbol,
                    side: *side,
                    holding: leg.holding,
                    leverage: contract.leverage(account),
                    isolated: contract.desk(account).is_some_and(|desk| desk.isolated),
                    mark: contract.mark.unwrap_or(Price::ZERO),
                    unrealised: Amount(contract.profit(&leg, market)),
                    maintenance: Amount(contract.maintenance(&leg, market)),
                });
            }
        }
        open
    }

    /// Whether a pool waits for its liquidation.
    pub fn is_liquidating(&self, pool: Pool) -> bool {
        self.state.perpetuals.due.iter().any(|due| due.pool == pool)
    }

    /// How many pools wait for their liquidation.
    pub fn liquidations(&self) -> usize {
        self.state.perpetuals.due.len()
    }
}
