/* A registry with a root, two profiles and a product, for the tests in C. */
#ifndef WORLD_H
#define WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tegata.h"
#include "tegata_codes.h"

#define HOLDS(condition)                                                     \
  do {                                                                       \
    if (!(condition)) {                                                      \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                               \
    }                                                                        \
  } while (0)

/* A call that must go well. */
#define WELL(call)                                                                             \
  do {                                                                                         \
    tegata_error *error_ = NULL;                                                               \
    tegata_error **error = &error_;                                                            \
    if ((call) != TEGATA_STATUS_OK) {                                                          \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, tegata_error_message(*error)); \
      exit(1);                                                                                 \
    }                                                                                          \
    HOLDS(*error == NULL);                                                                     \
  } while (0)

/* A call that must be refused with this code; the text of the error is kept in `refusal`. */
static inline char *refusal_of(void) {
  static char text[1024];
  return text;
}
#define refusal refusal_of()
#define REFUSED(call, wanted)                                                                   \
  do {                                                                                          \
    tegata_error *error_ = NULL;                                                                \
    tegata_error **error = &error_;                                                             \
    tegata_status status_ = (call);                                                             \
    HOLDS(status_ != TEGATA_STATUS_OK);                                                         \
    HOLDS(*error != NULL && tegata_error_kind(*error) == status_);                              \
    snprintf(refusal, 1024, "%s", tegata_error_message(*error));                      \
    if (strcmp(tegata_error_code(*error), (wanted)) != 0) {                                     \
      fprintf(stderr, "%s:%d: %s: %s instead of %s: %s\n", __FILE__, __LINE__, #call,           \
              tegata_error_code(*error), (wanted), refusal);                                    \
      exit(1);                                                                                  \
    }                                                                                           \
    tegata_error_free(*error);                                                                  \
  } while (0)

typedef struct {
  tegata_registry *registry;
  tegata_clock *clock;
  const tegata_authority *root;
  const tegata_profile *for_products;
  const tegata_profile *for_devices;
  const tegata_registered_product *camera;
} world;

/* With this store, which the world takes over, and this signer for the root, or NULL for a key made here. */
static inline world world_with(tegata_store *store, const tegata_signer *signer) {
  world made;
  tegata_sealer *sealer = NULL;
  tegata_options options;
  tegata_new_authority new_root;
  tegata_new_product new_camera;
  tegata_product_spec spec;
  const tegata_profile_spec *credential = NULL;
  tegata_profile_spec device;

  WELL(tegata_fixed_clock_at(1767225600, &made.clock, error));
  WELL(tegata_software_sealer_generate(&sealer, error));
  TEGATA_INIT(options);
  options.clock = made.clock;
  WELL(tegata_registry_open(store, sealer, &options, &made.registry, error));
  tegata_store_free(store);
  tegata_sealer_free(sealer);

  TEGATA_INIT(new_root);
  new_root.name = "root";
  new_root.subject = "CN=Example Root,O=Example";
  new_root.signer = signer;
  WELL(tegata_authorities_create_root(made.registry, &new_root, NULL, &made.root, error));

  WELL(tegata_profile_spec_product_credential(&credential, error));
  WELL(tegata_profiles_put(made.registry, "product", credential, NULL, &made.for_products, error));
  tegata_profile_spec_free(credential);
  TEGATA_INIT(device);
  WELL(tegata_profiles_put(made.registry, "device", &device, NULL, &made.for_devices, error));

  TEGATA_INIT(spec);
  spec.name = "Camera 3";
  TEGATA_INIT(new_camera);
  new_camera.spec = &spec;
  new_camera.authority = made.root->id;
  new_camera.credential_profile = made.for_products->id;
  new_camera.device_profile = made.for_devices->id;
  WELL(tegata_products_register(made.registry, &new_camera, NULL, &made.camera, error));
  return made;
}

static inline world world_in_memory(void) {
  tegata_store *store = NULL;
  WELL(tegata_memory_store_new(&store, error));
  return world_with(store, NULL);
}

static inline void world_free(world *made) {
  tegata_registered_product_free(made->camera);
  tegata_profile_free(made->for_devices);
  tegata_profile_free(made->for_products);
  tegata_authority_free(made->root);
  tegata_registry_free(made->registry);
  tegata_clock_free(made->clock);
}

/* A CSR for a new key. */
static inline const tegata_buffer *new_csr(void) {
  tegata_private_key *key = NULL;
  tegata_signer *signer = NULL;
  const tegata_buffer *csr = NULL;
  WELL(tegata_make_key(TEGATA_KEY_ALGORITHM_ECDSA_P256, &key, error));
  WELL(tegata_private_key_signer(key, &signer, error));
  WELL(tegata_make_csr(signer, "", NULL, &csr, error));
  tegata_signer_free(signer);
  tegata_private_key_free(key);
  return csr;
}

static inline tegata_bytes bytes(const uint8_t *data, size_t len) {
  tegata_bytes made;
  made.data = data;
  made.len = len;
  return made;
}

/* Enrolls a unit with this CSR. */
static inline tegata_status enroll(const world *in, const tegata_buffer *csr, const tegata_enrolled **enrolled, tegata_error **error) {
  tegata_enroll request;
  TEGATA_INIT(request);
  request.credential = in->camera->credential->issued->der;
  request.csr = bytes(csr->data, csr->len);
  return tegata_devices_enroll(in->registry, &request, NULL, enrolled, error);
}

#endif
