//! Samples of the commands and events of perpetual contracts.

use schemas::command::{Command, RequestDigest};
use schemas::event::{CancelRejected, Event};
use schemas::ids::{AccountId, AssetId, OrderId, SymbolId, TradeId};
use schemas::instrument::Side;
use schemas::perpetual::{
    Bracket, ContractSpec, Holding, MarginType, PerpetualTerms, PositionSide, PriceMatch,
    PriceSource, TakeoverCause, WalletDirection, WorkingType,
};
use schemas::perpetual_command::{
    AdjustMarginV1, FuturesTransferV1, InsuranceDepositV1, ModifyOrderV1, PlacePerpetualV1,
    RunFundingV1, SetBracketsV1, SetContractGuardV1, SetContractV1, SetIndexPriceV1,
    SetIndexSourcesV1, SetLeverageV1, SetMarginTypeV1, SetPositionModeV1, SettleContractV1,
};
use schemas::perpetual_event::{
    ContractSettled, FundingFixed, FundingPaid, FuturesTransferred, IndexPriceSet, LiquidationFee,
    LiquidationOrdered, LiquidationStarted, MarginAdjusted, MarginCalled, MarkPriceChanged,
    OrderModified, PerpetualAccepted, PositionChanged, PositionTakenOver, PremiumSampled,
    TradeSettled, WalletChanged,
};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

use super::{order_ref, place_order, text};

const SYMBOL: SymbolId = SymbolId(501);
const ACCOUNT: AccountId = AccountId(502);

fn spec() -> ContractSpec {
    ContractSpec {
        impact_notional: Amount(503),
        max_open_interest: Qty(504),
        max_position: Qty(505),
        interest: Rate(-506),
        liquidation_fee: Rate(507),
        funding_interval_ns: 508,
        premium_interval_ns: 509,
        default_leverage: 510,
    }
}

fn bracket(number: u32) -> Bracket {
    Bracket {
        floor: Amount(i128::from(number)),
        maintenance: Rate(i64::from(number) + 1),
        max_leverage: number + 2,
    }
}

fn terms() -> PerpetualTerms {
    PerpetualTerms {
        good_till: TimeNs(0xa1a2_a3a4_a5a6_a7a8),
        position_side: PositionSide::Short,
        working_type: WorkingType::MarkPrice,
        price_match: PriceMatch::Queue5,
        reduce_only: true,
        close_position: false,
        price_protect: true,
    }
}

/// One command of each kind.
fn settlement() -> Command {
    Command::SettleContract(SettleContractV1 {
        price: Price(0x5e77),
        symbol: SYMBOL,
        business: text("settle"),
    })
}

fn guard() -> Command {
    Command::SetContractGuard(SetContractGuardV1 {
        trigger_protect: Rate(0x6a01),
        margin_call: Rate(0x6a02),
        symbol: SYMBOL,
    })
}

fn sources() -> Command {
    Command::SetIndexSources(SetIndexSourcesV1 {
        symbol: SYMBOL,
        live: 0x6a03,
        needed: 0x6a04,
    })
}

pub(super) fn commands() -> Vec<Command> {
    let mut commands = of_contracts();
    commands.extend([guard(), sources()]);
    commands
}

fn of_contracts() -> Vec<Command> {
    let table: Vec<Bracket> = (0..16).map(|row| bracket(520 + 10 * row)).collect();
    let brackets = SetBracketsV1::new(SYMBOL, &table).expect("sixteen rows fit");
    vec![
        Command::SetContract(SetContractV1 {
            spec: spec(),
            symbol: SYMBOL,
        }),
        Command::SetBrackets(Box::new(brackets)),
        Command::SetIndexPrice(SetIndexPriceV1 {
            price: Price(701),
            symbol: SYMBOL,
            business: text("price-1"),
            source: PriceSource::Sources,
        }),
        Command::FuturesTransfer(FuturesTransferV1 {
            amount: Amount(702),
            account: ACCOUNT,
            asset: AssetId(703),
            business: text("transfer-9"),
            direction: WalletDirection::ToSpot,
        }),
        Command::PlacePerpetual(PlacePerpetualV1 {
            order: place_order(),
            stop_price: Price(704),
            terms: terms(),
            callback: 705,
        }),
        Command::ModifyOrder(ModifyOrderV1 {
            target: order_ref(),
            new_qty: Qty(706),
            new_price: Price(707),
            valid_until: TimeNs(708),
            account: ACCOUNT,
            symbol: SYMBOL,
            request: RequestDigest(*b"request-digest-4"),
            side: Side::Sell,
            price_match: PriceMatch::Opponent20,
        }),
        Command::SetLeverage(SetLeverageV1 {
            account: ACCOUNT,
            symbol: SYMBOL,
            leverage: 709,
        }),
        Command::SetMarginType(SetMarginTypeV1 {
            account: ACCOUNT,
            symbol: SYMBOL,
            margin_type: MarginType::Isolated,
        }),
        Command::SetPositionMode(SetPositionModeV1 {
            account: ACCOUNT,
            hedge: true,
        }),
        Command::AdjustMargin(AdjustMarginV1 {
            amount: Amount(-710),
            account: ACCOUNT,
            symbol: SYMBOL,
            side: PositionSide::Long,
        }),
        Command::InsuranceDeposit(InsuranceDepositV1 {
            amount: Amount(711),
            asset: AssetId(712),
            business: text("insurance-1"),
        }),
        settlement(),
        Command::RunFunding(RunFundingV1 {
            symbol: SYMBOL,
            business: text("funding-1"),
        }),
    ]
}

/// One event of each tag.
pub(super) fn events() -> Vec<Event> {
    let mut events = rules();
    events.extend(money());
    events.extend(orders());
    events.extend(liquidation());
    events.extend(guards());
    events
}

fn guards() -> Vec<Event> {
    vec![
        Event::ContractGuarded {
            symbol: SYMBOL,
            trigger_protect: Rate(0x6b01),
            margin_call: Rate(0x6b02),
        },
        Event::IndexSourcesChanged {
            symbol: SYMBOL,
            live: 0x6b03,
            needed: 0x6b04,
        },
        Event::MarginCalled(MarginCalled {
            account: ACCOUNT,
            symbol: SYMBOL,
            side: PositionSide::Short,
            margin_type: MarginType::Isolated,
            holding: Holding {
                size: Qty(-0x6b05),
                cost: Amount(-0x6b06),
                isolated: Amount(0x6b07),
            },
            mark: Price(0x6b08),
            unrealised: Amount(-0x6b09),
            maintenance: Amount(0x6b0a),
            cross: Amount(0x6b0b),
        }),
    ]
}

fn rules() -> Vec<Event> {
    vec![
        Event::ContractChanged {
            symbol: SYMBOL,
            spec: spec(),
        },
        Event::BracketChanged {
            symbol: SYMBOL,
            number: 3,
            count: 5,
            bracket: bracket(601),
        },
        Event::IndexPriceSet(IndexPriceSet {
            symbol: SYMBOL,
            price: Price(602),
            source: PriceSource::Sources,
        }),
        Event::MarkPriceChanged(MarkPriceChanged {
            symbol: SYMBOL,
            mark: Price(603),
        }),
        Event::PremiumSampled(PremiumSampled {
            symbol: SYMBOL,
            premium: Rate(604),
            predicted: Rate(605),
            next_funding: TimeNs(606),
        }),
        Event::ContractSettled(ContractSettled {
            symbol: SYMBOL,
            price: Price(0x5e78),
        }),
        Event::FundingFixed(FundingFixed {
            symbol: SYMBOL,
            slot: TimeNs(607),
            rate: Rate(608),
            mark: Price(609),
            premium: Rate(610),
        }),
        Event::LeverageChanged {
            account: ACCOUNT,
            symbol: SYMBOL,
            leverage: 611,
        },
        Event::MarginTypeChanged {
            account: ACCOUNT,
            symbol: SYMBOL,
            margin_type: MarginType::Isolated,
        },
        Event::PositionModeChanged {
            account: ACCOUNT,
            hedge: true,
        },
    ]
}

fn money() -> Vec<Event> {
    let asset = AssetId(612);
    vec![
        Event::FundingPaid(FundingPaid {
            account: ACCOUNT,
            symbol: SYMBOL,
            side: PositionSide::Long,
            size: Qty(613),
            amount: Amount(-614),
        }),
        Event::FuturesTransferred(FuturesTransferred {
            account: ACCOUNT,
            asset,
            amount: Amount(615),
            direction: WalletDirection::ToSpot,
            business: text("transfer-8"),
        }),
        Event::WalletChanged(WalletChanged {
            account: ACCOUNT,
            asset,
            cross: Amount(616),
            isolated: Amount(617),
        }),
        Event::PositionChanged(PositionChanged {
            account: ACCOUNT,
            symbol: SYMBOL,
            side: PositionSide::Both,
            holding: Holding {
                size: Qty(-618),
                cost: Amount(-619),
                isolated: Amount(620),
            },
        }),
        Event::MarginAdjusted(MarginAdjusted {
            account: ACCOUNT,
            symbol: SYMBOL,
            side: PositionSide::Short,
            amount: Amount(-621),
        }),
        Event::InsuranceDeposited {
            asset,
            amount: Amount(622),
            business: text("insurance-2"),
        },
    ]
}

fn orders() -> Vec<Event> {
    let order = OrderId(623);
    vec![
        Event::PerpetualAccepted(PerpetualAccepted {
            symbol: SYMBOL,
            order,
            account: ACCOUNT,
            terms: terms(),
            stop_price: Price(624),
            callback: 625,
            waits: true,
        }),
        Event::OrderModified(OrderModified {
            symbol: SYMBOL,
            order,
            account: ACCOUNT,
            side: Side::Sell,
            old_price: Price(626),
            new_price: Price(627),
            old_qty: Qty(628),
            new_qty: Qty(629),
            old_open: Qty(630),
            executed: Qty(631),
            count: 632,
        }),
        Event::TradeSettled(TradeSettled {
            symbol: SYMBOL,
            trade: TradeId(633),
            taker_account: ACCOUNT,
            taker_position: PositionSide::Long,
            taker_realised: Amount(-634),
            maker_account: AccountId(635),
            maker_position: PositionSide::Short,
            maker_realised: Amount(636),
        }),
        Event::ModifyRejected(CancelRejected {
            account: ACCOUNT,
            symbol: SYMBOL,
            reason: RejectReason::Unmodified,
        }),
    ]
}

fn liquidation() -> Vec<Event> {
    vec![
        Event::LiquidationStarted(LiquidationStarted {
            account: ACCOUNT,
            position: Some(SYMBOL),
            asset: AssetId(637),
            balance: Amount(-638),
            maintenance: Amount(639),
        }),
        Event::LiquidationOrdered(LiquidationOrdered {
            account: ACCOUNT,
            symbol: SYMBOL,
            side: PositionSide::Long,
            client_order: text("autoclose-1"),
            price: Price(640),
            qty: Qty(641),
        }),
        Event::LiquidationFee(LiquidationFee {
            account: ACCOUNT,
            symbol: SYMBOL,
            amount: Amount(642),
        }),
        Event::PositionTakenOver(PositionTakenOver {
            symbol: SYMBOL,
            from: ACCOUNT,
            from_side: PositionSide::Long,
            to: AccountId(643),
            to_side: PositionSide::Short,
            cause: TakeoverCause::Deleveraging,
            size: Qty(644),
            price: Price(645),
            quote: Amount(646),
            from_realised: Amount(-647),
            to_realised: Amount(648),
        }),
    ]
}
