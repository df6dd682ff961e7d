//! The documents of perpetual contracts, of positions in them and of futures wallets.
//!
//! Amounts are in the symbol's quote asset, which is named beside what moves money.

use schemas::event::{CancelRejected, Event};
use schemas::ids::{AccountId, AssetId, SymbolId};
use schemas::perpetual::PositionSide;
use schemas::perpetual_event::{
    LiquidationOrdered, LiquidationStarted, MarginCalled, OrderModified, PerpetualAccepted,
    PositionChanged, PositionTakenOver, TradeSettled, WalletChanged,
};
use schemas::units::{Amount, Rate};

use crate::document::Document;
use crate::names::Names;
use crate::telling::payments::money;
use crate::telling::words::{RATE_SCALE, Scales};

/// Whose position on which symbol.
type Place = (SymbolId, AccountId, PositionSide);

/// Begins with a position's place.
fn position<'n>(
    document: &mut Document<'_>,
    names: &'n Names,
    (symbol, account, side): Place,
) -> Scales<'n> {
    let scales = Scales::of(document, names, symbol);
    document
        .number("account", account.0.into())
        .word("position_side", side);
    scales
}

/// What came (positive) to a wallet or went, in the quote asset of a symbol.
fn moved(document: &mut Document<'_>, names: &Names, (symbol, amount): (SymbolId, Amount)) {
    let asset = names.symbol(symbol).map(|symbol| symbol.quote);
    let moved = (asset.unwrap_or(AssetId(u16::MAX)), amount);
    money(document, names, ("delta", "asset"), moved);
}

fn rate(document: &mut Document<'_>, name: &str, rate: Rate) {
    document.decimal(name, rate.0.into(), RATE_SCALE);
}

/// Whether an event is one of perpetual contracts alone.
pub(super) fn concerns(event: &Event) -> bool {
    matches!(
        event,
        Event::ContractChanged { .. }
            | Event::BracketChanged { .. }
            | Event::IndexPriceSet(_)
            | Event::MarkPriceChanged(_)
            | Event::PremiumSampled(_)
            | Event::FundingFixed(_)
            | Event::ContractSettled(_)
            | Event::ContractGuarded { .. }
            | Event::IndexSourcesChanged { .. }
            | Event::MarginCalled(_)
            | Event::FundingPaid(_)
            | Event::FuturesTransferred(_)
            | Event::WalletChanged(_)
            | Event::PositionChanged(_)
            | Event::PerpetualAccepted(_)
            | Event::OrderModified(_)
            | Event::TradeSettled(_)
            | Event::LeverageChanged { .. }
            | Event::MarginTypeChanged { .. }
            | Event::PositionModeChanged { .. }
            | Event::MarginAdjusted(_)
            | Event::LiquidationStarted(_)
            | Event::LiquidationOrdered(_)
            | Event::LiquidationFee(_)
            | Event::PositionTakenOver(_)
            | Event::InsuranceDeposited { .. }
            | Event::ModifyRejected(_)
    )
}

/// Writes the fields of an event that is told whole.
pub(super) fn event(document: &mut Document<'_>, names: &Names, event: &Event) {
    match event {
        Event::PerpetualAccepted(it) => accepted(document, names, it),
        Event::OrderModified(it) => modified(document, names, it),
        Event::ModifyRejected(it) => refused(document, names, it),
        Event::WalletChanged(it) => wallet(document, names, it),
        Event::PositionChanged(it) => held(document, names, it),
        Event::LiquidationStarted(it) => liquidation(document, names, it),
        Event::MarginCalled(it) => called(document, names, it),
        Event::LiquidationOrdered(it) => forced(document, names, it),
        Event::PositionTakenOver(it) => taken_over(document, names, it),
        Event::TradeSettled(it) => settled(document, names, it),
        Event::FundingPaid(it) => {
            let scales = position(document, names, (it.symbol, it.account, it.side));
            scales.qty(document, "size", it.size);
            moved(document, names, (it.symbol, it.amount));
        }
        Event::MarginAdjusted(it) => {
            position(document, names, (it.symbol, it.account, it.side));
            moved(document, names, (it.symbol, it.amount));
        }
        Event::LiquidationFee(it) => {
            Scales::of(document, names, it.symbol);
            document.number("account", it.account.0.into());
            moved(document, names, (it.symbol, Amount(-it.amount.0)));
        }
        Event::FuturesTransferred(it) => {
            document.number("account", it.account.0.into());
            money(document, names, ("amount", "asset"), (it.asset, it.amount));
            document
                .word("direction", it.direction)
                .text("business", it.business.as_str());
        }
        Event::InsuranceDeposited {
            asset,
            amount,
            business,
        } => {
            money(document, names, ("delta", "asset"), (*asset, *amount));
            document.text("business", business.as_str());
        }
        other => setting_or_price(document, names, other),
    }
}

fn accepted(document: &mut Document<'_>, names: &Names, it: &PerpetualAccepted) {
    let terms = &it.terms;
    let scales = position(
        document,
        names,
        (it.symbol, it.account, terms.position_side),
    );
    document.number("order", it.order.0);
    if it.stop_price.0 != 0 {
        scales.price(document, "stop_price", it.stop_price);
        document.word("working_type", terms.working_type);
    }
    if it.callback != 0 {
        document.number("callback", it.callback.into());
    }
    if let Some(until) = terms.good_till() {
        document.big("good_till_ns", until.0);
    }
    document
        .word("price_match", terms.price_match)
        .flag("reduce_only", terms.reduce_only)
        .flag("close_position", terms.close_position)
        .flag("price_protect", terms.price_protect)
        .flag("waits", it.waits);
}

fn modified(document: &mut Document<'_>, names: &Names, it: &OrderModified) {
    let scales = Scales::of(document, names, it.symbol);
    document
        .number("order", it.order.0)
        .number("account", it.account.0.into())
        .word("side", it.side);
    scales.price(document, "old_price", it.old_price);
    scales.price(document, "new_price", it.new_price);
    scales.qty(document, "old_qty", it.old_qty);
    scales.qty(document, "new_qty", it.new_qty);
    scales.qty(document, "executed", it.executed);
    document.number("count", it.count.into());
}

fn refused(document: &mut Document<'_>, names: &Names, it: &CancelRejected) {
    Scales::of(document, names, it.symbol);
    document
        .number("account", it.account.0.into())
        .word("reason", it.reason);
}

fn wallet(document: &mut Document<'_>, names: &Names, it: &WalletChanged) {
    document.number("account", it.account.0.into());
    money(document, names, ("cross", "asset"), (it.asset, it.cross));
    let scale = names.asset(it.asset).map_or(0, |asset| asset.scale);
    document.decimal("isolated", it.isolated.0, scale);
}

fn held(document: &mut Document<'_>, names: &Names, it: &PositionChanged) {
    let scales = position(document, names, (it.symbol, it.account, it.side));
    scales.qty(document, "size", it.holding.size);
    scales.quote(document, "cost", it.holding.cost);
    scales.quote(document, "isolated", it.holding.isolated);
}

fn liquidation(document: &mut Document<'_>, names: &Names, it: &LiquidationStarted) {
    document.number("account", it.account.0.into());
    if let Some(symbol) = it.position {
        Scales::of(document, names, symbol);
    }
    let pool = ("balance", "asset");
    money(document, names, pool, (it.asset, it.balance));
    let scale = names.asset(it.asset).map_or(0, |asset| asset.scale);
    document.decimal("maintenance", it.maintenance.0, scale);
}

fn called(document: &mut Document<'_>, names: &Names, it: &MarginCalled) {
    let scales = position(document, names, (it.symbol, it.account, it.side));
    document.word("margin_type", it.margin_type);
    scales.qty(document, "size", it.holding.size);
    scales.quote(document, "cost", it.holding.cost);
    scales.quote(document, "isolated", it.holding.isolated);
    scales.price(document, "mark", it.mark);
    scales.quote(document, "unrealised", it.unrealised);
    scales.quote(document, "maintenance", it.maintenance);
    scales.quote(document, "cross", it.cross);
}

fn forced(document: &mut Document<'_>, names: &Names, it: &LiquidationOrdered) {
    let scales = position(document, names, (it.symbol, it.account, it.side));
    document.text_if("client_order", it.client_order.as_str());
    scales.price(document, "price", it.price);
    scales.qty(document, "qty", it.qty);
}

fn taken_over(document: &mut Document<'_>, names: &Names, it: &PositionTakenOver) {
    let scales = Scales::of(document, names, it.symbol);
    document
        .number("from_account", it.from.0.into())
        .word("from_side", it.from_side)
        .number("to_account", it.to.0.into())
        .word("to_side", it.to_side)
        .word("cause", it.cause);
    scales.qty(document, "size", it.size);
    scales.price(document, "price", it.price);
    scales.quote(document, "quote", it.quote);
    scales.quote(document, "from_realised", it.from_realised);
    scales.quote(document, "to_realised", it.to_realised);
}

/// One end of a take-over, for its owner; who the other is stays between them and the house.
pub(super) fn moved_position(
    document: &mut Document<'_>,
    names: &Names,
    (it, gave): (&PositionTakenOver, bool),
) {
    let (account, side, size, realised) = if gave {
        (it.from, it.from_side, -it.size.0, it.from_realised)
    } else {
        (it.to, it.to_side, it.size.0, it.to_realised)
    };
    let scales = position(document, names, (it.symbol, account, side));
    document.word("cause", it.cause);
    scales.qty(document, "size", schemas::units::Qty(size));
    scales.price(document, "price", it.price);
    moved(document, names, (it.symbol, realised));
}

fn settled(document: &mut Document<'_>, names: &Names, it: &TradeSettled) {
    let scales = Scales::of(document, names, it.symbol);
    document
        .number("trade", it.trade.0)
        .number("taker_account", it.taker_account.0.into())
        .word("taker_position", it.taker_position);
    scales.quote(document, "taker_realised", it.taker_realised);
    document
        .number("maker_account", it.maker_account.0.into())
        .word("maker_position", it.maker_position);
    scales.quote(document, "maker_realised", it.maker_realised);
}

/// What one side of a trade realised, for its owner.
pub(super) fn realised(
    document: &mut Document<'_>,
    names: &Names,
    (it, taker): (&TradeSettled, bool),
) {
    let (account, side, amount) = if taker {
        (it.taker_account, it.taker_position, it.taker_realised)
    } else {
        (it.maker_account, it.maker_position, it.maker_realised)
    };
    position(document, names, (it.symbol, account, side));
    document.number("trade", it.trade.0);
    moved(document, names, (it.symbol, amount));
}

/// How an account trades a contract, and what everybody may see of one.
fn setting_or_price(document: &mut Document<'_>, names: &Names, event: &Event) {
    match event {
        Event::LeverageChanged {
            account,
            symbol,
            leverage,
        } => {
            Scales::of(document, names, *symbol);
            document
                .number("account", account.0.into())
                .number("leverage", (*leverage).into());
        }
        Event::MarginTypeChanged {
            account,
            symbol,
            margin_type,
        } => {
            Scales::of(document, names, *symbol);
            document
                .number("account", account.0.into())
                .word("margin_type", margin_type);
        }
        Event::PositionModeChanged { account, hedge } => {
            document
                .number("account", account.0.into())
                .flag("hedge", *hedge);
        }
        Event::IndexPriceSet(it) => {
            let scales = Scales::of(document, names, it.symbol);
            scales.price(document, "price", it.price);
            document.word("source", it.source);
        }
        Event::ContractSettled(it) => {
            let scales = Scales::of(document, names, it.symbol);
            scales.price(document, "price", it.price);
        }
        Event::MarkPriceChanged(it) => {
            let scales = Scales::of(document, names, it.symbol);
            scales.price(document, "mark", it.mark);
        }
        Event::PremiumSampled(it) => {
            Scales::of(document, names, it.symbol);
            rate(document, "premium", it.premium);
            rate(document, "predicted", it.predicted);
            document.big("next_funding_ns", it.next_funding.0);
        }
        Event::FundingFixed(it) => {
            let scales = Scales::of(document, names, it.symbol);
            document.big("slot_ns", it.slot.0);
            rate(document, "rate", it.rate);
            scales.price(document, "mark", it.mark);
            rate(document, "premium", it.premium);
        }
        other => contract(document, names, other),
    }
}

/// A contract's own rules.
fn contract(document: &mut Document<'_>, names: &Names, event: &Event) {
    match event {
        Event::ContractChanged { symbol, spec } => {
            let scales = Scales::of(document, names, *symbol);
            scales.quote(document, "impact_notional", spec.impact_notional);
            scales.qty(document, "max_open_interest", spec.max_open_interest);
            scales.qty(document, "max_position", spec.max_position);
            rate(document, "interest", spec.interest);
            rate(document, "liquidation_fee", spec.liquidation_fee);
            document
                .big("funding_interval_ns", spec.funding_interval_ns)
                .big("premium_interval_ns", spec.premium_interval_ns)
                .number("default_leverage", spec.default_leverage.into());
        }
        Event::BracketChanged {
            symbol,
            number,
            count,
            bracket,
        } => {
            let scales = Scales::of(document, names, *symbol);
            document
                .number("number", (*number).into())
                .number("count", (*count).into());
            scales.quote(document, "floor", bracket.floor);
            rate(document, "maintenance_rate", bracket.maintenance);
            document.number("max_leverage", bracket.max_leverage.into());
        }
        Event::ContractGuarded {
            symbol,
            trigger_protect,
            margin_call,
        } => {
            Scales::of(document, names, *symbol);
            rate(document, "trigger_protect", *trigger_protect);
            rate(document, "margin_call", *margin_call);
        }
        Event::IndexSourcesChanged {
            symbol,
            live,
            needed,
        } => {
            Scales::of(document, names, *symbol);
            document
                .number("live", (*live).into())
                .number("needed", (*needed).into());
        }
        other => unreachable!("{} is told elsewhere", other.name()),
    }
}
