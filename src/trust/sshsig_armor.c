/* trust/sshsig_armor.c - the frame of an SSH signature. */
#include "base/error.h"
#include "trust/armor.h"
#include "trust/sshsig.h"

static const struct armor_form form = {
	.what = "SSH signature",
	.begin = SSHSIG_BEGIN_LINE,
	.end = "-----END SSH SIGNATURE-----",
	.bad_begin = ERROR_SSHSIG_BEGIN,
	.bad_cr = ERROR_SSHSIG_CR,
	.bad_line = ERROR_SSHSIG_LINE,
	.no_end = ERROR_SSHSIG_END_MISSING,
	.no_newline = ERROR_SSHSIG_END_NEWLINE,
	.trailing = ERROR_SSHSIG_TRAILING_TEXT,
	.bad_base64 = ERROR_SSHSIG_BASE64,
};

int sshsig_dearmor(struct buf *out, const char *text, size_t length, struct error *err)
{
	return armor_read(out, &form, text, length, err);
}
