"""Who decides: chat models under an induction, and scripted rules."""
