"""The three streams, read by an independent socket client while two accounts trade."""
import asyncio
import json
import os
from decimal import Decimal

import aiohttp
import requests

from trader import BASE_URL, NAME, PRICE, QTY, limit

WS_URL = os.environ["WS_URL"]
PATIENCE = 10


async def collect(path, act, enough):
    """Opens a stream, lets `act` trade, and reads until `enough` says so."""
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(WS_URL + path) as socket:
            await asyncio.to_thread(act)
            seen = []
            while not enough(seen):
                message = await socket.receive(timeout=PATIENCE)
                assert message.type == aiohttp.WSMsgType.TEXT, message
                seen.append(json.loads(message.data))
            return seen


def read(path, act, enough):
    return asyncio.run(collect(path, act, enough))


def trade_once(traders):
    limit(traders[0], "sell", QTY)
    limit(traders[1], "buy", QTY)


def test_a_trade_is_streamed(traders):
    (event,) = read(
        "/ws/btcusdt@trade", lambda: trade_once(traders), lambda seen: len(seen) == 1)
    assert event["e"] == "trade" and event["s"] == NAME
    assert (event["p"], event["q"]) == ("50000.00000000", "0.01000000")
    assert event["m"] is False, "the buyer took"


def test_the_best_prices_are_streamed(traders):
    wanted = lambda seen: seen and seen[-1]["b"] == "49900.00000000"
    act = lambda: limit(traders[0], "buy", QTY, PRICE - 100)
    event = read("/ws/btcusdt@bookTicker", act, wanted)[-1]
    assert event["s"] == NAME and event["B"] == "0.01000000" and event["u"] > 0


def test_depth_updates_join_the_snapshot_without_a_gap(traders):
    def act():
        for n in range(20):
            limit(traders[0], "buy", QTY, PRICE - 100 - n)
        trade_once(traders)
        limit(traders[0], "buy", QTY, PRICE - 1)

    last = lambda seen: any(
        Decimal(price) == PRICE - 1 for event in seen for price, _ in event["data"]["b"])
    before = requests.get(
        BASE_URL + "/api/v3/depth", {"symbol": NAME, "limit": 5000}, timeout=PATIENCE).json()
    events = [event["data"] for event in read(
        "/stream?streams=btcusdt@depth@100ms", act, last)]
    after = requests.get(
        BASE_URL + "/api/v3/depth", {"symbol": NAME, "limit": 5000}, timeout=PATIENCE).json()

    kept = [event for event in events if event["u"] > before["lastUpdateId"]]
    assert kept[0]["U"] <= before["lastUpdateId"] + 1 <= kept[0]["u"]
    for earlier, later in zip(kept, kept[1:]):
        assert later["U"] == earlier["u"] + 1, "a gap"
    assert kept[-1]["u"] == after["lastUpdateId"]
    for side, key in (("bids", "b"), ("asks", "a")):
        book = dict(map(tuple, before[side]))
        for event in kept:
            for price, qty in event[key]:
                book[price] = qty
        book = {price: qty for price, qty in book.items() if qty != "0.00000000"}
        assert book == dict(map(tuple, after[side]))
