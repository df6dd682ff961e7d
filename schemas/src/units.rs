//! Numbers that wear their unit.
//!
//! A raw integer stops at the door of these types: a price cannot be added to a
//! quantity, and nothing here rounds. Every operation that could overflow is
//! checked and returns `None`.

use rkyv::{Archive, Deserialize, Serialize};

/// Price in the symbol's price units ("ticks"). How many decimals one unit has
/// belongs to the symbol (`price_scale`), never to the number.
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
pub struct Price(pub i64);

/// Quantity in the symbol's quantity units ("lots").
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
pub struct Qty(pub i64);

/// Money in atoms of one asset. Signed: a debit is a negative amount.
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
pub struct Amount(pub i128);

/// A rate in 1e-8 (0.001 is `Rate(100_000)`). Negative is a rebate.
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
pub struct Rate(pub i64);

/// Nanoseconds since 1970-01-01 UTC, as the sequencer stamped them.
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
pub struct TimeNs(pub u64);

/// The denominator of [`Rate`].
pub const RATE_ONE: i128 = 100_000_000;

impl Price {
    /// No price at all is `Option<Price>`; this is the number zero.
    pub const ZERO: Price = Price(0);
}

impl Qty {
    /// Nothing.
    pub const ZERO: Qty = Qty(0);

    /// The smaller of the two.
    #[inline]
    pub fn min(self, other: Qty) -> Qty {
        Qty(self.0.min(other.0))
    }
}

impl Amount {
    /// Nothing.
    pub const ZERO: Amount = Amount(0);

    /// Sum, or `None` on overflow.
    #[inline]
    pub fn checked_add(self, other: Amount) -> Option<Amount> {
        self.0.checked_add(other.0).map(Amount)
    }

    /// Difference, or `None` on overflow.
    #[inline]
    pub fn checked_sub(self, other: Amount) -> Option<Amount> {
        self.0.checked_sub(other.0).map(Amount)
    }
}

impl TimeNs {
    /// Whole milliseconds since 1970, rounded down: what the dialect prints.
    #[inline]
    pub fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// A time of whole milliseconds since 1970; saturates in the year 2554.
    #[inline]
    pub fn from_millis(millis: u64) -> TimeNs {
        TimeNs(millis.saturating_mul(1_000_000))
    }
}
