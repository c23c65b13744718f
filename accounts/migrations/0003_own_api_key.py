"""API keys without djangorestframework-api-key.

The keys are in `accounts_apikey`, a table of this app from the start, so rows and hashes stay as they are. The library
also created a table of its own, which this project never used; it is dropped together with its permissions and its
migration history.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.recorder import MigrationRecorder

LIBRARY = "rest_framework_api_key"
LIBRARY_TABLE = "rest_framework_api_key_apikey"


def remove_library(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Remove what the library's migrations and `migrate` left. Does nothing in a database without it."""
    connection = schema_editor.connection
    schema_editor.execute(f"DROP TABLE IF EXISTS {schema_editor.quote_name(LIBRARY_TABLE)}")
    apps.get_model("contenttypes", "ContentType").objects.using(connection.alias).filter(app_label=LIBRARY).delete()
    MigrationRecorder(connection).migration_qs.filter(app=LIBRARY).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_groups"),
        # Deleting a content type also updates the rows that refer to it.
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [
        migrations.RunPython(remove_library, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="apikey",
            name="name",
            field=models.CharField(
                default=None,
                help_text="Who uses the key. The history of an order shows this name. At most 50 characters.",
                max_length=50,
                verbose_name="name",
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="revoked",
            field=models.BooleanField(
                blank=True,
                default=False,
                help_text="A revoked key is refused. Revoking cannot be undone.",
                verbose_name="revoked",
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="expiry_date",
            field=models.DateTimeField(
                blank=True, help_text="From this time on the key is refused.", null=True, verbose_name="Expires"
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="access",
            field=models.CharField(
                choices=[("read-only", "Read-only"), ("read-write", "Read-write")],
                default="read-only",
                help_text="A read-only key can list and read orders. "
                "A read-write key can also place, change and delete them.",
                max_length=10,
                verbose_name="access",
            ),
        ),
    ]
