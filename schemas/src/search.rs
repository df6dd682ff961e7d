//! What search is asked and answers: plain data between edges and projections.

use crate::ids::AccountId;
use crate::units::TimeNs;

/// What a document is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// An order as it now is.
    Order,
    /// A trade with both sides.
    Trade,
    /// Money that came, went or moved between accounts.
    Ledger,
    /// What administration did, and what was refused.
    Audit,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 4] = [Kind::Order, Kind::Trade, Kind::Ledger, Kind::Audit];

    /// Its word in requests and documents.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Order => "order",
            Kind::Trade => "trade",
            Kind::Ledger => "ledger",
            Kind::Audit => "audit",
        }
    }

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Fields of documents that hold a word or a name and may be asked for exactly.
pub const WORD_FIELDS: [&str; 9] = [
    "symbol",
    "asset",
    "side",
    "status",
    "type",
    "reason",
    "client_order",
    "business",
    "order_type",
];
/// Fields by which documents may be counted and summed.
pub const GROUP_FIELDS: [&str; 7] = [
    "kind", "symbol", "asset", "side", "status", "type", "reason",
];
/// Fields that are summed in each group; sums are for reports and may be off by rounding.
pub const SUM_FIELDS: [&str; 3] = ["qty", "quote", "delta"];
/// Most documents of a page.
pub const PAGE_MAX: usize = 1_000;

/// A question. Every part narrows it further.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SearchQuery {
    /// Only this account's documents; of a trade, those with it on either side.
    pub account: Option<AccountId>,
    pub kind: Option<Kind>,
    /// (field of [`WORD_FIELDS`], value).
    pub words: Vec<(&'static str, String)>,
    pub order: Option<u64>,
    pub trade: Option<u64>,
    /// Both inclusive.
    pub start: Option<TimeNs>,
    pub end: Option<TimeNs>,
    /// Only documents of a lower rank: `next` of the page before.
    pub before: Option<u64>,
    /// At most [`PAGE_MAX`]; newest first.
    pub limit: usize,
    /// A field of [`GROUP_FIELDS`]: counts and sums over everything that was asked for.
    pub group: Option<&'static str>,
}

/// Counts and sums of one group.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchGroup {
    pub value: String,
    pub count: u64,
    /// In the order of [`SUM_FIELDS`].
    pub sums: [f64; SUM_FIELDS.len()],
}

/// An answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SearchPage {
    /// JSON objects, newest first.
    pub documents: Vec<String>,
    /// Ask with this as `before` for the next page; `None` at the end.
    pub next: Option<u64>,
    pub groups: Vec<SearchGroup>,
}
