//! Samples of the commands and the event of orders whose price comes from the book.

use schemas::command::Command;
use schemas::event::Event;
use schemas::ids::{AccountId, OrderId, SymbolId};
use schemas::instrument::{
    CancelReplaceMode, CancelRestriction, ContingencyType, SelfTradePrevention,
};
use schemas::order_command::{CancelReplaceWithTermsV1, ListLegV1, PlaceOrderListV1};
use schemas::order_event::OrderSized;
use schemas::peg::{
    OrderPegged, Peg, PegPriceType, PlacePeggedListV1, PlacePeggedV1, ReplacePeggedV1,
};
use schemas::trade_group::PreventedTransferred;
use schemas::units::{Amount, Price, Qty, TimeNs};

use super::terms::{leg, place};
use super::{order_ref, text};

fn peg(offset: u8) -> Peg {
    let price_type = PegPriceType::Market;
    Peg { price_type, offset }
}

/// One command of each kind.
pub(super) fn commands() -> Vec<Command> {
    let (account, symbol) = (AccountId(0x4142_4344), SymbolId(0x5152_5354));
    let valid_until = TimeNs(0x3132_3334_3536_3738);
    vec![
        Command::PlacePegged(PlacePeggedV1 {
            new: place(),
            peg: peg(7),
        }),
        Command::ReplacePegged(Box::new(ReplacePeggedV1 {
            replace: CancelReplaceWithTermsV1 {
                new: place(),
                target: order_ref(),
                cancel_client: text("cancel-6"),
                mode: CancelReplaceMode::AllowFailure,
                restriction: CancelRestriction::OnlyNew,
            },
            peg: peg(8),
        })),
        Command::PlacePeggedList(Box::new(PlacePeggedListV1 {
            list: PlaceOrderListV1 {
                legs: [leg(341, "working"), leg(351, "up"), leg(361, "down")],
                valid_until,
                account,
                symbol,
                request: schemas::command::RequestDigest(*b"request-digest-4"),
                list_client: text("list-5"),
                contingency: ContingencyType::Otoco,
                self_trade: SelfTradePrevention::Decrement,
            },
            pegs: [peg(9), Peg::NONE, peg(10)],
        })),
        Command::PlacePayingList(Box::new(PlacePeggedListV1 {
            list: PlaceOrderListV1 {
                legs: [leg(371, "buys"), leg(381, "sells"), ListLegV1::NONE],
                valid_until,
                account,
                symbol,
                request: schemas::command::RequestDigest(*b"request-digest-5"),
                list_client: text("list-6"),
                contingency: ContingencyType::Oto,
                self_trade: SelfTradePrevention::ExpireBoth,
            },
            pegs: [Peg::NONE, peg(12), Peg::NONE],
        })),
    ]
}

/// One event of each tag.
pub(super) fn events() -> Vec<Event> {
    let (symbol, account, order) = (SymbolId(401), AccountId(402), OrderId(403));
    vec![
        Event::OrderPegged(OrderPegged {
            symbol,
            order,
            account,
            peg: peg(11),
            limit: Price(419),
            price: Price(420),
        }),
        Event::PreventedTransferred(PreventedTransferred {
            symbol,
            group: 421,
            seller: AccountId(422),
            buyer: AccountId(423),
            taker_order: OrderId(424),
            maker_order: OrderId(425),
            price: Price(426),
            qty: Qty(427),
            quote: Amount(428),
        }),
        Event::OrderSized(OrderSized {
            symbol,
            order,
            account,
            qty: Qty(429),
        }),
    ]
}
