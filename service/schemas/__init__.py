"""What clients send, and what they get beyond the model's own types: one file per noun."""
