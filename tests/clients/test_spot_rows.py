"""The rows of the dialect that ccxt has no unified call for, by its raw calls.

The answers are compared with the documented fields: names, kinds of values, relations.
"""
from decimal import Decimal

import ccxt
import pytest

from trader import NAME, PRICE, QTY, SYMBOL, client, limit, locked

ORDER_FIELDS = {
    "symbol", "orderId", "orderListId", "clientOrderId", "price", "origQty", "executedQty",
    "cummulativeQuoteQty", "status", "timeInForce", "type", "side", "stopPrice", "icebergQty",
    "time", "updateTime", "isWorking", "workingTime", "origQuoteOrderQty",
    "selfTradePreventionMode",
}


def new_order(**changes):
    order = {
        "symbol": NAME, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": str(QTY), "price": str(PRICE - 1000),
    }
    return {**order, **changes}


def test_exchange_info_tells_the_rules(traders):
    info = traders[0].publicGetExchangeInfo({"symbol": NAME})
    assert {"timezone", "serverTime", "rateLimits", "exchangeFilters", "symbols"} <= set(info)
    (symbol,) = info["symbols"]
    assert symbol["status"] == "TRADING" and symbol["isSpotTradingAllowed"] is True
    filters = {row["filterType"]: row for row in symbol["filters"]}
    assert Decimal(filters["PRICE_FILTER"]["tickSize"]) == Decimal("0.01")
    assert Decimal(filters["LOT_SIZE"]["stepSize"]) == Decimal("0.00001")
    assert {"NOTIONAL", "MARKET_LOT_SIZE", "MAX_NUM_ORDERS"} <= set(filters)
    assert "EXPIRE_MAKER" == symbol["defaultSelfTradePreventionMode"]
    with pytest.raises(ccxt.BadSymbol):
        traders[0].publicGetExchangeInfo({"symbol": "NOSUCH"})


def test_order_query_has_every_documented_field(traders):
    maker, _ = traders
    placed = maker.privatePostOrder(new_order())
    by_id = maker.privateGetOrder({"symbol": NAME, "orderId": placed["orderId"]})
    by_name = {"symbol": NAME, "origClientOrderId": placed["clientOrderId"]}
    assert maker.privateGetOrder(by_name) == by_id
    assert ORDER_FIELDS <= set(by_id)
    assert by_id["status"] == "NEW" and by_id["price"] == "49000.00000000"
    assert maker.privateGetOpenOrders({"symbol": NAME}) == [by_id]
    assert maker.privateGetOpenOrders() == [by_id]
    assert by_id in maker.privateGetAllOrders({"symbol": NAME})


def test_order_test_does_nothing(traders):
    maker, _ = traders
    assert maker.privatePostOrderTest(new_order()) == {}
    assert maker.privateGetOpenOrders({"symbol": NAME}) == []
    with pytest.raises(ccxt.InvalidOrder):
        maker.privatePostOrderTest(new_order(price="49000.001"))


def test_cancel_replace_is_one_step(traders):
    maker, _ = traders
    first = maker.privatePostOrder(new_order())
    both = maker.privatePostOrderCancelReplace(new_order(
        cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=first["orderId"],
        price=str(PRICE - 2000),
    ))
    assert (both["cancelResult"], both["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    (left,) = maker.privateGetOpenOrders({"symbol": NAME})
    assert left["orderId"] == both["newOrderResponse"]["orderId"]
    assert Decimal(left["price"]) == PRICE - 2000
    assert locked(maker, "USDT") == QTY * (PRICE - 2000)


def test_cancel_replace_that_fails_says_which_half(traders):
    maker, _ = traders
    with pytest.raises(ccxt.BaseError) as refused:
        maker.privatePostOrderCancelReplace(new_order(
            cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId="999999999999",
        ))
    assert "-2022" in str(refused.value) and "NOT_ATTEMPTED" in str(refused.value)
    assert maker.privateGetOpenOrders({"symbol": NAME}) == []


def test_amend_keeps_the_place_in_the_queue(traders):
    maker, taker = traders
    first = maker.privatePostOrder(new_order(quantity=str(QTY * 3)))
    limit(taker, "buy", QTY, PRICE - 1000)
    # This release of ccxt has no name for the path, but signs any.
    amended = maker.request("order/amend/keepPriority", ["private"], "PUT", {
        "symbol": NAME, "orderId": first["orderId"], "newQty": str(QTY),
    })
    assert Decimal(amended["amendedOrder"]["qty"]) == QTY
    assert locked(maker, "USDT") == QTY * (PRICE - 1000)
    # The taker sells to whoever is first: that is still the amended order.
    cancel = taker.privateDeleteOpenOrders({"symbol": NAME})
    assert len(cancel) == 1
    limit(taker, "sell", QTY, PRICE - 1000)
    seen = maker.privateGetOrder({"symbol": NAME, "orderId": first["orderId"]})
    assert seen["status"] == "FILLED" and Decimal(seen["origQty"]) == QTY


def test_cancel_all_answers_with_each_order(traders):
    maker, _ = traders
    ids = {maker.privatePostOrder(new_order(price=str(PRICE - 1000 - n)))["orderId"]
           for n in range(3)}
    cancelled = maker.privateDeleteOpenOrders({"symbol": NAME})
    assert {row["orderId"] for row in cancelled} == ids
    assert {row["status"] for row in cancelled} == {"CANCELED"}
    with pytest.raises(ccxt.OrderNotFound):
        maker.privateDeleteOpenOrders({"symbol": NAME})


def test_account_and_commission_have_every_documented_field(traders):
    maker, _ = traders
    account = maker.privateGetAccount()
    assert {
        "makerCommission", "takerCommission", "buyerCommission", "sellerCommission",
        "commissionRates", "canTrade", "canWithdraw", "canDeposit", "brokered",
        "requireSelfTradePrevention", "preventSor", "updateTime", "accountType", "balances",
        "permissions", "uid",
    } <= set(account)
    assert account["canTrade"] is True and account["accountType"] == "SPOT"
    commission = maker.privateGetAccountCommission({"symbol": NAME})
    assert Decimal(commission["standardCommission"]["maker"]) == Decimal("0.001")
    assert Decimal(commission["standardCommission"]["taker"]) == Decimal("0.001")
    assert {"taxCommission", "discount"} <= set(commission)


def test_tickers_show_the_best_prices(traders):
    maker, _ = traders
    limit(maker, "buy", QTY, PRICE - 1000)
    limit(maker, "sell", QTY * 2, PRICE + 1000)
    best = maker.publicGetTickerBookTicker({"symbol": NAME})
    assert best["symbol"] == NAME
    assert (best["bidPrice"], best["bidQty"]) == ("49000.00000000", "0.01000000")
    assert (best["askPrice"], best["askQty"]) == ("51000.00000000", "0.02000000")
    listed = maker.publicGetTickerBookTicker()
    assert best in listed
    assert NAME in {row["symbol"] for row in maker.publicGetTickerPrice()}
    depth = maker.publicGetDepth({"symbol": NAME, "limit": 5})
    assert depth["bids"][0] == ["49000.00000000", "0.01000000"]
    assert depth["asks"][0] == ["51000.00000000", "0.02000000"]


def test_a_market_order_sweeps_and_its_rest_expires(traders):
    maker, taker = traders
    limit(maker, "sell", QTY)
    swept = taker.privatePostOrder({
        "symbol": NAME, "side": "BUY", "type": "MARKET", "quantity": str(QTY * 3),
        "newOrderRespType": "FULL",
    })
    assert swept["status"] == "EXPIRED" and Decimal(swept["executedQty"]) == QTY
    assert [Decimal(fill["price"]) for fill in swept["fills"]] == [PRICE]
    # The symbol is left as others want it: traded last at 50,000.
    assert client("").fetch_open_orders(SYMBOL) == []
