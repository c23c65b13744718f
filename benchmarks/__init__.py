"""Compares Ordersite with the two Lambda handlers that it replaces: DynamoDB calls, capacity and CPU time.

Run `python -m benchmarks`; docs/performance.md explains the results, which neither pass nor fail.
"""
