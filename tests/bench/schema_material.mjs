// tests/bench/schema_material.mjs - writes what the benches and differential tests of schemas read, the same at every
// run: strict schemas of Kubernetes, and documents: one a line, as JSON, and as YAML streams.
// usage: schema_material.mjs DEFINITIONS FOLDER   ($GITGATE_NPM has js-yaml for the YAML; without it there is none)
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [definitionsFile, folder] = process.argv.slice(2);
const definitions = JSON.parse(readFileSync(definitionsFile, 'utf8')).definitions;

// mulberry32
let state = 20261121;
const random = () => {
	state = (state + 0x6d2b79f5) | 0;
	let t = Math.imul(state ^ (state >>> 15), 1 | state);
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const below = n => Math.floor(random() * n);
const maybe = p => random() < p;
const word = () => Array.from({ length: 3 + below(9) }, () => String.fromCharCode(97 + below(26))).join('');
const pick = list => list[below(list.length)];

const strict = { definitions: structuredClone(definitions) };
for (const definition of Object.values(strict.definitions))
	if (definition.properties && !('additionalProperties' in definition)) definition.additionalProperties = false;
for (const [name, reference] of [['Deployment', 'io.k8s.api.apps.v1.Deployment'], ['Service', 'io.k8s.api.core.v1.Service']])
	writeFileSync(`${folder}/${name}.schema.json`, JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', $ref: `#/definitions/${reference}`, ...strict }));

const labels = n => Object.fromEntries(Array.from({ length: n }, () => [`app.kubernetes.io/${word()}`, word()]));
const quantity = () => pick(['100m', '250m', '1', 2, '64Mi', '512Mi', '1Gi']);
const probe = () => ({
	...(maybe(0.5) ? { httpGet: { path: `/${word()}`, port: pick(['http', 8080, 9898]), scheme: 'HTTP' } } : { exec: { command: ['sh', '-c', word()] } }),
	initialDelaySeconds: 1 + below(9), timeoutSeconds: 5,
	...(maybe(0.5) ? { periodSeconds: 10, failureThreshold: 3 } : {}),
});
const variable = () => maybe(0.6) ? { name: word().toUpperCase(), value: word() }
	: { name: word().toUpperCase(), valueFrom: maybe(0.5) ? { secretKeyRef: { name: word(), key: word() } } : { fieldRef: { fieldPath: 'metadata.name' } } };
const container = full => ({
	name: word(), image: `example.org/${word()}:${below(9)}.${below(9)}`,
	...(full || maybe(0.7) ? { imagePullPolicy: 'IfNotPresent' } : {}),
	...(full || maybe(0.8) ? { ports: Array.from({ length: 1 + below(3) }, () => ({ name: word(), containerPort: 1024 + below(9000), protocol: 'TCP' })) } : {}),
	...(full || maybe(0.5) ? { command: ['./run', `--port=${below(9999)}`, `--level=${word()}`] } : {}),
	...(full || maybe(0.6) ? { env: Array.from({ length: 1 + below(5) }, variable) } : {}),
	...(full || maybe(0.6) ? { livenessProbe: probe(), readinessProbe: probe() } : {}),
	...(full || maybe(0.7) ? { resources: { limits: { cpu: quantity(), memory: quantity() }, requests: { cpu: quantity(), memory: quantity() } } } : {}),
	...(maybe(0.5) ? { volumeMounts: [{ name: 'data', mountPath: `/${word()}`, readOnly: maybe(0.5) }] } : {}),
	...(maybe(0.4) ? { securityContext: { runAsNonRoot: true, runAsUser: 1000, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } } : {}),
});
const deployment = full => {
	const own = labels(1 + below(3));
	return {
		apiVersion: 'apps/v1', kind: 'Deployment',
		metadata: { name: word(), namespace: word(), labels: { ...own, ...labels(below(3)) }, ...(maybe(0.5) ? { annotations: labels(1 + below(3)) } : {}) },
		spec: {
			...(full || maybe(0.8) ? { replicas: 1 + below(5) } : {}),
			...(full || maybe(0.5) ? { minReadySeconds: 3, revisionHistoryLimit: 5, progressDeadlineSeconds: 60 } : {}),
			...(full || maybe(0.5) ? { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: pick([0, '25%']), maxSurge: pick([1, '50%']) } } } : {}),
			selector: { matchLabels: own },
			template: {
				metadata: { labels: own, ...(maybe(0.5) ? { annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9797' } } : {}) },
				spec: {
					containers: Array.from({ length: full ? 1 : 1 + below(3) }, () => container(full)),
					...(maybe(0.3) ? { initContainers: [container(false)] } : {}),
					...(maybe(0.5) ? { volumes: [{ name: 'data', ...(maybe(0.5) ? { emptyDir: {} } : { configMap: { name: word(), items: [{ key: word(), path: word() }] } }) }] } : {}),
					...(maybe(0.4) ? { serviceAccountName: word(), terminationGracePeriodSeconds: 30 } : {}),
					...(maybe(0.3) ? { nodeSelector: labels(1), tolerations: [{ key: word(), operator: 'Exists', effect: 'NoSchedule' }] } : {}),
					...(maybe(0.3) ? { affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: { labelSelector: { matchLabels: own }, topologyKey: 'kubernetes.io/hostname' } }] } } } : {}),
				},
			},
		},
	};
};
const service = () => ({
	apiVersion: 'v1', kind: 'Service',
	metadata: { name: word(), ...(maybe(0.7) ? { namespace: word() } : {}), ...(maybe(0.6) ? { labels: labels(1 + below(3)) } : {}) },
	spec: {
		...(maybe(0.7) ? { type: pick(['ClusterIP', 'NodePort']) } : {}),
		selector: labels(1 + below(2)),
		ports: Array.from({ length: 1 + below(3) }, () => ({ name: word(), port: 1 + below(9000), ...(maybe(0.7) ? { protocol: 'TCP' } : {}), targetPort: pick(['http', 8080]) })),
		...(maybe(0.3) ? { sessionAffinity: 'None', externalTrafficPolicy: 'Cluster' } : {}),
	},
});
// What people write in Services beyond that, a bit of it in each: as many shapes of objects as the Deployments have.
const variedService = () => {
	const external = maybe(0.3);
	return {
		apiVersion: 'v1', kind: 'Service',
		metadata: {
			name: word(), ...(maybe(0.7) ? { namespace: word() } : {}), ...(maybe(0.6) ? { labels: labels(1 + below(3)) } : {}),
			...(maybe(0.4) ? { annotations: labels(1 + below(3)) } : {}), ...(maybe(0.1) ? { finalizers: [word()] } : {}),
		},
		spec: {
			...(external ? { type: 'LoadBalancer' } : maybe(0.6) ? { type: pick(['ClusterIP', 'NodePort']) } : {}),
			...(maybe(0.3) ? { clusterIP: pick(['None', '10.96.0.10']) } : {}),
			...(maybe(0.2) ? { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv6'] } : {}),
			selector: labels(1 + below(2)),
			ports: Array.from({ length: 1 + below(3) }, () => ({
				...(maybe(0.8) ? { name: word() } : {}), port: 1 + below(9000), ...(maybe(0.7) ? { protocol: 'TCP' } : {}),
				...(maybe(0.8) ? { targetPort: pick(['http', 8080]) } : {}), ...(maybe(0.2) ? { appProtocol: 'http' } : {}), ...(maybe(0.2) ? { nodePort: 30000 + below(2767) } : {}),
			})),
			...(maybe(0.3) ? { sessionAffinity: pick(['None', 'ClientIP']) } : {}), ...(maybe(0.1) ? { sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } } : {}),
			...(external && maybe(0.5) ? { externalTrafficPolicy: pick(['Cluster', 'Local']) } : {}), ...(maybe(0.2) ? { internalTrafficPolicy: 'Cluster' } : {}),
			...(external && maybe(0.5) ? { loadBalancerSourceRanges: ['10.0.0.0/8'] } : {}), ...(external && maybe(0.3) ? { allocateLoadBalancerNodePorts: false } : {}),
			...(maybe(0.2) ? { publishNotReadyAddresses: true } : {}), ...(maybe(0.1) ? { externalIPs: ['192.0.2.1'] } : {}),
		},
	};
};
const bad = structuredClone(deployment(true));
bad.spec.replicas = 'two';
bad.spec.replcias = 2;
delete bad.spec.selector;
bad.spec.template.spec.containers[0].ports[0].containerPort = '8080';
bad.spec.template.spec.containers[0].imagePullPolcy = 'Always';

const sets = {
	'deployment-hot': [deployment(true)], 'deployment-varied': Array.from({ length: 256 }, () => deployment(false)), 'deployment-bad': [bad],
	'service-hot': [service()], 'service-alike': Array.from({ length: 256 }, service), 'service-varied': Array.from({ length: 256 }, variedService),
};
let yaml;
try { yaml = createRequire(`${process.env.GITGATE_NPM}/node_modules/`)('js-yaml'); } catch { /* there is none */ }
for (const [name, documents] of Object.entries(sets)) {
	writeFileSync(`${folder}/${name}.jsonl`, documents.map(document => JSON.stringify(document) + '\n').join(''));
	if (yaml) writeFileSync(`${folder}/${name}.yaml`, documents.map(document => yaml.dump(document, { noRefs: true })).join('---\n'));
}
