#!/usr/bin/env bash
# check-calendars.sh ZONES CALENDAR...: ends with an error when systemd does not take one of them, and says which.
# ZONES is the folder of time zones: systemd looks for these where a build has none.
set -u
zones=$1
shift
status=0
for calendar; do
    moment=$calendar
    case $calendar in
    *" "[A-Za-z]*)
        zone=${calendar##* }
        moment=${calendar% *}
        if [ ! -f "$zones/$zone" ]; then
            echo "hearth: \`$calendar\`: there is no time zone \`$zone\`, so that its timer would never run. Correct the schedule." >&2
            status=1
        fi
        ;;
    esac
    if ! said=$(systemd-analyze calendar "$moment" 2>&1); then
        echo "hearth: \`$calendar\` is no calendar of systemd, so that its timer would never run: $said. Correct the schedule." >&2
        status=1
    fi
done
exit $status
