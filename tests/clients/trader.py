"""What the client tests share: an unmodified ccxt, and exact sums of what its account owns."""
import os
from decimal import Decimal

import ccxt

BASE_URL = os.environ["BASE_URL"]
SYMBOL = "BTC/USDT"
NAME = "BTCUSDT"
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
