#!/usr/bin/env bash
# A rate limiter in Go, four packages. Writes
#   go-passed.log                    go vet and go test, all is well
#   github-go-test-failed.log        two rows of a table test fail
#   go-build-failed.log              one package does not compile, the tests of the others pass

source "$(dirname "$0")/common.sh"
project throttle
mkdir -p bucket window store cmd/throttled

cat >go.mod <<'GO'
module northwind.example/throttle

go 1.22
GO
cat >bucket/bucket.go <<'GO'
// Package bucket limits by tokens.
package bucket

type Bucket struct {
	Size, Tokens int
}

func New(size int) *Bucket { return &Bucket{Size: size, Tokens: size} }

// Take takes n tokens, or none.
func (b *Bucket) Take(n int) bool {
	if n < 0 || n > b.Tokens {
		return false
	}
	b.Tokens -= n
	return true
}

// Fill adds n tokens, up to the size.
func (b *Bucket) Fill(n int) {
	b.Tokens = min(b.Size, b.Tokens+n)
}
GO
cat >bucket/bucket_test.go <<'GO'
package bucket

import "testing"

func TestTake(t *testing.T) {
	for _, c := range []struct {
		name string
		take []int
		want []bool
		left int
	}{
		{"nothing", []int{0}, []bool{true}, 10},
		{"some", []int{3, 4}, []bool{true, true}, 3},
		{"all", []int{10}, []bool{true}, 0},
		{"too many", []int{11}, []bool{false}, 10},
		{"too many at last", []int{6, 6, 4}, []bool{true, false, true}, 0},
		{"less than nothing", []int{-1}, []bool{false}, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := New(10)
			for i, n := range c.take {
				if got := b.Take(n); got != c.want[i] {
					t.Errorf("Take(%d) = %v, want %v", n, got, c.want[i])
				}
			}
			if b.Tokens != c.left {
				t.Errorf("%d tokens are left, want %d", b.Tokens, c.left)
			}
		})
	}
}

func TestFill(t *testing.T) {
	b := New(10)
	b.Take(8)
	b.Fill(100)
	if b.Tokens != 10 {
		t.Fatalf("a full bucket has %d tokens", b.Tokens)
	}
}
GO
cat >window/window.go <<'GO'
// Package window limits by a sliding window.
package window

import "time"

type Window struct {
	Length time.Duration
	Limit  int
	hits   []time.Time
}

// Allow says whether a request at now is within the limit.
func (w *Window) Allow(now time.Time) bool {
	for len(w.hits) > 0 && now.Sub(w.hits[0]) >= w.Length {
		w.hits = w.hits[1:]
	}
	if len(w.hits) >= w.Limit {
		return false
	}
	w.hits = append(w.hits, now)
	return true
}
GO
cat >window/window_test.go <<'GO'
package window

import (
	"fmt"
	"testing"
	"time"
)

var start = time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)

func TestAllow(t *testing.T) {
	for _, c := range []struct {
		at   []int // seconds
		want []bool
	}{
		{[]int{0, 0, 0}, []bool{true, true, false}},
		{[]int{0, 30, 59}, []bool{true, true, false}},
		{[]int{0, 30, 60}, []bool{true, true, true}},
		{[]int{0, 30, 60, 61}, []bool{true, true, true, false}},
		{[]int{0, 59, 60, 119}, []bool{true, true, true, true}},
		{[]int{0, 120, 240}, []bool{true, true, true}},
	} {
		t.Run(fmt.Sprint(c.at), func(t *testing.T) {
			w := Window{Length: time.Minute, Limit: 2}
			for i, s := range c.at {
				if got := w.Allow(start.Add(time.Duration(s) * time.Second)); got != c.want[i] {
					t.Errorf("request %d, at %ds: allowed = %v, want %v", i+1, s, got, c.want[i])
				}
			}
		})
	}
}

func TestZeroLimit(t *testing.T) {
	if (&Window{Length: time.Minute}).Allow(start) {
		t.Error("a limit of 0 allows a request")
	}
}
GO
cat >store/store.go <<'GO'
// Package store keeps the limits of each client.
package store

import (
	"fmt"
	"log"
	"sync"

	"northwind.example/throttle/bucket"
)

type Store struct {
	mu      sync.Mutex
	clients map[string]*bucket.Bucket
}

func New() *Store { return &Store{clients: map[string]*bucket.Bucket{}} }

func (s *Store) Allow(client string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Printf("panic: %v [recovered]", p)
			err = fmt.Errorf("store: %v", p)
		}
	}()
	if client == "" {
		panic("no client")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.clients[client]
	if !ok {
		b = bucket.New(3)
		s.clients[client] = b
	}
	if !b.Take(1) {
		log.Printf("ERROR: client %s is over its limit", client)
		return fmt.Errorf("store: %s is over its limit", client)
	}
	return nil
}
GO
cat >store/store_test.go <<'GO'
package store

import (
	"fmt"
	"testing"
)

func TestClientsAreApart(t *testing.T) {
	s := New()
	for i := range 40 {
		t.Run(fmt.Sprintf("client-%02d", i), func(t *testing.T) {
			if err := s.Allow(fmt.Sprint("client-", i)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestOverTheLimit(t *testing.T) {
	s := New()
	for range 3 {
		s.Allow("one")
	}
	if err := s.Allow("one"); err == nil {
		t.Fatal("the fourth request is allowed")
	}
}

func TestNoClient(t *testing.T) {
	if err := New().Allow(""); err == nil {
		t.Fatal("no error")
	}
}

func TestRedis(t *testing.T) {
	t.Skip("FAIL if there is no redis: set REDIS_ADDR to run this")
}
GO
cat >cmd/throttled/main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"northwind.example/throttle/store"
)

func main() {
	s := store.New()
	for _, client := range os.Args[1:] {
		fmt.Println(client, s.Allow(client) == nil)
	}
}
GO

raw go-passed bash -exc 'go vet ./...; go build -o throttled ./cmd/throttled; go test -v -count=1 ./...'

# A window now ends one moment later than the tests say.
sed -i 's/now.Sub(w.hits\[0\]) >= w.Length/now.Sub(w.hits[0]) > w.Length/' window/window.go
github github-go-test-failed.log --repo northwind-lab/throttle \
    'go version' $'go build ./...\ngo test -v -count=1 ./...'
sed -i 's/now.Sub(w.hits\[0\]) > w.Length/now.Sub(w.hits[0]) >= w.Length/' window/window.go

# A method is misspelt, and a variable is left over.
sed -i 's/now.Sub(w.hits\[0\])/now.Since(w.hits[0])/; s/^\tif len(w.hits) >= w.Limit {$/\tfull := len(w.hits) - w.limit\n&/' window/window.go
raw go-build-failed bash -exc 'go mod verify; go test -v -count=1 ./...'
