"""Programs of benchmark_score.py, each scoring the same rows."""
