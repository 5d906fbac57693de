import cercollettiva.users.fields
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

from cercollettiva.users.append_only import AppendOnly


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0010_public_screen'),
        ('energy', '0009_radio_strength'),
        ('monitoring', '0004_who_is_told'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='VisitReport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name='chiave')),
                ('visited_at', models.DateTimeField(verbose_name='quando')),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='ricevuto il')),
                ('kinds', models.JSONField(default=list, verbose_name='avvisi aperti')),
                ('steps', models.JSONField(default=list, verbose_name='prove fatte')),
                ('found', cercollettiva.users.fields.EncryptedTextField(blank=True, default='', verbose_name='che cosa ho trovato')),
                ('done', cercollettiva.users.fields.EncryptedTextField(blank=True, default='', verbose_name='che cosa ho fatto')),
                ('data_returned', models.CharField(choices=[('YES', 'sì'), ('NO', 'no'), ('UNKNOWN', 'non l’ho ancora visto')], max_length=7, verbose_name='i dati sono tornati')),
                ('device', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='energy.deviceconfiguration', verbose_name='misuratore')),
                ('plant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='core.plant', verbose_name='impianto')),
                ('technician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='chi c’è stato')),
            ],
            options={
                'verbose_name': 'rapporto d’intervento',
                'verbose_name_plural': 'rapporti d’intervento',
                'ordering': ['-visited_at', '-pk'],
                'indexes': [models.Index(fields=['device', '-visited_at'], name='visit_by_device')],
                'constraints': [models.CheckConstraint(condition=models.Q(('data_returned__in', ['YES', 'NO', 'UNKNOWN'])), name='visit_says_whether_data_returned'), models.CheckConstraint(condition=models.Q(('visited_at__lte', models.F('received_at'))), name='visit_was_made_already')],
            },
        ),
        AppendOnly("VisitReport", unique=["key"], encrypted=["found", "done"]),
    ]
