//! The parameters of one request, from query and form body, and what its signature covers.
//!
//! Nothing is decoded before the signature is checked: the payload keeps the bytes as
//! they came. The query wins over the body; the same name twice in one place is -1101.

use crate::error::{self, ApiError, illegal};
use crate::wire::decimal::Decimal;

/// Accepted everywhere; the signature's own parameters.
const ALWAYS: [&str; 3] = ["timestamp", "recvWindow", "signature"];

/// The most parameters in one place; no endpoint takes nearly as many.
const PARAMETERS_MAX: usize = 128;

/// What an integer parameter may look like, as the dialect words it.
const INTEGER_RANGE: &str = "^[0-9]{1,20}$";

/// One request's parameters.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    /// Query and body as they came, without the signature.
    payload: Vec<u8>,
}

impl Parameters {
    /// Reads query and body; a GET has no body.
    ///
    /// # Errors
    /// -1101 for a doubled name, two signatures or too many parameters, -1100 for text that
    /// is no UTF-8.
    pub fn read(query: &[u8], body: &[u8]) -> Result<Parameters, ApiError> {
        let mut parameters = Parameters::default();
        parameters.take(query)?;
        let from_query = parameters.pairs.len();
        parameters.take(body)?;
        let (first, second) = parameters.pairs.split_at(from_query);
        let signed = |pairs: &[(String, String)]| pairs.iter().any(|(name, _)| name == "signature");
        if signed(first) && signed(second) {
            return Err(doubled("signature"));
        }
        let shadowed: Vec<bool> = second
            .iter()
            .map(|(name, _)| first.iter().any(|(other, _)| other == name))
            .collect();
        let mut index = 0;
        parameters.pairs.retain(|_| {
            index += 1;
            index <= from_query || !shadowed[index - 1 - from_query]
        });
        Ok(parameters)
    }

    /// Parameters that came as pairs, each name once, with what their signature covers.
    pub fn from_pairs(pairs: Vec<(String, String)>, payload: Vec<u8>) -> Parameters {
        Parameters { pairs, payload }
    }

    fn take(&mut self, raw: &[u8]) -> Result<(), ApiError> {
        let start = self.pairs.len();
        let mut signed = 0;
        for (index, segment) in raw.split(|byte| *byte == b'&').enumerate() {
            let mut parts = segment.splitn(2, |byte| *byte == b'=');
            let name = decode(parts.next().unwrap_or_default())?;
            let value = decode(parts.next().unwrap_or_default())?;
            if name == "signature" {
                signed += 1;
            } else {
                if index > signed {
                    self.payload.push(b'&');
                }
                self.payload.extend_from_slice(segment);
            }
            if segment.is_empty() {
                continue;
            }
            if self.pairs[start..].iter().any(|(other, _)| *other == name) {
                return Err(doubled(&name));
            }
            if self.pairs.len() - start == PARAMETERS_MAX {
                let msg = "Too many parameters sent for this endpoint.";
                return Err(ApiError::new(-1101, msg));
            }
            self.pairs.push((name, value));
        }
        Ok(())
    }

    /// What the signature covers.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Takes empty values as not sent, as futures do; some clients send every name.
    pub fn forget_empty(&mut self) {
        self.pairs.retain(|(_, value)| !value.is_empty());
    }

    /// The value, also when it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.pairs.iter();
        pairs
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the parameter was sent.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The value of a parameter that has to be there.
    ///
    /// # Errors
    /// -1102.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        match self.get(name) {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(error::mandatory(name)),
        }
    }

    /// The value of a parameter that may be there.
    ///
    /// # Errors
    /// -1105 when it was sent without a value.
    pub fn optional(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.get(name) {
            Some("") => Err(ApiError::new(
                -1105,
                format!("Parameter '{name}' was empty."),
            )),
            value => Ok(value),
        }
    }

    /// Refuses every name but these and those of the signature.
    ///
    /// # Errors
    /// -1106 for the first other name.
    pub fn only(&self, names: &[&str]) -> Result<(), ApiError> {
        let mut sent = self.pairs.iter().map(|(name, _)| name.as_str());
        match sent.find(|name| !names.contains(name) && !ALWAYS.contains(name)) {
            Some(name) => Err(error::surplus(name)),
            None => Ok(()),
        }
    }

    /// A whole number; one beyond 64 bits counts as the largest, which names nothing.
    ///
    /// # Errors
    /// -1105 when empty, -1100 when it is no whole number.
    pub fn integer(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.optional(name)? else {
            return Ok(None);
        };
        if text.len() > 20 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(illegal(name, INTEGER_RANGE));
        }
        Ok(Some(text.parse().unwrap_or(u64::MAX)))
    }

    /// A decimal number.
    ///
    /// # Errors
    /// -1105 when empty, else as [`Decimal::parse`].
    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, ApiError> {
        self.optional(name)?
            .map(|text| Decimal::parse(name, text))
            .transpose()
    }

    /// A switch; off when it was not sent.
    ///
    /// # Errors
    /// -1105 when empty, -1100 when it is neither true nor false.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.optional(name)? {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(illegal(name, "true|false")),
        }
    }

    /// How many rows; more than `most` counts as `most`.
    ///
    /// # Errors
    /// -1130 for zero, else as [`Parameters::integer`].
    pub fn limit(&self, usual: usize, most: usize) -> Result<usize, ApiError> {
        match self.integer("limit")? {
            None => Ok(usual),
            Some(0) => Err(error::invalid("limit")),
            Some(limit) => Ok(usize::try_from(limit).unwrap_or(most).min(most)),
        }
    }
}

fn doubled(name: &str) -> ApiError {
    ApiError::new(-1101, "Duplicate values for a parameter detected.")
        .hint(format!("'{}' was sent twice", name.escape_default()))
}

/// Undoes form encoding.
fn decode(raw: &[u8]) -> Result<String, ApiError> {
    let bad = || ApiError::new(-1100, "Illegal characters found in a parameter.");
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.iter();
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(*byte).to_digit(16));
                let (high, low) = (digit().ok_or_else(bad)?, digit().ok_or_else(bad)?);
                (high * 16 + low) as u8
            }
            other => *other,
        };
        bytes.push(decoded);
    }
    String::from_utf8(bytes).map_err(|_| bad())
}
