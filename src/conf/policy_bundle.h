/* conf/policy_bundle.h - bundles of Kubernetes' schemas that a policy names.
 *
 * When a policy is loaded, only the beginning of a bundle is looked at (or, in git, its
 * id): that it is there, is one, and is as long as it says. It is read, compared with
 * its pin and opened when the first document needs it, so that a change without
 * documents does not pay for it. What opens late fails as it would have failed at once.
 *
 * Threads: any; the first one opens, others wait. */
#ifndef CONF_POLICY_BUNDLE_H
#define CONF_POLICY_BUNDLE_H

struct error;
struct kubernetes_bundle;
struct policy;
struct policy_bundle;

/* The bundle, which lives as long as the policy; after a failure the same one again. 0,
 * or as policy_add_server(). */
int policy_bundle_open(struct policy_bundle *bundle,
		       const struct kubernetes_bundle **out, struct error *err);
/* All that a policy names, for who must know now whether they are good. */
int policy_open_bundles(struct policy *policy, struct error *err);

#endif
