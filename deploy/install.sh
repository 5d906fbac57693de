#!/usr/bin/env bash
# Installs CerCollettiva, or a newer version of it, on a Debian host: code, dependencies, secrets, tables, units.
#
#   deploy/install.sh --site energia.example.it             as root, on the host
#   deploy/install.sh --site ... --prefix /tmp/trial        all of it below a folder, as anybody: no user, no service
#
#   --venv FOLDER   an environment that has the dependencies already, instead of making one
#   --quick         do not compress the static files
#
# What is there stays: secrets and configuration are written once and never again. It may be run twice, and is how one
# upgrades (docs/upgrade.md). DATABASE_URL, MQTT_URL and REDIS_URL of the environment go into a new configuration.
# exit codes: 0 installed; 1 a step failed, and its message says which; 2 the command line is wrong
set -euo pipefail
umask 022 # the platform's user reads what root writes here, whatever root's own mask is

usage() { sed -n '2,13s/^# \{0,1\}//p' "$0"; }
prefix='' site='' venv='' quick=''
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) prefix=$(realpath --canonicalize-missing "$2"); shift 2 ;;
        --site) site=$2; shift 2 ;;
        --venv) venv=$(realpath "$2"); shift 2 ;;
        --quick) quick=--plain; shift ;;
        --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done
source=$(cd "$(dirname "$0")/.." && pwd)
app=$prefix/opt/cercollettiva
etc=$prefix/etc/cercollettiva
state=$prefix/var/lib/cercollettiva
backups=$prefix/var/backups/cercollettiva
units=$prefix/etc/systemd/system
owner=cercollettiva
env_file=$etc/cercollettiva.env
backup_env=$etc/backup.env

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
on_the_host() { [ -z "$prefix" ]; }

if on_the_host && [ "$(id -u)" -ne 0 ]; then fail 'run it as root, or give --prefix for a trial'; fi
if [ ! -e "$env_file" ] && [ -z "$site" ]; then fail 'the first time it needs --site, the name of the site'; fi
[[ $site =~ ^[A-Za-z0-9.-]*$ ]] || fail "$site is not the name of a site"

say 'Folders'
if on_the_host && ! getent passwd "$owner" >/dev/null; then
    adduser --system --group --home "$state" --no-create-home --shell /usr/sbin/nologin "$owner"
fi
install --directory --mode=0755 "$app" "$units"
install --directory --mode=0751 "$etc" # PostgreSQL's user passes through to wal.env, and lists nothing
install --directory --mode=0700 "$state" "$state/media" "$state/broker" "$backups"

say 'Code'
if [ "$source" != "$app" ]; then
    tar --create --directory="$source" --exclude=__pycache__ cercollettiva deploy docs requirements tools manage.py \
        pyproject.toml LICENSE .env.example | tar --extract --directory="$app" --no-same-owner --recursive-unlink
fi
if [ -n "$venv" ]; then
    ln --symbolic --force --no-dereference "$venv" "$app/.venv"
else
    [ -x "$app/.venv/bin/python" ] || python3 -m venv "$app/.venv"
    "$app/.venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
        --requirement "$app/requirements/runtime.lock"
fi
python=$app/.venv/bin/python
"$python" -c '' 2>/dev/null || fail "$app/.venv has no Python that runs here"

say 'Configuration'
random() { "$python" -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'; }
write_new() { # a file that only its owner reads, whole or not at all: what is there is never written again
    (umask 077 && cat >"$1.new" && mv --no-clobber "$1.new" "$1")
}
if [ ! -e "$env_file" ]; then
    secret_key=$("$python" -c 'import secrets; print(secrets.token_urlsafe(64))')
    field_key=$(random)
    write_new "$env_file" <<END
# Every variable is explained in $app/.env.example. After a change: systemctl restart cercollettiva.target
DJANGO_SETTINGS_MODULE=cercollettiva.settings.production
ALLOWED_HOSTS=$site,localhost,127.0.0.1
CSRF_TRUSTED_ORIGINS=https://$site
SITE_URL=https://$site
PROXY_COUNT=1
SECRET_KEY=$secret_key
FIELD_ENCRYPTION_KEYS=k1:$field_key
DATABASE_URL=${DATABASE_URL:-postgres:///cercollettiva}
REDIS_URL=${REDIS_URL:-redis://127.0.0.1:6379/0}
MQTT_URL=${MQTT_URL:-}
MEDIA_ROOT=$state/media
$(if [ -z "${MQTT_URL:-}" ]; then echo "BROKER_FOLDER=$state/broker"; fi)
EMAIL_URL=${EMAIL_URL:-}
DEFAULT_FROM_EMAIL=CerCollettiva <noreply@$site>
BACKUP_DIR=$backups
CERTIFICATE_FILES=${CERTIFICATE_FILES:-}
END
fi
if [ ! -e "$backup_env" ]; then
    # Apart from the rest, and to be copied to a place that is not this machine: without it no backup opens.
    backup_key=$(random)
    write_new "$backup_env" <<END
BACKUP_KEY=$backup_key
END
fi
if on_the_host; then
    chown root:"$owner" "$etc" "$env_file" "$backup_env"
    chmod 0640 "$env_file" "$backup_env"
    chown --recursive "$owner:$owner" "$state" "$backups"
fi

sed "s#@APP@#$app#g; s#@ENV@#$env_file#g; s#@BACKUP@#$backup_env#g; s#@STATE@#$state#g" \
    "$app/deploy/cercollettiva-manage" >"$app/manage"
chmod 0755 "$app/manage"
manage() { "$app/manage" "$@"; }

say 'Static files'
"$python" "$app/deploy/gather_static.py" $quick >/dev/null
rm -rf "$app/var" # of a laptop's settings, under which they are gathered

say 'Tables'
manage migrate --no-input --verbosity=0
if [ -z "$quick" ]; then manage check --deploy --fail-level WARNING; fi
if grep -q '^BROKER_FOLDER=.' "$env_file"; then
    say "The broker's files"
    manage broker_config
fi

say 'Units'
for unit in "$app"/deploy/systemd/cercollettiva*; do
    sed -e "s#/opt/cercollettiva#$app#g" -e "s#/etc/cercollettiva#$etc#g" \
        -e "s#/var/lib/cercollettiva#$state#g" -e "s#/var/backups/cercollettiva#$backups#g" \
        "$unit" >"$units/$(basename "$unit")"
done
if on_the_host; then
    ln --symbolic --force "$app/manage" /usr/local/bin/cercollettiva
    systemctl daemon-reload
    systemctl enable cercollettiva.target cercollettiva-{broker,web,live,ingest,work}.service
    systemctl restart cercollettiva.target cercollettiva-{broker,web,live,ingest,work}.service
fi

if ! compgen -G "$backups/*.cerbackup" >/dev/null; then
    # The first alone: another of the same day would take the place of the one that was made before an upgrade.
    say 'First backup'
    manage backup
fi

say "Installed in $app. Next: cercollettiva doctor, and copy $env_file and $backup_env to a safe place elsewhere."
