"""The table of action classes: which paths and which commands fall into each, and how a person would say it.

Add a line here to teach Orion a new ecosystem; nothing else has to change. Path globs are those of `globs.py`. A
command pattern is a program and the words that follow it, options left out: `kubectl apply|delete` holds for `kubectl
-n prod apply -f x`, `*` stands for any one word, and a word that begins with `-` must be among the options. Where
several patterns fit a command, the most specific ones count.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.governance.commands_table import COMMANDS
from engine.vocabulary.actions import ActionClass

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """One class. `rank` orders by how much harm a mistake does, 0 the least; where a path fits several classes the
    highest rank wins, unless one of `unless` fits too. `phrase` completes "the role may …"."""

    action: ActionClass
    rank: int
    phrase: str
    paths: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


_TESTS = """
tests/ test/ __tests__/ /spec/ e2e/ testdata/ fixtures/ __snapshots__/ test_*.py *_test.py tests.py conftest.py
*_test.go *.test.js *.test.jsx *.test.ts *.test.tsx *.test.mjs *.spec.js *.spec.jsx *.spec.ts *.spec.tsx *.cy.js
*.cy.ts *_test.rb *_spec.rb *Test.java *Tests.java *IT.java *Test.kt *Test.php *Tests.cs *Test.cs *Test.scala
*_test.rs *_test.dart *_test.exs *_test.cc *_test.cpp *.bats *.feature *.snap
"""

_DOCS = """
docs/ doc/ documentation/ man/ *.md *.mdx *.markdown *.rst *.adoc *.asciidoc *.txt *.textile *.org *.tex *.1 *.5 *.8
README README.* LICENSE LICENSE.* LICENCE LICENCE.* COPYING COPYING.* NOTICE AUTHORS CONTRIBUTORS CHANGELOG CHANGES
HISTORY NEWS MAINTAINERS CITATION.cff mkdocs.yml mkdocs.yaml .readthedocs.yml .readthedocs.yaml
"""

_CONFIG = """
*.ini *.cfg *.conf *.toml *.properties *.editorconfig *.plist *.env.example .env.sample .env.template .env.dist
.env.defaults /config/ **/config/*.y*ml **/config/*.json settings/*.json settings/*.y*ml .config/ .*rc .*rc.*
*.config.js *.config.cjs *.config.mjs *.config.ts *.config.mts .* tsconfig.json tsconfig.*.json jsconfig.json
babel.config.* jest.config.* vite.config.* webpack.*.js biome.json biome.jsonc deno.json deno.jsonc turbo.json
nx.json lerna.json angular.json tslint.json renovate.json renovate.json5 phpunit.xml phpunit.xml.dist phpstan.neon
phpstan.neon.dist sonar-project.properties appsettings.json appsettings.*.json web.config app.config settings.json
config.json config.y*ml settings.y*ml application.y*ml application-*.y*ml codecov.yml cliff.toml Makefile
GNUmakefile makefile *.mk justfile Justfile Taskfile.y*ml Rakefile CMakeLists.txt *.cmake meson.build tox.ini
noxfile.py AGENTS.md AGENT.md CLAUDE.md CLAUDE.local.md GEMINI.md QWEN.md CONVENTIONS.md .cursorrules .windsurfrules
.clinerules .goosehints .github/copilot-instructions.md .github/instructions/ .github/prompts/ .claude/ .cursor/
.windsurf/ .continue/ .codex/ .gemini/ .aider* .mcp.json mcp.json .vscode/ .idea/ .devcontainer/ .zed/ llms.txt
.gitattributes .gitignore .git-blame-ignore-revs CODEOWNERS
"""

_DEPS = """
requirements*.txt requirements*.in requirements/*.txt requirements/*.in **/requirements/*.txt constraints*.txt
pyproject.toml setup.py setup.cfg Pipfile Pipfile.lock poetry.lock uv.lock pdm.lock pylock.toml pylock.*.toml
conda-lock.yml environment.yml environment.yaml pixi.toml pixi.lock package.json package-lock.json
npm-shrinkwrap.json yarn.lock pnpm-lock.yaml pnpm-workspace.yaml bun.lock bun.lockb deno.lock bower.json .npmrc
.yarnrc .yarnrc.yml .pnpmfile.cjs .yarn/ Cargo.toml Cargo.lock rust-toolchain rust-toolchain.toml .cargo/ go.mod
go.sum go.work go.work.sum vendor/modules.txt pom.xml build.gradle build.gradle.kts settings.gradle
settings.gradle.kts gradle.lockfile gradle.properties libs.versions.toml gradle/wrapper/ **/gradle/wrapper/**
gradlew gradlew.bat mvnw mvnw.cmd .mvn/ ivy.xml build.sbt project/plugins.sbt project/build.properties Gemfile
Gemfile.lock gems.rb gems.locked *.gemspec .bundle/ composer.json composer.lock packages.config packages.lock.json
*.csproj *.fsproj *.vbproj Directory.Packages.props Directory.Build.props nuget.config global.json
paket.dependencies paket.lock mix.exs mix.lock rebar.config rebar.lock pubspec.yaml pubspec.lock Podfile
Podfile.lock Cartfile Cartfile.resolved Package.swift Package.resolved conanfile.txt conanfile.py vcpkg.json
stack.yaml stack.yaml.lock cabal.project *.cabal deps.edn project.clj flake.nix flake.lock shell.nix default.nix
.tool-versions .python-version .node-version .nvmrc .ruby-version .java-version mise.toml .mise.toml MODULE.bazel
MODULE.bazel.lock WORKSPACE WORKSPACE.bazel Brewfile Brewfile.lock.json apt.txt packages.txt
"""

_SCHEMA = """
migrations/ /migrate/ **/db/migrate/** alembic/ alembic.ini **/db/schema.rb **/db/structure.sql schema.prisma
schema.sql *.ddl flyway/ V[0-9]*__*.sql U[0-9]*__*.sql R__*.sql liquibase/ **/liquibase/** db.changelog*
**/db/changelog/** **/Migrations/*.cs *.migration.sql *.up.sql *.down.sql atlas.hcl knexfile.js knexfile.ts drizzle/
ormconfig.json sqitch.plan **/priv/repo/**
"""

_CI = """
**/.github/workflows/** **/.github/actions/** .github/dependabot.yml .github/dependabot.yaml .gitlab-ci.yml
.gitlab-ci.yaml *.gitlab-ci.yml .gitlab/ .circleci/ .travis.yml .travis.yaml azure-pipelines.yml
azure-pipelines*.y*ml .azure-pipelines/ .azuredevops/ Jenkinsfile Jenkinsfile.* *.jenkinsfile
bitbucket-pipelines.yml .buildkite/ .drone.yml .drone.star .drone.jsonnet .woodpecker/ .woodpecker.yml
.woodpecker.yaml appveyor.yml .appveyor.yml .cirrus.yml .cirrus.star .semaphore/ .teamcity/ buildspec.yml
buildspec*.y*ml cloudbuild.yaml cloudbuild.yml cloudbuild*.json .gitea/workflows/ .forgejo/workflows/ .sourcehut/
.builds/ .build.yml .ci/ wercker.yml codefresh.yml .pre-commit-config.yaml .pre-commit-config.yml
.pre-commit-hooks.yaml .husky/ lefthook.yml .lefthook.yml .githooks/ .hooks/ dagger.json .tekton/ .harness/
.screwdriver.yaml screwdriver.yaml bamboo-specs/ .goreleaser.yml .goreleaser.yaml .releaserc .releaserc.*
release-please-config.json
"""

_INFRA = """
*.tf *.tfvars *.tf.json *.hcl *.tfstate *.tfstate.backup .terraform.lock.hcl *.tofu terraform/ Dockerfile
Dockerfile.* *.dockerfile Containerfile Containerfile.* .dockerignore docker-compose*.y*ml compose.y*ml
compose.*.y*ml docker-bake.hcl k8s/ kubernetes/ /manifests/ helm/ /charts/ Chart.yaml kustomization.y*ml
skaffold.y*ml Tiltfile helmfile.y*ml ansible/ playbook.y*ml ansible.cfg Vagrantfile *.pkr.hcl Pulumi.yaml
Pulumi.*.yaml serverless.y*ml samconfig.toml template.y*ml cdk.json *.bicep *.bicepparam cloudformation/ /infra/
/infrastructure/ /deploy/ /deployment/ /deployments/ /ops/ .platform/ .ebextensions/ Procfile app.json app.yaml
app.yml fly.toml vercel.json netlify.toml wrangler.toml wrangler.json wrangler.jsonc render.yaml railway.json
railway.toml firebase.json .firebaserc appspec.yml nginx.conf nginx/ *.service *.timer *.socket prometheus.y*ml
*.nomad
"""

_KEYS = """
.env .env.* *.env .envrc *.pem *.key *.p12 *.pfx *.jks *.keystore *.ppk *.kdbx *.asc *.gpg id_rsa id_dsa id_ecdsa
id_ed25519 id_*_sk .netrc _netrc .pgpass .my.cnf .pypirc .htpasswd .git-credentials .dockercfg .docker/config.json
**/.docker/config.json .aws/ .ssh/ .gnupg/ .kube/ kubeconfig credentials credentials.json credentials.y*ml
secrets.json secrets.y*ml secrets.toml secrets.env secret.y*ml .secrets .secrets/ secrets/ client_secret*.json
service-account*.json service_account*.json *.tfvars.secret master.key credentials.yml.enc vault.y*ml .vault-token
.azure/ gcloud/ .config/gcloud/ **/.config/gcloud/** .boto .s3cfg *.ovpn *.secret
"""

_GOVERNANCE = ".orion/ .orion aegis.y*ml"

_UNLESS: Mapping[ActionClass, str] = MappingProxyType(
    {
        # The public half of a key, a template without values, and source code about secrets hold none.
        ActionClass.SECRET_READ: """
            .env.example .env.sample .env.template .env.dist .env.defaults *.env.example *.env.sample *.env.template
            *.pub.pem example.env sample.env template.env *.py *.ts *.tsx *.js *.go *.rs *.java *.kt *.rb *.php *.cs
            *.md *.rst *.html
        """,
        # Texts by their ending, but machinery or instructions by what they do.
        ActionClass.DOCS_WRITE: """
            CMakeLists.txt robots.txt AGENTS.md AGENT.md CLAUDE.md CLAUDE.local.md GEMINI.md QWEN.md CONVENTIONS.md
            **/.github/copilot-instructions.md **/.github/instructions/** **/.github/prompts/** .claude/ .cursor/
            .windsurf/ .continue/ .codex/ .gemini/ .devcontainer/ llms.txt
        """,
        # Words about migrations and servers are words.
        ActionClass.SCHEMA_CHANGE: "*.md *.rst",
        ActionClass.INFRA_CHANGE: "*.md *.rst",
    }
)


def _entry(action: ActionClass, rank: int, phrase: str, paths: str = "") -> ClassEntry:
    unless = tuple(_UNLESS.get(action, "").split())
    return ClassEntry(action, rank, phrase, tuple(paths.split()), COMMANDS.get(action, ()), unless)


CLASSES: Mapping[ActionClass, ClassEntry] = MappingProxyType(
    {
        entry.action: entry
        for entry in (
            _entry(ActionClass.CODE_READ, 0, "read files"),
            _entry(ActionClass.TESTS_RUN, 1, "run the tests"),
            _entry(ActionClass.CODE_WRITE, 2, "change code"),
            _entry(ActionClass.GIT_BRANCH, 3, "commit and branch inside the session"),
            _entry(ActionClass.COMMAND_RUN, 4, "run commands"),
            _entry(ActionClass.CONFIG_WRITE, 5, "change configuration", _CONFIG),
            _entry(ActionClass.DOCS_WRITE, 6, "change documentation", _DOCS),
            _entry(ActionClass.TESTS_WRITE, 7, "change tests", _TESTS),
            _entry(ActionClass.FILE_DELETE, 8, "delete files"),
            _entry(ActionClass.SCHEMA_CHANGE, 9, "change the database schema", _SCHEMA),
            _entry(ActionClass.DEPS_CHANGE, 10, "change dependencies", _DEPS),
            _entry(ActionClass.NETWORK_REQUEST, 11, "use the network"),
            _entry(ActionClass.INFRA_CHANGE, 12, "change infrastructure", _INFRA),
            _entry(ActionClass.CI_CHANGE, 13, "change CI workflows", _CI),
            _entry(ActionClass.GIT_MERGE, 14, "merge or push"),
            _entry(ActionClass.SECRET_READ, 15, "touch files that hold secrets", _KEYS),
            _entry(ActionClass.DEPLOY, 16, "deploy or publish"),
            _entry(ActionClass.REPO_DELETE, 17, "delete the repository or its history"),
            _entry(ActionClass.GOVERNANCE_CHANGE, 18, "change its own rules", _GOVERNANCE),
        )
    }
)
