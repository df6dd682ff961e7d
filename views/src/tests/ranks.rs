//! Who would be deleveraged first, as each account is told.

use schemas::event::Event;
use schemas::ids::{AccountId, AssetCode, AssetId, SymbolId, SymbolName};
use schemas::instrument::SymbolKind;
use schemas::perpetual::{Bracket, Holding, PositionSide};
use schemas::perpetual_event::{MarkPriceChanged, PositionChanged, WalletChanged};
use schemas::units::{Amount, Price, Qty, Rate};

use crate::Views;
use crate::tests::feed;

const PERPETUAL: SymbolId = SymbolId(0);
const QUOTE: AssetId = AssetId(1);

fn listed() -> Vec<Event> {
    let code = |text| AssetCode::new(text).expect("a code");
    let asset = |id, text| Event::AssetAdded {
        asset: AssetId(id),
        code: code(text),
        scale: 8,
    };
    vec![
        asset(0, "BTC"),
        asset(1, "USDT"),
        Event::SymbolAdded {
            symbol: PERPETUAL,
            name: SymbolName::new("BTCUSDT").expect("a name"),
            kind: SymbolKind::Perpetual,
            base: AssetId(0),
            quote: QUOTE,
            price_scale: 2,
            qty_scale: 3,
        },
        Event::BracketChanged {
            symbol: PERPETUAL,
            number: 0,
            count: 1,
            bracket: Bracket {
                floor: Amount::ZERO,
                maintenance: Rate(400_000),
                max_leverage: 125,
            },
        },
        Event::MarkPriceChanged(MarkPriceChanged {
            symbol: PERPETUAL,
            mark: Price(10_000),
        }),
    ]
}

/// A position of 10 lots that was entered at a price, with 1 USDT in the wallet.
fn holds(account: u32, size: i64, entry: i64) -> [Event; 2] {
    let account = AccountId(account);
    let holding = Holding {
        size: Qty(size),
        cost: Amount(i128::from(size) * i128::from(entry) * 1_000),
        isolated: Amount::ZERO,
    };
    [
        Event::WalletChanged(WalletChanged {
            account,
            asset: QUOTE,
            cross: Amount(100_000_000),
            isolated: Amount::ZERO,
        }),
        Event::PositionChanged(PositionChanged {
            account,
            symbol: PERPETUAL,
            side: PositionSide::Both,
            holding,
        }),
    ]
}

#[test]
fn the_place_in_the_queue_of_deleveraging_is_told_by_fifths() {
    let views = Views::new();
    feed(&views, 0, &listed());
    let mut events = Vec::new();
    // The lower the entry, the higher the profit; two of them lose, the lower account first.
    for (account, entry) in [
        (11, 9_990),
        (12, 9_970),
        (13, 9_980),
        (14, 10_010),
        (15, 10_020),
    ] {
        events.extend(holds(account, 10, entry));
    }
    events.extend(holds(16, -50, 10_000));
    feed(&views, 1, &events);
    let told = |account| {
        let ranks = views.deleveraging_ranks(AccountId(account));
        ranks.iter().map(|rank| rank.quantile).collect::<Vec<_>>()
    };
    assert_eq!(
        [12, 13, 11, 14, 15].map(told),
        [4, 3, 2, 1, 0].map(|it| vec![it])
    );
    assert_eq!(told(16), [4], "alone on its side");
    assert_eq!(told(17), [0; 0], "no position, no place");
}
