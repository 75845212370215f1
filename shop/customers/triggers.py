"""What the database itself does when somebody may do more or less than before: it ends their sessions, by counting
``sessions_version`` up. Whoever writes the rights, by whatever way (a form, an import, ``QuerySet.update``, the
editor, SQL by hand), cannot forget it, and no page pays a query for it.

Rights are: staff, superuser or active; roles and permissions of one's own; what a role may do, in the shop and in the
editor (pages, collections, sites).
"""

from __future__ import annotations

from shop.kernel.guards import Guard, function_postgresql

PEOPLE, MEMBERS = "customer_user", "customer_user_groups"
OWN = "customer_user_user_permissions"
#: Tables of what a role may do; each has a ``group_id``.
OF_ROLES = (
    "auth_group_permissions",
    "wagtailcore_grouppagepermission",
    "wagtailcore_groupcollectionpermission",
    "wagtailcore_groupsitepermission",
)
FLAGS = ("is_staff", "is_superuser", "is_active")
_COLUMNS = (f"{PEOPLE}.sessions_version",)
_ROWS = {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("OLD", "NEW")}


def _ends_sessions(table: str, on: str) -> Guard:
    """The trigger for one of the tables that tie people or roles to rights."""
    if table in (MEMBERS, OWN):
        who = ", ".join(f"{row}.user_id" for row in _ROWS[on])
    else:
        roles = ", ".join(f"{row}.group_id" for row in _ROWS[on])
        who = f"SELECT user_id FROM {MEMBERS} WHERE group_id IN ({roles})"
    name = f"sessions_end_{table}_{on.lower()}"
    end = f"UPDATE {PEOPLE} SET sessions_version = sessions_version + 1 WHERE id IN ({who});"
    return Guard(
        name,
        table,
        f"CREATE TRIGGER {name} AFTER {on} ON {table} FOR EACH ROW BEGIN {end} END",
        function_postgresql(name, table, f"AFTER {on}", f"{end} RETURN NULL;"),
        _COLUMNS,
    )


def _flags() -> Guard:
    """The trigger for what stands on the person's own row."""
    name = "sessions_end_customer_user_flags"
    changed = " OR ".join(f"OLD.{flag} <> NEW.{flag}" for flag in FLAGS)
    return Guard(
        name,
        PEOPLE,
        f"CREATE TRIGGER {name} AFTER UPDATE OF {', '.join(FLAGS)} ON {PEOPLE} FOR EACH ROW WHEN {changed} "
        f"BEGIN UPDATE {PEOPLE} SET sessions_version = sessions_version + 1 WHERE id = NEW.id; END",
        function_postgresql(
            name,
            PEOPLE,
            "BEFORE UPDATE",
            f"IF {changed} THEN NEW.sessions_version := OLD.sessions_version + 1; END IF; RETURN NEW;",
        ),
        _COLUMNS,
    )


GUARDS = [_flags(), *(_ends_sessions(table, on) for table in (MEMBERS, OWN, *OF_ROLES) for on in _ROWS)]
