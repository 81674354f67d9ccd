/*
 * What a device does with the library, in the build that has no registry. Runs on the device's own processor:
 *
 *   device make FOLDER    makes a key and a request
 *   device check FOLDER   checks what the CA answered (ca.sh), and unwraps a symmetric key
 */
#include "expect.h"

#include <time.h>

#ifdef TEGATA_REGISTRY
#error "This program is for the device build: compile it with what pkg-config says."
#endif

static void make(const char *folder) {
  tegata_private_key *key = NULL;
  tegata_signer *signer = NULL;
  OK(tegata_make_key(TEGATA_KEY_ALGORITHM_ECDSA_P256, &key, &error));
  OK(tegata_private_key_signer(key, &signer, &error));

  const char *const names[] = {"DNS:pump-7.example", "IP:192.0.2.7"};
  const tegata_texts san = {names, 2};
  const tegata_buffer *csr = NULL;
  const tegata_string *csr_pem = NULL, *key_pem = NULL;
  OK(tegata_make_csr(signer, "CN=pump-7,O=Example", &san, &csr, &error));
  OK(tegata_csr_pem(lent(csr), &csr_pem, &error));
  OK(tegata_private_key_to_pkcs8_pem(key, &key_pem, &error));
  write_file(folder, "device.csr", csr_pem->text, csr_pem->len);
  write_file(folder, "device.key", key_pem->text, key_pem->len);

  const tegata_csr *read = NULL;
  OK(tegata_parse_csr(lent(csr), &read, &error));
  EXPECT_TEXT(read->subject, "CN=pump-7,O=Example");
  EXPECT(read->san->len == 2);
  EXPECT_TEXT(read->san->items[1]->text, "IP:192.0.2.7");
  EXPECT(read->san->items[1]->type == TEGATA_GENERAL_NAME_TYPE_IP);
  EXPECT(read->public_key->algorithm == TEGATA_KEY_ALGORITHM_ECDSA_P256);
  EXPECT(!read->wants_ca && read->challenge_password == NULL && read->key_usage == NULL);

  tegata_csr_free(read);
  tegata_string_free(key_pem);
  tegata_string_free(csr_pem);
  tegata_buffer_free(csr);
  tegata_signer_free(signer);
  tegata_private_key_free(key);

  /* What no key of this library's own makes: the build has no RSA generation. */
  REFUSED(TEGATA_CODE_KEY_GENERATION_UNSUPPORTED, tegata_make_key(TEGATA_KEY_ALGORITHM_RSA2048, &key, &error));
}

static const tegata_certificate *root, *sub, *other, *leaf;
static const tegata_public_key *own;

static void chains(const char *folder, int64_t now) {
  const tegata_certificates subs = {&sub, 1}, roots = {&root, 1}, others = {&other, 1};
  tegata_purpose server, client, code_signing;
  TEGATA_INIT(server);
  server.type = TEGATA_PURPOSE_TYPE_SERVER_AUTH;
  TEGATA_INIT(client);
  client.type = TEGATA_PURPOSE_TYPE_CLIENT_AUTH;
  TEGATA_INIT(code_signing);
  code_signing.type = TEGATA_PURPOSE_TYPE_OTHER;
  code_signing.oid = "1.3.6.1.5.5.7.3.3";

  const tegata_verified_chain *chain = NULL;
  OK(tegata_verify_chain(leaf, &subs, &roots, NULL, &server, now, &chain, &error));
  EXPECT(chain->certificates->len == 3);
  EXPECT_TEXT(chain->root->subject, "CN=Test Root");
  EXPECT(chain->revocation_checked == 0);
  /* A record within a record is fit for calls, too. */
  EXPECT(tegata_certificate_is_self_signed(chain->root));
  tegata_verified_chain_free(chain);
  chain = NULL;

  REFUSED(TEGATA_CODE_CERTIFICATE_CHAIN_INCOMPLETE,
          tegata_verify_chain(leaf, NULL, &roots, NULL, &server, now, &chain, &error));
  REFUSED(TEGATA_CODE_CERTIFICATE_CHAIN_INCOMPLETE,
          tegata_verify_chain(leaf, &subs, NULL, NULL, &server, now, &chain, &error));
  REFUSED(TEGATA_CODE_CERTIFICATE_CHAIN_SIGNATURE,
          tegata_verify_chain(leaf, &subs, &others, NULL, &server, now, &chain, &error));
  REFUSED(TEGATA_CODE_CERTIFICATE_CHAIN_PURPOSE,
          tegata_verify_chain(leaf, &subs, &roots, NULL, &code_signing, now, &chain, &error));
  REFUSED(TEGATA_CODE_CERTIFICATE_EXPIRED,
          tegata_verify_chain(leaf, &subs, &roots, NULL, &server, leaf->not_after + 1, &chain, &error));
  REFUSED(TEGATA_CODE_CERTIFICATE_NOT_YET_VALID,
          tegata_verify_chain(leaf, &subs, &roots, NULL, &server, leaf->not_before - 1, &chain, &error));

  const tegata_certificate *expired = read_certificate(folder, "expired.pem");
  EXPECT(!tegata_certificate_is_valid_at(expired, now));
  REFUSED(TEGATA_CODE_CERTIFICATE_EXPIRED,
          tegata_verify_chain(expired, &subs, &roots, NULL, &server, now, &chain, &error));
  tegata_certificate_free(expired);

  const tegata_certificate *for_clients = read_certificate(folder, "client.pem");
  REFUSED(TEGATA_CODE_CERTIFICATE_CHAIN_PURPOSE,
          tegata_verify_chain(for_clients, &subs, &roots, NULL, &server, now, &chain, &error));
  OK(tegata_verify_chain(for_clients, &subs, &roots, NULL, &client, now, &chain, &error));
  tegata_verified_chain_free(chain);
  chain = NULL;
  tegata_certificate_free(for_clients);

  const tegata_certificate *revoked = read_certificate(folder, "revoked.pem");
  tegata_bytes file = read_file(folder, "crl.pem");
  const tegata_crl *crl = NULL;
  OK(tegata_crl_from_bytes(file, &crl, &error));
  free((void *)file.data);
  EXPECT_TEXT(crl->issuer, "CN=Test Issuing");
  EXPECT(crl->len == 1 && crl->is_complete && *crl->number == 1 && crl->delta_base == NULL);
  EXPECT(!tegata_crl_is_stale_at(crl, now) && tegata_crl_is_stale_at(crl, *crl->next_update + 1));
  const tegata_public_key *issuer = NULL;
  OK(tegata_certificate_public_key(sub, &issuer, &error));
  OK(tegata_crl_verify_signed_by(crl, issuer, &error));
  REFUSED(TEGATA_CODE_CERTIFICATE_CHAIN_SIGNATURE, tegata_crl_verify_signed_by(crl, own, &error));
  tegata_public_key_free(issuer);
  const tegata_revocation *revocation = NULL;
  OK(tegata_crl_get(crl, revoked->serial, &revocation, &error));
  EXPECT(revocation != NULL && revocation->reason == TEGATA_REVOCATION_REASON_KEY_COMPROMISE);
  tegata_revocation_free(revocation);
  OK(tegata_crl_get(crl, leaf->serial, &revocation, &error));
  EXPECT(revocation == NULL);
  const tegata_revocations *entries = NULL;
  OK(tegata_crl_entries(crl, &entries, &error));
  EXPECT(entries->len == 1 && entries->items[0]->serial.len == revoked->serial.len);
  tegata_revocations_free(entries);

  const tegata_crls crls = {&crl, 1};
  REFUSED(TEGATA_CODE_CERTIFICATE_CHAIN_REVOKED,
          tegata_verify_chain(revoked, &subs, &roots, &crls, &server, now, &chain, &error));
  OK(tegata_verify_chain(leaf, &subs, &roots, &crls, &server, now, &chain, &error));
  EXPECT(chain->revocation_checked == 1);
  tegata_verified_chain_free(chain);
  tegata_crl_free(crl);
  tegata_certificate_free(revoked);
}

/* The findings, their codes with a space after each. */
static void found(const tegata_installation_check *check, const char *codes) {
  const tegata_findings *findings = NULL;
  char line[512] = "";
  OK(tegata_check_installation(check, &findings, &error));
  for (size_t i = 0; i < findings->len; i++) {
    const tegata_finding *finding = findings->items[i];
    EXPECT(finding->severity == TEGATA_SEVERITY_ERROR || finding->severity == TEGATA_SEVERITY_WARNING);
    EXPECT(strlen(finding->text) > 20);
    snprintf(line + strlen(line), sizeof line - strlen(line), "%s ", finding->code);
  }
  EXPECT_TEXT(line, codes);
  tegata_findings_free(findings);
}

static void installations(const char *folder, int64_t now) {
  const tegata_certificates subs = {&sub, 1}, roots = {&root, 1}, others = {&other, 1};
  const char *const right[] = {"pump-7.example", "192.0.2.7"};
  const char *const wrong[] = {"192.0.2.8"};
  tegata_installation_check check;
  TEGATA_INIT(check);
  check.certificate = leaf;
  check.key = own;
  check.chain = &subs;
  check.roots = &roots;
  check.addresses.items = right;
  check.addresses.len = 2;
  check.now = now;
  found(&check, "");

  const tegata_public_key *foreign = NULL;
  OK(tegata_certificate_public_key(sub, &foreign, &error));
  tegata_installation_check bad = check;
  bad.key = foreign;
  found(&bad, "key_mismatch ");
  tegata_public_key_free(foreign);
  bad = check;
  bad.chain = NULL;
  found(&bad, "issuer_missing ");
  bad = check;
  bad.roots = &others;
  found(&bad, "issuer_signature ");
  bad = check;
  bad.addresses.items = wrong;
  bad.addresses.len = 1;
  found(&bad, "san_address_missing ");
  bad = check;
  bad.now = 1000; /* shortly after the epoch: the clock was never set */
  found(&bad, "clock_not_set ");
  const bool set = true;
  bad.clock_set = &set;
  found(&bad, "not_yet_valid ");

  const tegata_certificate *self_signed = read_certificate(folder, "self.pem");
  tegata_installation_check alone;
  TEGATA_INIT(alone);
  alone.certificate = self_signed;
  alone.now = now;
  const tegata_findings *findings = NULL;
  OK(tegata_check_installation(&alone, &findings, &error));
  EXPECT(findings->len > 0);
  EXPECT_TEXT(findings->items[findings->len - 1]->code, "self_signed");
  tegata_findings_free(findings);
  tegata_certificate_free(self_signed);
}

static void keys(const char *folder) {
  tegata_bytes file = read_file(folder, "device.key");
  tegata_private_key *key = NULL;
  OK(tegata_private_key_from_bytes(file, &key, &error));
  free((void *)file.data);
  OK(tegata_private_key_public_key(key, &own, &error));
  EXPECT(own->spki.len == leaf->spki.len && memcmp(own->spki.data, leaf->spki.data, own->spki.len) == 0);

  const tegata_buffer *message = NULL, *signature = NULL;
  OK(tegata_statement_message(TEGATA_STATEMENT_CHALLENGE, bytes_of("fresh random octets"), &message, &error));
  OK(tegata_private_key_sign(key, lent(message), &signature, &error));
  tegata_signature_algorithm algorithm = tegata_private_key_algorithm(key);
  EXPECT(algorithm == TEGATA_SIGNATURE_ALGORITHM_ECDSA_SHA256);
  OK(tegata_public_key_verify(own, algorithm, lent(message), lent(signature), &error));
  REFUSED(TEGATA_CODE_KEY_SIGNATURE_INVALID,
          tegata_public_key_verify(own, algorithm, bytes_of("fresh random octets"), lent(signature), &error));
  REFUSED(TEGATA_CODE_KEY_SIGNATURE_MISMATCH, tegata_public_key_verify(own, TEGATA_SIGNATURE_ALGORITHM_ED25519,
                                                                       lent(message), lent(signature), &error));
  tegata_buffer_free(signature);
  tegata_buffer_free(message);
  tegata_private_key_free(key);

  const tegata_key_algorithm others[] = {TEGATA_KEY_ALGORITHM_ECDSA_P384, TEGATA_KEY_ALGORITHM_ED25519};
  for (size_t i = 0; i < 2; i++) {
    const tegata_public_key *public_key = NULL;
    OK(tegata_make_key(others[i], &key, &error));
    OK(tegata_private_key_public_key(key, &public_key, &error));
    OK(tegata_private_key_sign(key, bytes_of("message"), &signature, &error));
    OK(tegata_public_key_verify(public_key, tegata_private_key_algorithm(key), bytes_of("message"), lent(signature), &error));
    EXPECT(public_key->algorithm == others[i]);
    tegata_buffer_free(signature);
    tegata_public_key_free(public_key);
    tegata_private_key_free(key);
  }
}

/* What a registry once delivered to a device; it was made with the full library. */
static void wrapped_keys(void) {
  static const uint8_t octets[] = {0xde, 0xd0, 0x30, 0x56, 0x1d, 0x3f, 0x50, 0x90, 0xfd, 0xd9, 0xbe, 0x54,
                                   0x5a, 0x43, 0xdc, 0x49, 0xf5, 0xb0, 0x70, 0x73, 0x2a, 0xbc, 0x32, 0x67};
  static const uint8_t value[] = {0x75, 0xf6, 0xe3, 0x9b, 0x5d, 0x3f, 0xd4, 0x2d,
                                  0x30, 0x38, 0x30, 0x1f, 0x17, 0xdc, 0x89, 0x51};
  const tegata_bytes psk = bytes_of("n3vQX6HGE7pqK93jRhE6hFkT");
  const tegata_buffer *key = NULL;
  const tegata_string *text = NULL;
  tegata_wrapped wrapped;
  TEGATA_INIT(wrapped);
  wrapped.method = TEGATA_WRAP_METHOD_AES_KW;
  wrapped.algorithm = TEGATA_SYMMETRIC_ALGORITHM_AES128;
  wrapped.device = "vz2sj2dkkocn4urfnrdbhdtutm";
  wrapped.key = "5mgyw2a7agzt4bhkfdxv6sk2hi";
  wrapped.number = 1;
  wrapped.version = 2;
  wrapped.wrapped.data = octets;
  wrapped.wrapped.len = sizeof octets;
  OK(tegata_unwrap_key(&wrapped, psk, &key, &error));
  EXPECT(key->len == sizeof value && memcmp(key->data, value, sizeof value) == 0);
  OK(tegata_check_value(wrapped.algorithm, lent(key), TEGATA_CHECK_METHOD_CMAC, &text, &error));
  EXPECT_TEXT(text->text, "991C3984C0");
  tegata_string_free(text);
  tegata_buffer_free(key);
  key = NULL;

  REFUSED(TEGATA_CODE_KEY_UNWRAP_FAILED, tegata_unwrap_key(&wrapped, bytes_of("n3vxX6HGE7pqK93jRhE6hFkT"), &key, &error));
  wrapped.version = 3;
  REFUSED(TEGATA_CODE_KEY_UNWRAP_FAILED, tegata_unwrap_key(&wrapped, psk, &key, &error));
  EXPECT(key == NULL);

  tegata_psk_policy policy;
  TEGATA_INIT(policy);
  OK(tegata_generate_password(&policy, &text, &error));
  EXPECT(text->len == 24);
  tegata_string_free(text);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "make") == 0) {
    make(argv[2]);
    return 0;
  }
  if (argc != 3 || strcmp(argv[1], "check") != 0) return 2;
  const int64_t now = (int64_t)time(NULL);
  root = read_certificate(argv[2], "root.pem");
  sub = read_certificate(argv[2], "sub.pem");
  other = read_certificate(argv[2], "other.pem");
  leaf = read_certificate(argv[2], "device.pem");
  EXPECT(root->is_ca && root->is_self_issued && root->path_len == NULL && *sub->path_len == 0 && !leaf->is_ca);
  EXPECT(*leaf->extensions->key_usage == TEGATA_KEY_USAGE_DIGITAL_SIGNATURE);
  EXPECT(leaf->extensions->extended_key_usage.len == 2 && leaf->version == 3);
  const tegata_general_names *names = NULL;
  OK(tegata_certificate_names(leaf, &names, &error));
  EXPECT(names->len == 2);
  EXPECT_TEXT(names->items[0]->value, "pump-7.example");
  tegata_general_names_free(names);
  keys(argv[2]);
  wrapped_keys();
  chains(argv[2], now);
  installations(argv[2], now);
  tegata_public_key_free(own);
  tegata_certificate_free(root);
  tegata_certificate_free(sub);
  tegata_certificate_free(other);
  tegata_certificate_free(leaf);
  return 0;
}
