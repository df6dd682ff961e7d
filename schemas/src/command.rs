//! What someone asked for: every command of the journal by (kind, version).
//!
//! A struct with `V1` in its name is archived by rkyv as it lies in the journal. It is
//! fixed in size and never edited, only followed by a version 2; `golden/` holds the
//! bytes. [`Command`] is a plain enum made by `match (kind, ver)`.
//!
//! Fields stand in descending alignment, so that no padding lies between them.

use rkyv::{Archive, Deserialize, Serialize};

use crate::ids::{
    AccountId, AssetCode, AssetId, BusinessId, ClientOrderId, KeyId, Offset, OrderId, SymbolId,
    SymbolName,
};
use crate::instrument::{
    AccountState, CancelReplaceMode, Filter, OrderType, SelfTradePrevention, Side, SymbolKind,
    SymbolState, TimeInForce, VenueLimits, VenueState,
};
use crate::numbered::{self, Numbered};
use crate::order_command::{
    CancelOrderIfV1, CancelOrderListV1, CancelReplaceWithTermsV1, PlaceOrderListV1,
    PlaceOrderWithTermsV1, SetCountdownV1,
};
use crate::peg::{PlacePeggedListV1, PlacePeggedV1, ReplacePeggedV1};
use crate::perpetual_command::{
    AdjustMarginV1, FuturesTransferV1, InsuranceDepositV1, ModifyOrderV1, PlacePerpetualV1,
    RunFundingV1, SetBracketsV1, SetContractGuardV1, SetContractV1, SetIndexPriceV1,
    SetIndexSourcesV1, SetLeverageV1, SetMarginTypeV1, SetPositionModeV1, SettleContractV1,
};
use crate::trade_group::SetTradeGroupV1;
use crate::units::{Amount, Price, Qty, Rate, TimeNs};

/// Digest of (account, signature) of a signed request; all zero when there was none. The
/// engine refuses the same digest within 60 s of journal time (RULES, Names and numbers).
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, Hash, Default)]
pub struct RequestDigest(pub [u8; 16]);

impl RequestDigest {
    /// Whether the request was not signed.
    #[inline]
    pub fn is_none(&self) -> bool {
        self.0 == [0; 16]
    }
}

/// A new order. A market order has price 0; by base it has `qty`, by quote it has `quote_qty`.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlaceOrderV1 {
    /// Money to spend or to receive, in quote atoms; 0 unless a market order by quote.
    pub quote_qty: Amount,
    pub price: Price,
    /// 0 for a market order by quote.
    pub qty: Qty,
    /// The frame's time may not be later (timestamp + recvWindow); 0 = no bound.
    pub valid_until: TimeNs,
    pub account: AccountId,
    pub symbol: SymbolId,
    pub request: RequestDigest,
    pub client_order: ClientOrderId,
    pub side: Side,
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub self_trade: SelfTradePrevention,
}

/// Which order is meant: by number (0 = not given), by client order id (empty = not
/// given), or by both, which must then name the same order.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OrderRef {
    pub order: OrderId,
    pub client_order: ClientOrderId,
}

/// Cancel one order.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelOrderV1 {
    pub target: OrderRef,
    pub valid_until: TimeNs,
    pub account: AccountId,
    pub symbol: SymbolId,
    /// What the client calls this cancel.
    pub cancel_client: ClientOrderId,
}

/// Cancel every open order of an account on a symbol.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelAllV1 {
    pub valid_until: TimeNs,
    pub account: AccountId,
    pub symbol: SymbolId,
}

/// Cancel one order and place another, in one step (RULES, Spot).
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelReplaceV1 {
    /// The new order; its account and symbol are also those of the cancelled one.
    pub order: PlaceOrderV1,
    pub target: OrderRef,
    pub cancel_client: ClientOrderId,
    pub mode: CancelReplaceMode,
}

/// Reduce an order's quantity; it keeps its place in the queue.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct AmendOrderV1 {
    pub target: OrderRef,
    /// New total quantity: below the present one, above what is executed.
    pub new_qty: Qty,
    pub valid_until: TimeNs,
    pub account: AccountId,
    pub symbol: SymbolId,
    pub request: RequestDigest,
    /// The order's new client order id; empty = unchanged.
    pub new_client: ClientOrderId,
}

/// Step over a command that hits a fault of ours; appended and audited by an operator.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SkipV1 {
    pub offset: Offset,
}

/// From here on events and roots are encoded in this format.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct ActivateFormatV1 {
    pub format: u32,
}

/// A new asset; the engine issues its id.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct AddAssetV1 {
    pub code: AssetCode,
    /// Decimals of one unit, at most 18.
    pub scale: u8,
}

/// A new symbol, in state pre-trading; the engine issues its id.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct AddSymbolV1 {
    /// Opens by itself at this time; 0 = by command only.
    pub opens_at: TimeNs,
    pub base: AssetId,
    pub quote: AssetId,
    pub name: SymbolName,
    pub kind: SymbolKind,
    /// Decimals of one price unit.
    pub price_scale: u8,
    /// Decimals of one quantity unit.
    pub qty_scale: u8,
}

/// One filter of one symbol, from now on.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetFilterV1 {
    pub filter: Filter,
    pub symbol: SymbolId,
}

/// The commission rates of a symbol, for accounts of tier 0.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetSymbolFeesV1 {
    pub maker: Rate,
    pub taker: Rate,
    pub symbol: SymbolId,
}

/// The commission rates of a tier (1 to 255), on every symbol.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetFeeTierV1 {
    pub maker: Rate,
    pub taker: Rate,
    pub tier: u8,
}

/// Moves a symbol to another state.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetSymbolStateV1 {
    pub symbol: SymbolId,
    pub state: SymbolState,
}

/// The switches over the whole venue.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetVenueStateV1 {
    pub state: VenueState,
    pub withdrawals: bool,
}

/// The limits of the whole venue.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetVenueLimitsV1 {
    pub limits: VenueLimits,
}

/// A new account; the engine issues its number.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct CreateAccountV1 {
    pub business: BusinessId,
}

/// Freezes or unfreezes an account.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetAccountStateV1 {
    pub account: AccountId,
    pub state: AccountState,
}

/// The fee tier of an account; 0 = the symbol's own rates.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetAccountTierV1 {
    pub account: AccountId,
    pub tier: u8,
}

/// Order-rate limits of one account; 0 = those of the venue.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetAccountLimitsV1 {
    pub account: AccountId,
    pub orders_per_10s: u32,
    pub orders_per_day: u32,
}

/// An API key was bound to an account; its secret never enters the journal.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct BindKeyV1 {
    pub account: AccountId,
    /// Bit set of the `backoffice` crate: 1 read, 2 trade, 4 withdraw.
    pub permissions: u32,
    pub key: KeyId,
}

/// An API key was revoked.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnbindKeyV1 {
    pub account: AccountId,
    pub key: KeyId,
}

/// Money arrives from outside.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct DepositV1 {
    pub amount: Amount,
    pub account: AccountId,
    pub asset: AssetId,
    pub business: BusinessId,
}

/// Money leaves to the outside.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct WithdrawV1 {
    pub amount: Amount,
    pub account: AccountId,
    pub asset: AssetId,
    pub business: BusinessId,
}

/// Money moves between two accounts.
#[derive(Archive, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct TransferV1 {
    pub amount: Amount,
    pub from: AccountId,
    pub to: AccountId,
    pub asset: AssetId,
    pub business: BusinessId,
}

/// The quantity a client named: of the base, or of the quote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderSize {
    Base(Qty),
    Quote(Amount),
}

impl PlaceOrderV1 {
    /// By base unless it is a market order with a quote quantity.
    #[inline]
    pub fn size(&self) -> OrderSize {
        if self.quote_qty == Amount::ZERO {
            OrderSize::Base(self.qty)
        } else {
            OrderSize::Quote(self.quote_qty)
        }
    }
}

/// The archived bytes of a command do not fit its (kind, version).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CommandError {
    /// A newer build wrote this journal.
    #[error("command kind {kind} version {ver} is unknown to this build")]
    Unknown { kind: u16, ver: u16 },
    /// The payload fails rkyv's check.
    #[error("payload of {length} bytes is no command of kind {kind} version {ver}")]
    Invalid { kind: u16, ver: u16, length: usize },
}

/// The largest archived command, in bytes.
pub const COMMAND_BYTES_MAX: usize = 480;

macro_rules! commands {
    (
        empty { $($(#[$empty_meta:meta])* $empty:ident = $empty_kind:literal),* $(,)? }
        full { $($(#[$meta:meta])* $name:ident($payload:ident) = $kind:literal),* $(,)? }
        boxed {
            $($(#[$box_meta:meta])* $boxed:ident($boxed_payload:ident) = $box_kind:literal),*
            $(,)?
        }
    ) => {
        /// What someone asked for, in the imperative. Not archived itself.
        ///
        /// The largest ones lie behind a box, so that a plain order stays cheap to move.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum Command {
            $($(#[$empty_meta])* $empty,)*
            $($(#[$meta])* $name($payload),)*
            $($(#[$box_meta])* $boxed(Box<$boxed_payload>),)*
            /// One of these with its producer's number.
            Numbered(Box<Numbered>),
        }

        impl Command {
            /// The kind number in the journal.
            #[inline]
            pub const fn kind(&self) -> u16 {
                match self {
                    $(Command::$empty => $empty_kind,)*
                    $(Command::$name(_) => $kind,)*
                    $(Command::$boxed(_) => $box_kind,)*
                    Command::Numbered(_) => numbered::KIND,
                }
            }

            /// The name of a kind, for people.
            pub const fn kind_name(kind: u16) -> Option<&'static str> {
                match kind {
                    $($empty_kind => Some(stringify!($empty)),)*
                    $($kind => Some(stringify!($name)),)*
                    $($box_kind => Some(stringify!($boxed)),)*
                    numbered::KIND => Some("Numbered"),
                    _ => None,
                }
            }

            /// The version that this build writes.
            #[inline]
            pub const fn ver(&self) -> u16 {
                1
            }

            /// Writes the archive to `buffer` and returns its length in bytes.
            #[inline]
            pub fn encode(&self, buffer: &mut CommandBuffer) -> usize {
                match self {
                    $(Command::$empty => 0,)*
                    $(Command::$name(payload) => archive(payload, buffer),)*
                    $(Command::$boxed(payload) => archive(&**payload, buffer),)*
                    Command::Numbered(numbered) => numbered.encode(&mut buffer.bytes),
                }
            }

            /// Reads an archive of any released version; `bytes` must be 16-aligned.
            ///
            /// # Errors
            /// [`CommandError`] when the kind is unknown or the bytes fail the check.
            pub fn decode(kind: u16, ver: u16, bytes: &[u8]) -> Result<Command, CommandError> {
                let invalid = CommandError::Invalid { kind, ver, length: bytes.len() };
                match (kind, ver) {
                    $(($empty_kind, 1) => {
                        if bytes.is_empty() { Ok(Command::$empty) } else { Err(invalid) }
                    })*
                    $(($kind, 1) => {
                        let size = size_of::<rkyv::Archived<$payload>>();
                        if bytes.len() != size {
                            return Err(invalid);
                        }
                        rkyv::from_bytes::<$payload, rkyv::rancor::Failure>(bytes)
                            .map(Command::$name)
                            .map_err(|_| invalid)
                    })*
                    $(($box_kind, 1) => {
                        let size = size_of::<rkyv::Archived<$boxed_payload>>();
                        if bytes.len() != size {
                            return Err(invalid);
                        }
                        rkyv::from_bytes::<$boxed_payload, rkyv::rancor::Failure>(bytes)
                            .map(|payload| Command::$boxed(Box::new(payload)))
                            .map_err(|_| invalid)
                    })*
                    (numbered::KIND, 1) => Numbered::decode(bytes)
                        .map(|numbered| Command::Numbered(Box::new(numbered)))
                        .ok_or(invalid),
                    _ => Err(CommandError::Unknown { kind, ver }),
                }
            }
        }
    };
}

commands! {
    empty {
        /// Vouches for everything before it; the last frame of an idle journal.
        Seal = 1,
        /// Time passes.
        AdvanceClock = 2,
        /// Bounded work that was carried over goes on.
        Continue = 3,
    }
    full {
        Skip(SkipV1) = 4,
        ActivateFormat(ActivateFormatV1) = 5,
        AddAsset(AddAssetV1) = 10,
        AddSymbol(AddSymbolV1) = 11,
        SetFilter(SetFilterV1) = 12,
        SetSymbolFees(SetSymbolFeesV1) = 13,
        SetSymbolState(SetSymbolStateV1) = 14,
        SetVenueState(SetVenueStateV1) = 15,
        SetFeeTier(SetFeeTierV1) = 16,
        SetVenueLimits(SetVenueLimitsV1) = 17,
        CreateAccount(CreateAccountV1) = 20,
        SetAccountState(SetAccountStateV1) = 21,
        SetAccountTier(SetAccountTierV1) = 22,
        SetAccountLimits(SetAccountLimitsV1) = 23,
        BindKey(BindKeyV1) = 24,
        UnbindKey(UnbindKeyV1) = 25,
        SetTradeGroup(SetTradeGroupV1) = 26,
        Deposit(DepositV1) = 30,
        Withdraw(WithdrawV1) = 31,
        Transfer(TransferV1) = 32,
        PlaceOrder(PlaceOrderV1) = 40,
        CancelOrder(CancelOrderV1) = 41,
        CancelAll(CancelAllV1) = 42,
        CancelReplace(CancelReplaceV1) = 43,
        AmendOrder(AmendOrderV1) = 44,
        PlaceOrderWithTerms(PlaceOrderWithTermsV1) = 45,
        CancelOrderIf(CancelOrderIfV1) = 46,
        CancelOrderList(CancelOrderListV1) = 49,
        SetCountdown(SetCountdownV1) = 50,
        PlacePegged(PlacePeggedV1) = 51,
        SetContract(SetContractV1) = 60,
        SetIndexPrice(SetIndexPriceV1) = 62,
        FuturesTransfer(FuturesTransferV1) = 63,
        PlacePerpetual(PlacePerpetualV1) = 64,
        ModifyOrder(ModifyOrderV1) = 65,
        SetLeverage(SetLeverageV1) = 66,
        SetMarginType(SetMarginTypeV1) = 67,
        SetPositionMode(SetPositionModeV1) = 68,
        AdjustMargin(AdjustMarginV1) = 69,
        InsuranceDeposit(InsuranceDepositV1) = 70,
        RunFunding(RunFundingV1) = 71,
        SettleContract(SettleContractV1) = 72,
        SetContractGuard(SetContractGuardV1) = 73,
        SetIndexSources(SetIndexSourcesV1) = 74,
    }
    boxed {
        CancelReplaceWithTerms(CancelReplaceWithTermsV1) = 47,
        /// The same; what the replaced order has traded, whenever that was, counts toward the
        /// new one's quantity.
        ReplaceRest(CancelReplaceWithTermsV1) = 80,
        PlaceOrderList(PlaceOrderListV1) = 48,
        ReplacePegged(ReplacePeggedV1) = 52,
        PlacePeggedList(PlacePeggedListV1) = 53,
        /// One pays the other: an OTO or OTOCO whose pending orders sell what the working one
        /// buys ([`crate::order_command`]).
        PlacePayingList(PlacePeggedListV1) = 54,
        SetBrackets(SetBracketsV1) = 61,
    }
}

/// Room for one archived command, aligned as the journal aligns payloads.
#[repr(C, align(16))]
#[derive(Clone)]
pub struct CommandBuffer {
    bytes: [u8; COMMAND_BYTES_MAX],
}

impl CommandBuffer {
    /// An empty buffer.
    pub const fn new() -> CommandBuffer {
        CommandBuffer {
            bytes: [0; COMMAND_BYTES_MAX],
        }
    }

    /// The first `length` bytes.
    #[inline]
    pub fn first(&self, length: usize) -> &[u8] {
        &self.bytes[..length]
    }
}

impl Default for CommandBuffer {
    fn default() -> Self {
        Self::new()
    }
}

type Archiver<'a> = rkyv::rancor::Strategy<rkyv::ser::writer::Buffer<'a>, rkyv::rancor::Failure>;

/// Writes one archive at the start of `buffer`.
#[inline]
fn archive<T>(payload: &T, buffer: &mut CommandBuffer) -> usize
where
    T: for<'a> Serialize<Archiver<'a>> + Archive,
{
    let size = size_of::<T::Archived>();
    const { assert!(size_of::<T::Archived>() <= COMMAND_BYTES_MAX) };
    buffer.bytes[..size].fill(0);
    let mut writer = rkyv::ser::writer::Buffer::from(&mut buffer.bytes[..size]);
    let archiver: &mut Archiver<'_> = rkyv::rancor::Strategy::wrap(&mut writer);
    rkyv::api::serialize_using(payload, archiver).expect("the buffer holds every command");
    size
}

impl Command {
    /// Whether the full-disk reserve is open to it: cancels, seals and administration.
    pub fn may_use_reserve(&self) -> bool {
        if let Command::Numbered(numbered) = self {
            return numbered.command().may_use_reserve();
        }
        !matches!(
            self,
            Command::PlaceOrder(_)
                | Command::CancelReplace(_)
                | Command::AmendOrder(_)
                | Command::PlaceOrderWithTerms(_)
                | Command::CancelReplaceWithTerms(_)
                | Command::ReplaceRest(_)
                | Command::PlaceOrderList(_)
                | Command::PlacePegged(_)
                | Command::ReplacePegged(_)
                | Command::PlacePeggedList(_)
                | Command::PlacePayingList(_)
                | Command::PlacePerpetual(_)
                | Command::ModifyOrder(_)
        )
    }

    /// Whose order it is about, and on which symbol; `None` for administration and for the
    /// sequencer's own frames.
    pub fn trader(&self) -> Option<(AccountId, SymbolId)> {
        Some(match self {
            Command::PlaceOrder(order) => (order.account, order.symbol),
            Command::CancelOrder(cancel) => (cancel.account, cancel.symbol),
            Command::CancelAll(cancel) => (cancel.account, cancel.symbol),
            Command::CancelReplace(replace) => (replace.order.account, replace.order.symbol),
            Command::AmendOrder(amend) => (amend.account, amend.symbol),
            Command::PlaceOrderWithTerms(place) => (place.order.account, place.order.symbol),
            Command::CancelOrderIf(cancel) => (cancel.cancel.account, cancel.cancel.symbol),
            Command::CancelReplaceWithTerms(replace) | Command::ReplaceRest(replace) => {
                (replace.new.order.account, replace.new.order.symbol)
            }
            Command::PlaceOrderList(list) => (list.account, list.symbol),
            Command::PlacePegged(place) => (place.new.order.account, place.new.order.symbol),
            Command::ReplacePegged(peg) => {
                (peg.replace.new.order.account, peg.replace.new.order.symbol)
            }
            Command::PlacePeggedList(peg) | Command::PlacePayingList(peg) => {
                (peg.list.account, peg.list.symbol)
            }
            Command::CancelOrderList(cancel) => (cancel.account, cancel.symbol),
            Command::SetCountdown(countdown) => (countdown.account, countdown.symbol),
            Command::PlacePerpetual(place) => (place.order.account, place.order.symbol),
            Command::ModifyOrder(modify) => (modify.account, modify.symbol),
            Command::Numbered(numbered) => return numbered.command().trader(),
            _ => return None,
        })
    }
}
