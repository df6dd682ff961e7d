//! Scenarios as drawings: commands in words, what happened and the book in words.
//!
//! [`check`] is the only function that knows the engine. A line of the script is one command:
//!
//! ```text
//! ann sell 3 @ 101 [ioc|fok|maker] [none|expire-taker|expire-maker|expire-both|decrement] [id=x]
//! ann buy 3 market    ann buy 500 quote     ann cancel #1 | id=x     ann cancel-all
//! ann amend #1 3      ann replace #1 sell 3 @ 102 [allow]            ann has 100 base 50 quote
//! fees 100000 200000  tier 1 0 0  ann tier 1  ann frozen  ann active  symbol Halt  venue Halt
//! lot 1 100 5         price 1 100 5  notional 10 0  percent 12000 8000  orders 3  position 9
//! ann group 7         (a trade group; 0 = none; the mode `transfer`)
//! wait 5              (seconds)   show ann   (balances: free + held)
//! ```
//!
//! The symbol's units are whole: one lot is one base atom, one tick times one lot one quote
//! atom. ann, bob and cat own a million of each unless `has` says otherwise.
//!
//! Reading order: this file, then `matching`, `market`, `self_trade`, `trade_groups`,
//! `changes`, `money`, `refusals`.

mod matching;
mod market;
mod self_trade;
mod trade_groups;
mod changes;
mod money;
mod refusals;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use expect_test::Expect;
use schemas::command::{
    AmendOrderV1, CancelAllV1, CancelOrderV1, CancelReplaceV1, Command, OrderRef, PlaceOrderV1,
    RequestDigest, SetAccountStateV1, SetAccountTierV1, SetFeeTierV1, SetFilterV1,
    SetSymbolStateV1, SetVenueStateV1, WithdrawV1,
};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, BusinessId, ClientOrderId, OrderId, SymbolId, Text};
use schemas::instrument::{
    AccountState, CancelReplaceMode, Filter, LotSize, NotionalFilter, OrderType, PercentPrice,
    PriceFilter, SelfTradePrevention, Side, SymbolState, TimeInForce, VenueState,
};
use schemas::trade_group::SetTradeGroupV1;
use schemas::units::{Amount, Price, Qty, Rate, TimeNs};

use crate::venue::{Scales, Venue, limit};

/// What ann, bob and cat own of either asset to begin with.
const WEALTH: i128 = 1_000_000;

/// Runs the script and compares what happened, and the book at the end.
pub fn check(script: &str, expected: Expect) {
    let mut stage = Stage::new();
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        stage.act(line);
        stage
            .venue
            .engine
            .check_invariants()
            .expect("every state is sound");
    }
    stage.draw();
    expected.assert_eq(&stage.told);
}

struct Stage {
    venue: Venue,
    symbol: SymbolId,
    base: AssetId,
    quote: AssetId,
    names: BTreeMap<AccountId, &'static str>,
    told: String,
}

impl Stage {
    fn new() -> Stage {
        let mut venue = Venue::new();
        let (base, quote) = (venue.add_asset("BASE", 0), venue.add_asset("QUOTE", 0));
        let symbol = venue.add_symbol("BASEQUOTE", (base, quote), Scales { price: 0, qty: 0 });
        venue.set_fees(symbol, 0, 0);
        let mut names = BTreeMap::new();
        for name in ["ann", "bob", "cat"] {
            let account = venue.add_account();
            venue.deposit(account, base, WEALTH);
            venue.deposit(account, quote, WEALTH);
            names.insert(account, name);
        }
        Stage {
            venue,
            symbol,
            base,
            quote,
            names,
            told: String::new(),
        }
    }

    fn act(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let named = self
            .names
            .iter()
            .find(|(_, name)| **name == words[0])
            .map(|(id, _)| *id);
        match (named, words[0]) {
            (Some(account), _) => self.act_as(account, &words[1..]),
            (None, "wait") => {
                self.venue.now = TimeNs(self.venue.now.0 + whole(words[1]) as u64 * 1_000_000_000);
            }
            (None, "show") => {
                for name in &words[1..] {
                    self.show(name);
                }
            }
            (None, _) => {
                let command = self.rule(&words);
                self.apply(&command);
            }
        }
    }

    fn act_as(&mut self, account: AccountId, words: &[&str]) {
        let symbol = self.symbol;
        let command = match words[0] {
            "buy" | "sell" => Command::PlaceOrder(self.order(account, words)),
            "cancel" => Command::CancelOrder(CancelOrderV1 {
                target: target(&words[1..]),
                valid_until: TimeNs(0),
                account,
                symbol,
                cancel_client: ClientOrderId::EMPTY,
            }),
            "cancel-all" => Command::CancelAll(CancelAllV1 {
                valid_until: TimeNs(0),
                account,
                symbol,
            }),
            "amend" => Command::AmendOrder(AmendOrderV1 {
                target: target(&words[1..2]),
                new_qty: Qty(whole(words[2])),
                valid_until: TimeNs(0),
                account,
                symbol,
                request: RequestDigest::default(),
                new_client: client(words),
            }),
            "replace" => Command::CancelReplace(CancelReplaceV1 {
                order: self.order(account, &words[2..]),
                target: target(&words[1..2]),
                cancel_client: ClientOrderId::EMPTY,
                mode: if words.contains(&"allow") {
                    CancelReplaceMode::AllowFailure
                } else {
                    CancelReplaceMode::StopOnFailure
                },
            }),
            "tier" => Command::SetAccountTier(SetAccountTierV1 {
                account,
                tier: whole(words[1]) as u8,
            }),
            "group" => Command::SetTradeGroup(SetTradeGroupV1 {
                account,
                group: whole(words[1]) as u32,
            }),
            "frozen" | "active" => Command::SetAccountState(SetAccountStateV1 {
                account,
                state: if words[0] == "frozen" {
                    AccountState::Frozen
                } else {
                    AccountState::Active
                },
            }),
            "has" => {
                self.leave(account, self.base, whole(words[1]));
                return self.leave(account, self.quote, whole(words[3]));
            }
            other => panic!("no such act: {other}"),
        };
        self.apply(&command);
    }

    /// Withdraws all but so much.
    fn leave(&mut self, account: AccountId, asset: AssetId, rest: i64) {
        let (free, _) = self.venue.engine.balance(account, asset);
        let amount = Amount(free.0 - i128::from(rest));
        let business = BusinessId::EMPTY;
        let withdraw = WithdrawV1 {
            amount,
            account,
            asset,
            business,
        };
        self.venue.apply(&Command::Withdraw(withdraw));
    }

    fn order(&self, account: AccountId, words: &[&str]) -> PlaceOrderV1 {
        let side = if words[0] == "buy" {
            Side::Buy
        } else {
            Side::Sell
        };
        let mut order = limit(account, self.symbol, side, (0, whole(words[1])));
        match words[2] {
            "market" => order.order_type = OrderType::Market,
            "quote" => {
                order.order_type = OrderType::Market;
                (order.qty, order.quote_qty) = (Qty(0), Amount(whole(words[1]).into()));
            }
            _ => order.price = Price(whole(words[3])),
        }
        for word in words {
            match *word {
                "ioc" => order.time_in_force = TimeInForce::Ioc,
                "fok" => order.time_in_force = TimeInForce::Fok,
                "maker" => order.order_type = OrderType::LimitMaker,
                "expire-taker" => order.self_trade = SelfTradePrevention::ExpireTaker,
                "expire-maker" => order.self_trade = SelfTradePrevention::ExpireMaker,
                "expire-both" => order.self_trade = SelfTradePrevention::ExpireBoth,
                "transfer" => order.self_trade = SelfTradePrevention::Transfer,
                "decrement" => order.self_trade = SelfTradePrevention::Decrement,
                "request" => order.request = RequestDigest([9; 16]),
                "late" => order.valid_until = TimeNs(self.venue.now.0 - 1),
                _ => {}
            }
        }
        order.client_order = client(words);
        order
    }

    fn rule(&self, words: &[&str]) -> Command {
        let symbol = self.symbol;
        let number = |index: usize| {
            words
                .get(index)
                .and_then(|word| word.parse().ok())
                .unwrap_or(0_i64)
        };
        let (first, second, third) = (number(1).unsigned_abs() as u32, number(2), number(3));
        let filter = match words[0] {
            "fees" => {
                return Command::SetSymbolFees(schemas::command::SetSymbolFeesV1 {
                    maker: Rate(number(1)),
                    taker: Rate(second),
                    symbol,
                });
            }
            "tier" => {
                return Command::SetFeeTier(SetFeeTierV1 {
                    maker: Rate(second),
                    taker: Rate(third),
                    tier: first as u8,
                });
            }
            "symbol" => {
                let state = *SymbolState::ALL
                    .iter()
                    .find(|state| format!("{state:?}") == words[1])
                    .expect("a state of a symbol");
                return Command::SetSymbolState(SetSymbolStateV1 { symbol, state });
            }
            "venue" => {
                let state = *VenueState::ALL
                    .iter()
                    .find(|state| format!("{state:?}") == words[1])
                    .expect("a state of the venue");
                return Command::SetVenueState(SetVenueStateV1 {
                    state,
                    withdrawals: true,
                });
            }
            "lot" => Filter::LotSize(lot(number(1), second, third)),
            "market-lot" => Filter::MarketLotSize(lot(number(1), second, third)),
            "price" => Filter::Price(PriceFilter {
                min: Price(number(1)),
                max: Price(second),
                tick: Price(third),
            }),
            "notional" => Filter::Notional(NotionalFilter {
                min: Amount(number(1).into()),
                max: Amount(second.into()),
                apply_min_to_market: true,
                apply_max_to_market: false,
            }),
            "percent" => Filter::PercentPrice(PercentPrice {
                bid_up: first,
                bid_down: second as u32,
                ask_up: first,
                ask_down: second as u32,
                minutes: 0,
            }),
            "orders" => Filter::MaxNumOrders(first),
            "position" => Filter::MaxPosition(Qty(number(1))),
            other => panic!("no such rule: {other}"),
        };
        Command::SetFilter(SetFilterV1 { filter, symbol })
    }

    fn apply(&mut self, command: &Command) {
        for event in self.venue.complete(command) {
            if let Some(line) = self.line(&event) {
                self.told.push_str(&line);
                self.told.push('\n');
            }
        }
    }

    fn name(&self, account: AccountId) -> &'static str {
        self.names.get(&account).copied().unwrap_or("?")
    }

    fn line(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::Trade(trade) => {
                let mut line = format!(
                    "#{} {} takes {} @ {} from #{} {}",
                    trade.taker_order.0,
                    self.name(trade.taker_account),
                    trade.qty.0,
                    trade.price.0,
                    trade.maker_order.0,
                    self.name(trade.maker_account),
                );
                if (trade.taker_fee.0, trade.maker_fee.0) != (0, 0) {
                    let fees = (trade.taker_fee.0, trade.maker_fee.0);
                    write!(line, ", fees {} and {}", fees.0, fees.1).expect("a string");
                }
                line
            }
            Event::OrderDone(done) if format!("{:?}", done.status) == "Filled" => return None,
            Event::OrderDone(done) => {
                let mut line = format!(
                    "#{} {} {:?}",
                    done.order.0,
                    self.name(done.account),
                    done.status
                );
                write!(line, ", {} open", done.open.0).expect("a string");
                if done.prevented.0 > 0 {
                    write!(line, ", {} prevented", done.prevented.0).expect("a string");
                }
                line
            }
            Event::TradePrevented(prevented) => {
                let line = format!(
                    "#{} {} meets own #{}",
                    prevented.taker_order.0,
                    self.name(prevented.account),
                    prevented.maker_order.0,
                );
                let less = (prevented.taker_prevented.0, prevented.maker_prevented.0);
                let words = match less {
                    (0, 0) => String::new(),
                    (0, maker) => format!(", maker less {maker}"),
                    (taker, 0) => format!(", taker less {taker}"),
                    (taker, _) => format!(", both less {taker}"),
                };
                line + &words
            }
            other => return self.short_line(other),
        })
    }

    /// Amendments, refusals and states.
    fn short_line(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::OrderAmended(amended) => format!(
                "#{} {} {} -> {}, {} open",
                amended.order.0,
                self.name(amended.account),
                amended.old_qty.0,
                amended.new_qty.0,
                amended.open.0,
            ),
            Event::OrderRejected(rejected) => {
                format!(
                    "{} refused: {:?}",
                    self.name(rejected.account),
                    rejected.reason
                )
            }
            Event::CancelRejected(rejected) => {
                format!(
                    "{} cannot cancel: {:?}",
                    self.name(rejected.account),
                    rejected.reason
                )
            }
            Event::AmendRejected(rejected) => {
                format!(
                    "{} cannot amend: {:?}",
                    self.name(rejected.account),
                    rejected.reason
                )
            }
            Event::PreventedTransferred(moved) => format!(
                "{} moves {} to {} for {}",
                self.name(moved.seller),
                moved.qty.0,
                self.name(moved.buyer),
                moved.quote.0,
            ),
            Event::CommandRejected { reason } => format!("refused: {reason:?}"),
            Event::SymbolStateChanged { state, .. } => format!("symbol {state:?}"),
            _ => return None,
        })
    }

    fn show(&mut self, name: &str) {
        let account = self
            .names
            .iter()
            .find(|(_, known)| **known == name)
            .map_or(AccountId::FEES, |(account, _)| *account);
        let (base_free, base_held) = self.venue.engine.balance(account, self.base);
        let (quote_free, quote_held) = self.venue.engine.balance(account, self.quote);
        writeln!(
            self.told,
            "{name}: base {} + {}, quote {} + {}",
            base_free.0, base_held.0, quote_free.0, quote_held.0
        )
        .expect("a string");
    }

    /// The book, best asks nearest to best bids; nothing when it is empty.
    fn draw(&mut self) {
        let rows = |side: Side| {
            let mut rows: Vec<(i64, String)> = Vec::new();
            for order in self.venue.engine.queue(self.symbol, side) {
                let words = format!("{} {}", self.name(order.account), order.open.0);
                match rows.last_mut() {
                    Some(row) if row.0 == order.price.0 => row.1 = format!("{}, {words}", row.1),
                    _ => rows.push((order.price.0, words)),
                }
            }
            rows
        };
        let (asks, bids) = (rows(Side::Sell), rows(Side::Buy));
        let width = bids.iter().map(|row| row.1.len()).max().unwrap_or(0).max(3);
        let mut drawn = String::new();
        if !asks.is_empty() || !bids.is_empty() {
            writeln!(drawn, "{:>width$} | price | ask", "bid").expect("a string");
        }
        for (price, words) in asks.iter().rev() {
            writeln!(drawn, "{:>width$} | {price:>5} | {words}", "").expect("a string");
        }
        for (price, words) in &bids {
            writeln!(drawn, "{words:>width$} | {price:>5} |").expect("a string");
        }
        self.told.push_str(&drawn);
    }
}

fn whole(word: &str) -> i64 {
    word.parse()
        .unwrap_or_else(|_| panic!("not a number: {word}"))
}

fn lot(min: i64, max: i64, step: i64) -> LotSize {
    LotSize {
        min: Qty(min),
        max: Qty(max),
        step: Qty(step),
    }
}

fn client(words: &[&str]) -> ClientOrderId {
    words
        .iter()
        .find_map(|word| word.strip_prefix("id="))
        .map_or(ClientOrderId::EMPTY, |id| {
            Text::new(id).expect("a short id")
        })
}

fn target(words: &[&str]) -> OrderRef {
    let order = words
        .iter()
        .find_map(|word| word.strip_prefix('#'))
        .map_or(0, whole);
    OrderRef {
        order: OrderId(order as u64),
        client_order: client(words),
    }
}
