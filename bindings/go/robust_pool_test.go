// SPDX-License-Identifier: MIT

package tidewire_test

import (
	"runtime"
	"strings"
	"testing"

	"tidewire"
)

func newPool(t testing.TB) *tidewire.BufferPool {
	t.Helper()
	pool, err := tidewire.NewBufferPool(nil)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

func TestServerWhosePoolIsClosedOrForgottenGoesOn(t *testing.T) {
	for name, give := range map[string]func(*tidewire.BufferPool){
		"closed":    func(pool *tidewire.BufferPool) { pool.Close() },
		"forgotten": func(*tidewire.BufferPool) {},
	} {
		pool := newPool(t)
		server, client := connected(t, "tcp", &tidewire.Options{Pool: pool})
		give(pool)
		pool = nil
		runtime.GC()
		runtime.GC() // what the first one found is cleaned up beside it
		text := strings.Repeat(name, 10000)
		finishes(t, func() error {
			return server.WriteMessage(tidewire.TextMessage, []byte(text))
		}, func() error {
			return expectMessage(client, text)
		})
	}
}

func TestPoolIsClosedNothingCanUseItAnyMore(t *testing.T) {
	pool := newPool(t)
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	stream, _ := streams(t, "tcp")
	if _, err := tidewire.NewConn(stream, tidewire.RoleServer, &tidewire.Options{Pool: pool}); err == nil {
		t.Error("a connection uses a closed pool")
	}
	if data := pool.Get(10); data != nil {
		t.Errorf("a closed pool lends %d bytes", len(data))
	}
}

func TestPoolIsClosedByOthersWhileItLends(t *testing.T) {
	for range 200 {
		pool := newPool(t)
		var functions []func() error
		for range 3 {
			functions = append(functions, func() error {
				for data := pool.Get(100); data != nil; data = pool.Get(100) {
					data[0], data[99] = 1, 2
					if err := pool.Put(data); err != nil {
						return err
					}
				}
				return nil
			})
		}
		finishes(t, append(functions, pool.Close)...)
	}
}
