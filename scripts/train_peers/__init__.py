"""What `benchmark_train.py` times, one program a file."""
