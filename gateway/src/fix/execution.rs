//! What happened to an account → execution reports (8).
//!
//! One event, at most one report; its ExecID (17) is the event's place, `offset-index`, so
//! that whoever was told twice knows it. Tags stay within FIX 4.4's own ExecutionReport, with
//! Binance's user-defined ones beside them; a stock dictionary takes both.

use std::fmt;

use ironfix_core::message::MsgType;
use ironfix_core::types::Timestamp;
use ironfix_engine::OutboundMessage;
use schemas::event::{Event, OrderDone, Trade};
use schemas::ids::{ClientOrderId, Offset};
use schemas::instrument::{
    OrderStage, OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce,
};
use schemas::order_command::OrderTerms;
use schemas::peg::{PegPriceType, Pegged};
use schemas::report::{Directory, OrderReport, UserEvent, UserUpdate};
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::wire::decimal::Fixed;
use crate::wire::grid::Grid;
use crate::wire::names::expiry_reason;
use crate::wire::symbol_query::spot;

/// Where an event stands in its account's history; ordered as it happened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ReportId {
    pub offset: Offset,
    /// Among the account's events of that command.
    pub index: u32,
}

/// The offset that stands for "nothing yet" on disk.
const NOTHING: u64 = u64::MAX;

impl ReportId {
    /// Before everything that happens from that offset on.
    pub fn before(offset: Offset) -> ReportId {
        ReportId {
            offset: Offset(offset.0.saturating_sub(1)),
            index: u32::MAX,
        }
    }

    /// Reads `offset-index`.
    pub fn parse(text: &str) -> Option<ReportId> {
        let (offset, index) = text.split_once('-')?;
        Some(ReportId {
            offset: Offset(offset.parse().ok()?),
            index: index.parse().ok()?,
        })
    }

    /// The ExecID of a whole message, if it is one of these.
    pub fn of_frame(frame: &[u8]) -> Option<ReportId> {
        const TAG: &[u8] = b"\x0117=";
        let start = frame.windows(TAG.len()).position(|bytes| bytes == TAG)? + TAG.len();
        let length = frame[start..].iter().position(|byte| *byte == 1)?;
        ReportId::parse(std::str::from_utf8(&frame[start..start + length]).ok()?)
    }

    /// The two numbers of [`ReportId::to_numbers`].
    pub fn from_numbers(offset: u64, index: u32) -> Option<ReportId> {
        (offset != NOTHING).then_some(ReportId {
            offset: Offset(offset),
            index,
        })
    }

    /// Offset and index; the largest offset for none.
    pub fn to_numbers(id: Option<ReportId>) -> (u64, u32) {
        id.map_or((NOTHING, 0), |id| (id.offset.0, id.index))
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.offset.0, self.index)
    }
}

/// One report with its place.
#[derive(Debug)]
pub struct Report {
    pub id: ReportId,
    pub message: OutboundMessage,
}

/// What a report says besides the order itself.
struct Told<'a> {
    id: ReportId,
    time: TimeNs,
    /// ExecType (150).
    exec_type: char,
    /// ClOrdID (11), and OrigClOrdID (41) where another name came before.
    client: &'a ClientOrderId,
    original: Option<&'a ClientOrderId>,
    is_over: bool,
    text: Option<&'static str>,
}

/// The reports of one command, in order.
pub fn reports(update: &UserUpdate, directory: &Directory) -> Vec<Report> {
    let mut reports = Vec::new();
    for (index, told) in update.events.iter().enumerate() {
        let Some(order) = &told.order else { continue };
        let Some(symbol) = spot(directory, order.symbol) else {
            continue;
        };
        let grid = Grid::new(directory, symbol);
        let id = ReportId {
            offset: update.offset,
            index: index as u32,
        };
        let place = Place {
            update,
            index,
            id,
            grid: &grid,
            order,
        };
        if let Some(message) = place.report(told) {
            reports.push(Report { id, message });
        }
    }
    reports
}

/// One event of a command, with what is needed to tell it.
struct Place<'a> {
    update: &'a UserUpdate,
    index: usize,
    id: ReportId,
    grid: &'a Grid,
    order: &'a OrderReport,
}

impl Place<'_> {
    fn report(&self, told: &UserEvent) -> Option<OutboundMessage> {
        let mine = &self.order.client_order;
        match &told.event {
            // Told with its terms, which follow.
            Event::OrderAccepted(_) if self.has_terms() => None,
            Event::OrderAccepted(_) => Some(self.accepted('0')),
            // Told with its price, which follows.
            Event::OrderTermsAccepted(_) | Event::OrderActivated(_) | Event::OrderTriggered(_)
                if self.is_pegged_next() =>
            {
                None
            }
            Event::OrderPegged(_) => self.pegged(),
            Event::OrderTermsAccepted(terms) if terms.stage == OrderStage::Pending => {
                Some(self.accepted('A'))
            }
            Event::OrderTermsAccepted(_) => Some(self.accepted('0')),
            Event::OrderActivated(_) => Some(self.message('0', (mine, None), None)),
            Event::OrderTriggered(_) => Some(self.message('L', (mine, None), None)),
            Event::Trade(trade) => Some(self.fill(trade)),
            Event::OrderAmended(amended) => {
                let names = (&amended.new_client, Some(&amended.old_client));
                Some(self.message('5', names, None))
            }
            Event::TradePrevented(met) if self.is_reduced(met.taker_prevented) => {
                // ExecType D (restated): the order goes on, smaller.
                Some(self.message('D', (mine, None), Some("self-trade prevention")))
            }
            Event::OrderDone(done) => self.end(done),
            _ => None,
        }
    }

    fn has_terms(&self) -> bool {
        let next = self.update.events.get(self.index + 1);
        next.is_some_and(|told| match &told.event {
            Event::OrderTermsAccepted(terms) => terms.order == self.order.order,
            _ => false,
        })
    }

    fn is_pegged_next(&self) -> bool {
        let next = self.update.events.get(self.index + 1);
        next.is_some_and(|told| match &told.event {
            Event::OrderPegged(pegged) => pegged.order == self.order.order,
            _ => false,
        })
    }

    /// What was not told for the sake of the price that is known now.
    fn pegged(&self) -> Option<OutboundMessage> {
        let mine = &self.order.client_order;
        let before = self.update.events.get(self.index.checked_sub(1)?)?;
        match &before.event {
            Event::OrderTermsAccepted(terms) if terms.order == self.order.order => {
                let is_pending = terms.stage == OrderStage::Pending;
                Some(self.accepted(if is_pending { 'A' } else { '0' }))
            }
            Event::OrderActivated(step) if step.order == self.order.order => {
                Some(self.message('0', (mine, None), None))
            }
            Event::OrderTriggered(step) if step.order == self.order.order => {
                Some(self.message('L', (mine, None), None))
            }
            _ => None,
        }
    }

    /// A new order, or one in another's stead.
    fn accepted(&self, exec_type: char) -> OutboundMessage {
        let mine = &self.order.client_order;
        match self.replaces() {
            Some(old) => self.message('5', (mine, Some(old)), None),
            None => self.message(exec_type, (mine, None), None),
        }
    }

    fn is_reduced(&self, taker_prevented: Qty) -> bool {
        taker_prevented != Qty::ZERO && self.order.status.is_open()
    }

    fn end(&self, done: &OrderDone) -> Option<OutboundMessage> {
        let order = self.order;
        let mine = &order.client_order;
        let names = match done.cancel_client.is_empty() {
            true => (mine, None),
            false => (&done.cancel_client, Some(mine)),
        };
        match done.status {
            OrderStatus::Canceled if self.is_replaced(done) => None,
            OrderStatus::Canceled => Some(self.message('4', names, None)),
            OrderStatus::Expired => {
                let why = expiry_reason(order);
                Some(self.message('C', names, why))
            }
            OrderStatus::ExpiredInMatch => {
                Some(self.message('C', names, Some("self-trade prevention")))
            }
            // The last fill has told it.
            _ => None,
        }
    }

    fn fill(&self, trade: &Trade) -> OutboundMessage {
        let order = self.order;
        let is_taker = trade.taker_order == order.order && !self.is_makers_half(trade);
        let is_over = if is_taker {
            self.is_last_fill()
        } else {
            trade.maker_open == Qty::ZERO
        };
        let mut message = self.build(&Told {
            id: self.id,
            time: self.update.time,
            exec_type: 'F',
            client: &order.client_order,
            original: None,
            is_over,
            text: None,
        });
        let fee = if is_taker {
            trade.taker_fee
        } else {
            trade.maker_fee
        };
        let (fee, asset) = self.grid.received(order.side == Side::Buy, fee);
        message
            .push_raw(31, self.grid.price(trade.price).to_string())
            .push_raw(32, self.grid.qty(trade.qty).to_string())
            .push_uint(527, trade.trade.0)
            .push_char(851, if is_taker { '2' } else { '1' })
            .push_uint(136, 1)
            .push_raw(137, fee.to_string())
            .push_str(138, asset)
            .push_char(139, '4');
        message
    }

    /// Whether this is the first of the two times that a trade with oneself is told.
    fn is_makers_half(&self, trade: &Trade) -> bool {
        trade.maker_order == self.order.order
    }

    /// Whether no trade of this order follows and its end does.
    fn is_last_fill(&self) -> bool {
        let rest = &self.update.events[self.index + 1..];
        let order = self.order.order;
        let mut after = rest.iter().map(|told| &told.event);
        let trades = |event: &Event| matches!(event, Event::Trade(t) if t.taker_order == order);
        !after.clone().any(trades)
            && after.any(|event| match event {
                Event::OrderDone(done) => done.order == order && done.status == OrderStatus::Filled,
                _ => false,
            })
    }

    /// The name of the order that this one replaces (G): its cancel bears this one's name.
    fn replaces(&self) -> Option<&ClientOrderId> {
        let before = &self.update.events[..self.index];
        before
            .iter()
            .find_map(|told| match (&told.event, &told.order) {
                (Event::OrderDone(done), Some(old))
                    if done.status == OrderStatus::Canceled
                        && done.cancel_client == self.order.client_order =>
                {
                    Some(&old.client_order)
                }
                _ => None,
            })
    }

    /// Whether the order that ends here is replaced by one in the same command (G).
    fn is_replaced(&self, done: &OrderDone) -> bool {
        let after = &self.update.events[self.index + 1..];
        let is_successor = |told: &UserEvent| match &told.event {
            Event::OrderAccepted(accepted) => accepted.client_order == done.cancel_client,
            _ => false,
        };
        !done.cancel_client.is_empty() && after.iter().any(is_successor)
    }

    fn message(
        &self,
        exec_type: char,
        (client, original): (&ClientOrderId, Option<&ClientOrderId>),
        text: Option<&'static str>,
    ) -> OutboundMessage {
        self.build(&Told {
            id: self.id,
            time: self.update.time,
            exec_type,
            client,
            original,
            is_over: !self.order.status.is_open(),
            text,
        })
    }

    fn build(&self, told: &Told<'_>) -> OutboundMessage {
        let mut message = OutboundMessage::new(MsgType::ExecutionReport);
        message
            .push_raw(17, told.id.to_string())
            .push_char(150, told.exec_type)
            .push_str(11, told.client.as_str());
        if let Some(original) = told.original {
            message.push_str(41, original.as_str());
        }
        let filled = told.exec_type == 'F' && told.is_over;
        let status = match filled {
            true => '2',
            false => status_code(self.order),
        };
        order_fields(&mut message, self.grid, self.order, (status, told.is_over));
        message.push_raw(60, timestamp(told.time));
        if let Some(text) = told.text {
            message.push_str(58, text);
        }
        message
    }
}

/// An order as it stands: everything of a report that is not about one event.
pub fn order_fields(
    message: &mut OutboundMessage,
    grid: &Grid,
    order: &OrderReport,
    (status, is_over): (char, bool),
) {
    let open = order.qty.0 - order.executed.0 - order.prevented.0;
    let leaves = match is_over {
        true => Qty::ZERO,
        false => Qty(open.max(0)),
    };
    message
        .push_uint(37, order.order.0)
        .push_char(39, status)
        .push_str(55, grid.name())
        .push_char(54, side_code(order.side))
        .push_raw(38, grid.qty(order.qty).to_string())
        .push_char(40, type_code(order))
        .push_char(59, time_in_force_code(order.time_in_force))
        .push_raw(14, grid.qty(order.executed).to_string())
        .push_raw(151, grid.qty(leaves).to_string())
        .push_raw(6, average_price(grid, order).to_string())
        .push_raw(25017, grid.quote(order.quote).to_string())
        .push_char(25001, self_trade_code(order.self_trade));
    let price = order.written_price();
    if price != Price::ZERO {
        message.push_raw(44, grid.price(price).to_string());
    }
    if order.quote_qty != Amount::ZERO {
        message.push_raw(152, grid.quote(order.quote_qty).to_string());
    }
    if order.order_type == OrderType::LimitMaker {
        message.push_char(18, '6');
    }
    if let Some(extras) = &order.extras {
        term_fields(message, grid, &extras.terms);
        if let Some(pegged) = &extras.pegged {
            peg_fields(message, grid, pegged);
        }
    }
}

/// PegInstructions, and PeggedPrice (839) once the book was read.
fn peg_fields(message: &mut OutboundMessage, grid: &Grid, pegged: &Pegged) {
    let is_market = pegged.peg.price_type == PegPriceType::Market;
    message
        .push_char(1094, if is_market { '4' } else { '5' })
        .push_char(835, '1');
    if pegged.peg.offset != 0 {
        message
            .push_char(836, '3')
            .push_uint(211, u64::from(pegged.peg.offset));
    }
    if pegged.price != Price::ZERO {
        message.push_raw(839, grid.price(pegged.price).to_string());
    }
}

fn term_fields(message: &mut OutboundMessage, grid: &Grid, terms: &OrderTerms) {
    if let Some(price) = terms.stop_price() {
        message.push_raw(99, grid.price(price).to_string());
    }
    if let Some(qty) = terms.iceberg_qty() {
        message.push_raw(111, grid.qty(qty).to_string());
    }
    if let Some(delta) = terms.trailing_delta() {
        message.push_uint(25009, u64::from(delta));
    }
}

/// OrdStatus (39) of an order.
pub fn status_code(order: &OrderReport) -> char {
    match order.status {
        OrderStatus::New if order.executed != Qty::ZERO => '1',
        OrderStatus::New => '0',
        OrderStatus::PendingNew => 'A',
        OrderStatus::PartiallyFilled => '1',
        OrderStatus::Filled => '2',
        OrderStatus::Canceled => '4',
        OrderStatus::Expired | OrderStatus::ExpiredInMatch => 'C',
    }
}

/// AvgPx (6) to 8 decimals, rounded down; zero before the first fill.
pub fn average_price(grid: &Grid, order: &OrderReport) -> Fixed {
    const PLACES: u8 = 8;
    let (up, down) = (PLACES + grid.symbol.qty_scale, grid.quote.scale);
    let power = |from: u8, to: u8| 10_i128.checked_pow(u32::from(to.saturating_sub(from)));
    let scaled = || {
        let money = order.quote.0.checked_mul(power(down, up)?)?;
        let goods = i128::from(order.executed.0).checked_mul(power(up, down)?)?;
        money.checked_div(goods)
    };
    Fixed::new(scaled().unwrap_or(0), PLACES)
}

/// A time as FIX writes it, in milliseconds.
pub fn timestamp(time: TimeNs) -> Vec<u8> {
    let stamp = Timestamp::from_nanos(time.0).unwrap_or(Timestamp::EPOCH);
    stamp.format_millis().as_bytes().to_vec()
}

/// Side (54).
pub fn side_code(side: Side) -> char {
    match side {
        Side::Buy => '1',
        Side::Sell => '2',
    }
}

fn type_code(order: &OrderReport) -> char {
    if order.extras.is_some_and(|extras| extras.pegged.is_some()) {
        return 'P';
    }
    match order.order_type {
        OrderType::Market => '1',
        OrderType::Limit | OrderType::LimitMaker => '2',
        OrderType::StopLoss => '3',
        OrderType::StopLossLimit | OrderType::TakeProfitLimit => '4',
        OrderType::TakeProfit => 'J',
    }
}

fn time_in_force_code(time_in_force: TimeInForce) -> char {
    match time_in_force {
        TimeInForce::Gtc => '1',
        TimeInForce::Ioc => '3',
        TimeInForce::Fok => '4',
    }
}

fn self_trade_code(mode: SelfTradePrevention) -> char {
    match mode {
        SelfTradePrevention::None => '1',
        SelfTradePrevention::ExpireTaker => '2',
        SelfTradePrevention::ExpireMaker => '3',
        SelfTradePrevention::ExpireBoth => '4',
        SelfTradePrevention::Decrement => '5',
        SelfTradePrevention::Transfer => '6',
    }
}
