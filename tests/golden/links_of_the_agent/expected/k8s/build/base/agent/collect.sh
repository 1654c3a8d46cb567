#!/bin/sh
# Collects programs and the shared libraries that they load into a folder that becomes the root of an image without a shell.
#
#     collect.sh ROOT PROGRAM...
#
# In: the folder, and programs by absolute path. Out: each program in ROOT/usr/local/bin, each library at the path that the
# loader looks for it. A program that is none, and a library that is missing, end it. It must not know which programs these are.
set -eu

fail() {
    echo "collect.sh: $1" >&2
    exit 1
}

# Links are followed: what a path leads to is copied, under the path itself.
place() {
    mkdir -p "$(dirname "$2")"
    cp -L -- "$1" "$2"
    chmod 0755 "$2"
}

# One absolute path a line, the loader's own included. A static program has none, and `ldd` says so by an error.
libraries() {
    if ! listing=$(LC_ALL=C ldd "$1" 2>&1); then
        case $listing in
        *"not a dynamic executable"*) return 0 ;;
        *) fail "$1: $listing" ;;
        esac
    fi
    case $listing in
    *"not found"*) fail "$1 lacks a library: $listing" ;;
    esac
    printf '%s\n' "$listing" | tr '\t ' '\n\n' | sed -n '/^\//p'
}

[ $# -ge 2 ] || fail "usage: collect.sh ROOT PROGRAM..."
root=$1
shift
for program in "$@"; do
    [ -f "$program" ] && [ -x "$program" ] || fail "$program is no program"
    # A script would need an interpreter, which is a shell of its own.
    [ "$(head -c 4 "$program" | tail -c 3)" = ELF ] || fail "$program is a script"
    found=$(libraries "$program")
    place "$program" "$root/usr/local/bin/$(basename "$program")"
    for library in $found; do
        [ -e "$root$library" ] || place "$library" "$root$library"
    done
done
