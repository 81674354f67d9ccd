//! Provisions a fleet: each device gets its ID, a password, a certificate with its key, and an AES key, in bulk and with a
//! progress bar. Meant to be read and copied.
//!
//! ```text
//! cargo run --release -p tegata-fleet -- --count 100000 --out fleet
//! ```
//!
//! In the folder are then `registry.db` with its `sealing.key`, `root-ca.pem`, and what the devices are given: `credentials.csv`,
//! and `keys/` with a private key and certificate each if `--files` is given. Running it again adds devices to the same fleet.

mod credentials;

use std::error::Error;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use tegata::model::{Authority, Profile, ProfileSpec};
use tegata::store::{SoftwareSealer, SqliteOptions, SqliteStore};
use tegata::{
    AuthorityFilter, Bulk, Call, CertificateWish, KeyAlgorithm, NewAuthority, NewDevice, Options, Page, Provision,
    PskWish, Registry, SymmetricAlgorithm,
};

use credentials::Credentials;

const USAGE: &str = "usage: tegata-fleet [--count N] [--out FOLDER] [--files]

  --count N      how many devices; 1000 unless given
  --out FOLDER   where everything goes; fleet unless given
  --files        a folder with private key and certificate for each device, too";

/// How many devices are provisioned before their credentials are written out.
const BATCH: u32 = 5_000;

struct Arguments {
    count: u32,
    out: PathBuf,
    files: bool,
}

fn main() -> ExitCode {
    let told = match arguments(std::env::args().skip(1)) {
        Some(arguments) => run(&arguments).map_err(|error| format!("error: {error}")),
        None => Err(USAGE.to_owned()),
    };
    if let Err(message) = told {
        eprintln!("{message}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn arguments(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments { count: 1_000, out: "fleet".into(), files: false };
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--count" => arguments.count = given.next()?.parse().ok()?,
            "--out" => arguments.out = given.next()?.into(),
            "--files" => arguments.files = true,
            _ => return None,
        }
    }
    Some(arguments)
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let out = &arguments.out;
    std::fs::create_dir_all(out)?;
    let registry = open(out)?;
    let (authority, profile) = issuing(&registry, out)?;
    let mut credentials = Credentials::create(out, arguments.files)?;

    let bar = ProgressBar::new(arguments.count.into()).with_style(ProgressStyle::with_template(
        "{elapsed_precise} {wide_bar} {human_pos} of {human_len} devices, {per_sec}, {eta} left",
    )?);
    let begun = Instant::now();
    let mut refused = 0_u32;
    let mut done = 0;
    while done < arguments.count {
        let wishes: Vec<Provision> =
            (done..arguments.count.min(done + BATCH)).map(|_| wish(&authority, &profile)).collect();
        let progress = |of_batch: usize, _: usize| {
            bar.set_position(u64::from(done) + of_batch as u64);
            ControlFlow::Continue(())
        };
        let bulk = Bulk { progress: Some(&progress), ..Bulk::each() };
        for result in registry.devices().provision_many(&wishes, &bulk, &Call::by("factory"))? {
            match result {
                Ok(provisioned) => credentials.add(&provisioned)?,
                Err(refusal) => {
                    refused += 1;
                    bar.println(format!("refused: {refusal} [{}]", refusal.code()));
                }
            }
        }
        // What a device is given is shown once, so it must be safe before the next batch.
        credentials.sync()?;
        done += u32::try_from(wishes.len())?;
    }
    bar.finish();

    let seconds = begun.elapsed().as_secs_f64();
    registry.close();
    drop(registry);
    let size = u32::try_from(std::fs::metadata(out.join("registry.db"))?.len() / 1_000)?;
    println!(
        "{} devices in {seconds:.1} s, {:.0} a second; registry.db has {:.1} MB",
        done - refused,
        f64::from(done - refused) / seconds,
        f64::from(size) / 1e3
    );
    if refused == 0 { Ok(()) } else { Err(format!("{refused} devices were refused").into()) }
}

/// What each device gets. Its ID serves as its name and, together with the password, as its login.
fn wish(authority: &Authority, profile: &Profile) -> Provision {
    Provision::new(NewDevice::default())
        .with_psk(PskWish::password())
        .with_key(SymmetricAlgorithm::Aes128)
        .with_certificate(CertificateWish::with_key(profile.id, authority.id))
}

/// The registry in the folder, made if there is none.
fn open(out: &Path) -> Result<Registry, Box<dyn Error>> {
    let key = out.join("sealing.key");
    let sealer = if key.exists() { SoftwareSealer::from_file(&key)? } else { SoftwareSealer::create_file(&key)? };
    let store = SqliteStore::open(out.join("registry.db"), SqliteOptions::default())?;
    Ok(Registry::open(store, Arc::new(sealer), Options::default())?)
}

/// The authority and the profile that certificates are issued under, made the first time.
fn issuing(registry: &Registry, out: &Path) -> Result<(Authority, Profile), Box<dyn Error>> {
    let operator = Call::by("operator");
    let found = registry.authorities().find(&AuthorityFilter::default(), &Page::of(1))?.items.pop();
    let authority = if let Some(authority) = found {
        authority
    } else {
        let root = NewAuthority::new("fleet", "CN=Fleet CA,O=Example".parse()?).valid_for_days(20 * 365);
        registry.authorities().create_root(&root, &operator)?
    };
    std::fs::write(out.join("root-ca.pem"), tegata::parse_certificate(&authority.certificate)?.pem())?;
    // Devices that cannot make keys get theirs from here.
    let spec = ProfileSpec { server_keys: vec![KeyAlgorithm::EcdsaP256], ..ProfileSpec::device() };
    Ok((authority, registry.profiles().put("fleet device", &spec, &operator)?))
}
