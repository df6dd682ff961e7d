"""Captures of Binance through the book that also follows our own streams."""
import gzip
import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from local_book import LocalBook

SHARED = Path(os.environ.get("DAYBOOK_SHARED", Path(__file__).parents[3] / "shared"))
CAPTURES = Path(os.environ.get("DAYBOOK_ORACLES", SHARED / "oracles")) / "binance"


@pytest.mark.parametrize("name, futures, checked", [
    ("spot_btcusdt_20240808", False, 564),
    ("usdm_btcusdt_20240808", True, 629),
    ("cm_btcusd_perp_20240808", True, 1124),
])
def test_every_best_price_of_a_capture_is_the_local_book_s(name, futures, checked):
    path = CAPTURES / f"{name}.jsonl.gz"
    if not path.is_file():
        assert os.environ.get("CI") != "true", f"no {path}"
        pytest.skip(f"no {path}")
    book, tickers, equal = LocalBook(futures), {}, 0
    with gzip.open(path, "rt") as lines:
        messages = [json.loads(line.split(" ", 1)[1]) for line in lines]
    for message in messages:
        data = message.get("data", message)
        if data.get("e") == "bookTicker" or ("B" in data and "e" not in data):
            tickers[data["u"]] = tuple(
                (Decimal(data[price]), Decimal(data[qty])) for price, qty in ("bB", "aA"))
    for message in messages:
        data = message.get("data", message)
        if "lastUpdateId" in data:
            if book.is_joined:
                continue
            book.snapshot(data)
        elif data.get("e") == "depthUpdate":
            book.take(data)
        else:
            continue
        if book.last in tickers and book.is_joined:
            bid, ask = book.best()
            assert bid[0] < ask[0], "never crossed"
            assert tickers.pop(book.last) == (bid, ask), f"at {book.last}"
            equal += 1
    assert equal == checked
