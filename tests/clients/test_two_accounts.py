"""Two accounts trade through an unmodified ccxt; what they own adds up to the atom.

BASE_URL, API_KEY, API_SECRET, API_KEY2 and API_SECRET2 name a running node and two traders
with funds, on a symbol where nobody else trades. `cargo xtask clients` prepares all of it.
"""
from decimal import Decimal

import ccxt
import pytest
import requests

from trader import ASSETS, ATOM, BASE_URL, FEE_RATE, NAME, PRICE, QTY, SYMBOL
from trader import balances, limit, locked


def trades_of(trader, order):
    return [trade for trade in trader.fetch_my_trades(SYMBOL) if trade["order"] == order["id"]]


def fees(trades):
    paid = dict.fromkeys(ASSETS, Decimal(0))
    for trade in trades:
        paid[trade["info"]["commissionAsset"]] += Decimal(trade["info"]["commission"])
    return paid


def assert_conserved(before, after, trades):
    """What one gains the other loses, less the fees that were reported."""
    paid = fees(trades)
    for asset in ASSETS:
        change = sum(now[asset] - then[asset] for then, now in zip(before, after))
        assert change == -paid[asset], asset


def test_partial_fills_then_cancel_and_every_atom_is_accounted_for(traders):
    maker, taker = traders
    before = [balances(trader) for trader in traders]
    order = limit(maker, "sell", QTY * 5)
    assert order["status"] == "open"
    assert locked(maker, "BTC") == QTY * 5

    fills = [limit(taker, "buy", QTY), limit(taker, "buy", QTY * 2)]
    assert [fill["status"] for fill in fills] == ["closed", "closed"]
    seen = maker.fetch_order(order["id"], SYMBOL)
    assert seen["info"]["status"] == "PARTIALLY_FILLED"
    assert Decimal(seen["info"]["executedQty"]) == QTY * 3
    assert locked(maker, "BTC") == QTY * 2

    cancelled = maker.cancel_order(order["id"], SYMBOL)
    assert cancelled["status"] == "canceled"
    assert locked(maker, "BTC") == 0
    assert maker.fetch_open_orders(SYMBOL) == []
    assert maker.fetch_order(order["id"], SYMBOL)["status"] == "canceled"

    after = [balances(trader) for trader in traders]
    sold = trades_of(maker, order)
    bought = [trade for fill in fills for trade in trades_of(taker, fill)]
    assert [trade["id"] for trade in sold] == [trade["id"] for trade in bought]
    assert_conserved(before, after, sold + bought)
    assert after[0]["BTC"] == before[0]["BTC"] - QTY * 3
    assert after[1]["USDT"] == before[1]["USDT"] - QTY * 3 * PRICE


def test_the_commission_is_exact_and_out_of_what_is_received(traders):
    maker, taker = traders
    order = limit(maker, "buy", QTY)
    fill = limit(taker, "sell", QTY)
    (made,), (taken,) = trades_of(maker, order), trades_of(taker, fill)
    assert made["takerOrMaker"] == "maker" and taken["takerOrMaker"] == "taker"
    assert made["info"]["commissionAsset"] == "BTC"
    assert taken["info"]["commissionAsset"] == "USDT"
    assert Decimal(made["info"]["commission"]) == (QTY * FEE_RATE).quantize(ATOM)
    assert Decimal(taken["info"]["commission"]) == (QTY * PRICE * FEE_RATE).quantize(ATOM)


def test_an_answer_can_be_read_back_at_once(traders):
    maker, taker = traders
    limit(maker, "buy", QTY, PRICE - 100)
    book = taker.fetch_order_book(SYMBOL, 5)
    assert book["bids"][0] == [float(PRICE - 100), float(QTY)]
    limit(taker, "sell", QTY, PRICE - 100)
    last = taker.publicGetTrades({"symbol": NAME, "limit": 1})[-1]
    assert Decimal(last["price"]) == PRICE - 100 and Decimal(last["qty"]) == QTY
    assert last["isBuyerMaker"] is True
    ticker = taker.publicGetTickerPrice({"symbol": NAME})
    assert Decimal(ticker["price"]) == PRICE - 100
    # The symbol is left as the conformance kit wants it: last traded at 50,000.
    limit(maker, "buy", QTY)
    limit(taker, "sell", QTY)


def test_refusals_are_the_exceptions_that_ccxt_knows(traders):
    maker, taker = traders
    with pytest.raises(ccxt.InsufficientFunds):
        limit(maker, "sell", Decimal("8999"))
    with pytest.raises(ccxt.OrderNotFound):
        maker.cancel_order("999999999999", SYMBOL)
    order = limit(maker, "sell", QTY)
    with pytest.raises(ccxt.OrderNotFound):
        taker.cancel_order(order["id"], SYMBOL)
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        limit(taker, "buy", QTY, postOnly=True)


def test_the_same_client_order_id_is_taken_once(traders):
    maker, _ = traders
    limit(maker, "buy", QTY, PRICE - 500, clientOrderId="only-once")
    with pytest.raises(ccxt.InvalidOrder) as refused:
        limit(maker, "buy", QTY, PRICE - 500, clientOrderId="only-once")
    assert "Duplicate order sent." in str(refused.value)
    assert len(maker.fetch_open_orders(SYMBOL)) == 1


def test_every_answer_names_its_trace(traders):
    maker, _ = traders
    limit(maker, "buy", QTY, PRICE - 500)
    headers = {name.lower(): value for name, value in maker.last_response_headers.items()}
    assert headers["x-trace-id"]
    assert int(headers["x-daybook-offset"]) > 0
    ping = requests.get(BASE_URL + "/api/v3/ping", timeout=10)
    assert ping.json() == {} and ping.headers["X-Trace-Id"]
