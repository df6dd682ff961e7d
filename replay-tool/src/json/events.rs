//! What happened.

use schemas::event::{
    BalanceChanged, CancelRejected, Event, OrderAccepted, OrderAmended, OrderDone, OrderRejected,
    OrderRested, Trade, TradePrevented,
};

use schemas::order_event::{
    IcebergRefilled, OrderActivated, OrderExpiring, OrderListAccepted, OrderListDone,
    OrderListRejected, OrderSized, OrderStep, OrderTermsAccepted,
};

use schemas::peg::OrderPegged;
use schemas::protection::{AuctionIndicative, AuctionUncrossed, BreakerTripped, OrderCalled};

use schemas::trade_group::PreventedTransferred;

use crate::json::{Fields, Json, Show, perpetual, put, shown};

shown! {
    OrderAccepted {
        symbol, order, account, client_order, side, order_type, time_in_force, self_trade, price,
        qty, quote_qty, orders_10s, orders_1d,
    }
    OrderRested { symbol, order, account, side, price, open }
    Trade {
        symbol, trade, price, qty, quote, taker_side, taker_order, taker_account, taker_fee,
        maker_order, maker_account, maker_fee, maker_open,
    }
    OrderDone {
        symbol, order, account, side, status, price, open, prevented, rested, cancel_client,
    }
    TradePrevented {
        symbol, account, taker_order, maker_order, maker_side, price, taker_prevented,
        maker_prevented, mode,
    }
    OrderAmended {
        symbol, order, account, side, price, old_qty, new_qty, executed, quote, open, old_client,
        new_client,
    }
    BalanceChanged { account, asset, free, held }
    OrderRejected { account, symbol, client_order, reason }
    CancelRejected { account, symbol, reason }
    OrderTermsAccepted { symbol, order, account, terms, list, stage }
    OrderStep { symbol, order, account, price }
    OrderActivated { symbol, order, account, stage }
    IcebergRefilled { symbol, order, account, side, price, shown }
    OrderExpiring { symbol, order, account, reason }
    PreventedTransferred {
        symbol, group, seller, buyer, taker_order, maker_order, price, qty, quote,
    }
    OrderPegged { symbol, order, account, peg, limit, price }
    OrderSized { symbol, order, account, qty }
    OrderListAccepted { symbol, list, account, list_client, contingency, orders }
    OrderListDone { symbol, list, account }
    OrderListRejected { account, symbol, list_client, reason }
    OrderCalled { symbol, order, account, side, price, open }
    BreakerTripped { symbol, order, bound, met }
    AuctionIndicative { symbol, price, qty, surplus }
    AuctionUncrossed { symbol, price, qty }
}

impl Show for Event {
    fn show(&self, out: &mut Json<'_>) {
        out.object(|out| {
            out.field("event", self.name());
            self.fields(out);
        });
    }
}

impl Fields for Event {
    fn fields(&self, out: &mut Json<'_>) {
        match self {
            Event::OrderAccepted(event) => event.fields(out),
            Event::OrderRejected(event) => event.fields(out),
            Event::OrderRested(event) => event.fields(out),
            Event::Trade(event) => event.fields(out),
            Event::OrderDone(event) => event.fields(out),
            Event::TradePrevented(event) => event.fields(out),
            Event::OrderAmended(event) => event.fields(out),
            Event::CancelRejected(event) | Event::AmendRejected(event) => event.fields(out),
            Event::BalanceChanged(event) => event.fields(out),
            Event::OrderTermsAccepted(event) => event.fields(out),
            Event::TrailingStarted(event) | Event::OrderTriggered(event) => event.fields(out),
            Event::OrderActivated(event) => event.fields(out),
            Event::IcebergRefilled(event) => event.fields(out),
            Event::OrderExpiring(event) => event.fields(out),
            Event::OrderPegged(event) => event.fields(out),
            Event::OrderSized(event) => event.fields(out),
            Event::PreventedTransferred(event) => event.fields(out),
            Event::OrderListAccepted(event) => event.fields(out),
            Event::OrderListDone(event) => event.fields(out),
            Event::OrderListRejected(event) => event.fields(out),
            Event::OrderCalled(event) => event.fields(out),
            Event::BreakerTripped(event) => event.fields(out),
            Event::AuctionIndicative(event) => event.fields(out),
            Event::AuctionUncrossed(event) => event.fields(out),
            Event::CountdownSet {
                account,
                symbol,
                due,
            } => put!(out, account, symbol, due),
            Event::CountdownElapsed { account, symbol } => put!(out, account, symbol),
            Event::CommandSkipped => {}
            Event::CommandRejected { reason } => put!(out, reason),
            Event::AlreadyDone { at } => put!(out, at),
            Event::SequenceRefused {
                producer,
                sequence,
                last,
            } => put!(out, producer, sequence, last),
            Event::SkipRecorded { offset } => put!(out, offset),
            Event::FormatActivated { format } => put!(out, format),
            Event::AssetAdded { .. }
            | Event::SymbolAdded { .. }
            | Event::FilterChanged { .. }
            | Event::SymbolFeesChanged { .. }
            | Event::SymbolStateChanged { .. }
            | Event::VenueStateChanged { .. }
            | Event::FeeTierChanged { .. }
            | Event::VenueLimitsChanged { .. } => rule(self, out),
            Event::AccountCreated { .. }
            | Event::AccountStateChanged { .. }
            | Event::AccountTierChanged { .. }
            | Event::AccountLimitsChanged { .. }
            | Event::KeyBound { .. }
            | Event::KeyUnbound { .. }
            | Event::TradeGroupChanged { .. }
            | Event::Deposited { .. }
            | Event::Withdrawn { .. }
            | Event::Transferred { .. } => account(self, out),
            other => perpetual::fields(other, out),
        }
    }
}

/// Listing, rules and switches.
fn rule(event: &Event, out: &mut Json<'_>) {
    match event {
        Event::AssetAdded { asset, code, scale } => {
            out.field("asset_id", &asset.0);
            put!(out, code, scale);
        }
        Event::SymbolAdded {
            symbol,
            name,
            kind,
            base,
            quote,
            price_scale,
            qty_scale,
        } => {
            out.field("symbol_id", &symbol.0);
            put!(out, name, kind, base, quote, price_scale, qty_scale);
        }
        Event::FilterChanged { symbol, filter } => put!(out, symbol, filter),
        Event::SymbolFeesChanged {
            symbol,
            maker,
            taker,
        } => put!(out, symbol, maker, taker),
        Event::SymbolStateChanged { symbol, state } => put!(out, symbol, state),
        Event::VenueStateChanged { state, withdrawals } => put!(out, state, withdrawals),
        Event::FeeTierChanged { tier, maker, taker } => put!(out, tier, maker, taker),
        Event::VenueLimitsChanged { limits } => put!(out, limits),
        other => unreachable!("{} is no rule", other.name()),
    }
}

/// Accounts, their keys and their money.
fn account(event: &Event, out: &mut Json<'_>) {
    match event {
        Event::AccountCreated { account, business } => put!(out, account, business),
        Event::AccountStateChanged { account, state } => put!(out, account, state),
        Event::AccountTierChanged { account, tier } => put!(out, account, tier),
        Event::AccountLimitsChanged {
            account,
            orders_per_10s,
            orders_per_day,
        } => {
            put!(out, account, orders_per_10s, orders_per_day);
        }
        Event::KeyBound {
            account,
            permissions,
            key,
        } => put!(out, account, permissions, key),
        Event::KeyUnbound { account, key } => put!(out, account, key),
        Event::TradeGroupChanged { account, group } => put!(out, account, group),
        Event::Deposited {
            account,
            asset,
            amount,
            business,
        }
        | Event::Withdrawn {
            account,
            asset,
            amount,
            business,
        } => {
            put!(out, account, asset, amount, business);
        }
        Event::Transferred {
            from,
            to,
            asset,
            amount,
            business,
        } => {
            put!(out, from, to, asset, amount, business);
        }
        other => unreachable!("{} is of no account", other.name()),
    }
}
