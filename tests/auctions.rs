//! ADR 0025: protection as operators and clients meet it, and what clients read of auctions
//! against the engine's own book.

use std::thread::sleep;
use std::time::{Duration, Instant};

use daybook::genesis;
use engine::apply::{Engine, Stamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use schemas::command::{
    AmendOrderV1, CancelAllV1, Command, CreateAccountV1, DepositV1, OrderRef, PlaceOrderV1,
    RequestDigest, SetFilterV1, SetSymbolStateV1,
};
use schemas::ids::{AccountId, AssetId, BusinessId, ClientOrderId, OrderId, SymbolId};
use schemas::instrument::{Filter, OrderType, SelfTradePrevention, Side, SymbolState, TimeInForce};
use schemas::order_command::{OrderTerms, PlaceOrderWithTermsV1};
use schemas::protection::Protection;
use schemas::report::Level;
use schemas::units::{Amount, Price, Qty, TimeNs};
use serde_json::Value;
use views::{Views, Wanted};

use crate::venue::client::Client;
use crate::venue::{Node, Start};

const BTC: SymbolId = SymbolId(0);

/// Two traders who have traded 0.1 at 50,000.
fn traders(node: &Node) -> (Client, Client) {
    let ann = node.trader("ann", &["BTC=5", "USDT=1000000"]);
    let bob = node.trader("bob", &["BTC=5", "USDT=1000000"]);
    let (ann, bob) = (Client::new(&node.http, &ann), Client::new(&node.http, &bob));
    place(&ann, ("SELL", "0.1", "50000"), "first-ask");
    place(&bob, ("BUY", "0.1", "50000"), "first-bid");
    (ann, bob)
}

fn place(client: &Client, (side, qty, price): (&str, &str, &str), name: &str) -> Value {
    let placed = client.limit(side, qty, price, name).expect("answered");
    assert_eq!(placed.status, 200, "{name}: {placed:?}");
    placed.body
}

#[test]
fn an_operator_s_band_expires_what_would_trade_beyond_it() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let (ann, bob) = traders(&node);
    let rules = [
        "band=5%",
        "market-depth=1.5%",
        "max-algo-orders=7",
        "trailing-delta=10/2000",
    ];
    set(&node, &rules);
    place(&ann, ("SELL", "0.1", "52500"), "inside");
    place(&ann, ("SELL", "0.1", "52501"), "outside");
    let taken = place(&bob, ("BUY", "0.3", "53000"), "reaching");
    assert_eq!(taken["status"], "EXPIRED", "{taken}");
    assert_eq!(taken["executedQty"], "0.10000000");
    let told = bob.order("reaching").expect("answered").body;
    let reason = "EXECUTION_RULE_PRICE_RANGE_EXCEEDED";
    assert_eq!(told["expiryReason"], reason, "{told}");
    let rules = public(&bob, "/api/v3/executionRules?symbol=BTCUSDT");
    assert_eq!(
        rules["symbolRules"][0]["rules"][0],
        serde_json::json!({
            "ruleType": "PRICE_RANGE", "bidLimitMultUp": "1.0500", "bidLimitMultDown": "0.9500",
            "askLimitMultUp": "1.0500", "askLimitMultDown": "0.9500",
        })
    );
    let info = public(&bob, "/api/v3/exchangeInfo?symbol=BTCUSDT").to_string();
    assert!(info.contains(r#""maxNumAlgoOrders":7"#), "{info}");
    for bad in [
        "band=-1",
        "band=x",
        "breaker=1.005%",
        "auction-seconds=0.5",
        "nothing=1",
    ] {
        let refused = node.administer(&["symbol", "set", "BTCUSDT", bad]);
        assert!(refused.is_err(), "{bad}: {refused:?}");
    }
}

#[test]
fn an_operator_protects_a_symbol_and_an_auction_reopens_it() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let node = Start::default().node(dir.path());
    let (ann, bob) = traders(&node);
    place(&ann, ("SELL", "0.1", "52501"), "outside");
    set(&node, &["breaker=1%", "auction-seconds=3"]);
    let taken = place(&bob, ("BUY", "0.3", "53000"), "tripping");
    assert_eq!(taken["status"], "NEW", "{taken}");
    let info = public(&ann, "/api/v3/exchangeInfo?symbol=BTCUSDT");
    assert_eq!(info["symbols"][0]["status"], "AUCTION_MATCH");
    let shown = wait_for(&ann, |shown| shown["indicativeQty"] != "0.00000000");
    assert_eq!(shown["indicativePrice"], "52501.00000000", "{shown}");
    assert_eq!(shown["indicativeQty"], "0.10000000");
    assert_eq!(shown["surplusBidQty"], "0.20000000");
    let market = [
        ("symbol", "BTCUSDT"),
        ("side", "BUY"),
        ("type", "MARKET"),
        ("quantity", "1"),
    ];
    let refused = ann.signed("POST", "/api/v3/order", &market);
    assert_eq!(refused.expect("answered").body["code"], -2010);
    let shown = wait_for(&ann, |shown| shown["auction"] == false);
    assert_eq!(shown["status"], "TRADING");
    let told = bob.order("tripping").expect("answered").body;
    assert_eq!(told["executedQty"], "0.10000000", "{told}");
    assert_eq!(told["cummulativeQuoteQty"], "5250.10000000");
    assert_eq!(told["status"], "PARTIALLY_FILLED");

    // By hand, and over a restart.
    act(&node, &["symbol", "auction", "BTCUSDT"]);
    place(&ann, ("SELL", "0.2", "52000"), "late");
    assert!(node.terminate().code == Some(0), "a clean stop");
    let node = Start::default().node(dir.path());
    act(&node, &["symbol", "resume", "BTCUSDT"]);
    let bob = Client::new(&node.http, &node.trader("bobs-key-again", &[]));
    let last = public(&bob, "/api/v3/ticker/price?symbol=BTCUSDT");
    assert_eq!(
        last["price"], "53000.00000000",
        "the bid is nearer to the last price"
    );
}

fn set(node: &Node, rules: &[&str]) {
    let mut arguments = vec!["symbol", "set", "BTCUSDT"];
    arguments.extend(rules);
    act(node, &arguments);
}

fn act(node: &Node, arguments: &[&str]) {
    node.administer(arguments)
        .unwrap_or_else(|ended| panic!("{arguments:?}: {ended:?}"));
}

fn public(client: &Client, path: &str) -> Value {
    let answer = client.raw("GET", path, "").expect("answered");
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

fn wait_for(client: &Client, holds: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let shown = public(client, "/api/v1/auction?symbol=BTCUSDT");
        if holds(&shown) {
            return shown;
        }
        assert!(Instant::now() < deadline, "{shown}");
        sleep(Duration::from_millis(20));
    }
}

/// A venue in memory whose views take every event.
struct Watched {
    engine: Engine,
    views: Views,
    now: u64,
}

impl Watched {
    fn apply(&mut self, command: &Command) {
        let mut more = true;
        let mut command = command;
        while more {
            let at = Stamp {
                offset: self.engine.next(),
                time: TimeNs(self.now),
            };
            let mut events = Vec::new();
            more = self.engine.apply(at, command, &mut events).more;
            let wanted = Wanted {
                updates: None,
                users: None,
            };
            self.views.apply(at.offset, at.time, &events, wanted);
            command = &Command::Continue;
        }
    }

    /// What clients see is what the engine has.
    fn compare(&self, seed: u64) {
        let depth = self.views.depth(BTC, usize::MAX).expect("it is listed");
        for (side, seen) in [(Side::Buy, depth.bids), (Side::Sell, depth.asks)] {
            let levels = self.engine.levels(BTC, side);
            let levels: Vec<Level> = levels.iter().map(|it| (it.price, it.qty)).collect();
            assert_eq!(seen, levels, "seed {seed}, {side:?}");
            for open in self.engine.queue(BTC, side) {
                let seen = self.views.open_orders(open.account, Some(BTC));
                let seen = seen.iter().find(|order| order.order == open.order);
                let left = seen.map(|it| it.qty.0 - it.executed.0 - it.prevented.0);
                assert_eq!(
                    left,
                    Some(open.open.0),
                    "seed {seed}, order {}",
                    open.order.0
                );
            }
        }
        let loaded = Views::load(&self.views.save()).expect("its own bytes");
        assert_eq!(*loaded.directory(), *self.views.directory(), "seed {seed}");
    }
}

#[test]
fn what_clients_read_follows_the_book_through_auctions() {
    for seed in 0..12 {
        println!("seed {seed}");
        watch(seed);
    }
}

fn watch(seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut watched = Watched {
        engine: Engine::new(seed),
        views: Views::new(),
        now: 1_767_225_600_000_000_000,
    };
    for command in genesis::commands() {
        watched.apply(&command);
    }
    let accounts: Vec<AccountId> = (0..3).map(|number| fund(&mut watched, number)).collect();
    let protection = Protection {
        band: 0,
        market_depth: 100,
        breaker: 50,
        auction_ms: 40,
    };
    let filter = Filter::Protection(protection);
    watched.apply(&Command::SetFilter(SetFilterV1 {
        filter,
        symbol: BTC,
    }));
    for step in 0..300 {
        watched.now += dice.random_range(0..8_000_000);
        let command = draw(&mut dice, &accounts, step);
        watched.apply(&command);
        watched.compare(seed);
    }
}

fn fund(watched: &mut Watched, number: u32) -> AccountId {
    let business = |text: String| BusinessId::new(&text).expect("short enough");
    let account = AccountId(AccountId::FIRST_USER.0 + number);
    watched.apply(&Command::CreateAccount(CreateAccountV1 {
        business: business(format!("watched-{number}")),
    }));
    for asset in 0..3 {
        watched.apply(&Command::Deposit(DepositV1 {
            amount: Amount(1 << 60),
            account,
            asset: AssetId(asset),
            business: business(format!("watched-{number}-{asset}")),
        }));
    }
    account
}

fn draw(dice: &mut StdRng, accounts: &[AccountId], step: u32) -> Command {
    let account = accounts[dice.random_range(0..accounts.len())];
    match dice.random_range(0..100) {
        0..4 => Command::AdvanceClock,
        4..7 => {
            let state = match dice.random_bool(0.5) {
                true => SymbolState::Auction,
                false => SymbolState::Trading,
            };
            Command::SetSymbolState(SetSymbolStateV1 { symbol: BTC, state })
        }
        7..9 => Command::CancelAll(CancelAllV1 {
            valid_until: TimeNs(0),
            account,
            symbol: BTC,
        }),
        9..13 => Command::AmendOrder(AmendOrderV1 {
            target: OrderRef {
                order: OrderId(dice.random_range(1..=u64::from(step) + 1)),
                client_order: ClientOrderId::EMPTY,
            },
            new_qty: Qty(dice.random_range(100..5_000)),
            valid_until: TimeNs(0),
            account,
            symbol: BTC,
            request: RequestDigest::default(),
            new_client: ClientOrderId::EMPTY,
        }),
        _ => order(dice, account, step),
    }
}

/// Around 50,000 in steps of 50, so that many prices meet and the breaker trips.
fn order(dice: &mut StdRng, account: AccountId, step: u32) -> Command {
    let qty = Qty(dice.random_range(100..10_000));
    let modes = SelfTradePrevention::ALL;
    let is_market = dice.random_bool(0.1);
    let plain = PlaceOrderV1 {
        quote_qty: Amount::ZERO,
        price: match is_market {
            true => Price::ZERO,
            false => Price(49_500_000 + 50_000 * dice.random_range(0..20)),
        },
        qty,
        valid_until: TimeNs(0),
        account,
        symbol: BTC,
        request: RequestDigest::default(),
        client_order: ClientOrderId::new(&format!("drawn-{step}")).expect("short enough"),
        side: if dice.random_bool(0.5) {
            Side::Buy
        } else {
            Side::Sell
        },
        order_type: if is_market {
            OrderType::Market
        } else {
            OrderType::Limit
        },
        time_in_force: TimeInForce::Gtc,
        self_trade: modes[dice.random_range(0..modes.len())],
    };
    if is_market || dice.random_bool(0.7) {
        return Command::PlaceOrder(plain);
    }
    Command::PlaceOrderWithTerms(PlaceOrderWithTermsV1 {
        order: plain,
        terms: OrderTerms {
            iceberg_qty: Qty(dice.random_range(qty.0 / 50 + 1..qty.0)),
            ..OrderTerms::default()
        },
    })
}
