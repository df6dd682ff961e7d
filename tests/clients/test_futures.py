"""The unmodified ccxt.pro on perpetuals: what it watches of a market and of an account."""
import asyncio
import os

import ccxt.pro

from trader import BASE_URL, PRICE, QTY

WS_URL = os.environ["WS_URL"]
PERP = "BTC/USDT:USDT"
PATIENCE = 30


def watcher(number):
    exchange = ccxt.pro.binanceusdm({
        "apiKey": os.environ["API_KEY" + number],
        "secret": os.environ["API_SECRET" + number],
        "enableRateLimit": False,
        "options": {
            "fetchMarkets": {"types": ["linear"]},
            "fetchMargins": False,
            "fetchCurrencies": False,
        },
    })
    urls = exchange.urls["api"]
    for name, path in (("fapiPublic", "v1"), ("fapiPrivate", "v1"), ("fapiPublicV2", "v2"),
                       ("fapiPrivateV2", "v2"), ("fapiPublicV3", "v3"), ("fapiPrivateV3", "v3")):
        urls[name] = f"{BASE_URL}/fapi/{path}"
    urls["ws"]["linear"] = WS_URL + "/ws"
    return exchange


async def until(watch, is_enough):
    """Watches until it sees what it waits for."""
    while True:
        seen = await watch()
        if is_enough(seen):
            return seen


async def trade(buyer, seller):
    """There and back again, until it is cancelled: no watcher depends on when it began."""
    while True:
        for one, other in ((buyer, seller), (seller, buyer)):
            await other.create_order(PERP, "limit", "sell", float(QTY), float(PRICE))
            await one.create_order(PERP, "limit", "buy", float(QTY), float(PRICE))
        rest = await buyer.create_order(PERP, "limit", "buy", float(QTY), float(PRICE - 70))
        await asyncio.sleep(0.3)
        await buyer.cancel_order(rest["id"], PERP)
        await asyncio.sleep(0.3)


async def watching():
    buyer, seller = watcher(""), watcher("2")
    try:
        await buyer.load_markets()
        await seller.load_markets()
        watched = [
            until(lambda: buyer.watch_order_book(PERP),
                  lambda seen: seen["bids"] and seen["bids"][0][0] == float(PRICE - 70)),
            until(lambda: buyer.watch_trades(PERP), lambda seen: len(seen) > 0),
            until(lambda: buyer.watch_ticker(PERP), lambda seen: seen["last"] == float(PRICE)),
            until(lambda: buyer.watch_mark_price(PERP), lambda seen: seen["markPrice"] > 0),
            until(lambda: buyer.watch_orders(PERP),
                  lambda seen: any(order["status"] == "closed" for order in seen)),
            until(lambda: buyer.watch_my_trades(PERP), lambda seen: len(seen) > 0),
            until(buyer.watch_balance, lambda seen: seen["USDT"]["total"] > 0),
        ]
        trading = asyncio.ensure_future(trade(buyer, seller))
        try:
            return await asyncio.wait_for(asyncio.gather(*watched), PATIENCE)
        finally:
            trading.cancel()
            await asyncio.gather(trading, return_exceptions=True)
            for side in (buyer, seller):
                await side.cancel_all_orders(PERP)
    finally:
        await buyer.close()
        await seller.close()


def test_ccxt_pro_watches_a_perpetual_and_its_account():
    _, trades, ticker, mark, orders, fills, balance = asyncio.run(watching())
    assert trades[-1]["symbol"] == PERP and trades[-1]["amount"] == float(QTY)
    assert ticker["symbol"] == PERP and mark["symbol"] == PERP
    filled = [order for order in orders if order["status"] == "closed"][-1]
    assert filled["filled"] == float(QTY) and filled["average"] == float(PRICE)
    assert fills[-1]["symbol"] == PERP and fills[-1]["fee"]["currency"] == "USDT"
    assert balance["USDT"]["total"] > 0
