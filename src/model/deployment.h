/* model/deployment.h - the states and causes of deployments. */
#ifndef MODEL_DEPLOYMENT_H
#define MODEL_DEPLOYMENT_H

#include <stdbool.h>

enum deployment_state {
	DEPLOYMENT_UNKNOWN = 0,
#define DEPLOYMENT_STATE(name, shown, terminal, help) DEPLOYMENT_##name,
#include "model/deployment.def"
#undef DEPLOYMENT_STATE
	DEPLOYMENT_STATE_COUNT
};

enum deployment_cause {
	CAUSE_UNKNOWN = 0,
	CAUSE_PUSH,     /* a change was accepted */
	CAUSE_REQUEST,  /* `gitgate deploy` */
	CAUSE_ROLLBACK, /* `gitgate rollback`, or bad health */
	CAUSE_DRIFT,    /* the target differed */
	CAUSE_COUNT
};

enum drift_mode { DRIFT_UNKNOWN = 0, DRIFT_CORRECT, DRIFT_REPORT, DRIFT_OFF };

const char *deployment_state_name(enum deployment_state state);
enum deployment_state deployment_state_by_name(const char *name);
bool deployment_state_is_terminal(enum deployment_state state);
const char *deployment_cause_name(enum deployment_cause cause);
enum deployment_cause deployment_cause_by_name(const char *name);

#endif
