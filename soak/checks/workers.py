"""Workers close what they open, also after faults."""

from collections.abc import Iterator

from soak.evidence import Evidence

MAX_DESCRIPTORS = 128
"""Fewer than 20 of its own, 8 connections to clients, and up to 8 to DynamoDB for each of the 8 threads."""


def leaked_descriptors(evidence: Evidence) -> Iterator[str]:
    for count in evidence.descriptors:
        if count > MAX_DESCRIPTORS:
            yield f"A worker had {count} open descriptors at the end, more than {MAX_DESCRIPTORS}."
