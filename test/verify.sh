#!/usr/bin/env bash
# Everything that can be said of the code without running the product. Fails on a tree that differs
# from what the generators and the formatter would write.
set -euo pipefail
step() { printf 'verify: %s\n' "$1"; shift; "$@"; }

step 'generated files match the schemas' node src/api/generate.ts --check
step 'format and lint (biome)' biome check --error-on-warnings src test e2e deploy package.json tsconfig.json .biome.json
step 'types (tsc)' tsc -p tsconfig.json
step 'lint with types (oxlint)' oxlint --type-aware --deny-warnings src test e2e
step 'unused code and dependencies (knip)' knip --config .knip.json
step 'architecture rules' vitest run --config test/vitest.config.ts --project unit test/architecture
