//! Explicit little-endian bytes for everything that goes under the chain or the root.
//!
//! Fields are written in the order of declaration, without padding, capacities or
//! addresses; texts as one length byte and their bytes. Reading never panics: damaged
//! bytes give `None`.

use crate::ids::{
    AccountId, AssetId, EventId, Offset, OrderId, OrderListId, SymbolId, Text, TradeId,
};
use crate::units::{Amount, Price, Qty, Rate, TimeNs};

/// A value with one explicit encoding.
pub trait Wire: Sized {
    /// Appends the encoding.
    fn put(&self, out: &mut Vec<u8>);
    /// Takes one value off the front; `None` when the bytes end early or mean nothing.
    fn take(input: &mut &[u8]) -> Option<Self>;
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Wire for $integer {
            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            #[inline]
            fn take(input: &mut &[u8]) -> Option<Self> {
                let (head, rest) = input.split_first_chunk()?;
                *input = rest;
                Some(<$integer>::from_le_bytes(*head))
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, i32, i64, i128, u128);

macro_rules! newtypes {
    ($($name:ident),*) => {$(
        impl Wire for $name {
            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                self.0.put(out);
            }
            #[inline]
            fn take(input: &mut &[u8]) -> Option<Self> {
                Wire::take(input).map($name)
            }
        }
    )*};
}
newtypes!(
    Price,
    Qty,
    Amount,
    Rate,
    TimeNs,
    Offset,
    AccountId,
    AssetId,
    SymbolId,
    OrderId,
    TradeId,
    OrderListId,
    EventId
);

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        match u8::take(input)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                value.put(out);
            }
        }
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        match u8::take(input)? {
            0 => Some(None),
            1 => T::take(input).map(Some),
            _ => None,
        }
    }
}

impl<const N: usize> Wire for Text<N> {
    #[inline]
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.as_bytes().len() as u8);
        out.extend_from_slice(self.as_bytes());
    }
    #[inline]
    fn take(input: &mut &[u8]) -> Option<Self> {
        let length = usize::from(u8::take(input)?);
        let (text, rest) = input.split_at_checked(length)?;
        *input = rest;
        Text::from_bytes(text)
    }
}

impl Wire for [OrderId; 3] {
    fn put(&self, out: &mut Vec<u8>) {
        for order in self {
            order.put(out);
        }
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        Some([Wire::take(input)?, Wire::take(input)?, Wire::take(input)?])
    }
}

impl<const N: usize> Wire for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        let (head, rest) = input.split_first_chunk()?;
        *input = rest;
        Some(*head)
    }
}

/// Declares a field-less enum with stable numbers, in the journal and on the wire.
macro_rules! numbered {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$variant_meta:meta])* $variant:ident = $number:literal),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(
            rkyv::Archive, rkyv::Serialize, rkyv::Deserialize,
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug,
        )]
        #[repr(u8)]
        pub enum $name { $($(#[$variant_meta])* $variant = $number),* }

        impl $name {
            /// Every value, in order of its number.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// The value with that number.
            pub const fn from_number(number: u8) -> Option<$name> {
                match number {
                    $($number => Some($name::$variant),)*
                    _ => None,
                }
            }
        }

        impl $crate::wire::Wire for $name {
            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                out.push(*self as u8);
            }
            #[inline]
            fn take(input: &mut &[u8]) -> Option<Self> {
                <u8 as $crate::wire::Wire>::take(input).and_then($name::from_number)
            }
        }
    };
}
pub(crate) use numbered;

/// Implements [`Wire`] for a struct, field by field in the order given.
macro_rules! wire_struct {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::wire::Wire for $name {
            #[inline]
            fn put(&self, out: &mut Vec<u8>) {
                $($crate::wire::Wire::put(&self.$field, out);)*
            }
            #[inline]
            fn take(input: &mut &[u8]) -> Option<Self> {
                Some($name { $($field: $crate::wire::Wire::take(input)?),* })
            }
        }
    };
}
pub(crate) use wire_struct;
