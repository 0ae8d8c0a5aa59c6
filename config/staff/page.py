"""What a staff page shows of one object: a sentence, and sections of facts, tables and texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from config.staff.display import Figure, Tone

Cell = object


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The sentence at the top. `detail` says where the money is."""

    headline: str
    detail: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    title: str
    rows: Sequence[tuple[str, Cell]]
    note: str = ""
    kind: str = field(default="facts", init=False)

    @property
    def are_figures(self) -> bool:
        """Whether the values are a column of figures, which stand below one another."""
        return all(isinstance(value, Figure) for _, value in self.rows)


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`empty` is said instead of a table without rows, `more` is the address of the next page."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str
    note: str = ""
    more: str = ""
    kind: str = field(default="table", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text as it is, such as the body of a request."""

    title: str
    text: str
    empty: str = "Empty."
    kind: str = field(default="text", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """A line that opens: facts and texts below it."""

    line: Sequence[Cell]
    facts: Sequence[tuple[str, Cell]] = ()
    texts: Sequence[Text] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Folds:
    title: str
    folds: Sequence[Fold]
    empty: str
    kind: str = field(default="folds", init=False)


Section = Facts | Table | Text | Folds


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`side_by_side` are the small sections that share the first row."""

    title: str
    subtitle: str = ""
    summary: Summary | None = None
    side_by_side: Sequence[Facts] = ()
    sections: Sequence[Section] = ()
