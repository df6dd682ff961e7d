//! What a contract is, by command; and money into and out of the futures wallets.

use schemas::event::Event;
use schemas::ids::{AccountId, AssetId};
use schemas::instrument::SymbolKind;
use schemas::margin::{self, Table};
use schemas::perpetual::WalletDirection;
use schemas::perpetual_command::{
    FuturesTransferV1, InsuranceDepositV1, SetBracketsV1, SetContractV1,
};
use schemas::perpetual_event::FuturesTransferred;
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, RATE_ONE};

use super::{Contract, Pool};
use crate::admin::Verdict;
use crate::apply::Engine;
use crate::clearing::ledger::Pot;
use crate::trace::Trace;

/// No interval is shorter, in nanoseconds: a second.
const INTERVAL_MIN_NS: u64 = 1_000_000_000;

impl<T: Trace> Engine<T> {
    /// The rules of a contract; the first time it becomes one.
    pub(crate) fn set_contract(&mut self, command: &SetContractV1) -> Verdict {
        let (symbol, spec) = (command.symbol, command.spec);
        let listed = self
            .state
            .symbol(symbol)
            .ok_or(RejectReason::UnknownSymbol)?;
        let rate_fits = |rate: i64| i128::from(rate).abs() < RATE_ONE;
        let fits = listed.kind == SymbolKind::Perpetual
            && spec.impact_notional.0 > 0
            && spec.max_open_interest.0 >= 0
            && spec.max_position.0 >= 0
            && rate_fits(spec.interest.0)
            && rate_fits(spec.liquidation_fee.0)
            && spec.liquidation_fee.0 >= 0
            && spec.premium_interval_ns >= INTERVAL_MIN_NS
            && spec.funding_interval_ns >= spec.premium_interval_ns
            && spec
                .funding_interval_ns
                .is_multiple_of(spec.premium_interval_ns)
            && spec.default_leverage >= 1;
        if !fits {
            return Err(RejectReason::InvalidContract);
        }
        let perpetuals = &mut self.state.perpetuals;
        match perpetuals.contracts.get_mut(&symbol) {
            Some(contract) => contract.spec = spec,
            None => {
                perpetuals.contracts.insert(symbol, Contract::new(spec));
            }
        }
        self.out.push(Event::ContractChanged { symbol, spec });
        Ok(())
    }

    /// Another table; every position's health is looked at with it.
    pub(crate) fn set_brackets(&mut self, command: &SetBracketsV1) -> Verdict {
        let symbol = command.symbol;
        let brackets = command.brackets();
        let table = Table::new(&brackets).ok_or(RejectReason::InvalidContract)?;
        #[cfg(feature = "planted-faults")]
        let table = self.plant_bracket(&brackets, table);
        let contracts = &mut self.state.perpetuals.contracts;
        let contract = contracts
            .get_mut(&symbol)
            .ok_or(RejectReason::InvalidContract)?;
        contract.table = Some(table);
        let count = brackets.len() as u8;
        for (number, bracket) in brackets.iter().enumerate() {
            self.out.push(Event::BracketChanged {
                symbol,
                number: number as u8,
                count,
                bracket: *bracket,
            });
        }
        self.look_at_holders(symbol);
        Ok(())
    }

    /// The fault that takes the bracket above the right one.
    #[cfg(feature = "planted-faults")]
    fn plant_bracket(&self, brackets: &[schemas::perpetual::Bracket], table: Table) -> Table {
        if self.planted != Some(crate::apply::PlantedFault::BracketOffByOne) {
            return table;
        }
        let mut rows = brackets.to_vec();
        for index in 1..rows.len() {
            rows[index - 1].maintenance = brackets[index].maintenance;
        }
        rows.pop();
        Table::new(&rows).unwrap_or(table)
    }

    /// Between the wallets of an account: one posting in each ledger.
    pub(crate) fn futures_transfer(&mut self, command: &FuturesTransferV1) -> Verdict {
        let (account, asset, amount) = (command.account, command.asset, command.amount);
        if self.done_before(&command.business).is_some() {
            return Ok(());
        }
        self.client(account)?;
        self.check_money(asset, amount)?;
        self.check_not_frozen(account)?;
        match command.direction {
            WalletDirection::ToFutures => self.check_free(account, asset, amount)?,
            WalletDirection::ToSpot => {
                if self.state.perpetuals.is_due(account) {
                    return Err(RejectReason::Liquidating);
                }
                let sums = self.pool(Pool::Cross(account, asset));
                if sums.withdrawable() < amount.0 {
                    return Err(RejectReason::InsufficientBalance);
                }
            }
        }
        let (spot, futures) = match command.direction {
            WalletDirection::ToFutures => {
                ((account, AccountId::FUTURES), (AccountId::FUTURES, account))
            }
            WalletDirection::ToSpot => {
                ((AccountId::FUTURES, account), (account, AccountId::FUTURES))
            }
        };
        self.move_through(asset, (spot, futures), amount);
        let pool = Pool::Cross(account, asset);
        if command.direction == WalletDirection::ToSpot || self.state.perpetuals.calls.has(pool) {
            self.state.perpetuals.note_suffered(pool);
        }
        self.record_done(&command.business, None);
        self.out.push(Event::FuturesTransferred(FuturesTransferred {
            account,
            asset,
            amount,
            direction: command.direction,
            business: command.business,
        }));
        Ok(())
    }

    /// Money from outside for the insurance fund.
    pub(crate) fn insurance_deposit(&mut self, command: &InsuranceDepositV1) -> Verdict {
        let (asset, amount) = (command.asset, command.amount);
        if self.done_before(&command.business).is_some() {
            return Ok(());
        }
        self.check_money(asset, amount)?;
        self.check_supply(asset, amount)?;
        let spot = (AccountId::OUTSIDE, AccountId::FUTURES);
        let futures = (AccountId::FUTURES, AccountId::INSURANCE);
        self.move_through(asset, (spot, futures), amount);
        self.record_done(&command.business, None);
        self.out.push(Event::InsuranceDeposited {
            asset,
            amount,
            business: command.business,
        });
        Ok(())
    }

    /// Moves the same amount in both ledgers.
    fn move_through(
        &mut self,
        asset: AssetId,
        (spot, futures): ((AccountId, AccountId), (AccountId, AccountId)),
        amount: Amount,
    ) {
        let free = |account| (account, Pot::Free);
        let ledger = &mut self.state.ledger;
        ledger.transfer(asset, free(spot.0), free(spot.1), amount);
        let wallets = &mut self.state.perpetuals.wallets;
        wallets.transfer(asset, free(futures.0), free(futures.1), amount);
    }

    /// Whether everything that may be worked with at this price stays in range.
    pub(crate) fn price_fits(&self, contract: &Contract, symbol: usize, price: Price) -> bool {
        let market = &self.state.symbols[symbol].market;
        let lots = contract.longs.saturating_add(1).saturating_mul(4);
        price.0 > 0 && margin::value(lots, price, market.quote_per_tick_lot).is_some()
    }
}
