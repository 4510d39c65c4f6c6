"""Files for each starter, and commands of the other roles, written by somebody who had not read the other tables:
`role | verb | what | decision`.
"""

FRESH_CASES = r"""
software-engineer | write  | app/models.py | allow
software-engineer | write  | lib/foo.rb | allow
software-engineer | write  | main.go | allow
software-engineer | write  | src/main.rs | allow
software-engineer | write  | web/src/App.tsx | allow
software-engineer | write  | spec/foo_spec.rb | allow
software-engineer | write  | src/__tests__/a.test.ts | allow
software-engineer | write  | pkg/a_test.go | allow
software-engineer | write  | CHANGELOG.md | allow
software-engineer | write  | .editorconfig | allow
software-engineer | write  | .eslintrc.json | allow
software-engineer | write  | .prettierrc | allow
software-engineer | write  | ruff.toml | allow
software-engineer | write  | data/sample.csv | allow
software-engineer | write  | assets/logo.svg | allow
software-engineer | write  | src/migrate.py | allow
software-engineer | write  | docs/migrations.md | allow
software-engineer | write  | src/auth/token.py | allow
software-engineer | write  | src/deploy_helper.py | allow
software-engineer | write  | LICENSE | allow
software-engineer | write  | src/my file.py | allow
software-engineer | write  | src/ünï.py | allow
software-engineer | write  | src/schema.ts | allow
software-engineer | write  | include/foo.h | allow
software-engineer | write  | Makefile | allow
software-engineer | write  | conftest.py | allow
software-engineer | write  | src/secrets_manager.py | allow
software-engineer | write  | src/credentials.ts | allow
software-engineer | write  | tests/fixtures/package-lock-sample.txt | allow
software-engineer | write  | .gitignore | allow
software-engineer | write  | src/Dockerfile_parser.py | allow
software-engineer | write  | src/requirements.py | allow
software-engineer | write  | locale/de.po | allow
software-engineer | write  | CMakeLists.txt | allow
software-engineer | read   | package.json | allow
software-engineer | read   | .env.example | allow
software-engineer | read   | Dockerfile | allow
software-engineer | read   | docs/a.md | allow
software-engineer | read   | tests/secrets_test.py | allow
software-engineer | write  | requirements/base.txt | park
software-engineer | write  | setup.py | park
software-engineer | write  | setup.cfg | park
software-engineer | write  | Pipfile | park
software-engineer | write  | Pipfile.lock | park
software-engineer | write  | poetry.lock | park
software-engineer | write  | uv.lock | park
software-engineer | write  | constraints.txt | park
software-engineer | write  | environment.yml | park
software-engineer | write  | package.json | park
software-engineer | write  | web/package.json | park
software-engineer | write  | package-lock.json | park
software-engineer | write  | yarn.lock | park
software-engineer | write  | npm-shrinkwrap.json | park
software-engineer | write  | bun.lockb | park
software-engineer | write  | Cargo.toml | park
software-engineer | write  | go.mod | park
software-engineer | write  | build.gradle | park
software-engineer | write  | build.gradle.kts | park
software-engineer | write  | gradle/libs.versions.toml | park
software-engineer | write  | Gemfile | park
software-engineer | write  | Gemfile.lock | park
software-engineer | write  | foo.gemspec | park
software-engineer | write  | composer.lock | park
software-engineer | write  | src/App/App.csproj | park
software-engineer | write  | packages.lock.json | park
software-engineer | write  | Directory.Packages.props | park
software-engineer | write  | NuGet.config | park
software-engineer | write  | .npmrc | park
software-engineer | write  | deno.lock | park
software-engineer | write  | mix.exs | park
software-engineer | write  | Package.swift | park
software-engineer | write  | PACKAGE.JSON | park
software-engineer | write  | Requirements.TXT | park
software-engineer | write  | app/migrations/0002_add.py | park
software-engineer | write  | db/migrate/20240101_x.rb | park
software-engineer | write  | db/schema.rb | park
software-engineer | write  | alembic/versions/abc_x.py | park
software-engineer | write  | migrations/versions/abc.py | park
software-engineer | write  | src/main/resources/db/migration/V2__add.sql | park
software-engineer | write  | prisma/migrations/2024_x/migration.sql | park
software-engineer | write  | migrations/20240101_init.js | park
software-engineer | write  | database/migrations/2024_create_users.php | park
software-engineer | write  | Migrations/20240101_Init.cs | park
software-engineer | write  | db/structure.sql | park
software-engineer | write  | drizzle/0000_x.sql | park
software-engineer | write  | priv/repo/migrations/1_x.exs | park
software-engineer | write  | liquibase/changelog.xml | park
software-engineer | write  | docker-compose.yml | park
software-engineer | write  | compose.yaml | park
software-engineer | write  | terraform/main.tf | park
software-engineer | write  | charts/app/values.yaml | park
software-engineer | write  | helm/app/Chart.yaml | park
software-engineer | write  | ansible/playbook.yml | park
software-engineer | write  | Vagrantfile | park
software-engineer | write  | serverless.yml | park
software-engineer | write  | Pulumi.yaml | park
software-engineer | write  | kustomization.yaml | park
software-engineer | write  | prod.tfvars | park
software-engineer | write  | web/Dockerfile.prod | park
software-engineer | write  | cloudformation/stack.yaml | park
software-engineer | write  | skaffold.yaml | park
software-engineer | write  | Procfile | park
software-engineer | delete | src/app.py | park
software-engineer | delete | docs/a.md | park
software-engineer | delete | tests/test_a.py | park
software-engineer | write  | .git/config | block
software-engineer | write  | .git/hooks/post-commit | block
software-engineer | write  | ../x | block
software-engineer | write  | src/../../x | block
software-engineer | write  | .github/actions/x/action.yml | block
software-engineer | write  | bitbucket-pipelines.yml | block
software-engineer | write  | .drone.yml | block
software-engineer | write  | .buildkite/pipeline.yml | block
software-engineer | write  | .travis.yml | block
software-engineer | write  | .woodpecker.yml | block
software-engineer | write  | .woodpecker/build.yml | block
software-engineer | write  | appveyor.yml | block
software-engineer | write  | .teamcity/settings.kts | block
software-engineer | write  | cloudbuild.yaml | block
software-engineer | write  | .gitea/workflows/a.yml | block
software-engineer | write  | .forgejo/workflows/a.yml | block
software-engineer | write  | .GITHUB/workflows/ci.yml | block
software-engineer | write  | .Github/Workflows/x.yaml | block
software-engineer | write  | sub/.git/config | block
software-engineer | write  | .orion/roles/x.yaml | block
software-engineer | write  | .semaphore/semaphore.yml | block
software-engineer | write  | .cirrus.yml | block
software-engineer | write  | buildspec.yml | block
software-engineer | write  | id_rsa | block
software-engineer | write  | secrets.yaml | block
software-engineer | write  | CON | block
software-engineer | write  | aux.txt | block
software-engineer | write  | src/a. | block
software-engineer | write  | a:b | block
software-engineer | read   | ~/.ssh/id_rsa | block
software-engineer | read   | /etc/shadow | block
software-engineer | read   | config/credentials.yml.enc | block
software-engineer | read   | secrets/prod.key | block
software-engineer | read   | .env.production | block
software-engineer | read   | ../x | block
software-engineer | read   | .aws/credentials | block
software-engineer | read   | server.pem | block
software-engineer | read   | .netrc | block
software-engineer | read   | .pgpass | block
technical-writer  | write  | docs/a.md | allow
technical-writer  | write  | README.md | allow
technical-writer  | write  | docs/guide/intro.rst | allow
technical-writer  | write  | docs/img/a.png | allow
technical-writer  | write  | CONTRIBUTING.md | allow
technical-writer  | write  | src/README.md | allow
technical-writer  | write  | docs/index.adoc | allow
technical-writer  | run    | ls docs | allow
technical-writer  | run    | grep -rn foo docs | allow
technical-writer  | run    | git diff | allow
technical-writer  | run    | git log -3 | allow
technical-writer  | run    | markdownlint docs | allow
technical-writer  | run    | vale docs | allow
technical-writer  | run    | mkdocs build -s | allow
technical-writer  | run    | sphinx-build -b html docs out | allow
technical-writer  | run    | make docs | allow
technical-writer  | run    | sed -i 's/teh/the/' docs/a.md | allow
technical-writer  | run    | echo hi >> docs/a.md | allow
technical-writer  | run    | mv docs/a.md docs/b.md | allow
technical-writer  | run    | mkdir docs/new | allow
technical-writer  | run    | wc -w docs/*.md | allow
technical-writer  | run    | find docs -name '*.md' | xargs grep foo | allow
technical-writer  | run    | git status && git add docs && git commit -m 'docs' | allow
technical-writer  | write  | tests/test_a.py | park
technical-writer  | write  | .markdownlint.json | park
technical-writer  | run    | python gen.py | park
technical-writer  | run    | npm run build | park
technical-writer  | run    | sed -i s/a/b/ src/app.py | park
technical-writer  | run    | curl http://x | park
technical-writer  | run    | rm docs/a.md | park
technical-writer  | run    | make html; python x.py | park
technical-writer  | run    | git merge x | park
technical-writer  | write  | requirements.txt | block
technical-writer  | write  | db/migrate/1_x.rb | block
technical-writer  | write  | terraform/x.tf | block
technical-writer  | write  | .git/x | block
technical-writer  | write  | docs/../.git/config | block
technical-writer  | run    | pip install x | block
technical-writer  | run    | npm install x | block
technical-writer  | run    | make docs && npm publish | block
technical-writer  | run    | vale docs; terraform apply | block
technical-writer  | run    | echo x > Dockerfile | block
technical-writer  | run    | cat .env | block
technical-writer  | run    | python manage.py migrate | block
technical-writer  | run    | mkdocs build -s; kubectl apply -f x | block
technical-writer  | run    | mkdocs build; python evil.py | park
technical-writer  | run    | markdownlint docs && sh -c "$X" | park
technical-writer  | run    | mkdocs build $(python x.py) | park
technical-writer  | run    | vale docs > src/app.py | park
technical-writer  | run    | make html -f other.mk | park
technical-writer  | run    | markdownlint docs | tee src/a.py | park
technical-writer  | run    | make docs SHELL=/tmp/x | park
technical-writer  | run    | npx markdownlint docs | allow
technical-writer  | run    | npx markdownlint-cli2 '**/*.md' | allow
technical-writer  | run    | npx eslint . | park
technical-writer  | run    | npx jest | park
technical-writer  | run    | npx -y markdownlint docs | block
qa-engineer       | run    | pytest -q | allow
qa-engineer       | run    | npm test | allow
qa-engineer       | run    | cargo test | allow
qa-engineer       | run    | go test ./... | allow
qa-engineer       | run    | python gen.py | allow
qa-engineer       | run    | mvn test | allow
qa-engineer       | run    | ruff check tests | allow
qa-engineer       | run    | dotnet test | allow
qa-engineer       | run    | cat src/app.py | allow
qa-engineer       | run    | sed -i 's/1/2/' tests/test_a.py | allow
qa-engineer       | run    | make test | allow
qa-engineer       | run    | echo 'def test(): pass' > tests/test_x.py | allow
qa-engineer       | run    | hypothesis --help | allow
qa-engineer       | run    | locust --version | allow
qa-engineer       | run    | npx playwright test | allow
qa-engineer       | run    | git commit -am tests | allow
qa-engineer       | write  | tests/test_a.py | allow
qa-engineer       | write  | test/a_test.rb | allow
qa-engineer       | write  | src/a.test.ts | allow
qa-engineer       | write  | docs/report.md | allow
qa-engineer       | write  | cypress/e2e/a.cy.ts | allow
qa-engineer       | write  | tests/data/x.json | allow
qa-engineer       | write  | pkg/x_test.go | allow
qa-engineer       | write  | src/test/java/ATest.java | allow
qa-engineer       | write  | features/login.feature | allow
qa-engineer       | write  | tests/conftest.py | allow
qa-engineer       | write  | __tests__/a.js | allow
qa-engineer       | write  | pyproject.toml | park
qa-engineer       | write  | package.json | park
qa-engineer       | write  | main.go | park
qa-engineer       | write  | tsconfig.json | park
qa-engineer       | write  | pytest.ini | park
qa-engineer       | write  | Makefile | park
qa-engineer       | write  | src/conftest_helper.py | park
qa-engineer       | write  | .github/workflows/t.yml | block
qa-engineer       | write  | Dockerfile | block
qa-engineer       | write  | app/migrations/0001_x.py | block
qa-engineer       | write  | infra/main.tf | block
qa-engineer       | write  | docker-compose.yml | block
qa-engineer       | run    | pip install pytest | park
qa-engineer       | run    | rm tests/test_a.py | park
qa-engineer       | run    | curl http://localhost:8000/health | allow
qa-engineer       | run    | python manage.py migrate | block
qa-engineer       | run    | kubectl apply -f x | block
qa-engineer       | run    | echo a > Dockerfile | block
qa-engineer       | run    | docker push x | block
qa-engineer       | run    | pytest; terraform destroy | block
qa-engineer       | run    | cat ~/.ssh/id_rsa | block
devops-engineer   | write  | tools/x.py | allow
devops-engineer   | write  | ruff.toml | allow
devops-engineer   | write  | tests/test_a.py | allow
devops-engineer   | write  | deploy.sh | allow
devops-engineer   | write  | Makefile | allow
devops-engineer   | run    | shellcheck scripts/*.sh | allow
devops-engineer   | run    | terraform fmt | allow
devops-engineer   | run    | helm lint charts/x | allow
devops-engineer   | run    | kubectl --help | allow
devops-engineer   | run    | hadolint Dockerfile | allow
devops-engineer   | run    | yamllint .github | allow
devops-engineer   | run    | actionlint | allow
devops-engineer   | run    | docker --version | allow
devops-engineer   | run    | make build | allow
devops-engineer   | run    | ansible-lint | allow
devops-engineer   | run    | bash -n scripts/a.sh | allow
devops-engineer   | run    | terraform fmt -check -diff | allow
devops-engineer   | write  | Jenkinsfile | park
devops-engineer   | write  | Dockerfile | park
devops-engineer   | write  | terraform/main.tf | park
devops-engineer   | write  | package.json | park
devops-engineer   | write  | k8s/a.yaml | park
devops-engineer   | write  | db/migrate/1.rb | park
devops-engineer   | write  | .gitlab-ci.yml | park
devops-engineer   | run    | docker push a/b | park
devops-engineer   | run    | helm upgrade a b | park
devops-engineer   | run    | npm publish | park
devops-engineer   | run    | sed -i s/a/b/ Dockerfile | park
devops-engineer   | run    | curl https://x | park
devops-engineer   | run    | pip install x | park
devops-engineer   | run    | aws s3 cp a s3://b | park
devops-engineer   | run    | kubectl get pods | park
devops-engineer   | run    | terraform destroy | park
devops-engineer   | run    | rm -rf .git | block
devops-engineer   | run    | cat .env | block
devops-engineer   | run    | rm -rf / | block
devops-engineer   | run    | gh repo delete a/b | block
devops-engineer   | run    | orion deny 1 | block
devops-engineer   | run    | cat ~/.kube/config | block
devops-engineer   | run    | terraform apply; cat .env | block
devops-engineer   | write  | .git/hooks/x | block
devops-engineer   | write  | ../x | block
devops-engineer   | write  | .orion/x | block
"""
