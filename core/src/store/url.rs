//! A store by its address, so that a host can leave the choice to whoever configures it.

use percent_encoding::percent_decode_str;

use super::{MemoryStore, Store};
use crate::Result;
use crate::error::Error;
#[cfg(not(all(feature = "postgres", feature = "sqlite")))]
use crate::error::StoreError;

/// The store at `url`:
///
/// | address | what |
/// |---|---|
/// | `memory:` | a new [`MemoryStore`], forgotten when it is dropped |
/// | `sqlite:path` | one SQLite file; the path relative or absolute, also as `sqlite:///absolute/path` |
/// | `postgres://user:password@host:port/database` | PostgreSQL, also as `postgresql://...` |
///
/// Characters that have a meaning in addresses (`?`, `#`, `%`) are written as `%3F`, `%23`, `%25` in a path. Options follow
/// after `?`, as `name=value` with `&` between them. Those of `sqlite:` are the fields of
/// [`SqliteOptions`](super::SqliteOptions): `create` (`true` or `false`), `wait` (seconds), `readers`, `cache`, `log`, `max_size`
/// and `map` (bytes). Those of `postgres:` are told at `PostgresStore::connect`.
///
/// ```
/// # use std::sync::Arc;
/// use tegata::store::SoftwareSealer;
/// use tegata::{Options, Registry, open_store};
/// let registry = Registry::open(open_store("memory:")?, Arc::new(SoftwareSealer::generate()?), Options::default())?;
/// # Ok::<(), tegata::Error>(())
/// ```
///
/// # Errors
/// `input.invalid` for what is no such address; `store.not_built` for a store that this build leaves out; what opening the
/// store says. No error shows the address, which may hold a password.
pub fn open_store(url: &str) -> Result<Box<dyn Store>> {
    let refused = |what: &str| Error::input("the store's address", what);
    let (scheme, rest) = url.split_once(':').ok_or_else(|| {
        refused("does not begin with memory:, sqlite: or postgres:; a file is written as sqlite:path")
    })?;
    match scheme {
        "memory" if rest.is_empty() => Ok(Box::new(MemoryStore::new())),
        "memory" => Err(refused("has something after memory:, where nothing belongs")),
        "sqlite" => sqlite(rest),
        "postgres" | "postgresql" => postgres(url),
        _ => Err(refused("begins with something else than memory:, sqlite: or postgres:")),
    }
}

#[cfg(feature = "postgres")]
fn postgres(url: &str) -> Result<Box<dyn Store>> {
    Ok(Box::new(super::PostgresStore::connect(url, &super::PostgresOptions::default())?))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str) -> Result<Box<dyn Store>> {
    Err(StoreError::NotBuilt { feature: "postgres" }.into())
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str) -> Result<Box<dyn Store>> {
    Err(StoreError::NotBuilt { feature: "sqlite" }.into())
}

#[cfg(feature = "sqlite")]
fn sqlite(rest: &str) -> Result<Box<dyn Store>> {
    let (path, options) = rest.split_once('?').unwrap_or((rest, ""));
    let options = sqlite_options(options)?;
    Ok(Box::new(super::SqliteStore::open(path_of(path)?, options)?))
}

/// `path`, `/path`, `///path` and `//localhost/path`, decoded.
#[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "the stores that need it are left out"))]
fn path_of(path: &str) -> Result<String> {
    let refused = |what: &str| Error::input("the store's address", what);
    let path = match path.strip_prefix("//") {
        None => path,
        Some(rest) => {
            let at = rest.find('/').unwrap_or(rest.len());
            match rest.split_at(at) {
                ("" | "localhost", path) => path,
                _ => return Err(refused("names a host; a file on this machine is sqlite:path or sqlite:///path")),
            }
        }
    };
    if path.is_empty() {
        return Err(refused("names no file; write sqlite:path"));
    }
    if path.contains('#') {
        return Err(refused("holds a #, which is written as %23 in a path"));
    }
    let decoded = percent_decode_str(path).decode_utf8();
    let decoded = decoded.map_err(|_| refused("holds a % that does not lead to UTF-8 text"))?;
    if decoded.contains('\0') {
        return Err(refused("holds a NUL, which no path can"));
    }
    Ok(decoded.into_owned())
}

#[cfg(feature = "sqlite")]
fn sqlite_options(text: &str) -> Result<super::SqliteOptions> {
    let mut options = super::SqliteOptions::default();
    for option in text.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let field =
            || format!("the option {} of the store's address", if KNOWN.contains(&name) { name } else { "named" });
        let number = |most: u64| {
            let number = value.parse().ok().filter(|number| *number <= most);
            number.ok_or_else(|| Error::input(&field(), "is not a whole number within its limits"))
        };
        match name {
            "create" => {
                options.create = value.parse().map_err(|_| Error::input(&field(), "is neither true nor false"))?;
            }
            "wait" => options.wait = std::time::Duration::from_secs(number(u64::from(u32::MAX))?),
            "readers" => options.readers = usize::try_from(number(10_000)?).unwrap_or(usize::MAX),
            "cache" => options.cache = u32::try_from(number(u64::from(u32::MAX))?).unwrap_or(u32::MAX),
            "log" => options.log = u32::try_from(number(u64::from(u32::MAX))?).unwrap_or(u32::MAX),
            "max_size" => options.max_size = Some(number(u64::MAX)?),
            "map" => options.map = number(u64::MAX)?,
            _ => return Err(Error::input(&field(), &format!("is not known; there are: {}", KNOWN.join(", ")))),
        }
    }
    Ok(options)
}

#[cfg(feature = "sqlite")]
const KNOWN: [&str; 7] = ["create", "wait", "readers", "cache", "log", "max_size", "map"];

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn refused(url: &str) -> Error {
        match open_store(url) {
            Ok(_) => panic!("{url} was opened"),
            Err(error) => error,
        }
    }

    #[test]
    fn addresses_that_lead_nowhere_are_told_without_being_shown() {
        for url in [
            "",
            "registry.db",
            "memory:x",
            "redis://secret",
            "sqlite:",
            "sqlite://host/secret",
            "sqlite:a#b",
            "sqlite:%ff",
        ] {
            let error = refused(url);
            assert_eq!(error.code(), "input.invalid", "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[cfg(not(feature = "postgres"))]
    #[test]
    fn a_store_that_is_left_out_is_named() {
        let error = refused("postgres://user:secret@localhost/db");
        assert_eq!(error.code(), "store.not_built");
        assert!(error.to_string().contains("feature postgres") && !error.to_string().contains("secret"));
    }

    #[test]
    fn paths_are_decoded() {
        for (given, path) in [
            ("reg.db", "reg.db"),
            ("/a/b", "/a/b"),
            ("///a/b", "/a/b"),
            ("//localhost/a", "/a"),
            ("a%3Fb%20%25", "a?b %"),
            ("../\u{e4}", "../\u{e4}"),
        ] {
            assert_eq!(path_of(given).unwrap(), path);
        }
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn options_of_sqlite_are_its_fields() {
        let all = sqlite_options("create=false&wait=3&readers=4&cache=5&log=8&max_size=6&map=7").unwrap();
        let wait = std::time::Duration::from_secs(3);
        let expected = super::super::SqliteOptions {
            create: false,
            wait,
            readers: 4,
            cache: 5,
            log: 8,
            max_size: Some(6),
            map: 7,
        };
        assert_eq!(all, expected);
        for wrong in ["create=yes", "wait=-1", "readers=99999", "cache=4294967296", "colour=red", "map"] {
            assert_eq!(sqlite_options(wrong).unwrap_err().code(), "input.invalid", "{wrong}");
        }
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn a_file_is_opened_by_its_address() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a ?b.db");
        let address = format!("sqlite:{}", path.to_str().unwrap().replace('?', "%3F"));
        assert_eq!(refused(&format!("{address}?create=false")).code(), "store.unavailable");
        open_store(&address).unwrap().migrate(&super::super::tables::SCHEMA).unwrap();
        assert!(path.exists());
    }
}
