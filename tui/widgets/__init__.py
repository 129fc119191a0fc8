"""What is drawn: panels that turn values into lines, and nothing else."""
