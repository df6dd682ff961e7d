//! What a state holds: orders, levels, balances, symbols.

use engine::perpetual::Contract;
use engine::perpetual::reads::OpenPosition;
use engine::reads::{BookLevel, OpenExtras, OpenOrder};
use engine::state::Symbol;
use schemas::ids::{AccountId, AssetId};
use schemas::peg::Pegged;
use schemas::report::{OrderExtras, OrderReport};
use schemas::units::Amount;

use crate::json::{Fields, Json, Show, put, shown};

/// What an account has of one asset, in atoms.
pub struct Balance {
    /// Of which asset.
    pub asset: AssetId,
    /// Decimals of one unit.
    pub scale: u8,
    /// At the account's disposal.
    pub free: Amount,
    /// Held by open orders.
    pub held: Amount,
}

/// What an account has of one asset in its futures wallet, in atoms.
pub struct Wallet {
    /// Of which asset.
    pub asset: AssetId,
    /// Decimals of one unit.
    pub scale: u8,
    /// Behind all cross positions.
    pub cross: Amount,
    /// Beside isolated positions.
    pub isolated: Amount,
}

/// A perpetual at one moment.
pub struct Terms<'a> {
    /// Its rules, leverage table and prices.
    pub contract: &'a Contract,
}

/// An account at one moment.
pub struct Holdings {
    /// Whose.
    pub account: AccountId,
    /// Every asset that is not empty.
    pub balances: Vec<Balance>,
    /// Every futures wallet that is not empty.
    pub futures: Vec<Wallet>,
    /// By symbol and side.
    pub positions: Vec<OpenPosition>,
    /// By symbol and number.
    pub open_orders: Vec<OpenOrder>,
}

shown! {
    Balance { asset, scale, free, held }
    Wallet { asset, scale, cross, isolated }
    OpenPosition { symbol, side, holding, leverage, isolated, mark, unrealised, maintenance }
    Holdings { account, balances, futures, positions, open_orders }
    BookLevel { price, qty, orders }
    OpenOrder {
        symbol, order, account, client_order, side, order_type, time_in_force, self_trade, price,
        qty, open, executed, prevented, quote, created, extras,
    }
    OpenExtras { terms, list, stage, hidden }
    OrderReport {
        symbol, order, account, client_order, side, order_type, time_in_force, self_trade, status,
        price, qty, quote_qty, executed, quote, prevented, created, updated, extras,
    }
    OrderExtras { terms, list, trailing_time, working_time, hidden, stage, expiry, pegged }
    Pegged { peg, limit, price }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self, out: &mut Json<'_>) {
        self.as_slice().show(out);
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self, out: &mut Json<'_>) {
        match self {
            Some(value) => value.show(out),
            None => out.number("null"),
        }
    }
}

impl Fields for Terms<'_> {
    fn fields(&self, out: &mut Json<'_>) {
        let Contract {
            spec,
            index,
            mark,
            last_funding,
            next_funding,
            longs,
            ..
        } = self.contract;
        out.field("open_interest", longs);
        put!(out, index, mark, last_funding, next_funding, spec);
        let table = self.contract.table.as_ref();
        out.field("brackets", &table.map(|table| table.brackets().to_vec()));
    }
}

impl Show for Terms<'_> {
    fn show(&self, out: &mut Json<'_>) {
        out.object(|out| self.fields(out));
    }
}

impl Fields for Symbol {
    fn fields(&self, out: &mut Json<'_>) {
        let Symbol {
            kind,
            price_scale,
            qty_scale,
            state,
            opens_at,
            price,
            ..
        } = self;
        let Symbol {
            lot,
            market_lot,
            notional,
            percent,
            max_num_orders,
            max_position,
            ..
        } = self;
        let Symbol {
            maker,
            taker,
            last_trade,
            next_order,
            next_trade,
            market,
            ..
        } = self;
        out.field("symbol", &market.symbol);
        out.field("base", &market.base);
        out.field("quote", &market.quote);
        put!(
            out,
            kind,
            price_scale,
            qty_scale,
            state,
            opens_at,
            maker,
            taker,
            price,
            lot
        );
        put!(
            out,
            market_lot,
            notional,
            percent,
            max_num_orders,
            max_position,
            last_trade
        );
        put!(out, next_order, next_trade);
    }
}
