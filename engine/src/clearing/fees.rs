//! Commission: which rate, and rounded in whose favour.

use schemas::ids::AccountId;
use schemas::units::{Amount, RATE_ONE, Rate};

use crate::apply::Engine;
use crate::state::Symbol;
use crate::trace::{Note, Trace};

/// Commission = received x rate, rounded UP to the atom, to the exchange; a rebate
/// (negative rate) is rounded DOWN, to the exchange too.
#[inline]
pub fn fee_rounded_up_to_exchange(received: Amount, rate: Rate) -> Amount {
    if rate.0 >= 0
        && let Ok(received) = u64::try_from(received.0)
    {
        let product = u128::from(received) * u128::from(rate.0 as u64);
        if let Ok(product) = u64::try_from(product) {
            return Amount(i128::from(product.div_ceil(RATE_ONE as u64)));
        }
    }
    wide_fee_rounded_up_to_exchange(received, rate)
}

/// Rounding toward plus infinity serves both signs: a fee grows, a rebate shrinks.
#[cold]
#[inline(never)]
fn wide_fee_rounded_up_to_exchange(received: Amount, rate: Rate) -> Amount {
    // received <= 2^100 and |rate| <= 1e8 < 2^27, so the product fits.
    let product = received.0 * i128::from(rate.0);
    let floor = product.div_euclid(RATE_ONE);
    Amount(floor + i128::from(product.rem_euclid(RATE_ONE) != 0))
}

/// The maker's and the taker's rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rates {
    pub maker: Rate,
    pub taker: Rate,
}

impl<T: Trace> Engine<T> {
    /// Tier 0, and a tier that was never set, pay the symbol's own rates.
    #[inline]
    pub(crate) fn rates_of(&self, account: AccountId, symbol: &Symbol) -> Rates {
        let own = Rates {
            maker: symbol.maker,
            taker: symbol.taker,
        };
        match self.state.accounts[account.0 as usize].tier {
            0 => own,
            tier => self.state.tiers.get(&tier).copied().unwrap_or(own),
        }
    }

    #[inline]
    pub(crate) fn fee(&mut self, account: AccountId, received: Amount, rate: Rate) -> Amount {
        let fee = fee_rounded_up_to_exchange(received, rate);
        #[cfg(feature = "planted-faults")]
        let fee = if self.planted == Some(crate::apply::PlantedFault::FeeOneAtomOff) && fee.0 > 0 {
            Amount(fee.0 - 1)
        } else {
            fee
        };
        self.trace.note(Note::Fee {
            account,
            received,
            rate,
            fee,
        });
        fee
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_rounds_up_and_a_rebate_down() {
        let fee = |received, rate| fee_rounded_up_to_exchange(Amount(received), Rate(rate)).0;
        assert_eq!(fee(1, 1), 1);
        assert_eq!(fee(100_000_000, 100_000), 100_000);
        assert_eq!(fee(100_000_001, 100_000), 100_001);
        assert_eq!(fee(0, 100_000), 0);
        assert_eq!(fee(100_000_001, -100_000), -100_000);
        assert_eq!(fee(999, -100_000), 0);
        let huge = SUPPLY / 3;
        assert_eq!(fee(huge, 100_000), huge / 1_000 + 1);
        assert_eq!(fee(huge, -100_000), -(huge / 1_000));
    }

    const SUPPLY: i128 = crate::clearing::ledger::SUPPLY_MAX.0;
}
