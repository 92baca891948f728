from django.db import migrations

from scheduling.engine.catalogue import Agent
from scheduling.engine.phases import phases


def lay_out(apps, schema_editor):
    """Protocols that are there already get the phases of the catalogue."""
    Protocol, Phase = (apps.get_model("scheduling", name) for name in ("Protocol", "ProtocolPhase"))
    for protocol in Protocol.objects.filter(phases=None):
        lungs = list(protocol.steps.exclude(kind="xray").order_by("ordinal"))
        templates = phases(
            Agent(protocol.agent) if protocol.agent else None,
            tuple(step.kind for step in lungs),
            together=any(step.simultaneous for step in lungs),
        )
        Phase.objects.bulk_create(_phase(Phase, protocol, at, each) for at, each in enumerate(templates, 1))


def _phase(model, protocol, ordinal, template):
    return model(
        protocol=protocol,
        ordinal=ordinal,
        key=template.key,
        name=template.name,
        part=template.part,
        role=template.role or "",
        timer=template.timer,
        least_seconds=template.least_seconds,
        typical_seconds=template.typical_seconds,
        most_seconds=template.most_seconds,
        views=[str(view) for view in template.views],
        counts_k=template.counts_k,
    )


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0012_examinations_as_they_go")]

    operations = [migrations.RunPython(lay_out, migrations.RunPython.noop)]
