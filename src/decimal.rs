//! Amounts as people write them on the command line: parsed and printed exactly.

use schemas::units::Amount;

/// Reads `12.5` as atoms of an asset with `scale` decimals; `None` when it is no such
/// number, has more decimals than the asset, or is too large.
pub fn parse_amount(text: &str, scale: u8) -> Option<Amount> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    if text.contains('.') && fraction.is_empty() || fraction.len() > usize::from(scale) {
        return None;
    }
    let padded = format!("{whole}{fraction:0<width$}", width = usize::from(scale));
    padded.parse::<i128>().ok().map(Amount)
}

/// Prints atoms with all `scale` decimals.
pub fn print_amount(amount: Amount, scale: u8) -> String {
    let sign = if amount.0 < 0 { "-" } else { "" };
    let digits = amount.0.unsigned_abs().to_string();
    let width = usize::from(scale) + 1;
    let padded = format!("{digits:0>width$}");
    let (whole, fraction) = padded.split_at(padded.len() - usize::from(scale));
    if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_amount, print_amount};
    use schemas::units::Amount;

    #[test]
    fn what_is_printed_reads_back() {
        for (text, atoms) in [
            ("0.00000001", 1),
            ("1.00000000", 100_000_000),
            ("123456.78900000", 12_345_678_900_000),
        ] {
            assert_eq!(parse_amount(text, 8), Some(Amount(atoms)));
            assert_eq!(print_amount(Amount(atoms), 8), text);
        }
        assert_eq!(print_amount(Amount(-5), 2), "-0.05");
        assert_eq!(parse_amount("7", 0), Some(Amount(7)));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1_0",
            "0.123456789",
            " 1",
            "٣",
        ] {
            assert_eq!(parse_amount(text, 8), None, "{text}");
        }
    }
}
