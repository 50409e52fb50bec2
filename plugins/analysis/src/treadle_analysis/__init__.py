"""Analysis of a repository and of a change in it."""
