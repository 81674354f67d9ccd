//! One connection: opened, set up, with the statements that it has prepared.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use futures_util::future::join_all;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::place::Place;
use super::statements::qualified;
use super::trouble::Trouble;
use super::values::Param;
use crate::store::StoreError;

/// How many statements a connection keeps prepared.
const PREPARED: usize = 256;
/// How long after the server's own limit an answer is not waited for any more: the connection is dead.
const GRACE: Duration = Duration::from_secs(5);
/// A transaction of ours is never idle for long; one whose client is gone must not keep rows locked.
const IDLE: Duration = Duration::from_secs(10);

/// What a connection is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Commits.
    Write,
    /// Rows by key.
    Point,
    /// Everything else.
    Search,
}

/// How a writer is known to the database.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) writer: i64,
    pub(super) commit: i64,
    backend: i32,
}

/// A connection.
pub(super) struct Link {
    pub(super) client: Client,
    statements: RefCell<(HashMap<String, Statement>, VecDeque<String>)>,
    limit: Duration,
    writer: i64,
    commit: Cell<i64>,
    backend: Cell<i32>,
}

/// 63 random bits.
fn random() -> Result<i64, Trouble> {
    let mut bytes = [0; 8];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| StoreError::Backend { reason: "the system gave no random bytes".to_owned() })?;
    Ok(i64::from_be_bytes(bytes) & i64::MAX)
}

impl Link {
    /// Opens a connection and makes it what it is to be.
    pub(super) async fn open(place: &Place, kind: Kind) -> Result<Self, Trouble> {
        let late = |_| Trouble::Lost("no connection within the time allowed".to_owned());
        let connected =
            timeout(place.options.connect_timeout, place.config.connect(place.tls.clone())).await.map_err(late)?;
        let (client, connection) = connected?;
        // Ends with the connection; whoever waits for an answer hears of it.
        tokio::task::spawn_local(async move { drop(connection.await) });
        let link = Self {
            client,
            statements: RefCell::default(),
            limit: place.options.statement_timeout + GRACE,
            writer: random()?,
            commit: Cell::new(0),
            backend: Cell::new(0),
        };
        link.set_up(place, kind).await?;
        Ok(link)
    }

    async fn set_up(&self, place: &Place, kind: Kind) -> Result<(), Trouble> {
        let milliseconds = |time: Duration| time.as_millis().min(i32::MAX.unsigned_abs().into());
        let always = format!(
            "SET search_path = pg_catalog; SET statement_timeout = {}; \
             SET idle_in_transaction_session_timeout = {}; SET default_transaction_isolation = 'read committed'",
            milliseconds(place.options.statement_timeout),
            milliseconds(IDLE),
        );
        self.within(async { Ok(self.client.batch_execute(&always).await?) }).await?;
        // What other engines that speak the protocol may lack. Whatever the server's default is, an answered commit must be on
        // disk; and these statements need no planning of their own, nor a compiler.
        let mut optional = vec![
            "SELECT set_config('synchronous_commit', 'on', false) \
             WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')",
            "SET jit = off",
        ];
        if kind != Kind::Search {
            // Rows are named by keys: what the planner believes about the size of a table must not make it read all of it.
            optional.extend(["SET plan_cache_mode = force_generic_plan", "SET enable_seqscan = off"]);
            optional.extend(["SET enable_hashjoin = off", "SET enable_mergejoin = off"]);
        }
        let set = join_all(optional.iter().map(|sql| self.client.batch_execute(sql)));
        for done in self.within(async { Ok(set.await) }).await? {
            match done {
                Err(error) if is_unknown_setting(&error) => {}
                done => done?,
            }
        }
        if kind == Kind::Write {
            self.introduce(&place.schema).await?;
        }
        Ok(())
    }

    /// Makes the row by which the outcome of this connection's commits is known, and removes those of writers long gone.
    async fn introduce(&self, schema: &str) -> Result<(), Trouble> {
        let writers = qualified(schema, "tegata_writer");
        let introduction = format!("INSERT INTO {writers} VALUES ($1, 0, now()) RETURNING pg_backend_pid()");
        let made = self.query(&introduction, vec![Box::new(self.writer)]).await?;
        self.backend.set(made.first().and_then(|row| row.try_get(0).ok()).unwrap_or(0));
        let clean = format!("DELETE FROM {writers} WHERE \"at\" < now() - interval '7 days'");
        self.execute(&clean, Vec::new()).await.map(drop)
    }

    /// Removes the row that [`introduce`](Self::introduce) made.
    pub(super) async fn farewell(&self, schema: &str) {
        let writers = qualified(schema, "tegata_writer");
        // If it stays, it is removed when it is old.
        drop(self.execute(&format!("DELETE FROM {writers} WHERE \"id\" = $1"), vec![Box::new(self.writer)]).await);
    }

    /// The mark of the next commit.
    pub(super) fn next_mark(&self) -> Mark {
        self.commit.set(self.commit.get() + 1);
        Mark { writer: self.writer, commit: self.commit.get(), backend: self.backend.get() }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Waits for an answer, but not for ever.
    pub(super) async fn within<T>(&self, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let late = |_| Trouble::Lost("the server did not answer in time".to_owned());
        timeout(self.limit, work).await.map_err(late)?
    }

    /// The statement, prepared at its first use.
    pub(super) async fn prepare(&self, sql: &str) -> Result<Statement, Trouble> {
        if let Some(known) = self.statements.borrow().0.get(sql) {
            return Ok(known.clone());
        }
        let made = self.within(async { Ok(self.client.prepare(sql).await?) }).await?;
        let (known, order) = &mut *self.statements.borrow_mut();
        if order.len() >= PREPARED
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
        known.insert(sql.to_owned(), made.clone());
        order.push_back(sql.to_owned());
        Ok(made)
    }

    /// The answers to one question.
    pub(super) async fn query(&self, sql: &str, params: Vec<Param<'_>>) -> Result<Vec<Row>, Trouble> {
        let statement = self.prepare(sql).await?;
        self.within(self.ask(&statement, &params)).await
    }

    /// Runs one statement; how many rows it was about.
    pub(super) async fn execute(&self, sql: &str, params: Vec<Param<'_>>) -> Result<u64, Trouble> {
        let statement = self.prepare(sql).await?;
        self.within(self.run(&statement, &params)).await
    }

    /// The answers of a prepared statement. Sent at once, also when others wait for theirs: they come in order.
    pub(super) async fn ask(&self, statement: &Statement, params: &[Param<'_>]) -> Result<Vec<Row>, Trouble> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param).collect();
        Ok(self.client.query(statement, &params).await?)
    }

    /// As [`ask`](Self::ask), for how many rows it was about.
    pub(super) async fn run(&self, statement: &Statement, params: &[Param<'_>]) -> Result<u64, Trouble> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param).collect();
        Ok(self.client.execute(statement, &params).await?)
    }

    /// A statement that has neither parameters nor answers.
    pub(super) async fn plain(&self, sql: &str) -> Result<(), Trouble> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Whether the commit so marked, on a connection that was lost, happened; `None` if that is not known any more. Waits until
    /// it is over, and ends it if nobody can go on with it.
    pub(super) async fn happened(&self, marked: &str, mark: Mark) -> Result<Option<bool>, Trouble> {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE pid = $1 AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()";
        // Without the right to do so, the server ends it by itself a little later.
        if let Err(trouble @ Trouble::Lost(_)) = self.execute(end, vec![Box::new(mark.backend)]).await {
            return Err(trouble);
        }
        let found = self.query(marked, vec![Box::new(mark.writer)]).await?;
        Ok(found.first().and_then(|row| row.try_get::<_, i64>(0).ok()).map(|commit| commit == mark.commit))
    }
}

fn is_unknown_setting(error: &tokio_postgres::Error) -> bool {
    let unknown = [SqlState::UNDEFINED_OBJECT, SqlState::FEATURE_NOT_SUPPORTED, SqlState::INVALID_PARAMETER_VALUE];
    error.code().is_some_and(|code| unknown.contains(code))
}

/// Pauses between attempts: longer and longer, and not the same for everybody.
pub(super) struct Pauses {
    next: Duration,
    until: Instant,
}

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const MOMENT: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

impl Pauses {
    pub(super) fn until(time: Duration) -> Self {
        Self { next: FIRST_PAUSE, until: Instant::now() + time }
    }

    /// How long is left, and at least a moment.
    pub(super) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now()).max(MOMENT)
    }

    /// Waits a while; `false` if there is no time left.
    pub(super) async fn wait(&mut self) -> bool {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let share = u32::try_from(random().unwrap_or(0) % 512).unwrap_or(0);
        sleep((self.next / 2 + self.next * share / 1024).min(left)).await;
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        true
    }
}
