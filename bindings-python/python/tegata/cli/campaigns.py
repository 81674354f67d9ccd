"""The commands about campaigns."""

from __future__ import annotations

from .. import Campaign, CampaignFilter, NewCampaign, Selection
from .files import Options, open_existing
from .output import Printer, Record, text


def start(options: Options, printer: Printer) -> None:
    """Starts a campaign, or counts what it would select."""
    selection = Selection(
        kinds=options.kind,
        algorithm=options.algorithm,
        authority=options.authority,
        product=options.product,
        group=options.group,
    )
    with open_existing(options) as registry:
        if options.preview:
            seen = registry.campaigns.preview(selection)
            printer.one(
                {
                    "certificates": seen.certificates,
                    "keys": seen.keys,
                    "psks": seen.psks,
                    "product_credentials": seen.product_credentials,
                }
            )
            return
        new = NewCampaign(
            options.name,
            selection,
            wave_size=options.wave,
            wave_seconds=options.every,
            policy=options.policy,
            grace_days=options.grace,
            reason=options.reason,
        )
        made = registry.campaigns.start(new, actor=options.actor, request_id=options.request_id)
    printer.one(row(made))


def advance(options: Options, printer: Printer) -> None:
    """Releases the next wave of a campaign, or of all that run, if its time has come. To be called now and then."""
    with open_existing(options) as registry:
        if options.campaign:
            wanted = [options.campaign]
        else:
            wanted = [one.id for one in registry.campaigns.iterate(CampaignFilter(state="running"))]
        rows = [row(registry.campaigns.advance(id_, actor=options.actor)) for id_ in wanted]
    printer.many(rows)


def pause(options: Options, printer: Printer) -> None:
    """Stops a campaign for now."""
    with open_existing(options) as registry:
        printer.one(row(registry.campaigns.pause(options.campaign, actor=options.actor)))


def resume(options: Options, printer: Printer) -> None:
    """Lets a campaign go on where it was stopped."""
    with open_existing(options) as registry:
        printer.one(row(registry.campaigns.resume(options.campaign, actor=options.actor)))


def cancel(options: Options, printer: Printer) -> None:
    """Gives a campaign up. What had its turn stays due or rotated; the others are left as they are."""
    with open_existing(options) as registry:
        printer.one(row(registry.campaigns.cancel(options.campaign, actor=options.actor)))


def list_(options: Options, printer: Printer) -> None:
    """Lists campaigns, and how far they have come."""
    with open_existing(options) as registry:
        rows = [
            {**row(one), "waiting": registry.campaigns.progress(one.id).waiting}
            for one in registry.campaigns.iterate()
        ]
    printer.many(rows)


def stragglers(options: Options, printer: Printer) -> None:
    """Lists who had a turn and has not come."""
    with open_existing(options) as registry:
        rows: list[Record] = [
            {"kind": item.type, "device": item.device, "group": item.group, "due": text(item.renew_at)}
            for item in registry.campaigns.iterate_stragglers(options.campaign)
        ]
    printer.many(rows)


def row(campaign: Campaign) -> Record:
    return {
        "campaign": campaign.id,
        "name": campaign.name,
        "state": campaign.state,
        "selected": campaign.selected,
        "released": campaign.released,
        "wave": campaign.wave,
        "next_wave_at": text(campaign.next_wave_at),
    }
