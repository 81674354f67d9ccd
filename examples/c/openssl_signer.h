/* A signer that signs with a key that OpenSSL has: in a file, or through a provider in a TPM, a smart card or an HSM. */
#ifndef OPENSSL_SIGNER_H
#define OPENSSL_SIGNER_H

#include <openssl/evp.h>
#include <tegata.h>

/* Makes a signer for `key`: EC P-256 or P-384, Ed25519 or RSA. It keeps a reference of its own. */
tegata_status openssl_signer_new(EVP_PKEY *key, tegata_signer **signer, tegata_error **error);

#endif
