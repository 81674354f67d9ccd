//! What happens to each device: enroll, authenticate, renew, disable and enable, revoke.

use tegata::model::Certificate;
use tegata::{
    Call, CrlOptions, DeviceId, Enroll, EventFilter, Issued, Page, Presented, Principal, Proof, Random, Renew,
    RevocationReason, Statement, SystemRandom,
};

use crate::failure::Failure;
use crate::folder::Folder;
use crate::setup::{Factory, Shared};
use crate::{more, openssl, say};

/// A device as the demo sees it.
pub(crate) struct Unit {
    pub(crate) name: &'static str,
    pub(crate) device: DeviceId,
    pub(crate) issued: Issued,
    /// The file with its certificate.
    pub(crate) certificate_file: String,
    /// The file with its key; the user keeps the key of a CSR of their own.
    key_file: Option<String>,
    csr: Vec<u8>,
}

/// A device makes its own key and asks for a certificate, with the product credential as its ticket.
pub(crate) fn enroll(
    factory: &Factory,
    shared: &Shared,
    folder: &Folder,
    name: &'static str,
    unit: &str,
    given: Option<Vec<u8>>,
) -> Result<Unit, Failure> {
    let (csr, key_file) = if let Some(csr) = given {
        say("you", &format!("bring a CSR for {name}"));
        (csr, None)
    } else {
        say(name, "makes a key and a CSR with openssl; the key stays where it is");
        (openssl::key_and_csr(folder, name)?, Some(format!("{name}.key")))
    };
    let request = Enroll {
        credential: shared.credential.clone(),
        csr: csr.clone(),
        name: Some(name.to_owned()),
        unit: Some(unit.to_owned()),
        ..Enroll::default()
    };
    // The device and its certificate come into being together, or not at all.
    let enrolled = factory.registry.devices().enroll(&request, &Call::by("enrollment service"))?;
    let issued = enrolled.issued;
    let certificate_file = format!("{name}.pem");
    folder.write(&certificate_file, &issued.pem())?;
    say("registry", &format!("checks CSR and credential, registers {name} and issues its certificate"));
    more(&format!("device ID  {}", enrolled.device.id));
    show(&issued)?;
    let device = enrolled.device.id;
    debug_assert_eq!(enrolled.device.product, Some(shared.product.id));
    Ok(Unit { name, device, issued, certificate_file, key_file, csr })
}

fn show(issued: &Issued) -> Result<(), Failure> {
    let Certificate { not_before, not_after, .. } = &issued.certificate;
    more(&format!("subject    {}", tegata::parse_certificate(&issued.der)?.subject()));
    more(&format!("serial     {}", issued.serial()));
    more(&format!("valid      {not_before} to {not_after}"));
    Ok(())
}

/// Something never seen before, and its signature with a key of the folder.
pub(crate) fn challenge(folder: &Folder, key: &str) -> Result<([u8; 32], Vec<u8>), Failure> {
    let mut challenge = [0; 32];
    SystemRandom::new().fill(&mut challenge)?;
    let signature = openssl::sign(folder, key, &Statement::Challenge.message(&challenge))?;
    Ok((challenge, signature))
}

/// Asks the registry who presents this certificate; the key signs a challenge if we have it.
fn present(factory: &Factory, folder: &Folder, issued: &Issued, key: Option<&str>) -> Result<Principal, Failure> {
    let signed = key.map(|key| challenge(folder, key)).transpose()?;
    let proof = match &signed {
        Some((message, signature)) => Proof::Signature { message, signature },
        // As a server does whose TLS library has seen the proof in the handshake.
        None => Proof::TlsSession,
    };
    Ok(factory.registry.authenticate(&Presented::Certificate { certificate: &issued.der, proof, device: None })?)
}

fn must_accept(factory: &Factory, folder: &Folder, unit: &Unit) -> Result<(), Failure> {
    match present(factory, folder, &unit.issued, unit.key_file.as_deref())? {
        Principal::Device { device, until: Some(until), .. } if device == unit.device => {
            more(&format!("accepted: it is {}, until {until}", unit.name));
            Ok(())
        }
        _ => Err(Failure::unexpected("the registry took the device for somebody else")),
    }
}

fn must_refuse(
    factory: &Factory,
    folder: &Folder,
    issued: &Issued,
    key: Option<&str>,
    code: &str,
) -> Result<(), Failure> {
    match present(factory, folder, issued, key) {
        Err(Failure::Tegata(refusal)) if refusal.code() == code => {
            more(&format!("refused: {refusal} [{code}]"));
            Ok(())
        }
        Err(other) => Err(other),
        Ok(_) => Err(Failure::unexpected(&format!("the registry accepted instead of {code}"))),
    }
}

/// The device shows its certificate and proves that it has the key; somebody with the certificate alone fails.
pub(crate) fn authenticate(factory: &Factory, folder: &Folder, unit: &Unit, other: &Unit) -> Result<(), Failure> {
    if unit.key_file.is_some() {
        say(unit.name, "shows its certificate and signs a challenge with its key");
    } else {
        say(unit.name, "shows its certificate; you have the key, so a TLS handshake is assumed to have proved it");
    }
    must_accept(factory, folder, unit)?;
    say(other.name, &format!("shows the certificate of {}, and signs with its own key", unit.name));
    must_refuse(factory, folder, &unit.issued, other.key_file.as_deref(), "certificate.proof_invalid")
}

/// The device gets a new certificate. The old one counts until the device says that the new one is installed.
pub(crate) fn renew(factory: &Factory, folder: &Folder, unit: &Unit) -> Result<Unit, Failure> {
    let name = format!("{}-renewed", unit.name);
    let (csr, key_file) = if unit.key_file.is_some() {
        say(unit.name, "makes a new key and a new CSR, and asks for renewal");
        (openssl::key_and_csr(folder, &name)?, Some(format!("{name}.key")))
    } else {
        say(unit.name, "asks for renewal with the same CSR");
        (unit.csr.clone(), None)
    };
    let caller = Call::by("renewal service");
    let certificates = factory.registry.certificates();
    let old = unit.issued.certificate.id;
    let issued = certificates.renew(&Renew::with_csr(old, csr.clone()), &caller)?;
    let certificate_file = format!("{name}.pem");
    folder.write(&certificate_file, &issued.pem())?;
    say("registry", "issues the next certificate: same subject, new serial");
    show(&issued)?;
    more("meanwhile the old one still counts:");
    must_accept(factory, folder, unit)?;

    certificates.confirm(issued.certificate.id, &caller)?;
    say(unit.name, "confirms that the new certificate is installed, and shows the old one again");
    must_refuse(factory, folder, &unit.issued, unit.key_file.as_deref(), "certificate.superseded")?;
    Ok(Unit { name: unit.name, device: unit.device, issued, certificate_file, key_file, csr })
}

/// An operator shuts the device out for a while.
pub(crate) fn disable_and_enable(factory: &Factory, folder: &Folder, unit: &Unit) -> Result<(), Failure> {
    let operator = Call::by("operator");
    let devices = factory.registry.devices();
    devices.disable(unit.device, &operator)?;
    say("operator", &format!("disables {}", unit.name));
    must_refuse(factory, folder, &unit.issued, unit.key_file.as_deref(), "device.disabled")?;
    devices.enable(unit.device, &operator)?;
    say("operator", &format!("enables {} again", unit.name));
    must_accept(factory, folder, unit)
}

/// A device was stolen: its certificate ends here, and the CRL tells those who do not ask the registry.
pub(crate) fn revoke(factory: &Factory, folder: &Folder, unit: &Unit) -> Result<(), Failure> {
    let operator = Call::by("operator");
    let reason = RevocationReason::KeyCompromise;
    factory.registry.certificates().revoke(unit.issued.certificate.id, reason, &operator)?;
    say("operator", &format!("revokes the certificate of {}, which was stolen ({reason})", unit.name));
    must_refuse(factory, folder, &unit.issued, unit.key_file.as_deref(), "certificate.revoked")?;

    let crl = factory.registry.authorities().crl(factory.issuing.id, &CrlOptions::default(), &operator)?;
    folder.write("crl.pem", &tegata::Crl::from_bytes(&crl.der)?.pem())?;
    say("registry", &format!("signs CRL number {} with {} entries", crl.number, crl.entries));
    more(&format!("the next one is due by {}", crl.next_update));
    Ok(())
}

/// Every change left an event, written in the same transaction.
pub(crate) fn events(factory: &Factory) -> Result<(), Failure> {
    let listing = factory.registry.events().find(&EventFilter::default(), &Page::of(100))?;
    say("registry", &format!("has recorded {} events:", listing.items.len()));
    for event in listing.items {
        more(&format!("{}  {:<20} {}", event.at, event.actor, event.action));
    }
    Ok(())
}
