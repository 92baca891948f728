from django.db import migrations


class Migration(migrations.Migration):
    """The sequence behind accession numbers, procedure IDs and step IDs (scheduling/services/numbers.py)."""

    dependencies = [("scheduling", "0002_sites_orders_appointments")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE scheduling_number START 10001", "DROP SEQUENCE scheduling_number")
    ]
