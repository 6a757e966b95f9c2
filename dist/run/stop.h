/* Stopping is a normal event. Signal handlers only raise a flag, which the thread that runs the sweep looks
 * at. */
#ifndef APEX_DIST_STOP_H
#define APEX_DIST_STOP_H

enum stop_wish {
    STOP_NO,
    STOP_SOON, /* SIGUSR1, an early warning: finish what is in flight, hand out nothing more */
    STOP_NOW   /* SIGTERM, SIGINT: sync what has arrived and go */
};

void stop_watch(void); /* installs the handlers */
enum stop_wish stop_wished(void);
void stop_wish(enum stop_wish wish); /* the same wish from elsewhere (another rank, the time limit) */

/* Ends the process with EXIT_INCOMPLETE after so many milliseconds, whatever it is doing then. */
void stop_within(int milliseconds);

#endif
