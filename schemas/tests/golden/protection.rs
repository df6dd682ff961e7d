//! Samples of what protects a symbol.

use schemas::event::Event;
use schemas::ids::{AccountId, OrderId, SymbolId};
use schemas::instrument::{Filter, Side};
use schemas::protection::{
    AuctionIndicative, AuctionUncrossed, BreakerTripped, OrderCalled, Protection,
};
use schemas::units::{Price, Qty};

const SYMBOL: SymbolId = SymbolId(0x0102_0304);

/// The filter with every part on.
pub fn filter() -> Filter {
    Filter::Protection(Protection {
        band: 81,
        market_depth: 82,
        breaker: 83,
        auction_ms: 84,
    })
}

/// Events of auctions.
pub fn events() -> Vec<Event> {
    let symbol = SYMBOL;
    vec![
        Event::OrderCalled(OrderCalled {
            symbol,
            order: OrderId(0x1112_1314_1516_1718),
            account: AccountId(0x2122_2324),
            side: Side::Sell,
            price: Price(0x3132_3334_3536_3738),
            open: Qty(0x4142_4344_4546_4748),
        }),
        Event::BreakerTripped(BreakerTripped {
            symbol,
            order: OrderId(0x1112_1314_1516_1718),
            bound: Price(0x3132_3334_3536_3738),
            met: Price(0x4142_4344_4546_4748),
        }),
        Event::AuctionIndicative(AuctionIndicative {
            symbol,
            price: Price(0x1112_1314_1516_1718),
            qty: Qty(0x3132_3334_3536_3738),
            surplus: -0x4142_4344_4546_4748,
        }),
        Event::AuctionUncrossed(AuctionUncrossed {
            symbol,
            price: Price(0x1112_1314_1516_1718),
            qty: Qty(0x3132_3334_3536_3738),
        }),
    ]
}
