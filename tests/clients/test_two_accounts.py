"""Two accounts trade through an unmodified ccxt; what they own adds up to the atom.

BASE_URL, API_KEY, API_SECRET, API_KEY2 and API_SECRET2 name a running node and two traders
with funds, on a symbol where nobody else trades. `cargo xtask clients` prepares all of it.
"""
import os
from decimal import Decimal

import ccxt
import pytest
import requests

BASE_URL = os.environ["BASE_URL"]
SYMBOL = "BTC/USDT"
ASSETS = ("BTC", "USDT")
PRICE = Decimal("50000")
QTY = Decimal("0.01")
FEE_RATE = Decimal("0.001")
ATOM = Decimal("1e-8")


def client(number):
    """An unmodified ccxt: only its address, its key and its own options are set."""
    exchange = ccxt.binance({
        "apiKey": os.environ["API_KEY" + number],
        "secret": os.environ["API_SECRET" + number],
        "enableRateLimit": False,
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "fetchMargins": False,
            "fetchCurrencies": False,
        },
    })
    exchange.urls["api"].update({
        "public": BASE_URL + "/api/v3",
        "private": BASE_URL + "/api/v3",
    })
    exchange.load_markets()
    return exchange


def cancel_everything(trader):
    try:
        trader.cancel_all_orders(SYMBOL)
    except ccxt.OrderNotFound:
        pass


@pytest.fixture()
def traders():
    pair = client(""), client("2")
    for trader in pair:
        cancel_everything(trader)
    yield pair
    for trader in pair:
        cancel_everything(trader)


def balances(trader):
    """Exact sums of free and locked, straight from the strings of the answer."""
    listed = {row["asset"]: row for row in trader.privateGetAccount()["balances"]}
    return {
        asset: Decimal(listed[asset]["free"]) + Decimal(listed[asset]["locked"])
        for asset in ASSETS
    }


def locked(trader, asset):
    listed = {row["asset"]: row for row in trader.privateGetAccount()["balances"]}
    return Decimal(listed[asset]["locked"])


def limit(trader, side, qty, price=PRICE, **more):
    return trader.create_order(SYMBOL, "limit", side, float(qty), float(price), more)


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
    last = taker.fetch_trades(SYMBOL, limit=1)[-1]
    assert last["price"] == float(PRICE - 100) and last["amount"] == float(QTY)
    ticker = taker.publicGetTickerPrice({"symbol": "BTCUSDT"})
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
