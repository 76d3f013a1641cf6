#!/usr/bin/env bash
# Runs targets of the Makefile in lanes that go side by side, and sums up what they counted.
# Usage: lanes.sh 'TARGET TARGET' 'TARGET'...      One argument is a lane: one target after the other.
# Its last line is `N passed, N failed[, N skipped]`; a target that counts nothing is one of them.
set -uo pipefail
cd "$(dirname "$0")/.."
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# Each line carries the name of its target, as another lane speaks in between.
run() { # target
  local line
  make --no-print-directory "$1" 2>&1 | tee "$logs/$1.log" | while IFS= read -r line; do
    printf '%-12s| %s\n' "$1" "$line"
  done
  printf '%d\n' "${PIPESTATUS[0]}" >"$logs/$1.status"
}

lane() { # targets...
  local target
  for target in "$@"; do run "$target"; done
}

passed=0 failed=0 skipped=0
count() { # target
  local status line
  status=$(cat "$logs/$1.status" 2>/dev/null || echo 1)
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$logs/$1.log" | tail -1)
  if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
    # A target that counts no failure and still exits badly failed as a whole.
    if ((status != 0 && BASH_REMATCH[2] == 0)); then failed=$((failed + 1)); fi
  else
    if ((status == 0)); then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  fi
  ((status == 0)) || printf '=== %s: exit code %d\n' "$1" "$status"
}

lanes=()
for targets in "$@"; do
  # shellcheck disable=SC2086 # A lane is a list of words.
  lane $targets &
  lanes+=($!)
done
wait "${lanes[@]}"

printf '\n'
# shellcheck disable=SC2048
for target in $*; do count "$target"; done
if ((skipped > 0)); then
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
else
  printf '%d passed, %d failed\n' "$passed" "$failed"
fi
((failed == 0))
