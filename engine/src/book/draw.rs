//! A picture of a book as text, for tests and people.

use schemas::ids::SymbolId;
use schemas::instrument::Side;

use super::Books;

impl Books {
    /// One line per price, highest first: bids left, asks right, in units.
    pub fn draw(&self, symbol: SymbolId) -> String {
        let mut text = String::from("       bid |      price | ask\n");
        for (price, qty, _) in self.totals(symbol, Side::Sell).into_iter().rev() {
            text.push_str(&format!("{:10} | {:10} | {}\n", "", price.0, qty.0));
        }
        for (price, qty, _) in self.totals(symbol, Side::Buy) {
            text.push_str(&format!("{:10} | {:10} |\n", qty.0, price.0));
        }
        text
    }
}
