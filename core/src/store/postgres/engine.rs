//! The thread that talks to the server, for callers on any thread, asynchronous or not: they hand in a job and wait.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread::JoinHandle;

use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;
use tokio::time::timeout;

use super::ddl;
use super::link::{Kind, Link, Mark, Pauses};
use super::place::Place;
use super::reader;
use super::statements::Catalog;
use super::trouble::Trouble;
use super::writer::{self, Failure};
use crate::process::Process;
use crate::store::schema::Schema;
use crate::store::{Counter, Page, Query, Row, RowRef, StoreError, Tally, Value, Write};

/// After so many writes a group is full.
const GROUP: usize = 4096;
/// After so many rows a group of questions for rows is full.
const ROWS: usize = 2048;
/// How often a group is tried before its callers are taken one by one, and how often one alone.
const TOGETHER: u32 = 4;
const ALONE: u32 = 32;

type Answer<T> = SyncSender<Result<T, StoreError>>;

/// A commit that somebody waits for.
struct Commit {
    writes: Vec<Write>,
    answer: Answer<()>,
}

/// Rows that somebody waits for.
struct Get {
    rows: Vec<RowRef>,
    answer: Answer<Vec<Option<Row>>>,
}

/// Everything else.
enum Other {
    Find(Query, Answer<Page>),
    Count(Tally, Answer<Vec<(Value, u64)>>),
    Reserve(Counter, u32, Answer<Range<u64>>),
    Migrate(Schema, Answer<Arc<Catalog>>),
}

/// The callers' side of the thread.
#[derive(Debug)]
pub(super) struct Engine {
    // Taken when dropped, which ends the thread.
    queues: Option<Queues>,
    thread: Option<JoinHandle<()>>,
    process: Process,
}

#[derive(Debug)]
struct Queues {
    commits: UnboundedSender<Commit>,
    gets: UnboundedSender<Get>,
    others: UnboundedSender<Other>,
}

impl Engine {
    /// Connects, and makes sure that the database is ours.
    pub(super) fn start(place: Place) -> Result<Self, StoreError> {
        let (commits, commit_jobs) = unbounded_channel();
        let (gets, get_jobs) = unbounded_channel();
        let (others, other_jobs) = unbounded_channel();
        let (answer, answered) = mpsc::sync_channel(1);
        let unstarted = |e: &std::io::Error| StoreError::Unavailable {
            reason: format!("no thread could be started to talk to PostgreSQL: {}", e.kind()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| unstarted(&e))?;
        let work = move || {
            LocalSet::new().block_on(&runtime, async move {
                let shared = Rc::new(Shared { place, catalog: RefCell::default() });
                match shared.first().await {
                    Ok(link) => {
                        drop(answer.send(Ok(())));
                        shared.serve(link, commit_jobs, get_jobs, other_jobs).await;
                    }
                    Err(error) => drop(answer.send(Err(error))),
                }
            });
        };
        let thread =
            std::thread::Builder::new().name("tegata-postgres".to_owned()).spawn(work).map_err(|e| unstarted(&e))?;
        let queues = Some(Queues { commits, gets, others });
        let engine = Self { queues, thread: Some(thread), process: Process::this() };
        answered.recv().map_err(|_| gone())??;
        Ok(engine)
    }

    fn ask<T>(&self, send: impl FnOnce(&Queues, Answer<T>) -> bool) -> Result<T, StoreError> {
        self.process.check()?;
        let (answer, answered) = mpsc::sync_channel(1);
        let queues = self.queues.as_ref().ok_or(StoreError::Closed)?;
        if !send(queues, answer) {
            return Err(gone());
        }
        // If the thread goes now, the answer's other end is dropped: nobody hangs.
        answered.recv().map_err(|_| gone())?
    }

    pub(super) fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        self.ask(|queues, answer| queues.commits.send(Commit { writes, answer }).is_ok())
    }

    /// Hands a commit in without waiting for it.
    #[cfg(test)]
    pub(super) fn send(&self, writes: Vec<Write>) -> mpsc::Receiver<Result<(), StoreError>> {
        let (answer, answered) = mpsc::sync_channel(1);
        let _ = self.queues.as_ref().map(|queues| queues.commits.send(Commit { writes, answer }));
        answered
    }

    pub(super) fn get(&self, rows: Vec<RowRef>) -> Result<Vec<Option<Row>>, StoreError> {
        self.ask(|queues, answer| queues.gets.send(Get { rows, answer }).is_ok())
    }

    pub(super) fn find(&self, query: Query) -> Result<Page, StoreError> {
        self.ask(|queues, answer| queues.others.send(Other::Find(query, answer)).is_ok())
    }

    pub(super) fn count(&self, tally: Tally) -> Result<Vec<(Value, u64)>, StoreError> {
        self.ask(|queues, answer| queues.others.send(Other::Count(tally, answer)).is_ok())
    }

    pub(super) fn reserve(&self, counter: Counter, count: u32) -> Result<Range<u64>, StoreError> {
        self.ask(|queues, answer| queues.others.send(Other::Reserve(counter, count, answer)).is_ok())
    }

    pub(super) fn migrate(&self, schema: Schema) -> Result<Arc<Catalog>, StoreError> {
        self.ask(|queues, answer| queues.others.send(Other::Migrate(schema, answer)).is_ok())
    }
}

fn gone() -> StoreError {
    StoreError::Backend { reason: "the thread that talks to PostgreSQL stopped; open the store again".to_owned() }
}

impl Drop for Engine {
    fn drop(&mut self) {
        drop(self.queues.take());
        // After a fork, the thread is the parent's: here it would never end.
        if self.process.check().is_ok()
            && let Some(thread) = self.thread.take()
        {
            // Whoever was waiting has heard of a panic already.
            let _ = thread.join();
        }
    }
}

/// A queue that several workers take from, one at a time.
struct Queue<T>(Mutex<UnboundedReceiver<T>>);

impl<T> Queue<T> {
    /// What waits, at least one and at most as many as weigh `most` together; nothing at the end.
    async fn take(&self, most: usize, weigh: impl Fn(&T) -> usize) -> Vec<T> {
        let mut queue = self.0.lock().await;
        let Some(first) = queue.recv().await else { return Vec::new() };
        let mut weight = weigh(&first);
        let mut taken = vec![first];
        while weight < most
            && let Ok(next) = queue.try_recv()
        {
            weight += weigh(&next);
            taken.push(next);
        }
        taken
    }
}

/// What all workers share.
struct Shared {
    place: Place,
    catalog: RefCell<Arc<Catalog>>,
}

impl Shared {
    /// The first connection: whether there is such a database, and ours.
    async fn first(&self) -> Result<Link, StoreError> {
        let mut pauses = Pauses::until(self.place.options.connect_timeout);
        loop {
            let opened = async {
                let link = Link::open(&self.place, Kind::Search).await?;
                let encoding = link.query("SHOW server_encoding", Vec::new()).await?;
                if encoding.first().and_then(|row| row.try_get::<_, String>(0).ok()).as_deref() != Some("UTF8") {
                    return Err(Trouble::Told(StoreError::NotADatabase {
                        reason: "its encoding is not UTF8; make the database with ENCODING 'UTF8'".to_owned(),
                    }));
                }
                ddl::initialise(&link.client, &self.place.schema, self.place.options.create).await?;
                Ok(link)
            };
            match opened.await {
                Ok(link) => return Ok(link),
                Err(Trouble::Told(error)) => return Err(error),
                Err(trouble) if !pauses.wait().await => return Err(trouble.told()),
                Err(_) => {}
            }
        }
    }

    async fn serve(
        self: Rc<Self>,
        first: Link,
        commits: UnboundedReceiver<Commit>,
        gets: UnboundedReceiver<Get>,
        others: UnboundedReceiver<Other>,
    ) {
        let commits = Rc::new(Queue(Mutex::new(commits)));
        let gets = Rc::new(Queue(Mutex::new(gets)));
        let others = Rc::new(Queue(Mutex::new(others)));
        let mut workers = Vec::new();
        let options = self.place.options.clone();
        for _ in 0..options.writers.max(1) {
            let (shared, queue) = (Rc::clone(&self), Rc::clone(&commits));
            workers.push(tokio::task::spawn_local(async move { shared.write(&queue).await }));
        }
        for _ in 0..options.getters.max(1) {
            let (shared, queue) = (Rc::clone(&self), Rc::clone(&gets));
            workers.push(tokio::task::spawn_local(async move { shared.get(&queue).await }));
        }
        let mut first = Some(first);
        for _ in 0..options.searchers.max(1) {
            let (shared, queue, link) = (Rc::clone(&self), Rc::clone(&others), first.take());
            workers.push(tokio::task::spawn_local(async move { shared.search(&queue, link).await }));
        }
        // They end when the last caller is gone.
        for worker in workers {
            drop(worker.await);
        }
    }

    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.borrow())
    }

    /// Runs `work` on the connection, opened if there is none, and again on another one if it is lost meanwhile.
    async fn with<T>(
        &self,
        link: &mut Option<Link>,
        kind: Kind,
        work: impl AsyncFn(&Link) -> Result<T, Trouble>,
    ) -> Result<T, StoreError> {
        let mut pauses = Pauses::until(self.place.options.wait);
        loop {
            let trouble = match self.link(link, kind, &pauses).await {
                Ok(open) => match work(open).await {
                    Ok(value) => return Ok(value),
                    Err(trouble) => {
                        if matches!(trouble, Trouble::Lost(_)) {
                            *link = None;
                        }
                        trouble
                    }
                },
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Told(error) => return Err(error),
                trouble if !pauses.wait().await => return Err(trouble.told()),
                _ => {}
            }
        }
    }

    /// The connection, opened if there is none, within the time that is left.
    async fn link<'l>(&self, link: &'l mut Option<Link>, kind: Kind, pauses: &Pauses) -> Result<&'l Link, Trouble> {
        if link.as_ref().is_none_or(Link::is_closed) {
            *link = None;
            let late = |_| Trouble::Lost("no connection within the time allowed".to_owned());
            let opened = timeout(pauses.left(), Link::open(&self.place, kind)).await.map_err(late)?;
            return Ok(link.insert(opened?));
        }
        link.as_ref().ok_or_else(|| Trouble::Lost("there is no connection".to_owned()))
    }

    async fn search(&self, queue: &Queue<Other>, mut link: Option<Link>) {
        while let Some(job) = queue.take(1, |_| 1).await.pop() {
            let (link, catalog) = (&mut link, self.catalog());
            // A caller that is gone does not care.
            match job {
                Other::Find(query, answer) => {
                    let found = self.with(link, Kind::Search, async |l| reader::find(l, &catalog, &query).await);
                    drop(answer.send(found.await));
                }
                Other::Count(tally, answer) => {
                    let counts = self.with(link, Kind::Search, async |l| reader::count(l, &catalog, &tally).await);
                    drop(answer.send(counts.await));
                }
                Other::Reserve(counter, 0, answer) => {
                    let stand = self.with(link, Kind::Search, async |l| reader::stand(l, &catalog, counter).await);
                    drop(answer.send(stand.await.map(|stand| stand + 1..stand + 1)));
                }
                Other::Reserve(counter, count, answer) => {
                    // Numbers that were taken when a connection broke are left out; none is given twice.
                    let taken =
                        self.with(link, Kind::Search, async |l| reader::reserve(l, &catalog, counter, count).await);
                    drop(answer.send(taken.await.map(|last| last + 1 - u64::from(count)..last + 1)));
                }
                Other::Migrate(schema, answer) => {
                    let name = &self.place.schema;
                    let migrated =
                        self.with(link, Kind::Search, async |l| ddl::migrate(&l.client, name, &schema).await).await;
                    let catalog = migrated.map(|()| {
                        let catalog = Arc::new(Catalog::new(name, &schema));
                        *self.catalog.borrow_mut() = Arc::clone(&catalog);
                        catalog
                    });
                    drop(answer.send(catalog));
                }
            }
        }
    }

    /// Answers questions for rows, all that wait at a time.
    async fn get(&self, queue: &Queue<Get>) {
        let mut link = None;
        loop {
            let jobs = queue.take(ROWS, |job: &Get| job.rows.len()).await;
            if jobs.is_empty() {
                return;
            }
            let catalog = self.catalog();
            let wanted = || jobs.iter().flat_map(|job| job.rows.iter().copied());
            let found = self.with(&mut link, Kind::Point, async |l| reader::get(l, &catalog, wanted()).await).await;
            for job in &jobs {
                let rows = found
                    .as_ref()
                    .map_err(Clone::clone)
                    .map(|found| job.rows.iter().map(|row| found.get(&(row.table.name, row.key)).cloned()).collect());
                drop(job.answer.send(rows));
            }
        }
    }

    async fn write(&self, queue: &Queue<Commit>) {
        let mut link = None;
        loop {
            let jobs = queue.take(GROUP, |job: &Commit| job.writes.len()).await;
            if jobs.is_empty() {
                break;
            }
            let mut groups = VecDeque::from([jobs]);
            while let Some(group) = groups.pop_front() {
                match self.group(&mut link, &group).await {
                    Some(outcomes) => {
                        for (job, outcome) in group.into_iter().zip(outcomes) {
                            drop(job.answer.send(outcome));
                        }
                    }
                    None => groups.extend(group.into_iter().map(|job| vec![job])),
                }
            }
        }
        if let Some(link) = link {
            link.farewell(&self.place.schema).await;
        }
    }

    /// What becomes of each commit of a group; nothing if they are to be taken one by one.
    async fn group(&self, link: &mut Option<Link>, group: &[Commit]) -> Option<writer::Outcomes> {
        let all = |error: &StoreError| Some(group.iter().map(|_| Err(error.clone())).collect());
        let writes: Vec<&[Write]> = group.iter().map(|job| job.writes.as_slice()).collect();
        let catalog = self.catalog();
        let mut pauses = Pauses::until(self.place.options.wait);
        let (mut known, mut rounds) = (false, 0);
        loop {
            let attempted = match self.link(link, Kind::Write, &pauses).await {
                Ok(open) => writer::attempt(open, &catalog, &writes, known).await,
                Err(trouble) => Err(trouble.into()),
            };
            let trouble = match attempted {
                Ok(outcomes) => return Some(outcomes),
                Err(Failure::Undone(trouble)) => trouble,
                Err(Failure::Unknown(mark, reason, outcomes)) => {
                    *link = None;
                    match self.find_out(link, &catalog, mark, &mut pauses).await {
                        Ok(true) => return Some(outcomes),
                        Ok(false) => Trouble::Lost(reason),
                        Err(error) => return all(&error),
                    }
                }
            };
            match trouble {
                Trouble::Lost(_) => {
                    *link = None;
                    if !pauses.wait().await {
                        return all(&trouble.told());
                    }
                }
                Trouble::Surprise | Trouble::Again => {
                    rounds += 1;
                    if rounds >= if group.len() > 1 { TOGETHER } else { ALONE } {
                        return if group.len() > 1 { None } else { all(&StoreError::Busy) };
                    }
                    // The first surprise is no sign of a crowd.
                    if (known || trouble == Trouble::Again) && !pauses.wait().await {
                        return all(&StoreError::Busy);
                    }
                    known |= trouble == Trouble::Surprise;
                }
                // It may be about one of them only.
                Trouble::Told(StoreError::InvalidQuery { .. } | StoreError::Backend { .. }) if group.len() > 1 => {
                    return None;
                }
                Trouble::Told(error) => return all(&error),
            }
        }
    }

    /// Whether a commit happened whose connection was lost before the answer.
    async fn find_out(
        &self,
        link: &mut Option<Link>,
        catalog: &Catalog,
        mark: Mark,
        pauses: &mut Pauses,
    ) -> Result<bool, StoreError> {
        let unknown = || {
            StoreError::Unavailable {
            reason: "the connection broke while the change was being made durable, so it may have happened or not; look, or \
                     repeat the call with its request ID"
                .to_owned(),
        }
        };
        loop {
            let happened = match self.link(link, Kind::Write, pauses).await {
                Ok(open) => open.happened(&catalog.marked, mark).await,
                Err(trouble) => Err(trouble),
            };
            match happened {
                Ok(Some(happened)) => return Ok(happened),
                Ok(None) => return Err(unknown()),
                Err(trouble) => {
                    if matches!(trouble, Trouble::Lost(_)) {
                        *link = None;
                    }
                    if !pauses.wait().await {
                        return Err(unknown());
                    }
                }
            }
        }
    }
}
