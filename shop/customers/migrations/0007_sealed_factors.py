"""Secrets of second factors that lie open in their rows are sealed (shop/kernel/sealed.py)."""

from django.db import migrations

from shop.kernel import sealed

PURPOSE, KINDS = "second factor", ("totp", "recovery_codes")


def _each(apps, schema_editor, change):
    rows = apps.get_model("mfa", "Authenticator").objects.using(schema_editor.connection.alias)
    for row in rows.filter(type__in=KINDS).iterator():
        for name in ("secret", "seed"):
            if name in row.data:
                row.data[name] = change(row.data[name])
        if row.data.get("migrated_codes"):
            row.data["migrated_codes"] = [change(code) for code in row.data["migrated_codes"]]
        row.save(update_fields=["data"])


def close(apps, schema_editor):
    _each(
        apps,
        schema_editor,
        lambda kept: kept if kept.startswith(sealed.PREFIX) else sealed.seal(kept, purpose=PURPOSE),
    )


def open_again(apps, schema_editor):
    _each(apps, schema_editor, lambda kept: sealed.unseal(kept, purpose=PURPOSE))


class Migration(migrations.Migration):
    dependencies = [
        ("customer", "0006_versions_of_sessions"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [migrations.RunPython(close, open_again)]
