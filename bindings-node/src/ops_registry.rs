//! The operations of a registry, but for its certificates.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use tegata::error::StoreError;
use tegata::model::{
    Authority, Crl, CrlPolicy, CrlState, Device, EnrollmentPolicy, Event, Group, Product, Profile, ProfileSpec,
};
use tegata::store::{Sealer, Store};
use tegata::{
    AuthorityFilter, AuthorityId, CertificateId, Clock, Counts, CrlOptions, DeviceChange, DeviceFilter, DeviceId, Due,
    Enroll, Enrolled, EventFilter, GroupChange, GroupId, HandOut, ImportAuthority, IssuedWithKey, KeyAlgorithm,
    Listing, NewAuthority, NewDevice, NewProduct, Options, Page, Preview, Principal, ProductChange, ProductFilter,
    ProductId, ProfileId, Random, Rebuild, RegisteredProduct, Registry, Release, Result, RevocationReason, Secret,
    Signer, Text, Timestamp, TrustBundle, TrustedProxy,
};

use crate::formats::PresentedIn;
use crate::handle::Handle;
use crate::host::Sink;
use crate::input::{In, MaybePem, Pem};
use crate::ops::{MadeRegistry, operations};
use crate::shape::Types;
use crate::val::{Val, wrong};

type Certificate = tegata::model::Certificate;
type Each<T> = Vec<Result<T>>;

fn open(
    store: Arc<dyn Store>,
    sealer: Arc<dyn Sealer>,
    clock: Option<Arc<dyn Clock>>,
    random: Option<Arc<dyn Random>>,
    proxies: Vec<TrustedProxy>,
) -> Result<Registry> {
    let mut options = Options::default();
    if let Some(clock) = clock {
        options = options.with_clock(clock);
    }
    if let Some(random) = random {
        options = options.with_random(random);
    }
    options.proxies = proxies;
    Registry::open(store, sealer, options)
}

/// Where an export goes, as an argument.
pub(crate) struct Out(pub(crate) Sink);

impl In for Out {
    fn shape(_: &mut Types) -> String {
        "sink".to_owned()
    }
    fn read(value: Val) -> Result<Self> {
        match value {
            Val::Handle(Handle::Sink(host)) => Ok(Self(Sink(host))),
            _ => Err(wrong("a function or a stream to write to")),
        }
    }
}

operations! { LIST:
    "Registry.open" (store: Arc<dyn Store>, sealer: Arc<dyn Sealer>, clock: Option<Arc<dyn Clock>>,
        random: Option<Arc<dyn Random>>, proxies: Vec<TrustedProxy>) -> MadeRegistry
        = |_it| MadeRegistry(Handle::Registry(open(store, sealer, clock, random, proxies)?));
    "registry.close" (this: Registry) sync -> () = |_it| this.close();
    "registry.authenticate" (presented: PresentedIn) -> Principal
        = |it| { let registry = it.registry()?; presented.lend(|presented| registry.authenticate(presented))? };
    "registry.due" (due: Due, page: Page) -> Listing<tegata::DueItem>
        = |it| it.registry()?.due(&due, &page)?;
    "registry.counts" () -> Counts = |it| it.registry()?.counts()?;
    "registry.trust_bundle" () -> TrustBundle = |it| it.registry()?.trust_bundle()?;

    "authorities.create_root" (new: NewAuthority, call: tegata::Call) -> Authority
        = |it| it.registry()?.authorities().create_root(&new, &call)?;
    "authorities.create_intermediate" (parent: AuthorityId, new: NewAuthority, call: tegata::Call) -> Authority
        = |it| it.registry()?.authorities().create_intermediate(parent, &new, &call)?;
    "authorities.import" (import: ImportAuthority, call: tegata::Call) -> Authority
        = |it| it.registry()?.authorities().import(&import, &call)?;
    "authorities.request" (new: NewAuthority, call: tegata::Call) -> Authority
        = |it| it.registry()?.authorities().request(&new, &call)?;
    "authorities.install" (id: AuthorityId, certificate: Pem, chain: MaybePem, call: tegata::Call) -> Authority
        = |it| it.registry()?.authorities().install(id, &certificate.0, &Vec::from(chain), &call)?;
    "authorities.get" (id: AuthorityId) -> Authority = |it| it.registry()?.authorities().get(id)?;
    "authorities.find" (filter: AuthorityFilter, page: Page) -> Listing<Authority>
        = |it| it.registry()?.authorities().find(&filter, &page)?;
    "authorities.chain" (id: AuthorityId) -> Vec<Vec<u8>> = |it| it.registry()?.authorities().chain(id)?;
    "authorities.use_signer" (id: AuthorityId, signer: Arc<dyn Signer>) -> ()
        = |it| it.registry()?.authorities().use_signer(id, signer)?;
    "authorities.retire" (id: AuthorityId, call: tegata::Call) -> Authority
        = |it| it.registry()?.authorities().retire(id, &call)?;
    "authorities.mark_compromised" (id: AuthorityId, call: tegata::Call) -> Authority
        = |it| it.registry()?.authorities().mark_compromised(id, &call)?;
    "authorities.rebuild" (id: AuthorityId, rebuild: Rebuild, call: tegata::Call) -> Authority
        = |it| it.registry()?.authorities().rebuild(id, &rebuild, &call)?;
    "authorities.cross_certify" (id: AuthorityId, by: AuthorityId, call: tegata::Call) -> Vec<u8>
        = |it| it.registry()?.authorities().cross_certify(id, by, &call)?;
    "authorities.crl" (id: AuthorityId, options: CrlOptions, call: tegata::Call) -> Crl
        = |it| it.registry()?.authorities().crl(id, &options, &call)?;
    "authorities.current_crl" (id: AuthorityId, options: CrlOptions) -> Crl = |it| it.registry()?.authorities().current_crl(id, &options)?;

    "authorities.crls" (id: AuthorityId) -> Vec<CrlState> = |it| it.registry()?.authorities().crls(id)?;
    "authorities.set_crl_policy" (id: AuthorityId, policy: CrlPolicy, call: tegata::Call) -> Authority
        = |it| it.registry()?.authorities().set_crl_policy(id, &policy, &call)?;
    "authorities.refresh_crls" (until: Timestamp, call: tegata::Call) -> Each<CrlState>
        = |it| it.registry()?.authorities().refresh_crls(until, &call)?;

    "profiles.put" (name: String, spec: ProfileSpec, call: tegata::Call) -> Profile
        = |it| it.registry()?.profiles().put(&name, &spec, &call)?;
    "profiles.load" (file: String, call: tegata::Call) -> Profile
        = |it| it.registry()?.profiles().load(file, &call)?;
    "profiles.get" (id: ProfileId) -> Profile = |it| it.registry()?.profiles().get(id)?;
    "profiles.newest" (name: String) -> Profile = |it| it.registry()?.profiles().newest(&name)?;
    "profiles.versions" (name: String, page: Page) -> Listing<Profile>
        = |it| it.registry()?.profiles().versions(&name, &page)?;
    "profiles.find" (page: Page) -> Listing<Profile> = |it| it.registry()?.profiles().find(&page)?;
    "profiles.preview" (profile: ProfileId, authority: AuthorityId, csr: Pem, name: Option<String>) -> Preview
        = |it| it.registry()?.profiles().preview(profile, authority, &csr.0, name.as_deref())?;

    "products.register" (new: NewProduct, call: tegata::Call) -> RegisteredProduct
        = |it| it.registry()?.products().register(&new, &call)?;
    "products.get" (id: ProductId) -> Product = |it| it.registry()?.products().get(id)?;
    "products.find" (filter: ProductFilter, page: Page) -> Listing<Product>
        = |it| it.registry()?.products().find(&filter, &page)?;
    "products.enrolled" (id: ProductId) -> u64 = |it| it.registry()?.products().enrolled(id)?;
    "products.update" (id: ProductId, change: ProductChange, call: tegata::Call) -> Product
        = |it| it.registry()?.products().update(id, &change, &call)?;
    "products.set_enrollment_policy" (id: ProductId, policy: EnrollmentPolicy, call: tegata::Call) -> Product
        = |it| it.registry()?.products().set_enrollment_policy(id, &policy, &call)?;
    "products.suspend" (id: ProductId, call: tegata::Call) -> Product
        = |it| it.registry()?.products().suspend(id, &call)?;
    "products.resume" (id: ProductId, call: tegata::Call) -> Product
        = |it| it.registry()?.products().resume(id, &call)?;
    "products.discontinue" (id: ProductId, call: tegata::Call) -> Product
        = |it| it.registry()?.products().discontinue(id, &call)?;
    "products.add_units" (id: ProductId, units: Vec<String>, call: tegata::Call) bulk -> Each<()>
        = |it| { it.many()?.run(|bulk| it.registry()?.products().add_units(id, &units, bulk, &call))? };
    "products.issue_claim_codes" (id: ProductId, count: u32, expires: Option<Timestamp>, call: tegata::Call)
        -> Vec<Secret<String>> = |it| it.registry()?.products().issue_claim_codes(id, count, expires, &call)?;
    "products.renew_credential" (id: ProductId, algorithm: Option<KeyAlgorithm>, hand_out: Option<HandOut>,
        call: tegata::Call) -> IssuedWithKey
        = |it| it.registry()?.products().renew_credential(id, algorithm, hand_out.unwrap_or_default(), &call)?;
    "products.credentials" (id: ProductId) -> Vec<Certificate>
        = |it| it.registry()?.products().credentials(id)?;
    "products.revoke_credential" (credential: CertificateId, reason: RevocationReason, call: tegata::Call)
        -> Certificate = |it| it.registry()?.products().revoke_credential(credential, reason, &call)?;

    "devices.register" (new: NewDevice, call: tegata::Call) -> Device
        = |it| it.registry()?.devices().register(&new, &call)?;
    "devices.register_many" (new: Vec<NewDevice>, call: tegata::Call) bulk -> Each<Device>
        = |it| { it.many()?.run(|bulk| it.registry()?.devices().register_many(&new, bulk, &call))? };
    "devices.discover" (new: NewDevice, call: tegata::Call) -> Device
        = |it| it.registry()?.devices().discover(&new, &call)?;
    "devices.discover_many" (new: Vec<NewDevice>, call: tegata::Call) bulk -> Each<Device>
        = |it| { it.many()?.run(|bulk| it.registry()?.devices().discover_many(&new, bulk, &call))? };
    "devices.enroll" (request: Enroll, call: tegata::Call) -> Enrolled
        = |it| it.registry()?.devices().enroll(&request, &call)?;
    "devices.enroll_many" (requests: Vec<Enroll>, call: tegata::Call) bulk -> Each<Enrolled>
        = |it| { it.many()?.run(|bulk| it.registry()?.devices().enroll_many(&requests, bulk, &call))? };
    "devices.get" (id: DeviceId) -> Device = |it| it.registry()?.devices().get(id)?;
    "devices.find" (filter: DeviceFilter, page: Page) -> Listing<Device>
        = |it| it.registry()?.devices().find(&filter, &page)?;
    "devices.count" (filter: DeviceFilter) -> u64 = |it| it.registry()?.devices().count(&filter)?;
    "devices.update" (id: DeviceId, change: DeviceChange, call: tegata::Call) -> Device
        = |it| it.registry()?.devices().update(id, &change, &call)?;
    "devices.update_many" (changes: Vec<(DeviceId, DeviceChange)>, call: tegata::Call) bulk -> Each<Device>
        = |it| { it.many()?.run(|bulk| it.registry()?.devices().update_many(&changes, bulk, &call))? };
    "devices.set_group" (id: DeviceId, group: Option<GroupId>, call: tegata::Call) -> Device
        = |it| it.registry()?.devices().set_group(id, group, &call)?;
    "devices.set_group_many" (ids: Vec<DeviceId>, group: Option<GroupId>, call: tegata::Call) bulk -> Each<Device>
        = |it| { it.many()?.run(|bulk| it.registry()?.devices().set_group_many(&ids, group, bulk, &call))? };
    "devices.disable" (id: DeviceId, call: tegata::Call) -> Device
        = |it| it.registry()?.devices().disable(id, &call)?;
    "devices.disable_many" (ids: Vec<DeviceId>, call: tegata::Call) bulk -> Each<Device>
        = |it| { it.many()?.run(|bulk| it.registry()?.devices().disable_many(&ids, bulk, &call))? };
    "devices.enable" (id: DeviceId, call: tegata::Call) -> Device
        = |it| it.registry()?.devices().enable(id, &call)?;
    "devices.enable_many" (ids: Vec<DeviceId>, call: tegata::Call) bulk -> Each<Device>
        = |it| { it.many()?.run(|bulk| it.registry()?.devices().enable_many(&ids, bulk, &call))? };
    "devices.delete" (id: DeviceId, call: tegata::Call) -> Device
        = |it| it.registry()?.devices().delete(id, &call)?;
    "devices.delete_many" (ids: Vec<DeviceId>, call: tegata::Call) bulk -> Each<Device>
        = |it| { it.many()?.run(|bulk| it.registry()?.devices().delete_many(&ids, bulk, &call))? };
    "devices.release_quarantine" (id: DeviceId, release: Release, call: tegata::Call) -> Device
        = |it| it.registry()?.devices().release_quarantine(id, release, &call)?;

    "groups.create" (name: String, settings: GroupChange, call: tegata::Call) -> Group
        = |it| it.registry()?.groups().create(&name, &settings, &call)?;
    "groups.get" (id: GroupId) -> Group = |it| it.registry()?.groups().get(id)?;
    "groups.find" (name: Option<Text>, page: Page) -> Listing<Group>
        = |it| it.registry()?.groups().find(name.as_ref(), &page)?;
    "groups.update" (id: GroupId, change: GroupChange, call: tegata::Call) -> Group
        = |it| it.registry()?.groups().update(id, &change, &call)?;
    "groups.delete" (id: GroupId, call: tegata::Call) -> ()
        = |it| it.registry()?.groups().delete(id, &call)?;

    "events.export" (filter: EventFilter, out: Out) -> u64 = |it| {
        let mut buffered = BufWriter::with_capacity(1 << 16, out.0);
        let count = it.registry()?.events().export(&filter, &mut buffered)?;
        buffered.flush().map_err(|error| StoreError::Unavailable { reason: error.to_string() })?;
        count
    };
    "events.find" (filter: EventFilter, page: Page) -> Listing<Event>
        = |it| it.registry()?.events().find(&filter, &page)?;
}
