//! Every operation, with a failure at each of its calls into the store: afterwards everything happened or nothing.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{World, csr, former_key, key as new_key};
use tegata::SymmetricAlgorithm::Aes128;
use tegata::model::{CredentialKind, EnrollmentMode, EnrollmentPolicy, ProfileSpec, Psk, SuspendMode, SymmetricKey};
use tegata::store::faults::{Fault, FaultyStore};
use tegata::store::tables::SCHEMA;
use tegata::store::{MemoryStore, Query, Store};
use tegata::{
    Atomicity, Attribute, Bulk, CampaignId, CertificateWish, CrlOptions, DeviceChange, DeviceId, GroupChange, GroupId,
    HandOut, Issue, IssueWithKey, KeyAlgorithm, KeyId, Name, NewAuthority, NewCampaign, NewDevice, NewKey, NewProduct,
    NewPsk, OcspHash, OcspOptions, ProductChange, ProductSpec, Provision, PskWish, Rebuild, Release, Renew, Result,
    RevocationReason, RotateKey, RotatePsk, Selection, make_ocsp_request, parse_certificate,
};

type Act = Box<dyn Fn(&World) -> Result<()>>;
/// Prepares a world and returns the operation to be tried in it.
type Case = (&'static str, fn(&World) -> Act);

fn spec(name: &str) -> ProductSpec {
    ProductSpec { name: name.to_owned(), ..ProductSpec::default() }
}

fn name(text: &str) -> Name {
    Name::builder().push(Attribute::CommonName, text).build().unwrap()
}

fn campaign(name: &str) -> NewCampaign {
    NewCampaign::new(name, Selection { kinds: vec![CredentialKind::Certificate], ..Selection::default() })
}

/// A campaign with one member.
fn started(world: &World) -> CampaignId {
    world.enrolled(None);
    world.registry.campaigns().start(&campaign("one"), &world.call).unwrap().id
}

/// The operations. Keys and requests are made before the failure, so that every try does the same.
#[rustfmt::skip]
const CASES: &[Case] = &[
    ("authorities.create_root", |_| Box::new(|w| w.registry.authorities().create_root(&NewAuthority::new("second", name("Second")), &w.call).map(drop))),
    ("authorities.create_intermediate", |_| Box::new(|w| {
        let new = NewAuthority::new("third", name("Third")).valid_for_days(30);
        w.registry.authorities().create_intermediate(w.root.id, &new, &w.call).map(drop)
    })),
    ("authorities.rebuild", |_| Box::new(|w| w.registry.authorities().rebuild(w.issuing.id, &Rebuild::default(), &w.call).map(drop))),
    ("authorities.retire", |_| Box::new(|w| w.registry.authorities().retire(w.issuing.id, &w.call).map(drop))),
    ("authorities.mark_compromised", |_| Box::new(|w| w.registry.authorities().mark_compromised(w.issuing.id, &w.call).map(drop))),
    ("authorities.cross_certify", |_| Box::new(|w| w.registry.authorities().cross_certify(w.issuing.id, w.root.id, &w.call).map(drop))),
    ("authorities.request", |_| Box::new(|w| w.registry.authorities().request(&NewAuthority::new("outside", name("Outside")), &w.call).map(drop))),
    ("authorities.crl", |w| {
        let (_, enrolled) = w.enrolled(None);
        w.registry.certificates().revoke(enrolled.issued.certificate.id, RevocationReason::KeyCompromise, &w.call).unwrap();
        Box::new(|w| w.registry.authorities().crl(w.issuing.id, &CrlOptions::default(), &w.call).map(drop))
    }),
    ("ocsp.configure", |_| Box::new(|w| w.registry.ocsp().configure(w.issuing.id, &OcspOptions::default(), &w.call).map(drop))),
    ("ocsp.respond for the first time", |w| {
        let (_, enrolled) = w.enrolled(None);
        let certificate = parse_certificate(&enrolled.issued.der).unwrap();
        let issuer = parse_certificate(&w.issuing.certificate).unwrap();
        let request = make_ocsp_request(&[certificate], &issuer, OcspHash::Sha1, Some(&[7; 32])).unwrap();
        Box::new(move |w| w.registry.ocsp().respond(&request).map(drop))
    }),
    ("profiles.put", |_| Box::new(|w| w.registry.profiles().put("device", &ProfileSpec::tls_server(), &w.call).map(drop))),
    ("products.register", |_| Box::new(|w| w.registry.products().register(&NewProduct {
        spec: spec("Sensor 2"),
        authority: w.issuing.id,
        credential_profile: w.product.credential_profile,
        device_profile: w.product.device_profile,
        algorithm: None,
        hand_out: HandOut::Later,
    }, &w.call).map(drop))),
    ("products.update", |_| Box::new(|w| {
        let change = ProductChange { name: Some("Camera 8".to_owned()), ..ProductChange::default() };
        w.registry.products().update(w.product.id, &change, &w.call).map(drop)
    })),
    ("products.suspend", |_| Box::new(|w| w.registry.products().suspend(w.product.id, &w.call).map(drop))),
    ("products.resume", |w| { w.registry.products().suspend(w.product.id, &w.call).unwrap(); Box::new(|w| w.registry.products().resume(w.product.id, &w.call).map(drop)) }),
    ("products.discontinue", |_| Box::new(|w| w.registry.products().discontinue(w.product.id, &w.call).map(drop))),
    ("products.set_enrollment_policy", |_| Box::new(|w| w.registry.products().set_enrollment_policy(w.product.id, &EnrollmentPolicy { quota: Some(1), ..EnrollmentPolicy::default() }, &w.call).map(drop))),
    ("products.add_units", |_| Box::new(|w| all(w.registry.products().add_units(w.product.id, &["a".to_owned(), "b".to_owned()], &Bulk::all(), &w.call)))),
    ("products.issue_claim_codes", |_| Box::new(|w| w.registry.products().issue_claim_codes(w.product.id, 3, None, &w.call).map(drop))),
    ("products.renew_credential", |_| Box::new(|w| w.registry.products().renew_credential(w.product.id, None, HandOut::Now, &w.call).map(drop))),
    ("products.revoke_credential", |w| {
        let id = w.registry.products().credentials(w.product.id).unwrap()[0].id;
        Box::new(move |w| w.registry.products().revoke_credential(id, RevocationReason::Superseded, &w.call).map(drop))
    }),
    ("groups.create", |_| Box::new(|w| w.registry.groups().create("lobby", &GroupChange::default(), &w.call).map(drop))),
    ("groups.update", |w| {
        let group = w.registry.groups().create("lobby", &GroupChange::default(), &w.call).unwrap();
        let (_, enrolled) = w.enrolled(None);
        w.registry.devices().set_group(enrolled.device.id, Some(group.id), &w.call).unwrap();
        let change = GroupChange { certificate_days: Some(Some(30)), ..GroupChange::default() };
        Box::new(move |w| w.registry.groups().update(group.id, &change, &w.call).map(drop))
    }),
    ("groups.delete", |w| {
        let group = w.registry.groups().create("lobby", &GroupChange::default(), &w.call).unwrap();
        Box::new(move |w| w.registry.groups().delete(group.id, &w.call))
    }),
    ("campaigns.start", |w| { w.enrolled(None); Box::new(|w| w.registry.campaigns().start(&campaign("two"), &w.call).map(drop)) }),
    ("campaigns.advance", |w| { let id = started(w); Box::new(move |w| w.registry.campaigns().advance(id, &w.call).map(drop)) }),
    ("campaigns.pause", |w| { let id = started(w); Box::new(move |w| w.registry.campaigns().pause(id, &w.call).map(drop)) }),
    ("campaigns.resume", |w| {
        let id = started(w);
        w.registry.campaigns().pause(id, &w.call).unwrap();
        Box::new(move |w| w.registry.campaigns().resume(id, &w.call).map(drop))
    }),
    ("campaigns.cancel", |w| { let id = started(w); Box::new(move |w| w.registry.campaigns().cancel(id, &w.call).map(drop)) }),
    ("devices.register", |_| Box::new(|w| w.registry.devices().register(&NewDevice::named("one"), &w.call).map(drop))),
    ("devices.register_many", |_| Box::new(|w| all(w.registry.devices().register_many(&[NewDevice::named("one"), NewDevice::named("two")], &Bulk::all(), &w.call)))),
    ("devices.register_many each", |_| Box::new(|w| all(w.registry.devices().register_many(&[NewDevice::named("one")], &Bulk::each(), &w.call)))),
    ("devices.discover", |_| Box::new(|w| w.registry.devices().discover(&NewDevice::named("one"), &w.call).map(drop))),
    ("devices.update", |w| {
        let (_, enrolled) = w.enrolled(None);
        let change = DeviceChange { name: Some("renamed".to_owned()), ..DeviceChange::default() };
        Box::new(move |w| w.registry.devices().update(enrolled.device.id, &change, &w.call).map(drop))
    }),
    ("devices.set_group", |w| {
        let group = w.registry.groups().create("lobby", &GroupChange::default(), &w.call).unwrap();
        let (_, enrolled) = w.enrolled(None);
        Box::new(move |w| w.registry.devices().set_group(enrolled.device.id, Some(group.id), &w.call).map(drop))
    }),
    ("devices.enroll", |w| { let (_, request) = w.request(Some("SN-1")); Box::new(move |w| w.enroll(&request).map(drop)) }),
    ("devices.enroll claim code", |w| {
        let policy = EnrollmentPolicy { mode: EnrollmentMode::ClaimCode, ..EnrollmentPolicy::default() };
        w.registry.products().set_enrollment_policy(w.product.id, &policy, &w.call).unwrap();
        let codes = w.registry.products().issue_claim_codes(w.product.id, 1, None, &w.call).unwrap();
        let (_, mut request) = w.request(Some("SN-1"));
        request.claim_code = Some(codes[0].expose().clone());
        Box::new(move |w| w.enroll(&request).map(drop))
    }),
    ("devices.enroll rekey", |w| {
        let (old, _) = w.enrolled(Some("SN-1"));
        let (_, mut request) = w.request(Some("SN-1"));
        request.former_key_signature = Some(former_key(&old, &request.csr));
        Box::new(move |w| w.enroll(&request).map(drop))
    }),
    ("devices.enroll quarantine", |w| {
        w.enrolled(Some("SN-1"));
        let (_, request) = w.request(Some("SN-1"));
        // The refusal is the result; that it leaves its trace is what counts.
        Box::new(move |w| match w.enroll(&request) {
            Err(error) if error.code() == "device.quarantined" => Ok(()),
            other => other.map(drop),
        })
    }),
    ("devices.enroll_many", |w| {
        let requests: Vec<_> = (0..3).map(|n| w.request(Some(&format!("SN-{n}"))).1).collect();
        Box::new(move |w| all(w.registry.devices().enroll_many(&requests, &Bulk { atomicity: Atomicity::All, progress: None }, &w.call)))
    }),
    ("devices.disable", |w| { let (_, e) = w.enrolled(None); Box::new(move |w| w.registry.devices().disable(e.device.id, &w.call).map(drop)) }),
    ("devices.enable", |w| {
        let (_, e) = w.enrolled(None);
        w.registry.devices().disable(e.device.id, &w.call).unwrap();
        Box::new(move |w| w.registry.devices().enable(e.device.id, &w.call).map(drop))
    }),
    ("devices.delete", |w| { let (_, e) = w.enrolled(Some("SN-1")); Box::new(move |w| w.registry.devices().delete(e.device.id, &w.call).map(drop)) }),
    ("devices.release_quarantine", |w| {
        let (_, e) = w.enrolled(Some("SN-1"));
        let _ = w.enroll(&w.request(Some("SN-1")).1);
        Box::new(move |w| w.registry.devices().release_quarantine(e.device.id, Release::NewKeys, &w.call).map(drop))
    }),
    ("certificates.issue", |w| {
        let request = csr(&new_key(), "x");
        let device = w.registry.devices().register(&NewDevice::named("one"), &w.call).unwrap().id;
        Box::new(move |w| w.registry.certificates().issue(&issue(w, &request, Some(device)), &w.call).map(drop))
    }),
    ("certificates.issue_with_key", |_| Box::new(|w| {
        let wanted = IssueWithKey { profile: w.product.credential_profile, authority: w.issuing.id, device: None, name: None, algorithm: Some(KeyAlgorithm::EcdsaP256), hand_out: HandOut::Later };
        w.registry.certificates().issue_with_key(&wanted, &w.call).map(drop)
    })),
    ("certificates.collect_key", |w| {
        let wanted = IssueWithKey { profile: w.product.credential_profile, authority: w.issuing.id, device: None, name: None, algorithm: None, hand_out: HandOut::Later };
        let id = w.registry.certificates().issue_with_key(&wanted, &w.call).unwrap().issued.certificate.id;
        Box::new(move |w| w.registry.certificates().collect_key(id, &w.call).map(drop))
    }),
    ("certificates.confirm_key", |w| {
        let id = w.registry.products().credentials(w.product.id).unwrap()[0].id;
        Box::new(move |w| w.registry.certificates().confirm_key(id, &w.call).map(drop))
    }),
    ("certificates.request", |w| { let request = csr(&new_key(), "x"); let _ = w; Box::new(move |w| w.registry.certificates().request(&issue(w, &request, None), &w.call).map(drop)) }),
    ("certificates.approve", |w| {
        let pending = w.registry.certificates().request(&issue(w, &csr(&new_key(), "x"), None), &w.call).unwrap();
        Box::new(move |w| w.registry.certificates().approve(pending.id, &w.call).map(drop))
    }),
    ("certificates.deny", |w| {
        let pending = w.registry.certificates().request(&issue(w, &csr(&new_key(), "x"), None), &w.call).unwrap();
        Box::new(move |w| w.registry.certificates().deny(pending.id, &w.call).map(drop))
    }),
    ("certificates.renew", |w| {
        let (_, e) = w.enrolled(None);
        let request = csr(&new_key(), "x");
        Box::new(move |w| w.registry.certificates().renew(&Renew::with_csr(e.issued.certificate.id, request.clone()), &w.call).map(drop))
    }),
    ("certificates.confirm", |w| {
        let (_, e) = w.enrolled(None);
        let next = w.registry.certificates().renew(&Renew::same_key(e.issued.certificate.id), &w.call).unwrap();
        Box::new(move |w| w.registry.certificates().confirm(next.certificate.id, &w.call).map(drop))
    }),
    ("certificates.suspend", |w| { let (_, e) = w.enrolled(None); Box::new(move |w| w.registry.certificates().suspend(e.issued.certificate.id, &w.call).map(drop)) }),
    ("certificates.resume", |w| {
        let (_, e) = w.enrolled(None);
        w.registry.certificates().suspend(e.issued.certificate.id, &w.call).unwrap();
        Box::new(move |w| w.registry.certificates().resume(e.issued.certificate.id, &w.call).map(drop))
    }),
    ("certificates.revoke", |w| { let (_, e) = w.enrolled(None); Box::new(move |w| w.registry.certificates().revoke(e.issued.certificate.id, RevocationReason::KeyCompromise, &w.call).map(drop)) }),
    ("certificates.delete", |w| { let (_, e) = w.enrolled(None); Box::new(move |w| w.registry.certificates().delete(e.issued.certificate.id, &w.call).map(drop)) }),
    ("certificates.attach", |w| {
        let (_, e) = w.enrolled(None);
        let second = w.registry.devices().register(&NewDevice::named("two"), &w.call).unwrap().id;
        Box::new(move |w| w.registry.certificates().attach(e.issued.certificate.id, second, &w.call).map(drop))
    }),
    ("certificates.detach", |w| { let (_, e) = w.enrolled(None); Box::new(move |w| w.registry.certificates().detach(e.issued.certificate.id, e.device.id, &w.call).map(drop)) }),
    ("certificates.retire_superseded", |w| {
        let (_, e) = w.enrolled(None);
        w.registry.certificates().renew(&Renew::same_key(e.issued.certificate.id), &w.call).unwrap();
        w.clock.advance(40 * 86_400);
        Box::new(|w| w.registry.certificates().retire_superseded(&w.call).map(drop))
    }),
    ("keys.issue", |w| { let device = registered(w); Box::new(move |w| w.registry.keys().issue(&NewKey::for_device(device, Aes128), &w.call).map(drop)) }),
    ("keys.issue second", |w| { let device = key(w).device.unwrap(); Box::new(move |w| w.registry.keys().issue(&NewKey::for_device(device, Aes128), &w.call).map(drop)) }),
    ("keys.issue shared", |w| { let devices = [registered(w), registered(w)]; Box::new(move |w| w.registry.keys().issue(&NewKey::for_devices(devices, Aes128), &w.call).map(drop)) }),
    ("keys.issue group", |w| { let group = lobby(w); Box::new(move |w| w.registry.keys().issue(&NewKey::for_group(group, Aes128), &w.call).map(drop)) }),
    ("keys.issue_many", |w| {
        let new = [registered(w), registered(w)].map(|device| NewKey::for_device(device, Aes128));
        Box::new(move |w| all(w.registry.keys().issue_many(&new, &Bulk::all(), &w.call)))
    }),
    ("keys.get", |w| { let id = key(w).id; Box::new(move |w| w.registry.keys().get(id, None, &w.call).map(drop)) }),
    ("keys.get_many", |w| { let ids = [key(w).id, key(w).id]; Box::new(move |w| all(w.registry.keys().get_many(&ids, &Bulk::all(), &w.call))) }),
    ("keys.rotate", |w| { let id = key(w).id; Box::new(move |w| w.registry.keys().rotate(id, &RotateKey::with_grace(3), &w.call).map(drop)) }),
    ("keys.rotate_many", |w| { let ids = [key(w).id, key(w).id]; Box::new(move |w| all(w.registry.keys().rotate_many(&ids, &RotateKey::default(), &Bulk::all(), &w.call))) }),
    ("keys.suspend", |w| { let id = key(w).id; Box::new(move |w| w.registry.keys().suspend(id, &w.call).map(drop)) }),
    ("keys.resume", |w| { let id = key(w).id; w.registry.keys().suspend(id, &w.call).unwrap(); Box::new(move |w| w.registry.keys().resume(id, &w.call).map(drop)) }),
    ("keys.mark_compromised", |w| { let id = key(w).id; Box::new(move |w| w.registry.keys().mark_compromised(id, &w.call).map(drop)) }),
    ("keys.end_grace", |w| {
        let id = key(w).id;
        w.registry.keys().rotate(id, &RotateKey::with_grace(3), &w.call).unwrap();
        Box::new(move |w| w.registry.keys().end_grace(id, &w.call).map(drop))
    }),
    ("keys.erase_expired", |w| {
        let id = key(w).id;
        w.registry.keys().rotate(id, &RotateKey::with_grace(3), &w.call).unwrap();
        w.clock.advance(3 * 86_400);
        Box::new(|w| w.registry.keys().erase_expired(&w.call).map(drop))
    }),
    ("keys.destroy", |w| { let id = key(w).id; Box::new(move |w| w.registry.keys().destroy(id, &w.call).map(drop)) }),
    ("keys.destroy group", |w| { let id = w.registry.keys().issue(&NewKey::for_group(lobby(w), Aes128), &w.call).unwrap().id; Box::new(move |w| w.registry.keys().destroy(id, &w.call).map(drop)) }),
    ("keys.deliver", |w| {
        let key = key(w);
        let device = key.device.unwrap();
        w.registry.psks().issue(&NewPsk::tls(device), &w.call).unwrap();
        Box::new(move |w| w.registry.keys().deliver(key.id, device, &w.call).map(drop))
    }),
    ("keys.deliver_clear", |w| { let key = key(w); Box::new(move |w| w.registry.keys().deliver_clear(key.id, key.device.unwrap(), &w.call).map(drop)) }),
    ("keys.share", |w| {
        let (id, device) = (shared(w, registered(w), registered(w)), registered(w));
        Box::new(move |w| w.registry.keys().share(id, device, &w.call).map(drop))
    }),
    ("keys.unshare", |w| {
        let device = registered(w);
        let id = shared(w, device, registered(w));
        Box::new(move |w| w.registry.keys().unshare(id, device, &w.call).map(drop))
    }),
    ("devices.delete keys", |w| {
        let key = key(w);
        let device = key.device.unwrap();
        w.registry.keys().rotate(key.id, &RotateKey::with_grace(3), &w.call).unwrap();
        shared(w, device, registered(w));
        Box::new(move |w| w.registry.devices().delete(device, &w.call).map(drop))
    }),
    ("devices.set_group keys", |w| {
        let (device, group) = (key(w).device.unwrap(), lobby(w));
        Box::new(move |w| w.registry.devices().set_group(device, Some(group), &w.call).map(drop))
    }),
    ("groups.update keys", |w| {
        let group = lobby(w);
        w.registry.keys().issue(&NewKey::for_group(group, Aes128), &w.call).unwrap();
        let change = GroupChange { key_days: Some(Some(30)), ..GroupChange::default() };
        Box::new(move |w| w.registry.groups().update(group, &change, &w.call).map(drop))
    }),
    ("psks.issue", |w| { let device = meter(w); Box::new(move |w| w.registry.psks().issue(&NewPsk::tls(device), &w.call).map(drop)) }),
    ("psks.issue chosen", |w| {
        let device = meter(w);
        Box::new(move |w| w.registry.psks().issue(&NewPsk::tls(device).identified_by("meter-1"), &w.call).map(drop))
    }),
    ("psks.issue again", |w| {
        let psk = password(w);
        w.registry.psks().delete(psk.id, &w.call).unwrap();
        Box::new(move |w| w.registry.psks().issue(&NewPsk::password(psk.device), &w.call).map(drop))
    }),
    ("psks.issue_many", |w| {
        let devices = [meter(w), w.registry.devices().register(&NewDevice::named("two"), &w.call).unwrap().id];
        Box::new(move |w| all(w.registry.psks().issue_many(&devices.map(NewPsk::password), &Bulk::all(), &w.call)))
    }),
    ("psks.read", |w| {
        let device = meter(w);
        let psk = w.registry.psks().issue(&NewPsk::tls(device), &w.call).unwrap().psk;
        Box::new(move |w| w.registry.psks().read(psk.id, &w.call).map(drop))
    }),
    ("psks.rotate", |w| { let psk = password(w); Box::new(move |w| w.registry.psks().rotate(psk.id, &RotatePsk::with_grace(1), &w.call).map(drop)) }),
    ("psks.end_grace", |w| {
        let psk = password(w);
        w.registry.psks().rotate(psk.id, &RotatePsk::with_grace(1), &w.call).unwrap();
        Box::new(move |w| w.registry.psks().end_grace(psk.id, &w.call).map(drop))
    }),
    ("psks.erase_expired", |w| {
        let psk = password(w);
        w.registry.psks().rotate(psk.id, &RotatePsk::with_grace(1), &w.call).unwrap();
        w.clock.advance(86_400);
        Box::new(|w| w.registry.psks().erase_expired(&w.call).map(drop))
    }),
    ("psks.suspend", |w| { let psk = password(w); Box::new(move |w| w.registry.psks().suspend(psk.id, &w.call).map(drop)) }),
    ("psks.resume", |w| {
        let psk = password(w);
        w.registry.psks().suspend(psk.id, &w.call).unwrap();
        Box::new(move |w| w.registry.psks().resume(psk.id, &w.call).map(drop))
    }),
    ("psks.delete", |w| {
        let device = meter(w);
        let psk = w.registry.psks().issue(&NewPsk::tls(device).identified_by("meter-1"), &w.call).unwrap().psk;
        Box::new(move |w| w.registry.psks().delete(psk.id, &w.call).map(drop))
    }),
    ("devices.provision", |w| { let wish = provision(w, "meter"); Box::new(move |w| w.registry.devices().provision(&wish, &w.call).map(drop)) }),
    ("devices.provision_many", |w| {
        let wishes = [provision(w, "one"), provision(w, "two")];
        Box::new(move |w| all(w.registry.devices().provision_many(&wishes, &Bulk::all(), &w.call)))
    }),
    ("devices.delete provisioned", |w| {
        let device = w.registry.devices().provision(&provision(w, "meter"), &w.call).unwrap().device;
        Box::new(move |w| w.registry.devices().delete(device.id, &w.call).map(drop))
    }),
    ("devices.set_group provisioned", |w| {
        let group = w.registry.groups().create("lobby", &GroupChange::default(), &w.call).unwrap();
        let device = w.registry.devices().provision(&provision(w, "meter"), &w.call).unwrap().device;
        Box::new(move |w| w.registry.devices().set_group(device.id, Some(group.id), &w.call).map(drop))
    }),
];

fn registered(world: &World) -> DeviceId {
    world.registry.devices().register(&NewDevice::default(), &world.call).unwrap().id
}

fn lobby(world: &World) -> GroupId {
    world.registry.groups().create("lobby", &GroupChange::default(), &world.call).unwrap().id
}

/// The first symmetric key of a device.
fn key(world: &World) -> SymmetricKey {
    world.registry.keys().issue(&NewKey::for_device(registered(world), Aes128), &world.call).unwrap()
}

fn shared(world: &World, one: DeviceId, other: DeviceId) -> KeyId {
    world.registry.keys().issue(&NewKey::for_devices([one, other], Aes128), &world.call).unwrap().id
}

fn meter(world: &World) -> DeviceId {
    world.registry.devices().register(&NewDevice::named("meter"), &world.call).unwrap().id
}

fn password(world: &World) -> Psk {
    world.registry.psks().issue(&NewPsk::password(meter(world)), &world.call).unwrap().psk
}

fn provision(world: &World, name: &str) -> Provision {
    let spec = ProfileSpec { server_keys: vec![KeyAlgorithm::EcdsaP256], ..ProfileSpec::device() };
    let profile = world.registry.profiles().put("provisioned", &spec, &world.call).unwrap().id;
    Provision::new(NewDevice::named(name))
        .with_psk(PskWish::password())
        .with_key(Aes128)
        .with_certificate(CertificateWish::with_key(profile, world.issuing.id))
}

fn issue(world: &World, request: &[u8], device: Option<DeviceId>) -> Issue {
    Issue {
        csr: request.to_vec(),
        profile: world.product.device_profile,
        authority: world.issuing.id,
        device,
        name: None,
    }
}

fn all<T>(results: Result<Vec<Result<T>>>) -> Result<()> {
    results?.into_iter().try_for_each(|result| result.map(drop))
}

/// For each table, how many rows there are and how often they were written.
type Shape = BTreeMap<&'static str, (usize, u64)>;

fn shape(store: &dyn Store) -> Shape {
    let mut shape = Shape::new();
    for table in SCHEMA.tables {
        let query =
            Query { table, filters: vec![], order: None, descending: false, after: None, limit: 10_000, total: false };
        let rows = store.find(&query).unwrap().rows;
        shape.insert(table.name, (rows.len(), rows.iter().map(|row| row.version).sum()));
    }
    shape
}

fn world() -> (Arc<FaultyStore<MemoryStore>>, World) {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let mut profile = ProfileSpec::device();
    profile.suspend = SuspendMode::CrlHold;
    (Arc::clone(&store), World::with(store, EnrollmentPolicy::default(), profile))
}

#[test]
fn afterwards_everything_happened_or_nothing() {
    let mut tried = 0;
    for (operation, prepare) in CASES {
        // Once without a failure: what everything looks like, and how many calls there are.
        let (store, clean) = world();
        let act = prepare(&clean);
        store.reset();
        act(&clean).unwrap_or_else(|error| panic!("{operation} fails by itself: {error} [{}]", error.code()));
        let calls = store.calls();
        let done = shape(store.inner());
        assert!(calls.contains(&"commit"), "{operation} commits nothing");

        for (number, method) in calls.iter().enumerate() {
            for fault in [Fault::Before, Fault::After] {
                let (store, broken) = world();
                let act = prepare(&broken);
                let before = shape(store.inner());
                assert_ne!(before, done, "{operation} changes nothing");
                store.reset();
                store.fail_at(number, fault);
                let result = act(&broken);
                let after = shape(store.inner());
                let place = format!("{operation}, {fault:?} call {number} ({method})");
                if result.is_ok() {
                    assert_eq!(after, done, "{place}: said done, but is not");
                } else {
                    assert!(after == before || after == done, "{place}: half done\n{before:?}\n{after:?}\n{done:?}");
                }
                if *method != "commit" {
                    assert!(result.is_err() || after == done, "{place}");
                }
                // And it can be done afterwards, unless it was.
                if after == before {
                    store.reset();
                    act(&broken).unwrap_or_else(|error| panic!("{place}: cannot be repeated: {error}"));
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "only {tried} failures were tried");
}

#[test]
fn each_item_of_a_bulk_call_is_done_as_its_result_says() {
    let requests = |world: &World| (0..20).map(|n| world.request(Some(&format!("SN-{n}"))).1).collect::<Vec<_>>();
    let enroll = |world: &World, requests: &[tegata::Enroll]| {
        let results = world.registry.devices().enroll_many(requests, &Bulk::each(), &world.call).unwrap();
        let done = results.iter().filter(|result| result.is_ok()).count();
        (done, usize::try_from(world.registry.devices().count(&tegata::DeviceFilter::default()).unwrap()).unwrap())
    };
    let (store, clean) = world();
    let units = requests(&clean);
    store.reset();
    assert_eq!(enroll(&clean, &units), (20, 20));
    // The last call is the count of this test itself.
    let calls = store.calls().len() - 1;
    for number in 0..calls {
        for fault in [Fault::Before, Fault::After] {
            let (store, broken) = world();
            let units = requests(&broken);
            store.reset();
            store.fail_at(number, fault);
            let (done, there) = enroll(&broken, &units);
            match fault {
                Fault::After => assert!(there >= done, "call {number}: {done} said done, {there} are"),
                _ => assert_eq!(there, done, "call {number}"),
            }
            store.reset();
            // Repeating the whole call completes it, and nobody is enrolled twice.
            assert_eq!(enroll(&broken, &units), (20, 20), "call {number}");
        }
    }
}
