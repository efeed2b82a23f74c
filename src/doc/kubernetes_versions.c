/* doc/kubernetes_versions.c - the published deprecations of Kubernetes' API.
 *
 * Source: kubernetes.io, "Deprecated API Migration Guide"
 * (docs/reference/using-api/deprecation-guide), and for the releases of deprecation the
 * prerelease-lifecycle tags in k8s.io/api. */
#include "doc/kubernetes_versions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct kubernetes_retirement rows[] = {
	/* gone with 1.16 */
	{ "extensions/v1beta1", "DaemonSet", 8, 16, "apps/v1" },
	{ "extensions/v1beta1", "Deployment", 8, 16, "apps/v1" },
	{ "extensions/v1beta1", "NetworkPolicy", 9, 16, "networking.k8s.io/v1" },
	{ "extensions/v1beta1", "PodSecurityPolicy", 10, 16, NULL },
	{ "extensions/v1beta1", "ReplicaSet", 8, 16, "apps/v1" },
	{ "extensions/v1beta1", "Ingress", 14, 22, "networking.k8s.io/v1" },
	{ "apps/v1beta1", NULL, 9, 16, "apps/v1" },
	{ "apps/v1beta2", NULL, 9, 16, "apps/v1" },
	/* gone with 1.22 */
	{ "admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration", 16,
	  22, "admissionregistration.k8s.io/v1" },
	{ "admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration", 16,
	  22, "admissionregistration.k8s.io/v1" },
	{ "apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", 16, 22,
	  "apiextensions.k8s.io/v1" },
	{ "apiregistration.k8s.io/v1beta1", "APIService", 19, 22,
	  "apiregistration.k8s.io/v1" },
	{ "authentication.k8s.io/v1beta1", "TokenReview", 19, 22,
	  "authentication.k8s.io/v1" },
	{ "authorization.k8s.io/v1beta1", NULL, 19, 22, "authorization.k8s.io/v1" },
	{ "certificates.k8s.io/v1beta1", "CertificateSigningRequest", 19, 22,
	  "certificates.k8s.io/v1" },
	{ "coordination.k8s.io/v1beta1", "Lease", 19, 22, "coordination.k8s.io/v1" },
	{ "networking.k8s.io/v1beta1", "Ingress", 19, 22, "networking.k8s.io/v1" },
	{ "networking.k8s.io/v1beta1", "IngressClass", 19, 22, "networking.k8s.io/v1" },
	{ "rbac.authorization.k8s.io/v1beta1", NULL, 17, 22,
	  "rbac.authorization.k8s.io/v1" },
	{ "rbac.authorization.k8s.io/v1alpha1", NULL, 17, 22,
	  "rbac.authorization.k8s.io/v1" },
	{ "scheduling.k8s.io/v1beta1", "PriorityClass", 14, 22,
	  "scheduling.k8s.io/v1" },
	{ "storage.k8s.io/v1beta1", "CSIDriver", 19, 22, "storage.k8s.io/v1" },
	{ "storage.k8s.io/v1beta1", "CSINode", 17, 22, "storage.k8s.io/v1" },
	{ "storage.k8s.io/v1beta1", "StorageClass", 19, 22, "storage.k8s.io/v1" },
	{ "storage.k8s.io/v1beta1", "VolumeAttachment", 19, 22, "storage.k8s.io/v1" },
	/* gone with 1.25 */
	{ "autoscaling/v2beta1", "HorizontalPodAutoscaler", 22, 25, "autoscaling/v2" },
	{ "batch/v1beta1", "CronJob", 21, 25, "batch/v1" },
	{ "discovery.k8s.io/v1beta1", "EndpointSlice", 21, 25, "discovery.k8s.io/v1" },
	{ "events.k8s.io/v1beta1", "Event", 19, 25, "events.k8s.io/v1" },
	{ "node.k8s.io/v1beta1", "RuntimeClass", 20, 25, "node.k8s.io/v1" },
	{ "policy/v1beta1", "PodDisruptionBudget", 21, 25, "policy/v1" },
	{ "policy/v1beta1", "PodSecurityPolicy", 21, 25, NULL },
	/* gone with 1.26 */
	{ "autoscaling/v2beta2", "HorizontalPodAutoscaler", 23, 26, "autoscaling/v2" },
	{ "flowcontrol.apiserver.k8s.io/v1beta1", NULL, 23, 26,
	  "flowcontrol.apiserver.k8s.io/v1" },
	/* gone with 1.27 */
	{ "storage.k8s.io/v1beta1", "CSIStorageCapacity", 24, 27, "storage.k8s.io/v1" },
	/* gone with 1.29 */
	{ "flowcontrol.apiserver.k8s.io/v1beta2", NULL, 26, 29,
	  "flowcontrol.apiserver.k8s.io/v1" },
	/* gone with 1.32 */
	{ "flowcontrol.apiserver.k8s.io/v1beta3", NULL, 29, 32,
	  "flowcontrol.apiserver.k8s.io/v1" },
};

static bool is_row(const struct kubernetes_retirement *row, const char *version,
		   const char *kind)
{
	if (strcmp(row->version, version) != 0)
		return false;
	if (row->kind == NULL || strcmp(row->kind, kind) == 0)
		return true;
	/* Lists go with what they list. */
	size_t length = strlen(row->kind);
	return strncmp(row->kind, kind, length) == 0 &&
	       strcmp(kind + length, "List") == 0;
}

const struct kubernetes_retirement *kubernetes_retirement(const char *version,
							  const char *kind)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_row(&rows[i], version, kind))
			return &rows[i];
	return NULL;
}

unsigned int kubernetes_minor(const char *version)
{
	if (strncmp(version, "1.", 2) != 0)
		return 0;
	return (unsigned int)strtoul(version + 2, NULL, 10);
}
