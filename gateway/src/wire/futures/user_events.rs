//! What happened to an account's futures, as the dialect tells it: orders, conditional
//! orders, wallets and positions, settings.
//!
//! One update is one command: its orders in order, then one ACCOUNT_UPDATE with the wallets
//! and positions that moved, then a MARGIN_CALL, then what was set. Each event carries the
//! `offset` of its command. Absent on purpose: the accumulated profit of a position, which
//! the venue does not keep.

use schemas::event::{Event, OrderDone, Trade};
use schemas::instrument::{OrderStatus, OrderType, SymbolKind};
use schemas::margin::unrealised;
use schemas::perpetual::{Holding, MarginType, PerpetualTerms, PositionSide, WalletDirection};
use schemas::perpetual_report::PerpetualOrder;
use schemas::report::{Directory, OrderReport, SymbolReport, UserEvent, UserUpdate};
use schemas::units::{Amount, Price, Qty, TimeNs};
use serde::Serialize;

use crate::queries::Queries;
use crate::wire::clock::TimeUnit;
use crate::wire::decimal::Fixed;
use crate::wire::futures::margin_call;
use crate::wire::futures::names::{
    algo_status, placed_type, small_margin_type, time_in_force, working_type,
};
use crate::wire::futures::order::average_price;
use crate::wire::futures::position::{entry_price, quote_per_tick_lot};
use crate::wire::grid::Grid;
use crate::wire::names::Spelled;

/// An order event; the dialect's short names.
#[derive(Serialize)]
struct OrderUpdate<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    #[serde(rename = "T")]
    transaction_time: u64,
    o: OrderBody<'a>,
    offset: u64,
}

#[derive(Serialize)]
struct OrderBody<'a> {
    s: &'a str,
    c: &'a str,
    #[serde(rename = "S")]
    side: &'static str,
    o: &'static str,
    f: &'static str,
    q: Fixed,
    p: Fixed,
    ap: Fixed,
    sp: Fixed,
    x: &'static str,
    #[serde(rename = "X")]
    status: &'static str,
    i: u64,
    l: Fixed,
    z: Fixed,
    #[serde(rename = "L")]
    last_price: Fixed,
    #[serde(rename = "n")]
    commission: Fixed,
    #[serde(rename = "N")]
    commission_asset: &'a str,
    #[serde(rename = "T")]
    trade_time: u64,
    t: u64,
    m: bool,
    #[serde(rename = "R")]
    reduce_only: bool,
    wt: &'static str,
    ot: &'static str,
    ps: &'static str,
    cp: bool,
    rp: Fixed,
    #[serde(rename = "pP")]
    price_protect: bool,
    #[serde(rename = "V")]
    self_trade: &'static str,
    pm: &'static str,
    gtd: u64,
}

#[derive(Serialize)]
struct AlgoUpdate<'a> {
    e: &'static str,
    #[serde(rename = "T")]
    transaction_time: u64,
    #[serde(rename = "E")]
    event_time: u64,
    o: AlgoBody<'a>,
    offset: u64,
}

#[derive(Serialize)]
struct AlgoBody<'a> {
    caid: &'a str,
    aid: u64,
    at: &'static str,
    o: &'static str,
    s: &'a str,
    #[serde(rename = "S")]
    side: &'static str,
    ps: &'static str,
    f: &'static str,
    q: Fixed,
    #[serde(rename = "X")]
    status: &'static str,
    ai: String,
    ap: Fixed,
    aq: Fixed,
    act: &'static str,
    tp: Fixed,
    p: Fixed,
    #[serde(rename = "V")]
    self_trade: &'static str,
    wt: &'static str,
    pm: &'static str,
    cp: bool,
    #[serde(rename = "pP")]
    price_protect: bool,
    #[serde(rename = "R")]
    reduce_only: bool,
    tt: u64,
    gtd: u64,
}

#[derive(Serialize)]
struct AccountUpdate<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    #[serde(rename = "T")]
    transaction_time: u64,
    a: AccountBody<'a>,
    offset: u64,
}

#[derive(Serialize)]
struct AccountBody<'a> {
    m: &'static str,
    #[serde(rename = "B")]
    balances: Vec<BalanceBody<'a>>,
    #[serde(rename = "P")]
    positions: Vec<PositionBody<'a>>,
}

#[derive(Serialize)]
struct BalanceBody<'a> {
    a: &'a str,
    wb: Fixed,
    cw: Fixed,
    bc: Fixed,
}

#[derive(Serialize)]
struct PositionBody<'a> {
    s: &'a str,
    pa: Fixed,
    ep: Fixed,
    up: Fixed,
    mt: &'static str,
    iw: Fixed,
    ps: &'static str,
}

#[derive(Serialize)]
struct ConfigUpdate<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    #[serde(rename = "T")]
    transaction_time: u64,
    ac: LeverageBody<'a>,
    offset: u64,
}

#[derive(Serialize)]
struct LeverageBody<'a> {
    s: &'a str,
    l: u32,
}

#[derive(Serialize)]
struct Expired<'a> {
    e: &'static str,
    #[serde(rename = "E")]
    event_time: u64,
    #[serde(rename = "listenKey")]
    listen_key: &'a str,
}

/// The last word of a stream whose listen key is over.
pub fn expired(listen_key: &str, event_time: u64) -> String {
    text(&Expired {
        e: "listenKeyExpired",
        event_time,
        listen_key,
    })
}

/// The events of one update, in order, as JSON.
pub fn events(queries: &dyn Queries, unit: TimeUnit, update: &UserUpdate) -> Vec<String> {
    let directory = queries.directory();
    let telling = Telling {
        queries,
        directory: &directory,
        unit,
        update,
    };
    let mut out = Vec::new();
    for (index, told) in update.events.iter().enumerate() {
        out.extend(telling.order(index, told));
    }
    out.extend(telling.account());
    out.extend(margin_call::events(&directory, unit, update));
    for told in &update.events {
        out.extend(telling.config(&told.event));
    }
    out
}

/// One update on its way to text.
struct Telling<'a> {
    queries: &'a dyn Queries,
    directory: &'a Directory,
    unit: TimeUnit,
    update: &'a UserUpdate,
}

impl Telling<'_> {
    fn time(&self) -> u64 {
        self.unit.print(self.update.time)
    }

    fn perpetual(&self, symbol: schemas::ids::SymbolId) -> Option<Grid> {
        let report: &SymbolReport = self.directory.symbols.get(symbol.0 as usize)?;
        let is_perpetual = report.kind == SymbolKind::Perpetual;
        is_perpetual.then(|| Grid::new(self.directory, *report))
    }

    fn order(&self, index: usize, told: &UserEvent) -> Option<String> {
        let report = told.order.as_ref()?;
        let grid = self.perpetual(report.symbol)?;
        let mut extra = self.extra(report)?;
        let body = |x, extra: &PerpetualOrder| self.body(&grid, report, (x, extra));
        match &told.event {
            Event::PerpetualAccepted(accepted) if accepted.waits => {
                extra.waits = true;
                extra.triggered = TimeNs(0);
                Some(self.algo(&grid, (report, &extra)))
            }
            Event::PerpetualAccepted(_) => Some(self.plain(body("NEW", &extra))),
            Event::OrderTriggered(_) => {
                extra.waits = false;
                extra.triggered = self.update.time;
                Some(self.algo(&grid, (report, &extra)))
            }
            Event::Trade(trade) => {
                let mut body = body("TRADE", &extra);
                self.fill(&mut body, &grid, (report, trade));
                if self.ends_filled(index, report) {
                    body.status = OrderStatus::Filled.text();
                }
                Some(self.plain(body))
            }
            Event::OrderAmended(_) | Event::OrderModified(_) => {
                Some(self.plain(body("AMENDMENT", &extra)))
            }
            Event::OrderDone(OrderDone { status, .. }) => {
                let was_waiting = report.order_type.is_contingent() && extra.triggered == TimeNs(0);
                match status {
                    OrderStatus::Filled => None,
                    _ if was_waiting => Some(self.algo(&grid, (report, &extra))),
                    OrderStatus::Canceled => Some(self.plain(body("CANCELED", &extra))),
                    _ => Some(self.plain(body("EXPIRED", &extra))),
                }
            }
            _ => None,
        }
    }

    /// What the order has beside its report: as its acceptance in this update says, else as
    /// the views know it; of one too old to be remembered nothing special.
    fn extra(&self, report: &OrderReport) -> Option<PerpetualOrder> {
        let accepted = self
            .update
            .events
            .iter()
            .find_map(|told| match &told.event {
                Event::PerpetualAccepted(accepted)
                    if (accepted.symbol, accepted.order) == (report.symbol, report.order) =>
                {
                    Some(PerpetualOrder {
                        symbol: accepted.symbol,
                        order: accepted.order,
                        terms: accepted.terms,
                        stop_price: accepted.stop_price,
                        callback: accepted.callback,
                        waits: accepted.waits,
                        triggered: TimeNs(0),
                    })
                }
                _ => None,
            });
        let known = || {
            let found = self.queries.perpetual_orders(std::slice::from_ref(report));
            found.into_iter().next().flatten()
        };
        let plain = PerpetualOrder {
            symbol: report.symbol,
            order: report.order,
            terms: PerpetualTerms::PLAIN,
            stop_price: Price::ZERO,
            callback: 0,
            waits: false,
            triggered: TimeNs(0),
        };
        Some(accepted.or_else(known).unwrap_or(plain))
    }

    fn body<'a>(
        &self,
        grid: &'a Grid,
        report: &'a OrderReport,
        (x, extra): (&'static str, &PerpetualOrder),
    ) -> OrderBody<'a> {
        let terms = &extra.terms;
        OrderBody {
            s: grid.name(),
            c: report.client_order.as_str(),
            side: report.side.text(),
            o: working_type(report.order_type),
            f: time_in_force(report.order_type, report.time_in_force, terms.good_till),
            q: grid.qty(report.qty),
            p: grid.price(report.price),
            ap: average_price(grid, report),
            sp: grid.price(extra.stop_price),
            x,
            status: report.status.text(),
            i: report.order.0,
            l: Fixed::ZERO,
            z: grid.qty(report.executed),
            last_price: Fixed::ZERO,
            commission: Fixed::ZERO,
            commission_asset: grid.quote.code.as_str(),
            trade_time: self.time(),
            t: 0,
            m: false,
            reduce_only: terms.reduce_only,
            wt: terms.working_type.text(),
            ot: placed_type(report.order_type, extra.callback),
            ps: terms.position_side.text(),
            cp: terms.close_position,
            rp: Fixed::ZERO,
            price_protect: terms.price_protect,
            self_trade: report.self_trade.text(),
            pm: terms.price_match.text(),
            gtd: date(self.unit, terms.good_till),
        }
    }

    fn fill(&self, body: &mut OrderBody<'_>, grid: &Grid, (report, trade): (&OrderReport, &Trade)) {
        let is_maker = trade.maker_order == report.order;
        let fee = if is_maker {
            trade.maker_fee
        } else {
            trade.taker_fee
        };
        let realised = self
            .update
            .events
            .iter()
            .find_map(|told| match &told.event {
                Event::TradeSettled(settled)
                    if (settled.symbol, settled.trade) == (trade.symbol, trade.trade) =>
                {
                    Some(if is_maker {
                        settled.maker_realised
                    } else {
                        settled.taker_realised
                    })
                }
                _ => None,
            });
        body.l = grid.qty(trade.qty);
        body.last_price = grid.price(trade.price);
        body.commission = grid.quote(fee);
        body.t = trade.trade.0;
        body.m = is_maker;
        body.rp = grid.quote(realised.unwrap_or(Amount::ZERO));
    }

    /// Whether this is the last fill of an order that the command fills.
    fn ends_filled(&self, index: usize, order: &OrderReport) -> bool {
        let rest = self.update.events[index + 1..].iter();
        let mut of_order = rest.filter(|told| {
            let own = told.order.is_some_and(|other| other.order == order.order);
            own && matches!(told.event, Event::Trade(_) | Event::OrderDone(_))
        });
        let next = of_order.next().map(|told| &told.event);
        matches!(next, Some(Event::OrderDone(done)) if done.status == OrderStatus::Filled)
    }

    fn plain(&self, o: OrderBody<'_>) -> String {
        text(&OrderUpdate {
            e: "ORDER_TRADE_UPDATE",
            event_time: self.time(),
            transaction_time: self.time(),
            o,
            offset: self.update.offset.0,
        })
    }

    fn algo(&self, grid: &Grid, (report, extra): (&OrderReport, &PerpetualOrder)) -> String {
        let was_set_off = extra.triggered != TimeNs(0);
        let terms = &extra.terms;
        let body = AlgoBody {
            caid: report.client_order.as_str(),
            aid: report.order.0,
            at: "CONDITIONAL",
            o: placed_type(report.order_type, extra.callback),
            s: grid.name(),
            side: report.side.text(),
            ps: terms.position_side.text(),
            f: time_in_force(report.order_type, report.time_in_force, terms.good_till),
            q: grid.qty(report.qty),
            status: algo_status(report, extra),
            ai: match was_set_off {
                true => report.order.0.to_string(),
                false => String::new(),
            },
            ap: average_price(grid, report),
            aq: grid.qty(report.executed),
            act: match report.order_type.working() {
                OrderType::Market => "MARKET",
                _ => "LIMIT",
            },
            tp: grid.price(extra.stop_price),
            p: grid.price(report.price),
            self_trade: report.self_trade.text(),
            wt: terms.working_type.text(),
            pm: terms.price_match.text(),
            cp: terms.close_position,
            price_protect: terms.price_protect,
            reduce_only: terms.reduce_only,
            tt: date(self.unit, extra.triggered),
            gtd: date(self.unit, terms.good_till),
        };
        text(&AlgoUpdate {
            e: "ALGO_UPDATE",
            transaction_time: self.time(),
            event_time: self.time(),
            o: body,
            offset: self.update.offset.0,
        })
    }

    /// The wallets and positions that moved, each as it is after the command.
    fn account(&self) -> Option<String> {
        let mut body = AccountBody {
            m: self.cause(),
            balances: Vec::new(),
            positions: Vec::new(),
        };
        let mut grids = Vec::new();
        for told in &self.update.events {
            if let Event::PositionChanged(it) = &told.event {
                grids.push((self.perpetual(it.symbol)?, it.side, it.holding));
            }
        }
        for told in &self.update.events {
            if let Event::WalletChanged(it) = &told.event {
                let asset = self.directory.assets.get(usize::from(it.asset.0))?;
                let money = |amount| Fixed::amount(amount, asset.scale);
                body.balances.push(BalanceBody {
                    a: asset.code.as_str(),
                    wb: money(Amount(it.cross.0 + it.isolated.0)),
                    cw: money(it.cross),
                    bc: money(self.moved_from_outside(it.asset)),
                });
            }
        }
        let positions = grids
            .iter()
            .map(|(grid, side, holding)| self.position(grid, *side, holding));
        body.positions.extend(positions);
        if body.balances.is_empty() && body.positions.is_empty() {
            return None;
        }
        Some(text(&AccountUpdate {
            e: "ACCOUNT_UPDATE",
            event_time: self.time(),
            transaction_time: self.time(),
            a: body,
            offset: self.update.offset.0,
        }))
    }

    fn position<'a>(
        &self,
        grid: &'a Grid,
        side: PositionSide,
        holding: &Holding,
    ) -> PositionBody<'a> {
        let symbol = grid.symbol.symbol;
        let mark = self
            .queries
            .mark(symbol)
            .map_or(Price::ZERO, |mark| mark.mark);
        let profit = match holding.size {
            Qty::ZERO => None,
            _ => unrealised(holding, mark, quote_per_tick_lot(grid)),
        };
        let config = self.queries.symbol_config(self.update.account, symbol);
        let margin = config.map_or(MarginType::Cross, |config| config.margin_type);
        PositionBody {
            s: grid.name(),
            pa: grid.qty(holding.size),
            ep: entry_price(grid, holding),
            up: grid.quote(profit.unwrap_or(Amount::ZERO)),
            mt: small_margin_type(margin),
            iw: grid.quote(holding.isolated),
            ps: side.text(),
        }
    }

    /// Why the wallets moved.
    fn cause(&self) -> &'static str {
        let mut events = self.update.events.iter().map(|told| &told.event);
        let cause = events.find_map(|event| match event {
            Event::FundingPaid(_) => Some("FUNDING_FEE"),
            Event::FuturesTransferred(it) => Some(match it.direction {
                WalletDirection::ToFutures => "DEPOSIT",
                WalletDirection::ToSpot => "WITHDRAW",
            }),
            Event::MarginAdjusted(_) => Some("MARGIN_TRANSFER"),
            Event::LiquidationFee(_) => Some("INSURANCE_CLEAR"),
            _ => None,
        });
        cause.unwrap_or("ORDER")
    }

    /// What came into a wallet by neither profit nor commission.
    fn moved_from_outside(&self, asset: schemas::ids::AssetId) -> Amount {
        let changes = self.update.events.iter().map(|told| match &told.event {
            Event::FuturesTransferred(it) if it.asset == asset => match it.direction {
                WalletDirection::ToFutures => it.amount.0,
                WalletDirection::ToSpot => -it.amount.0,
            },
            Event::FundingPaid(it) => it.amount.0,
            _ => 0,
        });
        Amount(changes.sum())
    }

    fn config(&self, event: &Event) -> Option<String> {
        let Event::LeverageChanged {
            symbol, leverage, ..
        } = event
        else {
            return None;
        };
        let grid = self.perpetual(*symbol)?;
        Some(text(&ConfigUpdate {
            e: "ACCOUNT_CONFIG_UPDATE",
            event_time: self.time(),
            transaction_time: self.time(),
            ac: LeverageBody {
                s: grid.name(),
                l: *leverage,
            },
            offset: self.update.offset.0,
        }))
    }
}

/// A time that may not have come: zero then.
fn date(unit: TimeUnit, time: TimeNs) -> u64 {
    match time {
        TimeNs(0) => 0,
        time => unit.print(time),
    }
}

fn text(event: &impl Serialize) -> String {
    serde_json::to_string(event).expect("events have text keys only")
}
