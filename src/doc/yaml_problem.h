/* doc/yaml_problem.h - what libyaml refuses, said for people; for doc/ only. */
#ifndef DOC_YAML_PROBLEM_H
#define DOC_YAML_PROBLEM_H

#include "doc/tree.h"

struct yaml_parser_s;

/* Fills the problem from a parser that failed on `text` and returns its code. */
int yaml_problem(const struct yaml_parser_s *parser, const char *text, size_t length,
		 struct doc_problem *problem);

#endif
