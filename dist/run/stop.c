#include "dist/run/stop.h"

#include "dist/program/exit_code.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* The one mutable global of the program: a signal handler can reach nothing else. */
static volatile sig_atomic_t wished = STOP_NO;

void stop_wish(enum stop_wish wish)
{
    if ((int)wish > wished)
        wished = (sig_atomic_t)wish;
}

enum stop_wish stop_wished(void)
{
    return (enum stop_wish)wished;
}

static void on_signal(int number)
{
    stop_wish(number == SIGUSR1 ? STOP_SOON : STOP_NOW);
}

static void on_alarm(int number)
{
    (void)number;
    _exit(EXIT_INCOMPLETE);
}

void stop_watch(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL); /* a file size limit is then an error like a full disk */
}

void stop_within(int milliseconds)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    struct itimerval timer = {{0, 0}, {milliseconds / 1000, milliseconds % 1000 * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}
