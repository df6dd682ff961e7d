//! Commands of perpetual contracts: their rules, their prices, orders, margin, wallets.
//!
//! Cancels, cancel-all, the countdown, filters, fees and states are those of every symbol
//! ([`crate::command`]). What is archived is fixed in size and never edited.

use rkyv::{Archive, Deserialize, Serialize};

use crate::command::{OrderRef, PlaceOrderV1, RequestDigest};
use crate::ids::{AccountId, AssetId, BusinessId, SymbolId};
use crate::instrument::Side;
use crate::perpetual::{
    BRACKETS_MAX, Bracket, ContractSpec, MarginType, PerpetualTerms, PositionSide, PriceMatch,
    PriceSource, WalletDirection,
};
use crate::units::{Amount, Price, Qty, Rate, TimeNs};

/// The rules of a perpetual, from now on. Its symbol is listed by `AddSymbol`.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetContractV1 {
    pub spec: ContractSpec,
    pub symbol: SymbolId,
}

/// The whole leverage table of a perpetual, from now on; by number, `count` of them.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetBracketsV1 {
    /// In quote atoms, ascending, the first one zero.
    pub floors: [Amount; BRACKETS_MAX],
    pub maintenance: [Rate; BRACKETS_MAX],
    pub max_leverage: [u32; BRACKETS_MAX],
    pub symbol: SymbolId,
    pub count: u32,
}

impl SetBracketsV1 {
    /// The command for a table; `None` when it has more than [`BRACKETS_MAX`] rows.
    pub fn new(symbol: SymbolId, brackets: &[Bracket]) -> Option<SetBracketsV1> {
        if brackets.len() > BRACKETS_MAX {
            return None;
        }
        let mut command = SetBracketsV1 {
            floors: [Amount::ZERO; BRACKETS_MAX],
            maintenance: [Rate(0); BRACKETS_MAX],
            max_leverage: [0; BRACKETS_MAX],
            symbol,
            count: brackets.len() as u32,
        };
        for (index, bracket) in brackets.iter().enumerate() {
            command.floors[index] = bracket.floor;
            command.maintenance[index] = bracket.maintenance;
            command.max_leverage[index] = bracket.max_leverage;
        }
        Some(command)
    }

    /// The table; a count beyond [`BRACKETS_MAX`] (damaged input) gives none.
    pub fn brackets(&self) -> Vec<Bracket> {
        let count = self.count as usize;
        let row = |index: usize| Bracket {
            floor: self.floors[index],
            maintenance: self.maintenance[index],
            max_leverage: self.max_leverage[index],
        };
        match count <= BRACKETS_MAX {
            true => (0..count).map(row).collect(),
            false => Vec::new(),
        }
    }
}

/// The index price of a perpetual. The mark price and what it sets off follow in the same
/// frame, liquidations in this and the next ones.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetIndexPriceV1 {
    pub price: Price,
    pub symbol: SymbolId,
    /// Empty = said twice, done twice.
    pub business: BusinessId,
    pub source: PriceSource,
}

/// Money moves between the spot and the futures wallet of an account.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct FuturesTransferV1 {
    pub amount: Amount,
    pub account: AccountId,
    pub asset: AssetId,
    pub business: BusinessId,
    pub direction: WalletDirection,
}

/// A new order on a perpetual; `order.quote_qty` is zero. Types: LIMIT, LIMIT_MAKER (GTX),
/// MARKET, and the contingent ones: STOP_LOSS (STOP_MARKET), STOP_LOSS_LIMIT (STOP),
/// TAKE_PROFIT (TAKE_PROFIT_MARKET), TAKE_PROFIT_LIMIT (TAKE_PROFIT), and STOP_LOSS with a
/// `callback` (TRAILING_STOP_MARKET, `stop_price` is its activation price).
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlacePerpetualV1 {
    pub order: PlaceOrderV1,
    /// The trigger; zero = none.
    pub stop_price: Price,
    pub terms: PerpetualTerms,
    /// In BIPS (1e-4); zero = not trailing.
    pub callback: u32,
}

/// Another price, another quantity, or both; the number stays. Its place in the queue is
/// kept when the price stays and the quantity does not grow.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct ModifyOrderV1 {
    pub target: OrderRef,
    /// The new total quantity, above what is executed.
    pub new_qty: Qty,
    /// Zero when the book gives it (`price_match`).
    pub new_price: Price,
    pub valid_until: TimeNs,
    pub account: AccountId,
    pub symbol: SymbolId,
    pub request: RequestDigest,
    /// Must be the order's.
    pub side: Side,
    pub price_match: PriceMatch,
}

/// The leverage of an account on a symbol, from now on.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetLeverageV1 {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub leverage: u32,
}

/// Cross or isolated, for an account on a symbol without position or order there.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetMarginTypeV1 {
    pub account: AccountId,
    pub symbol: SymbolId,
    pub margin_type: MarginType,
}

/// One-way or hedge, for an account without any position or order on a perpetual.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetPositionModeV1 {
    pub account: AccountId,
    pub hedge: bool,
}

/// Puts margin beside an isolated position (positive) or takes it back (negative).
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct AdjustMarginV1 {
    pub amount: Amount,
    pub account: AccountId,
    pub symbol: SymbolId,
    pub side: PositionSide,
}

/// Money for the insurance fund arrives from outside.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct InsuranceDepositV1 {
    pub amount: Amount,
    pub asset: AssetId,
    pub business: BusinessId,
}

/// A contract ends at a price: it is delisted, every order on it is cancelled and every
/// position closed at the price.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SettleContractV1 {
    pub price: Price,
    pub symbol: SymbolId,
    pub business: BusinessId,
}

/// What protects who trades a perpetual, from now on.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetContractGuardV1 {
    /// An order with price protection is not set off while last and mark price differ by more
    /// than this part of the mark; zero = it always is.
    pub trigger_protect: Rate,
    /// A pool is called for margin when its maintenance margin reaches this part of its margin
    /// balance, at most 1; zero = never. Of several contracts the lowest counts.
    pub margin_call: Rate,
    pub symbol: SymbolId,
}

/// How many sources of a perpetual's index price live. While they are fewer than needed,
/// no pool with a position in it is liquidated.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetIndexSourcesV1 {
    pub symbol: SymbolId,
    pub live: u32,
    pub needed: u32,
}

/// Funding of a symbol now, by what was sampled so far; its next slot stays due.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunFundingV1 {
    pub symbol: SymbolId,
    pub business: BusinessId,
}
