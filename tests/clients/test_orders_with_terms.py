"""Stops, trailing stops, icebergs and lists through an unmodified ccxt and its raw calls.

Each scenario leaves the symbol without orders, traded last at 50,000.
"""
from decimal import Decimal

import ccxt
import pytest

from trader import NAME, PRICE, QTY, SYMBOL, balances, limit, locked


def cross(traders, price=PRICE):
    limit(traders[0], "sell", QTY, price)
    limit(traders[1], "buy", QTY, price)


@pytest.fixture()
def market(traders):
    cross(traders)
    yield traders
    for trader in traders:
        try:
            trader.cancel_all_orders(SYMBOL)
        except ccxt.OrderNotFound:
            pass
    cross(traders)


def order(**changes):
    plain = {"symbol": NAME, "side": "SELL", "type": "LIMIT", "quantity": str(QTY)}
    return {**plain, **changes}


def state(trader, placed):
    return trader.privateGetOrder({"symbol": NAME, "orderId": placed["orderId"]})


def test_a_stop_sleeps_then_sells_at_market(market):
    maker, owner = market
    placed = owner.privatePostOrder(order(type="STOP_LOSS", stopPrice=str(PRICE - 100)))
    assert set(placed) == {
        "symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    waiting = state(owner, placed)
    assert (waiting["status"], waiting["isWorking"]) == ("NEW", False)
    assert int(waiting["workingTime"]) == -1
    assert Decimal(waiting["stopPrice"]) == PRICE - 100
    assert locked(owner, "BTC") == QTY
    limit(maker, "buy", QTY, PRICE - 200)
    limit(maker, "buy", QTY, PRICE - 100)
    limit(owner, "sell", QTY, PRICE - 100)
    done = state(owner, placed)
    assert (done["status"], done["isWorking"]) == ("FILLED", True)
    assert Decimal(done["cummulativeQuoteQty"]) == QTY * (PRICE - 200)
    assert locked(owner, "BTC") == 0


def test_a_stop_on_the_wrong_side_is_refused(market):
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        market[1].privatePostOrder(order(type="STOP_LOSS", stopPrice=str(PRICE + 100)))
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        market[1].privatePostOrder(order(type="TAKE_PROFIT", stopPrice=str(PRICE - 100)))


def test_a_trailing_stop_follows_the_price(market):
    maker, owner = market
    placed = owner.privatePostOrder(order(
        type="STOP_LOSS", trailingDelta="100", newOrderRespType="RESULT"))
    assert placed["trailingDelta"] == "100" or int(placed["trailingDelta"]) == 100
    cross(market, PRICE + 1000)
    assert state(owner, placed)["status"] == "NEW"
    limit(maker, "buy", QTY, PRICE)
    # One percent below 51,000 is 50,490: this trade is lower.
    limit(maker, "buy", QTY, PRICE + 400)
    limit(owner, "sell", QTY, PRICE + 400)
    done = state(owner, placed)
    assert done["status"] == "FILLED"
    assert Decimal(done["cummulativeQuoteQty"]) == QTY * PRICE


def test_an_iceberg_shows_a_part_at_a_time(market):
    owner, taker = market
    placed = owner.privatePostOrder(order(
        timeInForce="GTC", price=str(PRICE + 500), quantity=str(QTY * 3), icebergQty=str(QTY)))
    assert Decimal(placed["icebergQty"]) == QTY
    shown = lambda: taker.publicGetDepth({"symbol": NAME, "limit": 5})["asks"]
    assert shown() == [[f"{PRICE + 500}.00000000", f"{QTY:.8f}"]]
    limit(taker, "buy", QTY, PRICE + 500)
    assert shown() == [[f"{PRICE + 500}.00000000", f"{QTY:.8f}"]]
    assert Decimal(state(owner, placed)["executedQty"]) == QTY


def test_one_leg_of_a_pair_cancels_the_other(market):
    maker, owner = market
    before = [balances(trader) for trader in market]
    pair = owner.request("orderList/oco", ["private"], "POST", {
        "symbol": NAME, "side": "SELL", "quantity": str(QTY),
        "aboveType": "LIMIT_MAKER", "abovePrice": str(PRICE + 500),
        "belowType": "STOP_LOSS_LIMIT", "belowPrice": str(PRICE - 600),
        "belowStopPrice": str(PRICE - 500), "belowTimeInForce": "GTC",
    })
    assert (pair["contingencyType"], pair["listOrderStatus"]) == ("OCO", "EXECUTING")
    assert locked(owner, "BTC") == QTY, "both legs share one hold"
    (listed,) = owner.request("openOrderList", ["private"], "GET", {})
    assert listed["orderListId"] == pair["orderListId"]
    above, below = pair["orders"]
    limit(maker, "buy", QTY, PRICE + 500)
    assert state(owner, above)["status"] == "FILLED"
    over = state(owner, below)
    assert over["status"] in ("EXPIRED", "CANCELED")
    assert int(over["orderListId"]) == int(pair["orderListId"])
    done = owner.request("orderList", ["private"], "GET", {"orderListId": pair["orderListId"]})
    assert done["listOrderStatus"] == "ALL_DONE"
    assert owner.request("openOrderList", ["private"], "GET", {}) == []
    assert done in owner.request("allOrderList", ["private"], "GET", {})
    assert locked(owner, "BTC") == 0
    after = [balances(trader) for trader in market]
    assert after[1]["BTC"] == before[1]["BTC"] - QTY


def test_a_pending_order_comes_after_its_working_one(market):
    maker, owner = market
    pair = owner.request("orderList/oto", ["private"], "POST", {
        "symbol": NAME, "workingType": "LIMIT", "workingSide": "BUY",
        "workingPrice": str(PRICE - 300), "workingQuantity": str(QTY * 2),
        "workingTimeInForce": "GTC", "pendingType": "LIMIT", "pendingSide": "SELL",
        "pendingPrice": str(PRICE + 300), "pendingQuantity": str(QTY),
        "pendingTimeInForce": "GTC",
    })
    working, pending = pair["orders"]
    assert state(owner, pending)["status"] == "PENDING_NEW"
    limit(maker, "sell", QTY * 2, PRICE - 300)
    assert state(owner, working)["status"] == "FILLED"
    assert state(owner, pending)["status"] == "NEW"
    cancelled = owner.request("orderList", ["private"], "DELETE", {
        "symbol": NAME, "orderListId": pair["orderListId"]})
    assert cancelled["listStatusType"] == "ALL_DONE"
    assert state(owner, pending)["status"] == "CANCELED"
    assert owner.fetch_open_orders(SYMBOL) == []


def test_a_restricted_cancel_leaves_other_orders_alone(market):
    maker, taker = market
    placed = maker.privatePostOrder(order(
        timeInForce="GTC", price=str(PRICE), quantity=str(QTY * 2)))
    limit(taker, "buy", QTY, PRICE)
    target = {"symbol": NAME, "orderId": placed["orderId"]}
    with pytest.raises(ccxt.OrderNotFound) as refused:
        maker.privateDeleteOrder({**target, "cancelRestrictions": "ONLY_NEW"})
    assert "cancel restrictions" in str(refused.value)
    maker.privateDeleteOrder({**target, "cancelRestrictions": "ONLY_PARTIALLY_FILLED"})


def test_labels_come_back(market):
    placed = market[0].privatePostOrder(order(
        timeInForce="GTC", price=str(PRICE + 900), strategyId="7", strategyType="1000001"))
    seen = state(market[0], placed)
    assert (int(seen["strategyId"]), int(seen["strategyType"])) == (7, 1000001)


def test_the_countdown_cancels_unless_it_is_set_again(market):
    import time
    owner = market[0]
    placed = owner.privatePostOrder(order(timeInForce="GTC", price=str(PRICE + 900)))
    countdown = lambda millis: owner.request(
        "countdownCancelAll", ["private"], "POST", {"symbol": NAME, "countdownTime": millis})
    countdown(60_000)
    countdown(0)
    countdown(200)
    limit_of_patience = time.time() + 20
    while state(owner, placed)["status"] == "NEW" and time.time() < limit_of_patience:
        time.sleep(0.1)
    assert state(owner, placed)["status"] == "CANCELED"
