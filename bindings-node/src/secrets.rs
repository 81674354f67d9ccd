//! Pre-shared keys, symmetric keys, campaigns and clients as JavaScript sees them.

use tegata::model::{
    Campaign, CampaignState, Client, ClientState, IdentityKind, KeyOwner, KeyState, KeyVersion, Psk, PskKind, PskState,
    ReissuePolicy, SymmetricKey, VersionState,
};
use tegata::symmetric::{
    CharacterClasses, CheckMethod, CheckValue, PskPolicy, SymmetricAlgorithm, WrapMethod, WrappedKey,
};
use tegata::{
    CampaignFilter, CampaignPreview, CampaignProgress, CertificateEncoding, CertificateWish, ClientFilter, Credentials,
    DeviceId, DueItem, GroupId, HandOut, IssuedKey, IssuedPsk, KeyFilter, KeyMatch, NewCampaign, NewClient, NewKey,
    NewKeyOwner, NewPsk, Provision, Provisioned, ProxyHeaders, PskFilter, PskFormat, PskWish, RegisteredClient,
    Resealed, RotateKey, RotatePsk, Selection, TrustedProxy,
};

use crate::input::{In, MaybePem};
use crate::out::{Item, Out, Writer};
use crate::shape::{Types, names, record_in, record_out, union_in, union_out};
use crate::val::Val;

names!(PskKind => "PskKind" from ALL);
names!(PskState => "PskState" from ALL);
names!(IdentityKind => "IdentityKind" from ALL);
names!(KeyState => "KeyState" from ALL);
names!(KeyOwner => "KeyOwner" from ALL);
names!(VersionState => "VersionState" from ALL);
names!(CampaignState => "CampaignState" from ALL);
names!(ReissuePolicy => "ReissuePolicy" from ALL);
names!(ClientState => "ClientState" from ALL);
names!(SymmetricAlgorithm => "SymmetricAlgorithm" from ALL);
names!(CheckMethod => "CheckMethod" from ALL);
names!(WrapMethod => "WrapMethod" from ALL);
names!(PskFormat => "PskFormat" from ALL);
names!(CertificateEncoding => "CertificateEncoding" {
    "escaped-pem" = CertificateEncoding::EscapedPem, "base64-der" = CertificateEncoding::Base64Der,
    "byte-sequence" = CertificateEncoding::ByteSequence, "xfcc" = CertificateEncoding::Xfcc,
});

impl In for CheckValue {
    fn shape(_: &mut Types) -> String {
        "string".to_owned()
    }
    fn read(value: Val) -> tegata::Result<Self> {
        String::read(value)?.parse()
    }
}

impl Out for CheckValue {
    fn shape(_: &mut Types) -> String {
        "string".to_owned()
    }
    fn write(&self, out: &mut Writer) {
        out.text(&self.to_string());
    }
}

record_out!(Psk => "Psk" {
    id, device, group, identity, identity_kind, kind, state, version, issued, renew_days, renew_at, previous_identity,
    previous_until, failures, blocked_until, campaign,
});
record_out!(IssuedPsk => "IssuedPsk" { psk, secret });
record_in!(CharacterClasses => "CharacterClasses" (optional) { lower = true, upper = true, digits = true, symbols });
record_in!(PskPolicy => "PskPolicy" (optional) {
    length = Self::default().length, classes, look_alikes, raw,
});
record_in!(NewPsk => "NewPsk" {
    device, kind = PskKind::VerifyOnly, identity_kind = IdentityKind::Device, identity, policy, secret, renew_days,
});
record_in!(RotatePsk => "RotatePsk" (optional) { grace_days = 0, policy, secret });
record_in!(PskFilter => "PskFilter" (optional) { device, group, states, kind, identity, due_before });
impl Item for NewPsk {}

record_out!(SymmetricKey => "SymmetricKey" {
    id, owner, device, group, holders, number, algorithm, state, version, issued, renew_days, renew_at, previous_version,
    previous_until, delivered, campaign,
});
record_out!(KeyVersion => "KeyVersion" { version, algorithm, state, issued, ended, kept_until });
record_out!(KeyMatch => "KeyMatch" { version, state });
record_out!(IssuedKey => "IssuedKey" { key, version, algorithm, value });
record_out!(WrappedKey => "WrappedKey" { method, algorithm, device, key, number, version, wrapped });
record_in!(WrappedKey => "WrappedKeyInput" { method, algorithm, device, key, number, version, wrapped });
union_in!(NewKeyOwner => "NewKeyOwner" {
    "device" { value: DeviceId } => NewKeyOwner::Device(value),
    "devices" { value: Vec<DeviceId> } => NewKeyOwner::Devices(value),
    "group" { value: GroupId } => NewKeyOwner::Group(value),
});
record_in!(NewKey => "NewKey" { owner, algorithm, number, value, renew_days });
record_in!(RotateKey => "RotateKey" (optional) { grace_days = 0, algorithm, value });
record_in!(KeyFilter => "KeyFilter" (optional) { device, group, owner, algorithm, states, number });
impl Item for NewKey {}

record_in!(PskWish => "PskWish" (optional) {
    kind = PskKind::VerifyOnly, identity_kind = IdentityKind::Device, identity, policy, secret, renew_days,
});
record_in!(CertificateWish => "CertificateWish" {
    profile, authority, csr: MaybePem, algorithm, hand_out = HandOut::Now,
});
record_in!(Provision => "Provision" (optional) { device, psk, key, certificate });
impl Item for Provision {}
record_out!(Provisioned => "Provisioned" { device, psk, key, certificate });
record_out!(Credentials => "Credentials" { certificates, psks, keys });

union_out!(DueItem => "DueItem" {
    "certificate" { value: tegata::model::Certificate } = DueItem::Certificate(value),
    "key" { value: SymmetricKey } = DueItem::Key(value),
    "psk" { value: Psk } = DueItem::Psk(value),
    "crl" { value: tegata::model::CrlState } = DueItem::Crl(value),
});

record_in!(Selection => "Selection" (optional) {
    kinds, algorithm, authority, product, group, issued_from, issued_to, certificates, keys, psks,
});
record_in!(NewCampaign => "NewCampaign" {
    name, selection, wave_size = default().wave_size, wave_seconds = default().wave_seconds, policy = default().policy,
    grace_days = default().grace_days, revoke_after_days, revocation = default().revocation, reason,
});

/// A campaign as the core makes one when nothing more is said.
fn default() -> NewCampaign {
    NewCampaign::new("", Selection::default())
}

record_out!(Campaign => "Campaign" {
    id, name, state, kinds, algorithm, authority, product, group, issued_from, issued_to, listed, wave_size, wave_seconds,
    policy, grace_days, revoke_after_days, revocation, reason, selected, released, wave, next_wave_at, started, ended,
});
record_out!(CampaignPreview => "CampaignPreview" { certificates, keys, psks, product_credentials });
record_out!(CampaignProgress => "CampaignProgress" {
    selected, released, done, waiting, wave, next_wave_at, finished,
});
record_in!(CampaignFilter => "CampaignFilter" (optional) { name, state });

record_out!(Client => "Client" { id, name, state, failures, blocked_until, created, updated });
record_out!(RegisteredClient => "RegisteredClient" { client, licence, password });
record_in!(NewClient => "NewClient" { name });
record_in!(ClientFilter => "ClientFilter" (optional) { name, states });
record_out!(Resealed => "Resealed" { checked, resealed });

record_out!(ProxyHeaders => "ProxyHeaders" {
    proof, verified, success, certificate, encoding, identity, secret, basic,
});
record_in!(ProxyHeaders => "ProxyHeadersInput" (optional) {
    proof = Self::default().proof, verified = Self::default().verified, success = Self::default().success,
    certificate = Self::default().certificate, encoding = Self::default().encoding, identity, secret,
    basic = Self::default().basic,
});
record_in!(TrustedProxy => "TrustedProxy" { name, secrets, headers });
impl Item for TrustedProxy {}
