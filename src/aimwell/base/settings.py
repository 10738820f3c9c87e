"""Settings of a shop: flag > environment (AIMWELL_...) > aimwell.toml > default."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from aimwell.base.allowed import allowed
from aimwell.base.errors import InvalidInput
from aimwell.base.money import is_known_currency
from aimwell.base.words import Language, Sentence, text

__all__ = ["FILE_NAME", "SettingInvalid", "Settings", "SettingsFileUnreadable", "read_settings"]

FILE_NAME = "aimwell.toml"


class SettingInvalid(InvalidInput):
    """A setting has a value that is not allowed, or is not known at all."""

    code = "setting_invalid"
    template = text(
        "Setting `{key}` is not usable: {value} ({problem}). Searched in this order: {searched}. "
        "Correct it in the first of these that sets it."
    )


class SettingsFileUnreadable(InvalidInput):
    """aimwell.toml is not TOML."""

    code = "settings_file_unreadable"
    template = text(
        "{path} is not readable as TOML: {problem}. Correct the line or run `aimwell init` in an empty folder to see a good file."
    )


def _currency(code: str) -> str:
    if not is_known_currency(code):
        raise ValueError("an ISO 4217 code such as CNY, EUR, GBP or USD is needed")
    return code


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("an IANA time zone such as Asia/Shanghai or Europe/London is needed")
    return name


_HOST, _PORT = r"(?:[\w.-]+|\[[\da-fA-F:]+\])", r"\d{1,5}"
_SPARK_URLS = (
    r"local(\[[\d*]+\])?|yarn|k8s://.+"
    rf"|spark://{_HOST}:{_PORT}(,{_HOST}:{_PORT})*|sc://{_HOST}(:{_PORT})?(/(;.*)?)?"
)


def _spark_url(url: str) -> str:
    if not re.fullmatch(_SPARK_URLS, url):
        raise ValueError(
            Sentence(text("a place such as local[4], spark://host:7077, yarn, k8s://... or sc://host:15002"))
        )
    return url


class Settings(BaseSettings):
    """What a shop may choose. Frozen; every field has a default that works on a laptop."""

    model_config = SettingsConfigDict(env_prefix="AIMWELL_", extra="forbid", frozen=True)

    format: Annotated[int, Field(description=text("Version of the shop folder's layout."))] = 1
    name: Annotated[str, Field(description=text("The shop's name, as it stands on reports."))] = "My shop"
    currency: Annotated[
        str, AfterValidator(_currency), Field(description=text("Currency of all amounts, ISO 4217."))
    ] = "CNY"
    time_zone: Annotated[
        str, AfterValidator(_zone), Field(description=text("The shop's own time zone, IANA name."))
    ] = "Asia/Shanghai"
    country: Annotated[
        str,
        Field(pattern="^[A-Z]{2}$", description=text("Country of phone numbers without a prefix, ISO 3166.")),
    ] = "CN"
    language: Annotated[Language, Field(description=text("Language of commands and pages."))] = "en"
    margin_rate: Annotated[
        float,
        Field(
            gt=0,
            le=1,
            description=text("Share of net sales that is margin where a product's cost is unknown."),
        ),
    ] = 0.3
    public_url: Annotated[
        str | None,
        Field(
            description=text(
                "Where customers see the pages of `aimwell serve public`, such as https://mail.shop.example."
            )
        ),
    ] = None
    second_approver: Annotated[
        bool, Field(description=text("A campaign is approved by somebody else than who planned it."))
    ] = False
    engine: Annotated[
        Literal["duckdb", "spark"],
        Field(description=text("Engine that runs the tables: this machine alone, or a cluster.")),
    ] = "duckdb"
    spark_url: Annotated[
        str,
        AfterValidator(_spark_url),
        Field(
            description=text(
                "Where Spark is: a master (spark://host:7077, yarn, k8s://..., local[4]) or a Connect server (sc://host:15002)."
            ),
        ),
    ] = "local[*]"
    spark_options: Annotated[
        dict[Annotated[str, Field(pattern=r"^spark\.")], str],
        Field(description=text("Spark's own settings by their names, such as spark.executor.memory.")),
    ] = {}
    lake_url: Annotated[
        str | None,
        Field(
            description=text(
                "Where the lake is: a folder or URL (s3://bucket/folder, hdfs://...) that all machines see alike; lake/ in the shop's folder if not set."
            )
        ),
    ] = None
    storage_options: Annotated[
        dict[str, SecretStr],
        Field(description=text("How to reach the lake's store, such as AWS_ENDPOINT_URL, AWS_REGION.")),
    ] = {}
    memory_limit: Annotated[
        str,
        Field(
            pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$",
            description=text("Memory the engine may use before it spills to disk."),
        ),
    ] = "8GB"
    threads: Annotated[
        int | None, Field(ge=1, description=text("Threads of the engine; all cores if not set."))
    ] = None
    database_url: Annotated[
        SecretStr | None,
        Field(
            description=text("Database of loads, vault and plans; SQLite in the shop's folder if not set.")
        ),
    ] = None

    @property
    def revealed_storage_options(self) -> dict[str, str]:
        """The storage options as a store's driver needs them."""
        return {key: value.get_secret_value() for key, value in self.storage_options.items()}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read flags, then the environment; `read_settings` puts the file behind them."""
        return (init_settings, env_settings)


def read_settings(folder: Path, *, flags: dict[str, Any]) -> Settings:
    """Return the settings of the shop in `folder`.

    Parameters
    ----------
    folder
        The shop's folder; a missing aimwell.toml means defaults.
    flags
        Values given on the command line; None means not given.

    Raises
    ------
    SettingInvalid
        If a value is not allowed or a key is unknown; the message lists every place searched.
    SettingsFileUnreadable
        If aimwell.toml is not TOML.
    """
    path = folder / FILE_NAME
    try:
        from_file = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsFileUnreadable(path=path, problem=exc) from exc

    class WithFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *args: Any, **kwargs: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            flags_then_env = super().settings_customise_sources(settings_cls, *args, **kwargs)
            return (*flags_then_env, InitSettingsSource(settings_cls, init_kwargs=from_file))

    given = {key: value for key, value in flags.items() if value is not None}
    try:
        return WithFile(**given)
    except ValidationError as exc:
        raise _first_problem(exc, path=path) from exc


def _first_problem(exc: ValidationError, *, path: Path) -> SettingInvalid:
    problem = exc.errors(include_url=False)[0]
    key = str(problem["loc"][0])
    is_secret = key in ("database_url", "storage_options", "spark_options")
    value = "***" if is_secret else f"`{problem['input']}`"
    searched = Sentence(
        text("the command's flags, {variable}, {path}, the built-in default"),
        {"variable": f"AIMWELL_{key.upper()}", "path": path},
    )
    return SettingInvalid(key=key, value=value, problem=allowed(problem), searched=searched)
