//! Explicit little-endian bytes for everything that goes under the chain or the root.
//!
//! Fields are written in the order of declaration, without padding, capacities or
//! addresses; texts as one length byte and their bytes. Reading never panics: damaged
//! bytes give `None`.

use crate::ids::{
    AccountId, AssetId, EventId, Offset, OrderId, OrderListId, SymbolId, Text, TradeId,
};
use crate::units::{Amount, Price, Qty, Rate, TimeNs};

/// What an encoding is written to.
pub trait Sink {
    /// Appends one byte.
    fn push(&mut self, byte: u8);
    /// Appends all of the bytes.
    fn put_all<const N: usize>(&mut self, bytes: &[u8; N]);
    /// Appends the first `length` of the bytes, at most `N`.
    fn put_first<const N: usize>(&mut self, bytes: &[u8; N], length: usize);
}

impl Sink for Vec<u8> {
    #[inline]
    fn push(&mut self, byte: u8) {
        Vec::push(self, byte);
    }
    #[inline]
    fn put_all<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.extend_from_slice(bytes);
    }
    #[inline]
    fn put_first<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        self.extend_from_slice(&bytes[..length]);
    }
}

/// Room that is known to be enough, so that nothing grows on the way.
///
/// What lies behind the encoding is left as it comes.
pub(crate) struct Room<'a, const SIZE: usize> {
    bytes: &'a mut [u8; SIZE],
    length: usize,
}

impl<'a, const SIZE: usize> Room<'a, SIZE> {
    #[inline]
    pub(crate) fn new(bytes: &'a mut [u8; SIZE]) -> Self {
        Room { bytes, length: 0 }
    }

    /// How many bytes were written.
    #[inline]
    pub(crate) fn length(&self) -> usize {
        self.length
    }
}

impl<const SIZE: usize> Sink for Room<'_, SIZE> {
    #[inline]
    fn push(&mut self, byte: u8) {
        self.put_all(&[byte]);
    }
    #[inline]
    fn put_all<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.bytes[self.length..self.length + N].copy_from_slice(bytes);
        self.length += N;
    }
    #[inline]
    fn put_first<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        // Whole, since its size is known; what comes next lies over the rest of it.
        self.bytes[self.length..self.length + N].copy_from_slice(bytes);
        self.length += length;
    }
}

/// A value with one explicit encoding.
pub trait Wire: Sized {
    /// Appends the encoding.
    fn put(&self, out: &mut impl Sink);
    /// Takes one value off the front; `None` when the bytes end early or mean nothing.
    fn take(input: &mut &[u8]) -> Option<Self>;
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Wire for $integer {
            #[inline]
            fn put(&self, out: &mut impl Sink) {
                out.put_all(&self.to_le_bytes());
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
            fn put(&self, out: &mut impl Sink) {
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
    fn put(&self, out: &mut impl Sink) {
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
    fn put(&self, out: &mut impl Sink) {
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
    fn put(&self, out: &mut impl Sink) {
        let length = self.as_bytes().len();
        out.push(length as u8);
        out.put_first(self.padded(), length);
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
    fn put(&self, out: &mut impl Sink) {
        for order in self {
            order.put(out);
        }
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        Some([Wire::take(input)?, Wire::take(input)?, Wire::take(input)?])
    }
}

impl<const N: usize> Wire for [u8; N] {
    fn put(&self, out: &mut impl Sink) {
        out.put_all(self);
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
            fn put(&self, out: &mut impl $crate::wire::Sink) {
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
            fn put(&self, out: &mut impl $crate::wire::Sink) {
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
