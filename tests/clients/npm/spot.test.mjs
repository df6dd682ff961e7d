// The npm packages ccxt and binance, unmodified: orders of both find each other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { MainClient, WebsocketClient } from 'binance';
import ccxt from 'ccxt';

const { BASE_URL, WS_URL } = process.env;
const SYMBOL = 'BTCUSDT';
const PRICE = 50_000;
const PATIENCE_MS = 20_000;

function ofBinance(number) {
  return new MainClient({
    api_key: process.env[`API_KEY${number}`],
    api_secret: process.env[`API_SECRET${number}`],
    baseUrl: BASE_URL,
  });
}

function ofCcxt(number) {
  const exchange = new ccxt.binance({
    apiKey: process.env[`API_KEY${number}`],
    secret: process.env[`API_SECRET${number}`],
    enableRateLimit: false,
    options: { fetchMarkets: { types: ['spot'] } },
  });
  for (const name of ['public', 'private']) {
    exchange.urls.api[name] = `${BASE_URL}/api/v3`;
  }
  for (const version of ['', 'V2', 'V3', 'V4']) {
    exchange.urls.api[`sapi${version}`] = `${BASE_URL}/sapi/v${version.slice(1) || 1}`;
  }
  return exchange;
}

function limit(side, price, more = {}) {
  return {
    symbol: SYMBOL, side, type: 'LIMIT', timeInForce: 'GTC', quantity: 0.01, price, ...more,
  };
}

const buyer = ofBinance('');
const seller = ofCcxt('2');

async function cancelEverything() {
  for (const number of ['', '2']) {
    // An empty book is refused; then there is nothing to cancel.
    await ofBinance(number).cancelAllSymbolOrders({ symbol: SYMBOL }).catch(() => {});
  }
}

before(async () => {
  await seller.loadMarkets();
  await cancelEverything();
});
after(cancelEverything);

test('binance places, finds and cancels', async () => {
  const name = buyer.generateNewOrderId();
  const placed = await buyer.submitNewOrder(
    limit('BUY', PRICE - 100, { newClientOrderId: name, newOrderRespType: 'FULL' }));
  assert.equal(placed.status, 'NEW');
  const found = await buyer.getOrder({ symbol: SYMBOL, origClientOrderId: name });
  assert.equal(found.orderId, placed.orderId);
  assert.equal(found.price, '49900.00000000');
  const open = await buyer.getOpenOrders({ symbol: SYMBOL });
  assert.deepEqual(open.map((order) => order.orderId), [placed.orderId]);
  const gone = await buyer.cancelOrder({ symbol: SYMBOL, orderId: placed.orderId });
  assert.equal(gone.status, 'CANCELED');
});

test('ccxt sells to binance, and both see the trade', async () => {
  const sold = await seller.createOrder('BTC/USDT', 'limit', 'sell', 0.01, PRICE);
  const bought = await buyer.submitNewOrder(limit('BUY', PRICE, { newOrderRespType: 'FULL' }));
  assert.equal(bought.status, 'FILLED');
  assert.equal(bought.fills[0].price, '50000.00000000');
  const seen = await seller.fetchOrder(sold.id, 'BTC/USDT');
  assert.equal(seen.status, 'closed');
  assert.equal(seen.filled, 0.01);
  const [trade] = await buyer.getAccountTradeList({ symbol: SYMBOL, orderId: bought.orderId });
  assert.equal(trade.qty, '0.01000000');
  const mine = await seller.fetchMyTrades('BTC/USDT');
  assert.equal(mine.at(-1).id, String(trade.id));
  const ticker = await seller.fetchTicker('BTC/USDT');
  assert.equal(ticker.last, PRICE);
});

test('refusals have their codes and classes', async () => {
  await assert.rejects(
    buyer.submitNewOrder(limit('BUY', PRICE / 1000)),
    (error) => error.code === -1013 && error.message === 'Filter failure: NOTIONAL');
  await assert.rejects(
    seller.createOrder('BTC/USDT', 'limit', 'sell', 9_000, PRICE), ccxt.InsufficientFunds);
  await assert.rejects(seller.fetchOrder('9007199254740991', 'BTC/USDT'), ccxt.OrderNotFound);
});

test('binance hears trades over its socket', async () => {
  const socket = new WebsocketClient({ wsUrl: WS_URL }, { trace() {}, info() {}, error() {} });
  try {
    const heard = new Promise((resolve, reject) => {
      socket.on('message', (message) => message.e === 'trade' && resolve(message));
      socket.on('exception', reject);
      setTimeout(() => reject(new Error('no trade was heard')), PATIENCE_MS).unref();
    });
    await socket.subscribeSpotTrades(SYMBOL);
    // A subscription is confirmed before its first message; trades until one is heard.
    const trading = (async () => {
      for (let round = 0; round < 5; round += 1) {
        await seller.createOrder('BTC/USDT', 'limit', 'sell', 0.01, PRICE);
        await buyer.submitNewOrder(limit('BUY', PRICE));
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    })();
    const trade = await heard;
    assert.equal(trade.s, SYMBOL);
    assert.equal(Number(trade.p), PRICE);
    await trading;
  } finally {
    socket.closeAll(true);
  }
});
