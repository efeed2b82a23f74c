// tests/forge/push.mjs - brings a ref of a local repository to emulate, object by object.
//
//   node push.mjs API TOKEN-FILE OWNER/NAME REPOSITORY REF
//
// Emulate counts ids as git does; a commit that comes out otherwise (a signed one: it has no
// place for the signature) is an error.
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";

const [api, token_file, name, repository, ref] = process.argv.slice(2);
const token = fs.readFileSync(token_file, "utf8").trim();
const git = (...words) => execFileSync("git", ["--git-dir", repository, ...words], { encoding: "utf8", maxBuffer: 1 << 26 });

async function call(method, where, body) {
	const response = await fetch(`${api}/repos/${name}/${where}`, {
		method, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: body ? JSON.stringify(body) : undefined,
	});
	return { status: response.status, value: await response.json().catch(() => null) };
}

async function must(method, where, body) {
	const { status, value } = await call(method, where, body);
	if (status >= 300)
		throw new Error(`${method} ${where}: ${status} ${JSON.stringify(value)}`);
	return value;
}

async function bring_tree(commit) {
	const tree = git("ls-tree", "-r", commit).trimEnd().split("\n").map((line) => {
		const [, mode, type, id, path] = line.match(/^(\d+) (\w+) ([0-9a-f]+)\t(.*)$/);
		return { path, mode, type, content: git("cat-file", "blob", id) };
	});
	return (await must("POST", "git/trees", { tree })).sha;
}

const person = (commit, letter) => {
	const [who, email, date] = git("log", "-1", `--format=%${letter}n%x00%${letter}e%x00%${letter}I`, commit).trimEnd().split("\0");
	return { name: who, email, date };
};

for (const commit of git("rev-list", "--reverse", "--topo-order", ref).trim().split("\n")) {
	if ((await call("GET", `git/commits/${commit}`)).status === 200)
		continue;
	const made = await must("POST", "git/commits", {
		tree: await bring_tree(commit), message: git("log", "-1", "--format=%B", commit).replace(/\n+$/, "\n"),
		parents: git("log", "-1", "--format=%P", commit).trim().split(" ").filter(Boolean),
		author: person(commit, "a"), committer: person(commit, "c"),
	});
	if (made.sha !== commit)
		throw new Error(`${commit} became ${made.sha}`);
}
const tip = git("rev-parse", ref).trim();
const there = await call("PATCH", `git/${ref}`, { sha: tip, force: true });
if (there.status >= 300)
	await must("POST", "git/refs", { ref, sha: tip });
