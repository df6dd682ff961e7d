//! S8: a full ring answers busy at once, keeps a share for cancels, and loses nothing of
//! what it took.

use std::collections::BTreeSet;

use clap::Parser;
use daybook::config::{Config, Flags};
use daybook::node::Node;
use gateway::submit::{Pending, Receipt, Submit, SubmitError};
use journal::reader::Reader;
use schemas::command::{
    CancelAllV1, Command, CreateAccountV1, DepositV1, PlaceOrderV1, RequestDigest,
};
use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, BusinessId, ClientOrderId, Offset, SymbolId};
use schemas::instrument::{OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::units::{Amount, Price, Qty, TimeNs};

/// The smallest ring that the configuration allows.
const RING: &str = "ring_commands = 64\n";
const ORDERS: u32 = 5_000;
const SYMBOL: SymbolId = SymbolId(0);

#[derive(clap::Parser)]
struct Given {
    #[command(flatten)]
    flags: Flags,
}

#[test]
fn a_full_ring_says_busy_and_still_takes_a_cancel() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("daybook.toml");
    std::fs::write(&file, RING).expect("a configuration");
    let dir = folder.path().join("venue");
    let words = ["serve", "--data-dir"].map(std::ffi::OsString::from);
    let given = Given::parse_from(words.into_iter().chain([
        dir.clone().into_os_string(),
        "--config".into(),
        file.into_os_string(),
    ]));
    let config = Config::load(&given.flags).expect("a valid configuration");
    let node = Node::open(&config, Offset(0)).expect("a new venue");
    node.found_venue().expect("the symbols of a new venue");
    let trader = funded(&node);

    let (mut taken, mut cancels, mut busy) = (Vec::new(), Vec::new(), 0_u32);
    let mut number = 0;
    while number < ORDERS || busy == 0 {
        number += 1;
        match node.pipeline.submit(order(trader, number)) {
            Ok(pending) => taken.push(pending),
            Err(SubmitError::Busy) => {
                busy += 1;
                // Full of orders, the ring has room for this; its answer means the ring
                // was taken empty.
                let cancel = node.pipeline.submit(cancel_all(trader));
                let pending = cancel.expect("a share of the ring is kept for cancels");
                cancels.push(receipt(pending).offset);
            }
            Err(error) => panic!("order {number}: {error}"),
        }
        assert!(number < 100 * ORDERS, "the ring was never full");
    }
    let orders: BTreeSet<Offset> = taken.into_iter().map(|p| receipt(p).offset).collect();
    node.stop().expect("a clean stop");

    let (mut journaled, mut cancelled) = (BTreeSet::new(), Vec::new());
    let mut reader = Reader::open(&dir, Offset(0)).expect("the journal");
    while let Some(frame) = reader.next().expect("a whole journal") {
        match frame.kind {
            40 => drop(journaled.insert(frame.offset)),
            42 => cancelled.push(frame.offset),
            _ => (),
        }
    }
    assert_eq!(
        journaled, orders,
        "what was taken is journaled, and no more"
    );
    assert_eq!(cancelled, cancels);
}

fn receipt(pending: Pending) -> Receipt {
    let answer = pending.blocking_recv().expect("an answer comes");
    answer.expect("what was taken is done")
}

fn funded(node: &Node) -> AccountId {
    let done = |command| receipt(node.pipeline.submit(command).expect("room at the start"));
    let business = |text: &str| BusinessId::new(text).expect("short enough");
    let created = done(Command::CreateAccount(CreateAccountV1 {
        business: business("full-ring"),
    }));
    let account = created.events.iter().find_map(|event| match event {
        Event::AccountCreated { account, .. } => Some(*account),
        _ => None,
    });
    let account = account.expect("an account");
    let directory = node.views.directory();
    for asset in 0..directory.assets.len() {
        done(Command::Deposit(DepositV1 {
            amount: Amount(1_000_000_000_000_000),
            account,
            asset: AssetId(asset as u16),
            business: business(&format!("full-ring-{asset}")),
        }));
    }
    account
}

/// A buy far below everything: 0.001 at 40,000.
fn order(account: AccountId, number: u32) -> Command {
    Command::PlaceOrder(PlaceOrderV1 {
        quote_qty: Amount::ZERO,
        price: Price(40_000_000),
        qty: Qty(100),
        valid_until: TimeNs(0),
        account,
        symbol: SYMBOL,
        request: RequestDigest::default(),
        client_order: ClientOrderId::new(&format!("ring-{number}")).expect("short enough"),
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTradePrevention::ExpireMaker,
    })
}

fn cancel_all(account: AccountId) -> Command {
    Command::CancelAll(CancelAllV1 {
        valid_until: TimeNs(0),
        account,
        symbol: SYMBOL,
    })
}
