"""How the command says no."""


class Refused(ValueError):
    """One sentence: what is wrong, and what to do."""
