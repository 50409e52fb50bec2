"""Running a project's tests with structured results and coverage."""
