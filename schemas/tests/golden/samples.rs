//! One value per command kind and event, every field different from every other.

#[path = "protection.rs"]
mod protection;
#[path = "terms.rs"]
mod terms;
#[path = "pegs.rs"]
mod pegs;
#[path = "perpetual.rs"]
mod perpetual;

use std::fmt::Write as _;

use schemas::command::{
    ActivateFormatV1, AddAssetV1, AddSymbolV1, AmendOrderV1, BindKeyV1, CancelAllV1, CancelOrderV1,
    CancelReplaceV1, Command, CreateAccountV1, DepositV1, OrderRef, PlaceOrderV1, RequestDigest,
    SetAccountLimitsV1, SetAccountStateV1, SetAccountTierV1, SetFeeTierV1, SetFilterV1,
    SetSymbolFeesV1, SetSymbolStateV1, SetVenueLimitsV1, SetVenueStateV1, SkipV1, TransferV1,
    UnbindKeyV1, WithdrawV1,
};
use schemas::event::{
    BalanceChanged, CancelRejected, Event, OrderAccepted, OrderAmended, OrderDone, OrderRejected,
    OrderRested, Trade, TradePrevented,
};
use schemas::ids::{AccountId, AssetId, Offset, OrderId, SymbolId, Text, TradeId};
use schemas::instrument::{
    AccountState, CancelReplaceMode, Filter, LotSize, NotionalFilter, OrderStatus, OrderType,
    PercentPrice, PriceFilter, SelfTradePrevention, Side, SymbolKind, SymbolState, TimeInForce,
    TrailingDelta, VenueLimits, VenueState,
};
use schemas::numbered::Numbered;
use schemas::reject::RejectReason;
use schemas::trade_group::SetTradeGroupV1;
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

fn text<const N: usize>(value: &str) -> Text<N> {
    Text::new(value).expect("the samples fit")
}

fn place_order() -> PlaceOrderV1 {
    PlaceOrderV1 {
        quote_qty: Amount(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
        price: Price(0x1112_1314_1516_1718),
        qty: Qty(0x2122_2324_2526_2728),
        valid_until: TimeNs(0x3132_3334_3536_3738),
        account: AccountId(0x4142_4344),
        symbol: SymbolId(0x5152_5354),
        request: RequestDigest(*b"request-digest-1"),
        client_order: text("client-order-of-thirty-six-bytes-abc"),
        side: Side::Sell,
        order_type: OrderType::Market,
        time_in_force: TimeInForce::Ioc,
        self_trade: SelfTradePrevention::Decrement,
    }
}

fn order_ref() -> OrderRef {
    OrderRef {
        order: OrderId(0x6162_6364_6566_6768),
        client_order: text("target"),
    }
}

fn filters() -> Vec<(&'static str, Filter)> {
    let lot = |base: i64| LotSize {
        min: Qty(base),
        max: Qty(base + 1),
        step: Qty(base + 2),
    };
    vec![
        (
            "price",
            Filter::Price(PriceFilter {
                min: Price(11),
                max: Price(12),
                tick: Price(13),
            }),
        ),
        ("lot_size", Filter::LotSize(lot(21))),
        ("market_lot_size", Filter::MarketLotSize(lot(31))),
        (
            "notional",
            Filter::Notional(NotionalFilter {
                min: Amount(41),
                max: Amount(-42),
                apply_min_to_market: true,
                apply_max_to_market: false,
            }),
        ),
        (
            "percent_price",
            Filter::PercentPrice(PercentPrice {
                bid_up: 51,
                bid_down: 52,
                ask_up: 53,
                ask_down: 54,
                minutes: 55,
            }),
        ),
        ("max_num_orders", Filter::MaxNumOrders(61)),
        ("max_position", Filter::MaxPosition(Qty(71))),
        (
            "trailing_delta",
            Filter::TrailingDelta(TrailingDelta {
                min_above: 72,
                max_above: 73,
                min_below: 74,
                max_below: 75,
            }),
        ),
        ("iceberg_parts", Filter::IcebergParts(76)),
        ("max_num_algo_orders", Filter::MaxNumAlgoOrders(77)),
        ("max_num_iceberg_orders", Filter::MaxNumIcebergOrders(78)),
        ("max_num_order_lists", Filter::MaxNumOrderLists(79)),
        ("max_num_order_amends", Filter::MaxNumOrderAmends(80)),
        ("protection", protection::filter()),
    ]
}

fn limits() -> VenueLimits {
    VenueLimits {
        weight_per_minute: 81,
        orders_per_10s: 82,
        orders_per_day: 83,
    }
}

/// Every command, with a word that tells variants of one kind apart.
pub fn command_samples() -> Vec<(&'static str, Command)> {
    let mut samples = administration();
    samples.extend(filters().into_iter().map(|(name, filter)| {
        (
            name,
            Command::SetFilter(SetFilterV1 {
                filter,
                symbol: SymbolId(0x0c0d_0e0f),
            }),
        )
    }));
    samples.extend(accounts().into_iter().map(|command| ("", command)));
    samples.extend(orders().into_iter().map(|command| ("", command)));
    samples.extend(terms::commands().into_iter().map(|command| ("", command)));
    samples.extend(pegs::commands().into_iter().map(|command| ("", command)));
    samples.extend(
        perpetual::commands()
            .into_iter()
            .map(|command| ("", command)),
    );
    samples.extend(numbered());
    samples
}

fn administration() -> Vec<(&'static str, Command)> {
    let commands = vec![
        Command::Seal,
        Command::AdvanceClock,
        Command::Continue,
        Command::Skip(SkipV1 {
            offset: Offset(0x0102_0304_0506_0708),
        }),
        Command::ActivateFormat(ActivateFormatV1 {
            format: 0x0a0b_0c0d,
        }),
        Command::AddAsset(AddAssetV1 {
            code: text("ASSETOFTWLVE"),
            scale: 17,
        }),
        Command::AddSymbol(AddSymbolV1 {
            opens_at: TimeNs(0x1112_1314_1516_1718),
            base: AssetId(0x2122),
            quote: AssetId(0x3132),
            name: text("BASEANDQUOTEOFTWENTY"),
            kind: SymbolKind::Perpetual,
            price_scale: 5,
            qty_scale: 6,
        }),
        Command::SetSymbolFees(SetSymbolFeesV1 {
            maker: Rate(-0x0102_0304),
            taker: Rate(0x1112_1314),
            symbol: SymbolId(0x2122_2324),
        }),
        Command::SetSymbolState(SetSymbolStateV1 {
            symbol: SymbolId(0x0102_0304),
            state: SymbolState::Delisted,
        }),
        Command::SetVenueState(SetVenueStateV1 {
            state: VenueState::Halt,
            withdrawals: true,
        }),
        Command::SetFeeTier(SetFeeTierV1 {
            maker: Rate(-5),
            taker: Rate(6),
            tier: 7,
        }),
        Command::SetVenueLimits(SetVenueLimitsV1 { limits: limits() }),
    ];
    commands.into_iter().map(|command| ("", command)).collect()
}

fn accounts() -> Vec<Command> {
    let account = AccountId(0x4142_4344);
    vec![
        Command::CreateAccount(CreateAccountV1 {
            business: text("create-1"),
        }),
        Command::SetAccountState(SetAccountStateV1 {
            account,
            state: AccountState::Frozen,
        }),
        Command::SetAccountTier(SetAccountTierV1 { account, tier: 9 }),
        Command::SetTradeGroup(SetTradeGroupV1 {
            account,
            group: 0x0a0b_0c0d,
        }),
        Command::SetAccountLimits(SetAccountLimitsV1 {
            account,
            orders_per_10s: 10,
            orders_per_day: 11,
        }),
        Command::BindKey(BindKeyV1 {
            account,
            permissions: 5,
            key: text("key-of-sixty-four-bytes-key-of-sixty-four-bytes-key-of-sixty-fou"),
        }),
        Command::UnbindKey(UnbindKeyV1 {
            account,
            key: text("key"),
        }),
        Command::Deposit(DepositV1 {
            amount: Amount(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
            account,
            asset: AssetId(0x5152),
            business: text("deposit-1"),
        }),
        Command::Withdraw(WithdrawV1 {
            amount: Amount(-0x0102_0304),
            account,
            asset: AssetId(0x5152),
            business: text("withdrawal-1"),
        }),
        Command::Transfer(TransferV1 {
            amount: Amount(0x1112_1314),
            from: account,
            to: AccountId(0x6162_6364),
            asset: AssetId(0x5152),
            business: text("transfer-1"),
        }),
    ]
}

/// Commands with their producer's number: a plain one and one of the longest.
fn numbered() -> Vec<(&'static str, Command)> {
    let sequence = 0x0102_0304_0506_0708;
    let say = |command| {
        let producer = text("feeder-with-thirty-one-bytes-no");
        let numbered = Numbered::new(producer, sequence, command);
        Command::Numbered(Box::new(numbered.expect("a command of trading")))
    };
    let is_list = |command: &Command| matches!(command, Command::PlacePeggedList(_));
    let longest = pegs::commands().into_iter().find(is_list);
    let longest = longest.expect("a list");
    vec![
        ("", say(Command::PlaceOrder(place_order()))),
        ("pegged_list", say(longest)),
        ("nothing", say(Command::AdvanceClock)),
    ]
}

fn orders() -> Vec<Command> {
    let (account, symbol) = (AccountId(0x4142_4344), SymbolId(0x5152_5354));
    let valid_until = TimeNs(0x3132_3334_3536_3738);
    vec![
        Command::PlaceOrder(place_order()),
        Command::CancelOrder(CancelOrderV1 {
            target: order_ref(),
            valid_until,
            account,
            symbol,
            cancel_client: text("cancel-1"),
        }),
        Command::CancelAll(CancelAllV1 {
            valid_until,
            account,
            symbol,
        }),
        Command::CancelReplace(CancelReplaceV1 {
            order: place_order(),
            target: order_ref(),
            cancel_client: text("cancel-2"),
            mode: CancelReplaceMode::AllowFailure,
        }),
        Command::AmendOrder(AmendOrderV1 {
            target: order_ref(),
            new_qty: Qty(0x7172_7374_7576_7778),
            valid_until,
            account,
            symbol,
            request: RequestDigest(*b"request-digest-2"),
            new_client: text("new-client"),
        }),
    ]
}

/// Every event, with a word that tells variants of one tag apart.
pub fn event_samples() -> Vec<(&'static str, Event)> {
    let mut samples: Vec<(&'static str, Event)> = Vec::new();
    samples.extend(venue_events().into_iter().map(|event| ("", event)));
    samples.extend(filters().into_iter().map(|(name, filter)| {
        (
            name,
            Event::FilterChanged {
                symbol: SymbolId(0x0c0d_0e0f),
                filter,
            },
        )
    }));
    samples.extend(account_events().into_iter().map(|event| ("", event)));
    samples.extend(order_events().into_iter().map(|event| ("", event)));
    samples.extend(terms::events().into_iter().map(|event| ("", event)));
    samples.extend(pegs::events().into_iter().map(|event| ("", event)));
    samples.extend(perpetual::events().into_iter().map(|event| ("", event)));
    samples.extend(protection::events().into_iter().map(|event| ("", event)));
    samples
}

fn venue_events() -> Vec<Event> {
    let symbol = SymbolId(0x0102_0304);
    vec![
        Event::CommandSkipped,
        Event::CommandRejected {
            reason: RejectReason::InvalidScale,
        },
        Event::AlreadyDone {
            at: Offset(0x0102_0304_0506_0708),
        },
        Event::SequenceRefused {
            producer: text("feeder"),
            sequence: 0x0102_0304_0506_0708,
            last: 0x1112_1314_1516_1718,
        },
        Event::SkipRecorded {
            offset: Offset(0x1112_1314_1516_1718),
        },
        Event::FormatActivated {
            format: 0x0a0b_0c0d,
        },
        Event::AssetAdded {
            asset: AssetId(0x2122),
            code: text("ASSET"),
            scale: 17,
        },
        Event::SymbolAdded {
            symbol,
            name: text("BASEQUOTE"),
            kind: SymbolKind::Perpetual,
            base: AssetId(0x2122),
            quote: AssetId(0x3132),
            price_scale: 5,
            qty_scale: 6,
        },
        Event::SymbolFeesChanged {
            symbol,
            maker: Rate(-7),
            taker: Rate(8),
        },
        Event::SymbolStateChanged {
            symbol,
            state: SymbolState::Halt,
        },
        Event::VenueStateChanged {
            state: VenueState::CancelOnly,
            withdrawals: true,
        },
        Event::FeeTierChanged {
            tier: 3,
            maker: Rate(-4),
            taker: Rate(5),
        },
        Event::VenueLimitsChanged { limits: limits() },
    ]
}

fn account_events() -> Vec<Event> {
    let (account, asset) = (AccountId(0x4142_4344), AssetId(0x5152));
    vec![
        Event::AccountCreated {
            account,
            business: text("create-1"),
        },
        Event::AccountStateChanged {
            account,
            state: AccountState::Frozen,
        },
        Event::AccountTierChanged { account, tier: 9 },
        Event::TradeGroupChanged {
            account,
            group: 0x0a0b_0c0d,
        },
        Event::AccountLimitsChanged {
            account,
            orders_per_10s: 10,
            orders_per_day: 11,
        },
        Event::KeyBound {
            account,
            permissions: 5,
            key: text("key-1"),
        },
        Event::KeyUnbound {
            account,
            key: text("key-2"),
        },
        Event::Deposited {
            account,
            asset,
            amount: Amount(61),
            business: text("deposit-1"),
        },
        Event::Withdrawn {
            account,
            asset,
            amount: Amount(62),
            business: text("withdraw-1"),
        },
        Event::Transferred {
            from: account,
            to: AccountId(0x6162_6364),
            asset,
            amount: Amount(63),
            business: text("transfer-1"),
        },
        Event::BalanceChanged(BalanceChanged {
            account,
            asset,
            free: Amount(-0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10),
            held: Amount(64),
        }),
    ]
}

fn order_events() -> Vec<Event> {
    let mut events = resting_events();
    events.extend(ending_events());
    events
}

fn resting_events() -> Vec<Event> {
    let (symbol, account, order) = (SymbolId(101), AccountId(102), OrderId(103));
    vec![
        Event::OrderAccepted(OrderAccepted {
            symbol,
            order,
            account,
            client_order: text("client-order-of-thirty-six-bytes-abc"),
            side: Side::Sell,
            order_type: OrderType::LimitMaker,
            time_in_force: TimeInForce::Fok,
            self_trade: SelfTradePrevention::ExpireBoth,
            price: Price(104),
            qty: Qty(105),
            quote_qty: Amount(106),
            orders_10s: 107,
            orders_1d: 108,
        }),
        Event::OrderRested(OrderRested {
            symbol,
            order,
            account,
            side: Side::Sell,
            price: Price(109),
            open: Qty(110),
        }),
        Event::Trade(Trade {
            symbol,
            trade: TradeId(111),
            price: Price(112),
            qty: Qty(113),
            quote: Amount(114),
            taker_side: Side::Sell,
            taker_order: OrderId(115),
            taker_account: AccountId(116),
            taker_fee: Amount(-117),
            maker_order: OrderId(118),
            maker_account: AccountId(119),
            maker_fee: Amount(120),
            maker_open: Qty(121),
        }),
        Event::OrderAmended(OrderAmended {
            symbol,
            order,
            account,
            side: Side::Sell,
            price: Price(122),
            old_qty: Qty(123),
            new_qty: Qty(124),
            executed: Qty(125),
            quote: Amount(126),
            open: Qty(127),
            old_client: text("old"),
            new_client: text("new-client"),
        }),
    ]
}

fn ending_events() -> Vec<Event> {
    let (symbol, account, order) = (SymbolId(201), AccountId(202), OrderId(203));
    vec![
        Event::OrderRejected(OrderRejected {
            account,
            symbol,
            client_order: text("refused"),
            reason: RejectReason::WouldMatch,
        }),
        Event::OrderDone(OrderDone {
            symbol,
            order,
            account,
            side: Side::Sell,
            status: OrderStatus::ExpiredInMatch,
            price: Price(204),
            open: Qty(205),
            prevented: Qty(206),
            rested: true,
            cancel_client: text("cancel-1"),
        }),
        Event::TradePrevented(TradePrevented {
            symbol,
            account,
            taker_order: OrderId(207),
            maker_order: OrderId(208),
            maker_side: Side::Sell,
            price: Price(209),
            taker_prevented: Qty(210),
            maker_prevented: Qty(211),
            mode: SelfTradePrevention::Decrement,
        }),
        Event::CancelRejected(CancelRejected {
            account,
            symbol,
            reason: RejectReason::UnknownOrder,
        }),
        Event::AmendRejected(CancelRejected {
            account,
            symbol,
            reason: RejectReason::AmendNotSmaller,
        }),
    ]
}

/// One line per reject reason: its number and its name.
pub fn rejects_by_number() -> String {
    let mut lines = String::new();
    for reason in RejectReason::ALL {
        writeln!(lines, "{} {reason:?}", *reason as u8).expect("a string takes everything");
    }
    lines
}
