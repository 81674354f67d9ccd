//! The openssl command: it plays the devices, and it judges what the registry made.

use std::io::ErrorKind;
use std::process::{Command, Output};

use crate::failure::Failure;
use crate::folder::Folder;
use crate::{more, say};

/// Whether openssl is there.
pub(crate) fn find() -> Result<(), Failure> {
    match Command::new("openssl").arg("version").output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(Failure::openssl("version", &String::from_utf8_lossy(&output.stderr))),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Failure::no_openssl()),
        Err(error) => Err(Failure::openssl("version", &error.to_string())),
    }
}

/// Runs openssl in the folder, so that commands are short and can be repeated by hand.
fn run(folder: &Folder, arguments: &[&str]) -> Result<Output, Failure> {
    let command = || arguments.first().copied().unwrap_or_default();
    Command::new("openssl")
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .map_err(|error| Failure::openssl(command(), &error.to_string()))
}

fn must(folder: &Folder, arguments: &[&str]) -> Result<(), Failure> {
    let output = run(folder, arguments)?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::openssl(&arguments.join(" "), &String::from_utf8_lossy(&output.stderr)))
}

/// What a device does at its first start: a key of its own, `NAME.key`, and a CSR for it, `NAME.csr`.
pub(crate) fn key_and_csr(folder: &Folder, name: &str) -> Result<Vec<u8>, Failure> {
    let (key, csr) = (format!("{name}.key"), format!("{name}.csr"));
    // The file is there first, so that no version of openssl makes one that others can read.
    folder.write_secret(&key, b"")?;
    must(
        folder,
        &[
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-sha256",
            "-keyout",
            &key,
            "-out",
            &csr,
            "-subj",
            &format!("/O=Example/CN={name}"),
        ],
    )?;
    folder.read(&csr)
}

/// Signs `challenge` with the P-256 key in `key`: how a device proves that it has the key of its certificate.
pub(crate) fn sign(folder: &Folder, key: &str, challenge: &[u8]) -> Result<Vec<u8>, Failure> {
    let (message, signature) = ("challenge.tmp", "signature.tmp");
    folder.write_secret(message, challenge)?;
    let signed = must(folder, &["dgst", "-sha256", "-sign", key, "-out", signature, message])
        .and_then(|()| folder.read(signature));
    for name in [message, signature] {
        // Left behind after a failure, with everything else.
        let _ = std::fs::remove_file(folder.file(name));
    }
    signed
}

/// Whether the CRL counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revocations {
    Ignored,
    Checked,
}

/// Lets openssl judge a certificate, strictly, and shows command and verdict.
pub(crate) fn show_verdict(folder: &Folder, file: &str, revocations: Revocations, good: bool) -> Result<(), Failure> {
    let mut arguments = vec!["verify", "-x509_strict", "-CAfile", "root-ca.pem", "-untrusted", "issuing-ca.pem"];
    if revocations == Revocations::Checked {
        arguments.extend(["-crl_check", "-CRLfile", "crl.pem"]);
    }
    arguments.push(file);
    let output = run(folder, &arguments)?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    say(
        "openssl",
        &format!(
            "judges {file}, {}",
            if revocations == Revocations::Checked { "with the CRL" } else { "without a CRL" }
        ),
    );
    more(&format!("$ openssl {}", arguments.join(" ")));
    for line in said.lines() {
        more(line);
    }
    let accepted = output.status.success();
    if accepted == good && (good || said.contains("revoked")) {
        return Ok(());
    }
    Err(Failure::unexpected(&format!("openssl {} {file}", if accepted { "accepted" } else { "did not accept" })))
}
