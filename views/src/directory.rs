//! The venue's rules as clients see them; small, copied whole when one changes.

use schemas::event::Event;
use schemas::ids::SymbolId;
use schemas::instrument::{
    Filter, LotSize, NotionalFilter, PercentPrice, PriceFilter, SymbolState,
};
use schemas::protection::Protection;
use schemas::report::{AssetReport, Directory, Indicative, OrderRules, SymbolReport};
use schemas::units::{Qty, Rate};

/// Whether an event changes the directory.
pub(crate) fn concerns(event: &Event) -> bool {
    matches!(
        event,
        Event::AssetAdded { .. }
            | Event::SymbolAdded { .. }
            | Event::FilterChanged { .. }
            | Event::SymbolFeesChanged { .. }
            | Event::SymbolStateChanged { .. }
            | Event::VenueStateChanged { .. }
            | Event::FeeTierChanged { .. }
            | Event::VenueLimitsChanged { .. }
            | Event::AuctionIndicative(_)
    )
}

/// Takes an event for which [`concerns`] holds.
pub(crate) fn apply(directory: &mut Directory, event: &Event) {
    match *event {
        Event::AssetAdded { asset, code, scale } => {
            debug_assert_eq!(
                directory.assets.len(),
                usize::from(asset.0),
                "asset ids are dense"
            );
            directory.assets.push(AssetReport { asset, code, scale });
        }
        Event::SymbolAdded { symbol, .. } => {
            debug_assert_eq!(
                directory.symbols.len(),
                symbol.0 as usize,
                "symbol ids are dense"
            );
            directory.symbols.extend(listed(event));
        }
        Event::FilterChanged { symbol, filter } => {
            change(directory, symbol, |found| set_filter(found, filter));
        }
        Event::SymbolFeesChanged {
            symbol,
            maker,
            taker,
        } => {
            change(directory, symbol, |found| {
                found.maker_fee = maker;
                found.taker_fee = taker;
            });
        }
        Event::SymbolStateChanged { symbol, state } => {
            change(directory, symbol, |found| {
                found.state = state;
                found.indicative = None;
            });
        }
        Event::VenueStateChanged { state, withdrawals } => {
            directory.venue = Some(state);
            directory.withdrawals = withdrawals;
        }
        Event::FeeTierChanged { tier, maker, taker } => {
            let index = usize::from(tier);
            if directory.tiers.len() <= index {
                directory.tiers.resize(index + 1, (Rate(0), Rate(0)));
            }
            directory.tiers[index] = (maker, taker);
        }
        Event::VenueLimitsChanged { limits } => directory.limits = limits,
        Event::AuctionIndicative(told) => {
            let indicative = (told.qty != Qty::ZERO).then_some(Indicative {
                price: told.price,
                qty: told.qty,
                surplus: told.surplus,
            });
            change(directory, told.symbol, |found| {
                found.indicative = indicative;
            });
        }
        _ => {}
    }
}

fn change(directory: &mut Directory, symbol: SymbolId, change: impl FnOnce(&mut SymbolReport)) {
    match directory.symbols.get_mut(symbol.0 as usize) {
        Some(found) => change(found),
        None => debug_assert!(false, "symbol {} before its listing", symbol.0),
    }
}

fn listed(event: &Event) -> Option<SymbolReport> {
    let Event::SymbolAdded {
        symbol,
        name,
        kind,
        base,
        quote,
        price_scale,
        qty_scale,
    } = *event
    else {
        return None;
    };
    Some(SymbolReport {
        symbol,
        name,
        kind,
        state: SymbolState::PreTrading,
        base,
        quote,
        price_scale,
        qty_scale,
        maker_fee: Rate(0),
        taker_fee: Rate(0),
        price: PriceFilter::default(),
        lot_size: LotSize::default(),
        market_lot_size: LotSize::default(),
        notional: NotionalFilter::default(),
        percent_price: PercentPrice::default(),
        max_num_orders: 0,
        max_position: Qty::ZERO,
        order_rules: OrderRules::default(),
        protection: Protection::default(),
        indicative: None,
    })
}

fn set_filter(symbol: &mut SymbolReport, filter: Filter) {
    match filter {
        Filter::Price(filter) => symbol.price = filter,
        Filter::LotSize(filter) => symbol.lot_size = filter,
        Filter::MarketLotSize(filter) => symbol.market_lot_size = filter,
        Filter::Notional(filter) => symbol.notional = filter,
        Filter::PercentPrice(filter) => symbol.percent_price = filter,
        Filter::MaxNumOrders(count) => symbol.max_num_orders = count,
        Filter::MaxPosition(qty) => symbol.max_position = qty,
        Filter::Protection(protection) => symbol.protection = protection,
        other => {
            symbol.order_rules.set(other);
        }
    }
}
