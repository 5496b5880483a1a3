#!/bin/sh
# A CUPS backend: a printer that lays its pages into a folder. As a real one it waits for
# paper (file empty), breaks down (file broken) and says how many pages came out: one more
# than there are form feeds.
if [ $# -eq 0 ]; then
	echo 'direct tray "Unknown" "a folder as a printer"'
	exit 0
fi
dir=${DEVICE_URI#tray:}
if [ -e "$dir/broken" ]; then
	echo "ERROR: the printer is broken" >&2
	exit 4 # CUPS_BACKEND_STOP
fi
if [ -e "$dir/empty" ]; then
	echo "STATE: +media-empty-error" >&2
	while [ -e "$dir/empty" ]; do sleep 0.05; done
fi
echo "STATE: -media-empty-error" >&2
cat ${6:+"$6"} >"$dir/.part-$1"
pages=$(($(tr -dc '\f' <"$dir/.part-$1" | wc -c) + 1))
mv "$dir/.part-$1" "$dir/job-$1"
echo "PAGE: $pages $4" >&2
