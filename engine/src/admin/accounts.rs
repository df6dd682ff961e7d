//! Accounts: their state, tier, limits and keys.

use schemas::command::{
    BindKeyV1, CreateAccountV1, SetAccountLimitsV1, SetAccountStateV1, SetAccountTierV1,
    UnbindKeyV1,
};
use schemas::event::Event;
use schemas::ids::{AccountId, BusinessId};
use schemas::reject::RejectReason;

use super::Verdict;
use crate::apply::Engine;
use crate::state::{Account, Done};
use crate::trace::Trace;

impl<T: Trace> Engine<T> {
    /// Said again, it tells the same number again.
    pub(super) fn create_account(&mut self, command: &CreateAccountV1) -> Verdict {
        if let Some(done) = self.done_before(&command.business) {
            if let Some(account) = done.account {
                self.out.push(Event::AccountCreated {
                    account,
                    business: command.business,
                });
            }
            return Ok(());
        }
        let next = u32::try_from(self.state.accounts.len());
        let account = AccountId(next.map_err(|_| RejectReason::NoMoreIds)?);
        self.state.accounts.push(Account::NEW);
        self.record_done(&command.business, Some(account));
        self.out.push(Event::AccountCreated {
            account,
            business: command.business,
        });
        Ok(())
    }

    /// What a business id did before, told as [`Event::AlreadyDone`]. An empty id does
    /// not count.
    pub(crate) fn done_before(&mut self, business: &BusinessId) -> Option<Done> {
        let done = *self.state.businesses.get(business)?;
        self.out.push(Event::AlreadyDone { at: done.at });
        Some(done)
    }

    /// From now on the business id is done.
    pub(crate) fn record_done(&mut self, business: &BusinessId, account: Option<AccountId>) {
        if !business.is_empty() {
            // `next` is the offset after the running frame.
            let at = schemas::ids::Offset(self.state.next.0 - 1);
            self.state
                .businesses
                .insert(*business, Done { at, account });
        }
    }

    /// The account of a client.
    pub(crate) fn client(&mut self, account: AccountId) -> Result<&mut Account, RejectReason> {
        if account.is_venue() {
            return Err(RejectReason::VenueAccount);
        }
        self.state
            .accounts
            .get_mut(account.0 as usize)
            .ok_or(RejectReason::UnknownAccount)
    }

    pub(super) fn set_account_state(&mut self, command: &SetAccountStateV1) -> Verdict {
        self.client(command.account)?.state = command.state;
        self.out.push(Event::AccountStateChanged {
            account: command.account,
            state: command.state,
        });
        Ok(())
    }

    pub(super) fn set_account_tier(&mut self, command: &SetAccountTierV1) -> Verdict {
        self.client(command.account)?.tier = command.tier;
        self.out.push(Event::AccountTierChanged {
            account: command.account,
            tier: command.tier,
        });
        Ok(())
    }

    pub(super) fn set_account_limits(&mut self, command: &SetAccountLimitsV1) -> Verdict {
        let account = self.client(command.account)?;
        account.orders_per_10s = command.orders_per_10s;
        account.orders_per_day = command.orders_per_day;
        self.out.push(Event::AccountLimitsChanged {
            account: command.account,
            orders_per_10s: command.orders_per_10s,
            orders_per_day: command.orders_per_day,
        });
        Ok(())
    }

    pub(super) fn bind_key(&mut self, command: &BindKeyV1) -> Verdict {
        self.client(command.account)?;
        if command.key.is_empty() {
            return Err(RejectReason::InvalidName);
        }
        let key = (command.account, command.key);
        self.state.keys.insert(key, command.permissions);
        self.out.push(Event::KeyBound {
            account: command.account,
            permissions: command.permissions,
            key: command.key,
        });
        Ok(())
    }

    /// Revoking a key that is not bound is told all the same: it is certainly gone.
    pub(super) fn unbind_key(&mut self, command: &UnbindKeyV1) -> Verdict {
        self.client(command.account)?;
        self.state.keys.remove(&(command.account, command.key));
        self.out.push(Event::KeyUnbound {
            account: command.account,
            key: command.key,
        });
        Ok(())
    }
}
