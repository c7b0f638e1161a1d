"""One file per command of data staff. What a command needs beyond the model is imported when it runs."""
