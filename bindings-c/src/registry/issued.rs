//! What records can tell beyond their fields, and the certificate that comes with its key.

use super::prelude::*;

/// A certificate that was issued with a key made here.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tegata_issued_with_key {
    /// The certificate and all above it.
    pub issued: *const tegata_issued,
    /// The private key (PKCS#8, DER), erased when freed; NULL while it waits to be collected.
    pub key: tegata_bytes,
}

impl ToC for IssuedWithKey {
    type C = tegata_issued_with_key;

    fn to_c(&self, arena: &mut Arena) -> tegata_issued_with_key {
        arena.holds_a_secret();
        tegata_issued_with_key {
            issued: arena.record(&self.issued),
            key: arena.maybe_bytes(self.key.as_ref().map(|key| key.expose().as_slice())),
        }
    }

    fn kept(&self, arena: &mut Arena) -> *const () {
        arena.keep(self.clone()).cast()
    }
}
impl Originates for IssuedWithKey {}

/// Frees one that a function gave you; NULL is fine. The key is erased first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_with_key_free(issued_with_key: *const tegata_issued_with_key) {
    free_record(issued_with_key);
}

/// The kind of key.
///
/// Errors: none for what the library gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_with_key_algorithm(
    issued_with_key: *const tegata_issued_with_key,
    algorithm: *mut Number<tegata_key_algorithm>,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let algorithm = out(algorithm, "algorithm")?;
        algorithm.set(origin::<IssuedWithKey>(issued_with_key, "issued_with_key")?.algorithm()?.into());
        Ok(())
    })
}

/// The private key in PEM, erased when freed; writes NULL while it waits to be collected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_with_key_key_pem(
    issued_with_key: *const tegata_issued_with_key,
    pem: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pem = out(pem, "pem")?;
        match origin::<IssuedWithKey>(issued_with_key, "issued_with_key")?.key_pem() {
            Some(key) => pem.give(&SecretText(key.expose())),
            None => pem.set(std::ptr::null()),
        }
        Ok(())
    })
}

/// The certificate in PEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_pem(
    issued: *const tegata_issued,
    pem: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pem = out(pem, "pem")?;
        pem.give(origin::<Issued>(issued, "issued")?.pem().as_str());
        Ok(())
    })
}

/// The certificate and the intermediates above it in PEM, without the root: what a TLS endpoint sends (RFC 8446,
/// 4.4.2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_fullchain_pem(
    issued: *const tegata_issued,
    pem: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pem = out(pem, "pem")?;
        pem.give(origin::<Issued>(issued, "issued")?.fullchain_pem().as_str());
        Ok(())
    })
}

/// The root in DER, which those who check the certificate must trust; writes NULL when the library does not have it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_root(
    issued: *const tegata_issued,
    root: *mut *const tegata_buffer,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let root = out(root, "root")?;
        match origin::<Issued>(issued, "issued")?.root() {
            Some(der) => root.give(der),
            None => root.set(std::ptr::null()),
        }
        Ok(())
    })
}

/// The serial number in upper-case hexadecimal.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_issued_serial(
    issued: *const tegata_issued,
    serial: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let serial = out(serial, "serial")?;
        serial.give(origin::<Issued>(issued, "issued")?.serial().as_str());
        Ok(())
    })
}

/// How a certificate stands at `now`: its state and the clock together.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_certificate_record_standing(
    certificate_record: *const tegata_certificate_record,
    now: i64,
    standing: *mut Number<tegata_standing>,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let standing = out(standing, "standing")?;
        let record = origin::<model::Certificate>(certificate_record, "certificate_record")?;
        standing.set(record.standing(Timestamp::from_unix(now)).into());
        Ok(())
    })
}

/// An authority's certificate in PEM; empty while it is awaited.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_authority_pem(
    authority: *const tegata_authority,
    pem: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pem = out(pem, "pem")?;
        pem.give(origin::<Authority>(authority, "authority")?.pem().as_str());
        Ok(())
    })
}

/// All roots in PEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_trust_bundle_pem(
    trust_bundle: *const tegata_trust_bundle,
    pem: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pem = out(pem, "pem")?;
        pem.give(origin::<TrustBundle>(trust_bundle, "trust_bundle")?.pem().as_str());
        Ok(())
    })
}

/// A CRL in PEM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tegata_crl_record_pem(
    crl_record: *const tegata_crl_record,
    pem: *mut *const tegata_string,
    error: *mut *mut tegata_error,
) -> Number<tegata_status> {
    run(error, || {
        let pem = out(pem, "pem")?;
        pem.give(origin::<model::Crl>(crl_record, "crl_record")?.pem().as_str());
        Ok(())
    })
}
