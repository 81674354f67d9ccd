/* A listener on the loopback that says its port, one connection after the other. What a server here answers to anything
 * is "olleh", so that a client which hears it has gone through the whole handshake. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER "olleh\n"

static int loopback(void)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 8) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
        perror("listen");
        exit(1);
    }
    signal(SIGPIPE, SIG_IGN);
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static int next(int listener)
{
    struct timeval limit = {10, 0};
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) {
        perror("accept");
        exit(1);
    }
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return connection;
}
