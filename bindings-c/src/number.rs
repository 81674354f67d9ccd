//! Enums at the boundary are plain numbers: a number that stands for nothing is refused, not undefined behaviour.

use std::ffi::c_int;
use std::marker::PhantomData;

use crate::boundary::invalid;
use tegata::Result;

/// A number that stands for a variant of `E`, or for nothing. In the header it appears as `E` itself.
#[repr(transparent)]
pub struct Number<E>(c_int, PhantomData<E>);

impl<E> Clone for Number<E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<E> Copy for Number<E> {}

impl<E> Number<E> {
    /// The number itself.
    pub(crate) const fn of(number: c_int) -> Self {
        Self(number, PhantomData)
    }

    /// What C wrote.
    pub(crate) const fn get(self) -> c_int {
        self.0
    }

    /// The number of a value, or 0 without one.
    pub(crate) fn maybe<C>(value: Option<C>) -> Self
    where
        Self: From<C>,
    {
        value.map_or(Self::of(0), Self::from)
    }

    /// What the number stands for.
    pub(crate) fn core<C>(self, field: &str) -> Result<C>
    where
        Self: Means<C>,
    {
        self.meaning().ok_or_else(|| invalid(field, "is not a number of its enum"))
    }

    /// What the number stands for; nothing for 0.
    pub(crate) fn optional<C>(self, field: &str) -> Result<Option<C>>
    where
        Self: Means<C>,
    {
        if self.0 == 0 { Ok(None) } else { self.core(field).map(Some) }
    }

    /// What the number stands for; the default for 0.
    pub(crate) fn or_default<C: Default>(self, field: &str) -> Result<C>
    where
        Self: Means<C>,
    {
        Ok(self.optional(field)?.unwrap_or_default())
    }
}

/// A number that stands for a value of the core.
pub(crate) trait Means<C> {
    /// The value, if there is one.
    fn meaning(self) -> Option<C>;
}

/// Ties the variants of an enum of the header to those of the core that have the same names.
macro_rules! same_variants {
    ($c:ident = $core:ty { $($variant:ident),* $(,)? }) => {
        impl From<$core> for $crate::number::Number<$c> {
            fn from(value: $core) -> Self {
                // A variant that the core gains and the header does not know yet is 0.
                #[allow(unreachable_patterns)]
                match value {
                    $( <$core>::$variant => Self::of($c::$variant as std::ffi::c_int), )*
                    _ => Self::of(0),
                }
            }
        }
        impl $crate::number::Means<$core> for $crate::number::Number<$c> {
            fn meaning(self) -> Option<$core> {
                $( if self.get() == $c::$variant as std::ffi::c_int { return Some(<$core>::$variant); } )*
                None
            }
        }
    };
}
pub(crate) use same_variants;
