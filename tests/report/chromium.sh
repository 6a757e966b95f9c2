#!/bin/sh
# The page in a browser, at the width of a desk and of a phone: every section has a height, nothing is wider than the window, the console is
# silent. Skipped where there is no Chromium.
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || { echo "skipped: no chromium"; exit 77; }
. "$(dirname "$0")/sweep.sh"
"$dir/apex" report out --data grid.yaml >/dev/null || fail "apex report"
cat >probe.html <<'S'
<script>
const seen = [...document.querySelectorAll("section")].map(s => s.id + ":" + (s.getBoundingClientRect().height > 80));
const figures = [...document.querySelectorAll("figure svg")].filter(f => f.checkVisibility()).every(f => f.getBoundingClientRect().height > 100);
const wide = document.documentElement.scrollWidth > window.innerWidth;
document.title = `probe ${seen.join(" ")} figures:${figures} wide:${wide} width:${window.innerWidth} end`;
</script>
S
# The page itself has no script: the probe is put into a copy.
sed '/^<\/body>$/{
r probe.html
N
}' out/report/report.html >probed.html
for width in 1280 500; do
    mkdir "$dir/profile.$width"
    "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$dir/profile.$width" --enable-logging=stderr --window-size=$width,900 \
        --dump-dom "file://$dir/probed.html" >dom 2>console || fail "the browser ended with $?"
    title=$(sed -n 's|.*<title>\(probe [^<]*end\)</title>.*|\1|p' dom)
    echo "$title"
    grep -E 'CONSOLE' console && fail "the console is not silent"
    for s in $sections; do
        case $title in *" $s:true "*) ;; *) fail "section $s is not shown at width $width" ;; esac
    done
    case $title in *" figures:true wide:false width:$width end") ;; *) fail "layout at width $width" ;; esac
done
