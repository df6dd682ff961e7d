//! Which order a request means: by number, by client order id, or by both.

use schemas::command::OrderRef;
use schemas::ids::{ClientOrderId, OrderId};

use crate::error::{self, ApiError};
use crate::wire::client_id;
use crate::wire::parameters::Parameters;

/// The two names under which an endpoint takes a target.
#[derive(Clone, Copy, Debug)]
pub struct TargetNames {
    pub order: &'static str,
    pub client: &'static str,
}

/// The usual names.
pub const ORDER: TargetNames = TargetNames {
    order: "orderId",
    client: "origClientOrderId",
};
/// The names in a cancelReplace.
pub const CANCELLED: TargetNames = TargetNames {
    order: "cancelOrderId",
    client: "cancelOrigClientOrderId",
};

/// An order that a client names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    pub order: Option<OrderId>,
    pub client_order: Option<ClientOrderId>,
}

impl Target {
    /// Reads the target.
    ///
    /// # Errors
    /// -1102 when neither was sent, -1100 for a malformed one.
    pub fn read(parameters: &Parameters, names: TargetNames) -> Result<Target, ApiError> {
        if !parameters.has(names.order) && !parameters.has(names.client) {
            return Err(error::either(names.client, names.order));
        }
        Ok(Target {
            order: parameters.integer(names.order)?.map(OrderId),
            client_order: client_id::read(parameters, names.client)?,
        })
    }

    /// The target as commands and queries take it; `None` when it can name no order.
    pub fn known(&self) -> Option<OrderRef> {
        // Zero stands for "not given" in a command, and numbers start at 1.
        if self.order == Some(OrderId(0)) {
            return None;
        }
        Some(OrderRef {
            order: self.order.unwrap_or_default(),
            client_order: self.client_order.unwrap_or_default(),
        })
    }
}
