//! Between records and rows: one declaration per table says which field is which column.

use super::schema::{ColumnKind, Table};
use super::{Expect, Row, RowRef, StoreError, Value, Write};
use crate::env::Timestamp;
use crate::id::{Entity as EntityKind, Id, NumberCipher};
use crate::secret::Sealed;

/// A field that stands in a column.
pub(crate) trait Cell: Sized {
    /// What the column holds.
    const KIND: ColumnKind;
    /// Whether that went through a sealer.
    const SEALED: bool = false;
    /// Into the column.
    fn to_value(&self, ids: &NumberCipher) -> Value;
    /// Out of it; `None` when the value cannot have been written by this version.
    fn from_value(value: Value, ids: &NumberCipher) -> Option<Self>;
}

/// A field that is the key of its row.
pub(crate) trait Key: Sized {
    /// The row's key.
    ///
    /// # Errors
    /// `input.unknown_id` when an identifier is not of this registry.
    fn to_key(&self, ids: &NumberCipher) -> Result<u64, crate::Error>;
    /// Back from the row's key.
    fn from_key(key: u64, ids: &NumberCipher) -> Self;
}

/// The authority's number in the lower half, the shard above it; a bit for deltas. So the rows of the first version, which had
/// one list of each authority, are those of shard 0.
impl Key for crate::model::CrlPlace {
    fn to_key(&self, ids: &NumberCipher) -> Result<u64, crate::Error> {
        let authority = ids.number(self.authority)?;
        if authority >> 32 != 0 {
            return Err(crate::Error::defect("an authority's number that is out of all proportion"));
        }
        Ok(u64::from(self.delta) << DELTA | u64::from(self.shard) << 32 | authority)
    }
    fn from_key(key: u64, ids: &NumberCipher) -> Self {
        let shard = u32::try_from(key >> 32 & u64::from(Self::SHARDS - 1)).unwrap_or(0);
        Self { authority: ids.id(key & u64::from(u32::MAX)), shard, delta: key >> DELTA & 1 == 1 }
    }
}

/// The bit of a delta CRL's key.
const DELTA: u32 = 62;

impl Key for u64 {
    fn to_key(&self, _: &NumberCipher) -> Result<u64, crate::Error> {
        Ok(*self)
    }
    fn from_key(key: u64, _: &NumberCipher) -> Self {
        key
    }
}

impl<K: EntityKind> Key for Id<K> {
    fn to_key(&self, ids: &NumberCipher) -> Result<u64, crate::Error> {
        ids.number(*self)
    }
    fn from_key(key: u64, ids: &NumberCipher) -> Self {
        ids.id(key)
    }
}

impl<K: EntityKind> Cell for Id<K> {
    const KIND: ColumnKind = ColumnKind::Int;
    fn to_value(&self, ids: &NumberCipher) -> Value {
        // An identifier of another registry matches no row.
        Value::Int(ids.number(*self).ok().and_then(|n| i64::try_from(n).ok()).unwrap_or(-1))
    }
    fn from_value(value: Value, ids: &NumberCipher) -> Option<Self> {
        match value {
            Value::Int(number) => u64::try_from(number).ok().map(|n| ids.id(n)),
            _ => None,
        }
    }
}

impl Cell for i64 {
    const KIND: ColumnKind = ColumnKind::Int;
    fn to_value(&self, _: &NumberCipher) -> Value {
        Value::Int(*self)
    }
    fn from_value(value: Value, _: &NumberCipher) -> Option<Self> {
        match value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }
}

/// Whole numbers that fit a column because nothing here ever counts that far.
macro_rules! unsigned_cell {
    ($($ty:ty),*) => { $(
        impl Cell for $ty {
            const KIND: ColumnKind = ColumnKind::Int;
            fn to_value(&self, _: &NumberCipher) -> Value {
                Value::Int(i64::try_from(*self).unwrap_or(i64::MAX))
            }
            fn from_value(value: Value, _: &NumberCipher) -> Option<Self> {
                match value {
                    Value::Int(number) => <$ty>::try_from(number).ok(),
                    _ => None,
                }
            }
        }
    )* };
}
unsigned_cell!(u32, u64);

impl Cell for bool {
    const KIND: ColumnKind = ColumnKind::Int;
    fn to_value(&self, _: &NumberCipher) -> Value {
        Value::Int((*self).into())
    }
    fn from_value(value: Value, _: &NumberCipher) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl Cell for Timestamp {
    const KIND: ColumnKind = ColumnKind::Int;
    fn to_value(&self, _: &NumberCipher) -> Value {
        Value::Int(self.unix())
    }
    fn from_value(value: Value, ids: &NumberCipher) -> Option<Self> {
        i64::from_value(value, ids).map(Self::from_unix)
    }
}

impl Cell for String {
    const KIND: ColumnKind = ColumnKind::Text;
    fn to_value(&self, _: &NumberCipher) -> Value {
        Value::Text(self.clone())
    }
    fn from_value(value: Value, _: &NumberCipher) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Cell for Vec<u8> {
    const KIND: ColumnKind = ColumnKind::Bytes;
    fn to_value(&self, _: &NumberCipher) -> Value {
        Value::Bytes(self.clone())
    }
    fn from_value(value: Value, _: &NumberCipher) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl Cell for Sealed {
    const KIND: ColumnKind = ColumnKind::Bytes;
    const SEALED: bool = true;
    fn to_value(&self, _: &NumberCipher) -> Value {
        Value::Bytes(self.as_bytes().to_vec())
    }
    fn from_value(value: Value, ids: &NumberCipher) -> Option<Self> {
        Vec::from_value(value, ids).map(Self)
    }
}

impl<C: Cell> Cell for Option<C> {
    const KIND: ColumnKind = C::KIND;
    const SEALED: bool = C::SEALED;
    fn to_value(&self, ids: &NumberCipher) -> Value {
        self.as_ref().map_or(Value::Null, |inner| inner.to_value(ids))
    }
    fn from_value(value: Value, ids: &NumberCipher) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => C::from_value(value, ids).map(Some),
        }
    }
}

/// A record that has a table.
pub(crate) trait Record: Sized {
    /// Its table.
    const TABLE: &'static Table;

    /// The key of its row.
    ///
    /// # Errors
    /// `input.unknown_id` when an identifier is not of this registry.
    fn key(&self, ids: &NumberCipher) -> Result<u64, crate::Error>;

    /// Its columns.
    fn values(&self, ids: &NumberCipher) -> Vec<Value>;

    /// Back from a row.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], naming table, row and column, for what this version cannot have written.
    fn read(row: Row, ids: &NumberCipher) -> Result<Self, StoreError>;
}

/// A record as it was read: with the version that a later write expects.
#[derive(Clone, Debug)]
pub(crate) struct Stored<T> {
    /// The row's version.
    pub version: u64,
    /// The record.
    pub record: T,
}

impl<T> std::ops::Deref for Stored<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.record
    }
}

/// Reads a row that may be missing.
pub(crate) fn read<T: Record>(row: Option<Row>, ids: &NumberCipher) -> Result<Option<Stored<T>>, StoreError> {
    row.map(|row| Ok(Stored { version: row.version, record: T::read(row, ids)? })).transpose()
}

/// Writes `record`, expecting `expect`.
pub(crate) fn put<T: Record>(record: &T, expect: Expect, ids: &NumberCipher) -> Result<Write, crate::Error> {
    let row = Row { table: T::TABLE, key: record.key(ids)?, version: 0, values: record.values(ids) };
    Ok(Write::Put(row, expect))
}

/// Where the record with this key stands.
pub(crate) fn at<T: Record>(key: u64) -> RowRef {
    RowRef { table: T::TABLE, key }
}

/// Puts a corrupt cell's place into words.
pub(crate) fn corrupt(table: &Table, key: u64, column: &str) -> StoreError {
    StoreError::Corrupt { at: format!("{}.{column} of row {key}", table.name) }
}

/// A text that says no more than the key is not written: it would only fill an index.
pub(super) fn but_own(value: Value, key: &impl std::fmt::Display) -> Value {
    match value {
        Value::Text(text) if text == key.to_string() => Value::Null,
        value => value,
    }
}

/// What [`but_own`] left out.
pub(super) fn or_own(value: Value, key: &impl std::fmt::Display) -> Value {
    match value {
        Value::Null => Value::Text(key.to_string()),
        value => value,
    }
}

/// Declares the table of a record: its name, its key field, and the field, type and index of each column. A column is called
/// as its field, unless `as` says otherwise. A text `or key` is empty where it is the key as people see it.
macro_rules! table {
    ($(#[$meta:meta])* $static:ident $name:literal = $record:ident [$key:ident: $keyty:ty] {
        $( $field:ident $(as $column:literal)? $(or $own:ident)?: $ty:ty $(, $index:ident)?; )*
    }) => {
        $(#[$meta])*
        pub static $static: Table = Table {
            name: $name,
            columns: &[ $( Column {
                name: table!(@name $field $($column)?),
                kind: <$ty as Cell>::KIND,
                index: table!(@index $($index)?),
                sealed: <$ty as Cell>::SEALED,
            }, )* ],
        };

        impl Record for $record {
            const TABLE: &'static Table = &$static;

            fn key(&self, ids: &NumberCipher) -> Result<u64, crate::Error> {
                <$keyty as Key>::to_key(&self.$key, ids)
            }

            fn values(&self, ids: &NumberCipher) -> Vec<Value> {
                vec![ $( table!(@write <$ty as Cell>::to_value(&self.$field, ids), self.$key, $($own)?), )* ]
            }

            fn read(row: Row, ids: &NumberCipher) -> Result<Self, StoreError> {
                let key = row.key;
                let $key = <$keyty as Key>::from_key(key, ids);
                let mut values = row.values.into_iter();
                $(
                    let $field = values
                        .next()
                        .and_then(|value| <$ty as Cell>::from_value(table!(@read value, $key, $($own)?), ids))
                        .ok_or_else(|| corrupt(&$static, key, table!(@name $field $($column)?)))?;
                )*
                if values.next().is_some() {
                    return Err(corrupt(&$static, key, "*"));
                }
                Ok($record { $key, $( $field, )* })
            }
        }
    };
    (@write $value:expr, $key:expr,) => { $value };
    (@write $value:expr, $key:expr, key) => { crate::store::record::but_own($value, &$key) };
    (@read $value:expr, $key:expr,) => { $value };
    (@read $value:expr, $key:expr, key) => { crate::store::record::or_own($value, &$key) };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $column:literal) => { $column };
    (@index) => { crate::store::schema::Index::None };
    (@index $index:ident) => { crate::store::schema::Index::$index };
}
pub(super) use table;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_kinds_follow_from_field_types() {
        assert_eq!(<Option<Timestamp> as Cell>::KIND, ColumnKind::Int);
        assert_eq!(<Sealed as Cell>::KIND, ColumnKind::Bytes);
        const { assert!(<Sealed as Cell>::SEALED && <Option<Sealed> as Cell>::SEALED) };
        const { assert!(!<Vec<u8> as Cell>::SEALED && !<Option<Vec<u8>> as Cell>::SEALED) };
        let column = crate::store::schema::Column {
            name: "x",
            kind: <String as Cell>::KIND,
            index: crate::store::schema::Index::None,
            sealed: <String as Cell>::SEALED,
        };
        assert!(column.kind.admits(&Value::Null) && !column.kind.admits(&Value::Int(1)));
    }
}
