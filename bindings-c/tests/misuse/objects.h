/* One of each thing that functions take, for the generated calls with one argument spoilt. */
#ifndef OBJECTS_H
#define OBJECTS_H

#include "../world.h"

static tegata_registry *any_registry;
static tegata_store *any_store;
static tegata_sealer *any_sealer;
static tegata_signer *any_signer;
static tegata_clock *any_clock;
static tegata_private_key *any_private_key;
static const tegata_certificate *any_certificate;
static const tegata_crl *any_crl;
static const tegata_public_key *any_public_key;
static const tegata_issued *any_issued;
static const tegata_issued_with_key *any_issued_with_key;
static const tegata_authority *any_authority;
static const tegata_trust_bundle *any_trust_bundle;
static const tegata_crl_record *any_crl_record;
static const tegata_certificate_record *any_certificate_record;
static const tegata_profile_spec *any_profile_spec;
static const tegata_certificates *any_certificates;
static const tegata_crls *any_crls;
static const tegata_issued_psk *any_issued_psk;
static world any_world;

/* A record, an empty list, and what else a call may need. */
static inline void objects_make(void) {
  static tegata_certificates certificates;
  static tegata_crls crls;
  tegata_new_device new_device;
  tegata_new_psk new_psk;
  const tegata_device *device = NULL;
  any_world = world_in_memory();
  any_registry = any_world.registry;
  any_clock = any_world.clock;
  any_authority = any_world.root;
  any_profile_spec = any_world.for_devices->spec;
  any_issued_with_key = any_world.camera->credential;
  any_issued = any_issued_with_key->issued;
  any_certificate_record = any_issued->certificate;
  WELL(tegata_memory_store_new(&any_store, error));
  WELL(tegata_software_sealer_generate(&any_sealer, error));
  WELL(tegata_make_key(TEGATA_KEY_ALGORITHM_ED25519, &any_private_key, error));
  WELL(tegata_private_key_signer(any_private_key, &any_signer, error));
  WELL(tegata_private_key_public_key(any_private_key, &any_public_key, error));
  WELL(tegata_parse_certificate(any_authority->certificate, &any_certificate, error));
  WELL(tegata_authorities_crl(any_registry, any_authority->id, NULL, NULL, &any_crl_record, error));
  WELL(tegata_crl_from_bytes(any_crl_record->der, &any_crl, error));
  WELL(tegata_registry_trust_bundle(any_registry, &any_trust_bundle, error));
  TEGATA_INIT(new_device);
  WELL(tegata_devices_register(any_registry, &new_device, NULL, &device, error));
  TEGATA_INIT(new_psk);
  new_psk.device = device->id;
  new_psk.kind = TEGATA_PSK_KIND_READABLE;
  WELL(tegata_psks_issue(any_registry, &new_psk, NULL, &any_issued_psk, error));
  tegata_device_free(device);
  any_certificates = &certificates;
  any_crls = &crls;
}

static inline void objects_free(void) {
  tegata_issued_psk_free(any_issued_psk);
  tegata_trust_bundle_free(any_trust_bundle);
  tegata_crl_free(any_crl);
  tegata_crl_record_free(any_crl_record);
  tegata_certificate_free(any_certificate);
  tegata_public_key_free(any_public_key);
  tegata_signer_free(any_signer);
  tegata_private_key_free(any_private_key);
  tegata_sealer_free(any_sealer);
  tegata_store_free(any_store);
  world_free(&any_world);
}

/* After a call: an error exactly when there is trouble, of the kind that was returned. */
static int calls_made = 0;
static inline void consistent(const char *what, tegata_status status, tegata_error *error, bool must_refuse) {
  calls_made++;
  if ((status == TEGATA_STATUS_OK) != (error == NULL) || tegata_error_kind(error) != status ||
      (must_refuse && status != TEGATA_STATUS_INVALID_INPUT)) {
    fprintf(stderr, "%s: status %d, %s\n", what, (int)status, error == NULL ? "no error" : tegata_error_message(error));
    exit(1);
  }
  tegata_error_free(error);
}

#endif
