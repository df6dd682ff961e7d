//! Balances by (asset, account). [`Ledger::transfer`] is the only writer, and
//! [`Ledger::hold_instead`] its short form within one balance, so every asset sums to zero
//! over all accounts, the outside world being one.

use schemas::ids::{AccountId, AssetId};
use schemas::units::Amount;

/// Accounts in one chunk; growth never copies a balance.
const CHUNK: usize = 1_024;

/// Touched balances that are compared one by one before duplicates are let in.
const RECENT: usize = 12;

/// No asset's total may leave this range, so that no sum overflows.
pub const SUPPLY_MAX: Amount = Amount(1 << 100);

/// What an account owns of an asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Balance {
    pub free: Amount,
    /// Held by open orders.
    pub held: Amount,
}

/// Which half of a balance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pot {
    Free,
    Held,
}

impl Balance {
    #[inline]
    fn pot(&mut self, pot: Pot) -> &mut Amount {
        match pot {
            Pot::Free => &mut self.free,
            Pot::Held => &mut self.held,
        }
    }
}

type Chunk = Box<[Balance; CHUNK]>;

/// Every balance of the venue.
#[derive(Default, Debug)]
pub struct Ledger {
    assets: Vec<Vec<Option<Chunk>>>,
    /// Account and asset of balances that moved in the running command.
    touched: Vec<u64>,
}

impl Ledger {
    /// Makes room for the next asset.
    pub fn add_asset(&mut self) {
        self.assets.push(Vec::new());
    }

    /// What an account owns; nothing when it never had any.
    #[inline]
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Balance {
        let (chunk, place) = place_of(account);
        match self.assets[usize::from(asset.0)].get(chunk) {
            Some(Some(chunk)) => chunk[place],
            _ => Balance::default(),
        }
    }

    /// Moves money between two pots: the only writer of balances. The amount is not
    /// negative and there is enough of it; only the venue's own accounts may owe.
    #[expect(clippy::too_many_arguments, reason = "a posting has these four parts")]
    #[inline(always)]
    pub fn transfer(
        &mut self,
        asset: AssetId,
        from: (AccountId, Pot),
        to: (AccountId, Pot),
        amount: Amount,
    ) {
        assert!(amount.0 >= 0, "a transfer says who pays");
        if amount.0 == 0 {
            return;
        }
        if from.0 == to.0 {
            // Between the two pots of one balance: the hot path of holds.
            let balance = self.slot(from.0, asset);
            *balance.pot(from.1) = Amount(balance.pot(from.1).0 - amount.0);
            assert!(
                balance.pot(from.1).0 >= 0 || from.0.is_venue(),
                "admission saw to it"
            );
            *balance.pot(to.1) = Amount(balance.pot(to.1).0 + amount.0);
            self.touch(from.0, asset);
            return;
        }
        let paid = self.slot(from.0, asset).pot(from.1);
        paid.0 -= amount.0;
        assert!(paid.0 >= 0 || from.0.is_venue(), "admission saw to it");
        self.slot(to.0, asset).pot(to.1).0 += amount.0;
        self.touch(from.0, asset);
        self.touch(to.0, asset);
    }

    /// Holds one amount instead of another, if there is enough of it, and gives the balance
    /// as it is then; `None` has changed nothing. The caller tells the balance itself.
    #[inline]
    pub fn hold_instead(
        &mut self,
        (account, asset): (AccountId, AssetId),
        released: Amount,
        needed: Amount,
    ) -> Option<Balance> {
        let (chunk, place) = place_of(account);
        let chunk = self.assets[usize::from(asset.0)].get_mut(chunk)?.as_mut()?;
        let balance = &mut chunk[place];
        let more = needed.0 - released.0;
        let after = Balance {
            free: Amount(balance.free.0 - more),
            held: Amount(balance.held.0 + more),
        };
        assert!(balance.held.0 >= released.0, "what is released was held");
        if after.free.0 < 0 {
            return None;
        }
        *balance = after;
        Some(after)
    }

    #[inline]
    fn slot(&mut self, account: AccountId, asset: AssetId) -> &mut Balance {
        let (chunk, place) = place_of(account);
        let chunks = &mut self.assets[usize::from(asset.0)];
        if !matches!(chunks.get(chunk), Some(Some(_))) {
            add_chunk(chunks, chunk);
        }
        &mut chunks[chunk].as_mut().expect("just made")[place]
    }

    #[inline]
    fn touch(&mut self, account: AccountId, asset: AssetId) {
        let key = u64::from(account.0) << 16 | u64::from(asset.0);
        let recent = self.touched.len().min(RECENT);
        if !self.touched[..recent].contains(&key) {
            self.touched.push(key);
        }
    }

    /// At most so many balances moved in the running command.
    #[inline]
    pub fn touched_count(&self) -> usize {
        self.touched.len()
    }

    /// Hands over what moved in the running command, by account and asset, once each.
    #[inline]
    pub(crate) fn drain_touched(&mut self, mut each: impl FnMut(AccountId, AssetId, Balance)) {
        if self.touched.is_empty() {
            return;
        }
        let mut touched = std::mem::take(&mut self.touched);
        if touched.len() > 1 {
            touched.sort_unstable();
            touched.dedup();
        }
        for key in &touched {
            let (account, asset) = (AccountId((key >> 16) as u32), AssetId(*key as u16));
            each(account, asset, self.balance(account, asset));
        }
        touched.clear();
        self.touched = touched;
    }

    /// Every balance that is not zero, by asset and account.
    pub fn balances(&self) -> Vec<(AssetId, AccountId, Balance)> {
        let mut all = Vec::new();
        for (asset, chunks) in self.assets.iter().enumerate() {
            for (index, chunk) in chunks.iter().enumerate() {
                for (place, balance) in chunk.iter().flat_map(|chunk| chunk.iter().enumerate()) {
                    if *balance != Balance::default() {
                        let account = AccountId((index * CHUNK + place) as u32);
                        all.push((AssetId(asset as u16), account, *balance));
                    }
                }
            }
        }
        all
    }

    /// Puts a balance of a snapshot back; nothing else may set one.
    pub(crate) fn restore(&mut self, asset: AssetId, account: AccountId, balance: Balance) {
        *self.slot(account, asset) = balance;
    }
}

#[inline]
fn place_of(account: AccountId) -> (usize, usize) {
    (account.0 as usize / CHUNK, account.0 as usize % CHUNK)
}

#[cold]
#[inline(never)]
fn add_chunk(chunks: &mut Vec<Option<Chunk>>, chunk: usize) {
    if chunks.len() <= chunk {
        chunks.resize_with(chunk + 1, || None);
    }
    let empty = vec![Balance::default(); CHUNK].into_boxed_slice();
    chunks[chunk] = Some(empty.try_into().expect("the chunk has its size"));
}
