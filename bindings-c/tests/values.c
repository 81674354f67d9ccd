/* What a careless caller does to the functions that need no registry: NULL, wrong sizes and lengths, texts that are none, garbage. */
#include "expect.h"

static tegata_private_key *key;
static tegata_signer *signer;
static const tegata_public_key *public_key;
static const tegata_buffer *csr;
static const tegata_certificate *certificate;

static const char certificate_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBgTCCASegAwIBAgIUU6+n5vg0cyot1/rd2l1CCVRpAvMwCgYIKoZIzj0EAwIw\n"
    "FjEUMBIGA1UEAwwLTWlzdXNlIFJvb3QwHhcNMjYxMTIyMTczMzUwWhcNNDYxMTE3\n"
    "MTczMzUwWjAWMRQwEgYDVQQDDAtNaXN1c2UgUm9vdDBZMBMGByqGSM49AgEGCCqG\n"
    "SM49AwEHA0IABI/GRg01Xv6UeQvaTZhZUXdB1bY/vwOznu3TBhBWLiBd+7IHhJfH\n"
    "SS930hKBytQnyfuENuPEwXEWQoG4cfWVbCSjUzBRMB0GA1UdDgQWBBSJKmiCvNEn\n"
    "pPO5E2RFJ+8qnPv+CjAfBgNVHSMEGDAWgBSJKmiCvNEnpPO5E2RFJ+8qnPv+CjAP\n"
    "BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIF4OA0T8LtmHU+p11McA\n"
    "SL9Yf8odUI7kuc/+ZrROJMZ9AiEA/CnEutyIAK1MvAy/lE1XK0v+sAobc2Ga+Tuh\n"
    "EdwVBZI=\n"
    "-----END CERTIFICATE-----\n";

static void what_is_needed_must_be_there(void) {
  const tegata_bytes none = {NULL, 0}, lie = {NULL, 7};
  const char *code = TEGATA_CODE_INPUT_INVALID;
  REFUSED(code, tegata_make_key(TEGATA_KEY_ALGORITHM_ECDSA_P256, NULL, &error));
  REFUSED(code, tegata_private_key_from_bytes(lie, &key, &error));
  REFUSED(code, tegata_private_key_from_bytes(none, NULL, &error));
  REFUSED(code, tegata_private_key_from_bytes_with(none, NULL, &key, &error));
  REFUSED(code, tegata_private_key_public_key(NULL, &public_key, &error));
  REFUSED(code, tegata_private_key_public_key(key, NULL, &error));
  const tegata_buffer *buffer = NULL;
  const tegata_string *string = NULL;
  REFUSED(code, tegata_private_key_sign(NULL, none, &buffer, &error));
  REFUSED(code, tegata_private_key_sign(key, lie, &buffer, &error));
  REFUSED(code, tegata_private_key_sign(key, none, NULL, &error));
  REFUSED(code, tegata_private_key_to_pkcs8_der(NULL, &buffer, &error));
  REFUSED(code, tegata_private_key_to_pkcs8_pem(key, NULL, &error));
  REFUSED(code, tegata_private_key_signer(NULL, &signer, &error));
  REFUSED(code, tegata_make_csr(NULL, "CN=x", NULL, &buffer, &error));
  REFUSED(code, tegata_make_csr(signer, "CN=x", NULL, NULL, &error));
  REFUSED(code, tegata_csr_pem(lie, &string, &error));
  REFUSED(code, tegata_parse_csr(lie, NULL, &error));
  REFUSED(code, tegata_public_key_from_spki(lie, &public_key, &error));
  REFUSED(code, tegata_public_key_verify(NULL, TEGATA_SIGNATURE_ALGORITHM_ED25519, none, none, &error));
  REFUSED(code, tegata_parse_certificate(none, NULL, &error));
  REFUSED(code, tegata_certificate_many_from_pem(lie, NULL, &error));
  REFUSED(code, tegata_certificate_pem(NULL, &string, &error));
  REFUSED(code, tegata_certificate_pem(certificate, NULL, &error));
  REFUSED(code, tegata_certificate_public_key(NULL, &public_key, &error));
  REFUSED(code, tegata_certificate_names(NULL, NULL, &error));
  REFUSED(code, tegata_certificate_verify_signed_by(certificate, NULL, &error));
  REFUSED(code, tegata_crl_from_bytes(lie, NULL, &error));
  REFUSED(code, tegata_crl_get(NULL, none, NULL, &error));
  REFUSED(code, tegata_crl_entries(NULL, NULL, &error));
  REFUSED(code, tegata_crl_pem(NULL, &string, &error));
  REFUSED(code, tegata_crl_verify_signed_by(NULL, public_key, &error));
  REFUSED(code, tegata_name_parse(NULL, NULL, &error));
  REFUSED(code, tegata_name_from_der(lie, NULL, &error));
  REFUSED(code, tegata_general_name_parse(NULL, NULL, &error));
  REFUSED(code, tegata_general_name_other(NULL, lie, NULL, &error));
  REFUSED(code, tegata_statement_message(TEGATA_STATEMENT_CHALLENGE, lie, &buffer, &error));
  REFUSED(code, tegata_check_installation(NULL, NULL, &error));
  REFUSED(code, tegata_error_table(NULL, &error));
  REFUSED(code, tegata_host_signer_new(none, NULL, &signer, &error));
  EXPECT(!tegata_certificate_is_valid_at(NULL, 0) && !tegata_certificate_is_self_signed(NULL));
  EXPECT(!tegata_crl_is_stale_at(NULL, 0) && tegata_private_key_algorithm(NULL) == 0);
  EXPECT(buffer == NULL && string == NULL);

  /* The error object may be left out. */
  EXPECT(tegata_parse_csr(none, NULL, NULL) == TEGATA_STATUS_INVALID_INPUT);
}

static void an_impossible_length_is_not_believed(void) {
  const tegata_bytes endless = {(const uint8_t *)"x", SIZE_MAX};
  const tegata_bytes half = {(const uint8_t *)"x", SIZE_MAX / 2 + 1};
  const tegata_csr *read = NULL;
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_parse_csr(endless, &read, &error));
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_parse_csr(half, &read, &error));
  const tegata_certificates many = {&certificate, SIZE_MAX / 4};
  tegata_installation_check check;
  TEGATA_INIT(check);
  check.certificate = certificate;
  check.chain = &many;
  const tegata_findings *findings = NULL;
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_check_installation(&check, &findings, &error));
}

static void numbers_that_stand_for_nothing_are_refused(void) {
  const tegata_bytes none = {NULL, 0};
  tegata_private_key *made = NULL;
  const tegata_buffer *message = NULL;
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_make_key((tegata_key_algorithm)0, &made, &error));
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_make_key((tegata_key_algorithm)7, &made, &error));
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_statement_message((tegata_statement)4, none, &message, &error));
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_public_key_verify(public_key, (tegata_signature_algorithm)99, none, none, &error));
  const tegata_verified_chain *chain = NULL;
  tegata_purpose purpose;
  TEGATA_INIT(purpose);
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_verify_chain(certificate, NULL, NULL, NULL, &purpose, 0, &chain, &error));
  purpose.type = TEGATA_PURPOSE_TYPE_OTHER; /* which one? */
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_verify_chain(certificate, NULL, NULL, NULL, &purpose, 0, &chain, &error));
  purpose.oid = "no oid";
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_verify_chain(certificate, NULL, NULL, NULL, &purpose, 0, &chain, &error));
}

static void sizes_of_structs_are_looked_at(void) {
  const tegata_verified_chain *chain = NULL;
  struct {
    tegata_purpose purpose;
    char newer[16];
  } later;
  memset(&later, 0, sizeof later);
  later.purpose.type = TEGATA_PURPOSE_TYPE_ANY;
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_verify_chain(certificate, NULL, NULL, NULL, &later.purpose, 0, &chain, &error));
  later.purpose.size = sizeof later.purpose - 1;
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_verify_chain(certificate, NULL, NULL, NULL, &later.purpose, 0, &chain, &error));
  later.purpose.size = SIZE_MAX;
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_verify_chain(certificate, NULL, NULL, NULL, &later.purpose, 0, &chain, &error));
  /* A program compiled with a newer header works as long as it does not use what this library lacks. */
  later.purpose.size = sizeof later;
  REFUSED(TEGATA_CODE_CERTIFICATE_CHAIN_CONSTRAINT, /* it is a CA, not a leaf */
          tegata_verify_chain(certificate, NULL, NULL, NULL, &later.purpose, certificate->not_before, &chain, &error));
  later.newer[3] = 1;
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_verify_chain(certificate, NULL, NULL, NULL, &later.purpose, 0, &chain, &error));
}

static void texts_must_be_texts(void) {
  const tegata_buffer *made = NULL;
  const char *names[] = {"DNS:ok.example", "DNS:\xff"};
  tegata_texts san = {names, 2};
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_make_csr(signer, "CN=\xc3\x28", NULL, &made, &error));
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_make_csr(signer, "no name", NULL, &made, &error));
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_make_csr(signer, "CN=x", &san, &made, &error));
  names[1] = NULL;
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_make_csr(signer, "CN=x", &san, &made, &error));
  names[1] = "pump-7.example"; /* what kind of name? */
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_make_csr(signer, "CN=x", &san, &made, &error));
  san.items = NULL;
  REFUSED(TEGATA_CODE_INPUT_INVALID, tegata_make_csr(signer, "CN=x", &san, &made, &error));
  san.len = 0;
  OK(tegata_make_csr(signer, NULL, &san, &made, &error));
  tegata_buffer_free(made);
}

static void times_at_the_ends_of_the_world_are_times(void) {
  const int64_t ends[] = {INT64_MIN, -1, 0, INT64_MAX};
  for (size_t i = 0; i < 4; i++) {
    const tegata_findings *findings = NULL;
    const tegata_verified_chain *chain = NULL;
    EXPECT(!tegata_certificate_is_valid_at(certificate, ends[i]));
    tegata_purpose any;
    TEGATA_INIT(any);
    any.type = TEGATA_PURPOSE_TYPE_ANY;
    EXPECT(tegata_verify_chain(certificate, NULL, NULL, NULL, &any, ends[i], &chain, NULL) != TEGATA_STATUS_OK);
    tegata_installation_check check;
    TEGATA_INIT(check);
    check.certificate = certificate;
    check.now = ends[i];
    OK(tegata_check_installation(&check, &findings, &error));
    EXPECT(findings->len > 0);
    tegata_findings_free(findings);
  }
}

/* Every octet of good inputs changed, every cut: an answer or a refusal, nothing else. The tools around the program see the rest. */
static void garbage_is_refused(void) {
  const tegata_bytes good[] = {lent(csr), certificate->der, public_key->spki};
  uint8_t room[2048];
  for (size_t which = 0; which < 3; which++) {
    EXPECT(good[which].len <= sizeof room);
    for (size_t at = 0; at < 2 * good[which].len; at++) {
      tegata_bytes bad = {room, good[which].len};
      memcpy(room, good[which].data, bad.len);
      if (at < bad.len) {
        room[at] ^= (uint8_t)(1u << (at % 8));
      } else {
        bad.len = at - bad.len;
      }
      const tegata_csr *read_csr = NULL;
      const tegata_certificate *read_certificate = NULL;
      const tegata_crl *crl = NULL;
      const tegata_public_key *read_key = NULL;
      const tegata_name *name = NULL;
      tegata_private_key *private_key = NULL;
      /* A CSR is signed by what it holds, so not one bit of it may be different. */
      EXPECT(tegata_parse_csr(bad, &read_csr, NULL) != TEGATA_STATUS_OK && read_csr == NULL);
      if (tegata_parse_certificate(bad, &read_certificate, NULL) == TEGATA_STATUS_OK) {
        EXPECT(which == 1 && at < bad.len);
        EXPECT(!tegata_certificate_is_self_signed(read_certificate));
      }
      EXPECT(tegata_crl_from_bytes(bad, &crl, NULL) != TEGATA_STATUS_OK);
      EXPECT(tegata_private_key_from_bytes(bad, &private_key, NULL) != TEGATA_STATUS_OK);
      if (tegata_public_key_from_spki(bad, &read_key, NULL) == TEGATA_STATUS_OK) EXPECT(which == 2);
      tegata_name_from_der(bad, &name, NULL);
      tegata_name_free(name);
      tegata_public_key_free(read_key);
      tegata_certificate_free(read_certificate);
    }
  }
}

static void records_within_records_are_not_freed_twice(void) {
  const tegata_csr *read = NULL;
  OK(tegata_parse_csr(lent(csr), &read, &error));
  tegata_public_key_free(read->public_key); /* a mistake that does no harm */
  EXPECT(read->public_key->spki.len == 91);
  tegata_csr_free(read);
  tegata_csr_free(NULL);
  tegata_buffer_free(NULL);
  tegata_string_free(NULL);
  tegata_error_free(NULL);
  tegata_signer_free(NULL);
  tegata_private_key_free(NULL);
  tegata_public_key_free(NULL);
  tegata_certificate_free(NULL);
  tegata_certificates_free(NULL);
  tegata_crl_free(NULL);
  tegata_revocation_free(NULL);
  tegata_revocations_free(NULL);
  tegata_findings_free(NULL);
  tegata_verified_chain_free(NULL);
  tegata_general_name_free(NULL);
  tegata_general_names_free(NULL);
  tegata_name_free(NULL);
  tegata_reasons_free(NULL);
  EXPECT(tegata_error_code(NULL) == NULL && tegata_error_message(NULL) == NULL);
}

static void names_are_taken_apart(void) {
  const tegata_name *name = NULL;
  OK(tegata_name_parse("CN=pump\\, 7+SERIALNUMBER=9,OU=b,OU=a,C=JP", &name, &error));
  EXPECT_TEXT(name->common_name, "pump, 7");
  EXPECT(name->attributes_len == 5);
  EXPECT_TEXT(name->attributes[0]->short_name, "C");
  EXPECT_TEXT(name->attributes[0]->oid, "2.5.4.6");
  EXPECT(name->attributes[3]->rdn == 3 && name->attributes[4]->rdn == 3);
  const tegata_name *again = NULL;
  OK(tegata_name_from_der(name->der, &again, &error));
  EXPECT_TEXT(again->text, name->text);
  tegata_name_free(again);
  tegata_name_free(name);

  const tegata_general_name *general = NULL;
  OK(tegata_general_name_parse("IP:2001:db8::7", &general, &error));
  EXPECT(general->type == TEGATA_GENERAL_NAME_TYPE_IP);
  EXPECT_TEXT(general->value, "2001:db8::7");
  tegata_general_name_free(general);
  const tegata_bytes der = {(const uint8_t *)"\x0c\x01" "a", 3};
  OK(tegata_general_name_other("1.2.3", der, &general, &error));
  EXPECT_TEXT(general->text, "otherName:1.2.3=#0c0161");
  EXPECT(general->value == NULL && general->other_value.len == 3);
  EXPECT_TEXT(general->other_type, "1.2.3");
  tegata_general_name_free(general);
}

static void the_error_table_is_the_header_of_codes(void) {
  static const struct {
    const char *code;
    tegata_status status;
  } codes[] = {
#define X(name, kind) {name, kind},
      TEGATA_CODES(X)
#undef X
  };
  const tegata_reasons *table = NULL;
  OK(tegata_error_table(&table, &error));
  EXPECT(table->len == sizeof codes / sizeof codes[0]);
  for (size_t i = 0; i < table->len; i++) {
    size_t at = 0;
    while (at < table->len && strcmp(codes[at].code, table->items[i]->code) != 0) at++;
    EXPECT(at < table->len);
    EXPECT(codes[at].status == table->items[i]->kind);
    EXPECT(strlen(table->items[i]->text) > 10);
  }
  tegata_reasons_free(table);
}

int main(void) {
  OK(tegata_make_key(TEGATA_KEY_ALGORITHM_ECDSA_P256, &key, &error));
  OK(tegata_private_key_signer(key, &signer, &error));
  OK(tegata_private_key_public_key(key, &public_key, &error));
  OK(tegata_make_csr(signer, "CN=pump-7", NULL, &csr, &error));
  OK(tegata_parse_certificate(bytes_of(certificate_pem), &certificate, &error));
  what_is_needed_must_be_there();
  an_impossible_length_is_not_believed();
  numbers_that_stand_for_nothing_are_refused();
  sizes_of_structs_are_looked_at();
  texts_must_be_texts();
  times_at_the_ends_of_the_world_are_times();
  garbage_is_refused();
  records_within_records_are_not_freed_twice();
  names_are_taken_apart();
  the_error_table_is_the_header_of_codes();
  tegata_certificate_free(certificate);
  tegata_buffer_free(csr);
  tegata_public_key_free(public_key);
  tegata_signer_free(signer);
  tegata_private_key_free(key);
  return 0;
}
