//! Rules of a symbol by name: `tick=0.01` and the like become filter commands.

use axum::Json;
use axum::extract::{Path, State};
use schemas::command::{Command, SetFilterV1, SetSymbolFeesV1};
use schemas::instrument::{Filter, TrailingDelta};
use schemas::protection::Protection;
use schemas::report::SymbolReport;
use schemas::units::{Amount, Price, Qty, Rate};
use serde::Deserialize;
use serde_json::Value;

use crate::admin::Admin;
use crate::admin::act::{Refused, done, usage};
use crate::decimal::parse_amount;

/// Rules to set, each `RULE=VALUE`.
#[derive(Deserialize)]
pub struct Rules {
    rules: Vec<String>,
}

/// `POST symbols/NAME/set`: one command per rule, in the order given.
pub async fn set(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    Json(body): Json<Rules>,
) -> Result<Json<Value>, Refused> {
    let mut commands = Vec::new();
    let mut symbol = admin.symbol(&name)?;
    let quote_scale = admin
        .queries
        .directory()
        .assets
        .get(usize::from(symbol.quote.0))
        .map_or(0, |a| a.scale);
    for text in &body.rules {
        let (rule, value) = text
            .split_once('=')
            .ok_or_else(|| usage(format!("`{text}` is not RULE=VALUE")))?;
        let command = command(&mut symbol, quote_scale, (rule, value)).ok_or_else(|| {
            usage(format!(
                "`{text}`: unknown rule, or a value finer than the symbol's units"
            ))
        })?;
        commands.push(command);
    }
    let mut last = None;
    for command in commands {
        last = Some(admin.act(command).await?);
    }
    last.map(|receipt| Json(done(&receipt)))
        .ok_or_else(|| usage("no rule given"))
}

/// The command for one rule; `symbol` keeps what earlier rules of the same call changed.
fn command(
    symbol: &mut SymbolReport,
    quote_scale: u8,
    (rule, value): (&str, &str),
) -> Option<Command> {
    let units = |scale| i64::try_from(parse_amount(value, scale)?.0).ok();
    let price = || units(symbol.price_scale).map(Price);
    let qty = || units(symbol.qty_scale).map(Qty);
    let filter = match rule {
        "tick" => (symbol.price.tick = price()?, Filter::Price(symbol.price)).1,
        "price-min" => (symbol.price.min = price()?, Filter::Price(symbol.price)).1,
        "price-max" => (symbol.price.max = price()?, Filter::Price(symbol.price)).1,
        "step" => {
            (
                symbol.lot_size.step = qty()?,
                Filter::LotSize(symbol.lot_size),
            )
                .1
        }
        "qty-min" => {
            (
                symbol.lot_size.min = qty()?,
                Filter::LotSize(symbol.lot_size),
            )
                .1
        }
        "qty-max" => {
            (
                symbol.lot_size.max = qty()?,
                Filter::LotSize(symbol.lot_size),
            )
                .1
        }
        "market-qty-max" => {
            symbol.market_lot_size.max = qty()?;
            Filter::MarketLotSize(symbol.market_lot_size)
        }
        "notional-min" => {
            symbol.notional.min = parse_amount(value, quote_scale)?;
            Filter::Notional(symbol.notional)
        }
        "notional-max" => {
            symbol.notional.max = parse_amount(value, quote_scale)?;
            Filter::Notional(symbol.notional)
        }
        "percent" => {
            let (up, down) = value.split_once('/')?;
            let multiplier = |text| u32::try_from(parse_amount(text, 4)?.0).ok();
            let (up, down) = (multiplier(up)?, multiplier(down)?);
            let percent = &mut symbol.percent_price;
            (percent.bid_up, percent.bid_down) = (up, down);
            (percent.ask_up, percent.ask_down) = (up, down);
            Filter::PercentPrice(*percent)
        }
        "max-orders" => Filter::MaxNumOrders(value.parse().ok()?),
        "max-algo-orders" => Filter::MaxNumAlgoOrders(value.parse().ok()?),
        "max-iceberg-orders" => Filter::MaxNumIcebergOrders(value.parse().ok()?),
        "max-order-lists" => Filter::MaxNumOrderLists(value.parse().ok()?),
        "max-order-amends" => Filter::MaxNumOrderAmends(value.parse().ok()?),
        "iceberg-parts" => Filter::IcebergParts(value.parse().ok()?),
        "trailing-delta" => Filter::TrailingDelta(trailing_delta(value)?),
        "band" | "breaker" | "market-depth" | "auction-seconds" => {
            Filter::Protection(protection(&mut symbol.protection, (rule, value))?)
        }
        "max-position" => Filter::MaxPosition(qty()?),
        "maker-fee" | "taker-fee" => return fees(symbol, rule, value),
        _ => return None,
    };
    Some(Command::SetFilter(SetFilterV1 {
        filter,
        symbol: symbol.symbol,
    }))
}

/// `MIN/MAX` in BIPS, for orders above and below the market alike.
fn trailing_delta(value: &str) -> Option<TrailingDelta> {
    let (min, max) = value.split_once('/')?;
    let (min, max) = (min.parse().ok()?, max.parse().ok()?);
    Some(TrailingDelta {
        min_above: min,
        max_above: max,
        min_below: min,
        max_below: max,
    })
}

/// Distances are percentages with at most two decimals; zero switches that part off.
fn protection(known: &mut Protection, (rule, value): (&str, &str)) -> Option<Protection> {
    let bips = |text: &str| {
        let percent = text.strip_suffix('%').unwrap_or(text);
        u32::try_from(parse_amount(percent, 2)?.0).ok()
    };
    match rule {
        "band" => known.band = bips(value)?,
        "breaker" => known.breaker = bips(value)?,
        "market-depth" => known.market_depth = bips(value)?,
        _ => known.auction_ms = value.parse::<u32>().ok()?.checked_mul(1_000)?,
    }
    Some(*known)
}

/// A rate may be negative: a rebate.
fn fees(symbol: &mut SymbolReport, rule: &str, value: &str) -> Option<Command> {
    let (sign, digits) = match value.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, value),
    };
    let Amount(atoms) = parse_amount(digits, 8)?;
    let rate = Rate(sign * i64::try_from(atoms).ok()?);
    if rule == "maker-fee" {
        symbol.maker_fee = rate;
    } else {
        symbol.taker_fee = rate;
    }
    Some(Command::SetSymbolFees(SetSymbolFeesV1 {
        maker: symbol.maker_fee,
        taker: symbol.taker_fee,
        symbol: symbol.symbol,
    }))
}
