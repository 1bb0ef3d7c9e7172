"""The catalogue: every member that a run can name, one YAML file each."""
