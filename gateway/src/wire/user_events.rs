//! What happened to an account, as the dialect tells it: execution reports, balances.
//!
//! One update is one command: its execution reports in order, then its order lists, then what
//! came and went from outside, then the balances that moved. Each event carries the `offset`
//! of its command, by which a client asks for the rest after an absence. A taker's last fill
//! says FILLED, although the engine tells the end behind it; a rest in the book is told by NEW.

use schemas::event::{Event, OrderAmended, OrderDone, Trade, TradePrevented};
use schemas::ids::{AssetId, EventId, OrderId};
use schemas::instrument::{OrderStatus, Side};
use schemas::report::{Directory, OrderExtras, OrderReport, UserEvent, UserUpdate};
use schemas::units::{Amount, Price, Qty};
use serde::Serialize;

use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;
use crate::wire::list_status::list_statuses;
use crate::wire::names::{PEG_OFFSET_TYPE, Spelled, expiry_reason, peg_price_type};
use crate::wire::symbol_query::spot;

/// Of an order that belongs to no list.
const NO_LIST: i64 = -1;

/// An execution report; the dialect's one-letter names.
#[derive(Serialize)]
struct ExecutionReport<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    s: &'a str,
    c: &'a str,
    #[serde(rename = "S")]
    side: &'static str,
    o: &'static str,
    f: &'static str,
    q: Fixed,
    p: Fixed,
    #[serde(rename = "P")]
    stop_price: Fixed,
    #[serde(rename = "F")]
    iceberg_qty: Fixed,
    g: i64,
    #[serde(rename = "C")]
    original: &'a str,
    x: &'static str,
    #[serde(rename = "X")]
    status: &'static str,
    r: &'static str,
    i: u64,
    l: Fixed,
    z: Fixed,
    #[serde(rename = "L")]
    last_price: Fixed,
    n: Commission,
    #[serde(rename = "N")]
    commission_asset: Option<&'a str>,
    #[serde(rename = "T")]
    transaction_time: u64,
    t: i64,
    #[serde(flatten)]
    terms: Terms,
    #[serde(flatten)]
    prevented: Option<Prevented>,
    #[serde(rename = "I")]
    execution: u64,
    w: bool,
    m: bool,
    #[serde(rename = "M")]
    ignored: bool,
    #[serde(rename = "O")]
    created: u64,
    #[serde(rename = "Z")]
    quote: Fixed,
    #[serde(rename = "Y")]
    last_quote: Fixed,
    #[serde(rename = "Q")]
    quote_qty: Fixed,
    #[serde(rename = "W", skip_serializing_if = "Option::is_none")]
    working_time: Option<u64>,
    #[serde(rename = "V")]
    self_trade: &'static str,
    #[serde(rename = "eR", skip_serializing_if = "Option::is_none")]
    expiry: Option<&'static str>,
    offset: u64,
}

/// What only an order with terms has.
#[derive(Serialize, Default)]
struct Terms {
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    trailing_delta: Option<u32>,
    #[serde(rename = "D", skip_serializing_if = "Option::is_none")]
    trailing_time: Option<u64>,
    #[serde(rename = "j", skip_serializing_if = "Option::is_none")]
    strategy_id: Option<u64>,
    #[serde(rename = "J", skip_serializing_if = "Option::is_none")]
    strategy_type: Option<u32>,
    #[serde(rename = "gP", skip_serializing_if = "Option::is_none")]
    peg_price_type: Option<&'static str>,
    #[serde(rename = "gOT", skip_serializing_if = "Option::is_none")]
    peg_offset_type: Option<&'static str>,
    #[serde(rename = "gOV", skip_serializing_if = "Option::is_none")]
    peg_offset_value: Option<u8>,
    #[serde(rename = "gp", skip_serializing_if = "Option::is_none")]
    pegged_price: Option<Fixed>,
}

impl Terms {
    fn of(extras: &OrderExtras, unit: TimeUnit, grid: &Grid) -> Terms {
        let terms = &extras.terms;
        let pegged = extras.pegged;
        let offset = pegged.map(|it| it.peg.offset).filter(|levels| *levels != 0);
        let price = pegged.map(|it| it.price);
        Terms {
            trailing_delta: Some(terms.trailing_delta).filter(|delta| *delta != 0),
            trailing_time: extras.trailing_time().map(|time| unit.print(time)),
            strategy_id: Some(terms.strategy_id).filter(|id| *id != 0),
            strategy_type: Some(terms.strategy_type).filter(|kind| *kind != 0),
            peg_price_type: pegged.map(|it| peg_price_type(it.peg)),
            peg_offset_type: offset.map(|_| PEG_OFFSET_TYPE),
            peg_offset_value: offset,
            pegged_price: price
                .filter(|price| *price != Price::ZERO)
                .map(|price| grid.price(price)),
        }
    }
}

/// "0" without a fill, else the number.
enum Commission {
    None,
    Some(Fixed),
}

impl Serialize for Commission {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Commission::None => serializer.serialize_str("0"),
            Commission::Some(fixed) => fixed.serialize(serializer),
        }
    }
}

/// What self-trade prevention took.
#[derive(Serialize, Clone, Copy)]
struct Prevented {
    /// The event that prevented it.
    #[serde(skip_serializing_if = "Option::is_none")]
    v: Option<u64>,
    #[serde(rename = "A")]
    total: Fixed,
    #[serde(rename = "B")]
    last: Fixed,
    /// The other order, where it is known.
    #[serde(rename = "U", skip_serializing_if = "Option::is_none")]
    counter_order: Option<u64>,
}

#[derive(Serialize)]
struct Position<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    u: u64,
    #[serde(rename = "B")]
    balances: Vec<Balance<'a>>,
    offset: u64,
}

#[derive(Serialize)]
struct Balance<'a> {
    a: &'a str,
    f: Fixed,
    l: Fixed,
}

#[derive(Serialize)]
struct BalanceUpdate<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    a: &'a str,
    d: Fixed,
    #[serde(rename = "T")]
    clear_time: u64,
    offset: u64,
}

/// The events of one update, in order, as JSON.
pub fn events(directory: &Directory, unit: TimeUnit, update: &UserUpdate) -> Vec<String> {
    let telling = Telling {
        directory,
        unit,
        update,
    };
    let mut out = Vec::new();
    for (index, told) in update.events.iter().enumerate() {
        out.extend(telling.execution(index, told));
    }
    out.extend(list_statuses(directory, unit, update));
    for told in &update.events {
        out.extend(telling.balance_update(&told.event));
    }
    out.extend(telling.position());
    out
}

/// One update on its way to text.
struct Telling<'a> {
    directory: &'a Directory,
    unit: TimeUnit,
    update: &'a UserUpdate,
}

impl Telling<'_> {
    fn execution(&self, index: usize, told: &UserEvent) -> Option<String> {
        let order = told.order.as_ref()?;
        let symbol = spot(self.directory, order.symbol)?;
        let grid = Grid::new(self.directory, symbol);
        let mut report = self.report(&grid, order, told.id);
        match &told.event {
            // An order with terms is told once these are known.
            Event::OrderAccepted(_) if self.has_terms(index) => return None,
            // Its price is known right behind it.
            Event::OrderTermsAccepted(_) | Event::OrderActivated(_) | Event::OrderTriggered(_)
                if self.is_pegged(index) =>
            {
                return None;
            }
            Event::OrderAccepted(_)
            | Event::OrderPegged(_)
            | Event::OrderTermsAccepted(_)
            | Event::OrderActivated(_)
            | Event::OrderTriggered(_) => {}
            Event::Trade(trade) => {
                let is_over = self.ends_filled(index, order.order);
                fill(&mut report, &grid, (order, trade, is_over));
            }
            Event::OrderDone(done) => {
                if done.status == OrderStatus::Filled {
                    return None;
                }
                self.end(&mut report, &grid, (index, order, done));
            }
            Event::TradePrevented(met) => prevented(&mut report, &grid, (order, met, told.id))?,
            Event::OrderAmended(amended) => rename(&mut report, amended),
            _ => return None,
        }
        Some(text(&report))
    }

    /// The order as it stands, before an event says more.
    fn report<'a>(
        &self,
        grid: &'a Grid,
        order: &'a OrderReport,
        id: EventId,
    ) -> ExecutionReport<'a> {
        let time = self.unit.print(self.update.time);
        let extras = order.extras.as_ref();
        let stop_price = extras.and_then(|extras| extras.terms.stop_price());
        let iceberg_qty = extras.map_or(Qty::ZERO, |extras| extras.terms.iceberg_qty);
        ExecutionReport {
            e: "executionReport",
            event_time: time,
            s: grid.name(),
            c: order.client_order.as_str(),
            side: order.side.text(),
            o: order.order_type.text(),
            f: order.time_in_force.text(),
            q: grid.qty(order.qty),
            p: grid.price(order.written_price()),
            stop_price: grid.price(stop_price.unwrap_or(Price::ZERO)),
            iceberg_qty: grid.qty(iceberg_qty),
            g: order.list().map_or(NO_LIST, |list| list.0 as i64),
            original: "",
            x: "NEW",
            status: order.status.text(),
            r: "NONE",
            i: order.order.0,
            l: Fixed::ZERO,
            z: grid.qty(order.executed),
            last_price: Fixed::ZERO,
            n: Commission::None,
            commission_asset: None,
            transaction_time: time,
            t: -1,
            terms: extras.map_or_else(Terms::default, |extras| Terms::of(extras, self.unit, grid)),
            prevented: None,
            execution: id.0,
            w: order.status.is_open() && order.is_working(),
            m: false,
            ignored: false,
            created: self.unit.print(order.created),
            quote: grid.quote(order.quote),
            last_quote: Fixed::ZERO,
            quote_qty: grid.quote(order.quote_qty),
            working_time: order.working_time().map(|time| self.unit.print(time)),
            self_trade: order.self_trade.text(),
            expiry: None,
            offset: self.update.offset.0,
        }
    }

    /// Whether the terms of the order follow right behind its acceptance.
    fn has_terms(&self, index: usize) -> bool {
        let next = self.update.events.get(index + 1);
        next.is_some_and(|told| matches!(told.event, Event::OrderTermsAccepted(_)))
    }

    /// Whether the peg of the order follows right behind this event.
    fn is_pegged(&self, index: usize) -> bool {
        let next = self.update.events.get(index + 1);
        next.is_some_and(|told| matches!(told.event, Event::OrderPegged(_)))
    }

    /// Whether this is the last fill of an order that the command fills.
    fn ends_filled(&self, index: usize, order: OrderId) -> bool {
        let mut rest = self.update.events[index + 1..].iter();
        let of_order = |told: &&UserEvent| told.order.is_some_and(|other| other.order == order);
        let next = rest.find(|told| of_order(told) && !matches!(told.event, Event::OrderRested(_)));
        matches!(next, Some(UserEvent { event: Event::OrderDone(done), .. })
            if done.status == OrderStatus::Filled)
    }

    fn end<'a>(
        &self,
        report: &mut ExecutionReport<'a>,
        grid: &Grid,
        (index, order, done): (usize, &'a OrderReport, &'a OrderDone),
    ) {
        match done.status {
            OrderStatus::Canceled => {
                report.x = "CANCELED";
                report.original = order.client_order.as_str();
                if !done.cancel_client.is_empty() {
                    report.c = done.cancel_client.as_str();
                }
            }
            OrderStatus::ExpiredInMatch => {
                report.x = "TRADE_PREVENTION";
                let before = self.update.events[..index].iter().rev();
                let met = before.filter_map(|told| match &told.event {
                    Event::TradePrevented(met) => Some((told.id, met)),
                    _ => None,
                });
                let met = met
                    .filter(|(_, met)| {
                        met.taker_order == done.order || met.maker_order == done.order
                    })
                    .map(|(id, met)| (id.0, counter_order(met, done.order)))
                    .next();
                report.prevented = Some(Prevented {
                    v: met.map(|(id, _)| id),
                    total: grid.qty(order.prevented),
                    last: grid.qty(done.prevented),
                    counter_order: met.map(|(_, counter)| counter.0),
                });
            }
            _ => {
                report.x = "EXPIRED";
                report.expiry = expiry_reason(order);
            }
        }
    }

    fn balance_update(&self, event: &Event) -> Option<String> {
        let (asset, delta) = match event {
            Event::Deposited { asset, amount, .. } => (*asset, amount.0),
            Event::Withdrawn { asset, amount, .. } => (*asset, -amount.0),
            Event::Transferred {
                from,
                asset,
                amount,
                ..
            } if *from == self.update.account => (*asset, -amount.0),
            Event::Transferred { asset, amount, .. } => (*asset, amount.0),
            _ => return None,
        };
        let time = self.unit.print(self.update.time);
        let asset = self.directory.assets.get(usize::from(asset.0))?;
        Some(text(&BalanceUpdate {
            e: "balanceUpdate",
            event_time: time,
            a: asset.code.as_str(),
            d: Fixed::amount(Amount(delta), asset.scale),
            clear_time: time,
            offset: self.update.offset.0,
        }))
    }

    /// The balances that moved, each as it is after the command.
    fn position(&self) -> Option<String> {
        let mut moved: Vec<(AssetId, Amount, Amount)> = Vec::new();
        for told in &self.update.events {
            if let Event::BalanceChanged(balance) = &told.event {
                moved.retain(|(asset, _, _)| *asset != balance.asset);
                moved.push((balance.asset, balance.free, balance.held));
            }
        }
        if moved.is_empty() {
            return None;
        }
        let balance = |(asset, free, held): (AssetId, Amount, Amount)| {
            let asset = self.directory.assets.get(usize::from(asset.0))?;
            Some(Balance {
                a: asset.code.as_str(),
                f: Fixed::amount(free, asset.scale),
                l: Fixed::amount(held, asset.scale),
            })
        };
        let time = self.unit.print(self.update.time);
        Some(text(&Position {
            e: "outboundAccountPosition",
            event_time: time,
            u: time,
            balances: moved.into_iter().filter_map(balance).collect(),
            offset: self.update.offset.0,
        }))
    }
}

fn fill<'a>(
    report: &mut ExecutionReport<'a>,
    grid: &'a Grid,
    (order, trade, is_over): (&OrderReport, &Trade, bool),
) {
    let is_maker = trade.maker_order == order.order;
    let fee = if is_maker {
        trade.maker_fee
    } else {
        trade.taker_fee
    };
    let (fee, asset) = grid.received(order.side == Side::Buy, fee);
    report.x = "TRADE";
    report.l = grid.qty(trade.qty);
    report.last_price = grid.price(trade.price);
    report.last_quote = grid.quote(trade.quote);
    report.n = Commission::Some(fee);
    report.commission_asset = Some(asset);
    report.t = trade.trade.0 as i64;
    report.m = is_maker;
    if is_over {
        report.status = OrderStatus::Filled.text();
        report.w = false;
        if order.quote_qty != Amount::ZERO {
            report.q = grid.qty(order.executed);
        }
    }
}

/// DECREMENT took something off this order; `None` when nothing was taken here: an end
/// follows then, which tells it.
fn prevented(
    report: &mut ExecutionReport<'_>,
    grid: &Grid,
    (order, met, id): (&OrderReport, &TradePrevented, EventId),
) -> Option<()> {
    let last = if met.maker_order == order.order {
        met.maker_prevented
    } else {
        met.taker_prevented
    };
    if last == Qty::ZERO {
        return None;
    }
    report.x = "TRADE_PREVENTION";
    report.prevented = Some(Prevented {
        v: Some(id.0),
        total: grid.qty(order.prevented),
        last: grid.qty(last),
        counter_order: Some(counter_order(met, order.order).0),
    });
    Some(())
}

fn counter_order(met: &TradePrevented, order: OrderId) -> OrderId {
    if met.maker_order == order {
        met.taker_order
    } else {
        met.maker_order
    }
}

fn rename<'a>(report: &mut ExecutionReport<'a>, amended: &'a OrderAmended) {
    report.x = "REPLACED";
    report.original = amended.old_client.as_str();
}

fn text(event: &impl Serialize) -> String {
    serde_json::to_string(event).expect("events have text keys only")
}
