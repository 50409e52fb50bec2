"""The rules of the workspace, each a function from a folder to the sentences that say what breaks it.

An empty answer means that the rule holds. `CONTRIBUTING.md` names the rules in words.
"""
