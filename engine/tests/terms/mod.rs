//! Orders with terms and lists: scenarios by hand, the documents' trailing stops, random
//! streams under every invariant, and a hundred thousand stops at once.
//!
//! Reading order: this file (the API in one place), `stops`, `icebergs`, `lists`, `streams`,
//! `said_twice`, `replaced`, `pegs`, `paying`, `paying_streams`.

mod stops;
mod icebergs;
mod lists;
mod streams;
mod said_twice;
mod replaced;
mod pegs;
mod paying;
mod paying_streams;

use schemas::command::{CancelAllV1, CancelOrderV1, Command};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, ClientOrderId, OrderListId, SymbolId};
use schemas::instrument::{
    CancelRestriction, ContingencyType, OrderType, SelfTradePrevention, Side, TimeInForce,
};
use schemas::order_command::{
    CancelOrderIfV1, CancelOrderListV1, ListLegV1, OrderTerms, PlaceOrderListV1,
    PlaceOrderWithTermsV1, SetCountdownV1,
};
use schemas::peg::{Peg, PegPriceType, PlacePeggedListV1, PlacePeggedV1};
use schemas::units::{Price, Qty, TimeNs};

use crate::venue::{Scales, Venue, by_id, limit};

/// Two accounts with money on a symbol without filters: one price unit times one quantity
/// unit is one quote atom.
pub struct Stage {
    pub venue: Venue,
    pub symbol: SymbolId,
    pub base: AssetId,
    pub quote: AssetId,
    /// Whose orders are looked at.
    pub user: AccountId,
    /// Who makes the market.
    pub maker: AccountId,
}

impl Stage {
    pub fn new() -> Stage {
        let mut venue = Venue::new();
        let base = venue.add_asset("BTC", 0);
        let quote = venue.add_asset("USDT", 0);
        let symbol = venue.add_symbol("BTCUSDT", (base, quote), Scales { price: 0, qty: 0 });
        let mut account = || {
            let account = venue.add_account();
            venue.deposit(account, base, 1_000_000_000);
            venue.deposit(account, quote, 1_000_000_000_000);
            account
        };
        let (user, maker) = (account(), account());
        Stage {
            venue,
            symbol,
            base,
            quote,
            user,
            maker,
        }
    }

    /// Applies a command with all its Continues; every invariant holds afterwards.
    pub fn run(&mut self, command: &Command) -> String {
        let events = self.venue.complete(command);
        self.check();
        told(&events)
    }

    pub fn check(&self) {
        let checked = self.venue.engine.check_invariants();
        checked.unwrap_or_else(|violation| panic!("{violation}"));
    }

    /// The maker quotes.
    pub fn quote(&mut self, side: Side, at: (i64, i64)) -> String {
        let order = limit(self.maker, self.symbol, side, at);
        self.run(&Command::PlaceOrder(order))
    }

    /// A trade of one at that price, between the maker's own two hands.
    pub fn print(&mut self, price: i64) -> String {
        self.quote(Side::Sell, (price, 1));
        self.quote(Side::Buy, (price, 1))
    }

    pub fn place(&mut self, (side, qty): (Side, i64), kind: OrderType, terms: &str) -> String {
        let command = self.asked((side, qty), kind, terms);
        self.run(&Command::PlaceOrderWithTerms(command))
    }

    /// `terms`: "price 5 stop 6 trail 7 part 8 client a ioc fok".
    pub fn asked(
        &self,
        (side, qty): (Side, i64),
        kind: OrderType,
        terms: &str,
    ) -> PlaceOrderWithTermsV1 {
        let mut command = PlaceOrderWithTermsV1 {
            order: limit(self.user, self.symbol, side, (0, qty)),
            terms: OrderTerms::default(),
        };
        command.order.order_type = kind;
        let mut words = terms.split_whitespace();
        while let Some(word) = words.next() {
            let order = &mut command.order;
            if word == "ioc" || word == "fok" {
                order.time_in_force = match word {
                    "ioc" => TimeInForce::Ioc,
                    _ => TimeInForce::Fok,
                };
                continue;
            }
            let value = words.next().expect("a value follows");
            let number = || value.parse::<i64>().expect("a number");
            match word {
                "price" => order.price = Price(number()),
                "stop" => command.terms.stop_price = Price(number()),
                "trail" => command.terms.trailing_delta = number() as u32,
                "part" => command.terms.iceberg_qty = Qty(number()),
                "client" => order.client_order = ClientOrderId::new(value).expect("short"),
                other => panic!("no word {other}"),
            }
        }
        command
    }

    pub fn leg(&self, side: (Side, i64), kind: OrderType, terms: &str) -> ListLegV1 {
        let PlaceOrderWithTermsV1 { order, terms } = self.asked(side, kind, terms);
        ListLegV1 {
            price: order.price,
            qty: order.qty,
            terms,
            client_order: order.client_order,
            side: order.side,
            order_type: order.order_type,
            time_in_force: order.time_in_force,
        }
    }

    /// `terms` as in [`Stage::asked`], with a peg.
    pub fn pegged(
        &mut self,
        order: (Side, i64),
        kind: OrderType,
        (terms, peg): (&str, Peg),
    ) -> String {
        let new = self.asked(order, kind, terms);
        self.run(&Command::PlacePegged(PlacePeggedV1 { new, peg }))
    }

    /// A list whose orders have these pegs.
    pub fn pegged_list(
        &mut self,
        contingency: ContingencyType,
        legs: &[(ListLegV1, Peg)],
    ) -> String {
        let mut pegs = [Peg::NONE; 3];
        for (place, (_, peg)) in pegs.iter_mut().zip(legs) {
            *place = *peg;
        }
        let legs: Vec<ListLegV1> = legs.iter().map(|(leg, _)| *leg).collect();
        let list = self.asked_list(contingency, &legs);
        let command = PlacePeggedListV1 { list, pegs };
        self.run(&Command::PlacePeggedList(Box::new(command)))
    }

    pub fn list(&mut self, contingency: ContingencyType, legs: &[ListLegV1]) -> String {
        let list = self.asked_list(contingency, legs);
        self.run(&Command::PlaceOrderList(Box::new(list)))
    }

    /// A list whose pending orders sell what its working one buys; their quantity is zero.
    pub fn paying(&mut self, contingency: ContingencyType, legs: &[ListLegV1]) -> String {
        let list = self.asked_list(contingency, legs);
        let pegs = [Peg::NONE; 3];
        let command = PlacePeggedListV1 { list, pegs };
        self.run(&Command::PlacePayingList(Box::new(command)))
    }

    pub fn asked_list(&self, contingency: ContingencyType, legs: &[ListLegV1]) -> PlaceOrderListV1 {
        let mut all = [ListLegV1::NONE; 3];
        all[..legs.len()].copy_from_slice(legs);
        PlaceOrderListV1 {
            legs: all,
            valid_until: TimeNs(0),
            account: self.user,
            symbol: self.symbol,
            request: Default::default(),
            list_client: ClientOrderId::new("list").expect("short"),
            contingency,
            self_trade: SelfTradePrevention::None,
        }
    }

    pub fn cancel(&mut self, order: u64) -> String {
        let cancel = self.cancelling(order);
        self.run(&Command::CancelOrder(cancel))
    }

    pub fn cancelling(&self, order: u64) -> CancelOrderV1 {
        CancelOrderV1 {
            target: by_id(order),
            valid_until: TimeNs(0),
            account: self.user,
            symbol: self.symbol,
            cancel_client: ClientOrderId::EMPTY,
        }
    }

    pub fn cancel_if(&mut self, order: u64, restriction: CancelRestriction) -> String {
        let cancel = self.cancelling(order);
        self.run(&Command::CancelOrderIf(CancelOrderIfV1 {
            cancel,
            restriction,
        }))
    }

    pub fn cancel_list(&mut self, list: u64) -> String {
        self.run(&Command::CancelOrderList(CancelOrderListV1 {
            list: OrderListId(list),
            valid_until: TimeNs(0),
            account: self.user,
            symbol: self.symbol,
            list_client: ClientOrderId::EMPTY,
            cancel_client: ClientOrderId::EMPTY,
        }))
    }

    pub fn cancel_all(&mut self) -> String {
        self.run(&Command::CancelAll(CancelAllV1 {
            valid_until: TimeNs(0),
            account: self.user,
            symbol: self.symbol,
        }))
    }

    pub fn countdown(&mut self, after_ns: u64) -> String {
        self.run(&Command::SetCountdown(SetCountdownV1 {
            after_ns,
            valid_until: TimeNs(0),
            account: self.user,
            symbol: self.symbol,
        }))
    }

    /// What the user holds of base and quote.
    pub fn held(&self) -> (i128, i128) {
        let held = |asset| self.venue.engine.balance(self.user, asset).1.0;
        (held(self.base), held(self.quote))
    }

    /// Goes on with an engine made from the sections of the present one.
    pub fn restore(&mut self) {
        let sections: Vec<(String, Vec<u8>)> = self
            .venue
            .engine
            .sections()
            .into_iter()
            .map(|(name, bytes)| (name.to_owned(), bytes))
            .collect();
        let restored = engine::apply::Engine::restore(99, &sections).expect("its own sections");
        assert_eq!(restored.root(), self.venue.engine.root());
        restored
            .check_invariants()
            .unwrap_or_else(|violation| panic!("restored: {violation}"));
        self.venue.engine = restored;
    }
}

/// The peg to the best price of the own side, or so many levels behind it.
pub fn primary(offset: u8) -> Peg {
    let price_type = PegPriceType::Primary;
    Peg { price_type, offset }
}

/// The peg to the best price of the other side, or so many levels behind it.
pub fn market(offset: u8) -> Peg {
    let price_type = PegPriceType::Market;
    Peg { price_type, offset }
}

/// Events in short words, without balances and acceptances.
pub fn told(events: &[Event]) -> String {
    let mut words = Vec::new();
    for event in events {
        words.push(match event {
            Event::OrderTermsAccepted(it) => format!("{:?} {}", it.stage, it.order.0),
            Event::TrailingStarted(it) => format!("tracks {} from {}", it.order.0, it.price.0),
            Event::OrderActivated(it) => format!("activated {} {:?}", it.order.0, it.stage),
            Event::OrderTriggered(it) => format!("triggered {} at {}", it.order.0, it.price.0),
            Event::OrderPegged(it) => format!("pegged {} at {}", it.order.0, it.price.0),
            Event::OrderSized(it) => format!("sized {} to {}", it.order.0, it.qty.0),
            Event::IcebergRefilled(it) => format!("shows {} of {}", it.shown.0, it.order.0),
            Event::OrderExpiring(it) => format!("{:?}", it.reason),
            Event::OrderListAccepted(it) => format!("list {}", it.list.0),
            Event::OrderListDone(it) => format!("list {} done", it.list.0),
            Event::OrderListRejected(it) => format!("list refused {:?}", it.reason),
            Event::OrderRested(it) => format!("rests {} {}@{}", it.order.0, it.open.0, it.price.0),
            Event::Trade(it) => format!(
                "{} takes {}@{} of {}",
                it.taker_order.0, it.qty.0, it.price.0, it.maker_order.0
            ),
            Event::OrderDone(it) => format!("{:?} {} open {}", it.status, it.order.0, it.open.0),
            Event::OrderRejected(it) => format!("refused {:?}", it.reason),
            Event::CancelRejected(it) => format!("not cancelled {:?}", it.reason),
            Event::AmendRejected(it) => format!("not amended {:?}", it.reason),
            Event::OrderAmended(it) => format!("amended {} to {}", it.order.0, it.new_qty.0),
            Event::CountdownSet { due, .. } if due.0 == 0 => "countdown off".to_owned(),
            Event::CountdownSet { .. } => "countdown".to_owned(),
            Event::CountdownElapsed { .. } => "countdown over".to_owned(),
            Event::TradePrevented(it) => format!("prevented {}", it.maker_order.0),
            _ => continue,
        });
    }
    words.join("; ")
}
