//! Times as text: milliseconds, or microseconds for those who ask.

use axum::http::HeaderMap;
use schemas::units::TimeNs;

use crate::error::ApiError;

/// From here on a number counts microseconds; as milliseconds it is the year 5138.
const MICROS_FROM: u64 = 100_000_000_000_000;

/// The unit of every time in one answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum TimeUnit {
    #[default]
    Milli,
    Micro,
}

impl TimeUnit {
    /// What the header `X-MBX-TIME-UNIT` asks for.
    ///
    /// # Errors
    /// -1194 for any other word.
    pub fn of(headers: &HeaderMap) -> Result<TimeUnit, ApiError> {
        match headers.get("x-mbx-time-unit") {
            None => Ok(TimeUnit::Milli),
            Some(value) => TimeUnit::parse(value.to_str().unwrap_or("")),
        }
    }

    /// The unit of that name, in upper or lower case.
    ///
    /// # Errors
    /// -1194 for any other word.
    pub fn parse(text: &str) -> Result<TimeUnit, ApiError> {
        match text {
            "MICROSECOND" | "microsecond" => Ok(TimeUnit::Micro),
            "MILLISECOND" | "millisecond" => Ok(TimeUnit::Milli),
            _ => Err(ApiError::new(
                -1194,
                "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",
            )),
        }
    }

    /// The time in this unit, rounded down.
    pub fn print(self, time: TimeNs) -> u64 {
        match self {
            TimeUnit::Milli => time.as_millis(),
            TimeUnit::Micro => time.0 / 1_000,
        }
    }
}

/// A time that a client sent, in milliseconds or microseconds by its size.
pub fn read_time(sent: u64) -> TimeNs {
    let factor = if sent < MICROS_FROM { 1_000_000 } else { 1_000 };
    TimeNs(sent.saturating_mul(factor))
}

/// The last moment that a client's `endTime` includes.
pub fn read_end_time(sent: u64) -> TimeNs {
    let unit = if sent < MICROS_FROM { 1_000_000 } else { 1_000 };
    TimeNs(read_time(sent).0.saturating_add(unit - 1))
}
