//! Samples of the commands and events of orders with terms and of lists.

use schemas::command::{CancelOrderV1, Command};
use schemas::event::Event;
use schemas::ids::{AccountId, OrderId, OrderListId, SymbolId};
use schemas::instrument::{
    CancelReplaceMode, CancelRestriction, ContingencyType, ExpiryReason, OrderStage, OrderType,
    SelfTradePrevention, Side, TimeInForce,
};
use schemas::order_command::{
    CancelOrderIfV1, CancelOrderListV1, CancelReplaceWithTermsV1, ListLegV1, OrderTerms,
    PlaceOrderListV1, PlaceOrderWithTermsV1, SetCountdownV1,
};
use schemas::order_event::{
    IcebergRefilled, OrderActivated, OrderExpiring, OrderListAccepted, OrderListDone,
    OrderListRejected, OrderStep, OrderTermsAccepted,
};
use schemas::reject::RejectReason;
use schemas::units::{Price, Qty, TimeNs};

use super::{order_ref, place_order, text};

fn terms(number: i64) -> OrderTerms {
    OrderTerms {
        stop_price: Price(number),
        iceberg_qty: Qty(number + 1),
        strategy_id: number as u64 + 2,
        strategy_type: number as u32 + 3,
        trailing_delta: number as u32 + 4,
    }
}

pub(super) fn place() -> PlaceOrderWithTermsV1 {
    PlaceOrderWithTermsV1 {
        order: place_order(),
        terms: terms(301),
    }
}

pub(super) fn leg(number: i64, client: &str) -> ListLegV1 {
    ListLegV1 {
        price: Price(number),
        qty: Qty(number + 1),
        terms: terms(number + 2),
        client_order: text(client),
        side: Side::Sell,
        order_type: OrderType::TakeProfitLimit,
        time_in_force: TimeInForce::Fok,
    }
}

/// One command of each kind.
pub(super) fn commands() -> Vec<Command> {
    let (account, symbol) = (AccountId(0x4142_4344), SymbolId(0x5152_5354));
    let valid_until = TimeNs(0x3132_3334_3536_3738);
    vec![
        Command::PlaceOrderWithTerms(place()),
        Command::CancelOrderIf(CancelOrderIfV1 {
            cancel: CancelOrderV1 {
                target: order_ref(),
                valid_until,
                account,
                symbol,
                cancel_client: text("cancel-3"),
            },
            restriction: CancelRestriction::OnlyPartiallyFilled,
        }),
        Command::CancelReplaceWithTerms(Box::new(CancelReplaceWithTermsV1 {
            new: place(),
            target: order_ref(),
            cancel_client: text("cancel-4"),
            mode: CancelReplaceMode::AllowFailure,
            restriction: CancelRestriction::OnlyNew,
        })),
        Command::ReplaceRest(Box::new(CancelReplaceWithTermsV1 {
            new: place(),
            target: order_ref(),
            cancel_client: text("cancel-80"),
            mode: CancelReplaceMode::StopOnFailure,
            restriction: CancelRestriction::OnlyPartiallyFilled,
        })),
        Command::PlaceOrderList(Box::new(PlaceOrderListV1 {
            legs: [leg(311, "above"), leg(321, "below"), leg(331, "third")],
            valid_until,
            account,
            symbol,
            request: schemas::command::RequestDigest(*b"request-digest-3"),
            list_client: text("list-1"),
            contingency: ContingencyType::Otoco,
            self_trade: SelfTradePrevention::Transfer,
        })),
        Command::CancelOrderList(CancelOrderListV1 {
            list: OrderListId(0x8182_8384_8586_8788),
            valid_until,
            account,
            symbol,
            list_client: text("list-2"),
            cancel_client: text("cancel-5"),
        }),
        Command::SetCountdown(SetCountdownV1 {
            after_ns: 0x9192_9394_9596_9798,
            valid_until,
            account,
            symbol,
        }),
    ]
}

/// One event of each tag.
pub(super) fn events() -> Vec<Event> {
    let (symbol, account, order) = (SymbolId(401), AccountId(402), OrderId(403));
    let list = OrderListId(404);
    let step = |price| OrderStep {
        symbol,
        order,
        account,
        price: Price(price),
    };
    vec![
        Event::OrderTermsAccepted(OrderTermsAccepted {
            symbol,
            order,
            account,
            terms: terms(405),
            list: Some(list),
            stage: OrderStage::Pending,
        }),
        Event::TrailingStarted(step(411)),
        Event::OrderActivated(OrderActivated {
            symbol,
            order,
            account,
            stage: OrderStage::Waiting,
        }),
        Event::OrderTriggered(step(412)),
        Event::IcebergRefilled(IcebergRefilled {
            symbol,
            order,
            account,
            side: Side::Sell,
            price: Price(413),
            shown: Qty(414),
        }),
        Event::OrderExpiring(OrderExpiring {
            symbol,
            order,
            account,
            reason: ExpiryReason::OcoTrigger,
        }),
        Event::OrderListAccepted(OrderListAccepted {
            symbol,
            list,
            account,
            list_client: text("list-3"),
            contingency: ContingencyType::Oto,
            orders: [OrderId(415), OrderId(416), OrderId(417)],
        }),
        Event::OrderListDone(OrderListDone {
            symbol,
            list,
            account,
        }),
        Event::OrderListRejected(OrderListRejected {
            account,
            symbol,
            list_client: text("list-4"),
            reason: RejectReason::DuplicateList,
        }),
        Event::CountdownSet {
            account,
            symbol,
            due: TimeNs(418),
        },
        Event::CountdownElapsed { account, symbol },
    ]
}
