"""From a label on the page to the value that belongs to it.

A label stands at the head of a line, after a gap, or before a colon; its value stands after it in the same line, in the
next box to the right, or in the box below, and may be split over two boxes or several lines. The readings are tried in
this order, and the first that the field's parser accepts is taken.

Confidence of a value = OCR confidence of its worst line × certainty of the place (1 for label, colon and value side by
side, less for each liberty taken, see ``_COLON`` … ``_PATTERN``), and then by the check: a value that a validator passed
gains half of what is missing to 1, a repaired one loses a fifth, a failed one keeps two fifths.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from services.kernel.paper import Check, FieldReading
from services.ocr.fields.sheet import Cell, Sheet, hull
from services.ocr.fields.text import loosely

_COLON, _ALONE, _GAP, _MERGED = 1.0, 0.97, 0.92, 0.85
_SPLIT, _WRAPPED, _BELOW, _PATTERN = 0.95, 0.95, 0.85, 0.9
ON_CARDS, IN_TABLES, IN_PROSE = 1, 4, 1000
_LONG_LABEL = 4  # so long a label at the end of a line is the next one, run into this value
_GAIN, _REPAIRED, _FAILED = 0.5, 0.8, 0.4

_ASIDE = (
    r"(?:\s*\(\s*(?:[甲乙丙丁]\s*方|[^()]{1,2}\s*[方人]|[^()]{0,6}[签章印][^()]{0,6}|[大小]写|人民币|[万亿]?元|元/[^()]{1,6}|"
    r"m2|平方米|[一二三四五六1-6]|以下简?称[^()]{0,12}|下称[^()]{0,12}|必填|全称|Seal|Sign[a-z]*)\s*\))*"
)
_HEAD = re.compile(
    r"^[\s*•□☑√\[(]*(?:第[一二三四五六七八九十百\d]+条|[一二三四五六七八九十]{1,2}[、.]|\(?[一二三四五六七八九十\d]{1,2}[).、])?[\s\[(*]*$"
)
_SEPARATORS = " ;,。)]|、:(["


@dataclass(frozen=True, slots=True)
class Parsed:
    """One value that a parser found at ``[start, end)`` of the text it was given."""

    value: str
    start: int
    end: int
    check: Check = "none"
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Weighed(FieldReading):
    """A reading with what its confidence is made of: how many of its characters one must expect to be wrong; the weakest
    character of its lines; the mean of the weakest of all lines of the page; the certainty of the place (each 0…1); and whether
    the same stands in another line of the document, or in a seal."""

    doubt: float = 0.0
    line: float = 0.0
    print: float = 0.0
    place: float = 0.0
    twice: bool = False


Piece = tuple[Cell, int, int]
"""A cell and the part ``[start, end)`` of its text."""
Parser = Callable[[str, str], Sequence[Parsed]]
"""Folded text of a value and its label → what it says; nothing when it cannot be this field."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field stands on one type of document. ``fallback``: labels that count where none of ``labels`` leads to a
    value. ``patterns``: clauses of the running text that count after that, in their order (regular expressions over
    folded text, the group ``v`` is the value). ``many``: every different value counts, also those of clauses, else the
    surest. ``lines``: a value may run on in the lines below.
    """

    field: str
    parse: Parser
    labels: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    many: bool = False
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A label at ``[start, end)`` of a cell, its colon and aside included."""

    cell: Cell
    label: str
    printed: str
    start: int
    end: int
    certainty: float

    @property
    def signed(self) -> bool:
        """Whether a signature or seal is asked for here: what is read there is handwriting, so it counts last."""
        return bool(re.search("[签章印]", self.printed[len(self.label) :]))


@dataclass(frozen=True, slots=True)
class Span:
    """Text put together from parts of cells."""

    pieces: tuple[Piece, ...]
    glue: str = ""

    @property
    def text(self) -> str:
        return self.glue.join(cell.text[start:end] for cell, start, end in self.pieces)

    def cut(self, start: int, end: int) -> Span:
        """The pieces behind ``text[start:end]``."""
        kept, begin = [], 0
        for cell, low, high in self.pieces:
            a, b = max(start - begin, 0), min(end - begin, high - low)
            if a < b:
                kept.append((cell, low + a, low + b))
            begin += high - low + len(self.glue)
        return Span(tuple(kept), self.glue)

    @property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell, _, _ in self.pieces)

    @property
    def raw(self) -> str:
        return self.glue.join(cell.folded.raw(cell.line.text, start, end) for cell, start, end in self.pieces)


class Finder:
    """Finds the values of rules on one sheet. ``stops`` are further labels of the form that end a value; ``inside``
    is the least length of a label that counts inside a line without gap or colon: short on cards, which print
    姓名 张伟 性别 男 with gaps that engines lose, longer in tables whose rows an engine may read as one line, endless in
    prose. ``weak`` labels are too common as parts of words to be merged with their value.
    """

    def __init__(
        self,
        sheet: Sheet,
        rules: Sequence[Rule],
        stops: Sequence[str] = (),
        *,
        inside: int = IN_PROSE,
        weak: frozenset[str] = frozenset(),
    ) -> None:
        self.sheet = sheet
        labels = {*stops, *(label for rule in rules for label in (*rule.labels, *rule.fallback))}
        known = sorted(labels, key=lambda label: (-len(label), label))
        self._names = {re.sub(r"\s", "", label): label for label in known}
        self._pattern = _any_of(tuple(known))
        self._inside, self._weak = inside, weak
        self._marks = {cell: self._scan(cell) for cell in sheet.cells}

    def marks(self, names: Sequence[str]) -> Iterator[Mark]:
        """Every place of one of the labels, in reading order."""
        wanted = set(names)
        for cell in self.sheet.cells:
            yield from (mark for mark in self._marks[cell] if mark.label in wanted)

    def find(self, rule: Rule) -> tuple[FieldReading, ...]:
        """The values of the rule's field, in reading order, each value once."""
        found: list[FieldReading] = []
        for names, signed in ((rule.labels, False), (rule.fallback, False), (rule.labels, True)):
            marks = (mark for mark in self.marks(names) if mark.signed == signed)
            found = found or [one for mark in marks for one in self.at(mark, rule)]
        if rule.many or not found:
            found += self._in_clauses(rule)
        return unique(found) if rule.many else surest(found)

    def at(self, mark: Mark, rule: Rule) -> tuple[FieldReading, ...]:
        """What stands at one label, by the first of the readings that the parser accepts."""
        for span, certainty in self._values(mark, rule.lines):
            parsed = [one for one in rule.parse(span.text, mark.printed) if one.value not in self._names]
            if parsed:
                return tuple(reading(rule.field, span, one, mark.certainty * certainty) for one in parsed)
        return ()

    def _in_clauses(self, rule: Rule) -> list[FieldReading]:
        found: list[FieldReading] = []
        for pattern in rule.patterns:
            for flow in self.sheet.flows:
                for match in re.finditer(pattern, flow.text):
                    span = Span(flow.pieces(match.start("v"), match.end("v")))
                    found += [reading(rule.field, span, one, _PATTERN) for one in rule.parse(span.text, match.group())]
            if found and not rule.many:
                break
        return found

    def _scan(self, cell: Cell) -> tuple[Mark, ...]:
        marks = []
        for match in self._pattern.finditer(cell.text):
            certainty = self._certainty(cell.text, match)
            if certainty:
                label = self._names[re.sub(r"\s", "", match["label"])]
                marks.append(Mark(cell, label, match.group(), match.start(), match.end(), certainty))
        return tuple(marks)

    def _certainty(self, text: str, match: re.Match[str]) -> float:
        if match["colon"]:
            return _COLON
        at_head = bool(_HEAD.match(text[: match.start()]))
        rest = text[match.end() :]
        if at_head and not rest.strip(" _-|"):
            return _ALONE
        after_gap = at_head or text[match.start() - 1] in _SEPARATORS
        if after_gap and (match["gap"] or rest.startswith(("¥", "_"))):
            return _GAP
        ends_cell = not rest and (text[: match.start()].endswith(" ") or len(match["label"]) >= _LONG_LABEL)
        if ends_cell or len(match["label"]) >= self._inside:
            return _MERGED
        return _MERGED if at_head and self._may_merge(match["label"], rest) else 0.0

    def _may_merge(self, label: str, rest: str) -> bool:
        """Whether a label without colon or gap is followed by its value: not in a sentence, not as the head of another word."""
        if re.search("[,。;]", rest):
            return False
        return rest[:1].isascii() or re.sub(r"\s", "", label) not in self._weak

    def _values(self, mark: Mark, lines: bool) -> Iterator[tuple[Span, float]]:
        cell = mark.cell
        following = next((other.start for other in self._marks[cell] if other.start >= mark.end), len(cell.text))
        ends_row = following == len(cell.text)
        right = self._free(self.sheet.right_of(cell)) if ends_row else []
        if cell.text[mark.end : following].strip(" _-|.:"):
            rest = ((cell, mark.end, following), *(self._paragraph(cell) if ends_row else ()))
            yield from self._beside(cell, rest, right, lines=lines and ends_row, wraps=ends_row)
            return
        if right:
            value = (*self._over(cell, right[0], lines), self._piece(right[0]))
            yield from self._beside(cell, value, right[1:], lines=lines, wraps=lines)
        elif ends_row:
            block = [self._piece(other) for other in self._free(self.sheet.beside(cell))]
            if block:
                yield Span(tuple(block)), _WRAPPED
        if ends_row:
            for other in self._free(self.sheet.below(cell))[:1]:
                yield Span((self._piece(other),)), _BELOW

    def _piece(self, cell: Cell) -> Piece:
        return (cell, 0, self._first_mark(cell))

    def _over(self, label: Cell, cell: Cell, lines: bool) -> tuple[Piece, ...]:
        """The upper lines of a value whose label is centred on all of them."""
        pieces: list[Piece] = []
        for other in self.sheet.above(cell) if lines else ():
            if self._first_mark(other) < len(other.text) or self._claimed(other, label):
                break
            pieces.insert(0, self._piece(other))
        return tuple(pieces)

    def _claimed(self, cell: Cell, label: Cell) -> bool:
        """Whether something in the label's column stands before the cell: another row of the form begins there."""
        return any(other.left >= label.left - 2 * label.height for other in self.sheet.left_of(cell) if other is not label)

    def _paragraph(self, cell: Cell) -> tuple[Piece, ...]:
        """The lines that a sentence of ``cell`` runs on to, up to the next label."""
        pieces: list[Piece] = []
        for other in self.sheet.paragraphs.get(cell, ()):
            piece = self._piece(other)
            if piece[2]:
                pieces.append(piece)
            if piece[2] < len(other.text):
                break
        return tuple(pieces)

    def _beside(
        self, label: Cell, first: Sequence[Piece], right: list[Cell], *, lines: bool, wraps: bool
    ) -> Iterator[tuple[Span, float]]:
        """The value in its own box; with the boxes that follow closely; with the next box; with the line below."""
        close = list(first)
        for other in right:
            last = close[-1][0]
            if other.left - last.right > 0.9 * last.height or close[-1][2] < len(last.text):
                break
            close.append(self._piece(other))
        below = self._run_on(label, first[-1]) if lines or (wraps and len(close) == 1) else []
        if lines and below:
            yield Span((*close, *below)), _WRAPPED
        yield Span(tuple(close)), (1.0 if len(close) == len(first) else _SPLIT)
        further = right[len(close) - len(first) :]
        if further:
            yield Span((*close, self._piece(further[0])), " "), _SPLIT
        if below and not lines:
            yield Span((*close, below[0])), _WRAPPED

    def _run_on(self, label: Cell, first: Piece) -> list[Piece]:
        """The unlabelled lines below that begin where the value began, or at the margin after a full line."""
        cell, start, _ = first
        lefts = [cell.x_at(start)]
        widest = max(other.right for other in self.sheet.on_page(cell.page))
        if start and cell.right >= 0.85 * widest:
            lefts.append(cell.left)
        for left in lefts:
            lines = []
            for other in self.sheet.continuations(cell, left):
                if self._first_mark(other) == 0 or self._claimed(other, label):
                    break
                lines.append(self._piece(other))
            if lines:
                return lines
        return []

    def _free(self, cells: list[Cell]) -> list[Cell]:
        """The cells before the first that begins with a label."""
        free = []
        for cell in cells:
            if self._first_mark(cell) == 0:
                break
            free.append(cell)
        return free

    def _first_mark(self, cell: Cell) -> int:
        marks = self._marks[cell]
        if not marks:
            return len(cell.text)
        return 0 if _HEAD.match(cell.text[: marks[0].start]) else marks[0].start


def reading(field: str, span: Span, parsed: Parsed, certainty: float) -> Weighed:
    """A ``FieldReading`` with the confidence of the module's formula."""
    part = span.cut(parsed.start, parsed.end)
    part = part if part.pieces else span
    confidence = min(cell.line.confidence for cell in part.cells) * certainty
    if parsed.check == "ok":
        confidence += (1 - confidence) * _GAIN
    elif parsed.check == "failed":
        confidence *= _FAILED
    if parsed.repaired:
        confidence *= _REPAIRED
    return Weighed(
        field,
        parsed.value,
        part.raw.strip(),
        part.cells[0].page,
        hull(part.cells),
        round(confidence, 4),
        parsed.check,
        repaired=parsed.repaired,
        doubt=sum(cell.doubt(start, end) for cell, start, end in part.pieces),
        line=min(cell.weakest for cell in part.cells),
        print=part.cells[0].print,
        place=certainty,
    )


def unique(found: Sequence[FieldReading]) -> tuple[FieldReading, ...]:
    """Each value once, in the order of its first place, with its surest reading."""
    best: dict[str, FieldReading] = {}
    for one in found:
        if one.value not in best or one.confidence > best[one.value].confidence:
            best[one.value] = one
    return tuple(best.values())


def surest(found: Sequence[FieldReading]) -> tuple[FieldReading, ...]:
    """The one value that reads surest; the first place wins a tie."""
    return (max(found, key=lambda one: one.confidence),) if found else ()


@cache
def _any_of(labels: tuple[str, ...]) -> re.Pattern[str]:
    """A place of one of these labels, the first that fits. Kept, for a type of document has the same ones each time and they
    take as long to compile as a page to search."""
    any_label = "|".join(map(loosely, labels)) or r"(?!)"
    return re.compile(rf"(?P<label>{any_label})(?P<aside>\)?{_ASIDE})(?P<gap>[\"'|“”\s]*)(?P<colon>:\s*)?")
