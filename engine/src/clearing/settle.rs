//! What a trade and a hold move in the ledger.

use schemas::ids::{AccountId, AssetId};
use schemas::instrument::Side;
use schemas::units::{Amount, Qty};

use crate::apply::Engine;
use crate::book::order::Order;
use crate::clearing::ledger::Pot;
use crate::matching::taker::Taker;
use crate::trace::{Note, Trace};

/// One leg of a trade.
struct Leg {
    asset: AssetId,
    from: (AccountId, Pot),
    to: AccountId,
    amount: Amount,
    /// Taken out of what is received; negative is a rebate.
    fee: Amount,
}

impl<T: Trace> Engine<T> {
    /// Moves base and quote between taker and maker and gives both commissions.
    ///
    /// The taker pays from what is free, the maker from what its order held.
    #[inline]
    pub(crate) fn settle(
        &mut self,
        taker: &Taker,
        maker: &Order,
        (qty, quote): (Qty, Amount),
    ) -> (Amount, Amount) {
        let market = taker.market;
        let base = market.base_atoms(qty);
        let symbol = &self.state.symbols[market.symbol.0 as usize];
        let maker_rate = self.rates_of(maker.account, symbol).maker;
        let (to_taker, to_maker) = match taker.side {
            Side::Buy => ((market.base, base), (market.quote, quote)),
            Side::Sell => ((market.quote, quote), (market.base, base)),
        };
        let taker_fee = self.fee(taker.account, to_taker.1, taker.rate);
        let maker_fee = self.fee(maker.account, to_maker.1, maker_rate);
        self.pay(&Leg {
            asset: to_maker.0,
            from: (taker.account, Pot::Free),
            to: maker.account,
            amount: to_maker.1,
            fee: maker_fee,
        });
        self.pay(&Leg {
            asset: to_taker.0,
            from: (maker.account, Pot::Held),
            to: taker.account,
            amount: to_taker.1,
            fee: taker_fee,
        });
        (taker_fee, maker_fee)
    }

    #[inline]
    fn pay(&mut self, leg: &Leg) {
        let (asset, from, to) = (leg.asset, leg.from, (leg.to, Pot::Free));
        self.trace.note(Note::Moved {
            asset,
            from: from.0,
            to: leg.to,
            amount: leg.amount,
        });
        let fees = (AccountId::FEES, Pot::Free);
        let ledger = &mut self.state.ledger;
        if leg.fee.0 >= 0 {
            ledger.transfer(asset, from, to, Amount(leg.amount.0 - leg.fee.0));
            ledger.transfer(asset, from, fees, leg.fee);
        } else {
            ledger.transfer(asset, from, to, leg.amount);
            ledger.transfer(asset, fees, to, Amount(-leg.fee.0));
        }
    }

    /// Puts free money on hold (positive) or gives it back (negative).
    #[inline]
    pub(crate) fn move_hold(&mut self, (account, asset): (AccountId, AssetId), amount: Amount) {
        #[cfg(feature = "planted-faults")]
        if self.planted == Some(crate::apply::PlantedFault::HoldNotReleased) && amount.0 < 0 {
            return;
        }
        self.trace.note(Note::Hold {
            account,
            asset,
            amount,
        });
        let (free, held) = ((account, Pot::Free), (account, Pot::Held));
        let ledger = &mut self.state.ledger;
        if amount.0 >= 0 {
            ledger.transfer(asset, free, held, amount);
        } else {
            ledger.transfer(asset, held, free, Amount(-amount.0));
        }
    }
}
