/*
 * How long one enrolment takes when it is called from C: `enroll COUNT THREADS` prints microseconds per enrolment.
 *
 * Keys and requests are made before; a product open to all, a store in memory, a hundred enrolments to warm up.
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tegata.h"

enum { WARM_UP = 100 };

static tegata_registry *registry;
static const tegata_registered_product *product;
static const tegata_buffer **requests;

static void must(tegata_status status, tegata_error *error) {
  if (status == TEGATA_STATUS_OK) return;
  fprintf(stderr, "%s: %s\n", tegata_error_code(error), tegata_error_message(error));
  exit(1);
}

typedef struct {
  size_t from;
  size_t to;
} span;

static void *enroll(void *argument) {
  const span *part = (const span *)argument;
  tegata_call call;
  size_t i;
  TEGATA_INIT(call);
  call.actor = "bench";
  for (i = part->from; i < part->to; i++) {
    tegata_enroll request;
    const tegata_enrolled *enrolled = NULL;
    tegata_error *error = NULL;
    TEGATA_INIT(request);
    request.credential = product->credential->issued->der;
    request.csr.data = requests[i]->data;
    request.csr.len = requests[i]->len;
    must(tegata_devices_enroll(registry, &request, &call, &enrolled, &error), error);
    tegata_enrolled_free(enrolled);
  }
  return NULL;
}

static void prepare(size_t count) {
  tegata_error *error = NULL;
  tegata_store *store = NULL;
  tegata_sealer *sealer = NULL;
  tegata_call call;
  tegata_new_authority new_root;
  const tegata_authority *root = NULL;
  const tegata_profile_spec *spec = NULL;
  const tegata_profile *for_products = NULL, *for_devices = NULL;
  tegata_product_spec product_spec;
  tegata_new_product new_product;
  size_t i;

  must(tegata_memory_store_new(&store, &error), error);
  must(tegata_software_sealer_generate(&sealer, &error), error);
  must(tegata_registry_open(store, sealer, NULL, &registry, &error), error);
  tegata_store_free(store);
  tegata_sealer_free(sealer);
  TEGATA_INIT(call);
  call.actor = "bench";
  TEGATA_INIT(new_root);
  new_root.name = "root";
  new_root.subject = "CN=Root";
  must(tegata_authorities_create_root(registry, &new_root, &call, &root, &error), error);
  must(tegata_profile_spec_product_credential(&spec, &error), error);
  must(tegata_profiles_put(registry, "product", spec, &call, &for_products, &error), error);
  tegata_profile_spec_free(spec);
  must(tegata_profile_spec_device(&spec, &error), error);
  must(tegata_profiles_put(registry, "device", spec, &call, &for_devices, &error), error);
  tegata_profile_spec_free(spec);
  TEGATA_INIT(product_spec);
  product_spec.name = "Camera";
  TEGATA_INIT(new_product);
  new_product.spec = &product_spec;
  new_product.authority = root->id;
  new_product.credential_profile = for_products->id;
  new_product.device_profile = for_devices->id;
  must(tegata_products_register(registry, &new_product, &call, &product, &error), error);
  tegata_profile_free(for_products);
  tegata_profile_free(for_devices);
  tegata_authority_free(root);

  requests = (const tegata_buffer **)calloc(count, sizeof *requests);
  if (requests == NULL) exit(1);
  for (i = 0; i < count; i++) {
    tegata_private_key *key = NULL;
    tegata_signer *signer = NULL;
    must(tegata_make_key(TEGATA_KEY_ALGORITHM_ECDSA_P256, &key, &error), error);
    must(tegata_private_key_signer(key, &signer, &error), error);
    must(tegata_make_csr(signer, "", NULL, &requests[i], &error), error);
    tegata_signer_free(signer);
    tegata_private_key_free(key);
  }
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  size_t count = argc == 3 ? (size_t)strtoul(argv[1], NULL, 10) : 0;
  size_t threads = argc == 3 ? (size_t)strtoul(argv[2], NULL, 10) : 0;
  span warm_up = {0, WARM_UP};
  span *parts;
  pthread_t *running;
  size_t i;
  double begin, took;
  if (count == 0 || threads == 0) {
    fprintf(stderr, "enroll COUNT THREADS\n");
    return 2;
  }
  prepare(WARM_UP + count);
  enroll(&warm_up);

  parts = (span *)calloc(threads, sizeof *parts);
  running = (pthread_t *)calloc(threads, sizeof *running);
  if (parts == NULL || running == NULL) return 1;
  begin = seconds();
  for (i = 0; i < threads; i++) {
    parts[i].from = WARM_UP + count * i / threads;
    parts[i].to = WARM_UP + count * (i + 1) / threads;
    if (threads == 1) enroll(&parts[0]);
    else if (pthread_create(&running[i], NULL, enroll, &parts[i]) != 0) return 1;
  }
  for (i = 0; threads > 1 && i < threads; i++) pthread_join(running[i], NULL);
  took = seconds() - begin;
  printf("%.3f\n", took * 1e6 / (double)count);

  for (i = 0; i < WARM_UP + count; i++) tegata_buffer_free(requests[i]);
  free(requests);
  free(parts);
  free(running);
  tegata_registered_product_free(product);
  tegata_registry_free(registry);
  return 0;
}
