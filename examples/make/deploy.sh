#!/usr/bin/env bash
# A deployment by a shell script. Writes
#   github-deploy-failed.log         a tool that the last step needs is not installed

source "$(dirname "$0")/common.sh"
project website
mkdir -p pages assets ci

for page in index about contact imprint privacy error-404 error-500 products blog press jobs; do
    printf '# %s\n\nThis page is about: %s.\n' "$page" "$page" >pages/$page.md
done
for asset in logo.svg style.css print.css fonts.css app.js failed-payment.js; do
    printf '/* %s */\n' "$asset" >assets/$asset
done

cat >ci/build.sh <<'SH'
#!/usr/bin/env bash
set -euo pipefail
rm -rf dist && mkdir -p dist/assets
echo "::group::Rendering pages"
for page in pages/*.md; do
  name=$(basename "$page" .md)
  sed -e '1s/^# \(.*\)$/<h1>\1<\/h1>/' -e '3s/.*/<p>&<\/p>/' "$page" > "dist/$name.html"
  echo "rendered $page -> dist/$name.html ($(stat -c %s "dist/$name.html") bytes)"
done
echo "::endgroup::"
echo "::warning file=pages/press.md::press.md has no description"
cp -v assets/* dist/assets/
grep -n "TODO" pages/*.md || echo "no TODOs (grep exited with 1, that is fine)"
tar -czf site.tar.gz dist
echo "Built site.tar.gz"
SH
cat >ci/check.sh <<'SH'
#!/usr/bin/env bash
set -euo pipefail
errors=0
for file in dist/*.html; do
  if grep -q '<h1>' "$file"; then echo "ok      $file"; else echo "ERROR   $file: no heading"; errors=$((errors + 1)); fi
done
echo "checked $(ls dist/*.html | wc -l) pages, $errors errors"
exit "$errors"
SH
cat >ci/deploy.sh <<'SH'
#!/usr/bin/env bash
set -euo pipefail

target=${TARGET:-staging}
release=$(date -u +%Y%m%d)-${RELEASE:-1}
root=$PWD/srv/$target

echo "Deploying release $release to $target"
mkdir -p "$root/releases/$release"
ls "$root/current" 2>&1 || echo "no current release, nothing to roll back to"

echo "Unpacking ..."
tar -xzf site.tar.gz -C "$root/releases/$release" --strip-components 1
ls "$root/releases/$release" | head -4

for try in 1 2 3; do
  echo "Waiting for the lock (try $try) ..."
  if [ "$try" = 3 ]; then echo "Got the lock"; break; fi
  echo "error: lock is held by release 20261120-4, trying again" >&2
  sleep 0.4
done

echo "Compressing assets ..."
find "$root/releases/$release/assets" -type f -exec gzip -9 -k {} +

echo "Publishing release $release ..."
for file in "$root/releases/$release"/*.html; do
  site-minify --in-place "$file"
done
ln -sfn "$root/releases/$release" "$root/current"
echo "Deployed $release"
SH

github github-deploy-failed.log --repo northwind-lab/website \
    --env TARGET=production --env RELEASE=7 \
    'bash ci/build.sh' 'bash ci/check.sh' $'bash ci/deploy.sh\necho "live at the usual place"'
