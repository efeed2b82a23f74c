/* target/drivers.h - the drivers by name, for the table in target.c. A new driver is
 * its file, a line here, a line in the table. */
#ifndef TARGET_DRIVERS_H
#define TARGET_DRIVERS_H

#include "target/target.h"

extern const struct target_driver target_directory;
extern const struct target_driver target_null;

#endif
