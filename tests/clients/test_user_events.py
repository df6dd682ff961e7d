"""User events over the WebSocket API: live, and since an offset after an absence."""
import asyncio
import hashlib
import hmac
import json
import os
import time

import aiohttp

from trader import PRICE, QTY, SYMBOL, limit

WS_URL = os.environ["WS_URL"]
PATIENCE = 10


def signed(**params):
    params = {**params, "apiKey": os.environ["API_KEY"], "timestamp": int(time.time() * 1000)}
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    secret = os.environ["API_SECRET"].encode()
    params["signature"] = hmac.new(secret, payload.encode(), hashlib.sha256).hexdigest()
    return params


class Session:
    def __init__(self, socket):
        self.socket, self.ids, self.events = socket, 0, []

    async def message(self):
        message = await self.socket.receive(timeout=PATIENCE)
        assert message.type == aiohttp.WSMsgType.TEXT, message
        return json.loads(message.data)

    async def ask(self, method, **params):
        self.ids += 1
        await self.socket.send_json({"id": self.ids, "method": method, "params": params})
        while True:
            message = await self.message()
            if message.get("id") == self.ids:
                return message
            self.events.append(message["event"])

    async def until(self, count):
        while len(self.events) < count:
            self.events.append((await self.message())["event"])


async def open_session(client):
    return Session(await client.ws_connect(WS_URL + "/ws-api/v3"))


async def scenario(traders):
    async with aiohttp.ClientSession() as client:
        first = await open_session(client)
        started = await first.ask("userDataStream.subscribe.signature", **signed())
        assert started["status"] == 200, started
        begin = started["result"]["fromOffset"]
        place = dict(symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC",
                     quantity=str(2 * QTY), price=str(PRICE - 50))
        placed = await first.ask("order.place", **signed(**place))
        assert placed["status"] == 200 and placed["offset"] >= begin, placed
        await first.until(2)
        await first.socket.close()
        # Nobody listens while the order trades and is cancelled.
        order = placed["result"]["orderId"]
        await asyncio.to_thread(limit, traders[1], "sell", QTY, PRICE - 50)
        await asyncio.to_thread(traders[0].cancel_order, str(order), SYMBOL)
        second = await open_session(client)
        missed, next_offset, is_last = [], first.events[-1]["offset"] + 1, False
        while not is_last:
            page = await second.ask(
                "userDataStream.since", **signed(fromOffset=next_offset, limit=2))
            assert page["status"] == 200, page
            missed += page["result"]["events"]
            next_offset, is_last = page["result"]["nextOffset"], page["result"]["isLast"]
        whole = await second.ask("userDataStream.since", **signed(fromOffset=begin, limit=1000))
        await second.socket.close()
        return first.events, missed, whole["result"]["events"]


def test_what_was_missed_continues_what_was_heard(traders):
    heard, missed, whole = asyncio.run(scenario(traders))
    assert heard + missed == whole, "live and since an offset are the same, without a gap"
    reports = [event for event in whole if event["e"] == "executionReport"]
    assert [(event["x"], event["X"]) for event in reports] == [
        ("NEW", "NEW"), ("TRADE", "PARTIALLY_FILLED"), ("CANCELED", "CANCELED")]
    offsets = [event["offset"] for event in whole]
    assert offsets == sorted(offsets)
