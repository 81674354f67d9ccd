/* A server with GnuTLS that takes its keys from a file: gnutls FILE */
#include "listen.h"
#include <gnutls/gnutls.h>

int main(int argc, char **argv)
{
    gnutls_psk_server_credentials_t keys;
    gnutls_priority_t priority;
    int listener;
    if (argc != 2 || gnutls_psk_allocate_server_credentials(&keys) < 0 ||
        gnutls_psk_set_server_credentials_file(keys, argv[1]) < 0 ||
        gnutls_priority_init(&priority, "NORMAL:-KX-ALL:+ECDHE-PSK:+DHE-PSK:+PSK", NULL) < 0)
        return 1;
    for (listener = loopback();;) {
        char heard[64];
        int status, connection = next(listener);
        gnutls_session_t session;
        gnutls_init(&session, GNUTLS_SERVER);
        gnutls_priority_set(session, priority);
        gnutls_credentials_set(session, GNUTLS_CRD_PSK, keys);
        gnutls_transport_set_int(session, connection);
        do
            status = gnutls_handshake(session);
        while (status < 0 && !gnutls_error_is_fatal(status));
        if (status < 0)
            fprintf(stderr, "handshake: %s\n", gnutls_strerror(status));
        else if (gnutls_record_recv(session, heard, sizeof heard) > 0) {
            gnutls_record_send(session, ANSWER, strlen(ANSWER));
            gnutls_bye(session, GNUTLS_SHUT_WR);
        }
        gnutls_deinit(session);
        close(connection);
    }
}
