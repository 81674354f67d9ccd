//! Other people's clients ask over HTTP, as hosts would serve it: openssl, gnutls, Java and pyca/cryptography.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod interop;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use interop::{java, openssl, python, run};
use tegata::model::{Authority, ProfileSpec, SubjectPolicy};
use tegata::store::{MemoryStore, SoftwareSealer};
use tegata::{
    Call, Issue, Issued, KeyAlgorithm, NewAuthority, OcspHash, Options, Page, Registry, RevocationReason, csr_pem,
    make_csr, make_key,
};

/// A root, an intermediate, three leaves of it, and a responder for them at a free port.
struct World {
    registry: Registry,
    issuing: Authority,
    leaves: Vec<Issued>,
    url: String,
    /// The methods with which the responder was asked.
    methods: Arc<Mutex<Vec<String>>>,
    directory: tempfile::TempDir,
}

/// Answers one request, as the shortest possible host does.
fn serve(registry: &Registry, stream: &mut TcpStream, methods: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    methods.lock().unwrap().push(method.to_owned());
    let answer = match method {
        "GET" => registry.ocsp().respond_get(path),
        _ => registry.ocsp().respond(&body),
    };
    let answer = answer.unwrap();
    write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n", answer.der.len())?;
    for (name, value) in answer.headers() {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(&answer.der)
}

impl World {
    fn new() -> Self {
        let registry =
            Registry::open(MemoryStore::new(), Arc::new(SoftwareSealer::generate().unwrap()), Options::default())
                .unwrap();
        let call = Call::by("test");
        let new = NewAuthority::new("root", "CN=Root,O=Example".parse().unwrap());
        let root = registry.authorities().create_root(&new, &call).unwrap();
        let new = NewAuthority::new("issuing", "CN=Issuing,O=Example".parse().unwrap()).valid_for_days(700);
        let issuing = registry.authorities().create_intermediate(root.id, &new, &call).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let spec = ProfileSpec {
            subject: SubjectPolicy::Template { name: "CN={name}".to_owned() },
            ocsp_urls: vec![url.clone()],
            ..ProfileSpec::device()
        };
        let profile = registry.profiles().put("server", &spec, &call).unwrap().id;
        let leaves: Vec<_> = ["good", "revoked", "held"]
            .into_iter()
            .map(|name| {
                let csr = make_csr(&make_key(KeyAlgorithm::EcdsaP256).unwrap(), &"CN=x".parse().unwrap(), &[]).unwrap();
                assert!(csr_pem(&csr).starts_with("-----BEGIN"));
                registry.certificates().issue(&Issue::new(csr, profile, issuing.id).named(name), &call).unwrap()
            })
            .collect();
        let certificates = registry.certificates();
        certificates.revoke(leaves[1].certificate.id, RevocationReason::KeyCompromise, &call).unwrap();
        certificates.suspend(leaves[2].certificate.id, &call).unwrap();
        let methods = Arc::<Mutex<Vec<String>>>::default();
        let (served, seen) = (registry.clone(), methods.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that hangs up says so itself.
                let _ = stream.and_then(|mut stream| serve(&served, &mut stream, &seen));
            }
        });
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| std::fs::write(directory.path().join(name), bytes).unwrap();
        write("root.pem", root.pem().as_bytes());
        write("root.cer", &root.certificate);
        write("issuing.pem", issuing.pem().as_bytes());
        write("issuing.cer", &issuing.certificate);
        for leaf in &leaves {
            let name = leaf.certificate.name.as_deref().unwrap();
            write(&format!("{name}.pem"), leaf.pem().as_bytes());
            write(&format!("{name}.cer"), &leaf.der);
        }
        Self { registry, issuing, leaves, url, methods, directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }
}

#[test]
fn openssl_asks_about_several_certificates_with_and_without_a_nonce() {
    let world = World::new();
    let ask = |more: &[&str]| {
        let head = ["ocsp", "-issuer", "issuing.pem", "-CAfile", "root.pem", "-verify_other", "issuing.pem"];
        let arguments = [&head[..], &["-url", &world.url], more].concat();
        let output = run("openssl", &arguments, world.path());
        String::from_utf8_lossy(&[output.stderr, output.stdout].concat()).into_owned()
    };
    let serial = "0x1234567890abcdef1234567890abcdef";
    let all = ["-cert", "good.pem", "-cert", "revoked.pem", "-cert", "held.pem", "-serial", serial];
    for how in [&[][..], &["-no_nonce"], &["-sha256"], &["-no_nonce", "-validity_period", "1", "-status_age", "60"]] {
        let said = ask(&[how, &all].concat());
        for line in ["Response verify OK", "good.pem: good", "revoked.pem: revoked", "held.pem: revoked"] {
            assert!(said.contains(line), "{how:?}: {said}");
        }
        let unknown = format!("{serial}: unknown");
        for line in ["Reason: keyCompromise", "Reason: certificateHold", "Next Update:", &unknown] {
            assert!(said.contains(line), "{how:?}: {said}");
        }
        assert!(!said.contains("WARNING"), "{how:?}: {said}");
    }
    // Who holds the request against the response sees the nonce repeated; an answer to another one shows.
    let written = ["-cert", "good.pem", "-reqout", "request.der", "-respout", "response.der"];
    assert!(ask(&written).contains("Response verify OK"));
    let compare = [
        "ocsp",
        "-reqin",
        "request.der",
        "-respin",
        "response.der",
        "-CAfile",
        "root.pem",
        "-verify_other",
        "issuing.pem",
    ];
    assert!(!openssl(&compare, world.path()).contains("Nonce Verify error"));
    let other = world.registry.ocsp().respond(&std::fs::read(world.path().join("request.der")).unwrap()).unwrap();
    assert_eq!(other.cache_control, "no-store");
    let text = openssl(&["ocsp", "-respin", "response.der", "-noverify", "-resp_text"], world.path());
    assert!(text.contains("OCSP Nonce") && text.contains("OCSP Signing") && text.contains("OCSP No Check"), "{text}");
    assert!(world.methods.lock().unwrap().iter().all(|method| method == "POST"));
}

#[test]
fn gnutls_asks_and_verifies() {
    let world = World::new();
    for (leaf, said) in [("good", "Certificate Status: good"), ("revoked", "Certificate Status: revoked")] {
        for nonce in ["--nonce", "--no-nonce"] {
            let ask = format!("--ask={}", world.url);
            let certificate = format!("--load-cert={leaf}.pem");
            let arguments = [&ask, nonce, &certificate, "--load-issuer=issuing.pem", "--load-trust=issuing.pem"];
            let output = run("ocsptool", &arguments, world.path());
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            for line in [said, "Verifying OCSP Response: Success."] {
                assert!(text.contains(line), "{leaf} {nonce}: {text}");
            }
        }
    }
}

#[test]
fn java_asks_about_a_whole_chain_and_takes_prepared_answers() {
    let world = World::new();
    let ready = world.registry.ocsp().presign(world.issuing.id, OcspHash::Sha1, &Page::of(10)).unwrap().items;
    for (leaf, ready) in world.leaves.iter().zip(&ready) {
        assert_eq!(leaf.certificate.id, ready.certificate);
        let name = format!("{}.ors", leaf.certificate.name.as_deref().unwrap());
        std::fs::write(world.path().join(name), &ready.der).unwrap();
    }
    let files = ["root.cer", "issuing.cer", "good.cer", "good.ors", "revoked.cer", "revoked.ors"];
    let said = java("AskOcsp.java", &[&[world.url.as_str()], &files[..]].concat(), world.path());
    let expected = "good.cer asked: valid\n\
                    good.cer asked with a nonce: valid\n\
                    good.cer prepared: valid\n\
                    revoked.cer asked: revoked KEY_COMPROMISE\n\
                    revoked.cer asked with a nonce: revoked KEY_COMPROMISE\n\
                    revoked.cer prepared: revoked KEY_COMPROMISE\n";
    assert_eq!(said, expected);
}

#[test]
fn cryptography_reads_every_answer_and_pkilint_finds_nothing() {
    let world = World::new();
    let said = python("ask_ocsp.py", &[&world.url, "issuing.cer", "good.cer", "revoked.cer", "held.cer"], world.path());
    let expected = "good.cer GET kept: SUCCESSFUL GOOD  sha1\n\
                    good.cer POST no-store: SUCCESSFUL GOOD  sha256\n\
                    revoked.cer GET kept: SUCCESSFUL REVOKED keyCompromise sha1\n\
                    revoked.cer POST no-store: SUCCESSFUL REVOKED keyCompromise sha256\n\
                    held.cer GET kept: SUCCESSFUL REVOKED certificateHold sha1\n\
                    held.cer POST no-store: SUCCESSFUL REVOKED certificateHold sha256\n";
    assert_eq!(said, expected);
    let methods = world.methods.lock().unwrap();
    assert_eq!(methods.iter().filter(|method| *method == "GET").count(), 3);
}
