//! Values on their way to PostgreSQL and back.
//!
//! PostgreSQL keeps any text but one with a NUL in it. So the four lowest characters, which hardly any text holds, are
//! written as pairs of other ones; the order of texts, their prefixes and what they contain stay what they were:
//! U+0000 to U+0003 become U+0001 and U+0002 or U+0003, twice, so that no part of a pair is ever taken for something else.

use std::borrow::Cow;

use tokio_postgres::types::ToSql;

use crate::store::schema::{ColumnKind, Table};
use crate::store::{Row, StoreError, Value};

/// A parameter of a statement.
pub(super) type Param<'a> = Box<dyn ToSql + Sync + 'a>;

const LEAD: char = '\u{1}';

const fn code(low: char) -> Option<[char; 3]> {
    match low {
        '\u{0}' => Some([LEAD, '\u{2}', '\u{2}']),
        '\u{1}' => Some([LEAD, '\u{2}', '\u{3}']),
        '\u{2}' => Some([LEAD, '\u{3}', '\u{2}']),
        '\u{3}' => Some([LEAD, '\u{3}', '\u{3}']),
        _ => None,
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte > 3)
}

/// The text as it is stored.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match code(c) {
            Some(pair) => escaped.extend(pair),
            None => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// The text that was stored so, if it can be one.
pub(super) fn unescape(text: &str) -> Option<String> {
    if is_plain(text) {
        return Some(text.to_owned());
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            LEAD => match (chars.next()?, chars.next()?) {
                ('\u{2}', '\u{2}') => '\u{0}',
                ('\u{2}', '\u{3}') => '\u{1}',
                ('\u{3}', '\u{2}') => '\u{2}',
                ('\u{3}', '\u{3}') => '\u{3}',
                _ => return None,
            },
            '\u{0}'..='\u{3}' => return None,
            c => c,
        });
    }
    Some(plain)
}

/// One value; `Null` has no type of its own and is not asked for this way.
pub(super) fn param(value: &Value) -> Param<'_> {
    match value {
        Value::Null => Box::new(None::<i64>),
        Value::Int(value) => Box::new(*value),
        Value::Text(value) => Box::new(escape(value)),
        Value::Bytes(value) => Box::new(value.as_slice()),
    }
}

/// Many values of one column, as an array.
pub(super) fn array<'a>(kind: ColumnKind, values: impl Iterator<Item = &'a Value>) -> Param<'a> {
    match kind {
        ColumnKind::Int => Box::new(
            values.map(|v| if let Value::Int(value) = v { Some(*value) } else { None }).collect::<Vec<Option<i64>>>(),
        ),
        ColumnKind::Text => Box::new(
            values
                .map(|v| if let Value::Text(value) = v { Some(escape(value)) } else { None })
                .collect::<Vec<Option<Cow<'_, str>>>>(),
        ),
        ColumnKind::Bytes => Box::new(
            values
                .map(|v| if let Value::Bytes(value) = v { Some(value.as_slice()) } else { None })
                .collect::<Vec<Option<&[u8]>>>(),
        ),
    }
}

/// Numbers of rows, versions and the like: the signed number with these bits.
pub(super) fn numbers(values: impl Iterator<Item = u64>) -> Param<'static> {
    Box::new(values.map(u64::cast_signed).collect::<Vec<i64>>())
}

/// The value in a column, if it is of this kind.
pub(super) fn read(kind: ColumnKind, row: &tokio_postgres::Row, at: usize) -> Option<Value> {
    Some(
        match kind {
            ColumnKind::Int => row.try_get::<_, Option<i64>>(at).ok()?.map(Value::Int),
            ColumnKind::Text => match row.try_get::<_, Option<&str>>(at).ok()? {
                Some(text) => Some(Value::Text(unescape(text)?)),
                None => None,
            },
            ColumnKind::Bytes => row.try_get::<_, Option<&[u8]>>(at).ok()?.map(|bytes| Value::Bytes(bytes.to_vec())),
        }
        .unwrap_or_default(),
    )
}

/// The number in a column.
pub(super) fn number(row: &tokio_postgres::Row, at: usize, place: &str) -> Result<i64, StoreError> {
    row.try_get::<_, i64>(at).map_err(|_| StoreError::Corrupt { at: place.to_owned() })
}

/// A whole row: key, version, values.
pub(super) fn row(table: &'static Table, row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let key = number(row, 0, table.name)?.cast_unsigned();
    let version = number(row, 1, table.name)?.cast_unsigned();
    let columns = table.columns.iter().enumerate();
    let values = columns.map(|(at, column)| {
        read(column.kind, row, at + 2)
            .ok_or_else(|| StoreError::Corrupt { at: format!("{}.{}", table.name, column.name) })
    });
    Ok(Row { table, key, version, values: values.collect::<Result<_, _>>()? })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_comes_back_and_none_holds_a_nul(text in "[\u{0}-\u{6}ab🛂]{0,8}|\\PC{0,8}") {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains('\0'));
            prop_assert_eq!(unescape(&escaped).unwrap(), text);
        }

        #[test]
        fn order_prefixes_and_parts_stay_what_they_were(a in "[\u{0}-\u{5}a]{0,5}", b in "[\u{0}-\u{5}a]{0,3}") {
            prop_assert_eq!(escape(&a).cmp(&escape(&b)), a.cmp(&b));
            prop_assert_eq!(escape(&a).starts_with(&*escape(&b)), a.starts_with(&b));
            prop_assert_eq!(escape(&a).contains(&*escape(&b)), a.contains(&b));
        }

        #[test]
        fn what_nobody_wrote_is_no_text(text in "[\u{0}-\u{5}a]{0,6}") {
            if let Some(plain) = unescape(&text) {
                prop_assert_eq!(escape(&plain), text);
            }
        }
    }
}
