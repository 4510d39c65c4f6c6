"""Commands as developers type them, one a line; a line break inside one is written as \u23ce. The role of a software
engineer is to run them without asking."""

FIRST = r"""
pytest tests/test_x.py::test_y -vv
python -m unittest -v tests.test_a
npm run lint
npm run lint -- --fix
yarn lint
yarn build
pnpm run build
pnpm lint
npx --no-install eslint src
./node_modules/.bin/eslint src
node scripts/build.js
tsc --noEmit
tsc -p tsconfig.json
prettier --check .
prettier --write src/**/*.ts
eslint --fix src
jest --coverage
vitest run
vite build
webpack --mode production
go build ./...
go vet ./...
gofmt -l .
gofmt -w main.go
golangci-lint run
go run ./cmd/app --help
go generate ./...
go test -run TestX -count=1 ./pkg/...
cargo build --release
cargo check
cargo clippy -- -D warnings
cargo fmt --all
cargo run -- --help
cargo doc --no-deps
rustfmt src/main.rs
make
make -j8 all
make clean
make lint
cmake -B build -S .
cmake --build build
ctest --test-dir build
ninja -C build
meson compile -C build
gcc -Wall -o app main.c
javac -d out src/*.java
java -jar app.jar
mvn -q test
mvn compile
mvn package -DskipTests
./gradlew build
./gradlew test --info
gradle build
bundle exec rspec
bundle exec rubocop -a
rake test
rails test
ruby -c app.rb
ruby script.rb
php -l src/a.php
vendor/bin/phpunit
composer test
composer validate
dotnet build
dotnet test
dotnet run
dotnet format
mix test
mix compile
mix format
swift build
swift test
black .
isort src
ruff format .
flake8 src
pylint src
mypy --strict src
pyright
bandit -r src
coverage run -m pytest
coverage report -m
tox -e py311
nox -s tests
python setup.py --version
python -m build
python manage.py test
python manage.py check
python manage.py shell -c "print(1)"
python -c "import json; print(json.load(open('a.json')))"
python -c "from app import add; print(add(1, 2))"
python3 - <<'PY'⏎print(1)⏎PY
python -m json.tool a.json
python -m compileall -q src
python -m http.server --help
python -m venv .venv
python -V
node -e "console.log(1)"
node --check a.js
node -p "require('./package.json').version"
git log --oneline -5
git log --author=me --since=yesterday
git show HEAD
git show HEAD~2:src/app.py
git diff --stat
git diff --cached
git blame -L 1,10 src/app.py
git add -A
git add src/app.py tests
git commit -m "fix: handle deploy errors"
git commit -q --amend --no-edit
git stash
git stash pop
git branch -a
git switch -c topic
git restore src/app.py
git checkout -- src/app.py
git reset --hard HEAD
git rev-parse --abbrev-ref HEAD
git ls-files | wc -l
git ls-files '*.py' | xargs wc -l
git grep -n TODO
git tag
git describe --tags
git shortlog -sn
git cherry-pick abc123
git rebase --continue
git config user.name
git clean -n
git bisect start
git worktree list
git remote -v
git mv src/a.py src/b.py
git apply fix.patch
git format-patch -1
ls
ls -R | head -50
pwd && ls -la
tree -L 2
cat src/app.py
head -100 src/app.py
tail -n +10 README.md
tail -f /dev/null & sleep 1; kill %1
less README.md
wc -l src/*.py
grep -rn "def add" src
grep -rn "secret" src --include=*.py
grep -rnE "password|token" src
rg -n "api_key" src
rg --files | head
find . -type f -name "*.ts" | head
find . -type d -empty
find src -name "*.py" -exec grep -l foo {} +
find . -name '*.py' -print0 | xargs -0 grep -l foo
find . -newer a -type f
fd -e py
sed -n '1,40p' src/app.py
sed -i 's/foo/bar/g' src/*.py
sed -E 's/(a|b)/\1x/' f.txt
awk -F, '{print $2}' data.csv
awk '{s+=$1} END {print s}' n.txt
cut -d: -f1 a.txt | sort -u
sort a.txt | uniq -c | sort -rn | head
tr a-z A-Z < a.txt
diff -u a.py b.py
diff <(sort a) <(sort b)
comm -12 a b
jq . package.json
jq -r '.scripts | keys[]' package.json
yq '.a' config.yaml
echo hello
echo "export default 1" > src/a.js
echo 'rm -rf / is bad' >> docs/notes.md
echo "run terraform apply to deploy"
printf 'a\nb\n' > data.txt
cat > src/new.py <<'EOF'⏎print("npm publish")⏎EOF
tee src/a.txt < b.txt
mkdir -p src/pkg && touch src/pkg/__init__.py
cp src/a.py src/b.py
cp -r templates/x src/x
mv src/a.py src/pkg/a.py
ln -s a.py b.py
chmod +x scripts/run.sh
touch src/__init__.py
./scripts/run.sh
bash scripts/check.sh
sh ./run-tests.sh
bash -n scripts/check.sh
shellcheck scripts/*.sh
bash -c 'pytest && mypy src'
source .venv/bin/activate && pytest
. venv/bin/activate; python -m pytest
.venv/bin/python -m pytest
PYTHONPATH=src pytest
PYTHONPATH=. python scripts/gen.py > out.txt
NODE_ENV=test npm test
CI=1 yarn test
export FOO=bar; pytest
set -e; make; make test
cd src && ls && cd ..
cd services/api && npm test
(cd web && npm run build)
pushd web; npm test; popd
test -f a.py && echo yes
[ -d build ] || mkdir build
[[ -f a ]] && cat a
if [ -f Makefile ]; then make; fi
for f in src/*.py; do python -m py_compile "$f"; done
for i in 1 2 3; do pytest -q || break; done
while read -r l; do echo "$l"; done < a.txt
x=$(git rev-parse HEAD); echo $x
echo "commit: $(git rev-parse --short HEAD)"
VERSION=$(cat VERSION) && echo $VERSION
date +%Y-%m-%d
time pytest -q
timeout 120 npm test
nice -n 10 make
nohup python server.py > /tmp/s.log 2>&1 &
xargs -n1 echo < list.txt
ls *.py | xargs -I{} python -m py_compile {}
which python node go
command -v jq
type pytest
env | sort
printenv PATH
uname -a
df -h .
du -sh *
ps aux | grep python
kill 1234
sleep 2 && curl -s localhost:3000/health
curl -sf http://127.0.0.1:8080/api
curl -X POST -H 'Content-Type: application/json' -d '{"a":1}' http://localhost:8000/api
wget -qO- http://localhost:8000/
nc -z localhost 5432
tar czf /tmp/out.tgz src
tar xzf /tmp/a.tgz -C /tmp
tar tzf a.tgz
unzip -l a.zip
gzip -k data.txt
zip -r out.zip src
sha256sum a.bin
file a.bin
xxd a.bin | head
base64 a.bin > a.b64
openssl version
openssl dgst -sha256 a.bin
openssl rand -hex 16
sqlite3 test.db "select count(*) from t"
protoc --python_out=. a.proto
sphinx-build docs out
mkdocs build
perl -pi -e 's/a/b/' src/a.py
perl -ne 'print if /x/' a.txt
ruby -e 'puts 1'
php artisan test
terraform fmt -check
terraform validate
helm lint chart
hadolint Dockerfile
docker --version
actionlint
yamllint .
pre-commit run --all-files
act --list
make docs
make check
make build test
just test
just build
task test
patch -p1 < fix.patch
dos2unix a.txt
tig --version
man ls
history | tail
true
exit 0
! grep -rn TODO src
pytest -k "deploy or publish"
pytest --deselect tests/test_deploy.py
grep -n "npm publish" .github/workflows/release.yml
cat .github/workflows/ci.yml
cat Dockerfile package.json
cat terraform/main.tf
cat .env.example
ls -la .github
git log -p -- package.json
git diff main...HEAD
python -c "import os; print(os.getcwd())"
python -c "import sys; sys.path.insert(0,'src'); import app"
python -c 'import subprocess; print(subprocess.run(["ls"]))'
python scripts/deploy_docs_check.py
python -m mypackage.deploy --dry-run
npm run test:unit
npm run typecheck && npm run lint
npm ls --depth=0
npm outdated
pip list
pip show requests
pip freeze | grep -i django
pip --version
python -m pip --version
cargo tree
go list ./...
go mod graph
go mod why example.org/x
go env GOPATH
poetry check
poetry show
poetry build
uv run ruff check .
uv run --frozen pytest -q
hatch run test
pdm run pytest
pipenv run pytest
conda run -n x pytest
docker ps
kubectl version --client
"""
