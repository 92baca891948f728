from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension, UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    """What the constraints (btree_gist) and the patient search (pg_trgm, unaccent) need; all three are trusted."""

    dependencies = [("vqflow", "0001_people_audit_requests")]
    operations = [BtreeGistExtension(), TrigramExtension(), UnaccentExtension()]
