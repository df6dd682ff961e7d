//! What a reader may do about each code, when the place that refused says nothing itself.
//!
//! One line for every code that the gateway answers with; a test reads the sources and
//! compares (`tests/contract/help.rs`). Clients ignore the field; people read it first.

/// The usual advice for a code.
pub fn of(code: i32) -> Option<&'static str> {
    let found = HINTS.binary_search_by(|(known, _)| code.cmp(known)).ok()?;
    HINTS.get(found).map(|(_, hint)| *hint)
}

/// Sorted by code, -1000 first.
static HINTS: &[(i32, &str)] = &[
    (
        -1000,
        "look for X-Trace-Id of this answer in the node's log",
    ),
    (
        -1001,
        "trading is stopped; nothing was done, an operator has to look",
    ),
    (
        -1002,
        "the operator's deny list names this address or account",
    ),
    (
        -1003,
        "wait as long as Retry-After says; streams do not count",
    ),
    (
        -1006,
        "it may have been taken: look it up by its client order id first",
    ),
    (
        -1007,
        "it may have been taken: look it up by its client order id first",
    ),
    (-1008, "nothing was done; send it again in a moment"),
    (
        -1013,
        "exchangeInfo lists the symbol's filters; the text names the one that failed",
    ),
    (
        -1014,
        "these order parameters do not go together; see the endpoint's documentation",
    ),
    (
        -1015,
        "wait as long as Retry-After says; exchangeInfo names the limit under ORDERS",
    ),
    (
        -1020,
        "this venue does not offer it; /api/v1/openapi.json lists what there is",
    ),
    (
        -1021,
        "compare your clock with GET /api/v3/time, or send a larger recvWindow",
    ),
    (
        -1022,
        "sign raw query and raw body as they are sent, without the signature",
    ),
    (
        -1100,
        "the text names the parameter and what it may contain",
    ),
    (-1101, "send each parameter once"),
    (-1102, "the text names the parameter that is missing"),
    (
        -1103,
        "see /api/v1/openapi.json for the parameters of this endpoint",
    ),
    (
        -1104,
        "see /api/v1/openapi.json for the parameters of this endpoint",
    ),
    (-1105, "leave the parameter out, or give it a value"),
    (
        -1106,
        "leave the parameter out; this endpoint or order type does not take it",
    ),
    (-1108, "the text names the parameter"),
    (
        -1111,
        "fewer decimals: exchangeInfo tells the precision of each asset",
    ),
    (-1112, "the book is empty on that side"),
    (-1114, "leave timeInForce out for this order type"),
    (-1115, "one of GTC, IOC, FOK"),
    (-1116, "exchangeInfo lists the symbol's orderTypes"),
    (-1117, "BUY or SELL"),
    (-1118, "give a client order id of 1 to 36 characters"),
    (
        -1119,
        "give the client order id of the order to be cancelled",
    ),
    (
        -1120,
        "one of 1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M",
    ),
    (
        -1121,
        "exchangeInfo lists the symbols; names are in capitals, like BTCUSDT",
    ),
    (-1122, "one of TRADING, HALT, BREAK"),
    (
        -1125,
        "ask for one by POST /fapi/v1/listenKey; spot uses userDataStream.subscribe.signature",
    ),
    (-1127, "ask for a shorter span of time"),
    (
        -1128,
        "see /api/v1/openapi.json for the parameters that go together",
    ),
    (-1130, "the text names the parameter"),
    (-1131, "recvWindow is in milliseconds, at most 60000"),
    (-1134, "see TRAILING_DELTA in the symbol's filters"),
    (
        -1135,
        "JSON as in [\"BTCUSDT\",\"ETHUSDT\"], percent-encoded",
    ),
    (-1145, "ONLY_NEW or ONLY_PARTIALLY_FILLED"),
    (-1151, "name each symbol once"),
    (
        -1160,
        "an iceberg (icebergQty) is good till cancelled: send timeInForce=GTC",
    ),
    (-1210, "pegPriceType is PRIMARY_PEG or MARKET_PEG"),
    (-1211, "pegOffsetType is PRICE_LEVEL"),
    (
        -1220,
        "ask without symbolStatus, or for the status that exchangeInfo tells",
    ),
    (
        -1222,
        "workingSide is BUY: what it buys is what the others sell",
    ),
    (
        -1223,
        "pendingSide is SELL: these orders sell what the working one bought",
    ),
    (-2007, "a callbackRate of 0.1 to 10 percent"),
    (-2010, "nothing was placed; the text says why"),
    (
        -2011,
        "no open order has that id; it may be filled, cancelled or expired",
    ),
    (-2013, "no order of this account and symbol has that id"),
    (
        -2014,
        "the header X-MBX-APIKEY holds the 64 characters of the public key",
    ),
    (
        -2015,
        "unknown or revoked key, an address not on its list, or a missing permission",
    ),
    (-2016, "trading is closed"),
    (
        -2018,
        "the futures wallet holds less than that; transfer from the spot wallet first",
    ),
    (
        -2019,
        "transfer to the futures wallet, order less, or raise the leverage",
    ),
    (-2021, "one half was done: data tells which"),
    (-2022, "nothing was done: data tells why"),
    (
        -2023,
        "the account is being liquidated; it may trade again when that is over",
    ),
    (
        -2025,
        "cancel some orders first; MAX_NUM_ORDERS of exchangeInfo is the limit",
    ),
    (-2026, "the order was archived"),
    (
        -2027,
        "leverageBracket lists the largest position at each leverage",
    ),
    (-2035, "the stream is subscribed already on this connection"),
    (-2036, "the stream is not subscribed on this connection"),
    (
        -2038,
        "newQty must lie between what was filled and the order's quantity",
    ),
    (
        -2039,
        "send only one of the two ids, or both of the same order",
    ),
    (-2042, "end a subscription of this connection first"),
    (-4001, "a price is above zero"),
    (-4002, "maxPrice of exchangeInfo is the limit"),
    (-4003, "a quantity is above zero"),
    (-4004, "minQty of exchangeInfo is the least"),
    (
        -4005,
        "maxQty of exchangeInfo is the most; a changed order needs more than it executed",
    ),
    (-4007, "maxPrice of exchangeInfo is the limit"),
    (-4013, "minPrice of exchangeInfo is the least"),
    (-4014, "a price is a multiple of tickSize of exchangeInfo"),
    (-4015, "1 to 36 of A-Z a-z 0-9 . : / _ -"),
    (
        -4016,
        "PERCENT_PRICE of exchangeInfo bounds prices around the mark price",
    ),
    (
        -4023,
        "a quantity is a multiple of stepSize of exchangeInfo",
    ),
    (
        -4024,
        "PERCENT_PRICE of exchangeInfo bounds prices around the mark price",
    ),
    (-4028, "leverageBracket lists the highest leverage"),
    (
        -4045,
        "cancel some conditional orders first (MAX_NUM_ALGO_ORDERS)",
    ),
    (-4046, "the symbol has that margin type already"),
    (-4047, "cancel the open orders of the symbol first"),
    (-4048, "close the position of the symbol first"),
    (
        -4051,
        "the position needs that margin, or the wallet has less than that",
    ),
    (
        -4054,
        "only an open position of margin type ISOLATED has margin of its own",
    ),
    (
        -4056,
        "session.logon takes Ed25519 keys; sign each request with this one",
    ),
    (-4059, "the account has that position mode already"),
    (-4060, "BOTH in one-way mode, LONG or SHORT in hedge mode"),
    (-4061, "BOTH in one-way mode, LONG or SHORT in hedge mode"),
    (-4067, "cancel all open orders on perpetuals first"),
    (-4068, "close all positions first"),
    (-4084, "try a smaller order"),
    (
        -4088,
        "the account is frozen; open orders can still be cancelled",
    ),
    (
        -4116,
        "an open order of the symbol has that client order id",
    ),
    (-4120, "conditional orders go to /fapi/v1/algoOrder"),
    (-4131, "the book is empty where the price was to come from"),
    (
        -4136,
        "closePosition goes with STOP_MARKET and TAKE_PROFIT_MARKET of algoOrder",
    ),
    (-4137, "leave quantity out: the whole position is closed"),
    (
        -4140,
        "the contract is halted or closed to new orders; cancels still work",
    ),
    (-4164, "MIN_NOTIONAL of exchangeInfo is the least"),
    (-4192, "wait for the first index price of the contract"),
    (
        -5013,
        "the wallet that the money was to come from has less than that to give away",
    ),
    (
        -5022,
        "a GTX order has to rest; price it away from the other side",
    ),
    (-5027, "send another price or another quantity"),
];

#[cfg(test)]
mod tests {
    use super::{HINTS, of};

    #[test]
    fn the_table_is_sorted_and_short() {
        assert!(HINTS.windows(2).all(|pair| pair[1].0 < pair[0].0));
        assert!(
            HINTS
                .iter()
                .all(|(_, hint)| hint.len() <= 120 && !hint.ends_with('.'))
        );
        assert_eq!(of(-1), None);
        assert!(of(-1000).is_some() && of(-2039).is_some());
    }
}
