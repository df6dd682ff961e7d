//! The directory follows the venue's rules, and a reader beside the writer sees whole steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use schemas::command::OrderRef;
use schemas::event::Event;
use schemas::ids::{AccountId, Offset, SymbolId};
use schemas::instrument::{AccountState, Filter, LotSize, SymbolState, VenueLimits, VenueState};
use schemas::units::{Price, Qty, Rate};

use crate::tests::fake::Fake;
use crate::tests::feed;
use crate::{Views, Wanted};

#[test]
fn the_directory_follows_every_rule() {
    let views = Views::new();
    let listing = Fake::new(1).listing();
    feed(&views, 0, &listing);
    let before = views.directory();
    assert_eq!((before.assets.len(), before.symbols.len()), (2, 2));
    assert_eq!(before.symbols[1].state, SymbolState::PreTrading);
    let symbol = SymbolId(1);
    let lot_size = LotSize {
        min: Qty(1),
        max: Qty(9),
        step: Qty(1),
    };
    let limits = VenueLimits {
        orders_per_10s: 5,
        ..VenueLimits::default()
    };
    feed(&views, 1, &changes(symbol, lot_size, limits));
    let after = views.directory();
    let changed = &after.symbols[1];
    assert_eq!((changed.lot_size, changed.max_num_orders), (lot_size, 3));
    assert_eq!((changed.maker_fee, changed.taker_fee), (Rate(-1), Rate(2)));
    assert_eq!(changed.state, SymbolState::Trading);
    assert_eq!(
        (after.venue, after.withdrawals),
        (Some(VenueState::CancelOnly), true)
    );
    assert_eq!(after.tiers[2], (Rate(3), Rate(4)));
    assert_eq!(after.limits, limits);
    assert_eq!(
        before.symbols[1].max_num_orders, 0,
        "who read before keeps what was"
    );
    let account = views.account(AccountId(7)).expect("it was named");
    assert_eq!((account.state, account.tier), (AccountState::Frozen, 2));
    let reloaded = Views::load(&views.save()).expect("saved bytes load");
    assert_eq!(reloaded.directory(), after);
}

/// One event of every kind that changes a rule.
fn changes(symbol: SymbolId, lot_size: LotSize, limits: VenueLimits) -> Vec<Event> {
    vec![
        Event::FilterChanged {
            symbol,
            filter: Filter::LotSize(lot_size),
        },
        Event::FilterChanged {
            symbol,
            filter: Filter::MaxNumOrders(3),
        },
        Event::SymbolFeesChanged {
            symbol,
            maker: Rate(-1),
            taker: Rate(2),
        },
        Event::SymbolStateChanged {
            symbol,
            state: SymbolState::Trading,
        },
        Event::VenueStateChanged {
            state: VenueState::CancelOnly,
            withdrawals: true,
        },
        Event::FeeTierChanged {
            tier: 2,
            maker: Rate(3),
            taker: Rate(4),
        },
        Event::VenueLimitsChanged { limits },
        Event::AccountStateChanged {
            account: AccountId(7),
            state: AccountState::Frozen,
        },
        Event::AccountTierChanged {
            account: AccountId(7),
            tier: 2,
        },
    ]
}

/// An order answered by `next()` is there, and each read of a book is one state of it.
#[test]
fn readers_beside_the_writer_see_whole_steps() {
    let views = Arc::new(Views::new());
    let mut fake = Fake::new(8);
    let listing = fake.listing();
    feed(&views, 0, &listing);
    let commands: Vec<_> = (1..=2_000)
        .map(|step| fake.step(Fake::time(step)))
        .collect();
    let is_over = Arc::new(AtomicBool::new(false));
    let reader = {
        let (views, is_over, commands) = (views.clone(), is_over.clone(), commands.clone());
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Acquire) {
                let newest = views.next().0 as usize;
                if let Some(Event::OrderAccepted(order)) = newest
                    .checked_sub(2)
                    .and_then(|index| commands[index].first())
                {
                    let target = OrderRef {
                        order: order.order,
                        ..OrderRef::default()
                    };
                    assert!(views.order(order.account, order.symbol, target).is_some());
                }
                let depth = views.depth(SymbolId(0), 1_000).expect("a listed symbol");
                let is_falling = |pair: &[(Price, Qty)]| pair[1].0 < pair[0].0;
                assert!(depth.bids.windows(2).all(is_falling));
                assert!(
                    depth
                        .bids
                        .iter()
                        .chain(&depth.asks)
                        .all(|(_, qty)| 0 < qty.0)
                );
            }
        })
    };
    for (index, events) in commands.iter().enumerate() {
        let step = index as u64 + 1;
        views.apply(Offset(step), Fake::time(step), events, Wanted::default());
    }
    is_over.store(true, Ordering::Release);
    reader.join().expect("no reader saw anything torn");
}
