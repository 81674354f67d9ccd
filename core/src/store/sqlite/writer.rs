//! The one thread that writes, and what it does so fast: everyone who waits shares one durable transaction.
//!
//! Making a commit durable costs hundreds of microseconds whatever its size. So callers queue up; the thread takes all
//! that are there, applies them one after the other and commits once. Each caller's writes still hold or fail alone.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::WHOLE;
use super::ddl;
use super::log::Log;
use super::statements::Catalog;
use super::transaction::Transaction;
use super::trouble::At;
use crate::process::Process;
use crate::store::schema::Schema;
use crate::store::{Counter, StoreError, Write};

/// How many writes may share a transaction before its callers are answered.
const GROUP: usize = 4096;

/// From how many answers on a second thread gives them. Waking a caller takes longer than its writes do.
const CROWD: usize = 4;

/// For how many transactions callers are likely to be in each other's way, once one was.
const CAREFUL: u32 = 16;

/// How long the log may keep what was erased once there is nothing else to write.
const QUIET: Duration = Duration::from_secs(1);

/// How long to wait at most before trying that again, when somebody reads all the time.
const LONGEST_QUIET: Duration = Duration::from_secs(60);

/// What a caller wants, and where the answer goes; several share a transaction.
enum Job {
    Commit(Vec<Write>, SyncSender<Result<(), StoreError>>),
    Reserve(Counter, u32, SyncSender<Result<Range<u64>, StoreError>>),
}

impl Job {
    fn failed(&self, error: &StoreError) -> Done {
        match self {
            Self::Commit(..) => Done::Commit(Err(error.clone())),
            Self::Reserve(..) => Done::Reserve(Err(error.clone())),
        }
    }

    fn into_answer(self) -> Answer {
        match self {
            Self::Commit(_, answer) => Answer::Commit(answer),
            Self::Reserve(_, _, answer) => Answer::Reserve(answer),
        }
    }
}

/// What stands in the queue.
enum Queued {
    Job(Job),
    /// Has a transaction of its own.
    Migrate(Schema, SyncSender<Result<Arc<Catalog>, StoreError>>),
    /// Gives so many bytes back.
    Shrink(u64, SyncSender<Result<u64, StoreError>>),
    #[cfg(test)]
    Panic,
}

/// The callers' side of the thread.
#[derive(Debug)]
pub(super) struct Writer {
    // Taken when dropped, which ends the threads.
    queue: Option<Sender<Queued>>,
    threads: Vec<JoinHandle<()>>,
    process: Process,
}

impl Writer {
    /// Writes through `connection`, which waits for other processes as long as `wait`.
    pub(super) fn start(connection: Connection, log: Log, wait: Duration) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel();
        let (crier, news) = mpsc::channel::<Announcement>();
        let crier_thread = spawn("tegata-sqlite-answers", move || news.into_iter().for_each(Announcement::make))?;
        let writer_thread = spawn("tegata-sqlite", move || {
            Thread {
                log,
                connection,
                catalog: Arc::default(),
                crier,
                wait,
                erased: Cell::default(),
                careful: Cell::default(),
            }
            .run(&jobs);
        })?;
        Ok(Self { queue: Some(queue), threads: vec![writer_thread, crier_thread], process: Process::this() })
    }

    /// Queues a job and waits. If the thread is gone, or goes now, the answer's other end is dropped: nobody hangs.
    fn ask<T>(&self, job: impl FnOnce(SyncSender<Result<T, StoreError>>) -> Queued) -> Result<T, StoreError> {
        self.process.check()?;
        let gone = || StoreError::Backend { reason: "the writer stopped; open the database again".to_owned() };
        let (answer, answered) = mpsc::sync_channel(1);
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(job(answer)).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }

    pub(super) fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.ask(|answer| Queued::Job(Job::Commit(writes, answer)))
    }

    pub(super) fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        self.ask(|answer| Queued::Job(Job::Reserve(counter, count, answer)))
    }

    pub(super) fn migrate(&self, schema: Schema) -> Result<Arc<Catalog>, StoreError> {
        self.ask(|answer| Queued::Migrate(schema, answer))
    }

    pub(super) fn shrink(&self, bytes: u64) -> Result<u64, StoreError> {
        self.ask(|answer| Queued::Shrink(bytes, answer))
    }

    #[cfg(test)]
    pub(super) fn panic(&self) {
        let _ = self.queue.as_ref().map(|queue| queue.send(Queued::Panic));
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if self.process.check().is_err() {
            // The threads are the parent's: here they would never end.
            self.threads.clear();
        }
        for thread in self.threads.drain(..) {
            // Whoever was waiting has heard of a panic already.
            let _ = thread.join();
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|e| StoreError::Unavailable { reason: format!("no thread could be started: {}", e.kind()) })
}

struct Thread {
    // In the order of dropping: with the log go the readers' connections, so this one is the last.
    log: Log,
    connection: Connection,
    catalog: Arc<Catalog>,
    crier: Sender<Announcement>,
    wait: Duration,
    /// Whether something sealed was erased that the log may still hold.
    erased: Cell<bool>,
    /// For how many transactions more each caller's writes can be undone on their own.
    careful: Cell<u32>,
}

/// What a transaction came to for each of its callers.
struct Announcement {
    answers: Vec<(Answer, Done)>,
    /// Why nothing of it happened, if so.
    lost: Option<StoreError>,
}

impl Announcement {
    fn make(self) {
        self.answers.into_iter().for_each(|(answer, done)| answer.tell(done, self.lost.as_ref()));
    }
}

/// Where an answer goes.
enum Answer {
    Commit(SyncSender<Result<(), StoreError>>),
    Reserve(SyncSender<Result<Range<u64>, StoreError>>),
}

impl Answer {
    /// Tells the caller; `lost` is what kept the whole transaction from becoming durable.
    fn tell(self, done: Done, lost: Option<&StoreError>) {
        // A caller that is gone does not care.
        match (self, done) {
            (Self::Commit(answer), Done::Commit(result)) => {
                drop(answer.send(lost.map_or(result, |error| Err(error.clone()))));
            }
            (Self::Reserve(answer), Done::Reserve(result)) => {
                drop(answer.send(lost.map_or(result, |error| Err(error.clone()))));
            }
            // The one's answer is never the other's; were it so, the caller would hear that the writer stopped.
            _ => {}
        }
    }
}

/// What one job came to, to be told when the transaction is durable.
enum Done {
    Commit(Result<(), StoreError>),
    Reserve(Result<Range<u64>, StoreError>),
}

impl Done {
    const fn is_ok(&self) -> bool {
        match self {
            Self::Commit(result) => result.is_ok(),
            Self::Reserve(result) => result.is_ok(),
        }
    }
}

impl Thread {
    fn run(mut self, queue: &Receiver<Queued>) {
        while let Some(first) = self.next(queue) {
            let mut group = Vec::new();
            let mut size = 0;
            let mut next = Some(first);
            while let Some(queued) = next.take() {
                match queued {
                    Queued::Migrate(schema, answer) => {
                        self.group(std::mem::take(&mut group));
                        drop(answer.send(self.migrate(schema)));
                    }
                    Queued::Shrink(bytes, answer) => {
                        self.group(std::mem::take(&mut group));
                        drop(answer.send(self.shrink(bytes)));
                    }
                    #[cfg(test)]
                    #[allow(clippy::panic)]
                    Queued::Panic => panic!("asked to"),
                    Queued::Job(job) => {
                        size += if let Job::Commit(writes, _) = &job { writes.len() } else { 1 };
                        group.push(job);
                    }
                }
                if size < GROUP {
                    next = queue.try_recv().ok();
                }
            }
            self.log.mend(&mut self.connection);
            self.group(group);
            self.log.bring_in(&mut self.connection);
        }
        if self.log.presence().check().is_err() {
            self.empty_log();
        }
    }

    /// What comes next. If nothing does for a while, the log is emptied first of what was erased.
    fn next(&mut self, queue: &Receiver<Queued>) -> Option<Queued> {
        let mut quiet = QUIET;
        while self.erased.get() {
            match queue.recv_timeout(quiet) {
                Ok(next) => return Some(next),
                Err(RecvTimeoutError::Timeout) => self.empty_log(),
                Err(RecvTimeoutError::Disconnected) => {
                    // The end. Whoever closes the file last removes the log, but that may be another process.
                    self.empty_log();
                    return None;
                }
            }
            quiet = (quiet * 2).min(LONGEST_QUIET);
        }
        queue.recv().ok()
    }

    /// Brings the log into the file and cuts it to nothing, unless somebody is reading from it: then it is left for later.
    fn empty_log(&mut self) {
        if self.log.usable().is_err() {
            return;
        }
        let emptied = self.connection.busy_timeout(Duration::ZERO).and_then(|()| {
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0))
        });
        // A failure here is none of anybody's call; a lasting one fails the next commit.
        let _ = self.connection.busy_timeout(self.wait);
        self.log.note(&mut self.connection, &emptied);
        self.erased.set(!matches!(emptied, Ok(false)));
    }

    /// Applies every job of the group in one transaction and answers all of them.
    fn group(&mut self, group: Vec<Job>) {
        if group.is_empty() {
            return;
        }
        // Being able to undo one caller's writes costs a fifth of them all, and hardly ever is it needed.
        let alone = group.len() == 1;
        let careful = self.careful.get();
        let (done, lost) = if !alone && careful == 0 {
            self.transaction(&group, false)
        } else {
            self.careful.set(careful.saturating_sub(1));
            self.transaction(&group, !alone)
        };
        let collided = lost.is_none() && done.iter().any(|done| !done.is_ok());
        let (mut done, lost) = if collided && !alone && careful == 0 {
            self.careful.set(CAREFUL);
            self.transaction(&group, true)
        } else {
            (done, lost)
        };
        if !alone && lost == Some(StoreError::Full) {
            // What one of them needs shall not keep the others from what still fits.
            for job in group {
                self.group(vec![job]);
            }
            return;
        }
        if let Some(error) = &lost {
            done.extend(group.iter().skip(done.len()).map(|job| job.failed(error)));
        }
        let answers = group.into_iter().map(Job::into_answer).zip(done).collect();
        let announcement = Announcement { answers, lost };
        if announcement.answers.len() < CROWD {
            announcement.make();
        } else if let Err(unsent) = self.crier.send(announcement) {
            unsent.0.make();
        }
    }

    /// What becomes of each job, and why nothing of it happened, if so. Unless each can be undone `singly`, the first that fails
    /// ends the transaction, and nothing happened.
    fn transaction(&mut self, group: &[Job], singly: bool) -> (Vec<Done>, Option<StoreError>) {
        let begun = self.log.usable().and_then(|()| self.run_sql("BEGIN IMMEDIATE"));
        let mut lost = begun.err();
        let mut is_gone = false;
        let mut done = Vec::with_capacity(group.len());
        let transaction = Transaction::new(&self.connection, &self.catalog, &self.erased, !singly);
        for job in group {
            let outcome = match job {
                Job::Commit(writes, _) => Done::Commit(self.attempt(singly, &mut lost, || transaction.apply(writes))),
                Job::Reserve(counter, count, _) => {
                    Done::Reserve(self.attempt(singly, &mut lost, || transaction.reserve(*counter, *count)))
                }
            };
            let failed = !outcome.is_ok();
            done.push(outcome);
            if failed && !singly {
                break;
            }
        }
        let all = done.iter().all(Done::is_ok);
        if lost.is_none() && (all || singly && done.iter().any(Done::is_ok)) {
            let still_there = self.log.presence().check();
            is_gone = still_there.is_err();
            lost = still_there.and_then(|()| transaction.finish()).and_then(|()| self.run_sql("COMMIT")).err();
        }
        drop(transaction);
        if !self.connection.is_autocommit()
            && let Err(error) = self.run_sql("ROLLBACK")
        {
            // Nothing was acknowledged; the next BEGIN will tell that the connection is unusable.
            lost = lost.or(Some(error));
        }
        if is_gone {
            // Wherever the file is now, it shall hold what was acknowledged: its log may not have gone with it.
            self.empty_log();
        }
        (done, lost)
    }

    /// Runs one caller's `work` so that it leaves nothing behind when it fails. `lost` is why the transaction as a
    /// whole is beyond saving, if it is.
    fn attempt<T>(
        &self,
        singly: bool,
        lost: &mut Option<StoreError>,
        work: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(error) = lost {
            return Err(error.clone());
        }
        if !singly {
            return work();
        }
        let result = self.run_sql("SAVEPOINT caller").and_then(|()| match work() {
            // After some errors (disk full, I/O) SQLite has rolled back everything already.
            Err(error) if self.connection.is_autocommit() => Err(error),
            Err(error) => {
                self.run_sql("ROLLBACK TO caller")?;
                self.run_sql("RELEASE caller")?;
                Ok(Err(error))
            }
            Ok(value) => self.run_sql("RELEASE caller").map(|()| Ok(value)),
        });
        result.unwrap_or_else(|error| {
            *lost = Some(error.clone());
            Err(error)
        })
    }

    fn run_sql(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql).and_then(|mut statement| statement.raw_execute()).at(WHOLE).map(drop)
    }

    fn migrate(&mut self, schema: Schema) -> Result<Arc<Catalog>, StoreError> {
        self.run_sql("BEGIN IMMEDIATE")?;
        let migrated = ddl::migrate(&self.connection, &schema).and_then(|()| self.run_sql("COMMIT"));
        if !self.connection.is_autocommit() {
            self.run_sql("ROLLBACK")?;
        }
        migrated?;
        self.catalog = Arc::new(Catalog::new(&schema));
        Ok(Arc::clone(&self.catalog))
    }

    /// Moves rows from the end of the file to free places before it, and cuts off what is free then.
    fn shrink(&self, bytes: u64) -> Result<u64, StoreError> {
        let number = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).at(WHOLE);
        let page = number("page_size")?.max(1);
        // One less, since a page of SQLite's own notes may go with the others.
        let pages = (i64::try_from(bytes).unwrap_or(i64::MAX) / page).saturating_sub(1);
        if pages < 1 {
            return Ok(0);
        }
        self.log.usable()?;
        self.run_sql("BEGIN IMMEDIATE")?;
        let shrunk = number("page_count").and_then(|before| {
            let mut statement = self.connection.prepare(&format!("PRAGMA incremental_vacuum({pages})")).at(WHOLE)?;
            // One row, or step, for each page.
            let mut steps = statement.query([]).at(WHOLE)?;
            while steps.next().at(WHOLE)?.is_some() {}
            drop(steps);
            drop(statement);
            let after = number("page_count")?;
            self.run_sql("COMMIT")?;
            Ok(before.saturating_sub(after).max(0).unsigned_abs())
        });
        if !self.connection.is_autocommit() {
            self.run_sql("ROLLBACK")?;
        }
        let pages = shrunk?;
        // The file itself is cut when the log was brought into it.
        self.erased.set(self.erased.get() || pages > 0);
        Ok(pages.saturating_mul(page.unsigned_abs()))
    }
}
