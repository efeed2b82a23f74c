/* hooks/record.h - keeps the certificates of signed pushes, for whoever judges later.
 *
 * refs/gitgate/pushes is a line of commits, the latest first, each with one file
 * "certificate". Nobody believes it: certificates prove themselves. */
#ifndef HOOKS_RECORD_H
#define HOOKS_RECORD_H

struct error;

/* Adds the certificate in a blob (its id in hexadecimal). `repository`: absolute. Runs
 * git. ERROR_CHILD, ERROR_BUSY when others were faster too often, ... */
int record_push(const char *repository, const char *certificate, struct error *err);

#endif
