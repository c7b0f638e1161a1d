"""Reports for data staff, in Chinese: each one HTML file that holds all it needs, and can be mailed or printed."""
