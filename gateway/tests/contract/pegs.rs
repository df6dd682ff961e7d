//! Orders whose price comes from the book.

use expect_test::expect;
use gateway::queries::Queries;
use gateway::wire::clock::TimeUnit;
use gateway::wire::user_events::events;
use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{EventId, Offset, OrderId};
use schemas::instrument::{OrderStage, OrderType};
use schemas::order_command::PlaceOrderWithTermsV1;
use schemas::order_event::OrderTermsAccepted;
use schemas::peg::{OrderPegged, Peg, PegPriceType};
use schemas::report::{OrderReport, UserEvent, UserUpdate};
use schemas::units::{Price, TimeNs};

use crate::client::Client;
use crate::venue::{ALICE, BTCUSDT, NOW_MS, Reply, Venue, accepted};

const BASE: &str = "symbol=BTCUSDT&side=BUY&newClientOrderId=mine&quantity=1";

const fn peg(price_type: PegPriceType, offset: u8) -> Peg {
    Peg { price_type, offset }
}

/// What the engine tells of a pegged order that works at 99.00.
fn working(new: &PlaceOrderWithTermsV1, peg: Peg) -> Vec<Event> {
    let mut order = new.order;
    let limit = order.price;
    order.price = Price(9_900);
    vec![
        Event::OrderAccepted(accepted(&order, 4)),
        Event::OrderTermsAccepted(OrderTermsAccepted {
            symbol: BTCUSDT,
            order: OrderId(4),
            account: ALICE,
            terms: new.terms,
            list: None,
            stage: OrderStage::Working,
        }),
        Event::OrderPegged(OrderPegged {
            symbol: BTCUSDT,
            order: OrderId(4),
            account: ALICE,
            peg,
            limit,
            price: Price(9_900),
        }),
    ]
}

/// The command of a request, and what its acceptance is told as.
async fn placed_and_told(parameters: &str) -> (PlaceOrderWithTermsV1, Peg, String) {
    let client = Client::new();
    client.venue.reply(Reply::Events(Vec::new()));
    client.signed("POST /api/v3/order", parameters).await;
    let [Command::PlacePegged(placed)] = client.venue.commands()[..] else {
        panic!("a pegged order was expected");
    };
    client
        .venue
        .reply(Reply::Events(working(&placed.new, placed.peg)));
    let got = client.signed("POST /api/v3/order", parameters).await;
    (placed.new, placed.peg, got.lines())
}

#[tokio::test]
async fn a_pegged_order_tells_its_own_price_and_the_book_s() {
    let limit = format!("{BASE}&type=LIMIT&timeInForce=GTC&pegPriceType=PRIMARY_PEG");
    let (new, found, told) = placed_and_told(&limit).await;
    assert_eq!(found, peg(PegPriceType::Primary, 0));
    assert_eq!(new.order.price, Price(0));
    expect![[r#"
        {"symbol":"BTCUSDT",
        "orderId":4,
        "orderListId":-1,
        "clientOrderId":"mine",
        "transactTime":1700000000000,
        "price":"0.00000000",
        "origQty":"1.00000000",
        "executedQty":"0.00000000",
        "origQuoteOrderQty":"0.00000000",
        "cummulativeQuoteQty":"0.00000000",
        "status":"NEW",
        "timeInForce":"GTC",
        "type":"LIMIT",
        "side":"BUY",
        "workingTime":1700000000000,
        "selfTradePreventionMode":"EXPIRE_MAKER",
        "pegPriceType":"PRIMARY_PEG",
        "peggedPrice":"99.00000000",
        "fills":[]}"#]]
    .assert_eq(&told);
    let stop = format!(
        "{BASE}&type=STOP_LOSS_LIMIT&timeInForce=GTC&price=101&stopPrice=95&newOrderRespType=RESULT\
         &pegPriceType=MARKET_PEG&pegOffsetType=PRICE_LEVEL&pegOffsetValue=5"
    );
    let (new, found, told) = placed_and_told(&stop).await;
    assert_eq!(found, peg(PegPriceType::Market, 5));
    assert_eq!(
        (new.order.price, new.order.order_type),
        (Price(10_100), OrderType::StopLossLimit)
    );
    for part in [
        r#""price":"101.00000000""#,
        r#""pegPriceType":"MARKET_PEG""#,
        r#""pegOffsetType":"PRICE_LEVEL""#,
        r#""pegOffsetValue":5"#,
        r#""peggedPrice":"99.00000000""#,
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[tokio::test]
async fn pegs_reach_replacements_and_lists() {
    let client = Client::new();
    for _ in 0..3 {
        client.venue.reply(Reply::Events(Vec::new()));
    }
    let new = format!("{BASE}&type=LIMIT_MAKER&pegPriceType=PRIMARY_PEG");
    let replace = format!("{new}&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=9");
    client
        .signed("POST /api/v3/order/cancelReplace", &replace)
        .await;
    let oco = "symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER\
               &abovePegPriceType=PRIMARY_PEG&belowType=STOP_LOSS&belowStopPrice=90";
    client.signed("POST /api/v3/orderList/oco", oco).await;
    let oto = "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingQuantity=1\
               &workingTimeInForce=IOC&workingPegPriceType=MARKET_PEG&pendingType=LIMIT_MAKER\
               &pendingSide=SELL&pendingQuantity=1&pendingPegPriceType=PRIMARY_PEG\
               &pendingPegOffsetType=PRICE_LEVEL&pendingPegOffsetValue=2";
    client.signed("POST /api/v3/orderList/oto", oto).await;
    let commands = client.venue.commands();
    let [
        Command::ReplacePegged(replace),
        Command::PlacePeggedList(oco),
        Command::PlacePeggedList(oto),
    ] = &commands[..]
    else {
        panic!("{commands:?}");
    };
    assert_eq!(replace.peg, peg(PegPriceType::Primary, 0));
    let primary = peg(PegPriceType::Primary, 0);
    assert_eq!(oco.pegs, [primary, Peg::NONE, Peg::NONE]);
    let (working, pending) = (peg(PegPriceType::Market, 0), peg(PegPriceType::Primary, 2));
    assert_eq!(oto.pegs, [working, pending, Peg::NONE]);
}

#[tokio::test]
async fn what_has_no_price_is_not_pegged() {
    let client = Client::new();
    for (order, refusal) in [
        (
            "type=MARKET&pegPriceType=MARKET_PEG",
            "This order type may not use pegged price.",
        ),
        (
            "type=STOP_LOSS&stopPrice=90&pegPriceType=PRIMARY_PEG",
            "This order type may not use pegged price.",
        ),
        (
            "type=LIMIT_MAKER&pegPriceType=MARKET_PEG",
            "This price peg cannot be used with this order type.",
        ),
        (
            "type=LIMIT&timeInForce=FOK&pegPriceType=PRIMARY_PEG",
            "This price peg cannot be used with this order type.",
        ),
    ] {
        let got = client
            .signed("POST /api/v3/order/test", &format!("{BASE}&{order}"))
            .await;
        assert_eq!(got.refusal(), format!("400 -2010 {refusal}"), "{order}");
    }
    let fits = format!("{BASE}&type=LIMIT&timeInForce=GTC&pegPriceType=PRIMARY_PEG");
    let got = client.signed("POST /api/v3/order/test", &fits).await;
    assert_eq!(got.status, 200);
}

#[tokio::test]
async fn an_account_hears_of_a_pegged_order_once_with_its_price() {
    let limit = format!("{BASE}&type=LIMIT&timeInForce=GTC&pegPriceType=PRIMARY_PEG");
    let (new, ..) = placed_and_told(&limit).await;
    let time = TimeNs((NOW_MS + 5) * 1_000_000);
    let told = working(&new, peg(PegPriceType::Primary, 3));
    let mut order: Option<OrderReport> = None;
    let mut update = Vec::new();
    for (index, event) in told.into_iter().enumerate() {
        match (&event, &mut order) {
            (Event::OrderAccepted(it), _) => order = Some(OrderReport::accepted(it, time)),
            (step, Some(order)) => order.step(step, time),
            _ => {}
        }
        update.push(UserEvent {
            id: EventId::new(Offset(3), index as u16),
            event,
            order,
            list: None,
        });
    }
    let update = UserUpdate {
        offset: Offset(3),
        time,
        account: ALICE,
        events: update,
    };
    let lines = events(&Venue::new().directory(), TimeUnit::Milli, &update);
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in [
        r#""x":"NEW""#,
        r#""gP":"PRIMARY_PEG""#,
        r#""gOT":"PRICE_LEVEL""#,
        r#""gOV":3"#,
        r#""gp":"99.00000000""#,
    ] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
}
