//! New orders: what reaches the sequencer, and what the client reads.

use expect_test::expect;
use gateway::submit::SubmitError;
use schemas::event::{Event, OrderDone, OrderRested, Trade, TradePrevented};
use schemas::ids::{ClientOrderId, OrderId, TradeId};
use schemas::instrument::{OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce};
use schemas::reject::RejectReason;
use schemas::units::{Amount, Price, Qty};

use crate::client::{Client, ORDER, order_with};
use crate::venue::{ALICE, BOB, BTCUSDT, Reply, accepted};

/// The order that a request becomes, to write events about it.
async fn probe(parameters: &str) -> schemas::command::PlaceOrderV1 {
    let client = Client::new();
    assert_eq!(
        client.signed("POST /api/v3/order", parameters).await.status,
        200
    );
    client.venue.placed()
}

fn trade(taker: Side, price: i64, qty: i64) -> Trade {
    Trade {
        symbol: BTCUSDT,
        trade: TradeId(5),
        price: Price(price),
        qty: Qty(qty),
        quote: Amount(i128::from(price) * i128::from(qty) * 10),
        taker_side: taker,
        taker_order: OrderId(28),
        taker_account: ALICE,
        taker_fee: Amount(i128::from(qty)),
        maker_order: OrderId(3),
        maker_account: BOB,
        maker_fee: Amount(7),
        maker_open: Qty(0),
    }
}

fn done(status: OrderStatus, open: i64, prevented: i64) -> OrderDone {
    OrderDone {
        symbol: BTCUSDT,
        order: OrderId(28),
        account: ALICE,
        side: Side::Buy,
        status,
        price: Price(10_000),
        open: Qty(open),
        prevented: Qty(prevented),
        rested: false,
        cancel_client: ClientOrderId::EMPTY,
    }
}

#[tokio::test]
async fn a_limit_order_becomes_a_command_in_units() {
    let order = probe(
        "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=IOC&quantity=1.00001&price=30000.25\
         &newClientOrderId=abc&selfTradePreventionMode=DECREMENT",
    )
    .await;
    assert_eq!((order.price, order.qty), (Price(3_000_025), Qty(100_001)));
    assert_eq!(
        (order.side, order.order_type),
        (Side::Sell, OrderType::Limit)
    );
    assert_eq!(order.time_in_force, TimeInForce::Ioc);
    assert_eq!(order.self_trade, SelfTradePrevention::Decrement);
    assert_eq!(order.client_order.as_str(), "abc");

    let order = probe("symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=12.3456789").await;
    assert_eq!((order.price, order.qty), (Price::ZERO, Qty::ZERO));
    assert_eq!(order.quote_qty, Amount(1_234_567_890));
    assert_eq!(order.self_trade, SelfTradePrevention::ExpireMaker);
    assert_eq!(order.client_order.as_str().len(), 22);
}

#[tokio::test]
async fn a_resting_order_is_new_and_told_in_full() {
    let client = Client::new();
    let order = order_with("newClientOrderId=mine");
    let got = client.signed("POST /api/v3/order", &order).await;
    assert_eq!(got.header("x-mbx-order-count-10s"), "3");
    assert_eq!(got.header("x-mbx-order-count-1d"), "44");
    assert_eq!(got.header("x-daybook-offset"), "100");
    expect![[r#"
        {"symbol":"BTCUSDT",
        "orderId":1,
        "orderListId":-1,
        "clientOrderId":"mine",
        "transactTime":1700000000000,
        "price":"100.00000000",
        "origQty":"0.50000000",
        "executedQty":"0.00000000",
        "origQuoteOrderQty":"0.00000000",
        "cummulativeQuoteQty":"0.00000000",
        "status":"NEW",
        "timeInForce":"GTC",
        "type":"LIMIT",
        "side":"BUY",
        "workingTime":1700000000000,
        "selfTradePreventionMode":"EXPIRE_MAKER",
        "fills":[]}"#]]
    .assert_eq(&got.lines());
    let order = order_with("newOrderRespType=ACK") + "&newClientOrderId=other&strategyId=7";
    let got = client.signed("POST /api/v3/order", &order).await;
    expect![[r#"
        {"symbol":"BTCUSDT",
        "orderId":1,
        "orderListId":-1,
        "clientOrderId":"other",
        "transactTime":1700000000000,
        "strategyId":7}"#]]
    .assert_eq(&got.lines());
}

#[tokio::test]
async fn fills_are_told_in_the_taker_s_asset() {
    let client = Client::new();
    let order = order_with("newClientOrderId=mine");
    let place = probe(&order).await;
    let rested = OrderRested {
        symbol: BTCUSDT,
        order: OrderId(28),
        account: ALICE,
        side: Side::Buy,
        price: Price(10_000),
        open: Qty(10_000),
    };
    client.venue.reply(Reply::Events(vec![
        Event::OrderAccepted(accepted(&place, 28)),
        Event::Trade(trade(Side::Buy, 9_900, 30_000)),
        Event::Trade(Trade {
            trade: TradeId(6),
            ..trade(Side::Buy, 10_000, 10_000)
        }),
        Event::OrderRested(rested),
    ]));
    let got = client.signed("POST /api/v3/order", &order).await;
    expect![[r#"
        {"symbol":"BTCUSDT",
        "orderId":28,
        "orderListId":-1,
        "clientOrderId":"mine",
        "transactTime":1700000000000,
        "price":"100.00000000",
        "origQty":"0.50000000",
        "executedQty":"0.40000000",
        "origQuoteOrderQty":"0.00000000",
        "cummulativeQuoteQty":"39.70000000",
        "status":"PARTIALLY_FILLED",
        "timeInForce":"GTC",
        "type":"LIMIT",
        "side":"BUY",
        "workingTime":1700000000000,
        "selfTradePreventionMode":"EXPIRE_MAKER",
        "fills":[{"price":"99.00000000",
        "qty":"0.30000000",
        "commission":"0.00030000",
        "commissionAsset":"BTC",
        "tradeId":5},{"price":"100.00000000",
        "qty":"0.10000000",
        "commission":"0.00010000",
        "commissionAsset":"BTC",
        "tradeId":6}]}"#]]
    .assert_eq(&got.lines());
}

#[tokio::test]
async fn a_market_order_by_quote_was_as_large_as_what_it_bought() {
    let client = Client::new();
    let order = "symbol=BTCUSDT&side=SELL&type=MARKET&quoteOrderQty=50&newClientOrderId=mine";
    let place = probe(order).await;
    client.venue.reply(Reply::Events(vec![
        Event::OrderAccepted(accepted(&place, 28)),
        Event::Trade(trade(Side::Sell, 10_000, 40_000)),
        Event::OrderDone(OrderDone {
            price: Price::ZERO,
            ..done(OrderStatus::Expired, 0, 0)
        }),
    ]));
    let got = client.signed("POST /api/v3/order", order).await;
    expect![[r#"
        {"symbol":"BTCUSDT",
        "orderId":28,
        "orderListId":-1,
        "clientOrderId":"mine",
        "transactTime":1700000000000,
        "price":"0.00000000",
        "origQty":"0.40000000",
        "executedQty":"0.40000000",
        "origQuoteOrderQty":"50.00000000",
        "cummulativeQuoteQty":"40.00000000",
        "status":"EXPIRED",
        "timeInForce":"GTC",
        "type":"MARKET",
        "side":"SELL",
        "workingTime":1700000000000,
        "selfTradePreventionMode":"EXPIRE_MAKER",
        "expiryReason":"INSUFFICIENT_LIQUIDITY",
        "fills":[{"price":"100.00000000",
        "qty":"0.40000000",
        "commission":"0.00040000",
        "commissionAsset":"USDT",
        "tradeId":5}]}"#]]
    .assert_eq(&got.lines());
}

#[tokio::test]
async fn a_prevented_self_trade_shows_its_quantity() {
    let client = Client::new();
    let order = order_with("newOrderRespType=RESULT")
        + "&selfTradePreventionMode=EXPIRE_TAKER&newClientOrderId=mine";
    let place = probe(&order).await;
    let prevented = TradePrevented {
        symbol: BTCUSDT,
        account: ALICE,
        taker_order: OrderId(28),
        maker_order: OrderId(2),
        maker_side: Side::Sell,
        price: Price(10_000),
        taker_prevented: Qty::ZERO,
        maker_prevented: Qty::ZERO,
        mode: SelfTradePrevention::ExpireTaker,
    };
    client.venue.reply(Reply::Events(vec![
        Event::OrderAccepted(accepted(&place, 28)),
        Event::TradePrevented(prevented),
        Event::OrderDone(done(OrderStatus::ExpiredInMatch, 50_000, 50_000)),
    ]));
    let got = client.signed("POST /api/v3/order", &order).await;
    expect![[r#"
        {"symbol":"BTCUSDT",
        "orderId":28,
        "orderListId":-1,
        "clientOrderId":"mine",
        "transactTime":1700000000000,
        "price":"100.00000000",
        "origQty":"0.50000000",
        "executedQty":"0.00000000",
        "origQuoteOrderQty":"0.00000000",
        "cummulativeQuoteQty":"0.00000000",
        "status":"EXPIRED_IN_MATCH",
        "timeInForce":"GTC",
        "type":"LIMIT",
        "side":"BUY",
        "workingTime":1700000000000,
        "selfTradePreventionMode":"EXPIRE_TAKER",
        "preventedMatchId":6553601,
        "preventedQuantity":"0.50000000"}"#]]
    .assert_eq(&got.lines());
}

#[tokio::test]
async fn every_reason_has_its_code_and_text() {
    use RejectReason as R;
    let client = Client::new();
    for (reason, refusal) in [
        (R::MarketClosed, "400 -2010 Market is closed."),
        (
            R::AccountFrozen,
            "400 -2010 This account may not place or cancel orders.",
        ),
        (R::PriceFilter, "400 -1013 Filter failure: PRICE_FILTER"),
        (R::LotSize, "400 -1013 Filter failure: LOT_SIZE"),
        (
            R::MarketLotSize,
            "400 -1013 Filter failure: MARKET_LOT_SIZE",
        ),
        (R::Notional, "400 -1013 Filter failure: NOTIONAL"),
        (
            R::PercentPrice,
            "400 -1013 Filter failure: PERCENT_PRICE_BY_SIDE",
        ),
        (R::MaxNumOrders, "400 -1013 Filter failure: MAX_NUM_ORDERS"),
        (R::MaxPosition, "400 -1013 Filter failure: MAX_POSITION"),
        (R::DuplicateOrder, "400 -2010 Duplicate order sent."),
        (
            R::InsufficientBalance,
            "400 -2010 Account has insufficient balance for requested action.",
        ),
        (
            R::WouldMatch,
            "400 -2010 Order would immediately match and take.",
        ),
        (
            R::NoLiquidity,
            "400 -2010 Order book liquidity is less than `LOT_SIZE` filter minimum quantity.",
        ),
        (
            R::TooLate,
            "400 -1021 Timestamp for this request is outside of the recvWindow.",
        ),
        (R::TooManyOrders, "429 -1015 Too many new orders."),
        (
            R::Busy,
            "503 -1008 Server is currently overloaded with other requests. \
                   Please try again in a few minutes.",
        ),
    ] {
        client.venue.reject(reason);
        let got = client.signed("POST /api/v3/order", ORDER).await;
        assert_eq!(got.refusal(), refusal);
        assert!(!got.header("x-daybook-offset").is_empty());
        assert!(got.header("x-mbx-order-count-10s").is_empty());
    }
}

#[tokio::test]
async fn the_limit_on_orders_names_itself() {
    let client = Client::new();
    client.venue.directory.lock().limits.orders_per_10s = 5;
    client.venue.state.lock().order_counts = (5, 6);
    client.venue.reject(RejectReason::TooManyOrders);
    let got = client.signed("POST /api/v3/order", ORDER).await;
    let refusal = "429 -1015 Too many new orders; current limit is 5 orders per 10 SECOND.";
    assert_eq!(got.refusal(), refusal);
    assert_eq!(got.header("retry-after"), "10");
}

#[tokio::test]
async fn a_sequencer_that_takes_nothing_answers_503() {
    let client = Client::new();
    for (error, code) in [
        (SubmitError::Busy, -1008),
        (SubmitError::DiskFull, -1008),
        (SubmitError::Faulted, -1001),
        (SubmitError::Stopped, -1006),
    ] {
        client.venue.reply(Reply::Refused(error));
        let got = client.signed("POST /api/v3/order", ORDER).await;
        assert_eq!(got.status, 503);
        assert_eq!(got.json()["code"], code);
        assert!(got.json()["hint"].is_string());
    }
    client.venue.reply(Reply::Lost);
    let got = client.signed("POST /api/v3/order", ORDER).await;
    assert_eq!(got.json()["code"], -1006);
    assert!(client.venue.commands().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_silent_sequencer_is_a_timeout_after_ten_seconds() {
    let client = Client::new();
    client.venue.reply(Reply::Silent);
    let started = tokio::time::Instant::now();
    let got = client.signed("POST /api/v3/order", ORDER).await;
    assert_eq!(
        got.refusal(),
        "504 -1007 Timeout waiting for response from backend server. \
         Send status unknown; execution status unknown."
    );
    assert_eq!(started.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_test_order_is_checked_and_goes_nowhere() {
    let client = Client::new();
    let line = "POST /api/v3/order/test";
    assert_eq!(client.signed(line, ORDER).await.text, "{}");
    let got = client.signed(line, &order_with("price=2000000")).await;
    assert_eq!(got.refusal(), "400 -1013 Filter failure: PRICE_FILTER");
    let got = client.signed(line, &order_with("quantity=9001")).await;
    assert_eq!(got.refusal(), "400 -1013 Filter failure: LOT_SIZE");
    let got = client
        .signed(line, &order_with("computeCommissionRates=true"))
        .await;
    assert_eq!(got.header("x-mbx-used-weight-1m"), "23");
    expect![[r#"
        {"standardCommissionForOrder":{"maker":"0.00100000",
        "taker":"0.00100000"},
        "specialCommissionForOrder":{"maker":"0.00000000",
        "taker":"0.00000000"},
        "taxCommissionForOrder":{"maker":"0.00000000",
        "taker":"0.00000000"},
        "discount":{"enabledForAccount":false,
        "enabledForSymbol":false,
        "discountAsset":null,
        "discount":"0.00000000"}}"#]]
    .assert_eq(&got.lines());
    assert!(client.venue.commands().is_empty());
}
