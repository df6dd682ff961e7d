//! Live, since an offset, and a plain fold of the event log say the same.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gateway::queries::Queries;
use gateway::submit::Submit;
use gateway::user_events::{UserCut, UserReceiver};
use journal::event_reader::EventReader;
use schemas::command::{
    AmendOrderV1, CancelAllV1, CancelOrderV1, Command, CreateAccountV1, DepositV1, OrderRef,
    PlaceOrderV1, RequestDigest, TransferV1,
};
use schemas::event::{Event, OrderAccepted, decode_events};
use schemas::ids::{
    AccountId, AssetId, BusinessId, ClientOrderId, EventId, Offset, OrderId, SymbolId,
};
use schemas::instrument::{OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::report::{OrderReport, UserEvent, UserUpdate};
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::config::Config;
use crate::demo::dice::Dice;
use crate::follower::{Take, take};
use crate::serve::Venue;

const SEEDS: [u64; 2] = [7, 20_261_121];
const ACCOUNTS: u32 = 4;
const STEPS: usize = 400;

pub(super) type Updates = Vec<Arc<UserUpdate>>;

pub(super) fn config(dir: &std::path::Path) -> Config {
    let any = "127.0.0.1:0".parse().expect("an address");
    let text = format!("{}", dir.display());
    let flags = <Line as clap::Parser>::parse_from(["test", "--data-dir", &text]).flags;
    let mut config = Config::load(&flags).expect("flags alone are a configuration");
    config.listen = any;
    config.admin_listen = any;
    config.segment_bytes = 1 << 20;
    config.snapshot_commands = 0;
    config
}

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    flags: crate::config::Flags,
}

/// Sends one command and waits until its effects are visible.
pub(super) async fn send(submit: &dyn Submit, command: Command) -> Vec<Event> {
    let pending = submit.submit(command).expect("there is room");
    let answer = pending.await.expect("the node runs");
    answer.expect("it was taken").events
}

pub(super) async fn accounts(submit: &dyn Submit) -> Vec<AccountId> {
    let mut accounts = Vec::new();
    for number in 0..ACCOUNTS {
        let business = BusinessId::new(&format!("a{number}")).expect("short");
        let create = Command::CreateAccount(CreateAccountV1 { business });
        let events = send(submit, create).await;
        let created = events.iter().find_map(|event| match event {
            Event::AccountCreated { account, .. } => Some(*account),
            _ => None,
        });
        let account = created.expect("it is new");
        for asset in [AssetId(0), AssetId(2)] {
            let business = format!("d{number}-{}", asset.0);
            let deposit = DepositV1 {
                amount: Amount(100_000_000_000_000),
                account,
                asset,
                business: BusinessId::new(&business).expect("short"),
            };
            send(submit, Command::Deposit(deposit)).await;
        }
        accounts.push(account);
    }
    accounts
}

/// What a random trader does next.
fn random(dice: &mut Dice, accounts: &[AccountId], step: usize) -> Command {
    let account = accounts[dice.between(0, i64::from(ACCOUNTS) - 1) as usize];
    let symbol = SymbolId(0);
    let client = |name: &str| ClientOrderId::new(&format!("{name}{step}")).expect("short");
    let target = OrderRef {
        order: OrderId(dice.between(1, (step + 1) as i64) as u64),
        client_order: ClientOrderId::EMPTY,
    };
    let valid_until = TimeNs(u64::MAX);
    match dice.between(0, 19) {
        0 => Command::CancelAll(CancelAllV1 {
            valid_until,
            account,
            symbol,
        }),
        1 => Command::Transfer(TransferV1 {
            amount: Amount(dice.between(1, 1_000).into()),
            from: account,
            to: accounts[0],
            asset: AssetId(2),
            business: BusinessId::new(&format!("t{step}")).expect("short"),
        }),
        2..=4 => Command::CancelOrder(CancelOrderV1 {
            target,
            valid_until,
            account,
            symbol,
            cancel_client: client("x"),
        }),
        5 | 6 => Command::AmendOrder(AmendOrderV1 {
            target,
            new_qty: Qty(dice.between(1, 40) * 10_000),
            valid_until,
            account,
            symbol,
            request: RequestDigest::default(),
            new_client: client("n"),
        }),
        _ => Command::PlaceOrder(order(dice, account, client("o"))),
    }
}

fn order(dice: &mut Dice, account: AccountId, client_order: ClientOrderId) -> PlaceOrderV1 {
    let is_market = dice.one_in(6);
    let modes = [
        SelfTradePrevention::None,
        SelfTradePrevention::ExpireMaker,
        SelfTradePrevention::Decrement,
    ];
    let price = if is_market {
        0
    } else {
        10_000_000 + dice.between(-9, 9) * 10
    };
    PlaceOrderV1 {
        quote_qty: Amount(0),
        price: Price(price),
        qty: Qty(dice.between(1, 40) * 10_000),
        valid_until: TimeNs(u64::MAX),
        account,
        symbol: SymbolId(0),
        request: RequestDigest::default(),
        client_order,
        side: if dice.one_in(2) {
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
        self_trade: modes[dice.between(0, 2) as usize],
    }
}

/// Reads until every update before `to` has come.
pub(super) async fn heard(mut receiver: UserReceiver, last: Option<Offset>) -> Updates {
    let mut heard = Vec::new();
    while last.is_some_and(|last| {
        heard
            .last()
            .is_none_or(|u: &Arc<UserUpdate>| u.offset < last)
    }) {
        heard.push(receiver.recv().await.expect("it is told without a gap"));
    }
    heard
}

/// Every page since an offset.
pub(super) async fn since(
    queries: &dyn Queries,
    account: AccountId,
    from: Offset,
    limit: usize,
) -> Updates {
    let (mut at, mut all) = (from, Vec::new());
    loop {
        let page = queries.user_events_since(account, at, limit).await;
        let page = page.expect("the journal is whole");
        assert!(
            page.updates.len() <= limit && at <= page.next,
            "a page keeps its bounds"
        );
        all.extend(page.updates);
        at = page.next;
        if page.is_last {
            return all;
        }
    }
}

/// The naive fold: every order in a map, and what each event does to it.
fn fold(dir: &std::path::Path, account: AccountId, to: Offset) -> Updates {
    let mut reader = EventReader::open(dir, Offset(0));
    let mut orders: HashMap<OrderId, OrderReport> = HashMap::new();
    let mut all = Vec::new();
    while reader.position() < to {
        let Some(frame) = reader.next().expect("the log is whole") else {
            std::thread::yield_now();
            continue;
        };
        let events = decode_events(frame.payload).expect("its own encoding");
        let mut told = Vec::new();
        for (index, event) in events.into_iter().enumerate() {
            let id = EventId((frame.offset.0 << 16) + index as u64);
            let (moved, plain) = fold_one(&mut orders, &event, frame.time);
            for order in moved {
                let order = orders[&order];
                if order.account == account {
                    told.push(UserEvent {
                        id,
                        event,
                        order: Some(order),
                        list: None,
                    });
                }
            }
            for _ in plain.iter().filter(|named| **named == account) {
                told.push(UserEvent {
                    id,
                    event,
                    order: None,
                    list: None,
                });
            }
        }
        if !told.is_empty() {
            all.push(Arc::new(UserUpdate {
                offset: frame.offset,
                time: frame.time,
                account,
                events: told,
            }));
        }
    }
    all
}

/// The orders that the event moved, and the accounts that it names otherwise.
fn fold_one(
    orders: &mut HashMap<OrderId, OrderReport>,
    event: &Event,
    time: TimeNs,
) -> (Vec<OrderId>, Vec<AccountId>) {
    let mut moved = Vec::new();
    let mut plain = Vec::new();
    match event {
        Event::OrderAccepted(order) => {
            orders.insert(order.order, fresh(order, time));
            moved.push(order.order);
        }
        Event::OrderRested(rested) => moved.push(rested.order),
        Event::Trade(trade) => {
            for id in [trade.maker_order, trade.taker_order] {
                let order = orders.get_mut(&id).expect("accepted before");
                order.executed.0 += trade.qty.0;
                order.quote.0 += trade.quote.0;
                order.status = OrderStatus::PartiallyFilled;
                if id == trade.maker_order && trade.maker_open == Qty(0) {
                    order.status = OrderStatus::Filled;
                }
                moved.push(id);
            }
        }
        Event::OrderDone(done) => {
            let order = orders.get_mut(&done.order).expect("accepted before");
            order.prevented.0 += done.prevented.0;
            order.status = done.status;
            moved.push(done.order);
        }
        Event::TradePrevented(met) => {
            for (id, qty) in [
                (met.maker_order, met.maker_prevented),
                (met.taker_order, met.taker_prevented),
            ] {
                let order = orders.get_mut(&id).expect("accepted before");
                order.prevented.0 += qty.0;
                if qty != Qty(0) {
                    order.updated = time;
                }
                moved.push(id);
            }
            return (moved, Vec::new());
        }
        Event::OrderAmended(amended) => {
            let order = orders.get_mut(&amended.order).expect("accepted before");
            order.qty = amended.new_qty;
            order.client_order = amended.new_client;
            moved.push(amended.order);
        }
        Event::BalanceChanged(balance) => plain.push(balance.account),
        Event::Deposited { account, .. } | Event::AccountCreated { account, .. } => {
            plain.push(*account);
        }
        Event::Transferred { from, to, .. } => plain.extend([*from, *to]),
        Event::OrderRejected(rejected) => plain.push(rejected.account),
        Event::CancelRejected(rejected) | Event::AmendRejected(rejected) => {
            plain.push(rejected.account);
        }
        _ => {}
    }
    for id in &moved {
        orders.get_mut(id).expect("it was just moved").updated = time;
    }
    (moved, plain)
}

fn fresh(order: &OrderAccepted, time: TimeNs) -> OrderReport {
    OrderReport {
        symbol: order.symbol,
        order: order.order,
        account: order.account,
        client_order: order.client_order,
        side: order.side,
        order_type: order.order_type,
        time_in_force: order.time_in_force,
        self_trade: order.self_trade,
        status: OrderStatus::New,
        price: order.price,
        qty: order.qty,
        quote_qty: order.quote_qty,
        executed: Qty(0),
        quote: Amount(0),
        prevented: Qty(0),
        created: time,
        updated: time,
        extras: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn live_equals_since_equals_the_journal() {
    for seed in SEEDS {
        println!("seed {seed}");
        let mut dice = Dice::new(seed);
        let dir = tempfile::tempdir().expect("a directory");
        let venue = Venue::open(config(dir.path())).await.expect("a node");
        let (submit, queries) = (
            venue.administration.submit.clone(),
            venue.administration.queries.clone(),
        );
        let accounts = accounts(&*submit).await;
        let mut live: BTreeMap<AccountId, Vec<UserReceiver>> = BTreeMap::new();
        for step in 0..STEPS {
            if step % 60 == 10 {
                let account = accounts[dice.between(0, 1) as usize];
                live.entry(account)
                    .or_default()
                    .push(queries.user_events(account));
            }
            if step == STEPS / 2 {
                let durable = venue.node().pipeline.durable();
                let history = Offset(0);
                let taken = Take {
                    dir: dir.path(),
                    live: Some(&durable),
                    history,
                    stop: None,
                    copy: None,
                };
                take(taken).expect("a snapshot");
            }
            send(&*submit, random(&mut dice, &accounts, step)).await;
        }
        let to = venue.node().pipeline.visible();
        for account in accounts {
            let told = fold(dir.path(), account, to);
            assert!(told.len() > 20, "something happened to everyone");
            for (from, limit) in [
                (0, 1_000),
                (0, 7),
                (to.0 / 3, 50),
                (to.0 - 40, 3),
                (to.0, 9),
            ] {
                let expected: Updates = told
                    .iter()
                    .filter(|u| u.offset.0 >= from)
                    .cloned()
                    .collect();
                let found = since(&*queries, account, Offset(from), limit).await;
                assert_eq!(found, expected, "{account:?} since {from} by {limit}");
            }
            let last = told.last().map(|update| update.offset);
            for receiver in live.remove(&account).unwrap_or_default() {
                let from = receiver.from;
                let expected: Updates = told.iter().filter(|u| u.offset >= from).cloned().collect();
                let last = last.filter(|last| from <= *last);
                assert_eq!(
                    heard(receiver, last).await,
                    expected,
                    "{account:?} live from {from:?}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_cut_and_resumes_by_offset() {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = Venue::open(config(dir.path())).await.expect("a node");
    let (submit, queries) = (
        venue.administration.submit.clone(),
        venue.administration.queries.clone(),
    );
    let account = accounts(&*submit).await[0];
    let mut receiver = queries.user_events(account);
    let mut pending = Vec::new();
    for number in 0..1_500 {
        let deposit = DepositV1 {
            amount: Amount(1),
            account,
            asset: AssetId(2),
            business: BusinessId::new(&format!("m{number}")).expect("short"),
        };
        pending.push(
            submit
                .submit(Command::Deposit(deposit))
                .expect("there is room"),
        );
    }
    for pending in pending {
        pending.await.expect("the node runs").expect("it was taken");
    }
    let mut updates = Vec::new();
    let cut = loop {
        match receiver.recv().await {
            Ok(update) => updates.push(update),
            Err(cut) => break cut,
        }
    };
    assert_eq!(cut, UserCut::Lagged);
    let next = updates.last().expect("some came").offset.next();
    updates.extend(since(&*queries, account, next, 100).await);
    assert_eq!(updates.len(), 1_500, "nothing is missing");
    assert_eq!(
        updates,
        fold(dir.path(), account, venue.node().pipeline.visible()).split_off(3)
    );
}
