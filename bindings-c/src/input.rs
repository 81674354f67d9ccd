//! Inputs of several values: structs that begin with their own size, so that they can gain fields at their end.

use std::mem::MaybeUninit;

use tegata::Result;

use crate::boundary::invalid;

/// A struct of the header that begins with `size_t size`.
///
/// # Safety
/// It is `repr(C)`, its first field is `size: usize`, and all its octets zero is a value of it.
pub(crate) unsafe trait Growing: Copy {
    /// Its size when it first appeared: what callers compiled with the oldest header say.
    const OLDEST: usize = size_of::<Self>();
}

/// Declares structs to be [`Growing`].
macro_rules! growing {
    ($($name:ident),* $(,)?) => { $(
        // SAFETY: repr(C), `size` first, and made of numbers, raw pointers and optional function pointers only.
        unsafe impl $crate::input::Growing for $name {}
    )* };
}
pub(crate) use growing;

/// What stands at `pointer`, or all zero for NULL. Fields that the caller's header did not have yet are zero; fields
/// that this
/// library does not have yet must be.
pub(crate) fn sized<T: Growing>(pointer: *const T, field: &str) -> Result<T> {
    maybe_sized(pointer, field)?.ok_or_else(|| invalid(field, "is NULL"))
}

/// As [`sized`], for what may be NULL.
pub(crate) fn maybe_sized<T: Growing>(pointer: *const T, field: &str) -> Result<Option<T>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and every such struct begins with its size.
    let size = unsafe { pointer.cast::<usize>().read() };
    read(pointer.cast(), size, field).map(Some)
}

fn read<T: Growing>(pointer: *const u8, size: usize, field: &str) -> Result<T> {
    if size < T::OLDEST {
        return Err(invalid(field, "has too small a size; set it to sizeof of its type (TEGATA_INIT does)"));
    }
    if size > (1 << 16) {
        return Err(invalid(field, "has an impossible size; set it to sizeof of its type (TEGATA_INIT does)"));
    }
    let mut value = MaybeUninit::<T>::zeroed();
    let known = size.min(size_of::<T>());
    // SAFETY: the caller promises `size` octets there; a `Growing` is fine with any tail of zeros.
    unsafe { std::ptr::copy_nonoverlapping(pointer, value.as_mut_ptr().cast(), known) };
    for at in known..size {
        // SAFETY: within the `size` octets.
        if unsafe { pointer.add(at).read() } != 0 {
            return Err(invalid(field, "uses a field that this version of the library does not have"));
        }
    }
    // SAFETY: all octets are initialised.
    Ok(unsafe { value.assume_init() })
}

/// `len` structs from `pointer` on. They lie as far apart as the first one says it is big.
pub(crate) fn all_sized<T: Growing>(pointer: *const T, len: usize, field: &str) -> Result<Vec<T>> {
    let mut values = Vec::new();
    if len == 0 {
        return Ok(values);
    }
    if pointer.is_null() {
        return Err(invalid(field, "is NULL, but not its length"));
    }
    // SAFETY: not NULL, and every such struct begins with its size.
    let stride = unsafe { pointer.cast::<usize>().read() };
    if stride > (1 << 16) || stride.checked_mul(len).is_none_or(|all| isize::try_from(all).is_err()) {
        return Err(invalid(field, "has an impossible size or length"));
    }
    for index in 0..len {
        let place = pointer.cast::<u8>().wrapping_add(index * stride);
        if index > 0 {
            // SAFETY: the caller promises `len` structs of one size. The first one's size was checked when it was read.
            let size = unsafe { place.cast::<usize>().read_unaligned() };
            if size != stride {
                return Err(invalid(
                    field,
                    "holds items of different sizes; set the size of each to sizeof of its type",
                ));
            }
        }
        values.push(read(place, stride, field)?);
    }
    Ok(values)
}

/// An input that stands for a value of the core.
pub(crate) trait ToCore: Growing {
    /// That value.
    type Core;
    /// Reads the value; texts and numbers in it may still be wrong.
    fn to_core(&self) -> Result<Self::Core>;
}

/// The value that `pointer` stands for.
pub(crate) fn given<T: ToCore>(pointer: *const T, field: &str) -> Result<T::Core> {
    sized(pointer, field)?.to_core()
}

/// The value that `pointer` stands for; `None` for NULL.
pub(crate) fn maybe_given<T: ToCore>(pointer: *const T, field: &str) -> Result<Option<T::Core>> {
    maybe_sized(pointer, field)?.as_ref().map(ToCore::to_core).transpose()
}

/// The value that `pointer` stands for; the default for NULL.
pub(crate) fn given_or_default<T: ToCore>(pointer: *const T, field: &str) -> Result<T::Core>
where
    T::Core: Default,
{
    Ok(maybe_given(pointer, field)?.unwrap_or_default())
}

/// The values that `len` structs stand for.
pub(crate) fn all_given<T: ToCore>(pointer: *const T, len: usize, field: &str) -> Result<Vec<T::Core>> {
    all_sized(pointer, len, field)?.iter().map(ToCore::to_core).collect()
}
