/* cmd/suspend.c - `gitgate suspend`: hold a target. */
#include "cmd/request.h"

int cmd_suspend(int argc, char **argv)
{
	return request_simple(argc, argv, "suspend",
			      "suspended: no deployment, no correction of drift");
}
