//! Perpetual contracts in the read models: a story told by hand, read back, and tampered.

use schemas::event::Event;
use schemas::ids::{AccountId, AssetId, Offset, SymbolId};
use schemas::market::Interval;
use schemas::perpetual::{Holding, PositionSide, PriceSource};
use schemas::perpetual_event::{
    FundingPaid, IndexPriceSet, MarginAdjusted, MarkPriceChanged, PositionChanged, WalletChanged,
};
use schemas::perpetual_report::{AccountPage, IncomeKind, IncomePage};
use schemas::price_candle::{PriceCandle, PriceCandlePage, PriceSeries};
use schemas::units::{Amount, Price, Qty, TimeNs};

use crate::perpetual_reads as reads;
use crate::projection::{Answered, Projection};
use crate::sql::database::Statement;
use crate::sql::sink::SqlProjection;
use crate::tests::tamper::compared;
use crate::tests::{SYMBOL, batch, folder, open};

const SECOND: u64 = 1_000_000_000;
const START: u64 = 1_700_000_000 * SECOND;
const CAT: AccountId = AccountId(9);

/// A command a second.
fn told(events: Vec<Vec<Event>>) -> Vec<Answered> {
    let commands = events.into_iter().enumerate();
    commands
        .map(|(offset, events)| Answered {
            offset: Offset(offset as u64),
            time: TimeNs(START + offset as u64 * SECOND),
            events,
        })
        .collect()
}

fn mark(price: i64) -> Event {
    Event::MarkPriceChanged(MarkPriceChanged {
        symbol: SYMBOL,
        mark: Price(price),
    })
}

fn index(price: i64) -> Event {
    Event::IndexPriceSet(IndexPriceSet {
        symbol: SYMBOL,
        price: Price(price),
        source: PriceSource::Sources,
    })
}

fn position(account: AccountId, size: i64) -> Event {
    Event::PositionChanged(PositionChanged {
        account,
        symbol: SYMBOL,
        side: PositionSide::Both,
        holding: Holding {
            size: Qty(size),
            cost: Amount(i128::from(size) * 7),
            isolated: Amount(5),
        },
    })
}

fn story() -> Vec<Answered> {
    let paid = |amount| {
        Event::FundingPaid(FundingPaid {
            account: CAT,
            symbol: SYMBOL,
            side: PositionSide::Both,
            size: Qty(3),
            amount: Amount(amount),
        })
    };
    let adjusted = |amount| {
        Event::MarginAdjusted(MarginAdjusted {
            account: CAT,
            symbol: SYMBOL,
            side: PositionSide::Both,
            amount: Amount(amount),
        })
    };
    let wallet = Event::WalletChanged(WalletChanged {
        account: AccountId::INSURANCE,
        asset: AssetId(1),
        cross: Amount(40),
        isolated: Amount::ZERO,
    });
    let other = AccountId(8);
    let mut commands = vec![
        vec![index(100), mark(100)],
        vec![mark(103), mark(99), position(CAT, 3), position(other, -3)],
        vec![adjusted(50)],
        vec![paid(-7), wallet],
        vec![index(101), adjusted(-20), paid(2)],
    ];
    // Nothing for five seconds, then the last price and the end of the position.
    commands.extend(vec![Vec::new(); 5]);
    commands.push(vec![mark(98), position(CAT, 0), position(other, 0)]);
    told(commands)
}

fn page(symbol: Option<SymbolId>) -> AccountPage {
    AccountPage {
        account: CAT,
        symbol,
        start: None,
        end: None,
        limit: 10,
    }
}

fn seconds(series: PriceSeries, now: u64) -> PriceCandlePage {
    PriceCandlePage {
        symbol: SYMBOL,
        series,
        interval: Interval::Second,
        start: None,
        end: None,
        now: TimeNs(START + now * SECOND),
        limit: 4,
    }
}

#[tokio::test]
async fn prices_that_stand_still_make_flat_candles() {
    let dir = folder();
    let database = open(dir.path()).await;
    for piece in story().chunks(2) {
        // A sink of its own for each batch: what it needs is read again.
        let mut sink = SqlProjection::embedded(database.clone());
        sink.cursor().await.expect("it can be read");
        sink.commit(&batch(piece)).await.expect("it commits");
    }
    let candle = |second: u64, [open, high, low, close]: [i64; 4], count| PriceCandle {
        open_time: TimeNs(START + second * SECOND),
        open,
        high,
        low,
        close,
        count,
    };
    let flat = |second, value| candle(second, [value; 4], 0);
    let newest = seconds(PriceSeries::Mark, 10);
    let found = reads::price_candles(&database, &newest).await;
    let expected = vec![
        flat(7, 99),
        flat(8, 99),
        flat(9, 99),
        candle(10, [98; 4], 1),
    ];
    assert_eq!(found.expect("it can be read"), expected);
    let start = Some(TimeNs(START + SECOND - 1));
    let first = PriceCandlePage { start, ..newest };
    let found = reads::price_candles(&database, &first).await;
    let both = candle(1, [103, 103, 99, 99], 2);
    let expected = vec![both, flat(2, 99), flat(3, 99), flat(4, 99)];
    assert_eq!(found.expect("it can be read"), expected);
    let index = seconds(PriceSeries::Index, 1);
    let found = reads::price_candles(&database, &index).await;
    let expected = vec![candle(0, [100; 4], 1), flat(1, 100)];
    assert_eq!(found.expect("it can be read"), expected);
    let none = reads::price_candles(&database, &seconds(PriceSeries::Premium, 9)).await;
    assert_eq!(none.expect("it can be read"), []);
}

#[tokio::test]
async fn what_an_account_went_through_comes_by_page() {
    let dir = folder();
    let database = open(dir.path()).await;
    let mut sink = SqlProjection::embedded(database.clone());
    sink.cursor().await.expect("it can be read");
    sink.commit(&batch(&story())).await.expect("it commits");
    let amounts = async |adds| {
        let found = reads::margin_changes(&database, &page(Some(SYMBOL)), adds).await;
        let found = found.expect("it can be read");
        found
            .iter()
            .map(|change| change.amount.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(amounts(None).await, [50, -20]);
    assert_eq!(amounts(Some(true)).await, [50]);
    assert_eq!(amounts(Some(false)).await, [-20]);
    let income = |start, limit| IncomePage {
        account: CAT,
        symbol: Some(SYMBOL),
        kind: Some(IncomeKind::Funding),
        start,
        end: None,
        limit,
    };
    let amounts = async |start, limit| {
        let found = reads::income(&database, &income(start, limit)).await;
        let found = found.expect("it can be read");
        found.iter().map(|entry| entry.amount.0).collect::<Vec<_>>()
    };
    assert_eq!(amounts(None, 10).await, [-7, 2]);
    assert_eq!(amounts(None, 1).await, [2], "the newest");
    assert_eq!(amounts(Some(TimeNs(1)), 1).await, [-7], "from a bound on");
}

#[tokio::test]
async fn tampered_rows_of_perpetuals_are_named() {
    let commands = story();
    for (text, table) in [
        ("UPDATE income SET amount = '9' WHERE line = 0", "income"),
        (
            "DELETE FROM margin_changes WHERE account = 9",
            "margin_changes",
        ),
        ("UPDATE positions SET size = 1", "positions"),
        ("UPDATE wallets SET isolated = '1'", "wallets"),
        ("DELETE FROM insurance", "insurance"),
        ("UPDATE open_interest SET lots = '4'", "open_interest"),
        (
            "UPDATE price_candles SET high = 104 WHERE span = '1s'",
            "price_candles",
        ),
        (
            "DELETE FROM price_candles WHERE span = '1M' AND series = 1",
            "price_candles",
        ),
        ("UPDATE funding_payments SET size = 4", "funding_payments"),
    ] {
        let dir = folder();
        let database = open(dir.path()).await;
        let mut sink = SqlProjection::embedded(database.clone());
        sink.cursor().await.expect("it can be read");
        sink.commit(&batch(&commands)).await.expect("it commits");
        assert_eq!(
            compared(&database, &commands).await,
            None,
            "honest rows agree"
        );
        let rows = database.execute(Statement::new(text)).await;
        assert!(rows.expect("it is done") > 0, "{text} changes nothing");
        let difference = compared(&database, &commands).await;
        let difference = difference.unwrap_or_else(|| panic!("{text} is not noticed"));
        assert_eq!(difference.table, table, "{text}: {difference}");
    }
}
