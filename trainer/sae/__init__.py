"""A trainer of sparse autoencoders on the activations of a small GPT."""
