//! Commits: everyone who waits shares one durable transaction, and each still succeeds or collides alone.
//!
//! A group is first tried on the assumption that nobody collides: its statements go out together, each counts what it found,
//! and if all counts are right, one COMMIT makes it durable. That is two round trips, whatever the group's size. If
//! something was otherwise, nothing of it happened, and all rows are read and locked before it is decided who collides.

use std::collections::{HashMap, HashSet};

use futures_util::future::join_all;
use tokio_postgres::Statement;

use super::decide::{Before, Effects, Model, Refused, Unique};
use super::link::{Link, Mark};
use super::statements::Catalog;
use super::trouble::Trouble;
use super::values::{self, Param};
use crate::store::schema::{ColumnKind, Table};
use crate::store::{Counter, StoreError, Value, Write};

/// How an attempt failed.
pub(super) enum Failure {
    /// Nothing of it happened, or ever will.
    Undone(Trouble),
    /// The connection was lost while it was being made durable: its mark, why, and what becomes of each caller if it was.
    Unknown(Mark, String, Outcomes),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Undone(trouble)
    }
}

/// What became of each caller.
pub(super) type Outcomes = Vec<Result<(), StoreError>>;

/// What a statement must have found.
enum Check {
    /// Whatever it was.
    Nothing,
    /// So many rows.
    Rows(usize),
    /// The counters, at places within their limits.
    Counters,
}

struct Step<'a> {
    statement: Statement,
    params: Vec<Param<'a>>,
    check: Check,
}

/// Applies the commits of `group`, in order. `known`: with all rows read and locked first.
pub(super) async fn attempt(
    link: &Link,
    catalog: &Catalog,
    group: &[&[Write]],
    known: bool,
) -> Result<Outcomes, Failure> {
    if known {
        // Prepared first: a failure within a transaction would end it.
        let questions = Questions::about(link, catalog, group).await?;
        begin(link).await?;
        let worked = match decide(link, group, &questions).await {
            Ok((model, outcomes, effects)) if effects.is_empty() => Ok((model, outcomes, Vec::new())),
            Ok((model, outcomes, effects)) => Ok((model, outcomes, steps(link, catalog, &effects, true).await?)),
            Err(trouble) => Err(trouble),
        };
        let (model, outcomes, steps) = match worked {
            Ok(worked) => worked,
            Err(trouble) => return Err(undo(link, trouble).await),
        };
        if steps.is_empty() {
            link.within(link.plain("ROLLBACK")).await?;
            return Ok(outcomes);
        }
        return apply(link, catalog, &model, steps, outcomes, false).await;
    }
    let mut model = Model::assuming();
    let surprise = |_| Failure::Undone(Trouble::Surprise);
    group.iter().try_for_each(|writes| model.commit(writes)).map_err(surprise)?;
    let effects = model.effects().map_err(surprise)?;
    let outcomes = group.iter().map(|_| Ok(())).collect();
    if effects.is_empty() {
        return Ok(outcomes);
    }
    let steps = steps(link, catalog, &effects, false).await?;
    apply(link, catalog, &model, steps, outcomes, true).await
}

async fn begin(link: &Link) -> Result<(), Trouble> {
    link.within(link.plain("BEGIN")).await
}

/// Ends a transaction that failed; why it did.
async fn undo(link: &Link, trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Lost(reason) => Failure::Undone(Trouble::Lost(reason)),
        trouble => match link.within(link.plain("ROLLBACK")).await {
            Ok(()) => Failure::Undone(trouble),
            Err(lost) => Failure::Undone(lost),
        },
    }
}

/// Sends all statements at once, looks at what they found, and makes them durable; then `outcomes` hold.
async fn apply(
    link: &Link,
    catalog: &Catalog,
    model: &Model<'_>,
    steps: Vec<Step<'_>>,
    outcomes: Outcomes,
    begins: bool,
) -> Result<Outcomes, Failure> {
    let marking = match link.prepare(&catalog.mark).await {
        Ok(statement) => statement,
        Err(trouble) if begins => return Err(trouble.into()),
        Err(trouble) => return Err(undo(link, trouble).await),
    };
    let mark = link.next_mark();
    let marks: Vec<Param<'_>> = vec![Box::new(mark.writer), Box::new(mark.commit)];
    let begun = async { if begins { link.plain("BEGIN").await } else { Ok(()) } };
    let applied = join_all(steps.iter().map(|step| take(link, model, step)));
    let marked = link.run(&marking, &marks);
    let all = link.within(async { Ok(futures_util::future::join3(begun, marked, applied).await) });
    let held: Result<Vec<_>, Trouble> = match all.await {
        Ok((begun, marked, applied)) => begun.and(marked.map(drop)).and_then(|()| applied.into_iter().collect()),
        Err(trouble) => Err(trouble),
    };
    let cleared = match held {
        Ok(ended) => clear(link, catalog, &ended.concat()).await,
        Err(trouble) => Err(trouble),
    };
    if let Err(trouble) = cleared {
        return Err(undo(link, trouble).await);
    }
    match link.within(link.plain("COMMIT")).await {
        Ok(()) => Ok(outcomes),
        Err(Trouble::Lost(reason) | Trouble::Told(StoreError::Unavailable { reason })) => {
            Err(Failure::Unknown(mark, reason, outcomes))
        }
        // The server says that it did not happen.
        Err(trouble) => Err(undo(link, trouble).await),
    }
}

/// Takes one step; answers which counters ended at zero.
async fn take(link: &Link, model: &Model<'_>, step: &Step<'_>) -> Result<Vec<(String, u64)>, Trouble> {
    let mut zeros = Vec::new();
    match step.check {
        Check::Nothing => drop(link.run(&step.statement, &step.params).await?),
        Check::Rows(wanted) => match link.run(&step.statement, &step.params).await? {
            found if usize::try_from(found) == Ok(wanted) => {}
            _ => return Err(Trouble::Surprise),
        },
        Check::Counters => {
            for row in link.ask(&step.statement, &step.params).await? {
                let (counter, end) = counter(&row)?;
                if !model.ended_at(&counter, end) {
                    return Err(Trouble::Surprise);
                }
                if end == 0 {
                    zeros.push(counter);
                }
            }
        }
    }
    Ok(zeros)
}

/// A counter that is absent stands at zero: what is not counted any more leaves nothing behind. Who waits for its row, which this
/// transaction holds, finds none then, and makes it anew.
async fn clear(link: &Link, catalog: &Catalog, zeros: &[(String, u64)]) -> Result<(), Trouble> {
    if zeros.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = zeros.iter().map(|(name, _)| name.as_str()).collect();
    let of = values::numbers(zeros.iter().map(|(_, of)| *of));
    link.execute(&catalog.clear, vec![Box::new(names), of]).await.map(drop)
}

/// Name and record of a counter, and how far it is.
fn counter(row: &tokio_postgres::Row) -> Result<((String, u64), i64), Trouble> {
    let place = "the counters";
    let name = row.try_get::<_, String>(0).map_err(|_| StoreError::Corrupt { at: place.to_owned() })?;
    Ok(((name, values::number(row, 1, place)?.cast_unsigned()), values::number(row, 2, place)?))
}

/// The statements that make `effects` so. If all is `known`, what takes rows away comes first, then what changes them, then what
/// adds some, so that what one row gives up another may have. If not, it is the other way round: a row that takes what
/// another has yet to give up must be found out, since nobody knows which of them came first. Counters, which others want
/// too, come last.
async fn steps<'a>(
    link: &Link,
    catalog: &Catalog,
    effects: &Effects<'a>,
    known: bool,
) -> Result<Vec<Step<'a>>, Trouble> {
    let mut steps = Vec::new();
    let mut last = Vec::new();
    for of in &effects.tables {
        let sql = catalog.table(of.table)?;
        let pairs = |pairs: &[(u64, u64)]| {
            vec![values::numbers(pairs.iter().map(|p| p.0)), values::numbers(pairs.iter().map(|p| p.1))]
        };
        let mut own = Vec::new();
        let mut step = async |sql: &str, params: Vec<Param<'a>>, check: Check| {
            own.push(Step { statement: link.prepare(sql).await?, params, check });
            Ok::<_, Trouble>(())
        };
        if !of.held.is_empty() {
            step(&sql.hold, pairs(&of.held), Check::Rows(of.held.len())).await?;
        }
        if !of.deletes.is_empty() {
            step(&sql.delete, pairs(&of.deletes), Check::Rows(of.deletes.len())).await?;
        }
        if !of.deletes_any.is_empty() {
            let keys = values::numbers(of.deletes_any.iter().copied());
            step(&sql.delete_any, vec![keys], Check::Nothing).await?;
        }
        for unique in &sql.uniques {
            let keys: Vec<u64> =
                of.vacated.iter().filter(|(position, _)| *position == unique.position).map(|(_, key)| *key).collect();
            if !keys.is_empty() {
                let count = keys.len();
                step(&unique.vacate, vec![values::numbers(keys.into_iter())], Check::Rows(count)).await?;
            }
        }
        if !of.updates.is_empty() {
            let mut params = vec![
                values::numbers(of.updates.iter().map(|u| u.0)),
                values::numbers(of.updates.iter().map(|u| u.1)),
                values::numbers(of.updates.iter().map(|u| u.2)),
            ];
            params.extend(columns(of.table, || of.updates.iter().map(|u| u.3.values.as_slice())));
            step(&sql.update, params, Check::Rows(of.updates.len())).await?;
        }
        for (statement, rows) in [(&sql.upsert, &of.upserts), (&sql.insert, &of.inserts)] {
            if !rows.is_empty() {
                let mut params =
                    vec![values::numbers(rows.iter().map(|r| r.0)), values::numbers(rows.iter().map(|r| r.1))];
                params.extend(columns(of.table, || rows.iter().map(|r| r.2.values.as_slice())));
                step(statement, params, Check::Rows(rows.len())).await?;
            }
        }
        if !of.taken.is_empty() {
            let keys = || vec![values::numbers(of.taken.iter().copied())];
            step(&sql.take, keys(), Check::Rows(of.taken.len())).await?;
            let statement = link.prepare(&sql.delete_any).await?;
            last.push(Step { statement, params: keys(), check: Check::Rows(of.taken.len()) });
        }
        if !known {
            own.reverse();
        }
        steps.append(&mut own);
    }
    steps.extend(last);
    if !effects.adds.is_empty() {
        let params: Vec<Param<'_>> = vec![
            Box::new(effects.adds.iter().map(|(counter, _)| counter.name).collect::<Vec<_>>()),
            values::numbers(effects.adds.iter().map(|(counter, _)| counter.of)),
            Box::new(effects.adds.iter().map(|(_, sum)| *sum).collect::<Vec<i64>>()),
        ];
        steps.push(Step { statement: link.prepare(&catalog.add).await?, params, check: Check::Counters });
    }
    Ok(steps)
}

/// The values of many rows, an array per column.
fn columns<'a, I: Iterator<Item = &'a [Value]>>(
    table: &Table,
    rows: impl Fn() -> I,
) -> impl Iterator<Item = Param<'a>> {
    static NULL: Value = Value::Null;
    table
        .columns
        .iter()
        .enumerate()
        .map(move |(at, column)| values::array(column.kind, rows().map(move |row| row.get(at).unwrap_or(&NULL))))
}

/// Table and position of a unique column, its kind, who has which of the values.
type Owners<'w> = ((&'static str, usize), ColumnKind, Statement, Vec<&'w Value>);

/// What must be read before it can be said who collides.
struct Questions<'w> {
    rows: Vec<(&'static Table, Statement, Vec<u64>)>,
    owners: Vec<Owners<'w>>,
    counters: Option<(Statement, Vec<Counter>)>,
}

impl<'w> Questions<'w> {
    async fn about(link: &Link, catalog: &Catalog, group: &[&'w [Write]]) -> Result<Self, Trouble> {
        let mut rows: HashMap<&'static str, (&'static Table, Vec<u64>)> = HashMap::new();
        let mut values: HashMap<(&'static str, usize), HashSet<&'w Value>> = HashMap::new();
        let mut counters = HashSet::new();
        for write in group.iter().copied().flatten() {
            let (table, key) = match write {
                Write::Put(row, _) => {
                    for unique in &catalog.table(row.table)?.uniques {
                        if let Some(value) = row.values.get(unique.position).filter(|value| **value != Value::Null) {
                            values.entry((row.table.name, unique.position)).or_default().insert(value);
                        }
                    }
                    (row.table, row.key)
                }
                Write::Delete(row, _) | Write::Require(row, _) => (row.table, row.key),
                Write::Add { counter, .. } => {
                    counters.insert(*counter);
                    continue;
                }
            };
            rows.entry(table.name).or_insert((table, Vec::new())).1.push(key);
        }
        let mut this = Self { rows: Vec::new(), owners: Vec::new(), counters: None };
        let mut tables: Vec<_> = rows.into_values().collect();
        tables.sort_unstable_by_key(|(table, _)| table.name);
        for (table, mut keys) in tables {
            keys.sort_unstable();
            keys.dedup();
            let sql = catalog.table(table)?;
            this.rows.push((table, link.prepare(&sql.lock).await?, keys));
            for unique in &sql.uniques {
                if let Some(wanted) = values.remove(&(table.name, unique.position)) {
                    let statement = link.prepare(&unique.owners).await?;
                    let wanted = wanted.into_iter().collect();
                    this.owners.push(((table.name, unique.position), unique.kind, statement, wanted));
                }
            }
        }
        if !counters.is_empty() {
            this.counters = Some((link.prepare(&catalog.stands).await?, counters.into_iter().collect()));
        }
        Ok(this)
    }

    /// Reads and locks.
    async fn ask(&self, link: &Link) -> Result<Model<'w>, Trouble> {
        let rows: Vec<_> =
            self.rows.iter().map(|(_, s, keys)| (s, vec![values::numbers(keys.iter().copied())])).collect();
        let owners: Vec<_> = self
            .owners
            .iter()
            .map(|(_, kind, s, wanted)| (s, vec![values::array(*kind, wanted.iter().copied())]))
            .collect();
        let counters: Vec<(&Statement, Vec<Param<'_>>)> = self
            .counters
            .iter()
            .map(|(statement, counters)| {
                let names: Vec<&str> = counters.iter().map(|counter| counter.name).collect();
                let of = values::numbers(counters.iter().map(|counter| counter.of));
                (statement, vec![Box::new(names) as Param<'_>, of])
            })
            .collect();
        let all = rows.iter().chain(&owners).chain(&counters).map(|(statement, params)| link.ask(statement, params));
        let all = join_all(all);
        let mut answers = link.within(async { Ok(all.await) }).await?.into_iter();
        let mut model = Model::knowing();
        for ((table, ..), found) in self.rows.iter().zip(answers.by_ref()) {
            for row in found? {
                let (key, version) = (values::number(&row, 0, table.name)?, values::number(&row, 1, table.name)?);
                model.found(table, key.cast_unsigned(), Before::Version(version.cast_unsigned()));
            }
        }
        for (((table, position), kind, ..), found) in self.owners.iter().zip(answers.by_ref()) {
            for row in found? {
                let corrupt = || StoreError::Corrupt { at: (*table).to_owned() };
                let value = values::read(*kind, &row, 1).ok_or_else(corrupt)?;
                let unique: Unique = (table, *position, value);
                model.found_owner(unique, values::number(&row, 0, table)?.cast_unsigned());
            }
        }
        if let (Some((_, counters)), Some(found)) = (&self.counters, answers.next()) {
            for row in found? {
                let (place, stand) = counter(&row)?;
                if let Some(counter) = counters.iter().find(|c| c.name == place.0 && c.of == place.1) {
                    model.found_counter(*counter, stand);
                }
            }
        }
        Ok(model)
    }
}

/// Reads and locks what the group is about, and decides who goes through.
async fn decide<'w>(
    link: &Link,
    group: &[&'w [Write]],
    questions: &Questions<'w>,
) -> Result<(Model<'w>, Outcomes, Effects<'w>), Trouble> {
    let mut model = questions.ask(link).await?;
    let outcomes = group
        .iter()
        .map(|writes| {
            model.commit(writes).map_err(|refused| match refused {
                Refused::Conflict(write) => StoreError::Conflict { write },
                Refused::Unsure => StoreError::Busy,
            })
        })
        .collect();
    let effects = model.effects().map_err(|_| Trouble::Surprise)?;
    Ok((model, outcomes, effects))
}
