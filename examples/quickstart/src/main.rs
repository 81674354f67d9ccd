//! The life of a device certificate, meant to be read and copied. `make demo` runs it.
//!
//! | file | |
//! |---|---|
//! | `setup.rs` | once: the registry, two authorities, profiles, a product |
//! | `life.rs` | for each device: enroll, authenticate, renew, disable, revoke |
//! | `openssl.rs` | the devices' side, and the judge of the result: the openssl command |
//! | `folder.rs` | the folder that all of it is written to |
//! | `failure.rs` | what can go wrong |

mod failure;
mod folder;
mod life;
mod openssl;
mod setup;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use failure::Failure;
use folder::Folder;

const USAGE: &str = "usage: tegata-quickstart [--csr FILE] [--out FOLDER]

  --csr FILE     certify this CSR (PKCS#10, PEM or DER); without it, openssl makes a key and a CSR
  --out FOLDER   where the files go; demo-out unless given";

fn main() -> ExitCode {
    match Arguments::read(std::env::args().skip(1)).and_then(|arguments| arguments.map_or(Ok(()), |a| run(&a))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

struct Arguments {
    csr: Option<PathBuf>,
    out: PathBuf,
}

impl Arguments {
    /// `None` when only help was wanted.
    fn read(mut given: impl Iterator<Item = String>) -> Result<Option<Self>, Failure> {
        let mut arguments = Self { csr: None, out: PathBuf::from("demo-out") };
        while let Some(argument) = given.next() {
            let missing = || Failure::usage(&format!("{argument} needs a value"), USAGE);
            let mut file = || given.next().filter(|name| !name.is_empty()).map(PathBuf::from).ok_or_else(missing);
            match argument.as_str() {
                "--csr" => arguments.csr = Some(file()?),
                "--out" => arguments.out = file()?,
                "--help" | "-h" => {
                    tell_user(USAGE);
                    return Ok(None);
                }
                _ => return Err(Failure::usage(&format!("{argument} is not understood"), USAGE)),
            }
        }
        Ok(Some(arguments))
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    openssl::find()?;
    let csr = arguments.csr.as_deref().map(folder::read).transpose()?;
    if let Some(csr) = &csr {
        // Enrolling would say so too; asked first, a file that is no CSR leaves no half-made folder behind.
        tegata::parse_csr(csr)?;
    }
    let folder = Folder::create(&arguments.out)?;
    let told = tell(&folder, csr);
    if told.is_err() {
        folder.discard();
    }
    told
}

/// The story, in order.
fn tell(folder: &Folder, csr: Option<Vec<u8>>) -> Result<(), Failure> {
    tell_user(&format!("tegata: the life of a device certificate. Everything is kept in {}\n", folder.shown()));

    let factory = setup::registry(folder)?;
    let product = setup::product(&factory, folder)?;

    let device = life::enroll(&factory, &product, folder, "device-1", "SN-0001", csr)?;
    let other = life::enroll(&factory, &product, folder, "device-2", "SN-0002", None)?;
    life::authenticate(&factory, folder, &device, &other)?;
    let renewed = life::renew(&factory, folder, &device)?;
    life::disable_and_enable(&factory, folder, &renewed)?;

    openssl::show_verdict(folder, &other.certificate_file, openssl::Revocations::Ignored, true)?;
    life::revoke(&factory, folder, &other)?;
    openssl::show_verdict(folder, &other.certificate_file, openssl::Revocations::Checked, false)?;
    openssl::show_verdict(folder, &renewed.certificate_file, openssl::Revocations::Checked, true)?;

    life::events(&factory)?;
    folder.list();
    Ok(())
}

/// Says who does what.
fn say(who: &str, what: &str) {
    tell_user(&format!("{who:<10} {what}"));
}

/// Adds to what was just said.
fn more(what: &str) {
    tell_user(&format!("{:<10}   {what}", ""));
}

/// Prints a line. A reader who has seen enough (`| head`) is no reason to stop half-way.
fn tell_user(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
