from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0010_exports_and_erasures'),
    ]

    operations = [
        migrations.AddField(
            model_name='customuser',
            name='purged_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='pseudonimo finito il'),
        ),
    ]
