"""A lesson on pools in six steps, on the built-in site: for a class in front of one screen."""
