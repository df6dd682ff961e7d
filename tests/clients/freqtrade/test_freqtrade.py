"""freqtrade, unmodified: its command line lists pairs, its bot's own exchange layer trades."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from freqtrade.enums import CandleType, RunMode
from freqtrade.exceptions import InsufficientFundsError
from freqtrade.resolvers import ExchangeResolver

BASE_URL = os.environ["BASE_URL"]
PAIR = "BTC/USDT"
PRICE = 50_000.0
QTY = 0.01


def configuration():
    """What a user writes; the same as `daybook connect --client freqtrade` prints."""
    urls = {"public": BASE_URL + "/api/v3", "private": BASE_URL + "/api/v3"}
    for version in ("", "V2", "V3", "V4"):
        urls["sapi" + version] = f"{BASE_URL}/sapi/v{version[1:] or 1}"
    client = {
        "urls": {"api": urls},
        "options": {"fetchMarkets": {"types": ["spot"]}, "fetchMargins": False},
    }
    return {
        "dry_run": False,
        "stake_currency": "USDT",
        "stake_amount": 500,
        "trading_mode": "spot",
        "margin_mode": "",
        "candle_type_def": CandleType.SPOT,
        "runmode": RunMode.LIVE,
        "entry_pricing": {"price_side": "same", "use_order_book": True, "order_book_top": 1},
        "exit_pricing": {"price_side": "same", "use_order_book": True, "order_book_top": 1},
        "exchange": {
            "name": "binance",
            "key": os.environ["API_KEY"],
            "secret": os.environ["API_SECRET"],
            "enable_ws": False,
            "ccxt_config": client,
            "ccxt_async_config": client,
            "pair_whitelist": [PAIR],
            "pair_blacklist": [],
        },
    }


@pytest.fixture()
def exchange():
    exchange = ExchangeResolver.load_exchange(configuration(), validate=False)
    yield exchange
    for order in exchange._api.fetch_open_orders(PAIR):
        exchange.cancel_order(order["id"], PAIR)
    exchange.close()


def place(exchange, side, rate=PRICE, amount=QTY):
    return exchange.create_order(
        pair=PAIR, ordertype="limit", side=side, amount=amount, rate=rate, leverage=1.0,
        time_in_force="GTC")


def test_the_command_line_lists_the_pairs_of_the_venue(tmp_path):
    written = {
        key: value for key, value in configuration().items()
        if key not in ("candle_type_def", "runmode")
    }
    config = tmp_path / "config.json"
    config.write_text(json.dumps(written))
    listed = subprocess.run(
        [Path(sys.executable).with_name("freqtrade"), "list-pairs", "--config", config,
         "--userdir", tmp_path, "--print-json"],
        capture_output=True, text=True, timeout=120, check=False)
    assert listed.returncode == 0, listed.stderr
    assert set(json.loads(listed.stdout.splitlines()[-1])) == {"BTC/USDT", "ETH/USDT"}


def test_the_wallet_is_the_accounts(exchange):
    balances = exchange.get_balances()
    assert balances["BTC"]["free"] > 0 and balances["USDT"]["free"] > 0
    assert exchange.get_fee(PAIR) == 0.001


def test_an_order_is_placed_found_and_cancelled(exchange):
    placed = place(exchange, "buy", PRICE - 500)
    found = exchange.fetch_order(placed["id"], PAIR)
    assert (found["status"], found["price"], found["amount"]) == ("open", PRICE - 500, QTY)
    gone = exchange.cancel_order_with_result(placed["id"], PAIR, QTY)
    assert (gone["status"], gone["filled"]) == ("canceled", 0.0)


def test_more_than_there_is_has_freqtrades_own_class(exchange):
    with pytest.raises(InsufficientFundsError):
        place(exchange, "sell", amount=8_000)


def test_its_entry_price_is_the_best_bid(exchange):
    place(exchange, "buy", PRICE - 500)
    rate = exchange.get_rate(PAIR, refresh=True, side="entry", is_short=False)
    assert rate == PRICE - 500
    assert exchange.fetch_l2_order_book(PAIR, 5)["bids"] == [[rate, QTY]]
    assert exchange.fetch_ticker(PAIR)["last"] == PRICE
