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
        "spot has no listen keys: use userDataStream.subscribe.signature on /ws-api/v3",
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
    (
        -1220,
        "ask without symbolStatus, or for the status that exchangeInfo tells",
    ),
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
    (-2021, "one half was done: data tells which"),
    (-2022, "nothing was done: data tells why"),
    (-2026, "the order was archived"),
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
    (
        -4056,
        "session.logon takes Ed25519 keys; sign each request with this one",
    ),
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
