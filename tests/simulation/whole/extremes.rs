//! Dust, and numbers as large as their types: refused or exact, never wrapped.

use schemas::command::{Command, PlaceOrderV1};
use schemas::units::{Amount, Price, Qty};

use super::Whole;

const PRICES: [i64; 8] = [1, 2, 1 << 31, 1 << 53, 1 << 62, i64::MAX - 1, i64::MAX, -1];
const AMOUNTS: [i128; 9] = [
    1,
    2,
    1 << 53,
    1 << 63,
    1 << 96,
    1 << 126,
    i128::MAX - 1,
    i128::MAX,
    -1,
];

impl Whole {
    /// The same command with a number or two at its edge.
    pub(super) fn extreme(&mut self, command: Command) -> Command {
        let mut command = command;
        match &mut command {
            Command::PlaceOrder(order) => self.edge(order),
            Command::PlaceOrderWithTerms(place) => {
                self.edge(&mut place.order);
                if self.random.chance(30) {
                    place.terms.iceberg_qty = Qty(*self.random.pick(&PRICES));
                }
                if self.random.chance(30) {
                    place.terms.stop_price = Price(*self.random.pick(&PRICES));
                }
            }
            Command::PlacePerpetual(place) => {
                self.edge(&mut place.order);
                if self.random.chance(30) {
                    place.stop_price = Price(*self.random.pick(&PRICES));
                }
            }
            Command::AmendOrder(amend) => amend.new_qty = Qty(*self.random.pick(&PRICES)),
            Command::ModifyOrder(modify) => {
                modify.new_qty = Qty(*self.random.pick(&PRICES));
                modify.new_price = Price(*self.random.pick(&PRICES));
            }
            Command::Deposit(deposit) => deposit.amount = self.amount(),
            Command::Withdraw(withdraw) => withdraw.amount = self.amount(),
            Command::Transfer(transfer) => transfer.amount = self.amount(),
            Command::FuturesTransfer(transfer) => transfer.amount = self.amount(),
            Command::InsuranceDeposit(deposit) => deposit.amount = self.amount(),
            Command::AdjustMargin(adjust) => adjust.amount = self.amount(),
            Command::SetIndexPrice(price) if self.random.chance(20) => {
                price.price = Price(*self.random.pick(&PRICES));
            }
            _ => {}
        }
        command
    }

    fn amount(&mut self) -> Amount {
        Amount(*self.random.pick(&AMOUNTS))
    }

    fn edge(&mut self, order: &mut PlaceOrderV1) {
        match self.random.below(4) {
            0 => order.qty = Qty(*self.random.pick(&PRICES)),
            1 => order.price = Price(*self.random.pick(&PRICES)),
            2 if order.quote_qty != Amount::ZERO => order.quote_qty = self.amount(),
            _ => {
                order.qty = Qty(*self.random.pick(&PRICES));
                order.price = Price(*self.random.pick(&PRICES));
            }
        }
    }
}
