/* conf/examples.h - values for options without a default, in samples. */
#ifndef CONF_EXAMPLES_H
#define CONF_EXAMPLES_H

#include "conf/reader.h"

/* A public key whose other half nobody has. */
#define EXAMPLE_CA_KEY                                                                 \
	"ssh-ed25519 "                                                                 \
	"AAAAC3NzaC1lZDI1NTE5AAAAIAd188+rTscrHDk6jJjsnomNaXABMXa/ZT6vzaEzmZvz"
#define EXAMPLE_SSH_KEY                                                                \
	"ssh-ed25519 "                                                                 \
	"AAAAC3NzaC1lZDI1NTE5AAAAICeXsPSaf/Z911ZLtMKoTxEU6RmB6NLRrtys/LfeFxgW "        \
	"alice@example.org"

/* The row's default or else an example, as YAML. `section` is the section's or the rule
 * kind's name. */
const char *example_of(const char *section, const struct option_row *row);

#endif
