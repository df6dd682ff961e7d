//! Money from and to the outside, and between accounts: said twice, done once.

use schemas::command::{DepositV1, TransferV1, WithdrawV1};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId};
use schemas::instrument::AccountState;
use schemas::reject::RejectReason;
use schemas::units::Amount;

use super::Verdict;
use crate::apply::Engine;
use crate::clearing::ledger::{Pot, SUPPLY_MAX};
use crate::trace::Trace;

impl<T: Trace> Engine<T> {
    pub(super) fn deposit(&mut self, command: &DepositV1) -> Verdict {
        let (account, asset, amount) = (command.account, command.asset, command.amount);
        if self.done_before(&command.business).is_some() {
            return Ok(());
        }
        self.client(account)?;
        self.check_money(asset, amount)?;
        self.check_supply(asset, amount)?;
        self.move_free(asset, (AccountId::OUTSIDE, account), amount);
        self.record_done(&command.business, None);
        self.out.push(Event::Deposited {
            account,
            asset,
            amount,
            business: command.business,
        });
        Ok(())
    }

    pub(super) fn withdraw(&mut self, command: &WithdrawV1) -> Verdict {
        let (account, asset, amount) = (command.account, command.asset, command.amount);
        if self.done_before(&command.business).is_some() {
            return Ok(());
        }
        if !self.state.withdrawals {
            return Err(RejectReason::WithdrawalsOff);
        }
        self.client(account)?;
        self.check_money(asset, amount)?;
        self.check_not_frozen(account)?;
        self.check_free(account, asset, amount)?;
        self.move_free(asset, (account, AccountId::OUTSIDE), amount);
        self.record_done(&command.business, None);
        self.out.push(Event::Withdrawn {
            account,
            asset,
            amount,
            business: command.business,
        });
        Ok(())
    }

    pub(super) fn transfer(&mut self, command: &TransferV1) -> Verdict {
        let (from, to, asset) = (command.from, command.to, command.asset);
        if self.done_before(&command.business).is_some() {
            return Ok(());
        }
        self.client(from)?;
        self.client(to)?;
        self.check_money(asset, command.amount)?;
        self.check_not_frozen(from)?;
        self.check_free(from, asset, command.amount)?;
        self.move_free(asset, (from, to), command.amount);
        self.record_done(&command.business, None);
        self.out.push(Event::Transferred {
            from,
            to,
            asset,
            amount: command.amount,
            business: command.business,
        });
        Ok(())
    }

    /// Whether the asset's total stays in range with so much more of it.
    pub(crate) fn check_supply(&self, asset: AssetId, amount: Amount) -> Verdict {
        let owed = self.state.ledger.balance(AccountId::OUTSIDE, asset).free;
        if amount > SUPPLY_MAX || amount.0 - owed.0 > SUPPLY_MAX.0 {
            return Err(RejectReason::SupplyLimit);
        }
        Ok(())
    }

    pub(crate) fn check_money(&self, asset: AssetId, amount: Amount) -> Verdict {
        if usize::from(asset.0) >= self.state.assets.len() {
            return Err(RejectReason::UnknownAsset);
        }
        if amount.0 <= 0 {
            return Err(RejectReason::AmountNotPositive);
        }
        Ok(())
    }

    /// Nothing leaves a frozen account; what comes in stays.
    pub(crate) fn check_not_frozen(&self, account: AccountId) -> Verdict {
        match self.state.accounts[account.0 as usize].state {
            AccountState::Active => Ok(()),
            AccountState::Frozen => Err(RejectReason::AccountFrozen),
        }
    }

    pub(crate) fn check_free(&self, account: AccountId, asset: AssetId, amount: Amount) -> Verdict {
        if self.state.ledger.balance(account, asset).free < amount {
            return Err(RejectReason::InsufficientBalance);
        }
        Ok(())
    }

    fn move_free(&mut self, asset: AssetId, parties: (AccountId, AccountId), amount: Amount) {
        let (from, to) = parties;
        let ledger = &mut self.state.ledger;
        ledger.transfer(asset, (from, Pot::Free), (to, Pot::Free), amount);
    }
}
