//! The operations as a table: name, parameters, result, and the one call into the core.

use serde_json::{Value, json};
use tegata::{Atomicity, Bulk, Call, Error, Registry, Result};

use crate::handle::Handle;
use crate::host::Progress;
use crate::input::{Fields, In, take};
use crate::out::Writer;
use crate::shape::{Types, names, record_in};
use crate::val::{Val, wrong};

/// One operation.
pub(crate) struct Op {
    /// `devices.enroll`, `Issued.pem`, `make_key`: as the core's list has it.
    pub(crate) name: &'static str,
    pub(crate) describe: fn(&mut Types) -> Value,
    pub(crate) run: fn(Arguments, &mut Writer) -> Result<()>,
}

/// What an operation is called with.
pub(crate) struct Arguments {
    pub(crate) registry: Option<Registry>,
    pub(crate) values: Vec<Val>,
    pub(crate) progress: Option<Progress>,
}

/// What precedes the arguments proper.
pub(crate) struct Given {
    registry: Option<Registry>,
    fields: Fields,
    progress: Option<Progress>,
}

impl Given {
    pub(crate) fn new(arguments: Arguments) -> Result<Self> {
        let Arguments { registry, values, progress } = arguments;
        Ok(Self { registry, fields: Fields::of(Val::List(values))?, progress })
    }

    pub(crate) fn registry(&self) -> Result<Registry> {
        self.registry.clone().ok_or_else(|| wrong("a registry"))
    }

    pub(crate) fn next<T: In>(&mut self, name: &str) -> Result<T> {
        self.fields.next(name)
    }

    /// The last parameters of a bulk call.
    pub(crate) fn many(&mut self) -> Result<Many> {
        Ok(Many { atomicity: self.next("atomicity")?, progress: self.progress.take() })
    }
}

names!(Atomicity => "Atomicity" { "all" = Atomicity::All, "each" = Atomicity::Each });
record_in!(Call => "Call" (optional) { actor = String::new(), request_id });

/// How a bulk call runs.
pub(crate) struct Many {
    atomicity: Option<Atomicity>,
    progress: Option<Progress>,
}

impl Many {
    /// Runs `call` with what the core takes.
    pub(crate) fn run<T>(&self, call: impl FnOnce(&Bulk<'_>) -> Result<T>) -> Result<T> {
        let atomicity = self.atomicity.unwrap_or_default();
        match &self.progress {
            None => call(&Bulk { atomicity, progress: None }),
            Some(progress) => {
                let tell = |done, total| progress.tell(done, total);
                call(&Bulk { atomicity, progress: Some(&tell) })
            }
        }
    }
}

/// Declares operations. `call` and `bulk` stand for the last parameters that most have.
macro_rules! operations {
    ($list:ident: $( $name:literal ($($param:ident: $ty:ty),*) $($extra:ident)* -> $result:ty = |$it:ident| $body:expr; )*) => {
        pub(crate) static $list: &[$crate::ops::Op] = &[ $( $crate::ops::Op {
            name: $name,
            describe: |types| {
                let params: Vec<serde_json::Value> =
                    vec![$( $crate::input::field::<$ty>(stringify!($param), false, types) ),*];
                let extra: &[&str] = &[$( stringify!($extra) ),*];
                serde_json::json!({
                    "params": params, "extra": extra, "result": <$result as $crate::out::Out>::shape(types),
                })
            },
            run: |arguments, out| {
                #[allow(unused_mut, unused_variables, reason = "not every operation has parameters or a registry")]
                let mut given = $crate::ops::Given::new(arguments)?;
                $( let $param: $ty = given.next(stringify!($param))?; )*
                #[allow(unused_mut, unused_variables, reason = "only bulk calls read more")]
                let mut $it = given;
                let result: $result = $body;
                $crate::out::Out::write(&result, out);
                Ok(())
            },
        } ),* ];
    };
}
pub(crate) use operations;

/// All operations, in the order of their numbers.
pub(crate) fn all() -> impl Iterator<Item = &'static Op> {
    [
        crate::ops_registry::LIST,
        crate::ops_certificates::LIST,
        crate::ops_formats::LIST,
        crate::ops_scale::LIST,
        crate::ops_secrets::LIST,
    ]
    .into_iter()
    .flatten()
}

/// The operations and types as JSON, for the generator.
pub(crate) fn describe() -> String {
    let mut types = Types::default();
    let operations: Vec<Value> = all().map(|op| json!([op.name, (op.describe)(&mut types)])).collect();
    <Call as In>::shape(&mut types);
    <Atomicity as In>::shape(&mut types);
    json!({ "operations": operations, "types": types.0 }).to_string()
}

/// Runs an operation.
pub(crate) fn run(op: &Op, arguments: Arguments) -> Result<Writer, Error> {
    let mut out = Writer::default();
    (op.run)(arguments, &mut out)?;
    Ok(out)
}

/// A handle of one kind, as an argument.
macro_rules! handle_in {
    ($ty:ty, $variant:ident, $shape:literal) => {
        impl In for $ty {
            fn shape(_: &mut Types) -> String {
                $shape.to_owned()
            }
            fn read(value: Val) -> Result<Self> {
                match value {
                    Val::Handle(Handle::$variant(it)) => Ok(it),
                    _ => Err(wrong(concat!("a ", $shape))),
                }
            }
        }
    };
}
handle_in!(std::sync::Arc<crate::database::Database>, Database, "database");
handle_in!(std::sync::Arc<tegata::FixedClock>, FixedClock, "fixed-clock");
handle_in!(std::sync::Arc<dyn tegata::Random>, Random, "random");
handle_in!(Registry, Registry, "registry");

impl In for std::sync::Arc<dyn tegata::store::Store> {
    fn shape(_: &mut Types) -> String {
        "store".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        match value {
            Val::Handle(Handle::Store(store)) => Ok(store),
            Val::Handle(Handle::Database(store)) => Ok(store),
            _ => Err(wrong("a store")),
        }
    }
}

impl crate::out::Item for std::sync::Arc<dyn tegata::store::Sealer> {}

impl In for std::sync::Arc<dyn tegata::store::Sealer> {
    fn shape(_: &mut Types) -> String {
        "sealer".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        match value {
            Val::Handle(Handle::Sealer(sealer)) => Ok(sealer),
            _ => Err(wrong("a sealer")),
        }
    }
}

impl In for std::sync::Arc<dyn tegata::Clock> {
    fn shape(_: &mut Types) -> String {
        "clock".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        match value {
            Val::Handle(Handle::FixedClock(clock)) => Ok(clock),
            Val::Handle(Handle::Clock(clock)) => Ok(clock),
            _ => Err(wrong("a clock")),
        }
    }
}

impl In for std::sync::Arc<dyn tegata::Signer> {
    fn shape(_: &mut Types) -> String {
        "signer".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        match value {
            Val::Handle(Handle::Key(key)) => Ok(key),
            Val::Handle(Handle::Signer(signer)) => Ok(signer),
            _ => Err(wrong("a signer")),
        }
    }
}

/// Names the handle that an operation makes.
macro_rules! made {
    ($($name:ident = $variant:ident $shape:literal;)*) => { $(
        /// A new handle.
        pub(crate) struct $name(pub(crate) Handle);
        impl crate::out::Out for $name {
            fn shape(_: &mut Types) -> String {
                $shape.to_owned()
            }
            fn write(&self, out: &mut Writer) {
                out.handle = Some(self.0.clone());
                out.raw("null");
            }
        }
    )* };
}
made! {
    MadeRegistry = Registry "Registry";
    MadeStore = Database "SqliteStore";
    MadePostgres = Database "PostgresStore";
    MadeOpened = Database "OpenedStore";
    MadeMemory = Store "MemoryStore";
    MadeSealer = Sealer "SoftwareSealer";
    MadeKeys = Sealer "SealingKeys";
    MadeClock = FixedClock "FixedClock";
}

/// Reads one argument that is no parameter of its own.
pub(crate) fn one<T: In>(value: Val) -> Result<T> {
    take(value, "an argument")
}
