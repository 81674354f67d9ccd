#include "openssl_signer.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>

/* The first thing that OpenSSL complained about, for people. */
static int failed(tegata_failure *failure, const char *what) {
  unsigned long number = ERR_get_error();
  const char *reason = number == 0 ? NULL : ERR_reason_error_string(number);
  snprintf(failure->text, sizeof failure->text, "OpenSSL: %s: %s", what, reason == NULL ? "no reason given" : reason);
  ERR_clear_error();
  return 1;
}

static int sign(void *userdata, tegata_bytes message, tegata_sink *signature, tegata_failure *failure) {
  EVP_PKEY *key = (EVP_PKEY *)userdata;
  /* What X.509 wants with each key: SHA-384 with P-384, SHA-256 with P-256 and RSA, nothing with Ed25519. */
  const EVP_MD *hash = EVP_sha256();
  if (EVP_PKEY_is_a(key, "ED25519")) hash = NULL;
  if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_bits(key) == 384) hash = EVP_sha384();

  unsigned char room[512]; /* RSA-4096 fills it */
  size_t len = sizeof room;
  EVP_MD_CTX *context = EVP_MD_CTX_new(); /* one for each call: calls come from several threads at a time */
  int result;
  if (context == NULL || EVP_DigestSignInit(context, NULL, hash, NULL, key) != 1) {
    result = failed(failure, "the key cannot sign");
  } else if (EVP_DigestSign(context, room, &len, message.data, message.len) != 1) {
    result = failed(failure, "signing failed");
  } else {
    tegata_sink_add(signature, room, len);
    result = 0;
  }
  EVP_MD_CTX_free(context);
  return result;
}

static void release(void *userdata) {
  EVP_PKEY_free((EVP_PKEY *)userdata);
}

tegata_status openssl_signer_new(EVP_PKEY *key, tegata_signer **signer, tegata_error **error) {
  unsigned char *spki = NULL;
  int len = i2d_PUBKEY(key, &spki);
  const tegata_bytes public_key = {spki, len > 0 ? (size_t)len : 0};
  tegata_signer_callbacks callbacks;
  TEGATA_INIT(callbacks);
  EVP_PKEY_up_ref(key);
  callbacks.userdata = key;
  callbacks.sign = sign;
  callbacks.free = release; /* called whatever happens, also when the line below is refused */
  tegata_status status = tegata_host_signer_new(public_key, &callbacks, signer, error);
  OPENSSL_free(spki);
  return status;
}
