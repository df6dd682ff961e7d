//! One JSON object, written field by field into a buffer: what leaves for other systems.
//!
//! Money, prices and quantities are decimal text with every digit of their scale, numbers
//! that may pass 2^53 are text too, and enumerations are words in capitals.

use std::fmt::{Debug, Write};

/// An object being written; [`Document::end`] closes it.
pub struct Document<'b> {
    out: &'b mut Vec<u8>,
}

/// Room for the digits of an `i128`, a sign, a point and 38 leading zeros.
const DIGITS: usize = 80;

impl<'b> Document<'b> {
    /// Opens an object at the end of `out`.
    pub fn begin(out: &'b mut Vec<u8>) -> Document<'b> {
        out.push(b'{');
        Document { out }
    }

    fn key(&mut self, name: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A text, escaped.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.key(name);
        let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
        if value.bytes().all(plain) {
            self.quoted(value.as_bytes());
        } else {
            let escaped = serde_json::to_vec(value).expect("a text is always JSON");
            self.out.extend_from_slice(&escaped);
        }
        self
    }

    /// A text, left out when empty.
    pub fn text_if(&mut self, name: &str, value: &str) -> &mut Self {
        if value.is_empty() {
            self
        } else {
            self.text(name, value)
        }
    }

    /// A whole number below 2^53.
    pub fn number(&mut self, name: &str, value: u64) -> &mut Self {
        self.key(name);
        put_digits(self.out, i128::from(value), 0);
        self
    }

    /// A list of whole numbers below 2^53.
    pub fn numbers(&mut self, name: &str, values: impl Iterator<Item = u64>) -> &mut Self {
        self.key(name);
        self.out.push(b'[');
        for (index, value) in values.enumerate() {
            if 0 < index {
                self.out.push(b',');
            }
            put_digits(self.out, i128::from(value), 0);
        }
        self.out.push(b']');
        self
    }

    /// A whole number of any size, as text.
    pub fn big(&mut self, name: &str, value: u64) -> &mut Self {
        self.decimal(name, i128::from(value), 0)
    }

    /// `value` units of 10^-`scale`, as text.
    pub fn decimal(&mut self, name: &str, value: i128, scale: u8) -> &mut Self {
        self.key(name);
        self.out.push(b'"');
        put_digits(self.out, value, scale);
        self.out.push(b'"');
        self
    }

    /// The name of an enumeration's value: `ExpireTaker` is `EXPIRE_TAKER`.
    pub fn word(&mut self, name: &str, value: impl Debug) -> &mut Self {
        self.key(name);
        self.out.push(b'"');
        let mut capitals = Capitals(self.out);
        write!(capitals, "{value:?}").expect("writing to memory cannot fail");
        self.out.push(b'"');
        self
    }

    /// True or false.
    pub fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.key(name);
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.out.extend_from_slice(text);
        self
    }

    /// Closes the object.
    pub fn end(&mut self) {
        self.out.push(b'}');
    }

    fn quoted(&mut self, text: &[u8]) {
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }
}

/// Turns `CamelCase` into `CAMEL_CASE` on its way.
struct Capitals<'b>(&'b mut Vec<u8>);

impl Write for Capitals<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            if byte.is_ascii_uppercase() && self.0.last() != Some(&b'"') {
                self.0.push(b'_');
            }
            self.0.push(byte.to_ascii_uppercase());
        }
        Ok(())
    }
}

/// The decimal text of `value` units of 10^-`scale`.
pub fn decimal(value: i128, scale: u8) -> String {
    let mut out = Vec::new();
    put_digits(&mut out, value, scale);
    out.iter().map(|byte| char::from(*byte)).collect()
}

/// Appends `value` units of 10^-`scale` with every decimal.
fn put_digits(out: &mut Vec<u8>, value: i128, scale: u8) {
    assert!(scale <= 38, "no asset has so many decimals");
    let mut text = [0; DIGITS];
    let (mut at, mut written) = (DIGITS, 0);
    let mut rest = value.unsigned_abs();
    while rest != 0 || written <= scale {
        if written == scale && 0 < scale {
            at -= 1;
            text[at] = b'.';
        }
        at -= 1;
        // Most numbers fit 64 bits, whose division is many times faster.
        let digit = match u64::try_from(rest) {
            Ok(small) => {
                rest = u128::from(small / 10);
                small % 10
            }
            Err(_) => {
                let digit = (rest % 10) as u64;
                rest /= 10;
                digit
            }
        };
        text[at] = b'0' + digit as u8;
        written = written.saturating_add(1);
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&text[at..]);
}

#[cfg(test)]
mod tests {
    use super::{Document, decimal};

    #[test]
    fn numbers_keep_every_decimal() {
        for (value, scale, text) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (-5, 2, "-0.05"),
            (123_456, 3, "123.456"),
            (1 << 70, 18, "1180.591620717411303424"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
            (1, 38, "0.00000000000000000000000000000000000001"),
        ] {
            assert_eq!(decimal(value, scale), text);
        }
    }

    #[test]
    fn an_object_is_json() {
        #[derive(Debug)]
        enum Word {
            ExpireTaker,
        }
        let mut out = Vec::new();
        Document::begin(&mut out)
            .text("client", "a\"b\\c\u{1}é")
            .text_if("none", "")
            .number("offset", 7)
            .big("id", u64::MAX)
            .decimal("price", -1_050, 2)
            .word("mode", Word::ExpireTaker)
            .flag("rested", true)
            .end();
        let value: serde_json::Value = serde_json::from_slice(&out).expect("it is JSON");
        let expected = serde_json::json!({
            "client": "a\"b\\c\u{1}é", "offset": 7, "id": "18446744073709551615",
            "price": "-10.50", "mode": "EXPIRE_TAKER", "rested": true,
        });
        assert_eq!(value, expected);
    }
}
