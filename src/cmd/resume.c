/* cmd/resume.c - `gitgate resume`: end a suspension. */
#include "cmd/request.h"

int cmd_resume(int argc, char **argv)
{
	return request_simple(argc, argv, "resume", "resumed");
}
