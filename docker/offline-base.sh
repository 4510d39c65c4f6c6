#!/bin/sh
# Makes Orion's sandbox image without a registry: a base of Debian packages that are installed on this machine, then the
# Dockerfile beside this script on top of it, without a network.
#
#   offline-base.sh IMAGE [PACKAGE …]     IMAGE is the name to give it; more packages go in beside the default ones
#
# Needs Debian or a relative of it, and a Docker engine. DOCKER names another client, such as podman.
set -eu

[ $# -ge 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
image=$1
shift
docker=${DOCKER:-docker}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
packages="base-files bash coreutils dash diffutils findutils git grep gzip hostname libc-bin make mawk patch procps python3 sed tar util-linux"

for tool in dpkg-query apt-cache "$docker"; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 1; }
done
missing=
for package in $packages "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    echo "not installed:$missing; install them (apt-get install$missing) and run this again" >&2
    exit 1
fi

# What the packages need is installed too; alternatives of a dependency that are not here are left out.
apt-cache depends --recurse --installed --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances $packages "$@" | sed -n 's/^\([a-z0-9][^ <>]*\)$/\1/p' | sort -u > "$work/packages"
# shellcheck disable=SC2046
dpkg-query -L $(while read -r package; do
    dpkg-query -W -f '${Package}:${Architecture} ${Status}\n' "$package" 2>/dev/null || true
done < "$work/packages" | sed -n 's/ install ok installed$//p;s/ hold ok installed$//p' | sed 's/:all$//') 2>/dev/null |
    # Folders that were merged into /usr are links, which an archive must not write through.
    sed -n -e 's#^/\(bin\|sbin\|lib\|lib32\|lib64\|libx32\)/#/usr/\1/#' -e 's#^/##p' |
    grep -aEv '^(usr/share/(doc|man|info|locale|lintian|bug)/|var/lib/dpkg|boot|proc|sys|dev|run|tmp)' |
    sort -u > "$work/listed"
cd /
while read -r path; do
    if [ -L "$path" ] || [ -f "$path" ]; then echo "$path"; fi
done < "$work/listed" > "$work/files"
for path in bin sbin lib lib32 lib64 libx32; do
    if [ -L "/$path" ]; then echo "$path"; fi
done >> "$work/files"
for path in usr/bin/awk usr/bin/python usr/bin/python3 etc/ld.so.cache etc/ssl/openssl.cnf; do
    if [ -e "/$path" ]; then echo "$path"; fi
done >> "$work/files"
find etc/alternatives -type l >> "$work/files"
sort -u -o "$work/files" "$work/files"

# Accounts of this machine stay on it.
mkdir -p "$work/root/etc" "$work/root/tmp" "$work/root/workspace"
chmod 1777 "$work/root/tmp"
printf '%s\n' 'root:x:0:0:root:/:/bin/false' 'nobody:x:65534:65534:nobody:/:/bin/false' > "$work/root/etc/passwd"
printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' > "$work/root/etc/group"
printf '%s\n' 'passwd: files' 'group: files' 'hosts: files' > "$work/root/etc/nsswitch.conf"
grep -avxE 'etc/(passwd|group|nsswitch\.conf|shadow|gshadow)' "$work/files" > "$work/chosen"

# The folders above every file with their own modes: an engine that has to make them itself chooses as it likes (a rootless
# one made them unreadable).
awk -F/ '{ above = ""; for (part = 1; part < NF; part++) { above = above (part > 1 ? "/" : "") $part; print above } }' \
    "$work/chosen" | grep -avx etc | sort -u > "$work/folders"
cat "$work/folders" "$work/chosen" | sort -u -o "$work/chosen"

tar --create --file "$work/base.tar" --no-recursion --numeric-owner --owner 0 --group 0 --ignore-failed-read \
    --files-from "$work/chosen" 2>/dev/null
tar --append --file "$work/base.tar" --numeric-owner --owner 0 --group 0 -C "$work/root" etc tmp workspace
base="$image-base"
case $base in *:*-base) base="${image%%:*}-base:${image#*:}" ;; esac
"$docker" import "$work/base.tar" "$base" >/dev/null
DOCKER_BUILDKIT=0 "$docker" build --quiet --network none --build-arg "BASE=$base" --label "org.orion-ara.recipe=offline" \
    --tag "$image" --file "$here/Dockerfile" "$here" 2>"$work/said" || { cat "$work/said" >&2; exit 1; }
