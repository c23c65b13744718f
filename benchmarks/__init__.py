"""Ordersite beside the two Lambda handlers that it replaces: DynamoDB calls, capacity and client CPU.

`python -m benchmarks` measures and prints; `docs/performance.md` says how to read it. Nothing here passes or fails.
"""
