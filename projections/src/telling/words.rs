//! The documents of orders, trades, the public book and the venue's rules.

use schemas::event::{
    Event, OrderAccepted, OrderAmended, OrderDone, OrderRested, Trade, TradePrevented,
};
use schemas::ids::{AssetId, SymbolId};
use schemas::instrument::{Filter, PercentPrice, Side};
use schemas::order_event::step_of;
use schemas::report::OrderReport;
use schemas::trade_group::PreventedTransferred;
use schemas::units::{Amount, Price, Qty};

use crate::document::Document;
use crate::names::{Names, SymbolName};
use crate::telling::{payments, perpetual, terms};

/// Decimals of a [`schemas::units::Rate`].
pub(super) const RATE_SCALE: u8 = 8;
/// Decimals of the multipliers of a percent price filter.
const PERCENT_SCALE: u8 = 4;

/// Writes numbers of one symbol in its scales; of an unnamed one in its units.
pub(super) struct Scales<'n> {
    names: &'n Names,
    symbol: Option<&'n SymbolName>,
}

impl<'n> Scales<'n> {
    /// Begins with the symbol's name.
    pub(super) fn of(
        document: &mut Document<'_>,
        names: &'n Names,
        symbol: SymbolId,
    ) -> Scales<'n> {
        let found = names.symbol(symbol);
        match found {
            Some(found) => document.text("symbol", &found.name),
            None => document.text("symbol", &format!("#{}", symbol.0)),
        };
        Scales {
            names,
            symbol: found,
        }
    }

    pub(super) fn price(&self, document: &mut Document<'_>, name: &str, price: Price) {
        let scale = self.symbol.map_or(0, |symbol| symbol.price_scale);
        document.decimal(name, price.0.into(), scale);
    }

    pub(super) fn qty(&self, document: &mut Document<'_>, name: &str, qty: Qty) {
        let scale = self.symbol.map_or(0, |symbol| symbol.qty_scale);
        document.decimal(name, qty.0.into(), scale);
    }

    pub(super) fn quote(&self, document: &mut Document<'_>, name: &str, amount: Amount) {
        let asset = self
            .symbol
            .and_then(|symbol| self.names.asset(symbol.quote));
        document.decimal(name, amount.0, asset.map_or(0, |asset| asset.scale));
    }

    /// A commission and its asset: the buyer's in base, the seller's in quote; of a
    /// perpetual both in quote.
    fn fee(&self, document: &mut Document<'_>, (name, asset): (&str, &str), of: (Side, Amount)) {
        let (side, fee) = of;
        let paid_in = self.symbol.map(|symbol| match side {
            Side::Buy if !symbol.is_perpetual => symbol.base,
            Side::Buy | Side::Sell => symbol.quote,
        });
        let paid_in = paid_in.unwrap_or(AssetId(u16::MAX));
        payments::money(document, self.names, (name, asset), (paid_in, fee));
    }
}

/// Writes the fields of an event that is told whole.
pub(super) fn event(document: &mut Document<'_>, names: &Names, event: &Event) {
    match event {
        Event::OrderAccepted(it) => accepted(document, names, it),
        Event::OrderRested(it) => rested(document, names, it),
        Event::OrderDone(it) => done(document, names, it),
        Event::OrderAmended(it) => amended(document, names, it),
        Event::TradePrevented(it) => prevented(document, names, it),
        Event::OrderRejected(it) => {
            Scales::of(document, names, it.symbol);
            document
                .number("account", it.account.0.into())
                .text_if("client_order", it.client_order.as_str())
                .word("reason", it.reason);
        }
        Event::CancelRejected(it) | Event::AmendRejected(it) => {
            Scales::of(document, names, it.symbol);
            document
                .number("account", it.account.0.into())
                .word("reason", it.reason);
        }
        step if step_of(step).is_some() => terms::step(document, names, step),
        Event::OrderListAccepted(_)
        | Event::OrderListDone(_)
        | Event::OrderListRejected(_)
        | Event::CountdownSet { .. }
        | Event::CountdownElapsed { .. } => terms::list(document, names, event),
        Event::BreakerTripped(it) => {
            let scales = Scales::of(document, names, it.symbol);
            // Whose order met the bound is nobody else's business: the offset leads to it.
            scales.price(document, "bound", it.bound);
            scales.price(document, "met", it.met);
        }
        Event::AuctionIndicative(it) => {
            let scales = Scales::of(document, names, it.symbol);
            scales.price(document, "price", it.price);
            scales.qty(document, "qty", it.qty);
            scales.qty(document, "surplus", Qty(it.surplus));
        }
        Event::AuctionUncrossed(it) => {
            let scales = Scales::of(document, names, it.symbol);
            scales.price(document, "price", it.price);
            scales.qty(document, "qty", it.qty);
        }
        other if perpetual::concerns(other) => perpetual::event(document, names, other),
        other => payments::rule_or_account(document, names, other),
    }
}

fn accepted(document: &mut Document<'_>, names: &Names, it: &OrderAccepted) {
    let scales = Scales::of(document, names, it.symbol);
    document
        .number("order", it.order.0)
        .number("account", it.account.0.into())
        .text_if("client_order", it.client_order.as_str())
        .word("side", it.side)
        .word("order_type", it.order_type)
        .word("time_in_force", it.time_in_force)
        .word("self_trade", it.self_trade);
    scales.price(document, "price", it.price);
    scales.qty(document, "qty", it.qty);
    scales.quote(document, "quote_qty", it.quote_qty);
}

fn rested(document: &mut Document<'_>, names: &Names, it: &OrderRested) {
    let scales = Scales::of(document, names, it.symbol);
    document
        .number("order", it.order.0)
        .number("account", it.account.0.into())
        .word("side", it.side);
    scales.price(document, "price", it.price);
    scales.qty(document, "open", it.open);
}

fn done(document: &mut Document<'_>, names: &Names, it: &OrderDone) {
    let scales = Scales::of(document, names, it.symbol);
    document
        .number("order", it.order.0)
        .number("account", it.account.0.into())
        .word("side", it.side)
        .word("status", it.status);
    scales.price(document, "price", it.price);
    scales.qty(document, "open", it.open);
    scales.qty(document, "prevented", it.prevented);
    document
        .flag("rested", it.rested)
        .text_if("cancel_client", it.cancel_client.as_str());
}

fn amended(document: &mut Document<'_>, names: &Names, it: &OrderAmended) {
    let scales = Scales::of(document, names, it.symbol);
    document
        .number("order", it.order.0)
        .number("account", it.account.0.into())
        .word("side", it.side);
    scales.price(document, "price", it.price);
    scales.qty(document, "old_qty", it.old_qty);
    scales.qty(document, "new_qty", it.new_qty);
    scales.qty(document, "executed", it.executed);
    scales.quote(document, "quote", it.quote);
    scales.qty(document, "open", it.open);
    document
        .text_if("old_client", it.old_client.as_str())
        .text_if("new_client", it.new_client.as_str());
}

fn prevented(document: &mut Document<'_>, names: &Names, it: &TradePrevented) {
    let scales = Scales::of(document, names, it.symbol);
    document
        .number("account", it.account.0.into())
        .number("taker_order", it.taker_order.0)
        .number("maker_order", it.maker_order.0)
        .word("maker_side", it.maker_side)
        .word("mode", it.mode);
    scales.price(document, "price", it.price);
    scales.qty(document, "taker_prevented", it.taker_prevented);
    scales.qty(document, "maker_prevented", it.maker_prevented);
}

/// What TRANSFER moved between two accounts of a trade group.
pub(super) fn transferred(document: &mut Document<'_>, names: &Names, it: &PreventedTransferred) {
    let scales = Scales::of(document, names, it.symbol);
    document
        .number("group", it.group.into())
        .number("seller", it.seller.0.into())
        .number("buyer", it.buyer.0.into())
        .number("taker_order", it.taker_order.0)
        .number("maker_order", it.maker_order.0);
    scales.price(document, "price", it.price);
    scales.qty(document, "qty", it.qty);
    scales.quote(document, "quote", it.quote);
}

/// Both sides of a trade.
pub(super) fn trade(document: &mut Document<'_>, names: &Names, it: &Trade) {
    let scales = Scales::of(document, names, it.symbol);
    document.number("trade", it.trade.0);
    scales.price(document, "price", it.price);
    scales.qty(document, "qty", it.qty);
    scales.quote(document, "quote", it.quote);
    document
        .word("taker_side", it.taker_side)
        .number("taker_order", it.taker_order.0)
        .number("taker_account", it.taker_account.0.into());
    let fee = (it.taker_side, it.taker_fee);
    scales.fee(document, ("taker_fee", "taker_fee_asset"), fee);
    document
        .number("maker_order", it.maker_order.0)
        .number("maker_account", it.maker_account.0.into());
    let fee = (it.taker_side.opposite(), it.maker_fee);
    scales.fee(document, ("maker_fee", "maker_fee_asset"), fee);
}

/// One side of a trade, for its owner.
pub(super) fn filled(document: &mut Document<'_>, names: &Names, (it, taker): (&Trade, bool)) {
    let (order, account, side, fee) = if taker {
        (
            it.taker_order,
            it.taker_account,
            it.taker_side,
            it.taker_fee,
        )
    } else {
        let side = it.taker_side.opposite();
        (it.maker_order, it.maker_account, side, it.maker_fee)
    };
    let scales = Scales::of(document, names, it.symbol);
    document
        .number("trade", it.trade.0)
        .number("order", order.0)
        .number("account", account.0.into())
        .word("side", side)
        .text("role", if taker { "TAKER" } else { "MAKER" });
    scales.price(document, "price", it.price);
    scales.qty(document, "qty", it.qty);
    scales.quote(document, "quote", it.quote);
    scales.fee(document, ("fee", "fee_asset"), (side, fee));
    if !taker {
        scales.qty(document, "open", it.maker_open);
    }
}

/// A trade without accounts, orders and commissions.
pub(super) fn public_trade(document: &mut Document<'_>, names: &Names, it: &Trade) {
    let scales = Scales::of(document, names, it.symbol);
    document.number("trade", it.trade.0);
    scales.price(document, "price", it.price);
    scales.qty(document, "qty", it.qty);
    scales.quote(document, "quote", it.quote);
    document.word("taker_side", it.taker_side);
}

/// A filter of a symbol, each of its bounds.
pub(super) fn filter(document: &mut Document<'_>, names: &Names, of: (SymbolId, &Filter)) {
    let (symbol, filter) = of;
    let scales = Scales::of(document, names, symbol);
    match filter {
        Filter::Price(it) => {
            document.text("filter", "PRICE_FILTER");
            scales.price(document, "min", it.min);
            scales.price(document, "max", it.max);
            scales.price(document, "tick", it.tick);
        }
        Filter::LotSize(it) | Filter::MarketLotSize(it) => {
            let market = matches!(filter, Filter::MarketLotSize(_));
            document.text(
                "filter",
                if market {
                    "MARKET_LOT_SIZE"
                } else {
                    "LOT_SIZE"
                },
            );
            scales.qty(document, "min", it.min);
            scales.qty(document, "max", it.max);
            scales.qty(document, "step", it.step);
        }
        Filter::Notional(it) => {
            document.text("filter", "NOTIONAL");
            scales.quote(document, "min", it.min);
            scales.quote(document, "max", it.max);
            document
                .flag("apply_min_to_market", it.apply_min_to_market)
                .flag("apply_max_to_market", it.apply_max_to_market);
        }
        Filter::PercentPrice(it) => percent_price(document, it),
        Filter::MaxNumOrders(most) => {
            document
                .text("filter", "MAX_NUM_ORDERS")
                .number("most", (*most).into());
        }
        Filter::MaxPosition(most) => {
            document.text("filter", "MAX_POSITION");
            scales.qty(document, "most_qty", *most);
        }
        Filter::TrailingDelta(it) => {
            document
                .text("filter", "TRAILING_DELTA")
                .number("min_above", it.min_above.into())
                .number("max_above", it.max_above.into())
                .number("min_below", it.min_below.into())
                .number("max_below", it.max_below.into());
        }
        Filter::Protection(it) => {
            document
                .text("filter", "PROTECTION")
                .number("band", it.band.into())
                .number("market_depth", it.market_depth.into())
                .number("breaker", it.breaker.into())
                .number("auction_ms", it.auction_ms.into());
        }
        Filter::IcebergParts(most)
        | Filter::MaxNumAlgoOrders(most)
        | Filter::MaxNumIcebergOrders(most)
        | Filter::MaxNumOrderLists(most)
        | Filter::MaxNumOrderAmends(most) => {
            document
                .text("filter", count_name(filter))
                .number("most", (*most).into());
        }
    }
}

fn percent_price(document: &mut Document<'_>, it: &PercentPrice) {
    document.text("filter", "PERCENT_PRICE_BY_SIDE");
    let bounds = [
        ("bid_up", it.bid_up),
        ("bid_down", it.bid_down),
        ("ask_up", it.ask_up),
        ("ask_down", it.ask_down),
    ];
    for (name, bound) in bounds {
        document.decimal(name, bound.into(), PERCENT_SCALE);
    }
    document.number("minutes", it.minutes.into());
}

/// The dialect's name of a filter that is one number.
fn count_name(filter: &Filter) -> &'static str {
    match filter {
        Filter::IcebergParts(_) => "ICEBERG_PARTS",
        Filter::MaxNumAlgoOrders(_) => "MAX_NUM_ALGO_ORDERS",
        Filter::MaxNumIcebergOrders(_) => "MAX_NUM_ICEBERG_ORDERS",
        Filter::MaxNumOrderLists(_) => "MAX_NUM_ORDER_LISTS",
        Filter::MaxNumOrderAmends(_) => "MAX_NUM_ORDER_AMENDS",
        _ => "MAX_NUM_ORDERS",
    }
}

/// The commission rates of a symbol.
pub(super) fn fees(document: &mut Document<'_>, names: &Names, of: (SymbolId, [i64; 2])) {
    let (symbol, [maker, taker]) = of;
    Scales::of(document, names, symbol);
    document
        .decimal("maker", maker.into(), RATE_SCALE)
        .decimal("taker", taker.into(), RATE_SCALE);
}

/// A symbol by name alone.
pub(super) fn symbol(document: &mut Document<'_>, names: &Names, symbol: SymbolId) {
    Scales::of(document, names, symbol);
}

/// An order as it now is.
pub(super) fn order(document: &mut Document<'_>, names: &Names, it: &OrderReport) {
    let scales = Scales::of(document, names, it.symbol);
    document
        .number("order", it.order.0)
        .number("account", it.account.0.into())
        .text_if("client_order", it.client_order.as_str())
        .word("side", it.side)
        .word("order_type", it.order_type)
        .word("time_in_force", it.time_in_force)
        .word("self_trade", it.self_trade)
        .word("status", it.status);
    scales.price(document, "price", it.price);
    scales.qty(document, "qty", it.qty);
    scales.quote(document, "quote_qty", it.quote_qty);
    scales.qty(document, "executed", it.executed);
    scales.quote(document, "quote", it.quote);
    scales.qty(document, "prevented", it.prevented);
    document
        .big("created_ns", it.created.0)
        .big("updated_ns", it.updated.0);
    if let Some(extras) = &it.extras {
        terms::extras(document, (&scales, extras));
    }
}
