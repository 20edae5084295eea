"""A random sample of small changes of the module, by mutmut's operators; `mutants.py` runs it."""

import difflib
import random
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import deep_replace
from mutmut.mutation.mutators import mutation_operators, operator_string

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "mtgp_tutorial"
SKIPPED = (cst.Annotation, cst.Import, cst.ImportFrom, cst.Decorator, cst.Raise, cst.BaseString)
ALIAS = ("tuple[", "dict[", "Callable[", "Sequence[", "Mapping[")


class Finder(cst.CSTVisitor):
    """All mutants of one file: node, what replaces it, its line, and the lines of its statement (None: at import)."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, module):
        self.module, self.stack, self.found = module, [], []

    def on_visit(self, node):
        if isinstance(node, SKIPPED) or self.is_name_or_type(node):
            return False
        self.stack.append(node)
        for kind, operator in mutation_operators:
            if isinstance(node, kind) and operator is not operator_string:
                for new in operator(node):
                    line = self.get_metadata(PositionProvider, node).start.line
                    self.found.append((node, new, line, self.lines()))
        return True

    def on_leave(self, node):
        if self.stack and self.stack[-1] is node:
            self.stack.pop()

    def is_name_or_type(self, node):
        """`__all__`, `__version__`, and other names of a type."""
        if not isinstance(node, cst.Assign):
            return False
        value = self.module.code_for_node(node.value)
        return self.module.code_for_node(node.targets[0].target).startswith("__") or value.startswith(ALIAS)

    def lines(self):
        """Lines of the innermost statement: all of them, or those of its head."""
        inner = next(n for n in reversed(self.stack) if isinstance(n, (cst.BaseStatement, cst.Module)))
        inside = any(isinstance(n, cst.FunctionDef) for n in self.stack if n is not inner)
        if isinstance(inner, (cst.FunctionDef, cst.ClassDef, cst.Module)) or not inside:
            return None
        place = self.get_metadata(PositionProvider, inner)
        last = place.end.line
        if hasattr(inner, "body") and isinstance(inner, cst.BaseCompoundStatement):
            last = max(place.start.line, self.get_metadata(PositionProvider, inner.body.body[0]).start.line - 1)
        return [place.start.line, last]


def mutants(number, seed, files=""):
    """A sample of the package's mutants, and how many there are; the same for the same sources."""
    every, seen, sample = [], set(), []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        if files in str(path.relative_to(ROOT)):
            wrapper = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf8")))
            finder = Finder(wrapper.module)
            wrapper.visit(finder)
            every += [(path, wrapper.module, *found) for found in finder.found]
    random.Random(seed).shuffle(every)
    for path, module, old, new, line, lines in every:
        source, code = module.code, deep_replace(module, old, new).code
        if compiles(code) and code != source and code not in seen and len(sample) < number:
            seen.add(code)
            changes = difflib.ndiff(source.splitlines(), code.splitlines())
            change = [text[0] + " " + text[2:].strip() for text in changes if text[0] in "+-"]
            known = {"number": len(sample), "file": str(path.relative_to(ROOT)), "line": line, "change": change}
            sample.append({**known, "lines": lines, "code": code})
        if len(sample) == number:
            break
    return sample, len(every)


def compiles(code):
    try:
        compile(code, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True
