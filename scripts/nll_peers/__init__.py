"""What `benchmark_nll.py` times, one program a file."""
