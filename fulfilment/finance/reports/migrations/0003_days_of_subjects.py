from django.db import migrations, models

#: The days between which the lines lie that are in the balance already; noted ones come with the task.
FILL = """
UPDATE reports_subjectbalance SET
  first_day = (SELECT MIN(e.booked_on) {behind}),
  last_day = (SELECT MAX(e.booked_on) {behind})
""".format(
    behind="""FROM ledger_entryline l JOIN ledger_entry e ON e.id = l.entry_id
    WHERE l.subject = reports_subjectbalance.subject AND l.subject <> ''
      AND l.account_id = reports_subjectbalance.account_id AND l.currency = reports_subjectbalance.currency
      AND e.posted_at IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM reports_newentry n WHERE n.entry_id = e.id)"""
)


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0002_accounts_sent'),
    ]

    operations = [
        migrations.AddField(
            model_name='subjectbalance', name='first_day', field=models.DateField(null=True)
        ),
        migrations.AddField(
            model_name='subjectbalance', name='last_day', field=models.DateField(null=True)
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='subjectbalance', name='first_day', field=models.DateField()
        ),
        migrations.AlterField(
            model_name='subjectbalance', name='last_day', field=models.DateField()
        ),
        migrations.RemoveConstraint(model_name='subjectbalance', name='reports_subject_once'),
        migrations.AddConstraint(
            model_name='subjectbalance',
            constraint=models.UniqueConstraint(
                fields=('subject', 'account', 'currency'), name='reports_one_balance_per_subject'
            ),
        ),
        migrations.RemoveIndex(model_name='subjectbalance', name='reports_subject_open'),
        migrations.AddIndex(
            model_name='subjectbalance',
            index=models.Index(
                fields=['account', 'currency', 'last_day', 'subject', 'balance_minor'],
                condition=models.Q(('balance_minor', 0), _negated=True), name='reports_subject_not_zero',
            ),
        ),
        migrations.AddIndex(
            model_name='subjectbalance',
            index=models.Index(
                fields=['account', 'currency', 'last_day', 'first_day'], name='reports_subject_by_day'
            ),
        ),
    ]
