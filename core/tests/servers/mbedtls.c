/* A server with mbedTLS and the keys of the header that it is built with. */
#include "listen.h"
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include TEGATA_PSK

int main(void)
{
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_config config;
    int listener;
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_ssl_config_init(&config);
    if (mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0) != 0 ||
        mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return 1;
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
    mbedtls_ssl_conf_psk_cb(&config, tegata_psk, NULL);
    for (listener = loopback();;) {
        unsigned char heard[64];
        int status;
        mbedtls_net_context connection;
        mbedtls_ssl_context ssl;
        mbedtls_net_init(&connection);
        connection.fd = next(listener);
        mbedtls_ssl_init(&ssl);
        if (mbedtls_ssl_setup(&ssl, &config) != 0)
            return 1;
        mbedtls_ssl_set_bio(&ssl, &connection, mbedtls_net_send, mbedtls_net_recv, NULL);
        status = mbedtls_ssl_handshake(&ssl);
        if (status != 0)
            fprintf(stderr, "handshake: -0x%04x\n", (unsigned)-status);
        else if (mbedtls_ssl_read(&ssl, heard, sizeof heard) > 0) {
            mbedtls_ssl_write(&ssl, (const unsigned char *)ANSWER, strlen(ANSWER));
            mbedtls_ssl_close_notify(&ssl);
        }
        mbedtls_ssl_free(&ssl);
        mbedtls_net_free(&connection);
    }
}
