"""What run folders cost for a trainer with many small files."""
