//! Events told to other systems: which topics hear of an event, under which key, in which
//! words. Used by Kafka and by search; both tell the same documents.
//!
//! Every event of the log is named here, so that a new one does not compile until somebody
//! decides who is to hear of it.
//!
//! Reading order: [`Topic`], [`Told::tell`], `words` (the documents), `terms`,
//! `payments`, `perpetual`.

use schemas::event::{Event, OrderRejected, Trade};
use schemas::ids::{AccountId, EventId, Offset, SymbolId};
use schemas::instrument::AccountState;
use schemas::perpetual_event::{PositionTakenOver, TradeSettled};
use schemas::reject::RejectReason;
use schemas::report::OrderReport;
use schemas::units::TimeNs;

use crate::document::Document;
use crate::names::Names;

mod words;
mod terms;
mod payments;
mod perpetual;

/// The version of the words; `schemas/kafka/values.v1.json` is their form.
pub const VERSION: u64 = 1;
/// The key of what concerns the venue as a whole.
pub const VENUE: &str = "venue";

/// What a message is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Topic {
    /// Orders' lives, by account.
    Order,
    /// Trades with both sides, by symbol.
    Trade,
    /// Payments and balances, by account.
    Asset,
    /// Refusals by limits, freezes, halts, liquidations; by account, symbol or the venue.
    Risk,
    /// What an account's owner wants to be told, by account.
    Notify,
    /// What everybody may see, without accounts, by symbol.
    Market,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Topic; 6] = [
        Topic::Order,
        Topic::Trade,
        Topic::Asset,
        Topic::Risk,
        Topic::Notify,
        Topic::Market,
    ];

    /// Its name without prefix and generation.
    pub const fn name(self) -> &'static str {
        match self {
            Topic::Order => "order",
            Topic::Trade => "trade",
            Topic::Asset => "asset",
            Topic::Risk => "risk",
            Topic::Notify => "notify",
            Topic::Market => "market",
        }
    }
}

/// Whose order a message keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Account(AccountId),
    Symbol(SymbolId),
    Venue,
}

/// Half-open places in the bytes of a [`Told`].
type Places = (usize, usize);

/// One message.
#[derive(Clone, Copy, Debug)]
struct Message {
    topic: Topic,
    key: Places,
    value: Places,
    event: EventId,
    time: TimeNs,
}

/// A message as it goes out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outgoing<'t> {
    pub topic: Topic,
    pub key: &'t [u8],
    /// A JSON object.
    pub value: &'t [u8],
    /// What it tells of; two messages of one topic may tell of one event (both sides of a
    /// trade, both ends of a transfer).
    pub event: EventId,
    pub time: TimeNs,
}

/// An event with what identifies it.
#[derive(Clone, Copy)]
pub struct Fact<'e> {
    pub offset: Offset,
    pub index: u16,
    pub time: TimeNs,
    pub event: &'e Event,
}

impl Fact<'_> {
    /// The identity of the event.
    pub fn id(&self) -> EventId {
        EventId::new(self.offset, self.index)
    }
}

/// Messages of some events, in one piece of memory that is used again.
#[derive(Default)]
pub struct Told {
    bytes: Vec<u8>,
    messages: Vec<Message>,
}

impl Told {
    /// Forgets all messages and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.messages.clear();
    }

    /// The messages in the order of their events.
    pub fn messages(&self) -> impl ExactSizeIterator<Item = Outgoing<'_>> {
        self.messages.iter().map(|message| Outgoing {
            topic: message.topic,
            key: &self.bytes[message.key.0..message.key.1],
            value: &self.bytes[message.value.0..message.value.1],
            event: message.event,
            time: message.time,
        })
    }

    /// Adds the messages of one event.
    pub fn tell(&mut self, names: &Names, fact: Fact<'_>) {
        match fact.event {
            Event::Trade(trade) => self.trade((names, fact), trade),
            Event::OrderRejected(refused) => self.refused((names, fact), refused),
            Event::TradeSettled(settled) => self.settled((names, fact), settled),
            Event::PositionTakenOver(taken) => self.taken_over((names, fact), taken),
            Event::Transferred { from, to, .. } => {
                self.paid((names, fact), *from);
                self.paid((names, fact), *to);
            }
            Event::PreventedTransferred(moved) => {
                for account in [moved.seller, moved.buyer] {
                    let to = (&[Topic::Asset, Topic::Notify][..], Key::Account(account));
                    self.add((names, fact), to, |document| {
                        words::transferred(document, names, moved);
                    });
                }
            }
            Event::Deposited { account, .. } | Event::Withdrawn { account, .. } => {
                self.paid((names, fact), *account);
            }
            event => {
                let Some((topics, key)) = audience(event) else {
                    return;
                };
                self.add((names, fact), (topics, key), |document| {
                    words::event(document, names, event);
                });
            }
        }
    }

    /// Both sides for their owners, the whole for the house, the price for everybody.
    fn trade(&mut self, (names, fact): (&Names, Fact<'_>), trade: &Trade) {
        let by_symbol = Key::Symbol(trade.symbol);
        self.add((names, fact), (&[Topic::Trade], by_symbol), |document| {
            words::trade(document, names, trade);
        });
        for (account, taker) in [(trade.taker_account, true), (trade.maker_account, false)] {
            let owner = Key::Account(account);
            self.tagged(
                (names, fact, "OrderFilled"),
                (&[Topic::Order, Topic::Notify], owner),
                |document| words::filled(document, names, (trade, taker)),
            );
        }
        self.tagged(
            (names, fact, "PublicTrade"),
            (&[Topic::Market], by_symbol),
            |document| words::public_trade(document, names, trade),
        );
    }

    /// What both sides realised for the house, each its own for the owners.
    fn settled(&mut self, (names, fact): (&Names, Fact<'_>), settled: &TradeSettled) {
        let by_symbol = Key::Symbol(settled.symbol);
        self.add((names, fact), (&[Topic::Trade], by_symbol), |document| {
            perpetual::event(document, names, fact.event);
        });
        for (account, taker) in [
            (settled.taker_account, true),
            (settled.maker_account, false),
        ] {
            self.tagged(
                (names, fact, "ProfitRealised"),
                (&[Topic::Asset, Topic::Notify], Key::Account(account)),
                |document| perpetual::realised(document, names, (settled, taker)),
            );
        }
    }

    /// Both ends for the house, each its own for the owners.
    fn taken_over(&mut self, (names, fact): (&Names, Fact<'_>), taken: &PositionTakenOver) {
        let by_symbol = Key::Symbol(taken.symbol);
        self.add((names, fact), (&[Topic::Risk], by_symbol), |document| {
            perpetual::event(document, names, fact.event);
        });
        for (account, gave) in [(taken.from, true), (taken.to, false)] {
            self.tagged(
                (names, fact, "PositionMoved"),
                (&[Topic::Asset, Topic::Notify], Key::Account(account)),
                |document| perpetual::moved_position(document, names, (taken, gave)),
            );
        }
    }

    /// To the owner always, to risk when it was a limit, a freeze or a halt.
    fn refused(&mut self, (names, fact): (&Names, Fact<'_>), refused: &OrderRejected) {
        let owner = Key::Account(refused.account);
        let topics: &[Topic] = if is_risk(refused.reason) {
            &[Topic::Order, Topic::Notify, Topic::Risk]
        } else {
            &[Topic::Order, Topic::Notify]
        };
        self.add((names, fact), (topics, owner), |document| {
            words::event(document, names, fact.event);
        });
    }

    /// A payment as that account sees it.
    fn paid(&mut self, (names, fact): (&Names, Fact<'_>), account: AccountId) {
        let topics = &[Topic::Asset, Topic::Notify];
        let owner = Key::Account(account);
        self.add((names, fact), (topics, owner), |document| {
            payments::payment(document, names, (fact.event, account));
        });
    }

    fn add(
        &mut self,
        (names, fact): (&Names, Fact<'_>),
        to: (&[Topic], Key),
        words: impl FnOnce(&mut Document<'_>),
    ) {
        self.tagged((names, fact, fact.event.name()), to, words);
    }

    /// One document, to several topics under one key.
    fn tagged(
        &mut self,
        (names, fact, kind): (&Names, Fact<'_>, &str),
        (topics, key): (&[Topic], Key),
        words: impl FnOnce(&mut Document<'_>),
    ) {
        let start = self.bytes.len();
        match key {
            Key::Account(account) => self
                .bytes
                .extend_from_slice(account.0.to_string().as_bytes()),
            Key::Symbol(symbol) => match names.symbol(symbol) {
                Some(symbol) => self.bytes.extend_from_slice(symbol.name.as_bytes()),
                None => self
                    .bytes
                    .extend_from_slice(format!("#{}", symbol.0).as_bytes()),
            },
            Key::Venue => self.bytes.extend_from_slice(VENUE.as_bytes()),
        }
        let middle = self.bytes.len();
        let mut document = Document::begin(&mut self.bytes);
        document
            .number("v", VERSION)
            .text("type", kind)
            .big("id", fact.id().0)
            .number("offset", fact.offset.0)
            .big("time_ns", fact.time.0);
        words(&mut document);
        document.end();
        let end = self.bytes.len();
        self.messages.extend(topics.iter().map(|topic| Message {
            topic: *topic,
            key: (start, middle),
            value: (middle, end),
            event: fact.id(),
            time: fact.time,
        }));
    }
}

/// The words of an order as it now is: a state, told to whoever searches.
pub fn order_document(document: &mut Document<'_>, names: &Names, order: &OrderReport) {
    document.number("v", VERSION).text("type", "Order");
    words::order(document, names, order);
}

/// Who hears of an event that is told whole; `None` for what only the log needs.
fn audience(event: &Event) -> Option<(&'static [Topic], Key)> {
    use Topic::{Asset, Market, Notify, Order, Risk};
    Some(match event {
        Event::OrderAccepted(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::OrderRested(it) => (&[Order], Key::Account(it.account)),
        Event::OrderDone(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::TradePrevented(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::OrderAmended(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::CancelRejected(it) | Event::AmendRejected(it) => {
            (&[Order], Key::Account(it.account))
        }
        Event::BalanceChanged(it) => (&[Asset], Key::Account(it.account)),
        Event::OrderTermsAccepted(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::TrailingStarted(it) => (&[Order], Key::Account(it.account)),
        Event::OrderTriggered(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::OrderActivated(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::IcebergRefilled(it) => (&[Order], Key::Account(it.account)),
        Event::OrderExpiring(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::OrderPegged(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::OrderSized(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::OrderListAccepted(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::OrderListDone(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::OrderListRejected(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::CountdownSet { account, .. } => (&[Order], Key::Account(*account)),
        Event::CountdownElapsed { account, .. } => (&[Order, Notify], Key::Account(*account)),
        Event::AccountStateChanged { account, state } => match state {
            AccountState::Active | AccountState::Frozen => {
                (&[Risk, Notify], Key::Account(*account))
            }
        },
        Event::AccountLimitsChanged { account, .. } => (&[Risk], Key::Account(*account)),
        Event::AccountTierChanged { account, .. }
        | Event::TradeGroupChanged { account, .. }
        | Event::AccountCreated { account, .. }
        | Event::KeyBound { account, .. }
        | Event::KeyUnbound { account, .. } => (&[Notify], Key::Account(*account)),
        Event::CommandRejected { .. } | Event::CommandSkipped => (&[Risk], Key::Venue),
        Event::AssetAdded { .. }
        | Event::VenueLimitsChanged { .. }
        | Event::FeeTierChanged { .. } => (&[Market], Key::Venue),
        Event::VenueStateChanged { .. } => (&[Risk, Market], Key::Venue),
        Event::SymbolAdded { symbol, .. }
        | Event::FilterChanged { symbol, .. }
        | Event::SymbolFeesChanged { symbol, .. } => (&[Market], Key::Symbol(*symbol)),
        Event::SymbolStateChanged { symbol, .. } => (&[Risk, Market], Key::Symbol(*symbol)),
        Event::BreakerTripped(it) => (&[Risk, Market], Key::Symbol(it.symbol)),
        Event::AuctionIndicative(it) => (&[Market], Key::Symbol(it.symbol)),
        Event::AuctionUncrossed(it) => (&[Risk, Market], Key::Symbol(it.symbol)),
        // What it trades and where the rest stands is told behind it.
        Event::OrderCalled(_) => return None,
        // A repetition, a bookmark of ours and a number of ours concern nobody outside.
        Event::AlreadyDone { .. }
        | Event::SequenceRefused { .. }
        | Event::SkipRecorded { .. }
        | Event::FormatActivated { .. } => return None,
        other if perpetual::concerns(other) => return audience_of_perpetual(other),
        Event::Trade(_)
        | Event::OrderRejected(_)
        | Event::Deposited { .. }
        | Event::Withdrawn { .. }
        | Event::PreventedTransferred(_)
        | Event::Transferred { .. } => unreachable!("told in parts"),
        other => unreachable!("{} is told to nobody", other.name()),
    })
}

/// Who hears of an event of perpetual contracts that is told whole.
fn audience_of_perpetual(event: &Event) -> Option<(&'static [Topic], Key)> {
    use Topic::{Asset, Market, Notify, Order, Risk};
    Some(match event {
        Event::PerpetualAccepted(it) => (&[Order], Key::Account(it.account)),
        Event::OrderModified(it) => (&[Order, Notify], Key::Account(it.account)),
        Event::ModifyRejected(it) => (&[Order], Key::Account(it.account)),
        Event::WalletChanged(it) => (&[Asset], Key::Account(it.account)),
        Event::PositionChanged(it) => (&[Asset], Key::Account(it.account)),
        Event::FundingPaid(it) => (&[Asset, Notify], Key::Account(it.account)),
        Event::FuturesTransferred(it) => (&[Asset, Notify], Key::Account(it.account)),
        Event::MarginAdjusted(it) => (&[Asset, Notify], Key::Account(it.account)),
        Event::InsuranceDeposited { .. } => (&[Asset], Key::Account(AccountId::INSURANCE)),
        Event::LiquidationStarted(it) => (&[Risk, Notify], Key::Account(it.account)),
        Event::LiquidationOrdered(it) => (&[Risk, Notify], Key::Account(it.account)),
        Event::LiquidationFee(it) => (&[Risk, Asset, Notify], Key::Account(it.account)),
        Event::LeverageChanged { account, .. }
        | Event::MarginTypeChanged { account, .. }
        | Event::PositionModeChanged { account, .. } => (&[Notify], Key::Account(*account)),
        Event::ContractChanged { symbol, .. } | Event::BracketChanged { symbol, .. } => {
            (&[Market], Key::Symbol(*symbol))
        }
        Event::IndexPriceSet(it) => (&[Market], Key::Symbol(it.symbol)),
        Event::MarkPriceChanged(it) => (&[Market], Key::Symbol(it.symbol)),
        Event::PremiumSampled(it) => (&[Market], Key::Symbol(it.symbol)),
        Event::FundingFixed(it) => (&[Market], Key::Symbol(it.symbol)),
        Event::ContractSettled(it) => (&[Market], Key::Symbol(it.symbol)),
        Event::ContractGuarded { symbol, .. } => (&[Market], Key::Symbol(*symbol)),
        Event::IndexSourcesChanged { symbol, .. } => (&[Risk, Market], Key::Symbol(*symbol)),
        Event::MarginCalled(it) => (&[Risk, Notify], Key::Account(it.account)),
        other => unreachable!("{} is told in parts or elsewhere", other.name()),
    })
}

/// Refused because of a limit, a band, a freeze or a halt, and not because of a mistake in
/// the request itself.
fn is_risk(reason: RejectReason) -> bool {
    matches!(
        reason,
        RejectReason::MarketClosed
            | RejectReason::AccountFrozen
            | RejectReason::PercentPrice
            | RejectReason::MaxNumOrders
            | RejectReason::MaxPosition
            | RejectReason::MaxNumAlgoOrders
            | RejectReason::MaxNumIcebergOrders
            | RejectReason::MaxNumOrderLists
            | RejectReason::MaxNumOrderAmends
            | RejectReason::TooManyOrders
            | RejectReason::InsufficientBalance
            | RejectReason::SymbolFault
            | RejectReason::InsufficientMargin
            | RejectReason::LeverageLimit
            | RejectReason::MaxOpenInterest
            | RejectReason::Liquidating
            | RejectReason::WithdrawalsOff
            | RejectReason::SupplyLimit
    )
}
