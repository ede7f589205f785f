// SPDX-License-Identifier: MIT

package interop_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"testing"
)

func TestBothSides_ExchangeCompressedMessages(t *testing.T) {
	for _, takeover := range []bool{false, true} {
		t.Run(fmt.Sprintf("takeover=%v", takeover), func(t *testing.T) {
			eachPair(t, func(t *testing.T, server, client library) {
				for _, each := range []library{server, client} {
					if takeover && !each.hasTakeover {
						t.Skipf("%s cannot keep the context between messages", each.name)
					}
				}
				c := connect(t, server, client, settings{deflate: true, takeover: takeover}, (*httptest.Server).Start)
				c.eachWay(t, func(t *testing.T, from, to end, _ library) {
					for i := range 20 {
						exchangeCompressible(t, from, to, i)
					}
				})
				checkCompressed(t, c, takeover)
			})
		})
	}
}

// exchangeCompressible sends messages each of which is much like those before it.
func exchangeCompressible(t *testing.T, from, to end, i int) {
	t.Helper()
	for _, data := range [][]byte{
		fmt.Appendf(nil, `{"number": %d}`, i), // shorter than what is worth the trouble
		bytes.Repeat(fmt.Appendf(nil, `{"number": %d, "name": "€uro"}, `, i), 30),
		content(binary, 100_000+i),
	} {
		kind := binary
		if data[0] == '{' {
			kind = text
		}
		if err := from.send(kind, data); err != nil {
			t.Fatal(err)
		}
		expect(t, to, kind, data)
	}
}

// checkCompressed asks our end what was agreed on, and whether it was done.
func checkCompressed(t *testing.T, c connection, takeover bool) {
	t.Helper()
	conn, ok := c.server.(*ourEnd)
	if !ok {
		conn = c.client.(*ourEnd)
	}
	agreed, stats := conn.Compression(), conn.Stats()
	if !agreed.Enabled || agreed.SendTakeover != takeover || agreed.ReceiveTakeover != takeover {
		t.Errorf("agreed on %+v", agreed)
	}
	if stats.DeflatedSentLen == 0 || 4*stats.DeflatedSentLen > stats.InflatedSentLen {
		t.Errorf("%d bytes were sent as %d", stats.InflatedSentLen, stats.DeflatedSentLen)
	}
	if stats.DeflatedReceivedLen == 0 || 4*stats.DeflatedReceivedLen > stats.InflatedReceivedLen {
		t.Errorf("%d bytes were received as %d", stats.InflatedReceivedLen, stats.DeflatedReceivedLen)
	}
}
