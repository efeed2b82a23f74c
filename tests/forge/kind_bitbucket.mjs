// tests/forge/kind_bitbucket.mjs - both Bitbuckets: Cloud's API below /bitbucket-cloud, Data
// Center's below /bitbucket-server/rest. Build statuses are kept by commit and key: posting
// one again changes it.

const bearer = { header: "authorization", credential: (token) => `Bearer ${token}` };

// As appended, so that a test sees each post; the newest of a key is shown.
function post_build(kept, commit, body, new_id) {
	const build = { id: new_id(), commit, ...body };
	kept.statuses.push(build);
	return build;
}

const newest = (kept, commit, key) => kept.statuses.filter((one) => one.commit === commit && one.key === key).pop();

// --- Cloud ---

const cloud_states = { open: "OPEN", merged: "MERGED", closed: "DECLINED" };
const short = (id) => (id ? { hash: id.slice(0, 12) } : null);

function cloud_participants(request) {
	return request.reviews.map((one) => ({
		role: "REVIEWER", approved: one.state === "approved", participated_on: one.at,
		state: { approved: "approved", "changes-requested": "changes_requested" }[one.state] ?? null,
		user: { account_id: one.reviewer },
	}));
}

const cloud_show = (name, one) => ({
	id: one.number, state: cloud_states[one.state], title: one.title, draft: one.draft, updated_on: one.updated,
	author: { account_id: one.author }, merge_commit: short(one.merge_commit), participants: cloud_participants(one),
	source: { branch: { name: one.head_ref }, commit: short(one.head), repository: one.head_name ? { full_name: one.head_name } : null },
	destination: { branch: { name: one.base_ref }, commit: short(one.base), repository: { full_name: name } },
	links: { html: { href: `http://forge.invalid/${name}/pull-requests/${one.number}` } },
});

function cloud_comments(kept, method, request, id, body, new_id) {
	if (method === "GET")
		return [200, { values: kept.comments.filter((one) => one.number === request.number) }];
	if (method === "POST") {
		const comment = { id: new_id(), number: request.number, user: { uuid: "{robot}" }, content: body.content, edits: 0 };
		kept.comments.push(comment);
		return [201, comment];
	}
	const comment = kept.comments.find((one) => String(one.id) === id);
	return comment ? [200, Object.assign(comment, { content: body.content, edits: comment.edits + 1 })] : null;
}

export const bitbucket_cloud = {
	...bearer,

	// /repositories/WORKSPACE/NAME/...
	describe({ path }) {
		const what = path[5] === "statuses" ? "statuses" : path[5] === "comments" ? "comments" : "requests";
		return { name: path[0] === "repositories" ? `${path[1]}/${path[2]}` : "", what: path[0] === "repositories" ? what : path[0] };
	},

	answer({ method, path, query, body, repository, new_id }) {
		if (path[0] === "user")
			return [200, { uuid: "{robot}", account_id: "robot" }];
		if (path[0] !== "repositories")
			return null;
		const name = `${path[1]}/${path[2]}`;
		const kept = repository(name);
		const requests = [...kept.requests.values()];
		const [what, first, second, third, fourth] = path.slice(3);
		if (what === "commit" && second === "statuses" && third === "build" && method === "POST")
			return [201, post_build(kept, first, body, new_id)];
		if (what === "commit" && second === "statuses" && third === "build") {
			const build = newest(kept, first, path.slice(7).join("/"));
			return build ? [200, build] : null;
		}
		if (what === "commit" && second === "pullrequests")
			return [200, { values: requests.filter((one) => one.merge_commit === first || one.head === first).map((one) => cloud_show(name, one)) }];
		if (what === "commit" && second === undefined) {
			const whole = requests.flatMap((one) => [one.head, one.base, one.merge_commit]).find((id) => id?.startsWith(first));
			return whole ? [200, { hash: whole }] : null;
		}
		if (what !== "pullrequests")
			return null;
		if (first === undefined)
			return [200, { values: requests.filter((one) => query.get("state") !== "OPEN" || one.state === "open").map((one) => cloud_show(name, one)) }];
		const request = kept.requests.get(Number(first));
		if (request && second === "comments")
			return cloud_comments(kept, method, request, third ?? fourth, body, new_id);
		return request && second === undefined ? [200, cloud_show(name, request)] : null;
	},
};

// --- Data Center ---

const server_states = { open: "OPEN", merged: "MERGED", closed: "DECLINED" };

const server_ref = (branch, commit, name) => ({
	id: `refs/heads/${branch}`, latestCommit: commit,
	repository: { slug: name.split("/")[1], project: { key: name.split("/")[0] } },
});

const server_show = (name, one) => ({
	id: one.number, version: 1, state: server_states[one.state], title: one.title, draft: one.draft,
	updatedDate: Date.parse(one.updated), author: { user: { name: one.author } },
	fromRef: server_ref(one.head_ref, one.head, one.head_name ?? name), toRef: server_ref(one.base_ref, one.base, name),
	properties: one.merge_commit ? { mergeCommit: { id: one.merge_commit } } : {},
	reviewers: one.reviews.map((review) => ({
		user: { name: review.reviewer }, lastReviewedCommit: review.commit,
		status: { approved: "APPROVED", "changes-requested": "NEEDS_WORK" }[review.state] ?? "UNAPPROVED",
	})),
	links: { self: [{ href: `http://forge.invalid/${name}/${one.number}` }] },
});

const page = (values) => [200, { values, size: values.length, isLastPage: true }];

function server_comments(kept, method, request, id, body, new_id) {
	const comment = kept.comments.find((one) => String(one.id) === id);
	if (method === "GET")
		return comment ? [200, comment] : null;
	if (method === "PUT" && comment && body.version !== comment.version)
		return [409, { errors: [{ message: "out of date" }] }];
	if (method === "PUT")
		return comment ? [200, Object.assign(comment, { text: body.text, version: comment.version + 1, edits: comment.edits + 1 })] : null;
	const made = { id: new_id(), version: 0, number: request.number, text: body.text, edits: 0 };
	kept.comments.push(made);
	return [201, made];
}

export const bitbucket_server = {
	...bearer,

	// /rest/api/VERSION/projects/KEY/repos/SLUG/...
	describe({ path }) {
		const what = path[9] === "builds" || path[1] === "build-status" ? "statuses" : path[9] === "comments" || path[9] === "activities" ? "comments" : "requests";
		return { name: path[3] === "projects" ? `${path[4]}/${path[6]}` : "", what };
	},

	answer({ method, path, query, body, repository, new_id }) {
		if (path[0] !== "rest" || path[3] !== "projects")
			return null;
		const name = `${path[4]}/${path[6]}`;
		const kept = repository(name);
		const requests = [...kept.requests.values()];
		const [what, first, second, third] = path.slice(7);
		if (what === "commits" && second === "builds" && method === "POST") {
			post_build(kept, first, body, new_id);
			return [204, undefined];
		}
		if (what === "commits" && second === "builds") {
			const build = newest(kept, first, query.get("key"));
			return build ? [200, build] : null;
		}
		if (what === "commits" && second === "pull-requests")
			return page(requests.filter((one) => one.merge_commit === first || one.head === first).map((one) => server_show(name, one)));
		if (what !== "pull-requests")
			return null;
		if (first === undefined)
			return page(requests.filter((one) => query.get("state") !== "OPEN" || one.state === "open").map((one) => server_show(name, one)));
		const request = kept.requests.get(Number(first));
		if (request && second === "activities")
			return page(kept.comments.filter((one) => one.number === request.number).map((comment) => ({ action: "COMMENTED", comment })));
		if (request && second === "comments")
			return server_comments(kept, method, request, third, body, new_id);
		return request && second === undefined ? [200, server_show(name, request)] : null;
	},
};
