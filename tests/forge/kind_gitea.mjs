// tests/forge/kind_gitea.mjs - Gitea's API below /gitea/api/v1; Forgejo speaks the same.
//
// Statuses are appended: the newest of a context counts, and lists begin with it.

const person = (login) => ({ id: 1, login });

function show(name, one) {
	return {
		id: one.id, number: one.number, state: one.state === "open" ? "open" : "closed",
		merged: one.state === "merged", merge_commit_sha: one.merge_commit, title: one.title, draft: one.draft,
		user: person(one.author), updated_at: one.updated, html_url: `http://forge.invalid/${name}/pulls/${one.number}`,
		head: { ref: one.head_ref, sha: one.head, repo: one.head_name ? { full_name: one.head_name } : null },
		base: { ref: one.base_ref, sha: one.base, repo: { full_name: name } },
	};
}

const states = { approved: "APPROVED", "changes-requested": "REQUEST_CHANGES", commented: "COMMENT" };

function show_review(one, request) {
	return {
		id: one.id, user: person(one.reviewer), state: states[one.state] ?? "PENDING", commit_id: one.commit,
		stale: one.commit !== request.head, official: one.official ?? true, dismissed: one.dismissed ?? false,
		submitted_at: one.at,
	};
}

export const gitea = {
	header: "authorization",
	credential: (token) => `token ${token}`,

	// /api/v1/repos/OWNER/NAME/...
	describe({ path }) {
		const what = { statuses: "statuses", commits: "statuses", issues: "comments", pulls: "requests" }[path[5]];
		return { name: path[2] === "repos" ? `${path[3]}/${path[4]}` : "", what: what ?? path[2] };
	},

	answer({ method, path, query, body, repository, new_id }) {
		if (path[2] === "user")
			return [200, person("gitgate-robot")];
		if (path[2] !== "repos")
			return null;
		const name = `${path[3]}/${path[4]}`;
		const kept = repository(name);
		const [what, first, second, third] = path.slice(5);
		if (what === "statuses" && method === "POST") {
			const status = { id: new_id(), commit: first, context: body.context, status: body.state, description: body.description, target_url: body.target_url ?? "" };
			kept.statuses.push(status);
			return [201, status];
		}
		if (what === "commits" && second === "statuses")
			return [200, kept.statuses.filter((one) => one.commit === first).reverse()];
		if (what === "commits" && second === "pull") {
			const found = [...kept.requests.values()].find((one) => one.merge_commit === first);
			return found ? [200, show(name, found)] : null;
		}
		if (what === "issues" && first === "comments" && method === "PATCH") {
			const comment = kept.comments.find((one) => String(one.id) === second);
			return comment ? [200, Object.assign(comment, { body: body.body, edits: comment.edits + 1 })] : null;
		}
		if (what === "issues" && second === "comments") {
			if (method === "GET")
				return [200, kept.comments.filter((one) => one.number === Number(first))];
			const comment = { id: new_id(), number: Number(first), user: person("gitgate-robot"), body: body.body, edits: 0 };
			kept.comments.push(comment);
			return [201, comment];
		}
		if (what === "pulls" && first === undefined)
			return [200, [...kept.requests.values()].filter((one) => query.get("state") !== "open" || one.state === "open").map((one) => show(name, one))];
		const request = kept.requests.get(Number(first));
		if (what === "pulls" && request)
			return [200, second === "reviews" && third === undefined ? request.reviews.map((one) => show_review(one, request)) : show(name, request)];
		return null;
	},
};
