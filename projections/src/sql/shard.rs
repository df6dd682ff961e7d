//! Splitting the rows by account over several databases.
//!
//! A row that belongs to one account lies in that account's shard; a trade lies in the
//! shards of both its accounts; the directory and the candles lie in every shard. So every
//! question about one account is answered by one database.

use schemas::ids::AccountId;

/// Which accounts' rows a sink holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shard {
    /// From 0.
    pub index: u32,
    /// How many there are; at least 1.
    pub count: u32,
}

impl Default for Shard {
    fn default() -> Shard {
        Shard::WHOLE
    }
}

impl Shard {
    /// Everything in one database.
    pub const WHOLE: Shard = Shard { index: 0, count: 1 };

    /// Whether an account's rows lie here.
    pub fn has(self, account: AccountId) -> bool {
        Self::of(account, self.count) == self.index
    }

    /// The shard of an account.
    pub fn of(account: AccountId, count: u32) -> u32 {
        account.0 % count.max(1)
    }
}
