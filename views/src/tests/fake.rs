//! A venue without rules: it makes events that follow each other and knows the outcome.

use std::collections::BTreeMap;

use schemas::event::{
    BalanceChanged, Event, OrderAccepted, OrderAmended, OrderDone, OrderRested, Trade,
    TradePrevented,
};
use schemas::ids::{
    AccountId, AssetCode, AssetId, ClientOrderId, OrderId, SymbolId, SymbolName, TradeId,
};
use schemas::instrument::{
    OrderStatus, OrderType, SelfTradePrevention, Side, SymbolKind, TimeInForce,
};
use schemas::report::{OrderReport, TradeReport};
use schemas::units::{Amount, Price, Qty, TimeNs};

pub(crate) const SYMBOLS: u32 = 2;
pub(crate) const ACCOUNTS: [u32; 4] = [7, 8, 9, 75];

type Levels = BTreeMap<Price, Qty>;

pub(crate) struct Fake {
    random: u64,
    orders: Vec<Vec<(OrderReport, bool)>>,
    trades: Vec<Vec<TradeReport>>,
    balances: BTreeMap<(AccountId, AssetId), (Amount, Amount)>,
    placed: u32,
}

impl Fake {
    pub(crate) fn new(seed: u64) -> Fake {
        let symbols = SYMBOLS as usize;
        Fake {
            random: seed | 1,
            orders: vec![Vec::new(); symbols],
            trades: vec![Vec::new(); symbols],
            balances: BTreeMap::new(),
            placed: 0,
        }
    }

    pub(crate) fn time(offset: u64) -> TimeNs {
        TimeNs(1_700_000_000_000_000_000 + offset * 1_000_000)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) % bound
    }

    pub(crate) fn listing(&mut self) -> Vec<Event> {
        let code = |text| AssetCode::new(text).expect("fits");
        let mut events = vec![
            Event::AssetAdded {
                asset: AssetId(0),
                code: code("BTC"),
                scale: 8,
            },
            Event::AssetAdded {
                asset: AssetId(1),
                code: code("USDT"),
                scale: 8,
            },
        ];
        events.extend((0..SYMBOLS).map(|symbol| Event::SymbolAdded {
            symbol: SymbolId(symbol),
            name: SymbolName::new("PAIR").expect("fits"),
            kind: SymbolKind::Spot,
            base: AssetId(0),
            quote: AssetId(1),
            price_scale: 2,
            qty_scale: 5,
        }));
        events
    }

    pub(crate) fn levels(&self, symbol: SymbolId) -> (Levels, Levels) {
        let mut sides = (Levels::new(), Levels::new());
        for (order, rested) in &self.orders[symbol.0 as usize] {
            if *rested && order.status.is_open() {
                let side = if order.side == Side::Buy {
                    &mut sides.0
                } else {
                    &mut sides.1
                };
                side.entry(order.price).or_default().0 += open_of(order);
            }
        }
        sides
    }

    pub(crate) fn orders_of(&self, account: AccountId, symbol: SymbolId) -> Vec<OrderReport> {
        let orders = self.orders[symbol.0 as usize]
            .iter()
            .map(|(order, _)| *order);
        orders.filter(|order| order.account == account).collect()
    }

    pub(crate) fn trades_of(&self, symbol: SymbolId) -> Vec<TradeReport> {
        self.trades[symbol.0 as usize].clone()
    }

    pub(crate) fn balances_of(&self, account: AccountId) -> Vec<(AssetId, Amount, Amount)> {
        let own = self
            .balances
            .iter()
            .filter(|((owner, _), _)| *owner == account);
        own.map(|((_, asset), (free, held))| (*asset, *free, *held))
            .collect()
    }

    /// The events of one more command.
    pub(crate) fn step(&mut self, time: TimeNs) -> Vec<Event> {
        let account = AccountId(ACCOUNTS[self.below(4) as usize]);
        let mut events = match self.below(10) {
            0..=4 => self.place(account, time),
            5..=6 => self.cancel(time),
            7 => self.amend(time),
            8 => self.by_quote(account, time),
            _ => self.decrement(account, time),
        };
        let asset = AssetId(self.below(2) as u16);
        let (free, held) = (
            Amount(self.below(1_000).into()),
            Amount(self.below(9).into()),
        );
        self.balances.insert((account, asset), (free, held));
        events.push(Event::BalanceChanged(BalanceChanged {
            account,
            asset,
            free,
            held,
        }));
        events
    }

    fn accept(&mut self, account: AccountId, time: TimeNs) -> (OrderAccepted, usize) {
        let symbol = self.below(SYMBOLS.into()) as usize;
        let name = format!("client-order-{}", self.below(40));
        self.placed += 1;
        let accepted = OrderAccepted {
            symbol: SymbolId(symbol as u32),
            order: OrderId(self.orders[symbol].len() as u64 + 1),
            account,
            client_order: ClientOrderId::new(&name).expect("fits"),
            side: if self.below(2) == 0 {
                Side::Buy
            } else {
                Side::Sell
            },
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTradePrevention::Decrement,
            price: Price(100 + self.below(20) as i64),
            qty: Qty(1 + self.below(50) as i64),
            quote_qty: Amount::ZERO,
            orders_10s: self.placed,
            orders_1d: self.placed,
        };
        let report = OrderReport {
            symbol: accepted.symbol,
            order: accepted.order,
            account,
            client_order: accepted.client_order,
            side: accepted.side,
            order_type: accepted.order_type,
            time_in_force: accepted.time_in_force,
            self_trade: accepted.self_trade,
            status: OrderStatus::New,
            price: accepted.price,
            qty: accepted.qty,
            quote_qty: Amount::ZERO,
            executed: Qty::ZERO,
            quote: Amount::ZERO,
            prevented: Qty::ZERO,
            created: time,
            updated: time,
            extras: None,
        };
        self.orders[symbol].push((report, false));
        (accepted, symbol)
    }

    /// A limit order that meets up to two makers and then rests, expires or is filled.
    pub(crate) fn place(&mut self, account: AccountId, time: TimeNs) -> Vec<Event> {
        let (accepted, symbol) = self.accept(account, time);
        let taker = accepted.order.0 as usize - 1;
        let mut events = vec![Event::OrderAccepted(accepted)];
        for _ in 0..self.below(3) {
            self.meet((symbol, taker), time, &mut events);
        }
        let order = &mut self.orders[symbol][taker];
        let open = open_of(&order.0);
        if open == 0 {
            events.push(done(&mut order.0, OrderStatus::Filled, false, time));
        } else if self.below(4) == 0 {
            let order = &mut self.orders[symbol][taker];
            events.push(done(&mut order.0, OrderStatus::Expired, false, time));
        } else {
            let order = &mut self.orders[symbol][taker];
            order.1 = true;
            events.push(Event::OrderRested(OrderRested {
                symbol: accepted.symbol,
                order: accepted.order,
                account,
                side: accepted.side,
                price: accepted.price,
                open: Qty(open),
            }));
        }
        events
    }

    /// A market order by quote: its quantity is known at its end.
    fn by_quote(&mut self, account: AccountId, time: TimeNs) -> Vec<Event> {
        let (mut accepted, symbol) = self.accept(account, time);
        let taker = accepted.order.0 as usize - 1;
        accepted.order_type = OrderType::Market;
        accepted.quote_qty = Amount(1_000);
        (accepted.price, accepted.qty) = (Price::ZERO, Qty::ZERO);
        let report = &mut self.orders[symbol][taker].0;
        report.order_type = OrderType::Market;
        report.quote_qty = Amount(1_000);
        report.price = Price::ZERO;
        report.qty = Qty(i64::from(u32::MAX));
        let mut events = vec![Event::OrderAccepted(accepted)];
        self.meet((symbol, taker), time, &mut events);
        let report = &mut self.orders[symbol][taker].0;
        report.qty = report.executed;
        events.push(done(report, OrderStatus::Expired, false, time));
        events
    }

    fn resting(&mut self, symbol: usize, fits: impl Fn(&OrderReport) -> bool) -> Option<usize> {
        let resting: Vec<usize> = (0..self.orders[symbol].len())
            .filter(|index| {
                let (order, rested) = &self.orders[symbol][*index];
                *rested && order.status.is_open() && fits(order)
            })
            .collect();
        if resting.is_empty() {
            return None;
        }
        Some(resting[self.below(resting.len() as u64) as usize])
    }

    fn meet(&mut self, (symbol, taker): (usize, usize), time: TimeNs, events: &mut Vec<Event>) {
        let side = self.orders[symbol][taker].0.side;
        let Some(maker) = self.resting(symbol, |order| order.side != side) else {
            return;
        };
        let made = self.orders[symbol][maker].0;
        let took = self.orders[symbol][taker].0;
        let qty = open_of(&made).min(open_of(&took));
        if qty == 0 {
            return;
        }
        let quote = Amount(i128::from(qty) * i128::from(made.price.0));
        for index in [maker, taker] {
            let order = &mut self.orders[symbol][index].0;
            order.executed.0 += qty;
            order.quote.0 += quote.0;
            order.status = OrderStatus::PartiallyFilled;
            order.updated = time;
        }
        let order = &mut self.orders[symbol][maker].0;
        let maker_open = Qty(open_of(order));
        if maker_open == Qty::ZERO {
            order.status = OrderStatus::Filled;
        }
        let trade = TradeReport {
            symbol: SymbolId(symbol as u32),
            trade: TradeId(self.trades[symbol].len() as u64 + 1),
            price: made.price,
            qty: Qty(qty),
            quote,
            time,
            taker_side: side,
            taker_order: took.order,
            taker_account: took.account,
            taker_fee: Amount(3),
            maker_order: made.order,
            maker_account: made.account,
            maker_fee: Amount(-1),
        };
        self.trades[symbol].push(trade);
        events.push(event_of(&trade, maker_open));
    }

    fn cancel(&mut self, time: TimeNs) -> Vec<Event> {
        let symbol = self.below(SYMBOLS.into()) as usize;
        let Some(index) = self.resting(symbol, |_| true) else {
            return Vec::new();
        };
        vec![done(
            &mut self.orders[symbol][index].0,
            OrderStatus::Canceled,
            true,
            time,
        )]
    }

    fn amend(&mut self, time: TimeNs) -> Vec<Event> {
        let symbol = self.below(SYMBOLS.into()) as usize;
        let Some(index) = self.resting(symbol, |order| 1 < open_of(order)) else {
            return Vec::new();
        };
        let new_client = match self.below(2) {
            0 => self.orders[symbol][index].0.client_order,
            _ => ClientOrderId::new(&format!("amended-{}", time.0)).expect("fits"),
        };
        let order = &mut self.orders[symbol][index].0;
        let (old_qty, old_client) = (order.qty, order.client_order);
        order.qty.0 -= 1;
        order.client_order = new_client;
        order.updated = time;
        vec![Event::OrderAmended(OrderAmended {
            symbol: order.symbol,
            order: order.order,
            account: order.account,
            side: order.side,
            price: order.price,
            old_qty,
            new_qty: order.qty,
            executed: order.executed,
            quote: order.quote,
            open: Qty(open_of(order)),
            old_client,
            new_client,
        })]
    }

    /// Self-trade prevention takes the same quantity off a new order and a resting one.
    fn decrement(&mut self, account: AccountId, time: TimeNs) -> Vec<Event> {
        let (accepted, symbol) = self.accept(account, time);
        let taker = accepted.order.0 as usize - 1;
        let mut events = vec![Event::OrderAccepted(accepted)];
        if let Some(maker) = self.resting(symbol, |order| order.side != accepted.side) {
            let made = self.orders[symbol][maker].0;
            let qty = Qty(open_of(&made).min(accepted.qty.0));
            events.push(Event::TradePrevented(TradePrevented {
                symbol: accepted.symbol,
                account,
                taker_order: accepted.order,
                maker_order: made.order,
                maker_side: made.side,
                price: made.price,
                taker_prevented: qty,
                maker_prevented: qty,
                mode: SelfTradePrevention::Decrement,
            }));
            for (index, rested) in [(maker, true), (taker, false)] {
                let order = &mut self.orders[symbol][index].0;
                order.prevented.0 += qty.0;
                order.updated = time;
                if open_of(order) == 0 {
                    events.push(done(order, OrderStatus::ExpiredInMatch, rested, time));
                }
            }
        }
        let order = &mut self.orders[symbol][taker].0;
        if order.status.is_open() {
            let open = Qty(open_of(order));
            let mut ended = done(order, OrderStatus::ExpiredInMatch, false, time);
            if let Event::OrderDone(event) = &mut ended {
                event.prevented = open;
                order.prevented.0 += open.0;
            }
            events.push(ended);
        }
        events
    }
}

fn open_of(order: &OrderReport) -> i64 {
    order.qty.0 - order.executed.0 - order.prevented.0
}

fn done(order: &mut OrderReport, status: OrderStatus, rested: bool, time: TimeNs) -> Event {
    order.status = status;
    order.updated = time;
    Event::OrderDone(OrderDone {
        symbol: order.symbol,
        order: order.order,
        account: order.account,
        side: order.side,
        status,
        price: order.price,
        open: Qty(open_of(order)),
        prevented: Qty::ZERO,
        rested,
        cancel_client: ClientOrderId::EMPTY,
    })
}

fn event_of(trade: &TradeReport, maker_open: Qty) -> Event {
    Event::Trade(Trade {
        symbol: trade.symbol,
        trade: trade.trade,
        price: trade.price,
        qty: trade.qty,
        quote: trade.quote,
        taker_side: trade.taker_side,
        taker_order: trade.taker_order,
        taker_account: trade.taker_account,
        taker_fee: trade.taker_fee,
        maker_order: trade.maker_order,
        maker_account: trade.maker_account,
        maker_fee: trade.maker_fee,
        maker_open,
    })
}
