#!/usr/bin/env bash
# A table of what was encoded: sizes, and how much like the original the pictures are (SSIM; 1 is the same). compare.sh BEFORE AFTER
set -euo pipefail
printf '%-12s %9s %9s %7s %7s %7s\n' film 'KiB before' 'after' saved frames SSIM
for before in "$1"/*.avi; do
  after=$2/$(basename "$before" .avi).mp4
  seen=$(ffmpeg -nostdin -i "$after" -i "$before" -lavfi ssim -f null - 2>&1)
  ssim=$(sed -nE 's/.*SSIM .*All:([0-9.]+).*/\1/p' <<<"$seen")
  frames=$(tr '\r' '\n' <<<"$seen" | sed -nE 's/^frame= *([0-9]+).*/\1/p' | tail -n 1)
  large=$(($(wc -c <"$before") / 1024)) small=$(($(wc -c <"$after") / 1024))
  printf '%-12s %10d %9d %6d%% %7d %7s\n' "$(basename "$after")" $large $small $((100 - 100 * small / large)) "$frames" "$ssim"
done
echo "the films: $2"
