//! The records of the registry and what is asked of it.

use tegata::model::{
    Assignment, Attributes, Authority, AuthorityState, Certificate, CertificateKind, CertificateState, CredentialKind,
    Crl, CrlPolicy, CrlState, Device, DeviceState, EnrollmentMode, EnrollmentPolicy, Entity, Event, Group,
    InvalidReason, KeyOrigin, OtherKey, Product, ProductState, Profile, ProfileSpec, SanPolicy, SignerLocation,
    Standing, SubjectPolicy, SuspendCause, SuspendMode,
};
use tegata::{
    AuthorityFilter, CampaignId, CertificateCount, CertificateFilter, CertificateGrouping, CertificateId, ClientId,
    Counts, Credential, CrlOptions, DeviceChange, DeviceFilter, DeviceId, Due, DueKind, Enroll, Enrolled, Enrollment,
    EventFilter, GroupChange, GroupId, HandOut, ImportAuthority, Issue, IssueWithKey, Issued, IssuedWithKey,
    KeyAlgorithm, KeyId, NewAuthority, NewDevice, NewProduct, Page, Preview, Principal, ProductChange, ProductFilter,
    ProductId, ProductSpec, ProfileId, PskId, Rebuild, RegisteredProduct, Release, Renew, RenewWithKey,
    RevocationReason, Text, Timestamp, TrustBundle,
};

use crate::input::{Clearable, In, MaybePem, MaybeSecretText, Pem};
use crate::out::{Big, Item, Out, Writer};
use crate::shape::{Types, names, record_in, record_out, union_in, union_out};
use crate::val::{Val, wrong};

names!(AuthorityState => "AuthorityState" from ALL);
names!(SignerLocation => "SignerLocation" from ALL);
names!(CertificateKind => "CertificateKind" from ALL);
names!(CredentialKind => "CredentialKind" from ALL);
names!(DueKind => "DueKind" from ALL);
names!(CertificateState => "CertificateState" from ALL);
names!(SuspendCause => "SuspendCause" from ALL);
names!(KeyOrigin => "KeyOrigin" from ALL);
names!(DeviceState => "DeviceState" from ALL);
names!(InvalidReason => "InvalidReason" from ALL);
names!(ProductState => "ProductState" from ALL);
names!(RevocationReason => "RevocationReason" from ALL);
names!(EnrollmentMode => "EnrollmentMode" {
    "open" = EnrollmentMode::Open, "allow-list" = EnrollmentMode::AllowList, "claim-code" = EnrollmentMode::ClaimCode,
});
names!(OtherKey => "OtherKey" { "quarantine" = OtherKey::Quarantine, "refuse" = OtherKey::Refuse });
names!(SuspendMode => "SuspendMode" { "registry" = SuspendMode::Registry, "crl-hold" = SuspendMode::CrlHold });
names!(HandOut => "HandOut" { "now" = HandOut::Now, "later" = HandOut::Later });
names!(Release => "Release" { "keep-keys" = Release::KeepKeys, "new-keys" = Release::NewKeys });
names!(Enrollment => "Enrollment" {
    "new" = Enrollment::New, "admitted" = Enrollment::Admitted, "known" = Enrollment::Known,
    "renewed" = Enrollment::Renewed, "rekeyed" = Enrollment::Rekeyed,
});
names!(Standing => "Standing" {
    "pending" = Standing::Pending, "denied" = Standing::Denied, "not-yet-valid" = Standing::NotYetValid,
    "active" = Standing::Active, "suspended" = Standing::Suspended, "superseded" = Standing::Superseded,
    "revoked" = Standing::Revoked, "expired" = Standing::Expired,
});
names!(CertificateGrouping => "CertificateGrouping" {
    "total" = CertificateGrouping::Total, "state" = CertificateGrouping::State, "kind" = CertificateGrouping::Kind,
    "product" = CertificateGrouping::Product, "group" = CertificateGrouping::Group,
    "authority" = CertificateGrouping::Authority, "profile" = CertificateGrouping::Profile,
    "algorithm" = CertificateGrouping::Algorithm,
    "due-week" = CertificateGrouping::DueWeek,
});

union_in!(Text => "Text" {
    "is" { value: String } => Text::Is(value),
    "starts-with" { value: String } => Text::StartsWith(value),
    "contains" { value: String } => Text::Contains(value),
});
union_out!(Entity => "Entity" {
    "authority" { value: tegata::AuthorityId } = Entity::Authority(value),
    "profile" { value: ProfileId } = Entity::Profile(value),
    "product" { value: ProductId } = Entity::Product(value),
    "device" { value: DeviceId } = Entity::Device(value),
    "group" { value: GroupId } = Entity::Group(value),
    "certificate" { value: CertificateId } = Entity::Certificate(value),
    "psk" { value: PskId } = Entity::Psk(value),
    "key" { value: KeyId } = Entity::Key(value),
    "campaign" { value: CampaignId } = Entity::Campaign(value),
    "client" { value: ClientId } = Entity::Client(value),
});
union_out!(CertificateCount => "CertificateCount" {
    "total" {} = CertificateCount::Total,
    "state" { value: CertificateState } = CertificateCount::State(value),
    "kind" { value: CertificateKind } = CertificateCount::Kind(value),
    "product" { value: Option<ProductId> } = CertificateCount::Product(value),
    "group" { value: Option<GroupId> } = CertificateCount::Group(value),
    "authority" { value: tegata::AuthorityId } = CertificateCount::Authority(value),
    "profile" { value: ProfileId } = CertificateCount::Profile(value),
    "algorithm" { value: Option<KeyAlgorithm> } = CertificateCount::Algorithm(value),
    "due-week" { value: Option<Timestamp> } = CertificateCount::DueWeek(value),
});
union_out!(Credential => "Credential" {
    "certificate" { value: CertificateId } = Credential::Certificate(value),
    "psk" { value: PskId } = Credential::Psk(value),
});
union_out!(Principal => "Principal" {
    "device" { device: DeviceId, product: Option<ProductId>, credential: Credential, until: Option<Timestamp> }
        = Principal::Device { device, product, credential, until },
    "product" { product: ProductId, certificate: CertificateId, until: Timestamp }
        = Principal::Product { product, certificate, until },
    "client" { client: ClientId, name: String } = Principal::Client { client, name },
});

/// An entity as an argument.
pub(crate) struct EntityIn(Entity);

union_in!(EntityIn => "EntityInput" {
    "authority" { value: tegata::AuthorityId } => EntityIn(Entity::Authority(value)),
    "profile" { value: ProfileId } => EntityIn(Entity::Profile(value)),
    "product" { value: ProductId } => EntityIn(Entity::Product(value)),
    "device" { value: DeviceId } => EntityIn(Entity::Device(value)),
    "group" { value: GroupId } => EntityIn(Entity::Group(value)),
    "certificate" { value: CertificateId } => EntityIn(Entity::Certificate(value)),
    "psk" { value: PskId } => EntityIn(Entity::Psk(value)),
    "key" { value: KeyId } => EntityIn(Entity::Key(value)),
    "campaign" { value: CampaignId } => EntityIn(Entity::Campaign(value)),
    "client" { value: ClientId } => EntityIn(Entity::Client(value)),
});

impl In for Entity {
    fn shape(types: &mut Types) -> String {
        EntityIn::shape(types)
    }
    fn read(value: Val) -> tegata::Result<Self> {
        EntityIn::read(value).map(|entity| entity.0)
    }
}

/// Writes shape and fields of a type, each told by an expression of it.
macro_rules! told_out {
    ($ty:ty => $name:literal |$it:ident| { $($field:ident = $value:expr),* $(,)? }) => {
        impl Item for $ty {}
        impl Out for $ty {
            fn shape(types: &mut Types) -> String {
                types.describe($name, |types| serde_json::json!({
                    "out": [$( [stringify!($field), told(|$it: &$ty| $value, types)] ),*]
                }))
            }
            fn write(&self, out: &mut Writer) {
                let $it = self;
                out.open();
                $( Out::write(&$value, out); )*
                out.close();
            }
        }
    };
}

fn told<R, T: Out>(_: fn(&R) -> T, types: &mut Types) -> String {
    T::shape(types)
}

told_out!(Authority => "Authority" |it| {
    id = it.id, name = it.name.clone(), generation = it.generation, state = it.state, subject = it.subject.clone(),
    algorithm = it.algorithm, key_identifier = it.key_identifier.clone(), not_before = it.not_before,
    not_after = it.not_after, parent = it.parent, predecessor = it.predecessor, successor = it.successor,
    signer = it.signer, certificate = it.certificate.clone(), outside = it.outside.clone(), request = it.request.clone(),
    public_key = it.public_key.clone(), created = it.created, crl_policy = it.crl_policy().cloned(),
});
told_out!(CrlState => "CrlState" |it| {
    authority = it.authority, shard = it.shard, delta = it.delta, number = it.number.map(Big),
    this_update = it.this_update, next_update = it.next_update, refresh_at = it.refresh_at,
    addresses = it.addresses.clone(),
});
record_out!(CrlPolicy => "CrlPolicy" { shards, urls, delta_urls, next_update_hours, delta_hours, overlap_hours });
record_in!(CrlPolicy => "CrlPolicyInput" (optional) {
    shards = Self::default().shards, urls, delta_urls, next_update_hours = Self::default().next_update_hours, delta_hours,
    overlap_hours = Self::default().overlap_hours,
});
record_out!(Certificate => "CertificateRecord" {
    id, serial, authority, profile, kind, state, product, credential_of, device, group, holders, name, issued,
    not_before, not_after, renew_at, key_number, key_origin, renews, successor, confirmed, retires, suspended_by,
    revoked, reason, deleted, algorithm, campaign, shard,
});
record_out!(Assignment => "Assignment" { certificate, device, since });
record_out!(Device => "Device" {
    id, name, state, reason, product, unit, group, attributes, subject, created, updated,
});
record_out!(Attributes => "Attributes" { ip, mac, host_name, os_name, more });
record_in!(Attributes => "AttributesInput" (optional) { ip, mac, host_name, os_name, more });
record_out!(Event => "Event" { id, at, actor, action, subject, object, detail });
record_out!(Group => "Group" { id, name, certificate_days, key_days, created, updated });
record_out!(Product => "Product" {
    id, name, state, authority, credential_profile, device_profile, subject, policy, information, created, updated,
});
record_out!(Profile => "Profile" { id, name, revision, spec, created });
record_out!(Preview => "Preview" { subject, not_before, not_after, renew_at });
record_out!(Issued => "Issued" { certificate, der, chain });
record_out!(IssuedWithKey => "IssuedWithKey" { issued, key });
record_out!(Enrolled => "Enrolled" { device, issued, enrollment });
record_out!(RegisteredProduct => "RegisteredProduct" { product, credential });
record_out!(TrustBundle => "TrustBundle" { roots });
record_out!(Counts => "Counts" {
    devices, devices_by_group, devices_by_product, certificates, certificates_by_kind, certificates_by_algorithm, expired, keys,
    keys_by_algorithm, psks, due_by_week, certificates_due_by_week, keys_due_by_week, psks_due_by_week,
});

impl Out for Crl {
    fn shape(types: &mut Types) -> String {
        types.describe("CrlRecord", |types| {
            let fields = [
                ("authority", tegata::AuthorityId::shape_out(types)),
                ("shard", <u32 as Out>::shape(types)),
                ("number", Big::shape(types)),
                ("base", <Option<Big> as Out>::shape(types)),
                ("this_update", <Timestamp as Out>::shape(types)),
                ("next_update", <Timestamp as Out>::shape(types)),
                ("refresh_at", <Timestamp as Out>::shape(types)),
                ("entries", <u64 as Out>::shape(types)),
                ("der", <Vec<u8> as Out>::shape(types)),
            ];
            serde_json::json!({ "out": fields })
        })
    }
    fn write(&self, out: &mut Writer) {
        out.open();
        self.authority.write(out);
        self.shard.write(out);
        Big(self.number).write(out);
        self.base.map(Big).write(out);
        self.this_update.write(out);
        self.next_update.write(out);
        self.refresh_at.write(out);
        self.entries.write(out);
        self.der.write(out);
        out.close();
    }
}

/// Which of two shapes is meant, for types that go both ways.
trait ShapeOut: Out {
    fn shape_out(types: &mut Types) -> String {
        Self::shape(types)
    }
}
impl<T: Out> ShapeOut for T {}

impl Out for EnrollmentPolicy {
    fn shape(types: &mut Types) -> String {
        types.describe("EnrollmentPolicy", |types| {
            let fields = [
                ("mode", EnrollmentMode::shape_out(types)),
                ("quota", Option::<Big>::shape(types)),
                ("opens", Option::<Timestamp>::shape_out(types)),
                ("closes", Option::<Timestamp>::shape_out(types)),
                ("unit_required", bool::shape_out(types)),
                ("other_key", OtherKey::shape_out(types)),
            ];
            serde_json::json!({ "out": fields })
        })
    }
    fn write(&self, out: &mut Writer) {
        out.open();
        self.mode.write(out);
        self.quota.map(Big).write(out);
        self.opens.write(out);
        self.closes.write(out);
        self.unit_required.write(out);
        self.other_key.write(out);
        out.close();
    }
}
record_in!(EnrollmentPolicy => "EnrollmentPolicyInput" (optional) {
    mode = EnrollmentMode::default(), quota, opens, closes, unit_required, other_key = OtherKey::default(),
});

record_out!(SanPolicy => "SanPolicy" { dns, dns_wildcards, ip, uri, email, other, add, required, max });
record_in!(SanPolicy => "SanPolicyInput" (optional) {
    dns, dns_wildcards, ip, uri, email, other, add, required, max = 0,
});
union_out!(SubjectPolicy => "SubjectPolicy" {
    "opaque" { fixed: String } = SubjectPolicy::Opaque { fixed },
    "template" { name: String } = SubjectPolicy::Template { name },
    "from-csr" { allow: Vec<String>, require: Vec<String> } = SubjectPolicy::FromCsr { allow, require },
});

/// A subject policy as an argument.
pub(crate) struct SubjectIn(SubjectPolicy);

union_in!(SubjectIn => "SubjectPolicyInput" {
    "opaque" { fixed: Option<String> } => SubjectIn(SubjectPolicy::Opaque { fixed: fixed.unwrap_or_default() }),
    "template" { name: String } => SubjectIn(SubjectPolicy::Template { name }),
    "from-csr" { allow: Vec<String>, require: Vec<String> } => SubjectIn(SubjectPolicy::FromCsr { allow, require }),
});

impl In for SubjectPolicy {
    fn shape(types: &mut Types) -> String {
        SubjectIn::shape(types)
    }
    fn read(value: Val) -> tegata::Result<Self> {
        SubjectIn::read(value).map(|subject| subject.0)
    }
}

record_out!(ProfileSpec => "ProfileSpec" {
    subject, san, keys, server_keys, validity_days, backdate_seconds, not_before, key_usage, extended_key_usage,
    renew_after_percent, renew_spread_percent, grace_days, new_key_at_renewal, approval, suspend, collect_within_days,
    crl_urls, ocsp_urls, issuer_urls, policies,
});
record_in!(ProfileSpec => "ProfileSpecInput" (optional) {
    subject = Self::default().subject, san = Self::default().san, keys = Self::default().keys,
    server_keys = Self::default().server_keys, validity_days = Self::default().validity_days,
    backdate_seconds = Self::default().backdate_seconds, not_before, key_usage = Self::default().key_usage,
    extended_key_usage = Self::default().extended_key_usage,
    renew_after_percent = Self::default().renew_after_percent,
    renew_spread_percent = Self::default().renew_spread_percent, grace_days = Self::default().grace_days,
    new_key_at_renewal, approval, suspend = SuspendMode::default(),
    collect_within_days = Self::default().collect_within_days, crl_urls, ocsp_urls, issuer_urls, policies,
});

record_out!(ProductSpec => "ProductSpec" { name, information, enrollment });
record_in!(ProductSpec => "ProductSpecInput" { name, information, enrollment });
record_in!(NewProduct => "NewProduct" {
    spec, authority, credential_profile, device_profile, algorithm, hand_out = HandOut::Now,
});
record_in!(ProductChange => "ProductChange" (optional) {
    name, information, authority, credential_profile, device_profile,
});
record_in!(ProductFilter => "ProductFilter" (optional) { name, state });
record_in!(NewAuthority => "NewAuthority" {
    name, subject, algorithm = KeyAlgorithm::EcdsaP256, validity_days = 3_650, path_len, crl_urls, issuer_urls, signer,
});
record_in!(ImportAuthority => "ImportAuthority" {
    name, certificate: Pem, chain: MaybePem, key, signer, last_crl_number = 0,
});
record_in!(Rebuild => "Rebuild" (optional) { subject, algorithm, validity_days, signer });
record_in!(AuthorityFilter => "AuthorityFilter" (optional) { name, state });
record_in!(CrlOptions => "CrlOptions" (optional) { next_update_hours = Self::default().next_update_hours, shard = Self::default().shard, delta = Self::default().delta });
record_in!(NewDevice => "NewDevice" (optional) { name, product, unit, group, attributes });
record_in!(DeviceChange => "DeviceChange" (optional) { name, attributes });
record_in!(DeviceFilter => "DeviceFilter" (optional) { name, states, product, group, unit, attribute });
record_in!(Enroll => "Enroll" {
    credential: Pem, credential_signature, csr: Pem, name, unit, claim_code: MaybeSecretText, group, attributes,
    former_key_signature,
});
impl Item for NewDevice {}
impl Item for Enroll {}
impl Item for Issue {}
impl Item for Renew {}
record_in!(GroupChange => "GroupChange" (optional) { name, certificate_days: Clearable, key_days: Clearable });
record_in!(Issue => "Issue" { csr: Pem, profile, authority, device, name });
record_in!(IssueWithKey => "IssueWithKey" { profile, authority, device, name, algorithm, hand_out = HandOut::Now });
record_in!(Renew => "Renew" { certificate, csr: MaybePem, profile, other_proof });
record_in!(RenewWithKey => "RenewWithKey" { certificate, profile, algorithm, hand_out = HandOut::Now });
record_in!(CertificateFilter => "CertificateFilter" (optional) {
    name, serial, device, device_name, state, expired, kind, group, product, authority, profile, due_before, algorithm,
    deleted, newest_first,
});
record_in!(EventFilter => "EventFilter" (optional) { subject, object, action, actor, from, to, newest_first });
record_in!(Page => "Page" (optional) { limit = 100, after, total = true });
record_in!(Due => "Due" { until, group, kinds });

impl<T: Out + Item> Out for tegata::Listing<T> {
    fn shape(types: &mut Types) -> String {
        format!("#{}", T::shape(types))
    }
    fn write(&self, out: &mut Writer) {
        out.open();
        self.items.write(out);
        self.next.write(out);
        self.total.write(out);
        out.close();
    }
}

/// What decides how a certificate stands, as its record in JavaScript gives it back.
pub(crate) struct Facts(pub(crate) Vec<Val>);

impl In for Facts {
    fn shape(_: &mut Types) -> String {
        "facts".to_owned()
    }
    fn read(value: Val) -> tegata::Result<Self> {
        value.list().map(Self).map_err(|_| wrong("a certificate's record"))
    }
}
