//! What a scenario runs in: a registry, a clock, the results stored so far, and the objects behind them.

use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use tegata::store::{MemoryStore, SoftwareSealer};
use tegata::{Atomicity, Bulk, Call, FixedClock, Options, Registry, Timestamp};

use super::Fault;
use super::read::Read;
use super::show::Show;
use super::surface::Operation;

/// The key under which a shown value holds the number of the object that it shows.
pub const OBJECT: &str = "$object";

pub struct World {
    pub clock: Arc<FixedClock>,
    registry: RefCell<Option<Registry>>,
    results: BTreeMap<String, Json>,
    used: RefCell<BTreeSet<String>>,
    objects: RefCell<Vec<Rc<dyn Any>>>,
    temporary: OnceCell<tempfile::TempDir>,
}

impl World {
    pub fn new(now: Timestamp) -> Self {
        let mut world = Self {
            clock: Arc::new(FixedClock::at(now)),
            registry: RefCell::default(),
            results: BTreeMap::new(),
            used: RefCell::default(),
            objects: RefCell::default(),
            temporary: OnceCell::new(),
        };
        let clock = world.clock.clone().show(&world);
        world.store("clock", clock);
        world
    }

    /// The scenario's registry, made when it is first asked for.
    pub fn registry(&self) -> Result<Registry, Fault> {
        if let Some(registry) = &*self.registry.borrow() {
            return Ok(registry.clone());
        }
        let options = Options::default().with_clock(self.clock.clone());
        let registry = Registry::open(MemoryStore::new(), Arc::new(SoftwareSealer::generate()?), options)?;
        self.use_registry(registry.clone());
        Ok(registry)
    }

    /// From now on calls go to this one.
    pub fn use_registry(&self, registry: Registry) {
        *self.registry.borrow_mut() = Some(registry);
    }

    pub fn store(&mut self, name: &str, result: Json) {
        self.results.insert(name.to_owned(), result);
    }

    pub fn was_used(&self, name: &str) -> bool {
        self.used.borrow().contains(name)
    }

    /// Keeps an object, so that a result that shows it can be an argument again.
    pub fn keep(&self, object: impl Any) -> Json {
        let mut objects = self.objects.borrow_mut();
        objects.push(Rc::new(object));
        Json::from(objects.len() - 1)
    }

    /// The object that `value` shows.
    pub fn object<T: Any>(&self, value: &Json) -> Result<Rc<T>, Fault> {
        let index = value.get(OBJECT).and_then(Json::as_u64).and_then(|index| usize::try_from(index).ok());
        let object = index.and_then(|index| self.objects.borrow().get(index).cloned());
        object
            .and_then(|object| object.downcast().ok())
            .ok_or_else(|| Fault::broken(format!("is no {}: {value}", std::any::type_name::<T>())))
    }

    /// A path in a folder that ends with the scenario.
    pub fn path(&self, name: &str) -> Result<PathBuf, Fault> {
        let broken = |e: std::io::Error| Fault::broken(e.to_string());
        if let Some(folder) = self.temporary.get() {
            return Ok(folder.path().join(name));
        }
        let new = tempfile::tempdir().map_err(broken)?;
        let folder = self.temporary.get_or_init(|| new);
        Ok(folder.path().join(name))
    }

    /// `value` with every reference replaced by what it leads to.
    pub fn resolve(&self, value: &Json) -> Result<Json, String> {
        Ok(match value {
            Json::String(text) => match text.strip_prefix('$') {
                Some(literal) if literal.starts_with('$') => Json::from(literal),
                Some(path) => self.look_up(path)?,
                None => value.clone(),
            },
            Json::Array(items) => Json::Array(items.iter().map(|item| self.resolve(item)).collect::<Result<_, _>>()?),
            Json::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| Ok((key.clone(), self.resolve(value)?)));
                Json::Object(fields.collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }

    fn look_up(&self, path: &str) -> Result<Json, String> {
        let mut parts = path.split('.');
        let name = parts.next().unwrap_or_default();
        let mut at = self.results.get(name).ok_or_else(|| format!("nothing is stored as \"{name}\""))?;
        self.used.borrow_mut().insert(name.to_owned());
        for part in parts {
            let next = match at {
                Json::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
                Json::Object(fields) => fields.get(part),
                _ => None,
            };
            at = next.ok_or_else(|| format!("${path}: there is no \"{part}\""))?;
        }
        Ok(at.clone())
    }
}

/// One call of a scenario, its references resolved.
pub struct Step<'a> {
    pub world: &'a World,
    pub operation: &'static Operation,
    pub args: &'a Map<String, Json>,
    pub on: Option<&'a Json>,
    pub call: Call,
    /// Whether a bulk call is all or nothing.
    pub all: bool,
}

impl Step<'_> {
    /// The argument of this name; what was left out is `null`, which reads as a default where there is one.
    pub fn arg<T: Read>(&self, name: &str) -> Result<T, Fault> {
        if !self.operation.parameters.iter().any(|parameter| parameter == name) {
            return Err(Fault::broken(format!("the runner asks for \"{name}\", which is no parameter")));
        }
        T::read(self.args.get(name).unwrap_or(&Json::Null), self.world).map_err(|fault| match fault {
            Fault::Broken(what) => Fault::Broken(format!("\"{name}\" {what}")),
            refused @ Fault::Refused(_) => refused,
        })
    }

    pub fn list<T: Read>(&self, name: &str) -> Result<Vec<T>, Fault> {
        self.arg(name)
    }

    /// The object that the method is called on.
    pub fn object<T: Any>(&self) -> Result<Rc<T>, Fault> {
        self.world.object(self.on.unwrap_or(&Json::Null))
    }

    #[allow(clippy::unnecessary_wraps, reason = "so that a call and its result are one line")]
    pub fn show(&self, value: &(impl Show + ?Sized)) -> Result<Json, Fault> {
        Ok(value.show(self.world))
    }

    pub const fn bulk(&self) -> Bulk<'static> {
        Bulk { atomicity: if self.all { Atomicity::All } else { Atomicity::Each }, progress: None }
    }

    /// For an operation that the list has and this runner lacks.
    pub fn unknown(&self) -> Result<Json, Fault> {
        Err(Fault::broken(format!("the runner has no {}", self.operation.name)))
    }
}
