//! Client order ids: `[.A-Z:/a-z0-9_-]{1,36}`, or one of ours.

use rand::Rng;
use schemas::ids::ClientOrderId;

use crate::error::{ApiError, illegal};
use crate::wire::parameters::Parameters;

const RANGE: &str = r"^[\.A-Z\:/a-z0-9_-]{1,36}$";
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const GENERATED_BYTES: usize = 22;

/// The id that the client gave.
///
/// # Errors
/// -1105 when empty, -1100 when it is not of that form.
pub fn read(parameters: &Parameters, name: &str) -> Result<Option<ClientOrderId>, ApiError> {
    let Some(text) = parameters.optional(name)? else {
        return Ok(None);
    };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".:/_-".contains(&byte);
    if !text.bytes().all(legal) {
        return Err(illegal(name, RANGE));
    }
    ClientOrderId::new(text)
        .map(Some)
        .ok_or_else(|| illegal(name, RANGE))
}

/// A fresh id of 22 letters and digits.
pub fn generate() -> ClientOrderId {
    let mut random = rand::rng();
    let text: [u8; GENERATED_BYTES] =
        std::array::from_fn(|_| ALPHABET[random.random_range(0..ALPHABET.len())]);
    ClientOrderId::from_bytes(&text).expect("22 bytes fit in 36")
}
