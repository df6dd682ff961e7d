//! The one table: what went wrong → HTTP status, code and text of the dialect.
//!
//! Clients choose their exception by the code and sometimes by the exact text, so both
//! are kept as Binance writes them; what we want to add stands in `hint`, for which
//! `hints` has a line for every code.

pub mod futures;

use std::borrow::Cow;

use axum::http::{Method, StatusCode};
use schemas::ids::Offset;
use schemas::reject::RejectReason;
use serde::Serialize;

use crate::hints;
use crate::submit::SubmitError;

/// A refusal as the client sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct ApiError {
    pub status: StatusCode,
    pub code: i32,
    pub msg: Cow<'static, str>,
    /// What the reader may do about it; an extra field that clients ignore.
    pub hint: Option<Cow<'static, str>>,
    /// Seconds to wait, for the header `Retry-After`.
    pub retry_after: Option<u64>,
    /// The `data` of a half-done cancelReplace, as JSON text.
    pub data: Option<String>,
    /// The command's place in the journal, when it was journaled.
    pub offset: Option<Offset>,
}

/// Code and text, as every refusal starts.
#[derive(Serialize)]
struct Nested<'a> {
    code: i32,
    msg: &'a str,
}

impl ApiError {
    /// A refusal with HTTP status 400.
    pub fn new(code: i32, msg: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError {
            status: StatusCode::BAD_REQUEST,
            code,
            msg: msg.into(),
            hint: None,
            retry_after: None,
            data: None,
            offset: None,
        }
    }

    /// The same refusal with another HTTP status.
    pub fn status(mut self, status: StatusCode) -> ApiError {
        self.status = status;
        self
    }

    /// The same refusal with a word on what to do.
    pub fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> ApiError {
        self.hint = Some(hint.into());
        self
    }

    /// The same refusal, to be tried again after so many seconds.
    pub fn retry_after(mut self, seconds: u64) -> ApiError {
        self.retry_after = Some(seconds);
        self
    }

    /// The same refusal, of a command that was journaled there.
    pub fn at(mut self, offset: Offset) -> ApiError {
        self.offset = Some(offset);
        self
    }

    /// The JSON body.
    pub fn body(&self) -> String {
        let mut body = self.nested();
        let mut add = |name: &str, json: &str| {
            body.pop();
            body.extend([",\"", name, "\":", json, "}"]);
        };
        if let Some(data) = &self.data {
            add("data", data);
        }
        if let Some(hint) = self.hint.as_deref().or_else(|| hints::of(self.code)) {
            add(
                "hint",
                &serde_json::to_string(&hint).expect("a text is always JSON"),
            );
        }
        body
    }

    /// Code and text alone, as cancelReplace nests them.
    pub fn nested(&self) -> String {
        let nested = Nested {
            code: self.code,
            msg: &self.msg,
        };
        serde_json::to_string(&nested).expect("a number and a text are always JSON")
    }
}

/// -1102 for a parameter that has to be there.
pub fn mandatory(name: &str) -> ApiError {
    let msg = format!("Mandatory parameter '{name}' was not sent, was empty/null, or malformed.");
    ApiError::new(-1102, msg)
}

/// -1102 when one of two parameters has to be there.
pub fn either(first: &str, second: &str) -> ApiError {
    let msg = format!("Param '{first}' or '{second}' must be sent, but both were empty/null!");
    ApiError::new(-1102, msg)
}

/// -1106 for a parameter that has no place here.
pub fn surplus(name: &str) -> ApiError {
    ApiError::new(-1106, format!("Parameter '{name}' sent when not required."))
}

/// -1100 for text outside a parameter's alphabet.
pub fn illegal(name: &str, range: &str) -> ApiError {
    let msg = format!("Illegal characters found in parameter '{name}'; legal range is '{range}'.");
    ApiError::new(-1100, msg)
}

/// -1130 for a value that a parameter cannot have.
pub fn invalid(name: &str) -> ApiError {
    ApiError::new(
        -1130,
        format!("Data sent for parameter '{name}' is not valid."),
    )
}

/// -1128 for parameters that do not go together.
pub fn bad_combination() -> ApiError {
    ApiError::new(-1128, "Combination of optional parameters invalid.")
}

/// 405 for a path that is served, but not like this.
pub fn wrong_method(method: &Method, path: &str, served: &str) -> ApiError {
    ApiError::new(
        -1000,
        format!("Request method '{method}' is not supported."),
    )
    .status(StatusCode::METHOD_NOT_ALLOWED)
    .hint(format!("{path} takes {served}"))
}

/// -1121.
pub fn invalid_symbol() -> ApiError {
    ApiError::new(-1121, "Invalid symbol.")
}

/// -1013 for a filter.
pub fn filter(name: &str) -> ApiError {
    ApiError::new(-1013, format!("Filter failure: {name}"))
}

/// -1021, too old.
pub fn outside_window() -> ApiError {
    ApiError::new(
        -1021,
        "Timestamp for this request is outside of the recvWindow.",
    )
}

/// -2015: the key, its addresses or its permissions.
pub fn rejected_key() -> ApiError {
    ApiError::new(-2015, "Invalid API-key, IP, or permissions for action.")
        .status(StatusCode::UNAUTHORIZED)
}

/// -1007: the answer did not come in time; what became of the command is unknown.
pub fn timeout() -> ApiError {
    let msg = "Timeout waiting for response from backend server. \
               Send status unknown; execution status unknown.";
    ApiError::new(-1007, msg).status(StatusCode::GATEWAY_TIMEOUT)
}

/// -1006: the answer was lost; what became of the command is unknown.
pub fn lost() -> ApiError {
    let msg = "An unexpected response was received from the message bus. \
               Execution status unknown.";
    ApiError::new(-1006, msg)
        .status(StatusCode::SERVICE_UNAVAILABLE)
        .hint("the node is stopping; look the order up after it is back")
}

/// -1000 with a word on why, for a read that failed.
pub fn read_failed(reason: &str) -> ApiError {
    ApiError::new(
        -1000,
        "An unknown error occurred while processing the request.",
    )
    .status(StatusCode::INTERNAL_SERVER_ERROR)
    .hint(format!("history could not be read: {reason}"))
}

const BUSY: &str = "Server is currently overloaded with other requests. \
                    Please try again in a few minutes.";

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> ApiError {
        let (code, msg, hint) = match error {
            SubmitError::Busy => (-1008, BUSY, "nothing was done; send it again"),
            SubmitError::DiskFull => (
                -1008,
                BUSY,
                "the disk is full: orders are refused, cancels still work",
            ),
            SubmitError::Faulted => (
                -1001,
                "Internal error; unable to process your request. Please try again.",
                "trading is stopped until an operator has looked at a fault; nothing was done",
            ),
            SubmitError::Stopped => return lost(),
        };
        ApiError::new(code, msg)
            .status(StatusCode::SERVICE_UNAVAILABLE)
            .hint(hint)
    }
}

impl From<RejectReason> for ApiError {
    fn from(reason: RejectReason) -> ApiError {
        use RejectReason as R;
        match reason {
            R::UnknownSymbol => invalid_symbol(),
            R::UnknownAccount => rejected_key(),
            R::MarketClosed => ApiError::new(-2010, "Market is closed."),
            R::AccountFrozen => {
                ApiError::new(-2010, "This account may not place or cancel orders.")
                    .hint("the account is frozen; open orders can still be cancelled")
            }
            R::PriceFilter => filter("PRICE_FILTER"),
            R::LotSize => filter("LOT_SIZE"),
            R::MarketLotSize => filter("MARKET_LOT_SIZE"),
            R::Notional => filter("NOTIONAL"),
            R::PercentPrice => filter("PERCENT_PRICE_BY_SIDE"),
            R::MaxNumOrders => filter("MAX_NUM_ORDERS"),
            R::MaxPosition => filter("MAX_POSITION"),
            R::TooManyOrders => ApiError::new(-1015, "Too many new orders.")
                .status(StatusCode::TOO_MANY_REQUESTS)
                .retry_after(10),
            R::DuplicateOrder => ApiError::new(-2010, "Duplicate order sent."),
            R::InsufficientBalance => ApiError::new(
                -2010,
                "Account has insufficient balance for requested action.",
            ),
            R::WouldMatch => ApiError::new(-2010, "Order would immediately match and take."),
            R::NoLiquidity => ApiError::new(
                -2010,
                "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.",
            ),
            R::TooLate => outside_window(),
            R::UnknownOrder => ApiError::new(-2011, "Unknown order sent."),
            R::OrderIdMismatch => ApiError::new(-2011, "Unknown order sent.")
                .hint("the order id and the client order id name different orders"),
            R::AmendNotSmaller => {
                ApiError::new(-2038, "Order amend (quantity increase) is not supported.")
            }
            R::InvalidOrder => ApiError::new(-1014, "Unsupported order combination."),
            R::Busy => ApiError::from(SubmitError::Busy),
            R::SymbolFault => ApiError::new(-2010, "Market is closed.").hint(
                "a broken invariant was noticed; the symbol is halted until an operator looks",
            ),
            R::UnknownAsset | R::WithdrawalsOff | R::AmountNotPositive | R::SupplyLimit => {
                unsupported(reason)
            }
            R::NameTaken | R::InvalidName | R::InvalidScale | R::InvalidFilter => {
                unsupported(reason)
            }
            R::InvalidFees | R::InvalidState | R::UnknownFormat | R::VenueAccount => {
                unsupported(reason)
            }
            R::TooLateToSkip | R::NoMoreIds => unsupported(reason),
            terms => of_terms(terms),
        }
    }
}

/// The refusals that only orders with terms, lists and restricted cancels have.
fn of_terms(reason: RejectReason) -> ApiError {
    use RejectReason as R;
    match reason {
        R::WouldTrigger => ApiError::new(-2010, "Stop price would trigger immediately."),
        R::TrailingDelta => filter("TRAILING_DELTA"),
        R::IcebergParts => filter("ICEBERG_PARTS"),
        R::MaxNumAlgoOrders => filter("MAX_NUM_ALGO_ORDERS"),
        R::MaxNumIcebergOrders => filter("MAX_NUM_ICEBERG_ORDERS"),
        R::MaxNumOrderLists => filter("MAX_NUM_ORDER_LISTS"),
        R::MaxNumOrderAmends => ApiError::new(-2038, "Filter failure: MAX_NUM_ORDER_AMENDS"),
        R::IcebergTooLarge => ApiError::new(-2010, "IcebergQty exceeds QTY."),
        R::ListPrices => ApiError::new(
            -2010,
            "The relationship of the prices for the orders is not correct.",
        ),
        R::DuplicateList => ApiError::new(-2010, "Duplicate order sent.")
            .hint("an order list of that listClientOrderId is open"),
        R::UnknownList => ApiError::new(-2011, "Unknown order list sent."),
        R::CancelRestricted => {
            ApiError::new(-2011, "Order was not canceled due to cancel restrictions.")
        }
        R::InOrderList => ApiError::new(-2010, "This action is disabled on this order.")
            .hint("an order of a list is neither amended nor replaced by itself"),
        R::PegLiquidity => ApiError::new(
            -2010,
            "Order book liquidity is too low for this pegged order.",
        )
        .hint("the book has no such price level on that side"),
        R::PegOrderType => ApiError::new(-2010, "This order type may not use pegged price."),
        R::PegPriceType => {
            ApiError::new(-2010, "This price peg cannot be used with this order type.")
                .hint("LIMIT_MAKER takes PRIMARY_PEG; LIMIT takes PRIMARY_PEG with GTC alone")
        }
        perpetual => of_perpetual(perpetual),
    }
}

/// The refusals that only perpetual contracts have.
fn of_perpetual(reason: RejectReason) -> ApiError {
    use RejectReason as R;
    let (code, text) = match reason {
        R::NoIndexPrice => (
            -4192,
            "Trade forbidden: this contract has no index price yet.",
        ),
        R::InsufficientMargin => (-2019, "Margin is insufficient."),
        R::LeverageLimit => (
            -2027,
            "Exceeded the maximum allowable position at current leverage.",
        ),
        R::InvalidLeverage => (-4028, "Leverage is not valid."),
        R::ReduceOnly => (-2022, "ReduceOnly Order is rejected."),
        R::MarginTypeUnchanged => (-4046, "No need to change margin type."),
        R::MarginTypeOrders => (
            -4047,
            "Margin type cannot be changed if there exists open orders.",
        ),
        R::MarginTypePosition => (
            -4048,
            "Margin type cannot be changed if there exists position.",
        ),
        R::PositionModeUnchanged => (-4059, "No need to change position side."),
        R::PositionModeOrders => (
            -4067,
            "Position side cannot be changed if there exists open orders.",
        ),
        R::PositionModePosition => (
            -4068,
            "Position side cannot be changed if there exists position.",
        ),
        R::PositionSide => (
            -4061,
            "Order's position side does not match user's setting.",
        ),
        R::NotIsolated => (
            -4054,
            "Cannot add position margin: position is not isolated.",
        ),
        R::NoPosition => (-4054, "Cannot add position margin: position is 0."),
        R::MaxOpenInterest => (
            -4084,
            "Open interest or position limit of this contract reached.",
        ),
        R::NoPriceMatch => (-4131, "The counterparty's best price does not exist."),
        R::Unmodified => (-5027, "No need to modify the order."),
        R::Liquidating => (-2023, "User in liquidation mode now."),
        R::MarginNeeded => (-4051, "Isolated balance insufficient."),
        R::QtyExecuted => (-4005, "Quantity is not above what is executed."),
        R::SideMismatch => (-1117, "Invalid side."),
        other => return unsupported(other),
    };
    ApiError::new(code, text)
}

/// -1020 for what the venue does not have.
pub fn not_supported(hint: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::new(-1020, "This operation is not supported.").hint(hint)
}

/// -2039.
pub fn wrong_client_order() -> ApiError {
    ApiError::new(-2039, "Client order ID is not correct for this order ID.")
}

/// The refusal of an amendment: what the engine says has a code of its own there.
pub fn amend_rejected(reason: RejectReason) -> ApiError {
    let mut error = ApiError::from(reason);
    if matches!(error.code, -2010 | -2011) {
        error.code = -2038;
    }
    error
}

/// What only an administrative command can be told.
fn unsupported(reason: RejectReason) -> ApiError {
    ApiError::new(-1020, "This operation is not supported.").hint(format!("{reason:?}"))
}
