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
 * Why a call failed.
 */
typedef struct tegata_error tegata_error;

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

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TEGATA_H */
