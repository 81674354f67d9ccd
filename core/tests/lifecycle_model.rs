//! Random sequences of legal and illegal steps, taken by the registry and by a small model of it: after each step both
//! say the same about every device and certificate, and a step that is refused has changed nothing.

#![allow(clippy::unwrap_used, clippy::panic, clippy::too_many_lines)]

mod common;
mod lifecycle;

use std::sync::Arc;

use common::{START, World, csr, former_key, key};
use lifecycle::{Enrolled, Fate, KEYS, Life, Model, NAMES, Reason, Rules, UNITS};
use proptest::prelude::*;
use tegata::model::{
    AuthorityState, DeviceState, EnrollmentPolicy, InvalidReason, ProductState, ProfileSpec, Standing, SuspendCause,
    SuspendMode,
};
use tegata::store::tables::SCHEMA;
use tegata::store::{MemoryStore, Query, Row, Store};
use tegata::{
    CertificateId, CrlOptions, DeviceId, Enrollment, GroupChange, GroupId, Issue, NewDevice, Presented, Principal,
    PrivateKey, Proof, Rebuild, Release, Renew, Result, RevocationReason, Timestamp,
};

const DAY: i64 = 86_400;

#[derive(Clone, Debug)]
enum Step {
    Register { discovered: bool, name: Option<usize>, unit: Option<usize> },
    Enroll { key: usize, unit: Option<usize>, former: Option<usize> },
    Issue { device: Option<usize>, key: usize },
    Renew { certificate: usize, key: Option<usize>, other_proof: bool },
    Confirm(usize),
    Suspend(usize),
    Resume(usize),
    Revoke(usize, Reason),
    DeleteCertificate(usize),
    Attach(usize, usize),
    Detach(usize, usize),
    Disable(usize),
    Enable(usize),
    DeleteDevice(usize),
    Release(usize, bool),
    SetGroup(usize, Option<usize>),
    Sweep,
    Crl,
    SuspendProduct,
    ResumeProduct,
    Advance(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..KEYS;
    let unit = || prop::option::weighted(0.7, 0..UNITS);
    // Small numbers far more often: the same few things meet again and again.
    let some = || prop_oneof![3 => 0_usize..3, 1 => 0_usize..12];
    let reason = prop_oneof![Just(Reason::Superseded), Just(Reason::KeyCompromise), Just(Reason::Cessation)];
    let step = prop_oneof![
        2 => (any::<bool>(), prop::option::of(0..NAMES), unit())
            .prop_map(|(discovered, name, unit)| Step::Register { discovered, name, unit }),
        6 => (key.clone(), unit(), prop::option::of(key.clone()))
            .prop_map(|(key, unit, former)| Step::Enroll { key, unit, former }),
        3 => (prop::option::weighted(0.7, some()), key.clone()).prop_map(|(device, key)| Step::Issue { device, key }),
        8 => (some(), prop::option::of(key), prop::bool::weighted(0.3))
            .prop_map(|(certificate, key, other_proof)| Step::Renew { certificate, key, other_proof }),
        4 => some().prop_map(Step::Confirm),
        4 => some().prop_map(Step::Suspend),
        4 => some().prop_map(Step::Resume),
        3 => (some(), reason).prop_map(|(certificate, reason)| Step::Revoke(certificate, reason)),
        1 => some().prop_map(Step::DeleteCertificate),
        4 => (some(), some()).prop_map(|(certificate, device)| Step::Attach(certificate, device)),
        3 => (some(), some()).prop_map(|(certificate, device)| Step::Detach(certificate, device)),
        5 => some().prop_map(Step::Disable),
        5 => some().prop_map(Step::Enable),
        1 => some().prop_map(Step::DeleteDevice),
        3 => (some(), any::<bool>()).prop_map(|(device, keep)| Step::Release(device, keep)),
        2 => (some(), prop::option::of(0_usize..2)).prop_map(|(device, group)| Step::SetGroup(device, group)),
        1 => Just(Step::Sweep),
        2 => Just(Step::Crl),
        1 => Just(Step::SuspendProduct),
        2 => Just(Step::ResumeProduct),
        5 => prop_oneof![Just(3_600), Just(DAY), Just(11 * DAY), Just(40 * DAY), Just(101 * DAY)].prop_map(Step::Advance),
    ];
    prop::collection::vec(step, 1..70)
}

/// Everything that is stored.
fn dump(store: &dyn Store) -> Vec<Row> {
    let rows = |table| {
        let query =
            Query { table, filters: vec![], order: None, descending: false, after: None, limit: 10_000, total: false };
        store.find(&query).unwrap().rows
    };
    SCHEMA.tables.iter().flat_map(|table| rows(table)).collect()
}

/// The registry, with the names under which the model knows what is in it.
struct Real {
    store: Arc<MemoryStore>,
    world: World,
    keys: Vec<(PrivateKey, Vec<u8>)>,
    groups: Vec<GroupId>,
    devices: Vec<DeviceId>,
    certificates: Vec<(CertificateId, Vec<u8>)>,
}

impl Real {
    fn new(rules: Rules, begins: Option<i64>) -> Self {
        let store = Arc::new(MemoryStore::new());
        let mut profile = ProfileSpec::device();
        profile.validity_days = 100;
        profile.grace_days = u32::try_from(rules.grace / DAY).unwrap();
        profile.new_key_at_renewal = rules.new_key;
        profile.suspend = if rules.crl_hold { SuspendMode::CrlHold } else { SuspendMode::Registry };
        profile.not_before = begins.map(|at| Timestamp::from_unix(at).to_string());
        let world = World::with(Arc::clone(&store), EnrollmentPolicy::default(), profile);
        let group = |name| world.registry.groups().create(name, &GroupChange::default(), &world.call).unwrap().id;
        let groups = vec![group("lobby"), group("roof")];
        let keys = (0..KEYS)
            .map(|_| {
                let key = key();
                let request = csr(&key, "unit");
                (key, request)
            })
            .collect();
        Self { store, world, keys, groups, devices: Vec::new(), certificates: Vec::new() }
    }

    fn keep(&mut self, issued: &tegata::Issued) -> usize {
        let id = issued.certificate.id;
        self.certificates.iter().position(|(known, _)| *known == id).unwrap_or_else(|| {
            self.certificates.push((id, issued.der.clone()));
            self.certificates.len() - 1
        })
    }

    fn device(&mut self, id: DeviceId) {
        if !self.devices.contains(&id) {
            self.devices.push(id);
        }
    }
}

fn agree<T, U>(step: &Step, real: Result<T>, model: Result<U, &'static str>) -> Option<(T, U)> {
    match (real, model) {
        (Ok(real), Ok(model)) => Some((real, model)),
        (Err(error), Err(code)) => {
            assert_eq!(error.code(), code, "{step:?}");
            None
        }
        (Ok(_), Err(code)) => panic!("{step:?}: done, but {code} was expected"),
        (Err(error), Ok(_)) => panic!("{step:?}: {} ({error}), but it is legal", error.code()),
    }
}

/// Takes one step on both sides. False if there is nothing yet that it could be about.
fn take(step: &Step, real: &mut Real, model: &mut Model) -> bool {
    let certificate = |n: usize| (!model.certificates.is_empty()).then(|| n % model.certificates.len());
    let device = |n: usize| (!model.devices.is_empty()).then(|| n % model.devices.len());
    let call = real.world.call.clone();
    let registry = real.world.registry.clone();
    let (devices, certificates) = (registry.devices(), registry.certificates());
    macro_rules! some {
        ($option:expr) => {
            match $option {
                Some(value) => value,
                None => return false,
            }
        };
    }
    match *step {
        Step::Register { discovered, name, unit } => {
            let new = NewDevice {
                name: name.map(|n| format!("device {n}")),
                product: Some(real.world.product.id),
                unit: unit.map(|n| format!("SN-{n}")),
                ..NewDevice::default()
            };
            let done = if discovered { devices.discover(&new, &call) } else { devices.register(&new, &call) };
            let life = if discovered { Life::Discovered } else { Life::Valid };
            if let Some((made, ())) = agree(step, done, model.register(life, name, unit)) {
                real.device(made.id);
            }
        }
        Step::Enroll { key, unit, former } => {
            let (own, request) = &real.keys[key];
            let mut enroll = real.world.request_with(own, unit.map(|n| format!("SN-{n}")).as_deref());
            enroll.csr.clone_from(request);
            enroll.former_key_signature = former.map(|n| former_key(&real.keys[n].0, request));
            let done = devices.enroll(&enroll, &call);
            if let Some((made, how)) = agree(step, done, model.enroll(key, unit, former)) {
                real.device(made.device.id);
                let at = real.keep(&made.issued);
                match (made.enrollment, how) {
                    (Enrollment::New, Enrolled::New)
                    | (Enrollment::Admitted, Enrolled::Admitted)
                    | (Enrollment::Renewed, Enrolled::Renewed)
                    | (Enrollment::Rekeyed, Enrolled::Rekeyed) => assert_eq!(at + 1, real.certificates.len()),
                    (Enrollment::Known, Enrolled::Known(which)) => assert_eq!(at, which, "{step:?}"),
                    other => panic!("{step:?}: {other:?}"),
                }
            }
        }
        Step::Issue { device: to, key } => {
            let to = match to {
                Some(n) => Some(some!(device(n))),
                None => None,
            };
            let issue = Issue {
                csr: real.keys[key].1.clone(),
                profile: real.world.product.device_profile,
                authority: real.world.issuing.id,
                device: to.map(|n| real.devices[n]),
                name: None,
            };
            if let Some((made, ())) = agree(step, certificates.issue(&issue, &call), model.issue(to, key)) {
                real.keep(&made);
            }
        }
        Step::Renew { certificate: n, key, other_proof } => {
            let n = some!(certificate(n));
            let mut renew = Renew::same_key(real.certificates[n].0);
            renew.csr = key.map(|key| real.keys[key].1.clone());
            renew.other_proof = other_proof;
            if let Some((made, which)) =
                agree(step, certificates.renew(&renew, &call), model.renew(n, key, other_proof))
            {
                assert_eq!(real.keep(&made), which, "{step:?}");
            }
        }
        Step::Confirm(n) => {
            let n = some!(certificate(n));
            agree(step, certificates.confirm(real.certificates[n].0, &call), model.confirm(n));
        }
        Step::Suspend(n) => {
            let n = some!(certificate(n));
            agree(step, certificates.suspend(real.certificates[n].0, &call), model.suspend(n));
        }
        Step::Resume(n) => {
            let n = some!(certificate(n));
            agree(step, certificates.resume(real.certificates[n].0, &call), model.resume(n));
        }
        Step::Revoke(n, reason) => {
            let n = some!(certificate(n));
            let said = match reason {
                Reason::Superseded => RevocationReason::Superseded,
                Reason::KeyCompromise => RevocationReason::KeyCompromise,
                Reason::Cessation => RevocationReason::CessationOfOperation,
            };
            agree(step, certificates.revoke(real.certificates[n].0, said, &call), model.revoke(n, reason));
        }
        Step::DeleteCertificate(n) => {
            let n = some!(certificate(n));
            agree(step, certificates.delete(real.certificates[n].0, &call), model.delete_certificate(n));
        }
        Step::Attach(n, d) => {
            let (n, d) = (some!(certificate(n)), some!(device(d)));
            agree(step, certificates.attach(real.certificates[n].0, real.devices[d], &call), model.attach(n, d));
        }
        Step::Detach(n, d) => {
            let (n, d) = (some!(certificate(n)), some!(device(d)));
            agree(step, certificates.detach(real.certificates[n].0, real.devices[d], &call), model.detach(n, d));
        }
        Step::Disable(d) => {
            let d = some!(device(d));
            agree(step, devices.disable(real.devices[d], &call), model.disable(d));
        }
        Step::Enable(d) => {
            let d = some!(device(d));
            agree(step, devices.enable(real.devices[d], &call), model.enable(d));
        }
        Step::DeleteDevice(d) => {
            let d = some!(device(d));
            agree(step, devices.delete(real.devices[d], &call), model.delete_device(d));
        }
        Step::Release(d, keep) => {
            let d = some!(device(d));
            let release = if keep { Release::KeepKeys } else { Release::NewKeys };
            agree(step, devices.release_quarantine(real.devices[d], release, &call), model.release(d, keep));
        }
        Step::SetGroup(d, group) => {
            let d = some!(device(d));
            let id = group.map(|n| real.groups[n]);
            agree(step, devices.set_group(real.devices[d], id, &call), model.set_group(d, group));
        }
        Step::Sweep => {
            certificates.retire_superseded(&call).unwrap();
            model.sweep();
        }
        Step::Crl => {
            let crl = registry.authorities().crl(real.world.issuing.id, &CrlOptions::default(), &call).unwrap();
            model.sweep();
            compare_crl(&crl.der, real, model);
        }
        Step::SuspendProduct => {
            agree(step, registry.products().suspend(real.world.product.id, &call), model.suspend_product());
        }
        Step::ResumeProduct => {
            agree(step, registry.products().resume(real.world.product.id, &call), model.resume_product());
        }
        Step::Advance(seconds) => {
            // The product credential lives ten years.
            if model.now + seconds > START + 3_000 * DAY {
                return false;
            }
            real.world.clock.advance(seconds);
            model.now += seconds;
        }
    }
    true
}

/// What has not expired is on the CRL when it is revoked or on hold, and not otherwise.
fn compare_crl(der: &[u8], real: &Real, model: &Model) {
    let crl = tegata::Crl::from_bytes(der).unwrap();
    let listed: Vec<_> = crl.entries().map(|e| e.unwrap()).map(|(serial, e)| (serial.to_vec(), e.reason)).collect();
    for (n, (id, _)) in real.certificates.iter().enumerate() {
        if model.certificates[n].until < model.now {
            continue;
        }
        let serial = real.world.registry.certificates().get(*id).unwrap().serial;
        let reason = listed.iter().find(|(listed, _)| *listed == serial).map(|(_, reason)| *reason);
        let right = match model.certificates[n].fate {
            Fate::HeldByDevice => reason == Some(RevocationReason::CertificateHold),
            Fate::HeldByOperator if model.rules.crl_hold => reason == Some(RevocationReason::CertificateHold),
            Fate::Good | Fate::HeldByOperator => reason.is_none(),
            Fate::Superseded => reason == Some(RevocationReason::Superseded),
            Fate::Revoked => reason.is_some_and(|r| r != RevocationReason::CertificateHold),
        };
        assert!(right, "certificate {n} is on the CRL as {reason:?}, and {:?}", model.certificates[n].fate);
    }
}

/// Both sides say the same about everything.
fn compare(real: &Real, model: &mut Model) {
    let registry = &real.world.registry;
    assert_eq!((real.devices.len(), real.certificates.len()), (model.devices.len(), model.certificates.len()));
    for (n, id) in real.devices.iter().enumerate() {
        let device = registry.devices().get(*id).unwrap();
        let life = match (device.state, device.reason) {
            (DeviceState::Discovered, None) => Life::Discovered,
            (DeviceState::Valid, None) => Life::Valid,
            (DeviceState::Invalid, Some(InvalidReason::Disabled)) => Life::Disabled,
            (DeviceState::Invalid, Some(InvalidReason::Quarantined)) => Life::Quarantined,
            (DeviceState::Deleted, None) => Life::Deleted,
            other => panic!("device {n}: {other:?}"),
        };
        assert_eq!(life, model.devices[n].life, "device {n}");
        assert_eq!(device.group, model.devices[n].group.map(|g| real.groups[g]), "device {n}");
        assert_eq!(device.subject.is_some(), model.devices[n].certified, "device {n}");
        let held: Vec<_> =
            registry.devices().credentials(*id).unwrap().certificates.into_iter().map(|c| c.id).collect();
        let expected: Vec<_> = model.held(n).into_iter().map(|c| real.certificates[c].0).collect();
        assert_eq!(held, expected, "device {n}");
    }
    for (n, (id, der)) in real.certificates.iter().enumerate() {
        let record = registry.certificates().get(*id).unwrap();
        if model.certificates[n].until == i64::MAX {
            model.certificates[n].from = record.not_before.unix();
            model.certificates[n].until = record.not_after.unix();
            assert_eq!(record.issued.unix(), model.now, "certificate {n}");
        }
        let expected = &model.certificates[n];
        let standing = match record.standing(Timestamp::from_unix(model.now)) {
            Standing::NotYetValid => lifecycle::Standing::NotYetValid,
            Standing::Active => lifecycle::Standing::Active,
            Standing::Suspended => lifecycle::Standing::Suspended,
            Standing::Superseded => lifecycle::Standing::Superseded,
            Standing::Revoked => lifecycle::Standing::Revoked,
            Standing::Expired => lifecycle::Standing::Expired,
            other => panic!("certificate {n}: {other:?}"),
        };
        assert_eq!(standing, model.standing(n), "certificate {n}");
        let cause = match expected.fate {
            Fate::HeldByDevice => Some(SuspendCause::Device),
            Fate::HeldByOperator => Some(SuspendCause::Operator),
            _ => None,
        };
        assert_eq!(record.suspended_by, cause, "certificate {n}");
        let number = |c: CertificateId| real.certificates.iter().position(|(id, _)| *id == c).unwrap();
        assert_eq!(
            (record.renews.map(number), record.successor.map(number), record.confirmed, record.deleted),
            (expected.renews, expected.successor, expected.confirmed, expected.deleted),
            "certificate {n}"
        );
        assert_eq!(record.retires.map(Timestamp::unix), expected.retires, "certificate {n}");
        assert_eq!(record.group, expected.group.map(|g| real.groups[g]), "certificate {n}");
        assert_eq!(record.holders as usize, model.holders(n).len(), "certificate {n}");
        assert_eq!(record.revoked.is_some(), record.reason.is_some(), "certificate {n}");
        for named in std::iter::once(None).chain((0..model.devices.len()).map(Some)) {
            let device = named.map(|d| real.devices[d]);
            let shown = Presented::Certificate { certificate: der, proof: Proof::TlsSession, device };
            let said = registry.authenticate(&shown).map_err(|e| e.code()).map(|principal| match principal {
                Principal::Device { device, .. } => real.devices.iter().position(|id| *id == device).unwrap(),
                other => panic!("{other:?}"),
            });
            assert_eq!(said, model.authenticate(n, named), "certificate {n} of device {named:?}");
        }
    }
}

fn run(rules: Rules, begins: Option<i64>, steps: &[Step]) {
    let mut real = Real::new(rules, begins);
    let mut model = Model::new(rules, START);
    for step in steps {
        let before = dump(&*real.store);
        let snapshot = model.clone();
        if !take(step, &mut real, &mut model) {
            continue;
        }
        compare(&real, &mut model);
        // What the model says is unchanged is unchanged to the last version number. A sweep may find nothing either.
        if format!("{snapshot:?}") == format!("{model:?}") && !matches!(step, Step::Crl | Step::SetGroup(..)) {
            assert_eq!(dump(&*real.store), before, "{step:?} was refused or repeated, but changed something");
        }
    }
}

/// `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { ProptestConfig::default().cases } else { 64 };
    ProptestConfig { cases, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    /// NEC-16, NEC-17, NEC-18, NEC-20, NEC-29, NEC-45, NAV-9, NAV-11, NAV-12, SOL-5, and the traps 1, 2, 5, 9, 10, 11, 15
    /// in any order of events.
    #[test]
    fn any_sequence_of_steps_leads_where_the_model_says(
        steps in steps(),
        crl_hold: bool,
        new_key in prop::bool::weighted(0.2),
        later in prop::bool::weighted(0.2),
    ) {
        run(Rules { grace: 10 * DAY, crl_hold, new_key }, later.then_some(START + 20 * DAY), &steps);
    }

    /// Products: active, suspended, active again, discontinued for good.
    #[test]
    fn a_products_states_follow_each_other_as_the_table_says(steps in prop::collection::vec(0_u8..3, 1..12)) {
        let world = World::new();
        let products = world.registry.products();
        let mut state = ProductState::Active;
        for step in steps {
            let (done, expected) = match (step, state) {
                (0, ProductState::Active) => (products.suspend(world.product.id, &world.call), Ok(ProductState::Suspended)),
                (0, ProductState::Suspended) => (products.suspend(world.product.id, &world.call), Err("product.suspended")),
                (0, _) => (products.suspend(world.product.id, &world.call), Err("product.discontinued")),
                (1, ProductState::Suspended) => (products.resume(world.product.id, &world.call), Ok(ProductState::Active)),
                (1, ProductState::Active) => (products.resume(world.product.id, &world.call), Err("product.not_suspended")),
                (1, _) => (products.resume(world.product.id, &world.call), Err("product.discontinued")),
                (_, ProductState::Discontinued) => (products.discontinue(world.product.id, &world.call), Err("product.discontinued")),
                _ => (products.discontinue(world.product.id, &world.call), Ok(ProductState::Discontinued)),
            };
            prop_assert_eq!(done.map(|p| p.state).map_err(|e| e.code()), expected);
            state = expected.unwrap_or(state);
            prop_assert_eq!(products.get(world.product.id).unwrap().state, state);
            let enrolls = world.enroll(&world.request(None).1).map(drop).map_err(|e| e.code());
            prop_assert_eq!(enrolls, match state {
                ProductState::Active => Ok(()),
                ProductState::Suspended => Err("product.suspended"),
                _ => Err("product.discontinued"),
            });
        }
    }

    /// Authorities: active, retired, compromised; each says what it still does. An old generation never comes back.
    #[test]
    fn an_authoritys_states_follow_each_other_as_the_table_says(steps in prop::collection::vec(0_u8..4, 1..10)) {
        let world = World::new();
        let authorities = world.registry.authorities();
        let (_, enrolled) = world.enrolled(None);
        // Each generation's state; the last one is the newest.
        let mut line = vec![(world.issuing.id, AuthorityState::Active)];
        for step in steps {
            let newest = line.len() - 1;
            let which = if step == 3 { 0 } else { newest };
            let (id, state) = line[which];
            let code = match state {
                AuthorityState::Retired => Some("authority.retired"),
                AuthorityState::Compromised => Some("authority.compromised"),
                _ => None,
            };
            match step {
                0 => {
                    prop_assert_eq!(authorities.retire(id, &world.call).err().map(|e| e.code()), code);
                    if code.is_none() { line[which].1 = AuthorityState::Retired; }
                }
                1 | 3 => {
                    let expected = code.filter(|code| *code == "authority.compromised");
                    prop_assert_eq!(authorities.mark_compromised(id, &world.call).err().map(|e| e.code()), expected);
                    line[which].1 = AuthorityState::Compromised;
                }
                _ => {
                    let made = authorities.rebuild(id, &Rebuild::default(), &world.call).unwrap();
                    if line[which].1 == AuthorityState::Active { line[which].1 = AuthorityState::Retired; }
                    line.push((made.id, AuthorityState::Active));
                    prop_assert_eq!(authorities.rebuild(id, &Rebuild::default(), &world.call).unwrap_err().code(), "authority.retired");
                }
            }
            for (id, state) in &line {
                prop_assert_eq!(authorities.get(*id).unwrap().state, *state);
                let crl = authorities.crl(*id, &CrlOptions::default(), &world.call).map(drop).map_err(|e| e.code());
                let signs = *state != AuthorityState::Compromised;
                prop_assert_eq!(crl, if signs { Ok(()) } else { Err("authority.compromised") });
            }
            let shown = Presented::Certificate { certificate: &enrolled.issued.der, proof: Proof::TlsSession, device: None };
            let vouched = line[0].1 != AuthorityState::Compromised;
            prop_assert_eq!(world.registry.authenticate(&shown).is_ok(), vouched);
            // The product's credential stands and falls with the generation that issued it.
            let enrolls = world.enroll(&world.request(None).1).map(drop).map_err(|e| e.code());
            prop_assert_eq!(enrolls, match (line[0].1, line.last().unwrap().1) {
                (AuthorityState::Compromised, _) | (_, AuthorityState::Compromised) => Err("authority.compromised"),
                (_, AuthorityState::Retired) => Err("authority.retired"),
                _ => Ok(()),
            });
        }
    }
}
