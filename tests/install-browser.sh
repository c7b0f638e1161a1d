#!/bin/sh
# Installs what the browser tests need beyond Python: Chromium and Chinese fonts, Debian packages both.
missing=""
command -v chromium >/dev/null || missing="chromium"
fc-list 2>/dev/null | grep -q "Noto Sans CJK" || missing="$missing fonts-noto-cjk fontconfig"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing $missing"
  # shellcheck disable=SC2086
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null && exit 0
fi
echo "the browser tests need these Debian packages:$missing; install them, then run make test again"
exit 1
