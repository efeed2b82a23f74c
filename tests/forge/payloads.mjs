// tests/forge/payloads.mjs - webhooks as five forges send them: payload, headers, signature.
// As small as a receiver may rely on; whole ones are in the data sets that the readers are
// tested with.
import { createHmac, randomUUID } from "node:crypto";

const none = "0".repeat(40);
const short = (ref) => ref.replace(/^refs\/(heads|tags)\//, "");
const type = (ref) => (ref.startsWith("refs/tags/") ? "tag" : "branch");
const null_if_none = (id) => (id === none ? null : id);

// what: { name, ref, before, after, sender } of a push; { name, number, action, head, base,
// head_ref, base_ref, sender } of a merge request or review
const github_like = {
	push: (what) => ({
		ref: what.ref, before: what.before, after: what.after, created: what.before === none, deleted: what.after === none,
		repository: { full_name: what.name }, sender: { login: what.sender }, pusher: { name: what.sender },
	}),
	request: (what) => ({
		action: what.action, number: what.number,
		pull_request: {
			number: what.number, merged: what.merged ?? false, head: { sha: what.head, ref: what.head_ref },
			base: { sha: what.base, ref: what.base_ref },
		},
		...(what.changes ? { changes: what.changes } : {}),
		repository: { full_name: what.name }, sender: { login: what.sender },
	}),
};

const payloads = {
	github: {
		...github_like,
		review: (what) => ({ ...github_like.request({ ...what, action: "submitted" }), review: { state: what.state } }),
	},
	gitea: {
		...github_like,
		review: (what) => ({ ...github_like.request({ ...what, action: "reviewed" }), review: { type: `pull_request_review_${what.state}` } }),
	},
	gitlab: {
		push: (what) => ({
			object_kind: what.ref.startsWith("refs/tags/") ? "tag_push" : "push", ref: what.ref, before: what.before, after: what.after,
			user_username: what.sender, project: { path_with_namespace: what.name },
		}),
		request: (what) => ({
			object_kind: "merge_request", user: { username: what.sender }, project: { path_with_namespace: what.name },
			object_attributes: {
				iid: what.number, action: what.action, target_branch: what.base_ref, source_branch: what.head_ref,
				last_commit: { id: what.head }, ...(what.oldrev ? { oldrev: what.oldrev } : {}),
			},
		}),
		review: (what) => payloads.gitlab.request({ ...what, action: what.state }),
	},
	"bitbucket-cloud": {
		push: (what) => {
			const side = (id) => (id === none ? null : { type: type(what.ref), name: short(what.ref), target: { hash: id } });
			return {
				push: { changes: [{ old: side(what.before), new: side(what.after), forced: false }] },
				repository: { full_name: what.name }, actor: { nickname: what.sender },
			};
		},
		request: (what) => ({
			pullrequest: {
				id: what.number, source: { branch: { name: what.head_ref }, commit: { hash: what.head.slice(0, 12) } },
				destination: { branch: { name: what.base_ref }, commit: { hash: what.base.slice(0, 12) } },
			},
			repository: { full_name: what.name }, actor: { nickname: what.sender },
		}),
		review: (what) => payloads["bitbucket-cloud"].request(what),
	},
	"bitbucket-server": {
		push: (what) => ({
			eventKey: "repo:refs_changed", actor: { name: what.sender }, repository: server_repository(what.name),
			changes: [{
				ref: { id: what.ref, displayId: short(what.ref), type: type(what.ref).toUpperCase() }, refId: what.ref,
				fromHash: what.before, toHash: what.after,
				type: what.before === none ? "ADD" : what.after === none ? "DELETE" : "UPDATE",
			}],
		}),
		request: (what) => ({
			eventKey: `pr:${what.action}`, actor: { name: what.sender },
			pullRequest: {
				id: what.number, fromRef: { id: `refs/heads/${what.head_ref}`, latestCommit: what.head, repository: server_repository(what.name) },
				toRef: { id: `refs/heads/${what.base_ref}`, latestCommit: what.base, repository: server_repository(what.name) },
			},
		}),
		review: (what) => payloads["bitbucket-server"].request({ ...what, action: `reviewer:${what.state}` }),
	},
};

function server_repository(name) {
	const [key, slug] = name.split("/");
	return { slug, project: { key } };
}

const hex = (secret, body) => createHmac("sha256", secret).update(body).digest("hex");

const gitlab_events = { push: "Push Hook", request: "Merge Request Hook", review: "Merge Request Hook" };
const gitea_events = { push: "push", request: "pull_request" };

const signers = {
	github: ({ event, what, body, secret, id }) => ({
		"X-GitHub-Event": { push: "push", request: "pull_request", review: "pull_request_review" }[event] ?? event,
		"X-GitHub-Delivery": id, "X-Hub-Signature-256": `sha256=${hex(secret, body)}`,
	}),
	gitea: ({ event, what, body, secret, id }) => ({
		"X-Gitea-Event": gitea_events[event] ?? (event === "review" ? `pull_request_${what.state}` : event),
		"X-Gitea-Event-Type": gitea_events[event] ?? (event === "review" ? `pull_request_review_${what.state}` : event),
		"X-Gitea-Delivery": id, "X-Gitea-Signature": hex(secret, body), "X-Hub-Signature-256": `sha256=${hex(secret, body)}`,
	}),
	gitlab: ({ event, body, secret, id, plain }) => {
		const time = String(Math.floor(Date.now() / 1000));
		const head = { "X-Gitlab-Event": gitlab_events[event] ?? event, "webhook-id": id, "webhook-timestamp": time };
		if (plain || !secret.startsWith("whsec_"))
			return { ...head, "X-Gitlab-Token": secret };
		const key = Buffer.from(secret.slice("whsec_".length), "base64");
		return { ...head, "webhook-signature": `v1,${createHmac("sha256", key).update(`${id}.${time}.${body}`).digest("base64")}` };
	},
	"bitbucket-cloud": ({ event, what, body, secret, id }) => ({
		"X-Event-Key": { push: "repo:push", request: `pullrequest:${what.action}`, review: `pullrequest:${what.state}` }[event] ?? event,
		"X-Request-UUID": id, "X-Hub-Signature": `sha256=${hex(secret, body)}`,
	}),
	"bitbucket-server": ({ event, what, body, secret, id }) => ({
		"X-Event-Key": { push: "repo:refs_changed", request: `pr:${what.action}`, review: `pr:reviewer:${what.state}` }[event] ?? event,
		"X-Request-Id": id, "X-Hub-Signature": `sha256=${hex(secret, body)}`,
	}),
};

// event: "push", "request", "review", or a forge's own name with `raw` as its body.
export function webhook({ kind, event, what = {}, raw, secret, id = randomUUID() }) {
	const given = { before: none, after: none, sender: "carol", head_ref: "topic", base_ref: "main", head: none, base: none, ...what };
	const body = raw ?? JSON.stringify(payloads[kind][event](given));
	return { body, id, headers: { "Content-Type": "application/json", ...signers[kind]({ event, what: given, body, secret, id }) } };
}
