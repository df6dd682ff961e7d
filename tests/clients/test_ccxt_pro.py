"""The unmodified ccxt.pro: what it watches, and orders over its socket."""
import asyncio
import os

import ccxt.pro

from trader import BASE_URL, PRICE, QTY, SYMBOL, limit

WS_URL = os.environ["WS_URL"]
PATIENCE = 15


def watcher():
    exchange = ccxt.pro.binance({
        "apiKey": os.environ["API_KEY"],
        "secret": os.environ["API_SECRET"],
        "enableRateLimit": False,
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "fetchMargins": False,
            "fetchCurrencies": False,
        },
    })
    urls = exchange.urls["api"]
    urls.update({"public": BASE_URL + "/api/v3", "private": BASE_URL + "/api/v3"})
    urls["ws"].update({"spot": WS_URL + "/stream/ws", "margin": WS_URL + "/stream/ws"})
    urls["ws"]["ws-api"].update({"spot": WS_URL + "/ws-api/v3"})
    return exchange


async def until(watch, is_enough):
    """Watches until it sees what it waits for."""
    while True:
        seen = await asyncio.wait_for(watch(), PATIENCE)
        if is_enough(seen):
            return seen


async def watching(traders):
    exchange = watcher()
    try:
        await exchange.load_markets()
        book = asyncio.ensure_future(until(
            lambda: exchange.watch_order_book(SYMBOL),
            lambda seen: seen["bids"] and seen["bids"][0][0] == float(PRICE - 7)))
        trades = asyncio.ensure_future(until(
            lambda: exchange.watch_trades(SYMBOL), lambda seen: len(seen) > 0))
        ticker = asyncio.ensure_future(until(
            lambda: exchange.watch_ticker(SYMBOL), lambda seen: seen["last"] == float(PRICE)))
        candles = asyncio.ensure_future(until(
            lambda: exchange.watch_ohlcv(SYMBOL, "1m"),
            lambda seen: seen[-1][4] == float(PRICE)))
        orders = asyncio.ensure_future(until(
            lambda: exchange.watch_orders(SYMBOL),
            lambda seen: any(order["status"] == "canceled" for order in seen)))
        balance = asyncio.ensure_future(exchange.watch_balance())
        await asyncio.sleep(1)
        await asyncio.to_thread(limit, traders[1], "sell", QTY)
        await asyncio.to_thread(limit, traders[0], "buy", QTY)
        placed = await exchange.create_order_ws(
            SYMBOL, "limit", "buy", float(QTY), float(PRICE - 7))
        await asyncio.wait_for(book, PATIENCE)
        cancelled = await exchange.cancel_order_ws(placed["id"], SYMBOL)
        assert cancelled["status"] == "canceled", cancelled
        rest = (trades, ticker, candles, orders, balance)
        return placed, await asyncio.wait_for(asyncio.gather(*rest), 2 * PATIENCE)
    finally:
        await exchange.close()


def test_ccxt_pro_watches_a_market_and_an_account(traders):
    placed, (trades, ticker, candles, orders, balance) = asyncio.run(watching(traders))
    assert trades[-1]["price"] == float(PRICE) and trades[-1]["amount"] == float(QTY)
    assert ticker["symbol"] == SYMBOL and candles[-1][2] >= float(PRICE)
    last = [order for order in orders if order["id"] == placed["id"]][-1]
    assert last["status"] == "canceled" and last["filled"] == 0
    assert {"BTC", "USDT"} <= set(balance)
