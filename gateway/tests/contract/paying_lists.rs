//! Lists whose pending orders sell what the working one buys: OPO and OPOCO.

use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::OrderListId;
use schemas::instrument::{ContingencyType, OrderStage, OrderType, Side};
use schemas::order_event::{OrderActivated, OrderListAccepted, OrderSized};
use schemas::peg::{Peg, PegPriceType, PlacePeggedListV1};
use schemas::units::{Price, Qty};

use serde_json::json;

use crate::client::Client;
use crate::sessions::{ask, signed};
use crate::streams::open_raw;
use crate::terms::asleep;
use crate::venue::{ALICE, BTCUSDT, Reply};

const OPO: &str = "symbol=BTCUSDT&listClientOrderId=pay&workingType=LIMIT&workingSide=BUY\
                   &workingPrice=100&workingQuantity=1&workingTimeInForce=GTC\
                   &workingClientOrderId=in&pendingType=MARKET&pendingSide=SELL\
                   &pendingClientOrderId=out";
const OPOCO: &str = "symbol=BTCUSDT&workingType=LIMIT_MAKER&workingSide=BUY&workingPrice=100\
                     &workingQuantity=1&pendingSide=SELL&pendingAboveType=LIMIT_MAKER\
                     &pendingAbovePrice=110&pendingBelowType=STOP_LOSS\
                     &pendingBelowStopPrice=90";

fn only(commands: &[Command]) -> PlacePeggedListV1 {
    let [Command::PlacePayingList(list)] = commands else {
        panic!("one list that pays was expected, not {commands:?}");
    };
    **list
}

#[tokio::test]
async fn a_list_that_pays_names_no_quantity_of_its_pending_orders() {
    let client = Client::new();
    for (path, parameters) in [("opo", OPO), ("opoco", OPOCO)] {
        client.venue.reply(Reply::Events(Vec::new()));
        let line = format!("POST /api/v3/orderList/{path}");
        client.signed(&line, parameters).await;
    }
    let commands = client.venue.commands();
    let opo = only(&commands[..1]);
    assert_eq!(opo.list.contingency, ContingencyType::Oto);
    assert_eq!(opo.list.list_client.as_str(), "pay");
    let [working, pending, _] = opo.list.legs;
    assert_eq!((working.side, working.qty), (Side::Buy, Qty(100_000)));
    assert_eq!((pending.side, pending.qty), (Side::Sell, Qty::ZERO));
    assert_eq!(pending.order_type, OrderType::Market);
    assert_eq!(pending.client_order.as_str(), "out");
    assert_eq!(opo.pegs, [Peg::NONE; 3]);
    let opoco = only(&commands[1..]);
    assert_eq!(opoco.list.contingency, ContingencyType::Otoco);
    let [_, above, below] = opoco.list.legs;
    assert_eq!((above.qty, above.price), (Qty::ZERO, Price(11_000)));
    let stop = (below.qty, below.terms.stop_price);
    assert_eq!(stop, (Qty::ZERO, Price(9_000)));
}

#[tokio::test]
async fn a_pending_order_that_is_paid_for_may_be_pegged() {
    let client = Client::new();
    client.venue.reply(Reply::Events(Vec::new()));
    let parameters = OPO.replace(
        "pendingType=MARKET",
        "pendingType=LIMIT_MAKER&pendingPegPriceType=PRIMARY_PEG",
    );
    let line = "POST /api/v3/orderList/opo";
    client.signed(line, &parameters).await;
    let peg = only(&client.venue.commands()).pegs[1];
    assert_eq!(peg.price_type, PegPriceType::Primary);
}

#[tokio::test]
async fn a_list_that_pays_buys_first_and_sells_then() {
    let client = Client::new();
    let opo = "POST /api/v3/orderList/opo";
    let opoco = "POST /api/v3/orderList/opoco";
    for (line, parameters, refusal) in [
        (
            opo,
            OPO.replace("workingSide=BUY", "workingSide=SELL"),
            "-1222 Working order in an OPO list must be a bid.",
        ),
        (
            opo,
            OPO.replace("pendingSide=SELL", "pendingSide=BUY"),
            "-1223 Pending orders in an OPO list must be asks.",
        ),
        (
            opoco,
            OPOCO.replace("workingSide=BUY", "workingSide=SELL"),
            "-1222 Working order in an OPO list must be a bid.",
        ),
        (
            opo,
            format!("{OPO}&pendingQuantity=1"),
            "-1106 Parameter 'pendingQuantity' sent when not required.",
        ),
        (
            opo,
            OPO.replace("&workingQuantity=1", ""),
            "-1102 Mandatory parameter 'workingQuantity' was not sent, \
             was empty/null, or malformed.",
        ),
        (
            opo,
            OPO.replace("workingType=LIMIT", "workingType=STOP_LOSS"),
            "-1102 Param 'workingStopPrice' or 'workingTrailingDelta' must be sent, \
             but both were empty/null!",
        ),
    ] {
        let got = client.signed(line, &parameters).await;
        assert_eq!(got.refusal(), format!("400 {refusal}"), "{parameters}");
    }
    assert!(client.venue.commands().is_empty());
}

/// What the venue says to such a list, whose working order is filled at once or not.
fn told(list: &PlacePeggedListV1, filled: bool) -> Vec<Event> {
    let id = OrderListId(3);
    let orders = [5, 6, 0].map(schemas::ids::OrderId);
    let mut events = vec![Event::OrderListAccepted(OrderListAccepted {
        symbol: BTCUSDT,
        list: id,
        account: ALICE,
        list_client: list.list.list_client,
        contingency: list.list.contingency,
        orders,
    })];
    for (order, index) in [(5, 0), (6, 1)] {
        let mut entered = asleep(&list.list.leg(index), order, Some(id));
        for event in &mut entered {
            if let (1, Event::OrderTermsAccepted(terms)) = (index, event) {
                terms.stage = OrderStage::Pending;
            }
        }
        events.extend(entered);
    }
    if filled {
        events.push(Event::OrderSized(OrderSized {
            symbol: BTCUSDT,
            order: orders[1],
            account: ALICE,
            qty: Qty(99_900),
        }));
        events.push(Event::OrderActivated(OrderActivated {
            symbol: BTCUSDT,
            order: orders[1],
            account: ALICE,
            stage: OrderStage::Waiting,
        }));
    }
    events
}

#[tokio::test]
async fn an_order_without_a_quantity_shows_none_until_it_has_one() {
    let client = Client::new();
    let line = "POST /api/v3/orderList/opo";
    client.venue.reply(Reply::Events(Vec::new()));
    client.signed(line, OPO).await;
    let list = only(&client.venue.commands());
    client.venue.reply(Reply::Events(told(&list, false)));
    let got = client.signed(line, OPO).await.json();
    assert_eq!(got["contingencyType"], "OTO");
    let pending = &got["orderReports"][1];
    assert_eq!(pending["status"], "PENDING_NEW", "{got}");
    assert!(pending.get("origQty").is_none(), "{got}");
    assert_eq!(pending["executedQty"], "0.00000000");
    assert_eq!(got["orderReports"][0]["origQty"], "1.00000000", "{got}");
    client.venue.reply(Reply::Events(told(&list, true)));
    let got = client.signed(line, OPO).await.json();
    let pending = &got["orderReports"][1];
    assert_eq!(pending["status"], "NEW", "{got}");
    assert_eq!(pending["origQty"], "0.99900000", "{got}");
}

#[tokio::test]
async fn lists_that_pay_are_placed_over_the_websocket_api() {
    let mut socket = open_raw("/ws-api/v3").await;
    for (method, parameters) in [("opo", OPO), ("opoco", OPOCO)] {
        socket.venue.reply(Reply::Events(Vec::new()));
        let pairs: Vec<(&str, &str)> = parameters
            .split('&')
            .map(|pair| pair.split_once('=').expect("a pair"))
            .collect();
        let method = format!("orderList.place.{method}");
        let request = json!({ "id": 1, "method": method, "params": signed(&pairs) });
        ask(&mut socket, request).await;
        let Some(Command::PlacePayingList(_)) = socket.venue.commands().pop() else {
            panic!("{method} places a list that pays");
        };
    }
}
