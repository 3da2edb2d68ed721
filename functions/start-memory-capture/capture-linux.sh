#!/bin/bash
# Writes an image of this host's memory to one blank EBS volume, and writes nowhere else.
#
# start-memory-capture puts these in front of it, quoted:
#   CASE_ID       written into the trailer
#   VOLUME_ID     the volume's id, which is its serial number on Nitro
#   VOLUME_BYTES  its exact size
#   DEVICE_NAME   the name it was attached by, for Xen, where disks show no serial number
#   TOOL_URL      where AVML is fetched from; secret, so never printed and never an argument
#   TOOL_SHA256   what must arrive
#   LEAST_BYTES   an image below this is no image of this host's memory
#
# The exit code is the result; check-memory-capture names each (exit-codes.ts). Here-documents and
# here-strings are not used: bash before 5.1 writes them to /tmp, which is evidence.
set -euo pipefail
umask 077
export LC_ALL=C
export PATH="$PATH:/usr/sbin:/sbin"

point=''
mounted=no

fail() {
  printf 'cordon: %s: %s\n' "$2" "$3" >&2
  exit "$1"
}

# Whatever happened, the volume is left unmounted, so that its snapshot is whole.
leave() {
  local status=$?
  trap - EXIT
  cd /
  if [ "$mounted" = yes ] && ! umount "$point"; then
    printf 'cordon: not-closed: the volume could not be unmounted\n' >&2
    [ "$status" -ne 0 ] || status=20
  fi
  if [ -n "$point" ]; then
    rmdir "$point" 2>/dev/null || [ "$status" -ne 0 ] || status=20
  fi
  exit "$status"
}
trap leave EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

check_parameters() {
  local name
  for name in CASE_ID VOLUME_ID VOLUME_BYTES DEVICE_NAME TOOL_URL TOOL_SHA256 LEAST_BYTES; do
    [ -n "${!name:-}" ] || fail 22 wrong-parameters "$name is missing"
  done
  [[ "$VOLUME_ID" =~ ^vol-[0-9a-f]+$ ]] || fail 22 wrong-parameters 'VOLUME_ID is no volume id'
  for name in VOLUME_BYTES LEAST_BYTES; do
    [[ "${!name}" =~ ^[0-9]+$ ]] || fail 22 wrong-parameters "$name is no number"
  done
}

check_commands() {
  local name
  for name in lsblk blockdev blkid wipefs cmp mkfs.ext4 mount umount curl sha256sum stat df; do
    command -v "$name" >/dev/null || fail 21 command-missing "this host has no $name"
  done
}

# The disk whose serial number is the volume's id. Where no disk shows one (Xen), the disk of the
# name that EC2 was asked for: /dev/sdf shows as /dev/xvdf there.
look_for_disk() {
  local serial=${VOLUME_ID/-/} letter=${DEVICE_NAME: -1} name disk shown
  shown=$(lsblk --nodeps --noheadings --paths --output NAME,SERIAL) || return 1
  while read -r name disk; do
    if [ "$disk" = "$serial" ]; then
      printf '%s\n' "$name"
      return 0
    fi
  done < <(printf '%s\n' "$shown")
  [[ "$shown" != *vol[0-9a-f]* ]] || return 1
  while read -r name disk; do
    if [ "$name" = "/dev/xvd$letter" ] && [ -z "$disk" ]; then
      printf '%s\n' "$name"
      return 0
    fi
  done < <(printf '%s\n' "$shown")
  return 1
}

# The attachment may still be on its way.
find_disk() {
  local look
  for look in {1..60}; do
    if look_for_disk; then return 0; fi
    [ "$look" -eq 60 ] || sleep 1
  done
  return 1
}

# Formatting the wrong disk destroys evidence: the right one has our size to the byte, no
# partitions, no signature that any tool knows, and a first MiB of zeros, as EBS delivers it.
check_disk() {
  local disk=$1 parts found=0
  [ "$(blockdev --getsize64 "$disk")" = "$VOLUME_BYTES" ] ||
    fail 11 wrong-disk-size "$disk is not of $VOLUME_BYTES bytes"
  parts=$(lsblk --noheadings --output NAME "$disk") || fail 12 disk-not-blank "$disk is unreadable"
  [ "$(printf '%s\n' "$parts" | wc -l)" -eq 1 ] || fail 12 disk-not-blank "$disk has partitions"
  blkid -p "$disk" >/dev/null 2>&1 || found=$?
  [ "$found" -eq 2 ] || fail 12 disk-not-blank "$disk carries a signature"
  [ -z "$(wipefs "$disk" 2>&1)" ] || fail 12 disk-not-blank "$disk carries a signature"
  cmp --silent --bytes=1048576 "$disk" /dev/zero || fail 12 disk-not-blank "$disk holds something"
}

mount_disk() {
  local disk=$1
  mkfs.ext4 -q -F -m 0 -T largefile4 -E lazy_itable_init=0 -L cordon-memory "$disk" \
    >/dev/null 2>&1 || fail 13 format-failed "$disk could not be formatted"
  # /run is memory: the directory to mount on is no write to the suspect's disks.
  point=$(mktemp -d /run/cordon-XXXXXXXX) || fail 14 mount-failed 'no mount point'
  mount -t ext4 -o nosuid,nodev,noatime "$disk" "$point" || fail 14 mount-failed "$disk"
  mounted=yes
  cd "$point"
  export TMPDIR="$point" HOME="$point"
}

# The address goes to curl by its standard input: arguments are there for every process to read.
fetch_tool() {
  local status=0
  printf 'url = "%s"\n' "$TOOL_URL" |
    curl --disable --config - --proto '=https' --silent --fail --connect-timeout 20 \
      --max-time 240 --output avml >/dev/null 2>&1 || status=$?
  unset TOOL_URL
  [ "$status" -eq 0 ] || fail 15 tool-not-fetched "curl ended with $status"
  printf '%s  avml\n' "$TOOL_SHA256" | sha256sum --check --status ||
    fail 16 wrong-checksum 'what arrived is not the configured tool, and was not run'
  chmod 0500 avml
}

# Newer AVML takes a subcommand; older takes the file's name alone and would make a file `acquire`.
run_tool() {
  local help
  help=$(./avml --help 2>/dev/null) || true
  if printf '%s\n' "$help" | grep -Eq '^ +acquire( |$)'; then
    ./avml acquire memory.lime >tool.log 2>&1
  else
    ./avml memory.lime >tool.log 2>&1
  fi
}

is_full() {
  local left
  grep -qi 'no space left' tool.log && return 0
  left=$(df --output=avail --block-size=1 . | tail -n 1) || return 1
  [ "${left// /}" -lt 1048576 ]
}

write_trailer() {
  printf '{"case":"%s","volume":"%s","tool":{"name":"avml","sha256":"%s","exitCode":%d},' \
    "$CASE_ID" "$VOLUME_ID" "$TOOL_SHA256" "$1" || return 1
  printf '"image":{"file":"memory.lime","bytes":%d},"startedAt":"%s","endedAt":"%s"}\n' \
    "$2" "$3" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" || return 1
}

capture() {
  local started status=0 bytes=0
  started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  run_tool || status=$?
  [ ! -f memory.lime ] || bytes=$(stat --format=%s memory.lime)

  if [ "$status" -ne 0 ]; then
    write_trailer "$status" "$bytes" "$started" >cordon-capture.json 2>/dev/null || true
    ! is_full || fail 18 volume-full "after $bytes bytes of memory"
    fail 17 tool-failed "avml ended with $status"
  fi
  write_trailer 0 "$bytes" "$started" >cordon-capture.json ||
    fail 18 volume-full 'no room for the trailer'
  [ "$bytes" -ge "$LEAST_BYTES" ] || fail 19 image-too-small "$bytes bytes"
  # Old coreutils know no --file-system and flush everything.
  sync --file-system . 2>/dev/null || sync || fail 20 not-closed 'the volume could not be flushed'
  printf 'cordon: captured %s bytes\n' "$bytes"
}

check_parameters
check_commands
disk=$(find_disk) || fail 10 disk-not-found "no disk is $VOLUME_ID"
check_disk "$disk"
mount_disk "$disk"
fetch_tool
capture
