#!/bin/sh
# Runs one of Holdfast's processes in a container: entrypoint.sh <file.ts>.
# A secret may come as a file: what the file that <NAME>_FILE names holds becomes <NAME>.
set -eu
for name in SESSION_KEY PAYMENT_WEBHOOK_SECRET ADMIN_TOKEN; do
  file=$(printenv "${name}_FILE" || true)
  [ -n "$file" ] || continue
  value=$(cat "$file")
  export "$name=$value"
done
exec node scripts/run.mjs "$@"
