"""`aimwell campaign new | plan | approve | send | status | list | pause | resume | stop | measure`."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from aimwell.base.words import Sentence, text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.measure_screen import effect_chart, show_result
from aimwell.cli.moments import day_began
from aimwell.cli.survey_chart import write_chart
from aimwell.promote.campaigns.explain import act_sentences, obstacle
from aimwell.promote.campaigns.service.creating import new_campaign
from aimwell.promote.campaigns.service.life import (
    Status,
    approve,
    list_campaigns,
    pause,
    resume,
    send,
    status,
    stop,
)
from aimwell.promote.campaigns.service.measuring import measure_round, measure_shop, power_of
from aimwell.promote.campaigns.service.planning import plan_round
from aimwell.promote.campaigns.service.rehearsing import Rehearsal, rehearse
from aimwell.promote.campaigns.service.tools import Tools
from aimwell.promote.measure.errors import NoComparison
from aimwell.promote.measure.explain import power_sentences
from aimwell.promote.measure.model import CampaignResult, GlobalResult
from aimwell.promote.outbox.model import AT_ONCE, Progress
from aimwell.promote.plan.explain import assumptions, basis, beliefs, binding, marginal
from aimwell.promote.plan.model import MILLI
from aimwell.shop import Shop

__all__ = ["register"]

_Name = Annotated[
    str, typer.Argument(help=text("Name of the campaign: its file in campaigns/ without .toml."))
]
_As = Annotated[
    str | None, typer.Option("--as", help=text("Who acts; the user of this machine if not given."))
]
_AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help=text("Day of the portraits and values; the newest if not given.")
    ),
]

_STATES = {
    "draft": text("draft"),
    "planned": text("planned"),
    "approved": text("approved"),
    "queued": text("queued"),
    "sending": text("being sent"),
    "paused": text("paused"),
    "stopped": text("stopped"),
    "done": text("done"),
}
_NEXT = {
    "draft": text("Next: aimwell campaign plan {name}"),
    "planned": text("Next: aimwell campaign approve {name}"),
    "approved": text("Next: aimwell campaign send {name} --dry-run, then without it"),
    "queued": text("Next: aimwell campaign send {name}"),
    "sending": text("Next: aimwell campaign send {name}"),
    "paused": text("Next: aimwell campaign resume {name}"),
    "stopped": text("Next: aimwell campaign measure {name}"),
    "done": text("Next: aimwell campaign measure {name}"),
}

_CAME_BACK = {
    "bounced": text("Came back for good: {n}."),
    "soft_bounced": text("Came back this time: {n}."),
    "delayed": text("Reported as put off: {n}."),
    "delivered": text("Reported as arrived: {n}."),
    "complained": text("Complained about: {n}."),
}


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    campaign = typer.Typer(
        help=text("Campaigns: from a file to messages, with a receipt for every decision."),
        no_args_is_help=True,
    )
    told: dict[str, tuple[Callable[..., None], str]] = {
        "new": (new, text("Write the files of a new campaign, from a recipe.")),
        "plan": (plan, text("Choose who gets what, and who is left alone; nothing is sent.")),
        "approve": (approve_, text("Approve what was planned; from then on nothing of it may change.")),
        "send": (send_, text("Queue what was approved, and send what is due.")),
        "status": (status_, text("Show how a campaign stands and who did what.")),
        "list": (list_, text("List all campaigns.")),
        "pause": (pause_, text("Let nothing more go out until it is resumed.")),
        "resume": (resume_, text("Let a paused campaign go on.")),
        "stop": (stop_, text("End a campaign at once and for good.")),
        "measure": (measure, text("Say what a campaign really earned, against those left alone.")),
    }
    for name, (command, help_text) in told.items():
        campaign.command(name, help=help_text)(command)
    app.add_typer(campaign, name="campaign")


def new(
    ctx: typer.Context,
    name: _Name,
    recipe: Annotated[str, typer.Option(help=text("Name of a recipe; an unknown one lists them all."))],
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        paths = new_campaign(name, recipe=recipe, folder=shop.folder)
        for path in paths:
            face.say(text("Wrote {path}."), path=path.relative_to(shop.folder))
    face.say(text("Change in them what does not fit. Next: aimwell campaign plan {name}"), name=name)


def plan(ctx: typer.Context, name: _Name, as_of: _AsOf = None, actor: _As = None) -> None:
    face = face_of(ctx)
    with _tools(face) as (shop, tools), shop.writing(), face.progress() as progress:
        moment = day_began(as_of, shop) if as_of else None
        planned = plan_round(name, tools=tools, actor=_actor(actor), as_of=moment, progress=progress)
        try:
            power = power_sentences(power_of(planned.round, tools=tools), words=face.words)
        except NoComparison:  # an arm of nobody is a choice; the status says what it means
            power = ()
    proof, words = planned.plan.certificate, face.words
    face.show_rows(
        [{"arm": arm, "n_people": n_people} for arm, n_people in planned.arms.items()],
        [Column("arm", text("Arm")), Column("n_people", text("People"), "number")],
        title=text("The arms"),
    )
    face.say(
        text("{campaign_id}: {contacts} messages cost {cost} and are expected to earn {profit} beyond that."),
        campaign_id=planned.round.campaign_id,
        contacts=words.number(proof.n_contacts),
        cost=words.money(proof.cost_milli / MILLI, proof.currency),
        profit=words.money(proof.value_milli / MILLI, proof.currency),
    )
    _say(
        face,
        marginal(proof, words=words),
        *binding(proof, words=words),
        basis(proof),
        *assumptions(proof, words=words),
        *beliefs(proof, words=words),
        *power,
    )
    face.say(_NEXT["planned"], name=name)


def approve_(ctx: typer.Context, name: _Name, actor: _As = None) -> None:
    face = face_of(ctx)
    with _tools(face, sends=False) as (shop, tools), shop.writing():
        approved = approve(name, tools=tools, actor=_actor(actor))
    face.say(
        text("{campaign_id} is approved by {actor}."),
        campaign_id=approved.campaign_id,
        actor=approved.approved_by,
    )
    face.say(_NEXT["approved"], name=name)


def send_(
    ctx: typer.Context,
    name: _Name,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=text("Ask the gate and show messages, and send nothing."))
    ] = False,
    wait_hours: Annotated[
        float, typer.Option(min=0, help=text("Wait so long for messages that are due later."))
    ] = 0.0,
    actor: _As = None,
) -> None:
    face = face_of(ctx)
    with _tools(face) as (_, tools):
        if dry_run:
            _show_rehearsal(rehearse(name, tools=tools), face)
            return
        until = tools.clock.now() + timedelta(hours=wait_hours) if wait_hours else None
        with face.progress() as watcher:
            watcher.start(text("Sending"), unit=text("messages"))
            progress = send(name, tools=tools, actor=_actor(actor), until=until, watcher=watcher)
    _show_progress(progress, face)


def status_(ctx: typer.Context, name: _Name) -> None:
    face = face_of(ctx)
    with _tools(face, sends=False) as (_, tools):
        found = status(name, tools=tools)
    if face.output == "json":
        face.show_json(_told(found))
        return
    if found.progress is not None:
        _show_progress(found.progress, face)
    for outcome, n_messages in found.came_back.items():
        face.say(_CAME_BACK[outcome], n=face.words.number(n_messages))
    face.say(text("{name} is {state}."), name=_id(found), state=Sentence(_STATES[found.state]))
    _say(face, *act_sentences(found.acts, words=face.words))
    if found.changed and found.state in ("planned", "approved", "queued", "sending", "paused"):
        face.say(text("Changed since it was planned: {files}. Plan it anew."), files=", ".join(found.changed))
    face.say(_NEXT[found.state], name=name)


def list_(ctx: typer.Context) -> None:
    face = face_of(ctx)
    with _tools(face, sends=False) as (_, tools):
        found = list_campaigns(tools=tools)
    is_table = face.output == "table"
    face.show_rows(
        [_told(one) | ({"state": face.words.say(_STATES[one.state])} if is_table else {}) for one in found],
        [
            Column("name", text("Campaign")),
            Column("round_no", text("Round"), "number"),
            Column("state", text("State")),
            Column("n_sent", text("Sent"), "number"),
            Column("n_left", text("Left"), "number"),
        ],
    )


def pause_(ctx: typer.Context, name: _Name, actor: _As = None) -> None:
    _do(ctx, pause, name, actor)


def resume_(ctx: typer.Context, name: _Name, actor: _As = None) -> None:
    _do(ctx, resume, name, actor)


def stop_(ctx: typer.Context, name: _Name, actor: _As = None) -> None:
    _do(ctx, stop, name, actor)


def measure(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            help=text("Name of the campaign, or of one of its rounds; all campaigns together if not given.")
        ),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help=text("Facts before this day count; all if not given.")),
    ] = None,
    chart: Annotated[
        Path | None,
        typer.Option(help=text("Write what it earned from day to day to this file: .html, .svg or .png.")),
    ] = None,
) -> None:
    face = face_of(ctx)
    with _tools(face, sends=False) as (shop, tools):
        moment = day_began(as_of, shop) if as_of else shop.clock.now()
        if name is None:
            result: CampaignResult | GlobalResult = measure_shop(
                lake=tools.lake,
                database=tools.database,
                currency=tools.currency,
                margin_rate=tools.margin_rate,
                as_of=moment,
            )
        else:
            result = measure_round(name, tools=tools, as_of=moment)
    show_result(result, face)
    if chart is not None:
        write_chart(effect_chart(result.result, currency=result.currency, words=face.words), chart)
        face.say(text("Wrote {path}."), path=chart)


@contextmanager
def _tools(face: Face, *, sends: bool = True) -> Iterator[tuple[Shop, Tools]]:
    with face.open_shop() as shop, shop.campaigns(sends=sends) as tools:
        yield shop, tools


def _actor(given: str | None) -> str:
    return given or getpass.getuser()


def _do(ctx: typer.Context, act: Callable[..., Progress], name: str, actor: str | None) -> None:
    face = face_of(ctx)
    with _tools(face, sends=False) as (_, tools):
        progress = act(name, tools=tools, actor=_actor(actor))
    _show_progress(progress, face)


def _show_progress(progress: Progress, face: Face) -> None:
    face.show_rows(
        [{"state": state, "n_messages": n} for state, n in progress.counts.items()],
        [Column("state", text("State")), Column("n_messages", text("Messages"), "number")],
    )
    face.say(text("{name} is {state}."), name=progress.campaign_id, state=Sentence(_STATES[progress.state]))
    is_going = progress.state in ("queued", "sending")
    if is_going and progress.next_due_at is not None and progress.next_due_at > AT_ONCE:
        face.say(
            text("{n} messages wait; the next is due at {at} UTC. Send again then, or with --wait-hours."),
            n=face.words.number(progress.counts["queued"]),
            at=f"{progress.next_due_at:%Y-%m-%d %H:%M}",
        )


def _show_rehearsal(found: Rehearsal, face: Face) -> None:
    face.show_rows(
        [
            {"channel": channel, "reason": code or face.words.say(text("may go")), "n_messages": n}
            for (channel, code), n in found.counts.items()
        ],
        [
            Column("channel", text("Channel")),
            Column("reason", text("The gate says")),
            Column("n_messages", text("Messages"), "number"),
        ],
        title=text("If it were sent now"),
    )
    codes = {code for _, told in found.counts for code in told.split(",") if code}
    for code in sorted(codes):
        face.say("{code}: {meaning}", code=code, meaning=obstacle(code))
    for offer_id, content in found.samples.items():
        face.say(
            "— {offer}: {subject}\n{text}", offer=offer_id, subject=content.subject or "", text=content.text
        )
    face.say(text("Nothing was sent."))


def _told(found: Status) -> dict[str, Any]:
    """Return a status as data."""
    progress, planned = found.progress, found.round
    return {
        "name": found.name,
        "state": found.state,
        "campaign_id": planned.campaign_id if planned else None,
        "round_no": planned.round_no if planned else None,
        "plan_id": planned.plan_id if planned else None,
        "planned_by": planned.planned_by if planned else None,
        "approved_by": planned.approved_by if planned else None,
        "changed": list(found.changed),
        "counts": dict(progress.counts) if progress else None,
        "came_back": dict(found.came_back),
        "n_sent": progress.counts["sent"] if progress else None,
        "n_left": progress.n_left if progress else None,
    }


def _id(found: Status) -> str:
    return found.round.campaign_id if found.round else found.name


def _say(face: Face, *sentences: Sentence) -> None:
    for sentence in sentences:
        face.say("{sentence}", sentence=sentence.said(face.words))
