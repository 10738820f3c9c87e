"""A template: read once, filled for many people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from babel.core import Locale, UnknownLocaleError
from liquid.exceptions import LiquidError, OutputStreamLimitError, TemplateNotFoundError, UndefinedError

from aimwell.base.words import Sentence, text
from aimwell.promote.content.errors import TemplateTooCostly, TemplateWrong, VariableUnknown
from aimwell.promote.content.facts import admitted
from aimwell.promote.content.files import Edition, PartName, read_editions
from aimwell.promote.content.mjml import html_of
from aimwell.promote.content.model import Content
from aimwell.promote.content.plain import plain_text
from aimwell.promote.content.sandbox.context import SafeTemplate
from aimwell.promote.content.sandbox.environment import SafeEnvironment
from aimwell.promote.content.sandbox.places import wrong_place
from aimwell.promote.content.sandbox.run import MOST_BYTES, Run, TooCostly
from aimwell.promote.content.sandbox.scan import SourceWrong, line_of, scan

__all__ = ["Filled", "Template", "nearest_names"]

_LONGEST_SUBJECT = 500  # characters
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+")
_SHOWN = 8
_WHAT = {
    "steps": text("steps"),
    "rounds": text("rounds of its loops"),
    "items": text("items in a list"),
    "bytes": text("bytes"),
}


@dataclass(frozen=True)
class Filled:
    """A source that can be filled; it tells lines of the file as it was written."""

    path: Path
    source: str  # as it was written
    page: str  # as it is filled: of MJML the HTML
    lenient: SafeTemplate
    strict: SafeTemplate
    snippets: Mapping[str, tuple[Path, str]]  # path and source by name

    def line(self, at: int) -> int:
        """Return the line of a place in the page."""
        if self.page is self.source:
            return line_of(self.source, at)
        rest = self.page[at : at + 200].partition("%}")[0].partition("}}")[0]
        found = self.source.find(rest)
        return line_of(self.source, max(found, 0))

    def where(self, name: str, at: int) -> tuple[Path, int]:
        """Return the file and line of a place in this source, or in the snippet that has this name."""
        if name == self.strict.name:
            return self.path, self.line(at)
        path, source = self.snippets[name]
        return path, line_of(source, at)


@dataclass(frozen=True)
class _Edition:
    locale: str
    parts: Mapping[PartName, Filled]
    template_id: str | None
    params: Mapping[str, Filled]


class Template:
    """A template in its languages.

    Parameters
    ----------
    name
        Of its folder.
    editions
        By locale in lower case with hyphens; the first is what other languages fall back to.
    """

    def __init__(self, name: str, editions: Mapping[str, _Edition]) -> None:
        self.name = name
        self._editions = editions

    @classmethod
    def read(cls, folder: Path) -> Template:
        """Read and check a template's folder.

        Raises
        ------
        TemplateWrong
            With the file and line.
        ContentNotToml, ContentBadKey, ContentBadValue
            If content.toml is not usable.
        MjmlMissing
            If it is written in MJML and the package is not installed.
        """
        found = read_editions(folder)
        return cls(folder.name, {key: _prepared(edition) for key, edition in found.items()})

    @property
    def locales(self) -> tuple[str, ...]:
        """Languages of the template, as its folders name them; the first is the one to fall back to."""
        return tuple(edition.locale for edition in self._editions.values())

    def sources(self) -> Iterator[tuple[str, Filled]]:
        """Yield every source with the language it is in."""
        for edition in self._editions.values():
            for source in (*edition.parts.values(), *edition.params.values()):
                yield edition.locale, source

    def looks_at(self, name: str) -> bool:
        """Say whether any part, in any language, looks at a fact of this name."""
        return any(
            variable.segments[0] == name
            for _, source in self.sources()
            for variables in source.strict.analyze().globals.values()
            for variable in variables
        )

    def render(self, facts: Mapping[str, object], *, locale: str, is_strict: bool = False) -> Content:
        """Return the message for one person.

        Parameters
        ----------
        facts
            person, offer, products, shop, unsubscribe_url, preferences_url: plain values, as `facts_for` puts them together.
        locale
            The reader's, such as zh-CN: the template's own, else that of the language alone, else the first.
        is_strict
            An unknown name is an error, for previews; else it is nothing.

        Raises
        ------
        VariableUnknown
            If strict, with the nearest names.
        TemplateTooCostly
            If a limit is reached.
        TemplateWrong
            If a filter cannot do what it is asked to.
        """
        edition = self._edition(locale)
        given = admitted(facts)
        run_locale, currency = _babel_locale(edition.locale, locale), _currency(given)

        def filled(source: Filled) -> str:
            run = Run(locale=run_locale, currency=currency)
            with _placed(source, run):
                return (source.strict if is_strict else source.lenient).fill(given, run)

        parts = {name: filled(source) for name, source in edition.parts.items()}
        html = parts.get("html")
        subject = parts.get("subject")
        return Content(
            subject=None if subject is None else _CONTROL.sub(" ", subject).strip()[:_LONGEST_SUBJECT],
            text=parts["text"] if "text" in parts else plain_text(html) if html is not None else "",
            html=html,
            template_id=edition.template_id,
            params={name: filled(source).strip() for name, source in edition.params.items()},
        )

    def _edition(self, locale: str) -> _Edition:
        wanted = locale.lower().replace("_", "-")
        while wanted:
            if wanted in self._editions:
                return self._editions[wanted]
            wanted = wanted.rpartition("-")[0]
        return next(iter(self._editions.values()))


def nearest_names(name: str, known: tuple[str, ...]) -> str:
    """Return the names most like one that is not there; the first few if none is like it."""
    last = name.rpartition(".")[2]
    head = name[: len(name) - len(last)]
    alike = get_close_matches(last, known, n=3, cutoff=0.5) or list(known[:_SHOWN])
    return ", ".join(f"{head}{one}" for one in alike)


def _prepared(edition: Edition) -> _Edition:
    for path, source in edition.snippets.values():
        _scanned(path, source)
    environments = {
        is_html: (
            SafeEnvironment(is_html=is_html, is_strict=False, snippets=edition.snippets),
            SafeEnvironment(is_html=is_html, is_strict=True, snippets=edition.snippets),
        )
        for is_html in (False, True)
    }
    for name, (path, source) in edition.snippets.items():
        _parsed(path, source, source, environments[True], name=name)
        if "html" in edition.files:
            _check_places(path, source, source)
    parts: dict[PartName, Filled] = {}
    for part, (path, source) in edition.files.items():
        tags = _scanned(path, source)
        page = html_of(source, tags, file=str(path)) if path.suffix == ".mjml" else source
        parts[part] = _parsed(path, source, page, environments[part == "html"], name=path.name)
        if part == "html":
            _check_places(path, source, page)
    params = {}
    for name, source in edition.settings.params.items():
        path = edition.settings_path.with_name(f"{edition.settings_path.name} [params] {name}")
        _scanned(path, source)
        params[name] = _parsed(path, source, source, environments[False], name=name)
    return _Edition(edition.locale, parts, edition.settings.template_id, params)


def _scanned(path: Path, source: str) -> list[tuple[int, int]]:
    try:
        return scan(source)
    except SourceWrong as exc:
        raise TemplateWrong(file=path, line=exc.line, problem=exc.problem) from exc


def _check_places(path: Path, source: str, page: str) -> None:
    tags = _scanned(path, page)
    wrong = wrong_place(page, tags)
    if wrong is None:
        return
    at, problem = wrong
    shown = page[slice(*next(tag for tag in tags if tag[0] == at))]
    line = line_of(source, max(source.find(shown), 0)) if page is not source else line_of(page, at)
    raise TemplateWrong(file=path, line=line, problem=problem)


def _parsed(
    path: Path, source: str, page: str, environments: tuple[SafeEnvironment, SafeEnvironment], *, name: str
) -> Filled:
    try:
        lenient, strict = (one.parsed(page, name=name, path=path) for one in environments)
    except LiquidError as exc:
        at = exc.token.start_index if exc.token is not None else 0
        problem: object = exc.message
        if isinstance(exc.__cause__, RecursionError):
            problem = Sentence(text("it is nested too deeply"))
        raise TemplateWrong(file=path, line=line_of(page, max(at, 0)), problem=problem) from exc
    return Filled(path, source, page, lenient, strict, environments[0].snippets)


@contextmanager
def _placed(filled: Filled, run: Run) -> Iterator[None]:
    """Say where in which file filling a template failed, and why."""
    try:
        yield
    except RecursionError as exc:
        deep = Sentence(text("it is nested too deeply"))
        raise TemplateWrong(file=filled.path, line=1, problem=deep) from exc
    except LiquidError as exc:
        file, line = _place(exc, filled)
        if isinstance(exc, TooCostly | OutputStreamLimitError):
            what, limit = (exc.what, exc.limit) if isinstance(exc, TooCostly) else ("bytes", MOST_BYTES)
            raise TemplateTooCostly(file=file, line=line, limit=limit, what=Sentence(_WHAT[what])) from exc
        known = run.known_beside(str(exc.message)) if isinstance(exc, UndefinedError) else None
        if known is not None:
            name = str(exc.message)
            raise VariableUnknown(
                file=file, line=line, name=name, nearest=nearest_names(name, known)
            ) from exc
        problem: object = exc.message
        if isinstance(exc, TemplateNotFoundError):
            problem = Sentence(text("there is no snippet `{name}`"), {"name": exc.message})
        raise TemplateWrong(file=file, line=line, problem=problem) from exc


def _place(exc: LiquidError, filled: Filled) -> tuple[object, int]:
    """Return the file and line of an error; one in a snippet has its own source."""
    if exc.token is None or exc.token.start_index < 0:
        return filled.path, 1
    if exc.token.source == filled.page:
        return filled.path, filled.line(exc.token.start_index)
    return exc.template_name or filled.path, line_of(exc.token.source, exc.token.start_index)


def _babel_locale(own: str, wanted: str) -> str:
    """Return the locale of numbers and dates: the reader's if the text is in that language, else the text's own."""
    for candidate in (wanted, own, "en"):
        try:
            parsed = Locale.parse(candidate.replace("-", "_"))
        except (ValueError, UnknownLocaleError):
            continue
        if parsed.language == own.replace("_", "-").partition("-")[0].lower():
            return str(parsed)
    return "en"


def _currency(facts: Mapping[str, object]) -> str | None:
    shop = facts.get("shop")
    currency = shop.get("currency") if isinstance(shop, dict) else None
    return currency if isinstance(currency, str) else None
