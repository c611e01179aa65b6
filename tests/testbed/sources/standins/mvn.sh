#!/bin/bash
# Stands in for Maven: `mvn clean package` compiles src/main/c/*.c with a real compiler (tcc) into target/, and as Maven's, `clean`
# deletes what an earlier build, or the cache, left there.
set -euo pipefail
echo "[INFO] Scanning for projects..."
for goal in "$@"; do
  case $goal in
    clean) [ ! -d target ] || { find target -type f | sort | sed 's/^/[INFO] Deleting /'; rm -rf target; } ;;
    package)
      mkdir -p target/classes
      for source in src/main/c/*.c; do
        echo "[INFO] Compiling $source"
        cc -c "$source" -o "target/classes/$(basename "$source" .c).o"
      done
      cc -nostdlib -static target/classes/*.o -o target/app
      echo "[INFO] Building target/app" ;;
    *) echo "[ERROR] Unknown lifecycle phase \"$goal\"" >&2; exit 1 ;;
  esac
done
echo "[INFO] BUILD SUCCESS"
