//! `timestamp` and `recvWindow`: how long a request is meant to be valid.

use schemas::units::TimeNs;

use crate::error::{ApiError, illegal, mandatory, outside_window};
use crate::wire::clock::read_time;
use crate::wire::parameters::Parameters;

const AHEAD_MAX_NS: u64 = 1_000_000_000;
const WINDOW_NS: u64 = 5_000_000_000;
const WINDOW_NS_MAX: u64 = 60_000_000_000;

/// Until when the request may be journaled.
///
/// # Errors
/// -1102 without a timestamp, -1100 for a malformed number, -1131 for a window beyond
/// 60 s, -1021 for a timestamp outside of it.
pub fn check(parameters: &Parameters, now: TimeNs) -> Result<TimeNs, ApiError> {
    parameters.required("timestamp")?;
    let sent = parameters
        .integer("timestamp")?
        .ok_or_else(|| mandatory("timestamp"))?;
    window(sent, parameters.optional("recvWindow")?, now)
}

/// The same for a transport with parameters of its own: `sent` in ms or µs, `recv_window` as
/// text.
///
/// # Errors
/// As [`check`], but for the missing or malformed timestamp.
pub fn window(sent: u64, recv_window: Option<&str>, now: TimeNs) -> Result<TimeNs, ApiError> {
    let window_ns = match recv_window {
        None => WINDOW_NS,
        Some(text) => read_window(text)?,
    };
    let sent = read_time(sent);
    if sent.0 >= now.0.saturating_add(AHEAD_MAX_NS) {
        let msg = "Timestamp for this request was 1000ms ahead of the server's time.";
        return Err(ApiError::new(-1021, msg));
    }
    let valid_until = sent.0.saturating_add(window_ns);
    if valid_until < now.0 {
        return Err(outside_window());
    }
    Ok(TimeNs(valid_until))
}

/// Milliseconds with at most three decimals, in nanoseconds.
fn read_window(text: &str) -> Result<u64, ApiError> {
    let bad = || illegal("recvWindow", r"^[0-9]{1,20}(\.[0-9]{1,3})?$");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(whole, 20) || !digits(fraction, 3) {
        return Err(bad());
    }
    let too_long = || ApiError::new(-1131, "recvWindow must be less than 60000.");
    let millis: u64 = whole.parse().map_err(|_| too_long())?;
    let micros: u64 = format!("{fraction:0<3}").parse().map_err(|_| bad())?;
    let window_ns = millis
        .saturating_mul(1_000_000)
        .saturating_add(micros * 1_000);
    if window_ns > WINDOW_NS_MAX {
        Err(too_long())
    } else {
        Ok(window_ns)
    }
}
