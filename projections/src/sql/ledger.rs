//! Money: every change of what an account owns, as postings that sum to zero.
//!
//! What a balance is split into (free, held) is no posting. Commission is in the asset
//! that its payer receives; a rebate is a negative commission.

use schemas::event::{Event, Trade};
use schemas::ids::{AccountId, AssetId, BusinessId, EventId};
use schemas::instrument::Side;
use schemas::perpetual::WalletDirection;
use schemas::trade_group::PreventedTransferred;
use schemas::units::{Amount, Qty, TimeNs};

use crate::sql::database::Value;

/// What a symbol's trades move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Market {
    pub base: AssetId,
    pub quote: AssetId,
    /// Base atoms of one quantity unit.
    pub lot_atoms: i128,
    /// Its trades move no base and no quote but what the futures wallets tell.
    pub is_perpetual: bool,
}

/// One posting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    pub event: EventId,
    /// Its number in the event.
    pub line: u32,
    pub account: AccountId,
    pub asset: AssetId,
    pub delta: Amount,
    pub kind: &'static str,
    /// The act that moved it; with `line` it is unique.
    pub business: String,
    pub time: TimeNs,
}

/// A deposit, a withdrawal or a transfer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payment {
    pub from: AccountId,
    pub to: AccountId,
    pub asset: AssetId,
    pub amount: Amount,
    pub kind: &'static str,
    pub business: BusinessId,
}

impl Market {
    /// Base atoms of a quantity.
    pub fn base_atoms(&self, qty: Qty) -> Amount {
        Amount(i128::from(qty.0) * self.lot_atoms)
    }
}

impl Line {
    /// Its row in `ledger`.
    pub fn row(&self) -> [Value; 8] {
        [
            self.event.0.into(),
            self.line.into(),
            self.account.0.into(),
            u32::from(self.asset.0).into(),
            self.delta.0.into(),
            self.kind.into(),
            self.business.as_str().into(),
            self.time.0.into(),
        ]
    }
}

/// The payment that an event tells of, if it does.
pub fn payment(event: &Event) -> Option<Payment> {
    let (from, to, asset, amount, kind, business) = match *event {
        Event::Deposited {
            account,
            asset,
            amount,
            business,
        } => (
            AccountId::OUTSIDE,
            account,
            asset,
            amount,
            "deposit",
            business,
        ),
        Event::Withdrawn {
            account,
            asset,
            amount,
            business,
        } => (
            account,
            AccountId::OUTSIDE,
            asset,
            amount,
            "withdraw",
            business,
        ),
        Event::Transferred {
            from,
            to,
            asset,
            amount,
            business,
        } => (from, to, asset, amount, "transfer", business),
        // Between the spot and the futures wallet: what the spot side sees of it.
        Event::FuturesTransferred(it) => {
            let (from, to) = match it.direction {
                WalletDirection::ToFutures => (it.account, AccountId::FUTURES),
                WalletDirection::ToSpot => (AccountId::FUTURES, it.account),
            };
            (from, to, it.asset, it.amount, "futures", it.business)
        }
        Event::InsuranceDeposited {
            asset,
            amount,
            business,
        } => (
            AccountId::OUTSIDE,
            AccountId::FUTURES,
            asset,
            amount,
            "insurance",
            business,
        ),
        _ => return None,
    };
    Some(Payment {
        from,
        to,
        asset,
        amount,
        kind,
        business,
    })
}

/// The two postings of a payment.
pub fn payment_lines(at: (EventId, TimeNs), payment: &Payment) -> [Line; 2] {
    let posting = |line, account, delta| Line {
        event: at.0,
        line,
        account,
        asset: payment.asset,
        delta,
        kind: payment.kind,
        business: payment.business.to_string(),
        time: at.1,
    };
    [
        posting(0, payment.from, Amount(-payment.amount.0)),
        posting(1, payment.to, payment.amount),
    ]
}

/// The postings of what TRANSFER moved between two accounts of a trade group.
pub fn group_lines(
    at: (EventId, TimeNs),
    market: &Market,
    moved: &PreventedTransferred,
) -> [Line; 4] {
    let base = market.base_atoms(moved.qty).0;
    let posting = |line, account, (asset, delta)| Line {
        event: at.0,
        line,
        account,
        asset,
        delta: Amount(delta),
        kind: "group",
        business: format!("{}:{}", moved.symbol.0, at.0.0),
        time: at.1,
    };
    [
        posting(0, moved.seller, (market.base, -base)),
        posting(1, moved.buyer, (market.base, base)),
        posting(2, moved.buyer, (market.quote, -moved.quote.0)),
        posting(3, moved.seller, (market.quote, moved.quote.0)),
    ]
}

/// The postings of a trade: base and quote change hands, each side's commission goes to
/// [`AccountId::FEES`]; a perpetual's trade has none. Lines of nothing are left out; their
/// numbers are not used again.
pub fn trade_lines(at: (EventId, TimeNs), market: &Market, trade: &Trade) -> Vec<Line> {
    if market.is_perpetual {
        return Vec::new();
    }
    let (base, quote) = (
        (market.base, market.base_atoms(trade.qty)),
        (market.quote, trade.quote),
    );
    let (to_taker, to_maker) = match trade.taker_side {
        Side::Buy => (base, quote),
        Side::Sell => (quote, base),
    };
    let (taker, maker, fees) = (trade.taker_account, trade.maker_account, AccountId::FEES);
    let postings = [
        (maker, to_taker.0, -to_taker.1.0, "trade"),
        (taker, to_taker.0, to_taker.1.0, "trade"),
        (taker, to_maker.0, -to_maker.1.0, "trade"),
        (maker, to_maker.0, to_maker.1.0, "trade"),
        (taker, to_taker.0, -trade.taker_fee.0, "fee"),
        (fees, to_taker.0, trade.taker_fee.0, "fee"),
        (maker, to_maker.0, -trade.maker_fee.0, "fee"),
        (fees, to_maker.0, trade.maker_fee.0, "fee"),
    ];
    let business = format!("{}:{}", trade.symbol.0, trade.trade.0);
    let lines = postings.into_iter().enumerate();
    lines
        .filter(|(_, (_, _, delta, _))| *delta != 0)
        .map(|(line, (account, asset, delta, kind))| Line {
            event: at.0,
            line: line as u32,
            account,
            asset,
            delta: Amount(delta),
            kind,
            business: business.clone(),
            time: at.1,
        })
        .collect()
}
