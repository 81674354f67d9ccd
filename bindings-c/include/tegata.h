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

/**
 * The text that says why a callback failed: how long it can be, with the zero at its end.
 */
#define TEGATA_FAILURE_TEXT 256

/**
 * Signatures other than on certificates and CRLs, such as in TLS.
 */
#define TEGATA_KEY_USAGE_DIGITAL_SIGNATURE 1

/**
 * Signatures meant to bind the signer.
 */
#define TEGATA_KEY_USAGE_NON_REPUDIATION 2

/**
 * Encryption of keys, as RSA key exchange does.
 */
#define TEGATA_KEY_USAGE_KEY_ENCIPHERMENT 4

/**
 * Encryption of data itself.
 */
#define TEGATA_KEY_USAGE_DATA_ENCIPHERMENT 8

/**
 * Diffie-Hellman.
 */
#define TEGATA_KEY_USAGE_KEY_AGREEMENT 16

/**
 * Signatures on certificates.
 */
#define TEGATA_KEY_USAGE_KEY_CERT_SIGN 32

/**
 * Signatures on CRLs.
 */
#define TEGATA_KEY_USAGE_CRL_SIGN 64

/**
 * With `KEY_AGREEMENT`: only to encrypt.
 */
#define TEGATA_KEY_USAGE_ENCIPHER_ONLY 128

/**
 * With `KEY_AGREEMENT`: only to decrypt.
 */
#define TEGATA_KEY_USAGE_DECIPHER_ONLY 256

/**
 * Kinds of keys.
 */
typedef enum {
  /**
   * ECDSA on P-256.
   */
  TEGATA_KEY_ALGORITHM_ECDSA_P256 = 1,
  /**
   * ECDSA on P-384.
   */
  TEGATA_KEY_ALGORITHM_ECDSA_P384 = 2,
  /**
   * Ed25519.
   */
  TEGATA_KEY_ALGORITHM_ED25519 = 3,
  /**
   * RSA, 2048 bits.
   */
  TEGATA_KEY_ALGORITHM_RSA2048 = 4,
  /**
   * RSA, 3072 bits.
   */
  TEGATA_KEY_ALGORITHM_RSA3072 = 5,
  /**
   * RSA, 4096 bits.
   */
  TEGATA_KEY_ALGORITHM_RSA4096 = 6,
} tegata_key_algorithm;

/**
 * Ways to sign.
 */
typedef enum {
  /**
   * ECDSA with SHA-256.
   */
  TEGATA_SIGNATURE_ALGORITHM_ECDSA_SHA256 = 1,
  /**
   * ECDSA with SHA-384.
   */
  TEGATA_SIGNATURE_ALGORITHM_ECDSA_SHA384 = 2,
  /**
   * Ed25519.
   */
  TEGATA_SIGNATURE_ALGORITHM_ED25519 = 3,
  /**
   * RSA PKCS#1 v1.5 with SHA-256.
   */
  TEGATA_SIGNATURE_ALGORITHM_RSA_SHA256 = 4,
  /**
   * RSA PKCS#1 v1.5 with SHA-384.
   */
  TEGATA_SIGNATURE_ALGORITHM_RSA_SHA384 = 5,
  /**
   * RSA PKCS#1 v1.5 with SHA-512.
   */
  TEGATA_SIGNATURE_ALGORITHM_RSA_SHA512 = 6,
} tegata_signature_algorithm;

/**
 * Why a certificate was revoked (RFC 5280, 5.3.1). The numbers are not those of the RFC, since 0 stands for none here.
 */
typedef enum {
  /**
   * No reason given.
   */
  TEGATA_REVOCATION_REASON_UNSPECIFIED = 1,
  /**
   * Its private key is known to others.
   */
  TEGATA_REVOCATION_REASON_KEY_COMPROMISE = 2,
  /**
   * Its issuer's private key is known to others.
   */
  TEGATA_REVOCATION_REASON_CA_COMPROMISE = 3,
  /**
   * The subject's name or other information changed.
   */
  TEGATA_REVOCATION_REASON_AFFILIATION_CHANGED = 4,
  /**
   * Another certificate replaced it.
   */
  TEGATA_REVOCATION_REASON_SUPERSEDED = 5,
  /**
   * It is not needed any more.
   */
  TEGATA_REVOCATION_REASON_CESSATION_OF_OPERATION = 6,
  /**
   * It is on hold.
   */
  TEGATA_REVOCATION_REASON_CERTIFICATE_HOLD = 7,
  /**
   * In a delta CRL: its hold was lifted.
   */
  TEGATA_REVOCATION_REASON_REMOVE_FROM_CRL = 8,
  /**
   * A privilege in it was withdrawn.
   */
  TEGATA_REVOCATION_REASON_PRIVILEGE_WITHDRAWN = 9,
  /**
   * An attribute authority's key is known to others.
   */
  TEGATA_REVOCATION_REASON_AA_COMPROMISE = 10,
} tegata_revocation_reason;

/**
 * How a call ended: well, or with which kind of trouble. The kinds are those of every other language.
 */
typedef enum {
  /**
   * Done; the outputs are written.
   */
  TEGATA_STATUS_OK = 0,
  /**
   * The argument itself is malformed; the same call can never succeed.
   */
  TEGATA_STATUS_INVALID_INPUT = 1,
  /**
   * Well-formed, but a rule or policy forbids it.
   */
  TEGATA_STATUS_REFUSED = 2,
  /**
   * What the call names does not exist.
   */
  TEGATA_STATUS_NOT_FOUND = 3,
  /**
   * It collides with what is already there, or with a concurrent change.
   */
  TEGATA_STATUS_CONFLICT = 4,
  /**
   * The entity's current state does not allow it.
   */
  TEGATA_STATUS_STATE = 5,
  /**
   * The presenter could not show who it is.
   */
  TEGATA_STATUS_UNAUTHENTICATED = 6,
  /**
   * Something needed is out of reach for now; try again later.
   */
  TEGATA_STATUS_UNAVAILABLE = 7,
  /**
   * Stored or received data is damaged.
   */
  TEGATA_STATUS_CORRUPT = 8,
  /**
   * Correct, but this build or version cannot do it.
   */
  TEGATA_STATUS_UNSUPPORTED = 9,
  /**
   * A defect of this library or its surroundings.
   */
  TEGATA_STATUS_INTERNAL = 10,
} tegata_status;

/**
 * What a certificate is to be used for.
 */
typedef enum {
  /**
   * As a TLS server.
   */
  TEGATA_PURPOSE_TYPE_SERVER_AUTH = 1,
  /**
   * As a TLS client.
   */
  TEGATA_PURPOSE_TYPE_CLIENT_AUTH = 2,
  /**
   * For the extended key usage in `oid`.
   */
  TEGATA_PURPOSE_TYPE_OTHER = 3,
  /**
   * For anything: extended key usage is not looked at.
   */
  TEGATA_PURPOSE_TYPE_ANY = 4,
} tegata_purpose_type;

/**
 * What kind of name a `tegata_general_name` is.
 */
typedef enum {
  /**
   * A host name, `DNS:`.
   */
  TEGATA_GENERAL_NAME_TYPE_DNS = 1,
  /**
   * An IPv4 or IPv6 address, `IP:`.
   */
  TEGATA_GENERAL_NAME_TYPE_IP = 2,
  /**
   * A mail address, `email:`.
   */
  TEGATA_GENERAL_NAME_TYPE_EMAIL = 3,
  /**
   * A URI, `URI:`.
   */
  TEGATA_GENERAL_NAME_TYPE_URI = 4,
  /**
   * A distinguished name, `dirName:` and its form of RFC 4514.
   */
  TEGATA_GENERAL_NAME_TYPE_DIRECTORY_NAME = 5,
  /**
   * An object identifier, `RID:`.
   */
  TEGATA_GENERAL_NAME_TYPE_REGISTERED_ID = 6,
  /**
   * Anything else: `otherName:`, the type, `=#` and the DER in hexadecimal.
   */
  TEGATA_GENERAL_NAME_TYPE_OTHER = 7,
} tegata_general_name_type;

/**
 * How bad a finding is.
 */
typedef enum {
  /**
   * Some browsers refuse or complain.
   */
  TEGATA_SEVERITY_WARNING = 1,
  /**
   * Browsers do not trust it.
   */
  TEGATA_SEVERITY_ERROR = 2,
} tegata_severity;

/**
 * What a proof of possession is about. A signature made for one purpose does not serve another.
 */
typedef enum {
  /**
   * "I answer this challenge": the content is the challenge.
   */
  TEGATA_STATEMENT_CHALLENGE = 1,
  /**
   * "I am the former key of the unit that makes this request": the content is the DER of the CSR.
   */
  TEGATA_STATEMENT_FORMER_KEY = 2,
  /**
   * "I am the product credential that this request comes with": the content is the DER of the CSR.
   */
  TEGATA_STATEMENT_PRODUCT_CREDENTIAL = 3,
} tegata_statement;

/**
 * Why a call failed.
 */
typedef struct tegata_error tegata_error;

/**
 * A private key in memory, erased when nothing uses it any more.
 */
typedef struct tegata_private_key tegata_private_key;

/**
 * Something that signs: made from a private key or from callbacks.
 */
typedef struct tegata_signer tegata_signer;

/**
 * Takes what a callback answers with octets, such as a signature.
 */
typedef struct tegata_sink tegata_sink;

/**
 * Octets that the library made: DER, a signature.
 */
typedef struct {
  /**
   * The octets.
   */
  const uint8_t *data;
  /**
   * How many.
   */
  size_t len;
} tegata_buffer;

/**
 * A text that the library made: PEM, a name.
 */
typedef struct {
  /**
   * The text, ended by a zero octet.
   */
  const char *text;
  /**
   * Its length in octets, without the zero.
   */
  size_t len;
} tegata_string;

/**
 * Octets that somebody else owns: in an input the caller, in a result the result.
 */
typedef struct {
  /**
   * The octets. NULL for none; where they are optional, NULL with length 0 is their absence.
   */
  const uint8_t *data;
  /**
   * How many.
   */
  size_t len;
} tegata_bytes;

/**
 * Where a callback that fails says why, before it returns something other than 0. All zero when the callback begins.
 */
typedef struct {
  /**
   * A sentence for people, in UTF-8 and ended by a zero octet: `snprintf(failure->text, sizeof failure->text, ...)`. It must
   * not hold a secret.
   */
  char text[TEGATA_FAILURE_TEXT];
  /**
   * For a conflict: the index of the write that met it.
   */
  size_t write;
  /**
   * For a schema that is too new: the version found.
   */
  uint32_t found;
  /**
   * For a schema that is too new: the newest version supported.
   */
  uint32_t supported;
} tegata_failure;

/**
 * A signer of the host's own.
 */
typedef struct {
  /**
   * `sizeof(tegata_signer_callbacks)`.
   */
  size_t size;
  /**
   * Given to every callback.
   */
  void *userdata;
  /**
   * Signs `message`, which it hashes itself: SHA-256 for P-256 and RSA keys, SHA-384 for P-384. Adds to `signature`
   * what X.509 carries: the DER `ECDSA-Sig-Value`, the 64 octets of Ed25519, or PKCS#1 v1.5. Returns 0, or anything else
   * after saying why in `failure`: the call gets `signer.failed`. Required.
   */
  int (*sign)(void *userdata, tegata_bytes message, tegata_sink *signature, tegata_failure *failure);
  /**
   * Frees `userdata`, once, when nothing signs with it any more. May be NULL.
   */
  void (*free)(void *userdata);
} tegata_signer_callbacks;

/**
 * Whether a certificate may issue others, and how deep (RFC 5280, 4.2.1.9).
 */
typedef struct {
  /**
   * Whether it is a CA certificate.
   */
  bool ca;
  /**
   * How many intermediate CA certificates may follow it; NULL for any number.
   */
  const uint8_t *path_len;
} tegata_basic_constraints;

/**
 * A list of texts.
 */
typedef struct {
  /**
   * The texts; may be NULL when there are none.
   */
  const char *const *items;
  /**
   * How many.
   */
  size_t len;
} tegata_texts;

/**
 * One extension of a certificate.
 */
typedef struct {
  /**
   * Which one, a dotted OID.
   */
  const char *oid;
  /**
   * Whether it is critical.
   */
  bool critical;
} tegata_extension_mark;

/**
 * What the extensions of a certificate say (RFC 5280, 4.2).
 */
typedef struct {
  /**
   * Whether it may issue others; NULL when the extension is missing.
   */
  const tegata_basic_constraints *basic_constraints;
  /**
   * What the key may be used for: `TEGATA_KEY_USAGE_` bits. NULL when the extension is missing.
   */
  const uint16_t *key_usage;
  /**
   * For which purposes: dotted OIDs; none when the extension is missing.
   */
  tegata_texts extended_key_usage;
  /**
   * The DER `GeneralNames` of the subject, if any; `tegata_certificate_names()` reads them.
   */
  tegata_bytes subject_alt_name;
  /**
   * The subject key identifier, if any.
   */
  tegata_bytes subject_key_id;
  /**
   * The key identifier of the issuer, if it is given that way.
   */
  tegata_bytes authority_key_id;
  /**
   * Addresses of CRLs.
   */
  tegata_texts crl_distribution_points;
  /**
   * Addresses of OCSP responders.
   */
  tegata_texts ocsp;
  /**
   * Addresses of the issuer's certificate.
   */
  tegata_texts ca_issuers;
  /**
   * Certificate policies: dotted OIDs.
   */
  tegata_texts policies;
  /**
   * Every extension in order; NULL when there are none.
   */
  const tegata_extension_mark *const *all;
  /**
   * How many.
   */
  size_t all_len;
} tegata_certificate_extensions;

/**
 * A certificate that was read: its DER and what is in it. It is well-formed; nothing says that it is trusted.
 */
typedef struct {
  /**
   * The whole certificate in DER, octet for octet as it was read.
   */
  tegata_bytes der;
  /**
   * 1, 2 or 3.
   */
  uint8_t version;
  /**
   * The serial number: the content of its INTEGER, big endian.
   */
  tegata_bytes serial;
  /**
   * The serial number in upper-case hexadecimal.
   */
  const char *serial_hex;
  /**
   * Who issued it (RFC 4514).
   */
  const char *issuer;
  /**
   * The issuer's DER.
   */
  tegata_bytes issuer_der;
  /**
   * Whom it names (RFC 4514).
   */
  const char *subject;
  /**
   * The subject's DER.
   */
  tegata_bytes subject_der;
  /**
   * The first second of validity.
   */
  int64_t not_before;
  /**
   * The last second of validity.
   */
  int64_t not_after;
  /**
   * The `SubjectPublicKeyInfo` in DER, which may be of any kind.
   */
  tegata_bytes spki;
  /**
   * What it is signed with; 0 for an algorithm that this library does not know.
   */
  tegata_signature_algorithm signature_algorithm;
  /**
   * The `AlgorithmIdentifier` of the signature in DER.
   */
  tegata_bytes signature_algorithm_der;
  /**
   * The signed part in DER.
   */
  tegata_bytes tbs;
  /**
   * The signature.
   */
  tegata_bytes signature;
  /**
   * Whether its basic constraints make it a CA certificate.
   */
  bool is_ca;
  /**
   * How many intermediate CA certificates may follow it; NULL when that is not limited.
   */
  const uint8_t *path_len;
  /**
   * Whether issuer and subject are the same name.
   */
  bool is_self_issued;
  /**
   * The SHA-256 of the DER: 32 octets.
   */
  tegata_bytes fingerprint_sha256;
  /**
   * What the extensions say. Never NULL.
   */
  const tegata_certificate_extensions *extensions;
} tegata_certificate;

/**
 * Certificates, as a result or as an argument: point `items` at your own array of pointers.
 */
typedef struct {
  /**
   * The certificates, in order; may be NULL when there are none.
   */
  const tegata_certificate *const *items;
  /**
   * How many.
   */
  size_t len;
} tegata_certificates;

/**
 * A public key of an accepted algorithm in an accepted encoding, without a known weakness.
 */
typedef struct {
  /**
   * The kind of key.
   */
  tegata_key_algorithm algorithm;
  /**
   * The `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7) in DER.
   */
  tegata_bytes spki;
  /**
   * What is in its BIT STRING: the uncompressed point, the 32 octets of Ed25519, or the `RSAPublicKey`.
   */
  tegata_bytes key_bits;
  /**
   * The subject key identifier (RFC 7093, method 1): 20 octets.
   */
  tegata_bytes key_identifier;
  /**
   * The SHA-256 of `spki`: 32 octets.
   */
  tegata_bytes digest;
} tegata_public_key;

/**
 * One name of a subjectAltName (RFC 5280, 4.2.1.6).
 */
typedef struct {
  /**
   * Which kind.
   */
  tegata_general_name_type type;
  /**
   * The whole name as text, such as `IP:192.0.2.7`: what the library takes wherever it takes such names.
   */
  const char *text;
  /**
   * The name without its prefix, such as `192.0.2.7`; NULL for `OTHER`.
   */
  const char *value;
  /**
   * For `OTHER`: its type, a dotted OID; otherwise NULL.
   */
  const char *other_type;
  /**
   * For `OTHER`: the value, one DER element.
   */
  tegata_bytes other_value;
} tegata_general_name;

/**
 * Names of a subjectAltName.
 */
typedef struct {
  /**
   * The names, in order; NULL when there are none.
   */
  const tegata_general_name *const *items;
  /**
   * How many.
   */
  size_t len;
} tegata_general_names;

/**
 * A CRL that was read. It is well-formed; whether its issuer signed it, `tegata_crl_verify_signed_by()` says.
 */
typedef struct {
  /**
   * Who issued it (RFC 4514).
   */
  const char *issuer;
  /**
   * The issuer's DER.
   */
  tegata_bytes issuer_der;
  /**
   * The CRL number; NULL when it is not there or does not fit 64 bits.
   */
  const uint64_t *number;
  /**
   * For a delta CRL, the number of the complete CRL that it builds on; otherwise NULL.
   */
  const uint64_t *delta_base;
  /**
   * Whether it is complete: neither a delta nor limited to some certificates or reasons.
   */
  bool is_complete;
  /**
   * The key identifier of the issuer, if it is given.
   */
  tegata_bytes authority_key_id;
  /**
   * When it was made.
   */
  int64_t this_update;
  /**
   * When the next one is due; NULL when it does not say.
   */
  const int64_t *next_update;
  /**
   * What it is signed with; 0 for an algorithm that this library does not know.
   */
  tegata_signature_algorithm signature_algorithm;
  /**
   * How many entries it has.
   */
  size_t len;
} tegata_crl;

/**
 * CRLs as an argument: point `items` at your own array of pointers.
 */
typedef struct {
  /**
   * The CRLs; may be NULL when there are none.
   */
  const tegata_crl *const *items;
  /**
   * How many.
   */
  size_t len;
} tegata_crls;

/**
 * What a certificate is to be used for.
 */
typedef struct {
  /**
   * `sizeof(tegata_purpose)`.
   */
  size_t size;
  /**
   * What. Required.
   */
  tegata_purpose_type type;
  /**
   * For `OTHER`: the extended key usage, a dotted OID.
   */
  const char *oid;
} tegata_purpose;

/**
 * A chain whose every link was checked.
 */
typedef struct {
  /**
   * The certificates from the leaf to the root. Never NULL.
   */
  const tegata_certificates *certificates;
  /**
   * The root that it leads to; the last of `certificates`.
   */
  const tegata_certificate *root;
  /**
   * For how many certificates, counted from the leaf, there was a CRL of their issuer.
   */
  size_t revocation_checked;
} tegata_verified_chain;

/**
 * One entry of a CRL.
 */
typedef struct {
  /**
   * The serial number of the certificate: the content of its INTEGER.
   */
  tegata_bytes serial;
  /**
   * When it was revoked.
   */
  int64_t at;
  /**
   * Why; `UNSPECIFIED` when the CRL does not say.
   */
  tegata_revocation_reason reason;
} tegata_revocation;

/**
 * Entries of a CRL.
 */
typedef struct {
  /**
   * The entries, by serial number; NULL when there are none.
   */
  const tegata_revocation *const *items;
  /**
   * How many.
   */
  size_t len;
} tegata_revocations;

/**
 * An extension that a request asks for.
 */
typedef struct {
  /**
   * Which one, a dotted OID.
   */
  const char *oid;
  /**
   * Whether it was asked for as critical.
   */
  bool critical;
  /**
   * The DER inside its extnValue octets.
   */
  tegata_bytes value;
} tegata_requested_extension;

/**
 * A certification request whose signature was verified with its own key, so whoever sent it holds that key. What it asks
 * for are wishes; the profile decides.
 */
typedef struct {
  /**
   * The request in DER.
   */
  tegata_bytes der;
  /**
   * The subject asked for (RFC 4514); may be empty.
   */
  const char *subject;
  /**
   * The subject's DER.
   */
  tegata_bytes subject_der;
  /**
   * The key that signed the request.
   */
  const tegata_public_key *public_key;
  /**
   * The names asked for in the subjectAltName. Never NULL.
   */
  const tegata_general_names *san;
  /**
   * All extensions asked for, those with a field of their own included; NULL when there are none.
   */
  const tegata_requested_extension *const *extensions;
  /**
   * How many.
   */
  size_t extensions_len;
  /**
   * The key usage asked for: `TEGATA_KEY_USAGE_` bits. NULL when none was.
   */
  const uint16_t *key_usage;
  /**
   * The purposes asked for in the extended key usage: dotted OIDs.
   */
  tegata_texts extended_key_usage;
  /**
   * Whether the basic constraints ask for a CA certificate.
   */
  bool wants_ca;
  /**
   * The challengePassword; NULL when there is none. Erased when the request is freed.
   */
  const char *challenge_password;
} tegata_csr;

/**
 * One row of the error table.
 */
typedef struct {
  /**
   * The stable dotted code.
   */
  const char *code;
  /**
   * Its kind.
   */
  tegata_status kind;
  /**
   * The sentence; `{..}` stands for a detail.
   */
  const char *text;
} tegata_reason;

/**
 * The error table.
 */
typedef struct {
  /**
   * The rows.
   */
  const tegata_reason *const *items;
  /**
   * How many.
   */
  size_t len;
} tegata_reasons;

/**
 * What is installed on a device, where, and when.
 */
typedef struct {
  /**
   * `sizeof(tegata_installation_check)`.
   */
  size_t size;
  /**
   * The certificate of the device's web page. Required.
   */
  const tegata_certificate *certificate;
  /**
   * The public half of the key that the device uses with it; NULL when it cannot be had.
   */
  const tegata_public_key *key;
  /**
   * What the device sends after the certificate, in that order; NULL for nothing.
   */
  const tegata_certificates *chain;
  /**
   * The roots that the browsers trust; with none, nothing is trusted.
   */
  const tegata_certificates *roots;
  /**
   * The IP addresses and DNS names that people type to reach the device, without scheme and port.
   */
  tegata_texts addresses;
  /**
   * The time on the device's clock.
   */
  int64_t now;
  /**
   * Whether that clock was set since the device started; NULL guesses it from `now`.
   */
  const bool *clock_set;
} tegata_installation_check;

/**
 * One thing that is wrong, with what to do about it.
 */
typedef struct {
  /**
   * How bad it is.
   */
  tegata_severity severity;
  /**
   * The stable code, such as `san_missing`.
   */
  const char *code;
  /**
   * A sentence that says what is wrong and what to do.
   */
  const char *text;
} tegata_finding;

/**
 * All that is wrong.
 */
typedef struct {
  /**
   * The findings, the leaf's own faults first; NULL when nothing is wrong.
   */
  const tegata_finding *const *items;
  /**
   * How many.
   */
  size_t len;
} tegata_findings;

/**
 * One attribute of a name.
 */
typedef struct {
  /**
   * Its type, a dotted OID.
   */
  const char *oid;
  /**
   * The short name of the type, such as `CN`; NULL when it has none here.
   */
  const char *short_name;
  /**
   * Its value as text; `#` and hexadecimal DER when it is not a character string.
   */
  const char *value;
  /**
   * Which RDN it belongs to, counted from 0 in the order of the DER. Several attributes may share one.
   */
  size_t rdn;
} tegata_name_attribute;

/**
 * A distinguished name (RFC 5280, 4.1.2.4).
 */
typedef struct {
  /**
   * Its text (RFC 4514): the last RDN of the DER comes first. Empty for the empty name.
   */
  const char *text;
  /**
   * Its DER.
   */
  tegata_bytes der;
  /**
   * Its common name, the most specific one; NULL when it has none.
   */
  const char *common_name;
  /**
   * Its attributes in the order of the DER.
   */
  const tegata_name_attribute *const *attributes;
  /**
   * How many.
   */
  size_t attributes_len;
} tegata_name;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Frees octets that a call gave you; NULL is fine. Secrets are erased first.
 */
void tegata_buffer_free(const tegata_buffer *buffer);

/**
 * Frees a text that a call gave you; NULL is fine. Secrets are erased first.
 */
void tegata_string_free(const tegata_string *string);

/**
 * Adds octets to what a callback answers. They are copied. Only for use inside the callback that got the sink.
 */
void tegata_sink_add(tegata_sink *sink,
                     const uint8_t *data,
                     size_t len);

/**
 * Frees a signer; NULL is fine. What it was given to goes on using it.
 */
void tegata_signer_free(tegata_signer *signer);

/**
 * Makes a signer from the host's callbacks. `public_key` is its public half: SubjectPublicKeyInfo in DER. Whatever happens,
 * `callbacks->free` is called in the end, unless `callbacks` itself cannot be read.
 */
tegata_status tegata_host_signer_new(tegata_bytes public_key,
                                            const tegata_signer_callbacks *callbacks,
                                            tegata_signer **signer,
                                            tegata_error **error);

/**
 * The stable dotted code, such as `csr.signature_invalid`; see `tegata_codes.h`. It lives as long as the error. NULL for NULL.
 */
const char *tegata_error_code(const tegata_error *error);

/**
 * The kind of trouble, which is also what the call returned. `TEGATA_STATUS_OK` for NULL.
 */
tegata_status tegata_error_kind(const tegata_error *error);

/**
 * The sentence for people: what is wrong and what to do. It lives as long as the error. NULL for NULL.
 */
const char *tegata_error_message(const tegata_error *error);

/**
 * Frees an error that a call gave you through its last parameter; NULL is fine. Those inside the results of a bulk call go with
 * the results.
 */
void tegata_error_free(tegata_error *error);

/**
 * Reads one certificate, DER or PEM.
 */
tegata_status tegata_parse_certificate(tegata_bytes input,
                                              const tegata_certificate **certificate,
                                              tegata_error **error);

/**
 * Reads all certificates of a PEM text, in order; other blocks are skipped.
 */
tegata_status tegata_certificate_many_from_pem(tegata_bytes input,
                                                      const tegata_certificates **certificates,
                                                      tegata_error **error);

/**
 * The whole certificate in PEM.
 */
tegata_status tegata_certificate_pem(const tegata_certificate *certificate,
                                            const tegata_string **pem,
                                            tegata_error **error);

/**
 * The subject's key when it is of an accepted kind: `key.algorithm` and other codes of `key` when not.
 */
tegata_status tegata_certificate_public_key(const tegata_certificate *certificate,
                                                   const tegata_public_key **key,
                                                   tegata_error **error);

/**
 * The subject's alternative names; none when the extension is missing. `input.invalid` when it holds a name that this
 * library does not accept.
 */
tegata_status tegata_certificate_names(const tegata_certificate *certificate,
                                              const tegata_general_names **names,
                                              tegata_error **error);

/**
 * Checks the signature with the issuer's key; names and validity are `tegata_verify_chain()`'s.
 */
tegata_status tegata_certificate_verify_signed_by(const tegata_certificate *certificate,
                                                         const tegata_public_key *issuer,
                                                         tegata_error **error);

/**
 * Whether it is self-issued and verifies with its own key. False for NULL.
 */
bool tegata_certificate_is_self_signed(const tegata_certificate *certificate);

/**
 * Whether `at` lies within the validity, both ends included. False for NULL.
 */
bool tegata_certificate_is_valid_at(const tegata_certificate *certificate, int64_t at);

/**
 * Frees a certificate that a call gave you; NULL is fine.
 */
void tegata_certificate_free(const tegata_certificate *certificate);

/**
 * Frees certificates that a call gave you; NULL is fine.
 */
void tegata_certificates_free(const tegata_certificates *certificates);

/**
 * Checks that `leaf` may be used for `purpose` at `at` and that a chain leads from it through any of `intermediates`, in
 * any order, to one of `roots`. Every certificate below the root is looked up in the CRL of its issuer, if one is among
 * `crls`; a chain without CRLs passes, and `revocation_checked` tells. Each of the three lists may be NULL. When the chain is
 * refused, the code says why: `certificate.expired`, `.not_yet_valid`, `.chain_incomplete`, `.chain_signature`,
 * `.chain_constraint`, `.chain_purpose`, `.chain_algorithm`, `.chain_revoked`, `.crl_stale`, `.crl_signature`,
 * `.crl_malformed` or `.malformed`.
 */
tegata_status tegata_verify_chain(const tegata_certificate *leaf,
                                         const tegata_certificates *intermediates,
                                         const tegata_certificates *roots,
                                         const tegata_crls *crls,
                                         const tegata_purpose *purpose,
                                         int64_t at,
                                         const tegata_verified_chain **chain,
                                         tegata_error **error);

/**
 * Frees a chain that a call gave you; NULL is fine.
 */
void tegata_verified_chain_free(const tegata_verified_chain *chain);

/**
 * Reads one CRL, DER or PEM.
 */
tegata_status tegata_crl_from_bytes(tegata_bytes input,
                                           const tegata_crl **crl,
                                           tegata_error **error);

/**
 * The whole CRL in DER, octet for octet as it was read.
 */
tegata_status tegata_crl_der(const tegata_crl *crl,
                                    const tegata_buffer **der,
                                    tegata_error **error);

/**
 * The whole CRL in PEM.
 */
tegata_status tegata_crl_pem(const tegata_crl *crl,
                                    const tegata_string **pem,
                                    tegata_error **error);

/**
 * The entry of the certificate with this serial number. `*revocation` becomes NULL when there is none.
 */
tegata_status tegata_crl_get(const tegata_crl *crl,
                                    tegata_bytes serial,
                                    const tegata_revocation **revocation,
                                    tegata_error **error);

/**
 * All entries, by serial number.
 */
tegata_status tegata_crl_entries(const tegata_crl *crl,
                                        const tegata_revocations **entries,
                                        tegata_error **error);

/**
 * Whether its nextUpdate has passed at `at`. False for NULL.
 */
bool tegata_crl_is_stale_at(const tegata_crl *crl, int64_t at);

/**
 * Checks the signature with the issuer's key.
 */
tegata_status tegata_crl_verify_signed_by(const tegata_crl *crl,
                                                 const tegata_public_key *issuer,
                                                 tegata_error **error);

/**
 * Frees a CRL that a call gave you; NULL is fine.
 */
void tegata_crl_free(const tegata_crl *crl);

/**
 * Frees an entry that a call gave you; NULL is fine.
 */
void tegata_revocation_free(const tegata_revocation *revocation);

/**
 * Frees entries that a call gave you; NULL is fine.
 */
void tegata_revocations_free(const tegata_revocations *revocations);

/**
 * Makes a certification request for the key of `signer`, in DER. `subject` is a name (RFC 4514), NULL or empty for
 * none; `san` holds names such as `DNS:pump-7.local`, NULL for none.
 */
tegata_status tegata_make_csr(const tegata_signer *signer,
                                     const char *subject,
                                     const tegata_texts *san,
                                     const tegata_buffer **csr,
                                     tegata_error **error);

/**
 * A request in PEM (`CERTIFICATE REQUEST`).
 */
tegata_status tegata_csr_pem(tegata_bytes der,
                                    const tegata_string **pem,
                                    tegata_error **error);

/**
 * Reads a request, DER or PEM, and verifies it. A code of the area `csr` names what is wrong.
 */
tegata_status tegata_parse_csr(tegata_bytes bytes,
                                      const tegata_csr **csr,
                                      tegata_error **error);

/**
 * Frees a request that a call gave you; NULL is fine.
 */
void tegata_csr_free(const tegata_csr *csr);

/**
 * Every error that this version knows, area by area.
 */
tegata_status tegata_error_table(const tegata_reasons **table, tegata_error **error);

/**
 * Frees the error table; NULL is fine.
 */
void tegata_reasons_free(const tegata_reasons *table);

/**
 * Reads a name such as `DNS:pump-7.local`, `IP:192.0.2.7`, `email:a@example.com`, `URI:urn:dev:mac:00`,
 * `dirName:CN=x`, `RID:1.2.3` or `otherName:1.2.3=#0c0161`.
 */
tegata_status tegata_general_name_parse(const char *text,
                                               const tegata_general_name **name,
                                               tegata_error **error);

/**
 * Makes an otherName of its type (a dotted OID) and its value (one DER element), such as a hardwareModuleName.
 */
tegata_status tegata_general_name_other(const char *type_id,
                                               tegata_bytes value,
                                               const tegata_general_name **name,
                                               tegata_error **error);

/**
 * Frees a name that a call gave you; NULL is fine.
 */
void tegata_general_name_free(const tegata_general_name *name);

/**
 * Frees names that a call gave you; NULL is fine.
 */
void tegata_general_names_free(const tegata_general_names *names);

/**
 * All that keeps browsers from trusting the installation; no findings when nothing does.
 */
tegata_status tegata_check_installation(const tegata_installation_check *check,
                                               const tegata_findings **findings,
                                               tegata_error **error);

/**
 * Frees findings that a call gave you; NULL is fine.
 */
void tegata_findings_free(const tegata_findings *findings);

/**
 * Reads a name from its text (RFC 4514), such as `CN=pump-7,O=Example,C=JP`.
 */
tegata_status tegata_name_parse(const char *text,
                                       const tegata_name **name,
                                       tegata_error **error);

/**
 * Reads a name from its DER.
 */
tegata_status tegata_name_from_der(tegata_bytes der,
                                          const tegata_name **name,
                                          tegata_error **error);

/**
 * Frees a name that a call gave you; NULL is fine.
 */
void tegata_name_free(const tegata_name *name);

/**
 * Makes a new key with the operating system's random numbers. RSA takes up to some seconds and is not in every build:
 * `key.generation_unsupported`.
 */
tegata_status tegata_make_key(tegata_key_algorithm algorithm,
                                     tegata_private_key **key,
                                     tegata_error **error);

/**
 * Reads a private key: PKCS#8, SEC1 or PKCS#1, in PEM or DER, recognised by content. Encrypted ones are refused.
 */
tegata_status tegata_private_key_from_bytes(tegata_bytes input,
                                                   tegata_private_key **key,
                                                   tegata_error **error);

/**
 * Reads a private key whose public half is known from elsewhere, such as its certificate: `key.inconsistent` when it is
 * another one. EC keys that lack their point (Java writes them) can be read this way only.
 */
tegata_status tegata_private_key_from_bytes_with(tegata_bytes input,
                                                        const tegata_public_key *public_key,
                                                        tegata_private_key **key,
                                                        tegata_error **error);

/**
 * What `tegata_private_key_sign` makes; 0 for NULL.
 */
tegata_signature_algorithm tegata_private_key_algorithm(const tegata_private_key *key);

/**
 * The public half.
 */
tegata_status tegata_private_key_public_key(const tegata_private_key *key,
                                                   const tegata_public_key **public_key,
                                                   tegata_error **error);

/**
 * Signs `message`, which is hashed here, as X.509 carries it: the DER ECDSA-Sig-Value, the 64 octets of Ed25519, or
 * PKCS#1 v1.5.
 */
tegata_status tegata_private_key_sign(const tegata_private_key *key,
                                             tegata_bytes message,
                                             const tegata_buffer **signature,
                                             tegata_error **error);

/**
 * The key as PKCS#8 in DER, which everything reads.
 */
tegata_status tegata_private_key_to_pkcs8_der(const tegata_private_key *key,
                                                     const tegata_buffer **der,
                                                     tegata_error **error);

/**
 * The key as PKCS#8 in PEM (`PRIVATE KEY`).
 */
tegata_status tegata_private_key_to_pkcs8_pem(const tegata_private_key *key,
                                                     const tegata_string **pem,
                                                     tegata_error **error);

/**
 * A signer that signs with the key. The key may be freed before it.
 */
tegata_status tegata_private_key_signer(const tegata_private_key *key,
                                               tegata_signer **signer,
                                               tegata_error **error);

/**
 * Frees a private key; NULL is fine.
 */
void tegata_private_key_free(tegata_private_key *key);

/**
 * Reads a `SubjectPublicKeyInfo` in DER.
 */
tegata_status tegata_public_key_from_spki(tegata_bytes der,
                                                 const tegata_public_key **key,
                                                 tegata_error **error);

/**
 * Checks that `signature` over `message` (hashed here) was made with the private half: `key.signature_mismatch` when
 * the algorithm is not one for this key, `key.signature_invalid` when it does not verify.
 */
tegata_status tegata_public_key_verify(const tegata_public_key *key,
                                              tegata_signature_algorithm algorithm,
                                              tegata_bytes message,
                                              tegata_bytes signature,
                                              tegata_error **error);

/**
 * Frees a public key that a call gave you; NULL is fine.
 */
void tegata_public_key_free(const tegata_public_key *key);

/**
 * The message that the key is to sign for `statement` about `content`.
 */
tegata_status tegata_statement_message(tegata_statement statement,
                                              tegata_bytes content,
                                              const tegata_buffer **message,
                                              tegata_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TEGATA_H */
