"""The same API on other frameworks, with boto3: what a team might have written instead of this app.

Their packages are in requirements-peers.txt, which `make bench` installs into a virtual environment of its own. They
use this app's table and write the same items, with conditional writes and a history. They import nothing of this
project but `benchmarks`.
"""
