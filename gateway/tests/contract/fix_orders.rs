//! Orders over FIX become the commands of REST, and are refused with its texts.

use std::time::Duration;

use gateway::submit::SubmitError;
use schemas::command::{Command, PlaceOrderV1};
use schemas::instrument::{CancelReplaceMode, OrderType, Side, TimeInForce};
use schemas::order_command::CancelReplaceWithTermsV1;
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty};

use crate::fix_client::{Fix, Server};
use crate::venue::{Reply, resting};

const BUY: [(u32, &str); 4] = [
    (11, "a-1"),
    (55, "BTCUSDT"),
    (54, "1"),
    (60, "20260101-00:00:00"),
];

/// The only command that came of the messages so far.
async fn command(server: &Server) -> Command {
    for _ in 0..2_000 {
        if let [command] = &server.venue.commands()[..] {
            return command.clone();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!(
        "one command was expected, not {:?}",
        server.venue.commands()
    );
}

async fn placed(fields: &[(u32, &str)]) -> PlaceOrderV1 {
    let server = Server::start().await;
    let mut fix = server.session("ME").await;
    fix.send("D", &[&BUY, fields].concat()).await;
    match command(&server).await {
        Command::PlaceOrder(order) => order,
        other => panic!("an order was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn an_order_is_the_same_command_as_on_rest() {
    let order = placed(&[(38, "0.5"), (40, "2"), (44, "100.01"), (59, "4")]).await;
    assert_eq!((order.price, order.qty), (Price(10_001), Qty(50_000)));
    let kind = (order.side, order.order_type, order.time_in_force);
    assert_eq!(kind, (Side::Buy, OrderType::Limit, TimeInForce::Fok));
    assert_eq!(order.client_order.as_str(), "a-1");
    let order = placed(&[(38, "0.5"), (40, "2"), (44, "100"), (18, "6"), (59, "1")]).await;
    assert_eq!(order.order_type, OrderType::LimitMaker);
    let order = placed(&[(152, "250"), (40, "1")]).await;
    assert_eq!(
        (order.qty, order.quote_qty),
        (Qty::ZERO, Amount(25_000_000_000))
    );
    let order = placed(&[(38, "1"), (40, "1"), (25001, "4")]).await;
    assert_eq!(order.order_type, OrderType::Market);
}

/// A replace of Alice's resting order (buy 0.5 at 100, 0.2 of it filled).
async fn replaced(fields: &[(u32, &str)]) -> Command {
    let server = Server::start().await;
    server.venue.state.lock().orders.push(resting());
    let mut fix = server.session("ME").await;
    let head = [(41, "mine"), (40, "2"), (59, "1")];
    fix.send("G", &[&BUY[..], &head, fields].concat()).await;
    command(&server).await
}

#[tokio::test]
async fn a_smaller_quantity_keeps_its_place_and_all_else_is_a_new_order_for_the_rest() {
    match replaced(&[(38, "0.4"), (44, "100")]).await {
        Command::AmendOrder(amend) => {
            assert_eq!(amend.new_qty, Qty(40_000));
            assert_eq!(amend.new_client.as_str(), "a-1");
            assert_eq!(amend.target.client_order.as_str(), "mine");
        }
        other => panic!("{other:?}"),
    }
    for (fields, qty) in [
        ([(38, "0.4"), (44, "101")], 40_000),
        ([(38, "0.9"), (44, "100")], 90_000),
    ] {
        let Command::ReplaceRest(replace) = replaced(&fields).await else {
            panic!("one command that cancels and places the rest");
        };
        let CancelReplaceWithTermsV1 {
            new,
            target,
            cancel_client,
            mode,
            ..
        } = *replace;
        let order = new.order;
        assert_eq!(
            order.qty,
            Qty(qty),
            "the engine takes what is filled off: {fields:?}"
        );
        assert_eq!(target.client_order.as_str(), "mine");
        assert_eq!(cancel_client, order.client_order);
        assert_eq!(mode, CancelReplaceMode::StopOnFailure);
    }
}

async fn alice(server: &Server) -> Fix {
    server.session("ME").await
}

#[tokio::test]
async fn refusals_bear_the_texts_of_rest() {
    let server = Server::start().await;
    let mut fix = alice(&server).await;
    let limit = [(38, "1"), (40, "2"), (44, "100")];
    server.venue.reject(RejectReason::InsufficientBalance);
    fix.send("D", &[&BUY[..], &limit].concat()).await;
    let heard = fix.expect("8").await;
    let shown = heard.show(&[11, 39, 150, 103, 25016, 58]);
    let text = "Account has insufficient balance for requested action.";
    assert_eq!(
        shown,
        format!("11=a-1 39=8 150=8 103=3 25016=-2010 58={text}")
    );

    server.venue.reply(Reply::Refused(SubmitError::Busy));
    fix.send("D", &[&BUY[..], &limit].concat()).await;
    assert_eq!(fix.expect("8").await.show(&[39, 25016]), "39=8 25016=-1008");

    fix.send(
        "D",
        &[&BUY[..], &[(38, "1"), (40, "2"), (44, "0.001")]].concat(),
    )
    .await;
    let heard = fix.expect("8").await;
    assert_eq!(
        heard.show(&[25016, 58]),
        "25016=-1013 58=Filter failure: PRICE_FILTER"
    );

    let nowhere = [(11, "x"), (55, "NOSUCH"), (54, "1"), (38, "1"), (40, "1")];
    fix.send("D", &nowhere).await;
    assert_eq!(
        fix.expect("8").await.show(&[103, 25016]),
        "103=1 25016=-1121"
    );
    fix.is_alive().await;
}

#[tokio::test]
async fn an_outcome_that_nobody_knows_is_not_called_a_refusal() {
    let server = Server::start().await;
    let mut fix = alice(&server).await;
    server.venue.reply(Reply::Lost);
    fix.send("D", &[&BUY[..], &[(38, "1"), (40, "1")]].concat())
        .await;
    assert_eq!(
        fix.expect("j").await.show(&[45, 372, 380, 379]),
        "45=2 372=D 380=4 379=a-1"
    );
}

#[tokio::test]
async fn a_cancel_that_finds_nothing_says_to_what_it_answers() {
    let server = Server::start().await;
    let mut fix = alice(&server).await;
    for (kind, answers) in [("F", "1"), ("G", "2")] {
        server.venue.reject_cancel(RejectReason::UnknownOrder);
        let fields = [(41, "gone"), (38, "1"), (40, "2"), (44, "100")];
        let fields = if kind == "F" {
            &fields[..1]
        } else {
            &fields[..]
        };
        fix.send(kind, &[&BUY[..], fields].concat()).await;
        let shown = fix.expect("9").await.show(&[11, 41, 37, 39, 434, 102]);
        let expected = format!("11=a-1 41=gone 37=NONE 39=8 434={answers} 102=1");
        assert_eq!(shown, expected);
    }
}

#[tokio::test]
async fn an_order_that_may_be_a_repetition_is_placed_once() {
    let server = Server::start().await;
    server.venue.state.lock().orders.push(resting());
    let mut fix = alice(&server).await;
    let again = [
        (97, "Y"),
        (11, "mine"),
        (55, "BTCUSDT"),
        (54, "1"),
        (38, "1"),
        (40, "1"),
    ];
    fix.send("D", &again).await;
    assert_eq!(fix.expect("8").await.show(&[39, 103]), "39=8 103=6");
    assert!(server.venue.commands().is_empty());
}

#[tokio::test]
async fn a_mass_cancel_of_nothing_is_refused() {
    let server = Server::start().await;
    let mut fix = alice(&server).await;
    fix.send("q", &[(11, "all"), (530, "7")]).await;
    let shown = fix.expect("r").await.show(&[11, 530, 531, 532, 25016]);
    assert_eq!(shown, "11=all 530=7 531=0 532=99 25016=-2011");
    fix.send("q", &[(11, "one"), (530, "1"), (55, "NOSUCH")])
        .await;
    assert_eq!(fix.expect("r").await.show(&[531, 532]), "531=0 532=1");
}
