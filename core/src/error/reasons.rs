//! The reasons, area by area: code, kind, and the sentence that callers see.

use super::{Kind, Reason, declare_reasons};

declare_reasons! {
    /// An argument that no operation could accept.
    InputError "input" {
        Invalid { field: String, reason: String } = "invalid" InvalidInput
            "{field} {reason}";
        TooLong { field: String, limit: usize } = "too_long" InvalidInput
            "{field} is longer than the {limit} bytes allowed; shorten it";
        UnknownId { what: &'static str } = "unknown_id" NotFound
            "no {what} has this ID; check that it comes from this registry";
        LostId { what: &'static str } = "lost_id" NotFound
            "this registry made the {what}'s identifier and does not remember it, since it was restored to an earlier state; enroll or issue anew, and see the event restore.noticed";
        RequestIdReused = "request_id_reused" Conflict
            "this request ID was used for another operation or other content; use a new one";
        PageCursor = "page_cursor" InvalidInput
            "the page cursor does not belong to this query; start again from the first page";
        BatchRefused = "batch_refused" Refused
            "another item of the call was refused, so nothing was done; mend that item or let each stand on its own";
        CalledBack = "called_back" State
            "the registry was called from inside a callback that it waits for; return from the callback first";
        Repeated = "repeated" Conflict
            "another item of the call changes the same record or claims the same name, unit or key; send it once";
        Cancelled = "cancelled" Refused
            "the caller stopped the operation; what was reported as done stays done";
    }
}

declare_reasons! {
    /// Why a certification request (PKCS#10, RFC 2986) was refused.
    CsrError "csr" {
        Malformed { reason: String } = "malformed" InvalidInput
            "the CSR is not a DER or PEM PKCS#10 request: {reason}";
        TrailingData = "trailing_data" InvalidInput
            "bytes follow the end of the CSR; send exactly one request";
        Version = "version" InvalidInput
            "the CSR's version is not 1 (encoded as 0), the only one that RFC 2986 defines";
        SignatureInvalid = "signature_invalid" Refused
            "the CSR's signature does not verify with its own public key; sign the request with the key it carries";
        SignatureAlgorithm { algorithm: String } = "signature_algorithm" Refused
            "the CSR is signed with {algorithm}, which is not accepted; sign with ECDSA, Ed25519 or RSA PKCS#1 v1.5 and SHA-256 or stronger";
        SignatureMismatch = "signature_mismatch" Refused
            "the CSR's signature algorithm does not fit its key";
        KeyAlgorithm { algorithm: String } = "key_algorithm" Refused
            "the CSR's key is of the kind {algorithm}, which is not accepted; use P-256, P-384, Ed25519 or RSA 2048 to 4096";
        KeyEncoding { reason: String } = "key_encoding" Refused
            "the CSR's public key is encoded in an unaccepted way: {reason}; use a named curve and an uncompressed point";
        RsaTooSmall { bits: usize } = "rsa_too_small" Refused
            "the CSR's RSA key has {bits} bits; use 2048 or more";
        RsaTooLarge { bits: usize } = "rsa_too_large" Refused
            "the CSR's RSA key has {bits} bits; use 4096 or fewer";
        RsaSize { bits: usize } = "rsa_size" Refused
            "the CSR's RSA key has {bits} bits; use exactly 2048, 3072 or 4096";
        RsaExponent = "rsa_exponent" Refused
            "the CSR's RSA public exponent is even or below 65537; make a new key with exponent 65537";
        WeakKey { weakness: String } = "weak_key" Refused
            "the CSR's key is known to be weak ({weakness}); make a new key with an up-to-date generator";
        ExtensionRequestRepeated = "extension_request_repeated" InvalidInput
            "the CSR holds more than one extensionRequest attribute; put all extensions into one";
        ExtensionRepeated { oid: String } = "extension_repeated" InvalidInput
            "the CSR requests extension {oid} more than once; request it once";
        ExtensionMalformed { oid: String } = "extension_malformed" InvalidInput
            "the CSR's extension {oid} cannot be decoded; remove or correct it";
        AttributeRepeated { oid: String } = "attribute_repeated" InvalidInput
            "the CSR holds attribute {oid} more than once; send it once";
        SubjectMalformed { reason: String } = "subject_malformed" InvalidInput
            "the CSR's subject cannot be used: {reason}";
        SanMalformed { reason: String } = "san_malformed" InvalidInput
            "the CSR's subjectAltName cannot be used: {reason}";
        TooLarge { limit: usize } = "too_large" InvalidInput
            "the CSR is larger than {limit} bytes; send only the request";
        SubjectRefused { reason: String } = "subject_refused" Refused
            "the profile does not accept the CSR's subject: {reason}";
        SanRefused { reason: String } = "san_refused" Refused
            "the profile does not accept the CSR's subjectAltName: {reason}";
        KeyNotInProfile { algorithm: String } = "key_not_in_profile" Refused
            "the profile does not accept {algorithm} keys; make a key of an algorithm that the profile lists";
        KeyBound = "key_bound" Conflict
            "the CSR's public key already belongs to another device or product; make a new key for this one";
        KeyCompromised = "key_compromised" Refused
            "the CSR's public key was reported as compromised; make a new key";
        SubjectBound = "subject_bound" Conflict
            "the CSR's subject already names another device; use a name of its own";
        KeyUnchanged = "key_unchanged" Refused
            "the profile wants a new key at every renewal and the CSR holds the old one; make a new key";
    }
}

declare_reasons! {
    /// What is wrong with a certificate, a CRL or a chain, or with what was asked of one.
    CertificateError "certificate" {
        Malformed { reason: String } = "malformed" InvalidInput
            "the certificate is not valid DER or PEM X.509: {reason}";
        TrailingData = "trailing_data" InvalidInput
            "bytes follow the end of the certificate; send exactly one";
        CrlMalformed { reason: String } = "crl_malformed" InvalidInput
            "the CRL is not valid DER or PEM: {reason}";
        KeyMismatch = "key_mismatch" InvalidInput
            "the private key does not belong to the certificate; pair the certificate with the key its CSR was made from";
        Unknown = "unknown" NotFound
            "no certificate of this registry matches; check the serial and the issuer";
        Lost = "lost" NotFound
            "this registry issued the certificate and does not remember it, since it was restored to an earlier state; issue a new one, and see the event restore.noticed";
        Expired = "expired" Refused
            "the certificate has expired; renew it";
        NotYetValid = "not_yet_valid" Refused
            "the certificate is not valid yet; check the clock (not set?) against notBefore";
        Revoked = "revoked" Refused
            "the certificate is revoked; that cannot be undone, enroll again with a new key";
        Suspended = "suspended" Refused
            "the certificate is suspended; resume it first";
        Superseded = "superseded" Refused
            "the certificate was replaced by a newer one; use that";
        Pending = "pending" State
            "the certificate request is not decided yet; approve it or ask again later";
        Denied = "denied" Refused
            "the certificate request was denied";
        NotPending = "not_pending" State
            "the certificate request is already decided";
        NotSuspended = "not_suspended" State
            "the certificate is not suspended, so it cannot be resumed";
        AlreadyRevoked = "already_revoked" State
            "the certificate is already revoked";
        Deleted = "deleted" State
            "the certificate is deleted; only its record is kept until it expires";
        NoSuccessor = "no_successor" State
            "the certificate has no renewal waiting to be confirmed";
        RenewalOfRevoked = "renewal_of_revoked" Refused
            "a revoked certificate is never renewed; enroll again with a new key";
        RenewalOfExpired = "renewal_of_expired" Refused
            "an expired certificate is renewed only together with another proof; enroll again";
        RenewalSubject = "renewal_subject" Refused
            "a renewal keeps the subject and names of the certificate it renews; make the CSR with the same ones";
        NotAttached = "not_attached" State
            "the certificate is not attached to this device";
        AlreadyAttached = "already_attached" State
            "the certificate is already attached to this device";
        NoHolder = "no_holder" Refused
            "the certificate is attached to no device, so it authenticates none; attach it first";
        ManyHolders = "many_holders" Refused
            "several devices hold this certificate; say which one presents it";
        ProofInvalid = "proof_invalid" Unauthenticated
            "the proof of possession does not verify with the certificate's key";
        NotForAuthentication = "not_for_authentication" Refused
            "this kind of certificate does not authenticate a device or product";
        PasswordNotAscii = "password_not_ascii" InvalidInput
            "a PKCS#12 password must be printable ASCII, since readers disagree on anything else";
        Pkcs12 { reason: String } = "pkcs12" InvalidInput
            "the PKCS#12 file cannot be used: {reason}";
        Pkcs12Password = "pkcs12_password" InvalidInput
            "the PKCS#12 file does not open with this password";
        Pkcs7 { reason: String } = "pkcs7" InvalidInput
            "the PKCS#7 file cannot be used: {reason}";
        ChainIncomplete = "chain_incomplete" Refused
            "no chain leads from the certificate to a trusted root; add the missing intermediate or root certificate";
        ChainSignature = "chain_signature" Refused
            "a signature in the chain does not verify; one of the certificates is not what its issuer signed";
        ChainConstraint { reason: String } = "chain_constraint" Refused
            "a constraint in the chain forbids this certificate: {reason}";
        ChainPurpose = "chain_purpose" Refused
            "the extended key usage does not allow this purpose; issue it under a profile that does";
        ChainAlgorithm { reason: String } = "chain_algorithm" Refused
            "the chain uses an algorithm or key that is not accepted: {reason}; issue it anew with P-256, P-384, Ed25519 or RSA 2048 to 4096 and SHA-256 or stronger";
        ChainRevoked = "chain_revoked" Refused
            "the CRL lists a certificate of the chain as revoked";
        CrlStale = "crl_stale" Refused
            "the CRL is past its nextUpdate; fetch a newer one";
        CrlNoBase = "crl_no_base" State
            "there is no complete CRL that a delta could build on; make that first, and with shards ask for a shard's delta";
        CrlSignature = "crl_signature" Refused
            "the CRL's signature does not verify with its issuer's key; fetch it again from the issuer";
        OcspMalformed { reason: String } = "ocsp_malformed" InvalidInput
            "the OCSP request or response is not valid DER: {reason}";
        OcspUnsuccessful { status: String } = "ocsp_unsuccessful" Unavailable
            "the OCSP responder gave no answer: {status}";
        OcspSignature = "ocsp_signature" Refused
            "the OCSP response is signed neither by the issuer nor by a responder that it certified; ask another one";
        OcspNonce = "ocsp_nonce" Refused
            "the OCSP response does not repeat the nonce, so it may be an old one; ask again";
        OcspStale = "ocsp_stale" Refused
            "the OCSP response is past its nextUpdate or not valid yet; ask again, and check the clock";
        OcspOther = "ocsp_other" Refused
            "the OCSP response says nothing about this certificate; ask about this one";
    }
}

declare_reasons! {
    /// What a certification authority cannot do.
    AuthorityError "authority" {
        NameTaken = "name_taken" Conflict
            "another authority has this name; choose another or rebuild that one";
        Retired = "retired" State
            "the authority is retired: it revokes and signs CRLs but issues nothing; issue from its successor";
        Compromised = "compromised" State
            "the authority is marked as compromised and signs nothing; rebuild it";
        Expired = "expired" State
            "the authority's certificate has expired; rebuild it";
        NotInstalled = "not_installed" State
            "the authority still waits for its certificate; install what the outside CA issued";
        AlreadyInstalled = "already_installed" State
            "the authority already has its certificate";
        SignerMissing = "signer_missing" Unavailable
            "the authority's key lives outside the store; connect its signer with use_signer";
        SignerMismatch = "signer_mismatch" InvalidInput
            "the key is not the one in the authority's certificate; connect the right one";
        NotCa = "not_ca" InvalidInput
            "the certificate is not a version 3 CA certificate with CA:TRUE, keyCertSign and cRLSign; import one that is";
        PathLength = "path_length" Refused
            "the parent's path length allows no further intermediate";
        ValidityExceedsIssuer = "validity_exceeds_issuer" Refused
            "the certificate would outlive the authority's own; rebuild the authority or shorten the validity";
        ChainInvalid { reason: String } = "chain_invalid" InvalidInput
            "the chain does not lead from the authority to a self-signed root: {reason}";
    }
}

declare_reasons! {
    /// What is wrong with a profile.
    ProfileError "profile" {
        Invalid { field: String, reason: String } = "invalid" InvalidInput
            "profile field {field} {reason}";
        Syntax { reason: String } = "syntax" InvalidInput
            "the profile file cannot be read: {reason}";
        NoServerKey = "no_server_key" Refused
            "the profile does not let the server make keys; send a CSR";
        ApprovalNeeded = "approval_needed" State
            "the profile wants an approval; use request and approve";
        ServerKeyAlgorithm = "server_key_algorithm" Refused
            "the profile does not list this key algorithm for keys that the server makes";
        SubjectValue { field: String } = "subject_value" InvalidInput
            "the subject template needs a value for {field}, which was not given";
    }
}

declare_reasons! {
    /// Why a product cannot take part.
    ProductError "product" {
        NameTaken = "name_taken" Conflict
            "another product has this name; choose another";
        Suspended = "suspended" Refused
            "the product is suspended; resume it to enroll its units";
        Discontinued = "discontinued" Refused
            "the product is discontinued; its units no longer enroll";
        CredentialUnknown = "credential_unknown" Unauthenticated
            "the product credential is not one of this registry";
        CredentialExpired = "credential_expired" Unauthenticated
            "the product credential has expired; renew it and ship the new batch";
        CredentialRevoked = "credential_revoked" Unauthenticated
            "the product credential is revoked";
        CredentialSuspended = "credential_suspended" Unauthenticated
            "the product credential is suspended";
        CredentialNotYetValid = "credential_not_yet_valid" Unauthenticated
            "the product credential is not valid yet; check the clock";
        WindowNotOpen = "window_not_open" Refused
            "the product's enrollment window has not opened yet";
        WindowClosed = "window_closed" Refused
            "the product's enrollment window is closed";
        QuotaExhausted = "quota_exhausted" Refused
            "the product's enrollment quota is used up; raise it if more units are expected";
        UnitRequired = "unit_required" InvalidInput
            "the product's enrollment policy needs the unit's identifier (serial number or MAC)";
        UnitNotListed = "unit_not_listed" Refused
            "the unit is not on the product's allow-list; add it first";
        UnitListed = "unit_listed" Conflict
            "the unit is already on the product's allow-list";
        ClaimCodeRequired = "claim_code_required" InvalidInput
            "the product's enrollment policy needs a claim code";
        ClaimCodeUnknown = "claim_code_unknown" Refused
            "the claim code is not one of this product's";
        ClaimCodeUsed = "claim_code_used" Refused
            "the claim code was already used by another unit";
        ClaimCodeExpired = "claim_code_expired" Refused
            "the claim code has expired; issue a new one";
        NotSuspended = "not_suspended" State
            "the product is not suspended, so it cannot be resumed";
    }
}

declare_reasons! {
    /// Why a device cannot do it, or nothing can be done with it.
    DeviceError "device" {
        NameTaken = "name_taken" Conflict
            "another device has this name; choose another";
        UnitTaken = "unit_taken" Conflict
            "another device of this product has this unit identifier";
        Disabled = "disabled" Refused
            "the device is disabled; enable it first";
        Quarantined = "quarantined" Refused
            "the device came back with another key and is in quarantine; check it, then release or delete it";
        OtherKey = "other_key" Refused
            "the unit is known with another key; sign the request with the former key as well, or enroll it anew after its device is deleted";
        NotQuarantined = "not_quarantined" State
            "the device is not in quarantine";
        Deleted = "deleted" State
            "the device is deleted and its ID is never used again; register a new one";
        NotEnrolled = "not_enrolled" State
            "the device was only discovered; enroll or register it first";
        AlreadyEnabled = "already_enabled" State
            "the device is already enabled";
        AlreadyDisabled = "already_disabled" State
            "the device is already disabled";
        OldKeyProofInvalid = "old_key_proof_invalid" Refused
            "the proof of the device's former key does not verify, so nothing was changed";
        Mismatch = "mismatch" Refused
            "the credential belongs to another device";
    }
}

declare_reasons! {
    /// What is wrong with a group.
    GroupError "group" {
        NameTaken = "name_taken" Conflict
            "another group has this name; choose another";
        NotEmpty = "not_empty" State
            "the group still has devices; move them first";
        HasKeys = "has_keys" State
            "the group still owns symmetric keys; destroy them first";
    }
}

declare_reasons! {
    /// What is wrong with a key.
    KeyError "key" {
        Malformed { reason: String } = "malformed" InvalidInput
            "the key is not in an encoding known here (private: PKCS#8, SEC1, PKCS#1; public: SPKI; PEM or DER): {reason}";
        Algorithm { algorithm: String } = "algorithm" Unsupported
            "keys of the kind {algorithm} are not supported; use P-256, P-384, Ed25519 or RSA 2048 to 4096";
        Encrypted = "encrypted" Unsupported
            "the private key is encrypted; decrypt it first, for example with `openssl pkey`";
        RsaSize { bits: usize } = "rsa_size" InvalidInput
            "RSA keys of {bits} bits are not accepted; use 2048, 3072 or 4096";
        RsaExponent = "rsa_exponent" InvalidInput
            "the RSA public exponent is even or below 65537; make a new key";
        Encoding { reason: String } = "encoding" InvalidInput
            "the public key is encoded in an unaccepted way: {reason}; use a named curve and an uncompressed point";
        PublicHalfMissing = "public_half_missing" Unsupported
            "the EC private key comes without its public point; write it again with `openssl pkey`, which adds the point";
        SignatureInvalid = "signature_invalid" Refused
            "the signature does not verify with this public key";
        SignatureMismatch = "signature_mismatch" InvalidInput
            "the signature algorithm does not fit the key";
        Weak { weakness: String } = "weak" Refused
            "the key is known to be weak ({weakness}); make a new key with an up-to-date generator";
        Inconsistent = "inconsistent" InvalidInput
            "the private and the public half do not belong together";
        GenerationUnsupported { algorithm: String } = "generation_unsupported" Unsupported
            "this build cannot generate {algorithm} keys; build with the feature `aws-lc` or bring a key of your own";
        GenerationFailed = "generation_failed" Internal
            "the key could not be generated";
        Size { algorithm: String, expected: usize, found: usize } = "size" InvalidInput
            "a key for {algorithm} has exactly {expected} bytes, this one has {found}; bring a key of that size or name the algorithm that it is for";
        CheckMethod { algorithm: String } = "check_method" Unsupported
            "CMAC-based check values are defined for AES, not for {algorithm}; use `encrypted-zero`";
        CheckValueMalformed = "check_value_malformed" InvalidInput
            "a check value is 10 hexadecimal digits when CMAC-based, 6 when it is the truncated encryption of zeros";
        CheckValueMismatch = "check_value_mismatch" Refused
            "the check value is not that of this key; compare algorithm, method and version on both sides";
        UnwrapFailed = "unwrap_failed" Refused
            "the wrapped key does not open: the PSK is not the one it was wrapped under, or it was altered or meant for another device, key or version; fetch it again";
        WrapUnavailable = "wrap_unavailable" Refused
            "the device has no PSK that can be read, so no key can be wrapped for it; issue it a readable PSK or deliver the key in another way";
        ClearDelivery = "clear_delivery" Refused
            "delivering this key in clear was not allowed; wrap it under the device's PSK, or allow clear delivery if the channel protects it";
        Owner { reason: String } = "owner" Refused
            "the key's owner does not allow this: {reason}";
        NotShared = "not_shared" State
            "the key is not shared with this device, so it cannot be withdrawn from it";
        AlreadyShared = "already_shared" State
            "the key is already shared with this device";
        NotHeld = "not_held" Refused
            "the device holds no key of this name; issue one or share one with it";
        NumberTaken = "number_taken" Conflict
            "the owner already has a key of this number; rotate that one or choose another number";
        VersionUnknown { version: u32 } = "version_unknown" NotFound
            "the key has no version {version}; ask for the current one";
        VersionDestroyed { version: u32 } = "version_destroyed" State
            "version {version} of the key was destroyed when its grace period ended; use the current one";
        Destroyed = "destroyed" State
            "the key is destroyed and cannot be read again; issue a new one";
        Compromised = "compromised" State
            "the key is marked as compromised and is used for nothing any more; rotate it or issue a new one";
        Suspended = "suspended" Refused
            "the key is suspended; resume it first";
        AlreadySuspended = "already_suspended" State
            "the key is already suspended";
        NotSuspended = "not_suspended" State
            "the key is not suspended, so it cannot be resumed";
        Grace { limit: u64 } = "grace" InvalidInput
            "a grace period lasts from 0 to {limit} seconds; choose one in that range";
    }
}

declare_reasons! {
    /// What is wrong with a pre-shared key (PSK) or a device password, or with what was asked of one.
    PskError "psk" {
        PolicyWeak { bits: u32, needed: u32 } = "policy_weak" Refused
            "the password policy yields {bits} bits of entropy where {needed} are needed; make it longer or allow more characters";
        PolicyImpossible { reason: String } = "policy_impossible" InvalidInput
            "no password can meet the policy: {reason}";
        Identity { reason: String } = "identity" InvalidInput
            "a PSK identity is 1 to 128 bytes of UTF-8: {reason}";
        IdentityTaken = "identity_taken" Conflict
            "another PSK has this identity; choose another";
        Exists = "exists" Conflict
            "the device already has a PSK; rotate or delete that one";
        Unknown = "unknown" NotFound
            "the device has no PSK; issue one";
        Suspended = "suspended" Refused
            "the PSK is suspended; resume it first";
        AlreadySuspended = "already_suspended" State
            "the PSK is already suspended";
        NotSuspended = "not_suspended" State
            "the PSK is not suspended, so it cannot be resumed";
        Deleted = "deleted" State
            "the PSK is deleted and its secret erased; issue a new one";
        NotReadable = "not_readable" Refused
            "the PSK was issued to be verified only, so its secret cannot be read; rotate it into a readable one if that is needed";
        TooShort { needed: usize } = "too_short" Refused
            "the secret is shorter than the {needed} bytes needed; bring a longer one or have one made";
        TooLong { limit: usize } = "too_long" InvalidInput
            "the secret is longer than {limit} bytes; bring a shorter one";
        TooWeakToWrap { needed: usize } = "too_weak_to_wrap" Refused
            "keys are wrapped only under PSKs of {needed} bytes or more; rotate the device's PSK into a longer one";
        Grace { limit: u64 } = "grace" InvalidInput
            "a grace period lasts from 0 to {limit} days; choose one in that range";
        Superseded = "superseded" State
            "the secret that this request led to was replaced by a later rotation; read the key, or rotate it once more";
        NoPrevious = "no_previous" State
            "the PSK has no earlier secret in its grace period";
    }
}

declare_reasons! {
    /// Why a renewal campaign does not go on.
    CampaignError "campaign" {
        NothingSelected = "nothing_selected" Refused
            "the campaign's selection matches nothing; widen it and look at the preview first";
        Selection { reason: String } = "selection" InvalidInput
            "the campaign's selection cannot be used: {reason}";
        NameTaken = "name_taken" Conflict
            "another campaign has this name; choose another";
        NotRunning = "not_running" State
            "the campaign is not running, so it cannot be paused";
        Paused = "paused" State
            "the campaign is paused; resume it to go on";
        NotPaused = "not_paused" State
            "the campaign is not paused, so it cannot be resumed";
        Finished = "finished" State
            "the campaign is finished; start a new one";
        Cancelled = "cancelled" State
            "the campaign was cancelled and does not go on; start a new one";
    }
}

declare_reasons! {
    /// What is wrong with a client of the registry, such as a proxy that speaks for devices.
    ClientError "client" {
        Unknown = "unknown" NotFound
            "no client of this registry matches; register it first";
        NameTaken = "name_taken" Conflict
            "another client has this name; choose another";
        Suspended = "suspended" Refused
            "the client is suspended; resume it first";
        AlreadySuspended = "already_suspended" State
            "the client is already suspended";
        NotSuspended = "not_suspended" State
            "the client is not suspended, so it cannot be resumed";
        Deleted = "deleted" State
            "the client is deleted; register a new one";
        HandedOut = "handed_out" State
            "what this request made was handed out once and only a tag of it is kept; rotate licence key and password to get new ones";
    }
}

declare_reasons! {
    /// Why somebody who presented something is not let in.
    AuthenticationError "authentication" {
        Failed = "failed" Unauthenticated
            "the identity or the secret is wrong; check both, one answer is given for either";
        BackedOff { retry_after: u64 } = "backed_off" Unavailable
            "too many failures came before this attempt, which was not looked at; try again in {retry_after} seconds";
        NothingPresented = "nothing_presented" Unauthenticated
            "neither a certificate nor a PSK was presented; present one of them";
        BothKinds = "both_kinds" InvalidInput
            "a PSK and a certificate were presented at once; present one of them";
        ProxyUnknown = "proxy_unknown" Unauthenticated
            "no proxy of this name is known here; name it in the options with which the registry is opened";
        ProxyProof = "proxy_proof" Unauthenticated
            "the proxy's own proof does not verify; check the secret against the one in the registry's options";
        ProxyProofMissing = "proxy_proof_missing" Unauthenticated
            "the request holds no proof of a proxy; have the proxy set it, and let nobody else reach this port";
        ProxyNotVerified = "proxy_not_verified" Unauthenticated
            "the proxy did not say that the device's proof succeeded; anything but explicit success counts as failure";
        ProxyMisconfigured { reason: String } = "proxy_misconfigured" InvalidInput
            "the proxy's settings cannot be used: {reason}";
        HeaderRepeated = "header_repeated" InvalidInput
            "a header that may come once came more than once; have the proxy remove what its clients send";
        HeaderMalformed { reason: String } = "header_malformed" InvalidInput
            "the proxy's header cannot be read: {reason}";
        Licence = "licence" Unauthenticated
            "the licence key is wrong; check it against the one that was issued";
    }
}

declare_reasons! {
    /// Why a server-made private key is not handed out.
    DeliveryError "delivery" {
        None = "none" NotFound
            "the server made no key for this certificate; the key is where the CSR was made";
        Collecting = "collecting" State
            "the key was already handed out and waits for confirmation; repeat with the same request ID to get it again";
        Collected = "collected" State
            "the key was handed out and confirmed, and is erased; it can never be read again";
        Lapsed = "lapsed" State
            "the key was not collected in time and is erased; issue a new certificate";
        NotCollecting = "not_collecting" State
            "the key was not handed out yet, so there is nothing to confirm";
    }
}
