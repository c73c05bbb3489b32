"""Text: sources, tokenizer, tokenised corpora."""
