# One line a target. `make test` is all that a fresh machine needs: it installs
# what is missing (as root, by apt-get), runs every test, and says how many ran.

GO ?= go
export CGO_ENABLED ?= 0
FUZZTIME ?= 10s

.PHONY: all build test quick race vet fuzz lab-rootless exam bench

all: build
build: ; $(GO) build -trimpath -o bin/ulvs ./cmd/ulvs
test: ; ./.ci/test
quick: ; $(GO) test ./...
race: ; CGO_ENABLED=1 $(GO) test -race ./...
vet: ; $(GO) vet ./...
fuzz: ; ./.ci/fuzz $(FUZZTIME)
lab-rootless: build ; ./.ci/lab-rootless
exam: ; ./.ci/exam
bench: build ; ./bench/bulk
