//! Rows as somebody may have altered them, for the fuzz target `row` and the tests: whatever stands in a database, reading
//! it ends with a record or with an error.

use super::record::Record;
use super::tables::SCHEMA;
use super::{Row, StoreError, Value};
use crate::id::NumberCipher;
use crate::model::{
    Assignment, Authority, Binding, Campaign, CampaignPart, Certificate, Checkpoint, ClaimCode, Client, CrlChunk,
    CrlFolding, CrlList, CrlRemoval, Delivery, Device, Document, EndedVersion, Event, EventLog, EventSegment, Gap,
    Group, KeptCrl, KeyShare, LogKey, Meta, Product, Profile, Psk, RequestRecord, Responder, Revocation, SymmetricKey,
    Upkeep,
};

/// The row that octets describe: the table's place in the schema, the key, and per value a kind and its octets. `None`
/// when there is no such table.
pub fn parse(input: &[u8]) -> Option<Row> {
    let (table, rest) = input.split_first()?;
    let table = *SCHEMA.tables.get(usize::from(*table))?;
    let (key, mut rest) = rest.split_first_chunk::<8>()?;
    let mut values = Vec::new();
    while let Some((kind, tail)) = rest.split_first() {
        let (value, tail) = match kind % 4 {
            0 => (Value::Null, tail),
            1 => {
                let (octets, tail) = tail.split_first_chunk::<8>()?;
                (Value::Int(i64::from_be_bytes(*octets)), tail)
            }
            kind => {
                let (length, tail) = tail.split_first_chunk::<2>()?;
                let length = usize::from(u16::from_be_bytes(*length)).min(tail.len());
                let (octets, tail) = tail.split_at(length);
                let text = || String::from_utf8_lossy(octets).into_owned();
                (if kind == 2 { Value::Text(text()) } else { Value::Bytes(octets.to_vec()) }, tail)
            }
        };
        values.push(value);
        rest = tail;
    }
    Some(Row { table, key: u64::from_be_bytes(*key), version: 1, values })
}

/// The octets that [`parse`] reads as this row. Values beyond 65,535 octets are cut.
pub fn write(row: &Row) -> Vec<u8> {
    let place = SCHEMA.tables.iter().position(|table| *table == row.table);
    let mut out = vec![place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)];
    out.extend_from_slice(&row.key.to_be_bytes());
    for value in &row.values {
        let (kind, octets) = match value {
            Value::Null => {
                out.push(0);
                continue;
            }
            Value::Int(number) => {
                out.push(1);
                out.extend_from_slice(&number.to_be_bytes());
                continue;
            }
            Value::Text(text) => (2, text.as_bytes()),
            Value::Bytes(bytes) => (3, bytes.as_slice()),
        };
        let length = u16::try_from(octets.len()).unwrap_or(u16::MAX);
        out.push(kind);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend(octets.iter().take(usize::from(length)));
    }
    out
}

/// Reads the row as the record of its table, and writes that record's columns again.
///
/// # Errors
/// [`StoreError::Corrupt`] for what this version cannot have written.
pub fn read(row: Row) -> Result<Vec<Value>, StoreError> {
    let ids = NumberCipher::new(&[7; 16]);
    macro_rules! read {
        ($($record:ty),*) => {
            match row.table {
                $( table if table == <$record>::TABLE => <$record>::read(row, &ids).map(|record| record.values(&ids)), )*
                _ => Err(StoreError::Corrupt { at: row.table.name.to_owned() }),
            }
        };
    }
    read!(
        Meta,
        Authority,
        Profile,
        Product,
        Group,
        Device,
        Certificate,
        Document,
        Revocation,
        Assignment,
        Delivery,
        Binding,
        ClaimCode,
        RequestRecord,
        KeptCrl,
        CrlList,
        CrlChunk,
        CrlRemoval,
        CrlFolding,
        Event,
        Psk,
        SymmetricKey,
        KeyShare,
        EndedVersion,
        Client,
        Campaign,
        CampaignPart,
        Responder,
        EventLog,
        LogKey,
        EventSegment,
        Checkpoint,
        Gap,
        Upkeep
    )
}
