/* A server with wolfSSL and the keys of the header that it is built with. */
#include "listen.h"
#include TEGATA_PSK

int main(void)
{
    WOLFSSL_CTX *context;
    int listener;
    wolfSSL_Init();
    context = wolfSSL_CTX_new(wolfSSLv23_server_method());
    if (context == NULL)
        return 1;
    wolfSSL_CTX_set_psk_server_callback(context, tegata_psk);
#ifdef WOLFSSL_TLS13
    wolfSSL_CTX_set_psk_server_tls13_callback(context, tegata_psk_tls13);
#endif
    for (listener = loopback();;) {
        char heard[64];
        int connection = next(listener);
        WOLFSSL *ssl = wolfSSL_new(context);
        wolfSSL_set_fd(ssl, connection);
        if (wolfSSL_accept(ssl) != WOLFSSL_SUCCESS)
            fprintf(stderr, "handshake: %d\n", wolfSSL_get_error(ssl, 0));
        else if (wolfSSL_read(ssl, heard, sizeof heard) > 0) {
            wolfSSL_write(ssl, ANSWER, (int)strlen(ANSWER));
            wolfSSL_shutdown(ssl);
        }
        wolfSSL_free(ssl);
        close(connection);
    }
}
