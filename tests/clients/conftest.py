"""Two traders with nothing on the book, before and after each test."""
import pytest

from trader import cancel_everything, client


@pytest.fixture()
def traders():
    pair = client(""), client("2")
    for trader in pair:
        cancel_everything(trader)
    yield pair
    for trader in pair:
        cancel_everything(trader)
