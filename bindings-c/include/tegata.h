/*
 * tegata gives devices an identity and looks after it for life. This file is generated; see bindings-c/generate.
 *
 * CONVENTIONS
 *
 * Names      tegata_<handle>_<verb>: tegata_devices_enroll() is devices().enroll() of every other language.
 * Parameters inputs first, then the call's actor and request ID (`const tegata_call *`, NULL for none), then outputs, last
 *            `tegata_error **error`. Outputs are written only on success. `error` may be NULL, else *error is written
 *            only on failure.
 * Results    TEGATA_STATUS_OK, or the kind of trouble. The error object says more: a stable code (tegata_codes.h), the
 *            kind, a sentence. Free it with tegata_error_free().
 * Inputs     are copied; nothing of them is kept after the call returns. Texts are UTF-8 ended by a zero octet. What may be
 *            left out is a pointer, NULL when it is; a number of an enum is 0 when it is left out. Identifiers are texts.
 *            Times are seconds since 1970-01-01T00:00:00Z, clamped to the years 0 to 9999.
 * Structs    that begin with `size` are inputs: zero all, set size to sizeof (TEGATA_INIT does both), set what you want.
 *            In an array of them, each has the same size. They gain fields at their end only.
 * Records    that come back (`const tegata_device *`) are read-only, with public fields, and stay until you call their
 *            _free once; all that they point to goes with them, so free only what a function gave you. _free(NULL) does nothing.
 *            They gain fields at their end only; never copy one by value.
 * Objects    (registry, store, sealer, signer, clock, private key) are opaque. What an object was made from may be freed
 *            at once: a registry keeps its store alive.
 * Threads    every function may be called from any thread at any time, on the same objects too; but nothing may be freed while
 *            another thread uses it.
 * Callbacks  are structs with a size, a `void *userdata` that comes first in every call, and an optional free(userdata), which
 *            is called exactly once, when nothing will use it any more (also when making the object fails). They run
 *            on any thread, several at a time. They must not throw, longjmp or end the thread. A callback that calls
 *            back into the registry that runs it gets the error `input.called_back`.
 * Secrets    (private keys, claim codes) are erased from the memory of the library when freed.
 */

#ifndef TEGATA_H
#define TEGATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The device build has no registry: define TEGATA_DEVICE when compiling against it. */
#if !defined(TEGATA_DEVICE) && !defined(TEGATA_REGISTRY)
#define TEGATA_REGISTRY
#endif

/* Makes an input struct ready: all zero (every field at its default), its size set. */
#define TEGATA_INIT(variable) \
  (memset(&(variable), 0, sizeof(variable)), (void)((variable).size = sizeof(variable)))

/// The text that says why a callback failed: how long it can be, with the zero at its end.
#define TEGATA_FAILURE_TEXT 256

/// Signatures other than on certificates and CRLs, such as in TLS.
#define TEGATA_KEY_USAGE_DIGITAL_SIGNATURE 1

/// Signatures meant to bind the signer.
#define TEGATA_KEY_USAGE_NON_REPUDIATION 2

/// Encryption of keys, as RSA key exchange does.
#define TEGATA_KEY_USAGE_KEY_ENCIPHERMENT 4

/// Encryption of data itself.
#define TEGATA_KEY_USAGE_DATA_ENCIPHERMENT 8

/// Diffie-Hellman.
#define TEGATA_KEY_USAGE_KEY_AGREEMENT 16

/// Signatures on certificates.
#define TEGATA_KEY_USAGE_KEY_CERT_SIGN 32

/// Signatures on CRLs.
#define TEGATA_KEY_USAGE_CRL_SIGN 64

/// With `KEY_AGREEMENT`: only to encrypt.
#define TEGATA_KEY_USAGE_ENCIPHER_ONLY 128

/// With `KEY_AGREEMENT`: only to decrypt.
#define TEGATA_KEY_USAGE_DECIPHER_ONLY 256

/// Kinds of keys.
typedef enum {
  /// ECDSA on P-256.
  TEGATA_KEY_ALGORITHM_ECDSA_P256 = 1,
  /// ECDSA on P-384.
  TEGATA_KEY_ALGORITHM_ECDSA_P384 = 2,
  /// Ed25519.
  TEGATA_KEY_ALGORITHM_ED25519 = 3,
  /// RSA, 2048 bits.
  TEGATA_KEY_ALGORITHM_RSA2048 = 4,
  /// RSA, 3072 bits.
  TEGATA_KEY_ALGORITHM_RSA3072 = 5,
  /// RSA, 4096 bits.
  TEGATA_KEY_ALGORITHM_RSA4096 = 6,
} tegata_key_algorithm;

/// Ways to sign.
typedef enum {
  /// ECDSA with SHA-256.
  TEGATA_SIGNATURE_ALGORITHM_ECDSA_SHA256 = 1,
  /// ECDSA with SHA-384.
  TEGATA_SIGNATURE_ALGORITHM_ECDSA_SHA384 = 2,
  /// Ed25519.
  TEGATA_SIGNATURE_ALGORITHM_ED25519 = 3,
  /// RSA PKCS#1 v1.5 with SHA-256.
  TEGATA_SIGNATURE_ALGORITHM_RSA_SHA256 = 4,
  /// RSA PKCS#1 v1.5 with SHA-384.
  TEGATA_SIGNATURE_ALGORITHM_RSA_SHA384 = 5,
  /// RSA PKCS#1 v1.5 with SHA-512.
  TEGATA_SIGNATURE_ALGORITHM_RSA_SHA512 = 6,
} tegata_signature_algorithm;

/// Why a certificate was revoked (RFC 5280, 5.3.1). The numbers are not those of the RFC, since 0 stands for none here.
typedef enum {
  /// No reason given.
  TEGATA_REVOCATION_REASON_UNSPECIFIED = 1,
  /// Its private key is known to others.
  TEGATA_REVOCATION_REASON_KEY_COMPROMISE = 2,
  /// Its issuer's private key is known to others.
  TEGATA_REVOCATION_REASON_CA_COMPROMISE = 3,
  /// The subject's name or other information changed.
  TEGATA_REVOCATION_REASON_AFFILIATION_CHANGED = 4,
  /// Another certificate replaced it.
  TEGATA_REVOCATION_REASON_SUPERSEDED = 5,
  /// It is not needed any more.
  TEGATA_REVOCATION_REASON_CESSATION_OF_OPERATION = 6,
  /// It is on hold.
  TEGATA_REVOCATION_REASON_CERTIFICATE_HOLD = 7,
  /// In a delta CRL: its hold was lifted.
  TEGATA_REVOCATION_REASON_REMOVE_FROM_CRL = 8,
  /// A privilege in it was withdrawn.
  TEGATA_REVOCATION_REASON_PRIVILEGE_WITHDRAWN = 9,
  /// An attribute authority's key is known to others.
  TEGATA_REVOCATION_REASON_AA_COMPROMISE = 10,
} tegata_revocation_reason;

#if defined(TEGATA_REGISTRY)
/// Kinds of records that an event is about.
typedef enum {
  /// An authority.
  TEGATA_ENTITY_TYPE_AUTHORITY = 1,
  /// A profile.
  TEGATA_ENTITY_TYPE_PROFILE = 2,
  /// A product.
  TEGATA_ENTITY_TYPE_PRODUCT = 3,
  /// A device.
  TEGATA_ENTITY_TYPE_DEVICE = 4,
  /// A group.
  TEGATA_ENTITY_TYPE_GROUP = 5,
  /// A certificate.
  TEGATA_ENTITY_TYPE_CERTIFICATE = 6,
  /// A pre-shared key.
  TEGATA_ENTITY_TYPE_PSK = 7,
  /// A symmetric key.
  TEGATA_ENTITY_TYPE_KEY = 8,
  /// A campaign.
  TEGATA_ENTITY_TYPE_CAMPAIGN = 9,
  /// A client of the host's API.
  TEGATA_ENTITY_TYPE_CLIENT = 10,
} tegata_entity_type;

/// How a presenter shows that it has the private key.
typedef enum {
  /// It did so in a TLS handshake, whose end was here.
  TEGATA_PROOF_TYPE_TLS_SESSION = 1,
  /// By a signature over a challenge.
  TEGATA_PROOF_TYPE_SIGNATURE = 2,
  /// In a TLS handshake that a proxy ended, which checked the chain and says so.
  TEGATA_PROOF_TYPE_PROXY = 3,
} tegata_proof_type;

/// What somebody presents.
typedef enum {
  /// A certificate.
  TEGATA_PRESENTED_TYPE_CERTIFICATE = 1,
  /// A pre-shared key: a device's password, or what a TLS-PSK handshake was made with.
  TEGATA_PRESENTED_TYPE_PSK = 2,
  /// What a proxy passed on in the headers of a request.
  TEGATA_PRESENTED_TYPE_HEADERS = 3,
  /// A client of the host's API, by all of what it was given.
  TEGATA_PRESENTED_TYPE_CLIENT = 4,
} tegata_presented_type;

/// Kinds of presenters.
typedef enum {
  /// A device.
  TEGATA_PRINCIPAL_TYPE_DEVICE = 1,
  /// A unit of a product that is no device yet.
  TEGATA_PRINCIPAL_TYPE_PRODUCT = 2,
  /// A client of the host's API.
  TEGATA_PRINCIPAL_TYPE_CLIENT = 3,
} tegata_principal_type;

/// What happens to the rest when one item of a bulk call is refused.
typedef enum {
  /// Nothing is done unless everything can be.
  TEGATA_ATOMICITY_ALL = 1,
  /// Each item is done or refused on its own. The default.
  TEGATA_ATOMICITY_EACH = 2,
} tegata_atomicity;

/// How a text must compare.
typedef enum {
  /// Exactly so.
  TEGATA_TEXT_TYPE_IS = 1,
  /// Beginning so.
  TEGATA_TEXT_TYPE_STARTS_WITH = 2,
  /// With this somewhere.
  TEGATA_TEXT_TYPE_CONTAINS = 3,
} tegata_text_type;

/// The kinds of credentials that are renewed.
typedef enum {
  /// A certificate.
  TEGATA_CREDENTIAL_KIND_CERTIFICATE = 1,
  /// A symmetric key.
  TEGATA_CREDENTIAL_KIND_KEY = 2,
  /// A pre-shared key.
  TEGATA_CREDENTIAL_KIND_PSK = 3,
} tegata_credential_kind;

/// Where a campaign stands.
typedef enum {
  /// Its waves are released when their time comes.
  TEGATA_CAMPAIGN_STATE_RUNNING = 1,
  /// It waits to be resumed.
  TEGATA_CAMPAIGN_STATE_PAUSED = 2,
  /// Everybody was asked, and nobody is waited for any more.
  TEGATA_CAMPAIGN_STATE_FINISHED = 3,
  /// It was given up.
  TEGATA_CAMPAIGN_STATE_CANCELLED = 4,
} tegata_campaign_state;

/// How a campaign has credentials replaced.
typedef enum {
  /// They become due at once: their holders renew them by the ordinary procedure. The default.
  TEGATA_REISSUE_POLICY_DUE = 1,
  /// Symmetric keys and readable pre-shared keys get their new value at once, from the registry. Certificates, and pre-shared
  /// keys that cannot be read and therefore not be fetched, become due.
  TEGATA_REISSUE_POLICY_ROTATE = 2,
} tegata_reissue_policy;

/// Where a client stands.
typedef enum {
  /// It is let in.
  TEGATA_CLIENT_STATE_ACTIVE = 1,
  /// It is not let in for now.
  TEGATA_CLIENT_STATE_SUSPENDED = 2,
  /// Gone: licence key and password are erased, only the record remains.
  TEGATA_CLIENT_STATE_DELETED = 3,
} tegata_client_state;

/// What can be due.
typedef enum {
  /// A certificate.
  TEGATA_DUE_KIND_CERTIFICATE = 1,
  /// A symmetric key.
  TEGATA_DUE_KIND_KEY = 2,
  /// A pre-shared key.
  TEGATA_DUE_KIND_PSK = 3,
  /// A CRL.
  TEGATA_DUE_KIND_CRL = 4,
} tegata_due_kind;

/// As what a certificate is exported.
typedef enum {
  /// The certificate alone, in PEM.
  TEGATA_EXPORT_FORMAT_TYPE_PEM = 1,
  /// The certificate and the intermediates above it, in PEM: what a TLS server sends.
  TEGATA_EXPORT_FORMAT_TYPE_FULL_CHAIN_PEM = 2,
  /// The certificate alone, in DER.
  TEGATA_EXPORT_FORMAT_TYPE_DER = 3,
  /// The certificate and all above it, the root included, as PKCS#7 in DER.
  TEGATA_EXPORT_FORMAT_TYPE_PKCS7 = 4,
  /// The key, the certificate and all above it, the root included, as PKCS#12.
  TEGATA_EXPORT_FORMAT_TYPE_PKCS12 = 5,
  /// A file each for the certificate, the intermediates, both together, the root and the key, with chosen names.
  TEGATA_EXPORT_FORMAT_TYPE_FILES = 6,
} tegata_export_format_type;

/// What a column holds, besides null.
typedef enum {
  /// Whole numbers.
  TEGATA_COLUMN_KIND_INT = 1,
  /// UTF-8 text.
  TEGATA_COLUMN_KIND_TEXT = 2,
  /// Octets.
  TEGATA_COLUMN_KIND_BYTES = 3,
} tegata_column_kind;

/// How a column is indexed.
typedef enum {
  /// Not at all; equality, membership and ranges on it are tested row by row.
  TEGATA_INDEX_NONE = 1,
  /// Ordered, values may repeat. Null is not in the index.
  TEGATA_INDEX_ORDERED = 2,
  /// Ordered, and no two rows have the same value, null apart.
  TEGATA_INDEX_UNIQUE = 3,
  /// No index, but searched for beginnings and parts.
  TEGATA_INDEX_SEARCHABLE = 4,
  /// Unique, and searched for parts too.
  TEGATA_INDEX_UNIQUE_SEARCHABLE = 5,
} tegata_index;

/// What a value is.
typedef enum {
  /// Nothing.
  TEGATA_VALUE_TYPE_NULL = 0,
  /// A whole number, in `integer`.
  TEGATA_VALUE_TYPE_INT = 1,
  /// UTF-8 text, in `bytes`; it may hold zero octets and has none at its end. Ordered by its octets.
  TEGATA_VALUE_TYPE_TEXT = 2,
  /// Octets, in `bytes`.
  TEGATA_VALUE_TYPE_BYTES = 3,
} tegata_value_type;

/// What a write expects of the row it meets.
typedef enum {
  /// There is none.
  TEGATA_EXPECT_ABSENT = 1,
  /// There is one, of the version told.
  TEGATA_EXPECT_VERSION = 2,
  /// Whatever there is or is not.
  TEGATA_EXPECT_ANY = 3,
} tegata_expect;

/// What a write does.
typedef enum {
  /// Writes a row whole; its version becomes 1, or one more than it was. A second row with the same value in a unique
  /// column (null apart) is a conflict.
  TEGATA_WRITE_TYPE_PUT = 1,
  /// Removes a row; where anything is expected, there may be none.
  TEGATA_WRITE_TYPE_DELETE = 2,
  /// Writes nothing, but conflicts unless the expectation holds.
  TEGATA_WRITE_TYPE_REQUIRE = 3,
  /// Adds to a counter and conflicts if that would take it above `at_most` or below zero.
  TEGATA_WRITE_TYPE_ADD = 4,
} tegata_write_type;

/// How a column must compare.
typedef enum {
  /// Equal to the value; null equals null.
  TEGATA_MATCH_EQ = 1,
  /// Text that begins with the value, byte for byte.
  TEGATA_MATCH_PREFIX = 2,
  /// Text that holds the value, byte for byte, or octets whose upper-case hexadecimal form does.
  TEGATA_MATCH_CONTAINS = 3,
  /// Not null, not below `from` and below `to`, each of them optional.
  TEGATA_MATCH_RANGE = 4,
  /// Equal to one of the values.
  TEGATA_MATCH_IN = 5,
} tegata_match;

/// How a callback of a store ended.
typedef enum {
  /// Well.
  TEGATA_STORE_STATUS_OK = 0,
  /// `failure->write` says which write met an expectation, uniqueness or limit that failed; nothing was written.
  TEGATA_STORE_STATUS_CONFLICT = 1,
  /// The store cannot be reached for now.
  TEGATA_STORE_STATUS_UNAVAILABLE = 2,
  /// The stored data is damaged; the text says where.
  TEGATA_STORE_STATUS_CORRUPT = 3,
  /// The store was written by a newer version: see `failure->found` and `failure->supported`.
  TEGATA_STORE_STATUS_SCHEMA = 4,
  /// What is there is something else.
  TEGATA_STORE_STATUS_NOT_A_DATABASE = 5,
  /// It can be read but not written.
  TEGATA_STORE_STATUS_READ_ONLY = 6,
  /// No room is left.
  TEGATA_STORE_STATUS_FULL = 7,
  /// Anything else.
  TEGATA_STORE_STATUS_BACKEND = 8,
} tegata_store_status;

/// Where a symmetric key stands.
typedef enum {
  /// It may be used.
  TEGATA_KEY_STATE_ACTIVE = 1,
  /// It may not be used for now.
  TEGATA_KEY_STATE_SUSPENDED = 2,
  /// It must not be trusted any more: its values can be asked for by their version, to read old data, until it is rotated or
  /// destroyed.
  TEGATA_KEY_STATE_COMPROMISED = 3,
  /// Gone: all values are erased, only the record remains.
  TEGATA_KEY_STATE_DESTROYED = 4,
} tegata_key_state;

/// What kind of owner a symmetric key has.
typedef enum {
  /// One device.
  TEGATA_KEY_OWNER_DEVICE = 1,
  /// Several devices, each added by name.
  TEGATA_KEY_OWNER_SHARED = 2,
  /// A group: whoever is a member.
  TEGATA_KEY_OWNER_GROUP = 3,
} tegata_key_owner;

/// Where one version of a symmetric key stands.
typedef enum {
  /// The one to use.
  TEGATA_VERSION_STATE_CURRENT = 1,
  /// The one before: still good for reading until its grace period ends.
  TEGATA_VERSION_STATE_PREVIOUS = 2,
  /// Erased.
  TEGATA_VERSION_STATE_DESTROYED = 3,
  /// Not to be trusted.
  TEGATA_VERSION_STATE_COMPROMISED = 4,
} tegata_version_state;

/// What was done to a log of events.
typedef enum {
  /// An event says something else than what was recorded.
  TEGATA_TAMPERING_ALTERED = 1,
  /// An event is gone.
  TEGATA_TAMPERING_MISSING = 2,
  /// An event stands where none was recorded.
  TEGATA_TAMPERING_ADDED = 3,
  /// A checkpoint does not fit what it covers, or its signature does not verify.
  TEGATA_TAMPERING_CHECKPOINT_BROKEN = 4,
  /// The log ends before a checkpoint that is known.
  TEGATA_TAMPERING_ROLLED_BACK = 5,
} tegata_tampering;

/// The hash that a `CertID` is made with.
typedef enum {
  /// SHA-1, which all understand.
  TEGATA_OCSP_HASH_SHA1 = 1,
  /// SHA-256.
  TEGATA_OCSP_HASH_SHA256 = 2,
} tegata_ocsp_hash;

/// Whether a response has an answer (RFC 6960, 4.2.1).
typedef enum {
  /// It has.
  TEGATA_OCSP_RESPONSE_STATUS_SUCCESSFUL = 1,
  /// The request is none.
  TEGATA_OCSP_RESPONSE_STATUS_MALFORMED_REQUEST = 2,
  /// The responder failed.
  TEGATA_OCSP_RESPONSE_STATUS_INTERNAL_ERROR = 3,
  /// It cannot answer now.
  TEGATA_OCSP_RESPONSE_STATUS_TRY_LATER = 4,
  /// It wants the request signed.
  TEGATA_OCSP_RESPONSE_STATUS_SIG_REQUIRED = 5,
  /// It does not speak for the issuer.
  TEGATA_OCSP_RESPONSE_STATUS_UNAUTHORIZED = 6,
} tegata_ocsp_response_status;

/// What OCSP says of a certificate.
typedef enum {
  /// It counts.
  TEGATA_OCSP_STATUS_TYPE_GOOD = 1,
  /// It does not.
  TEGATA_OCSP_STATUS_TYPE_REVOKED = 2,
  /// The responder does not know it.
  TEGATA_OCSP_STATUS_TYPE_UNKNOWN = 3,
} tegata_ocsp_status_type;

/// How a proxy writes a certificate into a header.
typedef enum {
  /// PEM with percent-encoding, as nginx's `$ssl_client_escaped_cert` gives it; or with blanks in place of the line ends, as
  /// Apache's `%{SSL_CLIENT_CERT}s` does.
  TEGATA_CERTIFICATE_ENCODING_ESCAPED_PEM = 1,
  /// DER in base64, as `HAProxy`'s `%[ssl_c_der,base64]`.
  TEGATA_CERTIFICATE_ENCODING_BASE64_DER = 2,
  /// DER as a byte sequence of structured fields (RFC 9440, section 2.1).
  TEGATA_CERTIFICATE_ENCODING_BYTE_SEQUENCE = 3,
  /// Envoy's `x-forwarded-client-cert` with one element, of which `Cert` counts.
  TEGATA_CERTIFICATE_ENCODING_XFCC = 4,
} tegata_certificate_encoding;

/// Headers that a proxy is known to send.
typedef enum {
  /// As nginx forwards: `X-Proxy-Proof`, `X-SSL-Client-Verify`, `X-SSL-Client-Cert`.
  TEGATA_PROXY_PRESET_NGINX = 1,
  /// As `HAProxy` forwards.
  TEGATA_PROXY_PRESET_HAPROXY = 2,
  /// As Envoy forwards.
  TEGATA_PROXY_PRESET_ENVOY = 3,
  /// As RFC 9440 says.
  TEGATA_PROXY_PRESET_RFC9440 = 4,
  /// None of these: what is not given below is not there.
  TEGATA_PROXY_PRESET_OWN = 5,
} tegata_proxy_preset;

/// For which server pre-shared keys are written. Secrets stand there in hexadecimal digits, so that they may be any octets.
typedef enum {
  /// The file that `psk_file` names in the configuration of mosquitto 2.0 and later; secrets have 1 to 256 octets.
  TEGATA_PSK_FORMAT_MOSQUITTO = 1,
  /// Arguments of `openssl s_server` and `openssl s_client`, each pair in a line of its own, for trying out; secrets have 1
  /// to 256 octets.
  TEGATA_PSK_FORMAT_OPEN_SSL = 2,
  /// The file of `GnuTLS` 3.6.13 and later, as `psktool` makes it; secrets have 1 to 512 octets.
  TEGATA_PSK_FORMAT_GNU_TLS = 3,
  /// The file that `PSKsecrets` names in the configuration of stunnel 5.42 and later; secrets have 16 to 256 octets.
  TEGATA_PSK_FORMAT_STUNNEL = 4,
  /// A C header for servers with mbedTLS 2 and 3: a table and a callback; secrets have 1 to 48 octets.
  TEGATA_PSK_FORMAT_MBED_TLS = 5,
  /// A C header for servers with wolfSSL 4 and 5: a table and its callbacks; secrets have 1 to 64 octets.
  TEGATA_PSK_FORMAT_WOLF_SSL = 6,
} tegata_psk_format;

/// Whether the secret of a pre-shared key can be read again.
typedef enum {
  /// Sealed, so that it can be read: TLS-PSK servers and key wrapping need it. Reads leave an event.
  TEGATA_PSK_KIND_READABLE = 1,
  /// Only a keyed tag is kept: the secret can be checked and never read. The default.
  TEGATA_PSK_KIND_VERIFY_ONLY = 2,
} tegata_psk_kind;

/// Where a pre-shared key stands.
typedef enum {
  /// It counts.
  TEGATA_PSK_STATE_ACTIVE = 1,
  /// It does not count for now.
  TEGATA_PSK_STATE_SUSPENDED = 2,
  /// Gone: secret and tag are erased, only the record remains.
  TEGATA_PSK_STATE_DELETED = 3,
} tegata_psk_state;

/// Where an identity comes from.
typedef enum {
  /// It is the device's ID: each device has at most one such key. The default.
  TEGATA_IDENTITY_KIND_DEVICE = 1,
  /// Made here and another one at each rotation, so that who listens cannot link them.
  TEGATA_IDENTITY_KIND_UNLINKABLE = 2,
  /// Chosen by the host; unique while the key is not deleted.
  TEGATA_IDENTITY_KIND_CHOSEN = 3,
} tegata_identity_kind;

/// What a registry knows of something that was seen.
typedef enum {
  /// It is in the store.
  TEGATA_SEEN_STATE_KNOWN = 1,
  /// This registry made it, and the store does not remember: it was restored to an earlier state.
  TEGATA_SEEN_STATE_LOST = 2,
  /// Not of this registry, or removed from it by its rules of retention.
  TEGATA_SEEN_STATE_UNKNOWN = 3,
} tegata_seen_state;

/// What was seen.
typedef enum {
  /// A certificate: `value` is its DER or PEM.
  TEGATA_SEEN_TYPE_CERTIFICATE = 1,
  /// The serial number of a certificate: `authority` and `serial`.
  TEGATA_SEEN_TYPE_SERIAL = 2,
  /// A device: `id`.
  TEGATA_SEEN_TYPE_DEVICE = 3,
  /// A certificate's identifier: `id`.
  TEGATA_SEEN_TYPE_CERTIFICATE_ID = 4,
  /// A version of a symmetric key: `id` and `version`.
  TEGATA_SEEN_TYPE_KEY = 5,
  /// A version of a pre-shared key's secret: `id` and `version`.
  TEGATA_SEEN_TYPE_PSK = 6,
} tegata_seen_type;

/// Why a sealer of the host's does not open something.
typedef enum {
  /// Another key sealed it: the call gets `seal.wrong_key`.
  TEGATA_OPEN_WRONG_KEY = 1,
  /// It was altered, or sealed for another place: the call gets `seal.damaged`.
  TEGATA_OPEN_DAMAGED = 2,
  /// The key is out of reach: the call gets `seal.failed` with the text of the failure.
  TEGATA_OPEN_UNAVAILABLE = 3,
} tegata_open;

/// Where an authority stands. Expiry is derived from the clock.
typedef enum {
  /// Its key exists and its request is out; an outside CA's certificate is still to be installed.
  TEGATA_AUTHORITY_STATE_REQUESTED = 1,
  /// Issues, revokes and signs CRLs.
  TEGATA_AUTHORITY_STATE_ACTIVE = 2,
  /// Issues nothing any more, but still revokes and signs CRLs.
  TEGATA_AUTHORITY_STATE_RETIRED = 3,
  /// Its key is known to others: signs nothing, and nothing it issued authenticates.
  TEGATA_AUTHORITY_STATE_COMPROMISED = 4,
} tegata_authority_state;

/// Where an authority's private key is.
typedef enum {
  /// Sealed, in the store.
  TEGATA_SIGNER_LOCATION_STORE = 1,
  /// With the host: an HSM, a KMS, a key store. It is connected with `tegata_authorities_use_signer()` after every
  /// opening.
  TEGATA_SIGNER_LOCATION_EXTERNAL = 2,
} tegata_signer_location;

/// What a certificate is for, as far as the registry is concerned.
typedef enum {
  /// Shared by all units of a product, to bootstrap (a product credential).
  TEGATA_CERTIFICATE_KIND_PRODUCT = 1,
  /// A device's own.
  TEGATA_CERTIFICATE_KIND_DEVICE = 2,
  /// Anything else: a server, a user, a service.
  TEGATA_CERTIFICATE_KIND_OTHER = 3,
} tegata_certificate_kind;

/// The stored part of a certificate's state. What the clock adds is in `tegata_standing`.
typedef enum {
  /// Requested, not issued yet.
  TEGATA_CERTIFICATE_STATE_PENDING = 1,
  /// Issued and in force.
  TEGATA_CERTIFICATE_STATE_ACTIVE = 2,
  /// Out of force for now.
  TEGATA_CERTIFICATE_STATE_SUSPENDED = 3,
  /// Out of force for good.
  TEGATA_CERTIFICATE_STATE_REVOKED = 4,
  /// Requested, but denied.
  TEGATA_CERTIFICATE_STATE_DENIED = 5,
} tegata_certificate_state;

/// Who suspended a certificate, since only they lift it.
typedef enum {
  /// An operator, through `tegata_certificates_suspend()`.
  TEGATA_SUSPEND_CAUSE_OPERATOR = 1,
  /// The disabling of its device.
  TEGATA_SUSPEND_CAUSE_DEVICE = 2,
} tegata_suspend_cause;

/// Where the certificate's private key was made.
typedef enum {
  /// Where the CSR was made; it never was here.
  TEGATA_KEY_ORIGIN_REQUESTER = 1,
  /// Here, and handed out once.
  TEGATA_KEY_ORIGIN_SERVER = 2,
} tegata_key_origin;

/// How a certificate stands at a given moment: its state and the clock together.
typedef enum {
  /// Requested, not issued yet.
  TEGATA_STANDING_PENDING = 1,
  /// Requested, but denied.
  TEGATA_STANDING_DENIED = 2,
  /// notBefore lies ahead.
  TEGATA_STANDING_NOT_YET_VALID = 3,
  /// In force.
  TEGATA_STANDING_ACTIVE = 4,
  /// Out of force for now.
  TEGATA_STANDING_SUSPENDED = 5,
  /// Replaced, and its grace period is over.
  TEGATA_STANDING_SUPERSEDED = 6,
  /// Revoked.
  TEGATA_STANDING_REVOKED = 7,
  /// notAfter has passed.
  TEGATA_STANDING_EXPIRED = 8,
} tegata_standing;

/// Where a device stands.
typedef enum {
  /// Seen, but not admitted yet.
  TEGATA_DEVICE_STATE_DISCOVERED = 1,
  /// Admitted; its credentials count.
  TEGATA_DEVICE_STATE_VALID = 2,
  /// Shut out for now; see the reason.
  TEGATA_DEVICE_STATE_INVALID = 3,
  /// Gone for good; only the record remains.
  TEGATA_DEVICE_STATE_DELETED = 4,
} tegata_device_state;

/// Why a device is invalid.
typedef enum {
  /// An operator disabled it.
  TEGATA_INVALID_REASON_DISABLED = 1,
  /// It came back with another key that it could not explain.
  TEGATA_INVALID_REASON_QUARANTINED = 2,
} tegata_invalid_reason;

/// Where a product stands.
typedef enum {
  /// Its units enroll.
  TEGATA_PRODUCT_STATE_ACTIVE = 1,
  /// Its units do not enroll for now.
  TEGATA_PRODUCT_STATE_SUSPENDED = 2,
  /// Its units never enroll again.
  TEGATA_PRODUCT_STATE_DISCONTINUED = 3,
} tegata_product_state;

/// Which units may enroll.
typedef enum {
  /// Every unit that has the product credential. The default.
  TEGATA_ENROLLMENT_MODE_OPEN = 1,
  /// Only units that were listed before.
  TEGATA_ENROLLMENT_MODE_ALLOW_LIST = 2,
  /// Only units that show a one-time claim code.
  TEGATA_ENROLLMENT_MODE_CLAIM_CODE = 3,
} tegata_enrollment_mode;

/// What happens when a known unit comes with another key and does not prove its former one.
typedef enum {
  /// Its device is shut out until somebody looked. Safe against a copy that is already in use; but whoever has the
  /// product credential and knows the units' identifiers can shut devices out. The default.
  TEGATA_OTHER_KEY_QUARANTINE = 1,
  /// The request is refused and noted as an event; the device goes on with the key it has.
  TEGATA_OTHER_KEY_REFUSE = 2,
} tegata_other_key;

/// What suspending means to the world outside.
typedef enum {
  /// The registry refuses the certificate; CRLs say nothing. The default.
  TEGATA_SUSPEND_MODE_REGISTRY = 1,
  /// CRLs list it as well, with the reason certificateHold.
  TEGATA_SUSPEND_MODE_CRL_HOLD = 2,
} tegata_suspend_mode;

/// When a key that is made here is handed out.
typedef enum {
  /// With the answer. Repeating the call with the same request ID returns it again, until it is confirmed. The
  /// default.
  TEGATA_HAND_OUT_NOW = 1,
  /// When somebody collects it.
  TEGATA_HAND_OUT_LATER = 2,
} tegata_hand_out;

/// What becomes of a quarantined device's keys when it is released.
typedef enum {
  /// The keys it had go on; the other key was an impostor's.
  TEGATA_RELEASE_KEEP_KEYS = 1,
  /// The keys it had are gone (a repaired or reset unit): its certificates are revoked, and it may enroll with a new
  /// key.
  TEGATA_RELEASE_NEW_KEYS = 2,
} tegata_release;

/// What enrolling led to.
typedef enum {
  /// A device that was not known got its first certificate.
  TEGATA_ENROLLMENT_NEW = 1,
  /// A device that was registered or discovered before got its first certificate.
  TEGATA_ENROLLMENT_ADMITTED = 2,
  /// A known device with the same key got the certificate back that it has.
  TEGATA_ENROLLMENT_KNOWN = 3,
  /// A known device with the same key got a new certificate, since the one that it had is expired.
  TEGATA_ENROLLMENT_RENEWED = 4,
  /// A known device proved its former key and got a certificate for its new one.
  TEGATA_ENROLLMENT_REKEYED = 5,
} tegata_enrollment;

/// By what certificates are counted.
typedef enum {
  /// All together.
  TEGATA_CERTIFICATE_GROUPING_TOTAL = 1,
  /// By stored state.
  TEGATA_CERTIFICATE_GROUPING_STATE = 2,
  /// By kind.
  TEGATA_CERTIFICATE_GROUPING_KIND = 3,
  /// By the product whose they are.
  TEGATA_CERTIFICATE_GROUPING_PRODUCT = 4,
  /// By the group of their devices.
  TEGATA_CERTIFICATE_GROUPING_GROUP = 5,
  /// By authority.
  TEGATA_CERTIFICATE_GROUPING_AUTHORITY = 6,
  /// By profile.
  TEGATA_CERTIFICATE_GROUPING_PROFILE = 7,
  /// By the week in which they are due for renewal; weeks begin on Thursdays, as 1970 did.
  TEGATA_CERTIFICATE_GROUPING_DUE_WEEK = 8,
  /// By the kind of their keys.
  TEGATA_CERTIFICATE_GROUPING_ALGORITHM = 9,
} tegata_certificate_grouping;

/// How the files are encoded.
typedef enum {
  /// Text; several certificates stand one after the other. The default.
  TEGATA_ENCODING_PEM = 1,
  /// Binary; where several certificates belong into one file, it is PKCS#7.
  TEGATA_ENCODING_DER = 2,
} tegata_encoding;

/// For whom a file is written.
typedef enum {
  /// AES-256 and SHA-256: everything of the last years, among it OpenSSL 1.1 and 3, Java, Windows 10, Android 12. The
  /// default.
  TEGATA_PKCS12_TARGET_MODERN = 1,
  /// Triple DES and SHA-1: older Windows, Apple and Android; everything newer opens it as well.
  TEGATA_PKCS12_TARGET_LEGACY = 2,
} tegata_pkcs12_target;

/// How the subject of a certificate comes about.
typedef enum {
  /// An opaque common name that identifies nobody (for a device: its ID), below the RDNs in `fixed`.
  TEGATA_SUBJECT_POLICY_TYPE_OPAQUE = 1,
  /// An RFC 4514 name with placeholders, in `name`: `{name}`, `{id}`, `{unit}`, `{csr.CN}`.
  TEGATA_SUBJECT_POLICY_TYPE_TEMPLATE = 2,
  /// The CSR's subject, byte for byte, with the attributes that `allow` and `require` list.
  TEGATA_SUBJECT_POLICY_TYPE_FROM_CSR = 3,
} tegata_subject_policy_type;
#endif

/// How a call ended: well, or with which kind of trouble. The kinds are those of every other language.
typedef enum {
  /// Done; the outputs are written.
  TEGATA_STATUS_OK = 0,
  /// The argument itself is malformed; the same call can never succeed.
  TEGATA_STATUS_INVALID_INPUT = 1,
  /// Well-formed, but a rule or policy forbids it.
  TEGATA_STATUS_REFUSED = 2,
  /// What the call names does not exist.
  TEGATA_STATUS_NOT_FOUND = 3,
  /// It collides with what is already there, or with a concurrent change.
  TEGATA_STATUS_CONFLICT = 4,
  /// The entity's current state does not allow it.
  TEGATA_STATUS_STATE = 5,
  /// The presenter could not show who it is.
  TEGATA_STATUS_UNAUTHENTICATED = 6,
  /// Something needed is out of reach for now; try again later.
  TEGATA_STATUS_UNAVAILABLE = 7,
  /// Stored or received data is damaged.
  TEGATA_STATUS_CORRUPT = 8,
  /// Correct, but this build or version cannot do it.
  TEGATA_STATUS_UNSUPPORTED = 9,
  /// A defect of this library or its surroundings.
  TEGATA_STATUS_INTERNAL = 10,
} tegata_status;

/// What a certificate is to be used for.
typedef enum {
  /// As a TLS server.
  TEGATA_PURPOSE_TYPE_SERVER_AUTH = 1,
  /// As a TLS client.
  TEGATA_PURPOSE_TYPE_CLIENT_AUTH = 2,
  /// For the extended key usage in `oid`.
  TEGATA_PURPOSE_TYPE_OTHER = 3,
  /// For anything: extended key usage is not looked at.
  TEGATA_PURPOSE_TYPE_ANY = 4,
} tegata_purpose_type;

/// What kind of name a `tegata_general_name` is.
typedef enum {
  /// A host name, `DNS:`.
  TEGATA_GENERAL_NAME_TYPE_DNS = 1,
  /// An IPv4 or IPv6 address, `IP:`.
  TEGATA_GENERAL_NAME_TYPE_IP = 2,
  /// A mail address, `email:`.
  TEGATA_GENERAL_NAME_TYPE_EMAIL = 3,
  /// A URI, `URI:`.
  TEGATA_GENERAL_NAME_TYPE_URI = 4,
  /// A distinguished name, `dirName:` and its form of RFC 4514.
  TEGATA_GENERAL_NAME_TYPE_DIRECTORY_NAME = 5,
  /// An object identifier, `RID:`.
  TEGATA_GENERAL_NAME_TYPE_REGISTERED_ID = 6,
  /// Anything else: `otherName:`, the type, `=#` and the DER in hexadecimal.
  TEGATA_GENERAL_NAME_TYPE_OTHER = 7,
} tegata_general_name_type;

/// How bad a finding is.
typedef enum {
  /// Some browsers refuse or complain.
  TEGATA_SEVERITY_WARNING = 1,
  /// Browsers do not trust it.
  TEGATA_SEVERITY_ERROR = 2,
} tegata_severity;

/// What a proof of possession is about. A signature made for one purpose does not serve another.
typedef enum {
  /// "I answer this challenge": the content is the challenge.
  TEGATA_STATEMENT_CHALLENGE = 1,
  /// "I am the former key of the unit that makes this request": the content is the DER of the CSR.
  TEGATA_STATEMENT_FORMER_KEY = 2,
  /// "I am the product credential that this request comes with": the content is the DER of the CSR.
  TEGATA_STATEMENT_PRODUCT_CREDENTIAL = 3,
} tegata_statement;

/// Kinds of symmetric keys.
typedef enum {
  /// AES with a key of 128 bits.
  TEGATA_SYMMETRIC_ALGORITHM_AES128 = 1,
  /// AES with a key of 256 bits.
  TEGATA_SYMMETRIC_ALGORITHM_AES256 = 2,
  /// TWINE with a key of 80 bits.
  TEGATA_SYMMETRIC_ALGORITHM_TWINE80 = 3,
  /// TWINE with a key of 128 bits.
  TEGATA_SYMMETRIC_ALGORITHM_TWINE128 = 4,
} tegata_symmetric_algorithm;

/// How a check value is made.
typedef enum {
  /// The first 5 octets of the CMAC of one block of zeros (ANSI X9.24-1); for AES.
  TEGATA_CHECK_METHOD_CMAC = 1,
  /// The first 3 octets of the encryption of one block of zeros.
  TEGATA_CHECK_METHOD_ENCRYPTED_ZERO = 2,
} tegata_check_method;

/// How a key is wrapped.
typedef enum {
  /// AES key wrap (RFC 3394) with a key of 256 bits.
  TEGATA_WRAP_METHOD_AES_KW = 1,
  /// AES key wrap with padding (RFC 5649) with a key of 256 bits.
  TEGATA_WRAP_METHOD_AES_KWP = 2,
} tegata_wrap_method;

#if defined(TEGATA_REGISTRY)
/// Where the time comes from.
typedef struct tegata_clock tegata_clock;
#endif

/// Why a call failed.
typedef struct tegata_error tegata_error;

/// A private key in memory, erased when nothing uses it any more.
typedef struct tegata_private_key tegata_private_key;

#if defined(TEGATA_REGISTRY)
/// Where random bytes come from.
typedef struct tegata_random tegata_random;

/// A registry of devices and the authority over their credentials.
typedef struct tegata_registry tegata_registry;

/// Takes the rows that a store answers with.
typedef struct tegata_rows tegata_rows;

/// Seals secrets for storage and opens them again.
typedef struct tegata_sealer tegata_sealer;
#endif

/// Something that signs: made from a private key or from callbacks.
typedef struct tegata_signer tegata_signer;

/// Takes what a callback answers with octets, such as a signature.
typedef struct tegata_sink tegata_sink;

#if defined(TEGATA_REGISTRY)
/// A place that keeps rows, transactionally and durably.
typedef struct tegata_store tegata_store;

/// Takes the counts that a store answers with.
typedef struct tegata_tallies tegata_tallies;
#endif

/// Octets that somebody else owns: in an input the caller, in a result the result.
typedef struct {
  /// The octets. NULL for none; where they are optional, NULL with length 0 is their absence.
  const uint8_t *data;
  /// How many.
  size_t len;
} tegata_bytes;

/// A list of octet strings, such as a chain of certificates in DER.
typedef struct {
  /// The octet strings; may be NULL when there are none.
  const tegata_bytes *items;
  /// How many.
  size_t len;
} tegata_bytes_list;

/// Octets that the library made: DER, a signature.
typedef struct {
  /// The octets.
  const uint8_t *data;
  /// How many.
  size_t len;
} tegata_buffer;

/// A text that the library made: PEM, a name.
typedef struct {
  /// The text, ended by a zero octet.
  const char *text;
  /// Its length in octets, without the zero.
  size_t len;
} tegata_string;

/// Where a callback that fails says why, before it returns something other than 0. All zero when the callback begins.
typedef struct {
  /// A sentence for people, in UTF-8 and ended by a zero octet: `snprintf(failure->text, sizeof failure->text, ...)`.
  /// It must
  /// not hold a secret.
  char text[TEGATA_FAILURE_TEXT];
  /// For a conflict: the index of the write that met it.
  size_t write;
  /// For a schema that is too new: the version found.
  uint32_t found;
  /// For a schema that is too new: the newest version supported.
  uint32_t supported;
} tegata_failure;

/// A signer of the host's own.
typedef struct {
  /// `sizeof(tegata_signer_callbacks)`.
  size_t size;
  /// Given to every callback.
  void *userdata;
  /// Signs `message`, which it hashes itself: SHA-256 for P-256 and RSA keys, SHA-384 for P-384. Adds to `signature`
  /// what X.509 carries: the DER `ECDSA-Sig-Value`, the 64 octets of Ed25519, or PKCS#1 v1.5. Returns 0, or anything
  /// else
  /// after saying why in `failure`: the call gets `signer.failed`. Required.
  int (*sign)(void *userdata, tegata_bytes message, tegata_sink *signature, tegata_failure *failure);
  /// Frees `userdata`, once, when nothing signs with it any more. May be NULL.
  void (*free)(void *userdata);
} tegata_signer_callbacks;

/// Whether a certificate may issue others, and how deep (RFC 5280, 4.2.1.9).
typedef struct {
  /// Whether it is a CA certificate.
  bool ca;
  /// How many intermediate CA certificates may follow it; NULL for any number.
  const uint8_t *path_len;
} tegata_basic_constraints;

/// A list of texts.
typedef struct {
  /// The texts; may be NULL when there are none.
  const char *const *items;
  /// How many.
  size_t len;
} tegata_texts;

/// One extension of a certificate.
typedef struct {
  /// Which one, a dotted OID.
  const char *oid;
  /// Whether it is critical.
  bool critical;
} tegata_extension_mark;

/// What the extensions of a certificate say (RFC 5280, 4.2).
typedef struct {
  /// Whether it may issue others; NULL when the extension is missing.
  const tegata_basic_constraints *basic_constraints;
  /// What the key may be used for: `TEGATA_KEY_USAGE_` bits. NULL when the extension is missing.
  const uint16_t *key_usage;
  /// For which purposes: dotted OIDs; none when the extension is missing.
  tegata_texts extended_key_usage;
  /// The DER `GeneralNames` of the subject, if any; `tegata_certificate_names()` reads them.
  tegata_bytes subject_alt_name;
  /// The subject key identifier, if any.
  tegata_bytes subject_key_id;
  /// The key identifier of the issuer, if it is given that way.
  tegata_bytes authority_key_id;
  /// Addresses of CRLs.
  tegata_texts crl_distribution_points;
  /// Addresses of OCSP responders.
  tegata_texts ocsp;
  /// Addresses of the issuer's certificate.
  tegata_texts ca_issuers;
  /// Certificate policies: dotted OIDs.
  tegata_texts policies;
  /// Every extension in order; NULL when there are none.
  const tegata_extension_mark *const *all;
  /// How many.
  size_t all_len;
} tegata_certificate_extensions;

/// A certificate that was read: its DER and what is in it. It is well-formed; nothing says that it is trusted.
typedef struct {
  /// The whole certificate in DER, octet for octet as it was read.
  tegata_bytes der;
  /// 1, 2 or 3.
  uint8_t version;
  /// The serial number: the content of its INTEGER, big endian.
  tegata_bytes serial;
  /// The serial number in upper-case hexadecimal.
  const char *serial_hex;
  /// Who issued it (RFC 4514).
  const char *issuer;
  /// The issuer's DER.
  tegata_bytes issuer_der;
  /// Whom it names (RFC 4514).
  const char *subject;
  /// The subject's DER.
  tegata_bytes subject_der;
  /// The first second of validity.
  int64_t not_before;
  /// The last second of validity.
  int64_t not_after;
  /// The `SubjectPublicKeyInfo` in DER, which may be of any kind.
  tegata_bytes spki;
  /// What it is signed with; 0 for an algorithm that this library does not know.
  tegata_signature_algorithm signature_algorithm;
  /// The `AlgorithmIdentifier` of the signature in DER.
  tegata_bytes signature_algorithm_der;
  /// The signed part in DER.
  tegata_bytes tbs;
  /// The signature.
  tegata_bytes signature;
  /// Whether its basic constraints make it a CA certificate.
  bool is_ca;
  /// How many intermediate CA certificates may follow it; NULL when that is not limited.
  const uint8_t *path_len;
  /// Whether issuer and subject are the same name.
  bool is_self_issued;
  /// The SHA-256 of the DER: 32 octets.
  tegata_bytes fingerprint_sha256;
  /// What the extensions say. Never NULL.
  const tegata_certificate_extensions *extensions;
} tegata_certificate;

/// Certificates, as a result or as an argument: point `items` at your own array of pointers.
typedef struct {
  /// The certificates, in order; may be NULL when there are none.
  const tegata_certificate *const *items;
  /// How many.
  size_t len;
} tegata_certificates;

/// A public key of an accepted algorithm in an accepted encoding, without a known weakness.
typedef struct {
  /// The kind of key.
  tegata_key_algorithm algorithm;
  /// The `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7) in DER.
  tegata_bytes spki;
  /// What is in its BIT STRING: the uncompressed point, the 32 octets of Ed25519, or the `RSAPublicKey`.
  tegata_bytes key_bits;
  /// The subject key identifier (RFC 7093, method 1): 20 octets.
  tegata_bytes key_identifier;
  /// The SHA-256 of `spki`: 32 octets.
  tegata_bytes digest;
} tegata_public_key;

/// One name of a subjectAltName (RFC 5280, 4.2.1.6).
typedef struct {
  /// Which kind.
  tegata_general_name_type type;
  /// The whole name as text, such as `IP:192.0.2.7`: what the library takes wherever it takes such names.
  const char *text;
  /// The name without its prefix, such as `192.0.2.7`; NULL for `OTHER`.
  const char *value;
  /// For `OTHER`: its type, a dotted OID; otherwise NULL.
  const char *other_type;
  /// For `OTHER`: the value, one DER element.
  tegata_bytes other_value;
} tegata_general_name;

/// Names of a subjectAltName.
typedef struct {
  /// The names, in order; NULL when there are none.
  const tegata_general_name *const *items;
  /// How many.
  size_t len;
} tegata_general_names;

/// A CRL that was read. It is well-formed; whether its issuer signed it, `tegata_crl_verify_signed_by()` says.
typedef struct {
  /// Who issued it (RFC 4514).
  const char *issuer;
  /// The issuer's DER.
  tegata_bytes issuer_der;
  /// The CRL number; NULL when it is not there or does not fit 64 bits.
  const uint64_t *number;
  /// For a delta CRL, the number of the complete CRL that it builds on; otherwise NULL.
  const uint64_t *delta_base;
  /// Whether it is complete: neither a delta nor limited to a shard, some certificates or reasons.
  bool is_complete;
  /// The key identifier of the issuer, if it is given.
  tegata_bytes authority_key_id;
  /// When it was made.
  int64_t this_update;
  /// When the next one is due; NULL when it does not say.
  const int64_t *next_update;
  /// What it is signed with; 0 for an algorithm that this library does not know.
  tegata_signature_algorithm signature_algorithm;
  /// How many entries it has.
  size_t len;
} tegata_crl;

/// CRLs as an argument: point `items` at your own array of pointers.
typedef struct {
  /// The CRLs; may be NULL when there are none.
  const tegata_crl *const *items;
  /// How many.
  size_t len;
} tegata_crls;

/// What a certificate is to be used for.
typedef struct {
  /// `sizeof(tegata_purpose)`.
  size_t size;
  /// What. Required.
  tegata_purpose_type type;
  /// For `OTHER`: the extended key usage, a dotted OID.
  const char *oid;
} tegata_purpose;

/// A chain whose every link was checked.
typedef struct {
  /// The certificates from the leaf to the root. Never NULL.
  const tegata_certificates *certificates;
  /// The root that it leads to; the last of `certificates`.
  const tegata_certificate *root;
  /// For how many certificates, counted from the leaf, there was a CRL of their issuer.
  size_t revocation_checked;
} tegata_verified_chain;

/// One entry of a CRL.
typedef struct {
  /// The serial number of the certificate: the content of its INTEGER.
  tegata_bytes serial;
  /// When it was revoked.
  int64_t at;
  /// Why; `UNSPECIFIED` when the CRL does not say.
  tegata_revocation_reason reason;
} tegata_revocation;

/// Entries of a CRL.
typedef struct {
  /// The entries, by serial number; NULL when there are none.
  const tegata_revocation *const *items;
  /// How many.
  size_t len;
} tegata_revocations;

/// An extension that a request asks for.
typedef struct {
  /// Which one, a dotted OID.
  const char *oid;
  /// Whether it was asked for as critical.
  bool critical;
  /// The DER inside its extnValue octets.
  tegata_bytes value;
} tegata_requested_extension;

/// A certification request whose signature was verified with its own key, so whoever sent it holds that key. What it asks
/// for are wishes; the profile decides.
typedef struct {
  /// The request in DER.
  tegata_bytes der;
  /// The subject asked for (RFC 4514); may be empty.
  const char *subject;
  /// The subject's DER.
  tegata_bytes subject_der;
  /// The key that signed the request.
  const tegata_public_key *public_key;
  /// The names asked for in the subjectAltName. Never NULL.
  const tegata_general_names *san;
  /// All extensions asked for, those with a field of their own included; NULL when there are none.
  const tegata_requested_extension *const *extensions;
  /// How many.
  size_t extensions_len;
  /// The key usage asked for: `TEGATA_KEY_USAGE_` bits. NULL when none was.
  const uint16_t *key_usage;
  /// The purposes asked for in the extended key usage: dotted OIDs.
  tegata_texts extended_key_usage;
  /// Whether the basic constraints ask for a CA certificate.
  bool wants_ca;
  /// The challengePassword; NULL when there is none. Erased when the request is freed.
  const char *challenge_password;
} tegata_csr;

/// One row of the error table.
typedef struct {
  /// The stable dotted code.
  const char *code;
  /// Its kind.
  tegata_status kind;
  /// The sentence; `{..}` stands for a detail.
  const char *text;
} tegata_reason;

/// The error table.
typedef struct {
  /// The rows.
  const tegata_reason *const *items;
  /// How many.
  size_t len;
} tegata_reasons;

/// What is installed on a device, where, and when.
typedef struct {
  /// `sizeof(tegata_installation_check)`.
  size_t size;
  /// The certificate of the device's web page. Required.
  const tegata_certificate *certificate;
  /// The public half of the key that the device uses with it; NULL when it cannot be had.
  const tegata_public_key *key;
  /// What the device sends after the certificate, in that order; NULL for nothing.
  const tegata_certificates *chain;
  /// The roots that the browsers trust; with none, nothing is trusted.
  const tegata_certificates *roots;
  /// The IP addresses and DNS names that people type to reach the device, without scheme and port.
  tegata_texts addresses;
  /// The time on the device's clock.
  int64_t now;
  /// Whether that clock was set since the device started; NULL guesses it from `now`.
  const bool *clock_set;
} tegata_installation_check;

/// One thing that is wrong, with what to do about it.
typedef struct {
  /// How bad it is.
  tegata_severity severity;
  /// The stable code, such as `san_missing`.
  const char *code;
  /// A sentence that says what is wrong and what to do.
  const char *text;
} tegata_finding;

/// All that is wrong.
typedef struct {
  /// The findings, the leaf's own faults first; NULL when nothing is wrong.
  const tegata_finding *const *items;
  /// How many.
  size_t len;
} tegata_findings;

/// One attribute of a name.
typedef struct {
  /// Its type, a dotted OID.
  const char *oid;
  /// The short name of the type, such as `CN`; NULL when it has none here.
  const char *short_name;
  /// Its value as text; `#` and hexadecimal DER when it is not a character string.
  const char *value;
  /// Which RDN it belongs to, counted from 0 in the order of the DER. Several attributes may share one.
  size_t rdn;
} tegata_name_attribute;

/// A distinguished name (RFC 5280, 4.1.2.4).
typedef struct {
  /// Its text (RFC 4514): the last RDN of the DER comes first. Empty for the empty name.
  const char *text;
  /// Its DER.
  tegata_bytes der;
  /// Its common name, the most specific one; NULL when it has none.
  const char *common_name;
  /// Its attributes in the order of the DER.
  const tegata_name_attribute *const *attributes;
  /// How many.
  size_t attributes_len;
} tegata_name;

/// Which kinds of characters a secret has; of each at least one.
typedef struct {
  /// `sizeof(tegata_character_classes)`.
  size_t size;
  /// `a` to `z`.
  bool lower;
  /// `A` to `Z`.
  bool upper;
  /// `0` to `9`.
  bool digits;
  /// `! # $ % * + - . / = ? @ _ ~`
  bool symbols;
} tegata_character_classes;

/// What the secrets of pre-shared keys and device passwords are like. Each is drawn evenly from all that meet the policy.
typedef struct {
  /// `sizeof(tegata_psk_policy)`.
  size_t size;
  /// How many characters, or octets when `raw`; 512 at most. NULL for 24.
  const uint16_t *length;
  /// Of which kinds the characters are; NULL for letters and digits. Means nothing when `raw`.
  const tegata_character_classes *classes;
  /// Whether characters may occur that people confuse: `0 O o`, `1 l I`, `2 Z`, `5 S`, `8 B`. Means nothing when `raw`.
  bool look_alikes;
  /// Whether the secret is any octets instead of text.
  bool raw;
} tegata_psk_policy;

/// A key that only the holder of a pre-shared key can read. It tells nothing of the key, so any channel will do.
typedef struct {
  /// How it is wrapped.
  tegata_wrap_method method;
  /// What it is a key of.
  tegata_symmetric_algorithm algorithm;
  /// The ID of the device it is for.
  const char *device;
  /// The key's ID.
  const char *key;
  /// The key's number among those of its owner.
  uint32_t number;
  /// The key's version.
  uint32_t version;
  /// The wrapped octets.
  tegata_bytes wrapped;
} tegata_wrapped_key;

/// A wrapped key as a device got it.
typedef struct {
  /// `sizeof(tegata_wrapped)`.
  size_t size;
  /// How it is wrapped.
  tegata_wrap_method method;
  /// What it is a key of.
  tegata_symmetric_algorithm algorithm;
  /// The ID of the device it is for.
  const char *device;
  /// The key's ID.
  const char *key;
  /// The key's number among those of its owner.
  uint32_t number;
  /// The key's version. The device refuses one that is lower than what it has: that is not seen here.
  uint32_t version;
  /// The wrapped octets.
  tegata_bytes wrapped;
} tegata_wrapped;

#if defined(TEGATA_REGISTRY)
/// Which headers of a proxy mean what. Names are compared without regard to case, and `_` as `-`. The proxy must set or remove
/// each of these in every request that it passes on, so that none that its client sent gets through.
typedef struct {
  /// `sizeof(tegata_proxy_headers)`.
  size_t size;
  /// What a proxy of this kind sends; what is given below replaces it. 0 for nginx.
  tegata_proxy_preset preset;
  /// Carries the proxy's secret.
  const char *proof;
  /// Carries the result of the proxy's check of the certificate; needed if `certificate` is there.
  const char *verified;
  /// The only value of `verified` that means success.
  const char *success;
  /// Carries the certificate; empty or missing when none was presented.
  const char *certificate;
  /// How it is written; 0 as the preset says, or escaped PEM.
  tegata_certificate_encoding encoding;
  /// Carries the identity of a pre-shared key.
  const char *identity;
  /// Carries the secret of a pre-shared key, as text.
  const char *secret;
  /// Whether a pre-shared key may come as `Authorization: Basic` (RFC 7617), with the identity as the user. NULL for
  /// true.
  const bool *basic;
} tegata_proxy_headers;

/// A proxy that ends TLS in front of the host and is believed, because it shows a secret of its.
typedef struct {
  /// `sizeof(tegata_trusted_proxy)`.
  size_t size;
  /// Its name. Required.
  const char *name;
  /// By what it shows that it is the one: 16 to 1024 octets each; several while one takes the place of the other. In a header
  /// only printable ASCII gets through. Required.
  tegata_bytes_list secrets;
  /// Which of its headers mean what; NULL for what nginx sends.
  const tegata_proxy_headers *headers;
} tegata_trusted_proxy;

/// What surrounds a registry, besides its store and its sealing key. NULL stands for the system's clock and generator.
typedef struct {
  /// `sizeof(tegata_options)`.
  size_t size;
  /// Where the time comes from; NULL for the machine's clock.
  const tegata_clock *clock;
  /// Where random bytes come from; NULL for the operating system.
  const tegata_random *random;
  /// The proxies whose word about who sent a request is taken.
  const tegata_trusted_proxy *proxies;
  /// How many.
  size_t proxies_len;
} tegata_options;

/// Who presented it.
typedef struct {
  /// What it is.
  tegata_principal_type type;
  /// The device; NULL for others.
  const char *device;
  /// The product; NULL for a device of none.
  const char *product;
  /// By which certificate; NULL when it was none.
  const char *certificate;
  /// By which pre-shared key; NULL when it was none.
  const char *psk;
  /// The client; NULL for others.
  const char *client;
  /// The client's name; NULL for others.
  const char *name;
  /// Until when this holds, unless something changes; NULL when it has no end.
  const int64_t *until;
} tegata_principal;

/// The proof that a presenter has the private key.
typedef struct {
  /// Which proof; there is no default.
  tegata_proof_type type;
  /// For a signature: the challenge, without the prefix that the statement adds.
  tegata_bytes message;
  /// For a signature: the signature over the challenge's statement.
  tegata_bytes signature;
  /// For a proxy: its name.
  const char *name;
  /// For a proxy: the secret by which it shows that it is the one.
  tegata_bytes token;
} tegata_proof;
#endif

/// A name and its value.
typedef struct {
  /// The name.
  const char *name;
  /// The value.
  const char *value;
} tegata_pair;

/// A list of names and values, such as what is known of a product.
typedef struct {
  /// The pairs; may be NULL when there are none.
  const tegata_pair *items;
  /// How many.
  size_t len;
} tegata_pairs;

#if defined(TEGATA_REGISTRY)
/// What somebody presents to show who it is.
typedef struct {
  /// `sizeof(tegata_presented)`.
  size_t size;
  /// What it is; 0 for a certificate.
  tegata_presented_type type;
  /// For a certificate: itself, PEM or DER.
  tegata_bytes certificate;
  /// For a certificate: the proof that the presenter has its key.
  tegata_proof proof;
  /// For a certificate: the device that the presenter says it is, where several hold it; NULL otherwise.
  const char *device;
  /// For a pre-shared key: what the device calls itself.
  const char *identity;
  /// For a pre-shared key: the secret.
  tegata_bytes secret;
  /// For headers: all of the request's as they came; one that came twice is here twice.
  tegata_pairs headers;
  /// For a client: the licence key.
  const char *licence;
  /// For a client: its name.
  const char *name;
  /// For a client: its password.
  const char *password;
} tegata_presented;

/// An authority to be made.
typedef struct {
  /// `sizeof(tegata_new_authority)`.
  size_t size;
  /// The name that operators use; unique. Required.
  const char *name;
  /// Its subject. Required.
  const char *subject;
  /// Its key's algorithm; ignored when it brings a signer. 0 for the default.
  tegata_key_algorithm algorithm;
  /// How long its certificate is valid, in days. NULL for the default.
  const uint32_t *validity_days;
  /// How many intermediates may follow it; NULL sets no limit.
  const uint8_t *path_len;
  /// Where the CRL of its issuer will be, for intermediates.
  tegata_texts crl_urls;
  /// Where its issuer's certificate will be, for intermediates.
  tegata_texts issuer_urls;
  /// Its key, when that is not to be made and sealed here: an HSM, a KMS. May be left out (NULL).
  const tegata_signer *signer;
} tegata_new_authority;

/// Who asks for a change, and whether it may be a repetition. NULL stands for nobody and no request ID.
typedef struct {
  /// `sizeof(tegata_call)`.
  size_t size;
  /// Who acts, as the host knows them; it stands in the event. At most 255 bytes, no control characters. May be NULL.
  const char *actor;
  /// Repeating a call with the same request ID and content changes nothing and returns the first result. A call that
  /// was
  /// refused changed nothing either and may be repeated with the same ID. Each actor has request IDs of its own. At
  /// most 255 bytes. May be NULL.
  const char *request_id;
} tegata_call;

/// How an authority tells who is revoked: one CRL, or several so that each stays small, and how often they are made.
/// The addresses may be `http://crl.example.com/{authority}/{shard}.crl` and
/// `http://crl.example.com/{authority}/{shard}-delta.crl`. NULL in place of the struct stands for all defaults.
typedef struct {
  /// `sizeof(tegata_crl_policy)`.
  size_t size;
  /// How many shards; 0 for one list of all certificates, at most 4,096. A certificate's shard is fixed when it is
  /// issued: another number of shards opens new ones, and the old ones are kept up for their certificates. NULL for
  /// 0.
  const uint32_t *shards;
  /// Where a CRL can be fetched: `http://` addresses with `{authority}` (its identifier) and `{shard}` (its
  /// number). They stand in the certificates (RFC 5280, 4.2.1.13) instead of the profile's `crl_urls`, and in
  /// the CRLs of shards, which need them. May be empty.
  tegata_texts urls;
  /// Where a delta CRL can be fetched, likewise. With `delta_hours`, they stand in the certificates (RFC 5280,
  /// 4.2.1.15). May be empty.
  tegata_texts delta_urls;
  /// When the next complete CRL will have come, in hours; 1 to 8,784 (a leap year). NULL for 168.
  const uint32_t *next_update_hours;
  /// When the next delta CRL will have come, in hours, less than `next_update_hours`; NULL for no delta CRLs.
  const uint32_t *delta_hours;
  /// How long before that a CRL is due to be made anew, in hours, so that it is at its address in time; less than
  /// `next_update_hours`. Of a delta CRL it is at most half its time. NULL for 24.
  const uint32_t *overlap_hours;
} tegata_crl_policy;

/// One generation of an authority.
typedef struct {
  /// Names this generation.
  const char *id;
  /// The name that operators use; all generations share it.
  const char *name;
  /// 1 for the first, one more with every rebuild.
  uint32_t generation;
  /// Its state, but for expiry.
  tegata_authority_state state;
  /// Its subject, which is the issuer of what it issues.
  const char *subject;
  /// Its key's algorithm.
  tegata_key_algorithm algorithm;
  /// Its subject key identifier (RFC 5280, 4.2.1.2).
  tegata_bytes key_identifier;
  /// When its certificate begins to be valid.
  int64_t not_before;
  /// When its certificate ends.
  int64_t not_after;
  /// Who issued it; NULL for a root and for one issued outside.
  const char *parent;
  /// The generation before. NULL when there is none.
  const char *predecessor;
  /// The generation after. NULL when there is none.
  const char *successor;
  /// Where its private key is.
  tegata_signer_location signer;
  /// Its certificate in DER; empty while requested.
  tegata_bytes certificate;
  /// The certificates above it when it was issued outside, and cross-certificates for it: concatenated DER.
  tegata_bytes outside;
  /// The request in DER, while the certificate is awaited. NULL when there is none.
  tegata_bytes request;
  /// The public key (SPKI, DER).
  tegata_bytes public_key;
  /// When it was made.
  int64_t created;
  /// How its CRLs are kept up; NULL without a policy.
  const tegata_crl_policy *crl_policy;
} tegata_authority;

/// An authority that exists already, with its key.
typedef struct {
  /// `sizeof(tegata_import_authority)`.
  size_t size;
  /// The name that operators will use; unique. Required.
  const char *name;
  /// Its certificate, PEM or DER. Required.
  tegata_bytes certificate;
  /// The certificates above it up to the root, PEM; empty for a root.
  tegata_bytes chain;
  /// Its key (PKCS#8, SEC1 or PKCS#1, PEM or DER), to be sealed here. May be left out (NULL).
  tegata_bytes key;
  /// Its key, when that stays with the host. May be left out (NULL).
  const tegata_signer *signer;
  /// The number of the last CRL that it signed elsewhere, so that the next one here is higher (RFC 5280, 5.2.3);
  /// 0 when it signed none.
  uint64_t last_crl_number;
} tegata_import_authority;

/// A text to compare with.
typedef struct {
  /// How.
  tegata_text_type type;
  /// With what.
  const char *value;
} tegata_text;

/// Which authorities to list.
typedef struct {
  /// `sizeof(tegata_authority_filter)`.
  size_t size;
  /// By name. May be left out (NULL).
  const tegata_text *name;
  /// By state. May be left out (0).
  tegata_authority_state state;
} tegata_authority_filter;

/// Which page of a list is wanted. NULL stands for the first 100, with the total.
typedef struct {
  /// `sizeof(tegata_page)`.
  size_t size;
  /// How many records at most, clamped to 1 to 10,000; NULL for 100.
  const uint32_t *limit;
  /// Where the page before ended: `next` of the list. NULL for the first.
  const char *after;
  /// Whether to count all matches too; NULL for true.
  const bool *total;
} tegata_page;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_authority *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_authority_list;


/// How an authority is rebuilt. What is left out stays as it was.
typedef struct {
  /// `sizeof(tegata_rebuild)`.
  size_t size;
  /// The new subject; by default the old one with its generation in the common name, since two authorities with
  /// one subject confuse every reader. May be left out (NULL).
  const char *subject;
  /// The new key's algorithm. May be left out (0).
  tegata_key_algorithm algorithm;
  /// The new certificate's validity in days; by default as long as the old one's. May be left out (NULL).
  const uint32_t *validity_days;
  /// The new key, when that stays with the host. May be left out (NULL).
  const tegata_signer *signer;
} tegata_rebuild;

/// Which CRL is made, and for how long.
typedef struct {
  /// `sizeof(tegata_crl_options)`.
  size_t size;
  /// When the next one will have come, in hours, at most 8,784 (a leap year); 0 for what the authority's policy says,
  /// which is a week without one. NULL for 0.
  const uint32_t *next_update_hours;
  /// Which shard; 0 for the list of all certificates. NULL for 0.
  const uint32_t *shard;
  /// Whether the delta CRL is made: what changed since the newest complete one. NULL for no.
  const bool *delta;
} tegata_crl_options;

/// A CRL of an authority.
typedef struct {
  /// Whose.
  const char *authority;
  /// Which shard; 0 for the list of all certificates.
  uint32_t shard;
  /// Its number (RFC 5280, 5.2.3); only grows.
  uint64_t number;
  /// For a delta CRL, the number of the complete CRL that it is the difference to (RFC 5280, 5.2.4). NULL when
  /// there is none.
  const uint64_t *base;
  /// When it was made.
  int64_t this_update;
  /// When a newer one will have come.
  int64_t next_update;
  /// When it is to be made anew, so that the newer one comes in time.
  int64_t refresh_at;
  /// How many certificates it lists.
  uint64_t entries;
  /// The CRL in DER.
  tegata_bytes der;
} tegata_crl_record;

/// How many credentials a selection names.
typedef struct {
  /// Certificates.
  uint64_t certificates;
  /// Symmetric keys.
  uint64_t keys;
  /// Pre-shared keys.
  uint64_t psks;
  /// Credentials of products, which match too but are replaced by hand, batch by batch.
  uint64_t product_credentials;
} tegata_campaign_preview;

/// A campaign: many credentials that are replaced, wave by wave.
typedef struct {
  /// Names the campaign.
  const char *id;
  /// What people call it.
  const char *name;
  /// Its state.
  tegata_campaign_state state;
  /// The kinds of credentials that it is about.
  const tegata_credential_kind *kinds;
  /// How many kinds.
  size_t kinds_len;
  /// What was selected by: the algorithm; NULL if not.
  const char *algorithm;
  /// The authority; NULL if not.
  const char *authority;
  /// The product; NULL if not.
  const char *product;
  /// The group; NULL if not.
  const char *group;
  /// Issued at this moment or later; NULL if not.
  const int64_t *issued_from;
  /// Issued before this moment; NULL if not.
  const int64_t *issued_to;
  /// Whether they were listed one by one.
  bool listed;
  /// How many credentials one wave has.
  uint32_t wave_size;
  /// How long after the beginning of a wave the next one may begin, in seconds.
  uint32_t wave_seconds;
  /// How they are replaced.
  tegata_reissue_policy policy;
  /// For how long old values count beside the new ones, in days.
  uint32_t grace_days;
  /// After how many days whoever has not come is shut out; NULL for never.
  const uint32_t *revoke_after_days;
  /// The reason for which certificates are revoked then.
  tegata_revocation_reason revocation;
  /// Why there is a campaign; NULL if nothing was said.
  const char *reason;
  /// How many were selected.
  uint64_t selected;
  /// How many were asked so far.
  uint64_t released;
  /// Which wave was the last one; 0 before the first.
  uint32_t wave;
  /// When the next wave may begin; NULL when there is none.
  const int64_t *next_wave_at;
  /// When it was started.
  int64_t started;
  /// When it was finished or cancelled; NULL before.
  const int64_t *ended;
} tegata_campaign;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_campaign *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_campaign_list;


/// How far a campaign has come.
typedef struct {
  /// How many were selected.
  uint64_t selected;
  /// How many were asked so far.
  uint64_t released;
  /// How many of those are replaced, or are none of the campaign's business any more.
  uint64_t done;
  /// How many of those have not come.
  uint64_t waiting;
  /// Which wave was the last one; 0 before the first.
  uint32_t wave;
  /// When the next wave may begin; NULL when there is none.
  const int64_t *next_wave_at;
  /// Whether everybody was asked and nobody is waited for.
  bool finished;
} tegata_campaign_progress;

/// Which credentials a campaign is about: those that match all of what is given. What is left out (NULL, 0) does not matter.
typedef struct {
  /// `sizeof(tegata_selection)`.
  size_t size;
  /// Of these kinds; of all when there are none.
  const tegata_credential_kind *kinds;
  /// How many kinds.
  size_t kinds_len;
  /// With this algorithm, by its name: `ecdsa-p256`, `aes-128`.
  const char *algorithm;
  /// Issued by this authority.
  const char *authority;
  /// Of units of this product.
  const char *product;
  /// Of devices in this group, and the group's own keys.
  const char *group;
  /// Issued at this moment or later.
  const int64_t *issued_from;
  /// Issued before this moment.
  const int64_t *issued_to;
  /// These certificates, by their IDs.
  tegata_texts certificates;
  /// These symmetric keys, by their IDs.
  tegata_texts keys;
  /// These pre-shared keys, by their IDs.
  tegata_texts psks;
} tegata_selection;

/// A campaign to be started.
typedef struct {
  /// `sizeof(tegata_new_campaign)`.
  size_t size;
  /// What people call it; no two campaigns have one name. Required.
  const char *name;
  /// Which credentials are to be replaced. Required.
  const tegata_selection *selection;
  /// How many credentials one wave has, at least 1; NULL for 1,000.
  const uint32_t *wave_size;
  /// How long after the beginning of a wave the next one may begin, in seconds; NULL for an hour. 0: with the next call.
  const uint32_t *wave_seconds;
  /// How they are replaced; 0 for the default.
  tegata_reissue_policy policy;
  /// For how long old values count beside the new ones where the registry makes them, in days; NULL for the default.
  const uint32_t *grace_days;
  /// After how many days whoever was asked and has not come is shut out; NULL for never.
  const uint32_t *revoke_after_days;
  /// The reason for which certificates are revoked then; 0 for the default.
  tegata_revocation_reason revocation;
  /// Why there is a campaign; it stands in its record and its event. At most 255 bytes. May be left out (NULL).
  const char *reason;
} tegata_new_campaign;

/// Which campaigns to list. What is left out (NULL, 0) does not matter.
typedef struct {
  /// `sizeof(tegata_campaign_filter)`.
  size_t size;
  /// By name.
  const tegata_text *name;
  /// In this state.
  tegata_campaign_state state;
} tegata_campaign_filter;

/// A certificate's record. The DER is kept apart, see `Document`.
typedef struct {
  /// Names the certificate, from its request on.
  const char *id;
  /// The serial number's octets; empty while pending.
  tegata_bytes serial;
  /// Who issues it.
  const char *authority;
  /// Under which profile.
  const char *profile;
  /// What it is for.
  tegata_certificate_kind kind;
  /// Its state, but for what the clock adds.
  tegata_certificate_state state;
  /// The product that it is for: as its credential, or for one of its units. NULL when there is none.
  const char *product;
  /// The product whose credential it is. Apart from `product`, so that a product's few credentials are found without
  /// a look at the certificates of all its devices. NULL when there is none.
  const char *credential_of;
  /// The device it was issued to. NULL when there is none.
  const char *device;
  /// The group of that device. NULL when there is none.
  const char *group;
  /// How many devices it is attached to.
  uint32_t holders;
  /// The subject's common name, unless it is an opaque one. NULL when there is none.
  const char *name;
  /// When it was issued, or requested while pending.
  int64_t issued;
  /// When it begins to be valid.
  int64_t not_before;
  /// When it ends.
  int64_t not_after;
  /// When it should be renewed; NULL when it needs no renewal (any more).
  const int64_t *renew_at;
  /// Which of the owner's keys it certifies: 1 for the first, one more with each new key.
  uint32_t key_number;
  /// Where the private key was made.
  tegata_key_origin key_origin;
  /// The certificate that this one renews. NULL when there is none.
  const char *renews;
  /// The certificate that renews this one. NULL when there is none.
  const char *successor;
  /// Whether its holder said that it is installed. First certificates need no confirmation.
  bool confirmed;
  /// When it ceases to count because its successor was issued; see the grace period. NULL when there is none.
  const int64_t *retires;
  /// Who suspended it. 0 when there is none.
  tegata_suspend_cause suspended_by;
  /// When it was revoked. NULL when there is none.
  const int64_t *revoked;
  /// Why. 0 when there is none.
  tegata_revocation_reason reason;
  /// Whether it was deleted: its record stays until notAfter, but is listed only on request.
  bool deleted;
  /// The kind of its key. 0 in records that the first version of the database wrote.
  tegata_key_algorithm algorithm;
  /// The campaign that asks for its renewal. NULL when none does.
  const char *campaign;
  /// The shard of its authority's CRLs that lists it once it is revoked. NULL when there is none.
  const uint32_t *shard;
} tegata_certificate_record;

/// A symmetric key, without its values.
typedef struct {
  /// Names the key through all its versions.
  const char *id;
  /// What kind of owner it has.
  tegata_key_owner owner;
  /// The device that owns it, or the first of several; NULL for a group's key.
  const char *device;
  /// The group that owns it, or the group of the device that owns it; NULL when several devices share it or there is none.
  const char *group;
  /// How many devices share it, when each was added by name.
  uint32_t holders;
  /// Tells the keys of one owner apart; another thing than the version.
  uint32_t number;
  /// Of what kind its current value is.
  tegata_symmetric_algorithm algorithm;
  /// Its state.
  tegata_key_state state;
  /// The current version: 1 at first, one more at each rotation.
  uint32_t version;
  /// When the current version was made.
  int64_t issued;
  /// After how many days it is due to be rotated; NULL follows the group's interval.
  const uint32_t *renew_days;
  /// When it is due to be rotated; NULL when it never is.
  const int64_t *renew_at;
  /// The version before, while its value is kept; NULL otherwise.
  const uint32_t *previous_version;
  /// Until when the version before is kept; NULL otherwise.
  const int64_t *previous_until;
  /// The newest version that was handed out to a device; NULL when none was.
  const uint32_t *delivered;
  /// The campaign that asks for its rotation; NULL when none does.
  const char *campaign;
} tegata_symmetric_key;

/// A pre-shared key, without its secret.
typedef struct {
  /// Names the key through all its rotations.
  const char *id;
  /// Whose it is.
  const char *device;
  /// The device's group; NULL without one.
  const char *group;
  /// What the device calls itself when it shows the secret.
  const char *identity;
  /// Where the identity comes from.
  tegata_identity_kind identity_kind;
  /// Whether the secret can be read again.
  tegata_psk_kind kind;
  /// Its state.
  tegata_psk_state state;
  /// 1 at first, one more at each rotation.
  uint32_t version;
  /// When the current secret was made.
  int64_t issued;
  /// When it is due to be rotated; NULL when it never is.
  const int64_t *renew_at;
  /// The identity before the last rotation, while it is still accepted and differs; NULL otherwise.
  const char *previous_identity;
  /// Until when the secret before the last rotation is accepted; NULL when there is none.
  const int64_t *previous_until;
  /// How often in a row a wrong secret came, as far as it was kept.
  uint32_t failures;
  /// No secret is looked at before this moment, since too many wrong ones came; NULL otherwise.
  const int64_t *blocked_until;
  /// The campaign that asks for its rotation; NULL when none does.
  const char *campaign;
} tegata_psk;

/// How one of the CRLs that an authority keeps up stands.
typedef struct {
  /// Whose: the identifier of the authority.
  const char *authority;
  /// Which shard; 0 for the list of all certificates.
  uint32_t shard;
  /// Whether it is the delta CRL.
  bool delta;
  /// The number of the newest; NULL while there is none yet.
  const uint64_t *number;
  /// When that was made; NULL while there is none yet.
  const int64_t *this_update;
  /// When a newer one will have come; NULL while there is none yet.
  const int64_t *next_update;
  /// When it is to be made anew; NULL when it is not kept up any more.
  const int64_t *refresh_at;
  /// Where it can be fetched, as far as the authority's policy says so.
  tegata_texts addresses;
} tegata_crl_state;

/// Something to be renewed.
typedef struct {
  /// Of what kind it is.
  tegata_due_kind type;
  /// The certificate; NULL for others.
  const tegata_certificate_record *certificate;
  /// The symmetric key; NULL for others.
  const tegata_symmetric_key *key;
  /// The pre-shared key; NULL for others.
  const tegata_psk *psk;
  /// The CRL; NULL for others.
  const tegata_crl_state *crl;
} tegata_due_item;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_due_item *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_due_item_list;


/// A certificate to be renewed. The subject and the alternative names stay as they are.
typedef struct {
  /// `sizeof(tegata_renew)`.
  size_t size;
  /// The certificate to renew. Required.
  const char *certificate;
  /// A CSR (PKCS#10, PEM or DER) with the key of the new certificate; left out (NULL), the old key is certified
  /// again.
  tegata_bytes csr;
  /// Another profile than before, such as a newer version of it. May be left out (NULL).
  const char *profile;
  /// Whether the holder showed another proof of who it is, which the caller vouches for: only then an expired
  /// certificate is renewed. A revoked one never is.
  bool other_proof;
} tegata_renew;

/// A certificate that was issued, with all that its holder needs besides the private key.
typedef struct {
  /// Its record: serial number, key number, validity, state ...
  const tegata_certificate_record *certificate;
  /// The certificate in DER.
  tegata_bytes der;
  /// The certificates above it in DER: its issuer first, the root last.
  tegata_bytes_list chain;
} tegata_issued;

/// How a bulk call runs. NULL stands for each item on its own, without progress.
typedef struct {
  /// `sizeof(tegata_bulk)`.
  size_t size;
  /// What happens to the rest when one item is refused; 0 for each on its own.
  tegata_atomicity atomicity;
  /// Given to `progress`.
  void *userdata;
  /// Called now and then, on the thread of the call, with how many items are done and how many there are; false stops
  /// before the next portion. May be NULL.
  bool (*progress)(void *userdata, size_t done, size_t total);
} tegata_bulk;

/// What became of the items of a bulk call, in their order: for each index either the record or the error is not NULL.
/// Freeing the results frees both.
typedef struct {
  /// The records of the items that were done, NULL for the others.
  const tegata_issued *const *items;
  /// The errors of the items that were refused, NULL for the others.
  const tegata_error *const *errors;
  /// How many items.
  size_t len;
} tegata_issued_results;


/// A certificate to be renewed with a new key that is made here.
typedef struct {
  /// `sizeof(tegata_renew_with_key)`.
  size_t size;
  /// The certificate to renew. Required.
  const char *certificate;
  /// Another profile than before. May be left out (NULL).
  const char *profile;
  /// What kind of key; the first that the profile lists by default. May be left out (0).
  tegata_key_algorithm algorithm;
  /// When the key is handed out. 0 for the default.
  tegata_hand_out hand_out;
} tegata_renew_with_key;

/// A certificate that was issued with a key made here.
typedef struct {
  /// The certificate and all above it.
  const tegata_issued *issued;
  /// The private key (PKCS#8, DER), erased when freed; NULL while it waits to be collected.
  tegata_bytes key;
} tegata_issued_with_key;

/// What became of the items of a bulk call, in their order: for each index either the record or the error is not NULL.
/// Freeing the results frees both.
typedef struct {
  /// The records of the items that were done, NULL for the others.
  const tegata_certificate_record *const *items;
  /// The errors of the items that were refused, NULL for the others.
  const tegata_error *const *errors;
  /// How many items.
  size_t len;
} tegata_certificate_record_results;


/// A certificate to be issued for a CSR.
typedef struct {
  /// `sizeof(tegata_issue)`.
  size_t size;
  /// The CSR (PKCS#10), PEM or DER. Required.
  tegata_bytes csr;
  /// The profile that decides what the certificate holds. Required.
  const char *profile;
  /// The authority; after a rebuild its newest generation issues. Required.
  const char *authority;
  /// The device that it is for, if any; it must be valid. May be left out (NULL).
  const char *device;
  /// The applicant's name, which profiles may put into the subject; not for devices, which have their own. May be
  /// left out (NULL).
  const char *name;
} tegata_issue;

/// A certificate to be issued for a key that is made here.
typedef struct {
  /// `sizeof(tegata_issue_with_key)`.
  size_t size;
  /// The profile that decides what the certificate holds. Required.
  const char *profile;
  /// The authority; after a rebuild its newest generation issues. Required.
  const char *authority;
  /// The device that it is for, if any; it must be valid. May be left out (NULL).
  const char *device;
  /// The applicant's name, which profiles may put into the subject; not for devices, which have their own. May be
  /// left out (NULL).
  const char *name;
  /// What kind of key; the first that the profile lists by default. May be left out (0).
  tegata_key_algorithm algorithm;
  /// When the key is handed out. 0 for the default.
  tegata_hand_out hand_out;
} tegata_issue_with_key;

/// Which certificates to list: those that match everything given.
typedef struct {
  /// `sizeof(tegata_certificate_filter)`.
  size_t size;
  /// By the common name, exactly or by its beginning; opaque ones are not searched. May be left out (NULL).
  const tegata_text *name;
  /// With these hexadecimal digits somewhere in the serial number; colons and spaces do not count. May be left out
  /// (NULL).
  const char *serial;
  /// Attached to this device. May be left out (NULL).
  const char *device;
  /// Attached to the device with exactly this name. May be left out (NULL).
  const char *device_name;
  /// In this stored state; what the clock adds is in `expired`. May be left out (0).
  tegata_certificate_state state;
  /// Whether notAfter has passed. May be left out (NULL).
  const bool *expired;
  /// Of this kind. May be left out (0).
  tegata_certificate_kind kind;
  /// Of devices in this group. May be left out (NULL).
  const char *group;
  /// Of this product or its units. May be left out (NULL).
  const char *product;
  /// Issued by this generation of an authority. May be left out (NULL).
  const char *authority;
  /// Issued under this version of a profile. May be left out (NULL).
  const char *profile;
  /// Due for renewal before this moment. May be left out (NULL).
  const int64_t *due_before;
  /// Deleted ones too.
  bool deleted;
  /// The newest first instead of the oldest.
  bool newest_first;
  /// With this kind of key. May be left out (0).
  tegata_key_algorithm algorithm;
} tegata_certificate_filter;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_certificate_record *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_certificate_record_list;


/// That a certificate is attached to a device, and since when.
typedef struct {
  /// The certificate.
  const char *certificate;
  /// The device.
  const char *device;
  /// Since when.
  int64_t since;
} tegata_assignment;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_assignment *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_assignment_list;


/// A client, without its licence key and password, of which only keyed tags are kept.
typedef struct {
  /// Names it.
  const char *id;
  /// What it calls itself. A deleted client's name ends in `~` and its ID, so that another one can have it.
  const char *name;
  /// Its state.
  tegata_client_state state;
  /// How often in a row a wrong name or password came with its licence key, as far as it was kept.
  uint32_t failures;
  /// No password is looked at before this moment, since too many wrong ones came; NULL otherwise.
  const int64_t *blocked_until;
  /// When it was registered.
  int64_t created;
  /// When it last changed.
  int64_t updated;
} tegata_client;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_client *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_client_list;


/// A client that was registered, and what it is given: this is the only time that it is seen.
typedef struct {
  /// The client.
  const tegata_client *client;
  /// Its licence key, erased when freed.
  const char *licence;
  /// Its password, erased when freed.
  const char *password;
} tegata_registered_client;

/// A client to be registered.
typedef struct {
  /// `sizeof(tegata_new_client)`.
  size_t size;
  /// What it calls itself. Required.
  const char *name;
} tegata_new_client;

/// Which clients to list. What is left out (NULL, 0) does not matter.
typedef struct {
  /// `sizeof(tegata_client_filter)`.
  size_t size;
  /// By name.
  const tegata_text *name;
  /// In one of these states; all, deleted ones included, when there are none.
  const tegata_client_state *states;
  /// How many states.
  size_t states_len;
} tegata_client_filter;

/// A clock of the host's own.
typedef struct {
  /// `sizeof(tegata_clock_callbacks)`.
  size_t size;
  /// Given to every callback.
  void *userdata;
  /// The seconds since 1970-01-01T00:00:00Z. Required.
  int64_t (*now)(void *userdata);
  /// Frees `userdata`, once, when nothing uses the clock any more. May be NULL.
  void (*free)(void *userdata);
} tegata_clock_callbacks;

/// A source of random bytes of the host's own.
typedef struct {
  /// `sizeof(tegata_random_callbacks)`.
  size_t size;
  /// Given to every callback.
  void *userdata;
  /// Writes `len` unpredictable octets to `data` and returns 0; anything else is a failure: the call gets
  /// `internal.random_failed` and issues nothing. Required.
  int (*fill)(void *userdata, uint8_t *data, size_t len, tegata_failure *failure);
  /// Frees `userdata`, once, when nothing uses the source any more. May be NULL.
  void (*free)(void *userdata);
} tegata_random_callbacks;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_crl_state *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_crl_state_list;


/// What became of the items of a bulk call, in their order: for each index either the record or the error is not NULL.
/// Freeing the results frees both.
typedef struct {
  /// The records of the items that were done, NULL for the others.
  const tegata_crl_state *const *items;
  /// The errors of the items that were refused, NULL for the others.
  const tegata_error *const *errors;
  /// How many items.
  size_t len;
} tegata_crl_state_results;


/// What is known of a device besides its name. Free-form entries go into `more`.
typedef struct {
  /// `sizeof(tegata_attributes)`.
  size_t size;
  /// Its IP address, as text. May be left out (NULL).
  const char *ip;
  /// Its MAC address, as text. May be left out (NULL).
  const char *mac;
  /// Its host name. May be left out (NULL).
  const char *host_name;
  /// Its operating system. May be left out (NULL).
  const char *os_name;
  /// Anything else.
  tegata_pairs more;
} tegata_attributes;

/// A device to be registered.
typedef struct {
  /// `sizeof(tegata_new_device)`.
  size_t size;
  /// Its name; unique among devices that are not deleted. Without one, its ID serves. May be left out (NULL).
  const char *name;
  /// The product it is a unit of. May be left out (NULL).
  const char *product;
  /// The manufacturer's identifier of the unit; needs a product. May be left out (NULL).
  const char *unit;
  /// Its group. May be left out (NULL).
  const char *group;
  /// What else is known. NULL for the default.
  const tegata_attributes *attributes;
} tegata_new_device;

/// A device.
typedef struct {
  /// Names the device; assigned here, never taken from a CSR, never used again.
  const char *id;
  /// The name that operators use; unique among devices that are not deleted.
  const char *name;
  /// Its state.
  tegata_device_state state;
  /// Why, when it is invalid. 0 when there is none.
  tegata_invalid_reason reason;
  /// The product it is a unit of. NULL when there is none.
  const char *product;
  /// The manufacturer's identifier of the unit, such as a serial number or MAC; unique within the product. NULL when
  /// there is none.
  const char *unit;
  /// Its group. NULL when there is none.
  const char *group;
  /// What else is known.
  const tegata_attributes *attributes;
  /// The subject of its certificates, kept at every renewal. NULL when there is none.
  const char *subject;
  /// When it became known.
  int64_t created;
  /// When its record last changed.
  int64_t updated;
} tegata_device;

/// What became of the items of a bulk call, in their order: for each index either the record or the error is not NULL.
/// Freeing the results frees both.
typedef struct {
  /// The records of the items that were done, NULL for the others.
  const tegata_device *const *items;
  /// The errors of the items that were refused, NULL for the others.
  const tegata_error *const *errors;
  /// How many items.
  size_t len;
} tegata_device_results;


/// A unit's request to become a device.
typedef struct {
  /// `sizeof(tegata_enroll)`.
  size_t size;
  /// The product credential that the unit presented (PEM or DER). That the unit has its private key is seen by
  /// whoever ends the TLS session, or shown by `credential_signature`. Required.
  tegata_bytes credential;
  /// A signature by the credential's key over `TEGATA_STATEMENT_PRODUCT_CREDENTIAL` of the CSR's DER, as that key
  /// signs. When
  /// given, it must verify. May be left out (NULL).
  tegata_bytes credential_signature;
  /// The unit's own CSR (PEM or DER), for a key that it made itself. Required.
  tegata_bytes csr;
  /// The device's name; without one, its ID serves. Ignored for a device that is known already. May be left out
  /// (NULL).
  const char *name;
  /// The unit's identifier, such as a serial number or MAC; needed where the product's policy says so. May be left
  /// out (NULL).
  const char *unit;
  /// A one-time claim code; needed where the product's policy says so. May be left out (NULL).
  const char *claim_code;
  /// The group to join. Ignored for a device that is known already. May be left out (NULL).
  const char *group;
  /// What else is known. Ignored for a device that is known already. NULL for the default.
  const tegata_attributes *attributes;
  /// When the unit has a new key: a signature by its former key over `TEGATA_STATEMENT_FORMER_KEY` of the CSR's DER,
  /// as that
  /// key signs (DER ECDSA, Ed25519, RSA PKCS#1 v1.5 with SHA-256). May be left out (NULL).
  tegata_bytes former_key_signature;
} tegata_enroll;

/// An enrolled device and its certificate.
typedef struct {
  /// The device.
  const tegata_device *device;
  /// Its certificate and chain.
  const tegata_issued *issued;
  /// What led to it.
  tegata_enrollment enrollment;
} tegata_enrolled;

/// What became of the items of a bulk call, in their order: for each index either the record or the error is not NULL.
/// Freeing the results frees both.
typedef struct {
  /// The records of the items that were done, NULL for the others.
  const tegata_enrolled *const *items;
  /// The errors of the items that were refused, NULL for the others.
  const tegata_error *const *errors;
  /// How many items.
  size_t len;
} tegata_enrolled_results;


/// Which devices to list.
typedef struct {
  /// `sizeof(tegata_device_filter)`.
  size_t size;
  /// By name. A device without a name of its own is called by its ID, and found by the whole of it. May be left
  /// out (NULL).
  const tegata_text *name;
  /// In one of these states; empty for all, deleted ones included. May be left out (NULL).
  const tegata_device_state *states;
  /// How many states.
  size_t states_len;
  /// Units of this product. May be left out (NULL).
  const char *product;
  /// Members of this group. May be left out (NULL).
  const char *group;
  /// By the manufacturer's identifier. May be left out (NULL).
  const tegata_text *unit;
  /// With this attribute: `ip`, `mac`, `host_name`, `os_name` or the name of a free-form one, and its exact value.
  /// May be left out (NULL).
  const tegata_pair *attribute;
} tegata_device_filter;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_device *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_device_list;


/// What of a device changes; what is left out stays as it is.
typedef struct {
  /// `sizeof(tegata_device_change)`.
  size_t size;
  /// The name. May be left out (NULL).
  const char *name;
  /// All attributes at once. May be left out (NULL).
  const tegata_attributes *attributes;
} tegata_device_change;

/// Which certificates, symmetric keys, pre-shared keys and CRLs are due.
typedef struct {
  /// `sizeof(tegata_due)`.
  size_t size;
  /// Until which moment to look. Required.
  int64_t until;
  /// Only this group's. May be left out (NULL).
  const char *group;
  /// Only these kinds; all of them when there are none.
  const tegata_due_kind *kinds;
  /// How many kinds.
  size_t kinds_len;
} tegata_due;

/// The roots that whoever trusts this registry should trust: every generation that is still of use.
typedef struct {
  /// The root certificates in DER.
  tegata_bytes_list roots;
} tegata_trust_bundle;

/// How many devices are in a state.
typedef struct {
  /// The state.
  tegata_device_state state;
  /// How many.
  uint64_t count;
} tegata_device_state_count;

/// How many belong to a record.
typedef struct {
  /// The record's ID; NULL for those that belong to none.
  const char *id;
  /// How many.
  uint64_t count;
} tegata_id_count;

/// How many certificates are in a state.
typedef struct {
  /// The state.
  tegata_certificate_state state;
  /// How many.
  uint64_t count;
} tegata_certificate_state_count;

/// How many certificates are of a kind.
typedef struct {
  /// The kind.
  tegata_certificate_kind kind;
  /// How many.
  uint64_t count;
} tegata_certificate_kind_count;

/// How many are due in a week.
typedef struct {
  /// When the week begins.
  int64_t week;
  /// How many.
  uint64_t count;
} tegata_week_count;

/// How many certificates have a kind of key.
typedef struct {
  /// The kind of key; 0 for records that do not say it.
  tegata_key_algorithm algorithm;
  /// How many.
  uint64_t count;
} tegata_key_algorithm_count;

/// How many symmetric keys are in a state.
typedef struct {
  /// The state.
  tegata_key_state state;
  /// How many.
  uint64_t count;
} tegata_key_state_count;

/// How many symmetric keys are of an algorithm.
typedef struct {
  /// The algorithm.
  tegata_symmetric_algorithm algorithm;
  /// How many.
  uint64_t count;
} tegata_symmetric_algorithm_count;

/// How many pre-shared keys are in a state.
typedef struct {
  /// The state.
  tegata_psk_state state;
  /// How many.
  uint64_t count;
} tegata_psk_state_count;

/// Numbers for a dashboard. Each list is complete and in the order of its first element.
typedef struct {
  /// Devices by state.
  const tegata_device_state_count *devices;
  /// How many states.
  size_t devices_len;
  /// Devices by group.
  const tegata_id_count *devices_by_group;
  /// How many groups.
  size_t devices_by_group_len;
  /// Devices by product.
  const tegata_id_count *devices_by_product;
  /// How many products.
  size_t devices_by_product_len;
  /// Certificates by state, as it is stored.
  const tegata_certificate_state_count *certificates;
  /// How many states.
  size_t certificates_len;
  /// Certificates by kind.
  const tegata_certificate_kind_count *certificates_by_kind;
  /// How many kinds.
  size_t certificates_by_kind_len;
  /// Certificates whose notAfter has passed.
  uint64_t expired;
  /// All of them by the week in which they are due.
  const tegata_week_count *due_by_week;
  /// How many weeks.
  size_t due_by_week_len;
  /// Certificates by the kind of their key.
  const tegata_key_algorithm_count *certificates_by_algorithm;
  /// How many there are of these.
  size_t certificates_by_algorithm_len;
  /// Symmetric keys by state.
  const tegata_key_state_count *keys;
  /// How many there are of these.
  size_t keys_len;
  /// Symmetric keys by algorithm.
  const tegata_symmetric_algorithm_count *keys_by_algorithm;
  /// How many there are of these.
  size_t keys_by_algorithm_len;
  /// Pre-shared keys by state.
  const tegata_psk_state_count *psks;
  /// How many there are of these.
  size_t psks_len;
  /// Certificates by the week in which they are due.
  const tegata_week_count *certificates_due_by_week;
  /// How many there are of these.
  size_t certificates_due_by_week_len;
  /// Symmetric keys by the week in which they are due.
  const tegata_week_count *keys_due_by_week;
  /// How many there are of these.
  size_t keys_due_by_week_len;
  /// Pre-shared keys by the week in which they are due.
  const tegata_week_count *psks_due_by_week;
  /// How many there are of these.
  size_t psks_due_by_week_len;
} tegata_counts;

/// A record that an event is about.
typedef struct {
  /// Its kind.
  tegata_entity_type type;
  /// Its ID.
  const char *id;
} tegata_entity;

/// One event. Events are only ever added.
typedef struct {
  /// Names the event.
  const char *id;
  /// When.
  int64_t at;
  /// Who, as the host named the caller.
  const char *actor;
  /// What, such as `device.enroll`.
  const char *action;
  /// What it happened to. NULL when there is none.
  const tegata_entity *subject;
  /// What else took part, such as the certificate that a device got. NULL when there is none.
  const tegata_entity *object;
  /// A few words more; never a secret. NULL when there is none.
  const char *detail;
} tegata_event;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_event *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_event_list;


/// Which events to list.
typedef struct {
  /// `sizeof(tegata_event_filter)`.
  size_t size;
  /// About this record. May be left out (NULL).
  const tegata_entity *subject;
  /// In which this record took part otherwise, such as the certificate that a device got. May be left out (NULL).
  const tegata_entity *object;
  /// With this action, such as `device.enroll`. May be left out (NULL).
  const char *action;
  /// By this actor. May be left out (NULL).
  const char *actor;
  /// From this moment on. May be left out (NULL).
  const int64_t *from;
  /// Before this moment. May be left out (NULL).
  const int64_t *to;
  /// The newest first.
  bool newest_first;
} tegata_event_filter;

/// Which files a set has; what has no name is left out.
typedef struct {
  /// `sizeof(tegata_file_names)`.
  size_t size;
  /// The certificate alone.
  const char *certificate;
  /// The intermediate CA certificates, nearest first.
  const char *chain;
  /// The certificate followed by the intermediates: what most TLS servers want.
  const char *full_chain;
  /// The root, for those who shall trust it.
  const char *root;
  /// The private key as PKCS#8.
  const char *key;
} tegata_file_names;

/// One file: its name and what is in it.
typedef struct {
  /// Its name.
  const char *name;
  /// What is in it; erased when freed.
  tegata_bytes content;
  /// Whether it holds a private key, so that nobody else may read it.
  bool secret;
} tegata_packed_file;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_packed_file *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_packed_file_list;


/// As what a certificate is exported. Private keys are given: one that was made here comes from
/// `tegata_certificates_collect_key`, since handing it out happens once and leaves its trace.
typedef struct {
  /// `sizeof(tegata_export_format)`.
  size_t size;
  /// As what. Required.
  tegata_export_format_type type;
  /// PKCS#12 and files: the private key, PKCS#8, SEC1 or PKCS#1, PEM or DER. PKCS#12 needs it.
  tegata_bytes key;
  /// PKCS#12: what the file opens with; printable ASCII.
  const char *password;
  /// PKCS#12: for whom it is written; 0 for modern.
  tegata_pkcs12_target target;
  /// Files: which files, under which names. Required for them.
  const tegata_file_names *names;
  /// Files: PEM or DER; 0 for PEM.
  tegata_encoding encoding;
} tegata_export_format;

/// How many certificates have something in common. Which field says what depends on `grouping`.
typedef struct {
  /// What they were grouped by.
  tegata_certificate_grouping grouping;
  /// By state: which; else 0.
  tegata_certificate_state state;
  /// By kind: which; else 0.
  tegata_certificate_kind kind;
  /// By product, group, authority or profile: which; NULL for those without, and otherwise.
  const char *id;
  /// By week: the moment when the week in which they are due begins; NULL for those without, and otherwise.
  const int64_t *due_week;
  /// By algorithm: which kind of key; 0 for those whose is not known, and otherwise.
  tegata_key_algorithm algorithm;
  /// How many.
  uint64_t count;
} tegata_certificate_count;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_certificate_count *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_certificate_count_list;


/// A group of devices.
typedef struct {
  /// Names the group.
  const char *id;
  /// The name that operators use; unique.
  const char *name;
  /// Certificates of members are due this many days after their issue, unless they are due earlier by themselves.
  /// NULL when there is none.
  const uint32_t *certificate_days;
  /// Symmetric keys of members are due this many days after their issue. NULL when there is none.
  const uint32_t *key_days;
  /// When it was made.
  int64_t created;
  /// When it was last changed.
  int64_t updated;
} tegata_group;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_group *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_group_list;


/// What of a group changes; what is left out stays as it is.
typedef struct {
  /// `sizeof(tegata_group_change)`.
  size_t size;
  /// The name. May be left out (NULL).
  const char *name;
  /// After how many days members' certificates are due. May be left out (NULL).
  const uint32_t *certificate_days;
  /// Whether to remove that interval instead.
  bool remove_certificate_days;
  /// After how many days members' symmetric keys are due. May be left out (NULL).
  const uint32_t *key_days;
  /// Whether to remove that interval instead.
  bool remove_key_days;
} tegata_group_change;

/// What one column of one row holds.
typedef struct {
  /// What it is.
  tegata_value_type type;
  /// The number.
  int64_t integer;
  /// The text or octets.
  tegata_bytes bytes;
} tegata_value;

/// One column of a table.
typedef struct {
  /// Its name: lower-case ASCII letters and `_`.
  const char *name;
  /// What it holds.
  tegata_column_kind kind;
  /// How it is indexed.
  tegata_index index;
} tegata_column;

/// One table. Two tables are the same when their names are.
typedef struct {
  /// Its name: lower-case ASCII letters and `_`.
  const char *name;
  /// Its columns besides the key and the version.
  const tegata_column *columns;
  /// How many columns.
  size_t columns_len;
} tegata_table;

/// All tables of one version.
typedef struct {
  /// Grows whenever a table or column is added.
  uint32_t version;
  /// The tables.
  const tegata_table *const *tables;
  /// How many tables.
  size_t tables_len;
} tegata_schema;

/// A number that only the store may change. Absent ones are 0; none goes above 2^63 - 1.
typedef struct {
  /// What is counted. NULL in writes that add nothing.
  const char *name;
  /// Of which record, or 0.
  uint64_t of;
} tegata_counter;

/// Which row.
typedef struct {
  /// The table.
  const tegata_table *table;
  /// The key. All 64 bits may be used; keys are ordered as the signed number with these bits.
  uint64_t key;
} tegata_row_ref;

/// A filter on one column.
typedef struct {
  /// The position of the column in its table.
  size_t column;
  /// How it must compare.
  tegata_match match;
  /// The values to compare with: one, or as many as there are for membership.
  const tegata_value *values;
  /// How many values.
  size_t values_len;
  /// For ranges: the least value wanted; NULL for no limit.
  const tegata_value *from;
  /// For ranges: the first value not wanted any more; NULL for no limit.
  const tegata_value *to;
} tegata_filter;

/// Where a page ended.
typedef struct {
  /// The last row's value in the column of the order; null when ordered by key.
  tegata_value value;
  /// The last row's key.
  uint64_t key;
} tegata_cursor;

/// A question for rows of one table that match all filters, one page at a time. It is checked: its columns exist and
/// are
/// declared for what is asked.
typedef struct {
  /// The table.
  const tegata_table *table;
  /// All of them must hold.
  const tegata_filter *filters;
  /// How many filters.
  size_t filters_len;
  /// The position of the column to order by (then by key), leaving out rows with null there; NULL to order by key
  /// alone.
  const size_t *order;
  /// Largest first.
  bool descending;
  /// Rows strictly after this one in the order; NULL from the beginning.
  const tegata_cursor *after;
  /// How many rows at most; at least 1.
  size_t limit;
  /// Whether to count all rows that the pages hold together, regardless of `after` and `limit`.
  bool total;
} tegata_query;

/// A question for how many rows have which value.
typedef struct {
  /// The table.
  const tegata_table *table;
  /// All of them must hold.
  const tegata_filter *filters;
  /// How many filters.
  size_t filters_len;
  /// The position of the column whose values are counted (null among them); NULL for one total under null.
  const size_t *by;
  /// Round integers down to a multiple of this first, or to the least 64-bit number where there is no such multiple;
  /// NULL
  /// to count them as they are.
  const int64_t *bucket;
} tegata_tally;

/// One write of a commit.
typedef struct {
  /// What it does.
  tegata_write_type type;
  /// Which row, but for counters.
  tegata_row_ref row;
  /// For a put: one value per column of the table.
  const tegata_value *values;
  /// How many values.
  size_t values_len;
  /// What it expects.
  tegata_expect expect;
  /// The version that it expects, if it does.
  uint64_t version;
  /// For counters: which.
  tegata_counter counter;
  /// For counters: how much; may be negative.
  int64_t by;
  /// For counters: the highest value allowed afterwards, even if `by` is negative.
  uint64_t at_most;
} tegata_write;

/// A store of the host's own. Every callback may run on any thread at any time, several at once.
typedef struct {
  /// `sizeof(tegata_store_callbacks)`.
  size_t size;
  /// Given to every callback.
  void *userdata;
  /// Brings an empty or older store to `schema`; refuses a newer one. The tables live as long as the store.
  int (*migrate)(void *userdata, const tegata_schema *schema, tegata_failure *failure);
  /// Takes `count` numbers from a counter; none of them is ever given again. Writes the first one; the first number
  /// ever is
  /// 1. With `count` 0 it takes none and writes the counter's value plus 1.
  int (*reserve)(void *userdata,
                 const tegata_counter *counter,
                 uint32_t count,
                 uint64_t *first,
                 tegata_failure *failure);
  /// Answers with the rows named, in the order named, all from one snapshot: `tegata_rows_add` or
  /// `tegata_rows_add_missing`
  /// for each.
  int (*get)(void *userdata,
             const tegata_row_ref *refs,
             size_t refs_len,
             tegata_rows *rows,
             tegata_failure *failure);
  /// Answers with the rows that match, in order: `tegata_rows_add` for each, `tegata_rows_next` if there are more,
  /// `tegata_rows_total` if it was asked for.
  int (*find)(void *userdata, const tegata_query *query, tegata_rows *rows, tegata_failure *failure);
  /// Answers how many rows have which value, in the order of the values: `tegata_tallies_add` for each. Without a
  /// column
  /// it tells one total under null, also when it is 0.
  int (*count)(void *userdata,
               const tegata_tally *tally,
               tegata_tallies *tallies,
               tegata_failure *failure);
  /// Applies all writes in order, or none. Returns 0 only when they survive a power cut, as far as the store promises
  /// durability at all.
  int (*commit)(void *userdata,
                const tegata_write *writes,
                size_t writes_len,
                tegata_failure *failure);
  /// Frees `userdata`, once, when nothing uses the store any more. May be NULL.
  void (*free)(void *userdata);
} tegata_store_callbacks;

/// How a key is rotated.
typedef struct {
  /// `sizeof(tegata_rotate_key)`.
  size_t size;
  /// How many days the version before is kept, at most 36,525. With 0 it is destroyed at once.
  uint32_t grace_days;
  /// Another algorithm from now on, such as a stronger one; 0 for the same.
  tegata_symmetric_algorithm algorithm;
  /// A value that exists already, in place of one that is made here. May be left out (NULL).
  tegata_bytes value;
} tegata_rotate_key;

/// What became of the items of a bulk call, in their order: for each index either the record or the error is not NULL.
/// Freeing the results frees both.
typedef struct {
  /// The records of the items that were done, NULL for the others.
  const tegata_symmetric_key *const *items;
  /// The errors of the items that were refused, NULL for the others.
  const tegata_error *const *errors;
  /// How many items.
  size_t len;
} tegata_symmetric_key_results;


/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_symmetric_key *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_symmetric_key_list;


/// One version of a symmetric key, without its value.
typedef struct {
  /// Which version.
  uint32_t version;
  /// Of what kind its value is or was.
  tegata_symmetric_algorithm algorithm;
  /// Where it stands.
  tegata_version_state state;
  /// When it was made.
  int64_t issued;
  /// When it stopped being the current one; NULL while it is.
  const int64_t *ended;
  /// Until when its value is kept, while it is the version before the current one; NULL otherwise.
  const int64_t *kept_until;
} tegata_key_version;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_key_version *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_key_version_list;


/// Which version of a key was presented.
typedef struct {
  /// Which version.
  uint32_t version;
  /// Where it stands.
  tegata_version_state state;
} tegata_key_match;

/// A symmetric key with a value.
typedef struct {
  /// Its record.
  const tegata_symmetric_key *key;
  /// Which version the value is of.
  uint32_t version;
  /// Of what kind that version is; a rotation may change the kind.
  tegata_symmetric_algorithm algorithm;
  /// The value, as many octets as the algorithm's keys have; erased when freed.
  tegata_bytes value;
} tegata_issued_key;

/// What became of the items of a bulk call, in their order: for each index either the record or the error is not NULL.
/// Freeing the results frees both.
typedef struct {
  /// The records of the items that were done, NULL for the others.
  const tegata_issued_key *const *items;
  /// The errors of the items that were refused, NULL for the others.
  const tegata_error *const *errors;
  /// How many items.
  size_t len;
} tegata_issued_key_results;


/// The devices that share a key.
typedef struct {
  /// Their IDs.
  tegata_texts devices;
} tegata_holders;

/// A symmetric key to be issued.
typedef struct {
  /// `sizeof(tegata_new_key)`.
  size_t size;
  /// The devices that are to own it, by their IDs: one, or several with `shared`. Empty for a group's key.
  tegata_texts devices;
  /// Whether others can be added to the devices later, and these withdrawn. A must for more than one.
  bool shared;
  /// The group that is to own it. NULL for devices' keys.
  const char *group;
  /// Of what kind.
  tegata_symmetric_algorithm algorithm;
  /// Tells it apart from the other keys of its owner: 1 or more, never used twice. NULL for the first one that was not used.
  const uint32_t *number;
  /// A value that exists already, in place of one that is made here. May be left out (NULL).
  tegata_bytes value;
  /// After how many days it is due to be rotated, 1 to 36,525; NULL follows the group's interval.
  const uint32_t *renew_days;
} tegata_new_key;

/// Which symmetric keys to list. What is left out (NULL, 0) does not matter.
typedef struct {
  /// `sizeof(tegata_key_filter)`.
  size_t size;
  /// That this device may use: its own, and those that it shares.
  const char *device;
  /// Of this group and of devices in it.
  const char *group;
  /// With this kind of owner.
  tegata_key_owner owner;
  /// Of this algorithm.
  tegata_symmetric_algorithm algorithm;
  /// In one of these states; all, destroyed ones included, when there are none.
  const tegata_key_state *states;
  /// How many states.
  size_t states_len;
  /// With this number.
  const uint32_t *number;
} tegata_key_filter;

/// What became of the items of a bulk call that has nothing to give back: NULL for what was done.
typedef struct {
  /// The errors of the items that were refused, NULL for the others.
  const tegata_error *const *errors;
  /// How many items.
  size_t len;
} tegata_outcomes;

/// A signed statement of how the log of events stood: how many events there were, and the hash of the tree
/// over them.
typedef struct {
  /// Counts the checkpoints of a registry, from 1.
  uint64_t number;
  /// When it was made, in seconds since 1970.
  int64_t at;
  /// Who asked for it, as the host named the caller.
  const char *actor;
  /// How many events it covers: all that were recorded before it.
  uint64_t events;
  /// The root hash of the Merkle tree over them (RFC 9162, 2.1.1): 32 octets of SHA-256.
  tegata_bytes root;
  /// The statement, signed, as text (C2SP tlog-checkpoint and signed-note). This is what to keep elsewhere.
  const char *note;
} tegata_checkpoint;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_checkpoint *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_checkpoint_list;


/// The first place where the log is not what was recorded.
typedef struct {
  /// What is wrong.
  tegata_tampering what;
  /// The identifier of the event, where it is about one; NULL otherwise.
  const char *event;
  /// The number of the checkpoint that shows it, where one does; NULL otherwise.
  const uint64_t *checkpoint;
  /// Of an exported log: the line, from 1; NULL otherwise.
  const uint64_t *line;
} tegata_log_problem;

/// What a verification looked at, up to the first problem.
typedef struct {
  /// How many events were read and found as they were recorded.
  uint64_t events;
  /// How many of them no checkpoint covers yet: an alteration of these shows, a removal does not.
  uint64_t uncovered;
  /// How many events were pruned before; the hashes of the trees over them stand in for them.
  uint64_t pruned;
  /// How many checkpoints were found genuine.
  uint64_t checkpoints;
  /// The number of the last of them up to which no event is missing: where a later verification may begin. An archive ends
  /// with one that covers later events, too; that one vouches for what is there, and does not count here. NULL when
  /// there was none.
  const uint64_t *last_checkpoint;
  /// The first problem; NULL when all is as it was recorded.
  const tegata_log_problem *first;
} tegata_verification;

/// An event with the proof that the log holds it, both as text.
typedef struct {
  /// The event, as `tegata_events_export()` writes it; not one octet of it may change.
  const char *event;
  /// The proof (C2SP tlog-proof), with the checkpoint that it leads to.
  const char *proof;
} tegata_event_proof;

/// What `tegata_events_prune()` did.
typedef struct {
  /// How many events are gone.
  uint64_t events;
  /// The time of the latest of them, in seconds since 1970; NULL when none is gone.
  const int64_t *latest;
} tegata_pruned_events;

/// What to hold the log of events against, besides its own checkpoints. NULL in place of the struct stands for nothing
/// more.
typedef struct {
  /// `sizeof(tegata_verify_events)`.
  size_t size;
  /// Begin at the checkpoint with this number, which an earlier verification reached; what came before is taken
  /// as it is. May be left out (NULL).
  const uint64_t *since;
  /// Checkpoints that were kept elsewhere (`note` of `tegata_checkpoint`). Each must be one of this very log, so a
  /// database that was rolled back, or written anew, is found out. May be empty.
  tegata_texts known;
  /// The public key that was kept elsewhere (`tegata_events_public_key()`). May be left out (NULL).
  const char *public_key;
} tegata_verify_events;

/// Where a stream goes.
typedef struct {
  /// `sizeof(tegata_writer)`.
  size_t size;
  /// Given to every callback.
  void *userdata;
  /// Takes all octets of `data` and returns 0, or anything else after saying why in `failure`. It gets up to 65,536 octets at a
  /// time, not whole lines. Required.
  int (*write)(void *userdata, tegata_bytes data, tegata_failure *failure);
} tegata_writer;

/// Who signs the OCSP answers about an authority's certificates, and how long they may be believed.
typedef struct {
  /// For whose certificates.
  const char *authority;
  /// Whether a certificate of its own signs (true), or the authority's key.
  bool delegated;
  /// What key that certificate has.
  tegata_key_algorithm algorithm;
  /// How long an answer may be believed, in hours.
  uint32_t validity_hours;
  /// How long that certificate is valid, in days.
  uint32_t certificate_days;
  /// The certificate in DER; empty when the authority's key signs, or before the first answer.
  tegata_bytes certificate;
  /// When the certificate begins to be valid; NULL while there is none.
  const int64_t *not_before;
  /// When it ends; NULL while there is none.
  const int64_t *not_after;
  /// When the next one takes its place; NULL while there is none.
  const int64_t *renew_at;
} tegata_responder;

/// A header of an answer over HTTP.
typedef struct {
  /// Its name.
  const char *name;
  /// Its value.
  const char *value;
} tegata_http_header;

/// The answer to an OCSP request. A refusal is one too, and goes back with the HTTP status 200.
typedef struct {
  /// The `OCSPResponse` in DER, the body of the HTTP response.
  tegata_bytes der;
  /// Whether it answers.
  tegata_ocsp_response_status status;
  /// Why it does not, for the host's log: the code of an error, such as `authority.signer_missing`; NULL when it
  /// answers.
  const char *cause;
  /// The `Content-Type` header.
  const char *content_type;
  /// The `Cache-Control` header: until nextUpdate for what anybody may be given, nothing else is kept.
  const char *cache_control;
  /// The `ETag` header; NULL when the answer may not be kept.
  const char *etag;
  /// When it lapses, for the `Expires` header: the earliest nextUpdate; NULL when the answer may not be kept.
  const int64_t *expires;
  /// When it was made, for the `Last-Modified` header: thisUpdate; NULL when the answer may not be kept.
  const int64_t *last_modified;
  /// All headers to send it with over HTTP, ready as texts.
  const tegata_http_header *headers;
  /// How many headers.
  size_t headers_len;
} tegata_ocsp_answer;

/// An answer that was signed before anybody asked.
typedef struct {
  /// About which certificate: its identifier.
  const char *certificate;
  /// Its serial number.
  tegata_bytes serial;
  /// The path of the GET that it answers, below the responder's address: base64, percent-encoded (RFC 5019, 5).
  const char *path;
  /// The `OCSPResponse` in DER.
  tegata_bytes der;
  /// Until when it may be believed; the next one should be there before.
  int64_t next_update;
} tegata_presigned;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_presigned *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_presigned_list;


/// What OCSP says of a certificate, and since when and why it does not count.
typedef struct {
  /// What.
  tegata_ocsp_status_type type;
  /// Since when it is revoked; NULL for others.
  const int64_t *at;
  /// Why it is revoked; 0 for others.
  tegata_revocation_reason reason;
} tegata_ocsp_status;

/// What a response that was checked says of a certificate.
typedef struct {
  /// How the certificate stands.
  const tegata_ocsp_status *status;
  /// When the response was made.
  int64_t produced_at;
  /// When this was so.
  int64_t this_update;
  /// Until when it may be believed; NULL when it does not say.
  const int64_t *next_update;
} tegata_checked_ocsp;

/// How an authority's answers are signed. NULL in place of the struct stands for all defaults.
typedef struct {
  /// `sizeof(tegata_ocsp_options)`.
  size_t size;
  /// How long an answer may be believed, in hours; 1 to 744. It is how late a revocation shows to those who keep
  /// answers, so short is safe; too short, and devices that are seldom online find theirs lapsed. NULL for 24.
  const uint32_t *validity_hours;
  /// Whether a certificate of its own signs, so that the authority's key is needed only to renew that; else the
  /// authority's key signs each answer. NULL for yes.
  const bool *delegated;
  /// What key that certificate has. 0 for `TEGATA_KEY_ALGORITHM_ECDSA_P256`.
  tegata_key_algorithm algorithm;
  /// How long that certificate is valid, in days; 1 to 366. It is renewed when two thirds are over. Whoever takes the
  /// key can answer for this long, since such certificates are never revoked. NULL for 30.
  const uint32_t *certificate_days;
} tegata_ocsp_options;

/// One-time claim codes, erased when freed.
typedef struct {
  /// The codes.
  tegata_texts codes;
} tegata_claim_codes;

/// The conditions under which units enroll. The product credential is in every unit, so whoever extracts it can try:
/// these are the limits of what that gains.
typedef struct {
  /// `sizeof(tegata_enrollment_policy)`.
  size_t size;
  /// Which units. 0 for the default.
  tegata_enrollment_mode mode;
  /// How many units in all. May be left out (NULL).
  const uint64_t *quota;
  /// From when on; in a file as RFC 3339 text. May be left out (NULL).
  const int64_t *opens;
  /// Until when; in a file as RFC 3339 text. May be left out (NULL).
  const int64_t *closes;
  /// Whether a unit must say its identifier. An allow-list always needs it.
  bool unit_required;
  /// What happens when a known unit comes with another key. 0 for the default.
  tegata_other_key other_key;
} tegata_enrollment_policy;

/// What a product is, as it is written in a file.
typedef struct {
  /// `sizeof(tegata_product_spec)`.
  size_t size;
  /// The name that operators use; unique. Required.
  const char *name;
  /// What is known of it: manufacturer, model, version ...
  tegata_pairs information;
  /// Under which conditions its units enroll. NULL for the default.
  const tegata_enrollment_policy *enrollment;
} tegata_product_spec;

/// A product to be registered.
typedef struct {
  /// `sizeof(tegata_new_product)`.
  size_t size;
  /// What it is. Required.
  const tegata_product_spec *spec;
  /// The authority that issues for it. Required.
  const char *authority;
  /// The profile of its credential, which must let the server make the key. Required.
  const char *credential_profile;
  /// The profile of its devices' certificates. Required.
  const char *device_profile;
  /// The kind of key of its credential; by default the profile's first. May be left out (0).
  tegata_key_algorithm algorithm;
  /// When the credential's private key is handed out. 0 for the default.
  tegata_hand_out hand_out;
} tegata_new_product;

/// A product.
typedef struct {
  /// Names the product.
  const char *id;
  /// The name that operators use; unique.
  const char *name;
  /// Its state.
  tegata_product_state state;
  /// The authority that issues for it; after a rebuild its newest generation does.
  const char *authority;
  /// The profile of the product credential.
  const char *credential_profile;
  /// The profile of its devices' certificates.
  const char *device_profile;
  /// The subject of its credentials. NULL when there is none.
  const char *subject;
  /// The conditions of enrollment.
  const tegata_enrollment_policy *policy;
  /// What is known of it: manufacturer, model, version ...
  tegata_pairs information;
  /// When it was registered.
  int64_t created;
  /// When its record last changed.
  int64_t updated;
} tegata_product;

/// A registered product with its first credential.
typedef struct {
  /// The product.
  const tegata_product *product;
  /// Its credential, to be built into every unit.
  const tegata_issued_with_key *credential;
} tegata_registered_product;

/// Which products to list.
typedef struct {
  /// `sizeof(tegata_product_filter)`.
  size_t size;
  /// By name. May be left out (NULL).
  const tegata_text *name;
  /// By state. May be left out (0).
  tegata_product_state state;
} tegata_product_filter;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_product *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_product_list;


/// What of a product changes; what is left out stays as it is.
typedef struct {
  /// `sizeof(tegata_product_change)`.
  size_t size;
  /// The name. May be left out (NULL).
  const char *name;
  /// What is known of it, all at once. May be left out (NULL).
  const tegata_pairs *information;
  /// The authority that issues for it. May be left out (NULL).
  const char *authority;
  /// The profile of its next credentials. May be left out (NULL).
  const char *credential_profile;
  /// The profile of its next devices' certificates. May be left out (NULL).
  const char *device_profile;
} tegata_product_change;

/// How the subject of a certificate comes about. The CSR's own subject counts only if it says so.
typedef struct {
  /// `sizeof(tegata_subject_policy)`.
  size_t size;
  /// Which way.
  tegata_subject_policy_type type;
  /// Opaque: RDNs in RFC 4514 form that follow the common name, such as `O=Example,C=JP`. NULL for none.
  const char *fixed;
  /// Template: the name with its placeholders.
  const char *name;
  /// From the CSR: the attributes it may have, by short name (`CN`, `O`, `OU`, `L`, `ST`, `C`, `SERIALNUMBER`, `DC`
  /// ...).
  tegata_texts allow;
  /// From the CSR: the attributes it must have.
  tegata_texts require;
} tegata_subject_policy;

/// Which alternative names of a CSR are taken over. What is not allowed here refuses the CSR; nothing is dropped
/// silently.
typedef struct {
  /// `sizeof(tegata_san_policy)`.
  size_t size;
  /// DNS names: exact, or `*.example.com` for every name below example.com, or `*` for any.
  tegata_texts dns;
  /// Whether wildcard names such as `*.example.com` may be certified.
  bool dns_wildcards;
  /// IP networks in CIDR notation, such as `192.168.0.0/16` or `::/0`.
  tegata_texts ip;
  /// Beginnings of URIs, such as `urn:` or `spiffe://example.com/`.
  tegata_texts uri;
  /// Domains of e-mail addresses, or `*` for any.
  tegata_texts email;
  /// Type OIDs of otherName, such as hardwareModuleName `1.3.6.1.5.5.7.8.4`.
  tegata_texts other;
  /// Names added to every certificate, with the placeholders of a subject template: `uri:urn:device:{id}`,
  /// `dns:{id}.devices.example.com`.
  tegata_texts add;
  /// Whether a CSR without any alternative name is refused.
  bool required;
  /// How many names a certificate holds at most; 0 means 32.
  size_t max;
} tegata_san_policy;

/// A list of kinds of keys.
typedef struct {
  /// The kinds; may be NULL when there are none.
  const tegata_key_algorithm *items;
  /// How many.
  size_t len;
} tegata_key_algorithms;

/// The content of a profile. Every field but the size has a default, which NULL and 0 stand for.
typedef struct {
  /// `sizeof(tegata_profile_spec)`.
  size_t size;
  /// The subject; NULL for an opaque one.
  const tegata_subject_policy *subject;
  /// The alternative names; NULL for none.
  const tegata_san_policy *san;
  /// Which kinds of key may be certified; NULL for P-256, P-384 and Ed25519.
  const tegata_key_algorithms *keys;
  /// Which kinds of key the server may make itself; NULL for none.
  const tegata_key_algorithms *server_keys;
  /// How long a certificate is valid, in days of 86,400 seconds, counted from now; NULL for 365.
  const uint32_t *validity_days;
  /// How far notBefore lies in the past, in seconds, for devices whose clock runs behind; NULL for 300.
  const uint32_t *backdate_seconds;
  /// A fixed notBefore instead, as RFC 3339 text, for devices without a clock; NULL for none.
  const char *not_before;
  /// Key usage bits, as of `TEGATA_KEY_USAGE_`; NULL for digitalSignature.
  const uint16_t *key_usage;
  /// Extended key usages: `clientAuth`, `serverAuth`, `codeSigning`, `emailProtection`, or a dotted OID; NULL for
  /// clientAuth.
  const tegata_texts *extended_key_usage;
  /// After which part of its validity a certificate is due for renewal, in percent; NULL for 66.
  const uint8_t *renew_after_percent;
  /// By how much of the validity renewals are spread so that a fleet does not come back at once, in percent; NULL for
  /// 10.
  const uint8_t *renew_spread_percent;
  /// How long the old certificate still counts after its renewal, in days, unless the new one is confirmed earlier;
  /// NULL
  /// for 30.
  const uint32_t *grace_days;
  /// Whether every renewal needs a new key.
  bool new_key_at_renewal;
  /// Whether certificates wait for an approval.
  bool approval;
  /// What suspending means; 0 for the registry only.
  tegata_suspend_mode suspend;
  /// How long a server-made key can be collected, in days; NULL for 30.
  const uint32_t *collect_within_days;
  /// Where CRLs are published (RFC 5280, 4.2.1.13).
  tegata_texts crl_urls;
  /// Where OCSP responders are (RFC 5280, 4.2.2.1).
  tegata_texts ocsp_urls;
  /// Where the issuer's certificate is (RFC 5280, 4.2.2.1).
  tegata_texts issuer_urls;
  /// Certificate policies, as dotted OIDs.
  tegata_texts policies;
} tegata_profile_spec;

/// One version of a profile. Versions are never changed, since certificates refer to them.
typedef struct {
  /// Names this version.
  const char *id;
  /// The name that operators use; all versions share it.
  const char *name;
  /// 1 for the first, one more with every change.
  uint32_t revision;
  /// What it says.
  const tegata_profile_spec *spec;
  /// When this version was made.
  int64_t created;
} tegata_profile;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_profile *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_profile_list;


/// What a CSR would become under a profile.
typedef struct {
  /// The subject that the certificate would have.
  const char *subject;
  /// The first second of validity.
  int64_t not_before;
  /// The last second of validity.
  int64_t not_after;
  /// When it would be due for renewal.
  int64_t renew_at;
} tegata_preview;

/// A pre-shared key and its secret.
typedef struct {
  /// The key's record.
  const tegata_psk *psk;
  /// The secret, as the device shows it, erased when freed; NULL when a request that made a verify-only key is repeated,
  /// since nobody knows its secret any more: rotate the key then.
  tegata_bytes secret;
} tegata_issued_psk;

/// A device that was provisioned, and what it got.
typedef struct {
  /// The device.
  const tegata_device *device;
  /// Its password or TLS key, erased when freed; NULL if it got none.
  const tegata_issued_psk *psk;
  /// Its symmetric key, erased when freed; NULL if it got none.
  const tegata_issued_key *key;
  /// Its certificate, with its key if that was made here, erased when freed; NULL if it got none.
  const tegata_issued_with_key *certificate;
} tegata_provisioned;

/// What became of the items of a bulk call, in their order: for each index either the record or the error is not NULL.
/// Freeing the results frees both.
typedef struct {
  /// The records of the items that were done, NULL for the others.
  const tegata_provisioned *const *items;
  /// The errors of the items that were refused, NULL for the others.
  const tegata_error *const *errors;
  /// How many items.
  size_t len;
} tegata_provisioned_results;


/// All that a device has.
typedef struct {
  /// The certificates that are attached to it.
  const tegata_certificate_record *const *certificates;
  /// How many.
  size_t certificates_len;
  /// Its pre-shared keys.
  const tegata_psk *const *psks;
  /// How many.
  size_t psks_len;
  /// The symmetric keys that it may use.
  const tegata_symmetric_key *const *keys;
  /// How many.
  size_t keys_len;
} tegata_credentials;

/// The pre-shared key that a new device gets.
typedef struct {
  /// `sizeof(tegata_psk_wish)`.
  size_t size;
  /// Whether the secret can be read again; 0 for a secret that can only be checked.
  tegata_psk_kind kind;
  /// Where the identity comes from; 0 for the device's ID.
  tegata_identity_kind identity_kind;
  /// The identity, when it is chosen and only then: 1 to 128 bytes of text. NULL otherwise.
  const char *identity;
  /// What the secret that is made here is like; NULL for the default.
  const tegata_psk_policy *policy;
  /// A secret that exists already, in place of one that is made here. May be left out (NULL).
  tegata_bytes secret;
  /// After how many days it is due to be rotated, 1 to 36,525; NULL for never.
  const uint32_t *renew_days;
} tegata_psk_wish;

/// The certificate that a new device gets.
typedef struct {
  /// `sizeof(tegata_certificate_wish)`.
  size_t size;
  /// The profile that decides what the certificate holds. Required.
  const char *profile;
  /// The authority; after a rebuild its newest generation issues. Required.
  const char *authority;
  /// The device's own CSR (PEM or DER); without one (NULL), its key is made here.
  tegata_bytes csr;
  /// What kind of key is made here; 0 for the first that the profile lists.
  tegata_key_algorithm algorithm;
  /// When the key that is made here is handed out; 0 for the default.
  tegata_hand_out hand_out;
} tegata_certificate_wish;

/// A device to be registered, and what it gets at once.
typedef struct {
  /// `sizeof(tegata_provision)`.
  size_t size;
  /// The device; NULL for one of which nothing is known yet.
  const tegata_new_device *device;
  /// Its password or TLS key; NULL for none.
  const tegata_psk_wish *psk;
  /// Of what kind its symmetric key number 1 is; 0 for no key.
  tegata_symmetric_algorithm key;
  /// Its certificate; NULL for none.
  const tegata_certificate_wish *certificate;
} tegata_provision;

/// Which pre-shared keys to list. What is left out (NULL, 0) does not matter.
typedef struct {
  /// `sizeof(tegata_psk_filter)`.
  size_t size;
  /// Of this device.
  const char *device;
  /// Of devices in this group.
  const char *group;
  /// In one of these states; all, deleted ones included, when there are none.
  const tegata_psk_state *states;
  /// How many states.
  size_t states_len;
  /// Of this kind.
  tegata_psk_kind kind;
  /// With exactly this identity, or with it until the last rotation, while that is in its grace period.
  const char *identity;
  /// Due to be rotated before this moment.
  const int64_t *due_before;
} tegata_psk_filter;

/// One page of records, or all of a few.
typedef struct {
  /// The records, in order; NULL when there are none.
  const tegata_psk *const *items;
  /// How many.
  size_t len;
  /// What to ask for next (`after` of the page); NULL after the last page.
  const char *next;
  /// How many records match in all; NULL unless it was asked for.
  const uint64_t *total;
} tegata_psk_list;


/// What became of the items of a bulk call, in their order: for each index either the record or the error is not NULL.
/// Freeing the results frees both.
typedef struct {
  /// The records of the items that were done, NULL for the others.
  const tegata_psk *const *items;
  /// The errors of the items that were refused, NULL for the others.
  const tegata_error *const *errors;
  /// How many items.
  size_t len;
} tegata_psk_results;


/// What became of the items of a bulk call, in their order: for each index either the record or the error is not NULL.
/// Freeing the results frees both.
typedef struct {
  /// The records of the items that were done, NULL for the others.
  const tegata_issued_psk *const *items;
  /// The errors of the items that were refused, NULL for the others.
  const tegata_error *const *errors;
  /// How many items.
  size_t len;
} tegata_issued_psk_results;


/// A pre-shared key to be issued.
typedef struct {
  /// `sizeof(tegata_new_psk)`.
  size_t size;
  /// Whose it is; the device must be valid.
  const char *device;
  /// Whether the secret can be read again; 0 for a secret that can only be checked.
  tegata_psk_kind kind;
  /// Where the identity comes from; 0 for the device's ID.
  tegata_identity_kind identity_kind;
  /// The identity, when it is chosen and only then: 1 to 128 bytes of text. NULL otherwise.
  const char *identity;
  /// What the secret that is made here is like; NULL for the default.
  const tegata_psk_policy *policy;
  /// A secret that exists already, in place of one that is made here. May be left out (NULL).
  tegata_bytes secret;
  /// After how many days it is due to be rotated, 1 to 36,525; NULL for never.
  const uint32_t *renew_days;
} tegata_new_psk;

/// How a key gets its new secret.
typedef struct {
  /// `sizeof(tegata_rotate_psk)`.
  size_t size;
  /// For how many days the secret before is accepted too, 0 to 3,653. With 0 it ends now.
  uint32_t grace_days;
  /// What the new secret is like; NULL for a password, or 32 random octets in place of a readable secret that is no text.
  const tegata_psk_policy *policy;
  /// A secret that exists already, in place of one that is made here. May be left out (NULL).
  tegata_bytes secret;
} tegata_rotate_psk;

/// How to connect to PostgreSQL. NULL in place of the struct stands for all defaults.
typedef struct {
  /// `sizeof(tegata_postgres_options)`.
  size_t size;
  /// Whether to make the schema if there is none. NULL for yes.
  const bool *create;
  /// The schema that holds the registry, unless the URL names one; NULL for `tegata`. One tenant, one schema.
  const char *schema;
  /// The password, in place of one in the URL. May be left out (NULL).
  const char *password;
  /// How many milliseconds to go on trying when the server cannot be reached or a connection breaks. NULL for 10,000.
  const uint64_t *wait;
  /// How many milliseconds to wait for one connection. NULL for 5,000.
  const uint64_t *connect_timeout;
  /// How many milliseconds a statement may take. NULL for 30,000.
  const uint64_t *statement_timeout;
  /// How many connections write. NULL for 2.
  const size_t *writers;
  /// How many connections read rows by key. NULL for 2.
  const size_t *getters;
  /// How many connections search, count and reserve numbers. NULL for 4.
  const size_t *searchers;
} tegata_postgres_options;

/// What a registry knows of what was seen, in its order.
typedef struct {
  /// The states; NULL when there are none.
  const tegata_seen_state *items;
  /// How many.
  size_t len;
} tegata_seen_states;

/// A backup that was made.
typedef struct {
  /// When, in seconds since 1970. What happened up to here is in it.
  int64_t at;
  /// How large its file is, in bytes.
  uint64_t bytes;
} tegata_backup;

/// What `tegata_registry_copy_to()` did.
typedef struct {
  /// How many rows the copy holds, each compared with its original.
  uint64_t rows;
  /// How many of them were written, in all passes together.
  uint64_t written;
  /// How many rows were removed that the source had no more.
  uint64_t deleted;
  /// How often both sides were compared from one end to the other.
  uint32_t passes;
} tegata_copied;

/// What `tegata_registry_check_integrity()` found.
typedef struct {
  /// How many rows were looked at.
  uint64_t rows;
  /// What does not fit together, a sentence each; nothing when all is well. At most a thousand.
  tegata_texts findings;
  /// Whether nothing was found.
  bool is_sound;
} tegata_integrity;

/// How many records of a kind.
typedef struct {
  /// The kind, such as `certificates`.
  const char *name;
  /// How many.
  uint64_t count;
} tegata_record_count;

/// How many records of each kind.
typedef struct {
  /// The counts; NULL when there are none.
  const tegata_record_count *items;
  /// How many kinds.
  size_t len;
} tegata_record_counts;

/// What `tegata_registry_maintain()` did, or would do.
typedef struct {
  /// How many rows were looked at.
  uint64_t looked_at;
  /// How many records went, by their kind: `certificates`, `devices`, `requests` ..., entries of CRLs
  /// some thousands at a time. What belonged to them (documents, attachments, revocations) is not counted.
  tegata_record_counts removed;
  /// How many bytes went back to the file system.
  uint64_t freed;
  /// Whether everything was looked at since the round began; the next call begins another one.
  bool finished;
  /// How many records went in all.
  uint64_t total;
} tegata_maintained;

/// Something that was seen in the field: at a gateway, in a log, on a device.
typedef struct {
  /// `sizeof(tegata_seen)`.
  size_t size;
  /// What it is. Required.
  tegata_seen_type type;
  /// The certificate.
  tegata_bytes value;
  /// The identifier of the authority, for a serial number; NULL for others.
  const char *authority;
  /// The octets of a serial number, the most significant first; empty for others.
  tegata_bytes serial;
  /// The identifier, for a device, a certificate's identifier or a key; NULL for others.
  const char *id;
  /// Which version, for keys; 0 for others.
  uint32_t version;
} tegata_seen;

/// How long what is over is remembered, in days of 86,400 seconds, each at most 36,525. NULL in place of the struct
/// stands for all defaults.
typedef struct {
  /// `sizeof(tegata_retention)`.
  size_t size;
  /// Certificates and the entries of CRLs: after they expired, or were refused. What CRLs still list stays until it
  /// may leave them, and the last certificate of a device stays as long as the device, so that one that was away for years is known when it comes
  /// back. NULL for 90.
  const uint32_t *certificate_days;
  /// Deleted devices: after the deletion. All that they had goes with them. NULL for 730.
  const uint32_t *device_days;
  /// Request IDs: after the request, which can be repeated harmlessly until then. NULL for 30.
  const uint32_t *request_days;
  /// Claim codes that nobody used: after they expired. Used ones go with the device that used them. NULL for 30.
  const uint32_t *claim_code_days;
  /// Deleted pre-shared keys, after they were issued, but for those under a device's ID, which go with it; former
  /// versions of symmetric keys, after they ended. NULL for 365.
  const uint32_t *secret_days;
  /// Campaigns: after their end. NULL for 365.
  const uint32_t *campaign_days;
  /// Events: after they happened, once a checkpoint covers them. NULL keeps them for ever.
  const uint32_t *event_days;
  /// How many rows one call looks at, 1 to 1,000,000. Ten thousand take some tens of milliseconds. NULL for 10,000.
  const uint32_t *limit;
  /// How far the clock may have gone on since the last call, or before the first from one event to the next; at least 1.
  /// Beyond, it is taken for wrong, and nothing goes: a clock that jumps ahead makes everything look expired. Whoever
  /// calls seldom allows more. NULL for 90.
  const uint32_t *leap_days;
} tegata_retention;

/// A sealer of the host's own, such as a vault or an HSM.
typedef struct {
  /// `sizeof(tegata_sealer_callbacks)`.
  size_t size;
  /// Given to every callback.
  void *userdata;
  /// Adds to `sealed` what `plaintext` becomes, authenticating `associated`: what was sealed under one must not open
  /// under another. Returns 0, or anything else after saying why in `failure`: the call gets `seal.failed`.
  /// Required.
  int (*seal)(void *userdata,
              tegata_bytes associated,
              tegata_bytes plaintext,
              tegata_sink *sealed,
              tegata_failure *failure);
  /// Adds to `plaintext` what was sealed for this place. Returns 0, or `TEGATA_OPEN_WRONG_KEY` or
  /// `TEGATA_OPEN_DAMAGED`, or
  /// anything else after saying why in `failure`. Required.
  int (*open)(void *userdata,
              tegata_bytes associated,
              tegata_bytes sealed,
              tegata_sink *plaintext,
              tegata_failure *failure);
  /// Sets `current` to whether what was sealed for this place is sealed as it would be now; if not, resealing seals it anew.
  /// Returns 0, or as `open`. NULL when it always is.
  int (*is_current)(void *userdata,
                    tegata_bytes associated,
                    tegata_bytes sealed,
                    bool *current,
                    tegata_failure *failure);
  /// Frees `userdata`, once, when nothing uses the sealer any more. May be NULL.
  void (*free)(void *userdata);
} tegata_sealer_callbacks;

/// What resealing did.
typedef struct {
  /// How many records were looked at: all that have room for something sealed.
  uint64_t checked;
  /// How many of them held something that was not sealed with the current key. Now it is.
  uint64_t resealed;
} tegata_resealed;

/// How a SQLite file is opened. NULL stands for all defaults.
typedef struct {
  /// `sizeof(tegata_sqlite_options)`.
  size_t size;
  /// Whether to make the file if there is none, or if it is empty. Without, a mistyped path is an error instead of a
  /// new
  /// registry. NULL for true.
  const bool *create;
  /// How many milliseconds to wait for another process that is writing. NULL for 10,000.
  const uint64_t *wait;
  /// How many connections for reading to keep open; more are opened when needed. Each uses up to 2 MB. NULL for 8.
  const size_t *readers;
  /// How many bytes of the file the writer may keep in memory. NULL for 16 MiB.
  const uint32_t *cache;
  /// How large the file may grow, in bytes; commits beyond fail with `store.full` and change nothing. NULL for no
  /// limit.
  const uint64_t *max_size;
  /// How many bytes of the file may be read through a mapping instead of being copied; 0 for none. The price of the time that
  /// it saves: where the disk fails to bring a mapped page, the system ends the process (SIGBUS).
  uint64_t map;
  /// From how many bytes on the write-ahead log is brought into the file, at the latest: from a quarter of the file on, but not before 32 MB. NULL for 256 MB.
  const uint32_t *log;
} tegata_sqlite_options;

/// Makes stores for the conformance suite.
typedef struct {
  /// `sizeof(tegata_store_factory)`.
  size_t size;
  /// Given to every callback.
  void *userdata;
  /// Gives a new empty store through `store`, which the suite frees. Returns 0, or anything else after saying why in
  /// `failure`. Required.
  int (*make)(void *userdata, tegata_store **store, tegata_failure *failure);
} tegata_store_factory;
#endif

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// Frees a list of octet strings that a call gave you; NULL is fine.
void tegata_bytes_list_free(const tegata_bytes_list *list);

/// Frees octets that a call gave you; NULL is fine. Secrets are erased first.
void tegata_buffer_free(const tegata_buffer *buffer);

/// Frees a text that a call gave you; NULL is fine. Secrets are erased first.
void tegata_string_free(const tegata_string *string);

/// Adds octets to what a callback answers. They are copied. Only for use inside the callback that got the sink.
void tegata_sink_add(tegata_sink *sink,
                     const uint8_t *data,
                     size_t len);

/// Frees a signer; NULL is fine. What it was given to goes on using it.
void tegata_signer_free(tegata_signer *signer);

/// Makes a signer from the host's callbacks. `public_key` is its public half: SubjectPublicKeyInfo in DER. Whatever
/// happens,
/// `callbacks->free` is called in the end, unless `callbacks` itself cannot be read.
tegata_status tegata_host_signer_new(tegata_bytes public_key,
                                     const tegata_signer_callbacks *callbacks,
                                     tegata_signer **signer,
                                     tegata_error **error);

/// The stable dotted code, such as `csr.signature_invalid`; see `tegata_codes.h`. It lives as long as the error. NULL
/// for NULL.
const char *tegata_error_code(const tegata_error *error);

/// The kind of trouble, which is also what the call returned. `TEGATA_STATUS_OK` for NULL.
tegata_status tegata_error_kind(const tegata_error *error);

/// The sentence for people: what is wrong and what to do. It lives as long as the error. NULL for NULL.
const char *tegata_error_message(const tegata_error *error);

/// Frees an error that a call gave you through its last parameter; NULL is fine. Those inside the results of a bulk
/// call go with
/// the results.
void tegata_error_free(tegata_error *error);

/// Reads one certificate, DER or PEM.
tegata_status tegata_parse_certificate(tegata_bytes input,
                                       const tegata_certificate **certificate,
                                       tegata_error **error);

/// Reads all certificates of a PEM text, in order; other blocks are skipped.
tegata_status tegata_certificate_many_from_pem(tegata_bytes input,
                                               const tegata_certificates **certificates,
                                               tegata_error **error);

/// The whole certificate in PEM.
tegata_status tegata_certificate_pem(const tegata_certificate *certificate,
                                     const tegata_string **pem,
                                     tegata_error **error);

/// The subject's key when it is of an accepted kind: `key.algorithm` and other codes of `key` when not.
tegata_status tegata_certificate_public_key(const tegata_certificate *certificate,
                                            const tegata_public_key **key,
                                            tegata_error **error);

/// The subject's alternative names; none when the extension is missing. `input.invalid` when it holds a name that this
/// library does not accept.
tegata_status tegata_certificate_names(const tegata_certificate *certificate,
                                       const tegata_general_names **names,
                                       tegata_error **error);

/// Checks the signature with the issuer's key; names and validity are `tegata_verify_chain()`'s.
tegata_status tegata_certificate_verify_signed_by(const tegata_certificate *certificate,
                                                  const tegata_public_key *issuer,
                                                  tegata_error **error);

/// Whether it is self-issued and verifies with its own key. False for NULL.
bool tegata_certificate_is_self_signed(const tegata_certificate *certificate);

/// Whether `at` lies within the validity, both ends included. False for NULL.
bool tegata_certificate_is_valid_at(const tegata_certificate *certificate, int64_t at);

/// Frees a certificate that a call gave you; NULL is fine.
void tegata_certificate_free(const tegata_certificate *certificate);

/// Frees certificates that a call gave you; NULL is fine.
void tegata_certificates_free(const tegata_certificates *certificates);

/// Checks that `leaf` may be used for `purpose` at `at` and that a chain leads from it through any of `intermediates`, in
/// any order, to one of `roots`. Every certificate below the root is looked up in the CRL of its issuer, if one is among
/// `crls`; a chain without CRLs passes, and `revocation_checked` tells. Each of the three lists may be NULL. When the chain is
/// refused, the code says why: `certificate.expired`, `.not_yet_valid`, `.chain_incomplete`, `.chain_signature`,
/// `.chain_constraint`, `.chain_purpose`, `.chain_algorithm`, `.chain_revoked`, `.crl_stale`, `.crl_signature`,
/// `.crl_malformed` or `.malformed`.
tegata_status tegata_verify_chain(const tegata_certificate *leaf,
                                  const tegata_certificates *intermediates,
                                  const tegata_certificates *roots,
                                  const tegata_crls *crls,
                                  const tegata_purpose *purpose,
                                  int64_t at,
                                  const tegata_verified_chain **chain,
                                  tegata_error **error);

/// Frees a chain that a call gave you; NULL is fine.
void tegata_verified_chain_free(const tegata_verified_chain *chain);

/// Reads one CRL, DER or PEM.
tegata_status tegata_crl_from_bytes(tegata_bytes input,
                                    const tegata_crl **crl,
                                    tegata_error **error);

/// The whole CRL in DER, octet for octet as it was read.
tegata_status tegata_crl_der(const tegata_crl *crl,
                             const tegata_buffer **der,
                             tegata_error **error);

/// The whole CRL in PEM.
tegata_status tegata_crl_pem(const tegata_crl *crl,
                             const tegata_string **pem,
                             tegata_error **error);

/// The entry of the certificate with this serial number. `*revocation` becomes NULL when there is none.
tegata_status tegata_crl_get(const tegata_crl *crl,
                             tegata_bytes serial,
                             const tegata_revocation **revocation,
                             tegata_error **error);

/// All entries, by serial number.
tegata_status tegata_crl_entries(const tegata_crl *crl,
                                 const tegata_revocations **entries,
                                 tegata_error **error);

/// Whether its nextUpdate has passed at `at`. False for NULL.
bool tegata_crl_is_stale_at(const tegata_crl *crl, int64_t at);

/// Checks the signature with the issuer's key.
tegata_status tegata_crl_verify_signed_by(const tegata_crl *crl,
                                          const tegata_public_key *issuer,
                                          tegata_error **error);

/// Frees a CRL that a call gave you; NULL is fine.
void tegata_crl_free(const tegata_crl *crl);

/// Frees an entry that a call gave you; NULL is fine.
void tegata_revocation_free(const tegata_revocation *revocation);

/// Frees entries that a call gave you; NULL is fine.
void tegata_revocations_free(const tegata_revocations *revocations);

/// Makes a certification request for the key of `signer`, in DER. `subject` is a name (RFC 4514), NULL or empty for
/// none; `san` holds names such as `DNS:pump-7.local`, NULL for none.
tegata_status tegata_make_csr(const tegata_signer *signer,
                              const char *subject,
                              const tegata_texts *san,
                              const tegata_buffer **csr,
                              tegata_error **error);

/// A request in PEM (`CERTIFICATE REQUEST`).
tegata_status tegata_csr_pem(tegata_bytes der,
                             const tegata_string **pem,
                             tegata_error **error);

/// Reads a request, DER or PEM, and verifies it. A code of the area `csr` names what is wrong.
tegata_status tegata_parse_csr(tegata_bytes bytes,
                               const tegata_csr **csr,
                               tegata_error **error);

/// Frees a request that a call gave you; NULL is fine.
void tegata_csr_free(const tegata_csr *csr);

/// Every error that this version knows, area by area.
tegata_status tegata_error_table(const tegata_reasons **table, tegata_error **error);

/// Frees the error table; NULL is fine.
void tegata_reasons_free(const tegata_reasons *table);

/// Reads a name such as `DNS:pump-7.local`, `IP:192.0.2.7`, `email:a@example.com`, `URI:urn:dev:mac:00`,
/// `dirName:CN=x`, `RID:1.2.3` or `otherName:1.2.3=#0c0161`.
tegata_status tegata_general_name_parse(const char *text,
                                        const tegata_general_name **name,
                                        tegata_error **error);

/// Makes an otherName of its type (a dotted OID) and its value (one DER element), such as a hardwareModuleName.
tegata_status tegata_general_name_other(const char *type_id,
                                        tegata_bytes value,
                                        const tegata_general_name **name,
                                        tegata_error **error);

/// Frees a name that a call gave you; NULL is fine.
void tegata_general_name_free(const tegata_general_name *name);

/// Frees names that a call gave you; NULL is fine.
void tegata_general_names_free(const tegata_general_names *names);

/// All that keeps browsers from trusting the installation; no findings when nothing does.
tegata_status tegata_check_installation(const tegata_installation_check *check,
                                        const tegata_findings **findings,
                                        tegata_error **error);

/// Frees findings that a call gave you; NULL is fine.
void tegata_findings_free(const tegata_findings *findings);

/// Reads a name from its text (RFC 4514), such as `CN=pump-7,O=Example,C=JP`.
tegata_status tegata_name_parse(const char *text,
                                const tegata_name **name,
                                tegata_error **error);

/// Reads a name from its DER.
tegata_status tegata_name_from_der(tegata_bytes der,
                                   const tegata_name **name,
                                   tegata_error **error);

/// Frees a name that a call gave you; NULL is fine.
void tegata_name_free(const tegata_name *name);

/// Makes a new key with the operating system's random numbers. RSA takes up to some seconds and is not in every build:
/// `key.generation_unsupported`.
tegata_status tegata_make_key(tegata_key_algorithm algorithm,
                              tegata_private_key **key,
                              tegata_error **error);

/// Reads a private key: PKCS#8, SEC1 or PKCS#1, in PEM or DER, recognised by content. Encrypted ones are refused.
tegata_status tegata_private_key_from_bytes(tegata_bytes input,
                                            tegata_private_key **key,
                                            tegata_error **error);

/// Reads a private key whose public half is known from elsewhere, such as its certificate: `key.inconsistent` when it is
/// another one. EC keys that lack their point (Java writes them) can be read this way only.
tegata_status tegata_private_key_from_bytes_with(tegata_bytes input,
                                                 const tegata_public_key *public_key,
                                                 tegata_private_key **key,
                                                 tegata_error **error);

/// What `tegata_private_key_sign` makes; 0 for NULL.
tegata_signature_algorithm tegata_private_key_algorithm(const tegata_private_key *key);

/// The public half.
tegata_status tegata_private_key_public_key(const tegata_private_key *key,
                                            const tegata_public_key **public_key,
                                            tegata_error **error);

/// Signs `message`, which is hashed here, as X.509 carries it: the DER ECDSA-Sig-Value, the 64 octets of Ed25519, or
/// PKCS#1 v1.5.
tegata_status tegata_private_key_sign(const tegata_private_key *key,
                                      tegata_bytes message,
                                      const tegata_buffer **signature,
                                      tegata_error **error);

/// The key as PKCS#8 in DER, which everything reads.
tegata_status tegata_private_key_to_pkcs8_der(const tegata_private_key *key,
                                              const tegata_buffer **der,
                                              tegata_error **error);

/// The key as PKCS#8 in PEM (`PRIVATE KEY`).
tegata_status tegata_private_key_to_pkcs8_pem(const tegata_private_key *key,
                                              const tegata_string **pem,
                                              tegata_error **error);

/// A signer that signs with the key. The key may be freed before it.
tegata_status tegata_private_key_signer(const tegata_private_key *key,
                                        tegata_signer **signer,
                                        tegata_error **error);

/// Frees a private key; NULL is fine.
void tegata_private_key_free(tegata_private_key *key);

/// How many bits of entropy a secret has under a policy, rounded down; 0 when no secret meets it.
tegata_status tegata_psk_policy_entropy_bits(const tegata_psk_policy *policy,
                                             uint32_t *bits,
                                             tegata_error **error);

/// A secret that meets `policy` (NULL for the default), from the operating system's generator, erased when freed. A raw one comes
/// in lower-case hexadecimal.
///
/// Errors: `psk.policy_weak`, `psk.policy_impossible`; `internal.random_failed`.
tegata_status tegata_generate_password(const tegata_psk_policy *policy,
                                       const tegata_string **password,
                                       tegata_error **error);

/// Reads a `SubjectPublicKeyInfo` in DER.
tegata_status tegata_public_key_from_spki(tegata_bytes der,
                                          const tegata_public_key **key,
                                          tegata_error **error);

/// Checks that `signature` over `message` (hashed here) was made with the private half: `key.signature_mismatch` when
/// the algorithm is not one for this key, `key.signature_invalid` when it does not verify.
tegata_status tegata_public_key_verify(const tegata_public_key *key,
                                       tegata_signature_algorithm algorithm,
                                       tegata_bytes message,
                                       tegata_bytes signature,
                                       tegata_error **error);

/// Frees a public key that a call gave you; NULL is fine.
void tegata_public_key_free(const tegata_public_key *key);

/// The message that the key is to sign for `statement` about `content`.
tegata_status tegata_statement_message(tegata_statement statement,
                                       tegata_bytes content,
                                       const tegata_buffer **message,
                                       tegata_error **error);

/// Frees one that a function gave you; NULL is fine.
void tegata_wrapped_key_free(const tegata_wrapped_key *wrapped_key);

/// On the device: the key that was wrapped under its pre-shared key, erased when freed.
///
/// Errors: `key.unwrap_failed` when it was wrapped under another pre-shared key, for another device, key or version, or altered;
/// `psk.too_weak_to_wrap`.
tegata_status tegata_unwrap_key(const tegata_wrapped *wrapped,
                                tegata_bytes psk,
                                const tegata_buffer **key,
                                tegata_error **error);

/// The check value of a key, as text: it tells whether two have the same key and tells nothing of the key.
///
/// Errors: `key.size`; `key.check_method` when the algorithm has no such check value.
tegata_status tegata_check_value(tegata_symmetric_algorithm algorithm,
                                 tegata_bytes key,
                                 tegata_check_method method,
                                 const tegata_string **check_value,
                                 tegata_error **error);

#if defined(TEGATA_REGISTRY)
/// Opens the registry in `store`, or makes a new one in an empty store. `sealer` must be the one that the store was first
/// opened with, or hold that one's key, see `tegata_sealing_keys_new`. The registry keeps both alive: you may free yours.
///
/// Errors: `seal.wrong_key` when it is not; `authentication.proxy_misconfigured` with the reason; `store.schema` when a newer
/// version wrote the store; `store.not_a_database`, `store.corrupt` and other store errors.
tegata_status tegata_registry_open(const tegata_store *store,
                                   const tegata_sealer *sealer,
                                   const tegata_options *options,
                                   tegata_registry **registry,
                                   tegata_error **error);

/// Closes the registry: calls from now on get `store.closed`, on every thread. Calls under way finish. It is still to
/// be freed.
tegata_status tegata_registry_close(const tegata_registry *registry,
                                    tegata_error **error);

/// Frees a registry, which no thread may use any more; NULL is fine. An open one is closed.
void tegata_registry_free(tegata_registry *registry);

/// Frees one that a function gave you; NULL is fine.
void tegata_principal_free(const tegata_principal *principal);

/// Who presents this, if they are who they say and nothing keeps them out. Answers with the first reason that does.
///
/// Errors: those of the certificate, its authority, its device or product, and the proof; `authentication.failed` alike for an
/// unknown identity, a wrong secret and a deleted pre-shared key, `authentication.backed_off` after too many of them; for headers
/// `authentication.proxy_*`, `authentication.header_*`, `authentication.both_kinds`, `authentication.nothing_presented`.
tegata_status tegata_registry_authenticate(const tegata_registry *registry,
                                           const tegata_presented *presented,
                                           const tegata_principal **principal,
                                           tegata_error **error);

/// Makes a root: an authority that certifies itself.
///
/// Errors: `authority.name_taken`; `key.generation_unsupported` for RSA without the feature `aws-lc`; signer and store
/// errors.
tegata_status tegata_authorities_create_root(const tegata_registry *registry,
                                             const tegata_new_authority *new_authority,
                                             const tegata_call *call,
                                             const tegata_authority **authority,
                                             tegata_error **error);

/// Makes an authority that `parent` certifies.
///
/// Errors: Those of `tegata_authorities_create_root()`; `authority.validity_exceeds_issuer` and `authority.path_length`
/// when the parent's certificate does not allow it; the parent's state.
tegata_status tegata_authorities_create_intermediate(const tegata_registry *registry,
                                                     const char *parent,
                                                     const tegata_new_authority *new_authority,
                                                     const tegata_call *call,
                                                     const tegata_authority **authority,
                                                     tegata_error **error);

/// Takes over an authority that exists, with its key and the certificates above it.
///
/// Errors: `certificate.malformed`, `authority.not_ca` (version 1, no CA:TRUE, no keyCertSign, no cRLSign, no key
/// identifier), `authority.chain_invalid`, `authority.path_length`, `authority.signer_mismatch`,
/// `authority.name_taken`.
tegata_status tegata_authorities_import(const tegata_registry *registry,
                                        const tegata_import_authority *import,
                                        const tegata_call *call,
                                        const tegata_authority **authority,
                                        tegata_error **error);

/// Makes a key and a CSR for an authority that an outside CA is to certify; `tegata_authorities_install()` completes it.
/// The CSR is in the record's `request`.
///
/// Errors: Those of `tegata_authorities_create_root()`.
tegata_status tegata_authorities_request(const tegata_registry *registry,
                                         const tegata_new_authority *new_authority,
                                         const tegata_call *call,
                                         const tegata_authority **authority,
                                         tegata_error **error);

/// Installs what the outside CA issued for `request`: the certificate, and those above it as PEM.
///
/// Errors: `authority.already_installed`, `authority.signer_mismatch` when it is for another key, `authority.not_ca`,
/// `authority.chain_invalid`, `authority.path_length`.
tegata_status tegata_authorities_install(const tegata_registry *registry,
                                         const char *id,
                                         tegata_bytes certificate,
                                         tegata_bytes chain,
                                         const tegata_call *call,
                                         const tegata_authority **authority,
                                         tegata_error **error);

/// The authority with this identifier.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_authorities_get(const tegata_registry *registry,
                                     const char *id,
                                     const tegata_authority **authority,
                                     tegata_error **error);

/// The authorities that match, by name.
///
/// Errors: store errors.
tegata_status tegata_authorities_find(const tegata_registry *registry,
                                      const tegata_authority_filter *filter,
                                      const tegata_page *page,
                                      const tegata_authority_list **list,
                                      tegata_error **error);

/// The authority's certificate and those above it, in DER, its own first and the root last.
///
/// Errors: `input.unknown_id`; `authority.not_installed` while its certificate is awaited.
tegata_status tegata_authorities_chain(const tegata_registry *registry,
                                       const char *id,
                                       const tegata_bytes_list **chain,
                                       tegata_error **error);

/// Makes the next generation: a new key, a new certificate, a distinct subject. The old generation retires in the
/// same moment: it still revokes and signs CRLs, and what it issued stays valid. What referred to the old one
/// (products, renewals) is issued by the new one from now on.
///
/// Errors: When the authority is not the newest generation, or waits for its certificate; `input.invalid` for a subject
/// or a validity that cannot be; those of `tegata_authorities_create_intermediate()`.
tegata_status tegata_authorities_rebuild(const tegata_registry *registry,
                                         const char *id,
                                         const tegata_rebuild *rebuild,
                                         const tegata_call *call,
                                         const tegata_authority **authority,
                                         tegata_error **error);

/// Certifies the key and subject of `id` by `by` as well, so that those who trust only `by` (an older generation,
/// another hierarchy) can follow. Returns the cross-certificate in DER; it is kept with the authority.
///
/// Errors: The states of both; `authority.validity_exceeds_issuer` never: the cross-certificate ends with the earlier
/// one.
tegata_status tegata_authorities_cross_certify(const tegata_registry *registry,
                                               const char *id,
                                               const char *by,
                                               const tegata_call *call,
                                               const tegata_buffer **der,
                                               tegata_error **error);

/// Ends issuing: from now on the authority only revokes and signs CRLs.
///
/// Errors: `authority.retired` and the other states that do not allow it.
tegata_status tegata_authorities_retire(const tegata_registry *registry,
                                        const char *id,
                                        const tegata_call *call,
                                        const tegata_authority **authority,
                                        tegata_error **error);

/// Ends all trust in the authority: it signs nothing more, nothing that it or an authority below it issued
/// authenticates, and the next CRLs of its issuer and of those that certified it across list it. Those below it
/// issue again once they are rebuilt below another one; until then they only sign CRLs.
///
/// Errors: `authority.compromised` when that is known already.
tegata_status tegata_authorities_mark_compromised(const tegata_registry *registry,
                                                  const char *id,
                                                  const tegata_call *call,
                                                  const tegata_authority **authority,
                                                  tegata_error **error);

/// Makes a CRL of the authority anew: every certificate in its scope that is revoked, or on hold under a profile that
/// says so. Certificates whose grace period has ended are revoked (superseded) first.
///
/// Errors: `authority.compromised`, `authority.expired`, `authority.signer_missing`; `input.unknown_id` for a shard that
/// the authority never had; `certificate.crl_no_base` for a delta before there is a complete CRL, to one that a clock
/// made that was ahead, or of the list of all certificates when there are shards; signer and store errors.
tegata_status tegata_authorities_crl(const tegata_registry *registry,
                                     const char *id,
                                     const tegata_crl_options *options,
                                     const tegata_call *call,
                                     const tegata_crl_record **crl_record,
                                     tegata_error **error);

/// The newest CRL that was made.
///
/// Errors: `certificate.crl_stale` when it is past its nextUpdate, `input.unknown_id` when there is none yet.
tegata_status tegata_authorities_current_crl(const tegata_registry *registry,
                                             const char *id,
                                             const tegata_crl_options *options,
                                             const tegata_crl_record **crl_record,
                                             tegata_error **error);

/// Frees one that a function gave you; NULL is fine.
void tegata_campaign_preview_free(const tegata_campaign_preview *campaign_preview);

/// Frees one that a function gave you; NULL is fine.
void tegata_campaign_free(const tegata_campaign *campaign);

/// Frees a list and the records in it; NULL is fine.
void tegata_campaign_list_free(const tegata_campaign_list *list);

/// Frees one that a function gave you; NULL is fine.
void tegata_campaign_progress_free(const tegata_campaign_progress *campaign_progress);

/// How many credentials a selection selects now. A million of them take about a second.
///
/// Errors: `campaign.selection` with the reason; `input.unknown_id` for what does not exist.
tegata_status tegata_campaigns_preview(const tegata_registry *registry,
                                       const tegata_selection *selection,
                                       const tegata_campaign_preview **preview,
                                       tegata_error **error);

/// Starts a campaign: selects its members and releases nothing yet, which `tegata_campaigns_advance()` does. What is
/// issued from now on is not among them. A campaign that selects what another one asks for takes it over.
///
/// A million members take some seconds and 12 MB of memory.
///
/// Errors: `campaign.nothing_selected`, `campaign.selection`, `campaign.name_taken`, `input.unknown_id` for what is
/// named and does not exist, `input.invalid`.
tegata_status tegata_campaigns_start(const tegata_registry *registry,
                                     const tegata_new_campaign *new_campaign,
                                     const tegata_call *call,
                                     const tegata_campaign **campaign,
                                     tegata_error **error);

/// Releases the next wave of a campaign if its time has come, or the rest of one that was cut short; shuts out whoever
/// has not come within `revoke_after_days` of being asked; and ends the campaign when nobody is waited for. To be
/// called now and then, by one process or by several at once: each credential has its turn once. A campaign that is
/// finished stays as it is. The request ID of `call` is not used.
///
/// A wave is committed in portions. If the call is cut short, the next one goes on where it ended.
///
/// Errors: `campaign.paused`, `campaign.cancelled`; `input.unknown_id`; store errors, after which it can be called
/// again.
tegata_status tegata_campaigns_advance(const tegata_registry *registry,
                                       const char *id,
                                       const tegata_call *call,
                                       const tegata_campaign **campaign,
                                       tegata_error **error);

/// Stops a campaign for now, also in the middle of a wave. What had its turn stays due, but nobody is shut out while it
/// is stopped.
///
/// Errors: `campaign.not_running`, `campaign.finished`, `campaign.cancelled`.
tegata_status tegata_campaigns_pause(const tegata_registry *registry,
                                     const char *id,
                                     const tegata_call *call,
                                     const tegata_campaign **campaign,
                                     tegata_error **error);

/// Lets a campaign go on where it was stopped.
///
/// Errors: `campaign.not_paused`, `campaign.finished`, `campaign.cancelled`.
tegata_status tegata_campaigns_resume(const tegata_registry *registry,
                                      const char *id,
                                      const tegata_call *call,
                                      const tegata_campaign **campaign,
                                      tegata_error **error);

/// Gives a campaign up. What had its turn stays due or rotated; the others are left as they are.
///
/// Errors: `campaign.finished`, `campaign.cancelled`.
tegata_status tegata_campaigns_cancel(const tegata_registry *registry,
                                      const char *id,
                                      const tegata_call *call,
                                      const tegata_campaign **campaign,
                                      tegata_error **error);

/// The campaign with this identifier.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_campaigns_get(const tegata_registry *registry,
                                   const char *id,
                                   const tegata_campaign **campaign,
                                   tegata_error **error);

/// The campaigns that match, in the order in which they were started.
///
/// Errors: Store errors.
tegata_status tegata_campaigns_find(const tegata_registry *registry,
                                    const tegata_campaign_filter *filter,
                                    const tegata_page *page,
                                    const tegata_campaign_list **list,
                                    tegata_error **error);

/// How far a campaign has come.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_campaigns_progress(const tegata_registry *registry,
                                        const char *id,
                                        const tegata_campaign_progress **progress,
                                        tegata_error **error);

/// Who had a turn and has not come: certificates without a confirmed successor, pre-shared and symmetric keys that
/// still have the value that they had, or whose new value no device fetched.
///
/// Errors: `input.unknown_id`; `input.page_cursor` for a cursor of another list or campaign.
tegata_status tegata_campaigns_stragglers(const tegata_registry *registry,
                                          const char *id,
                                          const tegata_page *page,
                                          const tegata_due_item_list **list,
                                          tegata_error **error);

/// Renews a certificate: a new serial number and validity, from the newest generation of its authority, the same
/// subject and alternative names. The old one stays in force until `tegata_certificates_confirm()` says that the new one
/// is installed, or until the profile's grace period ends. Renewing again before that with the same key returns the
/// same certificate; with another key it replaces the one that was not confirmed. Renewals wait for no approval.
///
/// Errors: `certificate.renewal_of_expired` unless the holder showed another proof, `certificate.renewal_of_revoked`
/// and the other states that do not allow it; the device's state, such as `device.disabled`;
/// `certificate.renewal_subject` when the CSR asks for another subject (where the CSR's counts) or for further
/// alternative names; `input.invalid` for a product credential, which `tegata_products_renew_credential()` renews;
/// `csr.key_unchanged` when the profile wants a new key; `csr.` codes.
tegata_status tegata_certificates_renew(const tegata_registry *registry,
                                        const tegata_renew *renew,
                                        const tegata_call *call,
                                        const tegata_issued **issued,
                                        tegata_error **error);

/// Renews many certificates, with a result per item in their order.
///
/// Errors: `input.` codes for the call as a whole; each item has the errors of `tegata_certificates_renew()`.
tegata_status tegata_certificates_renew_many(const tegata_registry *registry,
                                             const tegata_renew *renewals,
                                             size_t len,
                                             const tegata_bulk *bulk,
                                             const tegata_call *call,
                                             const tegata_issued_results **results,
                                             tegata_error **error);

/// Renews a certificate with a new key that is made here, and handed out as by `tegata_certificates_issue_with_key()`.
///
/// Errors: Those of `tegata_certificates_renew()`; `profile.no_server_key` and `profile.server_key_algorithm`.
tegata_status tegata_certificates_renew_with_key(const tegata_registry *registry,
                                                 const tegata_renew_with_key *renew,
                                                 const tegata_call *call,
                                                 const tegata_issued_with_key **issued_with_key,
                                                 tegata_error **error);

/// Says that the renewal of a certificate is installed: the old one is retired at once (superseded; SOL-5). `id` is
/// the new certificate, or the first one of an entity whose first renewal it is; a certificate that is a renewal
/// itself always means itself. Saying so twice changes nothing.
///
/// Errors: `certificate.no_successor`; the new certificate's state, unless it is in force or not yet valid.
tegata_status tegata_certificates_confirm(const tegata_registry *registry,
                                          const char *id,
                                          const tegata_call *call,
                                          const tegata_certificate_record **certificate_record,
                                          tegata_error **error);

/// Hands out the private key of a certificate, once: it is erased as soon as `tegata_certificates_confirm_key()` says
/// that it arrived. Until then, only a call with the same request ID gets it again.
///
/// Errors: `delivery.collecting`, `delivery.collected`, `delivery.lapsed`; `delivery.none` when the key was made
/// elsewhere;
/// the certificate's state, unless it is in force or not yet valid.
tegata_status tegata_certificates_collect_key(const tegata_registry *registry,
                                              const char *id,
                                              const tegata_call *call,
                                              const tegata_issued_with_key **issued_with_key,
                                              tegata_error **error);

/// Says that a private key arrived; it is erased here and can never be read again.
///
/// Errors: `delivery.not_collecting` when it was not handed out, `delivery.collected`, `delivery.lapsed`,
/// `delivery.none`.
tegata_status tegata_certificates_confirm_key(const tegata_registry *registry,
                                              const char *id,
                                              const tegata_call *call,
                                              tegata_error **error);

/// Erases the private keys that were not collected or confirmed in time, and says how many there were. They are not
/// handed out after that moment anyway. The request ID of `call` is not used.
///
/// Errors: store errors.
tegata_status tegata_certificates_erase_uncollected(const tegata_registry *registry,
                                                    const tegata_call *call,
                                                    uint64_t *count,
                                                    tegata_error **error);

/// Puts a certificate out of force for now, at once. If its profile says so, CRLs list it as on hold.
///
/// Errors: The state that does not allow it: `certificate.suspended`, `certificate.revoked`, `certificate.expired` ...
tegata_status tegata_certificates_suspend(const tegata_registry *registry,
                                          const char *id,
                                          const tegata_call *call,
                                          const tegata_certificate_record **certificate_record,
                                          tegata_error **error);

/// `tegata_certificates_suspend()` for many, with a result per item.
///
/// Errors: `input.` codes for the call as a whole.
tegata_status tegata_certificates_suspend_many(const tegata_registry *registry,
                                               const char *const *ids,
                                               size_t len,
                                               const tegata_bulk *bulk,
                                               const tegata_call *call,
                                               const tegata_certificate_record_results **results,
                                               tegata_error **error);

/// Puts a suspended certificate in force again. A revocation is never undone, and expiry ends a suspension.
///
/// Errors: `certificate.not_suspended`, `certificate.revoked`, `certificate.expired` ...; `device.disabled` while the
/// device
/// that alone has it is disabled, or one of several when a device's disabling suspended it.
tegata_status tegata_certificates_resume(const tegata_registry *registry,
                                         const char *id,
                                         const tegata_call *call,
                                         const tegata_certificate_record **certificate_record,
                                         tegata_error **error);

/// `tegata_certificates_resume()` for many, with a result per item.
///
/// Errors: `input.` codes for the call as a whole.
tegata_status tegata_certificates_resume_many(const tegata_registry *registry,
                                              const char *const *ids,
                                              size_t len,
                                              const tegata_bulk *bulk,
                                              const tegata_call *call,
                                              const tegata_certificate_record_results **results,
                                              tegata_error **error);

/// Puts a certificate out of force for good. The authority's next CRL lists it with this reason. With
/// `keyCompromise`, its key is never certified again; that can also be said of one that was revoked for another reason.
///
/// Errors: `certificate.already_revoked`, `certificate.pending`, `certificate.denied`; `input.invalid` for the reasons
/// certificateHold and removeFromCRL.
tegata_status tegata_certificates_revoke(const tegata_registry *registry,
                                         const char *id,
                                         tegata_revocation_reason reason,
                                         const tegata_call *call,
                                         const tegata_certificate_record **certificate_record,
                                         tegata_error **error);

/// `tegata_certificates_revoke()` for many, with a result per item.
///
/// Errors: `input.` codes for the call as a whole.
tegata_status tegata_certificates_revoke_many(const tegata_registry *registry,
                                              const char *const *ids,
                                              size_t len,
                                              tegata_revocation_reason reason,
                                              const tegata_bulk *bulk,
                                              const tegata_call *call,
                                              const tegata_certificate_record_results **results,
                                              tegata_error **error);

/// Deletes a certificate, which cannot be undone: it is revoked first (cessationOfOperation), unless it
/// has expired or is revoked already; a key that was not collected is erased; devices lose it. Its record stays,
/// but is listed only on request. A pending request is denied first.
///
/// Errors: `certificate.deleted`; `input.unknown_id`.
tegata_status tegata_certificates_delete(const tegata_registry *registry,
                                         const char *id,
                                         const tegata_call *call,
                                         const tegata_certificate_record **certificate_record,
                                         tegata_error **error);

/// `tegata_certificates_delete()` for many, with a result per item.
///
/// Errors: `input.` codes for the call as a whole.
tegata_status tegata_certificates_delete_many(const tegata_registry *registry,
                                              const char *const *ids,
                                              size_t len,
                                              const tegata_bulk *bulk,
                                              const tegata_call *call,
                                              const tegata_certificate_record_results **results,
                                              tegata_error **error);

/// Revokes (superseded) the certificates that were renewed and whose grace period has ended, and says how many there
/// were. They count for nothing since that moment anyway; this brings them onto the CRL, and `tegata_authorities_crl()`
/// does it by itself. The request ID of `call` is not used.
///
/// Errors: store errors.
tegata_status tegata_certificates_retire_superseded(const tegata_registry *registry,
                                                    const tegata_call *call,
                                                    uint64_t *count,
                                                    tegata_error **error);

/// Issues a certificate for a CSR, by the same procedure with and without a device. With a device, it gets
/// the device's subject and is attached to it.
///
/// Errors: A `csr.` code that names what is wrong with the CSR; `profile.approval_needed`, and then
/// `request` is the way; the device's state (`device.disabled` ...); the authority's state.
tegata_status tegata_certificates_issue(const tegata_registry *registry,
                                        const tegata_issue *issue,
                                        const tegata_call *call,
                                        const tegata_issued **issued,
                                        tegata_error **error);

/// Issues many certificates, with a result per item in their order.
///
/// Errors: `input.` codes for the call as a whole; each item has the errors of `tegata_certificates_issue()`.
tegata_status tegata_certificates_issue_many(const tegata_registry *registry,
                                             const tegata_issue *issues,
                                             size_t len,
                                             const tegata_bulk *bulk,
                                             const tegata_call *call,
                                             const tegata_issued_results **results,
                                             tegata_error **error);

/// Makes a key and issues a certificate for it.
///
/// Errors: `profile.no_server_key` and `profile.server_key_algorithm`; otherwise those of `tegata_certificates_issue()`.
/// `delivery.collected` when a repeated request comes after the key was confirmed.
tegata_status tegata_certificates_issue_with_key(const tegata_registry *registry,
                                                 const tegata_issue_with_key *issue,
                                                 const tegata_call *call,
                                                 const tegata_issued_with_key **issued_with_key,
                                                 tegata_error **error);

/// Hands in a request, to be approved or denied. It works under any profile and is checked at once as if it were
/// issued now.
///
/// Errors: Those of `tegata_certificates_issue()`, but for `profile.approval_needed`.
tegata_status tegata_certificates_request(const tegata_registry *registry,
                                          const tegata_issue *issue,
                                          const tegata_call *call,
                                          const tegata_certificate_record **certificate_record,
                                          tegata_error **error);

/// Approves a request: the certificate is issued, valid from now.
///
/// Errors: `certificate.not_pending`; otherwise those of `tegata_certificates_issue()`, as things are now.
tegata_status tegata_certificates_approve(const tegata_registry *registry,
                                          const char *id,
                                          const tegata_call *call,
                                          const tegata_issued **issued,
                                          tegata_error **error);

/// Denies a request, for good.
///
/// Errors: `certificate.not_pending`; `input.unknown_id`.
tegata_status tegata_certificates_deny(const tegata_registry *registry,
                                       const char *id,
                                       const tegata_call *call,
                                       const tegata_certificate_record **certificate_record,
                                       tegata_error **error);

/// The record of a certificate, whatever its state.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_certificates_get(const tegata_registry *registry,
                                      const char *id,
                                      const tegata_certificate_record **certificate_record,
                                      tegata_error **error);

/// The record of the certificate with this serial number (its octets) that `authority` issued. The serial number
/// leads straight to the record; nothing is searched.
///
/// Errors: `certificate.unknown`; `input.unknown_id` for an unknown authority.
tegata_status tegata_certificates_by_serial(const tegata_registry *registry,
                                            const char *authority,
                                            tegata_bytes serial,
                                            const tegata_certificate_record **certificate_record,
                                            tegata_error **error);

/// The certificate with its record and the certificates above it.
///
/// Errors: `certificate.pending` or `certificate.denied` when it was not issued; `input.unknown_id`.
tegata_status tegata_certificates_issued(const tegata_registry *registry,
                                         const char *id,
                                         const tegata_issued **issued,
                                         tegata_error **error);

/// The certificate in DER.
///
/// Errors: Those of `tegata_certificates_issued()`.
tegata_status tegata_certificates_der(const tegata_registry *registry,
                                      const char *id,
                                      const tegata_buffer **der,
                                      tegata_error **error);

/// The certificate in PEM.
///
/// Errors: Those of `tegata_certificates_issued()`.
tegata_status tegata_certificates_pem(const tegata_registry *registry,
                                      const char *id,
                                      const tegata_string **pem,
                                      tegata_error **error);

/// The certificates above it in DER: its issuer first, the root last.
///
/// Errors: Those of `tegata_certificates_issued()`.
tegata_status tegata_certificates_chain(const tegata_registry *registry,
                                        const char *id,
                                        const tegata_bytes_list **chain,
                                        tegata_error **error);

/// The certificates that match, in the order of their numbers: that in which they were requested or issued.
///
/// Errors: `input.invalid` for a serial number that is not hexadecimal, `input.page_cursor`, `store.invalid_query` when
/// part of a name is searched in its middle.
tegata_status tegata_certificates_find(const tegata_registry *registry,
                                       const tegata_certificate_filter *filter,
                                       const tegata_page *page,
                                       const tegata_certificate_record_list **list,
                                       tegata_error **error);

/// Attaches a certificate to a device, which can then present it as well.
///
/// Errors: `certificate.already_attached`; the certificate's state, unless it is in force, suspended or not yet valid;
/// `device.deleted`; `input.invalid` for a product credential.
tegata_status tegata_certificates_attach(const tegata_registry *registry,
                                         const char *id,
                                         const char *device,
                                         const tegata_call *call,
                                         const tegata_assignment **assignment,
                                         tegata_error **error);

/// Detaches a certificate from a device. The certificate itself stays as it is.
///
/// Errors: `certificate.not_attached`; `input.unknown_id`.
tegata_status tegata_certificates_detach(const tegata_registry *registry,
                                         const char *id,
                                         const char *device,
                                         const tegata_call *call,
                                         tegata_error **error);

/// The devices that a certificate is attached to, and since when, the earliest first.
///
/// Errors: `input.unknown_id`; store errors.
tegata_status tegata_certificates_attachments(const tegata_registry *registry,
                                              const char *id,
                                              const tegata_page *page,
                                              const tegata_assignment_list **list,
                                              tegata_error **error);

/// Frees one that a function gave you; NULL is fine.
void tegata_client_free(const tegata_client *client);

/// Frees a list and the records in it; NULL is fine.
void tegata_client_list_free(const tegata_client_list *list);

/// Frees one that a function gave you; NULL is fine. The secrets are erased first.
void tegata_registered_client_free(const tegata_registered_client *registered_client);

/// Registers a client and makes its licence key and password, 128 random bits each as 26 letters and digits. They are
/// handed out this once.
///
/// Errors: `client.name_taken`, `input.invalid`; `client.handed_out` when the request ID repeats an earlier one.
tegata_status tegata_clients_register(const tegata_registry *registry,
                                      const tegata_new_client *new_client,
                                      const tegata_call *call,
                                      const tegata_registered_client **registered_client,
                                      tegata_error **error);

/// Step one of letting a client in: whose licence key this is. It says nothing about the password; step two is
/// `tegata_registry_authenticate()` with `TEGATA_PRESENTED_TYPE_CLIENT`, which looks at the licence key again.
///
/// Errors: `authentication.licence` when it is nobody's; `client.suspended`.
tegata_status tegata_clients_check_licence(const tegata_registry *registry,
                                           const char *licence,
                                           const tegata_string **id,
                                           tegata_error **error);

/// The client with this identifier.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_clients_get(const tegata_registry *registry,
                                 const char *id,
                                 const tegata_client **client,
                                 tegata_error **error);

/// The clients that match; by name if the filter has one, else in the order of their registration.
///
/// Errors: Store errors.
tegata_status tegata_clients_find(const tegata_registry *registry,
                                  const tegata_client_filter *filter,
                                  const tegata_page *page,
                                  const tegata_client_list **list,
                                  tegata_error **error);

/// Gives the client a new password, which is handed out this once; the old one no longer counts, and failures that were
/// counted are forgotten.
///
/// Errors: `client.deleted`; `client.handed_out` when the request ID repeats an earlier one.
tegata_status tegata_clients_rotate_password(const tegata_registry *registry,
                                             const char *id,
                                             const tegata_call *call,
                                             const tegata_string **password,
                                             tegata_error **error);

/// Gives the client a new licence key, which is handed out this once; the old one no longer counts.
///
/// Errors: `client.deleted`; `client.handed_out` when the request ID repeats an earlier one.
tegata_status tegata_clients_rotate_licence(const tegata_registry *registry,
                                            const char *id,
                                            const tegata_call *call,
                                            const tegata_string **licence,
                                            tegata_error **error);

/// Lets the client in no more until it is resumed.
///
/// Errors: `client.already_suspended`, `client.deleted`.
tegata_status tegata_clients_suspend(const tegata_registry *registry,
                                     const char *id,
                                     const tegata_call *call,
                                     const tegata_client **client,
                                     tegata_error **error);

/// Lets a suspended client in again.
///
/// Errors: `client.not_suspended`, `client.deleted`.
tegata_status tegata_clients_resume(const tegata_registry *registry,
                                    const char *id,
                                    const tegata_call *call,
                                    const tegata_client **client,
                                    tegata_error **error);

/// Deletes the client for good: licence key and password are erased, and its name is free again. Its record stays.
///
/// Errors: `client.deleted`.
tegata_status tegata_clients_delete(const tegata_registry *registry,
                                    const char *id,
                                    const tegata_call *call,
                                    const tegata_client **client,
                                    tegata_error **error);

/// A clock that shows `time` and stands still until it is told otherwise, for tests and simulations.
tegata_status tegata_fixed_clock_at(int64_t time,
                                    tegata_clock **clock,
                                    tegata_error **error);

/// Moves a fixed clock to `time`, forwards or backwards, for every registry that uses it.
tegata_status tegata_fixed_clock_set(const tegata_clock *clock,
                                     int64_t time,
                                     tegata_error **error);

/// Moves a fixed clock by `seconds`.
tegata_status tegata_fixed_clock_advance(const tegata_clock *clock,
                                         int64_t seconds,
                                         tegata_error **error);

/// What a clock shows.
tegata_status tegata_fixed_clock_now(const tegata_clock *clock,
                                     int64_t *time,
                                     tegata_error **error);

/// Makes a clock from the host's callbacks.
tegata_status tegata_host_clock_new(const tegata_clock_callbacks *callbacks,
                                    tegata_clock **clock,
                                    tegata_error **error);

/// Frees a clock; NULL is fine. Registries that use it go on.
void tegata_clock_free(tegata_clock *clock);

/// Makes a source of random bytes from the host's callbacks.
tegata_status tegata_host_random_new(const tegata_random_callbacks *callbacks,
                                     tegata_random **random,
                                     tegata_error **error);

/// Frees a source of random bytes; NULL is fine. Registries that use it go on.
void tegata_random_free(tegata_random *random);

/// Frees one that a function gave you; NULL is fine.
void tegata_crl_state_free(const tegata_crl_state *crl_state);

/// Frees a list and the records in it; NULL is fine.
void tegata_crl_state_list_free(const tegata_crl_state_list *list);

/// Frees results and what is in them; NULL is fine.
void tegata_crl_state_results_free(const tegata_crl_state_results *results);

/// Says how the authority's CRLs are made. Its addresses stand in the certificates issued from now on, each
/// of which belongs to one shard for good; other addresses or another number of shards open new shards, while
/// the old ones are kept up for their certificates. All that is new is due at once. The list of all
/// certificates, shard 0, is the one of certificates from before there were shards; beside shards it is kept
/// up once it was made. A rebuilt authority begins with its predecessor's policy.
///
/// Errors: `input.invalid`, naming the field; `authority.compromised`; store errors.
tegata_status tegata_authorities_set_crl_policy(const tegata_registry *registry,
                                                const char *id,
                                                const tegata_crl_policy *policy,
                                                const tegata_call *call,
                                                const tegata_authority **authority,
                                                tegata_error **error);

/// How the CRLs stand that the authority keeps up, by shard, each complete one before its delta.
///
/// Errors: `input.unknown_id`; store errors.
tegata_status tegata_authorities_crls(const tegata_registry *registry,
                                      const char *id,
                                      const tegata_crl_state_list **list,
                                      tegata_error **error);

/// Makes every CRL that is due until a moment (`tegata_registry_due()` lists them), each with the times of its
/// authority's policy, and answers how each stands then; those of an authority that cannot sign now carry the reason.
/// To be called regularly: with the present moment, or a later one to be ahead. The request ID of `call` is not used.
///
/// Errors: store errors that keep it from finding out what is due.
tegata_status tegata_authorities_refresh_crls(const tegata_registry *registry,
                                              int64_t until,
                                              const tegata_call *call,
                                              const tegata_crl_state_results **results,
                                              tegata_error **error);

/// Registers a device: it is valid from now on and gets its ID; its credentials follow.
///
/// Errors: `device.name_taken`, `device.unit_taken`, `input.invalid`, `input.unknown_id` for the product or group.
tegata_status tegata_devices_register(const tegata_registry *registry,
                                      const tegata_new_device *new_device,
                                      const tegata_call *call,
                                      const tegata_device **device,
                                      tegata_error **error);

/// Registers many devices, with a result per item in their order.
///
/// Errors: `input.invalid` for the call itself; store errors when everything or nothing was asked for.
tegata_status tegata_devices_register_many(const tegata_registry *registry,
                                           const tegata_new_device *new_devices,
                                           size_t len,
                                           const tegata_bulk *bulk,
                                           const tegata_call *call,
                                           const tegata_device_results **results,
                                           tegata_error **error);

/// Notes a device that was seen somewhere. It is admitted when it enrolls or is enabled.
///
/// Errors: Those of `tegata_devices_register()`.
tegata_status tegata_devices_discover(const tegata_registry *registry,
                                      const tegata_new_device *new_device,
                                      const tegata_call *call,
                                      const tegata_device **device,
                                      tegata_error **error);

/// Notes many devices, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
tegata_status tegata_devices_discover_many(const tegata_registry *registry,
                                           const tegata_new_device *new_devices,
                                           size_t len,
                                           const tegata_bulk *bulk,
                                           const tegata_call *call,
                                           const tegata_device_results **results,
                                           tegata_error **error);

/// Enrolls a unit: checks its product credential and the product's policy, registers the device and issues its
/// certificate, in one commit.
///
/// Errors: Why the request was not accepted: `csr.*`; `certificate.proof_invalid`; `product.credential_*`,
/// `product.suspended`, `product.discontinued`,
/// `product.window_*`, `product.quota_exhausted`, `product.unit_*`, `product.claim_code_*`; `csr.key_bound` for a
/// key of another device; `device.quarantined` for a known unit with another key; `device.disabled`.
tegata_status tegata_devices_enroll(const tegata_registry *registry,
                                    const tegata_enroll *request,
                                    const tegata_call *call,
                                    const tegata_enrolled **enrolled,
                                    tegata_error **error);

/// Enrolls many units, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
tegata_status tegata_devices_enroll_many(const tegata_registry *registry,
                                         const tegata_enroll *requests,
                                         size_t len,
                                         const tegata_bulk *bulk,
                                         const tegata_call *call,
                                         const tegata_enrolled_results **results,
                                         tegata_error **error);

/// The device with this identifier.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_devices_get(const tegata_registry *registry,
                                 const char *id,
                                 const tegata_device **device,
                                 tegata_error **error);

/// The devices that match: by name when a name is asked for, else in the order in which they became known.
///
/// Errors: store errors.
tegata_status tegata_devices_find(const tegata_registry *registry,
                                  const tegata_device_filter *filter,
                                  const tegata_page *page,
                                  const tegata_device_list **list,
                                  tegata_error **error);

/// How many devices match.
///
/// Errors: store errors.
tegata_status tegata_devices_count(const tegata_registry *registry,
                                   const tegata_device_filter *filter,
                                   uint64_t *count,
                                   tegata_error **error);

/// Changes a device's information.
///
/// Errors: `device.name_taken`, `device.deleted`, `input.invalid`.
tegata_status tegata_devices_update(const tegata_registry *registry,
                                    const char *id,
                                    const tegata_device_change *change,
                                    const tegata_call *call,
                                    const tegata_device **device,
                                    tegata_error **error);

/// Changes many devices' information, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
tegata_status tegata_devices_update_many(const tegata_registry *registry,
                                         const char *const *ids,
                                         const tegata_device_change *changes,
                                         size_t len,
                                         const tegata_bulk *bulk,
                                         const tegata_call *call,
                                         const tegata_device_results **results,
                                         tegata_error **error);

/// Moves a device into a group, or out of its group. Its certificates' due dates follow the group's interval.
///
/// Errors: `device.deleted`, `input.unknown_id`.
tegata_status tegata_devices_set_group(const tegata_registry *registry,
                                       const char *id,
                                       const char *group,
                                       const tegata_call *call,
                                       const tegata_device **device,
                                       tegata_error **error);

/// Moves many devices into a group, or out of theirs, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
tegata_status tegata_devices_set_group_many(const tegata_registry *registry,
                                            const char *const *ids,
                                            size_t len,
                                            const char *group,
                                            const tegata_bulk *bulk,
                                            const tegata_call *call,
                                            const tegata_device_results **results,
                                            tegata_error **error);

/// Shuts a device out at once: none of its credentials counts. Under a profile that says so, certificates
/// that it alone holds go on hold in the CRL too.
///
/// Errors: `device.already_disabled`, `device.quarantined`, `device.deleted`, `device.not_enrolled`.
tegata_status tegata_devices_disable(const tegata_registry *registry,
                                     const char *id,
                                     const tegata_call *call,
                                     const tegata_device **device,
                                     tegata_error **error);

/// Shuts many devices out, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
tegata_status tegata_devices_disable_many(const tegata_registry *registry,
                                          const char *const *ids,
                                          size_t len,
                                          const tegata_bulk *bulk,
                                          const tegata_call *call,
                                          const tegata_device_results **results,
                                          tegata_error **error);

/// Lets a disabled device in again, or admits a discovered one. Only the holds that its disabling set are lifted;
/// a revocation is never undone.
///
/// Errors: `device.already_enabled`, `device.quarantined`, `device.deleted`.
tegata_status tegata_devices_enable(const tegata_registry *registry,
                                    const char *id,
                                    const tegata_call *call,
                                    const tegata_device **device,
                                    tegata_error **error);

/// Lets many devices in, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
tegata_status tegata_devices_enable_many(const tegata_registry *registry,
                                         const char *const *ids,
                                         size_t len,
                                         const tegata_bulk *bulk,
                                         const tegata_call *call,
                                         const tegata_device_results **results,
                                         tegata_error **error);

/// Deletes a device for good: certificates that it alone holds are revoked (cessationOfOperation), its name
/// and unit are free again, its ID is never used again. Its record stays, as a tombstone.
///
/// Errors: `device.deleted`.
tegata_status tegata_devices_delete(const tegata_registry *registry,
                                    const char *id,
                                    const tegata_call *call,
                                    const tegata_device **device,
                                    tegata_error **error);

/// Deletes many devices, with a result per item in their order.
///
/// Errors: Those of `tegata_devices_register_many()`.
tegata_status tegata_devices_delete_many(const tegata_registry *registry,
                                         const char *const *ids,
                                         size_t len,
                                         const tegata_bulk *bulk,
                                         const tegata_call *call,
                                         const tegata_device_results **results,
                                         tegata_error **error);

/// Ends a quarantine after somebody looked at the unit.
///
/// Errors: `device.not_quarantined`, `device.deleted`.
tegata_status tegata_devices_release_quarantine(const tegata_registry *registry,
                                                const char *id,
                                                tegata_release release,
                                                const tegata_call *call,
                                                const tegata_device **device,
                                                tegata_error **error);

/// Frees a list and the records in it; NULL is fine.
void tegata_due_item_list_free(const tegata_due_item_list *list);

/// What should be renewed until a moment, the most urgent first: by its own lifetime or its group's interval, whichever
/// comes first, or because a campaign asks for it. Due dates are spread so that a fleet does not come back at once.
/// What is suspended, revoked or destroyed is not due.
///
/// Errors: `input.page_cursor` for a cursor of another list, such as one of other kinds; store errors.
tegata_status tegata_registry_due(const tegata_registry *registry,
                                  const tegata_due *due,
                                  const tegata_page *page,
                                  const tegata_due_item_list **list,
                                  tegata_error **error);

/// The roots that those who check this registry's certificates should trust: all generations that are neither
/// compromised nor expired, so that a rebuild can be rolled out while the old generation still counts.
///
/// Errors: store errors.
tegata_status tegata_registry_trust_bundle(const tegata_registry *registry,
                                           const tegata_trust_bundle **trust_bundle,
                                           tegata_error **error);

/// Frees one that a function gave you; NULL is fine.
void tegata_counts_free(const tegata_counts *counts);

/// Numbers for a dashboard.
///
/// Errors: store errors.
tegata_status tegata_registry_counts(const tegata_registry *registry,
                                     const tegata_counts **counts,
                                     tegata_error **error);

/// Frees one that a function gave you; NULL is fine.
void tegata_event_free(const tegata_event *event);

/// Frees a list and the records in it; NULL is fine.
void tegata_event_list_free(const tegata_event_list *list);

/// The events that match, in the order in which they were recorded.
///
/// Errors: store errors.
tegata_status tegata_events_find(const tegata_registry *registry,
                                 const tegata_event_filter *filter,
                                 const tegata_page *page,
                                 const tegata_event_list **list,
                                 tegata_error **error);

/// The usual names for files in this encoding.
tegata_status tegata_file_names_usual(tegata_encoding encoding,
                                      const tegata_file_names **names,
                                      tegata_error **error);

/// Frees what a function gave you; NULL is fine.
void tegata_file_names_free(const tegata_file_names *names);

/// Frees files that a function gave you; NULL is fine. Private keys in them are erased first.
void tegata_packed_file_list_free(const tegata_packed_file_list *list);

/// A certificate as files.
///
/// Errors: `certificate.pending` or `certificate.denied` when it was not issued; `key.` codes and `key.inconsistent`
/// when the
/// key is not the certificate's; `certificate.password_not_ascii`; `input.invalid` for an empty password or a file name
/// that cannot be one.
tegata_status tegata_certificates_export(const tegata_registry *registry,
                                         const char *id,
                                         const tegata_export_format *format,
                                         const tegata_packed_file_list **list,
                                         tegata_error **error);

/// Frees counts that a function gave you; NULL is fine.
void tegata_certificate_count_list_free(const tegata_certificate_count_list *list);

/// How many of the certificates that match have what in common.
///
/// Errors: store errors.
tegata_status tegata_certificates_count(const tegata_registry *registry,
                                        const tegata_certificate_filter *filter,
                                        tegata_certificate_grouping by,
                                        const tegata_certificate_count_list **list,
                                        tegata_error **error);

/// Frees one that a function gave you; NULL is fine.
void tegata_group_free(const tegata_group *group);

/// Frees a list and the records in it; NULL is fine.
void tegata_group_list_free(const tegata_group_list *list);

/// Makes a group called `name` with the intervals in `settings`.
///
/// Errors: `group.name_taken`, `input.invalid`.
tegata_status tegata_groups_create(const tegata_registry *registry,
                                   const char *name,
                                   const tegata_group_change *settings,
                                   const tegata_call *call,
                                   const tegata_group **group,
                                   tegata_error **error);

/// The group with this identifier.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_groups_get(const tegata_registry *registry,
                                const char *id,
                                const tegata_group **group,
                                tegata_error **error);

/// The groups whose name matches, by name; all of them without `name`.
///
/// Errors: store errors.
tegata_status tegata_groups_find(const tegata_registry *registry,
                                 const tegata_text *name,
                                 const tegata_page *page,
                                 const tegata_group_list **list,
                                 tegata_error **error);

/// Changes a group. With a new certificate interval, the members' certificates get their new due dates in the same
/// commit, which takes about a second per 20,000 members.
///
/// Errors: `group.name_taken`, `input.invalid`.
tegata_status tegata_groups_update(const tegata_registry *registry,
                                   const char *id,
                                   const tegata_group_change *change,
                                   const tegata_call *call,
                                   const tegata_group **group,
                                   tegata_error **error);

/// Deletes an empty group.
///
/// Errors: `group.not_empty` while devices (deleted ones apart) belong to it.
tegata_status tegata_groups_delete(const tegata_registry *registry,
                                   const char *id,
                                   const tegata_call *call,
                                   tegata_error **error);

/// Adds a row to an answer, with one value per column of its table. Everything is copied. Only inside the callback.
void tegata_rows_add(tegata_rows *rows,
                     uint64_t key,
                     uint64_t version,
                     const tegata_value *values,
                     size_t values_len);

/// Answers that a row which was asked for by its key does not exist. Only inside the callback.
void tegata_rows_add_missing(tegata_rows *rows);

/// Answers that more rows match than this page holds, the last of which has this key and, in the column of the order,
/// this
/// value (null when ordered by key). Only inside the callback.
void tegata_rows_next(tegata_rows *rows,
                      const tegata_value *last_value,
                      uint64_t last_key);

/// Answers how many rows match in all. Only inside the callback.
void tegata_rows_total(tegata_rows *rows, uint64_t total);

/// Adds how many rows have a value; in the order of the values. Only inside the callback.
void tegata_tallies_add(tegata_tallies *tallies, const tegata_value *counted, uint64_t count);

/// Makes a store from the host's callbacks, all of which are required.
tegata_status tegata_host_store_new(const tegata_store_callbacks *callbacks,
                                    tegata_store **store,
                                    tegata_error **error);

/// Frees one that a function gave you; NULL is fine. The key is erased first.
void tegata_issued_with_key_free(const tegata_issued_with_key *issued_with_key);

/// The kind of key.
///
/// Errors: none for what the library gave.
tegata_status tegata_issued_with_key_algorithm(const tegata_issued_with_key *issued_with_key,
                                               tegata_key_algorithm *algorithm,
                                               tegata_error **error);

/// The private key in PEM, erased when freed; writes NULL while it waits to be collected.
tegata_status tegata_issued_with_key_key_pem(const tegata_issued_with_key *issued_with_key,
                                             const tegata_string **pem,
                                             tegata_error **error);

/// The certificate in PEM.
tegata_status tegata_issued_pem(const tegata_issued *issued,
                                const tegata_string **pem,
                                tegata_error **error);

/// The certificate and the intermediates above it in PEM, without the root: what a TLS endpoint sends (RFC 8446,
/// 4.4.2).
tegata_status tegata_issued_fullchain_pem(const tegata_issued *issued,
                                          const tegata_string **pem,
                                          tegata_error **error);

/// The root in DER, which those who check the certificate must trust; writes NULL when the library does not have it.
tegata_status tegata_issued_root(const tegata_issued *issued,
                                 const tegata_buffer **root,
                                 tegata_error **error);

/// The serial number in upper-case hexadecimal.
tegata_status tegata_issued_serial(const tegata_issued *issued,
                                   const tegata_string **serial,
                                   tegata_error **error);

/// How a certificate stands at `now`: its state and the clock together.
tegata_status tegata_certificate_record_standing(const tegata_certificate_record *certificate_record,
                                                 int64_t now,
                                                 tegata_standing *standing,
                                                 tegata_error **error);

/// An authority's certificate in PEM; empty while it is awaited.
tegata_status tegata_authority_pem(const tegata_authority *authority,
                                   const tegata_string **pem,
                                   tegata_error **error);

/// All roots in PEM.
tegata_status tegata_trust_bundle_pem(const tegata_trust_bundle *trust_bundle,
                                      const tegata_string **pem,
                                      tegata_error **error);

/// A CRL in PEM.
tegata_status tegata_crl_record_pem(const tegata_crl_record *crl_record,
                                    const tegata_string **pem,
                                    tegata_error **error);

/// Gives a key its next version. The version before is kept for the grace period, if there is one; whatever was kept
/// from an earlier rotation is destroyed. A compromised key is in use again with its new version, and its old values
/// are destroyed at once, whatever the grace period.
///
/// Errors: `key.suspended`, `key.destroyed`; `key.size`, `key.grace`; the state of the device that owns it
/// (`device.disabled` ...); `input.invalid` for the value that it has already; `input.unknown_id`.
tegata_status tegata_keys_rotate(const tegata_registry *registry,
                                 const char *id,
                                 const tegata_rotate_key *rotate,
                                 const tegata_call *call,
                                 const tegata_symmetric_key **key,
                                 tegata_error **error);

/// Gives many keys their next versions, with a result per item in their order.
///
/// Errors: `input.invalid` when `rotate` brings a value, since keys do not share one, and for the call itself; store
/// errors when everything or nothing was asked for.
tegata_status tegata_keys_rotate_many(const tegata_registry *registry,
                                      const char *const *ids,
                                      size_t len,
                                      const tegata_rotate_key *rotate,
                                      const tegata_bulk *bulk,
                                      const tegata_call *call,
                                      const tegata_symmetric_key_results **results,
                                      tegata_error **error);

/// Takes a key out of use for now: it is neither read, delivered nor rotated, and `tegata_keys_verify()` says no.
///
/// Errors: `key.already_suspended`, `key.compromised`, `key.destroyed`; `input.unknown_id`.
tegata_status tegata_keys_suspend(const tegata_registry *registry,
                                  const char *id,
                                  const tegata_call *call,
                                  const tegata_symmetric_key **key,
                                  tegata_error **error);

/// Takes many keys out of use, with a result per item in their order.
///
/// Errors: `input.invalid` for the call itself; store errors when everything or nothing was asked for.
tegata_status tegata_keys_suspend_many(const tegata_registry *registry,
                                       const char *const *ids,
                                       size_t len,
                                       const tegata_bulk *bulk,
                                       const tegata_call *call,
                                       const tegata_symmetric_key_results **results,
                                       tegata_error **error);

/// Puts a suspended key in use again.
///
/// Errors: `key.not_suspended`, `key.compromised`, `key.destroyed`; `input.unknown_id`.
tegata_status tegata_keys_resume(const tegata_registry *registry,
                                 const char *id,
                                 const tegata_call *call,
                                 const tegata_symmetric_key **key,
                                 tegata_error **error);

/// Puts many keys in use again, with a result per item in their order.
///
/// Errors: Those of `tegata_keys_suspend_many()`.
tegata_status tegata_keys_resume_many(const tegata_registry *registry,
                                      const char *const *ids,
                                      size_t len,
                                      const tegata_bulk *bulk,
                                      const tegata_call *call,
                                      const tegata_symmetric_key_results **results,
                                      tegata_error **error);

/// Notes that somebody else may know a key. It is delivered no more and due for rotation at once, `tegata_keys_verify()`
/// says what it is, and its values are read only by naming their version, for data that has to be read once more.
/// `tegata_keys_rotate()` puts a new value in use and destroys the old ones.
///
/// Errors: `key.compromised` when that is known already; `key.destroyed`; `input.unknown_id`.
tegata_status tegata_keys_mark_compromised(const tegata_registry *registry,
                                           const char *id,
                                           const tegata_call *call,
                                           const tegata_symmetric_key **key,
                                           tegata_error **error);

/// Notes that somebody else may know many keys, with a result per item in their order.
///
/// Errors: Those of `tegata_keys_suspend_many()`.
tegata_status tegata_keys_mark_compromised_many(const tegata_registry *registry,
                                                const char *const *ids,
                                                size_t len,
                                                const tegata_bulk *bulk,
                                                const tegata_call *call,
                                                const tegata_symmetric_key_results **results,
                                                tegata_error **error);

/// Destroys a key for good: all its values are erased. Its record and number stay, so that neither is used again.
///
/// Errors: `key.destroyed`; `input.unknown_id`.
tegata_status tegata_keys_destroy(const tegata_registry *registry,
                                  const char *id,
                                  const tegata_call *call,
                                  const tegata_symmetric_key **key,
                                  tegata_error **error);

/// Destroys many keys, with a result per item in their order.
///
/// Errors: Those of `tegata_keys_suspend_many()`.
tegata_status tegata_keys_destroy_many(const tegata_registry *registry,
                                       const char *const *ids,
                                       size_t len,
                                       const tegata_bulk *bulk,
                                       const tegata_call *call,
                                       const tegata_symmetric_key_results **results,
                                       tegata_error **error);

/// Ends a key's grace period now: the version before is destroyed.
///
/// Errors: `key.version_unknown` when none is kept; `key.destroyed`; `input.unknown_id`.
tegata_status tegata_keys_end_grace(const tegata_registry *registry,
                                    const char *id,
                                    const tegata_call *call,
                                    const tegata_symmetric_key **key,
                                    tegata_error **error);

/// Erases the versions whose grace period has ended, and says how many there were. They are not handed out any more in
/// any case, and any change of a key erases them too; call this daily, so that they do not stay in the store.
///
/// Errors: Store errors.
tegata_status tegata_keys_erase_expired(const tegata_registry *registry,
                                        const tegata_call *call,
                                        uint64_t *count,
                                        tegata_error **error);

/// Lets one more device share a key that was issued for several.
///
/// Errors: `key.owner` for a key of one device or of a group; `key.already_shared`; `key.suspended`, `key.compromised`,
/// `key.destroyed`; the device's state (`device.disabled` ...); `input.unknown_id`.
tegata_status tegata_keys_share(const tegata_registry *registry,
                                const char *id,
                                const char *device,
                                const tegata_call *call,
                                const tegata_symmetric_key **key,
                                tegata_error **error);

/// Withdraws a shared key from a device, which is delivered nothing of it from now on. It knows the values it got
/// before: rotate the key if it should not. When no device is left, the key is destroyed.
///
/// Errors: `key.owner` for a key of one device or of a group; `key.not_shared`; `key.destroyed`; `input.unknown_id`.
tegata_status tegata_keys_unshare(const tegata_registry *registry,
                                  const char *id,
                                  const char *device,
                                  const tegata_call *call,
                                  const tegata_symmetric_key **key,
                                  tegata_error **error);

/// Frees one that a function gave you; NULL is fine.
void tegata_symmetric_key_free(const tegata_symmetric_key *symmetric_key);

/// Frees a list and the records in it; NULL is fine.
void tegata_symmetric_key_list_free(const tegata_symmetric_key_list *list);

/// Frees results, the records and errors in them included; NULL is fine.
void tegata_symmetric_key_results_free(const tegata_symmetric_key_results *results);

/// Frees a list and the records in it; NULL is fine.
void tegata_key_version_list_free(const tegata_key_version_list *list);

/// Frees one that a function gave you; NULL is fine.
void tegata_key_match_free(const tegata_key_match *key_match);

/// Frees one that a function gave you; NULL is fine. The value is erased first.
void tegata_issued_key_free(const tegata_issued_key *issued_key);

/// Frees results, the records and errors in them included; NULL is fine.
void tegata_issued_key_results_free(const tegata_issued_key_results *results);

/// Frees one that a function gave you; NULL is fine.
void tegata_holders_free(const tegata_holders *holders);

/// Issues a symmetric key. Its value stays here until `tegata_keys_get()` or `tegata_keys_deliver()` hands it out.
///
/// Errors: `key.size` for a value of any other size than the algorithm's; `key.number_taken`; the state of a device
/// that is to hold it (`device.disabled` ...); `input.invalid`, `input.unknown_id`.
tegata_status tegata_keys_issue(const tegata_registry *registry,
                                const tegata_new_key *new_key,
                                const tegata_call *call,
                                const tegata_symmetric_key **key,
                                tegata_error **error);

/// Issues many symmetric keys, with a result per item in their order. Of several for one owner, give each its number if
/// all or none are to be issued.
///
/// Errors: `input.invalid` for the call itself; store errors when everything or nothing was asked for.
tegata_status tegata_keys_issue_many(const tegata_registry *registry,
                                     const tegata_new_key *new_keys,
                                     size_t len,
                                     const tegata_bulk *bulk,
                                     const tegata_call *call,
                                     const tegata_symmetric_key_results **results,
                                     tegata_error **error);

/// The value of a key: the current version's, or that of `version` while it is kept. Each read leaves an event; a
/// repetition under the same request ID brings the same value. The states of the devices that hold the key are not
/// looked at: this is for the side of the server. What devices get goes through `tegata_keys_deliver()`.
///
/// Errors: `key.suspended`, `key.destroyed`; `key.compromised` unless a version is named, so that old data can be read;
/// `key.version_unknown`; `key.version_destroyed` after its grace period; `input.unknown_id`.
tegata_status tegata_keys_get(const tegata_registry *registry,
                              const char *id,
                              const uint32_t *version,
                              const tegata_call *call,
                              const tegata_issued_key **issued_key,
                              tegata_error **error);

/// The current values of many keys, with a result per item in their order and an event for each.
///
/// Errors: `input.invalid` for the call itself; store errors when everything or nothing was asked for.
tegata_status tegata_keys_get_many(const tegata_registry *registry,
                                   const char *const *ids,
                                   size_t len,
                                   const tegata_bulk *bulk,
                                   const tegata_call *call,
                                   const tegata_issued_key_results **results,
                                   tegata_error **error);

/// The record of a key, without its values.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_keys_record(const tegata_registry *registry,
                                 const char *id,
                                 const tegata_symmetric_key **key,
                                 tegata_error **error);

/// The keys that match, without their values: devices' keys number 1 first, in the order of the devices, then the
/// others in the order in which they were issued.
///
/// Errors: Store errors.
tegata_status tegata_keys_find(const tegata_registry *registry,
                               const tegata_key_filter *filter,
                               const tegata_page *page,
                               const tegata_symmetric_key_list **list,
                               tegata_error **error);

/// How many keys match.
///
/// Errors: Store errors.
tegata_status tegata_keys_count(const tegata_registry *registry,
                                const tegata_key_filter *filter,
                                uint64_t *count,
                                tegata_error **error);

/// Hands the current version of a key to a device that holds it, wrapped under the device's pre-shared key, so that any
/// channel will do. The device opens it with `tegata_unwrap_key()`. Of several pre-shared keys that can be read, the one
/// under the device's own ID counts, else the one that was issued first. Who got which version when is in the events.
///
/// Errors: `key.wrap_unavailable` when the device has no active pre-shared key that can be read; `key.not_held`; the
/// device's state (`device.disabled` ...); `key.suspended`, `key.compromised`, `key.destroyed`; `psk.too_weak_to_wrap`;
/// `input.unknown_id`.
tegata_status tegata_keys_deliver(const tegata_registry *registry,
                                  const char *id,
                                  const char *device,
                                  const tegata_call *call,
                                  const tegata_wrapped_key **wrapped_key,
                                  tegata_error **error);

/// Hands the current version of a key to a device that holds it, in clear: only over a channel that protects it.
///
/// Errors: `key.not_held`; the device's state (`device.disabled` ...); `key.suspended`, `key.compromised`,
/// `key.destroyed`; `input.unknown_id`.
tegata_status tegata_keys_deliver_clear(const tegata_registry *registry,
                                        const char *id,
                                        const char *device,
                                        const tegata_call *call,
                                        const tegata_issued_key **issued_key,
                                        tegata_error **error);

/// Whether `presented` is a value of the key, and of which version: a comparison in constant time. Writes NULL when it is
/// none that counts.
///
/// Errors: `input.unknown_id`; store errors.
tegata_status tegata_keys_verify(const tegata_registry *registry,
                                 const char *id,
                                 tegata_bytes presented,
                                 const tegata_key_match **key_match,
                                 tegata_error **error);

/// Whether `presented` is the check value of a value of the key, and of which version. Writes NULL when it is of none that counts.
///
/// Errors: `key.check_value_malformed`; `key.check_method` when the key's algorithm has no such check value;
/// `input.unknown_id`.
tegata_status tegata_keys_verify_check_value(const tegata_registry *registry,
                                             const char *id,
                                             const char *presented,
                                             const tegata_key_match **key_match,
                                             tegata_error **error);

/// The check value of a key, as text: it tells whether two have the same key and tells nothing of the key.
///
/// Errors: `key.check_method`, `key.version_unknown`, `key.destroyed`; `input.unknown_id`.
tegata_status tegata_keys_check_value(const tegata_registry *registry,
                                      const char *id,
                                      tegata_check_method method,
                                      const uint32_t *version,
                                      const tegata_string **check_value,
                                      tegata_error **error);

/// All versions of a key, the oldest first, without their values.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_keys_versions(const tegata_registry *registry,
                                   const char *id,
                                   const tegata_key_version_list **list,
                                   tegata_error **error);

/// The devices that share a key, when each was added by name.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_keys_holders(const tegata_registry *registry,
                                  const char *id,
                                  const tegata_holders **holders,
                                  tegata_error **error);

/// Frees the outcomes of a bulk call, the errors in them included; NULL is fine.
void tegata_outcomes_free(const tegata_outcomes *outcomes);

/// Frees one that a function gave you; NULL is fine.
void tegata_checkpoint_free(const tegata_checkpoint *checkpoint);

/// Frees a list and the records in it; NULL is fine.
void tegata_checkpoint_list_free(const tegata_checkpoint_list *list);

/// Frees one that a function gave you; NULL is fine.
void tegata_log_problem_free(const tegata_log_problem *log_problem);

/// Frees one that a function gave you; NULL is fine.
void tegata_verification_free(const tegata_verification *verification);

/// Frees one that a function gave you; NULL is fine.
void tegata_event_proof_free(const tegata_event_proof *event_proof);

/// Frees one that a function gave you; NULL is fine.
void tegata_pruned_events_free(const tegata_pruned_events *pruned_events);

/// Makes a checkpoint: a signed statement of how many events there are and what they hash to (a Merkle tree,
/// RFC 9162), in a form that other people's tools read (C2SP tlog-checkpoint). It covers every event that was
/// recorded before; none can be added below it later, by any process. If nothing was recorded since the
/// newest, that one is the answer.
///
/// Make one regularly, such as every hour, and keep what it says (`note`) where whoever can change the database cannot:
/// with it, `tegata_events_verify()` finds out a database that was rolled back or written anew. An event that was altered
/// before is covered as it is; `tegata_events_verify()` goes on naming it. A request ID changes nothing here: a
/// repetition finds nothing left to do.
///
/// All processes that use the store must be of a version that knows checkpoints.
///
/// Errors: `event.log_broken` when the newest checkpoint was altered; `store.busy`; errors of the sealer and
/// of the store.
tegata_status tegata_events_checkpoint(const tegata_registry *registry,
                                       const tegata_call *call,
                                       const tegata_checkpoint **checkpoint,
                                       tegata_error **error);

/// The checkpoints, in the order in which they were made.
///
/// Errors: Store errors.
tegata_status tegata_events_checkpoints(const tegata_registry *registry,
                                        const tegata_page *page,
                                        const tegata_checkpoint_list **list,
                                        tegata_error **error);

/// The public key that verifies this registry's checkpoints, as text: `name+id+key`, the form that signed
/// notes use (C2SP signed-note). It is made with the first checkpoint and never changes.
///
/// Errors: `event.no_checkpoint` before the first checkpoint; store errors.
tegata_status tegata_events_public_key(const tegata_registry *registry,
                                       const tegata_string **key,
                                       tegata_error **error);

/// Goes through the log from the first event to the last and names the first that was altered, removed or put
/// in later. An alteration shows at once, since each event carries a keyed tag; a removal from the next
/// checkpoint on.
///
/// `options` and `bulk` may be NULL. Of `bulk`, only `progress` counts: it is told how many events were verified and
/// how many there are; when it answers false, the verification stops.
///
/// Errors: `event.note_invalid` when a known checkpoint is not signed by this log's key, `event.no_checkpoint` when
/// there is none to begin at; `input.cancelled` when `progress` stopped it; store errors. What is wrong with the log is
/// no error but `first` of the verification.
tegata_status tegata_events_verify(const tegata_registry *registry,
                                   const tegata_verify_events *options,
                                   const tegata_bulk *bulk,
                                   const tegata_verification **verification,
                                   tegata_error **error);

/// Shows that the log holds an event, to somebody who knows the public key only (`tegata_verify_event()`).
///
/// Errors: `input.unknown_id`; `event.not_covered` when no checkpoint covers it yet, `event.pruned` when it
/// is gone; `event.log_broken`; store errors.
tegata_status tegata_events_prove(const tegata_registry *registry,
                                  const char *id,
                                  const tegata_event_proof **event_proof,
                                  tegata_error **error);

/// Shows that the log merely grew from checkpoint number `old` to checkpoint number `newer`, to somebody who knows the
/// public key and the old checkpoint (`tegata_verify_consistency()`). The text is what a witness takes to cosign the new
/// one (C2SP tlog-witness).
///
/// Errors: `event.no_checkpoint`; `input.invalid` when `old` is the later; `event.pruned` when events are
/// gone that this needs; `event.log_broken`; store errors.
tegata_status tegata_events_prove_consistency(const tegata_registry *registry,
                                              uint64_t old,
                                              uint64_t newer,
                                              const tegata_string **proof,
                                              tegata_error **error);

/// Writes the log to `writer` so that the file verifies by itself (`tegata_verify_export()`), and says in `count` how
/// many events there were: one JSON object a line, each event as `tegata_events_export()` writes it, and each checkpoint
/// behind the events that it covers. It begins behind checkpoint number `*from`, or with the first event that is left
/// when `from` is NULL, and ends at the newest checkpoint.
///
/// Errors: `event.no_checkpoint`; `event.pruned` when it would begin with events that are gone; `event.log_broken` when
/// events and checkpoints do not agree; `input.invalid` when the writer fails; store errors.
tegata_status tegata_events_export_log(const tegata_registry *registry,
                                       const uint64_t *from,
                                       const tegata_writer *writer,
                                       uint64_t *count,
                                       tegata_error **error);

/// Removes the oldest events: those before `before` (seconds since 1970), in whole runs of 4,096 that a checkpoint
/// covers. The hashes of the trees over them stay, so everything else verifies as before. What goes is written to
/// `archive` first, which may be NULL for none, as `tegata_events_export_log()` writes it; if two processes prune at
/// once, both may archive the same. Each run is one commit with an event whose action is `events.prune`; after an
/// error, the runs before it are gone.
///
/// Errors: `event.log_broken` when what would go is not what was recorded; `input.invalid` when `archive` fails; store
/// errors.
tegata_status tegata_events_prune(const tegata_registry *registry,
                                  int64_t before,
                                  const tegata_writer *archive,
                                  const tegata_call *call,
                                  const tegata_pruned_events **pruned_events,
                                  tegata_error **error);

/// Checks that the log with this public key holds `event`, as `proof` says: without a registry, a store, or a secret.
/// `TEGATA_STATUS_OK` says that it does. Texts as `tegata_events_prove()` and `tegata_events_public_key()` gave them.
///
/// Errors: `event.proof_invalid` when the proof does not show it, `event.note_invalid` when the log's key did
/// not sign the checkpoint in it, `input.invalid` for what is no public key of a log.
tegata_status tegata_verify_event(const char *event,
                                  const char *proof,
                                  const char *public_key,
                                  tegata_error **error);

/// Checks that the log only grew between two checkpoints: `old`, the `note` that was kept, and the one at the end of
/// `proof`, as `tegata_events_prove_consistency()` made it. Without a registry, a store, or a secret. `TEGATA_STATUS_OK`
/// says that it did.
///
/// Errors: `event.proof_invalid` when the proof does not show it, `event.note_invalid` when the log's key did not sign
/// one of the two checkpoints, `input.invalid` for what is no public key of a log.
tegata_status tegata_verify_consistency(const char *old,
                                        const char *proof,
                                        const char *public_key,
                                        tegata_error **error);

/// Reads what `tegata_events_export_log()` or `tegata_events_prune()` wrote and tells in `first` of the verification
/// whether anything in it was tampered with. No registry is needed. What ends without a checkpoint was cut; what was cut behind
/// one is a genuine, shorter log: hold `last_checkpoint` against the one that you expect.
///
/// Errors: `input.invalid` for what is no public key of a log.
tegata_status tegata_verify_export(tegata_bytes input,
                                   const char *public_key,
                                   const tegata_verification **verification,
                                   tegata_error **error);

/// Frees one that a function gave you; NULL is fine.
void tegata_responder_free(const tegata_responder *responder);

/// Frees one that a function gave you; NULL is fine.
void tegata_ocsp_answer_free(const tegata_ocsp_answer *ocsp_answer);

/// Frees one that a function gave you; NULL is fine.
void tegata_presigned_free(const tegata_presigned *presigned);

/// Frees a list and the records in it; NULL is fine.
void tegata_presigned_list_free(const tegata_presigned_list *list);

/// Frees one that a function gave you; NULL is fine.
void tegata_checked_ocsp_free(const tegata_checked_ocsp *checked_ocsp);

/// Says how the answers about an authority's certificates are signed, and makes the certificate that signs them.
/// Without this, the first request does it with all defaults. Each generation of an authority has its own.
///
/// Errors: `input.invalid` for options that cannot be meant; `key.generation_unsupported` for RSA in a library built
/// without it; `authority.compromised` and the other states of an authority that signs nothing;
/// `authority.signer_missing`; signer and store errors.
tegata_status tegata_ocsp_configure(const tegata_registry *registry,
                                    const char *authority,
                                    const tegata_ocsp_options *options,
                                    const tegata_call *call,
                                    const tegata_responder **responder,
                                    tegata_error **error);

/// Who signs the answers about an authority's certificates. If that certificate is missing or should be
/// renewed, it is made first; answering does so by itself, but a host whose authority's key is out of reach
/// at times calls this when it is there.
///
/// Errors: those of `tegata_ocsp_configure()`, unless the present certificate still serves.
tegata_status tegata_ocsp_responder(const tegata_registry *registry,
                                    const char *authority,
                                    const tegata_call *call,
                                    const tegata_responder **responder,
                                    tegata_error **error);

/// The answer to a request in DER, as the body of a POST (`application/ocsp-request`) has it.
///
/// It says how each certificate stands at this moment:
///
/// - *good*: issued here and not revoked, also when it has expired;
/// - *revoked*, with its reason: also `superseded` from the end of the grace period on, and `certificateHold`
///   while suspended, whether CRLs list that or not. Everything that an authority issued whose key others know
///   is revoked for `cACompromise`, from the day of its issue on, as long as a delegated responder can say so;
/// - *unknown*: never issued, still to be approved, removed from the registry, or of another issuer than the
///   first one that is known in a request: an answer has one signature, and that one vouches for one issuer.
///
/// Whoever asks with a nonce gets an answer of its own. Other answers serve again, until half of their time
/// is over or what they say has changed: the registry is asked every time, so no answer is older than the
/// store.
///
/// What cannot be answered is answered too: `malformedRequest`; `unauthorized` for issuers that are not of
/// this registry, or can sign no more; `tryLater` while the key that signs is out of reach.
///
/// Errors: `store.closed` and other store errors; `input.called_back`; sealer errors.
tegata_status tegata_ocsp_respond(const tegata_registry *registry,
                                  tegata_bytes request,
                                  const tegata_ocsp_answer **ocsp_answer,
                                  tegata_error **error);

/// The answer to a request in the path of a GET: what follows the responder's address, base64 and maybe percent-encoded
/// (RFC 6960, A.1), with or without the slash before it. Otherwise `tegata_ocsp_respond()`.
///
/// Errors: those of `tegata_ocsp_respond()`.
tegata_status tegata_ocsp_respond_get(const tegata_registry *registry,
                                      const char *path,
                                      const tegata_ocsp_answer **ocsp_answer,
                                      tegata_error **error);

/// Signs the answers about an authority's certificates that have not expired, a page at a time, in the order of their
/// numbers. `hash` is the one that those who ask use, 0 for SHA-1; the path and the answer differ with it. All
/// processors sign. Nothing is recorded. The total, if it is asked for, is counted anew for every page.
///
/// A revocation shows when the answer is made anew, so a host makes all of them again well before
/// `next_update`, and that of a certificate at once when it is revoked.
///
/// Errors: `authority.compromised` and the other states of an authority that signs nothing; `authority.signer_missing`;
/// `input.page_cursor`; signer and store errors.
tegata_status tegata_ocsp_presign(const tegata_registry *registry,
                                  const char *authority,
                                  tegata_ocsp_hash hash,
                                  const tegata_page *page,
                                  const tegata_presigned_list **list,
                                  tegata_error **error);

/// A request for the status of certificates of one issuer, to be sent to a responder as `application/ocsp-request`.
/// `hash` may be 0 for SHA-1. `nonce`, of 1 to 128 octets (RFC 9654), makes the answer fresh and costs a signature
/// there; {NULL, 0} for none.
///
/// Errors: `input.invalid` for no certificates, too many, or a nonce of another length.
tegata_status tegata_make_ocsp_request(const tegata_certificates *certificates,
                                       const tegata_certificate *issuer,
                                       tegata_ocsp_hash hash,
                                       tegata_bytes nonce,
                                       const tegata_buffer **request,
                                       tegata_error **error);

/// What a responder says about `certificate`, once its signature, its authority to speak for `issuer`, the nonce
/// ({NULL, 0} when none was sent) and the time `at` (seconds since 1970) fit.
///
/// Errors: `certificate.ocsp_malformed`, `certificate.ocsp_unsuccessful`, `certificate.ocsp_signature`, `certificate.ocsp_nonce`,
/// `certificate.ocsp_stale`, `certificate.ocsp_other`.
tegata_status tegata_check_ocsp(tegata_bytes response,
                                const tegata_certificate *certificate,
                                const tegata_certificate *issuer,
                                tegata_bytes nonce,
                                int64_t at,
                                const tegata_checked_ocsp **checked_ocsp,
                                tegata_error **error);

/// Frees claim codes; NULL is fine. They are erased first.
void tegata_claim_codes_free(const tegata_claim_codes *claim_codes);

/// Makes `count` one-time claim codes, which expire at `expires` unless that is NULL. They are stored as keyed tags
/// only, so
/// this is the only time they are seen. Case and dashes do not matter when one is used.
///
/// Errors: `input.invalid` for more than 10,000 at once or an expiry that has passed; `product.discontinued`;
/// `input.request_id_reused` always for a repeated request ID, since codes cannot be read again.
tegata_status tegata_products_issue_claim_codes(const tegata_registry *registry,
                                                const char *id,
                                                uint32_t count,
                                                const int64_t *expires,
                                                const tegata_call *call,
                                                const tegata_claim_codes **claim_codes,
                                                tegata_error **error);

/// Connects an authority whose key is with the host to its signer, after every opening.
///
/// Errors: `input.unknown_id`; `key.inconsistent` and others when the signer's key is not the authority's.
tegata_status tegata_authorities_use_signer(const tegata_registry *registry,
                                            const char *id,
                                            const tegata_signer *signer,
                                            tegata_error **error);

/// Writes the events that match to `writer`, one JSON object per line, and tells in `count` how many. `filter` may be NULL for
/// all.
///
/// Errors: store errors; `input.invalid` when the writer fails, with what it said.
tegata_status tegata_events_export(const tegata_registry *registry,
                                   const tegata_event_filter *filter,
                                   const tegata_writer *writer,
                                   uint64_t *count,
                                   tegata_error **error);

/// Reads a product from TOML.
///
/// Errors: `input.invalid`, naming line and field.
tegata_status tegata_product_spec_from_toml(const char *toml,
                                            const tegata_product_spec **spec,
                                            tegata_error **error);

/// Reads a product from a TOML file.
///
/// Errors: `input.invalid` when the file cannot be read, or naming line and field.
tegata_status tegata_product_spec_load(const char *file,
                                       const tegata_product_spec **spec,
                                       tegata_error **error);

/// Registers a product and issues its first credential, in one commit: the server makes key and
/// certificate, whose subject names the product and no unit.
///
/// Errors: `product.name_taken`, `profile.no_server_key`, `profile.server_key_algorithm`, the authority's state,
/// `input.*`.
tegata_status tegata_products_register(const tegata_registry *registry,
                                       const tegata_new_product *new_product,
                                       const tegata_call *call,
                                       const tegata_registered_product **registered_product,
                                       tegata_error **error);

/// The product with this identifier.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_products_get(const tegata_registry *registry,
                                  const char *id,
                                  const tegata_product **product,
                                  tegata_error **error);

/// The products that match, by name.
///
/// Errors: store errors.
tegata_status tegata_products_find(const tegata_registry *registry,
                                   const tegata_product_filter *filter,
                                   const tegata_page *page,
                                   const tegata_product_list **list,
                                   tegata_error **error);

/// How many units have enrolled: what the quota limits.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_products_enrolled(const tegata_registry *registry,
                                       const char *id,
                                       uint64_t *count,
                                       tegata_error **error);

/// Changes what is known of a product, or who issues for it and how.
///
/// Errors: `product.name_taken`, `input.invalid`, `input.unknown_id`.
tegata_status tegata_products_update(const tegata_registry *registry,
                                     const char *id,
                                     const tegata_product_change *change,
                                     const tegata_call *call,
                                     const tegata_product **product,
                                     tegata_error **error);

/// Changes the conditions under which units enroll. What was enrolled stays so, also beyond a smaller quota.
///
/// Errors: `input.invalid`, `product.discontinued`.
tegata_status tegata_products_set_enrollment_policy(const tegata_registry *registry,
                                                    const char *id,
                                                    const tegata_enrollment_policy *policy,
                                                    const tegata_call *call,
                                                    const tegata_product **product,
                                                    tegata_error **error);

/// Stops enrollment for now. Enrolled devices go on.
///
/// Errors: `product.suspended`, `product.discontinued`.
tegata_status tegata_products_suspend(const tegata_registry *registry,
                                      const char *id,
                                      const tegata_call *call,
                                      const tegata_product **product,
                                      tegata_error **error);

/// Lets units enroll again.
///
/// Errors: `product.not_suspended`, `product.discontinued`.
tegata_status tegata_products_resume(const tegata_registry *registry,
                                     const char *id,
                                     const tegata_call *call,
                                     const tegata_product **product,
                                     tegata_error **error);

/// Ends enrollment for good. Enrolled devices go on and renew.
///
/// Errors: `product.discontinued`.
tegata_status tegata_products_discontinue(const tegata_registry *registry,
                                          const char *id,
                                          const tegata_call *call,
                                          const tegata_product **product,
                                          tegata_error **error);

/// Puts units on the product's allow-list, with a result per item in their order.
///
/// Errors: `input.unknown_id`; per item `product.unit_listed` and `input.invalid`; store errors.
tegata_status tegata_products_add_units(const tegata_registry *registry,
                                        const char *id,
                                        const char *const *units,
                                        size_t len,
                                        const tegata_bulk *bulk,
                                        const tegata_call *call,
                                        const tegata_outcomes **outcomes,
                                        tegata_error **error);

/// Issues another credential with a new key, for the next batch of units. Units with an earlier one go on enrolling
/// until
/// that expires or is revoked. After a rebuild, the newest generation of the product's authority issues it.
///
/// Errors: `product.discontinued`, and those of `tegata_products_register()`.
tegata_status tegata_products_renew_credential(const tegata_registry *registry,
                                               const char *id,
                                               tegata_key_algorithm algorithm,
                                               tegata_hand_out hand_out,
                                               const tegata_call *call,
                                               const tegata_issued_with_key **issued_with_key,
                                               tegata_error **error);

/// The product's credentials, the oldest first.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_products_credentials(const tegata_registry *registry,
                                          const char *id,
                                          const tegata_certificate_record_list **list,
                                          tegata_error **error);

/// Revokes a credential: no unit enrolls with it any more. Devices that enrolled with it keep their certificates.
///
/// Errors: `product.credential_unknown` when the certificate is none; `certificate.already_revoked`.
tegata_status tegata_products_revoke_credential(const tegata_registry *registry,
                                                const char *credential,
                                                tegata_revocation_reason reason,
                                                const tegata_call *call,
                                                const tegata_certificate_record **certificate_record,
                                                tegata_error **error);

/// Adds a version of the profile `name`, unless the newest already says the same.
///
/// Errors: `profile.invalid`, naming the field and the reason.
tegata_status tegata_profiles_put(const tegata_registry *registry,
                                  const char *name,
                                  const tegata_profile_spec *spec,
                                  const tegata_call *call,
                                  const tegata_profile **profile,
                                  tegata_error **error);

/// Adds a version from a file: TOML, or JSON when its name ends in `.json`. The profile's name is the file's,
/// without its ending.
///
/// Errors: `input.invalid` when the file cannot be read, `profile.syntax`, `profile.invalid`.
tegata_status tegata_profiles_load(const tegata_registry *registry,
                                   const char *file,
                                   const tegata_call *call,
                                   const tegata_profile **profile,
                                   tegata_error **error);

/// The version with this identifier.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_profiles_get(const tegata_registry *registry,
                                  const char *id,
                                  const tegata_profile **profile,
                                  tegata_error **error);

/// The newest version of the profile `name`.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_profiles_newest(const tegata_registry *registry,
                                     const char *name,
                                     const tegata_profile **profile,
                                     tegata_error **error);

/// All versions of the profile `name`, the newest first.
///
/// Errors: store errors.
tegata_status tegata_profiles_versions(const tegata_registry *registry,
                                       const char *name,
                                       const tegata_page *page,
                                       const tegata_profile_list **list,
                                       tegata_error **error);

/// All versions of all profiles, by name.
///
/// Errors: store errors.
tegata_status tegata_profiles_find(const tegata_registry *registry,
                                   const tegata_page *page,
                                   const tegata_profile_list **list,
                                   tegata_error **error);

/// What `csr` would become if `authority` issued it under `profile` now, to an applicant called `name` who is no
/// device; nothing is issued.
///
/// Errors: The very reason for which issuing would be refused.
tegata_status tegata_profiles_preview(const tegata_registry *registry,
                                      const char *profile,
                                      const char *authority,
                                      tegata_bytes csr,
                                      const char *name,
                                      const tegata_preview **preview,
                                      tegata_error **error);

/// Frees one that a function gave you; NULL is fine. Secrets are erased first.
void tegata_provisioned_free(const tegata_provisioned *provisioned);

/// Frees results, the records and errors in them included; NULL is fine.
void tegata_provisioned_results_free(const tegata_provisioned_results *results);

/// Frees one that a function gave you; NULL is fine.
void tegata_credentials_free(const tegata_credentials *credentials);

/// Registers a device together with its pre-shared key, its symmetric key and its certificate, in one commit (NEC-42):
/// it has all of them or does not exist.
///
/// Errors: Those of `tegata_devices_register()`, `tegata_psks_issue()`, `tegata_keys_issue()`, `tegata_certificates_issue()`
/// and `tegata_certificates_issue_with_key()`.
tegata_status tegata_devices_provision(const tegata_registry *registry,
                                       const tegata_provision *wish,
                                       const tegata_call *call,
                                       const tegata_provisioned **provisioned,
                                       tegata_error **error);

/// Provisions many devices, with a result per item in their order. Their keys are made by all processors at once.
///
/// Errors: Those of `tegata_devices_register_many()`.
tegata_status tegata_devices_provision_many(const tegata_registry *registry,
                                            const tegata_provision *wishes,
                                            size_t len,
                                            const tegata_bulk *bulk,
                                            const tegata_call *call,
                                            const tegata_provisioned_results **results,
                                            tegata_error **error);

/// All keys and certificates of a device.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_devices_credentials(const tegata_registry *registry,
                                         const char *id,
                                         const tegata_credentials **credentials,
                                         tegata_error **error);

/// A list for a TLS server: the keys that match `filter`, can be read and count now, that is, are active and of a valid
/// device, in the order of their numbers. A rotated key in its grace period is there twice if its identity changed with it. The
/// list is erased when freed. An export leaves one event. The request ID of `call` is not used.
///
/// Errors: `psk.not_readable` when `filter` asks for keys that can only be checked; `psk.identity`, `psk.too_short`,
/// `psk.too_long` when the form cannot say one of the keys: then there is no list rather than one that lacks somebody.
tegata_status tegata_psks_export(const tegata_registry *registry,
                                 const tegata_psk_filter *filter,
                                 tegata_psk_format format,
                                 const tegata_call *call,
                                 const tegata_buffer **file,
                                 tegata_error **error);

/// Frees one that a function gave you; NULL is fine.
void tegata_psk_free(const tegata_psk *psk);

/// Frees a list and the records in it; NULL is fine.
void tegata_psk_list_free(const tegata_psk_list *list);

/// Frees results, the records and errors in them included; NULL is fine.
void tegata_psk_results_free(const tegata_psk_results *results);

/// Frees one that a function gave you; NULL is fine. The secret is erased first.
void tegata_issued_psk_free(const tegata_issued_psk *issued_psk);

/// Frees results, the records and errors in them included; NULL is fine.
void tegata_issued_psk_results_free(const tegata_issued_psk_results *results);

/// The secret as text, erased when freed; writes NULL when it is not here or no printable text.
tegata_status tegata_issued_psk_password(const tegata_issued_psk *issued_psk,
                                         const tegata_string **password,
                                         tegata_error **error);

/// The secret in hexadecimal, as the configurations of TLS servers have it, erased when freed; writes NULL when it is not here.
tegata_status tegata_issued_psk_hex(const tegata_issued_psk *issued_psk,
                                    const tegata_string **hex,
                                    tegata_error **error);

/// Issues a pre-shared key. What is made here meets the policy. A repetition under the same request ID brings the
/// secret of a readable key again; that of a verify-only key nobody knows any more.
///
/// Errors: `psk.exists` when the device has a key under its own ID already, `psk.identity`, `psk.identity_taken`;
/// `psk.policy_*`, `psk.too_short`, `psk.too_long`; the device's state (`device.disabled` ...).
tegata_status tegata_psks_issue(const tegata_registry *registry,
                                const tegata_new_psk *new_psk,
                                const tegata_call *call,
                                const tegata_issued_psk **issued_psk,
                                tegata_error **error);

/// Issues many pre-shared keys, with a result per item in their order.
///
/// Errors: `input.invalid` for the call itself; store errors when everything or nothing was asked for.
tegata_status tegata_psks_issue_many(const tegata_registry *registry,
                                     const tegata_new_psk *new_psks,
                                     size_t len,
                                     const tegata_bulk *bulk,
                                     const tegata_call *call,
                                     const tegata_issued_psk_results **results,
                                     tegata_error **error);

/// The key with this identifier, without its secret. A key that a device shows under its own ID keeps its identifier
/// when it is deleted and issued again.
///
/// Errors: `input.unknown_id`.
tegata_status tegata_psks_get(const tegata_registry *registry,
                              const char *id,
                              const tegata_psk **psk,
                              tegata_error **error);

/// The secret of a key, suspended ones included. Every reading leaves an event.
///
/// Errors: `psk.not_readable` for a key that can only be checked, `psk.deleted`; `input.unknown_id`.
tegata_status tegata_psks_read(const tegata_registry *registry,
                               const char *id,
                               const tegata_call *call,
                               const tegata_issued_psk **issued_psk,
                               tegata_error **error);

/// Whether this is an active key's secret and its device may come in: what `tegata_registry_authenticate()` looks at, as
/// a yes or no. It is no for an identity or secret that is wrong, for a key that is suspended or deleted, and for a
/// device that is not valid. A wrong secret takes as long as a right one, an unknown identity as long as a known one.
///
/// Errors: `authentication.backed_off` after too many failures, as in `tegata_registry_authenticate()`; store errors.
tegata_status tegata_psks_verify(const tegata_registry *registry,
                                 const char *identity,
                                 tegata_bytes secret,
                                 bool *right,
                                 tegata_error **error);

/// The keys that match, in the order of their numbers.
///
/// Errors: `input.page_cursor`; store errors.
tegata_status tegata_psks_find(const tegata_registry *registry,
                               const tegata_psk_filter *filter,
                               const tegata_page *page,
                               const tegata_psk_list **list,
                               tegata_error **error);

/// Gives a key a new secret, by the same procedure as its first one, and, if its identity is unlinkable, a new
/// identity. In the grace period the secret before counts as well, with the identity that went with it. A disabled
/// device gets none. If the key had a due date, it is due again after as long as before.
///
/// Errors: `psk.suspended`, `psk.deleted`; the device's state; `psk.grace`, `psk.policy_*`, `psk.too_short`,
/// `psk.too_long`.
tegata_status tegata_psks_rotate(const tegata_registry *registry,
                                 const char *id,
                                 const tegata_rotate_psk *rotate,
                                 const tegata_call *call,
                                 const tegata_issued_psk **issued_psk,
                                 tegata_error **error);

/// Gives many keys new secrets, with a result per item in their order.
///
/// Errors: Those of `tegata_psks_issue_many()`; `input.invalid` when a secret is brought, since no two keys may have the
/// same.
tegata_status tegata_psks_rotate_many(const tegata_registry *registry,
                                      const char *const *ids,
                                      size_t len,
                                      const tegata_rotate_psk *rotate,
                                      const tegata_bulk *bulk,
                                      const tegata_call *call,
                                      const tegata_issued_psk_results **results,
                                      tegata_error **error);

/// Suspends a key: its secrets are refused until it is resumed.
///
/// Errors: `psk.already_suspended`, `psk.deleted`; `input.unknown_id`.
tegata_status tegata_psks_suspend(const tegata_registry *registry,
                                  const char *id,
                                  const tegata_call *call,
                                  const tegata_psk **psk,
                                  tegata_error **error);

/// Suspends many keys, with a result per item in their order.
///
/// Errors: Those of `tegata_psks_issue_many()`.
tegata_status tegata_psks_suspend_many(const tegata_registry *registry,
                                       const char *const *ids,
                                       size_t len,
                                       const tegata_bulk *bulk,
                                       const tegata_call *call,
                                       const tegata_psk_results **results,
                                       tegata_error **error);

/// Lets a suspended key count again.
///
/// Errors: `psk.not_suspended`, `psk.deleted`; `input.unknown_id`.
tegata_status tegata_psks_resume(const tegata_registry *registry,
                                 const char *id,
                                 const tegata_call *call,
                                 const tegata_psk **psk,
                                 tegata_error **error);

/// Lets many keys count again, with a result per item in their order.
///
/// Errors: Those of `tegata_psks_issue_many()`.
tegata_status tegata_psks_resume_many(const tegata_registry *registry,
                                      const char *const *ids,
                                      size_t len,
                                      const tegata_bulk *bulk,
                                      const tegata_call *call,
                                      const tegata_psk_results **results,
                                      tegata_error **error);

/// Deletes a key for good: its secrets are erased, its identity is free again. Its record stays.
///
/// Errors: `psk.deleted`; `input.unknown_id`.
tegata_status tegata_psks_delete(const tegata_registry *registry,
                                 const char *id,
                                 const tegata_call *call,
                                 const tegata_psk **psk,
                                 tegata_error **error);

/// Deletes many keys, with a result per item in their order.
///
/// Errors: Those of `tegata_psks_issue_many()`.
tegata_status tegata_psks_delete_many(const tegata_registry *registry,
                                      const char *const *ids,
                                      size_t len,
                                      const tegata_bulk *bulk,
                                      const tegata_call *call,
                                      const tegata_psk_results **results,
                                      tegata_error **error);

/// Ends a grace period early: the secret before the last rotation is erased.
///
/// Errors: `psk.no_previous` outside a grace period, `psk.deleted`; `input.unknown_id`.
tegata_status tegata_psks_end_grace(const tegata_registry *registry,
                                    const char *id,
                                    const tegata_call *call,
                                    const tegata_psk **psk,
                                    tegata_error **error);

/// Erases the secrets whose grace period is over, and says of how many keys. They are not accepted after that moment
/// anyway. The request ID of `call` is not used.
///
/// Errors: Store errors.
tegata_status tegata_psks_erase_expired(const tegata_registry *registry,
                                        const tegata_call *call,
                                        uint64_t *count,
                                        tegata_error **error);

/// Connects to the PostgreSQL database at `url`, such as `postgres://user:password@host/database?schema=tenant`.
/// `options` may be NULL. After `?` follow parameters, with `&` between them: the fields of `tegata_postgres_options` but
/// the password, with times in whole seconds, which go before those of `options`; `sslmode`, `sslrootcert` (a file, or
/// `system`), `sslcert` and `sslkey`; and what other clients know as `channel_binding`, `application_name`,
/// `target_session_attrs`, `load_balance_hosts` and `keepalives`. Several hosts may be named, `host1:5432,host2:5432`;
/// the first that answers is used. Free the store with `tegata_store_free()`; a registry opened on it keeps it alive.
///
/// Errors: `store.unavailable`, `store.not_a_database`, `store.invalid_query` for a URL that is none.
tegata_status tegata_postgres_store_connect(const char *url,
                                            const tegata_postgres_options *options,
                                            tegata_store **store,
                                            tegata_error **error);

/// Opens the store at `sqlite:path`, `postgres://...` or `memory:`, with options after a `?`. Those of SQLite are
/// `create` (`true` or `false`), `wait` (seconds), `readers`, `cache`, `log`, `max_size` and `map` (bytes), as in
/// `tegata_sqlite_options`; those of PostgreSQL are told at `tegata_postgres_store_connect()`. In a path, `?`, `#` and `%`
/// are written as `%3F`, `%23` and `%25`. An SQLite file is made if there is none, a schema in PostgreSQL too; the
/// database itself must be there. Free the store with `tegata_store_free()`; a registry opened on it keeps it alive.
///
/// Errors: `input.invalid` for what is no such address; otherwise those of `tegata_sqlite_store_open()` and
/// `tegata_postgres_store_connect()`. No error shows the address.
tegata_status tegata_open_store(const char *url,
                                tegata_store **store,
                                tegata_error **error);

/// Frees what a call gave you; NULL is fine.
void tegata_seen_states_free(const tegata_seen_states *states);

/// Frees one that a function gave you; NULL is fine.
void tegata_backup_free(const tegata_backup *backup);

/// Frees one that a function gave you; NULL is fine.
void tegata_copied_free(const tegata_copied *copied);

/// Frees one that a function gave you; NULL is fine.
void tegata_integrity_free(const tegata_integrity *integrity);

/// Frees one that a function gave you; NULL is fine.
void tegata_maintained_free(const tegata_maintained *maintained);

/// Writes the whole registry, as it is at one moment, into the new SQLite file `path`, while everything goes on;
/// durable when it answers. From another store than SQLite it is a copy, as `tegata_registry_copy_to()` makes it, which
/// needs a source that does not change all the time. To restore it, put the file in the place of the database (without
/// files called `-wal` or `-shm` beside it) and open it, or open it and copy it to where it belongs. The sealing key is
/// not in it: keep that elsewhere.
///
/// A backup knows that it is one. When it is opened as a registry, numbers go on far above those that may have been
/// given out since it was made, so that no identifier, serial number or CRL number comes twice, and the event
/// `registry.restored` says so. What was issued after the backup is unknown here; whoever shows it gets
/// `certificate.lost` or `input.lost_id`, and `tegata_registry_report_seen()` tells it in advance.
///
/// Errors: `store.unavailable` when there is a file already, or it cannot be written; `store.keeps_changing`; store
/// errors. No file is left then.
tegata_status tegata_registry_backup(const tegata_registry *registry,
                                     const char *path,
                                     const tegata_call *call,
                                     const tegata_backup **backup,
                                     tegata_error **error);

/// Copies the whole registry into `target`: from SQLite to PostgreSQL, back, or into a store of the host's own
/// (`tegata_host_store_new()`). The sealing key stays the same, and so do all identifiers, serial numbers and secrets.
///
/// `target` must be empty, or hold a copy of this registry that was not opened since. What it holds already is compared
/// and not written again, so a copy that was stopped (by `progress`, an error, a crash) goes on where it was when it is
/// called again. The registry may be used meanwhile: both sides are compared, row by row, again and again until nothing
/// differs. The last comparison is the proof that the copy is complete. To move, therefore: copy; stop whoever writes;
/// copy again, which is quick; open the registry in its new store. A store whose copy was not finished cannot be opened
/// as a registry.
///
/// Of `bulk`, which may be NULL, only `progress` counts. It is told how many rows were compared in this pass and how
/// many there are; when it answers false, the copy stops.
///
/// Errors: `store.other_registry` when `target` holds anything else, or was opened since; `store.keeps_changing`;
/// `input.cancelled` when `progress` stopped it; errors of both stores.
tegata_status tegata_registry_copy_to(const tegata_registry *registry,
                                      const tegata_store *target,
                                      const tegata_bulk *bulk,
                                      const tegata_call *call,
                                      const tegata_copied **copied,
                                      tegata_error **error);

/// Reads everything and tells what does not fit together: what the store finds out about itself, values that
/// this version cannot have written, sealed ones that do not open, records that lead to others which are not
/// there, serial numbers that lead elsewhere, entries of CRLs that do not say what the certificates do, and
/// numbers that may be given twice. It changes nothing and goes on beside everything else; what is written
/// meanwhile is looked at twice before it is told.
///
/// Whether events were altered or removed, `tegata_events_verify()` says. What does not fit together is no error but a
/// finding in `integrity`.
///
/// Of `bulk`, which may be NULL, only `progress` counts. It is told how many rows were looked at and how many there
/// are; when it answers false, the check stops.
///
/// Errors: `input.cancelled` when `progress` stopped it; store errors.
tegata_status tegata_registry_check_integrity(const tegata_registry *registry,
                                              const tegata_bulk *bulk,
                                              const tegata_integrity **integrity,
                                              tegata_error **error);

/// Tells the registry what was seen in the field, `len` things from `seen` on, with an answer for each in their order:
/// for the time after a restore, when gateways and devices know more than the store. What is lost is enrolled or issued
/// anew; see the event `restore.noticed`.
///
/// Errors: `certificate.malformed` and the like for what is no certificate; `input.unknown_id` for
/// authorities that are not of this registry; store errors.
tegata_status tegata_registry_report_seen(const tegata_registry *registry,
                                          const tegata_seen *seen,
                                          size_t len,
                                          const tegata_seen_states **states,
                                          tegata_error **error);

/// Removes what is over and was remembered long enough: expired certificates with all that belongs to them, deleted
/// devices, request IDs, used-up secrets, ended campaigns, and old events. To be called regularly, such as every
/// minute, or in a loop until `finished` is true; it looks at `limit` rows a call, and everything else goes on
/// meanwhile.
///
/// Each record is written to `archive` first, which may be NULL for none: one JSON object a line, without secrets.
/// `archive` has taken all of it before anything is removed, so its `write` should return when it is safe. After an
/// error it may hold records that are still there; it never lacks one that is not. If two processes do it at once, both
/// may archive the same.
///
/// `retention` may be NULL for all defaults. Numbers never come back: no identifier or serial number of what was
/// removed is given out again, and a key that is known to be compromised stays refused.
///
/// Errors: `input.invalid` for a retention that cannot be meant and when `archive` fails; store errors.
tegata_status tegata_registry_maintain(const tegata_registry *registry,
                                       const tegata_retention *retention,
                                       const tegata_writer *archive,
                                       const tegata_call *call,
                                       const tegata_maintained **maintained,
                                       tegata_error **error);

/// What `tegata_registry_maintain()` would remove in a whole round, events apart. `retention` may be NULL for all
/// defaults. Looks at everything, whatever the limit, and changes nothing.
///
/// Errors: `input.invalid` for a retention that cannot be meant; store errors.
tegata_status tegata_registry_maintainable(const tegata_registry *registry,
                                           const tegata_retention *retention,
                                           const tegata_maintained **maintained,
                                           tegata_error **error);

/// A sealer with a new key that exists in this process only: for tests, and for stores in memory.
///
/// Errors: `internal.random_failed`.
tegata_status tegata_software_sealer_generate(tegata_sealer **sealer, tegata_error **error);

/// A sealer with `key`, 32 octets from a good generator.
///
/// Errors: `seal.key_length`.
tegata_status tegata_software_sealer_from_key(tegata_bytes key,
                                              tegata_sealer **sealer,
                                              tegata_error **error);

/// A sealer with the key in a file that `tegata_software_sealer_create_file` made.
///
/// Errors: `seal.key_file`, `seal.key_length`.
tegata_status tegata_software_sealer_from_file(const char *path,
                                               tegata_sealer **sealer,
                                               tegata_error **error);

/// Makes a file with a new key, readable by its owner only, and a sealer with it.
///
/// Errors: `seal.key_file` also when there is such a file already.
tegata_status tegata_software_sealer_create_file(const char *path,
                                                 tegata_sealer **sealer,
                                                 tegata_error **error);

/// Makes a sealer from the host's callbacks.
tegata_status tegata_host_sealer_new(const tegata_sealer_callbacks *callbacks,
                                     tegata_sealer **sealer,
                                     tegata_error **error);

/// Frees a sealer; NULL is fine. Registries that use it go on.
void tegata_sealer_free(tegata_sealer *sealer);

/// A ring of sealing keys, while one takes the place of another: seals with `current` and opens with whichever of them fits. It keeps
/// all of them alive: you may free yours.
tegata_status tegata_sealing_keys_new(const tegata_sealer *current,
                                      const tegata_sealer *const *previous,
                                      size_t len,
                                      tegata_sealer **sealer,
                                      tegata_error **error);

/// Frees one that a function gave you; NULL is fine.
void tegata_resealed_free(const tegata_resealed *resealed);

/// Seals anew, with the current key, whatever another key sealed; after that the other key is not needed any more. To replace a
/// sealing key: open the registry with a ring of the new one and the old one in every process, call this in one of them (it runs
/// beside all other operations, and a run that was stopped is finished by the next), then open the registry with the new key alone.
///
/// Errors: `seal.wrong_key` and `seal.damaged` when something does not open: nothing was changed, unless it was written meanwhile.
/// `input.cancelled` when the progress callback stopped it; `store.busy`; errors of the sealer and of the store.
tegata_status tegata_registry_reseal(const tegata_registry *registry,
                                     const tegata_bulk *bulk,
                                     const tegata_call *call,
                                     const tegata_resealed **resealed,
                                     tegata_error **error);

/// A store in this process's memory.
tegata_status tegata_memory_store_new(tegata_store **store, tegata_error **error);

/// Opens the SQLite file at `path`.
///
/// Errors: `store.unavailable`, `store.not_a_database`, `store.read_only` and other store errors.
tegata_status tegata_sqlite_store_open(const char *path,
                                       const tegata_sqlite_options *options,
                                       tegata_store **store,
                                       tegata_error **error);

/// Frees a store; NULL is fine. Registries that use it go on.
void tegata_store_free(tegata_store *store);

/// Puts stores that `factory` makes through everything that a store must do. Takes some seconds.
///
/// Errors: `store.backend`, whose text has one line for each check that failed.
tegata_status tegata_store_conformance(const tegata_store_factory *factory,
                                       tegata_error **error);

/// Frees one that a function gave you; NULL is fine.
void tegata_authority_free(const tegata_authority *authority);

/// Frees a list and the records in it; NULL is fine.
void tegata_authority_list_free(const tegata_authority_list *list);

/// Frees one that a function gave you; NULL is fine.
void tegata_crl_record_free(const tegata_crl_record *crl_record);

/// Frees one that a function gave you; NULL is fine.
void tegata_trust_bundle_free(const tegata_trust_bundle *trust_bundle);

/// Frees one that a function gave you; NULL is fine.
void tegata_certificate_record_free(const tegata_certificate_record *certificate_record);

/// Frees a list and the records in it; NULL is fine.
void tegata_certificate_record_list_free(const tegata_certificate_record_list *list);

/// Frees the results of a bulk call, the records and errors in them included; NULL is fine.
void tegata_certificate_record_results_free(const tegata_certificate_record_results *results);

/// Frees one that a function gave you; NULL is fine.
void tegata_assignment_free(const tegata_assignment *assignment);

/// Frees a list and the records in it; NULL is fine.
void tegata_assignment_list_free(const tegata_assignment_list *list);

/// Frees one that a function gave you; NULL is fine.
void tegata_issued_free(const tegata_issued *issued);

/// Frees the results of a bulk call, the records and errors in them included; NULL is fine.
void tegata_issued_results_free(const tegata_issued_results *results);

/// Frees one that a function gave you; NULL is fine.
void tegata_device_free(const tegata_device *device);

/// Frees a list and the records in it; NULL is fine.
void tegata_device_list_free(const tegata_device_list *list);

/// Frees the results of a bulk call, the records and errors in them included; NULL is fine.
void tegata_device_results_free(const tegata_device_results *results);

/// Frees one that a function gave you; NULL is fine.
void tegata_enrolled_free(const tegata_enrolled *enrolled);

/// Frees the results of a bulk call, the records and errors in them included; NULL is fine.
void tegata_enrolled_results_free(const tegata_enrolled_results *results);

/// Frees one that a function gave you; NULL is fine.
void tegata_product_spec_free(const tegata_product_spec *product_spec);

/// Frees one that a function gave you; NULL is fine.
void tegata_product_free(const tegata_product *product);

/// Frees a list and the records in it; NULL is fine.
void tegata_product_list_free(const tegata_product_list *list);

/// Frees one that a function gave you; NULL is fine.
void tegata_registered_product_free(const tegata_registered_product *registered_product);

/// Frees one that a function gave you; NULL is fine.
void tegata_profile_free(const tegata_profile *profile);

/// Frees a list and the records in it; NULL is fine.
void tegata_profile_list_free(const tegata_profile_list *list);

/// Frees one that a function gave you; NULL is fine.
void tegata_preview_free(const tegata_preview *preview);

/// Frees what a function gave you; NULL is fine.
void tegata_profile_spec_free(const tegata_profile_spec *spec);

/// For device certificates: an opaque subject, client authentication, one year.
tegata_status tegata_profile_spec_device(const tegata_profile_spec **spec,
                                         tegata_error **error);

/// For product credentials: the product's name, client authentication, ten years, a key made by the server.
tegata_status tegata_profile_spec_product_credential(const tegata_profile_spec **spec,
                                                     tegata_error **error);

/// For TLS servers, such as a device's own web page: names from the CSR, server authentication, 397 days.
tegata_status tegata_profile_spec_tls_server(const tegata_profile_spec **spec,
                                             tegata_error **error);

/// Reads a profile from TOML.
///
/// Errors: `profile.syntax`, naming line and field.
tegata_status tegata_profile_spec_from_toml(const char *toml,
                                            const tegata_profile_spec **spec,
                                            tegata_error **error);

/// Reads a profile from JSON.
///
/// Errors: `profile.syntax`, naming line and field.
tegata_status tegata_profile_spec_from_json(const char *json,
                                            const tegata_profile_spec **spec,
                                            tegata_error **error);

/// Writes a profile as JSON, as it is stored.
tegata_status tegata_profile_spec_to_json(const tegata_profile_spec *spec,
                                          const tegata_string **json,
                                          tegata_error **error);
#endif

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TEGATA_H */

/* Compilers that make enums smaller than int (-fshort-enums) do not fit this library. */
#if defined(__cplusplus)
static_assert(sizeof(tegata_status) == sizeof(int), "enums of tegata.h are as big as int");
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(tegata_status) == sizeof(int), "enums of tegata.h are as big as int");
#endif
