"""The exchange's official Python SDK, unmodified: REST, socket API and streams."""
import asyncio
import os

from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import BadRequestError
from binance_sdk_spot.spot import Spot
from binance_sdk_spot.rest_api.models import NewOrderNewOrderRespTypeEnum

import pytest

from trader import BASE_URL, NAME, PRICE, QTY, limit

WS_URL = os.environ["WS_URL"]
KEYS = {"api_key": os.environ["API_KEY"], "api_secret": os.environ["API_SECRET"]}
# The SDK waits for one second; a busy machine may need longer, and a second try of an
# order would be refused as said twice.
REST_TIMEOUT_MS = 15_000
PATIENCE = 20


def spot():
    return Spot(
        config_rest_api=ConfigurationRestAPI(
            **KEYS, base_path=BASE_URL, timeout=REST_TIMEOUT_MS),
        config_ws_api=ConfigurationWebSocketAPI(**KEYS, stream_url=WS_URL + "/ws-api/v3"),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=WS_URL),
    )


def order(side="BUY", price=PRICE - 100, name=None, **more):
    return {
        "symbol": NAME, "side": side, "type": "LIMIT", "time_in_force": "GTC",
        "quantity": float(QTY), "price": float(price), "new_client_order_id": name, **more,
    }


def test_rest_places_finds_amends_and_cancels(traders):
    rest = spot().rest_api
    filters = rest.exchange_info(symbol=NAME).data().symbols[0]
    assert filters.symbol == NAME and filters.base_asset == "BTC"
    placed = rest.new_order(
        **order(name="sdk-1"), new_order_resp_type=NewOrderNewOrderRespTypeEnum("FULL")).data()
    assert (placed.client_order_id, placed.status, placed.fills) == ("sdk-1", "NEW", [])
    found = rest.get_order(symbol=NAME, orig_client_order_id="sdk-1").data()
    assert (found.order_id, found.price) == (placed.order_id, "49900.00000000")
    half = float(QTY / 2)
    rest.order_amend_keep_priority(symbol=NAME, new_qty=half, order_id=placed.order_id)
    left = rest.get_open_orders(symbol=NAME).data()
    assert [row.orig_qty for row in left] == ["0.00500000"]
    gone = rest.delete_order(symbol=NAME, order_id=placed.order_id).data()
    assert gone.status == "CANCELED"
    newest = rest.all_orders(symbol=NAME, order_id=placed.order_id).data()
    assert newest[0].status == "CANCELED"


def test_rest_trades_and_sees_its_money(traders):
    rest = spot().rest_api
    limit(traders[1], "sell", QTY)
    bought = rest.new_order(**order(price=PRICE)).data()
    assert bought.status == "FILLED" and bought.fills[0].price == "50000.00000000"
    mine = rest.my_trades(symbol=NAME, order_id=bought.order_id).data()
    assert [row.qty for row in mine] == ["0.01000000"]
    free = {row.asset: float(row.free) for row in rest.get_account().data().balances}
    assert free["BTC"] > 0 and free["USDT"] > 0
    bars = rest.klines(symbol=NAME, interval="1m", limit=1).data()
    assert bars[0][4] == "50000.00000000"


def test_a_refusal_has_the_sdks_own_class(traders):
    rest = spot().rest_api
    with pytest.raises(BadRequestError) as refused:
        rest.new_order(**order(price=PRICE / 1000))
    assert "Filter failure: NOTIONAL" in str(refused.value)
    with pytest.raises(BadRequestError) as refused:
        rest.get_order(symbol=NAME, order_id=9_007_199_254_740_991)
    assert "Order does not exist." in str(refused.value)


def test_lists_of_orders(traders):
    rest = spot().rest_api
    placed = rest.order_list_oco(
        symbol=NAME, side="SELL", quantity=float(QTY),
        above_type="LIMIT_MAKER", above_price=float(PRICE + 500),
        below_type="STOP_LOSS", below_stop_price=float(PRICE - 500)).data()
    assert placed.contingency_type == "OCO" and len(placed.orders) == 2
    listed = rest.open_order_list().data()
    assert [row.order_list_id for row in listed] == [placed.order_list_id]
    gone = rest.delete_order_list(symbol=NAME, order_list_id=placed.order_list_id).data()
    assert gone.list_status_type == "ALL_DONE"


async def over_sockets(maker):
    heard = asyncio.Queue()
    client = spot()
    streams = await client.websocket_streams.create_connection()
    api = await client.websocket_api.create_connection()
    try:
        trades = await streams.trade(symbol=NAME.lower())
        trades.on("message", heard.put_nowait)
        await asyncio.sleep(1)
        limit(maker, "sell", QTY)
        placed = await api.order_place(**order(price=PRICE))
        result = placed.data().result
        assert result.status == "FILLED"
        found = await api.order_status(symbol=NAME, order_id=result.order_id)
        assert found.data().result.status == "FILLED"
        trade = await asyncio.wait_for(heard.get(), PATIENCE)
        assert (trade.s, trade.q) == (NAME, "0.01000000")
    finally:
        await streams.close_connection(close_session=True)
        await api.close_connection(close_session=True)


def test_orders_over_the_socket_and_trades_in_the_stream(traders):
    asyncio.run(over_sockets(traders[1]))
