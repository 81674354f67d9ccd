//! Where a database is and how it is reached: the URL and the options, read once.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::PostgresOptions;
use super::tls::{Files, Proof, Tls};
use crate::store::StoreError;

/// The schema when neither URL nor options name one. Not `public`: what else lives in the database keeps its names.
const SCHEMA: &str = "tegata";

/// A database, and how it is spoken to.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) config: Config,
    pub(super) tls: Tls,
    pub(super) schema: String,
    pub(super) options: PostgresOptions,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No password, and no user: a person's name, perhaps.
        f.debug_struct("Place")
            .field("hosts", &self.config.get_hosts())
            .field("database", &self.config.get_dbname())
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

fn invalid(reason: &str) -> StoreError {
    StoreError::InvalidQuery { reason: format!("the PostgreSQL URL {reason}") }
}

impl Place {
    pub(super) fn new(url: &str, options: &PostgresOptions) -> Result<Self, StoreError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(invalid("must begin with postgres://"));
        }
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut options = options.clone();
        let (mut mode, mut files, mut rest) = (None, Files::default(), Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| invalid("has a parameter without a value"))?;
            match name {
                "schema" => options.schema = Some(decode(value)?),
                "create" => options.create = whether(value)?,
                "wait" => options.wait = seconds(value)?,
                "connect_timeout" => options.connect_timeout = seconds(value)?,
                "statement_timeout" => options.statement_timeout = seconds(value)?,
                "writers" => options.writers = count(value)?,
                "getters" => options.getters = count(value)?,
                "searchers" => options.searchers = count(value)?,
                "sslmode" => mode = Some(decode(value)?),
                "sslrootcert" => files.roots = Some(decode(value)?),
                "sslcert" => files.certificate = Some(decode(value)?),
                "sslkey" => files.key = Some(decode(value)?),
                _ => rest.push(pair),
            }
        }
        let plain = if rest.is_empty() { address.to_owned() } else { format!("{address}?{}", rest.join("&")) };
        // The client library's error may quote what it could not read: a password, if the URL is malformed.
        let mut config: Config = plain
            .parse()
            .map_err(|_| invalid("cannot be read; special characters in names and passwords are written as %XX"))?;
        if config.get_hosts().is_empty() {
            return Err(invalid("names no host"));
        }
        let schema = options.schema.clone().unwrap_or_else(|| SCHEMA.to_owned());
        if !is_schema_name(&schema) {
            return Err(invalid(
                "names a schema that is none: lower-case letters, digits and _ only, at most 63, not pg_...",
            ));
        }
        if let Some(password) = &options.password {
            config.password(password.expose());
        }
        let proof = secure(&mut config, mode.as_deref(), &files)?;
        let tls = Tls::new(proof, &files)?;
        if config.get_application_name().is_none() {
            config.application_name("tegata");
        }
        config.connect_timeout(options.connect_timeout);
        config.keepalives_idle(Duration::from_secs(30));
        config.keepalives_interval(Duration::from_secs(10));
        config.keepalives_retries(3);
        config.tcp_user_timeout(options.statement_timeout);
        Ok(Self { config, tls, schema, options })
    }
}

/// Sets how connections are encrypted; what the server must prove. Without a word about it, a server elsewhere must prove that it
/// is the one of the URL; with one on this very machine, TLS is used if it is there.
fn secure(config: &mut Config, mode: Option<&str>, files: &Files) -> Result<Proof, StoreError> {
    let is_unix = |host: &Host| !matches!(host, Host::Tcp(_));
    // Where there is an address, it is spoken to, whatever the host is called.
    let addresses = config.get_hostaddrs();
    let is_local = config.get_hosts().iter().all(is_here) && addresses.iter().all(std::net::IpAddr::is_loopback);
    if config.get_hosts().iter().all(is_unix) && addresses.is_empty() {
        config.ssl_mode(SslMode::Disable);
        return Ok(Proof::Nothing);
    }
    let (ssl, proof) = match mode {
        None if is_local && files.roots.is_none() => (SslMode::Prefer, Proof::Nothing),
        None | Some("verify-full") => (SslMode::Require, Proof::Host),
        Some("verify-ca") => (SslMode::Require, Proof::Root),
        // As other clients do: who names a root wants it believed and no other.
        Some("require") if files.roots.is_some() => (SslMode::Require, Proof::Root),
        Some("require") => (SslMode::Require, Proof::Nothing),
        Some("prefer") => (SslMode::Prefer, Proof::Nothing),
        Some("disable") => (SslMode::Disable, Proof::Nothing),
        Some(_) => return Err(invalid("has an sslmode other than disable, prefer, require, verify-ca, verify-full")),
    };
    config.ssl_mode(ssl);
    Ok(proof)
}

/// Whether a host is this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn is_schema_name(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !name.starts_with("pg_")
}

/// `%XX` to what it stands for.
fn decode(text: &str) -> Result<String, StoreError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| invalid("has a parameter that is not UTF-8"))
}

fn whether(text: &str) -> Result<bool, StoreError> {
    text.parse().map_err(|_| invalid("has something other than true or false where one of them belongs"))
}

/// At most a day: what is longer is a mistake, such as milliseconds.
fn seconds(text: &str) -> Result<Duration, StoreError> {
    let seconds = text.parse::<u32>().ok().filter(|seconds| (1..=86_400).contains(seconds));
    seconds
        .map(|seconds| Duration::from_secs(seconds.into()))
        .ok_or_else(|| invalid("has a time that is not 1 to 86400 seconds"))
}

/// At most what a server has connections for.
fn count(text: &str) -> Result<usize, StoreError> {
    let count = text.parse::<usize>().ok().filter(|count| (1..=100).contains(count));
    count.ok_or_else(|| invalid("has a number of connections that is not 1 to 100"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_server_elsewhere_proves_who_it_is_whatever_its_name_says() {
        let mode = |url: &str| Place::new(url, &PostgresOptions::default()).unwrap().config.get_ssl_mode();
        assert_eq!(mode("postgres://localhost/db"), SslMode::Prefer);
        assert_eq!(mode("postgres://localhost/db?hostaddr=127.0.0.1"), SslMode::Prefer);
        assert_eq!(mode("postgres://%2Ftmp/db"), SslMode::Disable);
        assert_eq!(mode("postgres://localhost/db?hostaddr=192.0.2.1"), SslMode::Require);
        assert_eq!(mode("postgres://%2Ftmp/db?hostaddr=192.0.2.1"), SslMode::Require);
    }
}
