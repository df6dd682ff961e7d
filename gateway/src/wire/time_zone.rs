//! `timeZone` and `windowSize`: spans of time as clients write them.

use schemas::market::ZoneShift;

use crate::error::{self, ApiError};
use crate::wire::parameters::Parameters;

const MINUTE_NS: u64 = 60_000_000_000;
const HOUR_NS: u64 = 60 * MINUTE_NS;
const DAY_NS: u64 = 24 * HOUR_NS;

/// The zone of `timeZone`: hours, or hours and minutes; UTC without it.
///
/// # Errors
/// -1130 for anything else, and outside of -12:00 to +14:00.
pub fn read_zone(parameters: &Parameters) -> Result<ZoneShift, ApiError> {
    let Some(text) = parameters.optional("timeZone")? else {
        return Ok(ZoneShift::UTC);
    };
    parse_zone(text).ok_or_else(|| error::invalid("timeZone"))
}

/// A zone as it is written: hours, or hours and minutes, from -12:00 to +14:00.
pub fn parse_zone(text: &str) -> Option<ZoneShift> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let number = |part: &str, lengths: std::ops::RangeInclusive<usize>| -> Option<i16> {
        let legal = lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        legal.then(|| part.parse().ok()).flatten()
    };
    let (hours, minutes) = match digits.split_once(':') {
        None => (number(digits, 1..=2)?, 0),
        Some((hours, minutes)) => (number(hours, 1..=2)?, number(minutes, 2..=2)?),
    };
    let shift = sign * (hours * 60 + minutes);
    let legal = minutes < 60 && (-12 * 60..=14 * 60).contains(&shift);
    legal.then_some(ZoneShift(shift))
}

/// `windowSize` in nanoseconds: 1m to 59m, 1h to 23h, 1d to 7d; a day without it.
///
/// # Errors
/// -1130 for anything else.
pub fn read_window(parameters: &Parameters) -> Result<u64, ApiError> {
    let Some(text) = parameters.optional("windowSize")? else {
        return Ok(DAY_NS);
    };
    parse_window(text).ok_or_else(|| error::invalid("windowSize"))
}

fn parse_window(text: &str) -> Option<u64> {
    let (unit, most) = match text.as_bytes().last()? {
        b'm' => (MINUTE_NS, 59),
        b'h' => (HOUR_NS, 23),
        b'd' => (DAY_NS, 7),
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    let count: u64 = digits.parse().ok().filter(|_| plain)?;
    (1..=most).contains(&count).then_some(count * unit)
}

#[cfg(test)]
mod tests {
    use schemas::market::ZoneShift;

    use super::{parse_window, parse_zone};

    #[test]
    fn zones_are_hours_or_hours_and_minutes() {
        for (text, minutes) in [
            ("0", Some(0)),
            ("8", Some(480)),
            ("-1:00", Some(-60)),
            ("05:45", Some(345)),
            ("+14:00", Some(840)),
            ("-12", Some(-720)),
            ("14:01", None),
            ("-12:01", None),
            ("5:4", None),
            ("5:60", None),
            ("UTC", None),
            ("--1", None),
            ("", None),
            ("é", None),
        ] {
            assert_eq!(parse_zone(text), minutes.map(ZoneShift), "{text}");
        }
    }

    #[test]
    fn windows_are_minutes_hours_or_days() {
        assert_eq!(parse_window("1m"), Some(60_000_000_000));
        assert_eq!(parse_window("23h"), Some(23 * 3_600_000_000_000));
        assert_eq!(parse_window("7d"), Some(7 * 86_400_000_000_000));
        for text in [
            "60m", "24h", "8d", "0m", "01m", "1w", "m", "", "1 m", "+1m", "1é",
        ] {
            assert_eq!(parse_window(text), None, "{text}");
        }
    }
}
