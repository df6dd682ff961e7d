//! State and balances by account, in shards with a lock each.

use parking_lot::Mutex;
use schemas::event::{BalanceChanged, Event, OrderAccepted};
use schemas::ids::{AccountId, AssetId};
use schemas::instrument::AccountState;
use schemas::report::AccountReport;
use schemas::units::{Amount, TimeNs};

/// Locks over all accounts; neighbours lie in different shards.
const SHARDS: usize = 64;
const TEN_SECONDS_NS: u64 = 10_000_000_000;
const DAY_NS: u64 = 86_400_000_000_000;

/// One account's present, without its orders.
pub(crate) struct Account {
    pub(crate) state: AccountState,
    pub(crate) tier: u8,
    /// Zero = none.
    pub(crate) trade_group: u32,
    /// By asset id.
    pub(crate) balances: Vec<(AssetId, Amount, Amount)>,
    pub(crate) updated: TimeNs,
    /// Orders in 10 s and a day when the last one was accepted, and when that was.
    pub(crate) orders_10s: u32,
    pub(crate) orders_1d: u32,
    pub(crate) ordered: TimeNs,
}

impl Default for Account {
    fn default() -> Self {
        Account {
            state: AccountState::Active,
            tier: 0,
            trade_group: 0,
            balances: Vec::new(),
            updated: TimeNs(0),
            orders_10s: 0,
            orders_1d: 0,
            ordered: TimeNs(0),
        }
    }
}

type Shard = Mutex<Vec<Option<Account>>>;

/// All accounts.
pub(crate) struct Accounts {
    shards: Box<[Shard]>,
}

fn place(account: AccountId) -> (usize, usize) {
    let id = account.0 as usize;
    (id % SHARDS, id / SHARDS)
}

impl Accounts {
    pub(crate) fn new() -> Accounts {
        Accounts {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }

    /// Changes one account, which comes to be with the first event that names it.
    #[inline]
    pub(crate) fn change(&self, account: AccountId, change: impl FnOnce(&mut Account)) {
        let (shard, index) = place(account);
        let mut shard = self.shards[shard].lock();
        if shard.len() <= index {
            shard.resize_with(index + 1, || None);
        }
        change(shard[index].get_or_insert_default());
    }

    fn read<T>(&self, account: AccountId, read: impl FnOnce(&Account) -> T) -> Option<T> {
        let (shard, index) = place(account);
        self.shards[shard].lock().get(index)?.as_ref().map(read)
    }

    /// Takes an event that concerns accounts; false for every other.
    pub(crate) fn apply(&self, time: TimeNs, event: &Event) -> bool {
        match event {
            Event::BalanceChanged(balance) => {
                self.change(balance.account, |account| {
                    set_balance(account, balance, time)
                });
            }
            Event::AccountCreated { account, .. } => {
                self.change(*account, |account| account.updated = time);
            }
            Event::AccountStateChanged { account, state } => {
                self.change(*account, |account| {
                    account.state = *state;
                    account.updated = time;
                });
            }
            Event::AccountTierChanged { account, tier } => {
                self.change(*account, |account| {
                    account.tier = *tier;
                    account.updated = time;
                });
            }
            Event::TradeGroupChanged { account, group } => {
                self.change(*account, |account| {
                    account.trade_group = *group;
                    account.updated = time;
                });
            }
            _ => return false,
        }
        true
    }

    #[inline]
    pub(crate) fn count_order(&self, order: &OrderAccepted, time: TimeNs) {
        self.change(order.account, |account| {
            account.orders_10s = order.orders_10s;
            account.orders_1d = order.orders_1d;
            account.ordered = time;
        });
    }

    pub(crate) fn order_counts(&self, account: AccountId, now: TimeNs) -> (u32, u32) {
        let counts = self.read(account, |account| {
            let within = |window: u64| account.ordered.0 / window == now.0 / window;
            let count = |window, orders| if within(window) { orders } else { 0 };
            (
                count(TEN_SECONDS_NS, account.orders_10s),
                count(DAY_NS, account.orders_1d),
            )
        });
        counts.unwrap_or_default()
    }

    pub(crate) fn report(&self, account: AccountId) -> Option<AccountReport> {
        self.read(account, |found| AccountReport {
            account,
            state: found.state,
            tier: found.tier,
            trade_group: found.trade_group,
            balances: found.balances.clone(),
            updated: found.updated,
        })
    }

    /// The accounts that are in trade groups, in no order, and their groups.
    pub(crate) fn groups(&self) -> Vec<(AccountId, u32)> {
        let mut groups = Vec::new();
        self.visit(|id, account| {
            if account.trade_group != 0 {
                groups.push((id, account.trade_group));
            }
        });
        groups
    }

    /// Visits every account, ascending within a shard; the lock of a shard is held meanwhile.
    pub(crate) fn visit(&self, mut visit: impl FnMut(AccountId, &Account)) {
        for (number, shard) in self.shards.iter().enumerate() {
            for (index, account) in shard.lock().iter().enumerate() {
                if let Some(account) = account {
                    visit(AccountId((index * SHARDS + number) as u32), account);
                }
            }
        }
    }
}

#[inline]
fn set_balance(account: &mut Account, balance: &BalanceChanged, time: TimeNs) {
    account.updated = time;
    let entry = (balance.asset, balance.free, balance.held);
    match account
        .balances
        .iter_mut()
        .find(|(asset, _, _)| *asset == balance.asset)
    {
        Some(known) => *known = entry,
        None => {
            let at = account
                .balances
                .partition_point(|(asset, _, _)| *asset < balance.asset);
            account.balances.insert(at, entry);
        }
    }
}
