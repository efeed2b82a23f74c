/* base/banned.h - functions that are not used here; each has a safe sibling. Included
 * by every .c file through the compiler's command line (-include), after the system
 * headers that declare them. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef sprintf /* a macro of clang's with _FORTIFY_SOURCE */

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atof gmtime         \
	localtime ctime asctime system popen mktemp tmpnam

#endif
