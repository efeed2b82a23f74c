/* cmd/notify.h - telling the service manager how we are. Source: sd_notify(3). */
#ifndef CMD_NOTIFY_H
#define CMD_NOTIFY_H

/* Sends one state ("READY=1") to $NOTIFY_SOCKET; without one does nothing. */
void notify_system(const char *state);

#endif
