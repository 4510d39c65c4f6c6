"""Commands as developers type them, one a line; a line break inside one is written as \u23ce. The role of a software
engineer is to run them without asking. These were written after the rules and without looking at them: 3 of 216
were held up at the first try.
"""

SECOND = r"""
pytest -x --ff --lf tests
pytest --cov=src --cov-report=html
python -m pytest -n auto
python -W error -m pytest
python -X importtime -c "import app" 2> /tmp/i.txt
python tools/gen.py --out src/gen.py
python -m black --check src tests
python -m pip list --outdated --not-required
python -m pdb -c continue app.py
python -i -c "x=1"
ipython -c "1+1"
python -m timeit "sum(range(10))"
python -m cProfile -o out.prof app.py
uv run --no-sync python -m app
poetry run pytest -q
poetry env info
make -n build
make VERBOSE=1 test
make -C docs html
cd build && cmake .. && make -j$(nproc)
cargo test -- --nocapture
cargo nextest run
cargo bench
cargo expand
RUST_BACKTRACE=1 cargo test
go test ./... -race -cover
go test -bench=. -benchmem
go vet ./... && staticcheck ./...
GOOS=linux go build -o bin/app
npm run dev & sleep 3; curl -s localhost:5173 | head
npm run build --if-present
npm start
npm run storybook:build
npm test -- --watchAll=false
npm pack --dry-run
yarn test --coverage
yarn tsc --noEmit
yarn run eslint .
pnpm -r test
pnpm --filter web build
pnpm exec tsc
turbo run build
nx test app
bun test
bun run build
deno test
deno fmt
deno lint
tsx scripts/a.ts
ts-node scripts/a.ts
esbuild src/a.ts --bundle --outfile=dist/a.js
rollup -c
stylelint "**/*.css"
biome check src
git status -sb
git --no-pager diff
git --no-pager log -3 --stat
git -C sub status
git diff --name-only HEAD~3 | grep '\.py$'
git log -S'foo' --oneline -- src
git stash list
git stash push -m wip
git commit --allow-empty -m "ci: trigger deploy"
git commit -m "Merge parser changes" -m "push later"
git commit -F msg.txt
git add . && git commit -m wip
git checkout -b fix/push-error
git checkout HEAD -- src/a.py
git reset HEAD~1
git revert --no-edit HEAD
git show --stat HEAD
git diff --check
git rev-list --count HEAD
git cat-file -p HEAD
git archive HEAD -o /tmp/a.tar
git submodule status
git branch -d topic
git tag v1.0
git blame src/a.py | head -20
ls -lah --color=never src/
ls -1 | wc -l
cat -n src/a.py | sed -n '10,20p'
cat src/*.py | wc -l
head -c 200 a.bin | xxd
grep -c . a.txt
grep -rIl "TODO\|FIXME" . --exclude-dir=.git
grep -v '^#' a.conf | sort
grep -A3 -B3 "class Foo" src/a.py
grep -rn "API_KEY" . --include='*.py'
grep -rn "deploy" .github/workflows
rg "fn main" -t rust
rg -l foo | xargs sed -i 's/foo/bar/g'
find . -maxdepth 2 -name node_modules -prune -o -name '*.js' -print
find src -name '*.py' | while read f; do echo "$f"; done
find . -size +1M -not -path './.git/*'
find tests -name 'test_*.py' -exec wc -l {} \;
find . -name '*.orig' -print
sed -i '/^import os$/d' src/a.py
sed -i.bak 's/a/b/' src/a.py
sed '/foo/,/bar/!d' a.txt
awk 'NR==FNR{a[$1];next} $1 in a' a b
awk 'length > 100 {print FILENAME": "FNR}' src/*.py
perl -0777 -ne 'print length'  a.txt
column -t a.csv
paste -d, a b > c.csv
split -l 100 a.txt part_
seq 1 10 | xargs -n 1 echo
yes | head -5
tee /tmp/log.txt
pytest 2>&1 | tee /tmp/log.txt | tail -20
pytest; echo "exit: $?"
pytest || echo failed
for d in */; do (cd "$d" && ls); done
for f in $(git ls-files '*.md'); do wc -w "$f"; done
for i in $(seq 5); do pytest -q tests/test_flaky.py || exit 1; done
for t in unit integration; do pytest tests/$t; done
for t in lint build; do npm run $t; done
for t in build test; do make $t; done
if ! command -v jq >/dev/null; then echo missing; fi
if [ "$(uname)" = Linux ]; then make linux; fi
test "$(cat a)" = b
[[ -d src && -f src/a.py ]] && echo yes
[[ $(wc -l < a.txt) -gt 10 ]] && echo long
case "$1" in build) make ;; *) echo usage ;; esac
while ! nc -z localhost 5432; do sleep 1; done
i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done
set -euo pipefail; cargo build; cargo test
trap 'rm -f /tmp/x' EXIT; pytest
mkdir -p a/b/{c,d}
cp -a src /tmp/src-copy
mv -n a.txt b.txt
ln -sfn v2 current
chmod 755 bin/app
chmod -R u+w build
touch -d yesterday a.txt
stat -c %s a.bin
readlink -f a
basename $(pwd)
mktemp -d
tmp=$(mktemp -d) && cp a "$tmp"/ && ls "$tmp"
echo $PATH | tr ':' '\n'
echo "$(<VERSION)"
echo "a b" | { read x y; echo $y; }
printf '%s\n' "${arr[@]}"
export PATH="$PWD/bin:$PATH" && app --help
unset FOO
ulimit -n
lsof -i :8080
free -m
nproc
jobs
diff -r a b
cmp a b
md5sum dist/*
iconv -f latin1 -t utf-8 a > b
convert a.png b.jpg
ffmpeg -i a.mp4 b.gif
pandoc README.md -o out.html
dot -Tsvg a.dot -o a.svg
pdflatex doc.tex
gdb -batch -ex bt ./app core
strace -c ./app
valgrind ./app
clang-format -i src/*.c
clang-tidy src/a.c
g++ -std=c++17 -O2 a.cpp -o a && ./a
./a.out < input.txt
./configure --prefix=/usr && make
bazel build //...
bazel test //...
buf lint
sqlite3 :memory: "select 1"
sqlite3 dev.db .tables
redis-cli --version
kubectl kustomize overlays/dev
helm template chart
terraform fmt
terraform -version
ansible-lint
docker compose config
swiftlint
ktlint
./gradlew check --offline
./gradlew :app:test
mvn -o -q -DskipTests package
sbt compile
lein test
stack build
cabal build
dune build
ghc Main.hs
elixir script.exs
iex -S mix
mix credo
rubocop -A
bin/rails runner 'puts 1'
bin/rails routes
bundle exec rake lint
ruby -Ilib -e 'require "a"'
php artisan route:list
composer dump-autoload
vendor/bin/phpstan analyse
flutter analyze
dart format .
R -q -e '1+1'
julia -e 'println(1)'
lua a.lua
zig build
nim c a.nim
cat <<'EOF' >> src/a.py⏎def deploy():⏎    pass⏎EOF
python - <<EOF⏎import ast, pathlib⏎ast.parse(pathlib.Path("src/a.py").read_text())⏎EOF
python -c "import pathlib; pathlib.Path('src/a.txt').write_text('x')"
python -c "import shutil; shutil.copy('a.txt','b.txt')"
node -e "require('fs').writeFileSync('src/a.json', '{}')"
python -c "import platform; print(platform.python_version())"
python3 -c 'import socket; print(socket.gethostname())'
"""
