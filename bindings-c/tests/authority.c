/*
 * A CA whose key OpenSSL has: the full library with a host signer for its root.
 *
 *   authority            checks itself
 *   authority FOLDER     answers FOLDER/request.pem with FOLDER/answer.pem and FOLDER/root.pem, and provisions the device
 */
#include "expect.h"

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "openssl_signer.h"

static tegata_registry *registry;

static void open_registry(void) {
  tegata_store *store = NULL;
  tegata_sealer *sealer = NULL;
  OK(tegata_memory_store_new(&store, &error));
  OK(tegata_software_sealer_generate(&sealer, &error));
  OK(tegata_registry_open(store, sealer, NULL, &registry, &error));
  tegata_store_free(store);
  tegata_sealer_free(sealer);
}

/* A root whose key is with `signer`. */
static const tegata_authority *make_root(const char *name, const tegata_signer *signer) {
  const tegata_authority *root = NULL;
  tegata_new_authority new_root;
  TEGATA_INIT(new_root);
  new_root.name = name;
  new_root.subject = "CN=Example Root,O=Example";
  new_root.signer = signer;
  OK(tegata_authorities_create_root(registry, &new_root, NULL, &root, &error));
  EXPECT(root->signer == TEGATA_SIGNER_LOCATION_EXTERNAL);
  return root;
}

static const tegata_issued *answer(const tegata_authority *root, tegata_bytes csr) {
  const tegata_profile_spec *spec = NULL;
  const tegata_profile *profile = NULL;
  const tegata_issued *issued = NULL;
  OK(tegata_profile_spec_tls_server(&spec, &error));
  OK(tegata_profiles_put(registry, "web page", spec, NULL, &profile, &error));
  tegata_issue issue;
  TEGATA_INIT(issue);
  issue.csr = csr;
  issue.profile = profile->id;
  issue.authority = root->id;
  OK(tegata_certificates_issue(registry, &issue, NULL, &issued, &error));
  tegata_profile_free(profile);
  tegata_profile_spec_free(spec);
  return issued;
}

static EVP_PKEY *new_key(const char *kind) {
  EVP_PKEY *key = NULL;
  if (strncmp(kind, "P-", 2) == 0) key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
  if (strcmp(kind, "RSA") == 0) key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
  if (strcmp(kind, "ED25519") == 0) key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  EXPECT(key != NULL);
  return key;
}

static X509 *openssl_certificate(tegata_bytes der) {
  const unsigned char *at = der.data;
  X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
  EXPECT(certificate != NULL);
  return certificate;
}

/* OpenSSL's second opinion on a chain of two, with its strictest checks. */
static void openssl_verifies(tegata_bytes leaf, tegata_bytes root) {
  X509 *one = openssl_certificate(leaf), *two = openssl_certificate(root);
  X509_STORE *trusted = X509_STORE_new();
  X509_STORE_CTX *context = X509_STORE_CTX_new();
  EXPECT(X509_STORE_add_cert(trusted, two) == 1);
  EXPECT(X509_STORE_CTX_init(context, trusted, one, NULL) == 1);
  X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
  if (X509_verify_cert(context) != 1) {
    fail_at(__FILE__, __LINE__, X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
  }
  X509_STORE_CTX_free(context);
  X509_STORE_free(trusted);
  X509_free(one);
  X509_free(two);
}

static void every_kind_of_key_signs_requests_and_certificates(void) {
  const char *const kinds[] = {"P-256", "P-384", "ED25519", "RSA"};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    EVP_PKEY *key = new_key(kinds[i]), *device_key = new_key("P-256");
    tegata_signer *signer = NULL, *device = NULL;
    const tegata_buffer *csr = NULL, *own_csr = NULL;
    const tegata_csr *read = NULL;
    const char *const name = "DNS:pump-7.example";
    const tegata_texts san = {&name, 1};
    OK(openssl_signer_new(key, &signer, &error));
    OK(openssl_signer_new(device_key, &device, &error));
    EVP_PKEY_free(key); /* the signers have references of their own */
    EVP_PKEY_free(device_key);
    OK(tegata_make_csr(device, "", &san, &csr, &error));
    tegata_signer_free(device);
    OK(tegata_make_csr(signer, "CN=any kind", &san, &own_csr, &error));
    OK(tegata_parse_csr(lent(own_csr), &read, &error));
    EXPECT_TEXT(read->subject, "CN=any kind");
    tegata_csr_free(read);
    tegata_buffer_free(own_csr);

    const tegata_authority *root = make_root(kinds[i], signer);
    tegata_signer_free(signer); /* and so has the registry */
    const tegata_issued *issued = answer(root, lent(csr));
    EXPECT(issued->chain.len == 1);
    openssl_verifies(issued->der, issued->chain.items[0]);
    const tegata_crl_record *crl = NULL;
    OK(tegata_authorities_crl(registry, root->id, NULL, NULL, &crl, &error));
    tegata_crl_record_free(crl);
    tegata_issued_free(issued);
    tegata_authority_free(root);
    tegata_buffer_free(csr);
  }
}

/* A signer that does what its state says, and counts. */
struct fake {
  EVP_PKEY *key;
  int mode; /* 0 sign nothing, 1 fail with a text, 2 fail without, 3 too long, 4 call back, 5 another key's signature */
  int calls, frees;
  char seen[64];
};

static int fake_sign(void *userdata, tegata_bytes message, tegata_sink *signature, tegata_failure *failure) {
  struct fake *fake = (struct fake *)userdata;
  fake->calls++;
  EXPECT(message.len > 0 && failure->text[0] == 0);
  switch (fake->mode) {
  case 1:
    snprintf(failure->text, sizeof failure->text, "the HSM is \033on fire\nat line 7");
    return 1;
  case 2:
    return -1;
  case 3:
    for (int i = 0; i < 5000; i++) tegata_sink_add(signature, (const uint8_t *)"x", 1);
    return 0;
  case 4: {
    tegata_error *inner = NULL;
    const tegata_counts *counts = NULL;
    EXPECT(tegata_registry_counts(registry, &counts, &inner) != TEGATA_STATUS_OK);
    snprintf(fake->seen, sizeof fake->seen, "%s", tegata_error_code(inner));
    tegata_error_free(inner);
    memset(failure->text, 'x', sizeof failure->text); /* no zero at the end */
    return 1;
  }
  case 5: {
    unsigned char room[512];
    size_t len = sizeof room;
    EVP_PKEY *other = new_key("P-256");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EXPECT(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, other) == 1);
    EXPECT(EVP_DigestSign(context, room, &len, message.data, message.len) == 1);
    tegata_sink_add(signature, room, len);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(other);
    return 0;
  }
  default:
    return 0;
  }
}

static void fake_free(void *userdata) {
  ((struct fake *)userdata)->frees++;
}

static size_t authorities(void) {
  const tegata_authority_list *list = NULL;
  OK(tegata_authorities_find(registry, NULL, NULL, &list, &error));
  size_t len = list->len;
  tegata_authority_list_free(list);
  return len;
}

static void a_signer_that_fails_changes_nothing(void) {
  struct fake fake = {new_key("P-256"), 0, 0, 0, ""};
  unsigned char *spki = NULL;
  const int spki_len = i2d_PUBKEY(fake.key, &spki);
  const tegata_bytes public_key = {spki, (size_t)spki_len};
  const size_t before = authorities();
  tegata_signer *signer = NULL;
  const tegata_buffer *csr = NULL;
  const tegata_authority *root = NULL;
  tegata_signer_callbacks callbacks;
  TEGATA_INIT(callbacks);
  callbacks.userdata = &fake;
  callbacks.free = fake_free;

  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_host_signer_new(public_key, &callbacks, &signer, &error));
  EXPECT(fake.frees == 1); /* handed over is handed over */
  callbacks.sign = fake_sign;
  REFUSED(TEGATA_CODE_KEY_MALFORMED, tegata_host_signer_new(bytes_of("no key"), &callbacks, &signer, &error));
  EXPECT(fake.frees == 2);
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_host_signer_new(public_key, &callbacks, NULL, &error));
  EXPECT(fake.frees == 3 && fake.calls == 0);

  OK(tegata_host_signer_new(public_key, &callbacks, &signer, &error));
  const char *const codes[] = {TEGATA_CODE_SIGNER_BAD_SIGNATURE, TEGATA_CODE_SIGNER_FAILED, TEGATA_CODE_SIGNER_FAILED,
                               TEGATA_CODE_SIGNER_FAILED,        TEGATA_CODE_SIGNER_FAILED, TEGATA_CODE_SIGNER_BAD_SIGNATURE};
  for (fake.mode = 0; fake.mode < 6; fake.mode++) {
    REFUSED(codes[fake.mode], tegata_make_csr(signer, "CN=x", NULL, &csr, &error));
    tegata_new_authority new_root;
    TEGATA_INIT(new_root);
    new_root.name = "never made";
    new_root.subject = "CN=x";
    new_root.signer = signer;
    REFUSED(codes[fake.mode], tegata_authorities_create_root(registry, &new_root, NULL, &root, &error));
  }
  EXPECT(csr == NULL && root == NULL);
  EXPECT(authorities() == before);
  EXPECT_TEXT(fake.seen, TEGATA_CODE_INPUT_CALLED_BACK);

  /* The first line of the text is in the message, without what could harm a terminal. */
  fake.mode = 1;
  EXPECT(tegata_make_csr(signer, "CN=x", NULL, &csr, &error) != TEGATA_STATUS_OK);
  EXPECT(strstr(tegata_error_message(error), "the HSM is") != NULL && strstr(tegata_error_message(error), "on fire") != NULL);
  EXPECT(strstr(tegata_error_message(error), "line 7") == NULL);
  EXPECT(strpbrk(tegata_error_message(error), "\n\033") == NULL);
  tegata_error_free(error);
  error = NULL;

  tegata_signer_free(signer);
  EXPECT(fake.frees == 4);
  OPENSSL_free(spki);
  EVP_PKEY_free(fake.key);
}

static void serve(const char *folder) {
  EVP_PKEY *key = new_key("P-384");
  tegata_signer *signer = NULL;
  OK(openssl_signer_new(key, &signer, &error));
  const tegata_authority *root = make_root("root", signer);
  tegata_bytes csr = read_file(folder, "request.pem");
  const tegata_issued *issued = answer(root, csr);
  const tegata_string *pem = NULL, *root_pem = NULL;
  OK(tegata_issued_fullchain_pem(issued, &pem, &error));
  OK(tegata_authority_pem(root, &root_pem, &error));
  write_file(folder, "answer.pem", pem->text, pem->len);
  write_file(folder, "root.pem", root_pem->text, root_pem->len);
  tegata_string_free(pem);
  tegata_string_free(root_pem);
  tegata_issued_free(issued);
  tegata_authority_free(root);
  tegata_signer_free(signer);
  EVP_PKEY_free(key);
  free((void *)csr.data);
}

/* The line by which a key travels, as examples/c/identity.c reads it. */
static void deliver(const char *folder, const char *file, const tegata_provisioned *meter) {
  const tegata_wrapped_key *wrapped = NULL;
  char line[512];
  OK(tegata_keys_deliver(registry, meter->key->key->id, meter->device->id, NULL, &wrapped, &error));
  EXPECT(wrapped->algorithm == TEGATA_SYMMETRIC_ALGORITHM_AES256);
  int len = snprintf(line, sizeof line, "%s aes-256 %s %s %u %u ", wrapped->method == TEGATA_WRAP_METHOD_AES_KW ? "aes-kw" : "aes-kwp",
                     wrapped->device, wrapped->key, (unsigned)wrapped->number, (unsigned)wrapped->version);
  for (size_t i = 0; i < wrapped->wrapped.len; i++) {
    len += snprintf(line + len, sizeof line - (size_t)len, "%02x", wrapped->wrapped.data[i]);
  }
  write_file(folder, file, line, (size_t)len);
  tegata_wrapped_key_free(wrapped);
}

/* Provisions the device with a password, FOLDER/psk, and an AES key, which comes as FOLDER/older, rotated as FOLDER/newer. */
static void provision(const char *folder) {
  const tegata_provisioned *meter = NULL;
  const tegata_symmetric_key *rotated = NULL;
  const tegata_issued_key *clear = NULL;
  tegata_new_device device;
  tegata_psk_wish psk;
  tegata_provision wish;
  char line[96];
  TEGATA_INIT(device);
  TEGATA_INIT(psk);
  psk.kind = TEGATA_PSK_KIND_READABLE;
  TEGATA_INIT(wish);
  wish.device = &device;
  wish.psk = &psk;
  wish.key = TEGATA_SYMMETRIC_ALGORITHM_AES256;
  OK(tegata_devices_provision(registry, &wish, NULL, &meter, &error));
  write_file(folder, "psk", meter->psk->secret.data, meter->psk->secret.len);
  deliver(folder, "older", meter);
  OK(tegata_keys_rotate(registry, meter->key->key->id, NULL, NULL, &rotated, &error));
  deliver(folder, "newer", meter);
  OK(tegata_keys_get(registry, rotated->id, NULL, NULL, &clear, &error));
  EXPECT(clear->value.len == 32);
  int len = snprintf(line, sizeof line, "%u ", (unsigned)clear->version);
  for (size_t i = 0; i < 32; i++) len += snprintf(line + len, sizeof line - (size_t)len, "%02x", clear->value.data[i]);
  line[len++] = '\n';
  write_file(folder, "aes.expected", line, (size_t)len);
  tegata_issued_key_free(clear);
  tegata_symmetric_key_free(rotated);
  tegata_provisioned_free(meter);
}

int main(int argc, char **argv) {
  open_registry();
  if (argc > 1) {
    serve(argv[1]);
    provision(argv[1]);
  } else {
    every_kind_of_key_signs_requests_and_certificates();
    a_signer_that_fails_changes_nothing();
  }
  tegata_registry_free(registry);
  return 0;
}
