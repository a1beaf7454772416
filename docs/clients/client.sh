#!/usr/bin/env bash
# A client in curl: `bash client.sh URL LOGIN PASSWORD PHOTO.jpg`; python3 only reads and writes JSON.
#
# It lists customers page by page, reads one, creates a work order once whatever the network does, hangs a
# photo on it, and follows what changed since. Every request goes through `ask`.
set -euo pipefail
API="$1/api/v1" LOGIN=$2 PASSWORD=$3 PHOTO=$4
W=$(mktemp -d)
trap 'code=$?; ((code == 0)) || echo "ended: $STATUS $(cat "$W/said")" >&2; rm -rf "$W"' EXIT
TOKEN="" REFRESH="" STATUS=""

# `get EXPRESSION`: what Python makes of the last answer `a`; `header NAME`: one of its headers.
get() { python3 -ISc 'import json, sys; a = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$W/said" "$1"; }
header() { sed -n "s/^$1: *//Ip" "$W/headers" | tail -1 | tr -d '\r'; }
json() { python3 -ISc 'import json, sys; print(json.dumps(dict(zip(sys.argv[1::2], sys.argv[2::2]))))' "$@"; }
# A UUIDv7: records made later come later in lists.
new_id() {
  python3 -ISc 'import os, time, uuid; b = bytearray(int(time.time() * 1000).to_bytes(6, "big") + os.urandom(10))
b[6] = b[6] & 15 | 112; b[8] = b[8] & 63 | 128; print(uuid.UUID(bytes=bytes(b)))'
}

# `send METHOD PATH [curl's arguments]`: the answer into $W/said and $W/headers, its status into STATUS.
send() {
  local method=$1 path=$2 how=(-X "$1")
  [[ $method == HEAD ]] && how=(--head)
  [[ $path == http* ]] || path="$API$path"
  STATUS=$(curl --silent "${how[@]}" "$path" --max-time 60 -H "Authorization: Bearer $TOKEN" \
    --output "$W/said" --dump-header "$W/headers" --write-out '%{http_code}' "${@:3}") || STATUS=000
}

# The same; told to wait, it waits, and a token that has ended is renewed once. False where it was refused.
ask() {
  local renewed="" _
  for _ in 1 2 3 4 5; do
    send "$@"
    case $STATUS in
      2*) return 0 ;;
      000) sleep 2 ;; # No answer: whether it was done is not known, so everything here may be repeated.
      429 | 503) local wait; wait=$(header Retry-After); sleep "${wait:-5}" ;;
      401) [[ -n $REFRESH && -z $renewed ]] || return 1; renew; renewed=yes ;;
      *) return 1 ;;
    esac
  done
  return 1
}
body() { ask "$1" "$2" -H "Content-Type: application/json" --data "$3"; }

renew() {
  send POST /sessions/refresh -H "Content-Type: application/json" \
    --data "$(json refresh_token "$REFRESH" device_id "$DEVICE")"
  keep_tokens
}
keep_tokens() { TOKEN=$(get 'a["access_token"]') REFRESH=$(get 'a["refresh_token"]'); }

# `rows PATH`: the ids of every record of a list, page after page.
rows() {
  local after=""
  until [[ $after == None ]]; do
    ask GET "$1${after:+&after=$after}"
    get '"\n".join(one["id"] for one in a["rows"])'
    after=$(get 'a["next"]')
  done
}

# A new record. Its id is the idempotency key: taken means that an earlier try arrived.
create_once() {
  body POST "$1" "$3" && return 0
  [[ $(get 'a["code"]') == id_taken ]] || return 1
  echo "the same again: $STATUS id_taken"
  ask GET "$1/$2"
}

# The bytes of a photo by tus; returns when they had arrived.
upload() {
  local metadata where offset begin=(-H "Tus-Resumable: 1.0.0")
  metadata="photo_id $(printf %s "$1" | base64 -w0),sha256 $(printf %s "$SHA256" | base64 -w0)"
  ask POST /uploads "${begin[@]}" -H "Upload-Length: $SIZE" -H "Upload-Metadata: $metadata"
  where=$(header Location)
  [[ $where == http* ]] || where="${API%/api/v1}$where"
  until [[ -n $(header Arrived-At) ]]; do
    ask HEAD "$where" "${begin[@]}"
    offset=$(header Upload-Offset)
    tail -c +$((offset + 1)) "$2" | head -c 1048576 > "$W/piece" || true
    ask PATCH "$where" "${begin[@]}" -H "Upload-Offset: $offset" \
      -H "Content-Type: application/offset+octet-stream" --data-binary "@$W/piece"
  done
}

# `changes STORE CURSOR`: kind and id of what changed since, into $W/lines; the next cursor into CURSOR.
changes() {
  CURSOR=$2
  : > "$W/lines"
  while
    body POST /sync/pull "{\"store\": \"$1\", \"cursor\": $CURSOR, \"have\": {}}"
    get '"\n".join(one["kind"] + " " + one["id"] for one in a["lines"])' >> "$W/lines"
    CURSOR=$(get 'json.dumps(a["cursor"])')
    [[ $(get 'a["more"]') == True ]]
  do :; done
}

# By staff number and password; the device's id is made once and kept by the program.
DEVICE=$(new_id)
body POST /sessions "{\"login\": \"$LOGIN\", \"password\": \"$PASSWORD\",
  \"device\": {\"id\": \"$DEVICE\", \"name\": \"a client in curl\"}}"
keep_tokens
echo "signed in as $(get '", ".join(a["roles"])')"
STORE=$(new_id)
changes "$STORE" null

rows "/customers?category=resident&limit=2" > "$W/residents"
sed -i '/^$/d' "$W/residents"
echo "customers of category resident: $(wc -l < "$W/residents")"
CUSTOMER=$(head -1 "$W/residents")
ask GET "/customers/$CUSTOMER"
echo "read: $(get 'a["number"]') ETag $(header ETag)"

ask GET "/matters?code=leak"
JOB=$(new_id)
ORDER=$(json id "$JOB" matter_id "$(get 'a["rows"][0]["id"]')" customer_id "$CUSTOMER" description "门前漏水")
create_once /work-orders "$JOB" "$ORDER"
echo "created: $(get 'a["state"]')"
create_once /work-orders "$JOB" "$ORDER"
echo "created: $(get 'a["state"]')"

PICTURE=$(new_id) SIZE=$(wc -c < "$PHOTO") SHA256=$(sha256sum "$PHOTO" | cut -d' ' -f1)
create_once /photos "$PICTURE" "{\"id\": \"$PICTURE\", \"of_kind\": \"work_order\", \"of_id\": \"$JOB\",
  \"purpose\": \"site\", \"media_type\": \"image/jpeg\", \"sha256\": \"$SHA256\", \"size_bytes\": $SIZE}"
upload "$PICTURE" "$PHOTO"
ask GET "/photos/$PICTURE"
echo "photo arrived: $(get 'a["arrived_at"] is not None')"

changes "$STORE" "$CURSOR"
echo "changed since: $(grep -E "$JOB|$PICTURE" "$W/lines" | cut -d' ' -f1 | sort -u | paste -sd, | sed 's/,/, /g')"
ask GET "/customers/$(new_id)" || echo "refused: $STATUS $(get 'a["code"] + ": " + a["title_en"]')"
