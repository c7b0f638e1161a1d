"""From labelled tips to a published model: check, fit, calibrate, evaluate, publish."""
