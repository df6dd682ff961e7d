"""Each kind of stream beside what REST says of the same moment."""
import requests

from test_streams import read, trade_once
from trader import BASE_URL, NAME, limit, QTY, PRICE

KINDS = (
    "trade", "aggTrade", "bookTicker", "kline_1m", "kline_1d@+08:00", "miniTicker", "ticker",
    "ticker_1h", "ticker_4h", "ticker_1d", "avgPrice", "depth5@100ms", "depth20", "depth@100ms")
ALL = ("!miniTicker@arr", "!ticker@arr", "!ticker_1h@arr", "!bookTicker")
TICKER = {
    "p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice", "c": "lastPrice",
    "o": "openPrice", "h": "highPrice", "l": "lowPrice", "v": "volume", "q": "quoteVolume",
    "F": "firstId", "L": "lastId", "n": "count"}


def ask(path, **query):
    return requests.get(BASE_URL + path, {"symbol": NAME, **query}, timeout=10).json()


def test_every_stream_says_what_rest_says(traders):
    names = [f"{NAME.lower()}@{kind}" for kind in KINDS] + list(ALL)

    def act():
        limit(traders[0], "buy", QTY, PRICE - 100)
        trade_once(traders)

    trade = ask("/api/v3/trades", limit=1)
    before = trade[-1]["id"] if trade else 0

    def complete(seen):
        """Everyone has spoken after the trade."""
        last = {message["stream"]: message["data"] for message in seen}
        if set(last) != set(names):
            return False
        candles = [last[f"{NAME.lower()}@{kind}"]["k"]["L"] for kind in KINDS if "kline" in kind]
        tickers = [last[f"{NAME.lower()}@ticker"]["L"], last["!ticker@arr"][0]["L"]]
        tickers += [last[f"{NAME.lower()}@ticker_{size}"]["L"] for size in ("1h", "4h", "1d")]
        mini, full = (last[f"{NAME.lower()}@{kind}"]["v"] for kind in ("miniTicker", "ticker"))
        average = last[f"{NAME.lower()}@avgPrice"]
        # The slow book speaks once a second: it may not have seen the resting order yet.
        fast, slow = (last[f"{NAME.lower()}@{kind}"] for kind in ("depth5@100ms", "depth20"))
        books = slow["bids"] and fast["lastUpdateId"] == slow["lastUpdateId"]
        return books and min(candles + tickers) > before and mini == full and average["T"] > 0

    url = "/stream?streams=" + "/".join(names)
    seen = read(url, act, complete)
    last = {message["stream"]: message["data"] for message in seen}
    one = {kind: last[f"{NAME.lower()}@{kind}"] for kind in KINDS}

    aggregate = ask("/api/v3/aggTrades", limit=1)[-1]
    assert {name: one["aggTrade"][name] for name in "apqflTmM"} == aggregate
    candle = ask("/api/v3/klines", interval="1m", limit=2)
    k = one["kline_1m"]["k"]
    row = [k["t"], k["o"], k["h"], k["l"], k["c"], k["v"], k["T"], k["q"], k["n"], k["V"], k["Q"]]
    assert row in [kept[:11] for kept in candle]
    candle = ask("/api/v3/klines", interval="1d", timeZone="8", limit=1)[-1]
    assert one["kline_1d@+08:00"]["k"]["t"] == candle[0]
    day = ask("/api/v3/ticker/24hr")
    assert {TICKER[name]: one["ticker"][name] for name in TICKER} == {
        name: day[name] for name in TICKER.values()}
    assert one["miniTicker"]["c"] == day["lastPrice"] and one["miniTicker"]["v"] == day["volume"]
    hour = ask("/api/v3/ticker", windowSize="1h")
    assert one["ticker_1h"]["e"] == "1hTicker" and one["ticker_1h"]["v"] == hour["volume"]
    assert one["avgPrice"]["w"] == ask("/api/v3/avgPrice")["price"]
    depth = ask("/api/v3/depth", limit=5)
    assert one["depth5@100ms"] == depth and one["depth20"]["bids"][0] == depth["bids"][0]
    assert last["!bookTicker"]["s"] == NAME
    assert NAME in [row["s"] for row in last["!miniTicker@arr"]]
