//! Balances as one map of (free, held); the outside world is account 0.

use schemas::command::{Command, DepositV1, TransferV1, WithdrawV1};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId};
use schemas::reject::RejectReason;
use schemas::units::Amount;

use super::{Naive, Refusal};

impl Naive {
    pub fn balance(&self, account: AccountId, asset: AssetId) -> (i128, i128) {
        self.balances
            .get(&(account, asset))
            .copied()
            .unwrap_or((0, 0))
    }

    pub fn add_free(&mut self, account: AccountId, asset: AssetId, amount: i128) {
        self.balances.entry((account, asset)).or_insert((0, 0)).0 += amount;
    }

    pub fn add_held(&mut self, account: AccountId, asset: AssetId, amount: i128) {
        self.balances.entry((account, asset)).or_insert((0, 0)).1 += amount;
    }

    /// free -> held.
    pub fn hold(&mut self, account: AccountId, asset: AssetId, amount: i128) {
        self.add_free(account, asset, -amount);
        self.add_held(account, asset, amount);
    }

    /// held -> free.
    pub fn release(&mut self, account: AccountId, asset: AssetId, amount: i128) {
        self.hold(account, asset, -amount);
    }

    pub fn administer_money(&mut self, command: &Command) -> Refusal {
        match command {
            Command::Deposit(deposit) => self.deposit(deposit),
            Command::Withdraw(withdraw) => self.withdraw(withdraw),
            Command::Transfer(transfer) => self.transfer(transfer),
            other => unreachable!("not about money: {other:?}"),
        }
    }

    fn client_and_asset(&self, account: AccountId, asset: AssetId) -> Refusal {
        self.client(account)?;
        if usize::from(asset.0) >= self.assets.len() {
            return Err(RejectReason::UnknownAsset);
        }
        Ok(())
    }

    fn client(&self, account: AccountId) -> Refusal {
        if account.is_venue() {
            return Err(RejectReason::VenueAccount);
        }
        if account.0 as usize >= self.accounts.len() {
            return Err(RejectReason::UnknownAccount);
        }
        Ok(())
    }

    fn deposit(&mut self, deposit: &DepositV1) -> Refusal {
        let DepositV1 {
            amount,
            account,
            asset,
            business,
        } = *deposit;
        if self.said_before(business) {
            return Ok(());
        }
        self.client_and_asset(account, asset)?;
        if amount <= Amount::ZERO {
            return Err(RejectReason::AmountNotPositive);
        }
        self.add_free(AccountId::OUTSIDE, asset, -amount.0);
        self.add_free(account, asset, amount.0);
        self.remember(business, None);
        self.events.push(Event::Deposited {
            account,
            asset,
            amount,
            business,
        });
        Ok(())
    }

    fn withdraw(&mut self, withdraw: &WithdrawV1) -> Refusal {
        let WithdrawV1 {
            amount,
            account,
            asset,
            business,
        } = *withdraw;
        if self.said_before(business) {
            return Ok(());
        }
        if !self.withdrawals {
            return Err(RejectReason::WithdrawalsOff);
        }
        self.client_and_asset(account, asset)?;
        if amount <= Amount::ZERO {
            return Err(RejectReason::AmountNotPositive);
        }
        self.frozen(account)?;
        if self.balance(account, asset).0 < amount.0 {
            return Err(RejectReason::InsufficientBalance);
        }
        self.add_free(account, asset, -amount.0);
        self.add_free(AccountId::OUTSIDE, asset, amount.0);
        self.remember(business, None);
        self.events.push(Event::Withdrawn {
            account,
            asset,
            amount,
            business,
        });
        Ok(())
    }

    fn transfer(&mut self, transfer: &TransferV1) -> Refusal {
        let TransferV1 {
            amount,
            from,
            to,
            asset,
            business,
        } = *transfer;
        if self.said_before(business) {
            return Ok(());
        }
        self.client(from)?;
        self.client_and_asset(to, asset)?;
        if amount <= Amount::ZERO {
            return Err(RejectReason::AmountNotPositive);
        }
        self.frozen(from)?;
        if self.balance(from, asset).0 < amount.0 {
            return Err(RejectReason::InsufficientBalance);
        }
        self.add_free(from, asset, -amount.0);
        self.add_free(to, asset, amount.0);
        self.remember(business, None);
        self.events.push(Event::Transferred {
            from,
            to,
            asset,
            amount,
            business,
        });
        Ok(())
    }
}

/// Commission of an amount received, in its atoms: rounded up, so that the venue gains; a
/// negative rate is a rebate, whose size is rounded down.
pub fn fee(received: i128, rate: i64) -> i128 {
    let one = 100_000_000;
    let product = received * i128::from(rate);
    if product >= 0 {
        (product + one - 1) / one
    } else {
        -(-product / one)
    }
}
