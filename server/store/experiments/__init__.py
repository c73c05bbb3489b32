"""The experiments: their columns, filters, pages and statistics."""
