//! A venue without rules on one symbol: events that follow each other, and the outcome.

use std::collections::{BTreeMap, BTreeSet};

use schemas::event::{
    BalanceChanged, Event, OrderAccepted, OrderAmended, OrderDone, OrderRested, Trade,
    TradePrevented,
};
use schemas::ids::{
    AccountId, AssetCode, AssetId, BusinessId, ClientOrderId, Offset, OrderId, OrderListId,
    SymbolName, TradeId,
};
use schemas::instrument::{
    OrderStage, OrderStatus, OrderType, SelfTradePrevention, Side, SymbolKind, TimeInForce,
};
use schemas::order_command::OrderTerms;
use schemas::order_event::OrderTermsAccepted;
use schemas::report::{OrderExtras, OrderReport, TradeReport};
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::names::Names;
use crate::projection::Answered;
use crate::tests::SYMBOL;

pub(crate) const ACCOUNTS: [u32; 3] = [7, 8, 9];

pub(crate) struct Fake {
    random: u64,
    pub(crate) orders: Vec<OrderReport>,
    pub(crate) trades: Vec<TradeReport>,
    pub(crate) balances: BTreeMap<(AccountId, AssetId), (Amount, Amount)>,
    /// What each account owns, the venue's accounts included: sums to zero by asset.
    pub(crate) owned: BTreeMap<(AccountId, AssetId), i128>,
    /// What deposits, withdrawals and transfers alone brought each account.
    #[cfg(feature = "search")]
    pub(crate) paid: BTreeMap<AccountId, i128>,
    touched: BTreeSet<(AccountId, AssetId)>,
    listed: bool,
    /// Whether it takes quantity off orders that stand in the book as if they were new.
    pub(crate) prevents: bool,
}

const BASE: AssetId = AssetId(0);
const QUOTE: AssetId = AssetId(1);
/// Base atoms of a lot: the asset has 8 decimals, quantities have 5.
const LOT_ATOMS: i128 = 1_000;

impl Fake {
    pub(crate) fn new(seed: u64) -> Fake {
        Fake {
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            orders: Vec::new(),
            trades: Vec::new(),
            balances: BTreeMap::new(),
            owned: BTreeMap::new(),
            #[cfg(feature = "search")]
            paid: BTreeMap::new(),
            touched: BTreeSet::new(),
            listed: false,
            prevents: true,
        }
    }

    /// What a sink knows that is opened after the symbol was listed.
    pub(crate) fn names() -> Names {
        let mut names = Names::default();
        for event in Fake::new(0).list() {
            names.learn(&event);
        }
        names
    }

    pub(crate) fn time(offset: u64) -> TimeNs {
        TimeNs(1_700_000_000_000_000_000 + offset * 1_000_000)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % bound
    }

    pub(crate) fn step(&mut self, offset: u64) -> Answered {
        let time = Self::time(offset);
        let kind = self.below(8);
        let mut events = match kind {
            _ if !self.listed => self.list(),
            0..=3 => self.place(time),
            4 => self.cancel(time),
            5 => self.amend(time),
            6 if self.prevents => self.prevent(time),
            6 => Vec::new(),
            _ => self.pay(offset),
        };
        events.extend(self.told_balances(offset));
        Answered {
            offset: Offset(offset),
            time,
            events,
        }
    }

    /// One more accepted order, which nobody meets.
    pub(crate) fn accepted(&mut self, offset: u64) -> Answered {
        let time = Self::time(0);
        let (_, events) = self.accept(time);
        Answered {
            offset: Offset(offset),
            time,
            events,
        }
    }

    /// A trade from elsewhere, after which both orders go on.
    pub(crate) fn recorded(offset: u64, trade: &TradeReport) -> Answered {
        let event = Event::Trade(Trade {
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
            maker_open: Qty(1),
        });
        Answered {
            offset: Offset(offset),
            time: trade.time,
            events: vec![event],
        }
    }

    fn list(&mut self) -> Vec<Event> {
        self.listed = true;
        let asset = |asset, code, scale| Event::AssetAdded {
            asset,
            code: AssetCode::new(code).expect("fits"),
            scale,
        };
        let symbol = Event::SymbolAdded {
            symbol: SYMBOL,
            name: SymbolName::new("BASEQUOTE").expect("fits"),
            kind: SymbolKind::Spot,
            base: BASE,
            quote: QUOTE,
            price_scale: 3,
            qty_scale: 5,
        };
        let accounts = ACCOUNTS.map(|account| Event::AccountCreated {
            account: AccountId(account),
            business: BusinessId::new(&format!("account-{account}")).expect("fits"),
        });
        let listed = [asset(BASE, "BASE", 8), asset(QUOTE, "QUOTE", 8), symbol];
        listed.into_iter().chain(accounts).collect()
    }

    fn moved(&mut self, from: AccountId, to: AccountId, (asset, atoms): (AssetId, i128)) {
        for (account, delta) in [(from, -atoms), (to, atoms)] {
            *self.owned.entry((account, asset)).or_default() += delta;
            self.touched.insert((account, asset));
        }
    }

    /// As the engine tells them: once each, at the end of the command.
    fn told_balances(&mut self, offset: u64) -> Vec<Event> {
        let touched = std::mem::take(&mut self.touched);
        let told = touched.into_iter().map(|(account, asset)| {
            let held = Amount(i128::from(offset % 5));
            let free = Amount(self.owned[&(account, asset)] - held.0);
            self.balances.insert((account, asset), (free, held));
            Event::BalanceChanged(BalanceChanged {
                account,
                asset,
                free,
                held,
            })
        });
        told.collect()
    }

    fn account(&mut self) -> AccountId {
        AccountId(ACCOUNTS[self.below(3) as usize])
    }

    fn accept(&mut self, time: TimeNs) -> (usize, Vec<Event>) {
        let by_quote = self.below(5) == 0;
        let client = format!("client-{}", self.below(30));
        let report = OrderReport {
            symbol: SYMBOL,
            order: OrderId(self.orders.len() as u64 + 1),
            account: self.account(),
            client_order: ClientOrderId::new(&client).expect("fits"),
            side: if self.below(2) == 0 {
                Side::Buy
            } else {
                Side::Sell
            },
            order_type: if by_quote {
                OrderType::Market
            } else {
                OrderType::Limit
            },
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTradePrevention::ExpireMaker,
            status: OrderStatus::New,
            price: if by_quote {
                Price::ZERO
            } else {
                Price(100 + self.below(9) as i64)
            },
            qty: if by_quote {
                Qty::ZERO
            } else {
                Qty(1 + self.below(9) as i64)
            },
            quote_qty: if by_quote {
                Amount(1 << 90)
            } else {
                Amount::ZERO
            },
            executed: Qty::ZERO,
            quote: Amount::ZERO,
            prevented: Qty::ZERO,
            created: time,
            updated: time,
            extras: None,
        };
        self.orders.push(report);
        let accepted = OrderAccepted {
            symbol: report.symbol,
            order: report.order,
            account: report.account,
            client_order: report.client_order,
            side: report.side,
            order_type: report.order_type,
            time_in_force: report.time_in_force,
            self_trade: report.self_trade,
            price: report.price,
            qty: report.qty,
            quote_qty: report.quote_qty,
            orders_10s: 1,
            orders_1d: 1,
        };
        let mut events = vec![Event::OrderAccepted(accepted)];
        if self.below(5) == 0 {
            events.push(self.terms(time));
        }
        (self.orders.len() - 1, events)
    }

    /// The newest order has terms and stands in a list.
    fn terms(&mut self, time: TimeNs) -> Event {
        let list = OrderListId(self.below(9) + 1);
        let order = self.orders.last_mut().expect("just accepted");
        let terms = OrderTermsAccepted {
            symbol: SYMBOL,
            order: order.order,
            account: order.account,
            terms: OrderTerms::default(),
            list: Some(list),
            stage: OrderStage::Working,
        };
        order.extras = Some(OrderExtras::accepted(&terms, time));
        Event::OrderTermsAccepted(terms)
    }

    fn open(&mut self, fits: impl Fn(&OrderReport) -> bool) -> Option<usize> {
        let open: Vec<usize> = (0..self.orders.len())
            .filter(|index| {
                let order = &self.orders[*index];
                order.status.is_open() && 0 < open_of(order) && fits(order)
            })
            .collect();
        if open.is_empty() {
            None
        } else {
            Some(open[self.below(open.len() as u64) as usize])
        }
    }

    fn place(&mut self, time: TimeNs) -> Vec<Event> {
        let (taker, mut events) = self.accept(time);
        let by_quote = self.orders[taker].quote_qty != Amount::ZERO;
        let took = self.orders[taker];
        if let Some(maker) = self.open(|order| order.side != took.side) {
            let wanted = if by_quote { 3 } else { took.qty.0 };
            let qty = Qty(open_of(&self.orders[maker]).min(wanted));
            events.push(self.meet((taker, maker), qty, time));
        }
        let order = &mut self.orders[taker];
        if by_quote {
            order.qty = order.executed;
            events.push(done(order, OrderStatus::Expired, time));
        } else if open_of(order) == 0 {
            events.push(done(order, OrderStatus::Filled, time));
        } else {
            let rested = OrderRested {
                symbol: SYMBOL,
                order: order.order,
                account: order.account,
                side: order.side,
                price: order.price,
                open: Qty(open_of(order)),
            };
            events.push(Event::OrderRested(rested));
        }
        events
    }

    fn meet(&mut self, (taker, maker): (usize, usize), qty: Qty, time: TimeNs) -> Event {
        let (took, made) = (self.orders[taker], self.orders[maker]);
        let quote = Amount(i128::from(qty.0) << 70);
        for index in [taker, maker] {
            let order = &mut self.orders[index];
            order.executed.0 += qty.0;
            order.quote.0 += quote.0;
            order.status = OrderStatus::PartiallyFilled;
            order.updated = time;
        }
        let maker_open = Qty(open_of(&self.orders[maker]));
        if maker_open == Qty::ZERO {
            self.orders[maker].status = OrderStatus::Filled;
        }
        let trade = Trade {
            symbol: SYMBOL,
            trade: TradeId(self.trades.len() as u64 + 1),
            price: made.price,
            qty,
            quote,
            taker_side: took.side,
            taker_order: took.order,
            taker_account: took.account,
            taker_fee: Amount(5),
            maker_order: made.order,
            maker_account: made.account,
            maker_fee: Amount(-2),
            maker_open,
        };
        self.trades.push(TradeReport::new(&trade, time));
        let (buyer, seller) = match took.side {
            Side::Buy => (took.account, made.account),
            Side::Sell => (made.account, took.account),
        };
        self.moved(seller, buyer, (BASE, i128::from(qty.0) * LOT_ATOMS));
        self.moved(buyer, seller, (QUOTE, quote.0));
        let (taker_gets, maker_gets) = match took.side {
            Side::Buy => (BASE, QUOTE),
            Side::Sell => (QUOTE, BASE),
        };
        self.moved(took.account, AccountId::FEES, (taker_gets, 5));
        self.moved(AccountId::FEES, made.account, (maker_gets, 2));
        Event::Trade(trade)
    }

    fn cancel(&mut self, time: TimeNs) -> Vec<Event> {
        let Some(index) = self.open(|_| true) else {
            return Vec::new();
        };
        vec![done(&mut self.orders[index], OrderStatus::Canceled, time)]
    }

    fn amend(&mut self, time: TimeNs) -> Vec<Event> {
        let Some(index) = self.open(|order| 1 < open_of(order)) else {
            return Vec::new();
        };
        let order = &mut self.orders[index];
        let (old_qty, old_client) = (order.qty, order.client_order);
        order.qty.0 -= 1;
        order.client_order = ClientOrderId::new(&format!("new-{}", order.order.0)).expect("fits");
        order.updated = time;
        vec![Event::OrderAmended(OrderAmended {
            symbol: SYMBOL,
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
            new_client: order.client_order,
        })]
    }

    /// One unit is taken off two open orders without a trade.
    fn prevent(&mut self, time: TimeNs) -> Vec<Event> {
        let maker = self.open(|order| order.side == Side::Sell && 1 < open_of(order));
        let Some(maker) = maker else {
            return Vec::new();
        };
        let account = self.orders[maker].account;
        let is_own = |order: &OrderReport| order.account == account && order.side == Side::Buy;
        let taker = self.open(|order| is_own(order) && 1 < open_of(order));
        let Some(taker) = taker else {
            return Vec::new();
        };
        for index in [taker, maker] {
            self.orders[index].prevented.0 += 1;
            self.orders[index].updated = time;
        }
        let made = &self.orders[maker];
        vec![Event::TradePrevented(TradePrevented {
            symbol: SYMBOL,
            account: made.account,
            taker_order: self.orders[taker].order,
            maker_order: made.order,
            maker_side: made.side,
            price: made.price,
            taker_prevented: Qty(1),
            maker_prevented: Qty(1),
            mode: SelfTradePrevention::Decrement,
        })]
    }

    fn pays(&mut self, from: AccountId, to: AccountId, (asset, atoms): (AssetId, i128)) {
        self.moved(from, to, (asset, atoms));
        #[cfg(feature = "search")]
        for (account, delta) in [(from, -atoms), (to, atoms)] {
            if account != AccountId::OUTSIDE {
                *self.paid.entry(account).or_default() += delta;
            }
        }
    }

    fn pay(&mut self, offset: u64) -> Vec<Event> {
        let business = BusinessId::new(&format!("pay-{offset}")).expect("fits");
        let (account, to) = (self.account(), AccountId(10));
        let (asset, amount) = (
            AssetId(self.below(2) as u16),
            Amount((1 + i128::from(self.below(99))) << 80),
        );
        let outside = AccountId::OUTSIDE;
        let event = match offset % 3 {
            0 => {
                self.pays(outside, account, (asset, amount.0));
                Event::Deposited {
                    account,
                    asset,
                    amount,
                    business,
                }
            }
            1 => {
                self.pays(account, outside, (asset, amount.0));
                Event::Withdrawn {
                    account,
                    asset,
                    amount,
                    business,
                }
            }
            _ => {
                self.pays(account, to, (asset, amount.0));
                Event::Transferred {
                    from: account,
                    to,
                    asset,
                    amount,
                    business,
                }
            }
        };
        vec![event]
    }
}

fn open_of(order: &OrderReport) -> i64 {
    order.qty.0 - order.executed.0 - order.prevented.0
}

fn done(order: &mut OrderReport, status: OrderStatus, time: TimeNs) -> Event {
    let open = Qty(open_of(order));
    order.status = status;
    order.updated = time;
    Event::OrderDone(OrderDone {
        symbol: SYMBOL,
        order: order.order,
        account: order.account,
        side: order.side,
        status,
        price: order.price,
        open,
        prevented: Qty::ZERO,
        rested: true,
        cancel_client: ClientOrderId::EMPTY,
    })
}
