"""What a person runs: configuration, files, statistics, figures and reports."""
