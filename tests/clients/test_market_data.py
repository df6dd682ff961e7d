"""Candles, tickers and what bots ask for when they start, through an unmodified ccxt.

Two traders cross at known prices; every number is then counted from the answers' own rows.
"""
from decimal import Decimal

import pytest

import ccxt

from trader import BASE_URL, NAME, PRICE, QTY, SYMBOL, client, limit


def cross(traders, qty=QTY, price=PRICE):
    limit(traders[0], "sell", qty, price)
    return limit(traders[1], "buy", qty, price)


def all_trades(trader):
    """Every public trade from the first on, page by page."""
    seen, start = [], 1
    while True:
        page = trader.publicGetHistoricalTrades({"symbol": NAME, "fromId": start, "limit": 1000})
        seen += page
        if len(page) < 1000:
            return seen
        start = int(page[-1]["id"]) + 1


def total(rows, field):
    return sum((Decimal(row[field]) for row in rows), Decimal(0))


def test_candles_add_up_to_the_trades(traders):
    cross(traders)
    cross(traders, QTY * 2, PRICE + 10)
    cross(traders)
    trades = all_trades(traders[0])
    for interval in ("1s", "1m", "1h", "1d", "1w", "1M"):
        rows = traders[0].publicGetKlines({
            "symbol": NAME, "interval": interval, "startTime": 0, "limit": 1000})
        assert all(len(row) == 12 for row in rows)
        assert sum(int(row[8]) for row in rows) == len(trades), interval
        assert sum((Decimal(row[5]) for row in rows), Decimal(0)) == total(trades, "qty")
        assert sum((Decimal(row[7]) for row in rows), Decimal(0)) == total(trades, "quoteQty")
        assert Decimal(rows[-1][4]) == PRICE
        for earlier, later in zip(rows, rows[1:]):
            assert int(later[0]) == int(earlier[6]) + 1
    candle = traders[0].fetch_ohlcv(SYMBOL, "1d")[-1]
    assert candle[2] >= float(PRICE + 10) and candle[4] == float(PRICE)
    shifted = traders[0].publicGetKlines({
        "symbol": NAME, "interval": "1d", "timeZone": "05:45", "limit": 1})
    assert int(shifted[0][0]) % 86_400_000 == 65_700_000
    with pytest.raises(ccxt.BadRequest):
        traders[0].publicGetKlines({"symbol": NAME, "interval": "1x"})


def test_tickers_count_the_trades_of_their_window(traders):
    cross(traders)
    trades = all_trades(traders[0])
    day = traders[0].publicGetTicker24hr({"symbol": NAME})
    assert int(day["count"]) == len(trades)
    assert (int(day["firstId"]), int(day["lastId"])) == (1, len(trades))
    assert Decimal(day["volume"]) == total(trades, "qty")
    assert Decimal(day["quoteVolume"]) == total(trades, "quoteQty")
    assert Decimal(day["lastPrice"]) == PRICE
    prices = [Decimal(trade["price"]) for trade in trades]
    assert (Decimal(day["highPrice"]), Decimal(day["lowPrice"])) == (max(prices), min(prices))
    week = traders[0].publicGetTicker({"symbol": NAME, "windowSize": "7d"})
    today = traders[0].publicGetTickerTradingDay({"symbol": NAME})
    for other in (week, today):
        assert "prevClosePrice" not in other and other["lastPrice"] == day["lastPrice"]
    assert week["volume"] == day["volume"]
    unified = traders[0].fetch_tickers()
    assert SYMBOL in unified and unified[SYMBOL]["last"] == float(PRICE)
    mini = traders[0].publicGetTicker24hr({"symbol": NAME, "type": "MINI"})
    assert "bidPrice" not in mini and mini["count"] == day["count"]
    average = traders[0].publicGetAvgPrice({"symbol": NAME})
    assert int(average["mins"]) == 5 and min(prices) <= Decimal(average["price"]) <= max(prices)


def test_aggregate_trades_join_one_taker_at_one_price(traders):
    for _ in range(3):
        limit(traders[0], "sell", QTY)
    taker = limit(traders[1], "buy", QTY * 3)
    assert taker["status"] == "closed"
    (newest,) = traders[0].publicGetAggTrades({"symbol": NAME, "limit": 1})
    assert Decimal(newest["q"]) == QTY * 3 and Decimal(newest["p"]) == PRICE
    assert int(newest["l"]) == int(newest["f"]) + 2
    again = traders[0].publicGetAggTrades({"symbol": NAME, "fromId": newest["a"]})
    assert again == [newest]
    whole = traders[0].publicGetAggTrades({"symbol": NAME, "fromId": 1, "limit": 1000})
    assert [int(row["a"]) for row in whole] == list(range(1, len(whole) + 1))
    assert traders[0].fetch_trades(SYMBOL, limit=1)[0]["amount"] == float(QTY * 3)


def test_a_bot_with_default_options_starts(traders):
    exchange = ccxt.binance({
        "apiKey": traders[0].apiKey, "secret": traders[0].secret,
        "options": {"fetchMarkets": {"types": ["spot"]}},
    })
    exchange.urls["api"].update({
        "public": BASE_URL + "/api/v3", "private": BASE_URL + "/api/v3",
        "sapi": BASE_URL + "/sapi/v1", "dapiPublic": BASE_URL + "/dapi/v1",
    })
    exchange.load_markets()
    assert exchange.currencies["BTC"]["id"] == "BTC"
    assert exchange.currencies["BTC"]["precision"] == 1e-8
    assert exchange.fetch_trading_fee(SYMBOL)["taker"] == 0.001
    assert exchange.fetch_status()["status"] == "ok"
    assert exchange.sapiGetAccountStatus() == {"data": "Normal"}
    assert exchange.sapiGetAccountApiRestrictions()["enableSpotAndMarginTrading"] is True
    assert exchange.sapiGetAccountApiTradingStatus()["data"]["isLocked"] is False
    assert exchange.dapiPublicGetExchangeInfo()["symbols"] == []
    moved = exchange.sapiGetAssetTransfer({"type": "MAIN_UMFUTURE"})["rows"]
    assert all(row["asset"] == "USDT" for row in moved)
    assert exchange.sapiGetAssetTransfer({"type": "MAIN_MARGIN"})["rows"] == []
    for refused in (
        lambda: exchange.transfer("USDT", 1, "spot", "funding"),
        lambda: exchange.fetch_deposit_address("BTC"),
        lambda: exchange.withdraw("BTC", 1, "nowhere-at-all"),
    ):
        with pytest.raises(ccxt.BaseError) as refusal:
            refused()
        assert "-1020" in str(refusal.value)


def test_limits_and_filters_of_the_account(traders):
    limit(traders[0], "buy", QTY, PRICE - 1000)
    seconds, day = traders[0].privateGetRateLimitOrder()
    assert (seconds["interval"], day["interval"]) == ("SECOND", "DAY")
    assert 1 <= int(day["count"]) <= int(day["limit"])
    assert traders[0].privateGetMyAllocations({"symbol": NAME}) == []
    filters = traders[0].request("myFilters", ["private"], "GET", {"symbol": NAME})
    assert filters == {"exchangeFilters": [], "symbolFilters": [], "assetFilters": []}
    with pytest.raises(ccxt.BaseError) as refused:
        client("").privatePostSorOrder({
            "symbol": NAME, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
            "quantity": str(QTY), "price": str(PRICE)})
    assert "SOR is not supported" in str(refused.value)
