"""The soak test: clients, faults and kills for as long as wanted, and then a check of everything that was promised.

    python -m soak --operations 20000

See docs/reliability.md. Not part of the Lambda package.
"""
