//! TLS to the server: who is believed, and what is refused.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tegata::Secret;
use tegata::store::{PostgresOptions, PostgresStore, StoreError};

use super::postgres_server::Server;

fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl").args(arguments.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A root and a certificate by it for the name, as `NAME.pem` and `NAME.key`.
fn certificate(folder: &Path, name: &str, extension: &str) {
    std::fs::write(folder.join("extensions"), format!("{extension}\n")).unwrap();
    openssl(
        folder,
        &format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -subj /CN={name} -out {name}.csr"
        ),
    );
    openssl(
        folder,
        &format!("x509 -req -in {name}.csr -CA root.pem -CAkey root.key -days 30 -extfile extensions -out {name}.pem"),
    );
}

fn try_with(url: &str) -> Result<(), StoreError> {
    let options = PostgresOptions {
        password: Some(Secret::new("tr\u{fc}b \"und\" lang".to_owned())),
        connect_timeout: Duration::from_secs(10),
        ..PostgresOptions::default()
    };
    PostgresStore::connect(url, &options).map(drop)
}

#[test]
fn the_server_is_believed_as_far_as_the_url_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let root = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30";
    openssl(folder, &format!("{root} -subj /CN=root -keyout root.key -out root.pem"));
    openssl(folder, &format!("{root} -subj /CN=other -keyout other.key -out other.pem"));
    certificate(folder, "server", "subjectAltName=DNS:localhost");
    certificate(folder, "member", "extendedKeyUsage=clientAuth");
    let hba = "hostssl all member 127.0.0.1/32 cert\nhostssl all tls_only 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n";
    std::fs::write(folder.join("hba"), hba).unwrap();
    // The server runs as another user, and reads its key only if nobody else can.
    for file in ["root.pem", "server.pem", "server.key", "hba"] {
        let _ = Command::new("chown").args(["postgres", file]).current_dir(folder).status();
    }
    let _ = Command::new("chmod").args(["600", "server.key"]).current_dir(folder).status();
    let _ = Command::new("chmod").args(["755", "."]).current_dir(folder).status();
    let at = folder.display();
    let server = Server::start_with(&format!(
        "-c ssl=on -c ssl_cert_file={at}/server.pem -c ssl_key_file={at}/server.key -c ssl_ca_file={at}/root.pem -c hba_file={at}/hba"
    ));
    server.sql("CREATE ROLE tls_only LOGIN PASSWORD 'tr\u{fc}b \"und\" lang'; CREATE ROLE member LOGIN");
    server.sql("CREATE SCHEMA tls_only AUTHORIZATION tls_only; CREATE SCHEMA member AUTHORIZATION member");
    let url = |user: &str, host: &str, more: &str| {
        format!("postgres://{user}@{host}:{}/postgres?schema={user}&{more}", server.port)
    };
    let verify = |mode: &str, root: &str| format!("sslmode={mode}&sslrootcert={at}/{root}.pem");

    let good = [
        url("tls_only", "localhost", &verify("verify-full", "root")),
        url("tls_only", "localhost", &verify("verify-full&channel_binding=require", "root")),
        url("tls_only", "127.0.0.1", &verify("verify-ca", "root")),
        url("tls_only", "127.0.0.1", &verify("require", "root")),
        url("tls_only", "127.0.0.1", "sslmode=require&channel_binding=require"),
        // This machine: TLS since it is there, whoever answers.
        url("tls_only", "localhost", "connect_timeout=5"),
        url(
            "member",
            "localhost",
            &format!("{}&sslcert={at}/member.pem&sslkey={at}/member.key", verify("verify-full", "root")),
        ),
    ];
    for url in good {
        assert_eq!(try_with(&url), Ok(()), "{url}");
    }
    let bad = [
        (url("tls_only", "127.0.0.1", &verify("verify-full", "root")), "name"),
        (url("tls_only", "localhost", &verify("verify-full", "other")), "TLS"),
        (url("tls_only", "127.0.0.1", &verify("verify-ca", "other")), "TLS"),
        (url("tls_only", "127.0.0.1", &verify("require", "other")), "TLS"),
        (url("tls_only", "localhost", "sslmode=verify-full"), "TLS"),
        (url("tls_only", "localhost", "sslmode=disable"), "refuses"),
        (url("member", "localhost", &verify("verify-full", "root")), "refuses"),
        (url("member", "localhost", &format!("sslmode=require&sslcert={at}/member.pem")), "need each other"),
        (url("member", "localhost", &format!("sslmode=require&sslcert={at}/member.pem&sslkey={at}/server.key")), "fit"),
    ];
    for (url, words) in bad {
        match try_with(&url) {
            Err(StoreError::Unavailable { reason }) => assert!(reason.contains(words), "{url}: {reason}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}
