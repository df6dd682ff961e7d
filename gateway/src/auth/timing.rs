//! `timestamp` and `recvWindow`: how long a request is meant to be valid.

use schemas::units::TimeNs;

use crate::error::{ApiError, illegal, mandatory, outside_window};
use crate::wire::clock::read_time;
use crate::wire::parameters::Parameters;

const AHEAD_MAX_NS: u64 = 1_000_000_000;
const WINDOW_NS: u64 = 5_000_000_000;
const WINDOW_NS_MAX: u64 = 60_000_000_000;
/// So long after its timestamp a request is taken at most, whatever window it asks for: the
/// engine remembers a request for 60 s after it was accepted, and that may have been up to
/// [`AHEAD_MAX_NS`] before its timestamp. The rest is for clocks that are being slewed.
const TAKEN_NS_MAX: u64 = 58_900_000_000;

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
    let valid_until = sent.0.saturating_add(window_ns.min(TAKEN_NS_MAX));
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

#[cfg(test)]
mod tests {
    use schemas::units::TimeNs;

    use super::window;

    const SECOND: u64 = 1_000_000_000;
    /// How long the engine remembers an accepted request.
    const REMEMBERED: u64 = 60 * SECOND;

    /// Seed 19 of the simulator: a copy that came a minute later was executed again.
    #[test]
    fn a_request_is_never_taken_longer_than_it_is_remembered() {
        let first = TimeNs(1_700_000_000 * SECOND);
        for ahead_us in [0, 1, 400_000, 999_999] {
            let sent = first.0 / 1_000 + ahead_us;
            for asked in [None, Some("5000"), Some("59000"), Some("60000")] {
                let until = window(sent, asked, first).expect("not 1 s ahead");
                assert!(
                    until.0 < first.0 + REMEMBERED,
                    "{ahead_us} us ahead, {asked:?}"
                );
                let again = TimeNs(first.0 + REMEMBERED);
                assert!(window(sent, asked, again).is_err(), "the copy is too late");
            }
        }
        let sent = first.0 / 1_000;
        let later = TimeNs(first.0 + 58 * SECOND);
        assert!(
            window(sent, Some("60000"), later).is_ok(),
            "nearly a minute late"
        );
    }
}
