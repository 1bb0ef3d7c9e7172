"""The society: who takes part, who meets whom, and time. Mesa lives here and nowhere else."""
