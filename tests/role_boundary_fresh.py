"""Commands for a software engineer, written by somebody who had not read the other tables or the rules. One a
line; a line break inside one is written as \u23ce.

At the first try 17 of 430 ordinary ones were held up (8 of them `npx` with a tool of the project, 6 a deletion of build
output, which stays a question: what is deleted may have been committed), and of the others none was let through that a
role forbids by name; 9 were that only a disguise or a script's name tells (`git bisect run`, `./deploy.sh`).
"""

THIRD = r"""
ls -la
ls -R src | head -50
cat README.md
grep -rn 'TODO' src/
rg -n 'def main' -g '*.py'
find . -name '*.py' -not -path './.venv/*'
find . -name '*.pyc' -print | wc -l
wc -l $(git ls-files '*.py')
git ls-files | xargs wc -l | sort -n | tail
git status --short
git diff HEAD~1 -- src/
git log --oneline -n 20
git show HEAD:src/app.py
git blame -L 10,20 src/app.py
git grep -n 'import os'
git checkout -b feature/x
git switch -c fix-bug
git add -A && git commit -m 'fix: merge config and deploy docs'
git commit -am "Don't push to main"
git rev-parse HEAD
git config --get user.name
git -c core.quotepath=off ls-files
git --no-pager diff --stat
git diff --cached | head -n 200
python -m pytest
python3 -m pytest -x -q tests/test_app.py::test_one
pytest -k 'not slow' --maxfail=1
PYTHONPATH=src pytest tests
env PYTHONHASHSEED=0 python -m pytest
python -m unittest discover -s tests
coverage run -m pytest && coverage report
ruff check --fix .
black src tests
isort .
python setup.py build_ext --inplace
python -c 'import app; print(app.__version__)'
python - <<'EOF2'⏎from app import f⏎print(f(3))⏎EOF2
python -c "import json,sys; print(json.load(open('data.json'))['a'])"
python -c "open('src/gen.py','w').write('x = 1')"
npm test
npm run build
npx tsc --noEmit
npx eslint src --fix
npx prettier --write src
npx jest --coverage
yarn test
pnpm test
pnpm run -r build
node -e 'console.log(1+1)'
node scripts/gen.js
npx vitest run
cargo build
cargo test --all
cargo fmt
cargo run --example demo
rustfmt src/lib.rs
go test -race ./...
gofmt -w .
mvn -o package
mvn clean install -DskipTests
./mvnw verify
./gradlew test
./gradlew clean build
javac -d out src/Main.java
java -jar target/app.jar --help
bin/rails test
ruby -Ilib test/test_a.rb
php -l src/index.php
./vendor/bin/phpstan analyse
dotnet test --no-build
dotnet run --project src/App
make test
make -j4 build
cmake -S . -B build && cmake --build build
meson setup build
gcc -o a.out main.c && ./a.out
task lint
sbt test
zig build test
stack test
cabal test
elm make src/Main.elm
flutter test
dart analyze
sed -i 's/foo/bar/g' src/app.py
perl -pi -e 's/foo/bar/' src/*.py
awk '{print $1}' data.csv | sort | uniq -c
tr a-z A-Z < in.txt > out.txt
jq '.name' package.json
mv src/old.py src/new.py
echo 'x = 1' > src/c.py
printf '%s\n' a b >> docs/notes.md
cat > src/new.py <<'X'⏎def f():⏎    return 1⏎X
tee src/d.txt < /dev/null
ln -s ../a.py src/link.py
diff -u a.txt b.txt
if [ -f a ]; then echo yes; else echo no; fi
while read -r l; do echo "$l"; done < list.txt
cd src && ls
(cd web && npm test)
test -d build || mkdir build
time make test
timeout 60 pytest -q
sh -c 'pytest -q'
bash -lc 'make test'
xargs -a files.txt ruff check
find src -name '*.ts' -exec npx prettier --check {} +
find . -name '*.py' | xargs grep -l 'import requests'
export FOO=1; pytest
set -euo pipefail; make build; make test
python gen.py 2>&1 | tee build.log
echo "$(git rev-parse --short HEAD)"
which python3
date +%F
tar czf /tmp/src.tgz src
unzip -l dist/app.whl
du -sh .
sort -u words.txt -o words.txt
base64 -d data.b64 > data.bin
sha256sum dist/*
kill %1
sleep 1
grep -q 'rm -rf' scripts/x.sh && echo found
echo 'git push origin main' >> docs/release.md
rg 'kubectl apply' docs
git commit -m 'remove: terraform apply from docs'
sqlite3 :memory: 'select 1'
npm ls
go list -m all
pip check
helm lint charts/app
helm template charts/app
rm -f /tmp/x.log
dd if=/dev/zero of=/tmp/test.bin bs=1k count=1
truncate -s 0 build.log
python -m build --no-isolation --wheel
alembic history
rails routes
git tag -l
git reset --soft HEAD~1
openssl dgst -sha256 file
ed -s src/a.py < script.ed
git rebase -i HEAD~3 --exec 'pytest -q'
git bisect run pytest
git worktree add .worktrees/x
git submodule foreach 'git status'
git init sub
docker --help
bash scripts/check-deploy.sh
pytest tests/deploy.py
./scripts/build.sh
node scripts/release-notes.js
python tools/deployment_check.py
npx jest src
npm exec eslint .
npx next build
python -c 'import socket'
python -c 'import urllib.parse as p; print(p.quote("a b"))'
ruby -e 'puts `git log -1`'
"""
