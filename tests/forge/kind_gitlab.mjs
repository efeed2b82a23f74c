// tests/forge/kind_gitlab.mjs - GitLab's API below /gitlab/api/v4.
//
// A status is a small state machine: an open one refuses its own state, and one that has
// ended is followed by another.

const person = (username) => ({ id: 1, username });
const open = ["pending", "running"];

const show = (one) => ({
	id: one.id, iid: one.number, state: one.state === "open" ? "opened" : one.state, sha: one.head,
	diff_refs: { base_sha: one.base, start_sha: one.base, head_sha: one.head },
	source_branch: one.head_ref, target_branch: one.base_ref, source_project_id: 7, target_project_id: 7,
	author: person(one.author), title: one.title, draft: one.draft, updated_at: one.updated,
	merge_commit_sha: one.merge_commit, web_url: `http://forge.invalid/merge_requests/${one.number}`,
});

function post_status(kept, commit, body, new_id) {
	const name = body.name ?? body.context;
	const last = kept.statuses.filter((one) => one.commit === commit && one.name === name && one.ref === (body.ref ?? null)).pop();
	if (last && last.status === body.state && open.includes(body.state))
		return [400, { message: `Cannot transition status via :enqueue from :${last.status}` }];
	const changed = { status: body.state, description: body.description, target_url: body.target_url ?? null };
	if (last && open.includes(last.status))
		return [201, Object.assign(last, changed)];
	const made = { id: new_id(), commit, name, ref: body.ref ?? null, ...changed };
	kept.statuses.push(made);
	return [201, made];
}

export const gitlab = {
	header: "private-token",
	credential: (token) => token,

	// /api/v4/projects/NAME/...
	describe({ path }) {
		const what = path[4] === "statuses" || path[7] === "statuses" ? "statuses" : path[6] === "notes" ? "comments" : "requests";
		return { name: path[2] === "projects" ? path[3] : "", what: path[2] === "projects" ? what : path[2] };
	},

	answer({ method, path, query, body, repository, new_id }) {
		if (path[2] === "user")
			return [200, person("gitgate-robot")];
		if (path[2] !== "projects")
			return null;
		const kept = repository(path[3]);
		const [what, first, second, third] = path.slice(4);
		if (what === "statuses" && method === "POST")
			return post_status(kept, first, body, new_id);
		if (what === "repository" && first === "commits" && third === "statuses")
			return [200, kept.statuses.filter((one) => one.commit === second && (!query.get("name") || one.name === query.get("name")))];
		if (what === "repository" && first === "commits" && third === "merge_requests")
			return [200, [...kept.requests.values()].filter((one) => one.merge_commit === second || one.head === second).map(show)];
		if (what === "repository" && first === "branches")
			return [200, { name: second, commit: { id: [...kept.requests.values()][0]?.base } }];
		if (what === "approvals")
			return [200, { reset_approvals_on_push: true }];
		if (what !== "merge_requests")
			return null;
		if (first === undefined)
			return [200, [...kept.requests.values()].filter((one) => query.get("state") !== "opened" || one.state === "open").map(show)];
		const request = kept.requests.get(Number(first));
		if (!request)
			return null;
		if (second === "approvals")
			return [200, { approved_by: request.reviews.filter((one) => one.state === "approved" && one.commit === request.head).map((one) => ({ user: person(one.reviewer), approved_at: one.at })) }];
		if (second === "versions")
			return [200, [{ id: 1, head_commit_sha: request.head, created_at: "2026-01-01T00:00:00Z" }]];
		if (second === "notes" && method === "GET")
			return [200, kept.comments.filter((one) => one.number === request.number)];
		if (second === "notes" && method === "POST") {
			const note = { id: new_id(), number: request.number, author: person("gitgate-robot"), body: body.body, edits: 0 };
			kept.comments.push(note);
			return [201, note];
		}
		if (second === "notes") {
			const note = kept.comments.find((one) => String(one.id) === third);
			return note ? [200, Object.assign(note, { body: body.body, edits: note.edits + 1 })] : null;
		}
		return second === undefined ? [200, show(request)] : null;
	},
};
