"""Files that hold text: CSV and JSON, read by Spark's rules for values and malformed records."""
