"""Where experiments run: kinds of GPU, clusters, prices and estimates."""
