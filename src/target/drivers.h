/* target/drivers.h - the drivers by name: one a row of model/target_kinds.def. */
#ifndef TARGET_DRIVERS_H
#define TARGET_DRIVERS_H

#include "target/target.h"

#define TARGET_KIND(NAME, kind) extern const struct target_driver target_##kind;
#include "model/target_kinds.def"
#undef TARGET_KIND

#endif
