//! Lists of orders: pairs, and orders that come after others.

use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{ClientOrderId, OrderId, OrderListId};
use schemas::instrument::{ContingencyType, OrderType, Side};
use schemas::order_command::PlaceOrderListV1;
use schemas::order_event::{OrderListAccepted, OrderListRejected};
use schemas::page::ListPage;
use schemas::reject::RejectReason;
use schemas::report::OrderListReport;
use schemas::units::{Price, Qty, TimeNs};

use serde_json::json;

use crate::client::{Client, flat};
use crate::sessions::{ask, signed};
use crate::streams::open_raw;
use crate::terms::{asleep, waiting};
use crate::venue::{ALICE, BTCUSDT, NOW_MS, Reply};

const OCO: &str = "symbol=BTCUSDT&side=SELL&quantity=1&listClientOrderId=pair\
                   &aboveType=LIMIT_MAKER&abovePrice=110&aboveClientOrderId=up\
                   &belowType=STOP_LOSS_LIMIT&belowPrice=89&belowStopPrice=90\
                   &belowTimeInForce=GTC&belowClientOrderId=down";

/// The list that a request became.
async fn listed(line: &str, parameters: &str) -> PlaceOrderListV1 {
    let client = Client::new();
    client.venue.reply(Reply::Events(Vec::new()));
    client.signed(line, parameters).await;
    let commands = client.venue.commands();
    let [Command::PlaceOrderList(list)] = &commands[..] else {
        panic!("one list was expected, not {commands:?}");
    };
    **list
}

#[tokio::test]
async fn both_forms_of_a_pair_are_one_command() {
    let list = listed("POST /api/v3/orderList/oco", OCO).await;
    assert_eq!(list.contingency, ContingencyType::Oco);
    assert_eq!(list.list_client.as_str(), "pair");
    let [above, below, _] = list.legs;
    assert_eq!(
        (above.order_type, above.price),
        (OrderType::LimitMaker, Price(11_000))
    );
    assert_eq!(
        (below.order_type, below.price),
        (OrderType::StopLossLimit, Price(8_900))
    );
    assert_eq!(below.terms.stop_price, Price(9_000));
    let old = "symbol=BTCUSDT&side=SELL&quantity=1&listClientOrderId=pair&price=110\
               &limitClientOrderId=up&stopPrice=90&stopLimitPrice=89\
               &stopLimitTimeInForce=GTC&stopClientOrderId=down";
    let same = listed("POST /api/v3/order/oco", old).await;
    assert_eq!(same.legs, list.legs);
    let buy = "symbol=BTCUSDT&side=BUY&quantity=1&price=90&stopPrice=110";
    let [above, below, _] = listed("POST /api/v3/order/oco", buy).await.legs;
    assert_eq!(
        (above.order_type, above.side),
        (OrderType::StopLoss, Side::Buy)
    );
    assert_eq!(below.order_type, OrderType::LimitMaker);
}

#[tokio::test]
async fn lists_that_come_after_an_order_name_its_parts() {
    let first = "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=100\
                 &workingQuantity=1&workingTimeInForce=GTC";
    let oto = format!("{first}&pendingType=MARKET&pendingSide=SELL&pendingQuantity=0.5");
    let list = listed("POST /api/v3/orderList/oto", &oto).await;
    assert_eq!(list.contingency, ContingencyType::Oto);
    assert_eq!(
        (list.legs[0].side, list.legs[1].side),
        (Side::Buy, Side::Sell)
    );
    assert_eq!(
        (list.legs[1].order_type, list.legs[1].qty),
        (OrderType::Market, Qty(50_000))
    );
    let otoco = format!(
        "{first}&pendingSide=SELL&pendingQuantity=1&pendingAboveType=LIMIT_MAKER\
         &pendingAbovePrice=110&pendingBelowType=STOP_LOSS&pendingBelowStopPrice=90"
    );
    let list = listed("POST /api/v3/orderList/otoco", &otoco).await;
    assert_eq!(list.contingency, ContingencyType::Otoco);
    assert_eq!(list.legs[2].terms.stop_price, Price(9_000));
}

#[expect(clippy::too_many_lines, reason = "one table of checks")]
#[tokio::test]
async fn legs_stand_where_their_type_belongs() {
    let client = Client::new();
    let stop = |place: &str| format!("{place}Type=STOP_LOSS&{place}StopPrice=90");
    let profit = |place: &str| format!("{place}Type=TAKE_PROFIT&{place}StopPrice=90");
    let maker = |place: &str| format!("{place}Type=LIMIT_MAKER&{place}Price=90");
    for (side, above, below, refusal) in [
        (
            "BUY",
            maker("above"),
            maker("below"),
            "-1168 At least one OCO order must be contingent.",
        ),
        (
            "BUY",
            maker("above"),
            stop("below"),
            "-1165 A limit order in a buy OCO must be below.",
        ),
        (
            "BUY",
            profit("above"),
            stop("below"),
            "-1198 A take profit order in a buy OCO must be below.",
        ),
        (
            "BUY",
            stop("above"),
            stop("below"),
            "-1196 A stop loss order in a buy OCO must be above.",
        ),
        (
            "SELL",
            stop("above"),
            maker("below"),
            "-1166 A limit order in a sell OCO must be above.",
        ),
        (
            "SELL",
            stop("above"),
            profit("below"),
            "-1199 A take profit order in a sell OCO must be above.",
        ),
        (
            "SELL",
            stop("above"),
            stop("below"),
            "-1197 A stop loss order in a sell OCO must be below.",
        ),
        (
            "SELL",
            "aboveType=LIMIT&abovePrice=1&aboveTimeInForce=GTC".to_owned(),
            stop("below"),
            "-1158 Order type not supported in OCO.",
        ),
        (
            "SELL",
            maker("above"),
            "belowType=STOP_LOSS".to_owned(),
            "-1102 Param 'belowStopPrice' or 'belowTrailingDelta' must be sent, \
             but both were empty/null!",
        ),
        (
            "SELL",
            maker("above"),
            "belowType=NO".to_owned(),
            "-1116 Invalid orderType.",
        ),
        (
            "SELL",
            format!("{}&aboveStopPrice=1", maker("above")),
            stop("below"),
            "-1106 Parameter 'aboveStopPrice' sent when not required.",
        ),
    ] {
        let parameters = format!("symbol=BTCUSDT&side={side}&quantity=1&{above}&{below}");
        let got = client
            .signed("POST /api/v3/orderList/oco", &parameters)
            .await;
        assert_eq!(
            got.refusal(),
            format!("400 {refusal}"),
            "{side} {above} {below}"
        );
    }
    assert!(client.venue.commands().is_empty());
}

#[tokio::test]
async fn a_placed_list_is_told_with_its_orders() {
    let list = listed("POST /api/v3/orderList/oco", OCO).await;
    let accepted_list = OrderListAccepted {
        symbol: BTCUSDT,
        list: OrderListId(3),
        account: ALICE,
        list_client: list.list_client,
        contingency: list.contingency,
        orders: [OrderId(5), OrderId(6), OrderId(0)],
    };
    let mut events = vec![Event::OrderListAccepted(accepted_list)];
    for (order, index) in [(5, 0), (6, 1)] {
        events.extend(asleep(&list.leg(index), order, Some(OrderListId(3))));
    }
    let client = Client::new();
    client.venue.reply(Reply::Events(events));
    let line = "POST /api/v3/orderList/oco";
    let got = client
        .signed(line, &format!("{OCO}&newOrderRespType=ACK"))
        .await;
    assert_eq!(
        got.text,
        flat(
            r#"
            {"orderListId":3,"contingencyType":"OCO","listStatusType":"EXEC_STARTED",
            "listOrderStatus":"EXECUTING","listClientOrderId":"pair",
            "transactionTime":1700000000000,"symbol":"BTCUSDT","orders":[{"symbol":"BTCUSDT",
            "orderId":5,"clientOrderId":"up"},{"symbol":"BTCUSDT","orderId":6,
            "clientOrderId":"down"}],"orderReports":[{"symbol":"BTCUSDT","orderId":5,
            "orderListId":3,"clientOrderId":"up","transactTime":1700000000000},
            {"symbol":"BTCUSDT","orderId":6,"orderListId":3,"clientOrderId":"down",
            "transactTime":1700000000000}]}
        "#
        )
    );
    assert_eq!(got.header("x-mbx-order-count-10s"), "3");
    let rejected = OrderListRejected {
        account: ALICE,
        symbol: BTCUSDT,
        list_client: ClientOrderId::EMPTY,
        reason: RejectReason::ListPrices,
    };
    let events = vec![Event::OrderListRejected(rejected)];
    client.venue.reply(Reply::Events(events));
    assert_eq!(
        client.signed(line, OCO).await.refusal(),
        "400 -2010 The relationship of the prices for the orders is not correct."
    );
}

fn known_list() -> OrderListReport {
    OrderListReport {
        symbol: BTCUSDT,
        list: OrderListId(3),
        account: ALICE,
        list_client: ClientOrderId::new("pair").expect("short"),
        contingency: ContingencyType::Oco,
        orders: [OrderId(9), OrderId(0), OrderId(0)],
        done: false,
        created: TimeNs(NOW_MS * 1_000_000),
        updated: TimeNs(NOW_MS * 1_000_000),
    }
}

#[tokio::test]
async fn lists_are_looked_up_paged_and_cancelled() {
    let client = Client::new();
    client.venue.state.lock().orders.push(waiting());
    client.venue.state.lock().lists.push(known_list());
    let row = flat(
        r#"
        {"orderListId":3,"contingencyType":"OCO","listStatusType":"EXEC_STARTED",
        "listOrderStatus":"EXECUTING","listClientOrderId":"pair",
        "transactionTime":1700000000000,"symbol":"BTCUSDT","orders":[{"symbol":"BTCUSDT",
        "orderId":9,"clientOrderId":"mine"}]}
    "#,
    );
    let line = "GET /api/v3/orderList";
    for named in ["orderListId=3", "origClientOrderId=pair"] {
        assert_eq!(client.signed(line, named).await.text, row);
    }
    assert_eq!(
        client.signed(line, "orderListId=4").await.refusal(),
        "400 -2013 Order list does not exist."
    );
    assert_eq!(
        client.signed(line, "").await.refusal(),
        "400 -1102 Param 'origClientOrderId' or 'orderListId' must be sent, \
         but both were empty/null!"
    );
    let all = format!("[{row}]");
    assert_eq!(
        client.signed("GET /api/v3/openOrderList", "").await.text,
        all
    );
    let got = client
        .signed("GET /api/v3/allOrderList", "fromId=2&limit=7")
        .await;
    assert_eq!(got.text, all);
    let page = ListPage {
        account: ALICE,
        from: Some(OrderListId(2)),
        start: None,
        end: None,
        limit: 7,
    };
    assert_eq!(client.venue.state.lock().list_pages, [page]);
    client.venue.reply(Reply::Events(Vec::new()));
    let cancel = "symbol=BTCUSDT&listClientOrderId=pair&newClientOrderId=bye";
    let got = client
        .signed("DELETE /api/v3/orderList", cancel)
        .await
        .json();
    assert_eq!(got["listStatusType"], "ALL_DONE");
    assert_eq!(got["orderReports"][0]["clientOrderId"], "bye");
    assert_eq!(got["orderReports"][0]["origClientOrderId"], "mine");
    let Some(Command::CancelOrderList(command)) = client.venue.commands().pop() else {
        panic!("one cancel of a list was expected");
    };
    assert_eq!(command.list_client.as_str(), "pair");
}

/// Alice's parameters of a query, as pairs.
fn pairs(parameters: &str) -> Vec<(&str, &str)> {
    parameters
        .split('&')
        .map(|pair| pair.split_once('=').expect("a pair"))
        .collect()
}

#[tokio::test]
async fn every_method_of_lists_answers_over_the_websocket_api() {
    let mut socket = open_raw("/ws-api/v3").await;
    let old = "symbol=BTCUSDT&side=SELL&quantity=1&price=110&stopPrice=90";
    let oto = "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=100\
               &workingQuantity=1&workingTimeInForce=GTC&pendingType=MARKET\
               &pendingSide=SELL&pendingQuantity=0.5";
    let otoco = "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=100\
                 &workingQuantity=1&workingTimeInForce=GTC&pendingSide=SELL\
                 &pendingQuantity=1&pendingAboveType=LIMIT_MAKER&pendingAbovePrice=110\
                 &pendingBelowType=STOP_LOSS&pendingBelowStopPrice=90";
    for (method, parameters, legs) in [
        ("orderList.place", old, 2),
        ("orderList.place.oco", OCO, 2),
        ("orderList.place.oto", oto, 2),
        ("orderList.place.otoco", otoco, 3),
    ] {
        let numbers = [5, 6, if legs == 3 { 7 } else { 0 }];
        let accepted = OrderListAccepted {
            symbol: BTCUSDT,
            list: OrderListId(3),
            account: ALICE,
            list_client: ClientOrderId::new("pair").expect("short"),
            contingency: ContingencyType::Oco,
            orders: numbers.map(OrderId),
        };
        let events = vec![Event::OrderListAccepted(accepted)];
        socket.venue.reply(Reply::Events(events));
        let params = signed(&pairs(parameters));
        let request = json!({ "id": method, "method": method, "params": params });
        let answer = ask(&mut socket, request).await;
        assert_eq!(answer["status"], 200, "{answer}");
        assert_eq!(answer["result"]["listClientOrderId"], "pair");
        let Some(Command::PlaceOrderList(list)) = socket.venue.commands().pop() else {
            panic!("{method} is no command: {answer}");
        };
        let is_leg = |leg: &&schemas::order_command::ListLegV1| leg.qty != Qty::ZERO;
        assert_eq!(list.legs.iter().filter(is_leg).count(), legs, "{method}");
    }
    socket.venue.state.lock().orders.push(waiting());
    socket.venue.state.lock().lists.push(known_list());
    for (method, parameters) in [
        ("orderList.status", vec![("orderListId", "3")]),
        ("orderList.status", vec![("origClientOrderId", "pair")]),
        ("openOrderLists.status", vec![]),
        ("allOrderLists", vec![("fromId", "2"), ("limit", "7")]),
    ] {
        let request = json!({ "id": 1, "method": method, "params": signed(&parameters) });
        let answer = ask(&mut socket, request).await;
        let result = &answer["result"];
        let row = result.get(0).unwrap_or(result);
        assert_eq!(row["orderListId"], 3, "{method}: {answer}");
        assert_eq!(row["orders"][0]["clientOrderId"], "mine", "{answer}");
    }
    socket.venue.reply(Reply::Events(Vec::new()));
    let params = signed(&[("symbol", "BTCUSDT"), ("orderListId", "3")]);
    let request = json!({ "id": 9, "method": "orderList.cancel", "params": params });
    let answer = ask(&mut socket, request).await;
    assert_eq!(answer["result"]["listOrderStatus"], "ALL_DONE", "{answer}");
    let Some(Command::CancelOrderList(_)) = socket.venue.commands().pop() else {
        panic!("one cancel of a list was expected");
    };
}
