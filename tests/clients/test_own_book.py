"""A local book from our own stream, through random trading and dropped connections."""
import asyncio
import json
import os
import random
from decimal import Decimal

import aiohttp
import ccxt

from local_book import Gap, LocalBook
from trader import BASE_URL, NAME, PRICE, QTY, SYMBOL, limit

WS_URL = os.environ["WS_URL"]
SEED = int(os.environ.get("SEED", "20261121"))
PATIENCE = 20
ROUNDS = 150
DROPS = 3


async def depth(session):
    query = {"symbol": NAME, "limit": "5000"}
    async with session.get(BASE_URL + "/api/v3/depth", params=query) as answer:
        return await answer.json()


class Follower:
    """Follows the book; after each difference it may ask the venue and compares."""

    def __init__(self):
        self.book, self.pending, self.compared, self.joined = LocalBook(), {}, 0, 0
        self.stop, self.drop = False, asyncio.Event()

    def compare(self):
        """The venue's answer for an update id has to be the book's at that id."""
        answer = self.pending.pop(self.book.last, None)
        if answer is not None:
            assert self.book.sides() == {side: answer[side] for side in ("bids", "asks")}
            self.compared += 1

    async def connection(self, session):
        """One life of a connection: buffer, snapshot, differences until it is dropped."""
        self.book = LocalBook()
        async with session.ws_connect(f"{WS_URL}/ws/{NAME.lower()}@depth@100ms") as socket:
            fetch, done = None, False
            while not done:
                try:
                    message = await socket.receive(timeout=0.05)
                except asyncio.TimeoutError:
                    message = None
                if message is not None and message.type == aiohttp.WSMsgType.TEXT:
                    self.book.take(json.loads(message.data))
                    self.compare()
                if self.book.last is None and fetch is None:
                    fetch = asyncio.ensure_future(depth(session))
                if fetch is not None and fetch.done():
                    answer, fetch = fetch.result(), None
                    if self.book.last is None:
                        self.book.snapshot(answer)
                        self.joined += 1
                    elif answer["lastUpdateId"] >= self.book.last:
                        self.pending[answer["lastUpdateId"]] = answer
                        self.compare()
                elif fetch is None:
                    fetch = asyncio.ensure_future(depth(session))
                if self.drop.is_set() or self.stop:
                    self.drop.clear()
                    done = True
            if fetch is not None:
                answer = await fetch
                self.last_answer = answer

    async def run(self):
        async with aiohttp.ClientSession() as session:
            while not self.stop:
                try:
                    await self.connection(session)
                except Gap:
                    continue


def act(traders, dice, live):
    trader = dice.choice(traders)
    if live and dice.random() < 0.35:
        owner, order = live.pop(dice.randrange(len(live)))
        try:
            owner.cancel_order(order, SYMBOL)
        except ccxt.OrderNotFound:
            pass
        return
    side = dice.choice(("buy", "sell"))
    price = PRICE + Decimal(dice.randint(-30, 30)) / 100
    placed = limit(trader, side, QTY * dice.randint(1, 4), price)
    live.append((trader, placed["id"]))


async def trade_and_follow(traders):
    dice, live, follower = random.Random(SEED), [], Follower()
    task = asyncio.ensure_future(follower.run())
    for number in range(1, ROUNDS + 1):
        await asyncio.to_thread(act, traders, dice, live)
        if number % (ROUNDS // (DROPS + 1)) == 0:
            follower.drop.set()
        if task.done():
            break
    deadline = asyncio.get_running_loop().time() + PATIENCE
    wanted = follower.compared + 1
    while follower.compared < wanted and asyncio.get_running_loop().time() < deadline:
        await asyncio.to_thread(act, traders, dice, live)
        await asyncio.sleep(0.15)
        if task.done():
            break
    follower.stop = True
    await task
    return follower


def test_a_local_book_equals_the_venue_s_through_dropped_connections(traders):
    print("seed", SEED)
    follower = asyncio.run(trade_and_follow(traders))
    assert follower.joined >= DROPS, "it began anew after each drop"
    assert follower.compared >= 1, "some answers fell on an update id of the stream"
    print("compared", follower.compared, "joined", follower.joined)
