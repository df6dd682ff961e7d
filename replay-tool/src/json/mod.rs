//! JSON of commands and events, written by hand: its names are a promise to scripts.
//!
//! Keys are the fields' names. Prices, quantities and money are whole numbers of the
//! symbol's or asset's units, times nanoseconds, rates 1e-8; enumerations are words in
//! capitals. Symbols and assets appear by name (`spot:BTCUSDT`, `BTC`), by number when the
//! name is not known. Integers may be longer than 64 bits.
//!
//! Reading order: this file, `values`, `commands`, `events`, `perpetual`, `state`, `notes`.

pub mod values;
mod commands;
mod events;
mod perpetual;
pub mod state;
pub mod notes;

use std::fmt::{Display, Write};

use engine::apply::Engine;
use schemas::event::Event;
use schemas::ids::{AssetId, SymbolId};
use schemas::instrument::SymbolKind;

/// Names of symbols and assets by number.
#[derive(Clone, Debug, Default)]
pub struct Names {
    symbols: Vec<String>,
    assets: Vec<String>,
}

impl Names {
    /// The names a state knows.
    pub fn of(engine: &Engine) -> Names {
        let symbols = engine.symbols();
        let assets = engine.assets();
        Names {
            symbols: symbols
                .iter()
                .map(|it| full_name(it.kind, it.name.as_str()))
                .collect(),
            assets: assets
                .iter()
                .map(|it| it.code.as_str().to_string())
                .collect(),
        }
    }

    /// Takes in the names that an event gives.
    pub fn learn(&mut self, event: &Event) {
        match event {
            Event::SymbolAdded {
                symbol, name, kind, ..
            } => {
                self.symbols.resize(symbol.0 as usize, String::new());
                self.symbols.push(full_name(*kind, name.as_str()));
            }
            Event::AssetAdded { asset, code, .. } => {
                self.assets.resize(usize::from(asset.0), String::new());
                self.assets.push(code.as_str().to_string());
            }
            _ => {}
        }
    }

    /// The symbol of that name; a bare one is a spot symbol.
    pub fn symbol(&self, name: &str) -> Option<SymbolId> {
        let full = if name.contains(':') {
            name.to_string()
        } else {
            format!("spot:{name}")
        };
        let index = self.symbols.iter().position(|symbol| *symbol == full)?;
        u32::try_from(index).ok().map(SymbolId)
    }

    /// The full name of a symbol.
    pub fn of_symbol(&self, symbol: SymbolId) -> Option<&str> {
        self.symbols
            .get(symbol.0 as usize)
            .map(String::as_str)
            .filter(|name| !name.is_empty())
    }

    /// The code of an asset.
    pub fn of_asset(&self, asset: AssetId) -> Option<&str> {
        self.assets
            .get(usize::from(asset.0))
            .map(String::as_str)
            .filter(|code| !code.is_empty())
    }
}

fn full_name(kind: SymbolKind, name: &str) -> String {
    let prefix = match kind {
        SymbolKind::Spot => "spot",
        SymbolKind::Perpetual => "perp",
    };
    format!("{prefix}:{name}")
}

/// JSON text being written.
pub struct Json<'n> {
    text: String,
    names: &'n Names,
}

/// A value with one JSON form.
pub trait Show {
    /// Appends the form.
    fn show(&self, out: &mut Json<'_>);
}

/// A value whose fields stand in the object of another.
pub trait Fields {
    /// Appends `"key":value` for each field.
    fn fields(&self, out: &mut Json<'_>);
}

impl<'n> Json<'n> {
    /// Nothing yet.
    pub fn new(names: &'n Names) -> Json<'n> {
        Json {
            text: String::new(),
            names,
        }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }

    /// One member of the object that is open.
    pub fn field(&mut self, key: &str, value: &(impl Show + ?Sized)) {
        self.key(key);
        value.show(self);
    }

    /// A member that is an object.
    pub fn object_field(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
        self.key(key);
        self.object(inside);
    }

    /// A whole object.
    pub fn object(&mut self, inside: impl FnOnce(&mut Self)) {
        self.text.push('{');
        inside(self);
        self.text.push('}');
    }

    fn key(&mut self, key: &str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.string(key);
        self.text.push(':');
    }

    fn string(&mut self, text: &str) {
        self.text.push('"');
        for letter in text.chars() {
            match letter {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\0'..='\x1f' => self.number(format_args!("\\u{:04x}", u32::from(letter))),
                _ => self.text.push(letter),
            }
        }
        self.text.push('"');
    }

    fn number(&mut self, value: impl Display) {
        write!(self.text, "{value}").expect("writing to a string cannot fail");
    }
}

impl<T: Show> Show for [T] {
    fn show(&self, out: &mut Json<'_>) {
        out.text.push('[');
        for (index, value) in self.iter().enumerate() {
            if 0 < index {
                out.text.push(',');
            }
            value.show(out);
        }
        out.text.push(']');
    }
}

/// Writes the named fields, each under its name.
macro_rules! put {
    ($out:ident $(, $field:ident)*) => {{ $( $out.field(stringify!($field), $field); )* }};
}
pub(crate) use put;

/// Gives structs their fields and an object; a new field does not compile until named here.
macro_rules! shown {
    ($($type:ident { $($field:ident),* $(,)? })*) => {$(
        impl $crate::json::Fields for $type {
            fn fields(&self, out: &mut $crate::json::Json<'_>) {
                let $type { $($field),* } = self;
                $crate::json::put!(out $(, $field)*);
            }
        }
        impl $crate::json::Show for $type {
            fn show(&self, out: &mut $crate::json::Json<'_>) {
                out.object(|out| $crate::json::Fields::fields(self, out));
            }
        }
    )*};
}
pub(crate) use shown;

/// Gives each value of an enumeration its word; a new value does not compile until it has one.
macro_rules! words {
    ($($type:ident { $($variant:ident $word:literal),* $(,)? })*) => {$(
        impl $crate::json::Show for $type {
            fn show(&self, out: &mut $crate::json::Json<'_>) {
                out.string(match self { $($type::$variant => $word,)* });
            }
        }
    )*};
}
pub(crate) use words;
