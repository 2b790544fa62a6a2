#!/usr/bin/env bash
# Installs what the dashboard's tests use beside the packages: the distribution's chromium and promtool, where they are absent and this user may.
# The tests that need them skip without them, and say so.
set -uo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v promtool >/dev/null || missing+=(prometheus)
[ "${#missing[@]}" -gt 0 ] || exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "${missing[*]}: not installed, and only root on a Debian system can be helped: tests that need them skip" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
# The packages would start services of their own.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=1
fi

install() { apt-get install -y --no-install-recommends "${missing[@]}"; }
{ install || { apt-get update && install; }; } >/dev/null || echo "${missing[*]} could not be installed: tests that need them skip" >&2
[ -z "$made" ] || rm -f "$policy"
exit 0
