"""Command patterns of each action class; the rules of the notation stand in `classes.py`."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.vocabulary.actions import ActionClass

if TYPE_CHECKING:
    from collections.abc import Mapping

_READ = """
git status|diff|log|show|ls-files|ls-tree|blame|grep; git rev-parse|describe|shortlog|cat-file
git rev-list|merge-base|name-rev|whatchanged; git check-ignore|check-attr|for-each-ref|show-ref|count-objects|fsck
git version|help|diff-tree|diff-index|var|cherry|range-diff; git branch --list; git branch --show-current
git branch -a; git branch -v; git stash list|show; git remote -v; git remote show; git tag -l; git tag --list
git config --get; git config --list; git config -l; git config get|list; git reflog; git worktree list
git config --get-all; git config --get-regexp; pwd; ls; tree; which; type; whoami; id; uname; date; hostname; env
printenv; locale; nproc; df; du; ps; free; uptime; echo; printf; true; false; :; test; [; sleep; wait; seq; basename
dirname; realpath; readlink; stat; file; expr; let; exit; return; set; shift; break; continue; getopts; read; export
unset; local; declare; typeset; readonly; cd; pushd; popd; umask; hash; jobs; fg; bg; ulimit; clear; tty; cal; bc
tput; stty; history; shopt; arch; lscpu; groups; logname; man; kill; wc; cmp; diff; comm; cut; sort; uniq; tr; rev
fold; fmt; paste; join; column; nl; tac; md5sum; sha1sum; sha256sum; sha512sum; cksum; b2sum; od; xxd; hexdump
base64; base32; strings; jq; yq; grep; egrep; fgrep; rg; ag; ack; cat; head; tail; less; more; bat; awk; gawk; mawk
nawk; sed; find; fd; fdfind; cloc; tokei; scc; look; yes; pip list|show|freeze|check; pip3 list|show|freeze|check
npm ls|list|outdated|root|prefix|pkg; yarn list|why; pnpm ls|list|why; cargo tree|metadata; go list|env|version|doc
bundle list|show; gem list; composer show; poetry show|check; uv tree
terraform fmt|validate|version|show|output|providers|graph; tofu fmt|validate|version|show
helm lint|template|version; kubectl version|explain|kustomize; docker version|images|ps
docker compose config|ls|version; git clean -n; git clean --dry-run; go mod graph|why|verify; act -l
act --list; npx --version
"""

_TESTS = """
pytest; py.test; tox; nox; nosetests; nose2; unittest; coverage run|report|html|xml|combine|erase; trial; green
doctest; behave; robot; npm test|t|tst; npm run test; npm run test:*; npm run-script test; yarn test; yarn test:*
yarn run test; pnpm test|t; pnpm run test; pnpm test:*; bun test; bun run test; deno test; jest; vitest; mocha; ava
karma; jasmine; tap; cypress run; playwright test; c8; nyc; cargo test|nextest|bench; go test; mvn test|verify
./mvnw test|verify; mvnw test|verify; gradle test|check; gradlew test|check; rspec; rake test|spec; rails test
minitest; bundle exec rspec; phpunit; pest; composer test; artisan test; dotnet test; vstest; mix test; flutter test
dart test; swift test; ctest; sbt test; lein test; cabal test; stack test; bats; shellspec; prove; busted; zig test
python manage.py test; django-admin test; hatch test; pdm test; bazel test; buck test; meson test; xcodebuild test
node --test
"""

_BRANCH = """
git commit|add|branch|switch|checkout|tag|stash|reset|restore|mv
git rebase|cherry-pick|revert|init|notes|bisect|worktree|rm|am|apply
git sparse-checkout|update-index|write-tree|commit-tree|read-tree|symbolic-ref
git bundle|archive|format-patch|gc|maintenance|remote; git merge --abort; git config user.name|user.email
git config --local user.name|user.email; hg commit|branch|update; jj new|commit
"""

_MERGE = """
git merge|pull|push|send-pack|request-pull|merge-file|svn; gh pr merge|close|edit|review; glab mr merge|close
git subtree push|pull|merge; hub merge|push|pull-request; hg push|merge; jj git push; svn commit|ci
git merge-base --fork; git flow; git p4 submit; tea pr merge; git-push; git-merge; git-pull; gh api; arc land
repo upload; git review
"""

_DEPS = """
pip install|uninstall|download|wheel; pip3 install|uninstall|download|wheel; pipx install|uninstall|upgrade|inject
uv add|remove|sync|lock; uv pip install|uninstall|sync|compile; uv tool install; uvx
poetry add|remove|install|update|lock|self; pdm add|remove|install|update|lock|sync
pipenv install|uninstall|update|lock|sync; conda install|remove|update|create|env
mamba install|remove|update|create; easy_install; pip-compile; pip-sync; rye add|remove|sync|lock; hatch env
pixi add|remove|install|update; npm install|i|add|ci|uninstall|un|remove|rm|r|update
npm up|upgrade|dedupe|audit|link; npm rebuild|init|create|clean-install|install-test|it; yarn .
yarn add|remove|install|upgrade|up|dlx|global|create|import
pnpm add|remove|rm|install|i|update|up|dlx|import|link|create; bunx; bun add|remove|install|update|create
deno add|remove|install; corepack; ncu; bower install|update; jspm install; volta install|pin; nvm install|use
fnm install|use; cargo add|remove|rm|install|uninstall|update|fetch|generate-lockfile|upgrade; rustup
go get|install|mod; go work; bundle install|update|add|remove|lock; gem install|uninstall|update
bundler install|update; composer require|remove|install|update|global|create-project
dotnet add|remove|restore|tool|workload; nuget install|restore|update; mvn dependency:*; mvn versions:*
gradle dependencies; gradle wrapper; gradlew wrapper; mix deps.get|deps.update; mix archive.install
mix deps.unlock|local.hex; rebar3 upgrade; pub get|add|upgrade; dart pub; flutter pub; pod install|update
carthage update|bootstrap; swift package update|resolve; conan install; vcpkg install|remove; stack install|update
cabal install|update; luarocks install; opam install|upgrade; nix-env; nix profile|develop|shell|run|flake; brew
apt; apt-get; aptitude; dpkg; apk; yum; dnf; apt install|remove|purge|update|upgrade
apt-get install|remove|purge|update|upgrade; brew install|uninstall|update|upgrade; apk add|del
dnf install|remove|update; yum install|remove|update; pacman; zypper; snap; flatpak; port; choco; scoop; winget
asdf install|plugin|local|global; mise install|use; cpan; cpanm; tlmgr; helm dependency|repo; pre-commit autoupdate
Rscript -e; ansible-galaxy; playwright install; easy-install; virtualenv --download; krew install
"""

_SCHEMA = """
alembic upgrade|downgrade|revision|stamp|merge|init; flask db
django-admin migrate|makemigrations|flush|sqlmigrate|squashmigrations
python manage.py migrate|makemigrations|flush|squashmigrations|reset_db
manage.py migrate|makemigrations|flush|squashmigrations; aerich migrate|upgrade|downgrade; piccolo migrations
yoyo apply|rollback; rails db:*; rake db:*; bin/rails db:*; rails generate migration; rails g migration
prisma migrate|db; knex migrate:*; knex seed:*; sequelize db:*; sequelize-cli db:*; typeorm migration:*
typeorm schema:*; drizzle-kit push|generate|migrate|drop|up; mikro-orm migration:*; mikro-orm schema:*; flyway
liquibase; migrate; goose; dbmate; atlas migrate|schema; sqlx migrate|database; diesel migration|database|setup
sea-orm-cli migrate; refinery migrate; artisan migrate; artisan migrate:*; php artisan migrate
php artisan migrate:*; php artisan db:*; php artisan make:migration; artisan make:migration
doctrine:migrations:migrate; bin/console doctrine:*
php bin/console doctrine:*; phinx migrate|rollback|create; dotnet ef; ef migrations|database; mix ecto.*
sqitch deploy|revert|rework|add; db-migrate; umzug; hasura migrate; createdb; dropdb; pg_restore; initdb; mysqladmin
supabase db|migration; wrangler d1; bytebase; skeema push; gh-ost; pt-online-schema-change
"""

_INFRA = """
docker; docker build|run|pull|push|login|exec|create; docker-compose
docker compose; docker compose up|down|pull|push|run|exec|build|start|restart; podman; podman build|run|pull|push
podman-compose; nerdctl; ctr; crictl; buildah; lxc; lxd
vagrant up|destroy|provision; minikube; kind; k3d; systemctl; service; crontab; at; batch; launchctl; update-rc.d
chkconfig; iptables; nft; ufw; firewall-cmd; ip; ifconfig; route; sysctl; mount; umount; modprobe; insmod; useradd
userdel; usermod; groupadd; passwd; chpasswd; visudo; swapon; losetup; mkfs; mkfs.*; fdisk; parted; reboot; shutdown
halt; poweroff; init; terraform import|taint|untaint|state|workspace; tofu import|state; packer build; multipass
"""

_NETWORK = """
curl; wget; http; https; httpie; xh; aria2c; axel; lynx; w3m; links; nc; ncat; netcat; socat; telnet; ssh; scp; sftp
ftp; lftp; rclone; mosh; ping; traceroute; dig; nslookup; host; whois; nmap; masscan; tcpdump; openssl s_client
ngrok; cloudflared; tailscale; autossh; sshfs; ssh-copy-id
git fetch|clone|ls-remote|pull|push|send-email; git archive --remote; git remote update; git submodule update
git lfs fetch|pull|push; svn checkout; hg clone|pull|push; gh; glab; hub; tea; terraform init|plan|refresh|login|get
terraform; tofu init|plan; tofu; terragrunt; pulumi preview|login; pulumi; kubectl; oc; helm; k9s; aws; gcloud
gsutil; bq; az; doctl; linode-cli; ibmcloud; oci; heroku; flyctl; fly; vercel; netlify; wrangler; firebase; railway
render; surge; npm search|view|info|login|adduser|ping|whoami|token|access|owner; npm audit; yarn npm
pip search|index; cargo search|login; docker pull|login|search; docker run|build|push; docker compose pull|up
podman pull|login|push; skopeo; crane; oras; psql; mysql; mariadb; mongo; mongosh; redis-cli; sqlcmd; cqlsh
clickhouse-client; influx; mail; mailx; sendmail; mutt; swaks; msmtp; irssi; slack; vault; op; bw
pip install|download; pip3 install|download; npm install|i|add|ci|update; yarn .; yarn add|install|upgrade|dlx
pnpm add|install|i|update|dlx; bunx; poetry add|install|update; uv add|sync; uv pip install; uvx; pipx install|run
cargo add|install|fetch|update; go get|install; gem install; bundle install|update; composer require|install|update
apt install|update|upgrade; apt-get install|update|upgrade; brew install|update|upgrade; apk add; dnf install
yum install; conda install|create|update; rustup; huggingface-cli; kaggle; dvc pull|push; ollama pull; yt-dlp; s3cmd
ollama; ssh-keyscan; rsync --daemon; adb; fastboot; playwright install; ansible-galaxy install; wscat; websocat
grpcurl; ab; wrk; hey; k6; vegeta
"""

_DEPLOY = """
terraform apply|destroy; tofu apply|destroy; terragrunt apply|destroy|run-all; terraform workspace delete
terraform state rm|push|mv; pulumi up|destroy; pulumi update|import|refresh|cancel; cdktf deploy|destroy
cdk deploy|destroy|bootstrap; cdk import|rollback; sam deploy|delete|sync; copilot deploy; serverless deploy|remove
sls deploy|remove; ansible; ansible-playbook; ansible-pull; salt; salt-ssh; puppet apply|agent; chef-client; knife
nixops; kubectl apply|create|delete|patch|replace|scale|rollout|set|edit|run
kubectl expose|drain|cordon|uncordon|taint; kubectl label|annotate|autoscale|exec|cp|debug
kubectl attach|port-forward|proxy|certificate|evict
oc apply|create|delete|patch|rollout|new-app|start-build|adm|exec|scale; kustomize edit
helm install|upgrade|uninstall|delete|rollback|push|test; helmfile apply|sync|destroy; skaffold run|deploy|delete
tilt up; argocd app; flux; kapp deploy|delete; werf converge; garden deploy; okteto deploy|up; nomad run|job
consul kv; waypoint up; aws * create-*|delete-*|put-*|update-*|run-*|terminate-*|start-*|stop-*
aws * deploy*|invoke*|modify-*|attach-*; aws * detach-*|send-*|register-*|remove-*|publish*
aws s3 cp|sync|mv|rm|rb|mb; aws cloudformation deploy; aws lambda invoke; gcloud * deploy; gcloud deploy
gcloud app|run|functions deploy; gcloud builds submit
gcloud * * create|delete|update|set|deploy|start|stop|add-iam-policy-binding; gcloud * create|delete|update
gsutil cp|rm|mv|rsync|rb|mb; az * create|delete|update|deploy|start|stop|up
az * * create|delete|update|deploy|start|stop|up; az webapp up|deploy; az deployment; doctl * * create|delete
doctl apps create|update|delete; heroku create|destroy|restart|run|releases:rollback
heroku container:release|ps:scale|config:set|apps:destroy|pg:reset
flyctl deploy|launch|scale|destroy|apps|secrets|machine; fly deploy|launch|scale|destroy|apps|secrets|machine
vercel; vercel deploy|promote|rollback|remove; vercel --prod; netlify deploy; netlify env:set
wrangler deploy|publish|delete|rollback|secret; wrangler pages deploy; firebase deploy; railway up|deploy|down
surge; render deploy; eb deploy|create|terminate; cap deploy; cap production deploy; cap * deploy; mina deploy
fab deploy; dokku; caprover deploy; kamal; capistrano; shipit; now; ecs deploy; ecs-cli; chalice deploy|delete
zappa deploy|update|undeploy; up deploy; modal deploy; dagger call; act
npm publish|unpublish|deprecate|dist-tag|version; yarn publish; yarn npm publish; pnpm publish; bun publish
lerna publish|version; changeset publish; semantic-release; release-it; np; standard-version; deno publish
jsr publish; vsce publish; ovsx publish; twine upload; poetry publish; uv publish; flit publish; hatch publish
pdm publish; python setup.py upload|register; maturin publish|upload; cargo publish|yank|owner; cargo release
gem push|yank|owner; rake release; mvn deploy|release:*|site-deploy; mvn release:perform
gradle publish|publishToMavenCentral|uploadArchives|deploy
gradlew publish|publishToMavenCentral|uploadArchives|deploy; sbt publish; dotnet publish --push
dotnet nuget push|delete; nuget push|delete; docker push; docker stack deploy|rm
docker build --push; docker buildx build|bake --push; podman build --push; docker image push; docker manifest push
docker service create|update|rm|scale; docker compose push; podman push; skopeo copy|delete|sync; crane push|copy
oras push; ko apply|publish|resolve; goreleaser; goreleaser release; fastlane; xcrun altool|notarytool; pod trunk
mix hex.publish; dart pub publish; flutter pub publish; gh release create|delete|edit|upload
gh workflow run|enable|disable; gh run rerun|cancel; gh secret|variable; glab release create; glab ci run; gh api -X
mkdocs gh-deploy; mike deploy; gh-pages; ghp-import; hugo deploy; jekyll deploy; npm run deploy; npm run deploy:*
npm run release; npm run publish; yarn deploy; yarn release; yarn run deploy; pnpm deploy; pnpm run deploy
make deploy|release|publish|upload|deploy-*|prod; make terraform-apply|apply; just deploy|release|publish
task deploy|release|publish; rake deploy; invoke deploy; nox -s release; eas submit|update; expo publish; ipfs add
circleci run; jenkins build; spin deploy; cf push|delete; ibmcloud app push; oc new-app; databricks * deploy
ng deploy; nx deploy|release; turbo deploy; ng run *:deploy; nx run *:deploy
"""

_DELETE = """
git clean
"""

_REPO = """
git filter-branch|filter-repo; git push --force; git push -f; git push --mirror; git push --delete
git push -d; git reflog expire|delete; git prune; git push --force-with-lease; git update-ref -d
gh repo delete|archive|rename|edit; glab repo delete|archive; glab project delete; bfg; git gc --prune=now
git gc --prune=all; git-filter-repo; hub delete; git push --prune; tea repo delete; git replace
"""

_KEYS = """
gpg --export-secret-keys; gpg --export-secret-key; security find-generic-password; security find-internet-password
pass show; secret-tool lookup; aws secretsmanager get-secret-value; aws ssm get-parameter; aws ssm get-parameters
aws configure get|export-credentials; vault read|kv; gcloud secrets versions; gcloud auth print-access-token
az keyvault secret; kubectl get secret|secrets; kubectl describe secret|secrets; heroku config; op read|item; bw get
gh auth token; git credential fill; git credential; sops -d; sops --decrypt; ansible-vault decrypt|view
doppler secrets; infisical secrets; chamber read|exec; aws sts get-session-token; npm token; ssh-add -L; keyring get
docker secret; fly secrets
"""

_GOVERNANCE = """
orion approve|deny|promote|role|auth|setup|undo|resume|work|reject; orion config|audit|settings|rollback|queue
orion cancel|serve|unlock|reset|review|playbook; orion; orion-tui; orion_tui; ara; aegis
"""


def _patterns(text: str) -> tuple[str, ...]:
    out: list[str] = []
    for line in text.strip().splitlines():
        out.extend(part.strip() for part in line.split(";") if part.strip())
    return tuple(out)


COMMANDS: Mapping[ActionClass, tuple[str, ...]] = MappingProxyType(
    {
        ActionClass.CODE_READ: _patterns(_READ),
        ActionClass.TESTS_RUN: _patterns(_TESTS),
        ActionClass.GIT_BRANCH: _patterns(_BRANCH),
        ActionClass.FILE_DELETE: _patterns(_DELETE),
        ActionClass.GIT_MERGE: _patterns(_MERGE),
        ActionClass.DEPS_CHANGE: _patterns(_DEPS),
        ActionClass.SCHEMA_CHANGE: _patterns(_SCHEMA),
        ActionClass.INFRA_CHANGE: _patterns(_INFRA),
        ActionClass.NETWORK_REQUEST: _patterns(_NETWORK),
        ActionClass.DEPLOY: _patterns(_DEPLOY),
        ActionClass.REPO_DELETE: _patterns(_REPO),
        ActionClass.SECRET_READ: _patterns(_KEYS),
        ActionClass.GOVERNANCE_CHANGE: _patterns(_GOVERNANCE),
    }
)
