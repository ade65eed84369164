"""The console command: one file per verb."""
