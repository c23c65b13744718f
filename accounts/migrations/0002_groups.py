"""The two groups for staff. A group is an ordinary row, which administrators may change."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PERMISSIONS = {
    "view_order": "Can view order",
    "add_order": "Can add order",
    "change_order": "Can change order",
    "delete_order": "Can delete order",
}
GROUPS = {
    "Order viewers": ["view_order"],
    "Order managers": list(PERMISSIONS),
}


def create_groups(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the groups with their permissions. Rows that exist are not changed, and permissions are only added."""
    db = schema_editor.connection.alias
    # Django creates these rows too, but only after the last migration. It then uses the existing ones.
    content_type, _ = (
        apps.get_model("contenttypes", "ContentType")
        .objects.using(db)
        .get_or_create(app_label="accounts", model="orderpermission")
    )
    permissions = apps.get_model("auth", "Permission").objects.using(db)
    rows = {
        codename: permissions.get_or_create(
            content_type_id=content_type.pk, codename=codename, defaults={"name": name}
        )[0]
        for codename, name in PERMISSIONS.items()
    }
    for name, codenames in GROUPS.items():
        group, _ = apps.get_model("auth", "Group").objects.using(db).get_or_create(name=name)
        group.permissions.add(*(rows[codename] for codename in codenames))


def delete_groups(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Delete the groups. The permissions stay, because Django creates them after any migration."""
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    groups.filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(create_groups, delete_groups)]
