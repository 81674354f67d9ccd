//! Why will a browser not trust the certificate of a device's own web page?

use std::ffi::c_char;

use tegata::x509::Severity;
use tegata::{Certificate, Finding, InstallationCheck, PublicKey, Timestamp, check_installation};

use super::certificate::{certificates, tegata_certificate, tegata_certificates};
use super::maybe_origin;
use super::public_key::tegata_public_key;
use crate::arena::Arena;
use crate::boundary::{optional, out, run};
use crate::input::{growing, sized};
use crate::number::{Number, same_variants};
use crate::record::{ToC, free_record, origin};
use crate::status::{tegata_error, tegata_status};
use crate::text::tegata_texts;

/// What is installed on a device, where, and when.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_installation_check {
    /// `sizeof(tegata_installation_check)`.
    pub size: usize,
    /// The certificate of the device's web page. Required.
    pub certificate: *const tegata_certificate,
    /// The public half of the key that the device uses with it; NULL when it cannot be had.
    pub key: *const tegata_public_key,
    /// What the device sends after the certificate, in that order; NULL for nothing.
    pub chain: *const tegata_certificates,
    /// The roots that the browsers trust; with none, nothing is trusted.
    pub roots: *const tegata_certificates,
    /// The IP addresses and DNS names that people type to reach the device, without scheme and port.
    pub addresses: tegata_texts,
    /// The time on the device's clock.
    pub now: i64,
    /// Whether that clock was set since the device started; NULL guesses it from `now`.
    pub clock_set: *const bool,
}
growing!(tegata_installation_check);

/// How bad a finding is.
#[repr(C)]
pub enum tegata_severity {
    /// Some browsers refuse or complain.
    Warning = 1,
    /// Browsers do not trust it.
    Error = 2,
}
same_variants!(tegata_severity = Severity { Warning, Error });

/// One thing that is wrong, with what to do about it.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_finding {
    /// How bad it is.
    pub severity: Number<tegata_severity>,
    /// The stable code, such as `san_missing`.
    pub code: *const c_char,
    /// A sentence that says what is wrong and what to do.
    pub text: *const c_char,
}

impl ToC for Finding {
    type C = tegata_finding;

    fn to_c(&self, arena: &mut Arena) -> tegata_finding {
        tegata_finding { severity: self.severity.into(), code: arena.text(self.code), text: arena.text(&self.text) }
    }
}

/// All that is wrong.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_findings {
    /// The findings, the leaf's own faults first; NULL when nothing is wrong.
    pub items: *const *const tegata_finding,
    /// How many.
    pub len: usize,
}

impl ToC for [Finding] {
    type C = tegata_findings;

    fn to_c(&self, arena: &mut Arena) -> tegata_findings {
        tegata_findings { items: arena.records(self), len: self.len() }
    }
}

/// All that keeps browsers from trusting the installation; no findings when nothing does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_check_installation(
    check: *const tegata_installation_check,
    findings: *mut *const tegata_findings,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let place = out(findings, "findings")?;
        let check = sized(check, "check")?;
        let addresses = check.addresses.strings("check.addresses")?;
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let found = check_installation(&InstallationCheck {
            certificate: origin::<Certificate>(check.certificate, "check.certificate")?,
            key: maybe_origin::<PublicKey>(check.key, "check.key")?,
            chain: &certificates(check.chain, "check.chain")?,
            roots: &certificates(check.roots, "check.roots")?,
            addresses: &addresses,
            now: Timestamp::from_unix(check.now),
            clock_set: optional(check.clock_set).copied(),
        });
        place.give(found.as_slice());
        Ok(())
    })
}

/// Frees findings that a call gave you; NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_findings_free(findings: *const tegata_findings) {
    free_record(findings);
}
