# Sourced by the other scripts of this folder: a home and a work tree as a CI runner has
# them, since their paths get into the logs. Everything is made under /home/runner (in a
# throw-away container, if you have no such user) and may be removed afterwards.

set -euo pipefail

examples=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The Rust toolchain is found in the real home, if it is there.
export RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export HOME=/home/runner CI=true TZ=UTC LANG=C.UTF-8
export MAVEN_OPTS="-Duser.home=$HOME"
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
unset RUST_BACKTRACE CARGO_HOME GOPATH GOFLAGS CLICOLOR_FORCE FORCE_COLOR NO_COLOR NODE_OPTIONS

# project NAME: goes to a fresh, empty work tree.
project() {
    work=$HOME/work/$1/$1
    rm -rf "$work"
    mkdir -p "$work"
    cd "$work"
}

# raw NAME COMMAND...: writes examples/NAME.log as the command prints it, whatever it exits with.
raw() {
    local log=$examples/$1.log
    shift
    "$@" >"$log" 2>&1 </dev/null || true
}

# github NAME ARGUMENTS...: writes examples/NAME by github-log.py.
github() {
    local log=$examples/$1
    shift
    python3 "$examples/github-log.py" "$log" "$@"
}
