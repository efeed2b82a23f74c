/* conf/sample.c - the commented samples, written from the tables of options and rules.
 *
 * Every line begins with '#'. Without its first '#' each file is a working example, the
 * text in it behind a second one. */
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "conf/config.h"
#include "conf/examples.h"
#include "conf/options.h"

#define COLUMNS 88

/* "##  the text", wrapped, in front of a line that is `indent` deep. */
static void write_comment(struct buf *out, unsigned int indent, const char *text)
{
	size_t column = COLUMNS;
	while (*text != '\0') {
		size_t length = strcspn(text, " ");
		if (column + 1 + length > COLUMNS) {
			if (column != COLUMNS)
				buf_add_byte(out, '\n');
			buf_addf(out, "##%*s", (int)indent, "");
			column = 2 + indent;
		}
		buf_add_byte(out, ' ');
		buf_add(out, text, length);
		column += 1 + length;
		text += length;
		text += strspn(text, " ");
	}
	buf_add_byte(out, '\n');
}

static void write_range(struct buf *out, const struct option_row *row)
{
	if (row->minimum == 0 && row->maximum == 0)
		return;
	buf_add_string(out, " (");
	if (row->type == VALUE_DURATION) {
		duration_write((int64_t)row->minimum * 1000000, out);
		buf_add_string(out, " to ");
		duration_write((int64_t)row->maximum * 1000000, out);
	} else {
		value_write(VALUE_COUNT, &row->minimum, out);
		buf_add_string(out, " to ");
		value_write(VALUE_COUNT, &row->maximum, out);
	}
	buf_add_byte(out, ')');
}

static void write_row(struct buf *out, const char *section,
		      const struct option_row *row, unsigned int indent)
{
	struct buf text = BUF_INIT(1024);
	buf_add_string(&text, row->help);
	write_range(&text, row);
	if (row->restart)
		buf_add_string(&text, " [restart]");
	write_comment(out, indent, text.data);
	buf_release(&text);
	const char *example = example_of(section, row);
	bool list = row->type == VALUE_STRINGS || row->type == VALUE_PATHS ||
		    row->type == VALUE_GLOBS || row->type == VALUE_NAMES;
	bool bare = list && example[0] != '[';
	buf_addf(out, "#%*s%s: %s%s%s\n", (int)indent, "", row->key, bare ? "[" : "",
		 example, bare ? "]" : "");
}

static void write_section(struct buf *out, enum option_section_id id,
			  unsigned int indent)
{
	const struct option_section *section = &option_sections[id];
	for (size_t i = 0; i < section->count; i++)
		write_row(out, section->name, &section->rows[i], indent);
}

static void write_limits(struct buf *out)
{
	buf_add_string(out, "\n## named limits of input; errors give these names\n");
	buf_add_string(out, "#limits:\n");
	for (int i = 0; i < LIMIT_COUNT; i++) {
		enum limit limit = (enum limit)i;
		uint64_t value = limits_default.values[i];
		struct buf text = BUF_INIT(1024);
		buf_addf(&text, "%s: %s", limit_unit(limit), limit_reason(limit));
		write_comment(out, 2, text.data);
		buf_release(&text);
		buf_addf(out, "#  %s: ", limit_name(limit));
		if (strcmp(limit_unit(limit), "bytes") == 0)
			size_write(value, out);
		else
			value_write(VALUE_COUNT, &value, out);
		buf_add_byte(out, '\n');
	}
}

static void write_rule_kind(struct buf *out, const struct rule_kind_row *kind)
{
	write_comment(out, 2, kind->help);
	buf_addf(out, "#  - name: sample-%s\n#    %s:\n", kind->name, kind->name);
	for (size_t i = 0; i < kind->option_count; i++) {
		const struct rule_option_row *option = &kind->options[i];
		const struct option_row row = {
			.type = value_type_by_name(option->type),
			.key = option->key,
			.value = option->value,
			.unit = "",
			.help = option->help,
		};
		write_row(out, kind->name, &row, 6);
	}
}

static void write_people(struct buf *out)
{
	buf_add_string(out, "\n## people and robots, with their keys (as in "
			    "id_ed25519.pub) and "
			    "addresses\n"
			    "#principals:\n"
			    "#  alice:\n"
			    "#    email: [alice@example.org]\n"
			    "#    ssh:\n"
			    "#      - key: " EXAMPLE_SSH_KEY "\n"
			    "##       signatures outside of this time do not count\n"
			    "#        valid-after: 2026-01-01\n"
			    "#        valid-before: 2036-01-01\n"
			    "##     OpenPGP: files of public keys (gpg --export "
			    "--armor), or their text\n"
			    "##   openpgp: [keys/alice.asc]\n"
			    "##     logins at forges, by the name of a source or by "
			    "their kind\n"
			    "#    forge: {gitea: alice}\n"
			    "##     CAs of OpenSSH whose certificates for her name or "
			    "addresses count\n"
			    "#    ssh-ca:\n"
			    "#      - key: " EXAMPLE_CA_KEY "\n"
			    "#        principals: [alice, alice@example.org]\n"
			    "##     what X.509 certificates by the authorities below "
			    "say "
			    "of her\n"
			    "#    x509:\n"
			    "#      - email: alice@example.org\n"
			    "##     who signs by way of Sigstore (gitsign): both "
			    "exactly\n"
			    "#    sigstore:\n"
			    "#      - issuer: https://accounts.google.com\n"
			    "#        subject: alice@example.org\n"
			    "## named sets of principals and groups\n"
			    "#groups:\n"
			    "#  maintainers: [alice]\n"
			    "## keys that no longer count; of those that are retired "
			    "or "
			    "superseded signatures\n"
			    "## received before 'since' still do\n"
			    "#revoked-keys:\n"
			    "#  - ssh: "
			    "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
			    "#    reason: retired\n"
			    "#    note: a new laptop\n"
			    "#    since: 2026-11-21T09:30:00Z\n"
			    "## a file of such keys or fingerprints, one a line\n"
			    "#revoked-keys-file: revoked-keys\n"
			    "## a file of OpenSSH's allowed signers: keys and CAs of "
			    "the "
			    "principals\n"
			    "#allowed-signers: allowed-signers\n"
			    "## files in PEM and lists of ssh-keygen -k; without them "
			    "everything is refused\n"
			    "## authorities: authorities.pem\n"
			    "## revoked: {krl: revoked.krl, crl: revoked.crl}\n"
			    "## sigstore: {trusted-root: trusted_root.json}\n");
}

/* Of the server alone. */
static void write_waivers(struct buf *out)
{
	buf_add_string(out, "\n## who may excuse a commit from a rule (gitgate waive); "
			    "without it "
			    "nobody may\n"
			    "#waivers:\n"
			    "##   principals and groups of this file\n"
			    "#  - by: [maintainers]\n"
			    "##     globs of the names of rules; left out: all\n"
			    "#    rules: [\"sample-*\"]\n"
			    "##     globs of the names of repositories; left out: all\n"
			    "#    repositories: [\"*\"]\n");
}

static void write_rules(struct buf *out, bool server)
{
	buf_add_string(out, "\n## what must hold for a push to be accepted\n#rules:\n");
	write_comment(out, 2,
		      "where a rule holds; every other kind can be narrowed so");
	buf_add_string(out, "#  - name: sample-scope\n");
	write_comment(out, 4,
		      "globs of full ref names; left out: all. A rule of kind refs "
		      "writes them as 'only' below it");
	buf_add_string(out, "#    refs: [refs/heads/main]\n");
	write_comment(out, 4, "globs of paths; left out: all");
	buf_add_string(out, "#    paths: [\"deploy/**\"]\n");
	if (server) {
		write_comment(out, 4, "globs of repositories; left out: all");
		buf_add_string(out, "#    repositories: [shop]\n");
	}
	write_comment(out, 4, "error or warn");
	buf_add_string(out, "#    severity: error\n#    commits: {linear: true}\n");
	for (int i = 0; i < RULE_KIND_COUNT; i++)
		write_rule_kind(out, &rule_kind_rows[i]);
}

static void write_target_kind(struct buf *out, int kind)
{
	enum option_section_id section = target_kind_rows[kind].section;
	write_comment(out, 4, option_sections[section].help);
	buf_add_string(out, "#    ");
	string_write(option_sections[section].name, out);
	buf_add_string(out, option_sections[section].count > 0 ? ":\n" : ": {}\n");
	write_section(out, section, 6);
}

void config_write_sample(struct buf *out)
{
	buf_add_string(out, "## gitgate.yaml - every option of gitgate, with its "
			    "default or an "
			    "example.\n"
			    "##\n"
			    "## Generated from the program's own tables; "
			    "gitgate.yaml(5) is the "
			    "manual.\n"
			    "## Take away the first '#' of what you set. File names "
			    "are relative "
			    "to this file.\n"
			    "## repositories.d/*.yaml beside it are read too, each in "
			    "this form.\n"
			    "## [restart]: what SIGHUP does not change.\n\n");
	write_section(out, OPTION_SECTION_server, 0);
	buf_addf(out, "\n## %s\n#sandbox:\n",
		 option_sections[OPTION_SECTION_sandbox].help);
	write_section(out, OPTION_SECTION_sandbox, 2);
	buf_addf(out, "\n## %s\n#rekor:\n", option_sections[OPTION_SECTION_rekor].help);
	write_section(out, OPTION_SECTION_rekor, 2);
	write_limits(out);
	buf_addf(out, "\n## %s, by its name\n#sources:\n#  forge:\n",
		 option_sections[OPTION_SECTION_source].help);
	write_section(out, OPTION_SECTION_source, 4);
	buf_addf(out, "\n## %s, by its name\n#repositories:\n#  shop:\n",
		 option_sections[OPTION_SECTION_repository].help);
	write_section(out, OPTION_SECTION_repository, 4);
	write_comment(out, 4,
		      "up to where a ref's history is trusted and not judged: a full "
		      "commit id, or root to judge all of it");
	buf_add_string(out, "#    anchor: {refs/heads/main: root}\n");
	buf_addf(out, "\n## %s, by its name\n#targets:\n#  shop-web:\n",
		 option_sections[OPTION_SECTION_target].help);
	write_section(out, OPTION_SECTION_target, 4);
	write_target_kind(out, 1);
	write_comment(out, 4, option_sections[OPTION_SECTION_drift].help);
	buf_add_string(out, "#    drift:\n");
	write_section(out, OPTION_SECTION_drift, 6);
	for (int kind = 2; kind < CONF_TARGET_COUNT; kind++) {
		buf_addf(out, "#  shop-%s:\n#    repository: shop\n",
			 config_target_kind((enum conf_target_kind)kind));
		write_target_kind(out, kind);
	}
	write_people(out);
	write_waivers(out);
	write_rules(out, true);
}

void config_write_policy_sample(struct buf *out)
{
	buf_add_string(out, "## .gitgate.yaml - the policy of a repository: every rule "
			    "and "
			    "option.\n"
			    "##\n"
			    "## Generated from the program's own tables; "
			    "gitgate-policy(5) is the "
			    "manual.\n"
			    "## Stands in the root of the repository and is read from "
			    "the "
			    "protected side: a push is\n"
			    "## judged by the policy that was there before it. Take "
			    "away the first "
			    "'#' of what you set.\n\n"
			    "## the version of this form\n"
			    "#version: 1\n"
			    "## findings are warnings: for introducing a policy\n"
			    "#warn-only: false\n");
	write_people(out);
	write_rules(out, false);
}
