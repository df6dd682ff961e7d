//! Who is deleveraged first: profit percent x margin ratio, compared as exact fractions.
//!
//! Cross products of 512 bits, so that no rounding decides. Engine and views share it: what
//! an account is told of its place is by the rule that chooses.

use std::cmp::Ordering;

/// What stands behind a position, in atoms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RankedPool {
    /// The cross wallet, or the margin beside an isolated position.
    pub wallet: i128,
    pub maintenance: i128,
    /// The wallet and the unrealised profit of all positions it backs.
    pub balance: i128,
}

/// Profit percent x margin ratio: `profit / wallet x maintenance / equity`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rank {
    pub profit: u128,
    pub maintenance: u128,
    /// At least one unit of the asset.
    pub wallet: u128,
    /// Zero = the ratio is zero.
    pub equity: u128,
}

impl Rank {
    /// Of a position with that unrealised profit; `one` is one unit of the asset, in atoms
    /// (RULES, Perpetuals).
    pub fn new(pool: &RankedPool, profit: i128, one: i128) -> Rank {
        let natural = |number: i128| u128::try_from(number).unwrap_or(0);
        Rank {
            profit: natural(profit),
            maintenance: natural(pool.maintenance),
            wallet: natural(pool.wallet.max(one)),
            equity: natural(pool.balance),
        }
    }

    /// Whether it is higher, lower, or the same, exactly.
    pub fn compare(&self, other: &Rank) -> Ordering {
        let above = |it: &Rank| match it.equity {
            0 => (0, 0),
            _ => (it.profit, it.maintenance),
        };
        let below = |it: &Rank| (it.wallet, it.equity.max(1));
        let cross = |up: (u128, u128), down: (u128, u128)| product([up.0, up.1, down.0, down.1]);
        cross(above(self), below(other)).cmp(&cross(above(other), below(self)))
    }
}

/// The product of four numbers, most significant limb first.
fn product(factors: [u128; 4]) -> [u64; 8] {
    let mut limbs = [0_u64; 8];
    limbs[0] = 1;
    for factor in factors {
        let (low, high) = (factor as u64, (factor >> 64) as u64);
        let mut next = [0_u64; 8];
        for (shift, part) in [(0, low), (1, high)] {
            let mut carry = 0_u128;
            for (index, limb) in limbs.iter().take(8 - shift).enumerate() {
                let place = &mut next[index + shift];
                let sum = u128::from(*limb) * u128::from(part) + u128::from(*place) + carry;
                *place = sum as u64;
                carry = sum >> 64;
            }
        }
        limbs = next;
    }
    limbs.reverse();
    limbs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_compare_exactly_where_no_fraction_of_128_bits_would() {
        let rank = |profit, maintenance, wallet, equity| Rank {
            profit,
            maintenance,
            wallet,
            equity,
        };
        let huge = u128::MAX;
        let more = rank(huge, huge, huge - 1, huge);
        let less = rank(huge - 1, huge, huge - 1, huge);
        assert_eq!(more.compare(&less), Ordering::Greater);
        assert_eq!(less.compare(&more), Ordering::Less);
        assert_eq!(more.compare(&more), Ordering::Equal);
        // 1/3 x 1/5 against 2/30 x 1/1.
        assert_eq!(
            rank(1, 1, 3, 5).compare(&rank(2, 1, 30, 1)),
            Ordering::Equal
        );
        // No equity: the ratio is zero.
        assert_eq!(rank(9, 9, 1, 0).compare(&rank(0, 1, 1, 1)), Ordering::Equal);
    }
}
