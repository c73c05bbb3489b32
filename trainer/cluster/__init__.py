"""Running many experiments on a cluster: slots, spool, archive."""
