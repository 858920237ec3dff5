# Every target sources setup/env.sh, which puts the project's tools on PATH and prints nothing. Results go to stdout,
# everything else to stderr. Values given to make reach the commands through the environment, as they are: no shell and
# no second expansion by make reads them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory --no-builtin-rules
.NOTPARALLEL:
.DEFAULT_GOAL := help

VALUES := STACK VERSION UPDATE REVISION DATABASE LOSS DIGEST SLOT SCENARIO AT TO REMOVE OVERRIDE REASON ACTOR JSON DRY_RUN YES EPHEMERAL CHANGE WINDOW EXPIRES TEXT TEXT_AR STATE TITLE TICKET ROOT_CAUSE ACTION OWNER DUE PARTS BENCH NAME PERCENTAGE ROLES COHORTS HOLD INCIDENT SOURCE CAUSE AUDIENCE OUT SINCE CHANGES
$(foreach v,$(VALUES),$(if $(filter-out undefined,$(origin $(v))),$(eval override $(v) := $$(value $(v)))$(eval export $(v))))

run := . setup/env.sh && exec
script := $(run) node --import tsx
stack = $${STACK:-prod}
pulumi_preview = $(run) pulumi preview --stack "$(stack)" --non-interactive --policy-pack policies
COMMANDS := deploy rollback migrate downgrade smoke checklist status sync settle pause open allow prove-downgrade review approve notify-guardians drill restore playbook incident stabilize notify postmortem report audit-verify flag

.PHONY: help setup doctor test lint-migrations prove-migrations rehearse rehearsal-up rehearsal-down bench lint format lock preview drift cluster-access new-release changes propose $(COMMANDS)

##@ Start
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '%s\n' '' 'Commands take STACK= (default prod), JSON=1 (one JSON object on stdout); those that change something take DRY_RUN=1.' \
	  'A check is overridden with OVERRIDE=<check> REASON="..." ACTOR=<name>. YES=1 answers the questions of destructive commands.' \
	  'EPHEMERAL=1 on a machine that is gone afterwards, as a pipeline has it: what cannot be delivered waits in the stack'\''s queue.'
setup: ## Install what is missing (make test and make rehearse do so too)
	@$(run) setup/all.sh
doctor: ## What was found on this machine, what is missing, how to get it
	@$(run) setup/doctor.sh

##@ A release
checklist: ## May this version be released? VERSION=
deploy: ## Release VERSION= through checklist, migration, canary, promotion and validation
migrate: ## Only the migration of VERSION=
prove-downgrade: ## Take STACK='s own database down to the release before (or VERSION=) and up again, before prod takes the revision
status: ## What runs where, with which weight; who holds the stack
smoke: ## Smoke tests on live traffic, or on SLOT= through its test rule
flag: ## Change who has the flag NAME=: PERCENTAGE=, ROLES=, COHORTS=; hold it off: HOLD=on|off
settle: ## Empty the slot that has no traffic
sync: ## Write the stack's newest release into the stack file of this working copy

##@ When it goes wrong
playbook: ## The steps of docs/playbook.md with the real state filled in, and the next command
incident: ## Open one with TICKET= TITLE=, take INCIDENT= to STATE= with REASON=, or list the open ones
stabilize: ## Switch the flags of INCIDENT= off and hold them; CAUSE=migration pauses traffic too
notify: ## Tell people of INCIDENT= as it stands; AUDIENCE=stakeholders,on-call,guardians
rollback: ## Back to VERSION= or UPDATE=, from stack history; DATABASE=auto|keep|downgrade, LOSS=<revision>:<rows>
pause: ## Answer every request with the fixed 503
open: ## Send requests to the application again
downgrade: ## Take the database down to REVISION=
allow: ## Take DIGEST= off the list of refused images, with REASON= and ACTOR=

##@ A change that cannot be undone
approve: ## Approve CHANGE=<revision|vault-lock> with REASON=; WINDOW=<from>/<to> EXPIRES=
notify-guardians: ## Tell guardians of the approved CHANGE=; TEXT= TEXT_AR=

##@ Records
postmortem: ## Write the post-mortem of INCIDENT=: times, impact, timeline and differences from the records
report: ## The story of VERSION= or INCIDENT= as one HTML file, with charts; OUT= where
audit-verify: ## Is the audit trail whole? Names what was changed, taken out or put in

# The commands of a night do not install anything; those that start a release do.
deploy migrate: setup-commands
setup-commands: ## What the commands need, before a shift; deploy and migrate install it themselves
	@$(run) setup/commands.sh
.PHONY: setup-commands
$(COMMANDS):
	@$(script) cli/main.ts $@

##@ Backups
drill: ## Prove that the database can be restored to a point in time, on a copy; AT= a time in the past
restore: ## Restore to TO=<time> beside the live database, and compare; REMOVE=<copy> ends one

##@ Rehearsal: all of it on this machine
rehearse: setup ## Run the scenarios; SCENARIO=<name>|all
	@$(script) rehearsal/harness/main.ts run --scenario "$${SCENARIO:-}"
rehearsal-up: setup ## Leave a rehearsal running; next: . .rehearsal/env
	@$(script) rehearsal/harness/main.ts up
rehearsal-down: ## End it
	@$(script) rehearsal/harness/main.ts down

##@ Revisions of the schema
review: ## Record that REVISION= was read: shows its SQL and the lint, asks
lint-migrations: setup ## squawk and our own rules on each revision, up and down; REVISION= for one of them
	@$(run) python -m migrations.check lint
# The example's releases are folders; an adopter says how to start an image, e.g. with docker run (docs/migrations.md), and then needs none of these.
ifndef PROOF_START
prove-migrations: export PROOF_RELEASES ?= .rehearsal/proof/releases
prove-migrations: export PROOF_START = env -C .rehearsal/proof/images/{hex} python -m school.web
prove-migrations: example-images
endif
.PHONY: example-images
example-images: setup
	@$(script) rehearsal/harness/main.ts images .rehearsal/proof 1>&2
prove-migrations: setup ## Up, up again, down, up of each revision on a real database; REVISION= for one of them
	@$(run) python -m migrations.check prove

##@ In CI, by .github/workflows
preview: setup-commands sync ## What pulumi up would change on STACK=, with the policy pack
	@$(pulumi_preview) --diff
drift: setup-commands sync ## Is anything otherwise than STACK='s config says? Fails where it is
	@$(pulumi_preview) --refresh --expect-no-changes
cluster-access: ## Credentials for EKS_CLUSTER=, by the AWS role of this shell
	@$(run) aws eks update-kubeconfig --name "$${EKS_CLUSTER:?is missing}" 1>&2
new-release: ## The version whose release record came since the commit SINCE=
	@$(run) .ci/new-release
changes: ## What a command changed in the stack file, as the patch OUT=
	@$(run) .ci/changes
propose: ## Bring the patch CHANGES= back as a pull request
	@$(run) .ci/propose

##@ Development
test: setup ## Types, lint, unit, mocks, engine, Python; PARTS="types unit" for some of them
	@$(script) test/runner/run.ts
lint: setup ## Only the static checks
	@PARTS=static; export PARTS; $(script) test/runner/run.ts
format: setup ## Format TypeScript, JSON, YAML, Markdown and Python
	@$(run) node_modules/.bin/prettier --log-level warn --write . 1>&2
	@$(run) ruff format --quiet . 1>&2
bench: setup ## Measure; writes bench/results/<name>.json; BENCH=audit|drill|gate|migrations|policies|preview for one of them
	@$(script) bench/main.ts "$${BENCH:-}"
lock: setup ## Resolve requirements/*.in anew
	@$(run) setup/lock.sh
