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
