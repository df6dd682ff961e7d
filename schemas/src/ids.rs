//! Names of things: dense numbers that the engine issues, and short inline texts.

use rkyv::{Archive, Deserialize, Serialize};

/// The dense number of one frame of the journal; the first is 0.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Hash,
    Default,
)]
pub struct Offset(pub u64);

/// A ledger account, dense. Numbers below [`AccountId::FIRST_USER`] belong to the venue.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Hash,
    Default,
)]
pub struct AccountId(pub u32);

/// An asset, dense, in order of listing.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Hash,
    Default,
)]
pub struct AssetId(pub u16);

/// A tradable symbol, dense, in order of listing.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Hash,
    Default,
)]
pub struct SymbolId(pub u32);

/// An order: 1, 2, 3 … per symbol, below 2^53.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Hash,
    Default,
)]
pub struct OrderId(pub u64);

/// A trade: 1, 2, 3 … per symbol, without a gap, below 2^53.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Hash,
    Default,
)]
pub struct TradeId(pub u64);

/// An order list: 1, 2, 3 … over the whole venue, since clients ask for a list by its
/// number alone; below 2^53.
#[derive(
    Archive,
    Serialize,
    Deserialize,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Debug,
    Hash,
    Default,
)]
pub struct OrderListId(pub u64);

/// `offset << 16 | index` of one event: the identity every sink dedupes by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Default)]
pub struct EventId(pub u64);

impl Offset {
    /// The offset after this one.
    #[inline]
    pub const fn next(self) -> Offset {
        Offset(self.0 + 1)
    }
}

impl EventId {
    /// The identity of event number `index` of the command at `offset`.
    #[inline]
    pub const fn new(offset: Offset, index: u16) -> EventId {
        EventId((offset.0 << 16) | index as u64)
    }
}

impl AccountId {
    /// The world outside: what was deposited stands here as a debt.
    pub const OUTSIDE: AccountId = AccountId(0);
    /// Commissions earned, rebates paid. May be negative after rebates.
    pub const FEES: AccountId = AccountId(1);
    /// What rounding leaves over.
    pub const ROUNDING: AccountId = AccountId(2);
    /// The insurance fund of the perpetuals.
    pub const INSURANCE: AccountId = AccountId(3);
    /// The door between the spot and the futures wallets: it owns on the spot side what it
    /// owes on the futures side.
    pub const FUTURES: AccountId = AccountId(4);
    /// The counterparty of every perpetual position: minus the cost of all of them.
    pub const CLEARING: AccountId = AccountId(5);
    /// The first account of a client; 6 is kept for the venue.
    pub const FIRST_USER: AccountId = AccountId(7);

    /// Whether the account belongs to the venue itself.
    #[inline]
    pub const fn is_venue(self) -> bool {
        self.0 < Self::FIRST_USER.0
    }
}

/// Text of at most `N` (<= 255) bytes, stored inline; unused bytes are zero.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    length: u8,
}

/// A client order id: up to 36 bytes. Empty means that the client gave none.
pub type ClientOrderId = Text<36>;
/// The id of an administrative act or a payment: said twice, done once.
pub type BusinessId = Text<36>;
/// An API key's public id (never its secret).
pub type KeyId = Text<64>;
/// `BTC`, `USDT` …
pub type AssetCode = Text<12>;
/// `BTCUSDT` …
pub type SymbolName = Text<20>;

impl<const N: usize> Text<N> {
    /// No text.
    pub const EMPTY: Text<N> = Text {
        bytes: [0; N],
        length: 0,
    };

    /// `None` if the text is longer than `N` bytes.
    pub fn new(text: &str) -> Option<Text<N>> {
        Self::from_bytes(text.as_bytes())
    }

    /// `None` if there are more than `N` bytes.
    pub fn from_bytes(text: &[u8]) -> Option<Text<N>> {
        if text.len() > N {
            return None;
        }
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text);
        Some(Text {
            bytes,
            length: text.len() as u8,
        })
    }

    /// The bytes without padding. A length beyond `N` (damaged input) is cut to `N`.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length).min(N)]
    }

    /// All `N` bytes, the unused ones included.
    #[inline]
    pub fn padded(&self) -> &[u8; N] {
        &self.bytes
    }

    /// The text; bytes that are not UTF-8 give an empty text.
    #[inline]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or("")
    }

    /// Whether there is no text.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> std::fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl<const N: usize> std::fmt::Display for Text<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
