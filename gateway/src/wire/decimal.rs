//! Decimal text in and out, without ever rounding.
//!
//! In: `[0-9]{1,20}(\.[0-9]{1,8})?` in ASCII. Out: always 8 decimals, the same text on
//! every edge, because clients key book levels by it. An asset finer than 8 decimals
//! prints the further digits only where they are not zero.

use std::fmt;

use schemas::units::{Amount, Price, Qty, Rate};
use serde::{Serialize, Serializer};

use crate::error::{ApiError, illegal};

/// Decimals of every printed number.
const PLACES: u8 = 8;

/// What a decimal parameter may look like, as the dialect words it.
const RANGE: &str = r"^([0-9]{1,20})(\.[0-9]{1,20})?$";

/// A non-negative number that a client sent, exact, in units of 1e-8.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Decimal(u128);

/// The number does not lie on the grid of that scale, or not in its range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OffGrid;

impl Decimal {
    /// Reads one parameter.
    ///
    /// # Errors
    /// -1111 for more than 8 decimals, -1100 for anything else that is no such number.
    pub fn parse(name: &str, text: &str) -> Result<Decimal, ApiError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || whole.len() > 20 || fraction.is_some_and(|part| !digits(part)) {
            return Err(illegal(name, RANGE));
        }
        let fraction = fraction.unwrap_or("");
        if fraction.len() > usize::from(PLACES) {
            let msg = format!("Parameter '{name}' has too much precision.");
            return Err(ApiError::new(-1111, msg));
        }
        let all = whole.bytes().chain(fraction.bytes());
        let value = all.fold(0_u128, |sum, digit| sum * 10 + u128::from(digit - b'0'));
        Ok(Decimal(
            value * 10_u128.pow(u32::from(PLACES) - fraction.len() as u32),
        ))
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The number in units of 10^-scale.
    ///
    /// # Errors
    /// [`OffGrid`] when it is none, never a rounded one.
    pub fn at_scale(self, scale: u8) -> Result<u128, OffGrid> {
        if scale >= PLACES {
            let factor = 10_u128
                .checked_pow(u32::from(scale - PLACES))
                .ok_or(OffGrid)?;
            return self.0.checked_mul(factor).ok_or(OffGrid);
        }
        let unit = 10_u128.pow(u32::from(PLACES - scale));
        if self.0.is_multiple_of(unit) {
            Ok(self.0 / unit)
        } else {
            Err(OffGrid)
        }
    }

    /// The price in the symbol's price units.
    ///
    /// # Errors
    /// [`OffGrid`] when it is off the grid or too large.
    pub fn price(self, scale: u8) -> Result<Price, OffGrid> {
        let units = self.at_scale(scale)?;
        i64::try_from(units).map(Price).map_err(|_| OffGrid)
    }

    /// The quantity in the symbol's quantity units.
    ///
    /// # Errors
    /// [`OffGrid`] when it is off the grid or too large.
    pub fn qty(self, scale: u8) -> Result<Qty, OffGrid> {
        let units = self.at_scale(scale)?;
        i64::try_from(units).map(Qty).map_err(|_| OffGrid)
    }

    /// The money in atoms of an asset.
    ///
    /// # Errors
    /// [`OffGrid`] when it is off the grid or too large.
    pub fn amount(self, scale: u8) -> Result<Amount, OffGrid> {
        let atoms = self.at_scale(scale)?;
        i128::try_from(atoms).map(Amount).map_err(|_| OffGrid)
    }
}

/// A number on its way out: units and the decimals of one unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fixed {
    units: i128,
    scale: u8,
}

impl Fixed {
    /// `units` x 10^-`scale`.
    pub const fn new(units: i128, scale: u8) -> Fixed {
        Fixed { units, scale }
    }

    /// "0.00000000".
    pub const ZERO: Fixed = Fixed::new(0, 0);

    /// A price in units of that scale.
    pub fn price(price: Price, scale: u8) -> Fixed {
        Fixed::new(i128::from(price.0), scale)
    }

    /// A quantity in units of that scale.
    pub fn qty(qty: Qty, scale: u8) -> Fixed {
        Fixed::new(i128::from(qty.0), scale)
    }

    /// Money in atoms of that scale.
    pub fn amount(amount: Amount, scale: u8) -> Fixed {
        Fixed::new(amount.0, scale)
    }

    /// A rate.
    pub fn rate(rate: Rate) -> Fixed {
        Fixed::new(i128::from(rate.0), PLACES)
    }
}

impl Fixed {
    /// A quotient of two numbers, each in units of its scale, to 8 decimals, rounded half
    /// up; `None` when there is nothing to divide by. Neither is negative.
    pub fn ratio((over, scale): (i128, u8), (under, under_scale): (i128, u8)) -> Option<Fixed> {
        if under <= 0 {
            return None;
        }
        let up = u32::from(PLACES) + u32::from(under_scale);
        let down = u32::from(scale);
        let (over, under) = if down <= up {
            (over.checked_mul(10_i128.checked_pow(up - down)?)?, under)
        } else {
            (over, under.checked_mul(10_i128.checked_pow(down - up)?)?)
        };
        let half = under / 2;
        Some(Fixed::new(over.checked_add(half)? / under, PLACES))
    }
}

/// A change in percent, printed with three decimals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Percent(i128);

impl Percent {
    /// `part` in percent of `whole`, rounded half away from zero; zero of nothing.
    pub fn of(part: i128, whole: i128) -> Percent {
        if whole <= 0 {
            return Percent(0);
        }
        let thousandths = part.unsigned_abs() * 100_000;
        let whole = whole.unsigned_abs();
        let rounded = (thousandths + whole / 2) / whole;
        let rounded = i128::try_from(rounded).unwrap_or(i128::MAX);
        Percent(if part < 0 { -rounded } else { rounded })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let thousandths = self.0.unsigned_abs();
        write!(
            f,
            "{sign}{}.{:03}",
            thousandths / 1_000,
            thousandths % 1_000
        )
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut units = self.units.unsigned_abs();
        let mut scale = self.scale;
        while scale > PLACES && units.is_multiple_of(10) {
            units /= 10;
            scale -= 1;
        }
        let one = 10_u128.pow(u32::from(scale));
        let places = scale.max(PLACES);
        let fraction = (units % one) * 10_u128.pow(u32::from(places - scale));
        let sign = if self.units < 0 { "-" } else { "" };
        write!(
            f,
            "{sign}{}.{fraction:0width$}",
            units / one,
            width = usize::from(places)
        )
    }
}

impl Serialize for Fixed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
