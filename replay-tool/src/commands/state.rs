//! `state DIR --at OFFSET (--account ID | --symbol S | --order S:ID)`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use engine::apply::Engine;
use engine::perpetual::Contract;
use engine::perpetual::reads::OpenPosition;
use engine::state::Symbol;
use schemas::ids::{AccountId, Offset, OrderId, SymbolId};
use schemas::instrument::{OrderStatus, Side};
use schemas::report::OrderReport;
use schemas::units::{Amount, Price};

use crate::commands::{Outcome, tell_refused};
use crate::finding::Finding;
use crate::json::state::{Balance, Holdings, Terms, Wallet};
use crate::json::{Fields, Json, Names, Show};
use crate::order_life::OrderLife;
use crate::walk::Walk;

/// Balances, open orders, a book or one order, as they were after an offset.
#[derive(clap::Args)]
pub struct State {
    /// The data directory.
    dir: PathBuf,
    /// The last command that is in the state.
    #[arg(long)]
    at: u64,
    #[command(flatten)]
    what: What,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
}

/// A rate is told in units of 1e-8.
const RATE_SCALE: u8 = 8;

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// An account: what it has, its positions and its open orders.
    #[arg(long)]
    account: Option<u32>,
    /// A symbol (`spot:BTCUSDT`, `perp:BTCUSDT`; a bare name is a spot symbol): its rules, its
    /// book, and of a perpetual prices, funding and open interest.
    #[arg(long)]
    symbol: Option<String>,
    /// An order as SYMBOL:NUMBER, open or closed.
    #[arg(long)]
    order: Option<String>,
}

impl State {
    /// Replays from the newest snapshot at or before the offset.
    ///
    /// # Errors
    /// A [`Finding`] when the journal is damaged, anything else when nobody could look.
    pub fn run(&self, out: &mut impl Write) -> anyhow::Result<Outcome> {
        let next = Offset(self.at.saturating_add(1));
        let or_error = |error| Finding::or_error(&self.dir, error);
        let mut walk = Walk::towards(&self.dir, next).map_err(or_error)?;
        tell_refused(&walk);
        walk.run_to(next).map_err(or_error)?;
        let engine = &walk.replayer.engine;
        let names = Names::of(engine);
        if let Some(account) = self.what.account {
            let holdings = self.holdings(engine, AccountId(account))?;
            self.tell(out, (&names, &holdings), |out| {
                tell_holdings(out, &holdings, &names)
            })?;
        } else if let Some(symbol) = &self.what.symbol {
            let symbol = self.symbol(&names, symbol)?;
            let book = Book { engine, symbol };
            self.tell(out, (&names, &book), |out| book.tell(out, &names))?;
        } else if let Some(order) = &self.what.order {
            let report = self.order(order, (engine, &names))?;
            self.tell(out, (&names, &report), |out| {
                tell_order(out, &report, &names)
            })?;
        }
        Ok(Outcome::Clean)
    }

    fn tell<W: Write>(
        &self,
        out: &mut W,
        (names, shown): (&Names, &impl Fields),
        text: impl FnOnce(&mut W) -> std::io::Result<()>,
    ) -> anyhow::Result<()> {
        if self.json {
            let mut json = Json::new(names);
            json.object(|json| {
                json.field("offset", &self.at);
                shown.fields(json);
            });
            writeln!(out, "{}", json.finish())?;
        } else {
            text(out)?;
        }
        Ok(())
    }

    fn holdings(&self, engine: &Engine, account: AccountId) -> anyhow::Result<Holdings> {
        anyhow::ensure!(
            account.0 < engine.accounts(),
            "no account {} at offset {}",
            account.0,
            self.at
        );
        let balances = engine.assets().iter().map(|asset| {
            let (free, held) = engine.balance(account, asset.asset);
            Balance {
                asset: asset.asset,
                scale: asset.scale,
                free,
                held,
            }
        });
        let moved = |it: &Balance| it.free != Amount::ZERO || it.held != Amount::ZERO;
        let wallets = engine.assets().iter().map(|asset| {
            let (cross, isolated) = engine.wallet(account, asset.asset);
            Wallet {
                asset: asset.asset,
                scale: asset.scale,
                cross,
                isolated,
            }
        });
        let filled = |it: &Wallet| it.cross != Amount::ZERO || it.isolated != Amount::ZERO;
        Ok(Holdings {
            account,
            balances: balances.filter(moved).collect(),
            futures: wallets.filter(filled).collect(),
            positions: engine.open_positions(account),
            open_orders: engine.open_orders(account),
        })
    }

    fn symbol(&self, names: &Names, name: &str) -> anyhow::Result<SymbolId> {
        let found = names.symbol(name);
        found.with_context(|| format!("no symbol {name} at offset {}", self.at))
    }

    /// From the book when it is open, else from the journal's beginning.
    fn order(&self, text: &str, (engine, names): (&Engine, &Names)) -> anyhow::Result<OrderReport> {
        let (name, number) = text.rsplit_once(':').context("an order is SYMBOL:NUMBER")?;
        let order = OrderId(number.parse().context("an order's number")?);
        let symbol = self.symbol(names, name)?;
        if let Some(report) = open_order(engine, symbol, order) {
            return Ok(report);
        }
        let listed = &engine.symbols()[symbol.0 as usize];
        let issued = 0 < order.0 && order.0 < listed.next_order;
        anyhow::ensure!(issued, "no order {text} at offset {}", self.at);
        let or_error = |error| Finding::or_error(&self.dir, error);
        let mut walk = Walk::whole(&self.dir).map_err(or_error)?;
        let mut life = OrderLife::new(symbol, order);
        while walk.next().0 <= self.at {
            let Some(step) = walk.step().map_err(or_error)? else {
                break;
            };
            life.absorb(step.applied.stamp, step.applied.events);
        }
        let report = life.report().copied();
        report.with_context(|| format!("order {text} is older than this journal"))
    }
}

fn open_order(engine: &Engine, symbol: SymbolId, order: OrderId) -> Option<OrderReport> {
    let sides = [Side::Buy, Side::Sell];
    let mut open = sides
        .into_iter()
        .flat_map(|side| engine.queue(symbol, side));
    let found = open.find(|open| open.order == order)?;
    if found.extras.is_some() {
        // When it began to track or to work, only its events say.
        return None;
    }
    let status = match found.executed.0 {
        0 => OrderStatus::New,
        _ => OrderStatus::PartiallyFilled,
    };
    Some(OrderReport {
        symbol,
        order,
        account: found.account,
        client_order: found.client_order,
        side: found.side,
        order_type: found.order_type,
        time_in_force: found.time_in_force,
        self_trade: found.self_trade,
        status,
        price: found.price,
        qty: found.qty,
        quote_qty: Amount::ZERO,
        executed: found.executed,
        quote: found.quote,
        prevented: found.prevented,
        created: found.created,
        updated: found.created,
        extras: None,
    })
}

/// A symbol with its rules and both sides of its book.
struct Book<'a> {
    engine: &'a Engine,
    symbol: SymbolId,
}

impl Fields for Book<'_> {
    fn fields(&self, out: &mut Json<'_>) {
        self.engine.symbols()[self.symbol.0 as usize].fields(out);
        if let Some(contract) = self.engine.contract(self.symbol) {
            out.field("contract", &Terms { contract });
        }
        out.field("bids", &self.engine.levels(self.symbol, Side::Buy));
        out.field("asks", &self.engine.levels(self.symbol, Side::Sell));
    }
}

impl Book<'_> {
    fn tell(&self, out: &mut impl Write, names: &Names) -> std::io::Result<()> {
        let symbol = &self.engine.symbols()[self.symbol.0 as usize];
        let name = names.of_symbol(self.symbol).unwrap_or_default();
        writeln!(out, "{name} {}", word(&symbol.state, names))?;
        if let Some(contract) = self.engine.contract(self.symbol) {
            tell_contract(out, contract, symbol)?;
        }
        for (side, title) in [(Side::Buy, "bid"), (Side::Sell, "ask")] {
            for level in self.engine.levels(self.symbol, side) {
                let price = decimal(level.price.0.into(), symbol.price_scale);
                let qty = decimal(level.qty.0.into(), symbol.qty_scale);
                writeln!(out, "{title} {price} x {qty} in {} orders", level.orders)?;
            }
        }
        Ok(())
    }
}

/// Prices, open interest and funding of a perpetual.
fn tell_contract(
    out: &mut impl Write,
    contract: &Contract,
    symbol: &Symbol,
) -> std::io::Result<()> {
    let price = |price: Option<Price>| match price {
        Some(price) => decimal(price.0.into(), symbol.price_scale),
        None => "none".to_string(),
    };
    writeln!(
        out,
        "index {} mark {} open interest {} funding {} next at {} ns",
        price(contract.index),
        price(contract.mark),
        decimal(contract.longs, symbol.qty_scale),
        decimal(contract.last_funding.0.into(), RATE_SCALE),
        contract.next_funding.0
    )
}

fn tell_position(
    out: &mut impl Write,
    position: &OpenPosition,
    names: &Names,
) -> std::io::Result<()> {
    let symbol = names.of_symbol(position.symbol).unwrap_or_default();
    let margin = match position.isolated {
        true => "isolated",
        false => "cross",
    };
    writeln!(
        out,
        "{symbol} {} {} units, cost {}, mark {} ticks, {}x {margin}: unrealised {}, maintenance {}",
        word(&position.side, names),
        position.holding.size.0,
        position.holding.cost.0,
        position.mark.0,
        position.leverage,
        position.unrealised.0,
        position.maintenance.0
    )
}

fn tell_holdings(out: &mut impl Write, held: &Holdings, names: &Names) -> std::io::Result<()> {
    writeln!(out, "account {}", held.account.0)?;
    for balance in &held.balances {
        let asset = names.of_asset(balance.asset).unwrap_or_default();
        let free = decimal(balance.free.0, balance.scale);
        let locked = decimal(balance.held.0, balance.scale);
        writeln!(out, "{asset} free {free} held {locked}")?;
    }
    for wallet in &held.futures {
        let asset = names.of_asset(wallet.asset).unwrap_or_default();
        let cross = decimal(wallet.cross.0, wallet.scale);
        let isolated = decimal(wallet.isolated.0, wallet.scale);
        writeln!(out, "futures {asset} cross {cross} isolated {isolated}")?;
    }
    for position in &held.positions {
        tell_position(out, position, names)?;
    }
    for order in &held.open_orders {
        let symbol = names.of_symbol(order.symbol).unwrap_or_default();
        let (side, number) = (word(&order.side, names), order.order.0);
        let (open, qty, price) = (order.open.0, order.qty.0, order.price.0);
        writeln!(
            out,
            "{symbol}:{number} {side} {open} of {qty} units open @ {price} ticks"
        )?;
    }
    Ok(())
}

fn tell_order(out: &mut impl Write, report: &OrderReport, names: &Names) -> std::io::Result<()> {
    let symbol = names.of_symbol(report.symbol).unwrap_or_default();
    let (side, status) = (word(&report.side, names), word(&report.status, names));
    writeln!(
        out,
        "{symbol}:{} account {} {side} {} units @ {} ticks: {status}, executed {}, prevented {}",
        report.order.0,
        report.account.0,
        report.qty.0,
        report.price.0,
        report.executed.0,
        report.prevented.0
    )
}

/// The word of an enumeration, without quotes.
fn word(value: &impl Show, names: &Names) -> String {
    let mut json = Json::new(names);
    value.show(&mut json);
    json.finish().trim_matches('"').to_string()
}

/// A whole number of units as a decimal.
fn decimal(units: i128, scale: u8) -> String {
    let digits = format!(
        "{:0>width$}",
        units.unsigned_abs(),
        width = usize::from(scale) + 1
    );
    let (whole, part) = digits.split_at(digits.len() - usize::from(scale));
    let sign = if units < 0 { "-" } else { "" };
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{part}")
}
