//! The tables of this version. An operator can read them with SQL; numbers in place of identifiers are the order in
//! which records were made.

use std::collections::BTreeMap;

use super::record::{Cell, Key, Record, corrupt, table};
use super::schema::{Column, Schema, Table};
use super::{Row, StoreError, Value};
use crate::env::Timestamp;
use crate::id::{
    AuthorityId, CampaignId, CertificateId, ClientId, DeviceId, EventId, GroupId, KeyId, NumberCipher, ProductId,
    ProfileId, PskId,
};
use crate::key::KeyAlgorithm;
use crate::model::{
    Assignment, Attributes, Authority, AuthorityState, Binding, Campaign, CampaignPart, CampaignState, Certificate,
    CertificateKind, CertificateState, Checkpoint, ClaimCode, Client, ClientState, CredentialKind, CrlChunk,
    CrlFolding, CrlList, CrlPlace, CrlRemoval, CrlScheme, Delivery, DeliveryState, Device, DeviceState, Document,
    EndedVersion, EnrollmentPolicy, Entity, Event, EventLog, EventSegment, Gap, Group, IdentityKind, InvalidReason,
    KeptCrl, KeyOrigin, KeyOwner, KeyShare, KeyState, LogKey, Meta, Owner, Product, ProductState, Profile, ProfileSpec,
    Psk, PskKind, PskState, ReissuePolicy, RequestRecord, Responder, Revocation, SignerLocation, SuspendCause,
    SymmetricKey, Upkeep,
};
use crate::secret::Sealed;
use crate::symmetric::SymmetricAlgorithm;
use crate::x509::{Name, RevocationReason};

/// The schema of this version.
pub static SCHEMA: Schema = Schema {
    version: 5,
    tables: &[
        &META,
        &AUTHORITIES,
        &PROFILES,
        &PRODUCTS,
        &GROUPS,
        &DEVICES,
        &CERTIFICATES,
        &DOCUMENTS,
        &REVOCATIONS,
        &ASSIGNMENTS,
        &DELIVERIES,
        &BINDINGS,
        &CLAIM_CODES,
        &REQUESTS,
        &CRLS,
        &CRL_LISTS,
        &CRL_CHUNKS,
        &CRL_REMOVALS,
        &CRL_FOLDINGS,
        &EVENTS,
        &PSKS,
        &KEYS,
        &KEY_SHARES,
        &KEY_VERSIONS,
        &CLIENTS,
        &CAMPAIGNS,
        &CAMPAIGN_PARTS,
        &RESPONDERS,
        &EVENT_LOG,
        &EVENT_KEYS,
        &EVENT_SEGMENTS,
        &CHECKPOINTS,
        &GAPS,
        &UPKEEP,
    ],
};

table! {
    /// What the registry knows of itself: one row.
    META "meta" = Meta [key: u64] {
        secret: Sealed;
        created: Timestamp;
    }
}

table! {
    /// Authorities, one row per generation.
    AUTHORITIES "authorities" = Authority [id: AuthorityId] {
        name: String, Ordered;
        generation: u32;
        state: AuthorityState;
        subject: Name;
        algorithm: KeyAlgorithm;
        key_identifier: Vec<u8>, Unique;
        not_before: Timestamp;
        not_after: Timestamp;
        parent: Option<AuthorityId>;
        predecessor: Option<AuthorityId>, Unique;
        successor: Option<AuthorityId>;
        signer: SignerLocation;
        certificate: Vec<u8>;
        outside: Vec<u8>;
        request: Option<Vec<u8>>;
        public_key: Vec<u8>;
        private_key: Option<Sealed>;
        serial_key: Sealed;
        created: Timestamp;
        crls: Option<CrlScheme>;
    }
}

table! {
    /// Profiles, one row per version.
    PROFILES "profiles" = Profile [id: ProfileId] {
        name: String, Ordered;
        revision: u32;
        spec: ProfileSpec;
        created: Timestamp;
    }
}

table! {
    /// Products.
    PRODUCTS "products" = Product [id: ProductId] {
        name: String, UniqueSearchable;
        state: ProductState;
        authority: AuthorityId;
        credential_profile: ProfileId;
        device_profile: ProfileId;
        subject: Option<Name>;
        policy: EnrollmentPolicy;
        information: BTreeMap<String, String>;
        created: Timestamp;
        updated: Timestamp;
    }
}

table! {
    /// Groups.
    GROUPS "groups" = Group [id: GroupId] {
        name: String, UniqueSearchable;
        certificate_days: Option<u32>;
        key_days: Option<u32>;
        created: Timestamp;
        updated: Timestamp;
    }
}

table! {
    /// Devices.
    DEVICES "devices" = Device [id: DeviceId] {
        name or key: String, UniqueSearchable;
        state: DeviceState, Ordered;
        reason: Option<InvalidReason>;
        product: Option<ProductId>, Ordered;
        unit: Option<String>, Searchable;
        group: Option<GroupId>, Ordered;
        attributes: Attributes, Searchable;
        subject: Option<Name>;
        created: Timestamp;
        updated: Timestamp;
    }
}

table! {
    /// Certificates; their DER is in `documents`.
    CERTIFICATES "certificates" = Certificate [id: CertificateId] {
        serial: Vec<u8>, Searchable;
        authority: AuthorityId;
        profile: ProfileId;
        kind: CertificateKind;
        state: CertificateState, Ordered;
        product: Option<ProductId>;
        credential_of: Option<ProductId>, Ordered;
        device: Option<DeviceId>;
        group: Option<GroupId>, Ordered;
        holders: u32;
        name: Option<String>, Ordered;
        issued: Timestamp;
        not_before: Timestamp;
        not_after: Timestamp;
        renew_at: Option<Timestamp>, Ordered;
        key_number: u32;
        key_origin: KeyOrigin;
        renews: Option<CertificateId>;
        successor: Option<CertificateId>;
        confirmed: bool;
        retires: Option<Timestamp>, Ordered;
        suspended_by: Option<SuspendCause>;
        revoked: Option<Timestamp>;
        reason: Option<RevocationReason>;
        deleted: bool;
        algorithm: Option<KeyAlgorithm>;
        campaign: Option<CampaignId>, Ordered;
        shard: Option<u32>;
    }
}

table! {
    /// The DER of certificates, or of CSRs while certificates are pending.
    DOCUMENTS "documents" = Document [certificate: CertificateId] {
        der: Vec<u8>;
    }
}

table! {
    /// What the CRLs list, but for what moved into chunks.
    REVOCATIONS "revocations" = Revocation [certificate: CertificateId] {
        authority: AuthorityId, Ordered;
        serial: Vec<u8>;
        at: Timestamp;
        reason: RevocationReason;
        scope: Option<u64>, Ordered;
        not_after: Option<Timestamp>;
        listed: Option<bool>;
        again: Option<bool>;
    }
}

table! {
    /// Which certificate is attached to which device.
    ASSIGNMENTS "assignments" = Assignment [key: u64] {
        certificate: CertificateId, Ordered;
        device: DeviceId, Ordered;
        since: Timestamp;
    }
}

table! {
    /// Hand-outs of server-made private keys.
    DELIVERIES "deliveries" = Delivery [certificate: CertificateId] {
        state: DeliveryState;
        expires: Timestamp, Ordered;
        private_key: Option<Sealed>;
        collector: Option<Vec<u8>>;
    }
}

table! {
    /// What belongs to one owner only: public keys, units, subjects.
    BINDINGS "bindings" = Binding [key: u64] {
        check: i64;
        owner: Owner;
    }
}

table! {
    /// One-time claim codes, as keyed tags.
    CLAIM_CODES "claim_codes" = ClaimCode [key: u64] {
        check: i64;
        product: ProductId, Ordered;
        expires: Option<Timestamp>;
        device: Option<DeviceId>;
    }
}

table! {
    /// What request IDs led to.
    REQUESTS "requests" = RequestRecord [key: u64] {
        fingerprint: i64;
        result: i64;
        at: Timestamp;
    }
}

table! {
    /// The newest CRL of each authority and shard, and the newest delta.
    CRLS "crls" = KeptCrl [place: CrlPlace] {
        number: u64;
        this_update: Timestamp;
        next_update: Timestamp;
        entries: u64;
        der: Vec<u8>;
        base: Option<u64>;
        refresh_at: Option<Timestamp>;
    }
}

table! {
    /// Which CRLs are kept up, and when each is due.
    CRL_LISTS "crl_lists" = CrlList [place: CrlPlace] {
        authority: AuthorityId, Ordered;
        number: u64;
        this_update: Option<Timestamp>;
        next_update: Option<Timestamp>;
        refresh_at: Option<Timestamp>, Ordered;
        addresses: String;
    }
}

table! {
    /// Entries of CRLs that stay as they are, encoded, some thousands each.
    CRL_CHUNKS "crl_chunks" = CrlChunk [key: u64] {
        scope: u64, Ordered;
        made: Timestamp;
        first_expiry: Timestamp;
        last_expiry: Timestamp;
        entries: u64;
        expiries: Vec<u8>;
        der: Vec<u8>;
    }
}

table! {
    /// Holds that ended since the last complete CRL.
    CRL_REMOVALS "crl_removals" = CrlRemoval [certificate: CertificateId] {
        scope: u64, Ordered;
        serial: Vec<u8>;
        at: Timestamp;
    }
}

table! {
    /// How often revocations moved into chunks, a row per authority.
    CRL_FOLDINGS "crl_foldings" = CrlFolding [authority: AuthorityId] {
        times: u64;
    }
}

table! {
    /// What happened.
    EVENTS "events" = Event [id: EventId] {
        at: Timestamp;
        actor: String;
        action: String;
        subject: Option<Entity>, Ordered;
        object: Option<Entity>, Ordered;
        detail: Option<String>;
        tag: Option<Vec<u8>>;
    }
}

table! {
    /// How far the log of events is closed: one row.
    EVENT_LOG "event_log" = EventLog [key: u64] {
        closed: u64;
        untagged: u64;
        tag: Option<Vec<u8>>;
    }
}

table! {
    /// The key that signs checkpoints: one row.
    EVENT_KEYS "event_keys" = LogKey [key: u64] {
        public_key: Vec<u8>;
        private_key: Sealed;
        created: Timestamp;
    }
}

table! {
    /// Which events there are, and the hashes of the trees over them, up to 4,096 each.
    EVENT_SEGMENTS "event_segments" = EventSegment [key: u64] {
        events: u32;
        first_number: u64;
        last_number: u64;
        numbers: Option<Vec<u8>>;
        hash: Vec<u8>;
        latest: Timestamp;
        leaves: Option<Vec<u8>>;
        tag: Option<Vec<u8>>;
    }
}

table! {
    /// Signed statements of how the log of events stood.
    CHECKPOINTS "checkpoints" = Checkpoint [number: u64] {
        at: Timestamp;
        actor: String;
        events: u64;
        root: Vec<u8>;
        note: String;
        last_number: u64;
        frontier: Vec<u8>;
        tag: Option<Vec<u8>>;
    }
}

table! {
    /// Pre-shared keys. The one that a device shows under its own ID has the device's number; others count from 2^48.
    PSKS "psks" = Psk [id: PskId] {
        device: DeviceId, Ordered;
        group: Option<GroupId>;
        identity: String;
        identity_kind: IdentityKind;
        kind: PskKind;
        state: PskState;
        version as "secret_version": u32;
        issued: Timestamp;
        renew_days: Option<u32>;
        renew_at: Option<Timestamp>, Ordered;
        previous_identity: Option<String>;
        previous_until: Option<Timestamp>, Ordered;
        failures: u32;
        blocked_until: Option<Timestamp>;
        campaign: Option<CampaignId>, Ordered;
        secret: Option<Sealed>;
        previous_secret: Option<Sealed>;
        tag: Option<Vec<u8>>;
        previous_tag: Option<Vec<u8>>;
    }
}

table! {
    /// Symmetric keys. A device's key number 1 has the device's number; others count from 2^48.
    KEYS "keys" = SymmetricKey [id: KeyId] {
        owner: KeyOwner;
        device: Option<DeviceId>, Ordered;
        group: Option<GroupId>, Ordered;
        holders: u32;
        number: u32;
        algorithm: SymmetricAlgorithm;
        state: KeyState;
        version as "key_version": u32;
        issued: Timestamp;
        renew_days: Option<u32>;
        renew_at: Option<Timestamp>, Ordered;
        previous_version: Option<u32>;
        previous_until: Option<Timestamp>, Ordered;
        delivered: Option<u32>;
        campaign: Option<CampaignId>, Ordered;
        value: Option<Sealed>;
        previous: Option<Sealed>;
    }
}

table! {
    /// Who holds the symmetric keys that are not one device's own.
    KEY_SHARES "key_shares" = KeyShare [key: u64] {
        of: KeyId, Ordered;
        device: Option<DeviceId>, Ordered;
        group: Option<GroupId>, Ordered;
        since: Timestamp;
    }
}

table! {
    /// Campaigns.
    CAMPAIGNS "campaigns" = Campaign [id: CampaignId] {
        name: String, UniqueSearchable;
        state: CampaignState, Ordered;
        kinds: Vec<CredentialKind>;
        algorithm: Option<String>;
        authority: Option<AuthorityId>;
        product: Option<ProductId>;
        group: Option<GroupId>;
        issued_from: Option<Timestamp>;
        issued_to: Option<Timestamp>;
        listed: bool;
        wave_size: u32;
        wave_seconds: u32;
        policy: ReissuePolicy;
        grace_days: u32;
        revoke_after_days: Option<u32>;
        revocation: RevocationReason;
        reason: Option<String>;
        selected: u64;
        released: u64;
        wave: u32;
        next_wave_at: Option<Timestamp>;
        started: Timestamp;
        ended: Option<Timestamp>;
        wave_left: u32;
        position: u32;
    }
}

table! {
    /// The versions of symmetric keys that are not current any more, without their values.
    KEY_VERSIONS "key_versions" = EndedVersion [key: u64] {
        of: KeyId, Ordered;
        version as "key_version": u32;
        algorithm: SymmetricAlgorithm;
        issued: Timestamp;
        ended: Timestamp;
        compromised: bool;
    }
}

table! {
    /// Clients of the host's API; of licence key and password only tags are kept.
    CLIENTS "clients" = Client [id: ClientId] {
        name: String, UniqueSearchable;
        state: ClientState, Ordered;
        failures: u32;
        blocked_until: Option<Timestamp>;
        created: Timestamp;
        updated: Timestamp;
        licence: Option<Vec<u8>>;
        password: Option<Vec<u8>>;
    }
}

table! {
    /// Who is still to have a turn in a campaign.
    CAMPAIGN_PARTS "campaign_parts" = CampaignPart [key: u64] {
        campaign: CampaignId, Ordered;
        kind: CredentialKind;
        members: Vec<u8>;
    }
}

table! {
    /// Who signs the OCSP answers, a row per authority that is asked about.
    RESPONDERS "responders" = Responder [authority: AuthorityId] {
        delegated: bool;
        algorithm: KeyAlgorithm;
        validity_hours: u32;
        certificate_days: u32;
        certificate: Option<Vec<u8>>;
        not_before: Option<Timestamp>;
        not_after: Option<Timestamp>;
        renew_at: Option<Timestamp>;
        private_key: Option<Sealed>;
    }
}

table! {
    /// Numbers that are not given out, since they may have been before the store was restored.
    GAPS "gaps" = Gap [key: u64] {
        counter: String, Ordered;
        first as "first_number": u64;
        last as "last_number": u64;
        at: Timestamp;
    }
}

table! {
    /// How far housekeeping has come: one row.
    UPKEEP "upkeep" = Upkeep [key: u64] {
        place: u32;
        after as "after_key": Option<i64>;
        at: Timestamp;
    }
}
