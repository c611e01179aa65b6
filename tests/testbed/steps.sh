# Steps of a longer script with their seconds: quiet ones write to a file, of which a failure shows the end. Sourced.
# Set LOGS to a folder before.

STEP_BOLD='' STEP_PLAIN=''
if [ -t 1 ]; then STEP_BOLD=$'\e[1m' STEP_PLAIN=$'\e[0m'; fi

# step TITLE COMMAND…: the command's output goes to a file; false if it fails
step() { _step quiet "$@"; }

# shown_step TITLE COMMAND…: its output is also shown, indented
shown_step() { _step shown "$@"; }

_step() {
  local how=$1 title=$2 begin=$SECONDS code log
  shift 2
  mkdir -p "$LOGS"
  log=$LOGS/$(tr -cs 'a-zA-Z0-9\n' '-' <<< "$title").log
  printf '%s==> %s%s\n' "$STEP_BOLD" "$title" "$STEP_PLAIN"
  if [ "$how" = shown ]; then
    "$@" 2>&1 | tee "$log" | sed -u 's/^/    /'
    code=${PIPESTATUS[0]}
  else
    "$@" > "$log" 2>&1
    code=$?
  fi
  if [ "$code" = 0 ]; then
    printf '    %d s\n' $(( SECONDS - begin ))
    return
  fi
  [ "$how" = shown ] || tail -n 30 "$log" | sed 's/^/    | /'
  printf '    failed with exit code %s after %d s; the whole output is in %s\n' "$code" $(( SECONDS - begin )) "$log"
  return 1
}
