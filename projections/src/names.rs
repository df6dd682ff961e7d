//! Names and scales of symbols and assets: what turns units into text that people read.
//!
//! They never change once given, so that whatever is learnt earlier or later prints alike.

use schemas::event::Event;
use schemas::ids::{AssetId, SymbolId};
use schemas::instrument::SymbolKind;
use schemas::report::Directory;

/// A symbol's name and the scales of its numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SymbolName {
    /// `BTCUSDT`; `perp:BTCUSDT` for a perpetual.
    pub name: String,
    pub is_perpetual: bool,
    pub base: AssetId,
    pub quote: AssetId,
    /// Decimals of one price unit and of one quantity unit.
    pub price_scale: u8,
    pub qty_scale: u8,
}

/// An asset's code and scale.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AssetName {
    pub code: String,
    /// Decimals of one unit.
    pub scale: u8,
}

/// Every name known so far, by number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names {
    symbols: Vec<Option<SymbolName>>,
    assets: Vec<Option<AssetName>>,
}

impl Names {
    /// The names of a directory.
    pub fn of(directory: &Directory) -> Names {
        let mut names = Names::default();
        for asset in &directory.assets {
            names.asset_added(asset.asset, asset.code.as_str(), asset.scale);
        }
        for symbol in &directory.symbols {
            let name = SymbolName {
                name: full(symbol.kind, symbol.name.as_str()),
                is_perpetual: symbol.kind == SymbolKind::Perpetual,
                base: symbol.base,
                quote: symbol.quote,
                price_scale: symbol.price_scale,
                qty_scale: symbol.qty_scale,
            };
            put(&mut names.symbols, symbol.symbol.0 as usize, name);
        }
        names
    }

    /// Takes in the names that an event gives.
    pub fn learn(&mut self, event: &Event) {
        match event {
            Event::AssetAdded { asset, code, scale } => {
                self.asset_added(*asset, code.as_str(), *scale);
            }
            Event::SymbolAdded {
                symbol,
                name,
                kind,
                base,
                quote,
                price_scale,
                qty_scale,
            } => {
                let name = SymbolName {
                    name: full(*kind, name.as_str()),
                    is_perpetual: *kind == SymbolKind::Perpetual,
                    base: *base,
                    quote: *quote,
                    price_scale: *price_scale,
                    qty_scale: *qty_scale,
                };
                put(&mut self.symbols, symbol.0 as usize, name);
            }
            _ => {}
        }
    }

    fn asset_added(&mut self, asset: AssetId, code: &str, scale: u8) {
        let code = code.to_string();
        put(
            &mut self.assets,
            usize::from(asset.0),
            AssetName { code, scale },
        );
    }

    /// The symbol of that number.
    pub fn symbol(&self, symbol: SymbolId) -> Option<&SymbolName> {
        self.symbols.get(symbol.0 as usize)?.as_ref()
    }

    /// The asset of that number.
    pub fn asset(&self, asset: AssetId) -> Option<&AssetName> {
        self.assets.get(usize::from(asset.0))?.as_ref()
    }

    /// The number of the symbol with that name.
    pub fn symbol_id(&self, name: &str) -> Option<SymbolId> {
        let named = |it: &Option<SymbolName>| it.as_ref().is_some_and(|it| it.name == name);
        let index = self.symbols.iter().position(named)?;
        u32::try_from(index).ok().map(SymbolId)
    }
}

fn full(kind: SymbolKind, name: &str) -> String {
    match kind {
        SymbolKind::Spot => name.to_string(),
        SymbolKind::Perpetual => format!("perp:{name}"),
    }
}

fn put<T>(names: &mut Vec<Option<T>>, index: usize, name: T) {
    while names.len() <= index {
        names.push(None);
    }
    names[index] = Some(name);
}
