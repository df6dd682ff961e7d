//! Order lists: place, cancel, look up. Nothing here knows how their orders depend.
//!
//! Reading order: `place`, `cancel`, `query`.

pub mod place;
pub mod cancel;
pub mod query;
