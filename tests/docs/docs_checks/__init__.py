"""Reads the documentation as a person does: follows its links, types its commands, compares what is printed."""
