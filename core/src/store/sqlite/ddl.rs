//! From the declared tables to SQL, for new databases and older ones.

use std::collections::BTreeMap;
use std::fmt::Write;

use rusqlite::Connection;

use super::trouble::At;
use crate::store::StoreError;
use crate::store::schema::{Column, ColumnKind, Schema, Table};

/// The counters; the only table that is not declared in a schema.
pub(super) const COUNTERS: &str = "CREATE TABLE tegata_counter (name TEXT NOT NULL, of INTEGER NOT NULL, \
     value INTEGER NOT NULL, PRIMARY KEY (name, of)) STRICT, WITHOUT ROWID";

const fn sql_type(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Int => "INTEGER",
        ColumnKind::Text => "TEXT",
        ColumnKind::Bytes => "BLOB",
    }
}

fn create_table(table: &Table) -> String {
    let mut sql = format!("CREATE TABLE \"{}\" (key INTEGER PRIMARY KEY, version INTEGER NOT NULL", table.name);
    for column in table.columns {
        let _ = write!(sql, ", \"{}\" {}", column.name, sql_type(column.kind));
    }
    sql.push_str(") STRICT");
    sql
}

/// The name of a column's index; it tells table, column and sort apart, since no name holds two underscores.
fn index_name(table: &Table, column: &Column) -> String {
    let sort = if column.index.is_unique() { "unique" } else { "ordered" };
    format!("{}__{}__{sort}", table.name, column.name)
}

fn create_index(table: &Table, column: &Column) -> String {
    let unique = if column.index.is_unique() { "UNIQUE " } else { "" };
    let (name, index, column) = (table.name, index_name(table, column), column.name);
    // Rows without a value stay out: most columns that may be empty mostly are.
    format!("CREATE {unique}INDEX \"{index}\" ON \"{name}\" (\"{column}\") WHERE \"{column}\" IS NOT NULL")
}

/// What there is of one table.
struct Existing {
    /// The columns' SQL types by name.
    columns: BTreeMap<String, String>,
    indexes: Vec<String>,
}

fn existing(connection: &Connection, table: &Table) -> rusqlite::Result<Existing> {
    let mut columns = connection.prepare("SELECT name, type FROM pragma_table_info(?1)")?;
    let columns = columns.query_map([table.name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut indexes = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1")?;
    let indexes = indexes.query_map([table.name], |row| row.get(0))?;
    Ok(Existing { columns: columns.collect::<Result<_, _>>()?, indexes: indexes.collect::<Result<_, _>>()? })
}

/// The statements that bring `table` from what there is to what is declared. Only additions, and indexes that changed.
fn steps(table: &Table, there: &Existing) -> Result<Vec<String>, StoreError> {
    let mut steps = Vec::new();
    if there.columns.is_empty() {
        steps.push(create_table(table));
    } else {
        for column in table.columns {
            match there.columns.get(column.name) {
                Some(found) if found == sql_type(column.kind) => {}
                Some(_) => return Err(StoreError::Corrupt { at: format!("{}.{}", table.name, column.name) }),
                None => steps.push(format!(
                    "ALTER TABLE \"{}\" ADD COLUMN \"{}\" {}",
                    table.name,
                    column.name,
                    sql_type(column.kind)
                )),
            }
        }
    }
    let indexed = || table.columns.iter().filter(|column| column.index.is_ordered());
    for index in &there.indexes {
        let is_ours = index.starts_with(&format!("{}__", table.name));
        if is_ours && !indexed().any(|column| index_name(table, column) == *index) {
            steps.push(format!("DROP INDEX \"{index}\""));
        }
    }
    let missing = indexed().filter(|column| !there.indexes.contains(&index_name(table, column)));
    steps.extend(missing.map(|column| create_index(table, column)));
    Ok(steps)
}

/// Whether the table has all columns and indexes that are declared, and no index of ours besides.
pub(super) fn is_as_declared(connection: &Connection, table: &Table) -> Result<bool, StoreError> {
    let there = existing(connection, table).at(table.name)?;
    Ok(steps(table, &there).is_ok_and(|steps| steps.is_empty()))
}

/// Brings the database to `schema`, within the transaction that the caller has begun.
pub(super) fn migrate(connection: &Connection, schema: &Schema) -> Result<(), StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).at("the file")?;
    let found = u32::try_from(found).map_err(|_| StoreError::Corrupt { at: "the schema version".to_owned() })?;
    if found > schema.version {
        return Err(StoreError::Schema { found, supported: schema.version });
    }
    for table in schema.tables {
        let there = existing(connection, table).at(table.name)?;
        let steps = steps(table, &there)?;
        if found == schema.version && !steps.is_empty() {
            return Err(StoreError::Corrupt { at: format!("the structure of table {}", table.name) });
        }
        steps.iter().try_for_each(|step| connection.execute_batch(step)).at(table.name)?;
    }
    if found < schema.version {
        connection.pragma_update(None, "user_version", schema.version).at("the file")?;
    }
    Ok(())
}
