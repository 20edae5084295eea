"""Citations and a list of references in plain Markdown, from the book's BibTeX file."""

from __future__ import annotations

from pathlib import Path

from pybtex.database import parse_file
from pybtex.plugin import find_plugin
from pybtex.richtext import Text


class Bibliography:
    """The entries of one BibTeX file."""

    def __init__(self, path: Path) -> None:
        self.entries = parse_file(str(path)).entries if path.is_file() else {}

    def cite(self, keys: list[str], textual: bool) -> str:
        """Bonilla et al. (2008) or (Bonilla et al., 2008); several keys are joined."""
        works = [(self.authors(key), self.entry(key).fields["year"]) for key in keys]
        if textual:
            return ", ".join(f"{authors} ({year})" for authors, year in works)
        return "(" + "; ".join(f"{authors}, {year}" for authors, year in works) + ")"

    def entry(self, key: str):
        """The entry with this key."""
        if key not in self.entries:
            raise ValueError(f"references.bib has no entry {key!r}.")
        return self.entries[key]

    def authors(self, key: str) -> str:
        """Family names: one, two joined by "and", or the first with "et al."."""
        people = self.entry(key).persons.get("author") or self.entry(key).persons["editor"]
        names = [str(Text.from_latex(" ".join(person.prelast_names + person.last_names))) for person in people]
        return f"{names[0]} et al." if len(names) > 2 else " and ".join(names)

    def listed(self, keys: list[str]) -> str:
        """The cited works as a Markdown list, sorted by author and year."""
        style = find_plugin("pybtex.style.formatting", "plain")()
        backend = find_plugin("pybtex.backends", "plaintext")()
        keys = sorted(set(keys), key=lambda key: (self.authors(key), self.entry(key).fields["year"]))
        works = style.format_entries([self.entry(key) for key in keys])
        return "\n".join("- " + " ".join(work.text.render(backend).split()) for work in works)
