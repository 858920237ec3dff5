# Every target sources setup/env.sh, which puts the project's tools on PATH and prints nothing. Results go to stdout,
# everything else to stderr. Values given to make reach the commands through the environment unchanged: no shell and no
# second expansion by make reads them.
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
COMMANDS := deploy apply rollback migrate downgrade smoke checklist status sync empty-idle pause open unblock prove-downgrade review approve notify-guardians drill restore playbook incident stabilize notify postmortem report audit-verify flag

.PHONY: help setup doctor test lint-migrations prove-migrations rehearse rehearsal-up rehearsal-down bench lint format lock preview drift cluster-access new-release changes propose $(COMMANDS)

##@ Start
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '%s\n' '' 'Commands take STACK= (default prod), JSON=1 (one JSON object on stdout); those that change something take DRY_RUN=1.' \
	  'A check is overridden with OVERRIDE=<check> REASON="..." ACTOR=<name>. YES=1 answers the questions of destructive commands.' \
	  'EPHEMERAL=1 on a machine that is gone afterwards, such as a runner: what cannot be delivered waits in the stack'\''s queue.'
setup: ## Install what is missing (make test and make rehearse do so too)
	@$(run) setup/all.sh
doctor: ## Show what was found on this machine, what is missing, and how to get it
	@$(run) setup/doctor.sh

##@ A release
checklist: ## Run only the checklist of VERSION=
deploy: ## Release VERSION= through checklist, migration, canary, promotion and validation
apply: ## Apply the stack file as it is: config, one legal step, or a reverted file as a rollback
migrate: ## Run only the migration of VERSION=
prove-downgrade: ## Take STACK='s own database down to the previous release (or VERSION=) and up again, before prod takes the revision
status: ## Show what runs where, with which weight, and who holds the stack
smoke: ## Run the smoke tests on live traffic, or on SLOT= through its test rule
flag: ## Change who has the flag NAME=: PERCENTAGE=, ROLES=, COHORTS=; hold it off: HOLD=on|off
empty-idle: ## Empty the slot that is not live
sync: ## Write the stack's newest release into the stack file of this working copy

##@ When it goes wrong
playbook: ## Show the steps of docs/playbook.md with the real state filled in, and the next command
incident: ## Open an incident (TICKET= TITLE=), move INCIDENT= to STATE= with REASON=, or list the open ones
stabilize: ## Switch off and hold the flags of INCIDENT=; CAUSE=migration pauses traffic too
notify: ## Notify people about INCIDENT= as it stands; AUDIENCE=stakeholders,on-call,guardians
rollback: ## Roll back to VERSION= or UPDATE= of stack history; DATABASE=auto|keep|downgrade, LOSS=<revision>:<rows>
pause: ## Answer every request with the fixed 503
open: ## Send requests to the application again
downgrade: ## Take the database down to REVISION=
unblock: ## Take DIGEST= off the list of refused digests, with REASON= and ACTOR=

##@ A change that cannot be undone
approve: ## Approve CHANGE=<revision|vault-lock> with REASON=; WINDOW=<from>/<to> EXPIRES=
notify-guardians: ## Tell guardians of the approved CHANGE=; TEXT= TEXT_AR=

##@ Records
postmortem: ## Write the post-mortem of INCIDENT=, with times, impact, timeline and differences filled in
report: ## Write the report of VERSION= or INCIDENT= as one HTML file, with charts; OUT=<file>
audit-verify: ## Check that the audit trail is whole; name what was changed, removed or inserted

# Commands for an incident install nothing; those that start a release do.
deploy migrate: setup-commands
setup-commands: ## Install what the commands need, before a shift; deploy and migrate do so themselves
	@$(run) setup/commands.sh
.PHONY: setup-commands
$(COMMANDS):
	@$(script) cli/main.ts $@
# Old names, for one release; the command says its new one.
.PHONY: settle allow
settle allow:
	@$(script) cli/main.ts $@

##@ Backups
drill: ## Prove that the database can be restored to a point in time, on a copy; AT= a time in the past
restore: ## Restore to TO=<time> beside the live database, and compare; REMOVE=<copy> ends one

##@ Rehearsal: everything on this machine
rehearse: setup ## Run the scenarios; SCENARIO=<name>|all
	@$(script) rehearsal/harness/main.ts run --scenario "$${SCENARIO:-}"
rehearsal-up: setup ## Leave a rehearsal running; next: . .rehearsal/env
	@$(script) rehearsal/harness/main.ts up
rehearsal-down: ## End the rehearsal
	@$(script) rehearsal/harness/main.ts down

##@ Revisions of the schema
review: ## Record that REVISION= was read: shows its SQL and the lint, asks
lint-migrations: setup ## Check each revision, up and down, with squawk and our own rules; REVISION= for one of them
	@$(run) python -m migrations.check lint
# The example's releases are folders. An adopter sets how to start an image, e.g. by docker run (docs/migrations.md), and
# then needs none of these.
ifndef PROOF_START
prove-migrations: export PROOF_RELEASES ?= .rehearsal/proof/releases
prove-migrations: export PROOF_START = env -C .rehearsal/proof/images/{hex} python -m school.web
prove-migrations: example-images
endif
.PHONY: example-images
example-images: setup
	@$(script) rehearsal/harness/main.ts images .rehearsal/proof 1>&2
prove-migrations: setup ## Run each revision up, up again, down and up on a real database; REVISION= for one of them
	@$(run) python -m migrations.check prove

##@ In CI, by .github/workflows
preview: setup-commands sync ## Show what pulumi up would change on STACK=, with the policy pack
	@$(pulumi_preview) --diff
drift: setup-commands sync ## Fail if the cloud differs from STACK='s config
	@$(pulumi_preview) --refresh --expect-no-changes
cluster-access: ## Get credentials for EKS_CLUSTER=, by the AWS role of this shell
	@$(run) aws eks update-kubeconfig --name "$${EKS_CLUSTER:?is missing}" 1>&2
new-release: ## Print the version whose release record was added since the commit SINCE=
	@$(run) .ci/new-release
changes: ## Write a command's changes to the stack file into the patch OUT=
	@$(run) .ci/changes
propose: ## Open a pull request with the patch CHANGES=
	@$(run) .ci/propose

##@ Development
test: setup ## Run everything: types, lint, unit, components, engine, Python; PARTS="types unit" for some of it
	@$(script) test/runner/run.ts
lint: setup ## Run only the static checks
	@PARTS=static; export PARTS; $(script) test/runner/run.ts
format: setup ## Format TypeScript, JSON, YAML, Markdown and Python
	@$(run) node_modules/.bin/prettier --log-level warn --write . 1>&2
	@$(run) ruff format --quiet . 1>&2
bench: setup ## Measure; writes bench/results/<name>.json; BENCH=audit|drill|gate|migrations|policies|preview for one of them
	@$(script) bench/main.ts "$${BENCH:-}"
lock: setup ## Resolve requirements/*.in again
	@$(run) setup/lock.sh
