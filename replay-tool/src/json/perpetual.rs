//! Commands and events of perpetual contracts.

use schemas::event::Event;
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

use crate::json::{Fields, Json, put, shown, words};

words! {
    MarginType { Cross "CROSS", Isolated "ISOLATED" }
    PositionSide { Both "BOTH", Long "LONG", Short "SHORT" }
    WorkingType { ContractPrice "CONTRACT_PRICE", MarkPrice "MARK_PRICE" }
    PriceMatch {
        None "NONE", Opponent "OPPONENT", Opponent5 "OPPONENT_5", Opponent10 "OPPONENT_10",
        Opponent20 "OPPONENT_20", Queue "QUEUE", Queue5 "QUEUE_5", Queue10 "QUEUE_10",
        Queue20 "QUEUE_20",
    }
    WalletDirection { ToFutures "TO_FUTURES", ToSpot "TO_SPOT" }
    PriceSource { Operator "OPERATOR", Sources "SOURCES" }
    TakeoverCause {
        Insurance "INSURANCE", Deleveraging "DELEVERAGING", Settlement "SETTLEMENT",
    }
}

shown! {
    ContractSpec {
        impact_notional, max_open_interest, max_position, interest, liquidation_fee,
        funding_interval_ns, premium_interval_ns, default_leverage,
    }
    Bracket { floor, maintenance, max_leverage }
    PerpetualTerms {
        good_till, position_side, working_type, price_match, reduce_only, close_position,
        price_protect,
    }
    Holding { size, cost, isolated }
    SetContractV1 { symbol, spec }
    SetIndexPriceV1 { symbol, price, source, business }
    FuturesTransferV1 { account, asset, amount, direction, business }
    PlacePerpetualV1 { order, stop_price, callback, terms }
    ModifyOrderV1 {
        account, symbol, target, side, new_price, new_qty, price_match, valid_until, request,
    }
    SetLeverageV1 { account, symbol, leverage }
    SetMarginTypeV1 { account, symbol, margin_type }
    SetPositionModeV1 { account, hedge }
    AdjustMarginV1 { account, symbol, side, amount }
    InsuranceDepositV1 { asset, amount, business }
    RunFundingV1 { symbol, business }
    SettleContractV1 { price, symbol, business }
    SetContractGuardV1 { symbol, trigger_protect, margin_call }
    SetIndexSourcesV1 { symbol, live, needed }
    MarginCalled {
        account, symbol, side, margin_type, holding, mark, unrealised, maintenance, cross,
    }
    IndexPriceSet { symbol, price, source }
    MarkPriceChanged { symbol, mark }
    PremiumSampled { symbol, premium, predicted, next_funding }
    FundingFixed { symbol, slot, rate, mark, premium }
    ContractSettled { symbol, price }
    FundingPaid { account, symbol, side, size, amount }
    FuturesTransferred { account, asset, amount, direction, business }
    WalletChanged { account, asset, cross, isolated }
    PositionChanged { account, symbol, side, holding }
    PerpetualAccepted { symbol, order, account, terms, stop_price, callback, waits }
    OrderModified {
        symbol, order, account, side, old_price, new_price, old_qty, new_qty, old_open, executed,
        count,
    }
    TradeSettled {
        symbol, trade, taker_account, taker_position, taker_realised, maker_account,
        maker_position, maker_realised,
    }
    MarginAdjusted { account, symbol, side, amount }
    LiquidationStarted { account, position, asset, balance, maintenance }
    LiquidationOrdered { account, symbol, side, client_order, price, qty }
    LiquidationFee { account, symbol, amount }
    PositionTakenOver {
        symbol, from, from_side, to, to_side, cause, size, price, quote, from_realised,
        to_realised,
    }
}

impl Fields for SetBracketsV1 {
    fn fields(&self, out: &mut Json<'_>) {
        out.field("symbol", &self.symbol);
        out.field("brackets", &self.brackets());
    }
}

/// The fields of an event of perpetual contracts.
pub(super) fn fields(event: &Event, out: &mut Json<'_>) {
    match event {
        Event::ContractChanged { symbol, spec } => put!(out, symbol, spec),
        Event::BracketChanged {
            symbol,
            number,
            count,
            bracket,
        } => put!(out, symbol, number, count, bracket),
        Event::IndexPriceSet(event) => event.fields(out),
        Event::MarkPriceChanged(event) => event.fields(out),
        Event::PremiumSampled(event) => event.fields(out),
        Event::FundingFixed(event) => event.fields(out),
        Event::ContractSettled(event) => event.fields(out),
        Event::ContractGuarded {
            symbol,
            trigger_protect,
            margin_call,
        } => put!(out, symbol, trigger_protect, margin_call),
        Event::IndexSourcesChanged {
            symbol,
            live,
            needed,
        } => put!(out, symbol, live, needed),
        Event::MarginCalled(event) => event.fields(out),
        Event::FundingPaid(event) => event.fields(out),
        Event::FuturesTransferred(event) => event.fields(out),
        Event::WalletChanged(event) => event.fields(out),
        Event::PositionChanged(event) => event.fields(out),
        Event::PerpetualAccepted(event) => event.fields(out),
        Event::OrderModified(event) => event.fields(out),
        Event::TradeSettled(event) => event.fields(out),
        Event::LeverageChanged {
            account,
            symbol,
            leverage,
        } => put!(out, account, symbol, leverage),
        Event::MarginTypeChanged {
            account,
            symbol,
            margin_type,
        } => put!(out, account, symbol, margin_type),
        Event::PositionModeChanged { account, hedge } => put!(out, account, hedge),
        Event::MarginAdjusted(event) => event.fields(out),
        Event::LiquidationStarted(event) => event.fields(out),
        Event::LiquidationOrdered(event) => event.fields(out),
        Event::LiquidationFee(event) => event.fields(out),
        Event::PositionTakenOver(event) => event.fields(out),
        Event::InsuranceDeposited {
            asset,
            amount,
            business,
        } => put!(out, asset, amount, business),
        Event::ModifyRejected(event) => event.fields(out),
        other => unreachable!("{} is of no perpetual", other.name()),
    }
}
