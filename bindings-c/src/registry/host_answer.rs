//! What a store of the host's answers: rows and counts, copied and checked as they come in.

use tegata::store::schema::Table;
use tegata::store::{Cursor, Row, Value};

use super::host_question::{tegata_value, tegata_value_type};
use super::prelude::*;

fn value(value: *const tegata_value) -> Result<Value> {
    const INT: c_int = tegata_value_type::Int as c_int;
    const TEXT: c_int = tegata_value_type::Text as c_int;
    const BYTES: c_int = tegata_value_type::Bytes as c_int;
    let value = shared(value, "value")?;
    let octets = || value.bytes.get("value").map(<[u8]>::to_vec);
    match value.r#type.get() {
        0 => Ok(Value::Null),
        INT => Ok(Value::Int(value.integer)),
        TEXT => String::from_utf8(octets()?).map(Value::Text).map_err(|_| invalid("text", "is not UTF-8")),
        BYTES => octets().map(Value::Bytes),
        _ => Err(invalid("value", "has a type that is none")),
    }
}

/// Takes the rows that a store answers with.
pub struct tegata_rows {
    /// The table of each row to come; the last one's also that of all that follow.
    tables: Vec<&'static Table>,
    most: usize,
    /// The rows, `None` for those that are missing.
    pub(super) rows: Vec<Option<Row>>,
    /// Where to go on.
    pub(super) next: Option<Cursor>,
    /// How many match in all.
    pub(super) total: Option<u64>,
    trouble: Option<Error>,
}

impl tegata_rows {
    /// A place for up to `most` rows, the first of the first table and so on.
    pub(super) const fn of(tables: Vec<&'static Table>, most: usize) -> Self {
        Self { tables, most, rows: Vec::new(), next: None, total: None, trouble: None }
    }

    fn table(&self) -> Result<&'static Table> {
        let table = self.tables.get(self.rows.len()).or(self.tables.last());
        table.copied().ok_or_else(|| invalid("the answer", "has rows, though none were asked for"))
    }

    /// The first thing that was wrong with what came in.
    pub(super) fn sound(self) -> Result<Self, String> {
        match self.trouble {
            Some(error) => Err(error.to_string()),
            None => Ok(self),
        }
    }

    fn note(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) {
        if let Err(error) = work(self) {
            self.trouble.get_or_insert(error);
        }
    }

    fn push(&mut self, row: Option<Row>) -> Result<()> {
        if self.rows.len() >= self.most {
            return Err(invalid("the answer", "has more rows than were asked for"));
        }
        self.rows.push(row);
        Ok(())
    }
}

/// Adds a row to an answer, with one value per column of its table. Everything is copied. Only inside the callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_rows_add(
    rows: *mut tegata_rows,
    key: u64,
    version: u64,
    values: *const tegata_value,
    values_len: usize,
) {
    // SAFETY: what the callback got, or NULL.
    let Some(rows) = (unsafe { rows.as_mut() }) else { return };
    rows.note(|rows| {
        let values = slice(values, values_len, "values")?.iter().map(|cell| value(cell)).collect::<Result<_>>()?;
        let row = Row { table: rows.table()?, key, version, values };
        row.check()?;
        rows.push(Some(row))
    });
}

/// Answers that a row which was asked for by its key does not exist. Only inside the callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_rows_add_missing(rows: *mut tegata_rows) {
    // SAFETY: what the callback got, or NULL.
    if let Some(rows) = unsafe { rows.as_mut() } {
        rows.note(|rows| rows.push(None));
    }
}

/// Answers that more rows match than this page holds, the last of which has this key and, in the column of the order,
/// this
/// value (null when ordered by key). Only inside the callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_rows_next(rows: *mut tegata_rows, last_value: *const tegata_value, last_key: u64) {
    // SAFETY: what the callback got, or NULL.
    if let Some(rows) = unsafe { rows.as_mut() } {
        rows.note(|rows| {
            rows.next = Some(Cursor { value: value(last_value)?, key: last_key });
            Ok(())
        });
    }
}

/// Answers how many rows match in all. Only inside the callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_rows_total(rows: *mut tegata_rows, total: u64) {
    // SAFETY: what the callback got, or NULL.
    if let Some(rows) = unsafe { rows.as_mut() } {
        rows.total = Some(total);
    }
}

/// Takes the counts that a store answers with.
pub struct tegata_tallies {
    counts: Vec<(Value, u64)>,
    trouble: Option<Error>,
}

impl tegata_tallies {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self { counts: Vec::new(), trouble: None }
    }

    /// The counts, unless something was wrong with them.
    pub(super) fn sound(self) -> Result<Vec<(Value, u64)>, String> {
        match self.trouble {
            Some(error) => Err(error.to_string()),
            None => Ok(self.counts),
        }
    }
}

/// Adds how many rows have a value; in the order of the values. Only inside the callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_tallies_add(tallies: *mut tegata_tallies, counted: *const tegata_value, count: u64) {
    // SAFETY: what the callback got, or NULL.
    let Some(tallies) = (unsafe { tallies.as_mut() }) else { return };
    match value(counted) {
        Ok(value) => tallies.counts.push((value, count)),
        Err(error) => {
            tallies.trouble.get_or_insert(error);
        }
    }
}
