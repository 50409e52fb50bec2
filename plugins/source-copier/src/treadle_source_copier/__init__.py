"""copier's templates for `treadle compose`."""
