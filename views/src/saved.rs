//! Views as bytes for a snapshot, as of an offset: explicit, in a fixed order.
//!
//! Levels are not written: they follow from the orders that stand in the book.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use schemas::ids::{AccountId, AssetId, Offset, OrderId, SymbolId};
use schemas::protection::Protection;
use schemas::report::{
    AssetReport, Directory, OrderExtras, OrderReport, OrderRules, SymbolReport, TradeReport,
};
use schemas::units::{Amount, Qty, Rate};
use schemas::wire::Wire;

use crate::Views;
use crate::account::{Account, Accounts};
use crate::lists::Lists;
use crate::market::{Market, open_of};
use crate::order_changes::OrderChanges;
use crate::perpetual::Perpetuals;
use crate::saved_candles;
use crate::slot::Slot;

/// The first bytes; another format has another number, and every older one still opens.
/// The second has candles and aggregate trades besides, the third order lists, the fourth
/// changes of orders.
const FORMAT: u32 = 4;
pub(crate) const FORMAT_WITHOUT_CHANGES: u32 = 3;
const FORMAT_WITHOUT_LISTS: u32 = 2;
pub(crate) const FORMAT_WITHOUT_CANDLES: u32 = 1;

/// Declares how a struct of another crate is written and read, field by field.
macro_rules! saved {
    (
        $put:ident, $take:ident, $name:ident { $($field:ident),* $(,)? }
        $(later { $($later:ident),* })?
    ) => {
        fn $put(value: &$name, out: &mut Vec<u8>) {
            let $name { $($field,)* $($($later: _,)*)? } = value;
            $($field.put(out);)*
        }
        fn $take(input: &mut &[u8]) -> Option<$name> {
            Some($name { $($field: Wire::take(input)?,)* $($($later: Default::default(),)*)? })
        }
    };
}

saved!(
    put_order,
    take_order,
    OrderReport {
        symbol,
        order,
        account,
        client_order,
        side,
        order_type,
        time_in_force,
        self_trade,
        status,
        price,
        qty,
        quote_qty,
        executed,
        quote,
        prevented,
        created,
        updated,
    }
    later { extras }
);
saved!(
    put_trade,
    take_trade,
    TradeReport {
        symbol,
        trade,
        price,
        qty,
        quote,
        time,
        taker_side,
        taker_order,
        taker_account,
        taker_fee,
        maker_order,
        maker_account,
        maker_fee,
    }
);
saved!(put_asset, take_asset, AssetReport { asset, code, scale });
saved!(
    put_symbol,
    take_symbol,
    SymbolReport {
        symbol,
        name,
        kind,
        state,
        base,
        quote,
        price_scale,
        qty_scale,
        maker_fee,
        taker_fee,
        price,
        lot_size,
        market_lot_size,
        notional,
        percent_price,
        max_num_orders,
        max_position,
    }
    later { order_rules, protection, indicative }
);

fn put_list<'a, T: 'a>(
    list: impl ExactSizeIterator<Item = &'a T>,
    out: &mut Vec<u8>,
    put: impl Fn(&T, &mut Vec<u8>),
) {
    (list.len() as u64).put(out);
    for item in list {
        put(item, out);
    }
}

fn take_list<T>(input: &mut &[u8], take: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let count = u64::take(input)?;
    let mut list = Vec::with_capacity(usize::try_from(count).ok()?.min(input.len()));
    for _ in 0..count {
        list.push(take(input)?);
    }
    Some(list)
}

impl Views {
    /// Bytes from which [`Views::load`] makes the same views. Not while another thread
    /// is in [`Views::apply`].
    pub fn save(&self) -> Vec<u8> {
        self.save_as(FORMAT)
    }

    /// The same in an older format; only tests write those.
    pub(crate) fn save_as(&self, format: u32) -> Vec<u8> {
        let mut out = Vec::new();
        format.put(&mut out);
        self.next.load(Ordering::Acquire).put(&mut out);
        put_directory(&self.directory.read(), &mut out);
        let markets = self.markets.read();
        (markets.len() as u64).put(&mut out);
        for market in markets.iter() {
            let market = market.lock();
            put_market(&market, &mut out);
            if format != FORMAT_WITHOUT_CANDLES {
                saved_candles::put(&market, &mut out);
            }
        }
        let mut accounts = Vec::new();
        let mut count = 0_u64;
        self.accounts.visit(|id, account| {
            count += 1;
            put_account(id, account, &mut accounts);
        });
        count.put(&mut out);
        out.append(&mut accounts);
        if FORMAT_WITHOUT_LISTS < format {
            self.lists.lock().put(&mut out);
        }
        if FORMAT_WITHOUT_CHANGES < format {
            for market in markets.iter() {
                market.lock().order_changes.put(&mut out);
            }
            self.lists.lock().put_names(&mut out);
        }
        self.put_terms(&mut out);
        out
    }

    /// What only orders with terms have, behind everything else and left out when there is
    /// nothing, so that older snapshots are read the same way.
    fn put_terms(&self, out: &mut Vec<u8>) {
        let directory = self.directory.read();
        let ruled = |symbol: &&SymbolReport| symbol.order_rules != OrderRules::default();
        let rules: Vec<&SymbolReport> = directory.symbols.iter().filter(ruled).collect();
        let mut extras = Vec::new();
        for market in self.markets.read().iter() {
            let market = market.lock();
            let reports = market.orders.iter().map(Slot::report);
            extras.extend(reports.filter(|report| report.extras.is_some()));
        }
        let perpetuals = self.perpetuals.lock();
        let guarded = |symbol: &&SymbolReport| {
            symbol.protection != Protection::default() || symbol.indicative.is_some()
        };
        let guarded: Vec<&SymbolReport> = directory.symbols.iter().filter(guarded).collect();
        let groups = self.accounts.groups();
        let is_plain = rules.is_empty() && extras.is_empty() && groups.is_empty();
        if is_plain && perpetuals.is_empty() && guarded.is_empty() {
            return;
        }
        put_list(rules.iter(), out, |symbol, out| {
            symbol.symbol.put(out);
            symbol.order_rules.put(out);
        });
        put_list(extras.iter(), out, |report, out| {
            report.symbol.put(out);
            report.order.put(out);
            report.extras.put(out);
        });
        let is_guarded = !guarded.is_empty() || !groups.is_empty();
        if !perpetuals.is_empty() || is_guarded {
            perpetuals.put(out);
        }
        if is_guarded {
            put_list(guarded.iter(), out, |symbol, out| {
                symbol.symbol.put(out);
                symbol.protection.put(out);
                symbol.indicative.put(out);
            });
        }
        if !groups.is_empty() {
            put_list(groups.iter(), out, |(account, group), out| {
                account.put(out);
                group.put(out);
            });
        }
    }

    fn take_groups(&self, input: &mut &[u8]) -> Option<()> {
        let member = |input: &mut &[u8]| Some((AccountId::take(input)?, u32::take(input)?));
        for (account, group) in take_list(input, member)? {
            self.accounts
                .change(account, |account| account.trade_group = group);
        }
        Some(())
    }

    fn take_protection(&self, input: &mut &[u8]) -> Option<()> {
        let guarded = |input: &mut &[u8]| {
            let symbol = SymbolId::take(input)?;
            Some((symbol, Wire::take(input)?, Wire::take(input)?))
        };
        let mut directory = Directory::clone(&self.directory.read());
        for (symbol, protection, indicative) in take_list(input, guarded)? {
            let symbol = directory.symbols.get_mut(symbol.0 as usize)?;
            symbol.protection = protection;
            symbol.indicative = indicative;
        }
        *self.directory.write() = Arc::new(directory);
        Some(())
    }

    fn take_terms(&self, input: &mut &[u8]) -> Option<()> {
        let rule = |input: &mut &[u8]| Some((SymbolId::take(input)?, Wire::take(input)?));
        let mut directory = Directory::clone(&self.directory.read());
        for (symbol, rules) in take_list(input, rule)? {
            directory.symbols.get_mut(symbol.0 as usize)?.order_rules = rules;
        }
        *self.directory.write() = Arc::new(directory);
        for _ in 0..u64::take(input)? {
            let (symbol, order) = (SymbolId::take(input)?, OrderId::take(input)?);
            let market = self.market(symbol)?;
            let mut market = market.lock();
            let slot = market.orders.get_mut(order)?;
            let extras: Option<OrderExtras> = Wire::take(input)?;
            slot.extras = extras.map(Box::new);
            let (report, rested) = (slot.report(), slot.rested);
            if rested && report.hidden() != Qty::ZERO {
                let last_update = market.book.last_update();
                let hidden = Qty(-report.hidden().0);
                market.book.change(report.side, report.price, hidden);
                market.book.set_last_update(last_update);
            }
        }
        Some(())
    }

    /// The views that [`Views::save`] wrote; `None` if the bytes mean nothing.
    pub fn load(mut bytes: &[u8]) -> Option<Views> {
        let input = &mut bytes;
        let format = u32::take(input)?;
        if !(FORMAT_WITHOUT_CANDLES..=FORMAT).contains(&format) {
            return None;
        }
        let next = AtomicU64::new(u64::take(input)?);
        let directory = RwLock::new(Arc::new(take_directory(input)?));
        let markets = take_list(input, |input| {
            let mut market = take_market(input)?;
            if format == FORMAT_WITHOUT_CANDLES {
                saved_candles::derive(&mut market);
            } else {
                saved_candles::take(&mut market, input)?;
            }
            Some(Arc::new(Mutex::new(market)))
        })?;
        let accounts = Accounts::new();
        for _ in 0..u64::take(input)? {
            take_account(&accounts, input)?;
        }
        let mut lists = if FORMAT_WITHOUT_LISTS < format {
            Lists::take(input)?
        } else {
            Lists::default()
        };
        if FORMAT_WITHOUT_CHANGES < format {
            for market in &markets {
                market.lock().order_changes = OrderChanges::take(input)?;
            }
            lists.take_names(input)?;
        }
        let views = Views {
            directory,
            markets: RwLock::new(markets),
            accounts,
            lists: Mutex::new(lists),
            perpetuals: Mutex::default(),
            next,
            forgettable: AtomicU64::new(0),
        };
        if !input.is_empty() {
            views.take_terms(input)?;
        }
        let directory = views.directory();
        let scales = directory.assets.iter().map(|asset| asset.scale).collect();
        let perpetuals = match input.is_empty() {
            true => Perpetuals::default(),
            false => Perpetuals::take(input)?,
        };
        *views.perpetuals.lock() = perpetuals.with_scales(scales);
        if !input.is_empty() {
            views.take_protection(input)?;
        }
        if !input.is_empty() {
            views.take_groups(input)?;
        }
        input.is_empty().then_some(views)
    }
}

fn put_rates((maker, taker): &(Rate, Rate), out: &mut Vec<u8>) {
    maker.put(out);
    taker.put(out);
}

fn put_directory(directory: &Directory, out: &mut Vec<u8>) {
    let Directory {
        assets,
        symbols,
        limits,
        tiers,
        venue,
        withdrawals,
    } = directory;
    put_list(assets.iter(), out, put_asset);
    put_list(symbols.iter(), out, put_symbol);
    limits.put(out);
    put_list(tiers.iter(), out, put_rates);
    venue.put(out);
    withdrawals.put(out);
}

fn take_directory(input: &mut &[u8]) -> Option<Directory> {
    Some(Directory {
        assets: take_list(input, take_asset)?,
        symbols: take_list(input, take_symbol)?,
        limits: Wire::take(input)?,
        tiers: take_list(input, |input| {
            Some((Wire::take(input)?, Wire::take(input)?))
        })?,
        venue: Wire::take(input)?,
        withdrawals: Wire::take(input)?,
    })
}

fn put_market(market: &Market, out: &mut Vec<u8>) {
    market.book.last_update().put(out);
    let slots: Vec<_> = market.orders.iter().collect();
    put_list(slots.iter(), out, |slot, out| {
        put_order(&slot.report(), out);
        slot.rested.put(out);
    });
    put_list(
        market.orders.closed().iter(),
        out,
        |(offset, order), out| {
            offset.put(out);
            order.put(out);
        },
    );
    put_list(market.trades.iter(), out, |(offset, trade), out| {
        offset.put(out);
        put_trade(trade, out);
    });
}

fn take_market(input: &mut &[u8]) -> Option<Market> {
    let mut market = Market::new();
    let last_update = u64::take(input)?;
    let mut before = 0;
    for _ in 0..u64::take(input)? {
        let order = take_order(input)?;
        let rested = bool::take(input)?;
        if order.order.0 <= before {
            return None;
        }
        before = order.order.0;
        if rested {
            market.book.change(order.side, order.price, open_of(&order));
        }
        market.orders.restore(order, rested);
    }
    market.book.set_last_update(last_update);
    let pair = |input: &mut &[u8]| Some((Offset::take(input)?, OrderId::take(input)?));
    market
        .orders
        .restore_closed(VecDeque::from(take_list(input, pair)?));
    for _ in 0..u64::take(input)? {
        let offset = Offset::take(input)?;
        let trade = take_trade(input)?;
        market
            .orders
            .restore_trade(trade.maker_account, trade.trade.0);
        market
            .orders
            .restore_trade(trade.taker_account, trade.trade.0);
        market.trades.restore(offset, trade);
    }
    Some(market)
}

fn put_account(id: AccountId, account: &Account, out: &mut Vec<u8>) {
    id.put(out);
    account.state.put(out);
    account.tier.put(out);
    put_list(account.balances.iter(), out, |(asset, free, held), out| {
        asset.put(out);
        free.put(out);
        held.put(out);
    });
    account.updated.put(out);
    account.orders_10s.put(out);
    account.orders_1d.put(out);
    account.ordered.put(out);
}

fn take_account(accounts: &Accounts, input: &mut &[u8]) -> Option<()> {
    let id = AccountId::take(input)?;
    let balance = |input: &mut &[u8]| {
        Some((
            AssetId::take(input)?,
            Amount::take(input)?,
            Amount::take(input)?,
        ))
    };
    let account = Account {
        state: Wire::take(input)?,
        tier: Wire::take(input)?,
        trade_group: 0,
        balances: take_list(input, balance)?,
        updated: Wire::take(input)?,
        orders_10s: Wire::take(input)?,
        orders_1d: Wire::take(input)?,
        ordered: Wire::take(input)?,
    };
    accounts.change(id, |empty| *empty = account);
    Some(())
}
