"""What `scripts/fuzz.py` is made of: damaged inputs, what reads them, and what must never happen."""
