//! The page rule of lists: where they begin, where they end, how long they are.

use schemas::units::TimeNs;

use crate::error::ApiError;
use crate::wire::clock::{read_end_time, read_time};
use crate::wire::parameters::Parameters;

const DAY_NS: u64 = 86_400_000_000_000;
/// Rows of a page unless asked for, and at most.
pub const ROWS: usize = 500;
pub const ROWS_MAX: usize = 1_000;

/// `startTime`, `endTime` and `limit` of one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    pub start: Option<TimeNs>,
    pub end: Option<TimeNs>,
    pub limit: usize,
}

impl Page {
    /// Reads the three.
    ///
    /// # Errors
    /// -1100 and -1130 for bad numbers, -1127 for more than a day.
    pub fn read(parameters: &Parameters) -> Result<Page, ApiError> {
        let start = parameters.integer("startTime")?.map(read_time);
        let end = parameters.integer("endTime")?.map(read_end_time);
        let limit = parameters.limit(ROWS, ROWS_MAX)?;
        if let (Some(start), Some(end)) = (start, end)
            && end.0.saturating_sub(start.0) > DAY_NS + 1_000_000
        {
            let msg = "More than 24 hours between startTime and endTime.";
            return Err(ApiError::new(-1127, msg));
        }
        Ok(Page { start, end, limit })
    }
}
