"""cookiecutter's templates for `treadle compose`."""
