//! Bounded work: what one command could not finish goes on in the next frame, before
//! anything else. Between frames nothing is half done: the money of a taker on its way
//! is on hold.

use schemas::ids::{AccountId, SymbolId};
use schemas::perpetual::PositionSide;
use schemas::units::Amount;

use crate::apply::Engine;
use crate::matching::taker::Taker;
use crate::perpetual::deleverage::Deleverage;
use crate::perpetual::funding::Paying;
use crate::perpetual::settle::Settlement;
use crate::perpetual::walk::Walker;
use crate::protection::uncross::Uncross;
use crate::trace::Trace;

/// Work that is carried over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Work {
    /// A taker on its walk.
    Taker(Box<Taker>),
    CancelSeat {
        account: AccountId,
        symbol: SymbolId,
    },
    CancelSymbol {
        symbol: SymbolId,
    },
    /// The end of an auction.
    Uncross(Uncross),
    /// A taker on a perpetual.
    Perpetual(Box<Walker>),
    /// Reduce-only orders of a position that shrank.
    Clip(AccountId, SymbolId, PositionSide),
    /// A slot's funding.
    Funding(Paying),
    /// What a liquidation gives away.
    Deleverage(Deleverage),
    /// The end of a contract.
    Settle(Settlement),
}

impl<T: Trace> Engine<T> {
    /// Goes on until nothing is left or the frame has no events left.
    #[cold]
    #[inline(never)]
    pub(crate) fn run_carried(&mut self) {
        while !self.is_full()
            && let Some(work) = self.state.work.pop_front()
        {
            match work {
                Work::Taker(mut taker) => {
                    let (asset, amount) = taker.remaining_funds();
                    self.move_hold((taker.account, asset), Amount(-amount.0));
                    taker.group = self.trade_group(taker.account);
                    self.run_taker(&mut taker);
                }
                Work::CancelSeat { account, symbol } => self.cancel_seat(account, symbol),
                Work::CancelSymbol { symbol } => self.cancel_symbol(symbol),
                Work::Uncross(uncross) => self.go_on_uncrossing(uncross),
                Work::Perpetual(mut walker) => self.run_walker(&mut walker),
                Work::Clip(account, symbol, side) => self.clip_reducing((account, symbol, side)),
                Work::Funding(paying) => self.pay_funding(paying),
                Work::Deleverage(rest) => self.deleverage(rest),
                Work::Settle(rest) => self.go_on_settling(rest),
            }
        }
    }
}
