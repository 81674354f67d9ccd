//! NEC-2: lists of pre-shared keys are read by the servers that they are meant for: whoever holds the secret gets through
//! a handshake, and nobody else does.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod servers;

use std::path::Path;
use std::process::Command;

use data_encoding::HEXLOWER;
use servers::{Server, hears, openssl_device, write_secret};
use tegata::pack::{PskFormat, psk_file};

type Entry<'a> = (&'a str, &'a [u8]);

const UNKNOWN: Entry<'_> = ("nobody", b"correct horse battery");
/// A text, raw octets that begin and end with NUL, and identities that quoting could go wrong with.
const ENTRIES: &[Entry<'_>] = &[
    ("sensor-1", b"correct horse battery"),
    ("zeros", b"\0\0\x01\xff'\"\n0123456789\0\0"),
    ("it's \"2\" $(x) \\101 ??/ #;, -x", b"0123456789abcdef"),
    ("端末-3", b"\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f"),
];
const VERSIONS: &[&str] = &["-tls1_2", "-tls1_3"];

/// The entries and one with the longest identity and secret that the format takes.
fn entries(format: PskFormat, longest: &(String, Vec<u8>)) -> Vec<Entry<'_>> {
    let (identity, secret) = longest;
    assert_eq!(psk_file(&[(&format!("{identity}x"), secret)], format).unwrap_err().code(), "psk.identity");
    [ENTRIES, &[(identity.as_str(), secret.as_slice())]].concat()
}

fn longest(secret: usize) -> (String, Vec<u8>) {
    ("i".repeat(128), (0..=255).cycle().take(secret).collect())
}

fn write(directory: &Path, entries: &[Entry<'_>], format: PskFormat) -> std::path::PathBuf {
    let path = directory.join("psk");
    write_secret(&path, psk_file(entries, format).unwrap().expose());
    path
}

fn device(server: &Server, version: &str, (identity, secret): Entry<'_>) -> bool {
    openssl_device(server, version, &["-psk_identity", identity, "-psk", &HEXLOWER.encode(secret)])
}

/// Who is on the list gets through with the secret that stands there, and only with that.
fn lets_in(server: &Server, versions: &[&str], entries: &[Entry<'_>]) {
    for version in versions {
        for &(identity, secret) in entries {
            assert!(device(server, version, (identity, secret)), "{version} {identity}");
        }
        let (identity, _) = entries[0];
        assert!(!device(server, version, (identity, b"correct horse batterx")), "{version}: a wrong secret");
        assert!(!device(server, version, (identity, entries[1].1)), "{version}: the secret of another");
        assert!(!device(server, version, UNKNOWN), "{version}: nobody on the list");
    }
    // A list that lets nobody in is no proof of anything, so somebody has to get through after all these.
    assert!(device(server, versions[0], entries[0]));
}

#[test]
fn mosquitto_lets_devices_publish_under_their_identities() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let longest = longest(256);
    let entries = entries(PskFormat::Mosquitto, &longest);
    let file = write(directory, &entries, PskFormat::Mosquitto);
    let server = Server::start(directory, |port| servers::mosquitto(directory, port, &file));
    let client = |(identity, secret): Entry<'_>, program: &str, more: &[&str]| {
        let mut command = servers::mosquitto_client(&server, program, identity, secret);
        command.args(more);
        command
    };
    for &entry in &entries {
        let status = client(entry, "mosquitto_pub", &["-t", "state", "-r", "-m", "olleh"]).status().unwrap();
        assert!(status.success(), "{}", entry.0);
        let mut subscriber = client(entry, "mosquitto_sub", &["-t", "state", "-C", "1"]);
        let (heard, said) = hears(&mut subscriber, "", "olleh");
        assert!(heard, "{}: {said}", entry.0);
    }
    for wrong in [("sensor-1", &b"correct horse batterx"[..]), ("sensor-1", entries[1].1), UNKNOWN] {
        let output = client(wrong, "mosquitto_pub", &["-t", "state", "-m", "wrong"]).output().unwrap();
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("TLS"), "it failed for another reason");
    }
    let log = std::fs::read_to_string(directory.join("server.log")).unwrap();
    assert!(log.contains("u'sensor-1'"), "the identity is the user's name: {log}");
}

#[test]
fn mosquitto_reads_the_list_again_when_it_is_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let file = write(directory, &ENTRIES[..1], PskFormat::Mosquitto);
    let server = Server::start(directory, |port| servers::mosquitto(directory, port, &file));
    let publishes = |(identity, secret): Entry<'_>| {
        let mut command = servers::mosquitto_client(&server, "mosquitto_pub", identity, secret);
        command.args(["-t", "state", "-m", "hello"]).output().unwrap().status.success()
    };
    assert!(publishes(ENTRIES[0]) && !publishes(ENTRIES[1]));
    write(directory, &ENTRIES[1..2], PskFormat::Mosquitto);
    server.reload();
    assert!((0..100).any(|_| publishes(ENTRIES[1])));
    assert!(!publishes(ENTRIES[0]));
}

#[test]
fn openssl_takes_the_arguments_on_both_sides() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let longest = longest(256);
    let entries = entries(PskFormat::OpenSsl, &longest);
    let file = write(directory, &entries, PskFormat::OpenSsl);
    for (line, &(identity, secret)) in entries.iter().enumerate() {
        // `sh` and `xargs` make the same of a line.
        let line = format!("$(sed -n {}p psk)", line + 1);
        let words = ["-psk_identity", identity, "-psk", &HEXLOWER.encode(secret), ""].join("\n");
        let by_shell = Command::new("sh")
            .current_dir(directory)
            .args(["-c", &format!("eval \"printf '%s\\n' {line}\"; sed -n '/-psk_identity/p' psk | wc -l")])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(by_shell.stdout).unwrap(), format!("{words}{}\n", entries.len()));
        let by_xargs = Command::new("sh")
            .current_dir(directory)
            .args(["-c", &format!("printf '%s\\n' \"{line}\" | xargs printf '%s\\n'")])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(by_xargs.stdout).unwrap(), words);

        let server = Server::start(directory, |port| {
            let mut command = Command::new("sh");
            let server = format!("exec openssl s_server -quiet -nocert -rev -accept 127.0.0.1:{port}");
            command.args(["-c", &format!("eval \"{server} {line}\"")]);
            command
        });
        for version in VERSIONS {
            let mut client = Command::new("sh");
            let connect = format!("exec openssl s_client -brief {version} -connect 127.0.0.1:{}", server.port);
            client.current_dir(directory).args(["-c", &format!("eval \"{connect} {line}\"")]);
            let (heard, said) = hears(&mut client, "hello\n", "olleh");
            assert!(heard, "{version} {identity}: {said}");
            assert!(!device(&server, version, (identity, b"correct horse batterx")));
        }
        if identity == "sensor-1" {
            for suite in ["PSK-AES128-GCM-SHA256", "DHE-PSK-AES128-GCM-SHA256", "ECDHE-PSK-CHACHA20-POLY1305"] {
                let arguments = ["-psk_identity", identity, "-psk", &HEXLOWER.encode(secret), "-cipher", suite];
                assert!(openssl_device(&server, "-tls1_2", &arguments), "{suite}");
            }
        }
    }
    drop(file);
}

#[test]
fn gnutls_reads_identities_of_any_kind_from_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let longest = longest(512);
    let mut entries = entries(PskFormat::GnuTls, &longest);
    entries.extend([("#raw", &b"0123456789abcdef"[..]), ("urn:dev:mac:0024befffe804ff1", b"fedcba9876543210")]);
    // openssl, the device here, takes half of what GnuTLS does.
    let file = write(directory, &entries, PskFormat::GnuTls);
    entries.retain(|(_, secret)| secret.len() <= 256);
    let server = Server::build(directory, "gnutls.c", &["-lgnutls"], None, &[&file]);
    lets_in(&server, VERSIONS, &entries);
}

#[test]
fn stunnel_reads_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let longest = longest(256);
    let entries = entries(PskFormat::Stunnel, &longest);
    write(directory, &entries, PskFormat::Stunnel);
    let server = Server::start(directory, |port| {
        let settings = format!(
            "foreground = yes\npid =\n[echo]\naccept = 127.0.0.1:{port}\nexec = /bin/sed\nexecArgs = sed -u s/hello/olleh/\n\
             ciphers = PSK\nPSKsecrets = {}\n",
            directory.join("psk").display()
        );
        std::fs::write(directory.join("stunnel.conf"), settings).unwrap();
        let mut command = Command::new("stunnel");
        command.arg(directory.join("stunnel.conf"));
        command
    });
    lets_in(&server, VERSIONS, &entries);
}

#[test]
fn mbedtls_is_built_with_its_header() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    // 32 is what mbedTLS 2 takes where nobody asked for more.
    let longest = longest(32);
    let entries = entries(PskFormat::MbedTls, &longest);
    let header = write(directory, &entries, PskFormat::MbedTls);
    let libraries = ["-lmbedtls", "-lmbedx509", "-lmbedcrypto"];
    let server = Server::build(directory, "mbedtls.c", &libraries, Some(&header), &[]);
    lets_in(&server, &["-tls1_2"], &entries);
}

#[test]
fn wolfssl_is_built_with_its_header() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let longest = longest(64);
    let entries = entries(PskFormat::WolfSsl, &longest);
    let header = write(directory, &entries, PskFormat::WolfSsl);
    let server = Server::build(directory, "wolfssl.c", &["-lwolfssl"], Some(&header), &[]);
    lets_in(&server, VERSIONS, &entries);
}

#[test]
fn a_header_compiles_without_keys_and_says_when_one_is_too_long() {
    let directory = tempfile::tempdir().unwrap();
    let compile = |entries: &[Entry<'_>], format: PskFormat, source: &str| {
        let header = write(directory.path(), entries, format);
        let mut compiler = Command::new("cc");
        compiler.args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]);
        let output = compiler.arg(format!("-DTEGATA_PSK=\"{}\"", header.display())).arg(servers::here(source)).output();
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    assert_eq!(compile(&[], PskFormat::MbedTls, "mbedtls.c"), "");
    assert_eq!(compile(&[], PskFormat::WolfSsl, "wolfssl.c"), "");
    let limit = compile(&[("long", &[1; 48])], PskFormat::MbedTls, "mbedtls.c");
    assert!(limit.contains("build mbedTLS with MBEDTLS_PSK_MAX_LEN 48 or more"), "{limit}");
}
