//! Whether a schema, a row or a question makes sense, decided once for every store from the declaration alone.

use super::schema::{Column, ColumnKind, Index, Schema, Table};
use super::{Cursor, Filter, MAX_PAGE, Match, Query, Row, StoreError, Tally, Value, Write};

/// The most values in one [`Match::In`]: what one page can hold.
pub const MAX_IN: usize = MAX_PAGE as usize;

fn invalid(reason: String) -> StoreError {
    StoreError::InvalidQuery { reason }
}

fn is_name(name: &str) -> bool {
    name.len() <= 48
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !name.contains("__")
}

impl Schema {
    /// Whether every name can be a name in every store: lower-case ASCII, no repetition, nothing reserved.
    ///
    /// # Errors
    /// [`StoreError::InvalidQuery`] naming the table or column that cannot.
    pub fn check(&self) -> Result<(), StoreError> {
        for (at, table) in self.tables.iter().enumerate() {
            let reserved = table.name.starts_with("tegata_") || table.name.starts_with("sqlite_");
            if !is_name(table.name) || reserved || self.tables.iter().take(at).any(|t| t.name == table.name) {
                return Err(invalid(format!("{} cannot be the name of a table, or is used twice", table.name)));
            }
            for (position, column) in table.columns.iter().enumerate() {
                let reserved = matches!(column.name, "key" | "version" | "rowid" | "oid");
                if !is_name(column.name) || reserved || table.position(column.name) != Some(position) {
                    return Err(invalid(format!(
                        "{}.{} cannot be the name of a column, or is used twice",
                        table.name, column.name
                    )));
                }
            }
        }
        Ok(())
    }
}

impl Table {
    /// The column of this name.
    ///
    /// # Errors
    /// [`StoreError::InvalidQuery`] when there is none.
    pub fn column(&self, name: &str) -> Result<(usize, &'static Column), StoreError> {
        let columns = self.columns;
        self.position(name)
            .and_then(|at| columns.get(at).map(|column| (at, column)))
            .ok_or_else(|| invalid(format!("{} has no column {name}", self.name)))
    }
}

impl Index {
    /// Whether rows can be found and ordered by the column without looking at all of them.
    pub const fn is_ordered(self) -> bool {
        matches!(self, Self::Ordered | Self::Unique | Self::UniqueSearchable)
    }

    /// Whether no two rows may have the same value.
    pub const fn is_unique(self) -> bool {
        matches!(self, Self::Unique | Self::UniqueSearchable)
    }

    /// Whether [`Match::Contains`] is allowed.
    pub const fn is_searchable(self) -> bool {
        matches!(self, Self::Searchable | Self::UniqueSearchable)
    }
}

impl Row {
    /// Whether the row has one value of the right kind per column.
    ///
    /// # Errors
    /// [`StoreError::InvalidQuery`] naming the column that has not.
    pub fn check(&self) -> Result<(), StoreError> {
        let columns = self.table.columns;
        if columns.len() != self.values.len() {
            let (have, want) = (self.values.len(), columns.len());
            return Err(invalid(format!("a row of {} has {want} values, this one {have}", self.table.name)));
        }
        match columns.iter().zip(&self.values).find(|(column, value)| !column.kind.admits(value)) {
            Some((column, _)) => {
                Err(invalid(format!("{}.{} does not hold values of this kind", self.table.name, column.name)))
            }
            None => Ok(()),
        }
    }
}

impl Write {
    /// Whether what is written fits the table.
    ///
    /// # Errors
    /// As [`Row::check`].
    pub fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Put(row, _) => row.check(),
            Self::Delete(..) | Self::Require(..) | Self::Add { .. } => Ok(()),
        }
    }
}

impl Filter {
    fn check(&self, table: &Table) -> Result<(), StoreError> {
        let (_, column) = table.column(self.column)?;
        let fits = |value: &Value| column.kind.admits(value);
        let bound = |value: &Option<Value>| value.as_ref().is_none_or(|v| *v != Value::Null && fits(v));
        let reason = match &self.is {
            Match::Eq(value) if !fits(value) => "is compared with a value of another kind",
            Match::In(values) if !values.iter().all(fits) => "is compared with a value of another kind",
            Match::In(values) if values.len() > MAX_IN => "is compared with too many values at once",
            Match::Range { from, to } if !bound(from) || !bound(to) => "has a bound of another kind",
            Match::Prefix(_) if column.kind != ColumnKind::Text => "is not text, so it has no prefix",
            Match::Prefix(_) if column.index == Index::None => "is neither indexed nor declared searchable",
            Match::Contains(_) if column.kind == ColumnKind::Int => "is a number, so nothing is contained in it",
            Match::Contains(_) if !column.index.is_searchable() => "is not declared searchable",
            _ => return Ok(()),
        };
        Err(invalid(format!("{}.{} {reason}", table.name, column.name)))
    }

    /// Whether `value`, that of the filter's column in some row, passes.
    pub(crate) fn passes(&self, value: &Value) -> bool {
        if *value == Value::Null {
            return self.is == Match::Eq(Value::Null);
        }
        match &self.is {
            Match::Eq(wanted) => value == wanted,
            Match::In(wanted) => wanted.contains(value),
            Match::Range { from, to } => {
                from.as_ref().is_none_or(|from| value >= from) && to.as_ref().is_none_or(|to| value < to)
            }
            Match::Prefix(prefix) => matches!(value, Value::Text(text) if text.starts_with(prefix.as_str())),
            Match::Contains(part) => match value {
                Value::Text(text) => text.contains(part.as_str()),
                Value::Bytes(bytes) => data_encoding::HEXUPPER.encode(bytes).contains(part.as_str()),
                Value::Int(_) | Value::Null => false,
            },
        }
    }
}

impl Query {
    /// Whether the question can be answered by a store of this schema: columns exist, are of the right kind and are
    /// declared for what is asked.
    ///
    /// # Errors
    /// [`StoreError::InvalidQuery`] naming the column that is not.
    pub fn check(&self) -> Result<(), StoreError> {
        self.filters.iter().try_for_each(|filter| filter.check(self.table))?;
        let order = self.order.map(|name| self.table.column(name)).transpose()?;
        if let Some((_, column)) = order
            && !column.index.is_ordered()
        {
            return Err(invalid(format!("{}.{} is not indexed, so it orders nothing", self.table.name, column.name)));
        }
        match (&self.after, order) {
            (Some(Cursor { value: Value::Null, .. }), Some(_)) => Err(invalid("the cursor lacks a value".to_owned())),
            (Some(Cursor { value, .. }), Some((_, column))) if !column.kind.admits(value) => {
                Err(invalid("the cursor belongs to another order".to_owned()))
            }
            (Some(Cursor { value, .. }), None) if *value != Value::Null => {
                Err(invalid("the cursor belongs to another order".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// How many rows the page may hold.
    pub fn page_size(&self) -> usize {
        usize::try_from(self.limit.clamp(1, MAX_PAGE)).unwrap_or(1)
    }
}

impl Tally {
    /// Whether the question can be answered by a store of this schema.
    ///
    /// # Errors
    /// [`StoreError::InvalidQuery`] naming what cannot.
    pub fn check(&self) -> Result<(), StoreError> {
        self.filters.iter().try_for_each(|filter| filter.check(self.table))?;
        let by = self.by.map(|name| self.table.column(name)).transpose()?;
        match (self.bucket, by) {
            (None, _) => Ok(()),
            (Some(width), _) if width < 1 => Err(invalid("a bucket is at least 1 wide".to_owned())),
            (Some(_), Some((_, column))) if column.kind == ColumnKind::Int => Ok(()),
            (Some(_), _) => Err(invalid("only numbers can be counted in buckets".to_owned())),
        }
    }
}

/// The least text above all those that begin with `prefix`, if there is one. Valid for comparison by bytes, since
/// UTF-8 sorts as its code points do.
pub(crate) fn after_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        let next = match last {
            char::MAX => continue,
            '\u{D7FF}' => Some('\u{E000}'),
            other => char::from_u32(u32::from(other) + 1),
        };
        chars.extend(next);
        return Some(chars.into_iter().collect());
    }
    None
}

/// `value` rounded down to a multiple of `width`, or the least number if there is no such multiple.
pub(crate) const fn bucket_of(value: i64, width: i64) -> i64 {
    match value.checked_rem_euclid(width) {
        Some(rest) => value.saturating_sub(rest),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_follows_a_prefix_is_above_all_that_begin_with_it(prefix in "\\PC{0,4}", rest in "\\PC{0,4}") {
            let text = format!("{prefix}{rest}");
            match after_prefix(&prefix) {
                Some(end) => prop_assert!(text.as_str() < end.as_str() && !end.starts_with(&prefix)),
                None => prop_assert!(prefix.chars().all(|c| c == char::MAX)),
            }
        }

        #[test]
        fn buckets_begin_at_multiples_below_their_values(value: i64, width in 1..=i64::MAX) {
            let bucket = bucket_of(value, width);
            prop_assert!(bucket <= value);
            prop_assert!(bucket == i64::MIN || bucket % width == 0);
            prop_assert!(i128::from(value) - i128::from(bucket) < i128::from(width));
        }
    }

    #[test]
    fn the_text_after_the_last_character_of_a_plane_is_still_text() {
        assert_eq!(after_prefix("a\u{D7FF}").as_deref(), Some("a\u{E000}"));
        assert_eq!(after_prefix("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{10FFFF}"), None);
        assert_eq!(after_prefix(""), None);
    }
}
