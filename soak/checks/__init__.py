"""The checks of a run. Each finds violations of what the documentation promises, one sentence for each."""

from collections.abc import Callable, Iterator

from soak.checks import histories, lists, refusals, responses, sweeps, workers, writes
from soak.evidence import Evidence

CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    responses.unexpected_statuses,
    responses.missing_responses,
    responses.late_responses,
    responses.failed_bulk_rows,
    refusals.wrong_refusals,
    refusals.refused_writes_that_took_effect,
    writes.lost_orders,
    writes.deleted_orders_that_exist,
    writes.orders_placed_twice,
    writes.lost_bulk_changes,
    writes.changes_that_nobody_requested,
    histories.illegal_histories,
    histories.changed_histories,
    histories.outdated_reads,
    lists.wrong_walks,
    lists.incomplete_walks,
    lists.incomplete_indexes,
    sweeps.wrong_expiries,
    sweeps.wrong_summaries,
    workers.leaked_descriptors,
)


def violations(evidence: Evidence) -> list[str]:
    return [sentence for check in CHECKS for sentence in check(evidence)]
