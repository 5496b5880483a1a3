# badged: make help lists what there is. A fresh machine needs Go, make and git.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -X main.version=$(VERSION)
# Code with these tags is checked too; scripts/test.sh runs it.
TAGS := peers,print,browser,units,power,system,lab,cards,soak,manual,postgres,mail
FUZZTIME ?= 20s

.PHONY: help
help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: build
build: ## builds bin/badged, bin/badgectl and bin/badgehub
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

.PHONY: install-terminal
install-terminal: ## as root: installs bin/badged and bin/badgectl on this machine, with users and unit
	@scripts/install.sh terminal

.PHONY: install-hub
install-hub: ## as root: installs bin/badgehub on this machine, with its user and unit
	@scripts/install.sh hub

.PHONY: run
run: rig ## builds and starts the workbench: a hub, a print terminal and a door; Ctrl-C ends it
	@exec $(RIG) run

.PHONY: story
story: rig ## plays the way of a badge with the real processes, step by step; fails at the first wrong step
	@$(RIG) story

# The program of those who develop badged; no site installs it.
RIG := .cache/rig
.PHONY: rig
rig: build
	@CGO_ENABLED=0 go build -trimpath -o $(RIG) ./internal/rig

.PHONY: check
check: static unit ## the quick loop: build, tidy, vet, lint, gofmt, unit tests with few draws

.PHONY: static
static: build tidy vet lint fmt ## what make check does without running a test

.PHONY: tidy
tidy:
	go mod tidy -diff

.PHONY: vet
vet:
	go vet -tags $(TAGS) ./...

.PHONY: lint
lint:
	go tool staticcheck -tags $(TAGS) ./...

.PHONY: fmt
fmt:
	@wrong=$$(gofmt -l cmd enroll firmware internal keypad reader sync); \
	if [ -n "$$wrong" ]; then printf 'not as gofmt writes it:\n%s\n' "$$wrong"; exit 1; fi

.PHONY: unit
unit:
	@SHORT=1 scripts/test.sh unit

.PHONY: test
test: ## runs all suites; SUITES="unit story" runs some; as root it installs missing Debian packages
	@scripts/test.sh $(SUITES)

.PHONY: lab
lab: ## runs badged in virtual machines, with readers on USB and GPIO (docs/lab.md)
	@scripts/test.sh lab

.PHONY: soak
SEEDS ?= 100000
soak: ## runs the long matrices that make test has a part of: power cuts, cards, bad releases, SEEDS=100000 plays of a site
	go test -count=1 -timeout 2h -tags soak,cards -run Soak -v ./firmware/... ./cmd/badgectl
	scripts/lab.sh -tags lab,soak -run Soak
	go test -count=1 -timeout 24h -run TestPlays ./internal/rig/syncsim -seeds $(SEEDS)

.PHONY: bench
bench: rig ## measures, each against a yardstick in the same run; BENCH=path prints one family as JSON lines
	@$(RIG) bench $(if $(BENCH),$(BENCH) --json)

.PHONY: cross
cross: ## builds for all boards, without cgo, and holds the ARMv6 size to its budget
	@scripts/cross.sh '$(LDFLAGS)'

.PHONY: package
package: ## makes the Debian packages of badged, badgehub and badged-screen in dist/deb; ARCHS="amd64 armhf" makes some
	@scripts/package.sh '$(VERSION)' $(ARCHS)

.PHONY: apt
apt: ## makes a folder in dist/apt that apt installs from, signed; KEY=FINGERPRINT of gpg, URL=https://... where it will be
	@scripts/apt.sh '$(KEY)' $(URL)

BOARD ?= uefi-amd64
TRUST ?= badged.trust
KEY_RELEASE ?= release.key
SEQUENCE ?= $(shell git rev-list --count HEAD 2>/dev/null || echo 1)
EXPIRES ?= $(shell date -u -d '+1 year' +%F)
.PHONY: image
image: ## makes the system of a card in dist/release, from Debian's kernel; BOARD="uefi-amd64 uefi-arm64", TRUST=badged.trust
	@test -e '$(TRUST)' || { echo 'there is no $(TRUST): docs/update.md says how to make it, and the keys'; exit 1; }
	@scripts/image.sh '$(VERSION)' '$(abspath $(TRUST))' $(BOARD)

.PHONY: release
release: build image ## signs what make image made: dist/badged-VERSION.bundle; KEY_RELEASE=release.key, SEQUENCE, EXPIRES
	@bin/badgectl bundle make dist/release --version '$(VERSION)' --sequence '$(SEQUENCE)' --expires '$(EXPIRES)' \
		--trust '$(TRUST)' --key '$(KEY_RELEASE)' --out 'dist/badged-$(VERSION).bundle'

.PHONY: fuzz
fuzz: ## fuzzes every target for FUZZTIME (20s)
	@scripts/fuzz.sh $(FUZZTIME)

.PHONY: mutants
mutants: ## applies faults to the code one by one; a named test must notice each; MUTANTS=hub filters
	@go run ./internal/rig/mutants -only '$(MUTANTS)'

.PHONY: behaviours
behaviours: ## prints each statement of what badged must do with its tests and their results; ONLY=S2 some
	@go run ./internal/rig/behaviours -only '$(ONLY)'

FLAKY ?= 1000
PACKAGES ?= ./...
.PHONY: flaky
flaky: ## runs every test FLAKY (1000) times and prints those that did not always pass; PACKAGES="./reader/..." for some
	@go run ./internal/rig/flaky -n '$(FLAKY)' $(PACKAGES)

.PHONY: cover
cover: ## says how much of the code the unit tests reach
	@mkdir -p .cache
	go test -timeout 10m -coverpkg=./... -coverprofile=.cache/cover.out ./... >/dev/null
	@go tool cover -func=.cache/cover.out | tail -n 1
	@go tool cover -html=.cache/cover.out -o .cache/cover.html && echo 'line by line: .cache/cover.html'

.PHONY: clean
clean: ## removes what was built
	rm -rf bin dist .cache
