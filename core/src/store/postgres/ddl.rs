//! From the declared tables to SQL, for new schemas and older ones.

use std::collections::BTreeMap;
use std::fmt::Write;

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use tokio_postgres::Client;

use super::statements::{qualified, sql_type};
use super::trouble::Trouble;
use crate::store::StoreError;
use crate::store::schema::{Column, ColumnKind, Schema, Table};

/// Whoever changes tables holds this lock meanwhile: "tegata" and nothing else.
const LOCK: i64 = 0x7465_6761_7461;

/// The longest name that PostgreSQL keeps whole.
const LONGEST_NAME: usize = 63;

fn create_table(schema: &str, table: &Table) -> String {
    let name = qualified(schema, table.name);
    let mut sql = format!("CREATE TABLE {name} (key bigint PRIMARY KEY, version bigint NOT NULL");
    for column in table.columns {
        let _ = write!(sql, ", {}", declared(column));
    }
    sql.push(')');
    sql
}

fn declared(column: &Column) -> String {
    // Compared by bytes, whatever the database's language.
    let collation = if column.kind == ColumnKind::Text { " COLLATE \"C\"" } else { "" };
    format!("\"{}\" {}{collation}", column.name, sql_type(column.kind))
}

/// The name of a column's index; it tells table, column and sort apart, since no name holds two underscores.
fn index_name(table: &Table, column: &Column) -> String {
    let sort = if column.index.is_unique() { "unique" } else { "ordered" };
    let name = format!("{}__{}__{sort}", table.name, column.name);
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let tail = HEXLOWER.encode(digest(&SHA256, name.as_bytes()).as_ref().get(..8).unwrap_or_default());
    format!("{}__{tail}", name.get(..LONGEST_NAME - 18).unwrap_or_default())
}

fn create_index(schema: &str, table: &Table, column: &Column) -> String {
    let (index, name, column_name) = (index_name(table, column), qualified(schema, table.name), column.name);
    let (unique, key) = if column.index.is_unique() { ("UNIQUE ", "") } else { ("", ", key") };
    // Rows without a value stay out: most columns that may be empty mostly are. The key makes pages begin anywhere.
    format!("CREATE {unique}INDEX \"{index}\" ON {name} (\"{column_name}\"{key}) WHERE \"{column_name}\" IS NOT NULL")
}

/// What there is of one table.
struct Existing {
    /// The columns' SQL types by name.
    columns: BTreeMap<String, String>,
    indexes: Vec<String>,
}

async fn existing(client: &Client, schema: &str, table: &Table) -> Result<Existing, Trouble> {
    let columns = "SELECT column_name::text, data_type::text FROM information_schema.columns \
                   WHERE table_schema = $1 AND table_name = $2";
    let columns = client.query(columns, &[&schema, &table.name]).await?;
    let indexes = "SELECT indexname::text FROM pg_catalog.pg_indexes WHERE schemaname = $1 AND tablename = $2";
    let indexes = client.query(indexes, &[&schema, &table.name]).await?;
    Ok(Existing {
        columns: columns.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, Trouble>>()?,
        indexes: indexes.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<_, Trouble>>()?,
    })
}

/// The statements that bring `table` from what there is to what is declared. Only additions, and indexes that changed.
fn steps(schema: &str, table: &Table, there: &Existing) -> Result<Vec<String>, StoreError> {
    let mut steps = Vec::new();
    let name = qualified(schema, table.name);
    if there.columns.is_empty() {
        steps.push(create_table(schema, table));
    } else {
        if !there.columns.contains_key("key") || !there.columns.contains_key("version") {
            return Err(StoreError::Corrupt { at: format!("the structure of table {}", table.name) });
        }
        for column in table.columns {
            match there.columns.get(column.name) {
                Some(found) if found == sql_type(column.kind) => {}
                Some(_) => return Err(StoreError::Corrupt { at: format!("{}.{}", table.name, column.name) }),
                None => steps.push(format!("ALTER TABLE {name} ADD COLUMN {}", declared(column))),
            }
        }
    }
    let indexed = || table.columns.iter().filter(|column| column.index.is_ordered());
    for index in &there.indexes {
        let is_ours = index.starts_with(&format!("{}__", table.name));
        if is_ours && !indexed().any(|column| index_name(table, column) == *index) {
            steps.push(format!("DROP INDEX {}", qualified(schema, index)));
        }
    }
    let missing = indexed().filter(|column| !there.indexes.contains(&index_name(table, column)));
    steps.extend(missing.map(|column| create_index(schema, table, column)));
    Ok(steps)
}

/// The tables that are not declared in a schema: which version the others are of, the counters, and the last commit of each
/// writer, by which it is known what became of one whose answer was lost.
fn own_tables(schema: &str) -> [String; 3] {
    [
        format!(
            "CREATE TABLE {} (\"id\" bigint PRIMARY KEY, \"version\" bigint NOT NULL)",
            qualified(schema, "tegata_schema")
        ),
        format!(
            "CREATE TABLE {} (\"name\" text COLLATE \"C\" NOT NULL, \"of\" bigint NOT NULL, \"value\" bigint NOT NULL, \
             PRIMARY KEY (\"name\", \"of\"))",
            qualified(schema, "tegata_counter")
        ),
        format!(
            "CREATE TABLE {} (\"id\" bigint PRIMARY KEY, \"commit\" bigint NOT NULL, \"at\" timestamptz NOT NULL)",
            qualified(schema, "tegata_writer")
        ),
    ]
}

fn foreign(reason: &str) -> Trouble {
    Trouble::Told(StoreError::NotADatabase { reason: reason.to_owned() })
}

/// Makes the schema and the tables that do not depend on the declaration, or makes sure that they are there.
pub(super) async fn initialise(client: &Client, schema: &str, create: bool) -> Result<(), Trouble> {
    if is_ours(client, schema).await? {
        return Ok(());
    }
    if !create {
        return Err(foreign("the schema holds no registry; check the URL, or allow it to be made"));
    }
    locked(client, async {
        if is_ours(client, schema).await? {
            return Ok(());
        }
        let there = client.query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", &[&schema]).await?;
        if there.is_empty() {
            client.batch_execute(&format!("CREATE SCHEMA \"{schema}\"")).await?;
        }
        for statement in own_tables(schema) {
            client.batch_execute(&statement).await?;
        }
        let insert = format!("INSERT INTO {} VALUES (1, 0)", qualified(schema, "tegata_schema"));
        client.batch_execute(&insert).await?;
        Ok(())
    })
    .await
}

async fn is_ours(client: &Client, schema: &str) -> Result<bool, Trouble> {
    let sql = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'tegata_schema'";
    Ok(!client.query(sql, &[&schema]).await?.is_empty())
}

/// Runs `work` in a transaction, while no other process changes tables.
async fn locked(client: &Client, work: impl Future<Output = Result<(), Trouble>>) -> Result<(), Trouble> {
    // An index on a large table takes its time, and so may whoever has the lock.
    client
        .batch_execute("BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        .await?;
    let worked = async {
        client.query("SELECT pg_catalog.pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        work.await
    };
    match worked.await {
        Ok(()) => Ok(client.batch_execute("COMMIT").await?),
        Err(trouble) => {
            client.batch_execute("ROLLBACK").await?;
            Err(trouble)
        }
    }
}

/// Brings the tables to what is declared.
pub(super) async fn migrate(client: &Client, name: &str, schema: &Schema) -> Result<(), Trouble> {
    let mut changed = false;
    locked(client, async {
        let versions = qualified(name, "tegata_schema");
        let found = client.query(&format!("SELECT \"version\" FROM {versions} WHERE \"id\" = 1"), &[]).await?;
        let corrupt = || Trouble::Told(StoreError::Corrupt { at: "the schema version".to_owned() });
        let found: i64 = found.first().ok_or_else(corrupt)?.try_get(0)?;
        let found = u32::try_from(found).map_err(|_| corrupt())?;
        if found > schema.version {
            return Err(StoreError::Schema { found, supported: schema.version }.into());
        }
        for table in schema.tables {
            let there = existing(client, name, table).await?;
            if found == 0 && !there.columns.is_empty() {
                return Err(foreign("the schema holds tables of another program under our names; use one of its own"));
            }
            let steps = steps(name, table, &there)?;
            if found == schema.version && !steps.is_empty() {
                return Err(StoreError::Corrupt { at: format!("the structure of table {}", table.name) }.into());
            }
            for step in steps {
                client.batch_execute(&step).await?;
            }
        }
        if found < schema.version {
            let update = format!("UPDATE {versions} SET \"version\" = {} WHERE \"id\" = 1", schema.version);
            client.batch_execute(&update).await?;
            changed = true;
        }
        Ok(())
    })
    .await?;
    if changed {
        leave_uncompressed(client, name, schema).await;
    }
    Ok(())
}

/// Has long octets kept as they are: certificates, secrets and signatures do not get shorter, and what does, the entries of
/// CRLs, takes twice as long to read when it was compressed. A server that knows no such setting goes on without.
async fn leave_uncompressed(client: &Client, name: &str, schema: &Schema) {
    for table in schema.tables {
        let octets = table.columns.iter().filter(|column| column.kind == ColumnKind::Bytes);
        let steps: Vec<_> =
            octets.map(|column| format!("ALTER COLUMN \"{}\" SET STORAGE EXTERNAL", column.name)).collect();
        if !steps.is_empty() {
            let alter = format!("ALTER TABLE {} {}", qualified(name, table.name), steps.join(", "));
            if client.batch_execute(&alter).await.is_err() {
                return;
            }
        }
    }
}
