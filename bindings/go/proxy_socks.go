// SPDX-License-Identifier: MIT

package tidewire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
)

// What SOCKS 5 is made of (RFC 1928, RFC 1929).
const (
	socksVersion      = 5
	socksConnect      = 1
	socksNoAuth       = 0
	socksPassword     = 2
	socksPasswordVer  = 1 // of the exchange of user and password
	socksIPv4         = 1
	socksName         = 3
	socksIPv6         = 4
	maxSOCKSStringLen = 255
)

var (
	errSOCKS         = errors.New("it does not speak SOCKS 5")
	errSOCKSAuth     = errors.New("it does not accept the user")
	errSOCKSPassword = errors.New("user and password have 1 to 255 bytes in SOCKS 5")
	errSOCKSName     = errors.New("a name has at most 255 bytes in SOCKS 5")
)

// socksReplies are the reasons of RFC 1928 6, from 1 on.
var socksReplies = []string{"general failure", "not allowed by its rules", "network unreachable", "host unreachable",
	"connection refused", "time to live expired", "command not supported", "address type not supported"}

// askSOCKS asks as RFC 1928 has it. Names are left to the proxy to resolve.
func askSOCKS(nc net.Conn, user *url.Userinfo, addr string) error {
	destination, err := socksAddress(addr)
	if err != nil {
		return err
	}
	if err := greetSOCKS(nc, user); err != nil {
		return err
	}
	if _, err := nc.Write(append([]byte{socksVersion, socksConnect, 0}, destination...)); err != nil {
		return err
	}
	var reply [5]byte // version, reply, reserved, and of the address that the proxy uses: type, first byte
	if _, err := io.ReadFull(nc, reply[:]); err != nil {
		return err
	}
	if reply[0] != socksVersion {
		return errSOCKS
	}
	if code := int(reply[1]); code > len(socksReplies) {
		return fmt.Errorf("it answered with reply %d", code)
	} else if code > 0 {
		return fmt.Errorf("it answered: %s", socksReplies[code-1])
	}
	rest, known := map[byte]int{socksIPv4: 3, socksName: int(reply[4]), socksIPv6: 15}[reply[3]]
	if !known {
		return errSOCKS
	}
	_, err = io.ReadFull(nc, make([]byte, rest+2)) // and the port
	return err
}

// greetSOCKS agrees on how to prove who asks, and does.
func greetSOCKS(nc net.Conn, user *url.Userinfo) error {
	methods := []byte{socksVersion, 1, socksNoAuth}
	if user != nil {
		methods = []byte{socksVersion, 2, socksNoAuth, socksPassword}
	}
	var reply [2]byte
	if err := exchange(nc, methods, reply[:]); err != nil {
		return err
	}
	switch {
	case reply[0] != socksVersion:
		return errSOCKS
	case reply[1] == socksNoAuth:
		return nil
	case reply[1] != socksPassword || user == nil:
		return errSOCKSAuth
	}
	name := user.Username()
	password, _ := user.Password()
	if name == "" || len(name) > maxSOCKSStringLen || password == "" || len(password) > maxSOCKSStringLen {
		return errSOCKSPassword
	}
	proof := append([]byte{socksPasswordVer, byte(len(name))}, name...)
	proof = append(append(proof, byte(len(password))), password...)
	if err := exchange(nc, proof, reply[:]); err != nil {
		return err
	}
	if reply[1] != 0 {
		return errSOCKSAuth
	}
	return nil
}

// socksAddress is host and port as SOCKS has them: type, host, port.
func socksAddress(addr string) ([]byte, error) {
	host, service, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return nil, err
	}
	var out []byte
	if ip, err := netip.ParseAddr(host); err != nil {
		if len(host) > maxSOCKSStringLen {
			return nil, errSOCKSName
		}
		out = append([]byte{socksName, byte(len(host))}, host...)
	} else if ip.Is4() {
		out = append([]byte{socksIPv4}, ip.AsSlice()...)
	} else {
		out = append([]byte{socksIPv6}, ip.AsSlice()...)
	}
	return append(out, byte(port>>8), byte(port)), nil
}

// exchange writes a request and reads an answer of a known length.
func exchange(nc net.Conn, request, reply []byte) error {
	if _, err := nc.Write(request); err != nil {
		return err
	}
	_, err := io.ReadFull(nc, reply)
	return err
}
