// tests/forge/kind_github.mjs - GitHub's API below /github, as somebody with a token sees it.
//
// Statuses are appended: the newest of a context counts. What Apps have (check runs) is
// tested with a GitHub that is not ours: 41-forge-github.bats.

const person = (login) => ({ id: 1, login });

function show(name, one) {
	return {
		id: one.id, number: one.number, state: one.state === "open" ? "open" : "closed",
		merged: one.state === "merged", merge_commit_sha: one.merge_commit, title: one.title, draft: one.draft,
		user: person(one.author), updated_at: one.updated, html_url: `http://forge.invalid/${name}/pull/${one.number}`,
		head: { ref: one.head_ref, sha: one.head, repo: one.head_name ? { full_name: one.head_name } : null },
		base: { ref: one.base_ref, sha: one.base, repo: { full_name: name } },
	};
}

const states = { approved: "APPROVED", "changes-requested": "CHANGES_REQUESTED", commented: "COMMENTED", dismissed: "DISMISSED" };

const show_review = (one) => ({
	id: one.id, user: person(one.reviewer), state: states[one.state] ?? "PENDING", commit_id: one.commit, submitted_at: one.at,
});

export const github = {
	header: "authorization",
	credential: (token) => `Bearer ${token}`,

	// /repos/OWNER/NAME/...
	describe({ path }) {
		const what = path[3] === "commits" && path[5] === "pulls" ? "requests"
			: { statuses: "statuses", commits: "statuses", issues: "comments", pulls: "requests" }[path[3]];
		return { name: path[0] === "repos" ? `${path[1]}/${path[2]}` : "", what: what ?? path[0] };
	},

	answer({ method, path, query, body, repository, new_id }) {
		if (path[0] === "user")
			return [200, person("gitgate-robot")];
		if (path[0] !== "repos")
			return null;
		const name = `${path[1]}/${path[2]}`;
		const kept = repository(name);
		const [what, first, second, third] = path.slice(3);
		if (what === "statuses" && method === "POST") {
			if ((body.description ?? "").length > 140)
				return [422, { message: "Validation Failed", errors: [{ field: "description", code: "too_long" }] }];
			const status = { id: new_id(), commit: first, context: body.context, state: body.state, description: body.description, target_url: body.target_url ?? "" };
			kept.statuses.push(status);
			return [201, status];
		}
		if (what === "commits" && second === "status") {
			const newest = new Map();
			for (const one of kept.statuses.filter((status) => status.commit === first))
				newest.set(one.context, one);
			return [200, { sha: first, statuses: [...newest.values()] }];
		}
		if (what === "commits" && second === "pulls")
			return [200, [...kept.requests.values()].filter((one) => one.merge_commit === first || one.head === first).map((one) => show(name, one))];
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
			return [200, second === "reviews" && third === undefined ? request.reviews.map(show_review) : show(name, request)];
		return null;
	},
};
