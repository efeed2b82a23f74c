/* tests/conformance/store_suite.h - what every engine of the store must do. Each case
 * gets an open, empty store outside of a transaction. */
#ifndef TESTS_CONFORMANCE_STORE_SUITE_H
#define TESTS_CONFORMANCE_STORE_SUITE_H

struct arena;
struct store;

#define STORE_SUITE(CASE)                                                              \
	CASE(writes_need_a_transaction)                                                \
	CASE(rollback_undoes_everything)                                               \
	CASE(transactions_do_not_nest)                                                 \
	CASE(repository_hints_count_generations)                                       \
	CASE(repository_failures_count_until_success)                                  \
	CASE(repositories_are_listed_by_name)                                          \
	CASE(refs_remember_seen_and_accepted)                                          \
	CASE(refs_need_their_repository)                                               \
	CASE(equal_waiting_deliveries_merge)                                           \
	CASE(done_deliveries_do_not_merge)                                             \
	CASE(delivery_origin_is_the_first_that_waits)                                  \
	CASE(webhooks_keep_what_came)                                                  \
	CASE(equal_unread_webhooks_merge)                                              \
	CASE(webhooks_are_read_source_by_source)                                       \
	CASE(reading_ends_in_a_known_state_once)                                       \
	CASE(webhooks_come_again)                                                      \
	CASE(the_backlog_follows_transactions)                                         \
	CASE(texts_of_read_webhooks_are_forgotten)                                     \
	CASE(sources_count_and_remember)                                               \
	CASE(merge_requests_are_wanted_until_seen)                                     \
	CASE(merge_requests_keep_what_the_forge_told)                                  \
	CASE(merge_requests_are_found)                                                 \
	CASE(reviews_are_replaced_together)                                            \
	CASE(tokens_open_until_they_end)                                               \
	CASE(tokens_have_names_of_their_own)                                           \
	CASE(changes_know_their_merge_request)                                         \
	CASE(changes_keep_every_field)                                                 \
	CASE(changes_move)                                                             \
	CASE(next_changes_come_oldest_first)                                           \
	CASE(next_changes_wait_for_earlier_ones_of_their_ref)                          \
	CASE(verdicts_bring_their_findings)                                            \
	CASE(verdicts_need_their_change)                                               \
	CASE(facts_are_found_by_kind_context_and_key)                                  \
	CASE(targets_never_go_back)                                                    \
	CASE(generations_rise_by_one)                                                  \
	CASE(generations_do_not_come_back_after_a_prune)                               \
	CASE(terminal_deployments_never_change)                                        \
	CASE(deployed_can_be_taken_back)                                               \
	CASE(unknown_states_are_refused)                                               \
	CASE(open_deployments_come_oldest_first)                                       \
	CASE(previous_deployment_skips_what_must_not_come_back)                        \
	CASE(quarantine_holds_until_released)                                          \
	CASE(outbox_keeps_the_newest_state)                                            \
	CASE(outbox_tells_once)                                                        \
	CASE(outbox_ends_at_the_ref_it_began_at)                                       \
	CASE(outbox_takes_the_first_ref)                                               \
	CASE(outbox_tells_what_changed_meanwhile)                                      \
	CASE(outbox_waits_and_gives_up)                                                \
	CASE(outbox_has_one_comment_a_merge_request)                                   \
	CASE(ledger_chains)                                                            \
	CASE(ledger_takes_objects_only)                                                \
	CASE(lists_go_page_by_page)                                                    \
	CASE(lists_filter)                                                             \
	CASE(lists_refuse_filters_they_do_not_have)                                    \
	CASE(hostile_text_comes_back_unchanged)                                        \
	CASE(numbers_beyond_the_columns_are_refused)                                   \
	CASE(failures_leave_outputs_untouched)                                         \
	CASE(prune_keeps_what_is_needed)                                               \
	CASE(prune_forgets_forges)                                                     \
	CASE(lists_filter_by_source_and_number)                                        \
	CASE(check_finds_nothing_in_a_full_store)

#define DECLARE(name) void suite_##name(struct store *store, struct arena *arena);
STORE_SUITE(DECLARE)
#undef DECLARE

/* Commits one of each kind of row, derived from `number` (from 1, rising): some changes
 * with verdicts, findings, deployments, ledger. For other tests. */
void suite_fill(struct store *store, unsigned int number);

#endif
