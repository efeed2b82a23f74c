/* job/deploy.h - the body of the profile "deploy": one target, one errand.
 *
 * Receives one `deploy` and answers with one `deployed`; in mode "apply" with a
 * `deploy_phase` before each of "planning", "applying", "verifying". Descriptors: the
 * sealed manifests (mode "apply" only), then one grant of the runner when has_activate,
 * then optionally a second one, with which the command is run again when the first run
 * failed and the earlier release was made live again. Modes: "apply", "verify" (a
 * difference is an error), "observe" (a difference is drift). */
#ifndef JOB_DEPLOY_H
#define JOB_DEPLOY_H

struct channel;

/* 0: it was answered. */
int job_deploy(struct channel *channel);

#endif
