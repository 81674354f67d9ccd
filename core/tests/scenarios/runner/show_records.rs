//! Records and other structs to JSON: their fields, and their methods without arguments under the methods' names.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use tegata::error::Reason;
use tegata::model::{
    Assignment, Attributes, Authority, Certificate as CertificateRecord, Checkpoint, Crl as CrlRecord, CrlPolicy,
    CrlState, Device, EnrollmentPolicy, Event, Group, KeyVersion, Product, Profile, ProfileSpec, Psk, Responder,
    SanPolicy, SymmetricKey,
};
use tegata::pack::{FileNames, PackedFile};
use tegata::x509::{BasicConstraints, CertificateExtensions, RequestedExtension, Revocation};
use tegata::{
    Backup, Certificate, CheckedOcsp, Copied, Counts, Credentials, Crl, Enrolled, EventProof, Finding, Integrity,
    Issued, IssuedKey, IssuedPsk, IssuedWithKey, KeyMatch, Listing, LogProblem, Maintained, OcspAnswer, Presigned,
    Preview, PrivateKey, ProductSpec, Provisioned, PrunedEvents, PublicKey, RegisteredProduct, Resealed, Signer,
    TrustBundle, Verification, VerifiedChain, VerifiedCsr, WrappedKey,
};

use super::show::Show;
use super::world::{OBJECT, World};

/// Values whose fields say everything.
macro_rules! show_struct {
    ($($type:ident: $($field:ident)*;)*) => { $(
        impl Show for $type {
            fn show(&self, world: &World) -> Json {
                let mut fields = Map::new();
                $( fields.insert(stringify!($field).to_owned(), self.$field.show(world)); )*
                fields.into()
            }
        }
    )* };
}

show_struct! {
    Assignment: certificate device since;
    Attributes: ip mac host_name os_name more;
    BasicConstraints: ca path_len;
    Counts: devices devices_by_group devices_by_product certificates certificates_by_kind certificates_by_algorithm
        expired keys keys_by_algorithm psks due_by_week certificates_due_by_week keys_due_by_week psks_due_by_week;
    Credentials: certificates psks keys;
    CrlPolicy: shards urls delta_urls next_update_hours delta_hours overlap_hours;
    CrlState: authority shard delta number this_update next_update refresh_at addresses;
    Device: id name state reason product unit group attributes subject created updated;
    EnrollmentPolicy: mode quota opens closes unit_required other_key;
    Checkpoint: number at actor events root note;
    EventProof: event proof;
    LogProblem: what event checkpoint line;
    PrunedEvents: events latest;
    Verification: events uncovered pruned checkpoints last_checkpoint first;
    Event: id at actor action subject object detail;
    FileNames: certificate chain full_chain root key;
    Finding: severity code text;
    Group: id name certificate_days key_days created updated;
    IssuedKey: key version algorithm value;
    KeyMatch: version state;
    KeyVersion: version algorithm state issued ended kept_until;
    CheckedOcsp: status produced_at this_update next_update;
    Presigned: certificate serial path der next_update;
    Responder: authority delegated algorithm validity_hours certificate_days certificate not_before not_after renew_at;
    PackedFile: name content secret;
    Preview: subject not_before not_after renew_at;
    Product: id name state authority credential_profile device_profile subject policy information created updated;
    ProductSpec: name information enrollment;
    Profile: id name revision spec created;
    Psk: id device group identity identity_kind kind state version issued renew_at previous_identity previous_until
        failures blocked_until campaign;
    Reason: code kind text;
    RegisteredProduct: product credential;
    RequestedExtension: oid critical value;
    Backup: at bytes;
    Copied: rows written deleted passes;
    Resealed: checked resealed;
    Revocation: at reason;
    SanPolicy: dns dns_wildcards ip uri email other add required max;
    SymmetricKey: id owner device group holders number algorithm state version issued renew_days renew_at
        previous_version previous_until delivered campaign;
    WrappedKey: method algorithm device key number version wrapped;
    Provisioned: device psk key certificate;
    Enrolled: device issued enrollment;
}

/// Values with methods: kept, so that a later step can call them; methods that fail are left out.
macro_rules! show_object {
    ($($type:ty: $($field:ident)*, $($method:ident)*, $($fallible:ident)*;)*) => { $(
        impl Show for $type {
            fn show(&self, world: &World) -> Json {
                let mut fields = Map::new();
                fields.insert(OBJECT.to_owned(), world.keep(self.clone()));
                $( fields.insert(stringify!($field).to_owned(), self.$field.show(world)); )*
                $( fields.insert(stringify!($method).to_owned(), self.$method().show(world)); )*
                $( if let Ok(value) = self.$fallible() {
                    fields.insert(stringify!($fallible).to_owned(), value.show(world));
                } )*
                fields.into()
            }
        }
    )* };
}

show_object! {
    Authority: id name generation state subject algorithm key_identifier not_before not_after parent predecessor
        successor signer certificate outside request public_key created, pem crl_policy, ;
    CertificateRecord: id serial authority profile kind state product credential_of device group holders name issued
        not_before not_after renew_at key_number key_origin renews successor confirmed retires suspended_by revoked
        reason deleted algorithm campaign, , ;
    CrlRecord: authority shard number base this_update next_update refresh_at entries der, pem, ;
    Issued: certificate der chain, pem fullchain_pem root serial, ;
    IssuedWithKey: issued key, key_pem, algorithm;
    Integrity: rows findings, is_sound, ;
    Maintained: looked_at removed freed finished, total, ;
    OcspAnswer: der status cause content_type cache_control etag expires last_modified, headers, ;
    IssuedPsk: psk secret, password hex, ;
    ProfileSpec: subject san keys server_keys validity_days backdate_seconds not_before key_usage extended_key_usage
        renew_after_percent renew_spread_percent grace_days new_key_at_renewal approval suspend collect_within_days
        crl_urls ocsp_urls issuer_urls policies, , ;
    TrustBundle: roots, pem, ;
    VerifiedChain: , certificates root revocation_checked, ;
    Arc<PrivateKey>: , public_key algorithm to_pkcs8_der to_pkcs8_pem, ;
    PublicKey: , algorithm spki key_bits key_identifier digest, ;
    VerifiedCsr: , der subject public_key extensions san key_usage extended_key_usage wants_ca challenge_password, ;
    Certificate: , der pem version serial serial_hex issuer subject not_before not_after spki signature_algorithm
        extensions is_ca path_len is_self_issued is_self_signed fingerprint_sha256, public_key;
    CertificateExtensions: basic_constraints key_usage extended_key_usage subject_alt_name subject_key_id
        authority_key_id crl_distribution_points ocsp ca_issuers policies all, , names;
}

impl<T: Show> Show for Listing<T> {
    fn show(&self, world: &World) -> Json {
        let mut fields = Map::new();
        fields.insert("items".to_owned(), self.items.show(world));
        fields.insert("next".to_owned(), self.next.show(world));
        fields.insert("total".to_owned(), self.total.show(world));
        fields.into()
    }
}

/// A CRL's entry: the serial number with what [`Revocation`] says.
pub fn entry(serial: &[u8], revocation: &Revocation, world: &World) -> Json {
    let mut fields = Map::new();
    fields.insert("serial".to_owned(), serial.show(world));
    fields.insert("at".to_owned(), revocation.at.show(world));
    fields.insert("reason".to_owned(), revocation.reason.show(world));
    fields.into()
}

/// The entries of a CRL, up to the first that cannot be read.
pub fn entries(crl: &Crl, world: &World) -> Json {
    crl.entries()
        .map_while(Result::ok)
        .map(|(serial, revocation)| entry(serial, &revocation, world))
        .collect::<Vec<_>>()
        .into()
}

impl Show for Crl {
    fn show(&self, world: &World) -> Json {
        let mut fields = Map::new();
        fields.insert(OBJECT.to_owned(), world.keep(self.clone()));
        let mut add = |name: &str, value: Json| fields.insert(name.to_owned(), value);
        add("der", self.der().show(world));
        add("pem", self.pem().show(world));
        add("issuer", self.issuer().show(world));
        add("number", self.number().show(world));
        add("delta_base", self.delta_base().show(world));
        add("is_complete", self.is_complete().show(world));
        add("authority_key_id", self.authority_key_id().show(world));
        add("this_update", self.this_update().show(world));
        add("next_update", self.next_update().show(world));
        add("signature_algorithm", self.signature_algorithm().show(world));
        add("len", self.len().show(world));
        add("is_empty", self.is_empty().show(world));
        add("entries", entries(self, world));
        fields.into()
    }
}
