"""Text: characters -> tokens -> ids -> batches."""
