// SPDX-License-Identifier: MIT

package tidewire

import (
	"errors"
	"runtime"
	"sync"
	"testing"
)

func TestBufferPoolLendsAgainWhatCameBack(t *testing.T) {
	classes := []PoolClass{{Len: 100}, {Len: 1000, MaxIdle: 2}}
	pool, err := NewBufferPool(&PoolOptions{MaxIdleLen: 1 << 20, Classes: classes})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for range 3 {
		a, b, c := pool.Get(50), pool.Get(101), pool.GetExact(333)
		if len(a) != 50 || cap(a) < 100 || len(b) != 101 || cap(b) < 1000 || len(c) != 333 || cap(c) != 333 {
			t.Fatal(len(a), cap(a), len(b), cap(b), len(c), cap(c))
		}
		clear(b)
		for _, buffer := range [][]byte{a, b[:0], c, nil} {
			if err := pool.Put(buffer); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s := pool.Stats(); s.Hits != 6 || s.Misses != 3 || s.InUseLen != 0 || s.IdleLen == 0 || s.HighWaterLen == 0 {
		t.Errorf("%+v", s)
	}
	if err := pool.Trim(0); err != nil || pool.Stats().IdleLen != 0 {
		t.Errorf("%v %+v", err, pool.Stats())
	}
}

func TestBufferPoolRefusesMisuse(t *testing.T) {
	pool, err := NewBufferPool(nil)
	if err != nil {
		t.Fatal(err)
	}
	buffer := pool.Get(10)
	for name, c := range map[string]struct{ err, want error }{
		"not its buffer": {pool.Put(make([]byte, 300)), ErrArgument},
		"not its start":  {pool.Put(buffer[1:]), ErrArgument},
		"negative trim":  {pool.Trim(-1), ErrArgument},
		"given back":     {pool.Put(buffer), nil},
		"twice":          {pool.Put(buffer), ErrState},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	if pool.Get(-1) != nil || pool.GetExact(-1) != nil {
		t.Error("a negative length was lent")
	}
	for _, options := range []*PoolOptions{
		{MaxIdleLen: -1},
		{Classes: []PoolClass{{Len: 10}, {Len: 5}}},
		{Classes: []PoolClass{{Len: -1}}},
	} {
		if _, err := NewBufferPool(options); !errors.Is(err, ErrArgument) {
			t.Errorf("%+v: %v", options, err)
		}
	}
}

func TestBufferPoolThatIsClosedLivesWhileItIsUsed(t *testing.T) {
	pool, err := NewBufferPool(nil)
	if err != nil {
		t.Fatal(err)
	}
	server, client := pair(t, "tcp", &Options{Pool: pool}, nil)
	ended := echo(server)
	buffer := pool.Get(1000)
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(); !errors.Is(err, ErrState) {
		t.Error(err)
	}
	if pool.Get(1) != nil {
		t.Error("a closed pool lends")
	}
	if err := client.WriteMessage(TextMessage, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	client.Close()
	<-ended
	clear(buffer)
	if err := pool.Put(buffer); err != nil {
		t.Error(err)
	}
	if err := pool.Put(buffer); !errors.Is(err, ErrState) {
		t.Error(err)
	}
	if s := pool.Stats(); s != (PoolStats{}) {
		t.Errorf("%+v", s)
	}
}

func TestBufferPoolIsForManyGoroutines(t *testing.T) {
	pool, err := NewBufferPool(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range 1000 {
				buffer := pool.Get(i)
				for j := range buffer {
					buffer[j] = byte(i)
				}
				runtime.Gosched()
				for _, b := range buffer {
					if b != byte(i) {
						t.Error("a buffer was lent twice")
						return
					}
				}
				if err := pool.Put(buffer[:0]); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
	if s := pool.Stats(); s.InUseLen != 0 {
		t.Errorf("%+v", s)
	}
}
