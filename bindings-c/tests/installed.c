/* The first program that anybody writes: is the library there, and does it answer? */
#include <stdio.h>
#include <string.h>

#include <tegata.h>
#include <tegata_codes.h>

int main(void) {
  tegata_error *error = NULL;
  tegata_private_key *key = NULL;
  tegata_signer *signer = NULL;
  const tegata_buffer *csr = NULL;
  if (tegata_make_key(TEGATA_KEY_ALGORITHM_ECDSA_P256, &key, &error) != TEGATA_STATUS_OK ||
      tegata_private_key_signer(key, &signer, &error) != TEGATA_STATUS_OK ||
      tegata_make_csr(signer, "CN=pump-7", NULL, &csr, &error) != TEGATA_STATUS_OK) {
    fprintf(stderr, "%s: %s\n", tegata_error_code(error), tegata_error_message(error));
    tegata_error_free(error);
    return 1;
  }
  tegata_bytes cut = {csr->data, csr->len - 1};
  const tegata_csr *read = NULL;
  if (tegata_parse_csr(cut, &read, &error) != TEGATA_STATUS_INVALID_INPUT ||
      strcmp(tegata_error_code(error), TEGATA_CODE_CSR_MALFORMED) != 0) {
    return 2;
  }
  tegata_error_free(error);
  tegata_buffer_free(csr);
  tegata_signer_free(signer);
  tegata_private_key_free(key);
  return 0;
}
