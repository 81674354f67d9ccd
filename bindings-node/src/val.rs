//! A JavaScript value, copied out of the engine so that any thread may hold it.
//!
//! The JavaScript half of this binding checks what users pass and flattens it: records become arrays of their fields,
//! dates seconds, host objects handles. So only these few kinds of value ever arrive.

use napi::sys;
use tegata::error::InputError;
use tegata::{Error, Result};

use crate::handle::{self, Handle};

/// One value.
pub(crate) enum Val {
    /// `undefined`: not given.
    Undefined,
    /// `null`: given as nothing.
    Null,
    Bool(bool),
    Number(f64),
    Big(i128),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Val>),
    Handle(Handle),
}

impl Val {
    /// Whether it was left out, one way or the other.
    pub(crate) const fn is_absent(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    /// The items of an array.
    pub(crate) fn list(self) -> Result<Vec<Self>> {
        match self {
            Self::List(items) => Ok(items),
            _ => Err(wrong("a list")),
        }
    }
}

/// The error for a value of the wrong kind. JavaScript checks with better messages before; this is the last line.
pub(crate) fn wrong(wanted: &str) -> Error {
    InputError::Invalid { field: "an argument".to_owned(), reason: format!("is not {wanted}") }.into()
}

/// How deep arguments are nested at most: records within lists within records.
const DEEPEST: u32 = 16;

/// Copies `value` out of the engine.
///
/// # Safety
/// Must be called on the engine's thread with its `env` and a value of the current scope.
pub(crate) unsafe fn read(env: sys::napi_env, value: sys::napi_value) -> Result<Val> {
    // SAFETY: as the caller promises.
    unsafe { read_at(env, value, 0) }
}

unsafe fn read_at(env: sys::napi_env, value: sys::napi_value, depth: u32) -> Result<Val> {
    if depth > DEEPEST {
        return Err(wrong("so deeply nested"));
    }
    let mut kind = sys::ValueType::napi_undefined;
    // SAFETY: all calls get the engine's `env`, a live value and pointers to locals.
    unsafe {
        sys::napi_typeof(env, value, &raw mut kind);
        match kind {
            sys::ValueType::napi_null => Ok(Val::Null),
            sys::ValueType::napi_boolean => {
                let mut flag = false;
                sys::napi_get_value_bool(env, value, &raw mut flag);
                Ok(Val::Bool(flag))
            }
            sys::ValueType::napi_number => {
                let mut number = 0.0;
                sys::napi_get_value_double(env, value, &raw mut number);
                Ok(Val::Number(number))
            }
            sys::ValueType::napi_bigint => read_big(env, value),
            sys::ValueType::napi_string => read_text(env, value),
            sys::ValueType::napi_external => handle::read(env, value).map(Val::Handle),
            sys::ValueType::napi_object => read_object(env, value, depth),
            _ => Ok(Val::Undefined),
        }
    }
}

unsafe fn read_big(env: sys::napi_env, value: sys::napi_value) -> Result<Val> {
    let (mut sign, mut count, mut words) = (0, 2, [0_u64; 2]);
    // SAFETY: `count` says how many words there is room for.
    unsafe { sys::napi_get_value_bigint_words(env, value, &raw mut sign, &raw mut count, words.as_mut_ptr()) };
    let magnitude = i128::try_from(u128::from(words[0]) | u128::from(words[1]) << 64).ok().filter(|_| count <= 2);
    let magnitude = magnitude.ok_or_else(|| wrong("a number of 64 bits"))?;
    Ok(Val::Big(if sign == 0 { magnitude } else { -magnitude }))
}

unsafe fn read_text(env: sys::napi_env, value: sys::napi_value) -> Result<Val> {
    // Most texts are identifiers and names: one call with a buffer on the stack is enough for them.
    let mut short = [0_u8; 128];
    let mut length = 0;
    // SAFETY: the buffers are as long as said; the engine writes a terminating zero after what it counts.
    unsafe {
        sys::napi_get_value_string_utf8(env, value, short.as_mut_ptr().cast(), short.len(), &raw mut length);
        let bytes = if length + 4 < short.len() {
            short.get(..length).unwrap_or_default().to_vec()
        } else {
            sys::napi_get_value_string_utf8(env, value, std::ptr::null_mut(), 0, &raw mut length);
            let mut long = vec![0_u8; length + 1];
            sys::napi_get_value_string_utf8(env, value, long.as_mut_ptr().cast(), long.len(), &raw mut length);
            long.truncate(length);
            long
        };
        String::from_utf8(bytes).map(Val::Text).map_err(|_| wrong("text"))
    }
}

unsafe fn read_object(env: sys::napi_env, value: sys::napi_value, depth: u32) -> Result<Val> {
    let (mut is_array, mut is_typed) = (false, false);
    // SAFETY: the engine's `env`, a live value, pointers to locals.
    unsafe {
        sys::napi_is_array(env, value, &raw mut is_array);
        if is_array {
            let mut length = 0;
            sys::napi_get_array_length(env, value, &raw mut length);
            let mut items = Vec::with_capacity(length as usize);
            for at in 0..length {
                let mut item = std::ptr::null_mut();
                sys::napi_get_element(env, value, at, &raw mut item);
                items.push(read_at(env, item, depth + 1)?);
            }
            return Ok(Val::List(items));
        }
        sys::napi_is_typedarray(env, value, &raw mut is_typed);
        if !is_typed {
            return Err(wrong("one of the values that the JavaScript half passes"));
        }
        let (mut kind, mut length, mut data) = (0, 0, std::ptr::null_mut());
        let (mut buffer, mut offset) = (std::ptr::null_mut(), 0);
        sys::napi_get_typedarray_info(
            env,
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut data,
            &raw mut buffer,
            &raw mut offset,
        );
        if kind != sys::TypedarrayType::uint8_array {
            return Err(wrong("a Uint8Array"));
        }
        // A detached or empty array has no data.
        let bytes: &[u8] = if data.is_null() { &[] } else { std::slice::from_raw_parts(data.cast(), length) };
        Ok(Val::Bytes(bytes.to_vec()))
    }
}
