//! A symbol with its assets: how its numbers print.

use schemas::ids::AssetId;
use schemas::instrument::SymbolKind;
use schemas::market::Volume;
use schemas::report::{AssetReport, Directory, SymbolReport};
use schemas::units::{Amount, Price, Qty};

use crate::wire::decimal::Fixed;

/// A symbol and the decimals of everything about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grid {
    pub symbol: SymbolReport,
    pub base: AssetReport,
    pub quote: AssetReport,
}

impl Grid {
    /// The grid of a listed symbol.
    pub fn new(directory: &Directory, symbol: SymbolReport) -> Grid {
        let asset = |id: AssetId| {
            let found = directory.assets.get(usize::from(id.0)).copied();
            found.expect("a symbol is listed after its assets")
        };
        Grid {
            symbol,
            base: asset(symbol.base),
            quote: asset(symbol.quote),
        }
    }

    /// The symbol's name.
    pub fn name(&self) -> &str {
        self.symbol.name.as_str()
    }

    /// Whether it is a spot symbol, whose answers differ in some fields.
    pub fn is_spot(&self) -> bool {
        self.symbol.kind == SymbolKind::Spot
    }

    /// A price.
    pub fn price(&self, price: Price) -> Fixed {
        Fixed::price(price, self.symbol.price_scale)
    }

    /// A quantity of the base asset.
    pub fn qty(&self, qty: Qty) -> Fixed {
        Fixed::qty(qty, self.symbol.qty_scale)
    }

    /// A sum of quantities of the base asset.
    pub fn volume(&self, volume: Volume) -> Fixed {
        Fixed::new(volume.0, self.symbol.qty_scale)
    }

    /// Money in the quote asset.
    pub fn quote(&self, amount: Amount) -> Fixed {
        Fixed::amount(amount, self.quote.scale)
    }

    /// Money in the asset that a side receives: the buyer base, the seller quote.
    pub fn received(&self, is_buyer: bool, amount: Amount) -> (Fixed, &str) {
        let asset = if is_buyer { &self.base } else { &self.quote };
        (Fixed::amount(amount, asset.scale), asset.code.as_str())
    }
}
